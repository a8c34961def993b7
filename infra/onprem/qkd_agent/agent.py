"""The composition root: makes an agent out of its configuration."""

import logging
import ssl
import threading
import time
from collections.abc import Sequence

from infra.onprem.qkd_agent.alarms import Alarms
from infra.onprem.qkd_agent.ca import CertificateAuthority
from infra.onprem.qkd_agent.config import Configuration, host_of
from infra.onprem.qkd_agent.config_sections import PeerSection
from infra.onprem.qkd_agent.control_face.admission import Admission
from infra.onprem.qkd_agent.control_face.call_log import logged
from infra.onprem.qkd_agent.control_face.guard import Guard
from infra.onprem.qkd_agent.control_face.node_tree import NodeTree
from infra.onprem.qkd_agent.control_face.operations import Operations
from infra.onprem.qkd_agent.control_face.restconf import Restconf
from infra.onprem.qkd_agent.control_face.telemetry import Telemetry
from infra.onprem.qkd_agent.delivery.accept import KeyAcceptor
from infra.onprem.qkd_agent.delivery.collect import KeyCollector
from infra.onprem.qkd_agent.delivery.hop import AckBook, Neighbor
from infra.onprem.qkd_agent.delivery.issue import KeyIssuer
from infra.onprem.qkd_agent.emulator.faults import FaultKind
from infra.onprem.qkd_agent.faces import end_of, identity_of, server_of
from infra.onprem.qkd_agent.journal import Journal
from infra.onprem.qkd_agent.keystore.database import Database
from infra.onprem.qkd_agent.keystore.faults import Faults
from infra.onprem.qkd_agent.keystore.held import HeldKeys
from infra.onprem.qkd_agent.keystore.ledger import Batch, Ledger
from infra.onprem.qkd_agent.keystore.sealing import Sealer
from infra.onprem.qkd_agent.monitor import Monitor
from infra.onprem.qkd_agent.peer_face.routes import PeerFace, problem
from infra.onprem.qkd_agent.registry.applications import Applications
from infra.onprem.qkd_agent.registry.enrolment import Enrolment
from infra.onprem.qkd_agent.registry.saes import Saes
from infra.onprem.qkd_agent.registry.topology import Link, Topology
from infra.onprem.qkd_agent.sae_face.reach import Reach
from infra.onprem.qkd_agent.sae_face.routes import SaeFace, key_error
from infra.onprem.qkd_agent.south.build import SouthBuilder
from infra.onprem.qkd_agent.south.etsi014 import DeviceLink
from infra.onprem.qkd_agent.web.client import JsonClient
from infra.onprem.qkd_agent.web.router import Router
from infra.onprem.qkd_agent.web.server import HttpsServer, stop_all
from infra.onprem.qkd_agent.web.tls import server_context

_LOG = logging.getLogger(__name__)


