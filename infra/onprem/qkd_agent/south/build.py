"""Makes the back end that the configuration of a link names."""

from collections.abc import Callable
from dataclasses import dataclass

from infra.onprem.qkd_agent.alarms import Alarms
from infra.onprem.qkd_agent.config import host_of
from infra.onprem.qkd_agent.config_sections import EmulatorSection, Etsi014Section, LinkSection
from infra.onprem.qkd_agent.emulator.decoy import Channel
from infra.onprem.qkd_agent.emulator.drift import Drift
from infra.onprem.qkd_agent.emulator.physics import LinkPhysics
from infra.onprem.qkd_agent.emulator.sampling import PulseTrain
from infra.onprem.qkd_agent.emulator.stock import Stock
from infra.onprem.qkd_agent.keystore.database import Database
from infra.onprem.qkd_agent.keystore.faults import Faults
from infra.onprem.qkd_agent.keystore.ledger import Ledger
from infra.onprem.qkd_agent.keystore.link_records import LinkRecords
from infra.onprem.qkd_agent.secret import SecretBytes
from infra.onprem.qkd_agent.south.base import South
from infra.onprem.qkd_agent.south.emulated import EmulatedLink, Parameters
from infra.onprem.qkd_agent.south.etsi014 import DeviceLink
from infra.onprem.qkd_agent.web.client import JsonClient
from infra.onprem.qkd_agent.web.tls import Identity
from infra.onprem.settings_file import BadSettings

_SHORTEST_SECRET = 32


def physics_of(link_id: str, settings: EmulatorSection) -> LinkPhysics:
    """Return the physics that both ends of an emulated link share."""
    channel = Channel(
        length_km=settings.length_km,
        attenuation_db_per_km=settings.attenuation_db_per_km,
        extra_loss_db=settings.extra_loss_db,
        receiver_efficiency=settings.receiver_efficiency,
        background_yield=settings.background_yield,
        misalignment_error=settings.misalignment_error,
        correction_inefficiency=settings.correction_inefficiency,
        sifting_share=settings.sifting_share,
        signal_intensity=settings.signal_intensity,
        decoy_intensity=settings.decoy_intensity,
    )
    return LinkPhysics(
        seed=settings.seed,
        link_id=link_id,
        channel=channel,
        train=PulseTrain(settings.pulses_per_second, settings.block_seconds),
        error_drift=_drift(
            link_id, settings, "error", settings.misalignment_error, settings.error_deviation
        ),
        loss_drift=_drift(link_id, settings, "loss", 0.0, settings.loss_deviation_db),
    )


def _drift(
    link_id: str, settings: EmulatorSection, name: str, mean: float, deviation: float
) -> Drift:
    return Drift(
        seed=settings.seed,
        link_id=link_id,
        name=name,
        mean=mean,
        deviation=deviation,
        correlation_seconds=settings.correlation_seconds,
        block_seconds=settings.block_seconds,
    )


@dataclass(frozen=True)
class SouthBuilder:
    """What every back end needs."""

    own_kme_id: str
    database: Database
    ledger: Ledger
    faults: Faults
    alarms: Alarms
    clock: Callable[[], float]

    def south(self, section: LinkSection) -> South:
        """Return the back end of a link.

        Raises:
            BadSettings: If the shared secret of an emulated link is too short.
        """
        if section.emulator is not None:
            return self._emulated(section, section.emulator)
        if section.etsi014 is not None:
            return self._device(section.link_id, section.etsi014)
        raise BadSettings(f"link {section.link_id} has no back end")

    def _emulated(self, section: LinkSection, settings: EmulatorSection) -> EmulatedLink:
        secret = SecretBytes(settings.secret_file.read_bytes())
        if len(secret) < _SHORTEST_SECRET:
            raise BadSettings(f"{settings.secret_file} has less than 32 bytes")
        link_id = section.link_id
        parameters = Parameters(
            link_id=link_id,
            own_kme_id=self.own_kme_id,
            maximum_stock_bits=section.maximum_stock_bits,
            initial_stock_bits=settings.initial_stock_bits,
            internal_consumption=section.internal_consumption,
        )
        return EmulatedLink(
            parameters=parameters,
            physics=physics_of(link_id, settings),
            secret=secret,
            records=LinkRecords(self.database, link_id),
            ledger=self.ledger,
            faults=lambda: self.faults.of_link(link_id),
            clock=self.clock,
        )

    def _device(self, link_id: str, settings: Etsi014Section) -> DeviceLink:
        identity = Identity(settings.certificate, settings.private_key, settings.trusted_ca)
        client = JsonClient(
            settings.url,
            identity,
            settings.expected_name or host_of(settings.url),
            connect_seconds=settings.timeout_seconds,
            read_seconds=settings.timeout_seconds,
            keeps_connections=False,
        )
        records = LinkRecords(self.database, link_id)
        records.load(Stock(bits=0, maximum_bits=0, consumed_bits=0, next_block=0))
        return DeviceLink(link_id, settings, client, records, self.ledger, self.alarms, self.clock)
