"""The DynamoDB tables, generated from the item classes that the code itself uses."""

from __future__ import annotations

from typing import Any

from pynamodb.models import Model

from chalicelib.adapters.dynamodb.tables import Tables, tables
from chalicelib.config import load_settings
from infra.aws.names import NAME_PREFIX, sub, table_id

# What a setting says plays no part here: only the classes are read.
_SETTINGS = {"PUBLIC_URL": "https://not-set.invalid", "STATE_MACHINE_ARN_PREFIX": "-"}


def table_resources(*, keep: bool) -> dict[str, Any]:
    """Return the tables.

    Args:
        keep: Whether they outlive the stack, and resist being deleted.
    """
    bound = tables(load_settings(_SETTINGS))
    return {
        table_id(name): _table(name, getattr(bound, name), keep=keep)
        for name in Tables.__struct_fields__
    }


def _table(name: str, model: type[Model], *, keep: bool) -> dict[str, Any]:
    schema: Any = model._get_schema()  # noqa: SLF001 -- what create_table sends
    policy = "Retain" if keep else "Delete"
    properties: dict[str, Any] = {
        "TableName": sub(NAME_PREFIX + name),
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": schema["attribute_definitions"],
        "KeySchema": _hash_first(schema["key_schema"]),
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        "SSESpecification": {"SSEEnabled": True},
        "DeletionProtectionEnabled": keep,
    }
    indexes = schema["global_secondary_indexes"]
    if indexes:
        properties["GlobalSecondaryIndexes"] = [
            {
                "IndexName": index["index_name"],
                "KeySchema": _hash_first(index["key_schema"]),
                "Projection": index["projection"],
            }
            for index in indexes
        ]
    ttl = model._ttl_attribute()  # noqa: SLF001 -- as above
    if ttl is not None:
        properties["TimeToLiveSpecification"] = {"AttributeName": ttl.attr_name, "Enabled": True}
    return {
        "Type": "AWS::DynamoDB::Table",
        "DeletionPolicy": policy,
        "UpdateReplacePolicy": policy,
        "Properties": properties,
    }


def _hash_first(keys: list[dict[str, str]]) -> list[dict[str, str]]:
    """DynamoDB wants the partition key in front."""
    return sorted(keys, key=lambda key: key["KeyType"])
