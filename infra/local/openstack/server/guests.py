"""Boot simulated guests beside the hypervisor, each in a thread of its own."""

import importlib
import logging
import threading

LOG = logging.getLogger("nova.virt.slices_loopback")
GUEST_MODULE = "infra.local.guest"


def boot(user_data: bytes, hostname: str) -> None:
    """Boot a guest in the background; a guest that fails is logged and disturbs nobody else.

    Args:
        user_data: The decoded user data of the server. Never logged: it may hold secrets.
        hostname: The guest's name.
    """
    if user_data:
        threading.Thread(
            target=_run, args=(user_data, hostname), name=f"guest-{hostname}", daemon=True
        ).start()


def _run(user_data: bytes, hostname: str) -> None:
    try:
        # Late, so that a broken guest cannot keep Nova from starting.
        guest = importlib.import_module(GUEST_MODULE)
    except ImportError:
        LOG.exception("guest %s stays silent: %s cannot be imported", hostname, GUEST_MODULE)
        return
    try:
        guest.boot(user_data, hostname)
    except Exception as error:  # noqa: BLE001 - whatever a guest does, the hypervisor goes on
        # Neither the message nor the traceback: both may quote user data.
        LOG.error("guest %s failed: %s", hostname, type(error).__name__)  # noqa: TRY400 - as above
    else:
        LOG.info("guest %s has booted", hostname)
