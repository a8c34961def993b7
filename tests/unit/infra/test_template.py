"""The template as data: what it promises beyond what linters look at."""

from __future__ import annotations

import json
import re

import pytest
import yaml

from app import app
from chalicelib.adapters.dynamodb.models import ClaimItem
from chalicelib.adapters.dynamodb.tables import Tables
from chalicelib.api.problem import problem_kinds
from chalicelib.api.web_page import content_policy, index_text
from chalicelib.config import load_settings
from chalicelib.config_table import SETTINGS
from infra.aws.edge import GATEWAY_ANSWERS
from infra.aws.functions import API, FUNCTIONS, logical_id, zone_of
from infra.aws.names import table_id, workflow_id
from infra.aws.network import OPENSTACK_PORTS
from infra.aws.settings import (
    DERIVED,
    NOT_ON_AWS,
    environment_of,
    parameter_id,
    parameter_settings,
)
from infra.aws.template import main, template, text_of
from infra.aws.workflows import definitions
from infra.onprem.tunnel.proposals import aws_tunnel_options

PROD, DEV = template("prod"), template("dev")
RESOURCES = PROD["Resources"]
# What Chalice adds: functions, their logs and roles, and the REST API.
CHALICE = {logical_id(name) for name in FUNCTIONS} | {"RestAPI"}
PSEUDO = {"AWS::Region", "AWS::AccountId", "AWS::Partition", "AWS::StackName", "AWS::NoValue",
          "AWS::URLSuffix"}  # fmt: skip
NAMED_IN_TEXT = re.compile(r"\$\{([\w:]+)(?:\.\w+)?\}")


def of_type(kind):
    return {name: part for name, part in RESOURCES.items() if part.get("Type") == kind}


def references(part, local=frozenset()):
    """Yield every name that Ref, GetAtt and Sub refer to."""
    if isinstance(part, list):
        for entry in part:
            yield from references(entry, local)
    elif isinstance(part, dict):
        for key, value in part.items():
            if key == "Ref":
                yield value
            elif key == "Fn::GetAtt":
                yield value[0]
            elif key == "Fn::Sub" and isinstance(value, str):
                yield from NAMED_IN_TEXT.findall(value)
            elif key == "Fn::Sub":
                text, names = value
                yield from set(NAMED_IN_TEXT.findall(text)) - set(names)
                yield from references(names)
            else:
                yield from references(value)


def test_every_reference_has_its_target():
    known = {*RESOURCES, *PROD["Parameters"], *CHALICE, *PSEUDO}
    assert set(references(PROD)) <= known


def test_conditions_are_defined_and_used():
    used = {entry["Condition"] for entry in RESOURCES.values() if "Condition" in entry}
    used |= set(re.findall(r'"Fn::If": \["(\w+)"', json.dumps(RESOURCES)))
    assert used == set(PROD["Conditions"])


def test_the_text_is_plain_and_the_same_each_time(tmp_path, capsys):
    target = tmp_path / "aws" / "merge.yaml"
    assert main(["--stage", "prod", "--output", str(target)]) == 0
    assert str(target) in capsys.readouterr().out
    assert target.read_text() == text_of("prod")
    assert yaml.safe_load(target.read_text()) == PROD
    assert "&id" not in text_of("prod")


@pytest.mark.parametrize("workflow", sorted(definitions()))
def test_each_placeholder_is_the_function_of_its_name(workflow):
    text, arns = RESOURCES[workflow_id(workflow)]["Properties"]["DefinitionString"]["Fn::Sub"]
    assert set(NAMED_IN_TEXT.findall(text)) == set(arns)
    for placeholder, arn in arns.items():
        assert arn == {"Fn::GetAtt": [placeholder.removesuffix("FunctionArn"), "Arn"]}
    assert json.loads(text) == json.loads(definitions()[workflow])


@pytest.mark.parametrize("workflow", sorted(definitions()))
def test_logs_of_executions_hold_no_data(workflow):
    logging = RESOURCES[workflow_id(workflow)]["Properties"]["LoggingConfiguration"]
    assert (logging["Level"], logging["IncludeExecutionData"]) == ("ERROR", False)


