"""The TCP ports of the services: their limits, and whether they are free."""

import socket

from .state import HOST, SERVICES, Settings

# From here up Linux picks ports for outgoing connections: a probe of a closed port in that range
# may connect to itself and look like a service.
FIRST_EPHEMERAL_PORT = 32768
LOWEST_PORT = 1024


class PortError(Exception):
    """A port is taken or out of range; the message names it and its service."""


def check_range(base_port: int) -> None:
    """Refuse a base port that does not leave all services below the ephemeral range.

    Raises:
        PortError: The base port is out of range.
    """
    highest = FIRST_EPHEMERAL_PORT - len(SERVICES)
    if not LOWEST_PORT <= base_port <= highest:
        raise PortError(f"base port {base_port} is not between {LOWEST_PORT} and {highest}")


def check_free(settings: Settings) -> None:
    """Refuse to start beside somebody who listens on one of the ports.

    Raises:
        PortError: At least one port is taken; all of them are named.
    """
    taken = [
        f"{settings.port(service)} ({service})"
        for service in SERVICES
        if not _is_free(settings.port(service))
    ]
    if taken:
        raise PortError(
            f"ports already in use on {HOST}: {', '.join(taken)}; "
            "choose others with --base-port (needs a state of its own: --state)"
        )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
