"""The agents of a lab as processes of their own, which end with the process that started them."""

import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from infra.onprem.lab import Lab

_START_SECONDS = 30.0
_STOP_SECONDS = 20.0
_PROBE_SECONDS = 1.0
_POLL_SECONDS = 0.05


def start_agent(
    lab: Lab, index: int, before: Sequence[str] = (), python: str = sys.executable
) -> subprocess.Popen[bytes]:
    """Start the agent of one site; what it says goes to the site's log.

    However this process ends, the agent ends too: the system closes the pipe then. Ctrl-C in the
    terminal is for this process only.

    Args:
        lab: Its files are there already.
        index: Of the site.
        before: Words before the command, such as `ip netns exec NAME`.
        python: An interpreter that has what infra/onprem/requirements.in lists.
    """
    command = [*before, python, "-m", "infra.onprem.qkd_agent", "run", "--until-stdin-ends"]
    with lab.log(index).open("ab") as log:
        return subprocess.Popen(  # noqa: S603  # our own program
            [*command, str(lab.configuration(index))],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def wait_for_agent(lab: Lab, index: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until every face of the agent answers.

    Raises:
        RuntimeError: it ended, or is not ready after half a minute; says what it said last.
    """
    site = lab.sites[index]
    deadline = time.monotonic() + _START_SECONDS
    for face, port in site.ports.items():
        while not is_answering(port, site.hosts.get(face, "127.0.0.1")):
            if process.poll() is not None or time.monotonic() > deadline:
                said = lab.log(index).read_text(encoding="utf-8").splitlines()[-1:]
                raise RuntimeError(
                    f"the agent of {site.kme_id} did not start: {' '.join(said) or 'it is silent'}"
                )
            time.sleep(_POLL_SECONDS)


def stop_agents(
    processes: Iterable[subprocess.Popen[bytes]], seconds: float = _STOP_SECONDS
) -> None:
    """Let agents end in good order, side by side; fine for those that have ended.

    Those that take longer are killed.
    """
    # Not by SIGTERM: it would end a program in front of the agent, such as faketime, and leave it.
    running = list(processes)
    for process in running:
        if process.stdin:
            process.stdin.close()
    for process in running:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def is_answering(port: int, host: str = "127.0.0.1") -> bool:
    """Say whether somebody shakes hands there; who it is does not matter yet."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection((host, port), _PROBE_SECONDS) as plain,
            context.wrap_socket(plain),
        ):
            return True
    except ssl.SSLError:
        return True
    except OSError:
        return False
