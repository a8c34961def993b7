"""Everything that can be said against the links of a request before anything is written."""

from __future__ import annotations

from msgspec import Struct

from chalicelib.config_qkd import QKDSite
from chalicelib.domain.enrolment import Enrolment
from chalicelib.domain.errors import BandwidthExceeded, FieldError
from chalicelib.domain.qkd import QKDLink, bandwidth_shortage, book
from chalicelib.services.backend import Backend

MIN_KEY_SIZE_BITS = 64
MAX_KEY_SIZE_BITS = 4096
_MOST_LINKS = 20
_LONGEST_CA = "x" * 2048
_LONGEST_URL = "x" * 200


class WantedLink(Struct, frozen=True):
    """One link as the client asks for it; its ends are friendly names of the same request.

    None: the site's choice. Without a bandwidth nothing is promised.
    """

    friendly_name: str
    source: str
    destination: str
    qkd_link_id: str | None = None
    min_bandwidth_bit_per_s: int = 0
    key_size_bits: int | None = None


class CheckedLink(Struct, frozen=True):
    """A wanted link that can be had. The source is at the QKD link's first end."""

    wanted: WantedLink
    qkd_link: QKDLink
    key_size_bits: int
    sites: tuple[QKDSite, QKDSite]


def longest_enrolment(wanted: WantedLink) -> Enrolment:
    """Return an enrolment that takes at least as much room as the real one will."""
    return Enrolment(
        friendly_name=wanted.friendly_name,
        link_id=_LONGEST_URL,
        sae_id="x" * 64,
        peer_sae_id="x" * 64,
        kme_url=_LONGEST_URL,
        enrolment_url=_LONGEST_URL,
        authority=_LONGEST_CA,
        token="x" * 64,
        key_size_bits=MAX_KEY_SIZE_BITS,
    )


class LinkChecker:
    """Resolves links and collects what is wrong with them."""

    def __init__(self, backend: Backend, names: tuple[str, ...]) -> None:
        self._backend = backend
        self._names = names
        self._sites = {site.name: site for site in backend.settings.qkd_sites}
        self.errors: list[FieldError] = []

    def check(
        self, links: tuple[WantedLink, ...], without_cloud_init: frozenset[str]
    ) -> tuple[CheckedLink, ...]:
        """Return the links that are right but for their bandwidth; `errors` names the others."""
        if not links:
            return ()
        if not self._sites:
            self._wrong("links", "must be empty: this site offers no links")
            return ()
        if len(links) > _MOST_LINKS:
            self._wrong("links", f"has more than {_MOST_LINKS} entries: split the request")
            return ()
        offered = self._offered()
        seen: set[str] = set()
        checked = []
        for index, wanted in enumerate(links):
            path = f"links[{index}]"
            if wanted.friendly_name in seen:
                self._wrong(f"{path}.friendly_name", "exists twice in this request")
            seen.add(wanted.friendly_name)
            self._check_ends(path, wanted, without_cloud_init)
            self._check_key_size(path, wanted)
            link = self._choose(path, wanted, offered)
            if link is not None:
                # The next one of this request finds what this one leaves.
                offered[link.id] = book(link, path, wanted.min_bandwidth_bit_per_s)
                size = wanted.key_size_bits or link.state.key_size_bits
                sites = (self._sites[link.ends[0]], self._sites[link.ends[1]])
                checked.append(CheckedLink(wanted, link, size, sites))
        return tuple(checked)

    def check_bandwidth(self, links: tuple[CheckedLink, ...]) -> None:
        """Make sure that the QKD links make enough key for all of them.

        Raises:
            BandwidthExceeded: one does not; says what would fit.
        """
        for index, link in enumerate(links):
            text = bandwidth_shortage(link.qkd_link, link.wanted.min_bandwidth_bit_per_s)
            if text:
                field = f"links[{index}].min_bandwidth_bit_per_s"
                raise BandwidthExceeded(text, field_errors=(FieldError(field, text),))

    def _offered(self) -> dict[str, QKDLink]:
        """Return the QKD links whose both ends have an agent here."""
        found = self._backend.qkd_links.of_site(self._backend.settings.infra_id)
        return {link.id: link for link in found if self._sites.keys() >= set(link.ends)}

    def _choose(self, path: str, wanted: WantedLink, offered: dict[str, QKDLink]) -> QKDLink | None:
        """Return the link that is named or, if none is, the one with the most to give."""
        if wanted.qkd_link_id is not None:
            link = offered.get(wanted.qkd_link_id)
            if link is None:
                known = ", ".join(offered) or "none"
                self._wrong(f"{path}.qkd_link_id", f"is no QKD link of this site. Known: {known}")
            return link
        if not offered:
            self._wrong(path, "cannot be had: no QKD link has been seen yet (GET /qkd-links)")
            return None
        return max(offered.values(), key=lambda link: (link.is_usable, link.free_bit_per_s))

    def _check_ends(
        self, path: str, wanted: WantedLink, without_cloud_init: frozenset[str]
    ) -> None:
        for field, name in (("source", wanted.source), ("destination", wanted.destination)):
            if name not in self._names:
                self._wrong(
                    f"{path}.{field}",
                    f"{name} is no resource of this request. A VM enrols when it boots, so a link "
                    "is asked for together with both its VMs",
                )
            elif name in without_cloud_init:
                self._wrong(
                    f"{path}.{field}", f"{name} cannot enrol: its disk image has no cloud-init"
                )
        if wanted.source == wanted.destination:
            self._wrong(f"{path}.destination", "is the source: a link has two ends")

    def _check_key_size(self, path: str, wanted: WantedLink) -> None:
        size = wanted.key_size_bits
        if size is None:
            return
        if size % 8 or not MIN_KEY_SIZE_BITS <= size <= MAX_KEY_SIZE_BITS:
            self._wrong(
                f"{path}.key_size_bits",
                f"must be a multiple of 8 from {MIN_KEY_SIZE_BITS} to {MAX_KEY_SIZE_BITS}",
            )

    def _wrong(self, field: str, message: str) -> None:
        self.errors.append(FieldError(field, message))
