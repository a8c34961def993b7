"""Two VMs with a QKD link, all in memory on a fake clock, and runners with fates that work on them.

The real workflow files run against the real steps; what a process does to the tables, to OpenStack
and to the agents of both sites is counted, so that it can die, or be overtaken, at each of it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes
from typing import Any

from msgspec.structs import replace

from chalicelib.domain.errors import SiteUnreachable
from chalicelib.domain.links import Link
from chalicelib.domain.resources import Resource
from chalicelib.domain.statuses import LinkStatus, ResourceStatus
from chalicelib.services.backend import Backend
from chalicelib.services.check_links import WantedLink
from chalicelib.services.cloud_ports import Server, ServerSpec, ServerStatus
from chalicelib.services.qkd_ports import QKDAgent
from chalicelib.services.reconcile import reconcile
from chalicelib.services.release_link import release_link
from chalicelib.services.release_resource import release_resource
from chalicelib.services.telemetry import read_telemetry
from tests.fakes.asl import Interpreter
from tests.fakes.mortal import Fate, Mortal, ProcessDiedError
from tests.fakes.qkd import QKD_LINK, SITES, make_qkd_link
from tests.fakes.world import MEMBER, PROJECT, START, World, want

BANDWIDTH = 400
_ROUNDS = 12
_API_TRIES = 5


class Guests:
    """The cloud, whose VMs boot at once: each enrols with the tokens it was given, and phones."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world.compute, name)

    def create_server(self, spec: ServerSpec) -> Server:
        server = self._world.compute.create_server(spec)
        leaves = message_from_bytes(spec.user_data).walk()
        text = b"".join(p.get_payload(decode=True) for p in leaves if not p.is_multipart())
        for agent in self._world.lab.agents.values():
            agent.enrol([token for token in agent.tokens if token.encode() in text])
        self._world.change(spec.resource_id, phoned_home_at=self._world.clock())
        return server


class LossyAgent:
    """An agent that does what it is asked; the answer of its next `losses` such calls is lost."""

    def __init__(self, agent: QKDAgent, method: str, losses: int) -> None:
        self._agent, self._method, self.losses = agent, method, losses

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method: Callable[..., Any] = getattr(self._agent, name)
        if name != self._method:
            return method

        def lossy(*arguments: Any) -> Any:
            answer = method(*arguments)
            if self.losses:
                self.losses -= 1
                raise SiteUnreachable("The QKD agent's answer was lost.")
            return answer

        return lossy


