#!/usr/bin/env bash
# Install what the tunnel needs on Debian or Ubuntu: install.sh wireguard | ipsec | rehearsal
set -euo pipefail

case ${1:-} in
  wireguard) packages=(wireguard-tools nftables iputils-ping) ;;
  ipsec) packages=(charon-systemd strongswan-swanctl libstrongswan-standard-plugins nftables) ;;
  rehearsal)
    packages=(
      iproute2 iputils-ping nftables wireguard-go wireguard-tools charon-systemd
      strongswan-swanctl libstrongswan-standard-plugins libcharon-extra-plugins faketime
    )
    ;;
  *)
    printf 'usage: %s wireguard | ipsec | rehearsal\n' "$0" >&2
    exit 2
    ;;
esac

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' ||
    missing+=("$package")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0
if [[ $EUID -ne 0 ]] || ! command -v apt-get >/dev/null; then
  printf 'Please run as root: apt-get install -y --no-install-recommends %s\n' "${missing[*]}" >&2
  exit 1
fi
printf 'Installing %s ...\n' "${missing[*]}" >&2
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
