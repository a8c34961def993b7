"""What the IPsec tunnel negotiates, said once: for strongSwan and in the words of CloudFormation.

Of what AWS Site-to-Site VPN offers, only this is allowed: IKEv2, AES-256-GCM with a 16-byte tag,
SHA2-384 as pseudo-random function, and Diffie-Hellman group 20 (NIST P-384, "ecp384"), in both
phases, so that each rekeying has forward secrecy.
"""

from typing import Any

IKE_PROPOSAL = "aes256gcm16-prfsha384-ecp384"
ESP_PROPOSAL = "aes256gcm16-ecp384"

IKE_LIFE_SECONDS, ESP_LIFE_SECONDS = 28800, 3600
REKEY_MARGIN_SECONDS = 540
"""The lab rekeys this long before the end of a lifetime, or earlier."""
DPD_DELAY_SECONDS = 10
DPD_TIMEOUT_SECONDS = 30

_ENCRYPTION, _INTEGRITY, _GROUP = "AES256-GCM-16", "SHA2-384", 20


def aws_tunnel_options() -> dict[str, Any]:
    """Return what each tunnel of an `AWS::EC2::VPNConnection` shall say of this.

    The members are those of `VpnTunnelOptionsSpecification`. With GCM the integrity algorithm of
    phase 1 is the pseudo-random function, and in phase 2 it has no effect but must be allowed.
    """
    options: dict[str, Any] = {
        "IKEVersions": [{"Value": "ikev2"}],
        "StartupAction": "add",
        "DPDTimeoutAction": "clear",
        "DPDTimeoutSeconds": DPD_TIMEOUT_SECONDS,
        "Phase1LifetimeSeconds": IKE_LIFE_SECONDS,
        "Phase2LifetimeSeconds": ESP_LIFE_SECONDS,
        "RekeyMarginTimeSeconds": REKEY_MARGIN_SECONDS,
    }
    for phase in ("Phase1", "Phase2"):
        options[f"{phase}EncryptionAlgorithms"] = [{"Value": _ENCRYPTION}]
        options[f"{phase}IntegrityAlgorithms"] = [{"Value": _INTEGRITY}]
        options[f"{phase}DHGroupNumbers"] = [{"Value": _GROUP}]
    return options
