"""The Site-to-Site VPN: two tunnels, which the lab opens; docs/how-to/connect-the-lab.md."""

from __future__ import annotations

from typing import Any

from infra.aws.names import NAME_PREFIX, sub
from infra.onprem.tunnel.proposals import aws_tunnel_options


def vpn_parameters() -> dict[str, Any]:
    """Return what an operator says of the lab's end."""
    return {
        "LabGatewayAddress": {
            "Type": "String",
            "AllowedPattern": r"^(\d{1,3}\.){3}\d{1,3}$",
            "ConstraintDescription": "must be an IPv4 address",
            "Description": "Public address of the lab's IPsec gateway (behind NAT: the NAT's).",
        },
    }


def vpn_resources(log_days: int) -> dict[str, Any]:
    """Return both ends' gateways, the connection, its route and its log.

    No pre-shared key is given: AWS draws one per tunnel, and shows it to who may describe the
    connection.
    """
    return {
        "LabGateway": {
            "Type": "AWS::EC2::CustomerGateway",
            "Properties": {
                "Type": "ipsec.1",
                "BgpAsn": 65000,  # asked for, though routes are static
                "IpAddress": {"Ref": "LabGatewayAddress"},
            },
        },
        "VpnGateway": {"Type": "AWS::EC2::VPNGateway", "Properties": {"Type": "ipsec.1"}},
        "VpnGatewayAttachment": {
            "Type": "AWS::EC2::VPCGatewayAttachment",
            "Properties": {"VpcId": {"Ref": "Vpc"}, "VpnGatewayId": {"Ref": "VpnGateway"}},
        },
        "VpnRoutes": {
            "Type": "AWS::EC2::VPNGatewayRoutePropagation",
            "DependsOn": "VpnGatewayAttachment",
            "Properties": {
                "RouteTableIds": [{"Ref": "LabRouteTable"}],
                "VpnGatewayId": {"Ref": "VpnGateway"},
            },
        },
        "VpnLogGroup": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {
                "LogGroupName": sub(f"/aws/vendedlogs/vpn/{NAME_PREFIX}lab"),
                "RetentionInDays": log_days,
            },
        },
        "VpnConnection": {
            "Type": "AWS::EC2::VPNConnection",
            "Properties": {
                "Type": "ipsec.1",
                "CustomerGatewayId": {"Ref": "LabGateway"},
                "VpnGatewayId": {"Ref": "VpnGateway"},
                "StaticRoutesOnly": True,
                "VpnTunnelOptionsSpecifications": [_tunnel(), _tunnel()],
            },
        },
        "LabRoute": {
            "Type": "AWS::EC2::VPNConnectionRoute",
            "Properties": {
                "DestinationCidrBlock": {"Ref": "LabCidr"},
                "VpnConnectionId": {"Ref": "VpnConnection"},
            },
        },
    }


def _tunnel() -> dict[str, Any]:
    return {
        **aws_tunnel_options(),
        "LogOptions": {
            "CloudwatchLogOptions": {
                "LogEnabled": True,
                "LogGroupArn": {"Fn::GetAtt": ["VpnLogGroup", "Arn"]},
                "LogOutputFormat": "json",
            }
        },
    }
