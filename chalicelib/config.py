"""The configuration: environment variables, parsed once into one frozen Settings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from msgspec import Struct

from chalicelib.config_qkd import QKDFiles, QKDSite
from chalicelib.config_table import SETTINGS
from chalicelib.config_values import JumpProxy
from chalicelib.domain.quota import Amount
from chalicelib.domain.tokens import TokenKind


class ConfigurationError(Exception):
    """The environment is wrong; the text lists every mistake."""


class TokenTrust(Struct, frozen=True):
    """Whose tokens of one kind are accepted. No issuers: that kind is not accepted."""

    kind: TokenKind
    issuers: tuple[str, ...]
    audiences: tuple[str, ...]
    jwks_url: str | None
    discovery_url: str | None


class Settings(Struct, frozen=True):
    """The configuration of one deployment."""

    infra_id: str
    site_name: str
    site_location: str
    public_url: str
    admin_user_ids: frozenset[str]
    token_trust: tuple[TokenTrust, ...]
    require_user_proof: bool
    table_prefix: str
    dynamodb_url: str | None
    state_machine_arn_prefix: str
    function_name_prefix: str
    openstack_cloud: str
    openstack_secret_id: str
    default_network: str
    external_network: str
    ssh_jump_proxy: JumpProxy | None
    max_duration: timedelta
    max_resources_per_request: int
    project_quota: Amount
    lease: timedelta
    build_timeout: timedelta
    ready_timeout: timedelta
    stall: timedelta
    park: timedelta
    orphan_age: timedelta
    poll_seconds: int
    cors_origin: str
    qkd_sites: tuple[QKDSite, ...]
    qkd_files: QKDFiles
    qkd_secret_id: str
    web_oidc_client_id: str
    web_oidc_scope: str
    web_oidc_origins: tuple[str, ...]
    web_experiment_token_url: str | None
    log_format: str
    log_level: str


def load_settings(environment: Mapping[str, str]) -> Settings:
    """Return the settings of an environment.

    Raises:
        ConfigurationError: lists every variable that is missing or wrong.
    """
    values, mistakes = _parse(environment)
    trust = tuple(_trust(kind, values) for kind in TokenKind) if not mistakes else ()
    mistakes += [
        f"{entry.kind.upper()}_TOKEN_JWKS_URL or {entry.kind.upper()}_TOKEN_DISCOVERY_URL: "
        f"one is needed to check tokens of {', '.join(entry.issuers)}"
        for entry in trust
        if entry.issuers and not (entry.jwks_url or entry.discovery_url)
    ]
    mistakes += _missing_files(values)
    if mistakes:
        raise ConfigurationError("Wrong configuration:\n" + "\n".join(f"- {m}" for m in mistakes))
    return Settings(
        infra_id=values["INFRA_ID"],
        site_name=values["SITE_NAME"],
        site_location=values["SITE_LOCATION"],
        public_url=values["PUBLIC_URL"],
        admin_user_ids=frozenset(values["ADMIN_USER_IDS"]),
        token_trust=tuple(entry for entry in trust if entry.issuers),
        require_user_proof=values["REQUIRE_USER_PROOF"],
        table_prefix=values["TABLE_PREFIX"],
        dynamodb_url=values["DYNAMODB_URL"],
        state_machine_arn_prefix=values["STATE_MACHINE_ARN_PREFIX"],
        function_name_prefix=values["FUNCTION_NAME_PREFIX"],
        openstack_cloud=values["OPENSTACK_CLOUD"],
        openstack_secret_id=values["OPENSTACK_SECRET_ID"],
        default_network=values["DEFAULT_NETWORK"],
        external_network=values["EXTERNAL_NETWORK"],
        ssh_jump_proxy=values["SSH_JUMP_PROXY"],
        max_duration=values["MAX_DURATION_DAYS"],
        max_resources_per_request=values["MAX_RESOURCES_PER_REQUEST"],
        project_quota=Amount(
            values["QUOTA_INSTANCES"], values["QUOTA_VCPUS"], values["QUOTA_RAM_MIB"]
        ),
        lease=values["LEASE_SECONDS"],
        build_timeout=values["BUILD_TIMEOUT_SECONDS"],
        ready_timeout=values["READY_TIMEOUT_SECONDS"],
        stall=values["STALL_SECONDS"],
        park=values["PARK_SECONDS"],
        orphan_age=values["ORPHAN_AGE_SECONDS"],
        poll_seconds=values["POLL_SECONDS"],
        cors_origin=values["CORS_ORIGIN"],
        qkd_sites=values["QKD_AGENTS"],
        qkd_files=QKDFiles(*(values[name] for name in _QKD_FILES)),
        qkd_secret_id=values["QKD_SECRET_ID"],
        web_oidc_client_id=values["WEB_OIDC_CLIENT_ID"],
        web_oidc_scope=values["WEB_OIDC_SCOPE"],
        web_oidc_origins=values["WEB_OIDC_ORIGINS"],
        web_experiment_token_url=values["WEB_EXPERIMENT_TOKEN_URL"],
        log_format=values["LOG_FORMAT"],
        log_level=values["LOG_LEVEL"],
    )


_QKD_FILES = ("QKD_AGENT_CA_FILE", "QKD_AGENT_CERT_FILE", "QKD_AGENT_KEY_FILE")


def _missing_files(values: Mapping[str, Any]) -> list[str]:
    if values.get("QKD_SECRET_ID"):
        return [f"{name}: QKD_SECRET_ID stands for it" for name in _QKD_FILES if values[name]]
    if not values.get("QKD_AGENTS"):
        return []
    return [
        f"{name} is missing: QKD_AGENTS needs it, or QKD_SECRET_ID"
        for name in _QKD_FILES
        if not values[name]
    ]


def _parse(environment: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    values: dict[str, Any] = {}
    mistakes: list[str] = []
    for setting in SETTINGS:
        raw = environment.get(setting.name, setting.default)
        if raw is None:
            mistakes.append(f"{setting.name} is missing. {setting.meaning}")
            continue
        try:
            values[setting.name] = setting.parse(raw)
        except (ValueError, OverflowError) as error:
            mistakes.append(f"{setting.name}={raw!r}: {error}")
    return values, mistakes


def _trust(kind: TokenKind, values: Mapping[str, Any]) -> TokenTrust:
    prefix = kind.upper()
    audiences = values[f"{prefix}_TOKEN_AUDIENCES"]
    if kind is TokenKind.USER and not audiences:
        audiences = (values["PUBLIC_URL"],)
    return TokenTrust(
        kind=kind,
        issuers=values[f"{prefix}_TOKEN_ISSUERS"],
        audiences=audiences,
        jwks_url=values[f"{prefix}_TOKEN_JWKS_URL"],
        discovery_url=values[f"{prefix}_TOKEN_DISCOVERY_URL"],
    )
