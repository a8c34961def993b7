"""What a dry run says."""

from __future__ import annotations

from chalicelib.api.schemas.link_answer import ResolvedLinkAnswer
from chalicelib.api.schemas.resource_answer import (
    AmountAnswer,
    QuotaForecastAnswer,
    ResolvedResourceAnswer,
    WouldAcceptAnswer,
)
from chalicelib.domain.quota import Amount, total
from chalicelib.services.check_links import CheckedLink
from chalicelib.services.check_request import CheckedRequest, CheckedResource
from chalicelib.services.site import QuotaState


def would_accept_answer(checked: CheckedRequest, quota: QuotaState) -> WouldAcceptAnswer:
    """Return the resolved request and what the project would use after it."""
    wanted = total(
        Amount(1, resource.placement.vcpus, resource.placement.ram_mib)
        for resource in checked.resources
    )
    return WouldAcceptAnswer(
        would_accept=True,
        resources=[_resolved(resource) for resource in checked.resources],
        quota=QuotaForecastAnswer(
            limit=amount_answer(quota.limit),
            used=amount_answer(quota.used),
            after=amount_answer(quota.used + wanted),
        ),
        links=[_resolved_link(link) for link in checked.links],
        warnings=list(checked.warnings),
    )


def _resolved_link(link: CheckedLink) -> ResolvedLinkAnswer:
    return ResolvedLinkAnswer(
        friendly_name=link.wanted.friendly_name,
        qkd_link_id=link.qkd_link.id,
        min_bandwidth_bit_per_s=link.wanted.min_bandwidth_bit_per_s,
        key_size_bits=link.key_size_bits,
        free_bit_per_s=link.qkd_link.free_bit_per_s,
    )


def amount_answer(amount: Amount) -> AmountAnswer:
    """Return an amount as clients see it."""
    return AmountAnswer(instances=amount.instances, vcpus=amount.vcpus, ram_mib=amount.ram_mib)


def _resolved(resource: CheckedResource) -> ResolvedResourceAnswer:
    return ResolvedResourceAnswer(
        friendly_name=resource.spec.friendly_name,
        disk_image_id=resource.spec.disk_image_id,
        flavor_id=resource.spec.flavor_id,
        network_names=list(resource.spec.network_names),
        public_ipv4=resource.spec.public_ipv4,
        vcpus=resource.placement.vcpus,
        ram_mib=resource.placement.ram_mib,
    )
