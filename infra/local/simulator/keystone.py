"""Keystone v3: tokens, the catalog and application credentials."""

import secrets
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from infra.local.simulator.web import ApiError, Identity, Request, Response, Route, route
from infra.local.simulator.web import json_response as answer

REGION = "RegionOne"
_DOMAIN = {"id": "default", "name": "Default"}
_CATALOG = (
    ("identity", "keystone", "/identity/v3"),
    ("image", "glance", "/image"),
    ("compute", "nova", "/compute/v2.1"),
    ("network", "neutron", "/network"),
)
_ROLES = [{"id": uuid.uuid4().hex, "name": name} for name in ("member", "reader")]


@dataclass(frozen=True, slots=True)
class Account:
    """A user with one project and one application credential; secrets are random."""

    user_name: str
    project_name: str
    password: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    application_credential_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    application_credential_secret: str = field(
        default_factory=lambda: secrets.token_urlsafe(32), repr=False
    )
    user_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    project_id: str = field(default_factory=lambda: uuid.uuid4().hex)


@dataclass(frozen=True, slots=True)
class _Token:
    account: Account
    expires: float


class Keystone:
    """The identity API; also the judge of the other services' tokens."""

    prefix = "/identity"

    def __init__(self, token_seconds: float) -> None:
        self._token_seconds = token_seconds
        self._accounts: list[Account] = []
        self._tokens: dict[str, _Token] = {}

    def add_account(self, account: Account) -> Account:
        """Let an account sign in."""
        self._accounts.append(account)
        return account

    def expire_tokens(self) -> None:
        """End every token now, so that the next call of each client answers 401."""
        self._tokens.clear()

    def identify(self, token_id: str) -> Identity:
        """Tell whose token it is.

        Raises:
            ApiError: 401, the token is unknown or expired.
        """
        token = self._tokens.get(token_id)
        if token is None or token.expires <= time.monotonic():
            raise ApiError(401, "The request you have made requires authentication.")
        return Identity(token.account.user_id, token.account.project_id)

    def routes(self) -> list[Route]:
        """List everything the service answers."""
        return [
            route("GET", "/?", self._versions, needs_token=False),
            route("GET", "/v3/?", self._version, needs_token=False),
            route("POST", "/v3/auth/tokens", self._authenticate, needs_token=False),
        ]

    @staticmethod
    def refuse(request: Request, error: ApiError) -> Response:
        """Present a refusal as Keystone does."""
        del request
        return unauthorized(error.message) if error.status == 401 else _refusal(error)  # noqa: PLR2004  an HTTP status

    def _versions(self, request: Request) -> Response:
        return answer(300, {"versions": {"values": [self._version_record(request)]}})

    def _version(self, request: Request) -> Response:
        return answer(200, {"version": self._version_record(request)}, {"Vary": "X-Auth-Token"})

    @staticmethod
    def _version_record(request: Request) -> dict[str, Any]:
        return {
            "id": "v3.14",
            "status": "stable",
            "updated": "2020-04-07T00:00:00Z",
            "links": [{"rel": "self", "href": f"{request.origin}/identity/v3/"}],
            "media-types": [
                {
                    "base": "application/json",
                    "type": "application/vnd.openstack.identity-v3+json",
                }
            ],
        }

    def _authenticate(self, request: Request) -> Response:
        auth = request.json_member("auth")
        identity = auth.get("identity")
        methods = identity.get("methods") if isinstance(identity, dict) else None
        if not isinstance(identity, dict) or not isinstance(methods, list) or len(methods) != 1:
            raise ApiError(400, "Invalid input for field 'identity'")
        method = str(methods[0])
        proof = identity.get(method)
        account = self._prove(method, proof if isinstance(proof, dict) else {})
        if account is None or not _is_own_scope(account, auth.get("scope")):
            raise ApiError(401, "The request you have made requires authentication.")
        token_id = f"gAAAAA{secrets.token_urlsafe(100)}"
        self._tokens[token_id] = _Token(account, time.monotonic() + self._token_seconds)
        token = self._present(account, method, request.origin)
        return answer(201, {"token": token}, {"Vary": "X-Auth-Token", "X-Subject-Token": token_id})

    def _prove(self, method: str, proof: dict[str, Any]) -> Account | None:
        if method == "password":
            return next((one for one in self._accounts if _is_password_of(one, proof)), None)
        if method == "application_credential":
            return next((one for one in self._accounts if _is_credential_of(one, proof)), None)
        if method == "token":
            token = self._tokens.get(str(proof.get("id")))
            if token is None:
                raise ApiError(404, "Could not recognize Fernet token")
            return token.account
        return None

    def _present(self, account: Account, method: str, origin: str) -> dict[str, Any]:
        issued = datetime.now(UTC)
        token: dict[str, Any] = {
            "methods": [method],
            "user": {
                "domain": _DOMAIN,
                "id": account.user_id,
                "name": account.user_name,
                "password_expires_at": None,
            },
            "audit_ids": [secrets.token_urlsafe(16)],
            "expires_at": _precise(issued + timedelta(seconds=self._token_seconds)),
            "issued_at": _precise(issued),
            "project": {
                "domain": _DOMAIN,
                "id": account.project_id,
                "name": account.project_name,
            },
            "is_domain": False,
            "roles": _ROLES,
            "catalog": _catalog(origin),
        }
        if method == "application_credential":
            token["application_credential"] = {
                "id": account.application_credential_id,
                "name": account.user_name,
                "restricted": True,
            }
        return token


def unauthorized(message: str) -> Response:
    """Answer 401 as Keystone, and as the token check in front of every other service, does."""
    return answer(
        401,
        {"error": {"code": 401, "message": message, "title": "Unauthorized"}},
        {"WWW-Authenticate": "Keystone"},
    )


def _refusal(error: ApiError) -> Response:
    titles = {400: "Bad Request", 403: "Forbidden", 404: "Not Found"}
    title = titles.get(error.status, "Internal Server Error")
    return answer(
        error.status, {"error": {"code": error.status, "message": error.message, "title": title}}
    )


def _is_password_of(account: Account, proof: dict[str, Any]) -> bool:
    user = proof.get("user")
    if not isinstance(user, dict):
        return False
    is_user = account.user_name == user.get("name") or account.user_id == user.get("id")
    return is_user and _is_secret(account.password, user.get("password"))


def _is_credential_of(account: Account, proof: dict[str, Any]) -> bool:
    is_id = account.application_credential_id == proof.get("id")
    return is_id and _is_secret(account.application_credential_secret, proof.get("secret"))


def _is_secret(expected: str, given: object) -> bool:
    return secrets.compare_digest(expected.encode(), str(given).encode())


def _is_own_scope(account: Account, scope: object) -> bool:
    """Accept the account's own project, or no scope, which means the same."""
    if scope is None:
        return True
    project = scope.get("project") if isinstance(scope, dict) else None
    if not isinstance(project, dict):
        return False
    return account.project_name == project.get("name") or account.project_id == project.get("id")


def _catalog(origin: str) -> list[dict[str, Any]]:
    return [
        {
            "endpoints": [
                {
                    "id": uuid.uuid5(uuid.NAMESPACE_URL, f"{interface}{path}").hex,
                    "interface": interface,
                    "region_id": REGION,
                    "url": f"{origin}{path}",
                    "region": REGION,
                }
                for interface in ("public", "internal", "admin")
            ],
            "id": uuid.uuid5(uuid.NAMESPACE_URL, path).hex,
            "type": service_type,
            "name": name,
        }
        for service_type, name, path in _CATALOG
    ]


def _precise(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
