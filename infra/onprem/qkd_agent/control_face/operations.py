"""Health, and faults on demand for the emulator."""

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AwareDatetime, Field

from infra.onprem.qkd_agent import __version__
from infra.onprem.qkd_agent.alarms import Alarms
from infra.onprem.qkd_agent.control_face.guard import Body, read
from infra.onprem.qkd_agent.emulator.faults import Fault, FaultKind
from infra.onprem.qkd_agent.journal import date_time
from infra.onprem.qkd_agent.keystore.faults import Faults
from infra.onprem.qkd_agent.registry.topology import Topology
from infra.onprem.qkd_agent.web.messages import ApiError, Request, Response, json_response
from infra.onprem.qkd_agent.web.router import Route

_WHOLE_KME = (FaultKind.KME_DOWN, FaultKind.CLOCK)


class _NewFault(Body):
    link: str | None = None
    kind: Annotated[FaultKind, Field(strict=False)]
    value: Annotated[float, Field(ge=-1e6, le=1e6)] = 0.0
    start: Annotated[AwareDatetime | None, Field(alias="from")] = None
    until: AwareDatetime


@dataclass(frozen=True)
class Operations:
    """Health and faults.

    Attributes:
        breakers: Gives the state of the breaker of each far KME and device.
        certificates: Gives the end of validity of each of the agent's certificates.
    """

    kme_id: str
    topology: Topology
    faults: Faults
    alarms: Alarms
    clock: Callable[[], float]
    breakers: Callable[[], Mapping[str, str]]
    certificates: Callable[[], Mapping[str, float]]

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("GET", "/v1/health", self._health),
            Route("GET", "/v1/emulator/faults", self._list),
            Route("POST", "/v1/emulator/faults", self._inject),
            Route("DELETE", "/v1/emulator/faults/{fault_id}", self._remove),
        ]

    def _health(self, _request: Request) -> Response:
        now = self.clock()
        links = {link.link_id: link.south.view() for link in self.topology.links.values()}
        alarms = self.alarms.active()
        shown = {
            "status": "degraded" if alarms else "ok",
            "kme_id": self.kme_id,
            "version": __version__,
            "time": date_time(now),
            "clock_offset_seconds": round(now - time.time(), 3),
            "links": [
                {"link_id": link_id, "status": view.status, "source": view.source,
                 "is_reachable": not view.is_down}
                for link_id, view in links.items()
            ],
            "breakers": dict(self.breakers()),
            "certificates": {n: date_time(end) for n, end in self.certificates().items()},
            "alarms": [
                {"kind": alarm.kind, "subject": alarm.subject, "severity": alarm.severity,
                 "message": alarm.message}
                for alarm in alarms
            ],
        }  # fmt: skip
        return json_response(200, shown)

    def _list(self, _request: Request) -> Response:
        return json_response(200, {"faults": [_shown(fault) for fault in self.faults.all()]})

    def _inject(self, request: Request) -> Response:
        wanted = read(_NewFault, request)
        self._check(wanted)
        start = wanted.start.timestamp() if wanted.start else time.time()
        fault = Fault(
            fault_id=str(uuid.uuid4()),
            link_id=None if wanted.kind in _WHOLE_KME else wanted.link,
            kind=wanted.kind,
            value=wanted.value,
            from_at=start,
            until_at=wanted.until.timestamp(),
        )
        self.faults.add(fault)
        return json_response(201, _shown(fault))

    def _check(self, wanted: _NewFault) -> None:
        link = self.topology.links.get(wanted.link or "")
        if wanted.kind not in _WHOLE_KME and (link is None or link.settings.emulator is None):
            raise ApiError(400, "link shall be an emulated link of this node")
        if wanted.kind is FaultKind.EVE and not 0 <= wanted.value <= 1:
            raise ApiError(400, "the value of eve shall be from 0 to 1")
        if wanted.kind in (FaultKind.LOSS, FaultKind.NOISE) and wanted.value < 0:
            raise ApiError(400, f"the value of {wanted.kind} shall not be negative")

    def _remove(self, request: Request) -> Response:
        if not self.faults.remove(request.parameters["fault_id"]):
            raise ApiError(404, "there is no such fault")
        return Response(204, b"")


def _shown(fault: Fault) -> dict[str, Any]:
    return {
        "fault_id": fault.fault_id,
        "link": fault.link_id,
        "kind": fault.kind,
        "value": fault.value,
        "from": date_time(fault.from_at),
        "until": date_time(fault.until_at),
    }
