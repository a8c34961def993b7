"""Looks after the links, the neighbors and the certificates, and raises and clears alarms."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.onprem.qkd_agent.alarms import Alarm, AlarmKind, Alarms, Severity
from infra.onprem.qkd_agent.control_face.node_tree import performance
from infra.onprem.qkd_agent.delivery.hop import Neighbor
from infra.onprem.qkd_agent.journal import Journal
from infra.onprem.qkd_agent.registry.topology import Link, Topology
from infra.onprem.qkd_agent.south.base import LinkView

_LOG = logging.getLogger(__name__)
QBER_MINOR, QBER_MAJOR = 0.05, 0.06
_CERTIFICATE_DAYS, _DAY = 14, 86400.0
_CLOCK_SECONDS = 5.0


@dataclass
class Monitor:
    """Watches while the agent runs.

    Attributes:
        skew: Gives how far the agent's clock is off, in seconds.
        certificates: Gives the end of validity of each of the agent's certificates.
        overdue: Gives the seconds left to each SAE that did not renew its certificate in time.
        tidy: Called once an hour.
    """

    topology: Topology
    neighbors: Mapping[str, Neighbor]
    alarms: Alarms
    journal: Journal
    clock: Callable[[], float]
    skew: Callable[[], float]
    is_down: Callable[[], bool]
    certificates: Callable[[], Mapping[str, float]]
    overdue: Callable[[], Mapping[str, float]]
    tidy: Callable[[], None]
    _told: dict[str, tuple[bool, float | None]] = field(default_factory=dict)
    _late_saes: set[str] = field(default_factory=set)
    _tidied_at: float = 0.0

    def run(self, every_seconds: float, stop: threading.Event) -> None:
        """Look again and again until told to stop."""
        while not stop.wait(every_seconds):
            try:
                self.look()
            except Exception:  # noqa: BLE001  # logged; the watch must not end
                _LOG.exception("the monitor failed and goes on")

    def look(self) -> None:
        """Look once."""
        for link in self.topology.links.values():
            view = link.south.view()
            self._watch_link(link, view)
            self._tell_changes(link, view)
        self._watch_site()
        if self.clock() - self._tidied_at >= 3600:  # noqa: PLR2004  # an hour
            self._tidied_at = self.clock()
            self.tidy()

    def _watch_link(self, link: Link, view: LinkView) -> None:
        qber = view.qber or 0.0
        severity = Severity.MAJOR if qber >= QBER_MAJOR else Severity.MINOR
        self._watch(
            AlarmKind.QBER_HIGH,
            link.link_id,
            severity,
            "the QBER is high",
            wrong=qber >= QBER_MINOR,
        )
        makes_none = view.is_enabled and view.skr is not None and view.skr <= 0
        text = "the link makes no secret key"
        self._watch(AlarmKind.SKR_ZERO, link.link_id, Severity.MAJOR, text, wrong=makes_none)
        lowest = link.settings.stock_low_share * view.maximum_stock_bits
        text = "the key stock is low"
        is_low = view.stock_bits < lowest
        self._watch(AlarmKind.STOCK_LOW, link.link_id, Severity.MINOR, text, wrong=is_low)
        text = "the link is down"
        self._watch(AlarmKind.LINK_DOWN, link.link_id, Severity.MAJOR, text, wrong=view.is_down)

    def _tell_changes(self, link: Link, view: LinkView) -> None:
        body: dict[str, Any]
        was_down, told_skr = self._told.get(link.link_id, (False, None))
        self._told[link.link_id] = (view.is_down, view.skr)
        if view.is_down and not was_down:
            body = {"qkdl_id": link.link_id, "reason": "no light or no answer"}
            self.journal.notify("sdqkdn_link_down", {"qkd_link": body})
        elif view.skr != told_skr:
            numbers = performance(view, is_physical=True)
            body = {"qkdl_id": link.link_id, "performance": numbers}
            self.journal.notify("sdqkdn_link_perf_update", {"qkd_link": body})

    def _watch_site(self) -> None:
        for kme_id, neighbor in self.neighbors.items():
            text, wrong = f"{kme_id} does not answer", not neighbor.is_reachable
            self._watch(AlarmKind.KME_UNREACHABLE, kme_id, Severity.MAJOR, text, wrong=wrong)
        for name, end in self.certificates().items():
            left = end - self.clock()
            severity = Severity.MAJOR if left < _DAY else Severity.MINOR
            text, wrong = f"the certificate of {name} expires soon", left < _CERTIFICATE_DAYS * _DAY
            self._watch(AlarmKind.CERTIFICATE_EXPIRING, name, severity, text, wrong=wrong)
        self._watch_saes()
        text, wrong = "the clock is off", abs(self.skew()) > _CLOCK_SECONDS
        self._watch(AlarmKind.CLOCK_SKEW, "clock", Severity.MINOR, text, wrong=wrong)
        text = "the KME is down"
        self._watch(AlarmKind.KME_DOWN, "kme", Severity.MAJOR, text, wrong=self.is_down())

    def _watch_saes(self) -> None:
        """Raise the alarm of an SAE's certificate. Minor: the link and other SAEs go on."""
        overdue = self.overdue()
        for sae_id, left in overdue.items():
            text = "the certificate has ended" if left <= 0 else "the certificate ends soon"
            self._watch_sae(sae_id, f"{text} and was not renewed", wrong=True)
        for sae_id in self._late_saes - overdue.keys():
            self._watch_sae(sae_id, "the certificate was not renewed in time", wrong=False)
        self._late_saes = set(overdue)

    def _watch_sae(self, sae_id: str, text: str, *, wrong: bool) -> None:
        kind = AlarmKind.CERTIFICATE_EXPIRING
        self._watch(kind, sae_id, Severity.MINOR, text, wrong=wrong)

    def _watch(
        self, kind: AlarmKind, subject: str, severity: Severity, message: str, *, wrong: bool
    ) -> None:
        self.alarms.watch(Alarm(kind, subject, severity, message), is_wrong=wrong)