def test_every_function_has_its_name_and_its_settings():
    names = [RESOURCES[logical_id(name)]["Properties"]["FunctionName"] for name in FUNCTIONS]
    assert len({json.dumps(name) for name in names}) == len(FUNCTIONS)
    # Lambda takes 64 characters; docs/how-to/deploy-to-aws.md says how long a stack's name may be.
    longest = max(len(name["Fn::Sub"].removeprefix("${AWS::StackName}")) for name in names)
    assert 40 + longest <= 64


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_functions_start_with_what_the_template_gives_them(function):
    """Parameters have their defaults here, references some text of their kind."""
    parameters = PROD["Parameters"]

    def value(entry):
        return str(parameters.get(entry.get("Ref"), {}).get("Default", "https://x.example"))

    environment = {name: value(entry) for name, entry in environment_of(function).items()}
    assert load_settings(environment).infra_id == "tld-city-bp1"


def test_every_setting_is_a_parameter_or_derived_or_has_no_place_here():
    names = {setting.name for setting in SETTINGS}
    assert set(DERIVED) | NOT_ON_AWS <= names
    given = {name for function in FUNCTIONS for name in environment_of(function)}
    assert given == names - NOT_ON_AWS
    for setting in parameter_settings():
        parameter = PROD["Parameters"][parameter_id(setting.name)]
        pattern = parameter.get("AllowedPattern", "")
        assert re.search(pattern, parameter["Default"]), setting.name


def test_secrets_are_known_to_those_who_read_them_only():
    for function in FUNCTIONS:
        given, zone = environment_of(function), zone_of(function)
        assert ("OPENSTACK_SECRET_ID" in given) == zone.openstack
        assert ("QKD_SECRET_ID" in given) == (zone.agents or function == API)
        assert ("ADMIN_USER_IDS" in given) == (function == API)


def test_no_secret_has_a_value():
    for secret in of_type("AWS::SecretsManager::Secret").values():
        assert set(secret["Properties"]) == {"Name", "Description"}


def test_there_is_a_table_for_each_item_class():
    assert set(of_type("AWS::DynamoDB::Table")) == {table_id(n) for n in Tables.__struct_fields__}
    claims = RESOURCES["ClaimsTable"]["Properties"]
    assert claims["TimeToLiveSpecification"]["AttributeName"] == ClaimItem.delete_at.attr_name


@pytest.mark.parametrize("name", sorted(of_type("AWS::DynamoDB::Table")))
def test_tables_are_kept_encrypted_and_restorable(name):
    table = RESOURCES[name]
    properties = table["Properties"]
    assert (table["DeletionPolicy"], properties["DeletionProtectionEnabled"]) == ("Retain", True)
    assert DEV["Resources"][name]["DeletionPolicy"] == "Delete"
    assert properties["SSESpecification"] == {"SSEEnabled": True}
    assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
    keys = [index["KeySchema"] for index in properties.get("GlobalSecondaryIndexes", [])]
    for schema in (properties["KeySchema"], *keys):
        assert schema[0]["KeyType"] == "HASH"


def test_the_lab_is_reached_on_its_ports_only_and_nothing_comes_in():
    group = RESOURCES["LabSecurityGroup"]["Properties"]
    assert "SecurityGroupIngress" not in group
    rules = [entry.get("Fn::If", [None, entry, entry]) for entry in group["SecurityGroupEgress"]]
    flat = [rule for _, *choices in rules for rule in choices if "IpProtocol" in rule]
    ports = {json.dumps(rule["FromPort"]) for rule in flat}
    assert ports == {*(str(p) for p in OPENSTACK_PORTS.values()), "443", '{"Ref": "AgentPort"}'}
    assert {rule["IpProtocol"] for rule in flat} == {"tcp"}
    targets = {json.dumps(rule.get("CidrIp", rule.get("DestinationPrefixListId"))) for rule in flat}
    assert targets == {'{"Ref": "LabCidr"}', '{"Ref": "DynamoDbPrefixList"}'}


