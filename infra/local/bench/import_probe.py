"""Import the app in a fresh process, as a cold start does, and print what it cost as JSON.

`python -m infra.local.bench.import_probe {api,steps}`. What this module itself imports is not
measured, so it imports next to nothing.
"""

import sys
import time

# The API's process must stay free of these: they cost as much as all the rest.
BANNED_FROM_API = ("boto3", "keystoneauth1", "openstack")


def main(kind: str) -> None:
    """Measure one kind of process."""
    began = time.process_time()
    import app  # noqa: F401  imported for what it costs

    imported = time.process_time()
    from chalicelib import bootstrap

    if kind == "steps":
        bootstrap.backend()
        bootstrap.compute()
    else:
        bootstrap.backend()
        bootstrap.token_verifier()
    ready = time.process_time()
    import json

    document = {
        "import_ms": (imported - began) * 1e3,
        "ready_ms": (ready - began) * 1e3,
        "modules": len(sys.modules),
        "banned": [name for name in BANNED_FROM_API if name in sys.modules],
    }
    sys.stdout.write(json.dumps(document) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
