"""Wait for services by asking them over HTTP."""

import http.client
import time
from collections.abc import Callable

from infra.local.openstack.state import HOST, Settings

DEADLINE_SECONDS = 150.0
POLL_SECONDS = 0.05


def wait_until(condition: Callable[[], bool], what: str, check: Callable[[], None]) -> None:
    """Wait for a condition.

    Args:
        condition: Asked every 50 ms.
        what: What is waited for, for the message.
        check: Called each time; raises if waiting has become pointless.

    Raises:
        TimeoutError: It did not come true in time.
    """
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        check()
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} not ready after {DEADLINE_SECONDS:.0f} s")
        time.sleep(POLL_SECONDS)


def answers(settings: Settings, service: str) -> bool:
    """Return whether a service answers a request for its list of versions.

    A bare TCP connect would not do: on some ports it can connect to itself.
    """
    connection = http.client.HTTPConnection(HOST, settings.port(service), timeout=30)
    try:
        connection.request("GET", "/")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return status < http.client.INTERNAL_SERVER_ERROR
