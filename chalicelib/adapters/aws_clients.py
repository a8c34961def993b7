"""botocore clients; boto3 would cost 50 ms more at each cold start."""

from __future__ import annotations

import os
from typing import Any

from botocore.config import Config
from botocore.session import get_session

_TIMEOUTS = Config(
    connect_timeout=2,
    read_timeout=10,
    retries={"max_attempts": 2, "mode": "standard"},
    max_pool_connections=50,
)


def make_client(service: str) -> Any:
    """Return a client for an AWS service, with bounded waits."""
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "eu-west-1"
    return get_session().create_client(service, region_name=region, config=_TIMEOUTS)
