"""The network of the functions that talk to the lab: private, and open to the lab only.

There is no internet gateway and no NAT. What these functions need of AWS comes through endpoints:
DynamoDB (free), Secrets Manager, and Step Functions for the reconciler. Lambda itself carries logs
and traces away; they do not pass here.
"""

from __future__ import annotations

from typing import Any

from infra.aws.chalice_config import SECURITY_GROUP, SUBNETS
from infra.aws.endpoints import ENDPOINT_GROUP, HTTPS, endpoint_resources
from infra.aws.names import sub

# Keystone, Nova, Neutron and Glance: the services that the OpenStack adapter calls.
OPENSTACK_PORTS = {"Keystone": 5000, "Nova": 8774, "Neutron": 9696, "Glance": 9292}


def network_parameters() -> dict[str, Any]:
    """Return what an operator says of the network."""
    return {
        "VpcCidr": {
            "Type": "String",
            "Default": "10.64.0.0/24",
            "AllowedPattern": r"^(\d{1,3}\.){3}\d{1,3}/(1[6-9]|2[0-6])$",
            "ConstraintDescription": "must be a network of /16 to /26, apart from the lab's",
            "Description": "Addresses of the VPC; they must not overlap with the lab's.",
        },
        "LabCidr": {
            "Type": "String",
            "AllowedPattern": r"^(\d{1,3}\.){3}\d{1,3}/(8|9|[12]\d|3[0-2])$",
            "ConstraintDescription": "must be a network, such as 10.20.0.0/16",
            "Description": "The lab's network with OpenStack's API and the QKD agents' control.",
        },
        "OpenStackPorts": {
            "Type": "String",
            "Default": "services",
            "AllowedValues": ["services", "443"],
            "Description": "How OpenStack is reached: each service on its own port (5000, 8774, "
            "9696, 9292), or all behind 443.",
        },
        "AgentPort": {
            "Type": "Number",
            "Default": 8441,
            "MinValue": 1,
            "MaxValue": 65535,
            "Description": "Port of the QKD agents' control face.",
        },
        "OpenStackHost": {
            "Type": "String",
            "Default": "",
            "AllowedPattern": r"^([a-z0-9-]+(\.[a-z0-9-]+)+)?$",
            "ConstraintDescription": "must be a host name, or nothing",
            "Description": "Host name in OpenStack's catalog, if public DNS does not know it.",
        },
        "OpenStackAddress": {
            "Type": "String",
            "Default": "",
            "AllowedPattern": r"^((\d{1,3}\.){3}\d{1,3})?$",
            "ConstraintDescription": "must be an IPv4 address, or nothing",
            "Description": "Its address in the lab, if OpenStackHost is given.",
        },
        "DynamoDbPrefixList": {
            "Type": "String",
            "AllowedPattern": "^pl-[0-9a-f]+$",
            "ConstraintDescription": "must be the id of a prefix list",
            "Description": "Id of this region's list com.amazonaws.REGION.dynamodb (aws ec2 "
            "describe-managed-prefix-lists).",
        },
    }


def network_conditions() -> dict[str, Any]:
    """Return the conditions of the network."""
    return {
        "OpenStackOwnPorts": {"Fn::Equals": [{"Ref": "OpenStackPorts"}, "services"]},
        "KnowsOpenStackHost": {"Fn::Not": [{"Fn::Equals": [{"Ref": "OpenStackHost"}, ""]}]},
    }


def network_rules() -> dict[str, Any]:
    """Return what must hold between parameters."""
    taken = [str(port) for port in (*OPENSTACK_PORTS.values(), HTTPS)]
    return {
        "AgentPortIsItsOwn": {
            "Assertions": [
                {
                    "Assert": {"Fn::Not": [{"Fn::Contains": [taken, {"Ref": "AgentPort"}]}]},
                    "AssertDescription": "AgentPort must differ from OpenStack's ports.",
                }
            ]
        }
    }


def network_resources() -> dict[str, Any]:
    """Return VPC, subnets, endpoints and security groups."""
    return (
        {
            "Vpc": {
                "Type": "AWS::EC2::VPC",
                "Properties": {
                    "CidrBlock": {"Ref": "VpcCidr"},
                    "EnableDnsSupport": True,
                    "EnableDnsHostnames": True,
                    "Tags": _named("lab"),
                },
            },
            "LabRouteTable": {
                "Type": "AWS::EC2::RouteTable",
                "Properties": {"VpcId": {"Ref": "Vpc"}, "Tags": _named("lab")},
            },
        }
        | _subnets()
        | _security_groups()
        | endpoint_resources()
        | _private_name()
    )


