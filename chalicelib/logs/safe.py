"""What text becomes before it is written: bounded, on one line, and without what looks secret.

The allow-list of fields is the rule; this is the second fence, for sentences that quote others.
"""

from __future__ import annotations

import re
from types import TracebackType
from typing import Any

MAX_TEXT = 1000
_MAX_PLACES = 20
_OURS = ("chalicelib", "functions")
_OUR_ID = r"[a-z]+_[a-z0-9][a-z0-9.-]{0,62}_[0-7][0-9a-hjkmnp-tv-z]{25}"
_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_RUN = r"[A-Za-z0-9+/_=-]"
# A run of base64 or hex as long as a token, a key or a certificate's line; not an identifier.
_SECRET = re.compile(
    rf"(?P<id>(?<!{_RUN})(?:{_OUR_ID}|{_UUID})(?!{_RUN}))"
    rf"|(?P<scheme>[a-z][a-z0-9+.-]{{0,20}}://)(?P<user>[^/\s@?#]+@)?(?P<rest>[^\s?#]*)"
    rf"(?P<query>[?#]\S*)?"
    rf"|{_RUN}{{32,}}"
)
_MIXED = re.compile(r"(?=.*[0-9])(?=.*[A-Z])(?=.*[a-z])|[0-9a-fA-F]{32,}\Z|eyJ")
_REDACTED = "[redacted]"


def one_line(text: str) -> str:
    """Return the text cut to MAX_TEXT characters, with what is not printable escaped."""
    if len(text) > MAX_TEXT:
        text = f"{text[:MAX_TEXT]}..."
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def sentence(text: str) -> str:
    """Return the text on one line without tokens, keys, and the queries and users of URLs."""
    # Bounded twice: a secret that is cut in two would no longer look like one.
    return one_line(_SECRET.sub(_replacement, text[: 4 * MAX_TEXT]))


def _replacement(match: re.Match[str]) -> str:
    found = match.group()
    if match["id"]:
        return found
    if match["scheme"]:
        user = f"{_REDACTED}@" if match["user"] else ""
        query = f"?{_REDACTED}" if match["query"] else ""
        return f"{match['scheme']}{user}{sentence(match['rest'])}{query}"
    return _REDACTED if _MIXED.match(found) else found


def described(error: BaseException, *, with_foreign_words: bool = False) -> dict[str, Any]:
    """Return an exception's class, words and places: never a value of a variable.

    Args:
        error: The exception; of the one that it followed, only class and place are told.
        with_foreign_words: Whether to quote exceptions of other people's libraries too. Theirs may
            quote a request with its tokens.
    """
    kind = type(error)
    found: dict[str, Any] = {"error": kind.__qualname__}
    if with_foreign_words or kind.__module__.split(".")[0] in _OURS:
        found["reason"] = sentence(str(error))
    code = _aws_code(error)
    if code:
        found["error_code"] = code
    found["where"] = _places(error.__traceback__)
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        found["caused_by"] = type(cause).__qualname__
        found["caused_at"] = _places(cause.__traceback__)[-1:]
    return found


def _aws_code(error: BaseException) -> str | None:
    response = getattr(error, "response", None)
    details = response.get("Error") if isinstance(response, dict) else None
    code = details.get("Code") if isinstance(details, dict) else None
    return one_line(code)[:100] if isinstance(code, str) else None


def _places(trace: TracebackType | None) -> list[str]:
    """Return `file:line function` of each frame, outermost first; the innermost ones of many."""
    places = []
    while trace is not None:
        code = trace.tb_frame.f_code
        file = "/".join(code.co_filename.rsplit("/", 2)[-2:])
        places.append(f"{file}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return places[-_MAX_PLACES:]
