"""Canaries through the life of QKD links: keys, private keys and tokens are only where they belong.

Two VMs enrol, fetch keys, are refused some, lose a site and go. Then every log, table, workflow,
function payload, answer and file is searched for each key that was delivered, the private keys of
SAEs, agents and authorities, the secret of the emulated link and the enrolment tokens. At the end
a canary is planted in every place, to see that the search would have found it there.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import logging
import secrets
import tempfile
import textwrap
import urllib.error
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from chalicelib import bootstrap
from chalicelib.adapters.aws_clients import make_client
from chalicelib.adapters.qkd_agent.transport import SiteTransport
from infra.local.environment import INFRA_ID
from infra.local.qkd import QKDLab
from infra.local.stack import LocalStack, StackOptions
from tests.canary import (
    Collector,
    Secret,
    collected_logs,
    files,
    leaks,
    private_key_secrets,
    tables,
    workflows,
)
from tests.integration.stack.client import Experiment, wait_until
from tests.integration.stack.conftest import VARIABLES
from tests.integration.stack.test_links import up_pair

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

FETCH = Path(__file__).parents[2] / "examples" / "fetch-key.py"
ADMISSION = "answers of agents to POST /v1/saes"
GUESTS = "state guests/"  # what is in the VMs, of which the test stands in for the disks


@dataclass
class Run:
    """A stack, and all that is heard of it."""

    stack: LocalStack
    temporary: Path
    collector: Collector
    texts: dict[str, list[str]] = field(default_factory=dict)
    secrets: list[Secret] = field(default_factory=list)
    keys: int = 0

    def hear(self, place: str, text: str) -> None:
        self.texts.setdefault(place, []).append(text)

    def places(self) -> dict[str, bytes]:
        heard = {
            **self.texts,
            "logs": self.collector.lines,
            "JSON logs": self.collector.json_lines,
            "URLs of the cloud": [one.path for one in self.stack.simulator.requests],
        }
        return {
            **{place: "\n".join(texts).encode() for place, texts in heard.items()},
            **tables(),
            **workflows(),
            **self.files(),
        }

    def files(self) -> dict[str, bytes]:
        state = self.stack.options.state
        return {**files("state", state), **files("temporary", self.temporary)}


@dataclass(frozen=True)
class Evidence:
    secrets: list[Secret]
    keys: int
    living: dict[str, bytes]
    stopped: dict[str, bytes]
    planted: dict[str, bytes]
    canary: Secret


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evidence]:
    state, temporary = tmp_path_factory.mktemp("stack"), tmp_path_factory.mktemp("temporary")
    if not QKDLab(state, state).can_run():
        pytest.skip("the QKD agents need what infra/onprem/requirements.in lists")
    variables = {**VARIABLES, "LOCAL_SECONDS_TELEMETRY": "1"}
    options = StackOptions(state=state, boot_seconds=0.3, variables=variables, qkd=True)
    with pytest.MonkeyPatch.context() as patch, collected_logs(INFRA_ID) as collector:
        patch.setenv("TMPDIR", str(temporary))
        patch.setattr(tempfile, "tempdir", str(temporary))
        patch.setattr(QKDLab, "begin", _talkative(QKDLab.begin))
        with LocalStack(options) as stack:
            run = Run(stack, temporary, collector)
            _listen(patch, run)
            _live(run)
            _know_files(run)
            living = run.places()
            canary = Secret("canary", secrets.token_bytes(32))
            _plant(run, canary.value)
            planted = run.places()
        yield Evidence(run.secrets, run.keys, living, run.files(), planted, canary)


def _talkative(begin: Callable[[QKDLab], None]) -> Callable[[QKDLab], None]:
    def begin_at_debug(lab: QKDLab) -> None:
        lab._lab.extra = {"agent": {**lab._lab.extra["agent"], "log_level": "DEBUG"}}
        begin(lab)

    return begin_at_debug


def _listen(patch: pytest.MonkeyPatch, run: Run) -> None:
    """Keep every answer to users and to the backend, and what functions are called with."""
    call, send = Experiment.call, SiteTransport._send

    def call_and_keep(*arguments: Any, **query: Any) -> Any:
        answer = call(*arguments, **query)
        run.hear("answers to users", answer.text)
        return answer

    def send_and_keep(self: SiteTransport, method: str, path: str, *rest: Any) -> Any:
        status, text = send(self, method, path, *rest)
        is_admission = (method, path) == ("POST", "/v1/saes")
        if is_admission and "token" in (answer := json.loads(text)):
            run.secrets.append(
                Secret(
                    f"token of {answer['sae_id']}", answer["token"].encode(), (ADMISSION, GUESTS)
                )
            )
        run.hear(ADMISSION if is_admission else "answers of agents", text)
        return status, text

    def invoke(call: Any, proceed: Callable[[], Any]) -> Any:
        result = proceed()
        run.hear("function payloads", json.dumps([call.event, result]))
        return result

    patch.setattr(Experiment, "call", call_and_keep)
    patch.setattr(SiteTransport, "_send", send_and_keep)
    run.stack.functions.interceptors.append(invoke)


def _live(run: Run) -> None:
    """Request, fetch, be refused, lose a site, delete; look at everything on the way."""
    experiment = Experiment(run.stack, "careful", "project")
    accepted = up_pair(experiment)
    link = f"/links/{accepted['links'][0]['id']}"
    spec = importlib.util.spec_from_file_location("fetch_key", FETCH)
    vm = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(vm)
    guests = [run.stack.lab.guests / name / "slices-qkd" / "ab" for name in ("a", "b")]
    for name, directory in zip("ab", guests, strict=True):
        pem = (directory / "key.pem").read_bytes()
        run.secrets += private_key_secrets(f"key of the SAE in {name}", pem, (GUESTS,))

    def ask(guest: int, method: str, body: dict[str, object]) -> list[dict[str, str]]:
        to = json.loads((guests[guest] / "link.json").read_text())
        url = f"{to['kme_url']}/api/v1/keys/{to['peer_sae_id']}/{method}"
        entries = vm.post(url, body, guests[guest])["keys"]
        for entry in entries:
            value = base64.b64decode(entry["key"])
            run.secrets.append(Secret(f"key {entry['key_ID']}", value))
        run.keys += len(entries)
        return entries

    entries = ask(0, "enc_keys", {"number": 20})
    wanted = {"key_IDs": [{"key_ID": entry["key_ID"]} for entry in entries[:10]]}
    assert [one["key"] for one in ask(1, "dec_keys", wanted)] == [e["key"] for e in entries[:10]]
    with pytest.raises(urllib.error.HTTPError, match="400"):
        ask(1, "dec_keys", wanted)
    run.stack.scheduler.run("telemetry")
    (shown,) = experiment.ok("GET", "/qkd-links")
    for path in (link, "/links", f"/qkd-links/{shown['id']}/samples"):
        experiment.ok("GET", path)

    run.stack.lab.kill("kme-b")
    with pytest.raises(urllib.error.HTTPError, match="503"):
        ask(0, "enc_keys", {"number": 1})
    run.stack.scheduler.run("telemetry")
    run.stack.lab.restart()
    bootstrap.reset()
    for resource_id in accepted["task"]["resource_ids"]:
        experiment.delete(resource_id)
        experiment.ok("GET", f"/resources/{resource_id}/events")
    wait_until(lambda: experiment.ok("GET", link)["ended_at"], "the release")
    for task in experiment.ok("GET", "/tasks"):
        experiment.ok("GET", f"/tasks/{task['id']}")
    run.stack.scheduler.run("telemetry")


def _know_files(run: Run) -> None:
    """Add the secrets of the lab, each of which belongs into its own file."""
    lab = run.stack.options.state / "qkd"
    for path in sorted(lab.rglob("*")):
        name = f"qkd/{path.relative_to(lab)}"
        if path.suffix == ".secret" or path.name == "store.key":
            run.secrets.append(Secret(name, path.read_bytes(), (f"state {name}",)))
        elif path.suffix == ".key":
            run.secrets += private_key_secrets(name, path.read_bytes(), (f"state {name}",))


def _plant(run: Run, value: bytes) -> None:
    """Put a canary into each kind of place, every time in another shape."""
    line = f"a key: {value.hex()}"
    logging.getLogger("chalicelib").info(line)
    run.hear("answers to users", json.dumps({"key": base64.b64encode(value).decode()}))
    run.hear("answers of agents", json.dumps({"key": value[::-1].hex()}))
    run.hear("function payloads", repr(value))
    pem = "\n".join(textwrap.wrap(base64.b64encode(b"-" * 40 + value).decode(), 64))
    (run.temporary / "planted.pem").write_text(pem)
    (run.stack.options.state / "planted").write_bytes(b"before " + value + b" after")
    database = make_client("dynamodb")
    for name in database.list_tables()["TableNames"]:
        schema = database.describe_table(TableName=name)["Table"]
        types = {
            one["AttributeName"]: one["AttributeType"] for one in schema["AttributeDefinitions"]
        }
        key = {
            one["AttributeName"]: {types[one["AttributeName"]]: "1"} for one in schema["KeySchema"]
        }
        database.put_item(TableName=name, Item={**key, "canary": {"B": value}})
    workflow = make_client("stepfunctions")
    machine = workflow.create_state_machine(
        name="planted",
        definition=json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}),
        roleArn="arn:aws:iam::123456789012:role/planted",
    )
    text = json.dumps({"key": base64.urlsafe_b64encode(value).decode()})
    workflow.start_execution(stateMachineArn=machine["stateMachineArn"], input=text)


def test_nothing_is_where_it_does_not_belong(evidence):
    assert leaks(evidence.secrets, evidence.living) == []
    assert leaks(evidence.secrets, evidence.stopped) == []


def test_there_was_something_to_find(evidence):
    """Else the test above would prove nothing."""
    names = [secret.name for secret in evidence.secrets]
    assert evidence.keys == 30
    assert sum(name.startswith("token of ") for name in names) >= 2
    assert sum(name.startswith("key of the SAE in ") for name in names) == 6
    for file in ("ca/ca.key", "sae-ca/ca.key", "kme-a.key", "slices-backend.key"):
        assert f"qkd/{file} (PKCS #8)" in names
    assert "qkd/kme-a--kme-b.secret" in names
    for place, sign in {
        "logs": b"functions.telemetry",
        "JSON logs": b'"message":"call to',
        "answers to users": b'"active"',
        "answers of agents": b"qkd_link",
        ADMISSION: b'"token"',
        "function payloads": b"task_id",
        "URLs of the cloud": b"/servers",
        "state qkd/kme-a.log": b"kme-b",
        "state qkd/kme-a-data/agent.sqlite3": b"SQLite format",
    }.items():
        assert sign in evidence.living[place], place
    assert any(place.startswith("table ") and data for place, data in evidence.living.items())
    assert any(place.startswith("workflow ") and data for place, data in evidence.living.items())


def test_what_belongs_somewhere_is_found_there(evidence):
    """The search does see files, tokens and private keys; they are excused, not overlooked."""
    everywhere = [Secret(one.name, one.value) for one in evidence.secrets]
    found = leaks(everywhere, evidence.living)
    assert any(one.startswith("token of ") and one.endswith(ADMISSION) for one in found)
    assert "qkd/ca/ca.key (PKCS #8) in state qkd/ca/ca.key" in found
    assert "qkd/kme-a--kme-b.secret in state qkd/kme-a--kme-b.secret" in found


def test_a_planted_canary_is_found_in_every_place(evidence):
    found = {one.removeprefix("canary in ") for one in leaks([evidence.canary], evidence.planted)}
    kept = {place for place in evidence.planted if place.startswith("table ")}
    assert found == kept | {
        "logs", "answers to users", "answers of agents", "function payloads",
        "temporary planted.pem", "state planted", "workflow planted",
    }  # fmt: skip
    assert len(kept) >= 5
    assert b"a key: [redacted]" in evidence.planted["JSON logs"], "what leaves a machine is fenced"
