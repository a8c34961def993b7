"""A settings file of the lab half (TOML): read, checked against its model, every mistake told."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

_MOST_MISTAKES = 20
ModelT = TypeVar("ModelT", bound=BaseModel)


class BadSettings(Exception):
    """The settings cannot be used; says why, one mistake a line."""


def _as_it_is(found: dict[str, Any]) -> object:
    return found


def read_settings(
    path: Path, model: type[ModelT], prepare: Callable[[dict[str, Any]], object] = _as_it_is
) -> ModelT:
    """Return what a file says.

    Args:
        path: The file.
        model: What it is checked against.
        prepare: Changes what was read before that.

    Raises:
        BadSettings: The file cannot be read, or says something that cannot be right. Values are
            not repeated: one may be a secret in the wrong place.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadSettings(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSettings(f"{path}: {error}") from error
    try:
        return model.model_validate(prepare(found))
    except ValidationError as error:
        mistakes = error.errors(include_url=False, include_input=False)
        lines = [f"{path}: {_place(one['loc'])}: {one['msg']}" for one in mistakes]
        more = len(lines) - _MOST_MISTAKES
        rest = [f"{path}: and {more} more"] if more > 0 else []
        raise BadSettings("\n".join(lines[:_MOST_MISTAKES] + rest)) from error


def _place(location: tuple[int | str, ...]) -> str:
    return re.sub(r"\.(\d+)", r"[\1]", ".".join(str(part) for part in location)) or "the file"
