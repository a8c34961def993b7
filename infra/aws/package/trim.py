"""What the zip does not carry: by name, each with its reason. All else stays."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

# Distributions of the closure that nothing of ours imports in Lambda.
_CHALICE_CLI = "chalice's command line; in Lambda it is two modules that need none"
DROPPED_DISTRIBUTIONS = {
    "boto3": "we use botocore alone; boto3 costs 50 ms more at a cold start",
    "s3transfer": "boto3's",
    "blessed": _CHALICE_CLI,
    "click": _CHALICE_CLI,
    "editor": _CHALICE_CLI,
    "inquirer": _CHALICE_CLI,
    "jinxed": _CHALICE_CLI,
    "readchar": _CHALICE_CLI,
    "runs": _CHALICE_CLI,
    "wcwidth": _CHALICE_CLI,
    "xmod": _CHALICE_CLI,
    "pip": "installs packages",
    "setuptools": "builds packages; pbr asks for it only then",
    "wheel": "builds packages",
    "packaging": "wheel's",
    "pycparser": "cffi asks for it only to compile",
}

# botocore's descriptions of services: the ones that something of ours calls.
KEPT_SERVICES = {
    "dynamodb": "tables",
    "stepfunctions": "workflows are started and looked at",
    "lambda": "the API calls the step that opens consoles",
    "secretsmanager": "OpenStack's credential and the agents' client certificate",
}

# The same services by the names that their addresses have: each client reads the list of all
# services' addresses, 1.2 MB of JSON, which is a seventh of making one.
KEPT_ADDRESSES = {"dynamodb", "states", "lambda", "secretsmanager"}

_TEST_DIRECTORIES = {"tests", "test", "testing"}
_USELESS_FILES = re.compile(
    r"(\.pyc|\.pyi|\.pxd|\.c|\.h|\.pth|/py\.typed|/test_[a-z0-9_]+\.py"
    r"|dist-info/(RECORD|INSTALLER|REQUESTED|direct_url\.json))$"
)


@dataclass(frozen=True, slots=True)
class Removed:
    """What was removed, in bytes by reason."""

    tools: int
    services: int
    tests_and_stubs: int


def trim_dependencies(tree: Path) -> Removed:
    """Remove from installed dependencies what Lambda does not need.

    Raises:
        LookupError: something to keep or to drop is not there, so the lists above are out of date.
    """
    whole = _size(tree)
    _drop_distributions(tree)
    shutil.rmtree(tree / "bin", ignore_errors=True)
    shutil.rmtree(tree / "chalice", ignore_errors=True)  # Chalice puts in the part that it needs
    without_tools = _size(tree)
    _drop_services(tree / "botocore" / "data")
    without_services = _size(tree)
    _drop_tests_and_stubs(tree)
    return Removed(
        whole - without_tools, without_tools - without_services, without_services - _size(tree)
    )


def _drop_distributions(tree: Path) -> None:
    by_name = {one.metadata["Name"].lower(): one for one in distributions(path=[str(tree)])}
    missing = sorted(DROPPED_DISTRIBUTIONS.keys() - by_name)
    if missing:
        raise LookupError(f"{', '.join(missing)}: not among the dependencies; correct {__name__}")
    for name in DROPPED_DISTRIBUTIONS:
        for file in by_name[name].files or ():
            path = tree / file
            if path.is_relative_to(tree) and path.is_file():
                path.unlink()


def _drop_services(data: Path) -> None:
    missing = [name for name in KEPT_SERVICES if not (data / name).is_dir()]
    if missing:
        raise LookupError(f"botocore has no {', '.join(missing)}: correct {__name__}")
    for path in data.iterdir():
        if path.is_dir() and path.name not in KEPT_SERVICES:
            shutil.rmtree(path)
    for path in data.glob("*/*/examples-1.json"):
        path.unlink()
    _drop_addresses(data / "endpoints.json")


def _drop_addresses(file: Path) -> None:
    document = json.loads(file.read_bytes())
    for partition in document["partitions"]:
        services = partition["services"]
        partition["services"] = {name: services[name] for name in services.keys() & KEPT_ADDRESSES}
    aws = next(one for one in document["partitions"] if one["partition"] == "aws")
    missing = sorted(KEPT_ADDRESSES - aws["services"].keys())
    if missing:
        raise LookupError(f"botocore has no address of {', '.join(missing)}: correct {__name__}")
    file.write_text(json.dumps(document, sort_keys=True, separators=(",", ":")), encoding="utf-8")


def _drop_tests_and_stubs(tree: Path) -> None:
    for path in sorted(tree.rglob("*")):
        if path.is_dir() and path.name in _TEST_DIRECTORIES:
            shutil.rmtree(path)
    for path in sorted(tree.rglob("*")):
        if path.is_file() and _USELESS_FILES.search(f"/{path.relative_to(tree).as_posix()}"):
            path.unlink()
    _remove_empty(tree)


def _remove_empty(tree: Path) -> None:
    for path in sorted(tree.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def _size(tree: Path) -> int:
    return sum(path.stat().st_size for path in tree.rglob("*") if path.is_file())
