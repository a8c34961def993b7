"""CloudFront: one address for the API and the web page, whose files lie in a private bucket."""

from __future__ import annotations

from typing import Any

from chalicelib.api.web_page import content_policy, index_text
from infra.aws.chalice_config import API_STAGE
from infra.aws.names import NAME_PREFIX, sub

# CloudFront's own policies, by the ids that AWS documents.
_CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
_CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
_ALL_VIEWER_EXCEPT_HOST = "b689b0a8-53d0-40ab-baf2-38738e2966ac"

_YEAR_SECONDS = 31536000
_INDEX = """\
function handler(event) {
  var request = event.request;
  if (request.uri === '/ui' || request.uri === '/ui/') {
    request.uri = '/ui/index.html';
  }
  return request;
}
"""
# Below /ui the API answers these two; all else there are files.
_API_BELOW_UI = ("/ui/config.json", "/ui/caller")


def web_parameters() -> dict[str, Any]:
    """Return what an operator says of the address and the page."""
    return {
        "PublicHost": {
            "Type": "String",
            "Default": "not-set.invalid",
            "AllowedPattern": r"^[a-z0-9-]+(\.[a-z0-9-]+)+$",
            "ConstraintDescription": "must be a host name",
            "Description": "Host name that users and VMs reach: your own with its certificate, or "
            "the output DistributionHost of the first deployment.",
        },
        "CertificateArn": {
            "Type": "String",
            "Default": "",
            "AllowedPattern": r"^(arn:aws[a-z-]*:acm:us-east-1:\d{12}:certificate/[a-f0-9-]+)?$",
            "ConstraintDescription": "must be the ARN of a certificate in us-east-1, or nothing",
            "Description": "Certificate for PublicHost, in us-east-1 as CloudFront wants it; "
            "empty: CloudFront's own name and certificate.",
        },
        "WebSignInOrigins": {
            "Type": "CommaDelimitedList",
            "Default": "https://portal.slices-ri.eu,https://account.ilabt.imec.be",
            "Description": "Origins that the page may call to sign people in.",
        },
    }


def web_conditions() -> dict[str, Any]:
    """Return the conditions of the web part."""
    return {"HasCertificate": {"Fn::Not": [{"Fn::Equals": [{"Ref": "CertificateArn"}, ""]}]}}


def web_resources(*, keep: bool) -> dict[str, Any]:
    """Return bucket and distribution."""
    return {
        "WebBucket": _bucket(keep=keep),
        "WebBucketPolicy": _bucket_policy(),
        "WebAccess": {
            "Type": "AWS::CloudFront::OriginAccessControl",
            "Properties": {
                "OriginAccessControlConfig": {
                    "Name": sub(f"{NAME_PREFIX}web"),
                    "OriginAccessControlOriginType": "s3",
                    "SigningBehavior": "always",
                    "SigningProtocol": "sigv4",
                }
            },
        },
        "WebIndexFunction": {
            "Type": "AWS::CloudFront::Function",
            "Properties": {
                "Name": sub(f"{NAME_PREFIX}web-index"),
                "AutoPublish": True,
                "FunctionCode": _INDEX,
                "FunctionConfig": {
                    "Comment": "/ui is the page",
                    "Runtime": "cloudfront-js-2.0",
                },
            },
        },
        "WebHeaders": _headers(),
        "Distribution": _distribution(),
    }


def _bucket(*, keep: bool) -> dict[str, Any]:
    policy = "Retain" if keep else "Delete"
    return {
        "Type": "AWS::S3::Bucket",
        "DeletionPolicy": policy,
        "UpdateReplacePolicy": policy,
        "Properties": {
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [
                    {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
                ]
            },
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
            "VersioningConfiguration": {"Status": "Enabled"},
        },
    }


def _bucket_policy() -> dict[str, Any]:
    objects = sub("${WebBucket.Arn}/*")
    return {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {
            "Bucket": {"Ref": "WebBucket"},
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "DistributionReads",
                        "Effect": "Allow",
                        "Principal": {"Service": "cloudfront.amazonaws.com"},
                        "Action": "s3:GetObject",
                        "Resource": objects,
                        "Condition": {
                            "StringEquals": {
                                "AWS:SourceArn": sub(
                                    "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:"
                                    "distribution/${Distribution}"
                                )
                            }
                        },
                    },
                    {
                        "Sid": "EncryptedOnly",
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "s3:*",
                        "Resource": [{"Fn::GetAtt": ["WebBucket", "Arn"]}, objects],
                        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                    },
                ],
            },
        },
    }


