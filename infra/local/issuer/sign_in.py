"""OpenID Connect for the web page: authorization code with PKCE, and a form instead of a password.

Whoever opens the form is who they say they are: the issuer hands out any token anyway.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from infra.local.issuer.token_requests import BadTokenRequest, TokenSource

_CODE_SECONDS = 60
_MAX_CODES = 1000
_CARRIED = ("client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge")
_FORM = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Local sign-in</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body><main><h1>Local sign-in</h1>
<p>This stands in for the SLICES portal: be whoever you like.</p>
<form method="post" action="/authorize">{hidden}
<p><label>User <input name="user" value="ada" required maxlength="64"></label></p>
<p><label>Project <input name="project" value="demo" required maxlength="64"></label></p>
<p><button type="submit">Sign in</button></p></form>
<p>The user <code>admin</code> administers the site.</p></main></body></html>
"""


@dataclass(frozen=True, slots=True)
class _Grant:
    """What a code stands for until it is used."""

    client_id: str
    redirect_uri: str
    code_challenge: str
    nonce: str
    scope: str
    user: str
    project: str
    ends_at: float


class SignIn:
    """Keeps the codes between form and token endpoint.

    `client_origin` is the one place that codes are sent to: other pages on this machine get none.
    """

    def __init__(
        self, source: TokenSource, client_origin: str, now: Callable[[], float] = time.time
    ) -> None:
        self._source = source
        self.client_origin = client_origin
        self._now = now
        self._grants: dict[str, _Grant] = {}
        self._lock = threading.Lock()

    def form(self, query: Mapping[str, str]) -> str:
        """Return the page that asks who signs in.

        Raises:
            BadTokenRequest: the request is not one that this issuer serves.
        """
        self._check(query)
        hidden = "".join(
            f'<input type="hidden" name="{name}" value="{html.escape(query.get(name, ""))}">'
            for name in (*_CARRIED, "response_type", "code_challenge_method")
        )
        return _FORM.replace("{hidden}", hidden)

    def grant(self, form: Mapping[str, str]) -> str:
        """Return where the browser goes with a new code.

        Raises:
            BadTokenRequest: as `form`, or nobody is named.
        """
        self._check(form)
        if not form.get("user") or not form.get("project"):
            raise BadTokenRequest("user and project are needed")
        code = secrets.token_urlsafe(32)
        with self._lock:
            self._drop_old()
            self._grants[code] = _Grant(
                **{name: form.get(name, "") for name in _CARRIED if name != "state"},
                user=form["user"],
                project=form["project"],
                ends_at=self._now() + _CODE_SECONDS,
            )
        answer = urlencode({"code": code, "state": form.get("state", "")})
        return f"{form['redirect_uri']}?{answer}"

    def exchange(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Return the tokens for a code; it works once.

        Raises:
            BadTokenRequest: the code or its proof is wrong.
        """
        with self._lock:
            grant = self._grants.pop(form.get("code", ""), None)
        if grant is None or grant.ends_at < self._now():
            raise BadTokenRequest("the code is unknown, used or too old")
        if (form.get("client_id"), form.get("redirect_uri")) != (
            grant.client_id,
            grant.redirect_uri,
        ):
            raise BadTokenRequest("client_id and redirect_uri must be those of the code")
        if not hmac.compare_digest(_challenge(form.get("code_verifier", "")), grant.code_challenge):
            raise BadTokenRequest("code_verifier does not fit")
        token = self._source.user_token(
            grant.user, project=grant.project, aud=grant.client_id, nonce=grant.nonce or None
        )
        return {
            "access_token": token,
            "id_token": token,
            "token_type": "Bearer",
            "expires_in": 3600,
            "scope": grant.scope,
        }

    def _check(self, query: Mapping[str, str]) -> None:
        if query.get("response_type") != "code":
            raise BadTokenRequest("response_type: code")
        if query.get("code_challenge_method") != "S256" or not query.get("code_challenge"):
            raise BadTokenRequest("PKCE with S256 is needed")
        parts = urlsplit(query.get("redirect_uri", ""))
        if f"{parts.scheme}://{parts.netloc}" != self.client_origin:
            raise BadTokenRequest(f"redirect_uri must begin with {self.client_origin}")

    def _drop_old(self) -> None:
        old = [code for code, grant in self._grants.items() if grant.ends_at < self._now()]
        for code in old:
            del self._grants[code]
        if len(self._grants) >= _MAX_CODES:
            raise BadTokenRequest("too many sign-ins at once")


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
