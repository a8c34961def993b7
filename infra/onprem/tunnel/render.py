"""Makes the configuration files of a site from its values."""

from dataclasses import dataclass
from pathlib import Path
from string import Template

from infra.onprem.settings_file import BadSettings
from infra.onprem.tunnel.proposals import (
    DPD_DELAY_SECONDS,
    ESP_LIFE_SECONDS,
    ESP_PROPOSAL,
    IKE_LIFE_SECONDS,
    IKE_PROPOSAL,
    REKEY_MARGIN_SECONDS,
)
from infra.onprem.tunnel.site import IPsecTable, IPsecTunnelTable, Site, WireGuardTable

_TEMPLATES = Path(__file__).parent / "templates"
_FIRST_IF_ID = 41
_FIRST_METRIC = 100
_LONGEST_KEY = 64
_SHORTEST_KEY = 8


@dataclass(frozen=True)
class Rendered:
    """One file; `is_secret` when it must be readable by root only."""

    name: str
    text: str
    mode: int = 0o600


def render(site: Site, directory: Path) -> list[Rendered]:
    """Return the files of a site.

    Args:
        site: Its values.
        directory: Where paths in the values start.

    Raises:
        BadSettings: A pre-shared key cannot be read or used. Its value is never told.
    """
    if site.wireguard is not None:
        return _wireguard(site, site.wireguard)
    if site.ipsec is None:
        raise BadSettings("exactly one of [wireguard] and [ipsec] is needed")
    return _ipsec(site, site.ipsec, directory)


def _wireguard(site: Site, table: WireGuardTable) -> list[Rendered]:
    values = {
        **table.model_dump(),
        "listen_port": table.endpoint.rpartition(":")[2],
        "lab_address": f"{table.lab_address}/32",
        "cloud_address": f"{table.cloud_address}/32",
        "cloud_allowed": _listed(f"{table.cloud_address}/32", *site.cloud.networks),
        "lab_allowed": _listed(f"{table.lab_address}/32", *site.lab.hosts),
    }
    interfaces = [table.interface]
    name = table.interface
    return [
        Rendered(f"lab/{name}.conf", _filled("wireguard-lab.conf", **values)),
        Rendered(f"lab/{name}.nft", _firewall(site, "lab", interfaces)),
        Rendered(
            f"lab/{name}-watch.service", _filled("watch.service", **table.model_dump()), 0o644
        ),
        Rendered(f"cloud/{name}.conf", _filled("wireguard-cloud.conf", **values)),
        Rendered(f"cloud/{name}.nft", _firewall(site, "cloud", interfaces)),
    ]


def _ipsec(site: Site, table: IPsecTable, directory: Path) -> list[Rendered]:
    numbered = list(enumerate(table.tunnels, start=1))
    connections = "".join(_connection(site, table, number, one) for number, one in numbered)
    interfaces = [f"slices{number}" for number, _ in numbered]
    secrets = "".join(
        f"\tike-slices{number} {{\n\t\tid-cloud = {one.cloud_outside}\n"
        f'\t\tsecret = "{_pre_shared_key(directory / one.key_file)}"\n\t}}\n'
        for number, one in numbered
    )
    files = [
        Rendered("swanctl/conf.d/slices.conf", _filled("swanctl.conf", connections=connections)),
        Rendered("swanctl/conf.d/slices-keys.conf", _filled("swanctl-keys.conf", secrets=secrets)),
    ]
    if table.selectors:
        return [*files, Rendered("swanctl/slices.nft", _firewall(site, "lab", ["ipsec0"]))]
    return [
        *files,
        Rendered("swanctl/slices.nft", _firewall(site, "lab", interfaces)),
        Rendered("swanctl/slices-updown.sh", _filled("updown.sh", mtu=table.mtu), 0o700),
        Rendered("strongswan.d/slices.conf", _filled("strongswan.conf")),
    ]


def _connection(site: Site, table: IPsecTable, number: int, tunnel: IPsecTunnelTable) -> str:
    everything, if_id = "0.0.0.0/0", _FIRST_IF_ID + number - 1
    lines = ""
    if not table.selectors:
        command = (
            f"/etc/swanctl/slices-updown.sh slices{number} {if_id} {tunnel.lab_inside}"
            f" {_FIRST_METRIC * number} {' '.join(site.cloud.networks)}"
        )
        lines = f'if_id_in = {if_id}\nif_id_out = {if_id}\nupdown = "{command}"\n'
    return _filled(
        "swanctl-connection.conf",
        number=number,
        lab_outside=table.lab_outside or "%any",
        lab_id=table.lab_id,
        cloud_outside=tunnel.cloud_outside,
        ike_proposal=IKE_PROPOSAL,
        esp_proposal=ESP_PROPOSAL,
        local_ts=",".join(table.selectors) or everything,
        remote_ts=",".join(site.cloud.networks) if table.selectors else everything,
        dpd_delay_seconds=DPD_DELAY_SECONDS,
        ike_rekey_seconds=IKE_LIFE_SECONDS - 2 * REKEY_MARGIN_SECONDS,
        margin_seconds=REKEY_MARGIN_SECONDS,
        esp_rekey_seconds=ESP_LIFE_SECONDS - REKEY_MARGIN_SECONDS,
        esp_life_seconds=ESP_LIFE_SECONDS,
        interface_lines="".join(f"\t\t\t\t{line}\n" for line in lines.splitlines()),
    )


def _firewall(site: Site, side: str, interfaces: list[str]) -> str:
    from_cloud, to_cloud = ("arriving", "leaving") if side == "lab" else ("leaving", "arriving")
    return _filled(
        "firewall.nft",
        side=side,
        table="slices_tunnel",
        cloud_networks=_listed(*site.cloud.networks),
        services=_listed(*(one.replace(":", " . ") for one in site.lab.services)),
        interfaces="{ " + _listed(*(f'"{one}"' for one in interfaces)) + " }",
        **{from_cloud: "from_cloud", to_cloud: "to_cloud"},
    )


def _pre_shared_key(path: Path) -> str:
    """Return a pre-shared key as AWS allows it: 8 to 64 of A-Z, a-z, 0-9, '.' and '_', not 0..."""
    try:
        key = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not ASCII"
        raise BadSettings(f"pre-shared key {path}: {reason}") from error
    is_fit = _SHORTEST_KEY <= len(key) <= _LONGEST_KEY and not key.startswith("0")
    if not is_fit or not all(one.isalnum() or one in "._" for one in key):
        raise BadSettings(
            f"pre-shared key {path}: AWS takes 8 to 64 letters, digits, '.' and '_', no 0 in front"
        )
    return key


def _filled(template: str, **values: object) -> str:
    text = (_TEMPLATES / template).read_text(encoding="utf-8")
    if template.endswith(".sh"):
        return Template(text).safe_substitute(values)  # the shell's own variables stay
    return Template(text).substitute(values)


def _listed(*items: str) -> str:
    return ", ".join(dict.fromkeys(items))
