"""The composition root: the only place that builds adapters, once per process and when needed.

The API never asks for the cloud's adapters, so it never pays for importing openstacksdk.
"""

from __future__ import annotations

import os
import secrets
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

from chalicelib.config import Settings, load_settings
from chalicelib.config_qkd import QKDFiles
from chalicelib.domain.ids import IdKind, make_id, uuid7
from chalicelib.services.backend import Backend
from chalicelib.services.cloud_ports import CloudCatalog, Compute
from chalicelib.services.ports import ConsoleOpener, TokenVerifier
from chalicelib.services.qkd_ports import QKDAgents

if TYPE_CHECKING:
    from chalicelib.adapters.openstack.connection import CloudConnection


class RandomIds:
    """Identifiers and secrets from the operating system's random source."""

    def __init__(self, infra_id: str) -> None:
        self._infra_id = infra_id

    def new_id(self, kind: IdKind) -> str:
        """Return a fresh identifier (UUIDv7) of this infrastructure."""
        return make_id(kind, self._infra_id, uuid7(utc_now(), secrets.randbits(74)))

    def new_secret(self) -> str:
        """Return 256 random bits, URL-safe."""
        return secrets.token_urlsafe(32)


def utc_now() -> datetime:
    """Return the time now."""
    return datetime.now(UTC)


@cache
def settings() -> Settings:
    """Return the settings of this process's environment."""
    return load_settings(os.environ)


@cache
def backend() -> Backend:
    """Return state, time, chance and workflows."""
    from chalicelib.adapters.dynamodb.stores import stores
    from chalicelib.adapters.stepfunctions.engine import StepFunctionsEngine

    tables = stores(settings())
    return Backend(
        settings=settings(),
        clock=utc_now,
        ids=RandomIds(settings().infra_id),
        resources=tables.resources,
        tasks=tables.tasks,
        catalog=tables.catalog,
        claims=tables.claims,
        links=tables.links,
        qkd_links=tables.qkd_links,
        telemetry=tables.telemetry,
        workflows=StepFunctionsEngine(settings()),
    )


@cache
def token_verifier() -> TokenVerifier:
    """Return the verifier of SLICES tokens."""
    from chalicelib.adapters.slices_auth.trust import TrustedIssuer
    from chalicelib.adapters.slices_auth.verifier import SLICESTokenVerifier

    return SLICESTokenVerifier(
        [
            TrustedIssuer(
                kind=trust.kind,
                issuers=trust.issuers,
                audiences=trust.audiences,
                jwks_url=trust.jwks_url,
                discovery_url=trust.discovery_url,
            )
            for trust in settings().token_trust
        ]
    )


@cache
def console_opener() -> ConsoleOpener:
    """Return the way to the step that opens consoles."""
    from chalicelib.adapters.stepfunctions.console import LambdaConsoleOpener

    return LambdaConsoleOpener(settings())


@cache
def _cloud_connection() -> CloudConnection:
    from chalicelib.adapters.openstack.connection import CloudConnection
    from chalicelib.adapters.secrets.cloud_credential import CloudCredential

    secret_id = settings().openstack_secret_id
    return CloudConnection(CloudCredential(secret_id) if secret_id else settings().openstack_cloud)


@cache
def compute() -> Compute:
    """Return the cloud's servers and networks."""
    from chalicelib.adapters.openstack.compute import OpenStackCompute

    return OpenStackCompute(
        _cloud_connection(), settings().infra_id, settings().external_network, utc_now
    )


@cache
def cloud_catalog() -> CloudCatalog:
    """Return the cloud's offer."""
    from chalicelib.adapters.openstack.catalog import OpenStackCatalog

    return OpenStackCatalog(_cloud_connection(), settings().infra_id, utc_now)


@cache
def qkd_agents() -> QKDAgents:
    """Return the lab's QKD agents by name; none where there is no QKD."""
    from chalicelib.adapters.qkd_agent.client import HttpQKDAgent
    from chalicelib.adapters.qkd_agent.transport import SiteTransport
    from chalicelib.adapters.secrets.agent_files import AgentFiles

    sites = settings().qkd_sites
    if not sites:
        return {}
    secret_id, named = settings().qkd_secret_id, settings().qkd_files
    files = AgentFiles(secret_id) if secret_id else named
    ca = files.ca if isinstance(files, QKDFiles) else files().ca
    return {
        site.name: HttpQKDAgent(SiteTransport(site.control_url, site.name, files), ca)
        for site in sites
    }


def reset() -> None:
    """Forget everything built, for tests and launchers that change the environment."""
    for built in (
        settings,
        backend,
        token_verifier,
        console_opener,
        _cloud_connection,
        compute,
        cloud_catalog,
        qkd_agents,
    ):
        built.cache_clear()
