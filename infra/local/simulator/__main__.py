"""Run the simulator until it is told to end: ``python -m infra.local.simulator --port 15100``."""

import argparse
import json
import logging
import signal
import sys
import threading
from pathlib import Path

from infra.local.simulator import Simulator


def main() -> None:
    """Start, print one line of JSON with the URLs and the path of clouds.yaml, and serve."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=15_100, help="port on 127.0.0.1; 0: any")
    parser.add_argument("--boot-seconds", type=float, default=1.0, help="from create to ACTIVE")
    parser.add_argument("--no-phone-home", action="store_true", help="run no guest")
    parser.add_argument(
        "--clouds-yaml",
        type=Path,
        default=Path(".state/clouds.yaml"),
        help="where to write the access data",
    )
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    told_to_end = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told_to_end.set())
    simulator = Simulator(options.port, options.boot_seconds, phone_home=not options.no_phone_home)
    options.clouds_yaml.parent.mkdir(parents=True, exist_ok=True)
    clouds_yaml = simulator.clouds_yaml(options.clouds_yaml)
    with simulator:
        ready = {
            "auth_url": simulator.auth_url,
            "clouds_yaml": str(clouds_yaml.resolve()),
            "cloud": simulator.account.user_name,
            "faults_url": f"{simulator.origin}/faults",
        }
        sys.stdout.write(f"{json.dumps(ready)}\n")
        sys.stdout.flush()
        told_to_end.wait()


if __name__ == "__main__":
    main()
