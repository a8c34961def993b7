"""The tunnel's files from a site's values, and mistakes in them."""

import stat
from pathlib import Path

import pytest

from infra.onprem.tunnel.__main__ import main
from infra.onprem.tunnel.proposals import (
    DPD_TIMEOUT_SECONDS,
    ESP_PROPOSAL,
    IKE_PROPOSAL,
    aws_tunnel_options,
)

EXAMPLES = Path(__file__).parents[2] / "infra" / "onprem" / "tunnel"
KEYS = {"tunnel1.key": "first.Key_123", "tunnel2.key": "second.Key_123"}


@pytest.fixture
def site(tmp_path):
    """A copy of an example: `site("ipsec", old, new)` with a change."""
    for name, key in KEYS.items():
        (tmp_path / name).write_text(key)

    def make(kind, old="", new=""):
        text = (EXAMPLES / f"example-{kind}.toml").read_text()
        assert old in text
        path = tmp_path / "site.toml"
        path.write_text(text.replace(old, new, 1))
        return path

    return make


@pytest.mark.parametrize("kind", ["wireguard", "ipsec"])
def test_the_examples_render_for_their_owner_only(site, tmp_path, kind, capsys):
    out = tmp_path / "out"
    for _ in range(2):
        assert main(["render", str(site(kind)), str(out)]) == 0
    files = [path for path in out.rglob("*") if path.is_file()]
    assert {str(path) for path in files} == set(capsys.readouterr().out.split())
    for path in files:
        assert "${" not in path.read_text()
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == {".sh": 0o700, ".service": 0o644}.get(path.suffix, 0o600), path
        has_keys = any(key in path.read_text() for key in KEYS.values())
        assert has_keys == (path.name == "slices-keys.conf")
        assert "PrivateKey" not in path.read_text()


def test_both_ipsec_tunnels_have_the_agreed_proposals_and_interfaces_of_their_own(site, tmp_path):
    assert main(["render", str(site("ipsec")), str(tmp_path)]) == 0
    text = (tmp_path / "swanctl" / "conf.d" / "slices.conf").read_text()
    assert text.count(f"\tproposals = {IKE_PROPOSAL}\n") == 2
    assert text.count(f"\tesp_proposals = {ESP_PROPOSAL}\n") == 2
    assert (text.count("if_id_in = 41"), text.count("if_id_in = 42")) == (1, 1)
    assert "169.254.20.2/30" in text, "AWS has the first inside address, the lab the second"
    assert text.count("version = 2") == 2


def test_what_aws_is_told_has_one_choice_each():
    options = aws_tunnel_options()
    lists = {name: value for name, value in options.items() if isinstance(value, list)}
    assert {len(value) for value in lists.values()} == {1}
    assert options["IKEVersions"] == [{"Value": "ikev2"}]
    for phase in ("Phase1", "Phase2"):
        assert options[f"{phase}EncryptionAlgorithms"] == [{"Value": "AES256-GCM-16"}]
        assert options[f"{phase}IntegrityAlgorithms"] == [{"Value": "SHA2-384"}]
        assert options[f"{phase}DHGroupNumbers"] == [{"Value": 20}]
    assert options["StartupAction"] == "add"
    assert options["DPDTimeoutSeconds"] == DPD_TIMEOUT_SECONDS


@pytest.mark.parametrize(
    ("kind", "old", "new", "said"),
    [
        ("wireguard", "10.80.1.0/24", "10.80.1.1/24", "cloud.networks[0]: Value error, '10.80"),
        ("wireguard", "10.90.0.10:8445", "10.90.0.10", "not ADDRESS:PORT"),
        ("wireguard", "10.90.0.10:8445", "10.80.1.3:8445", "lies in a network of the cloud"),
        ("wireguard", "HIgo9", "HIgo", "is not a WireGuard public key"),
        ("wireguard", ":51820", ":99999", "port"),
        ("wireguard", "endpoint", "end_point", "wireguard.end_point"),
        ("wireguard", "10.98.0.2", "10.98.0.1", "the same key or address"),
        ("wireguard", "[wireguard]", "[wire", "site.toml"),
        ("ipsec", "169.254.20.0/30", "10.0.0.0/30", "not a /30 of 169.254"),
        ("ipsec", "198.51.100.22", "198.51.100.21", "same cloud_outside"),
        ("ipsec", "203.0.113.9", "a\\nb", "lab_id"),
        ("ipsec", "tunnel1.key", "missing.key", "missing.key: No such file"),
        ("ipsec", '"203.0.113.9"', '"203.0.113.9"\nselectors = ["10.90.0.0/24"]', "one tunnel"),
    ],
)
def test_mistakes_are_told(site, capsys, kind, old, new, said):
    assert main(["check", str(site(kind, old, new))]) == 1
    told = capsys.readouterr()
    assert said in told.err
    assert told.out == ""


@pytest.mark.parametrize("key", ["short", "0startswithzero", 'quo"te}}}}', "x" * 65, "schlüssel1"])
def test_a_bad_pre_shared_key_is_refused_and_not_shown(site, tmp_path, capsys, key):
    path = site("ipsec")
    (tmp_path / "tunnel2.key").write_text(key)
    assert main(["render", str(path), str(tmp_path / "out")]) == 1
    told = capsys.readouterr().err
    assert "tunnel2.key" in told
    assert key not in told
    assert not (tmp_path / "out").exists()