def _named(name: str) -> list[dict[str, Any]]:
    return [{"Key": "Name", "Value": sub(f"${{AWS::StackName}}-{name}")}]


def _subnets() -> dict[str, Any]:
    resources: dict[str, Any] = {}
    for number, subnet in enumerate(SUBNETS):
        resources[subnet] = {
            "Type": "AWS::EC2::Subnet",
            "Properties": {
                "VpcId": {"Ref": "Vpc"},
                "AvailabilityZone": {"Fn::Select": [number, {"Fn::GetAZs": ""}]},
                # The VPC in four parts, of which two are used.
                "CidrBlock": {"Fn::Select": [number, {"Fn::Cidr": [{"Ref": "VpcCidr"}, 4, 5]}]},
                "MapPublicIpOnLaunch": False,
                "Tags": _named(subnet),
            },
        }
        resources[f"{subnet}Routes"] = {
            "Type": "AWS::EC2::SubnetRouteTableAssociation",
            "Properties": {
                "SubnetId": {"Ref": subnet},
                "RouteTableId": {"Ref": "LabRouteTable"},
            },
        }
    return resources


def _tcp(port: Any, **target: Any) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **target}


def _security_groups() -> dict[str, Any]:
    lab = {"CidrIp": {"Ref": "LabCidr"}}
    own_ports = [
        {
            "Fn::If": [
                "OpenStackOwnPorts",
                _tcp(port, **lab, Description=service),
                {"Ref": "AWS::NoValue"},
            ]
        }
        for service, port in OPENSTACK_PORTS.items()
    ]
    behind_https = {
        "Fn::If": [
            "OpenStackOwnPorts",
            {"Ref": "AWS::NoValue"},
            _tcp(HTTPS, **lab, Description="OpenStack"),
        ]
    }
    return {
        SECURITY_GROUP: {
            "Type": "AWS::EC2::SecurityGroup",
            "Properties": {
                "GroupDescription": "Functions that talk to the lab: out to the lab, nothing in",
                "VpcId": {"Ref": "Vpc"},
                "SecurityGroupEgress": [
                    _tcp({"Ref": "AgentPort"}, **lab, Description="QKD agents, control face"),
                    *own_ports,
                    behind_https,
                    _tcp(
                        HTTPS,
                        DestinationPrefixListId={"Ref": "DynamoDbPrefixList"},
                        Description="DynamoDB",
                    ),
                ],
            },
        },
        ENDPOINT_GROUP: {
            "Type": "AWS::EC2::SecurityGroup",
            "Properties": {
                "GroupDescription": "Interface endpoints: in from the functions, nothing out",
                "VpcId": {"Ref": "Vpc"},
                "SecurityGroupIngress": [
                    _tcp(
                        HTTPS,
                        SourceSecurityGroupId={"Ref": SECURITY_GROUP},
                        Description="Functions that talk to the lab",
                    )
                ],
                # Without any rule AWS adds one that lets everything out.
                "SecurityGroupEgress": [
                    {"IpProtocol": "-1", "CidrIp": "127.0.0.1/32", "Description": "Nowhere"}
                ],
            },
        },
        # Apart from the group, which would have to exist before the other one and after it.
        "LabToEndpoints": {
            "Type": "AWS::EC2::SecurityGroupEgress",
            "Properties": {
                "GroupId": {"Ref": SECURITY_GROUP},
                "Description": "AWS services",
                "DestinationSecurityGroupId": {"Ref": ENDPOINT_GROUP},
                "IpProtocol": "tcp",
                "FromPort": HTTPS,
                "ToPort": HTTPS,
            },
        },
    }


def _private_name() -> dict[str, Any]:
    """Return a zone of one name, so that the lab's names need no public DNS."""
    return {
        "OpenStackZone": {
            "Type": "AWS::Route53::HostedZone",
            "Condition": "KnowsOpenStackHost",
            "Properties": {
                "Name": {"Ref": "OpenStackHost"},
                "VPCs": [{"VPCId": {"Ref": "Vpc"}, "VPCRegion": {"Ref": "AWS::Region"}}],
            },
        },
        "OpenStackName": {
            "Type": "AWS::Route53::RecordSet",
            "Condition": "KnowsOpenStackHost",
            "Properties": {
                "HostedZoneId": {"Ref": "OpenStackZone"},
                "Name": {"Ref": "OpenStackHost"},
                "Type": "A",
                "TTL": "60",
                "ResourceRecords": [{"Ref": "OpenStackAddress"}],
            },
        },
    }
