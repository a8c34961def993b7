"""The catalog sync: time, CPU and writes, with changes and without."""

from __future__ import annotations

from msgspec.structs import replace

from chalicelib import bootstrap
from chalicelib.domain.catalog import CatalogState, DiskImage, EntryT, Flavor, Network
from chalicelib.services.backend import Backend
from chalicelib.services.ports import CatalogStore
from chalicelib.services.sync_catalog import sync_catalog
from infra.local.bench import samples
from infra.local.bench.model import Benchmark, Effort, Figure
from infra.local.bench.timing import Cost, cost_of
from infra.local.bench.warm_api import warm_api

_ONE_IN = 100  # so many of the images change


class CountingCatalog:
    """A catalog store that counts the writes that pass through it."""

    def __init__(self, store: CatalogStore) -> None:
        self._store = store
        self.writes = 0

    def get(self, kind: type[EntryT], entry_id: str) -> EntryT | None:
        """Return one entry."""
        return self._store.get(kind, entry_id)

    def list(self, kind: type[EntryT]) -> tuple[EntryT, ...]:
        """Return all entries of a kind."""
        return self._store.list(kind)

    def put(self, entry: DiskImage | Flavor | Network) -> None:
        """Write an entry."""
        self.writes += 1
        self._store.put(entry)

    def delete(self, kind: type[EntryT], entry_id: str) -> bool:
        """Remove an entry."""
        self.writes += 1
        return self._store.delete(kind, entry_id)

    def state(self, infra_id: str) -> CatalogState | None:
        """Return when the catalog was last checked."""
        return self._store.state(infra_id)

    def put_state(self, state: CatalogState) -> None:
        """Write that."""
        self.writes += 1
        self._store.put_state(state)


def run(effort: Effort) -> list[Figure]:
    """Measure on dynalite."""
    with warm_api():
        return measure(
            bootstrap.backend(),
            image_count=effort.choose(1000, 50),
            repeats=effort.repeat(5, 2),
        )


def measure(backend: Backend, image_count: int, repeats: int) -> list[Figure]:
    """Measure the first sync, repeated syncs without change, and repeated ones with some.

    Expects an empty catalog. The cloud's own answer is given, so its time is not in the figures.
    """
    catalog = CountingCatalog(backend.catalog)
    counted = replace(backend, catalog=catalog)
    offer = tuple(samples.disk_image(index) for index in range(image_count))
    first = [_sync(counted, catalog, offer)]
    unchanged = [_sync(counted, catalog, offer) for _ in range(repeats)]
    changed = [
        _sync(counted, catalog, _edited(offer, f"Edition {turn}.")) for turn in range(repeats)
    ]
    return [
        *_figures(f"first sync of {image_count} images", first),
        *_figures(f"{image_count} images, none changed", unchanged, "must write nothing"),
        *_figures(f"{image_count} images, 1 in {_ONE_IN} changed", changed),
    ]


def _sync(backend: Backend, catalog: CountingCatalog, offer: tuple[DiskImage, ...]) -> _Sync:
    before = catalog.writes
    cost = cost_of(lambda: sync_catalog(backend, samples.ScriptedCatalog(offer)))
    return cost, catalog.writes - before


_Sync = tuple[Cost, int]


def _edited(offer: tuple[DiskImage, ...], description: str) -> tuple[DiskImage, ...]:
    return tuple(
        replace(image, short_description=description) if index % _ONE_IN == 0 else image
        for index, image in enumerate(offer)
    )


def _figures(what: str, syncs: list[_Sync], remark: str = "") -> list[Figure]:
    return [
        Figure(f"{what}: wall", "ms", tuple(cost.wall_ms for cost, _ in syncs)),
        Figure(f"{what}: CPU", "ms CPU", tuple(cost.cpu_ms for cost, _ in syncs)),
        Figure(f"{what}: writes", "writes", tuple(float(writes) for _, writes in syncs), remark),
    ]


BENCHMARK = Benchmark("sync", "catalog sync against the store; the cloud's answer is given", run)
