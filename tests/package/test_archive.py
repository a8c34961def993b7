"""The zip does not depend on where and when it is made."""

from __future__ import annotations

import os

import pytest

from infra.aws.package.archive import read_archive, sha256_of, write_archive
from infra.aws.package.bytecode import compile_tree
from infra.aws.package.runtimes import find_interpreter

SOURCE = (
    "NAMES = {'a', 'b', 'c', 'd', 'e'}\n\ndef known(name):\n    return name in {'x', 'y', 'z'}\n"
)


def archive_of(directory, name, time):
    tree = directory / name / "tree"
    (tree / "inner").mkdir(parents=True)
    (tree / "inner" / "module.py").write_text(SOURCE)
    (tree / "data.txt").write_text("data")
    compile_tree(find_interpreter(), tree)
    for path in tree.rglob("*"):
        os.utime(path, (time, time))
    (tree / "data.txt").chmod(0o600 if time % 2 else 0o755)
    write_archive([tree], directory / f"{name}.zip")
    return directory / f"{name}.zip"


def test_two_builds_give_one_digest(tmp_path):
    first = archive_of(tmp_path, "here", 1_000_000_001)
    second = archive_of(tmp_path, "elsewhere", 1_700_000_000)
    assert sha256_of(first) == sha256_of(second)
    assert {"data.txt", "inner/module.py"} < set(read_archive(first))


def test_links_and_names_that_meet_are_refused(tmp_path):
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "a").touch()
    with pytest.raises(ValueError, match="ours and a dependency's"):
        write_archive([tree, tree], tmp_path / "twice.zip")
    (tree / "link").symlink_to("a")
    with pytest.raises(ValueError, match="symbolic link"):
        write_archive([tree], tmp_path / "link.zip")
