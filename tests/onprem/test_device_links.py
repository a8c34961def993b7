"""Agents whose link keys come from the KMEs of another operator, down to the SAEs."""

import contextlib
import socket
import ssl
import threading

import pytest

from infra.onprem import bench
from infra.onprem.lab import Lab
from infra.onprem.qkd_agent.web.client import JsonClient, NoAnswer, NotSent
from infra.onprem.qkd_agent.web.tls import Identity, server_context
from tests.onprem.conftest import make_world
from tests.onprem.device_world import KMES, device_world


@pytest.fixture(scope="module")
def kmes(tmp_path_factory):
    """Two KMEs that hold to the standard, with a CA of their own."""
    world = make_world(tmp_path_factory.mktemp("vendor"), KMES)
    world.start()
    yield world
    world.stop()


@pytest.fixture(scope="module", params=["POST", "GET"])
def sites(request, kmes, tmp_path_factory):
    world = device_world(tmp_path_factory.mktemp("lab"), kmes, uses_get=request.param == "GET")
    world.start()
    yield world
    world.stop()


def consumed(world, site):
    (link,) = world.control(site).call("GET", "/v1/links").body["links"]
    return link["consumed_bits"]


def test_both_saes_get_the_keys_that_the_kmes_made(sites, kmes):
    before = [consumed(kmes, site) for site in (0, 1)]
    made = sites.sae("alice").call("POST", "/api/v1/keys/bob/enc_keys", {"number": 5})
    assert made.status == 200, made.message
    assert made.body["key_container_extension"]["slices_source"] == "device"
    wanted = {"key_IDs": [{"key_ID": entry["key_ID"]} for entry in made.body["keys"]]}
    bob = sites.sae("bob")
    assert (
        bob.call("POST", "/api/v1/keys/alice/dec_keys", wanted).body["keys"] == (made.body["keys"])
    )
    assert bob.call("POST", "/api/v1/keys/alice/dec_keys", wanted).status == 400
    # The keys are the KMEs' own, each taken once at each end.
    after = [consumed(kmes, site) for site in (0, 1)]
    assert [now - then for now, then in zip(after, before, strict=True)] == [5 * 256] * 2


def test_the_status_is_the_kmes(sites):
    status = sites.sae("alice").call("GET", "/api/v1/keys/bob/status").body
    assert status["stored_key_count"] > 1000
    assert status["status_extension"]["slices_source"] == "device"


def test_what_the_kme_does_not_make_is_refused(sites, kmes):
    before = consumed(kmes, 0)
    asked = {"number": 1, "size": 64}
    assert sites.sae("alice").call("POST", "/api/v1/keys/bob/enc_keys", asked).status == 200
    assert consumed(kmes, 0) - before == 64


BODY = b'{"keys": []}'
FRAMES = {
    "to the end of the connection": b"HTTP/1.0 200 OK\r\n\r\n" + BODY,
    "in chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\n" + BODY[:5] + b"\r\n7\r\n" + BODY[5:] + b"\r\n0\r\n\r\n",
    "with a length, then silently closed": b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n" + BODY,
    "after a provisional answer": b"HTTP/1.1 100 Continue\r\n\r\n"
    b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n" + BODY,
    "as text": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 12\r\n\r\n" + BODY,
}


def answer_each_connection_once(listener, context, frame):
    while True:
        try:
            plain, _ = listener.accept()
        except OSError:
            return
        with (
            plain,
            contextlib.suppress(ssl.SSLError),  # the client refuses the certificate
            context.wrap_socket(plain, server_side=True) as connection,
        ):
            received = b""
            while b"{}" not in received and (more := connection.recv(4096)):
                received += more
            if received:
                connection.sendall(frame)


@contextlib.contextmanager
def answering(directory, frame, kme="vendor", hosts=("127.0.0.1",)):
    """Serve a frame at a time; yield what makes a client that expects a name."""
    lab = Lab(directory, bench.make_sites({"kme-a": ["agent-a"]}))
    lab.create()
    context = server_context(Identity(*lab.certificate("ca", kme, hosts), lab.sae_ca))
    identity = Identity(*lab.files("agent-a"), lab.kme_ca)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        arguments = (listener, context, frame)
        server = threading.Thread(target=answer_each_connection_once, args=arguments, daemon=True)
        server.start()
        yield lambda name: JsonClient(url, identity, name, keeps_connections=False)
        listener.shutdown(socket.SHUT_RDWR)
    server.join(5)
    assert not server.is_alive()


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES.keys())
def test_answers_come_in_many_frames(tmp_path, frame):
    """KMEs run on all kinds of HTTP servers; one that closes connections loses no answer."""
    with answering(tmp_path, frame) as client:
        for _ in range(3):
            answer = client("127.0.0.1").call("POST", "/api/v1/keys/x/enc_keys", {})
            assert (answer.status, answer.body) == (200, {"keys": []})


def test_a_certificate_with_only_a_common_name_is_compared_by_it(tmp_path):
    frame = FRAMES["in chunks"]
    with answering(tmp_path, frame, kme="Vendor KME 7", hosts=()) as client:
        for wrong in ("Vendor KME 8", "127.0.0.1"):
            with pytest.raises((NotSent, NoAnswer), match=r"SSL|Certificate"):
                client(wrong).call("POST", "/", {})
        assert client("Vendor KME 7").call("POST", "/", {}).status == 200
