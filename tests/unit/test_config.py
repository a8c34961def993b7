"""The environment is parsed once, and every mistake is told at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.config import ConfigurationError, load_settings
from chalicelib.config_table import SETTINGS
from chalicelib.config_values import JumpProxy
from chalicelib.domain.quota import Amount
from chalicelib.domain.tokens import TokenKind

REQUIRED = {"PUBLIC_URL": "https://bi.example/", "STATE_MACHINE_ARN_PREFIX": "arn:aws:x:"}


def load(**environment: str):
    return load_settings({**REQUIRED, **environment})


def mistakes(**environment: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load(**environment)
    return str(caught.value).splitlines()[1:]


def test_the_defaults_are_as_documented():
    settings = load()
    assert (settings.infra_id, settings.site_name) == ("tld-city-bp1", "QKD blueprint")
    assert settings.public_url == "https://bi.example"
    assert settings.admin_user_ids == frozenset()
    assert settings.require_user_proof
    assert (settings.dynamodb_url, settings.ssh_jump_proxy, settings.cors_origin) == (
        None,
        None,
        "",
    )
    assert settings.state_machine_arn_prefix == "arn:aws:x:"
    assert (settings.table_prefix, settings.function_name_prefix) == ("", "")
    assert (settings.openstack_cloud, settings.site_location) == ("slices", "")
    assert (settings.default_network, settings.external_network) == ("public", "external")
    assert settings.max_duration == timedelta(days=89)
    assert settings.max_resources_per_request == 20
    assert settings.project_quota == Amount(20, 40, 102400)
    assert settings.lease == timedelta(minutes=1)
    assert settings.build_timeout == timedelta(minutes=30)
    assert settings.ready_timeout == timedelta(minutes=20)
    assert (settings.stall, settings.park) == (timedelta(minutes=5), timedelta(seconds=30))
    assert (settings.orphan_age, settings.poll_seconds) == (timedelta(minutes=15), 5)


def test_only_user_tokens_of_slices_are_accepted_by_default_and_only_for_this_site():
    (trust,) = load().token_trust
    assert trust.kind is TokenKind.USER
    assert trust.issuers == ("https://account.ilabt.imec.be",)
    assert trust.audiences == ("https://bi.example",)
    assert trust.discovery_url.startswith("https://portal.slices-ri.eu/")


def test_every_setting_has_a_meaning_and_its_own_name():
    assert all(setting.meaning.endswith(".") for setting in SETTINGS)
    assert len({setting.name for setting in SETTINGS}) == len(SETTINGS)


def test_every_mistake_is_listed_at_once():
    environment = {"LEASE_SECONDS": "soon", "REQUIRE_USER_PROOF": "yes", "INFRA_ID": "No Spaces"}
    with pytest.raises(ConfigurationError) as caught:
        load_settings(environment)
    text = str(caught.value)
    for name in (*environment, *REQUIRED):
        assert f"- {name}" in text


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("QUOTA_VCPUS", "0", "positive"),
        ("QUOTA_VCPUS", "many", "invalid literal"),
        ("LEASE_SECONDS", "-1", "positive"),
        ("MAX_DURATION_DAYS", "9" * 12, "too large|days|convert"),
        ("LEASE_SECONDS", "9" * 40, "too large|convert"),
        ("PUBLIC_URL", "ftp://x", "http"),
        ("PUBLIC_URL", "https://", "http"),
        ("DYNAMODB_URL", "localhost:8000", "http"),
        ("ADMIN_USER_IDS", "[1]", "list of strings"),
        ("ADMIN_USER_IDS", "[", "Expecting"),
        ("REQUIRE_USER_PROOF", "True", "true or false"),
        ("SSH_JUMP_PROXY", "bastion.example", "user@host"),
        ("INFRA_ID", "a" * 31, "up to 30"),
    ],
)
def test_a_wrong_value_is_named_with_what_would_be_right(name, value, text):
    (mistake,) = mistakes(**{name: value})
    assert mistake.startswith(f"- {name}=")
    assert any(part in mistake for part in text.split("|"))


@pytest.mark.parametrize(
    ("value", "users"),
    [
        ('["a", "b"]', {"a", "b"}),
        (' ["a"]', {"a"}),
        ("a, b,", {"a", "b"}),
        ("a", {"a"}),
        ("", set()),
        ("[]", set()),
    ],
)
def test_lists_are_json_or_words_with_commas(value, users):
    assert load(ADMIN_USER_IDS=value).admin_user_ids == users


@pytest.mark.parametrize(
    ("value", "proxy"),
    [
        ("jump@bastion.example", JumpProxy("bastion.example", 22, "jump")),
        ("jump@bastion.example:2222", JumpProxy("bastion.example", 2222, "jump")),
    ],
)
def test_the_jump_proxy_has_a_port(value, proxy):
    assert load(SSH_JUMP_PROXY=value).ssh_jump_proxy == proxy


def test_flags_and_optional_urls():
    settings = load(REQUIRE_USER_PROOF="false", DYNAMODB_URL="http://localhost:8000/")
    assert not settings.require_user_proof
    assert settings.dynamodb_url == "http://localhost:8000"


def test_accepting_a_kind_of_token_needs_its_keys():
    (mistake,) = mistakes(EXPERIMENT_TOKEN_ISSUERS="https://exp.example")
    assert "EXPERIMENT_TOKEN_JWKS_URL or EXPERIMENT_TOKEN_DISCOVERY_URL" in mistake
    settings = load(
        EXPERIMENT_TOKEN_ISSUERS="https://exp.example",
        EXPERIMENT_TOKEN_JWKS_URL="https://exp.example/jwks",
        USER_TOKEN_AUDIENCES="one,two",
    )
    user, experiment = settings.token_trust
    assert user.audiences == ("one", "two")
    assert (experiment.kind, experiment.audiences) == (TokenKind.EXPERIMENT, ())


def test_secrets_stand_for_files_and_never_beside_them():
    agents = '[{"name": "kme-a", "control_url": "https://a", "kme_url": "https://b", '
    agents += '"enrolment_url": "https://c"}]'
    assert len(mistakes(QKD_AGENTS=agents)) == 3
    settings = load(QKD_AGENTS=agents, QKD_SECRET_ID="agents", OPENSTACK_SECRET_ID="cloud")
    assert (settings.qkd_secret_id, settings.openstack_secret_id) == ("agents", "cloud")
    (mistake,) = mistakes(QKD_SECRET_ID="agents", QKD_AGENT_KEY_FILE="key.pem")
    assert "QKD_AGENT_KEY_FILE: QKD_SECRET_ID stands for it" in mistake
