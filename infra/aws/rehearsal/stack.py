"""The stack in moto's CloudFormation: the deployed template, without what moto cannot make."""

from __future__ import annotations

import copy
import ipaddress
import itertools
import json
from collections.abc import Mapping
from typing import Any

from chalicelib.adapters.aws_clients import make_client
from infra.aws.rehearsal.functions import Deployed

Template = dict[str, Any]

STACK = "slices-rehearsal"
_LACKS = "moto's CloudFormation lacks it"
_UNTRIED = "no moto part is known to act on it; not tried"
# Not proven by the rehearsal: routes, throttling, alarms, the page's distribution, the network.
LEFT_OUT = {
    "AWS::ApiGateway::Account": _UNTRIED,
    "AWS::ApiGateway::Deployment": "moto ignores the RestApi's body: there is nothing to deploy",
    "AWS::ApiGateway::GatewayResponse": _UNTRIED,
    "AWS::ApiGateway::Stage": _LACKS,
    "AWS::CloudFront::Distribution": _UNTRIED,
    "AWS::CloudFront::Function": _UNTRIED,
    "AWS::CloudFront::OriginAccessControl": _UNTRIED,
    "AWS::CloudFront::ResponseHeadersPolicy": _UNTRIED,
    "AWS::CloudWatch::Alarm": _LACKS,
    "AWS::CloudWatch::Dashboard": _UNTRIED,
    "AWS::EC2::CustomerGateway": _LACKS,
    "AWS::EC2::SecurityGroupEgress": _UNTRIED,
    "AWS::EC2::VPCEndpoint": _UNTRIED,
    "AWS::EC2::VPNConnection": _LACKS,
    "AWS::EC2::VPNConnectionRoute": _LACKS,
    "AWS::EC2::VPNGatewayRoutePropagation": _LACKS,
    "AWS::Lambda::EventInvokeConfig": _UNTRIED,
    "AWS::Lambda::Permission": "moto checks no rights",
    "AWS::Route53::HostedZone": _UNTRIED,
    "AWS::Route53::RecordSet": "goes with its zone",
    "AWS::S3::BucketPolicy": "names the distribution, which is left out",
    "AWS::SecretsManager::Secret": f"{_LACKS}; made through its API",
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
    kept = _without(_with_blocks(kept, kept["Parameters"]), gone)
    kept["Resources"]["RestAPI"]["Properties"]["Name"] = "slices-bi-qkd"
    for resource in kept["Resources"].values():
        if resource["Type"] == "AWS::StepFunctions::StateMachine":
            # moto's Fn::Sub takes $$ for an escaped $, CloudFormation's does not: as JSON escapes
            # they reach the state machine as they are.
            text = resource["Properties"]["DefinitionString"]["Fn::Sub"]
            text[0] = text[0].replace("$$", "\\u0024\\u0024")
    return kept, gone


def _with_blocks(node: Any, parameters: Mapping[str, Any]) -> Any:
    """Return the node with Fn::Cidr worked out, which moto lacks, from its parameter's default."""
    if isinstance(node, list):
        return [_with_blocks(one, parameters) for one in node]
    if not isinstance(node, dict):
        return node
    if node.keys() == {"Fn::Cidr"}:
        block, count, host_bits = node["Fn::Cidr"]
        whole = ipaddress.ip_network(parameters[block["Ref"]]["Default"])
        parts = whole.subnets(new_prefix=32 - int(host_bits))
        return [str(part) for part in itertools.islice(parts, int(count))]
    return {key: _with_blocks(value, parameters) for key, value in node.items()}


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
