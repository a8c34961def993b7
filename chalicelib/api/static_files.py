"""Text files of the web pages: where they lie, what they are, and their answer."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from chalicelib.api.replies import Reply

WEB = Path(__file__).resolve().parent.parent / "web"
# Chalice refuses binary bodies, so nothing else is served.
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    "": "text/plain; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}


def file_reply(path: Path, cache_control: str | None = None) -> Reply:
    """Return the answer that carries a file."""
    headers = {"Cache-Control": cache_control} if cache_control else {}
    return Reply(read_text(path), media_type=MEDIA_TYPES[path.suffix], headers=headers)


def page_reply(text: str, content_policy: str) -> Reply:
    """Return the answer that carries a page, with what it may load."""
    return Reply(
        text,
        media_type=MEDIA_TYPES[".html"],
        headers={"Content-Security-Policy": content_policy},
    )


@cache
def read_text(path: Path) -> str:
    """Return a file's text; it is read once per process."""
    return path.read_text(encoding="utf-8")
