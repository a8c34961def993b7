"""Links, and the ways over them to other KMEs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from infra.onprem.qkd_agent.config_sections import LinkSection, PathSection
from infra.onprem.qkd_agent.south.base import South


@dataclass(frozen=True)
class Link:
    """A link to a neighbor and the back end that gives its keys."""

    settings: LinkSection
    south: South

    @property
    def link_id(self) -> str:
        """Return its qkdl_id."""
        return self.settings.link_id

    @property
    def peer(self) -> str:
        """Return the KME ID of the neighbor."""
        return self.settings.peer


@dataclass(frozen=True)
class Way:
    """How keys reach a KME: over a link to the next KME, and from there via others.

    Attributes:
        link: The first link.
        via: KMEs between this one and the target; each is a trusted node.
        target: KME ID at the end.
    """

    link: Link
    via: tuple[str, ...]
    target: str

    @property
    def is_direct(self) -> bool:
        """Return whether no trusted node sees the keys."""
        return not self.via


class Topology:
    """The links and paths of this agent."""

    def __init__(self, links: Sequence[Link], paths: Sequence[PathSection]) -> None:
        self.links: Mapping[str, Link] = {link.link_id: link for link in links}
        self.paths = tuple(paths)
        self._by_peer = {link.peer: link for link in links}

    def link_to(self, kme_id: str) -> Link | None:
        """Return the link to a neighbor."""
        return self._by_peer.get(kme_id)

    def way_to(self, kme_id: str) -> Way | None:
        """Return the way to a KME: the direct link if there is one, else the first path."""
        link = self._by_peer.get(kme_id)
        if link is not None:
            return Way(link, (), kme_id)
        for path in self.paths:
            if path.target == kme_id:
                return Way(self._by_peer[path.via[0]], path.via, kme_id)
        return None

    def kme_of_node(self, node_id: str) -> str | None:
        """Return the KME ID of a qkdn_id."""
        for link in self.links.values():
            if link.settings.peer_node_id == node_id:
                return link.peer
        for path in self.paths:
            if path.target_node_id == node_id:
                return path.target
        return None
