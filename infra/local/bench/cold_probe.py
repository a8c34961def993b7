"""Import modules in a fresh process and print what it cost as JSON.

Run as a file by the package's Python, which sees the trees named and the standard library only:
`python -I -S cold_probe.py TREE MODULE ...`
"""

import time

STARTED = time.process_time()  # what the interpreter itself took

import importlib  # noqa: E402 - after the clock
import json  # noqa: E402 - after the clock
import sys  # noqa: E402 - after the clock
from pathlib import Path  # noqa: E402 - after the clock


def main(tree: str, *modules: str) -> None:
    """Import them in turn."""
    sys.path.insert(0, tree)
    began = time.process_time()
    for module in modules:
        importlib.import_module(module)
    spent = time.process_time() - began
    # Not getrusage's peak: a child starts with its parent's.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    rss_mib = int(peak.split()[1]) / 1024
    document = {
        "start_ms": STARTED * 1e3,
        "cpu_ms": spent * 1e3,
        "rss_mib": rss_mib,
        "modules": len(sys.modules),
    }
    sys.stdout.write(json.dumps(document))


if __name__ == "__main__":
    main(*sys.argv[1:])
