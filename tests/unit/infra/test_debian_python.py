"""An optimized CPython for the benchmarks: fetched once, or told why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.local.bench import debian_python
from infra.local.bench.model import Skipped


@pytest.fixture
def directory(tmp_path, monkeypatch):
    """Where it is fetched to; nothing is there, and this user is root."""
    found = tmp_path / "root"
    monkeypatch.setattr(debian_python, "_DIRECTORY", found)
    monkeypatch.setattr(debian_python, "ROOT", tmp_path)
    monkeypatch.setattr(debian_python.os, "geteuid", lambda: 0)
    return found


@pytest.fixture
def debootstrap(tmp_path, monkeypatch):
    """Replace debootstrap by a script."""

    def say(*lines: str) -> None:
        tool = tmp_path / "debootstrap"
        tool.write_text("\n".join(["#!/bin/sh", *lines]), encoding="ascii")
        tool.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    return say


def test_it_is_fetched_once(directory: Path, debootstrap, tmp_path: Path):
    debootstrap('echo once >> "$0.said"')
    first = debian_python.debian_python()
    assert debian_python.debian_python() == first
    assert (tmp_path / "debootstrap.said").read_text(encoding="ascii") == "once\n"
    assert first[0].startswith(str(directory))
    assert first[-1] == str(directory / "usr/bin/python3.13")


def test_a_failure_is_told_and_tried_again(directory: Path, debootstrap):
    debootstrap("echo no such mirror >&2", "exit 1")
    for _ in range(2):
        with pytest.raises(Skipped, match="no such mirror"):
            debian_python.debian_python()
    assert not (directory / "fetched").exists()


@pytest.mark.parametrize("lacking", ["debootstrap", "root"])
def test_what_it_needs_is_said(directory: Path, debootstrap, monkeypatch, lacking: str):
    debootstrap("exit 9")
    if lacking == "root":
        monkeypatch.setattr(debian_python.os, "geteuid", lambda: 1000)
    else:
        monkeypatch.setattr(debian_python.shutil, "which", lambda _: None)
    with pytest.raises(Skipped, match="root and debootstrap"):
        debian_python.debian_python()
    assert not directory.exists()
