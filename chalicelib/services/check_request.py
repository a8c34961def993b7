"""Everything that can be said against a request before anything is written."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from chalicelib.domain.catalog import DiskImage, EntryT, Flavor, Network, misfit
from chalicelib.domain.errors import (
    AlreadyExists,
    CapacityExceeded,
    FieldError,
    InvalidRequest,
    QuotaExceeded,
    RequestTooLarge,
)
from chalicelib.domain.expiry import check_expires_at
from chalicelib.domain.quota import Amount, shortage, total
from chalicelib.domain.resources import Placement, ResourceSpec
from chalicelib.domain.user_data import MAX_USER_DATA_BYTES, is_understood, merge
from chalicelib.services.acceptance import name_taken
from chalicelib.services.backend import Backend, phone_home_url
from chalicelib.services.check_links import CheckedLink, LinkChecker, WantedLink, longest_enrolment

_LONGEST_TOKEN = "x" * 64


class WantedResource(Struct, frozen=True):
    """One resource as the client asks for it.

    Disk image and flavor are given by id, or by a friendly name that only one entry on offer has.
    """

    friendly_name: str
    disk_image_id: str
    flavor_id: str
    user_data: str = ""
    network_names: tuple[str, ...] = ()
    public_ipv4: bool = False


class ResourceRequest(Struct, frozen=True):
    """POST /resources, parsed. `content_hash` tells two bodies apart."""

    request_id: str
    content_hash: str
    expires_at: datetime
    resources: tuple[WantedResource, ...]
    ssh_authorized_keys: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    links: tuple[WantedLink, ...] = ()


class CheckedResource(Struct, frozen=True):
    """A wanted resource that fits, with its resolved references."""

    spec: ResourceSpec
    placement: Placement
    user_data: str


class CheckedRequest(Struct, frozen=True):
    """A request that would be accepted now."""

    resources: tuple[CheckedResource, ...]
    warnings: tuple[str, ...]
    links: tuple[CheckedLink, ...] = ()


def check_request(
    backend: Backend, request: ResourceRequest, project_id: str, experiment_id: str
) -> CheckedRequest:
    """Return the resolved request.

    Raises:
        InvalidRequest: some fields are wrong; all of them are named.
        AlreadyExists, QuotaExceeded, CapacityExceeded, BandwidthExceeded, RequestTooLarge: as they
            say.
    """
    settings = backend.settings
    if len(request.resources) > settings.max_resources_per_request:
        raise RequestTooLarge(
            f"One request may hold {settings.max_resources_per_request} resources; this one has "
            f"{len(request.resources)}. Split it.",
            field_errors=(FieldError("resources", "too many"),),
        )
    check_expires_at(request.expires_at, backend.clock(), settings.max_duration)
    resolver = _Resolver(backend, request.links)
    checked = tuple(
        resolver.resolve(f"resources[{index}]", wanted, request.ssh_authorized_keys)
        for index, wanted in enumerate(request.resources)
    )
    names = _name_errors(backend, request, experiment_id)
    links = LinkChecker(backend, tuple(wanted.friendly_name for wanted in request.resources))
    without_cloud_init = frozenset(
        one.spec.friendly_name for one in checked if one and not one.placement.has_cloud_init
    )
    checked_links = links.check(request.links, without_cloud_init)
    resolver.errors += links.errors
    if resolver.errors:
        raise InvalidRequest(
            _summary(resolver.errors + names), field_errors=(*resolver.errors, *names)
        )
    if names:
        raise AlreadyExists(names[0].message, field_errors=tuple(names))
    found = tuple(resource for resource in checked if resource is not None)
    _check_capacity(backend, found, project_id)
    links.check_bandwidth(checked_links)
    return CheckedRequest(found, (*request.warnings, *resolver.warnings), checked_links)


class _Resolver:
    """Looks references up in the catalog and collects what is wrong."""

    def __init__(self, backend: Backend, links: tuple[WantedLink, ...]) -> None:
        self._backend = backend
        self._links = links
        self._networks = {
            key: network
            for network in backend.catalog.list(Network)
            if not network.hidden
            for key in (network.id, network.friendly_name, network.location)
        }
        self.errors: list[FieldError] = []
        self.warnings: list[str] = []

    def resolve(
        self, path: str, wanted: WantedResource, ssh_keys: tuple[str, ...]
    ) -> CheckedResource | None:
        disk_image = self._find(DiskImage, wanted.disk_image_id, path, "disk_image_id")
        flavor = self._find(Flavor, wanted.flavor_id, path, "flavor_id")
        networks = self._resolve_networks(path, wanted)
        self._check_user_data(path, wanted, disk_image, ssh_keys)
        if disk_image is None or flavor is None:
            return None
        problem = misfit(disk_image, flavor)
        if problem:
            self._wrong(path, "flavor_id", problem)
        names = tuple(network.friendly_name for network in networks)
        return CheckedResource(
            spec=ResourceSpec(
                friendly_name=wanted.friendly_name,
                disk_image_id=disk_image.id,
                flavor_id=flavor.id,
                network_names=names,
                public_ipv4=wanted.public_ipv4,
            ),
            placement=Placement(
                disk_image_ref=disk_image.location,
                flavor_ref=flavor.location,
                network_refs=tuple(network.location for network in networks),
                default_username=disk_image.default_username,
                has_cloud_init=disk_image.has_cloud_init,
                vcpus=flavor.vcpus,
                ram_mib=flavor.ram_mib,
            ),
            user_data=wanted.user_data,
        )

    def _find(self, kind: type[EntryT], wanted: str, path: str, field: str) -> EntryT | None:
        """Return the entry on offer with this id or, failing that, with this friendly name."""
        entry = self._backend.catalog.get(kind, wanted)
        if entry is not None and not entry.hidden:
            return entry
        named = [
            other
            for other in self._backend.catalog.list(kind)
            if other.friendly_name == wanted and not other.hidden
        ]
        if len(named) == 1:
            return named[0]
        if named:
            ids = ", ".join(other.id for other in named)
            self._wrong(path, field, f"{wanted} is the name of several: {ids}. Give the id.")
        else:
            self._wrong(path, field, _unknown(kind, wanted))
        return None

    def _resolve_networks(self, path: str, wanted: WantedResource) -> tuple[Network, ...]:
        names = wanted.network_names or (self._backend.settings.default_network,)
        found = []
        for name in names:
            network = self._networks.get(name)
            if network is None or network.is_external:
                known = sorted(
                    {n.friendly_name for n in self._networks.values() if not n.is_external}
                )
                self._wrong(
                    path, "network_name", f"There is no network {name}. Known: {', '.join(known)}."
                )
            else:
                found.append(network)
        if wanted.public_ipv4 and not any(n.is_external for n in self._networks.values()):
            self._wrong(path, "public_ipv4", "This site has no public IPv4 addresses to give.")
        return tuple(found)

    def _check_user_data(
        self,
        path: str,
        wanted: WantedResource,
        disk_image: DiskImage | None,
        ssh_keys: tuple[str, ...],
    ) -> None:
        merged = merge(
            wanted.user_data,
            ssh_authorized_keys=ssh_keys,
            phone_home_url=phone_home_url(self._backend.settings),
            phone_home_token=_LONGEST_TOKEN,
            resource_id=_LONGEST_TOKEN,
            enrolments=tuple(
                longest_enrolment(link)
                for link in self._links
                if wanted.friendly_name in {link.source, link.destination}
            ),
        )
        excess = len(merged) + len(_LONGEST_TOKEN) - MAX_USER_DATA_BYTES
        if excess > 0:
            self._wrong(
                path,
                "userdata",
                f"is about {excess * 3 // 4 + 1} bytes too long (with the SSH keys and the "
                "encoding that cloud-init needs). Fetch large files from the VM instead.",
            )
        if not is_understood(wanted.user_data):
            self.warnings.append(
                f"{path}.userdata begins with none of the forms that cloud-init knows "
                "(#cloud-config, #!, ...): it will be ignored."
            )
        if (
            disk_image is not None
            and not disk_image.has_cloud_init
            and (wanted.user_data or ssh_keys)
        ):
            self.warnings.append(
                f"{path}: disk image {disk_image.friendly_name} has no cloud-init: userdata "
                "and SSH keys will be ignored."
            )

    def _wrong(self, path: str, field: str, message: str) -> None:
        self.errors.append(FieldError(f"{path}.{field}", message))


def _unknown(kind: type[DiskImage | Flavor | Network], wanted: str) -> str:
    noun, route = ("disk image", "disk-images") if kind is DiskImage else ("flavor", "flavors")
    return f"There is no {noun} {wanted}. GET /{route} lists those on offer."


def _name_errors(
    backend: Backend, request: ResourceRequest, experiment_id: str
) -> list[FieldError]:
    errors, seen = [], set()
    for index, wanted in enumerate(request.resources):
        name, path = wanted.friendly_name, f"resources[{index}].friendly_name"
        if name in seen:
            errors.append(FieldError(path, f"The name {name} already exists in this request."))
        elif backend.claims.name_holder(experiment_id, name) is not None:
            errors.append(FieldError(path, name_taken(name)))
        seen.add(name)
    return errors


def _check_capacity(
    backend: Backend, resources: tuple[CheckedResource, ...], project_id: str
) -> None:
    wanted = total(
        Amount(1, resource.placement.vcpus, resource.placement.ram_mib) for resource in resources
    )
    limit = backend.settings.project_quota
    impossible = shortage(limit, Amount(), wanted)
    if impossible:
        raise CapacityExceeded(
            f"No project may use that much at once. {impossible}",
            field_errors=(FieldError("resources", impossible),),
        )
    short = shortage(limit, backend.claims.quota_used(project_id), wanted)
    if short:
        raise QuotaExceeded(short, field_errors=(FieldError("resources", short),))


def _summary(errors: list[FieldError]) -> str:
    first = errors[0]
    more = f" ({len(errors) - 1} more in errors.)" if len(errors) > 1 else ""
    return f"{first.field}: {first.message}{more}"
