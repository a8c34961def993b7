"""Alarms: conditions that start and end, told once each time they do."""

import threading
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from infra.onprem.qkd_agent.journal import Journal


class Severity(StrEnum):
    """Severities of ETSI GS QKD 015."""

    MINOR = "MINOR"
    MAJOR = "MAJOR"


class AlarmKind(StrEnum):
    """What is watched."""

    QBER_HIGH = "qber_high"
    SKR_ZERO = "skr_zero"
    STOCK_LOW = "stock_low"
    LINK_DOWN = "link_down"
    KME_UNREACHABLE = "kme_unreachable"
    CERTIFICATE_EXPIRING = "certificate_expiring"
    CLOCK_SKEW = "clock_skew"
    KME_DOWN = "kme_down"
    REPLAY_SEEN = "replay_seen"
    KEYS_BURNED = "keys_burned"
    DEVICE_LIES = "device_lies"


@dataclass(frozen=True)
class Alarm:
    """An active alarm. `subject` is a link, peer or certificate."""

    kind: AlarmKind
    subject: str
    severity: Severity
    message: str


class Alarms:
    """The active alarms of the agent."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._active: dict[tuple[AlarmKind, str], Alarm] = {}
        self._lock = threading.Lock()

    def active(self, subject: str | None = None) -> list[Alarm]:
        """Return what is wrong now, with one subject or with all."""
        with self._lock:
            alarms = list(self._active.values())
        return [alarm for alarm in alarms if subject in (None, alarm.subject)]

    def watch(self, alarm: Alarm, *, is_wrong: bool) -> None:
        """Raise or clear an alarm; it is told when it starts, ends or changes its severity."""
        key = (alarm.kind, alarm.subject)
        with self._lock:
            known = self._active.get(key)
            if is_wrong:
                self._active[key] = alarm
            else:
                self._active.pop(key, None)
        if is_wrong and (known is None or known.severity != alarm.severity):
            self._tell(alarm, "raised")
        elif not is_wrong and known is not None:
            self._tell(alarm, "cleared")

    def once(self, alarm: Alarm) -> None:
        """Tell of something that has happened and has no duration."""
        self._tell(alarm, "occurred")

    def _tell(self, alarm: Alarm, state: str) -> None:
        name = "event" if state == "cleared" else "alarm"
        message = f"{alarm.message} (cleared)" if state == "cleared" else alarm.message
        severity = f"etsi-qkd-node-types:{alarm.severity}"
        body: dict[str, Any] = {"message": message, "severity": severity}
        if alarm.kind in _ABOUT_LINKS:
            body["qkdl_id"] = alarm.subject
            shown: dict[str, Any] = {"link": body}
        else:
            shown = {"interface": body}
        about = {"kind": alarm.kind, "subject": alarm.subject, "state": state}
        self._journal.notify(name, shown, {**about, "severity": alarm.severity})


_ABOUT_LINKS = {
    AlarmKind.QBER_HIGH,
    AlarmKind.SKR_ZERO,
    AlarmKind.STOCK_LOW,
    AlarmKind.LINK_DOWN,
    AlarmKind.DEVICE_LIES,
}
