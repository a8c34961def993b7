"""botocore clients; boto3 would cost 50 ms more at each cold start."""

from __future__ import annotations

import os
from typing import Any

from botocore.config import Config
from botocore.session import get_session


def make_client(service: str, *, read_seconds: float = 10, retries: int = 2) -> Any:
    """Return a client for an AWS service, with bounded waits."""
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "eu-west-1"
    config = Config(
        connect_timeout=2,
        read_timeout=read_seconds,
        retries={"max_attempts": retries, "mode": "standard"},
        max_pool_connections=50,
    )
    return get_session().create_client(service, region_name=region, config=config)
