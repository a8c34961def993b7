"""What a page of resources costs as the table grows."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from chalicelib import bootstrap
from infra.local.bench import samples
from infra.local.bench.model import Benchmark, Effort, Figure
from infra.local.bench.timing import Cost
from infra.local.bench.warm_api import EXPERIMENT, PROJECT, USER, Event, WarmAPI, warm_api
from infra.local.issuer.identities import experiment_id, project_id, user_id

_PAGE = 100
_WRITERS = 2
_WARM_UP = 3
_NEXT = re.compile(r'<([^>]+)>; *rel="?next"?')


def run(effort: Effort) -> list[Figure]:
    """Measure pages of one experiment's list, with few resources in the table and with many."""
    few, many = 100, effort.choose(10_000, 500)
    count = effort.repeat(30, 5)
    with warm_api() as api:
        _add(0, few)
        first = api.event("GET", f"/resources?limit={_PAGE}")
        figures = _figures(api, {f"{few} in the table, first page": first}, count)
        _add(few, many)
        deep_page = many // _PAGE // 2
        events = {
            f"{many} in the table, first page": first,
            f"{many} in the table, page {deep_page}": _page(api, first, deep_page),
        }
        figures += _figures(api, events, count)
    return figures


def _add(start: int, end: int) -> None:
    store = bootstrap.backend().resources

    def add(index: int) -> None:
        store.add(
            samples.resource(
                index,
                project_id=project_id(PROJECT),
                experiment_id=experiment_id(EXPERIMENT),
                owner_id=user_id(USER),
            )
        )

    with ThreadPoolExecutor(_WRITERS) as pool:
        for _ in pool.map(add, range(start, end)):
            pass


def _page(api: WarmAPI, event: Event, number: int) -> Event:
    """Follow the links from the first page and return the event that asks for this page."""
    for _ in range(number - 1):
        event = api.event("GET", _next_path(api, event))
    return event


def _next_path(api: WarmAPI, event: Event) -> str:
    link = _NEXT.search(api.answer(event)["headers"]["Link"])
    if link is None:
        raise RuntimeError("the list ends before the page that was to be measured")
    parts = urlsplit(link.group(1))
    return f"{parts.path}?{parts.query}"


def _figures(api: WarmAPI, events: dict[str, Event], count: int) -> list[Figure]:
    """Measure some events in turn, so that what disturbs one disturbs all."""
    costs: dict[str, list[Cost]] = {what: [] for what in events}
    for turn in range(-_WARM_UP, count):
        for what, event in events.items():
            cost = api.cost(event)
            if turn >= 0:
                costs[what].append(cost)
    figures = []
    for what, found in costs.items():
        cpu = tuple(cost.cpu_ms for cost in found)
        wall = tuple(cost.wall_ms for cost in found)
        figures += [
            Figure(f"{what}: CPU", "ms CPU", cpu),
            Figure(f"{what}: wall", "ms", wall, "store included"),
        ]
    return figures


BENCHMARK = Benchmark("list", f"GET /resources?limit={_PAGE} of one experiment", run)
