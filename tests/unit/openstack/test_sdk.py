"""The SDK's package: what a step's import leaves out, and that nobody else misses it."""

import subprocess
import sys

import pytest

ADAPTERS = "import chalicelib.adapters.openstack.catalog, chalicelib.adapters.openstack.compute"


def run(*lines):
    """Run a program in a fresh process; return the words that it prints."""
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_the_adapters_load_neither_the_connection_nor_any_services_proxy():
    loaded = run(ADAPTERS, "import sys", "print(*sys.modules)")
    assert "openstack.compute.v2.server" in loaded
    assert not [name for name in loaded if name.endswith("._proxy")]
    whole = {
        "openstack.connection",
        "openstack.cloud",
        "dogpile",
        "psutil",
        "decorator",
        "yaml.loader",
    }
    assert not whole & set(loaded)


def test_the_sdks_packages_define_what_is_said_of_them():
    run(
        "import openstack",
        "from chalicelib.adapters.openstack.sdk import _DEFINED_BY_INIT as DEFINED",
        "import sys",
        "del DEFINED['yaml']",
        "for name, defined in DEFINED.items():",
        "    assert {*sys.modules[name].__all__} == defined - {'connection'}, name",
    )


@pytest.mark.parametrize(
    "use",
    [
        "import openstack; openstack.connect",
        "import openstack; openstack.connection.Connection",
        "from openstack import connection; connection.Connection",
        "import openstack.connection; openstack.connection.Connection; openstack.connect",
        "import openstack; openstack.compute.v2.Proxy",
    ],
)
def test_whoever_shares_the_process_has_the_whole_sdk(use):
    run(
        ADAPTERS,
        use,
        "import openstack, chalicelib.adapters.openstack.sdk as ours",
        "from openstack.connection import Connection",
        "assert openstack.connect.__annotations__['return'] is Connection",
        "assert openstack.connection.Connection is Connection",
        "assert Connection.compute.supported_versions['2'] is openstack.compute.v2.Proxy",
        "assert Connection.network.supported_versions['2'] is openstack.network.v2.Proxy",
        "assert openstack.config.OpenStackConfig is ours.OpenStackConfig",
        "assert openstack.compute.v2.server.Server is ours.Server",
        "assert openstack.exceptions is ours.exceptions",
    )


@pytest.mark.parametrize(
    "use",
    [
        "import yaml; yaml.SafeLoader",
        "import yaml; yaml.__version__",
        "import yaml.reader; import yaml; yaml.safe_load",
        "from yaml import safe_load",
        "from yaml import *; safe_load",
    ],
)
def test_whoever_shares_the_process_has_the_whole_of_yaml(use):
    run(ADAPTERS, use, "import yaml", "assert yaml.safe_load('a: [1]') == {'a': [1]}")


def test_an_sdk_that_is_there_already_is_taken_as_it_is():
    run(
        "import openstack",
        "package, connect = openstack, openstack.connect",
        ADAPTERS,
        "import openstack, chalicelib.adapters.openstack.sdk as ours",
        "assert openstack is package and openstack.connect is connect",
        "assert openstack.compute.v2.server.Server is ours.Server",
    )


def test_a_name_that_the_sdk_has_not_is_missed_as_usual():
    run(
        ADAPTERS,
        "import openstack",
        "assert not hasattr(openstack, 'nonsense')",
        "assert not hasattr(openstack, '__wrapped__')",
    )
