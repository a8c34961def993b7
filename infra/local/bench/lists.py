"""What a page of resources costs as the table grows."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from chalicelib import bootstrap
from infra.local.bench import samples
from infra.local.bench.model import Benchmark, Effort, Figure
from infra.local.bench.warm_api import EXPERIMENT, PROJECT, USER, Event, WarmAPI, warm_api
from infra.local.issuer.identities import experiment_id, project_id, user_id

_PAGE = 100
_WRITERS = 2
_NEXT = re.compile(r'<([^>]+)>; *rel="?next"?')


def run(effort: Effort) -> list[Figure]:
    """Measure pages of one experiment's list, with few resources in the table and with many."""
    few, many = 100, effort.choose(10_000, 500)
    count = effort.repeat(30, 5)
    with warm_api() as api:
        _add(0, few)
        first = api.event("GET", f"/resources?limit={_PAGE}")
        figures = _figures(api, first, f"{few} in the table, first page", count)
        _add(few, many)
        figures += _figures(api, first, f"{many} in the table, first page", count)
        deep_page = many // _PAGE // 2
        deep = _page(api, first, deep_page)
        figures += _figures(api, deep, f"{many} in the table, page {deep_page}", count)
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


def _figures(api: WarmAPI, event: Event, what: str, count: int) -> list[Figure]:
    api.answer(event)
    costs = [api.cost(event) for _ in range(count)]
    return [
        Figure(f"{what}: CPU", "ms CPU", tuple(cost.cpu_ms for cost in costs)),
        Figure(f"{what}: wall", "ms", tuple(cost.wall_ms for cost in costs), "store included"),
    ]


BENCHMARK = Benchmark("list", f"GET /resources?limit={_PAGE} of one experiment", run)
