"""The table of settings: docs/reference/configuration.md is generated from it (make docs)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from chalicelib.config_qkd import parse_sites
from chalicelib.config_values import (
    parse_choice,
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
from chalicelib.logs.setup import FORMATS, LEVELS


class Setting(Struct, frozen=True):
    """One environment variable: its name, default (None: required), parser and meaning."""

    name: str
    default: str | None
    parse: Callable[[str], Any]
    meaning: str


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
    Setting(
        "LOG_FORMAT",
        "json",
        parse_choice(*FORMATS),
        "`json`: one object a line, with metrics; `text`: for a console, as the local stack's.",
    ),
    Setting(
        "LOG_LEVEL",
        "INFO",
        parse_choice(*LEVELS),
        f"Least level that is logged: {', '.join(LEVELS)}; metrics are written at every level.",
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
