"""CPU per warm request, token check included, next to the bare framework and the bare store."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from statistics import median
from typing import Any

from chalice.app import Chalice
from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from chalicelib import bootstrap
from chalicelib.bootstrap import utc_now
from infra.local.bench import samples
from infra.local.bench.model import Benchmark, Effort, Figure
from infra.local.bench.timing import Cost, cost_of
from infra.local.bench.warm_api import EXPERIMENT, PROJECT, USER, Event, WarmAPI, warm_api
from infra.local.issuer.identities import experiment_id, project_id, user_id

_LIST_LENGTH = 20
_WARM_UP = 5
_REQUESTS_PER_PROJECT = 10  # a project's quota item grows with what it holds
_BARE_ROUTE, _BARE_GET = "bare Chalice route", "bare pynamodb get"

Action = Callable[[int], Cost]


def run(effort: Effort) -> list[Figure]:
    """Measure each kind of request in turn, so that what disturbs one disturbs all."""
    count = effort.repeat(200, 20)
    with warm_api() as api:
        actions = {**_baselines(api), **_requests(api)}
        costs: dict[str, list[float]] = {name: [] for name in actions}
        for turn in range(-_WARM_UP, count):
            for name, action in actions.items():
                cost = action(turn)
                if turn >= 0:
                    costs[name].append(cost.cpu_ms)
    floor = median(costs[_BARE_ROUTE]) + median(costs[_BARE_GET])
    return [
        Figure(name, "ms CPU", tuple(values), _remark(name, median(values), floor))
        for name, values in costs.items()
    ]


def _remark(name: str, value: float, floor: float) -> str:
    if name in {_BARE_ROUTE, _BARE_GET}:
        return "baseline"
    return f"{value / floor:.1f} x (route + get)"


def _baselines(api: WarmAPI) -> dict[str, Action]:
    bare = Chalice(app_name="bare")

    @bare.route("/bare")
    def answer() -> dict[str, str]:
        return {"status": "ok"}

    bare_api = api.beside(bare)
    event = bare_api.event("GET", "/bare")
    item = _bare_item()
    return {
        _BARE_ROUTE: lambda _: bare_api.cost(event),
        _BARE_GET: lambda _: cost_of(lambda: item.get("one", consistent_read=True)),
    }


def _bare_item() -> Any:
    settings = bootstrap.settings()

    class Item(Model):
        """The smallest item."""

        class Meta:
            """Where it is stored."""

            table_name = f"{settings.table_prefix}bare"
            host = settings.dynamodb_url

        id = UnicodeAttribute(hash_key=True)

    Item.create_table(billing_mode="PAY_PER_REQUEST", wait=True)
    Item("one").save()
    return Item


def _requests(api: WarmAPI) -> dict[str, Action]:
    first_id = _fill()
    show = api.event("GET", f"/resources/{first_id}")
    listed = api.event("GET", f"/resources?limit={_LIST_LENGTH}")
    catalog = api.event("GET", f"/disk-images?limit={_LIST_LENGTH}")
    return {
        "GET /resources/{id}": lambda _: api.cost(show),
        f"GET /resources, {_LIST_LENGTH} of them": lambda _: api.cost(listed),
        f"GET /disk-images, {_LIST_LENGTH} of them": lambda _: api.cost(catalog),
        "POST /resources, 1 VM": lambda turn: api.cost(_new_request(api, turn)),
    }


def _fill() -> str:
    """Put a catalog and resources into the store; return the id of one resource."""
    backend = bootstrap.backend()
    for index in range(_LIST_LENGTH):
        backend.catalog.put(samples.disk_image(index))
    backend.catalog.put(samples.flavor(0))
    backend.catalog.put(samples.network())
    resources = [
        samples.resource(
            index,
            project_id=project_id(PROJECT),
            experiment_id=experiment_id(EXPERIMENT),
            owner_id=user_id(USER),
        )
        for index in range(_LIST_LENGTH)
    ]
    for resource in resources:
        backend.resources.add(resource)
    return resources[0].id


def _new_request(api: WarmAPI, turn: int) -> Event:
    project = f"bench-{(turn + _WARM_UP) // _REQUESTS_PER_PROJECT}"
    body = {
        "expires_at": (utc_now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "request_id": str(uuid.uuid4()),
        "resources": [
            {
                "friendly_name": f"node{turn + _WARM_UP}",
                "disk_image_id": samples.disk_image(0).id,
                "flavor_id": samples.flavor(0).id,
                "userdata": "#cloud-config\nruncmd:\n  - [echo, hello]\n",
            }
        ],
        "tokens": [{"jwt": api.user_token(project)}],
    }
    return api.event("POST", "/resources", project, body, project=project)


BENCHMARK = Benchmark(
    "requests", "CPU per warm request in the API's process; the store is another process", run
)
