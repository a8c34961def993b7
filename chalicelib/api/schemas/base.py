"""What all schemas share: strictness, times, texts, and errors that name the field."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from chalicelib.domain.errors import FieldError, InvalidRequest

ModelT = TypeVar("ModelT", bound=BaseModel)
_RFC3339 = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?([Zz]|[+-]\d{2}:?\d{2})?"
)
_MAX_SHOWN_NAME = 100

# All of them defer their building to their first use: a cold start then pays for the few that its
# first request needs.


class Body(BaseModel):
    """A request body, or part of one. Unknown fields are kept, so that they can be reported."""

    model_config = ConfigDict(
        extra="allow", strict=True, frozen=True, hide_input_in_errors=True, defer_build=True
    )


class NoBody(Body):
    """Nothing is read from the body."""


class Query(BaseModel):
    """Query parameters; they come as text."""

    model_config = ConfigDict(
        extra="ignore", frozen=True, hide_input_in_errors=True, defer_build=True
    )


class Answer(BaseModel):
    """A response body, or part of one: every field is always present."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_serialization_defaults_required=True,
        defer_build=True,
    )


def rfc3339(value: datetime) -> str:
    """Return the time as SLICES clients expect it: UTC, whole seconds, `Z`."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(value: Any) -> datetime:
    """Return a time in UTC with whole seconds, from RFC 3339 text with a time zone."""
    if isinstance(value, datetime):
        return value
    match = _RFC3339.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise PydanticCustomError("time", "Must be a time such as 2026-08-02T18:51:00Z")
    if match.group(3) is None:
        raise PydanticCustomError(
            "time_zone", "Has no time zone: end it with Z (UTC) or an offset such as +02:00"
        )
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        raise PydanticCustomError("time", "There is no such time") from None


Time = Annotated[
    datetime,
    BeforeValidator(parse_time),
    PlainSerializer(rfc3339, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]

# Text that is shown on one line: no control characters.
Line = Annotated[
    str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]+$")
]
# An identifier, or a name that stands for one.
Reference = Annotated[
    str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]+$")
]
Text = Annotated[str, StringConstraints(max_length=4000, pattern=r"^[^\x00]*$")]


def _whole(value: Any) -> Any:
    """Take 8000.0 for 8000, as JSON does."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


# Goes after the bounds: before them, it would hide them from the JSON schema.
AlsoAsFloat = BeforeValidator(_whole)
Count = Annotated[int, Field(ge=0, le=2**31 - 1), AlsoAsFloat]


def validate(model: type[ModelT], data: Mapping[str, Any]) -> ModelT:
    """Return the data as a model.

    Raises:
        InvalidRequest: names every wrong field.
    """
    try:
        return model.model_validate(dict(data))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        raise invalid(
            [FieldError(path_of(entry["loc"]), _sentence(entry["msg"])) for entry in found]
        ) from None


def invalid(errors: list[FieldError]) -> InvalidRequest:
    """Return the error about some wrong fields."""
    first = errors[0]
    more = f" ({len(errors) - 1} more in errors.)" if len(errors) > 1 else ""
    return InvalidRequest(f"{first.field}: {first.message}.{more}", field_errors=tuple(errors))


def path_of(location: tuple[int | str, ...]) -> str:
    """Return a location as `resources[0].flavor_id`."""
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += f".{_shown(part)}" if path else _shown(part)
    return path


def unknown_fields(body: BaseModel, path: str = "") -> Iterator[str]:
    """Yield the paths of the fields that the schema does not know."""
    for name in body.model_extra or {}:
        yield f"{path}.{_shown(name)}" if path else _shown(name)
    for name in type(body).model_fields:
        yield from _unknown_inside(getattr(body, name), f"{path}.{name}" if path else name)


def _unknown_inside(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, BaseModel):
        yield from unknown_fields(value, path)
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            yield from _unknown_inside(entry, f"{path}[{index}]")


def _shown(name: str) -> str:
    printable = name if name.isprintable() else ascii(name)
    return printable[:_MAX_SHOWN_NAME]


def _sentence(message: str) -> str:
    return message.rstrip(".")
