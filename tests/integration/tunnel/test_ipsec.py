"""The shipped swanctl.conf against an end that takes nothing but what AWS is told to take."""

from __future__ import annotations

import time

import pytest

from infra.local.tunnel import tools
from infra.local.tunnel.agents import PORTS, LabAgents
from infra.local.tunnel.ipsec import IPsec
from infra.local.tunnel.wires import INTERNET
from infra.onprem.tunnel.proposals import aws_tunnel_options
from tests.integration.tunnel.capture import Capture
from tests.integration.tunnel.conftest import skip_unless
from tests.integration.tunnel.test_wireguard import connects

pytestmark = pytest.mark.needs_tun
# AWS's words in strongSwan's, independently of what is shipped.
ENCRYPTION = {"AES256-GCM-16": "aes256gcm16"}
INTEGRITY = {"SHA2-384": "prfsha384"}
GROUPS = {20: "ecp384"}


def aws_proposals():
    said = {name: value[0]["Value"] for name, value in aws_tunnel_options().items()
            if isinstance(value, list)}  # fmt: skip
    encryption = ENCRYPTION[said["Phase1EncryptionAlgorithms"]]
    prf, group = INTEGRITY[said["Phase1IntegrityAlgorithms"]], GROUPS[said["Phase1DHGroupNumbers"]]
    child = ENCRYPTION[said["Phase2EncryptionAlgorithms"]]
    return f"{encryption}-{prf}-{group}", f"{child}-{GROUPS[said['Phase2DHGroupNumbers']]}"


@pytest.fixture
def ipsec(wires, tmp_path):
    skip_unless(tools.IPSEC)

    made = []

    def make(ike, esp):
        made.append(IPsec(wires, tmp_path, [LabAgents.service], ike, esp))
        return made[-1]

    yield make
    for tunnel in made:
        tunnel.down()


def test_the_agent_is_reached_by_what_aws_offers(ipsec, wires, agents):
    tunnel = ipsec(*aws_proposals())
    tunnel.up()
    shown = tunnel.wait()
    assert "IKEv2" in shown
    assert "AES_GCM_16-256/PRF_HMAC_SHA2_384/ECP_384" in shown
    assert "ESP:AES_GCM_16-256" in shown
    with Capture(wires.gateway, INTERNET) as outside:
        assert wires.cloud.call(agents.client(agents.transport()).links)
        assert not connects(wires.cloud, PORTS["sae"]), "the firewall keeps it off"
    assert outside.saw_only("udp", 4500)
    assert not outside.holds(b"kme-a")


@pytest.mark.parametrize(
    ("ike", "esp"),
    [
        ("aes256gcm16-prfsha384-modp2048", "aes256gcm16-ecp384"),
        ("aes128gcm16-prfsha384-ecp384", "aes256gcm16-ecp384"),
        ("aes256gcm16-prfsha384-ecp384", "aes256-sha256-modp2048"),
    ],
)
def test_nothing_weaker_is_taken(ipsec, ike, esp):
    tunnel = ipsec(ike, esp)
    tunnel.up()
    deadline = time.monotonic() + 10
    while "NO_PROPOSAL_CHOSEN" not in tunnel.log("lab"):
        assert time.monotonic() < deadline, tunnel.log("lab")
        time.sleep(0.1)
    assert "INSTALLED" not in tunnel.associations()
