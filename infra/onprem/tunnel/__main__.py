"""Command line: `python -m infra.onprem.tunnel --help`."""

import argparse
import os
import sys
from pathlib import Path

from infra.onprem.settings_file import BadSettings
from infra.onprem.tunnel.render import Rendered, render
from infra.onprem.tunnel.site import read_site


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.onprem.tunnel",
        description="Write the tunnel's configuration files from a site's values (see README.md).",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="check the values and tell every mistake")
    check.add_argument("site", type=Path, help="the TOML file, like example-wireguard.toml")
    write = commands.add_parser("render", help="write the files, for their owner only")
    write.add_argument("site", type=Path, help="the TOML file")
    write.add_argument("directory", type=Path, help="where to; files of before are replaced")
    return parser


def _write(directory: Path, files: list[Rendered]) -> None:
    for file in files:
        path = directory / file.name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = path.with_name(f".{path.name}.new")
        new.unlink(missing_ok=True)
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, file.mode)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(file.text)
        new.replace(path)
        sys.stdout.write(f"{path}\n")


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the exit status."""
    chosen = _parser().parse_args(arguments)
    try:
        files = render(read_site(chosen.site), chosen.site.parent)
        if chosen.command == "render":
            _write(chosen.directory, files)
        else:
            sys.stdout.write("the values are right\n")
    except (BadSettings, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
