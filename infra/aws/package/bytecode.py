"""Bytecode for the exact Python of Lambda: /var/task cannot be written, so nobody else makes it.

Without it each cold start compiles everything that it imports, which takes three times as long.
Files say "unchecked hash": Python takes them as they are, whatever the sources' times.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from infra.aws.package.runtimes import Interpreter, Runtime

TASK_DIRECTORY = "/var/task"  # where Lambda unpacks the zip; stands in tracebacks
_UNCHECKED_HASH = 1
_HEADER_BYTES = 16
_COMPILE_SECONDS = 600


class BytecodeError(Exception):
    """Something cannot be compiled, or was compiled for another Python; the text says what."""


def compile_tree(interpreter: Interpreter, tree: Path) -> None:
    """Write bytecode beside every source of a tree.

    Raises:
        BytecodeError: a source is no Python of that version.
    """
    options = ("-q", "-f", "-j", "1", "--invalidation-mode", "unchecked-hash")
    places = ("-s", str(tree), "-p", TASK_DIRECTORY)
    done = subprocess.run(  # noqa: S603 - Python's own compiler on our own tree
        [str(interpreter.path), "-s", "-S", "-m", "compileall", *options, *places, str(tree)],
        # The order of sets in constants depends on the seed: two builds must not differ.
        env={"PYTHONHASHSEED": "0"},
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
        timeout=_COMPILE_SECONDS,
    )
    if done.returncode:
        raise BytecodeError(f"compileall failed:\n{done.stdout}{done.stderr}")


def bytecode_mistakes(files: dict[str, bytes], runtime: Runtime) -> list[str]:
    """Return the sources whose bytecode is missing, stale by its header, or of another Python.

    Args:
        files: Names of a package's files, with `/`, and the first 16 bytes or more of each.
        runtime: Where the package is to run.
    """
    tag = f"cpython-{runtime.version.replace('.', '')}"
    header = runtime.magic.to_bytes(2, "little") + b"\r\n"
    header += _UNCHECKED_HASH.to_bytes(4, "little")
    mistakes = []
    for name in sorted(files):
        if not name.endswith(".py"):
            continue
        directory, _, base = name.rpartition("/")
        compiled = f"{directory}/__pycache__/".lstrip("/") + f"{base[:-3]}.{tag}.pyc"
        content = files.get(compiled, b"")
        if len(content) < _HEADER_BYTES or not content.startswith(header):
            mistakes.append(name)
    return mistakes
