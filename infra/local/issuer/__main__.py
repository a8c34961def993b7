"""Run the issuer: `python -m infra.local.issuer --port 8461 --audience https://bi.local`."""

from __future__ import annotations

import argparse
import json
import signal
import sys

from infra.local.issuer import DEFAULT_AUDIENCE, Issuer


def main() -> None:
    """Serve until a signal ends it; print the address and the settings to trust it."""
    parser = argparse.ArgumentParser(description="SLICES token issuer for one machine")
    parser.add_argument("--port", type=int, default=8461, help="port on 127.0.0.1; 0 for any")
    parser.add_argument("--audience", default=DEFAULT_AUDIENCE, help="public URL of the service")
    arguments = parser.parse_args()
    # Blocked before the server's threads start, so that only sigwait sees them.
    ends = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    with Issuer(arguments.port, audience=arguments.audience) as issuer:
        settings = {"url": issuer.url, "trusted_issuers": issuer.trusted_issuers()}
        sys.stdout.write(json.dumps(settings) + "\n")
        sys.stdout.flush()
        signal.sigwait(ends)


if __name__ == "__main__":
    main()
