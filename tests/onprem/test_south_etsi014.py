"""A third-party KME that hangs, lies, repeats and speaks HTML."""

import base64
import json
import os
import re
import threading
import time
import uuid
from dataclasses import dataclass, field

import pytest

from infra.onprem import bench
from infra.onprem.lab import Lab, free_ports
from infra.onprem.qkd_agent.alarms import Alarms
from infra.onprem.qkd_agent.config_sections import Etsi014Section
from infra.onprem.qkd_agent.emulator.stock import Stock
from infra.onprem.qkd_agent.journal import Journal
from infra.onprem.qkd_agent.keystore.database import Database
from infra.onprem.qkd_agent.keystore.held import AlreadyUsed
from infra.onprem.qkd_agent.keystore.ledger import Ledger
from infra.onprem.qkd_agent.keystore.link_records import LinkRecords
from infra.onprem.qkd_agent.south.base import LinkStatus, LinkUnavailable, StockShort
from infra.onprem.qkd_agent.south.etsi014 import DeviceLink
from infra.onprem.qkd_agent.web.client import JsonClient
from infra.onprem.qkd_agent.web.messages import Response, json_response
from infra.onprem.qkd_agent.web.server import HttpsServer
from infra.onprem.qkd_agent.web.tls import Identity, server_context

IDS = ["00000000-0000-0000-0000-00000000000a", "00000000-0000-0000-0000-00000000000b"]


