"""The node as data of ETSI GS QKD 015 V2.1.1, in the JSON encoding of RFC 7951.

The published model guards PHYS and VIRT members with an unprefixed string, so that a validator
rejects them next to the (correct) prefixed identity. This module serves what the model means.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.onprem.qkd_agent import __version__
from infra.onprem.qkd_agent.config_sections import AgentSection, PathSection
from infra.onprem.qkd_agent.journal import date_time
from infra.onprem.qkd_agent.registry.applications import Application, Applications
from infra.onprem.qkd_agent.registry.topology import Link, Topology
from infra.onprem.qkd_agent.south.base import LinkStatus, LinkView

_TYPES = "etsi-qkd-node-types"
_U32_MAX = 2**32 - 1


def identity(name: str) -> str:
    """Return an identity of the types module."""
    return f"{_TYPES}:{name}"


def u32(value: float | None) -> int:
    """Return a rate as the model's uint32: rounded, saturated, 0 if unknown."""
    return min(_U32_MAX, max(0, round(value or 0)))


def decimal3(value: float) -> str:
    """Return a decimal64 with three fraction digits, a string in JSON."""
    return f"{value:.3f}"


def performance(view: LinkView, *, is_physical: bool) -> dict[str, Any]:
    """Return qkdl_performance. QBER is the fraction, with the model's resolution of 0.1 %."""
    shown: dict[str, Any] = {
        "expected_consumption": 0,
        "skr": u32(view.skr),
        "eskr": u32(view.eskr),
    }
    if is_physical and view.qber is not None:
        shown["phys_perf"] = [{"perf_type": identity("QBER"), "value": decimal3(view.qber)}]
    return shown


@dataclass(frozen=True)
class NodeTree:
    """Renders the node."""

    agent: AgentSection
    topology: Topology
    applications: Applications

    def node(self, now: float) -> dict[str, Any]:
        """Return the whole node."""
        return {
            "qkdn_id": self.agent.node_id,
            "qkdn_status": identity("OPERATING"),
            "qkdn_version": __version__,
            "qkdn_location_id": self.agent.location,
            "qkdn_capabilities": {
                "link_stats_support": True,
                "application_stats_support": True,
                "key_relay_mode_enable": bool(self.topology.paths),
            },
            "qkd_applications": {"qkd_app": [self.app(a, now) for a in self.applications.all()]},
            "qkd_interfaces": {"qkd_interface": self._interfaces()},
            "qkd_links": {"qkd_link": self.links()},
        }

    def links(self) -> list[dict[str, Any]]:
        """Return all links: physical ones and the paths over trusted nodes."""
        numbered = enumerate(self.topology.links.values(), start=1)
        physical = [self._physical(number, link) for number, link in numbered]
        return physical + [self._virtual(path) for path in self.topology.paths]

    def link(self, link_id: str) -> dict[str, Any] | None:
        """Return one link."""
        return next((link for link in self.links() if link["qkdl_id"] == link_id), None)

    def app(self, application: Application, now: float) -> dict[str, Any]:
        """Return one application with what the node knows about it."""
        status = "ON" if application.is_active(now) else "OUT-OF-TIME"
        start, bits = date_time(application.created_at), application.consumed_bits
        statistics = {"start_time": start, "end_time": date_time(now), "consumed_bits": u32(bits)}
        return {
            **application.body,
            "app_id": application.app_id,
            "app_status": identity(status),
            "creation_time": start,
            "app_statistics": {"statistics": [statistics]},
        }

    def _interfaces(self) -> list[dict[str, Any]]:
        return [
            {
                "qkdi_id": number,
                "qkdi_model": "emulator" if link.settings.emulator else "ETSI GS QKD 014 KME",
                "qkdi_type": identity("DV-QKD"),
                "qkdi_status": identity("ENABLED"),
                "qkdi_capabilities": {"role_support": identity(link.settings.role)},
            }
            for number, link in enumerate(self.topology.links.values(), start=1)
        ]

    def _physical(self, number: int, link: Link) -> dict[str, Any]:
        view, settings = link.south.view(), link.settings
        shown: dict[str, Any] = {
            "qkdl_id": link.link_id,
            "qkdl_status": identity(view.status),
            "qkdl_enable": view.is_enabled,
            "qkdl_type": identity("PHYS"),
            "qkdl_applications": self._apps_on(link.link_id),
            "qkdl_local": {"qkdn_id": self.agent.node_id, "qkdi_id": number},
            "qkdl_remote": {"qkdn_id": settings.peer_node_id},
            "phys_wavelength": settings.wavelength,
            "phys_qkd_role": identity(settings.role),
            "qkdl_performance": performance(view, is_physical=True),
        }
        if settings.emulator:
            fiber = settings.emulator
            loss = fiber.length_km * fiber.attenuation_db_per_km + fiber.extra_loss_db
            shown["phys_channel_att"] = decimal3(loss)
        return shown

    def _virtual(self, path: PathSection) -> dict[str, Any]:
        first = self.topology.link_to(path.via[0])
        view = first.south.view() if first else None
        shown: dict[str, Any] = {
            "qkdl_id": path.path_id,
            "qkdl_status": identity(view.status if view else LinkStatus.OFF),
            "qkdl_enable": view.is_enabled if view else False,
            "qkdl_type": identity("VIRT"),
            "qkdl_applications": self._apps_on(path.path_id),
            "qkdl_local": {"qkdn_id": self.agent.node_id},
            "qkdl_remote": {"qkdn_id": path.target_node_id},
        }
        if first and view:
            shown["virt_next_hop"] = [first.settings.peer_node_id]
            shown["virt_bandwidth"] = u32(view.eskr)
            shown["qkdl_performance"] = performance(view, is_physical=False)
        return shown

    def _apps_on(self, link_id: str) -> list[str]:
        return [
            application.app_id
            for application in self.applications.all()
            if link_id in _backing(application.body)
        ]


def _backing(body: Mapping[str, Any]) -> Sequence[str]:
    found = body.get("backing_qkdl_id", [])
    return found if isinstance(found, list) else []
