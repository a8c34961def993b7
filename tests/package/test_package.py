"""The zip that would run on Lambda: complete, lean, without secrets, and the same each time."""

from __future__ import annotations

import json
import subprocess

import pytest

from infra.aws.functions import FUNCTIONS, logical_id
from infra.aws.package.archive import read_archive
from infra.aws.package.bytecode import bytecode_mistakes
from infra.aws.package.checks import (
    UnfitPackage,
    check_content,
    handlers_of,
    import_handlers,
    secrets_in,
)

# One worker builds it; xdist's loadfile keeps this file on one.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
API_MUST_NOT_LOAD = {"boto3", "keystoneauth1", "openstack"}
# Imported by the first request or step that needs them, so no handler's import may load them.
LAZY = {"botocore", "pynamodb", "jwt", "openstack", "email.mime", "email.policy"}
# Of openstacksdk: with them comes the code of every service.
STEPS_MUST_NOT_LOAD = {
    "openstack.connection",
    "openstack.cloud",
    "dogpile",
    "psutil",
    "yaml.loader",
}


@pytest.fixture(scope="module")
def files(package):
    return read_archive(package.archive)


def test_the_zip_is_as_it_must_be(package, interpreter):
    check_content(package.archive, interpreter.runtime)


def test_each_function_of_the_app_is_deployed(template):
    assert handlers_of(template).keys() == {logical_id(name) for name in FUNCTIONS}
    assert all(
        resource["Properties"]["Runtime"].startswith("python3.")
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
    )


def test_every_handler_imports_from_the_zip_alone(template, tree, interpreter):
    handlers = set(handlers_of(template).values())
    by_module = {handler.rpartition(".")[0]: handler for handler in sorted(handlers)}
    imported = import_handlers(interpreter, tree, by_module.values())
    (api,) = [one for one in imported if one.handler == "app.app"]
    assert not API_MUST_NOT_LOAD & api.modules
    for one in imported:
        assert not LAZY & one.modules, one.handler


def test_steps_load_the_resources_of_the_cloud_without_its_services_code(tree, interpreter):
    code = f"""
import json, sys
sys.path.insert(0, {str(tree)!r})
import functions.lifecycle.build, chalicelib.adapters.openstack.compute
import chalicelib.adapters.openstack.catalog
json.dump(sorted(sys.modules), sys.stdout)
"""
    done = subprocess.run(
        [interpreter.path, "-I", "-S", "-c", code], env={}, check=True, capture_output=True
    )
    loaded = set(json.loads(done.stdout))
    assert "openstack.compute.v2.server" in loaded
    assert not STEPS_MUST_NOT_LOAD & loaded
    assert not [name for name in loaded if name.endswith("._proxy")]


def test_handlers_come_with_a_patient_garbage_collector(tree, interpreter):
    code = f"""
import gc, sys
sys.path.insert(0, {str(tree)!r})
import functions.lifecycle.build
print(gc.get_threshold()[0])
"""
    done = subprocess.run(
        [interpreter.path, "-I", "-S", "-c", code], env={}, check=True, capture_output=True
    )
    assert int(done.stdout) == 150_000


def test_clients_know_the_addresses_of_their_services(tree, interpreter):
    code = f"""
import sys
sys.path.insert(0, {str(tree)!r})
from botocore.session import get_session
for name in ("dynamodb", "stepfunctions", "lambda", "secretsmanager"):
    print(get_session().create_client(name, region_name="eu-west-3").meta.endpoint_url)
"""
    done = subprocess.run(
        [interpreter.path, "-I", "-S", "-c", code], env={}, check=True, capture_output=True
    )
    assert done.stdout.decode().split() == [
        f"https://{name}.eu-west-3.amazonaws.com"
        for name in ("dynamodb", "states", "lambda", "secretsmanager")
    ]


def test_every_handler_is_a_function_of_its_module(template, tree):
    for handler in handlers_of(template).values():
        module, _, name = handler.rpartition(".")
        source = (tree / (module.replace(".", "/") + ".py")).read_text(encoding="utf-8")
        assert f"def {name}(" in source or f"{name} = " in source


def test_a_handler_that_is_not_there_is_found_out(tree, interpreter):
    with pytest.raises(UnfitPackage, match=r"functions\.nowhere\.step cannot be imported"):
        import_handlers(interpreter, tree, ["functions.nowhere.step"])


def test_missing_and_foreign_bytecode_is_found_out(files, interpreter):
    name = "functions/health.py"
    compiled = next(one for one in files if one.startswith("functions/__pycache__/health."))
    assert bytecode_mistakes(files, interpreter.runtime) == []
    damaged = {**files, compiled: b"\0\0" + files[compiled][2:]}
    assert bytecode_mistakes(damaged, interpreter.runtime) == [name]
    del damaged[compiled]
    assert bytecode_mistakes(damaged, interpreter.runtime) == [name]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("chalicelib/clouds.yaml", b""),
        ("agent.key", b""),
        ("chalicelib/x.py", b"-----BEGIN PRIVATE KEY-----\nMIIE"),
    ],
)
def test_secrets_are_found_out(name, content):
    assert secrets_in({name: content}) == [name]
