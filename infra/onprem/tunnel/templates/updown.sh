#!/bin/sh
# /etc/swanctl/slices-updown.sh INTERFACE IF_ID INSIDE_ADDRESS METRIC NETWORK...
# charon runs it when a tunnel comes up or goes down. Each tunnel has an xfrm interface of its own;
# the routes go with the tunnel, so that the other one takes over.
set -eu
interface=$1 if_id=$2 address=$3 metric=$4
shift 4

case $PLUTO_VERB in
up-client)
  if ! ip link show dev "$interface" >/dev/null 2>&1; then
    ip link add "$interface" type xfrm if_id "$if_id"
    ip address add "$address" dev "$interface"
    ip link set "$interface" mtu ${mtu} up
  fi
  for network in "$@"; do ip route replace "$network" dev "$interface" metric "$metric"; done
  ;;
down-client)
  for network in "$@"; do ip route del "$network" dev "$interface" metric "$metric" || true; done
  ;;
esac
