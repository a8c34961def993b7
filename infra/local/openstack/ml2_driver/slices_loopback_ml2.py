"""Bind ports without an agent.

Neutron binds a port only if a mechanism driver vouches for the host, and the production drivers
look for a live agent there. This one vouches for every host.
"""

from neutron_lib import constants
from neutron_lib.api.definitions import portbindings
from neutron_lib.plugins.ml2 import api


class LoopbackMechanismDriver(api.MechanismDriver):  # type: ignore[misc]  # Neutron is untyped
    """Accept ordinary ports on any host."""

    @property
    def connectivity(self) -> str:
        """The kind of connectivity that bound ports have."""
        return str(portbindings.CONNECTIVITY_L2)

    def initialize(self) -> None:
        """Do nothing: there is nothing to connect to."""

    def bind_port(self, context: api.PortContext) -> None:
        """Bind an ordinary port to its first segment; leave any other kind unbound."""
        vnic_type = context.current.get(portbindings.VNIC_TYPE, portbindings.VNIC_NORMAL)
        if vnic_type != portbindings.VNIC_NORMAL:
            return
        context.set_binding(
            context.segments_to_bind[0][api.ID],
            portbindings.VIF_TYPE_OVS,
            {portbindings.CAP_PORT_FILTER: False},
            # No agent will ever report the port as up.
            status=constants.PORT_STATUS_ACTIVE,
        )
