"""Import modules in a fresh process and print what it cost as JSON.

Run as a file by the package's Python, which sees the trees named and the standard library only:
`python -I -S cold_probe.py TREE MODULE ...`
"""

import importlib
import json
import resource
import sys
import time


def main(tree: str, *modules: str) -> None:
    """Import them in turn."""
    sys.path.insert(0, tree)
    began = time.process_time()
    for module in modules:
        importlib.import_module(module)
    spent = (time.process_time() - began) * 1e3
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    document = {"cpu_ms": spent, "rss_mib": peak, "modules": len(sys.modules)}
    sys.stdout.write(json.dumps(document))


if __name__ == "__main__":
    main(*sys.argv[1:])
