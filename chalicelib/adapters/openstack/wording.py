"""Make OpenStack's sentences fit to be read by users: short, plain, without echoed input."""

from __future__ import annotations

import html
import re

MAX_CHARACTERS = 300

_TAG = re.compile(r"<[^>]{1,200}>")
_REQUEST_ID = re.compile(r"\s*\((?:Request-ID: [^)]*|HTTP \d{3})\)|\breq-[0-9a-f-]{36}")
# Nova quotes the refused value, 65 kB of user data if need be, and again in the reason after it.
_ECHO = re.compile(r"\.?\s*Value: .*", re.DOTALL)
# Nobody reads words of this length; base64 and keys look like that.
_LONG_WORD = re.compile(r"[^\s'\"]{81,}")
_STATUS_LINE = re.compile(r"^(\d{3} [A-Z][A-Za-z ]+:\s*)+")


def plain(text: object) -> str:
    """Return a server's sentence as one line of at most 300 characters, "" for none.

    Markup, request ids, status lines, echoed values and overlong words are left out.
    """
    # Cut first: the expressions below need not read a whole error page.
    sentence = html.unescape(_TAG.sub(" ", str(text or "")[:4000]))
    sentence = _ECHO.sub(".", sentence)
    sentence = _REQUEST_ID.sub("", sentence)
    sentence = _LONG_WORD.sub("…", sentence)
    sentence = " ".join(sentence.split())
    sentence = _STATUS_LINE.sub("", sentence)
    if len(sentence) > MAX_CHARACTERS:
        sentence = sentence[: MAX_CHARACTERS - 1].rstrip() + "…"
    return sentence


def with_source(advice: str, text: str) -> str:
    """Return the advice, and after it the cloud's own sentence where there is one."""
    return f"{advice} (OpenStack: {text})" if text else advice
