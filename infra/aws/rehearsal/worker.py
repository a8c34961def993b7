"""A Lambda function's process: one handler of an unzipped package, one event per line.

Run as a file by the package's Python, which sees the package and the standard library only:
`python -I -S worker.py TREE MODULE.FUNCTION`. Reads {"event", "context"} and answers
{"result"} or {"error": {"errorMessage", "errorType"}}, with "peak_kib", the most memory that was
resident so far; each as one line of JSON.
"""

import importlib
import json
import sys
import traceback
from pathlib import Path
from typing import Any


class Context:
    """What Lambda hands to a handler beside the event."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.function_name = values["function_name"]
        self.function_version = "$LATEST"
        self.invoked_function_arn = values["arn"]
        self.memory_limit_in_mb = values["memory"]
        self.aws_request_id = values["request_id"]
        self.log_group_name = f"/aws/lambda/{self.function_name}"
        self.log_stream_name = "rehearsal"
        self._milliseconds = values["timeout"] * 1000

    def get_remaining_time_in_millis(self) -> int:
        """Return the function's whole timeout."""
        return int(self._milliseconds)


def main(tree: str, handler: str) -> None:
    """Answer events until the input ends."""
    answers, sys.stdout = sys.stdout, sys.stderr  # what a handler prints is its log
    sys.path.insert(0, tree)
    module, _, name = handler.rpartition(".")
    function = getattr(importlib.import_module(module), name)
    for line in sys.stdin:
        call = json.loads(line)
        try:
            result = function(call["event"], Context(call["context"]))
            text = json.dumps({"result": result, "peak_kib": _peak_kib()})
        except Exception as error:  # noqa: BLE001 - Lambda, too, turns whatever is raised into JSON
            traceback.print_exc()
            described = {"errorMessage": str(error), "errorType": type(error).__name__}
            text = json.dumps({"error": described, "peak_kib": _peak_kib()})
        answers.write(text + "\n")
        answers.flush()


def _peak_kib() -> int:
    # Not getrusage's peak: a child starts with its parent's.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM:")).split()[1])


if __name__ == "__main__":
    main(*sys.argv[1:])
