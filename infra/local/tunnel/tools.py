"""What a rehearsal needs of the machine, and which Debian packages bring it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

PACKAGES = {
    "ip": "iproute2",
    "nft": "nftables",
    "wg": "wireguard-tools",
    "wg-quick": "wireguard-tools",
    "wireguard-go": "wireguard-go",
    "swanctl": "strongswan-swanctl",
    "charon-systemd": "charon-systemd",
    "faketime": "faketime",
}
WIREGUARD = ("ip", "nft", "wg", "wg-quick", "wireguard-go")
IPSEC = ("ip", "nft", "swanctl", "charon-systemd")
_LIBIPSEC = Path("/usr/lib/ipsec/plugins/libstrongswan-kernel-libipsec.so")


def why_not(tools: tuple[str, ...]) -> str | None:
    """Return why this machine cannot run them, and what would help; None when it can."""
    if os.geteuid() != 0:
        return "namespaces need root: run it as root"
    if not Path("/dev/net/tun").exists():
        return "there is no /dev/net/tun: modprobe tun, or give the container --device /dev/net/tun"
    missing = [PACKAGES[tool] for tool in tools if shutil.which(tool) is None]
    if "charon-systemd" in tools and not _LIBIPSEC.exists():
        missing.append("libcharon-extra-plugins")
    if missing:
        names = " ".join(dict.fromkeys(missing))
        return f"make test-tunnel installs what is missing: apt-get install {names}"
    return None
