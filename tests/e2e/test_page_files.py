"""What the browser gets: little, from here only, and cached for good."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

ROOT = Path(__file__).parents[2]
MOST_BYTES = 120 * 1024
MANIFESTS = sorted(
    [
        *ROOT.glob("chalicelib/web/vendor/*/MANIFEST.json"),
        *ROOT.glob("tests/e2e/vendor/*/MANIFEST.json"),
    ]
)


def test_the_first_page_is_small_and_comes_from_here(user, stack):
    page = user.page
    sizes: dict[str, int] = {}
    policies = []

    def keep(response):
        if response.status == 200:
            sizes[response.url] = len(gzip.compress(response.body(), mtime=0))
        if response.url.endswith("/ui"):
            policies.append(response.headers["content-security-policy"])

    page.on("response", keep)
    user.sign_in()
    expect(page.get_by_text("You have nothing here yet")).to_be_visible()

    assert sum(sizes.values()) <= MOST_BYTES, sizes
    assert {url.split("/ui")[0] for url in sizes if "/ui" in url} == {stack.addresses.api_url}
    assert "unsafe" not in policies[0]
    connect = re.search(r"connect-src ([^;]*)", policies[0]).group(1)
    assert connect.split() == ["'self'", stack.addresses.issuer_url]


def test_a_second_visit_fetches_no_file_again(user):
    page = user.page
    user.open()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    fetched = []
    page.on("response", lambda r: None if r.from_service_worker else fetched.append(r))
    page.goto("about:blank")
    user.open()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    transferred = page.evaluate(
        "performance.getEntriesByType('resource')"
        ".filter((e) => /\\.(js|css)$/.test(e.name) && e.transferSize > 0).map((e) => e.name)"
    )
    assert transferred == []


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: path.parent.name)
def test_vendored_files_are_unmodified(manifest):
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in manifest.parent.iterdir()
        if path.name != "MANIFEST.json"
    }
    assert found == json.loads(manifest.read_text(encoding="utf-8"))["sha256"]
