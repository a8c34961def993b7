"""Links in numbers, samples and events: what ETSI GS QKD 015 has no resource for."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from infra.onprem.qkd_agent.alarms import Alarms
from infra.onprem.qkd_agent.config_sections import KeysSection
from infra.onprem.qkd_agent.journal import Journal, date_time
from infra.onprem.qkd_agent.keystore.link_records import Sample
from infra.onprem.qkd_agent.registry.topology import Link, Topology
from infra.onprem.qkd_agent.web.messages import ApiError, Request, Response, json_response
from infra.onprem.qkd_agent.web.router import Route

_MOST_SAMPLES = 10_000
_MOST_EVENTS = 1000
_UNITS = {
    "t": "RFC 3339",
    "qber": "fraction",
    "skr": "bit/s",
    "eskr": "bit/s",
    "stock": "bit",
    "consumed": "bit",
}


@dataclass(frozen=True)
class Telemetry:
    """The resources for watching."""

    topology: Topology
    limits: KeysSection
    alarms: Alarms
    journal: Journal
    clock: Callable[[], float]

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("GET", "/v1/links", self._links),
            Route("GET", "/v1/links/{link_id}/samples", self._samples),
            Route("GET", "/v1/events", self._events),
        ]

    def _links(self, _request: Request) -> Response:
        links = [self._shown(link) for link in self.topology.links.values()]
        paths = [
            {
                "link_id": path.path_id,
                "type": "VIRT",
                "peer_kme_id": path.target,
                "trusted_nodes": list(path.via),
            }
            for path in self.topology.paths
        ]
        return json_response(200, {"links": links, "paths": paths})

    def _shown(self, link: Link) -> dict[str, Any]:
        view, size = link.south.view(), self.limits.default_size
        emulator = link.settings.emulator
        return {
            "link_id": link.link_id,
            "type": "PHYS",
            "peer_kme_id": link.peer,
            "status": view.status,
            "is_enabled": view.is_enabled,
            "length_km": emulator.length_km if emulator else None,
            "qber": view.qber,
            "skr_bit_per_s": view.skr,
            "eskr_bit_per_s": view.eskr,
            "expected_skr_bit_per_s": view.expected_skr,
            "stock_bits": view.stock_bits,
            "max_stock_bits": view.maximum_stock_bits,
            "key_size": size,
            "stored_key_count": view.stock_bits // size,
            "max_key_count": view.maximum_stock_bits // size,
            "consumed_bits": view.consumed_bits,
            "source": view.source,
            "alarms": [
                {"kind": alarm.kind, "severity": alarm.severity, "message": alarm.message}
                for alarm in self.alarms.active(link.link_id)
            ],
        }

    def _samples(self, request: Request) -> Response:
        link = self.topology.links.get(request.parameters["link_id"])
        if link is None:
            raise ApiError(404, "there is no such physical link")
        since = _time(request, "since", self.clock() - 3600)
        step = _whole(request, "step", 0, 86400)
        samples: Sequence[Sample] = link.south.samples(since, _MOST_SAMPLES)
        if step:
            samples = list(thinned(samples, step))
        shown = [_sample(sample) for sample in samples]
        return json_response(200, {"link_id": link.link_id, "units": _UNITS, "samples": shown})

    def _events(self, request: Request) -> Response:
        after = _whole(request, "after", 0, 2**53)
        limit = _whole(request, "limit", 100, _MOST_EVENTS)
        events = self.journal.after(after, limit)
        cursor = events[-1]["sequence"] if events else after
        return json_response(200, {"events": events, "cursor": cursor})


def thinned(samples: Iterable[Sample], step_seconds: int) -> Iterable[Sample]:
    """Return one sample per step: means of the rates, the last stock, all faults."""
    for _, group in groupby(samples, key=lambda sample: sample.at // step_seconds):
        members = list(group)
        last = members[-1]
        yield Sample(
            at=last.at,
            qber=_mean(member.qber for member in members),
            skr=_mean(member.skr for member in members),
            eskr=_mean(member.eskr for member in members),
            stock_bits=last.stock_bits,
            consumed_bits=last.consumed_bits,
            source=last.source,
            faults=tuple(sorted({fault for member in members for fault in member.faults})),
        )


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _sample(sample: Sample) -> dict[str, Any]:
    return {
        "t": date_time(sample.at),
        "qber": sample.qber,
        "skr": sample.skr,
        "eskr": sample.eskr,
        "stock": sample.stock_bits,
        "consumed": sample.consumed_bits,
        "source": sample.source,
        "faults": list(sample.faults),
    }


def _one(request: Request, name: str) -> str | None:
    values = request.query.get(name)
    return values[-1] if values else None


def _whole(request: Request, name: str, default: int, most: int) -> int:
    text = _one(request, name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit()) or len(text) > 16 or int(text) > most:  # noqa: PLR2004  # digits of 2^53
        raise ApiError(400, f"{name} shall be a whole number up to {most}")
    return int(text)


def _time(request: Request, name: str, default: float) -> float:
    text = _one(request, name)
    if text is None:
        return default
    try:
        found = dt.datetime.fromisoformat(text.replace(" ", "+"))
        return (found if found.tzinfo else found.replace(tzinfo=dt.UTC)).timestamp()
    except (ValueError, OverflowError):
        raise ApiError(400, f"{name} shall be a time as in RFC 3339") from None
