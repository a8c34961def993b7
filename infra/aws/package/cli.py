"""Arguments and output of `make package`."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from infra.aws.package.build import PackageError, Wish, build_package
from infra.aws.package.bytecode import BytecodeError
from infra.aws.package.checks import MAX_ZIPPED_BYTES, UnfitPackage
from infra.aws.package.dependencies import WrongWheel
from infra.aws.package.environments import InstallError
from infra.aws.package.manifest import Package
from infra.aws.package.runtimes import PREFERRED
from infra.aws.package.trim import KEPT_SERVICES
from infra.aws.template import STAGES

_FAILURES = (
    BytecodeError,
    InstallError,
    LookupError,
    PackageError,
    UnfitPackage,
    WrongWheel,
    subprocess.TimeoutExpired,
)
_LARGEST = 8


def main(arguments: list[str] | None = None) -> int:
    """Make the package and print what is in it; 1 if it cannot be made."""
    parser = argparse.ArgumentParser(prog="python -m infra.aws.package", description=__doc__)
    parser.add_argument("--stage", choices=STAGES, default="prod", help="prod unless given")
    parser.add_argument("--output", type=Path, metavar="DIRECTORY", help="build/package/STAGE")
    options = parser.parse_args(arguments)
    wish = Wish.of_stage(options.stage)
    if options.output:
        wish = Wish(options.stage, options.output)
    began = time.monotonic()
    try:
        package = build_package(wish)
    except _FAILURES as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    sys.stdout.write(described(package))
    sys.stdout.write(f"\nTook {time.monotonic() - began:.1f} s.\n")
    return 0


def described(package: Package) -> str:
    """Return a table of what is in a package."""
    made = package.manifest
    rows = [
        ("template", str(package.template)),
        ("zip", str(package.archive)),
        ("sha256", made.sha256),
        ("stage", made.stage),
        ("runtime", made.python + _remark(made.python)),
        ("zipped", f"{_megabytes(made.zipped)} of {_megabytes(MAX_ZIPPED_BYTES)} aimed at"),
        ("unzipped", f"{_megabytes(made.unzipped)}, bytecode {_megabytes(made.bytecode)}"),
        ("files", str(made.files)),
        *((f"left out: {why.replace('_', ' ')}", _megabytes(n)) for why, n in made.removed.items()),
        *((f"largest: {part}", _megabytes(made.parts[part])) for part in [*made.parts][:_LARGEST]),
        *((f"kept of botocore: {name}", why) for name, why in KEPT_SERVICES.items()),
    ]
    width = max(len(name) for name, _ in rows)
    return "".join(f"{name.ljust(width)}  {value}\n" for name, value in rows)


def _remark(python: str) -> str:
    if python == PREFERRED.name:
        return ""
    return f" (no Python {PREFERRED.version} was found; set PACKAGE_PYTHON if it is elsewhere)"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
