"""Who gets in, and who does not."""

import ssl

import pytest

from infra.onprem.lab import BACKEND, free_ports
from infra.onprem.qkd_agent.ca import CertificateAuthority, create_ca
from infra.onprem.qkd_agent.web.client import JsonClient, NoAnswer, NotSent
from infra.onprem.qkd_agent.web.tls import Identity

STATUS = "/api/v1/keys/bob/status"
NODE = "/restconf/data/etsi-qkd-sdn-node:qkd_node"


def with_files(world, files, port, ca=None):
    identity = Identity(*files, ca or world.lab.kme_ca)
    client = JsonClient(f"https://127.0.0.1:{port}", identity, "127.0.0.1")
    world.clients.append(client)
    return client


def test_a_certificate_of_another_ca_is_refused(world, tmp_path):
    create_ca(tmp_path, "other CA")
    issued, key = CertificateAuthority(tmp_path / "ca.pem", tmp_path / "ca.key").issue_pair(
        "alice", [], 3600
    )
    (tmp_path / "a.pem").write_text(issued.pem)
    (tmp_path / "a.key").write_bytes(key)
    for face in ("sae", "peer", "control"):
        port = world.lab.sites[0].ports[face]
        with pytest.raises((NoAnswer, NotSent)):
            with_files(world, (tmp_path / "a.pem", tmp_path / "a.key"), port).call("GET", STATUS)


def test_an_expired_certificate_is_refused(world):
    files = world.lab.certificate("sae-ca", "expired", seconds=-60)
    with pytest.raises((NoAnswer, NotSent)):
        with_files(world, files, world.lab.sites[0].ports["sae"]).call("GET", STATUS)


def test_no_certificate_no_connection(world):
    import urllib3

    context = ssl.create_default_context(cafile=world.lab.kme_ca)
    for face in ("sae", "peer", "control"):
        port = world.lab.sites[0].ports[face]
        with (
            urllib3.HTTPSConnectionPool("127.0.0.1", port, ssl_context=context) as pool,
            pytest.raises(urllib3.exceptions.HTTPError),
        ):
            pool.urlopen("GET", STATUS, retries=False, timeout=5)


def test_a_stranger_of_the_right_ca_gets_401(world):
    files = world.lab.certificate("sae-ca", "stranger")
    answer = with_files(world, files, world.lab.sites[0].ports["sae"]).call("GET", STATUS)
    assert answer.status == 401
    assert answer.body["message"]


def test_an_sae_of_another_site_gets_401(world):
    assert world.client("bob", 0).call("GET", STATUS).status == 401


def test_a_header_names_nobody(world):
    files = world.lab.certificate("sae-ca", "spoofer")
    client = with_files(world, files, world.lab.sites[0].ports["sae"])
    for name in ("X-SSL-Client-CN", "SSL_CLIENT_S_DN_CN", "X-Forwarded-Client-Cert", "X-SAE-ID"):
        assert client.call("GET", STATUS, headers={name: "alice"}).status == 401


def test_saes_do_not_reach_the_other_faces(world):
    """They come from a CA of their own, whatever they are called."""
    world.lab.directory.joinpath("imposter").mkdir()
    authority = CertificateAuthority(world.lab.sae_ca, world.lab.sae_ca.with_suffix(".key"))
    issued, key = authority.issue_pair(BACKEND, [], 3600)
    files = tuple(world.lab.directory / "imposter" / n for n in ("c.pem", "c.key"))
    files[0].write_text(issued.pem)
    files[1].write_bytes(key)
    for face in ("control", "peer"):
        with pytest.raises((NoAnswer, NotSent)):
            with_files(world, files, world.lab.sites[0].ports[face]).call("GET", NODE)


def test_agents_and_backend_stay_on_their_faces(world):
    assert world.client("kme-b", 0, "control").call("GET", NODE).status == 401
    assert world.client(BACKEND, 0, "peer").call("GET", "/kmapi/versions").status == 401
    assert world.control().call("GET", NODE).status == 200
    assert world.client("kme-b", 0, "peer").call("GET", "/kmapi/versions").body["versions"] == [
        "v1"
    ]


