"""A token for people who try things by hand."""

from __future__ import annotations

import json
import sys
import urllib.request
from pathlib import Path

_SECONDS = 10


def print_token(state: Path, experiment: str) -> int:
    """Print an experiment token of the stack that runs on this state; 1 when none does."""
    try:
        issuer_url = json.loads((state / "stack.json").read_text())["issuer_url"]
        request = urllib.request.Request(  # noqa: S310  the stack's own http address on loopback
            f"{issuer_url}/token",
            json.dumps(
                {"kind": "experiment", "experiment": experiment, "project": "demo"}
            ).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310  as above
            sys.stdout.write(json.load(answer)["token"] + "\n")
    except OSError as error:
        sys.stderr.write(f"no stack runs here ({error}); start one with `make up`\n")
        return 1
    return 0
