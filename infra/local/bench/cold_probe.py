"""Import modules in a fresh process and print what it cost as JSON.

Run as a file by the package's Python, which sees the trees named and the standard library only:
`python -I -S cold_probe.py TREE MODULE ...`
"""

import importlib
import json
import sys
import time
from pathlib import Path


def main(tree: str, *modules: str) -> None:
    """Import them in turn."""
    sys.path.insert(0, tree)
    began = time.process_time()
    for module in modules:
        importlib.import_module(module)
    spent = (time.process_time() - began) * 1e3
    # Not getrusage's peak: a child starts with its parent's.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    rss_mib = int(peak.split()[1]) / 1024
    document = {"cpu_ms": spent, "rss_mib": rss_mib, "modules": len(sys.modules)}
    sys.stdout.write(json.dumps(document))


if __name__ == "__main__":
    main(*sys.argv[1:])