def key(size=256, key_id=None, text=None):
    text = text or base64.b64encode(os.urandom(size // 8)).decode()
    return {"key_ID": key_id or str(uuid.uuid4()), "key": text}


def html(status):
    return Response(status, b"<html>oh</html>", {"Content-Type": "text/html"})


@dataclass
class Kme:
    """A KME that answers as it is told."""

    answers: list = field(default_factory=list)
    seen: list = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)

    def answer(self, request):
        self.seen.append((request.method, request.segments[-1], request.body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer == "hang":
            self.release.wait(20)
            return html(500)
        if isinstance(answer, Response):
            return answer
        return json_response(200, answer)


class Setting:
    def __init__(self, directory, **changes):
        self.kme = Kme()
        lab = Lab(directory, bench.make_sites({"kme-a": ["agent-a"]}))
        lab.create()
        files = lab.files("kme-a")
        context = server_context(Identity(*files, lab.sae_ca))
        self.server = HttpsServer(("127.0.0.1", free_ports(1)[0]), context, self.kme.answer)
        self.server.start()
        certificate, private_key = lab.files("agent-a")
        settings = Etsi014Section(
            certificate=certificate,
            private_key=private_key,
            trusted_ca=lab.kme_ca,
            url=f"https://127.0.0.1:{self.server.port}",
            own_sae_id="agent-a",
            peer_sae_id="agent-b",
            timeout_seconds=0.4,
            **changes,
        )
        identity = Identity(certificate, private_key, lab.kme_ca)
        self.client = JsonClient(settings.url, identity, "kme-a", 0.4, 0.4)
        self.database = Database(directory / "db.sqlite3")
        self.journal = Journal(self.database, time.time)
        records = LinkRecords(self.database, "link")
        records.load(Stock(0, 0, 0, 0))
        ledger, alarms = Ledger(self.database), Alarms(self.journal)
        self.link = DeviceLink("link", settings, self.client, records, ledger, alarms, time.time)

    def kinds(self):
        return [e["about"]["kind"] for e in self.journal.after(0, 100)]

    def close(self):
        self.kme.release.set()
        self.client.close()
        self.server.stop()
        self.database.close()


@pytest.fixture
def setting(tmp_path):
    made = Setting(tmp_path)
    yield made
    made.close()


def test_keys_come_and_the_request_is_explicit(setting):
    setting.kme.answers = [{"keys": [key(512), key(512)], "extra": None}]
    drawn = setting.link.draw(IDS, 512, "kme-b")
    assert [len(k.secret) for k in drawn] == [64, 64]
    [(method, path, body)] = setting.kme.seen
    assert (method, path, json.loads(body)) == ("POST", "enc_keys", {"number": 2, "size": 512})
    references = [{"key_ID": str(uuid.uuid4())} for _ in IDS]
    answer = {"keys": [key(key_id=r["key_ID"].upper()) for r in references][::-1]}
    setting.kme.answers = [answer]
    matched = setting.link.match(IDS, references, 256, "kme-a")
    assert [m.base64() for m in matched] == [e["key"] for e in answer["keys"][::-1]]


same = key()
LIES = {
    "fewer": {"keys": [key()]},
    "none": {"keys": []},
    "more": {"keys": [key(), key(), key()]},
    "wrong size": {"keys": [key(), key(512)]},
    "31 bytes": {"keys": [key(), key(248)]},
    "repeated ID": {"keys": [same, {**key(), "key_ID": same["key_ID"]}]},
    "repeated key": {"keys": [same, {**same, "key_ID": str(uuid.uuid4())}]},
    "no base64": {"keys": [key(), key(text="#" * 44)]},
    "bad ID": {"keys": [key(), {**key(), "key_ID": "7"}]},
    "no object": {"keys": [key(), 3]},
    "a list": [key(), key()],
    "html": html(200),
    "truncated": Response(200, b'{"keys": [{"key_ID"', {"Content-Type": "application/json"}),
    "empty": Response(200, b"", {}),
    "other member": {"Keys": [key(), key()]},
}
REFUSALS = {
    "message": (json_response(400, {"message": "no 400"}), "no 400", []),
    "detail": (json_response(422, {"detail": "no 422"}), "no 422", []),
    "list": (json_response(422, {"detail": [{"msg": "no 422"}]}), "no 422", []),
    "title": (json_response(401, {"title": "no 401"}), "no 401", []),
    "html": (html(404), "<html>oh</html>", []),
    "failure": (html(500), "<html>oh</html>", ["keys_burned"]),
    "slow": (json_response(504, {"message": "no 504"}), "no 504", ["keys_burned"]),
    "a key in it": (json_response(400, {"message": f"not {'k' * 43}="}), "not .redacted.$", []),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_what_is_wrong_is_discarded_and_told(setting, lie):
    setting.kme.answers = [lie]
    with pytest.raises(LinkUnavailable):
        setting.link.draw(IDS, 256, "kme-b")
    assert setting.kinds() == ["device_lies"]
    assert len(setting.kme.seen) == 1


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_no_key_in_a_wrong_answer_is_told_on(setting, lie):
    """What is told reaches the cloud half. A cut or misshaped container may still hold keys."""
    canary = base64.b64encode(os.urandom(8)).decode()
    text = json.dumps(lie) if not isinstance(lie, Response) else lie.body.decode()
    text = re.sub(r'"key": "[^"]*"', f'"key": "{canary}"', text) + canary
    setting.kme.answers = [Response(200, text.encode(), {"Content-Type": "application/json"})]
    with pytest.raises(LinkUnavailable) as told:
        setting.link.draw(IDS, 256, "kme-b")
    shown = f"{told.value} {told.value.__cause__} {setting.journal.after(0, 100)}"
    assert "device_lies" in shown
    assert canary not in shown


@pytest.mark.parametrize(("answer", "told", "kinds"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_refusal_is_quoted_and_is_no_lie(setting, answer, told, kinds):
    setting.kme.answers = [answer]
    with pytest.raises(
        LinkUnavailable, match=f"enc_keys ended with status {answer.status}.*{told}"
    ):
        setting.link.draw(IDS, 256, "kme-b")
    assert setting.kinds() == kinds
    assert len(setting.kme.seen) == 1


def test_unusual_ids_are_right(setting):
    ids = ["ffffffff-ffff-ffff-ffff-fffffffffff1", "FFFFFFFF-ffff-ffff-ffff-fffffffffff2"]
    setting.kme.answers = [{"keys": [key(key_id=i) for i in ids]}]
    drawn = setting.link.draw(IDS, 256, "kme-b")
    # a KME that compares letter by letter finds only its own spelling
    assert [k.reference["key_ID"] for k in drawn] == ids
    setting.kme.answers = [{"keys": [key(key_id=IDS[0].lower())]}]
    assert setting.link.match(IDS[:1], [{"key_ID": IDS[0].upper()}], 256, "kme-a")
    assert json.loads(setting.kme.seen[-1][2]) == {"key_IDs": [{"key_ID": IDS[0].upper()}]}


def test_dec_keys_that_is_refused_for_good_is_burned_and_told(setting):
    setting.kme.answers = [json_response(401, {"message": "not yours"})]
    with pytest.raises(LinkUnavailable, match="dec_keys ended with status 401: not yours"):
        setting.link.match(IDS[:1], [{"key_ID": IDS[0]}], 256, "kme-a")
    assert len(setting.kme.seen) == 1
    assert setting.kinds() == ["keys_burned"]


def test_a_key_id_that_comes_again_is_discarded(setting):
    setting.kme.answers = [{"keys": [key(key_id=IDS[0])]}]
    setting.link.draw(IDS[:1], 256, "kme-b")
    with pytest.raises(LinkUnavailable):
        setting.link.draw(IDS[:1], 256, "kme-b")
    assert setting.kinds() == ["device_lies"]


def test_a_short_kme_is_a_short_stock(setting):
    setting.kme.answers = [json_response(503, {"message": "no keys"})]
    with pytest.raises(StockShort):
        setting.link.draw(IDS, 256, "kme-b")


def test_a_hanging_kme_is_asked_once_burned_and_then_left_alone(setting):
    setting.kme.answers = ["hang"]
    for _ in range(5):
        with pytest.raises(LinkUnavailable, match="did not answer"):
            setting.link.draw(IDS, 256, "kme-b")
    assert len(setting.kme.seen) == 5
    assert setting.kinds().count("keys_burned") == 5
    assert "kme_unreachable" in setting.kinds()
    with pytest.raises(LinkUnavailable, match="lately"):
        setting.link.draw(IDS, 256, "kme-b")
    assert len(setting.kme.seen) == 5


def test_dec_keys_waits_for_a_far_kme_that_is_late(setting):
    late = json_response(404, {"message": "not yet"})
    setting.kme.answers = [late, html(400), {"keys": [key(key_id=IDS[0])]}]
    assert setting.link.match(IDS[:1], [{"key_ID": IDS[0]}], 256, "kme-a")
    assert len(setting.kme.seen) == 3
    # a KME that allows a replay does not make us use a key twice
    with pytest.raises(AlreadyUsed):
        setting.link.match(IDS[:1], [{"key_ID": IDS[0]}], 256, "kme-a")


def test_dec_keys_with_other_keys_than_asked_for(setting):
    setting.kme.answers = [{"keys": [key()]}]
    with pytest.raises(LinkUnavailable):
        setting.link.match(IDS[:1], [{"key_ID": IDS[0]}], 256, "kme-a")
    assert setting.kinds() == ["device_lies"]


@pytest.mark.parametrize("reference", [{}, {"key_ID": "../../x"}, {"key_ID": 5}])
def test_references_that_are_no_ids(setting, reference):
    with pytest.raises(LinkUnavailable):
        setting.link.match(IDS[:1], [reference], 256, "kme-a")
    assert not setting.kme.seen


@pytest.mark.parametrize(
    ("status", "stock"),
    [
        ({"stored_key_count": 10, "max_key_count": 100, "key_size": 256}, 2560),
        ({"stored_key_count": None, "source_KME_ID": 0, "max_key_count": "x"}, 0),
        ({"stored_key_count": True, "key_size": -1}, 0),
        ({}, 0),
    ],
)
def test_status_is_advisory(setting, status, stock):
    setting.kme.answers = [status]
    view = setting.link.view()
    assert (view.status, view.stock_bits, view.source) == (LinkStatus.ACTIVE, stock, "device")
    assert setting.link.samples(0, 10)[0].stock_bits == stock


@pytest.mark.parametrize(
    ("answer", "is_down"),
    [(html(500), True), (html(502), True), (html(401), True), (html(404), False),
     (html(405), False), (html(200), False), ([1], False)],
)  # fmt: skip
def test_a_kme_without_a_status_is_used_all_the_same(setting, answer, is_down):
    setting.kme.answers = [answer]
    view = setting.link.view()
    assert (view.is_down, view.stock_bits) == (is_down, 0)


def test_a_disabled_link_gives_nothing(setting):
    setting.link.enable(enabled=False)
    with pytest.raises(LinkUnavailable):
        setting.link.draw(IDS, 256, "kme-b")
    assert not setting.kme.seen


def test_get_is_used_only_if_configured(tmp_path):
    setting = Setting(tmp_path, uses_get=True)
    setting.kme.answers = [{"keys": [key()]}, {"keys": [key()]}]
    setting.link.draw(IDS, 256, "kme-b")
    assert [method for method, _, _ in setting.kme.seen] == ["GET", "GET"]
    setting.close()