class LinkLab:
    """One request for two VMs with a link. `agents` are those that runners see."""

    def __init__(self) -> None:
        self.world = World(qkd_sites=SITES)
        self.world.qkd_links.add(make_qkd_link(START))
        self.world.compute.first_status = ServerStatus.ACTIVE
        self.agents: dict[str, Any] = dict(self.world.lab.agents)
        self._done: set[str] = set()

    # --- what clients do; a request without an answer is sent again ----------------------------

    def request(self, fate: Fate | None = None) -> None:
        wanted = WantedLink("ab", "a", "b", min_bandwidth_bit_per_s=BANDWIDTH)
        self._call(lambda backend: self._accept(backend, wanted), fate)

    def _accept(self, backend: Backend, wanted: WantedLink) -> None:
        whole, self.world.backend = self.world.backend, backend
        try:
            self.world.accept(want("a"), want("b"), links=(wanted,))
        finally:
            self.world.backend = whole

    def release(self, name: str = "a", fate: Fate | None = None) -> None:
        resource_id = self.resource(name).id
        self._call(lambda backend: release_resource(backend, MEMBER, resource_id), fate)

    def release_link(self, fate: Fate | None = None) -> None:
        link_id = self.link.id
        self._call(lambda backend: release_link(backend, MEMBER, link_id), fate)

    def _call(self, what: Callable[[Backend], object], fate: Fate | None) -> None:
        fate = fate or Fate()
        for _ in range(_API_TRIES):
            fate.new_process()
            try:
                what(self._mortal(fate))
            except ProcessDiedError:
                continue
            return
        raise AssertionError("the client gave up")

    # --- what runs -------------------------------------------------------------------------------

    def run(self, fate: Fate | None = None, **mode: bool) -> None:
        """Run every execution that was started and has not run yet."""
        fate = fate or Fate()
        while waiting := [n for n in self.world.workflows.started if n not in self._done]:
            self._done.add(waiting[0])
            try:
                self._interpreter(fate, **mode).run(*self.world.workflows.started[waiting[0]])
            except ProcessDiedError:
                fate.new_process()

    def run_again(self) -> None:
        """Run the first execution once more: a duplicate of whatever works on it now."""
        workflow, payload = next(iter(self.world.workflows.started.values()))
        self._interpreter(Fate(), is_patient=False).run(workflow, payload)

    def _interpreter(self, fate: Fate, **mode: bool) -> Interpreter:
        agents = {name: Mortal(agent, fate) for name, agent in self.agents.items()}
        compute = Mortal(Guests(self.world), fate)
        backend = self._mortal(fate)
        return Interpreter(backend, compute, self.world.clock, fate, agents=agents, **mode)

    def _mortal(self, fate: Fate) -> Backend:
        world = self.world
        return replace(
            world.backend,
            resources=Mortal(world.resources, fate),
            tasks=Mortal(world.tasks, fate),
            claims=Mortal(world.claims, fate),
            links=Mortal(world.links, fate),
            qkd_links=Mortal(world.qkd_links, fate),
            workflows=Mortal(world.workflows, fate),
        )

    def sweep(self, fate: Fate | None = None) -> None:
        """Run the schedules once, after a pause; one that dies is followed by the next."""
        fate = fate or Fate()
        self.world.clock.advance(timedelta(minutes=6))
        backend = self._mortal(fate)
        agents = {name: Mortal(agent, fate) for name, agent in self.agents.items()}
        for job in (
            lambda: reconcile(backend, self.world.compute),
            lambda: read_telemetry(backend, agents),
        ):
            fate.new_process()
            try:
                job()
            except ProcessDiedError:
                continue

    def settle(self) -> None:
        """Let time pass and sweep until all tasks are closed and no sweep changes anything."""
        for _ in range(_ROUNDS):
            self.sweep()
            self.run()
            if all(task.is_closed for task in self.world.tasks.by_id.values()):
                break
        # A paused builder's server may land after the removal: it goes when seen for a second time.
        for _ in range(4):
            self.sweep()
            self.run()

    def expire_tokens(self) -> None:
        """Let the tokens that nobody has come with end, as agents do after half an hour."""
        for agent in self.world.lab.agents.values():
            agent.tokens.clear()

    # --- what there is ---------------------------------------------------------------------------

    @property
    def link(self) -> Link:
        (link,) = self.world.links.by_id.values()
        return link

    def resource(self, name: str) -> Resource:
        found = self.world.resources.by_id.values()
        return next(one for one in found if one.spec.friendly_name == name)

    def violations(self) -> list[str]:
        """Return what must not be when everything has come to rest."""
        return [*self._wrong_link(), *self._wrong_vms()]

    def _wrong_link(self) -> list[str]:
        link, lab, wrong = self.link, self.world.lab, []
        wrong += [f"task {t.action} {t.status}" for t in self.world.tasks.by_id.values()
                  if not t.is_closed]  # fmt: skip
        booked = [one.bit_per_s for one in self.world.qkd_links.get(QKD_LINK).bookings]
        if link.is_live:
            for end in link.ends:
                agent = lab.agents[end.agent]
                if set(agent.applications) != {link.application_id}:
                    wrong.append(f"{end.agent} has the reservations {set(agent.applications)}")
                if agent.certified != {end.sae_id}:
                    wrong.append(f"{end.agent} certified {agent.certified}")
                if not self.world.resources.get(end.resource_id).is_live:
                    wrong.append(f"the link lives without {end.resource_id}")
            if link.status is not LinkStatus.ACTIVE:
                wrong.append(f"the link is {link.status}")
            if booked != [BANDWIDTH]:
                wrong.append(f"booked: {booked}")
        else:
            wrong += [f"{name} keeps {agent.left}" for name, agent in lab.agents.items()
                      if agent.left]  # fmt: skip
            if booked:
                wrong.append(f"still booked: {booked}")
            if link.status is LinkStatus.FAILED and not link.failure_reason:
                wrong.append("it failed and does not say why")
        return wrong

    def _wrong_vms(self) -> list[str]:
        resources, wrong = self.world.resources.by_id, []
        live = {one.id for one in resources.values() if one.is_live}
        servers = sorted(one.resource_id or "" for one in self.world.compute.servers.values())
        if servers != sorted(live):
            wrong.append(f"servers of {servers}, live are {live}")
        if set(self.world.claims.bookings.get(PROJECT, {})) != live:
            wrong.append("the quota is not what lives")
        stuck = [r.status for r in resources.values()
                 if r.is_live and r.status is not ResourceStatus.UP]  # fmt: skip
        return wrong + [f"a VM is {status}" for status in stuck]


def effects_of(action: Callable[[LinkLab, Fate], object]) -> int:
    """Return how many effects the action has when nothing happens to it."""
    fate = Fate()
    action(LinkLab(), fate)
    return fate.effects
