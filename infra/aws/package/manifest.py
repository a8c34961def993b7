"""What was made, on disk: template, zip, and a note of what is in it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from infra.aws.package.archive import sha256_of

ARCHIVE = "deployment.zip"
TEMPLATE = "sam.yaml"  # the names that Chalice gives
_MANIFEST = "package.json"


@dataclass(frozen=True, slots=True)
class Manifest:
    """Sizes in bytes, digests in hexadecimal; `parts`: unzipped size by top-level name."""

    inputs: str
    stage: str
    python: str
    sha256: str
    zipped: int
    unzipped: int
    bytecode: int
    files: int
    parts: dict[str, int]
    removed: dict[str, int]

    @classmethod
    def of(
        cls, archive: Path, inputs: str, stage: str, python: str, removed: dict[str, int]
    ) -> Manifest:
        """Describe a zip."""
        with ZipFile(archive) as packed:
            entries = packed.infolist()
        parts: dict[str, int] = {}
        for entry in entries:
            top = entry.filename.split("/", 1)[0]
            parts[top] = parts.get(top, 0) + entry.file_size
        return cls(
            inputs=inputs,
            stage=stage,
            python=python,
            sha256=sha256_of(archive),
            zipped=archive.stat().st_size,
            unzipped=sum(entry.file_size for entry in entries),
            bytecode=sum(e.file_size for e in entries if e.filename.endswith(".pyc")),
            files=len(entries),
            parts=dict(sorted(parts.items(), key=lambda part: -part[1])),
            removed=removed,
        )


@dataclass(frozen=True, slots=True)
class Package:
    """A package in its directory."""

    directory: Path
    manifest: Manifest

    @classmethod
    def read(cls, directory: Path) -> Package | None:
        """Return what lies in a directory; None if there is none, or of another make."""
        file = directory / _MANIFEST
        if not file.is_file():
            return None
        document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if set(document) != set(Manifest.__dataclass_fields__):
            return None
        return cls(directory, Manifest(**document))

    def write(self) -> None:
        """Write the note beside the zip."""
        text = json.dumps(asdict(self.manifest), indent=2) + "\n"
        (self.directory / _MANIFEST).write_text(text, encoding="utf-8")

    def is_intact(self) -> bool:
        """Say whether template and zip are there, and the zip is the one that was made."""
        if not (self.archive.is_file() and self.template.is_file()):
            return False
        return sha256_of(self.archive) == self.manifest.sha256

    @property
    def archive(self) -> Path:
        """The zip."""
        return self.directory / ARCHIVE

    @property
    def template(self) -> Path:
        """The SAM template; its functions' code is the zip beside it."""
        return self.directory / TEMPLATE
