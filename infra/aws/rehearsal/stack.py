"""The stack in moto's CloudFormation: the deployed template, without what moto cannot make."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

from chalicelib.adapters.stepfunctions.clients import make_client
from infra.aws.rehearsal.functions import Deployed

Template = dict[str, Any]

STACK = "slices-rehearsal"
# What moto's CloudFormation lacks, or makes wrongly: not proven by the rehearsal.
LEFT_OUT = {
    "AWS::ApiGateway::Account": "not in moto",
    "AWS::ApiGateway::Deployment": "moto ignores the RestApi's body, so there is nothing to deploy",
    "AWS::ApiGateway::GatewayResponse": "not in moto",
    "AWS::ApiGateway::Stage": "not in moto",
    "AWS::CloudFront::Distribution": "moto wants fields that CloudFront gives by default",
    "AWS::CloudFront::Function": "not in moto",
    "AWS::CloudFront::OriginAccessControl": "not in moto",
    "AWS::CloudFront::ResponseHeadersPolicy": "not in moto",
    "AWS::CloudWatch::Alarm": "not in moto with metric queries",
    "AWS::CloudWatch::Dashboard": "not in moto",
    "AWS::EC2::CustomerGateway": "not in moto",
    "AWS::EC2::VPNConnection": "not in moto",
    "AWS::EC2::VPNConnectionRoute": "not in moto",
    "AWS::EC2::VPNGatewayRoutePropagation": "not in moto",
    "AWS::EC2::VPCEndpoint": "moto makes none of the regional services",
    "AWS::EC2::SecurityGroupEgress": "moto refuses prefix lists that it does not know",
    "AWS::Lambda::EventInvokeConfig": "moto's Lambda without containers has none",
    "AWS::Lambda::Permission": "moto's Lambda without containers keeps none",
    "AWS::Route53::HostedZone": "moto's zones need no VPC",
    "AWS::Route53::RecordSet": "goes with its zone",
    "AWS::S3::BucketPolicy": "refers to the distribution",
    "AWS::SecretsManager::Secret": "not in moto's CloudFormation",
}


def left_out(name: str) -> str:
    """Return the text that stands for a resource which was left out."""
    return f"left-out-{name}"


def reduced(template: Template) -> tuple[Template, dict[str, str]]:
    """Return the template without what moto cannot make, and what was left out: id to type.

    References to what is gone become texts that name it, so that the rest keeps its shape.
    """
    kept = copy.deepcopy(template)
    gone = {
        name: resource["Type"]
        for name, resource in kept["Resources"].items()
        if resource["Type"] in LEFT_OUT
    }
    for name in gone:
        del kept["Resources"][name]
    kept.pop("Rules", None)
    kept.pop("Outputs", None)
    kept.pop("Metadata", None)
    kept = _without(kept, gone)
    kept["Resources"]["RestAPI"]["Properties"]["Name"] = "slices-bi-qkd"
    return kept, gone


def _without(node: Any, gone: Mapping[str, str]) -> Any:
    if isinstance(node, list):
        return [_without(one, gone) for one in node]
    if not isinstance(node, dict):
        return node
    if node.keys() == {"Ref"} and node["Ref"] in gone:
        return left_out(node["Ref"])
    if node.keys() == {"Fn::GetAtt"}:
        target = node["Fn::GetAtt"]
        name = target.split(".")[0] if isinstance(target, str) else target[0]
        if name in gone:
            return left_out(name)
    if node.keys() == {"Fn::Sub"} and isinstance(node["Fn::Sub"], str):
        text = node["Fn::Sub"]
        for name in gone:
            text = text.replace(f"${{{name}}}", left_out(name))
            text = text.replace(f"${{{name}.Arn}}", left_out(name))
        return {"Fn::Sub": text}
    done = {key: _without(value, gone) for key, value in node.items()}
    if isinstance(done.get("DependsOn"), list):
        done["DependsOn"] = [name for name in done["DependsOn"] if name not in gone]
    elif done.get("DependsOn") in gone:
        del done["DependsOn"]
    return done


def create_stack(template: Template, parameters: Mapping[str, str], archive: bytes) -> str:
    """Create the stack; return its status.

    Raises:
        ClientError: moto refuses it.
    """
    make_client("s3").create_bucket(
        Bucket="rehearsal", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    make_client("s3").put_object(Bucket="rehearsal", Key="deployment.zip", Body=archive)
    client = make_client("cloudformation")
    client.create_stack(
        StackName=STACK,
        TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
    )
    return str(client.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"])


def deployed_functions() -> dict[str, Deployed]:
    """Return the functions that the stack made, by name."""
    found: dict[str, Deployed] = {}
    for page in make_client("lambda").get_paginator("list_functions").paginate():
        for one in page["Functions"]:
            found[one["FunctionName"]] = Deployed(
                name=one["FunctionName"],
                handler=one["Handler"],
                timeout=one["Timeout"],
                memory=one["MemorySize"],
                environment=one.get("Environment", {}).get("Variables", {}),
            )
    return found
