"""Writes what is merged into Chalice's template: `python -m infra.aws.template --stage prod`.

Chalice knows functions, routes, schedules and roles. All else of the deployment comes from here:
one module per subject, each with the resources, parameters and conditions that it needs.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import yaml

from infra.aws import alarms, dashboard, edge, network, secret_store, vpn, web
from infra.aws.chalice_config import LOG_DAYS
from infra.aws.functions import API, FUNCTIONS, SCHEDULES, logical_id
from infra.aws.names import function_name, sub
from infra.aws.settings import environment_of, settings_parameters
from infra.aws.tables import table_resources
from infra.aws.workflows import workflow_resources

MERGE = Path(__file__).parents[2] / "build" / "aws" / "merge.yaml"
STAGES = ("dev", "prod")


def template(stage: str) -> dict[str, Any]:
    """Return the template of a stage; tables of `prod` outlive the stack."""
    keep, log_days = stage == "prod", LOG_DAYS[stage]
    return {
        "Description": "SLICES-RI Basic Infrastructure for a QKD blueprint (slices-bi-qkd)",
        "Metadata": {"AWS::CloudFormation::Interface": {"ParameterGroups": _groups()}},
        "Parameters": _merged(*_parameter_groups().values()),
        "Conditions": _merged(
            network.network_conditions(),
            edge.edge_conditions(),
            web.web_conditions(),
            alarms.alarm_conditions(),
        ),
        "Rules": network.network_rules(),
        "Resources": _merged(
            _functions(),
            table_resources(keep=keep),
            workflow_resources(log_days),
            secret_store.secret_resources(),
            network.network_resources(),
            vpn.vpn_resources(log_days),
            edge.edge_resources(log_days),
            web.web_resources(keep=keep),
            alarms.alarm_resources(),
            dashboard.dashboard_resources(),
        ),
        "Outputs": _outputs(),
    }


def _parameter_groups() -> dict[str, dict[str, Any]]:
    return {
        "Address and page": web.web_parameters() | edge.edge_parameters(),
        "The lab": vpn.vpn_parameters() | network.network_parameters(),
        "Operations": alarms.alarm_parameters(),
        "Settings": settings_parameters(),
    }


def _groups() -> list[dict[str, Any]]:
    return [
        {"Label": {"default": label}, "Parameters": list(parameters)}
        for label, parameters in _parameter_groups().items()
    ]


def _functions() -> dict[str, Any]:
    """Return what is added to Chalice's functions: names, settings, and no repetition of sweeps."""
    resources: dict[str, Any] = {}
    for function in FUNCTIONS:
        properties: dict[str, Any] = {
            "FunctionName": sub(function_name(function)),
            "Environment": {"Variables": environment_of(function)},
        }
        if function in SCHEDULES:
            # The next one is due before a repetition would be.
            properties["EventInvokeConfig"] = {
                "MaximumRetryAttempts": 0,
                "MaximumEventAgeInSeconds": 60,
            }
        resources[logical_id(function)] = {"Properties": properties}
    # Chalice renames the function of the routes, but not in the name of its log.
    resources["ApiHandlerLogGroup"] = {
        "Properties": {"LogGroupName": sub(f"/aws/lambda/${{{logical_id(API)}}}")}
    }
    return resources


def _outputs() -> dict[str, Any]:
    return {
        "PublicUrl": {"Value": sub("https://${PublicHost}"), "Description": "What users reach"},
        "DistributionHost": {
            "Value": {"Fn::GetAtt": ["Distribution", "DomainName"]},
            "Description": "CloudFront's own name: PublicHost, or what PublicHost points to",
        },
        "DistributionId": {"Value": {"Ref": "Distribution"}},
        "WebBucketName": {"Value": {"Ref": "WebBucket"}},
        "OpenStackSecretId": {"Value": {"Ref": "OpenStackSecret"}},
        "AgentSecretId": {"Value": {"Ref": "AgentSecret"}},
        "VpnConnectionId": {"Value": {"Ref": "VpnConnection"}},
        "AlarmTopicArn": {"Value": {"Ref": "AlarmTopic"}},
    }


def _merged(*parts: dict[str, Any]) -> dict[str, Any]:
    """Return the parts as one, each name of which comes from one part."""
    merged: dict[str, Any] = {}
    for part in parts:
        twice = merged.keys() & part.keys()
        if twice:
            raise ValueError(f"two parts of the template have {', '.join(sorted(twice))}")
        merged |= part
    return merged


class _Plain(yaml.SafeDumper):
    """Writes equal parts out each time: a merge template with anchors is hard to read."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 -- the signature is PyYAML's
        """Never use an alias."""
        return True


def text_of(stage: str) -> str:
    """Return the merge template as YAML; the same each time."""
    return yaml.dump(template(stage), Dumper=_Plain, sort_keys=True, width=100)


def main(arguments: list[str] | None = None) -> int:
    """Write the file and say where."""
    parser = argparse.ArgumentParser(prog="python -m infra.aws.template", description=__doc__)
    parser.add_argument("--stage", choices=STAGES, default="dev")
    parser.add_argument("--output", type=Path, default=MERGE)
    options = parser.parse_args(arguments)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(text_of(options.stage), encoding="utf-8")
    print(f"wrote {options.output}")  # noqa: T201 -- a command's output
    return 0


if __name__ == "__main__":
    sys.exit(main())
