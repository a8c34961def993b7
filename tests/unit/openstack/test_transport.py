"""What the adapter pins on every request, whatever clouds.yaml and the environment say."""

import json
import subprocess
import sys
from uuid import UUID

import pytest
import requests
from requests.adapters import HTTPAdapter

from chalicelib.adapters.openstack.connection import CloudConnection
from chalicelib.adapters.openstack.sdk import Server
from chalicelib.domain.errors import CloudUnreachable
from chalicelib.domain.ids import IdKind, make_id
from chalicelib.logs.context import scope

TASK_UUID = UUID("01890a5d-ac96-774b-bcce-b302099a8057")


@pytest.fixture
def told():
    """What the lines of this call share."""
    return {}


@pytest.fixture
def sent(monkeypatch, tmp_path, told):
    """Refuse every request, and return what was about to be sent."""
    requests_seen = []

    def send(_self, request, *_args, **options):
        requests_seen.append((request, options))
        raise requests.ConnectionError("nothing leaves this test")

    monkeypatch.setattr(HTTPAdapter, "send", send)
    (tmp_path / "lab-ca.pem").write_text("")
    clouds = {
        "slices": {
            "auth": {
                "auth_url": "https://keystone.lab.example:5000/v3",
                "username": "u",
                "password": "p",
                "project_name": "p",
                "user_domain_id": "default",
                "project_domain_id": "default",
            },
            "cacert": str(tmp_path / "lab-ca.pem"),
            "api_timeout": 3600,
        }
    }
    (tmp_path / "clouds.yaml").write_text(json.dumps({"clouds": clouds}))
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "clouds.yaml"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent/bundle.pem")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with (
        scope(told),
        pytest.raises(CloudUnreachable),
        CloudConnection("slices", request_seconds=7.0).call() as cloud,
    ):
        list(Server.list(cloud.compute))
    assert requests_seen
    return requests_seen


def test_the_labs_certificate_authority_is_the_one_that_counts(sent, tmp_path):
    assert {options["verify"] for _, options in sent} == {str(tmp_path / "lab-ca.pem")}


def test_no_proxy_of_the_environment_is_asked(sent):
    assert not any(options["proxies"] for _, options in sent)


def test_the_time_is_ours(sent):
    assert all(0 < options["timeout"] <= 7.0 for _, options in sent)


def test_operators_can_tell_who_asks(sent):
    assert all(request.headers["User-Agent"].startswith("slices-bi/") for request, _ in sent)


def test_the_package_alone_does_not_cost_the_sdk():
    program = (
        "import sys, chalicelib.adapters.openstack; "
        "sys.exit(any(name in sys.modules for name in ('openstack', 'keystoneauth1', 'requests')))"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize(
    ("told", "header"),
    [
        ({"task_id": make_id(IdKind.TASK, "site", TASK_UUID)}, f"req-{TASK_UUID}"),
        # The task is the same from request to agent; the run that resumes it is not.
        (
            {"run_id": str(UUID(int=1)), "task_id": make_id(IdKind.TASK, "site", TASK_UUID)},
            f"req-{TASK_UUID}",
        ),
        ({"run_id": str(TASK_UUID)}, f"req-{TASK_UUID}"),
        # oslo takes `req-<UUID>` only: OpenStack then chooses its own.
        ({"run_id": "of-another-making"}, None),
        ({"task_id": "task_of_another_making"}, None),
        ({}, None),
    ],
)
def test_openstack_is_told_what_the_call_belongs_to(sent, header):
    assert {request.headers.get("X-Openstack-Request-Id") for request, _ in sent} == {header}
