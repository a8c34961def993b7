"""The user token that a body may carry."""

from typing import Annotated

from pydantic import Field, StringConstraints

from chalicelib.api.auth import MAX_TOKEN_LENGTH
from chalicelib.api.schemas.base import Body


class TokenBody(Body):
    """An entry of `tokens`."""

    jwt: Annotated[
        str,
        StringConstraints(min_length=1, max_length=MAX_TOKEN_LENGTH, pattern=r"^[A-Za-z0-9._-]+$"),
        Field(description="A user id-token: `slices auth id-token AUDIENCE`.", repr=False),
    ]
