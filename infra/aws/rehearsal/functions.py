"""The deployed functions, each a process that imports its handler from the unzipped package."""

from __future__ import annotations

import json
import subprocess
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from infra.aws.package.runtimes import Interpreter
from infra.local.aws import ACCOUNT_ID, REGION

_WORKER = Path(__file__).with_name("worker.py")
_STOP_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Deployed:
    """A function as it stands in the deployed template, its references resolved."""

    name: str
    handler: str
    timeout: int
    memory: int
    environment: Mapping[str, str]


@dataclass(slots=True)
class Use:
    """What a function's process took: calls, the longest with its cold start, memory at its peak.

    On Lambda a call has the CPU that its memory buys; here it has what the machine gives.
    """

    calls: int = 0
    longest_seconds: float = 0.0
    peak_mib: float = 0.0

    def add(self, seconds: float, peak_kib: int) -> None:
        """Count a call."""
        self.calls += 1
        self.longest_seconds = max(self.longest_seconds, seconds)
        self.peak_mib = max(self.peak_mib, peak_kib / 1024)


@dataclass(slots=True)
class _Process:
    """A running worker; it answers one event at a time, as Lambda's environments do."""

    process: subprocess.Popen[bytes]
    lock: threading.Lock = field(default_factory=threading.Lock)


class Functions:
    """Calls functions by their deployed name, each in a process of its own, started when needed."""

    def __init__(
        self,
        deployed: Mapping[str, Deployed],
        overrides: Mapping[str, str],
        interpreter: Interpreter,
        tree: Path,
        log: BinaryIO,
    ) -> None:
        self.used: dict[str, Use] = {}
        self._deployed = deployed
        self._overrides = overrides
        self._interpreter = interpreter
        self._tree = tree
        self._log = log
        self._lock = threading.Lock()
        self._processes: dict[str, _Process] = {}

    def call(self, name: str, event: Any) -> tuple[Any, bool]:
        """Return what the function answers, and whether it is an error.

        Raises:
            KeyError: no function of this name was deployed.
            RuntimeError: its process ended: the handler cannot be imported; see the log.
        """
        function = self._deployed[name]
        began = time.monotonic()
        worker = self._worker(function)
        line = json.dumps({"event": event, "context": _context(function)}) + "\n"
        with worker.lock:
            answer = _exchange(worker.process, line)
        if not answer:
            raise RuntimeError(f"{name} ({function.handler}) ended; see the rehearsal's log")
        document = json.loads(answer)
        with self._lock:
            use = self.used.setdefault(name, Use())
            use.add(time.monotonic() - began, document["peak_kib"])
        if "error" in document:
            return document["error"], True
        return document["result"], False

    def answer(self, arn: str, body: str | bytes | None) -> tuple[bytes, bool]:
        """Return the body that Lambda answers an invocation with, and whether it is an error."""
        answer, is_error = self.call(arn.rsplit(":", 1)[-1], json.loads(body or "{}"))
        return json.dumps(answer).encode(), is_error

    def stop(self) -> None:
        """End every process."""
        for worker in self._processes.values():
            if worker.process.stdin:
                worker.process.stdin.close()
        for worker in self._processes.values():
            try:
                worker.process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()

    def _worker(self, function: Deployed) -> _Process:
        with self._lock:
            if function.name not in self._processes:
                self._processes[function.name] = _Process(self._start(function))
            return self._processes[function.name]

    def _start(self, function: Deployed) -> subprocess.Popen[bytes]:
        command = [str(self._interpreter.path), "-I", "-S", str(_WORKER)]
        return subprocess.Popen(  # noqa: S603 - our own worker
            [*command, str(self._tree), function.handler],
            env={**function.environment, **self._overrides},
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )


def _exchange(process: subprocess.Popen[bytes], line: str) -> bytes:
    if process.stdin is None or process.stdout is None:
        return b""
    try:
        process.stdin.write(line.encode())
        process.stdin.flush()
    except BrokenPipeError:
        return b""
    return process.stdout.readline()


def _context(function: Deployed) -> dict[str, Any]:
    return {
        "function_name": function.name,
        "arn": f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{function.name}",
        "memory": function.memory,
        "timeout": function.timeout,
        "request_id": str(uuid.uuid4()),
    }
