"""The page where the API can be tried: Swagger UI, vendored unmodified, nothing from elsewhere."""

from __future__ import annotations

from urllib.parse import urlsplit

from chalicelib.api.replies import Reply
from chalicelib.api.static_files import WEB, file_reply, page_reply, read_text
from chalicelib.domain.permissions import not_found

_OWN, _VENDORED = WEB / "api_docs", WEB / "vendor" / "swagger-ui"
_FILES = {
    "docs.js": _OWN,
    "swagger-ui-bundle.js": _VENDORED,
    "swagger-ui.css": _VENDORED,
    "LICENSE": _VENDORED,
    "NOTICE": _VENDORED,
    "swagger-ui-bundle.js.LICENSE.txt": _VENDORED,
}
# Scripts and styles come from files only; Swagger UI's icons are data: images in its style sheet.
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def docs_page(public_url: str) -> Reply:
    """Return the page; its links start where `public_url` is mounted."""
    text = read_text(_OWN / "index.html").replace("{base}", urlsplit(public_url).path)
    return page_reply(text, CONTENT_POLICY)


def docs_file(name: str) -> Reply:
    """Return a file of the page.

    Raises:
        NotFound: the page has no such file.
    """
    if name not in _FILES:
        raise not_found("file", name[:100])
    return file_reply(_FILES[name] / name)
