"""The issuer: two authorities with keys of their own, as in SLICES, behind one local address."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from infra.local.issuer.identities import experiment_id, project_id, user_id
from infra.local.issuer.keys import KeyRing, base64url, json_segment
from infra.local.issuer.server import LoopbackServer
from infra.local.issuer.sign_in import SignIn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

# As in SLICES, the issuer strings are not where the documents are served.
ACCOUNT_ISSUER = "https://account.local"
EXPERIMENT_ISSUER = "https://expauth.local"
DEFAULT_AUDIENCE = "https://bi.local"
DEFAULT_PROJECT = "quantum"
ADMIN_USER_NAME = "admin"
USER_SECONDS = 3600
EXPERIMENT_SECONDS = 900


class Issuer:
    """Signs tokens in the shape of SLICES, and serves the keys to check them.

    Tokens can be made without starting it. In every method that makes one, `claims` are written
    over the usual ones; the value None removes a claim.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        audience: str = DEFAULT_AUDIENCE,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Make keys; nothing listens yet.

        Args:
            port: Where to listen on 127.0.0.1; 0 takes a free one.
            audience: What user and project tokens are for, unless they say otherwise.
            now: The time in seconds since 1970.
        """
        self.audience = audience
        self.sign_in = SignIn(self, _origin(audience), now)
        self.account_keys = KeyRing()
        self.experiment_keys = KeyRing()
        self._now = now
        self._port = port
        self._server: LoopbackServer | None = None

    def start(self) -> Self:
        """Listen, and return at once."""
        self._server = LoopbackServer(self._port, self)
        self._server.start()
        return self

    def stop(self) -> None:
        """Stop listening; the keys stay. Harmless if it does not listen."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end.

        Raises:
            RuntimeError: it does not listen.
        """
        if self._server is None:
            raise RuntimeError("the issuer is not started")
        return self._server.url

    def user_token(
        self,
        name: str = ADMIN_USER_NAME,
        *,
        project: str = DEFAULT_PROJECT,
        lifetime_seconds: float = USER_SECONDS,
        **claims: Any,
    ) -> str:
        """Return a user's id-token, as of `slices auth id-token AUDIENCE`."""
        now = int(self._now())
        usual = {
            "iss": ACCOUNT_ISSUER,
            "aud": self.audience,
            "iat": now,
            "exp": now + lifetime_seconds,
            "auth_time": now,
            "sub": user_id(name),
            "scope": "openid userinfo projects",
            "preferred_username": name,
            "proj": project_id(project),
            "proj_name": project,
        }
        return self.sign({**usual, **claims})

    def project_token(
        self,
        name: str = DEFAULT_PROJECT,
        *,
        lifetime_seconds: float = USER_SECONDS,
        **claims: Any,
    ) -> str:
        """Return a token that speaks for a project."""
        now = int(self._now())
        usual = {
            "iss": ACCOUNT_ISSUER,
            "aud": self.audience,
            "iat": now,
            "exp": now + lifetime_seconds,
            "sub": project_id(name),
            "proj": project_id(name),
            "proj_name": name,
        }
        return self.sign({**usual, **claims})

    def experiment_token(
        self,
        name: str = "experiment",
        *,
        project: str = DEFAULT_PROJECT,
        lifetime_seconds: float = EXPERIMENT_SECONDS,
        **claims: Any,
    ) -> str:
        """Return an experiment's token, as of `slices experiment jwt NAME`: without audience."""
        now = int(self._now())
        usual = {
            "iss": EXPERIMENT_ISSUER,
            "iat": now,
            "exp": now + lifetime_seconds,
            "sub": experiment_id(name),
            "proj": project_id(project),
            "proj_name": project,
        }
        return self.sign({**usual, **claims}, keys=self.experiment_keys)

    def sign(
        self,
        claims: Mapping[str, Any] | bytes,
        headers: Mapping[str, Any] | None = None,
        *,
        alg: str = "ES256",
        keys: KeyRing | None = None,
    ) -> str:
        """Return a token with any content, to test those who check it.

        Args:
            claims: The claims, without those that are None; or the payload as it is.
            headers: Written over alg, typ and kid; None removes one.
            alg: ES256 or RS256: which key signs, whatever the header says.
            keys: The authority that signs; the account authority if not given.
        """
        ring = keys or self.account_keys
        header = _without_none({"alg": alg, "typ": "JWT", "kid": ring.kid(alg), **(headers or {})})
        payload = (
            base64url(claims) if isinstance(claims, bytes) else json_segment(_without_none(claims))
        )
        signing_input = f"{json_segment(header)}.{payload}"
        return f"{signing_input}.{base64url(ring.sign(alg, signing_input.encode()))}"

    def rotate_keys(self) -> None:
        """Replace the keys of both authorities and forget the old ones."""
        self.account_keys.rotate()
        self.experiment_keys.rotate()

    def trusted_issuers(self, audience: str | None = None) -> list[dict[str, Any]]:
        """Return the settings with which a service trusts this issuer, ready for JSON.

        Args:
            audience: What the service answers to; the issuer's own if not given.
        """
        account = {
            "issuers": [ACCOUNT_ISSUER],
            "audiences": [audience or self.audience],
            "discovery_url": f"{self.url}/.well-known/openid-configuration",
        }
        experiment = {"issuers": [EXPERIMENT_ISSUER], "jwks_url": f"{self.url}/expauth/jwks"}
        return [
            {"kind": "user", **account},
            {"kind": "project", **account},
            {"kind": "experiment", **experiment},
        ]

    def document(self, path: str) -> dict[str, Any] | None:
        """Return the public document at a path, or None if there is none."""
        if path == "/.well-known/openid-configuration":
            return {
                "issuer": ACCOUNT_ISSUER,
                "jwks_uri": f"{self.url}/jwks",
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/oidc/token",
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["none"],
                "scopes_supported": ["openid", "userinfo", "projects"],
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256", "RS256"],
            }
        rings = {"/jwks": self.account_keys, "/expauth/jwks": self.experiment_keys}
        return rings[path].jwks() if path in rings else None


def _without_none(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
