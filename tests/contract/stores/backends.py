"""The places where the store contract is run."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.adapters.dynamodb.stores import Stores, stores
from chalicelib.adapters.dynamodb.tables import create_tables, tables
from chalicelib.config import Settings, load_settings
from infra.local.aws import local_aws
from tests.fakes.qkd import FakeLinkStore, FakeQKDLinkStore, FakeTelemetryStore
from tests.fakes.stores import (
    FakeCatalogStore,
    FakeClaimStore,
    FakeResourceStore,
    FakeTaskStore,
)

_ROOT = Path(__file__).parents[3]
_DYNALITE = Path(os.environ.get("DYNALITE", _ROOT / ".state/node_modules/.bin/dynalite"))
_ENDPOINT = os.environ.get("STORE_CONTRACT_DYNAMODB_URL", "")


def store_settings(url: str = "") -> Settings:
    """Return settings with tables of their own."""
    return load_settings(
        {
            "PUBLIC_URL": "https://bi.example.org",
            "STATE_MACHINE_ARN_PREFIX": "arn:aws:states:eu-west-1:123456789012:stateMachine:",
            "TABLE_PREFIX": f"test-{uuid.uuid4().hex[:8]}-",
            "DYNAMODB_URL": url,
        }
    )


@contextlib.contextmanager
def fakes() -> Iterator[Stores]:
    yield Stores(
        FakeResourceStore(),
        FakeTaskStore(),
        FakeCatalogStore(),
        FakeClaimStore(),
        FakeLinkStore(),
        FakeQKDLinkStore(),
        FakeTelemetryStore(),
    )


@contextlib.contextmanager
def moto() -> Iterator[Stores]:
    with _credentials(), local_aws():
        settings = store_settings()
        create_tables(settings)
        yield stores(settings)


@contextlib.contextmanager
def dynalite() -> Iterator[Stores]:
    port = _free_port()
    command = [str(_DYNALITE), "--host", "127.0.0.1", "--port", str(port)]
    command += ["--createTableMs", "1", "--deleteTableMs", "1"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            _wait_for(port, process)
            with _credentials():
                settings = store_settings(f"http://127.0.0.1:{port}")
                create_tables(settings)
                yield stores(settings)
        finally:
            process.terminate()


@contextlib.contextmanager
def endpoint() -> Iterator[Stores]:
    settings = store_settings(_ENDPOINT)
    create_tables(settings)
    try:
        yield stores(settings)
    finally:
        for model in tables(settings).models:
            model.delete_table()


ALWAYS_THERE = {"fakes": fakes, "moto": moto}
# Why a backend is left out on this machine; None where it is there.
OPTIONAL = {
    "dynalite": (
        dynalite,
        None
        if shutil.which("node") and _DYNALITE.exists()
        else "dynalite is not installed (infra/local/dynalite.sh installs it)",
    ),
    "endpoint": (endpoint, None if _ENDPOINT else "STORE_CONTRACT_DYNAMODB_URL names no endpoint"),
}
BACKENDS = ALWAYS_THERE | {
    name: backend for name, (backend, missing) in OPTIONAL.items() if missing is None
}


@contextlib.contextmanager
def _credentials() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "local")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "local")
        patch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        yield


def _free_port() -> int:
    for port in random.sample(range(20000, 32000), 50):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no free port")


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while True:
        assert process.poll() is None, "dynalite ended at once"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        assert time.monotonic() < deadline, "dynalite does not listen"
        time.sleep(0.05)
