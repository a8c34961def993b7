"""The zip, the same bytes each time: sorted names, one time, one mode."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

_EARLIEST = (1980, 1, 1, 0, 0, 0)  # the oldest time that a zip can say
_MODE = stat.S_IFREG | 0o644
_UNIX = 3
_BEST_COMPRESSION = 9


def write_archive(trees: Iterable[Path], archive: Path) -> None:
    """Pack every file of some trees.

    Raises:
        ValueError: a tree has a symbolic link, whose meaning would depend on where it is; or two
            trees have a file of one name.
    """
    by_name: dict[str, Path] = {}
    for tree in trees:
        for path in tree.rglob("*"):
            name = path.relative_to(tree).as_posix()
            if path.is_symlink():
                raise ValueError(f"{name} is a symbolic link: it cannot be packed")
            if name in by_name:
                raise ValueError(f"{name} is ours and a dependency's")
            if path.is_file():
                by_name[name] = path
    with ZipFile(archive, "w") as packed:
        for name in sorted(by_name):
            entry = ZipInfo(name, _EARLIEST)
            entry.create_system = _UNIX
            entry.external_attr = _MODE << 16
            entry.compress_type = ZIP_DEFLATED
            packed.writestr(entry, by_name[name].read_bytes(), compresslevel=_BEST_COMPRESSION)


def read_archive(archive: Path) -> dict[str, bytes]:
    """Return every file of a zip by its name."""
    with ZipFile(archive) as packed:
        return {entry.filename: packed.read(entry) for entry in packed.infolist()}


def sha256_of(file: Path) -> str:
    """Return a file's SHA-256 in hexadecimal."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
