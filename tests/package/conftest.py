"""The package as it would be deployed: built once, kept under build/ until a source changes."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml

from infra.aws.package.build import Wish, build_package
from infra.aws.package.environments import InstallError
from infra.aws.package.runtimes import find_interpreter


@pytest.fixture(scope="session")
def interpreter():
    found = find_interpreter()
    if not found.can_run_package:
        pytest.skip("the package's libraries are for Linux on x86_64")
    return found


@pytest.fixture(scope="session")
def package(interpreter):  # noqa: ARG001 -- it skips where the package cannot run
    try:
        return build_package(Wish.of_stage("prod"))
    except InstallError as error:
        # Only a missing index is no fault of ours; a missing wheel is.
        if not any(word in str(error) for word in ("dns error", "error sending request")):
            raise
        pytest.skip(f"no package index can be reached: {error}")


@pytest.fixture(scope="session")
def template(package):
    return yaml.safe_load(package.template.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def tree(package, tmp_path_factory) -> Path:
    """The unzipped package, read-only as /var/task is."""
    directory = tmp_path_factory.mktemp("task")
    with ZipFile(package.archive) as packed:
        packed.extractall(directory)
    for path in (directory, *directory.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield directory
    for path in (directory, *directory.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)
