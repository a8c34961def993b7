"""Which authorities are trusted, for which kind of token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from msgspec import Struct

from chalicelib.domain.tokens import TokenKind

if TYPE_CHECKING:
    from collections.abc import Mapping

SUPPORTED_ALGORITHMS = ("ES256", "RS256")


class TrustedIssuer(Struct, frozen=True):
    """The authority for one kind of token, and where its keys are.

    SLICES' issuer string is not the host that serves its discovery document, so the two are
    configured apart: `issuers` is compared with the token, the URLs are only fetched.

    Attributes:
        kind: The kind of token that this authority may sign.
        issuers: Accepted values of `iss`.
        audiences: Accepted values of `aud`, one of which the token must name. Empty means not
            checked, which experiment and project tokens may need: they are asked for without one.
        jwks_url: Where the key set is; goes before `discovery_url`.
        discovery_url: An OpenID discovery document whose `jwks_uri` is followed.
        algorithms: Accepted values of `alg`.
    """

    kind: TokenKind
    issuers: tuple[str, ...]
    audiences: tuple[str, ...] = ()
    jwks_url: str | None = None
    discovery_url: str | None = None
    algorithms: tuple[str, ...] = SUPPORTED_ALGORITHMS

    def __post_init__(self) -> None:
        """Refuse a configuration that would trust nobody, or too many.

        Raises:
            ValueError: it says which setting is wrong.
        """
        if not self.issuers or not all(self.issuers):
            raise ValueError(f"{self.kind} tokens: name at least one issuer")
        if self.kind is TokenKind.USER and not self.audiences:
            raise ValueError("user tokens: without an audience, any service's token would do")
        if not all(self.audiences):
            raise ValueError(f"{self.kind} tokens: an audience is empty")
        if self.jwks_url is None and self.discovery_url is None:
            raise ValueError(f"{self.kind} tokens: set jwks_url or discovery_url")
        if not self.algorithms or not set(self.algorithms) <= set(SUPPORTED_ALGORITHMS):
            raise ValueError(f"{self.kind} tokens: algorithms must be among {SUPPORTED_ALGORITHMS}")

    @classmethod
    def from_mapping(cls, settings: Mapping[str, Any]) -> Self:
        """Make one from JSON-like settings: the kind as text, lists where tuples are stored.

        Raises:
            ValueError: a setting is unknown, missing or wrong; it says which.
        """
        if unknown := settings.keys() - set(cls.__struct_fields__):
            raise ValueError(f"unknown settings of a trusted issuer: {sorted(unknown)}")
        if missing := {"kind", "issuers"} - settings.keys():
            raise ValueError(f"missing settings of a trusted issuer: {sorted(missing)}")
        texts = sorted(
            name
            for name in ("issuers", "audiences", "algorithms")
            if isinstance(settings.get(name), str)
        )
        if texts:
            raise ValueError(f"lists are needed for these settings of a trusted issuer: {texts}")
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in settings.items()
        }
        values["kind"] = TokenKind(settings["kind"])
        return cls(**values)
