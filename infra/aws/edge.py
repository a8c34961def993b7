"""API Gateway: limits, access log, and its own error answers in the API's words."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from chalicelib.api.problem import (
    CONTENT_TYPE,
    GatewayRefusal,
    UnknownPath,
    UnsupportedMediaType,
    internal_error,
    problem_of,
)
from chalicelib.domain.errors import BIError, RequestTooLarge, Unavailable
from infra.aws.names import NAME_PREFIX, sub

# Requests per second, and how many at once beyond that. Far above what a portal sends; far below
# what would start a thousand functions.
RATE, BURST = 50, 100

_UNKNOWN = UnknownPath("There is no such path. GET /openapi.json lists those that exist.")
_BUSY = Unavailable("Too many requests at once. Try again in a few seconds.")
_SLOW = Unavailable("No answer in time. Ask again: what was accepted is kept.")
_REFUSED = GatewayRefusal("The request was refused before it was read.")
_INTERNAL = internal_error()

# What API Gateway answers without asking us: its name for it, status, and what we would say.
GATEWAY_ANSWERS: dict[str, tuple[HTTPStatus, BIError]] = {
    # Unknown path or method; the name is API Gateway's.
    "MISSING_AUTHENTICATION_TOKEN": (HTTPStatus.NOT_FOUND, _UNKNOWN),
    "RESOURCE_NOT_FOUND": (HTTPStatus.NOT_FOUND, _UNKNOWN),
    "UNSUPPORTED_MEDIA_TYPE": (
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        UnsupportedMediaType("Send the body as Content-Type: application/json."),
    ),
    "REQUEST_TOO_LARGE": (
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        RequestTooLarge("The request is larger than 10 MB."),
    ),
    "THROTTLED": (HTTPStatus.TOO_MANY_REQUESTS, _BUSY),
    "QUOTA_EXCEEDED": (HTTPStatus.TOO_MANY_REQUESTS, _BUSY),
    "INTEGRATION_TIMEOUT": (HTTPStatus.GATEWAY_TIMEOUT, _SLOW),
    "INTEGRATION_FAILURE": (HTTPStatus.BAD_GATEWAY, _INTERNAL),
    "API_CONFIGURATION_ERROR": (HTTPStatus.INTERNAL_SERVER_ERROR, _INTERNAL),
    "ACCESS_DENIED": (HTTPStatus.FORBIDDEN, _REFUSED),
    "WAF_FILTERED": (HTTPStatus.FORBIDDEN, _REFUSED),
}
# Whatever else it says; these keep the status that it chose, and say 400 or 500 in the body.
_DEFAULTS: dict[str, BIError] = {"DEFAULT_4XX": _REFUSED, "DEFAULT_5XX": _INTERNAL}

# Neither query nor headers: they may hold what is nobody's business.
_ACCESS_LOG = {
    "request_id": "$context.requestId",
    "time": "$context.requestTime",
    "method": "$context.httpMethod",
    "resource": "$context.resourcePath",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "milliseconds": "$context.responseLatency",
    "integration_status": "$context.integrationStatus",
    "gateway_error": "$context.error.responseType",
    "caller": "$context.identity.sourceIp",
    "trace": "$context.xrayTraceId",
}


def edge_parameters() -> dict[str, Any]:
    """Return what an operator says of the API's edge."""
    return {
        "CorsOrigin": {
            "Type": "String",
            "Default": "",
            "AllowedPattern": r"^(\*|https?://[^\s/'\"]+)?$",
            "ConstraintDescription": "must be an origin such as https://portal.example, *, or "
            "nothing",
            "Description": "Other origin that browsers may call from; empty: none.",
        },
    }


def edge_conditions() -> dict[str, Any]:
    """Return the conditions of the API's edge."""
    return {
        "HasCorsOrigin": {"Fn::Not": [{"Fn::Equals": [{"Ref": "CorsOrigin"}, ""]}]},
    }


def edge_resources(log_days: int) -> dict[str, Any]:
    """Return what is added to Chalice's REST API, its access log, and the account's log role."""
    return {
        "RestAPI": {
            "DependsOn": "ApiGatewayAccount",
            "Properties": {
                "Name": sub(f"{NAME_PREFIX}api"),
                "DefinitionBody": {"info": {"title": sub(f"{NAME_PREFIX}api")}},
                # Else SAM adds a stage of its own named "Stage".
                "OpenApiVersion": "2.0",
                "TracingEnabled": True,
                "AccessLogSetting": {
                    "DestinationArn": {"Fn::GetAtt": ["AccessLogGroup", "Arn"]},
                    "Format": json.dumps(_ACCESS_LOG),
                },
                "MethodSettings": [
                    {
                        "ResourcePath": "/*",
                        "HttpMethod": "*",
                        "ThrottlingRateLimit": RATE,
                        "ThrottlingBurstLimit": BURST,
                        "MetricsEnabled": True,
                        "LoggingLevel": "ERROR",
                        "DataTraceEnabled": False,
                    }
                ],
                "GatewayResponses": gateway_responses(),
            },
        },
        "AccessLogGroup": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {
                "LogGroupName": sub(f"/aws/vendedlogs/apigateway/{NAME_PREFIX}api"),
                "RetentionInDays": log_days,
            },
        },
        "ApiGatewayAccount": {
            "Type": "AWS::ApiGateway::Account",
            # One for the whole account and region; other stacks may have come to rely on it.
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": {"CloudWatchRoleArn": {"Fn::GetAtt": ["ApiGatewayLogRole", "Arn"]}},
        },
        "ApiGatewayLogRole": {
            "Type": "AWS::IAM::Role",
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "AssumeRolePolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": "apigateway.amazonaws.com"},
                            "Action": "sts:AssumeRole",
                        }
                    ],
                },
                "ManagedPolicyArns": [
                    sub(
                        "arn:${AWS::Partition}:iam::aws:policy/service-role/"
                        "AmazonAPIGatewayPushToCloudWatchLogs"
                    )
                ],
            },
        },
    }


def gateway_responses() -> dict[str, Any]:
    """Return API Gateway's own answers as problems, by its names for them."""
    named = {
        name: {"StatusCode": str(int(status)), **_response(error, int(status))}
        for name, (status, error) in GATEWAY_ANSWERS.items()
    }
    return named | {name: _response(error, error.http_status) for name, error in _DEFAULTS.items()}


def _response(error: BIError, status: int) -> dict[str, Any]:
    # $context.requestId, unlike the path, needs no escaping in JSON.
    problem = problem_of(
        error,
        base_url="https://${PublicHost}",
        instance="urn:uuid:$context.requestId",
        status=status,
    )
    headers: dict[str, Any] = {
        "Content-Type": f"'{CONTENT_TYPE}'",
        "Cache-Control": "'no-store'",
        "X-Content-Type-Options": "'nosniff'",
        "Access-Control-Allow-Origin": {
            "Fn::If": ["HasCorsOrigin", sub("'${CorsOrigin}'"), {"Ref": "AWS::NoValue"}]
        },
    }
    if isinstance(error, Unavailable):
        headers["Retry-After"] = "'5'"
    return {
        "ResponseParameters": {"Headers": headers},
        "ResponseTemplates": {"application/json": sub(json.dumps(problem))},
    }
