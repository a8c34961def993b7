"""The names of what the stack makes, and references to it.

Where a reference would close a circle (function, role, state machine, function), the name is put
together instead: tables, functions and state machines are named after the stack.
"""

from __future__ import annotations

from infra.aws.functions import API

OPENSTACK_SECRET = "OpenStackSecret"  # noqa: S105 -- the name of a resource
AGENT_SECRET = "AgentSecret"  # noqa: S105 -- the name of a resource
NAME_PREFIX = "${AWS::StackName}-"

_ARN = "arn:${AWS::Partition}:%s:${AWS::Region}:${AWS::AccountId}:%s"


def sub(text: str) -> dict[str, str]:
    """Return a text whose ${...} CloudFormation fills in."""
    return {"Fn::Sub": text}


def camel(name: str) -> str:
    """Return `qkd_links` as `QkdLinks`, as Chalice does for functions."""
    return "".join(word.capitalize() for word in name.split("_"))


def table_id(table: str) -> str:
    """Return the logical id of a table."""
    return f"{camel(table)}Table"


def workflow_id(workflow: str) -> str:
    """Return the logical id of a workflow's state machine."""
    return f"{camel(workflow)}Workflow"


def function_name(function: str) -> str:
    """Return the name of a function on AWS."""
    return NAME_PREFIX + ("api" if function == API else function)


def function_arn(function: str) -> dict[str, str]:
    """Return the ARN of a function."""
    return sub(_ARN % ("lambda", f"function:{function_name(function)}"))


def log_group_arn(function: str) -> dict[str, str]:
    """Return the ARN of a function's log streams."""
    return sub(_ARN % ("logs", f"log-group:/aws/lambda/{function_name(function)}:*"))


def state_machine_prefix() -> str:
    """Return the ARN of the state machines up to the workflow's name."""
    return _ARN % ("states", f"stateMachine:{NAME_PREFIX}")


def state_machine_arn(workflow: str) -> dict[str, str]:
    """Return the ARN of a workflow's state machine."""
    return sub(state_machine_prefix() + workflow)


def execution_arn(workflow: str) -> dict[str, str]:
    """Return the ARN of a workflow's executions."""
    return sub(_ARN % ("states", f"execution:{NAME_PREFIX}{workflow}:*"))
