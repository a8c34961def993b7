"""The mock of AWS answers the same with its short cuts as without them, only sooner."""

from __future__ import annotations

import json

import pytest
from moto.dynamodb.responses import DynamoResult

from chalicelib.adapters.aws_clients import make_client
from infra.local import aws

KEY = {"id": {"S": "one"}}
ITEM = {
    **KEY,
    "text": {"S": "nœud ☃"},
    "empty": {"S": ""},
    "number": {"N": "3"},
    "fraction": {"N": "0.25"},
    "bytes": {"B": b"\x00\xff"},
    "flag": {"BOOL": False},
    "nothing": {"NULL": True},
    "texts": {"SS": ["a", "b"]},
    "numbers": {"NS": ["1", "2"]},
    "blobs": {"BS": [b"a", b"\xff"]},
    "list": {"L": [{"M": {"deep": {"L": [{"S": "x"}, {"B": b"y"}]}}}, {"L": []}]},
    "map": {"M": {}},
}


@pytest.fixture
def differences(monkeypatch):
    """Serialize each answer in both ways; what differs is in the list at the end."""
    found = []

    def both(result, context):
        fast = aws._serialized_as_it_is(result, context)
        slow = aws._serialized_by_model(result, context)
        name = context.operation_model.name
        found.append((name, json.loads(fast[2]) == json.loads(slow[2]), fast[:2] == slow[:2]))
        return fast

    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with aws.local_aws():
        monkeypatch.setattr(DynamoResult, "execute_result", both)
        yield found


def test_items_are_written_as_the_model_of_aws_has_them(differences):
    client = make_client("dynamodb")
    client.create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    everything = {"ReturnConsumedCapacity": "TOTAL", "TableName": "t"}
    client.put_item(Item=ITEM, ReturnValues="ALL_OLD", **everything)
    assert client.get_item(Key=KEY, **everything)["Item"] == ITEM
    assert "Item" not in client.get_item(Key={"id": {"S": "none"}}, **everything)
    some = {"ProjectionExpression": "flag, #b", "ExpressionAttributeNames": {"#b": "bytes"}}
    assert client.get_item(Key=KEY, TableName="t", **some)["Item"] == {
        k: ITEM[k] for k in ("flag", "bytes")
    }
    client.batch_get_item(RequestItems={"t": {"Keys": [KEY]}})
    by_id = {"KeyConditionExpression": "id = :id", "ExpressionAttributeValues": {":id": KEY["id"]}}
    assert client.query(**by_id, **everything)["Items"] == [ITEM]
    client.query(**by_id, Select="COUNT", **everything)
    client.query(**by_id, Limit=1, **everything)
    add = {"UpdateExpression": "ADD #n :one", "ExpressionAttributeNames": {"#n": "number"}}
    for returned in ("ALL_NEW", "UPDATED_OLD", "NONE"):
        changed = client.update_item(
            Key=KEY,
            **add,
            ExpressionAttributeValues={":one": {"N": "1"}},
            ReturnValues=returned,
            **everything,
        )
        assert ("Attributes" in changed) == (returned != "NONE")
    client.put_item(Item=ITEM, ReturnValues="ALL_OLD", **everything)
    client.delete_item(TableName="t", Key=KEY)
    client.describe_table(TableName="t")
    assert {name for name, *_same in differences} > aws._ITEM_OPERATIONS
    assert [one for one in differences if not all(one[1:])] == []
