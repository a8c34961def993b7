"""/ui over HTTP: the page, its policy, its files, and what it is told."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest

from chalicelib.api.web_page import (
    current_release,
    files,
    page_policy,
    site_files,
    web_file,
    write_site,
)
from tests.fakes.api import ADMIN, ALICE, EXPERIMENT, PROJECT, Api

ROOT = Path(__file__).parents[2]


def get(api: Api, path: str, **headers: str):
    return api.call("GET", path, token=None, headers={"Accept": "*/*", **headers})


def test_every_address_in_the_page_is_served_and_may_be_kept_for_good(api: Api) -> None:
    html = get(api, "/ui").body.decode()
    addresses = re.findall(r'"(/ui/[^"]+)"', html)
    assert len(addresses) > 8
    for address in addresses:
        answer = get(api, address)
        assert answer.status_code == 200, address
        assert "immutable" in answer.headers["Cache-Control"]


def test_the_policy_names_the_import_map_and_allows_nothing_unsafe(api: Api) -> None:
    answer = get(api, "/ui")
    policy = answer.headers["Content-Security-Policy"]
    (import_map,) = re.findall(
        r'<script type="importmap">(.*?)</script>', answer.body.decode(), re.DOTALL
    )
    digest = base64.b64encode(hashlib.sha256(import_map.encode()).digest()).decode()
    assert f"script-src 'self' 'sha256-{digest}';" in policy
    assert "unsafe" not in policy
    assert "connect-src 'self';" in policy


def test_the_page_itself_is_asked_for_again(api: Api) -> None:
    answer = get(api, "/ui")
    assert answer.headers["Cache-Control"] == "private, no-cache"
    again = get(api, "/ui", **{"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    "path",
    [
        "/ui/0000000000000000/app/main.js",
        f"/ui/{current_release()}/app/nothing.js",
        f"/ui/{current_release()}/lit/MANIFEST.json",
        f"/ui/{current_release()}/app/..%2F..%2F__init__.py",
        f"/ui/{current_release()}/swagger-ui/swagger-ui.css",
    ],
)
def test_nothing_else_is_served(api: Api, path: str) -> None:
    assert get(api, path).status_code == 404


def test_without_a_client_tokens_are_pasted(api: Api) -> None:
    config = get(api, "/ui/config.json").json_body
    assert config["oidc"] is None
    assert config["experiment_token_url"] is None


def test_the_config_and_the_policy_follow_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(
        monkeypatch,
        web_oidc_client_id="https://bi.example.org",
        web_oidc_origins=("https://login.example.org",),
    )
    config = get(api, "/ui/config.json").json_body
    discovery_url = config["oidc"]["discovery_url"]
    assert config["oidc"]["client_id"] == "https://bi.example.org"
    policy = get(api, "/ui").headers["Content-Security-Policy"]
    origin = "/".join(discovery_url.split("/")[:3])
    assert f"connect-src 'self' https://login.example.org {origin};" in policy


@pytest.mark.parametrize(
    ("token", "user_id", "experiment_id", "is_admin"),
    [
        ("alice", ALICE, None, False),
        ("experiment", None, EXPERIMENT, False),
        ("admin", ADMIN, None, True),
    ],
)
def test_callers_are_told_who_they_are(api: Api, token, user_id, experiment_id, is_admin) -> None:
    answer = api.call("GET", "/ui/caller", token=token).json_body
    assert (answer["user_id"], answer["experiment_id"], answer["is_admin"]) == (
        user_id, experiment_id, is_admin,
    )  # fmt: skip
    assert answer["project_id"] == (None if is_admin else PROJECT)
    assert ("site:catalog:write" in answer["permissions"]) is is_admin


def test_a_static_host_gets_the_same_files(tmp_path: Path) -> None:
    write_site(tmp_path, base="/testbed")
    written = {p.relative_to(tmp_path / "ui") for p in tmp_path.rglob("*") if p.is_file()}
    assert written == {
        Path("index.html"),
        *(Path(current_release(), directory, name) for directory, name in files()),
    }
    assert f'"/testbed/ui/{current_release()}/app/main.js"' in (
        tmp_path / "ui/index.html"
    ).read_text(encoding="utf-8")


def test_a_static_host_gets_the_same_headers(api: Api) -> None:
    *parts, index = site_files()
    for file in parts:
        _, release, directory, name = file.key.split("/")
        served = web_file(release, directory, name)
        assert (served.body, served.media_type) == (file.text, file.media_type)
        assert served.headers["Cache-Control"] == file.cache_control
    served = get(api, "/ui")
    assert (index.key, index.text) == ("ui/index.html", served.body.decode())
    assert index.cache_control == "no-cache"
    assert served.headers["Content-Security-Policy"] == page_policy(api.settings)


def test_the_page_names_no_other_host_and_styles_nothing_inline() -> None:
    for path in (ROOT / "chalicelib/web/ui").rglob("*"):
        if path.is_file():
            text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
            assert "http:" not in text, path
            assert "https:" not in text, path
            assert ' style="' not in text, path
            assert "innerHTML" not in text, path


def test_every_sentence_is_used_and_every_used_one_exists() -> None:
    """A misspelled name would show as `undefined`; the first words of the paths are checked."""
    ui = ROOT / "chalicelib/web/ui"
    groups = set(
        re.findall(r"^  (\"?[\w-]+\"?): ", (ui / "app/strings.js").read_text("utf-8"), re.MULTILINE)
    )
    used = {
        name
        for folder in ("app", "components", "pages")
        for path in (ui / folder).glob("*.js")
        if "strings.js" in (source := path.read_text(encoding="utf-8"))
        for name in re.findall(r"(?<!-)\btext\.(\w+)", source)
    } - {"trim"}
    assert used == groups
