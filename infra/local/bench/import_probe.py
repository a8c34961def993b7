"""Import the app in a fresh process, as a cold start does, and print what it cost as JSON.

`python -m infra.local.bench.import_probe {libraries,api,steps}`. What this module itself imports
is not measured, so it imports next to nothing.
"""

import importlib
import sys
import time

# The API's process must stay free of these: they cost as much as all the rest.
BANNED_FROM_API = ("boto3", "keystoneauth1", "openstack")


def main(kind: str) -> None:
    """Measure one kind of process."""
    began = time.process_time()
    if kind == "libraries":
        _import_libraries()
        imported = time.process_time()
    else:
        import app  # noqa: F401  imported for what it costs

        imported = time.process_time()
        _set_up(kind)
    ready = time.process_time()
    import json

    document = {
        "import_ms": (imported - began) * 1e3,
        "ready_ms": (ready - began) * 1e3,
        "modules": len(sys.modules),
        "banned": [name for name in BANNED_FROM_API if name in sys.modules],
    }
    sys.stdout.write(json.dumps(document) + "\n")


def _import_libraries() -> None:
    """Import what no API on these libraries can do without."""
    for name in ("chalice.app", "pynamodb.models", "jwt", "msgspec"):
        importlib.import_module(name)


def _set_up(kind: str) -> None:
    from chalicelib import bootstrap

    bootstrap.backend()
    if kind == "steps":
        bootstrap.compute()
    else:
        bootstrap.token_verifier()


if __name__ == "__main__":
    main(sys.argv[1])
