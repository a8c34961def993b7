"""Who may call the control face, and commands that take effect once."""

import hashlib
import json
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from infra.onprem.qkd_agent.keystore.database import Database
from infra.onprem.qkd_agent.keystore.sealing import Sealer
from infra.onprem.qkd_agent.web.messages import ApiError, Request, Response
from infra.onprem.qkd_agent.web.router import Handler, Route

_SUCCESS, _FIRST_ERROR = 200, 400
_LONGEST_ID = 64
_KEPT_SECONDS = 7 * 86400.0
_Model = TypeVar("_Model", bound=BaseModel)


class Body(BaseModel):
    """A body of the control face. Unknown members are ignored."""

    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)


def read(model: type[_Model], request: Request) -> _Model:
    """Return the body of a request.

    Raises:
        ApiError: 400 with all mistakes; never with what was sent.
    """
    try:
        return model.model_validate_json(request.body or b"{}")
    except ValidationError as error:
        items = error.errors(include_input=False, include_context=False, include_url=False)
        texts = [f"{'.'.join(str(part) for part in i['loc'])}: {i['msg']}" for i in items]
        raise ApiError(400, "; ".join(texts)[:1000]) from None


class Guard:
    """Admits the backend's certificates and remembers the answers to commands.

    A command is a request with `X-Command-ID`. The same ID with the same request gives the same
    answer without a second effect, with another request 409. Answers are stored sealed, because
    an enrolment token may be in them.
    """

    def __init__(
        self,
        allowed: Sequence[str],
        database: Database,
        sealer: Sealer,
        clock: Callable[[], float],
    ) -> None:
        self._allowed = frozenset(allowed)
        self._database = database
        self._sealer = sealer
        self._clock = clock
        self._lock = threading.Lock()

    def protect(self, routes: Sequence[Route]) -> list[Route]:
        """Return the routes with the checks in front."""
        return [Route(r.method, r.template, self._checked(r.handler)) for r in routes]

    def _checked(self, handler: Handler) -> Handler:
        def checked(request: Request) -> Response:
            name = request.certificate.common_name if request.certificate else ""
            if name not in self._allowed:
                raise ApiError(401, "the certificate is not the backend's")
            command_id = request.headers.get("x-command-id")
            if command_id is None or request.method == "GET":
                return handler(request)
            with self._lock:
                return self._once(command_id, request, handler)

        return checked

    def _once(self, command_id: str, request: Request, handler: Handler) -> Response:
        if not command_id or len(command_id) > _LONGEST_ID:
            raise ApiError(400, f"X-Command-ID shall have 1 to {_LONGEST_ID} characters")
        digest = _digest(request)
        rows = self._database.rows("SELECT * FROM commands WHERE command_id = ?", command_id)
        if rows:
            if rows[0]["digest"] != digest:
                raise ApiError(409, "this X-Command-ID was used for another request")
            return self._stored(command_id, rows[0]["sealed_answer"])
        with self._database.transaction() as connection:
            response = handler(request)
            if _SUCCESS <= response.status < _FIRST_ERROR:
                connection.execute(
                    "INSERT INTO commands VALUES (?, ?, ?, ?)",
                    (command_id, digest, self._sealed(command_id, response), self._clock()),
                )
                oldest = self._clock() - _KEPT_SECONDS
                connection.execute("DELETE FROM commands WHERE at < ?", (oldest,))
        return response

    def _sealed(self, command_id: str, response: Response) -> bytes:
        text = json.dumps([response.status, response.body.decode(), dict(response.headers)])
        return self._sealer.seal(f"command {command_id}", text.encode())

    def _stored(self, command_id: str, sealed: bytes) -> Response:
        with self._sealer.open(f"command {command_id}", sealed) as opened:
            status, body, headers = json.loads(bytes(opened.view()))
        return Response(status, body.encode(), headers)


def _digest(request: Request) -> str:
    parts = [request.method, list(request.segments), {k: list(v) for k, v in request.query.items()}]
    head = json.dumps(parts, sort_keys=True).encode()
    return hashlib.sha256(head + b"\0" + request.body).hexdigest()
