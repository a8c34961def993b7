"""The stores of QKD and the lab's agents in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from chalicelib.config_qkd import QKDFiles, QKDSite
from chalicelib.domain.errors import SiteRefused, SiteUnreachable
from chalicelib.domain.links import Link
from chalicelib.domain.qkd import (
    AgentState,
    Alarm,
    Provenance,
    QKDLink,
    QKDLinkState,
    QKDLinkStatus,
    Sample,
)
from chalicelib.services.ports import Page
from chalicelib.services.qkd_ports import EventPage, ObservedLink, ObservedReservation, Reservation
from tests.fakes.stores import FakeVersioned

QKD_LINK = "0a3f1c52-7d7e-5c0e-9b0a-3f6f5a3f9f10"
SITES = tuple(
    QKDSite(name, f"https://{name}:1", f"https://{name}:2", f"https://{name}:3")
    for name in ("kme-a", "kme-b")
)
FILES = QKDFiles("ca.pem", "backend.pem", "backend.key")
STATE = QKDLinkState(
    QKDLinkStatus.ACTIVE, Provenance.EMULATED, 20.0, 0.033, 1200.0, 1000.0, 1100.0, 50, 100, 256
)


class FakeLinkStore(FakeVersioned[Link]):
    def in_experiment(self, experiment_id: str, limit: int, cursor: str | None) -> Page[Link]:
        states = [
            one for one in self._all() if one.is_listed and one.experiment_id == experiment_id
        ]
        return self._page(sorted(states, key=lambda one: one.id), experiment_id, limit, cursor)

    def live(self) -> Iterator[Link]:
        return iter([link for link in self._all() if link.is_live])


class FakeQKDLinkStore(FakeVersioned[QKDLink]):
    def of_site(self, infra_id: str) -> tuple[QKDLink, ...]:
        found = [link for link in self._all() if link.infra_id == infra_id]
        return tuple(sorted(found, key=lambda link: link.id))


class FakeTelemetryStore:
    def __init__(self) -> None:
        self.by_link: dict[str, dict[datetime, Sample]] = {}
        self.agents: dict[str, AgentState] = {}

    def add_samples(self, qkd_link_id: str, samples: Iterable[Sample], delete_at: datetime) -> None:
        for sample in samples:
            assert delete_at > sample.at
            self.by_link.setdefault(qkd_link_id, {})[sample.at] = sample

    def samples(
        self, qkd_link_id: str, begin: datetime, end: datetime, limit: int
    ) -> tuple[Sample, ...]:
        found = sorted(self.by_link.get(qkd_link_id, {}).items())
        return tuple(sample for at, sample in found if begin <= at < end)[:limit]

    def agent(self, name: str) -> AgentState | None:
        return self.agents.get(name)

    def put_agent(self, state: AgentState) -> None:
        self.agents[state.name] = state


class FakeQKDAgent:
    """An agent with one link to another; `is_down` and `refuses` break it."""

    def __init__(self, name: str, peer: str) -> None:
        self.name, self.peer = name, peer
        self.is_down = False
        self.refuses: str | None = None
        self.state, self.link_alarms = STATE, ()
        self.site_alarms: tuple[Alarm, ...] = ()
        self.applications: dict[str, Reservation] = {}
        self.used: dict[str, int] = {}
        self.tokens: dict[str, str] = {}
        self.certified: set[str] = set()
        self.series: list[Sample] = []
        self.pages: list[EventPage] = []
        self.calls: list[str] = []

    def _asked(self, call: str) -> None:
        self.calls.append(call)
        if self.is_down:
            raise SiteUnreachable(f"The QKD agent {self.name} cannot be reached: tunnel down.")

    def links(self) -> tuple[ObservedLink, ...]:
        self._asked("links")
        return (ObservedLink(QKD_LINK, self.peer, self.state, self.link_alarms),)

    def alarms(self) -> tuple[Alarm, ...]:
        self._asked("alarms")
        return self.site_alarms

    def reserve(self, reservation: Reservation) -> None:
        self._asked("reserve")
        if self.refuses:
            raise SiteRefused(self.refuses)
        self.applications[reservation.application_id] = reservation

    def release(self, application_id: str) -> None:
        self._asked("release")
        self.applications.pop(application_id, None)

    def reservations(self) -> tuple[ObservedReservation, ...]:
        self._asked("reservations")
        return tuple(
            ObservedReservation(key, self._own_sae_id(key), self.used.get(key, 0))
            for key in {**self.applications, **self.used}
        )

    def _own_sae_id(self, application_id: str) -> str:
        one = self.applications.get(application_id)
        return one.own_sae_id if one else "somebody"

    def admit(self, sae_id: str, command_id: str) -> str:
        self._asked("admit")
        token = f"token-{self.name}-{command_id}"
        self.tokens[token] = sae_id
        return token

    def authority(self) -> str:
        return "-----BEGIN CERTIFICATE-----\nlab\n-----END CERTIFICATE-----\n"

    def revoke(self, sae_id: str) -> None:
        self._asked("revoke")
        self.certified.discard(sae_id)
        self.tokens = {token: sae for token, sae in self.tokens.items() if sae != sae_id}

    def enrol(self, tokens: Iterable[str] | None = None) -> None:
        """Let the SAEs with these tokens come for their certificates; by default all."""
        for token in tuple(self.tokens) if tokens is None else tokens:
            self.certified.add(self.tokens.pop(token))

    @property
    def left(self) -> set[str]:
        """What it knows of users' links: reservations, certified SAEs, and SAEs with a token."""
        return {*self.applications, *self.certified, *self.tokens.values()}

    def enrolled(self) -> frozenset[str]:
        self._asked("enrolled")
        return frozenset(self.certified)

    def samples(self, qkd_link_id: str, since: datetime) -> tuple[Sample, ...]:
        assert qkd_link_id == QKD_LINK
        self._asked("samples")
        return tuple(sample for sample in self.series if sample.at >= since)

    def events(self, after: int) -> EventPage:
        self._asked("events")
        return self.pages.pop(0) if self.pages else EventPage((), after, is_last=True)


class FakeLab:
    """Two sites with one QKD link between them."""

    def __init__(self) -> None:
        self.a, self.b = FakeQKDAgent("kme-a", "kme-b"), FakeQKDAgent("kme-b", "kme-a")
        self.agents = {"kme-a": self.a, "kme-b": self.b}

    @property
    def is_empty(self) -> bool:
        """Say whether no agent knows any user's link."""
        return not any(one.left for one in self.agents.values())

    def set_down(self, *, is_down: bool = True) -> None:
        """Cut the tunnel, or mend it."""
        for agent in self.agents.values():
            agent.is_down = is_down

    def enrol(self) -> None:
        """Let every VM enrol."""
        for agent in self.agents.values():
            agent.enrol()


def make_qkd_link(at: datetime, **changes: Any) -> QKDLink:
    """Return the lab's QKD link, as telemetry stores it."""
    link = QKDLink(QKD_LINK, "tld-city-bp1", ("kme-a", "kme-b"), STATE, at)
    return replace(link, **changes)