def test_a_client_refuses_a_server_of_another_name_or_ca(world):
    lab = world.lab
    url = f"https://127.0.0.1:{lab.sites[0].ports['sae']}"
    right, wrong_ca = (Identity(*lab.files("alice"), ca) for ca in (lab.kme_ca, lab.sae_ca))
    for client in (JsonClient(url, right, "kme-z"), JsonClient(url, wrong_ca, "127.0.0.1")):
        with pytest.raises((NoAnswer, NotSent)):
            client.call("GET", STATUS)
        client.close()
    client = JsonClient(url, right, "kme-a")
    assert client.call("GET", STATUS).status == 200
    client.close()


def test_a_connection_ends_with_its_certificate(world, monkeypatch):
    from infra.onprem.qkd_agent.web import server

    files = world.lab.certificate("sae-ca", "brief", seconds=3600)
    client = with_files(world, files, world.lab.sites[0].ports["sae"])
    assert client.call("GET", STATUS).status == 401
    connection = client._pool.pool.get()
    sock = connection.sock
    client._pool.pool.put(connection)
    real = server.time.time
    monkeypatch.setattr(server.time, "time", lambda: real() + 7200)
    with pytest.raises((NoAnswer, NotSent)):
        client.call("GET", STATUS)
    assert sock is not None


def test_a_silent_client_stops_nobody(world):
    import socket

    silent = [
        socket.create_connection(("127.0.0.1", world.lab.sites[0].ports["sae"])) for _ in range(3)
    ]
    assert world.sae("alice").call("GET", STATUS).status == 200
    for connection in silent:
        connection.close()


def test_names_in_certificates(tmp_path):
    from infra.onprem.qkd_agent.config_sections import IdentitySection
    from infra.onprem.qkd_agent.keystore.database import Database
    from infra.onprem.qkd_agent.registry.saes import NotAdmitted, Saes, SaeSection
    from infra.onprem.qkd_agent.web.messages import PeerCertificate

    database = Database(tmp_path / "d.sqlite3")
    shown = PeerCertificate("cn-name", ("urn:x:1", "urn:sae:uri%20name"), "FF", 9e9)
    static = tuple(SaeSection(sae_id=i, kme_id="k") for i in ("cn-name", "uri name", "255"))
    for source, name in (("cn", "cn-name"), ("uri", "uri name"), ("serial", "255")):
        saes = Saes(database, IdentitySection(sae_from=source), static, "k", lambda: 0.0)
        assert saes.identify(shown) == name
    with pytest.raises(NotAdmitted):
        saes.identify(None)
    two = PeerCertificate("", ("urn:sae:a", "urn:sae:b"), "1", 9e9)
    saes = Saes(database, IdentitySection(sae_from="uri"), static, "k", lambda: 0.0)
    with pytest.raises(NotAdmitted):
        saes.identify(two)
    database.close()


def test_bench_ports_are_below_the_ephemeral_range():
    assert all(port < 32768 for port in free_ports(3))


def test_an_answer_comes_in_one_record(world):
    """Head and body apart would wake the other end up twice."""
    import socket

    from infra.onprem.qkd_agent.web.tls import client_context

    context = client_context(Identity(*world.lab.files("alice"), world.lab.kme_ca))
    address = ("127.0.0.1", world.lab.sites[0].ports["sae"])
    with socket.create_connection(address, timeout=10) as plain, context.wrap_socket(plain) as tls:
        for _ in range(2):
            tls.sendall(f"GET {STATUS} HTTP/1.1\r\nHost: kme-a\r\n\r\n".encode())
            head, _, body = tls.recv(1 << 16).partition(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split()[0])
            assert head.startswith(b"HTTP/1.1 200")
            assert len(body) == length > 0