def _headers() -> dict[str, Any]:
    """Return the headers that the API itself gives the page, its content policy among them."""
    policy = content_policy(index_text(""), ("${Origins}",))
    return {
        "Type": "AWS::CloudFront::ResponseHeadersPolicy",
        "Properties": {
            "ResponseHeadersPolicyConfig": {
                "Name": sub(f"{NAME_PREFIX}web"),
                "SecurityHeadersConfig": {
                    "ContentSecurityPolicy": {
                        "Override": True,
                        "ContentSecurityPolicy": {
                            "Fn::Sub": [
                                policy,
                                {"Origins": {"Fn::Join": [" ", {"Ref": "WebSignInOrigins"}]}},
                            ]
                        },
                    },
                    "ContentTypeOptions": {"Override": True},
                    "ReferrerPolicy": {"Override": True, "ReferrerPolicy": "no-referrer"},
                    "StrictTransportSecurity": {
                        "Override": True,
                        "AccessControlMaxAgeSec": _YEAR_SECONDS,
                    },
                },
            }
        },
    }


def _distribution() -> dict[str, Any]:
    return {
        "Type": "AWS::CloudFront::Distribution",
        "Properties": {
            "DistributionConfig": {
                "Comment": sub("${AWS::StackName}: API and web page"),
                "Enabled": True,
                "HttpVersion": "http2and3",
                "IPV6Enabled": True,
                "PriceClass": "PriceClass_100",  # Europe and North America
                "Aliases": {
                    "Fn::If": ["HasCertificate", [{"Ref": "PublicHost"}], {"Ref": "AWS::NoValue"}]
                },
                "ViewerCertificate": {
                    "Fn::If": [
                        "HasCertificate",
                        {
                            "AcmCertificateArn": {"Ref": "CertificateArn"},
                            "SslSupportMethod": "sni-only",
                            "MinimumProtocolVersion": "TLSv1.2_2021",
                        },
                        {"CloudFrontDefaultCertificate": True},
                    ]
                },
                "Origins": _origins(),
                "DefaultCacheBehavior": _api_behavior(),
                # The first that fits counts.
                "CacheBehaviors": [
                    *({"PathPattern": path, **_api_behavior()} for path in _API_BELOW_UI),
                    {"PathPattern": "/ui", **_page_behavior()},
                    {"PathPattern": "/ui/*", **_page_behavior()},
                ],
            }
        },
    }


def _origins() -> list[dict[str, Any]]:
    return [
        {
            "Id": "api",
            "DomainName": sub("${RestAPI}.execute-api.${AWS::Region}.${AWS::URLSuffix}"),
            "OriginPath": f"/{API_STAGE}",
            "CustomOriginConfig": {
                "OriginProtocolPolicy": "https-only",
                "OriginSSLProtocols": ["TLSv1.2"],
            },
        },
        {
            "Id": "web",
            "DomainName": {"Fn::GetAtt": ["WebBucket", "RegionalDomainName"]},
            "OriginAccessControlId": {"Fn::GetAtt": ["WebAccess", "Id"]},
            "S3OriginConfig": {"OriginAccessIdentity": ""},
        },
    ]


def _api_behavior() -> dict[str, Any]:
    return {
        "TargetOriginId": "api",
        "ViewerProtocolPolicy": "https-only",
        "AllowedMethods": ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"],
        "CachePolicyId": _CACHING_DISABLED,
        # With another Host header API Gateway would not know whom it is for.
        "OriginRequestPolicyId": _ALL_VIEWER_EXCEPT_HOST,
    }


def _page_behavior() -> dict[str, Any]:
    return {
        "TargetOriginId": "web",
        "ViewerProtocolPolicy": "redirect-to-https",
        "AllowedMethods": ["GET", "HEAD"],
        "Compress": True,
        "CachePolicyId": _CACHING_OPTIMIZED,
        "ResponseHeadersPolicyId": {"Ref": "WebHeaders"},
        "FunctionAssociations": [
            {
                "EventType": "viewer-request",
                "FunctionARN": {"Fn::GetAtt": ["WebIndexFunction", "FunctionARN"]},
            }
        ],
    }
