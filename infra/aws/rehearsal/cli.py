"""Arguments and steps of `make rehearse`."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import yaml
from statelint.linter import Linter

from chalicelib.adapters.aws_clients import make_client
from infra.aws.asl_subset import mistakes
from infra.aws.package.build import Wish, build_package
from infra.aws.package.checks import check_content, handlers_of, import_handlers
from infra.aws.package.environments import ROOT, Requirements, ensure_environment
from infra.aws.package.manifest import Package
from infra.aws.package.runtimes import Interpreter, find_interpreter
from infra.aws.rehearsal.client import Client
from infra.aws.rehearsal.functions import Functions
from infra.aws.rehearsal.gateway import gateway
from infra.aws.rehearsal.life import live
from infra.aws.rehearsal.report import Finding, Report
from infra.aws.rehearsal.sizes import check_calls, check_sizes
from infra.aws.rehearsal.stack import (
    LEFT_OUT,
    STACK,
    create_stack,
    deployed_functions,
    reduced,
)
from infra.aws.rehearsal.stack_checks import check_functions, check_tables, definitions_of_stack
from infra.aws.rehearsal.world import world
from infra.aws.template import STAGES
from infra.local.aws import ACCOUNT_ID
from infra.local.lambda_functions import serve_functions
from infra.local.scheduler import schedule_event
from infra.local.workflows import STATE_MACHINE_ARN_PREFIX, stop_executions

_HERE = Path(__file__).parent
_LINT_SECONDS = 600
_SCAN = _HERE.parent / "checkov.yaml"
_ROLE_ARN = f"arn:aws:iam::{ACCOUNT_ID}:role/rehearsal"
_LOG = ROOT / "build" / "rehearsal.log"


def main(arguments: list[str] | None = None) -> int:
    """Rehearse; 0 if there are no findings."""
    parser = argparse.ArgumentParser(prog="python -m infra.aws.rehearsal", description=__doc__)
    parser.add_argument("--stage", choices=STAGES, default="prod", help="prod unless given")
    options = parser.parse_args(arguments)
    report = Report()
    report.part("The package")
    package = build_package(Wish.of_stage(options.stage))
    interpreter = find_interpreter()
    report.note(f"{package.archive}, {interpreter.runtime.name}, sha256 {package.manifest.sha256}")
    with tempfile.TemporaryDirectory(prefix="rehearsal-") as directory:
        work = Path(directory)
        tree = work / "task"
        with ZipFile(package.archive) as packed:
            packed.extractall(tree)
        _package(report, package, interpreter, tree)
        plain = _template(report, package, work)
        if plain is not None:
            _deployed(report, package, interpreter, tree, plain, work)
    return report.end()


def _package(report: Report, package: Package, interpreter: Interpreter, tree: Path) -> None:
    handlers = handlers_of(yaml.safe_load(package.template.read_text(encoding="utf-8")))
    with report.step("the zip holds what it must, and nothing secret or test-like"):
        check_content(package.archive, interpreter.runtime)
    with report.step(f"all {len(handlers)} handlers import from the zip alone"):
        import_handlers(interpreter, tree, handlers.values())


def _template(report: Report, package: Package, work: Path) -> dict[str, Any] | None:
    report.part("The template")
    linters = ROOT / ".venv-rehearse"
    pinned = Requirements(linters, _HERE / "requirements.txt", Path(sys.executable))
    python = ensure_environment(pinned)
    plain = work / "plain.json"
    with report.step("SAM transforms it"):
        probe = str(_HERE / "transform_probe.py")
        _tool([str(python), probe, str(package.template), str(plain)], work)
    for form, file in (("as SAM", package.template), ("as CloudFormation", plain)):
        with report.step(f"cfn-lint finds nothing, {form}"):
            _tool([str(linters / "bin" / "cfn-lint"), "--", str(file)], work)
    scanner = ROOT / ".venv-scanner"
    ensure_environment(Requirements(scanner, _HERE / "scanner.txt", Path(sys.executable)))
    with report.step(f"checkov finds nothing but what {_SCAN.name} gives a reason for"):
        command = str(scanner / "bin" / "checkov")
        _tool([command, "--config-file", str(_SCAN), "--file", str(plain)], work)
    if not plain.is_file():
        return None
    document: dict[str, Any] = json.loads(plain.read_text(encoding="utf-8"))
    return document


def _tool(command: list[str], work: Path) -> None:
    done = subprocess.run(  # noqa: S603 - a linter that was installed for this
        command,
        env={"AWS_DEFAULT_REGION": "eu-west-1", "PATH": "/usr/bin:/bin", "HOME": str(work)},
        cwd=work,
        capture_output=True,
        text=True,
        check=False,
        timeout=_LINT_SECONDS,
    )
    if done.returncode:
        raise Finding(done.stdout + done.stderr)


def _deployed(
    report: Report,
    package: Package,
    interpreter: Interpreter,
    tree: Path,
    plain: dict[str, Any],
    work: Path,
) -> None:
    report.part("The stack, in moto's CloudFormation")
    template, gone = reduced(plain)
    for kind, count in sorted(Counter(gone.values()).items()):
        report.note(f"left out: {count} {kind}: {LEFT_OUT[kind]}")
    with gateway() as (url, connect), world(url, work) as parts, _LOG.open("wb") as log:
        with report.step(f"{len(template['Resources'])} resources are created"):
            status = create_stack(template, parts.parameters, package.archive.read_bytes())
            if status != "CREATE_COMPLETE":
                raise Finding(status)
        deployed = deployed_functions()
        with report.step("functions: runtime, handler, memory, timeout, environment, VPC"):
            check_functions(plain, interpreter.runtime.name)
        with report.step("tables and their indexes; schedules"):
            check_tables(plain)
        definitions = {}
        with report.step("definitions: references filled in, valid (statelint), in our subset"):
            definitions = definitions_of_stack()
            for name, definition in definitions.items():
                machine = json.loads(definition)
                found = [*Linter.validate(machine), *mistakes(machine)]
                if "${" in definition or found:
                    raise Finding(f"{name}: {found or 'a ${ is left'}")
        report.part("Life of two VMs, by handlers from the zip")
        report.note(f"variables beyond the template's: {', '.join(sorted(parts.overrides))}")
        functions = Functions(deployed, parts.overrides, interpreter, tree, log)
        connect(
            lambda event: functions.call(f"{STACK}-api", event),
            list(plain["Resources"]["RestAPI"]["Properties"]["Body"]["paths"]),
        )
        client = make_client("stepfunctions")
        with serve_functions(functions):
            try:
                for name, definition in definitions.items():
                    client.create_state_machine(
                        name=name,
                        definition=definition,
                        roleArn=_ROLE_ARN,
                    )
                live(report, Client(url, parts), parts, lambda name: _run(functions, name))
            finally:
                stop_executions(30, f"{STATE_MACHINE_ARN_PREFIX}{STACK}-")
                functions.stop()
        report.part("What the functions took")
        with report.step(f"each of the {len(deployed)} deployed functions was called"):
            check_calls(deployed, functions.used)
        with report.step("each function has the memory and the time that it needs, with a margin"):
            check_sizes(report, deployed, functions.used)
        report.note(f"the functions' log: {_LOG}")


def _run(functions: Functions, schedule: str) -> Any:
    answer, is_error = functions.call(f"{STACK}-{schedule}", schedule_event(schedule))
    if is_error:
        raise Finding(json.dumps(answer))
    return answer
