"""The user token that a body may carry."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chalicelib.api.auth import MAX_TOKEN_LENGTH
from chalicelib.api.schemas.base import Body
from chalicelib.api.schemas.reading import text_type


class TokenBody(Body, frozen=True):
    """An entry of `tokens`."""

    jwt: Annotated[
        str,
        text_type(
            "Must be a whole token, without quotes or line breaks",
            min_length=1,
            max_length=MAX_TOKEN_LENGTH,
            pattern=r"^[A-Za-z0-9._-]+$",
        ),
        Meta(description="A user id-token: `slices auth id-token AUDIENCE`."),
    ]
