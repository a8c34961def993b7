"""The settings of the functions on AWS: what the operator says as a parameter, and what follows.

A setting is a parameter of its name in camel case (`INFRA_ID` is `InfraId`), unless the template
knows its value or it has no place on AWS.
"""

from __future__ import annotations

from typing import Any

from chalicelib.config_table import SETTINGS, Setting
from infra.aws.functions import API, Zone, zone_of
from infra.aws.names import (
    AGENT_SECRET,
    NAME_PREFIX,
    OPENSTACK_SECRET,
    camel,
    state_machine_prefix,
    sub,
)

DERIVED: dict[str, Any] = {
    "PUBLIC_URL": sub("https://${PublicHost}"),
    "TABLE_PREFIX": sub(NAME_PREFIX),
    "STATE_MACHINE_ARN_PREFIX": sub(state_machine_prefix()),
    "FUNCTION_NAME_PREFIX": sub(NAME_PREFIX),
    "OPENSTACK_SECRET_ID": {"Ref": OPENSTACK_SECRET},
    "QKD_SECRET_ID": {"Ref": AGENT_SECRET},
    "CORS_ORIGIN": {"Ref": "CorsOrigin"},
    "WEB_OIDC_ORIGINS": {"Fn::Join": [",", {"Ref": "WebSignInOrigins"}]},
}
# Files, other stores and the local stack's own token page.
NOT_ON_AWS = frozenset(
    {
        "DYNAMODB_URL",
        "OPENSTACK_CLOUD",
        "QKD_AGENT_CA_FILE",
        "QKD_AGENT_CERT_FILE",
        "QKD_AGENT_KEY_FILE",
        "WEB_EXPERIMENT_TOKEN_URL",
    }
)

_PARAMETERS_BY_OTHER_NAMES = {
    "PUBLIC_URL": "PublicHost",
    "CORS_ORIGIN": "CorsOrigin",
    "WEB_OIDC_ORIGINS": "WebSignInOrigins",
}
_SECRET_HELD = frozenset({"OPENSTACK_SECRET_ID", "QKD_SECRET_ID"})
_API_ONLY = ("WEB_", "USER_TOKEN_", "PROJECT_TOKEN_", "EXPERIMENT_TOKEN_", "ADMIN_", "CORS_")
_API_ONLY_NAMES = frozenset(
    {"FUNCTION_NAME_PREFIX", "REQUIRE_USER_PROOF", "MAX_DURATION_DAYS", "MAX_RESOURCES_PER_REQUEST"}
)
_PATTERNS: dict[str, tuple[str, str]] = {
    "INFRA_ID": (
        r"[a-z0-9][a-z0-9.-]{0,29}",
        "up to 30 of a-z, 0-9, dot and hyphen, such as be-gent1-bi-vm1",
    ),
    "ADMIN_USER_IDS": (
        r"\[.*\]|[^\s\[\],]*(,[^\s\[\],]+)*",
        "a JSON list of user ids, or user ids separated by commas",
    ),
    "REQUIRE_USER_PROOF": (r"true|false", "true or false"),
    "SSH_JUMP_PROXY": (
        r"([A-Za-z0-9_-]+@[A-Za-z0-9.-]+(:\d+)?)?",
        "user@host:port, or nothing",
    ),
    "QKD_AGENTS": (r"\[.*\]", "a JSON list"),
}
_NUMBER = (r"[1-9][0-9]{0,8}", "a positive whole number")
_URL = (r"(https://[^\s]+)?", "an https URL, or nothing")


def parameter_settings() -> list[Setting]:
    """Return the settings that are parameters."""
    return [
        setting
        for setting in SETTINGS
        if setting.name not in DERIVED and setting.name not in NOT_ON_AWS
    ]


def parameter_id(setting: str) -> str:
    """Return the parameter of a setting."""
    return camel(setting.lower())


def place_on_aws(setting: str) -> str:
    """Return where a setting's value comes from on AWS, for the reference page."""
    if setting in NOT_ON_AWS:
        return "not set"
    if setting in _SECRET_HELD:
        return "the stack's own secret"
    if setting in DERIVED:
        source = _PARAMETERS_BY_OTHER_NAMES.get(setting)
        return f"parameter `{source}`" if source else f"`{DERIVED[setting]['Fn::Sub']}`"
    return f"parameter `{parameter_id(setting)}`"


def settings_parameters() -> dict[str, Any]:
    """Return one parameter per such setting, with the default that the code has."""
    return {parameter_id(setting.name): _parameter(setting) for setting in parameter_settings()}


def environment_of(function: str) -> dict[str, Any]:
    """Return the environment variables of a function: what it needs, and no more."""
    return {
        setting.name: DERIVED.get(setting.name, {"Ref": parameter_id(setting.name)})
        for setting in SETTINGS
        if setting.name not in NOT_ON_AWS and _needs(function, zone_of(function), setting.name)
    }


def _needs(function: str, zone: Zone, setting: str) -> bool:
    if function == API:
        return setting not in _SECRET_HELD or setting == "QKD_SECRET_ID"
    if setting == "OPENSTACK_SECRET_ID":
        return zone.openstack
    if setting in {"QKD_AGENTS", "QKD_SECRET_ID"}:
        return zone.agents
    return not (setting.startswith(_API_ONLY) or setting in _API_ONLY_NAMES)


def _parameter(setting: Setting) -> dict[str, Any]:
    default = setting.default or ""
    parameter: dict[str, Any] = {
        "Type": "String",
        "Default": default,
        "Description": setting.meaning,
    }
    rule = _PATTERNS.get(setting.name)
    if rule is None and default.isdecimal():
        rule = _NUMBER
    if rule is None and setting.name.endswith("_URL"):
        rule = _URL
    if rule:
        parameter["AllowedPattern"] = f"^({rule[0]})$"
        parameter["ConstraintDescription"] = f"must be {rule[1]}"
    return parameter
