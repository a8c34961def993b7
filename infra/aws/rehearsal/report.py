"""The report: each step as it ends, and at last whether all went well."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

Steps = Iterable[tuple[str, Callable[[], None]]]
"""What each step shows, and the step."""


class Finding(Exception):
    """Something is not as it must be; the text says what."""


class Report:
    """Prints what is tried and how it went; counts what went wrong."""

    def __init__(self) -> None:
        self.failed: list[str] = []
        self._began = time.monotonic()

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Try something; whatever it raises is a finding, and those after it are still tried."""
        began = time.monotonic()
        try:
            yield
        except Finding as finding:
            self._fail(what, str(finding))
        except Exception as error:  # noqa: BLE001 - reported, and the exit status says so
            self._fail(what, "".join(traceback.format_exception(error)))
        else:
            _say(f"  ✓ {what} ({time.monotonic() - began:.1f} s)")

    def in_turn(self, steps: Steps) -> bool:
        """Try steps that build on each other, until one fails; say whether all went well."""
        before = len(self.failed)
        for what, act in steps:
            with self.step(what):
                act()
            if len(self.failed) > before:
                return False
        return True

    def part(self, name: str) -> None:
        """Begin a part."""
        _say(f"\n{name}")

    def note(self, text: str) -> None:
        """Say something that is neither right nor wrong."""
        _say(f"    {text}")

    def end(self) -> int:
        """Say how it went; return the exit status."""
        seconds = time.monotonic() - self._began
        if self.failed:
            _say(f"\n✗ {len(self.failed)} findings in {seconds:.0f} s:")
            for what in self.failed:
                _say(f"  {what}")
            return 1
        _say(f"\n✓ no findings, in {seconds:.0f} s")
        return 0

    def _fail(self, what: str, why: str) -> None:
        self.failed.append(what)
        _say(f"  ✗ {what}")
        for line in why.splitlines():
            _say(f"      {line}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
