"""The application as a whole: its routes, its page, what its process loads."""

from __future__ import annotations

import re
import subprocess
import sys

from app import app
from chalicelib.api.operations import OPERATIONS
from tests.fakes.api import (
    Api,
)


def test_the_page_about_the_api_loads_nothing_from_elsewhere(api: Api) -> None:
    page = api.call("GET", "/docs", token=None)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = page.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "http" not in policy
    html = page.body.decode()
    assert "<script>" not in html
    assert "style=" not in html
    for file in re.findall(r'(?:src|href)="(/docs/[^"]+)"', html):
        answer = api.call("GET", file, token=None, headers={"Accept": "*/*"})
        assert answer.status_code == 200
    assert "http" not in api.call("GET", "/docs/docs.js", token=None).body.decode()
    assert api.call("GET", "/docs/MANIFEST.json", token=None).status_code == 404
    assert api.call("GET", "/docs/..%2Fapp.py", token=None).status_code == 404


def test_the_application_is_not_in_debug_mode_and_every_operation_is_bound() -> None:
    assert app.debug is False
    bound = {
        (method, path) for path, entries in app.routes.items() for method in entries
    }  # fmt: skip
    wanted = {(op.method, path) for op in OPERATIONS for path in op.paths}
    assert {entry for entry in bound if entry[0] != "OPTIONS"} == wanted


def test_the_api_process_loads_neither_openstack_nor_boto3() -> None:
    code = (
        "import app, sys; from chalicelib import bootstrap; "
        "found = {'openstack', 'keystoneauth1', 'boto3', 'moto', 'jwt'} & set(sys.modules); "
        "sys.exit(f'loaded: {found}' if found else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
