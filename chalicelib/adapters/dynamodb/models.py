"""The items of the tables, attribute by attribute; docs/reference/tables.md explains them.

The classes have no Meta: `tables.py` derives one set per deployment. An attribute has the name of
the domain's field; None is not stored.
"""

from __future__ import annotations

from typing import Any

from pynamodb.attributes import (
    BooleanAttribute,
    JSONAttribute,
    MapAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
)
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model


class ResourcesByExperiment(GlobalSecondaryIndex["ResourceItem"]):
    """Listed resources of an experiment, oldest first (UUIDv7 ids sort by time)."""

    class Meta:
        index_name = "by_experiment"
        projection = KeysOnlyProjection()

    listed_experiment_id = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)


class ResourcesByOwner(GlobalSecondaryIndex["ResourceItem"]):
    """Listed resources of a user, oldest first."""

    class Meta:
        index_name = "by_owner"
        projection = KeysOnlyProjection()

    listed_owner_id = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)


class LiveResources(GlobalSecondaryIndex["ResourceItem"]):
    """Resources whose cloud side may exist, by end."""

    class Meta:
        index_name = "live"
        projection = KeysOnlyProjection()

    live_shard = UnicodeAttribute(hash_key=True)
    expires_at = UnicodeAttribute(range_key=True)


class ResourceItem(Model):
    """One resource."""

    id = UnicodeAttribute(hash_key=True)
    version = NumberAttribute()
    infra_id = UnicodeAttribute()
    project_id = UnicodeAttribute()
    experiment_id = UnicodeAttribute()
    owner_id = UnicodeAttribute(null=True)
    task_id = UnicodeAttribute()
    status = UnicodeAttribute()
    created_at = UnicodeAttribute()
    expires_at = UnicodeAttribute()
    spec = JSONAttribute()
    placement = JSONAttribute()
    link_ids = JSONAttribute(null=True)
    server_id = UnicodeAttribute(null=True)
    private_ipv4 = UnicodeAttribute(null=True)
    private_ipv6 = UnicodeAttribute(null=True)
    public_ipv4 = UnicodeAttribute(null=True)
    public_ipv6 = UnicodeAttribute(null=True)
    network_interfaces = JSONAttribute(null=True)
    ssh_host_key_fingerprints = JSONAttribute(null=True)
    lease = JSONAttribute(null=True)
    lease_counter = NumberAttribute(null=True)
    resets = NumberAttribute(null=True)
    create_intent = JSONAttribute(null=True)
    phone_home_hashes = JSONAttribute(null=True)
    phoned_home_at = UnicodeAttribute(null=True)
    release = JSONAttribute(null=True)
    failure_reason = UnicodeAttribute(null=True)
    terminated_at = UnicodeAttribute(null=True)
    events = JSONAttribute(null=True)

    # Only for the indexes: absent where the resource is not to be found through them.
    listed_experiment_id = UnicodeAttribute(null=True)
    listed_owner_id = UnicodeAttribute(null=True)
    live_shard = UnicodeAttribute(null=True)

    by_experiment = ResourcesByExperiment()
    by_owner = ResourcesByOwner()
    live = LiveResources()


class TasksByExperiment(GlobalSecondaryIndex["TaskItem"]):
    """Tasks of an experiment by time."""

    class Meta:
        index_name = "by_experiment"
        projection = KeysOnlyProjection()

    experiment_id = UnicodeAttribute(hash_key=True)
    created_at_id = UnicodeAttribute(range_key=True)


class DueTasks(GlobalSecondaryIndex["TaskItem"]):
    """Open tasks by the time when the reconciler looks at them."""

    class Meta:
        index_name = "due"
        projection = KeysOnlyProjection()

    due_shard = UnicodeAttribute(hash_key=True)
    watch_at = UnicodeAttribute(range_key=True)


class TaskItem(Model):
    """One task."""

    id = UnicodeAttribute(hash_key=True)
    version = NumberAttribute()
    action = UnicodeAttribute()
    status = UnicodeAttribute()
    infra_id = UnicodeAttribute()
    project_id = UnicodeAttribute()
    experiment_id = UnicodeAttribute()
    owner_id = UnicodeAttribute(null=True)
    created_at = UnicodeAttribute()
    updated_at = UnicodeAttribute()
    finished_at = UnicodeAttribute(null=True)
    watch_at = UnicodeAttribute(null=True)
    parked_since = UnicodeAttribute(null=True)
    waiting_reason = UnicodeAttribute(null=True)
    executions = NumberAttribute(null=True)
    request_id = UnicodeAttribute(null=True)
    request_hash = UnicodeAttribute(null=True)
    resource_ids = JSONAttribute(null=True)
    link_ids = JSONAttribute(null=True)
    steps = JSONAttribute(null=True)
    intent = JSONAttribute(null=True)
    secret_input = JSONAttribute(null=True)
    warnings = JSONAttribute(null=True)
    is_accepted = BooleanAttribute(default=False)
    refusal = JSONAttribute(null=True)
    failure_reason = UnicodeAttribute(null=True)

    # Only for the indexes.
    created_at_id = UnicodeAttribute(null=True)
    due_shard = UnicodeAttribute(null=True)

    by_experiment = TasksByExperiment()
    due = DueTasks()


