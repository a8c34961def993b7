"""The simulator's own API: faults, the request journal and what is left in the cloud.

It needs no token: the server listens on the loopback interface only.
"""

from collections.abc import Callable
from typing import Any

from infra.local.simulator.faults import Effect, Fault, Faults
from infra.local.simulator.web import ApiError, Request, Response, Route, json_response, route

_FIELDS: dict[str, tuple[type, ...]] = {
    "effect": (str,),
    "method": (str, type(None)),
    "path": (str,),
    "times": (int, type(None)),
    "status": (int,),
    "message": (str,),
    "seconds": (int, float),
}


class FaultsApi:
    """``/faults``: GET lists the rules with their hits, POST adds one, DELETE ends all."""

    prefix = "/faults"

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def routes(self) -> list[Route]:
        """List everything the service answers."""
        return [
            route("GET", "", self._list, needs_token=False),
            route("POST", "", self._add, needs_token=False),
            route("DELETE", "", self._clear, needs_token=False),
        ]

    @staticmethod
    def refuse(request: Request, error: ApiError) -> Response:
        """Present a refusal."""
        del request
        return json_response(error.status, {"error": error.message})

    def _list(self, request: Request) -> Response:
        del request
        return json_response(200, {"faults": self._faults.describe()})

    def _add(self, request: Request) -> Response:
        wanted = request.json_object()
        for key, value in wanted.items():
            if key not in _FIELDS or not isinstance(value, _FIELDS[key]):
                raise ApiError(400, f"{key} is unknown or of the wrong type")
        if "effect" not in wanted:
            raise ApiError(400, f"effect must be one of {', '.join(Effect)}")
        try:
            fault = Fault(**wanted)
        except ValueError as error:
            raise ApiError(400, str(error)) from error
        return json_response(201, self._faults.add(fault).describe())

    def _clear(self, request: Request) -> Response:
        del request
        self._faults.clear()
        return Response(204)


class ReportApi:
    """One read-only page made by a function, such as ``/snapshot`` or ``/requests``."""

    def __init__(self, prefix: str, report: Callable[[], dict[str, Any]]) -> None:
        self._prefix = prefix
        self._report = report

    @property
    def prefix(self) -> str:
        """The path of the page."""
        return self._prefix

    def routes(self) -> list[Route]:
        """List everything the service answers."""
        return [route("GET", "", self._show, needs_token=False)]

    @staticmethod
    def refuse(request: Request, error: ApiError) -> Response:
        """Present a refusal."""
        del request
        return json_response(error.status, {"error": error.message})

    def _show(self, request: Request) -> Response:
        del request
        return json_response(200, self._report())
