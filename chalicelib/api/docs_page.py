"""The page where the API can be tried: Swagger UI, vendored unmodified, nothing from elsewhere."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from chalicelib.api.replies import Reply
from chalicelib.domain.permissions import not_found

_WEB = Path(__file__).resolve().parent.parent / "web"
_OWN, _VENDORED = _WEB / "api_docs", _WEB / "vendor" / "swagger-ui"
_FILES = {
    "docs.js": (_OWN, "text/javascript; charset=utf-8"),
    "swagger-ui-bundle.js": (_VENDORED, "text/javascript; charset=utf-8"),
    "swagger-ui.css": (_VENDORED, "text/css; charset=utf-8"),
    "LICENSE": (_VENDORED, "text/plain; charset=utf-8"),
    "NOTICE": (_VENDORED, "text/plain; charset=utf-8"),
    "swagger-ui-bundle.js.LICENSE.txt": (_VENDORED, "text/plain; charset=utf-8"),
}
# Scripts and styles come from files only; Swagger UI's icons are data: images in its style sheet.
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def docs_page(public_url: str) -> Reply:
    """Return the page; its links start where `public_url` is mounted."""
    text = _read(_OWN / "index.html").replace("{base}", urlsplit(public_url).path)
    return Reply(
        text,
        media_type="text/html; charset=utf-8",
        headers={"Content-Security-Policy": CONTENT_POLICY},
    )


def docs_file(name: str) -> Reply:
    """Return a file of the page.

    Raises:
        NotFound: the page has no such file.
    """
    if name not in _FILES:
        raise not_found("file", name[:100])
    directory, media_type = _FILES[name]
    return Reply(_read(directory / name), media_type=media_type)


@cache
def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