class LinksByExperiment(GlobalSecondaryIndex["LinkItem"]):
    """Listed links of an experiment, oldest first."""

    class Meta:
        index_name = "by_experiment"
        projection = KeysOnlyProjection()

    listed_experiment_id = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)


class LiveLinks(GlobalSecondaryIndex["LinkItem"]):
    """Links that the agents may know, by end."""

    class Meta:
        index_name = "live"
        projection = KeysOnlyProjection()

    live_shard = UnicodeAttribute(hash_key=True)
    expires_at = UnicodeAttribute(range_key=True)


class LinkItem(Model):
    """One user's link."""

    id = UnicodeAttribute(hash_key=True)
    version = NumberAttribute()
    infra_id = UnicodeAttribute()
    project_id = UnicodeAttribute()
    experiment_id = UnicodeAttribute()
    owner_id = UnicodeAttribute(null=True)
    task_id = UnicodeAttribute()
    status = UnicodeAttribute()
    created_at = UnicodeAttribute()
    expires_at = UnicodeAttribute()
    spec = JSONAttribute()
    ends = JSONAttribute(null=True)
    reserved_at = UnicodeAttribute(null=True)
    reserved_until = UnicodeAttribute(null=True)
    consumed_bits = NumberAttribute(null=True)
    release = JSONAttribute(null=True)
    failure_reason = UnicodeAttribute(null=True)
    ended_at = UnicodeAttribute(null=True)
    touches = JSONAttribute(null=True)
    waiting_reason = UnicodeAttribute(null=True)

    # Only for the indexes.
    listed_experiment_id = UnicodeAttribute(null=True)
    live_shard = UnicodeAttribute(null=True)

    by_experiment = LinksByExperiment()
    live = LiveLinks()


class QKDLinksOfSite(GlobalSecondaryIndex["QKDLinkItem"]):
    """The QKD links of an infrastructure: a few."""

    class Meta:
        index_name = "of_site"
        projection = KeysOnlyProjection()

    infra_id = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)


class QKDLinkItem(Model):
    """One physical QKD link: its last known state, and what is booked on it."""

    id = UnicodeAttribute(hash_key=True)
    version = NumberAttribute()
    infra_id = UnicodeAttribute()
    ends = JSONAttribute()
    state = JSONAttribute()
    updated_at = UnicodeAttribute()
    alarms = JSONAttribute(null=True)
    bookings = JSONAttribute(null=True)
    sampled_until = UnicodeAttribute(null=True)

    of_site = QKDLinksOfSite()


class TelemetryItem(Model):
    """One sample of a QKD link, or the state of an agent; `series` says which."""

    series = UnicodeAttribute(hash_key=True)
    at = UnicodeAttribute(range_key=True)
    qber = NumberAttribute(null=True)
    skr_bit_per_s = NumberAttribute(null=True)
    eskr_bit_per_s = NumberAttribute(null=True)
    stock_bits = NumberAttribute(null=True)
    consumed_bits = NumberAttribute(null=True)
    provenance = UnicodeAttribute(null=True)
    faults = JSONAttribute(null=True)
    name = UnicodeAttribute(null=True)
    checked_at = UnicodeAttribute(null=True)
    unreachable_since = UnicodeAttribute(null=True)
    events_cursor = NumberAttribute(null=True)
    occurrences = JSONAttribute(null=True)
    delete_at = TTLAttribute(null=True)


class CatalogItem(Model):
    """One disk image, flavor or network (with the attributes that it has), or the sync's state."""

    kind = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    friendly_name = UnicodeAttribute(null=True)
    created_at = UnicodeAttribute(null=True)
    location = UnicodeAttribute(null=True)
    hidden = BooleanAttribute(null=True)
    is_synced = BooleanAttribute(null=True)
    cluster_id = UnicodeAttribute(null=True)
    default_username = UnicodeAttribute(null=True)
    min_disk_mb = NumberAttribute(null=True)
    min_ram_mib = NumberAttribute(null=True)
    short_description = UnicodeAttribute(null=True)
    long_description = UnicodeAttribute(null=True)
    tags = JSONAttribute(null=True)
    description = UnicodeAttribute(null=True)
    flavor_type = UnicodeAttribute(null=True)
    vcpus = NumberAttribute(null=True)
    ram_mib = NumberAttribute(null=True)
    disk_mb = NumberAttribute(null=True)
    is_external = BooleanAttribute(null=True)
    infra_id = UnicodeAttribute(null=True)
    checked_at = UnicodeAttribute(null=True)
    limits = JSONAttribute(null=True)


class ClaimItem(Model):
    """One claim; which attributes it has follows from the first word of its key."""

    key = UnicodeAttribute(hash_key=True)
    holder = UnicodeAttribute(null=True)
    used_instances = NumberAttribute(null=True)
    used_vcpus = NumberAttribute(null=True)
    used_ram_mib = NumberAttribute(null=True)
    bookings: MapAttribute[str, Any] = MapAttribute(null=True)
    first_seen_at = UnicodeAttribute(null=True)
    delete_at = TTLAttribute(null=True)