class Agent:
    """One running agent.

    Args:
        configuration: Checked configuration.
    """

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        directory = configuration.agent.data_directory
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._database = Database(directory / "agent.sqlite3")
        self._sealer = Sealer(directory / "store.key")
        self._faults = Faults(self._database)
        self.journal = Journal(self._database, self.clock)
        self.alarms = Alarms(self.journal)
        self._ledger = Ledger(self._database)
        self._held = HeldKeys(self._database, self._sealer)
        self._acks = AckBook()
        self._neighbors = {peer.kme_id: self._neighbor(peer) for peer in configuration.peers}
        self.topology = self._topology()
        self._saes = Saes(
            self._database,
            configuration.identity,
            configuration.saes,
            configuration.agent.kme_id,
            self.clock,
            configuration.authority.renewal_grace_seconds if configuration.authority else 0.0,
        )
        self._applications = Applications(self._database, self.clock)
        self._enrolment = self._make_enrolment()
        self._issuer = KeyIssuer(self._ledger, self._neighbors, self.alarms, self.clock)
        self._peer_face = self._make_peer_face()
        self.monitor = Monitor(
            topology=self.topology,
            neighbors=self._neighbors,
            alarms=self.alarms,
            journal=self.journal,
            clock=self.clock,
            skew=self._skew,
            is_down=self._is_down,
            certificates=self._certificate_ends,
            overdue=self._enrolment.overdue if self._enrolment else dict,
            tidy=self._tidy,
        )
        self._left_by_a_crash: Sequence[Batch] = ()
        self._stopping = threading.Event()
        self._background = threading.Thread(target=self._run_background, daemon=True)
        self.servers = self._make_servers()

    def clock(self) -> float:
        """Return the agent's time in seconds since 1970; a `clock` fault sets it off."""
        return time.time() + self._skew()

    def start(self) -> None:
        """Open all faces."""
        self._left_by_a_crash = self._ledger.unfinished()
        for name, server in self.servers.items():
            server.start()
            _LOG.info("face %s listens on port %d", name, server.port)
        self._background.start()

    def stop(self) -> None:
        """Close all faces and the database."""
        self._stopping.set()
        stop_all(list(self.servers.values()))
        if self._background.is_alive():
            self._background.join(timeout=10)
        self._peer_face.close()
        for neighbor in self._neighbors.values():
            neighbor.close()
        self._database.close()

    def _run_background(self) -> None:
        self._issuer.burn(self._left_by_a_crash)
        self.monitor.run(self.configuration.agent.monitor_seconds, self._stopping)

    def _skew(self) -> float:
        now = time.time()
        active = [f for f in self._faults.all() if f.kind is FaultKind.CLOCK and f.is_active(now)]
        return sum(fault.value for fault in active)

    def _is_down(self) -> bool:
        now = self.clock()
        faults = self._faults.all()
        return any(f.kind is FaultKind.KME_DOWN and f.is_active(now) for f in faults)

    def _neighbor(self, peer: PeerSection) -> Neighbor:
        identity = identity_of(self.configuration.faces.peer)
        client = JsonClient(peer.url, identity, peer.expected_name or host_of(peer.url))
        callback_url = peer.callback_url if peer.mode == "asynchronous" else None
        return Neighbor(peer.kme_id, client, self._acks, self.clock, callback_url)

    def _topology(self) -> Topology:
        build = SouthBuilder(
            own_kme_id=self.configuration.agent.kme_id,
            database=self._database,
            ledger=self._ledger,
            faults=self._faults,
            alarms=self.alarms,
            clock=self.clock,
        )
        links = [Link(section, build.south(section)) for section in self.configuration.links]
        return Topology(links, self.configuration.paths)

    def _make_peer_face(self) -> PeerFace:
        acceptor = KeyAcceptor(
            own_kme_id=self.configuration.agent.kme_id,
            topology=self.topology,
            saes=self._saes,
            held=self._held,
            ledger=self._ledger,
            neighbors=self._neighbors,
            alarms=self.alarms,
            clock=self.clock,
        )
        peers = {peer.kme_id: peer for peer in self.configuration.peers}
        return PeerFace(peers, self._neighbors, acceptor, self._acks, self._is_down)

    def _sae_router(self, admission: Admission) -> Router:
        face = SaeFace(
            kme_id=self.configuration.agent.kme_id,
            limits=self.configuration.keys,
            saes=self._saes,
            reach=Reach(self._saes, self._applications, self.topology),
            issuer=self._issuer,
            collector=KeyCollector(self._held, self.alarms, self.clock),
            is_down=self._is_down,
        )
        return Router([*face.routes(), *admission.renewal_routes()], key_error)

    def _make_enrolment(self) -> Enrolment | None:
        settings = self.configuration.authority
        if settings is None:
            return None
        return Enrolment(
            database=self._database,
            saes=self._saes,
            applications=self._applications,
            authority=CertificateAuthority(settings.certificate, settings.private_key),
            certificate_seconds=settings.certificate_seconds,
            clock=self.clock,
        )

    def _admission(self) -> Admission:
        clients = self.configuration.faces.control.allowed_clients
        names = {self.configuration.agent.kme_id, *self._neighbors, *clients}
        settings = self.configuration.authority
        return Admission(self._saes, self._enrolment, settings, frozenset(names))

    def _control_router(self, admission: Admission) -> Router:
        tree = NodeTree(self.configuration.agent, self.topology, self._applications)
        restconf = Restconf(tree, self.topology, self._applications, self.journal, self.clock)
        limits = self.configuration.keys
        telemetry = Telemetry(self.topology, limits, self.alarms, self.journal, self.clock)
        operations = Operations(
            kme_id=self.configuration.agent.kme_id,
            topology=self.topology,
            faults=self._faults,
            alarms=self.alarms,
            clock=self.clock,
            breakers=self._breaker_states,
            certificates=self._certificate_ends,
        )
        allowed = self.configuration.faces.control.allowed_clients
        guard = Guard(allowed, self._database, self._sealer, self.clock)
        routes = [*restconf.routes(), *telemetry.routes(), *admission.control_routes()]
        return Router(logged(guard.protect([*routes, *operations.routes()])))

    def _make_servers(self) -> dict[str, HttpsServer]:
        faces, admission = self.configuration.faces, self._admission()
        newest = ssl.TLSVersion.TLSv1_3
        servers = {
            "sae": server_of(faces.sae, self._sae_router(admission), ssl.TLSVersion.TLSv1_2),
            "peer": server_of(faces.peer, Router(self._peer_face.routes(), problem), newest),
            "control": server_of(faces.control, self._control_router(admission), newest),
        }
        if faces.enrolment is not None:
            identity = identity_of(faces.enrolment)
            context = server_context(identity, needs_client_certificate=False)
            listen = (faces.enrolment.host, faces.enrolment.port)
            answer = Router(admission.enrolment_routes()).answer
            servers["enrolment"] = HttpsServer(listen, context, answer, faces.enrolment.threads)
        return servers

    def _breaker_states(self) -> dict[str, str]:
        states = {name: str(n.breaker.state) for name, n in self._neighbors.items()}
        for link in self.topology.links.values():
            if isinstance(link.south, DeviceLink):
                states[link.link_id] = str(link.south.breaker.state)
        return states

    def _certificate_ends(self) -> dict[str, float]:
        faces = self.configuration.faces
        return {
            name: end_of(face.certificate)
            for name, face in (("sae", faces.sae), ("peer", faces.peer), ("control", faces.control))
        }

    def _tidy(self) -> None:
        now, keep = self.clock(), self.configuration.agent.retention_seconds
        self._held.prune(now, keep)
        self._saes.certificates.prune()
        self._ledger.prune(now - keep)
        for link in self.topology.links.values():
            link.south.prune(now - keep)
