"""Makes the package: Chalice's template and code, our dependencies, bytecode, one fixed zip."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

from infra.aws.package.archive import sha256_of, write_archive
from infra.aws.package.bytecode import compile_tree
from infra.aws.package.checks import check_content
from infra.aws.package.dependencies import prepared_dependencies
from infra.aws.package.environments import ROOT
from infra.aws.package.manifest import ARCHIVE, TEMPLATE, Manifest, Package
from infra.aws.package.runtimes import Interpreter, find_interpreter
from infra.aws.template import text_of

_SOURCES = ("app.py", "chalicelib", "functions")
_INPUTS = (*_SOURCES, ".chalice", "infra/aws", "infra/aws/package", "requirements.txt")
_WITHOUT_SUBDIRECTORIES = ("infra/aws", "infra/aws/package")
_NOT_SOURCES = shutil.ignore_patterns("__pycache__", "*.pyc", "deployments", "deployed")
_CHALICE_SECONDS = 300
_SILENT_FAILURE = "Could not install dependencies"


class PackageError(Exception):
    """The package could not be made; the text says why."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What to package, and where to put it."""

    stage: str
    output: Path

    @classmethod
    def of_stage(cls, stage: str) -> Wish:
        """Return the wish for a stage's package in its usual place."""
        return cls(stage, ROOT / "build" / "package" / stage)


def build_package(wish: Wish) -> Package:
    """Return the package of the sources as they are, made anew if they have changed.

    Raises:
        PackageError: Chalice failed.
        InstallError, WrongWheel: a dependency cannot be had for Lambda.
        BytecodeError, LookupError: what was made is not as it must be.
    """
    interpreter = find_interpreter()
    inputs = _digest_of_inputs(wish.stage, interpreter)
    present = Package.read(wish.output)
    if present is not None and present.manifest.inputs == inputs and present.is_intact():
        return present
    with tempfile.TemporaryDirectory(prefix="package-") as work:
        return _make(wish, interpreter, inputs, Path(work))


def _make(wish: Wish, interpreter: Interpreter, inputs: str, work: Path) -> Package:
    tree, made = work / "tree", work / "made"
    made_by_chalice = _run_chalice(wish.stage, interpreter, work)
    with ZipFile(made_by_chalice / ARCHIVE) as packed:
        packed.extractall(tree)
    compile_tree(interpreter, tree)
    dependencies = prepared_dependencies(interpreter)
    made.mkdir()
    write_archive((tree, dependencies.tree), made / ARCHIVE)
    shutil.copyfile(made_by_chalice / TEMPLATE, made / TEMPLATE)
    manifest = Manifest.of(
        made / ARCHIVE, inputs, wish.stage, interpreter.runtime.name, dependencies.removed
    )
    check_content(made / ARCHIVE, interpreter.runtime)
    shutil.rmtree(wish.output, ignore_errors=True)
    wish.output.mkdir(parents=True)
    for name in (ARCHIVE, TEMPLATE):
        shutil.move(made / name, wish.output / name)
    package = Package(wish.output, manifest)
    package.write()
    return package


def _run_chalice(stage: str, interpreter: Interpreter, work: Path) -> Path:
    """Run `chalice package` on a copy of what it packages, without dependencies; return its output.

    Raises:
        PackageError: it failed, or said so.
    """
    project, output, merged = work / "project", work / "chalice", work / "merge.yaml"
    _copy_project(project)
    merged.write_text(text_of(stage), encoding="utf-8")
    chalice = interpreter.with_application().parent / "chalice"
    done = subprocess.run(  # noqa: S603 - our own tool on our own copy
        [
            *(str(chalice), "--project-dir", str(project), "package", "--stage", stage),
            *("--merge-template", str(merged), "--template-format", "yaml", str(output)),
        ],
        # No credentials, no variables of ours: what is made must not depend on who makes it.
        env={"AWS_DEFAULT_REGION": "eu-west-1", "PATH": os.defpath, "HOME": str(work)},
        cwd=work,
        capture_output=True,
        text=True,
        check=False,
        timeout=_CHALICE_SECONDS,
    )
    said = done.stdout + done.stderr
    if done.returncode or _SILENT_FAILURE in said:
        raise PackageError(f"chalice package failed:\n{said}")
    return output


def _copy_project(project: Path) -> None:
    linked = ROOT / "vendor" / "functions"
    if not linked.is_dir():
        raise PackageError(
            "vendor/functions is no link to functions/: Chalice would leave them out. "
            "Check it out again with symbolic links (git config core.symlinks true)."
        )
    shutil.copytree(ROOT / "chalicelib", project / "chalicelib", ignore=_NOT_SOURCES)
    shutil.copytree(linked, project / "vendor" / "functions", ignore=_NOT_SOURCES)
    shutil.copytree(ROOT / ".chalice", project / ".chalice", ignore=_NOT_SOURCES)
    shutil.copyfile(ROOT / "app.py", project / "app.py")
    (project / "requirements.txt").touch()  # dependencies.py installs them


def _digest_of_inputs(stage: str, interpreter: Interpreter) -> str:
    digest = hashlib.sha256(f"{stage} {interpreter.runtime.name}".encode())
    for name in _INPUTS:
        place = ROOT / name
        pattern = "*" if name in _WITHOUT_SUBDIRECTORIES else "**/*"
        files = [place] if place.is_file() else sorted(place.glob(pattern))
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(f"\0{file.relative_to(ROOT).as_posix()}\0{sha256_of(file)}".encode())
    return digest.hexdigest()
