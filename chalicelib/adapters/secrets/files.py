"""Files for libraries that take keys and CAs from files only: Python's ssl is one of them.

They lie in a directory of this process (0700, files 0600) below the temporary directory, which on
Lambda belongs to this function's sandbox alone and goes with it.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

_OWNER_ONLY = 0o600


def write_private(contents: Mapping[str, str]) -> Path:
    """Write each text to the file of its name in a fresh private directory, and return that."""
    directory = Path(tempfile.mkdtemp(prefix="slices-bi-"))  # made with mode 0700
    atexit.register(remove, directory)
    for name, text in contents.items():
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(
            os.open(directory / name, flags, _OWNER_ONLY), "w", encoding="utf-8"
        ) as file:
            file.write(text)
    return directory


def remove(directory: Path) -> None:
    """Remove such a directory; it may be gone already."""
    shutil.rmtree(directory, ignore_errors=True)
