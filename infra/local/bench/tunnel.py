"""Added time of the way to an agent: mutual TLS alone, and the same through WireGuard."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from chalicelib.adapters.qkd_agent.client import HttpQKDAgent
from infra.local.bench.model import Benchmark, Effort, Figure, Skipped
from infra.local.bench.timing import cost_of
from infra.local.tunnel import tools
from infra.local.tunnel.agents import LabAgents
from infra.local.tunnel.namespace import CommandFailed
from infra.local.tunnel.wireguard import SIDES, WireGuard
from infra.local.tunnel.wires import Wires

_SAMPLES, _QUICK_SAMPLES = 300, 30
_WARM_UP = 10


def _run(effort: Effort) -> list[Figure]:
    if reason := tools.why_not(tools.WIREGUARD):
        raise Skipped(reason)
    samples = effort.repeat(_SAMPLES, _QUICK_SAMPLES)
    try:
        with tempfile.TemporaryDirectory() as directory, Wires() as wires:
            return list(_measure(wires, Path(directory), samples))
    except CommandFailed as error:
        raise Skipped(str(error)) from error


def _measure(wires: Wires, directory: Path, samples: int) -> Iterator[Figure]:
    for name in ("lab", "wireguard"):
        (directory / name).mkdir()
    agents = LabAgents(wires.agents, directory / "lab")
    agents.start()
    wires.bypass(is_open=True)
    yield from _figures("mTLS alone", wires, agents, samples)
    wires.bypass(is_open=False)
    tunnel = WireGuard(wires, directory / "wireguard", [LabAgents.service])
    for side in SIDES:
        tunnel.up(side)
    yield from _figures("mTLS through WireGuard", wires, agents, samples)
    for side in SIDES:
        tunnel.down(side)


def _figures(label: str, wires: Wires, agents: LabAgents, samples: int) -> Iterator[Figure]:
    kept = agents.client(agents.transport())

    def fresh() -> HttpQKDAgent:
        return agents.client(agents.transport())

    ways: tuple[tuple[str, Callable[[], HttpQKDAgent]], ...] = (
        ("kept connection", lambda: kept),
        ("new connection", fresh),
    )
    for connection, client in ways:
        values = wires.cloud.call(lambda: _timed(client, samples))  # noqa: B023 - called at once
        yield Figure(f"{label}, {connection}: GET /v1/links", "ms", values)


def _timed(client: Callable[[], HttpQKDAgent], samples: int) -> tuple[float, ...]:
    for _ in range(_WARM_UP):
        client().links()
    return tuple(cost_of(lambda: client().links()).wall_ms for _ in range(samples))


BENCHMARK = Benchmark("tunnel", "the way to an agent, alone and through WireGuard", _run)