def test_there_is_no_way_to_the_internet():
    kinds = {part.get("Type") for part in RESOURCES.values()}
    assert not kinds & {"AWS::EC2::InternetGateway", "AWS::EC2::NatGateway", "AWS::EC2::Route"}


def test_both_tunnels_are_what_the_lab_is_set_up_for():
    tunnels = RESOURCES["VpnConnection"]["Properties"]["VpnTunnelOptionsSpecifications"]
    assert len(tunnels) == 2
    for tunnel in tunnels:
        assert aws_tunnel_options().items() <= tunnel.items()
        assert "PreSharedKey" not in tunnel
        assert tunnel["IKEVersions"] == [{"Value": "ikev2"}]
        assert tunnel["StartupAction"] == "add"
        for phase in ("Phase1", "Phase2"):
            assert tunnel[f"{phase}EncryptionAlgorithms"] == [{"Value": "AES256-GCM-16"}]
            assert tunnel[f"{phase}DHGroupNumbers"] == [{"Value": 20}]


@pytest.mark.parametrize("name", [*GATEWAY_ANSWERS, "DEFAULT_4XX", "DEFAULT_5XX"])
def test_answers_of_the_gateway_are_problems_as_ours(name):
    answer = RESOURCES["RestAPI"]["Properties"]["GatewayResponses"][name]
    (media, text), = answer["ResponseTemplates"].items()  # fmt: skip
    problem = json.loads(text["Fn::Sub"])
    headers = answer["ResponseParameters"]["Headers"]
    assert (media, headers["Content-Type"]) == ("application/json", "'application/problem+json'")
    assert set(problem) == {"type", "title", "status", "detail", "instance", "code", "errors"}
    assert problem["code"] in problem_kinds()
    assert answer.get("StatusCode", str(problem["status"])) == str(problem["status"])


def test_an_unknown_path_is_404_though_the_gateway_calls_it_a_missing_token():
    answer = RESOURCES["RestAPI"]["Properties"]["GatewayResponses"]["MISSING_AUTHENTICATION_TOKEN"]
    assert answer["StatusCode"] == "404"


def test_the_page_has_the_policy_that_the_api_gives_it():
    config = RESOURCES["WebHeaders"]["Properties"]["ResponseHeadersPolicyConfig"]
    security = config["SecurityHeadersConfig"]
    text, names = security["ContentSecurityPolicy"]["ContentSecurityPolicy"]["Fn::Sub"]
    assert set(names) == {"Origins"}
    filled = text.replace("${Origins}", "https://a.example https://b.example")
    expected = content_policy(index_text(""), ("https://a.example", "https://b.example"))
    assert filled == expected


def test_what_the_api_answers_below_ui_goes_to_the_api():
    config = RESOURCES["Distribution"]["Properties"]["DistributionConfig"]
    to_api = {
        behavior["PathPattern"]
        for behavior in config["CacheBehaviors"]
        if behavior["TargetOriginId"] == "api"
    }
    below = {path for path in app.routes if path.startswith("/ui/") and "{" not in path}
    assert to_api == below
    order = [behavior["PathPattern"] for behavior in config["CacheBehaviors"]]
    assert order.index("/ui/*") == len(order) - 1


def test_alarms_reach_the_topic_and_say_what_to_do():
    alarms = of_type("AWS::CloudWatch::Alarm")
    assert {"TunnelDown", "OrphansFound", "ApiErrors", "RequestWorkflowFailed"} <= set(alarms)
    for alarm in alarms.values():
        properties = alarm["Properties"]
        assert properties["AlarmActions"] == [{"Ref": "AlarmTopic"}]
        assert properties["AlarmDescription"].endswith(".")
        assert len(properties["Metrics"]) <= 10
        assert sum(metric["ReturnData"] for metric in properties["Metrics"]) == 1


def test_the_dashboard_is_json():
    body = RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    assert json.loads(body)["widgets"]
