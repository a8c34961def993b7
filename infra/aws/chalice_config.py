"""Writes .chalice: the configuration and the policy files, from the table of functions.

`python -m infra.aws.chalice_config [--check]`
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from infra.aws.functions import FUNCTIONS, ZONES, policy_file, zone_of
from infra.aws.policies import policy_document

CHALICE = Path(__file__).parents[2] / ".chalice"
APP_NAME = "slices-bi-qkd"
# The stage in the address of API Gateway; CloudFront hides it from users.
API_STAGE = "api"
SUBNETS = ("PrivateSubnetA", "PrivateSubnetB")
SECURITY_GROUP = "LabSecurityGroup"
LOG_DAYS = {"local": 1, "dev": 14, "prod": 90}


def config() -> dict[str, Any]:
    """Return Chalice's configuration: functions are the same in each stage."""
    return {
        "version": "2.0",
        "app_name": APP_NAME,
        "autogen_policy": False,
        "api_gateway_endpoint_type": "REGIONAL",
        "api_gateway_stage": API_STAGE,
        "lambda_functions": {name: _function(name) for name in FUNCTIONS},
        "stages": {
            stage: {"log_retention_in_days": days, "xray": stage != "local"}
            for stage, days in LOG_DAYS.items()
        },
    }


def files() -> dict[str, str]:
    """Return the text of every file by its name."""
    documents = {"config.json": config()} | {
        policy_file(name): policy_document(name, zone) for name, zone in ZONES.items()
    }
    return {name: json.dumps(document, indent=2) + "\n" for name, document in documents.items()}


def outdated(directory: Path = CHALICE) -> list[str]:
    """Return the files that are missing, superfluous or not as the table says."""
    expected = files()
    present = {path.name: path.read_text(encoding="utf-8") for path in directory.glob("*.json")}
    return sorted(name for name in {*expected, *present} if expected.get(name) != present.get(name))


def _function(name: str) -> dict[str, Any]:
    zone = zone_of(name)
    entry: dict[str, Any] = {
        "lambda_memory_size": zone.memory,
        "lambda_timeout": zone.timeout,
        "iam_policy_file": policy_file(FUNCTIONS[name]),
    }
    if zone.in_vpc:
        entry["subnet_ids"] = [{"Ref": subnet} for subnet in SUBNETS]
        entry["security_group_ids"] = [{"Ref": SECURITY_GROUP}]
    return entry


def main(arguments: list[str] | None = None) -> int:
    """Write the files, or with --check say which are out of date; 1 when some are."""
    parser = argparse.ArgumentParser(prog="python -m infra.aws.chalice_config", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing")
    check = parser.parse_args(arguments).check
    names = outdated()
    for name in names:
        path, text = CHALICE / name, files().get(name)
        if not check and text is None:
            path.unlink()
        elif not check:
            path.write_text(str(text), encoding="utf-8")
        print("out of date:" if check else "wrote", f".chalice/{name}")  # noqa: T201 -- a command's output
    return int(check and bool(names))


if __name__ == "__main__":
    sys.exit(main())
