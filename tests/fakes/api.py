"""The whole API over stores in memory, and the callers that the tests let in."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from chalice.test import Client, HTTPResponse
from msgspec.structs import replace

from chalicelib import bootstrap
from chalicelib.config import Settings, load_settings
from chalicelib.domain.catalog import DiskImage, Flavor, Network
from chalicelib.domain.errors import TokenInvalid
from chalicelib.domain.ids import IdKind, derived_uuid, make_id, uuid7
from chalicelib.domain.resources import NetworkInterface, Resource
from chalicelib.domain.statuses import ResourceStatus
from chalicelib.domain.tokens import TokenKind, VerifiedToken
from chalicelib.services.backend import Backend
from tests.fakes.metrics import FakeMetrics
from tests.fakes.qkd import FakeLinkStore, FakeQKDLinkStore, FakeTelemetryStore, make_qkd_link
from tests.fakes.stores import FakeCatalogStore, FakeClaimStore, FakeResourceStore, FakeTaskStore

NOW = datetime(2025, 6, 24, 6, 0, tzinfo=UTC)
INFRA_ID = "tld-city-bp1"
PUBLIC_URL = "https://bi.example.org"
SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f me"


def an_id(kind: IdKind, label: str, authority: str = INFRA_ID) -> str:
    return make_id(kind, authority, derived_uuid("tests", label))


ALICE = an_id(IdKind.USER, "alice", "account.example.org")
BOB = an_id(IdKind.USER, "bob", "account.example.org")
ADMIN = an_id(IdKind.USER, "admin", "account.example.org")
PROJECT = an_id(IdKind.PROJECT, "project", "account.example.org")
OTHER_PROJECT = an_id(IdKind.PROJECT, "other", "account.example.org")
EXPERIMENT = an_id(IdKind.EXPERIMENT, "experiment", "exp.example.org")
SISTER_EXPERIMENT = an_id(IdKind.EXPERIMENT, "sister", "exp.example.org")
OTHER_EXPERIMENT = an_id(IdKind.EXPERIMENT, "other", "exp.example.org")

IMAGE_ID = an_id(IdKind.DISK_IMAGE, "ubuntu")
FLAVOR_ID = an_id(IdKind.FLAVOR, "small")


def _token(kind: TokenKind, **claims: Any) -> VerifiedToken:
    subject = claims.get("experiment_id") or claims.get("user_id") or claims.get("project_id")
    return VerifiedToken(kind, str(subject), "https://issuer", NOW + timedelta(hours=1), **claims)


_USER, _PROJECT, _EXPERIMENT = TokenKind.USER, TokenKind.PROJECT, TokenKind.EXPERIMENT
TOKENS = {
    "alice": _token(_USER, user_id=ALICE, project_id=PROJECT),
    "alice-no-project": _token(_USER, user_id=ALICE),
    "bob": _token(_USER, user_id=BOB, project_id=OTHER_PROJECT),
    "admin": _token(_USER, user_id=ADMIN),
    "project": _token(_PROJECT, project_id=PROJECT),
    "other-project": _token(_PROJECT, project_id=OTHER_PROJECT),
    "experiment": _token(_EXPERIMENT, experiment_id=EXPERIMENT, project_id=PROJECT),
    "sister": _token(_EXPERIMENT, experiment_id=SISTER_EXPERIMENT, project_id=PROJECT),
    "other-experiment": _token(
        _EXPERIMENT, experiment_id=OTHER_EXPERIMENT, project_id=OTHER_PROJECT
    ),
}


class FakeVerifier:
    """Knows the tokens of TOKENS by name."""

    def verify(self, jwt: str) -> VerifiedToken:
        if jwt not in TOKENS:
            raise TokenInvalid("The token is not valid. Get a new one.")
        return TOKENS[jwt]

    def verify_user(self, jwt: str) -> VerifiedToken:
        token = self.verify(jwt)
        if token.kind is not TokenKind.USER:
            raise TokenInvalid(f"This is a {token.kind} token; a user token is needed.")
        return token


class CountingIds:
    def __init__(self) -> None:
        self.count = 0

    def new_id(self, kind: IdKind) -> str:
        self.count += 1
        return make_id(kind, INFRA_ID, uuid7(NOW, self.count))

    def new_secret(self) -> str:
        self.count += 1
        return f"secret-{self.count:036}"


@dataclass
class FakeEngine:
    started: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    def start(self, workflow: str, name: str, payload: Any) -> None:
        self.started.append((workflow, name, dict(payload)))

    def is_running(self, workflow: str, name: str) -> bool:
        return any(entry[:2] == (workflow, name) for entry in self.started)


class FakeConsole:
    def open(self, resource_id: str) -> str:
        return f"https://console.example.org/{resource_id}"


def settings(**changes: Any) -> Settings:
    base = load_settings(
        {
            "PUBLIC_URL": PUBLIC_URL,
            "STATE_MACHINE_ARN_PREFIX": "arn:",
            "DEFAULT_NETWORK": "default",
            "ADMIN_USER_IDS": json.dumps([ADMIN]),
            "SSH_JUMP_PROXY": "proxy@bastion2.slices-be.eu",
        }
    )
    return replace(base, **changes)


class Api:
    """The application with everything behind it in memory."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
        self.settings = settings(**changes)
        self.resources, self.tasks = FakeResourceStore(), FakeTaskStore()
        self.catalog, self.claims = FakeCatalogStore(), FakeClaimStore()
        self.links, self.qkd_links = FakeLinkStore(), FakeQKDLinkStore()
        self.telemetry = FakeTelemetryStore()
        self.engine = FakeEngine()
        self.metrics = FakeMetrics()
        self.backend = Backend(
            settings=self.settings,
            clock=lambda: NOW,
            ids=CountingIds(),
            resources=self.resources,
            tasks=self.tasks,
            catalog=self.catalog,
            claims=self.claims,
            workflows=self.engine,
            links=self.links,
            qkd_links=self.qkd_links,
            telemetry=self.telemetry,
            metrics=self.metrics,
        )
        monkeypatch.setattr(bootstrap, "settings", lambda: self.settings)
        monkeypatch.setattr(bootstrap, "backend", lambda: self.backend)
        monkeypatch.setattr(bootstrap, "token_verifier", FakeVerifier)
        monkeypatch.setattr(bootstrap, "console_opener", FakeConsole)
        from app import app

        self._client = Client(app)
        self._fill_catalog()

    def _fill_catalog(self) -> None:
        self.catalog.put(
            DiskImage(IMAGE_ID, "Ubuntu 24.04", NOW, INFRA_ID, "ubuntu-24.04", "ubuntu", 8000, 512)
        )
        self.catalog.put(
            Flavor(FLAVOR_ID, "small", NOW, "m1.small", vcpus=1, ram_mib=2048, disk_mb=8000)
        )
        self.catalog.put(Network("net-1", "default", NOW, "cloud-net-1"))
        self.catalog.put(Network("net-2", "lan-1", NOW, "cloud-net-2"))
        self.catalog.put(Network("net-9", "external", NOW, "cloud-net-9", is_external=True))

    def call(
        self,
        method: str,
        path: str,
        *,
        token: str | None = "experiment",  # noqa: S107 -- the name of a fake token
        body: Any = None,
        headers: dict[str, str] | None = None,
    ) -> HTTPResponse:
        sent = dict(headers or {})
        if token is not None:
            sent.setdefault("Authorization", f"Bearer {token}")
        raw = b""
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self._client.http.request(method, path, headers=sent, body=raw)

    def request(self, name: str = "vm-a", **changes: Any) -> dict[str, Any]:
        """Ask for one resource and return it, as JSON."""
        answer = self.call("POST", "/resources", body=request_body(name, **changes))
        assert answer.status_code == 200, answer.body
        found: dict[str, Any] = answer.json_body["resources"][0]
        return found

    def bring_up(self, resource_id: str, **changes: Any) -> Resource:
        """Put a resource into the state that its workflow would bring it to."""
        values = {
            "status": ResourceStatus.UP,
            "private_ipv4": "192.0.2.148",
            "network_interfaces": (NetworkInterface("lan-1", "eth1", ("198.51.100.10/24",)),),
            **changes,
        }
        return self.resources.change(resource_id, lambda current: replace(current, **values))

    def offer_qkd(self) -> None:
        """Let telemetry have seen the lab's QKD link; the settings must name its sites."""
        self.qkd_links.add(make_qkd_link(NOW))

    def state(self) -> tuple[Any, ...]:
        """Everything that is stored or started, for tests that nothing was written."""
        return (
            dict(self.resources.by_id),
            dict(self.tasks.by_id),
            {entry.id: entry for kind in (DiskImage, Flavor) for entry in self.catalog.list(kind)},
            self.claims.quota_used(PROJECT),
            list(self.engine.started),
            dict(self.links.by_id),
            dict(self.qkd_links.by_id),
        )


def link_body(**changes: Any) -> dict[str, Any]:
    """Return a body for two resources with a QKD link between them."""
    link = {"friendly_name": "ab", "type": "qkd", "source": "vm-a", "destination": "vm-b"}
    resources = [wanted("vm-a"), wanted("vm-b")]
    return request_body(resources=resources, links=[{**link, **changes}])


def wanted(name: str = "vm-a", **changes: Any) -> dict[str, Any]:
    return {
        "friendly_name": name,
        "disk_image_id": IMAGE_ID,
        "flavor_id": FLAVOR_ID,
        "userdata": "",
        **changes,
    }


def request_body(name: str = "vm-a", **changes: Any) -> dict[str, Any]:
    """Return the literal SLICES body for one resource; None removes a field."""
    body = {
        "expires_at": "2025-06-24T08:20:00Z",
        "resources": [wanted(name)],
        "ssh_authorized_keys": [SSH_KEY],
        "tokens": [{"jwt": "alice"}],
        **changes,
    }
    return {key: value for key, value in body.items() if value is not None}
