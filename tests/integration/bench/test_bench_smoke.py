"""The benchmarks run and print; what they find on a busy machine is not judged here."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from chalicelib.bootstrap import RandomIds
from chalicelib.services.backend import Backend
from infra.local.bench import catalog_sync
from infra.local.bench.cli import main
from infra.local.bench.report import table
from tests.contract.stores.backends import fakes, store_settings
from tests.fakes.metrics import FakeMetrics


@pytest.fixture
def backend():
    settings = store_settings()
    with fakes() as stores:
        yield Backend(
            settings=settings,
            clock=lambda: datetime(2026, 1, 31, 12, tzinfo=UTC),
            ids=RandomIds(settings.infra_id),
            resources=stores.resources,
            tasks=stores.tasks,
            catalog=stores.catalog,
            claims=stores.claims,
            links=stores.links,
            qkd_links=stores.qkd_links,
            telemetry=stores.telemetry,
            workflows=None,  # a sync starts none
            metrics=FakeMetrics(),
        )


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_import_benchmark_prints_a_table_and_writes_json(tmp_path, capsys):
    file = tmp_path / "figures.json"
    assert main(["import", "--quick", "--samples", "1", "--json", str(file)]) == 0
    printed = capsys.readouterr().out
    assert "cpu: " in printed
    assert "api: import and set-up, with bytecode" in printed
    assert "MUST NOT IMPORT" not in printed
    (benchmark,) = json.loads(file.read_text())["benchmarks"]
    assert all(figure["median"] > 0 for figure in benchmark["figures"])


def test_unchanged_catalog_costs_no_write(backend):
    figures = catalog_sync.measure(backend, image_count=50, repeats=2)
    writes = {figure.what: figure.values for figure in figures if figure.unit == "writes"}
    assert list(writes.values()) == [(58.0,), (0.0, 0.0), (1.0, 1.0)]
    printed = table(figures)
    assert printed.count("\n") == len(figures) + 1
    assert "50 images, none changed: writes" in printed
