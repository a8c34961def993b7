"""How environment variables are read; each parser raises ValueError with what would be right."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

from msgspec import Struct


class JumpProxy(Struct, frozen=True):
    """The SSH bastion that users go through."""

    host: str
    port: int
    username: str


def parse_text(value: str) -> str:
    """Return the text as it is."""
    return value


def parse_choice(*choices: str) -> Callable[[str], str]:
    """Return a parser that takes one of the words."""

    def parse(value: str) -> str:
        if value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return value

    return parse


def parse_words(value: str) -> tuple[str, ...]:
    """Parse a JSON list of strings, or words separated by commas."""
    if value.lstrip().startswith("["):
        words = json.loads(value)
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise ValueError("must be a list of strings")
        return tuple(words)
    return tuple(word.strip() for word in value.split(",") if word.strip())


def parse_flag(value: str) -> bool:
    """Parse true or false."""
    if value not in {"true", "false"}:
        raise ValueError("must be true or false")
    return value == "true"


def parse_positive(value: str) -> int:
    """Parse a positive whole number."""
    number = int(value)
    if number <= 0:
        raise ValueError("must be a positive number")
    return number


def parse_seconds(value: str) -> timedelta:
    """Parse a positive number of seconds."""
    return timedelta(seconds=parse_positive(value))


def parse_days(value: str) -> timedelta:
    """Parse a positive number of days."""
    return timedelta(days=parse_positive(value))


def parse_url(value: str) -> str:
    """Parse an http(s) URL; a slash at its end is dropped."""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an http(s) URL")
    return value.rstrip("/")


def parse_origins(value: str) -> tuple[str, ...]:
    """Parse a list of URLs."""
    return tuple(parse_url(word) for word in parse_words(value))


def parse_optional_url(value: str) -> str | None:
    """Parse a URL; empty is none."""
    return parse_url(value) if value else None


def parse_infra_id(value: str) -> str:
    """Parse the identifier of an infrastructure."""
    # The tag that finds a server again holds the whole resource id; Nova allows 60 characters.
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{0,29}", value):
        raise ValueError("must be up to 30 of a-z, 0-9, dot and hyphen, such as be-gent1-bi-vm1")
    return value


def parse_jump_proxy(value: str) -> JumpProxy | None:
    """Parse `user@host:port`; empty is none."""
    if not value:
        return None
    match = re.fullmatch(r"([A-Za-z0-9_-]+)@([A-Za-z0-9.-]+)(?::(\d+))?", value)
    if match is None:
        raise ValueError("must look like user@host or user@host:port")
    return JumpProxy(match.group(2), int(match.group(3) or 22), match.group(1))
