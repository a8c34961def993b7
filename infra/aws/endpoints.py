"""The ways from the VPC to AWS's services: each lets only our functions' calls through."""

from __future__ import annotations

from typing import Any

from infra.aws.chalice_config import SUBNETS
from infra.aws.functions import ZONES
from infra.aws.names import AGENT_SECRET, OPENSTACK_SECRET, sub, table_id, workflow_id
from infra.aws.workflows import definitions

HTTPS = 443
ENDPOINT_GROUP = "EndpointSecurityGroup"


def endpoint_resources() -> dict[str, Any]:
    """Return the endpoints of DynamoDB, Secrets Manager and Step Functions."""
    lab_zones = [zone for zone in ZONES.values() if zone.in_vpc]
    actions = {f"dynamodb:{a}" for z in lab_zones for used in z.tables.values() for a in used}
    tables = sorted({table for zone in lab_zones for table in zone.tables})
    machines = [{"Ref": workflow_id(workflow)} for workflow in definitions()]
    return {
        "DynamoDbEndpoint": _endpoint(
            "dynamodb",
            sorted(actions),
            [
                arn
                for table in tables
                for arn in (
                    {"Fn::GetAtt": [table_id(table), "Arn"]},
                    sub(f"${{{table_id(table)}.Arn}}/index/*"),
                )
            ],
            VpcEndpointType="Gateway",
            RouteTableIds=[{"Ref": "LabRouteTable"}],
        ),
        "SecretsEndpoint": _interface_endpoint(
            "secretsmanager",
            ["secretsmanager:GetSecretValue"],
            [{"Ref": OPENSTACK_SECRET}, {"Ref": AGENT_SECRET}],
        ),
        "WorkflowsEndpoint": _interface_endpoint(
            "states",
            ["states:DescribeExecution", "states:StartExecution"],
            [*machines, *(sub(_executions_of(workflow)) for workflow in definitions())],
        ),
    }


def _executions_of(workflow: str) -> str:
    return (
        "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:execution:"
        f"${{{workflow_id(workflow)}.Name}}:*"
    )


def _interface_endpoint(service: str, actions: list[str], resources: list[Any]) -> dict[str, Any]:
    return _endpoint(
        service,
        actions,
        resources,
        VpcEndpointType="Interface",
        PrivateDnsEnabled=True,
        SubnetIds=[{"Ref": subnet} for subnet in SUBNETS],
        SecurityGroupIds=[{"Ref": ENDPOINT_GROUP}],
    )


def _endpoint(
    service: str, actions: list[str], resources: list[Any], **properties: Any
) -> dict[str, Any]:
    """Return an endpoint that lets the functions' calls through, and no others."""
    return {
        "Type": "AWS::EC2::VPCEndpoint",
        "Properties": {
            "VpcId": {"Ref": "Vpc"},
            "ServiceName": sub(f"com.amazonaws.${{AWS::Region}}.{service}"),
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {
                            "AWS": sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")
                        },
                        "Action": actions,
                        "Resource": resources,
                    }
                ],
            },
            **properties,
        },
    }
