"""The simulator as a program and as a socket."""

import json
import signal
import socket
import subprocess
import sys

from infra.local.simulator import Simulator
from tests.integration.simulator.support import connect


def test_program_says_where_it_is_and_ends_on_sigterm(tmp_path):
    target = tmp_path / "state" / "clouds.yaml"
    command = [sys.executable, "-m", "infra.local.simulator", "--port", "0"]
    with subprocess.Popen(
        [*command, "--clouds-yaml", str(target)], stdout=subprocess.PIPE, text=True
    ) as process:
        ready = json.loads(process.stdout.readline())
        connection = connect(ready["clouds_yaml"], ready["cloud"])
        flavors = list(connection.compute.flavors())
        connection.close()
        process.send_signal(signal.SIGTERM)
        status = process.wait(5)

    assert len(flavors) == 5
    assert status == 0


def test_port_is_below_the_ephemeral_range():
    with Simulator() as simulator:
        assert int(simulator.origin.rpartition(":")[2]) < 32768


def test_stop_frees_the_port_and_ends_open_connections():
    simulator = Simulator()
    simulator.start()
    address = ("127.0.0.1", int(simulator.origin.rpartition(":")[2]))
    with socket.create_connection(address, timeout=5) as idle:
        idle.sendall(b"GET /identity/v3 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(100_000).startswith(b"HTTP/1.1 200 ")

        simulator.stop()

        assert idle.recv(1) == b""
    with socket.socket() as closed:
        assert closed.connect_ex(address) != 0
