"""The agent's control face: ETSI GS QKD 015 JSON for reservations, and its own resources."""

from __future__ import annotations

import time
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlencode

from chalicelib.adapters.qkd_agent.answers import (
    alarm_of,
    list_of,
    observed_link,
    occurrence_of,
    read,
    sample_of,
    text_of,
    time_of,
    whole_of,
)
from chalicelib.adapters.qkd_agent.transport import SiteTransport
from chalicelib.domain.qkd import Alarm, Sample, clock_alarm
from chalicelib.services.qkd_ports import (
    EventPage,
    ObservedLink,
    ObservedReservation,
    Reservation,
)

_MODULE = "etsi-qkd-sdn-node"
_ROOT = f"/restconf/data/{_MODULE}:qkd_node"
_SAE_URI = "urn:sae:"
_APPS = f"{_ROOT}/qkd_applications"
_EVENTS_PER_PAGE = 500
_MOST_SAMPLES = 2000


class HttpQKDAgent:
    """One site's agent over HTTP.

    Args:
        transport: The way to its control face.
        ca_file: The CA (PEM) that VMs verify it with.
    """

    def __init__(self, transport: SiteTransport, ca_file: str) -> None:
        self._transport = transport
        self._ca_file = ca_file

    def links(self) -> tuple[ObservedLink, ...]:
        """Return the agent's physical links as they are now."""
        answer = self._transport.call("GET", "/v1/links")
        return read(lambda: tuple(observed_link(one) for one in list_of(answer, "links")))

    def alarms(self) -> tuple[Alarm, ...]:
        """Return what is wrong with the agent, its links and its neighbors now.

        Also whether its clock differs from ours, which it cannot know; half of the call's time is
        the measurement's uncertainty.
        """
        began = time.time()
        answer = self._transport.call("GET", "/v1/health")
        half = (time.time() - began) / 2
        found = read(lambda: tuple(alarm_of(one) for one in list_of(answer, "alarms")))
        ahead = read(lambda: time_of(text_of(answer, "time")).timestamp()) - (began + half)
        name = read(lambda: text_of(answer, "kme_id"))
        skewed = clock_alarm(name, ahead, max(half, 0.0))
        return (*found, skewed) if skewed else found

    def reserve(self, reservation: Reservation) -> None:
        """Make sure that the reservation is there, in this form."""
        link = self._transport.call(
            "GET", f"{_ROOT}/qkd_links/qkd_link={_q(reservation.qkd_link_id)}"
        )
        far_node = read(
            lambda: text_of(list_of(link, f"{_MODULE}:qkd_link")[0]["qkdl_remote"], "qkdn_id")
        )
        app = {
            "app_id": reservation.application_id,
            "app_type": "etsi-qkd-node-types:CLIENT",
            "server_app_id": _uri(reservation.own_sae_id),
            "client_app_id": [_uri(reservation.far_sae_id)],
            "expiration_time": reservation.expires_at.isoformat(),
            "backing_qkdl_id": [reservation.qkd_link_id],
            "remote_qkdn_id": far_node,
            "app_qos": {"min_bandwidth": reservation.min_bandwidth_bit_per_s},
        }
        path = f"{_APPS}/qkd_app={_q(reservation.application_id)}"
        self._transport.call("PUT", path, {f"{_MODULE}:qkd_app": [app]})

    def release(self, application_id: str) -> None:
        """Make sure that the reservation is gone."""
        path = f"{_APPS}/qkd_app={_q(application_id)}"
        self._transport.call("DELETE", path, absent_is_fine=True)

    def reservations(self) -> tuple[ObservedReservation, ...]:
        """Return what is reserved here, by this backend or by others."""
        answer = self._transport.call("GET", _APPS)
        return read(
            lambda: tuple(
                _reservation(app)
                for app in list_of(answer[f"{_MODULE}:qkd_applications"], "qkd_app")
            )
        )

    def admit(self, sae_id: str, command_id: str) -> str:
        """Return a one-time enrolment token; the same one for the same command."""
        answer = self._transport.call(
            "POST", "/v1/saes", {"sae_id": sae_id}, {"X-Command-ID": command_id}
        )
        return read(lambda: text_of(answer, "token"))

    def authority(self) -> str:
        """Return the CA (PEM) that VMs verify the agent with."""
        return self._authority

    @cached_property
    def _authority(self) -> str:
        return Path(self._ca_file).read_text(encoding="ascii")

    def revoke(self, sae_id: str) -> None:
        """Make sure that the SAE has no certificate, token or waiting key."""
        self._transport.call("DELETE", f"/v1/saes/{_q(sae_id)}", absent_is_fine=True)

    def enrolled(self) -> frozenset[str]:
        """Return the SAEs that have a certificate."""
        answer = self._transport.call("GET", "/v1/saes")
        return read(lambda: frozenset(text_of(one, "sae_id") for one in list_of(answer, "saes")))

    def samples(self, qkd_link_id: str, since: datetime) -> tuple[Sample, ...]:
        """Return the time series of a link from a moment on, oldest first; at most 2,000."""
        query = urlencode({"since": since.isoformat()})
        answer = self._transport.call("GET", f"/v1/links/{_q(qkd_link_id)}/samples?{query}")
        samples = read(lambda: tuple(sample_of(one) for one in list_of(answer, "samples")))
        return samples[:_MOST_SAMPLES]

    def events(self, after: int) -> EventPage:
        """Return what has happened since, oldest first; at most 500 events at a time."""
        query = urlencode({"after": after, "limit": _EVENTS_PER_PAGE})
        answer: Any = self._transport.call("GET", f"/v1/events?{query}")
        return read(lambda: _page(answer))


def _reservation(app: Any) -> ObservedReservation:
    periods = list_of(app["app_statistics"], "statistics")
    return ObservedReservation(
        application_id=text_of(app, "app_id"),
        own_sae_id=unquote(text_of(app, "server_app_id").removeprefix(_SAE_URI)),
        consumed_bits=sum(whole_of(period, "consumed_bits") for period in periods),
    )


def _page(answer: Any) -> EventPage:
    events = list_of(answer, "events")
    found = (occurrence_of(event) for event in events)
    return EventPage(
        occurrences=tuple(one for one in found if one is not None),
        cursor=whole_of(answer, "cursor"),
        is_last=len(events) < _EVENTS_PER_PAGE,
    )


def _q(text: str) -> str:
    return quote(text, safe="")


def _uri(sae_id: str) -> str:
    return f"{_SAE_URI}{_q(sae_id)}"
