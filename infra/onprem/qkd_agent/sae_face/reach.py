"""Which KMEs serve the SAEs that a master names, and whether it may name them."""

from collections.abc import Sequence

from infra.onprem.qkd_agent.registry.applications import Application, Applications
from infra.onprem.qkd_agent.registry.saes import Saes
from infra.onprem.qkd_agent.registry.topology import Topology, Way


class NotReachable(Exception):
    """No way leads to the SAE, or the caller may not have keys with it."""


class Reach:
    """Finds the way from an SAE here to an SAE elsewhere."""

    def __init__(self, saes: Saes, applications: Applications, topology: Topology) -> None:
        self._saes = saes
        self._applications = applications
        self._topology = topology

    def way(self, caller: str, sae_id: str) -> Way:
        """Return the way to an SAE.

        Two static SAEs may always have keys together; others need an active application.

        Raises:
            NotReachable: If there is none.
        """
        application = self._applications.joining(caller, sae_id)
        static = self._saes.static_kme_of(sae_id)
        if application is None and (static is None or self._saes.static_kme_of(caller) is None):
            raise NotReachable(sae_id)
        kme_id = static or self._far_kme(application)
        way = self._topology.way_to(kme_id) if kme_id else None
        if way is None:
            raise NotReachable(sae_id)
        return way

    def ways(self, caller: str, sae_ids: Sequence[str]) -> dict[str, tuple[Way, list[str]]]:
        """Return the way to every far KME, and which of the SAEs it serves.

        Raises:
            NotReachable: If there is no way to one of them.
        """
        found: dict[str, tuple[Way, list[str]]] = {}
        for sae_id in dict.fromkeys(sae_ids):
            way = self.way(caller, sae_id)
            found.setdefault(way.target, (way, []))[1].append(sae_id)
        return found

    def application(self, caller: str, sae_id: str) -> Application | None:
        """Return the active application of two SAEs."""
        return self._applications.joining(caller, sae_id)

    def consumed(self, app_id: str, bits: int) -> None:
        """Count what an application has used."""
        self._applications.consumed(app_id, bits)

    def _far_kme(self, application: Application | None) -> str | None:
        node_id = application.body.get("remote_qkdn_id") if application else None
        return self._topology.kme_of_node(node_id) if isinstance(node_id, str) else None
