"""The configuration: environment variables, parsed once into one frozen Settings.

SETTINGS is the documented table; docs/reference/configuration.md is generated from it (make docs).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from chalicelib.config_qkd import QKDFiles, QKDSite, parse_sites
from chalicelib.config_values import (
    JumpProxy,
    parse_days,
    parse_flag,
    parse_infra_id,
    parse_jump_proxy,
    parse_optional_url,
    parse_origins,
    parse_positive,
    parse_seconds,
    parse_text,
    parse_url,
    parse_words,
)
from chalicelib.domain.quota import Amount
from chalicelib.domain.tokens import TokenKind


class ConfigurationError(Exception):
    """The environment is wrong; the text lists every mistake."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable: its name, default (None: required), parser and meaning."""

    name: str
    default: str | None
    parse: Callable[[str], Any]
    meaning: str


@dataclass(frozen=True, slots=True)
class TokenTrust:
    """Whose tokens of one kind are accepted. No issuers: that kind is not accepted."""

    kind: TokenKind
    issuers: tuple[str, ...]
    audiences: tuple[str, ...]
    jwks_url: str | None
    discovery_url: str | None


@dataclass(frozen=True, slots=True)
class Settings:
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


_PORTAL = "https://portal.slices-ri.eu/.well-known/openid-configuration"

SETTINGS: tuple[Setting, ...] = (
    Setting("INFRA_ID", "tld-city-bp1", parse_infra_id, "Identifier of this infrastructure."),
    Setting("SITE_NAME", "QKD blueprint", parse_text, "Name that people read."),
    Setting("SITE_LOCATION", "", parse_text, "City and country."),
    Setting(
        "PUBLIC_URL",
        None,
        parse_url,
        "Base URL as users and VMs reach it; also the user tokens' audience.",
    ),
    Setting(
        "ADMIN_USER_IDS",
        "[]",
        parse_words,
        "Users who change images and flavors (JSON list of user ids).",
    ),
    Setting(
        "REQUIRE_USER_PROOF",
        "true",
        parse_flag,
        "Whether POST /resources needs the user token in `tokens`.",
    ),
    Setting("TABLE_PREFIX", "", parse_text, "Put before each table's name."),
    Setting(
        "DYNAMODB_URL",
        "",
        parse_optional_url,
        "Another DynamoDB-compatible store; empty: AWS's own.",
    ),
    Setting(
        "STATE_MACHINE_ARN_PREFIX",
        None,
        parse_text,
        "ARN of the state machines up to the workflow's name.",
    ),
    Setting(
        "FUNCTION_NAME_PREFIX",
        "",
        parse_text,
        "Put before the name of a step function when it is called.",
    ),
    Setting(
        "OPENSTACK_CLOUD",
        "slices",
        parse_text,
        "Cloud in clouds.yaml (OS_CLIENT_CONFIG_FILE finds it).",
    ),
    Setting(
        "OPENSTACK_SECRET_ID",
        "",
        parse_text,
        "Secret with an application credential, in place of clouds.yaml.",
    ),
    Setting("DEFAULT_NETWORK", "public", parse_text, "Network of a VM that names none."),
    Setting(
        "EXTERNAL_NETWORK", "external", parse_text, "Network that public IPv4 addresses come from."
    ),
    Setting("SSH_JUMP_PROXY", "", parse_jump_proxy, "Bastion, as user@host:port; empty: none."),
    Setting(
        "MAX_DURATION_DAYS", "89", parse_days, "Longest time that a resource may be asked for."
    ),
    Setting("MAX_RESOURCES_PER_REQUEST", "20", parse_positive, "Most resources in one request."),
    Setting("QUOTA_INSTANCES", "20", parse_positive, "VMs per project."),
    Setting("QUOTA_VCPUS", "40", parse_positive, "Virtual CPUs per project."),
    Setting("QUOTA_RAM_MIB", "102400", parse_positive, "Memory per project, MiB."),
    Setting("LEASE_SECONDS", "60", parse_seconds, "How long one step may hold a resource."),
    Setting("BUILD_TIMEOUT_SECONDS", "1800", parse_seconds, "Longest time from create to ACTIVE."),
    Setting(
        "READY_TIMEOUT_SECONDS", "1200", parse_seconds, "Longest time from ACTIVE to phone-home."
    ),
    Setting("STALL_SECONDS", "300", parse_seconds, "Silence after which a task is started again."),
    Setting("PARK_SECONDS", "30", parse_seconds, "Pause before a parked task is tried again."),
    Setting(
        "ORPHAN_AGE_SECONDS", "900", parse_seconds, "Age from which an unknown server is removed."
    ),
    Setting("POLL_SECONDS", "5", parse_positive, "Pause between two looks at a server."),
    Setting("CORS_ORIGIN", "", parse_text, "Origin that browsers may call from; empty: none."),
    Setting(
        "QKD_AGENTS",
        "[]",
        parse_sites,
        "The lab's QKD agents, as a JSON list of {name, control_url, kme_url, enrolment_url}; "
        "`name` stands in the agent's certificate. Empty: this site has no QKD.",
    ),
    Setting(
        "QKD_AGENT_CA_FILE", "", parse_text, "CA of the agents (PEM); no other one is trusted."
    ),
    Setting(
        "QKD_AGENT_CERT_FILE", "", parse_text, "This side's client certificate for them (PEM)."
    ),
    Setting("QKD_AGENT_KEY_FILE", "", parse_text, "Its private key (PEM)."),
    Setting("QKD_SECRET_ID", "", parse_text, "Secret with those three, in place of the files."),
    Setting(
        "WEB_OIDC_CLIENT_ID",
        "",
        parse_text,
        "Public OpenID client of the web page; empty: people paste their tokens.",
    ),
    Setting(
        "WEB_OIDC_SCOPE", "openid userinfo projects", parse_text, "What the web page asks for."
    ),
    Setting(
        "WEB_OIDC_ORIGINS",
        "",
        parse_origins,
        "Origins of the issuer's endpoints, if not that of USER_TOKEN_DISCOVERY_URL.",
    ),
    Setting(
        "WEB_EXPERIMENT_TOKEN_URL",
        "",
        parse_optional_url,
        "Where the web page gets experiment tokens by name (local stack only).",
    ),
    *(
        setting
        for kind, issuers, audiences, discovery in (
            ("USER", "https://account.ilabt.imec.be", "", _PORTAL),
            ("PROJECT", "", "", ""),
            ("EXPERIMENT", "", "", ""),
        )
        for setting in (
            Setting(
                f"{kind}_TOKEN_ISSUERS",
                issuers,
                parse_words,
                "Accepted `iss`; empty: kind refused.",
            ),
            Setting(
                f"{kind}_TOKEN_AUDIENCES",
                audiences,
                parse_words,
                "Accepted `aud`; empty: PUBLIC_URL for user tokens, unchecked for others.",
            ),
            Setting(f"{kind}_TOKEN_JWKS_URL", "", parse_optional_url, "Fixed address of the keys."),
            Setting(
                f"{kind}_TOKEN_DISCOVERY_URL",
                discovery,
                parse_optional_url,
                "OpenID discovery document that names the keys' address.",
            ),
        )
    ),
)


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
