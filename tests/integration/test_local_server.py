"""The local HTTP server: one request never sees another's, and bodies are bounded."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from chalice import Chalice

from infra.local.server import MAX_BODY_BYTES, ApiServer

THREADS = 16
REQUESTS_PER_THREAD = 25


@pytest.fixture
def server():
    app = Chalice("probe")
    app.entered, app.released = threading.Event(), threading.Event()

    @app.route("/echo/{name}")
    def echo(name):
        context = app.lambda_context.aws_request_id
        time.sleep(0.002)  # other threads enter the app meanwhile
        return {
            "name": name,
            "query": app.current_request.query_params["name"],
            "same_context": app.lambda_context.aws_request_id == context,
        }

    @app.route("/sized", methods=["POST"])
    def sized():
        return {"bytes": len(app.current_request.raw_body)}

    @app.route("/slow")
    def slow():
        app.entered.set()
        assert app.released.wait(10)
        return {}

    server = ApiServer(0)
    server.app = app
    server.start(app)
    yield server
    app.released.set()
    server.stop()


def test_sixteen_threads_are_never_mixed_up(server):
    def ask(thread):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        mixed_up = 0
        for number in range(REQUESTS_PER_THREAD):
            name = f"{thread}-{number}"
            connection.request("GET", f"/echo/{name}?name={name}")
            answer = json.loads(connection.getresponse().read())
            mixed_up += answer != {"name": name, "query": name, "same_context": True}
        connection.close()
        return mixed_up

    with ThreadPoolExecutor(THREADS) as pool:
        assert sum(pool.map(ask, range(THREADS))) == 0


def test_an_answer_is_one_write(server):
    """Two small writes would meet Nagle's algorithm and a delayed ACK: 44 ms a request."""
    body = b"{}"
    head = (
        f"POST /sized HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode()
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
        for _ in range(20):
            client.sendall(head + body)
            answer, _, content = client.recv(65_536).partition(b"\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 200")
            assert content


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Length": str(MAX_BODY_BYTES + 1)}, 413),
        ({"Content-Length": "-1"}, 400),
        ({"Content-Length": "many"}, 400),
        ({"Transfer-Encoding": "chunked"}, 411),
    ],
)
def test_bodies_of_no_or_too_great_length_are_refused_unread(server, headers, status):
    lines = [f"{name}: {value}" for name, value in headers.items()]
    request = "\r\n".join(["POST /sized HTTP/1.1", "Host: x", *lines, "", ""])
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(request.encode())
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert answer.status == status
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert json.loads(answer.read())["status"] == status
        assert connection.recv(1) == b""


def test_an_unknown_path_is_a_404_that_does_not_echo_the_token(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("GET", "/nowhere", headers={"Authorization": "Bearer secret"})
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    assert (answer.status, "secret" in body) == (404, False)


def test_stop_lets_a_begun_request_end(server):
    with ThreadPoolExecutor(2) as pool:
        answer = pool.submit(_get_status, server.port, "/slow")
        assert server.app.entered.wait(10)
        stopped = pool.submit(server.stop, 10)
        server.app.released.set()
        assert answer.result(10) == 200
        assert stopped.result(10) is True


def test_a_taken_port_is_an_error(server):
    with pytest.raises(OSError, match="in use"):
        ApiServer(server.port)


def _get_status(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
    connection.request("GET", path)
    status = connection.getresponse().status
    connection.close()
    return status
