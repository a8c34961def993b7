"""The one configuration file (TOML) of an agent. All mistakes in it are told at once."""

from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from infra.onprem.qkd_agent.config_sections import (
    AgentSection,
    AuthoritySection,
    FacesSection,
    IdentitySection,
    KeysSection,
    LinkSection,
    PathSection,
    PeerSection,
    SaeSection,
    Section,
)
from infra.onprem.settings_file import read_settings


class Configuration(Section):
    """The whole file."""

    agent: AgentSection
    faces: FacesSection
    keys: KeysSection = KeysSection()
    identity: IdentitySection = IdentitySection()
    authority: AuthoritySection | None = None
    peers: Annotated[tuple[PeerSection, ...], Field(strict=False)] = ()
    links: Annotated[tuple[LinkSection, ...], Field(strict=False)] = ()
    paths: Annotated[tuple[PathSection, ...], Field(strict=False)] = ()
    saes: Annotated[tuple[SaeSection, ...], Field(strict=False)] = ()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        mistakes = [*self._unknown_kmes(), *self._repeated_ids()]
        if not self.faces.control.allowed_clients:
            mistakes.append("faces.control.allowed_clients names nobody")
        mistakes += [
            f"peer {peer.kme_id}: mode asynchronous needs callback_url"
            for peer in self.peers
            if peer.mode == "asynchronous" and peer.callback_url is None
        ]
        if mistakes:
            raise ValueError("; ".join(mistakes))
        return self

    def _unknown_kmes(self) -> list[str]:
        peers = {peer.kme_id for peer in self.peers}
        neighbors = {link.peer for link in self.links}
        mistakes = [
            f"link {link.link_id}: {link.peer} is none of [[peers]]"
            for link in self.links
            if link.peer not in peers
        ]
        mistakes += [
            f"path {path.path_id}: there is no link to {path.via[0]}"
            for path in self.paths
            if path.via[0] not in neighbors
        ]
        reachable = neighbors | {path.target for path in self.paths} | {self.agent.kme_id}
        mistakes += [
            f"SAE {sae.sae_id}: no link or path leads to {sae.kme_id}"
            for sae in self.saes
            if sae.kme_id not in reachable
        ]
        return mistakes

    def _repeated_ids(self) -> list[str]:
        groups: dict[str, list[str]] = {
            "peers": [peer.kme_id for peer in self.peers],
            "links": [link.link_id for link in self.links],
            "neighbors": [link.peer for link in self.links],
            "paths": [path.path_id for path in self.paths],
            "saes": [sae.sae_id for sae in self.saes],
        }
        return [
            f"{name}: an ID is there twice"
            for name, ids in groups.items()
            if len(set(ids)) != len(ids)
        ]


def host_of(url: str) -> str:
    """Return the host name of a URL."""
    return urlsplit(url).hostname or ""


def load_configuration(path: Path) -> Configuration:
    """Read the file; relative paths in it are taken from its directory.

    Raises:
        BadSettings: With the mistakes in it.
    """
    base = path.resolve().parent
    return read_settings(path, Configuration, lambda found: _anchored(found, base))


_PATHS = ("certificate", "private_key", "trusted_ca", "secret_file", "kme_ca", "data_directory")


def _anchored(value: object, base: Path) -> object:
    if isinstance(value, list):
        return [_anchored(item, base) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: str(base / item) if key in _PATHS and isinstance(item, str) else _anchored(item, base)
        for key, item in value.items()
    }
