"""Reads what an agent answers. Only the members named here are taken; anything else is dropped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from chalicelib.domain.errors import SiteUnreachable
from chalicelib.domain.qkd import (
    Alarm,
    Occurrence,
    Provenance,
    QKDLinkState,
    QKDLinkStatus,
    Sample,
    Severity,
)
from chalicelib.services.qkd_ports import ObservedLink

_MAX_TEXT = 300
ResultT = TypeVar("ResultT")


def read(how: Callable[[], ResultT]) -> ResultT:
    """Return what `how` makes of an answer.

    Raises:
        SiteUnreachable: the answer is not shaped as agreed.
    """
    try:
        return how()
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise SiteUnreachable("A QKD agent's answer cannot be understood.") from error


def text_of(answer: Mapping[str, Any], name: str) -> str:
    """Return a text, cut to a bearable length."""
    value = answer[name]
    if not isinstance(value, str):
        raise TypeError(name)
    return value[:_MAX_TEXT]


def whole_of(answer: Mapping[str, Any], name: str) -> int:
    """Return a number as a whole one; whatever counts is never negative."""
    return max(0, int(answer[name]))


def list_of(answer: Any, name: str) -> list[Any]:
    """Return a list."""
    found = answer[name]
    if not isinstance(found, list):
        raise TypeError(name)
    return found


def observed_link(answer: Mapping[str, Any]) -> ObservedLink:
    """Return an entry of /v1/links."""
    link_id = text_of(answer, "link_id")
    return ObservedLink(
        id=link_id,
        peer=text_of(answer, "peer_kme_id"),
        state=QKDLinkState(
            status=QKDLinkStatus(text_of(answer, "status").lower()),
            provenance=_provenance(answer),
            length_km=_rate(answer, "length_km"),
            qber=_rate(answer, "qber"),
            skr_bit_per_s=_rate(answer, "skr_bit_per_s"),
            eskr_bit_per_s=_rate(answer, "eskr_bit_per_s"),
            expected_skr_bit_per_s=_rate(answer, "expected_skr_bit_per_s"),
            stored_key_count=whole_of(answer, "stored_key_count"),
            max_key_count=whole_of(answer, "max_key_count"),
            key_size_bits=whole_of(answer, "key_size"),
        ),
        alarms=tuple(
            alarm_of({"subject": link_id, **alarm}) for alarm in list_of(answer, "alarms")
        ),
    )


def alarm_of(answer: Mapping[str, Any]) -> Alarm:
    """Return an alarm."""
    severity = text_of(answer, "severity").lower()
    return Alarm(
        kind=text_of(answer, "kind"),
        subject=text_of(answer, "subject"),
        severity=Severity.MAJOR if severity == Severity.MAJOR else Severity.MINOR,
        message=text_of(answer, "message"),
    )


def occurrence_of(event: Mapping[str, Any]) -> Occurrence | None:
    """Return an event that is an alarm without duration; None for all others."""
    about = event["about"]
    if about.get("state") != "occurred":
        return None
    notification = event["ietf-restconf:notification"]
    body = notification.get("etsi-qkd-sdn-node:alarm", {})
    shown = next((one for one in body.values() if isinstance(one, Mapping)), {})
    message = shown.get("message", about["kind"])
    alarm = alarm_of({**about, "message": message})
    return Occurrence(time_of(text_of(notification, "eventTime")), alarm)


def sample_of(answer: Mapping[str, Any]) -> Sample:
    """Return one point of a time series."""
    return Sample(
        at=time_of(text_of(answer, "t")),
        qber=_rate(answer, "qber"),
        skr_bit_per_s=_rate(answer, "skr"),
        eskr_bit_per_s=_rate(answer, "eskr"),
        stock_bits=whole_of(answer, "stock"),
        consumed_bits=whole_of(answer, "consumed"),
        provenance=_provenance(answer),
        faults=tuple(str(fault)[:_MAX_TEXT] for fault in answer.get("faults", ())),
    )


def _provenance(answer: Mapping[str, Any]) -> Provenance:
    return Provenance(text_of(answer, "source"))


def _rate(answer: Mapping[str, Any], name: str) -> float | None:
    value = answer[name]
    return None if value is None else float(value)


def time_of(text: str) -> datetime:
    """Return a moment; without a zone it is in UTC."""
    found = datetime.fromisoformat(text)
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
