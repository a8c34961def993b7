"""What must hold for a package, whoever made it: looked up in the zip, and tried in a process."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.aws.package.archive import read_archive
from infra.aws.package.bytecode import bytecode_mistakes
from infra.aws.package.runtimes import Interpreter, Runtime

MAX_ZIPPED_BYTES = 20_000_000  # our aim; Lambda's console takes 50 MB
MAX_UNZIPPED_BYTES = 250_000_000  # Lambda's limit
_PROBE = Path(__file__).with_name("import_probe.py")
_PROBE_SECONDS = 60
# botocore and certifi carry public CA bundles.
_PUBLIC_CERTIFICATES = {"botocore/cacert.pem", "certifi/cacert.pem"}
_SECRET = re.compile(
    r"(\.pem|\.key|\.p12|\.pfx|\.env|\.netrc|\.state|secret[^/]*\.(json|ya?ml|txt)"
    r"|clouds(-public)?\.ya?ml|secure\.ya?ml|credentials|id_(rsa|ed25519|ecdsa))$",
    re.IGNORECASE,
)
_PRIVATE_KEY = re.compile(
    rb"-----BEGIN (?:RSA |EC |ENCRYPTED |OPENSSH )?PRIVATE KEY-----\s+[A-Za-z0-9+/]"
)
_TEST = re.compile(r"(^|/)(tests?|testing|conftest\.py|test_[^/]*\.py|[^/]*_test\.py)(/|$)")
_MUST_HAVE = ("app.py", "chalice/app.py", "chalicelib/bootstrap.py", "functions/wiring.py")


class UnfitPackage(Exception):
    """The zip is not as it must be; the text lists every mistake."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What importing a handler in a fresh process gave."""

    handler: str
    modules: frozenset[str]


def check_content(archive: Path, runtime: Runtime) -> None:
    """Look at every file of a zip.

    Raises:
        UnfitPackage: something is missing, does not belong there, or is too large.
    """
    files = read_archive(archive)
    mistakes = [f"{name} is missing" for name in _MUST_HAVE if name not in files]
    mistakes += [f"{name} looks like a secret" for name in secrets_in(files)]
    mistakes += [f"{name} looks like a test" for name in sorted(files) if _TEST.search(name)]
    mistakes += [f"{name} has no bytecode" for name in bytecode_mistakes(files, runtime)]
    for size, limit, what in (
        (archive.stat().st_size, MAX_ZIPPED_BYTES, "zipped"),
        (sum(map(len, files.values())), MAX_UNZIPPED_BYTES, "unzipped"),
    ):
        if size > limit:
            mistakes.append(f"{size} bytes {what} are more than {limit}")
    if mistakes:
        raise UnfitPackage("\n".join(mistakes))


def secrets_in(files: Mapping[str, bytes]) -> list[str]:
    """Return the names of files that look like secrets, by name or by content."""
    return sorted(
        name
        for name, content in files.items()
        if (_SECRET.search(name) and name not in _PUBLIC_CERTIFICATES)
        or _PRIVATE_KEY.search(content)
    )


def handlers_of(template: Mapping[str, Any]) -> dict[str, str]:
    """Return the handler string of each function of a SAM template, by logical id."""
    return {
        name: resource["Properties"]["Handler"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }


def import_handlers(
    interpreter: Interpreter, tree: Path, handlers: Iterable[str]
) -> list[Imported]:
    """Import each handler from an unzipped package, as Lambda does, in a process of its own.

    The process sees the standard library and the tree, nothing else: no site-packages, no
    variables, another working directory.

    Raises:
        UnfitPackage: one cannot be imported, is no function, or comes from elsewhere.
    """
    return [_import(interpreter, tree, handler) for handler in sorted(set(handlers))]


def _import(interpreter: Interpreter, tree: Path, handler: str) -> Imported:
    done = subprocess.run(  # noqa: S603 - our own probe
        [str(interpreter.path), "-I", "-S", str(_PROBE), str(tree.resolve()), handler],
        env={},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        timeout=_PROBE_SECONDS,
    )
    if done.returncode:
        raise UnfitPackage(f"{handler} cannot be imported from the zip:\n{done.stderr}")
    return Imported(handler, frozenset(json.loads(done.stdout)))
