from pathlib import Path

import pytest

from infra.local.simulator import Simulator, Timings
from tests.integration.simulator.support import Tenant, connect

QUICK = Timings(boot=0.3, delete=0.1, deleted_window=0.1, no_host=0.1, reboot=0.1)

# openstacksdk 4.22 warns of what it does itself, whatever it is asked.
SDK_WARNINGS = (
    "ignore::openstack.warnings.RemovedInSDK50Warning",
    "ignore::openstack.warnings.RemovedInSDK60Warning",
)


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.filterwarnings(*SDK_WARNINGS))


@pytest.fixture
def simulator():
    with Simulator(timings=QUICK) as running:
        yield running


@pytest.fixture
def clouds_yaml(simulator, tmp_path):
    return simulator.clouds_yaml(tmp_path / "clouds.yaml")


@pytest.fixture
def connection(clouds_yaml):
    opened = connect(clouds_yaml)
    yield opened
    opened.close()


@pytest.fixture
def tenant(connection):
    return Tenant(connection)
