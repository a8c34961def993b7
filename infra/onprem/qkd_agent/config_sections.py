"""The sections of the configuration file. The reference page is made from their descriptions."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Name = Annotated[str, Field(min_length=1, max_length=64)]
Uuid = Annotated[
    str, Field(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
]
Url = Annotated[str, Field(pattern=r"^https://[^/]+")]
INT32_MAX = 2**31 - 1
LARGEST_KEY_BITS = 255 * 32 * 8
"""What HKDF-SHA256 can derive at once."""


class Section(BaseModel):
    """A table of the file: unknown keys and wrong types are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Files(Section):
    certificate: Annotated[Path, Field(strict=False, description="Certificate (PEM)")]
    private_key: Annotated[Path, Field(strict=False, description="Its private key (PEM)")]
    trusted_ca: Annotated[Path, Field(strict=False, description="CA of the other end (PEM)")]


class AgentSection(Section):
    """`[agent]`: who this agent is."""

    kme_id: Annotated[Name, Field(description="KME ID; peers know the agent by it")]
    node_id: Annotated[Uuid, Field(description="qkdn_id of the control face")]
    location: Annotated[str, Field(description="qkdn_location_id")] = ""
    data_directory: Annotated[
        Path, Field(strict=False, description="Database and store key; private to the agent")
    ]
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"], Field(description="Least level logged")
    ] = "INFO"
    monitor_seconds: Annotated[
        float, Field(ge=0.2, le=600, description="How often alarms are looked after")
    ] = 10.0
    retention_seconds: Annotated[
        float, Field(ge=3600, description="How long samples and used key IDs are kept")
    ] = 7 * 86400.0


class FaceSection(_Files):
    """`[faces.sae]`, `[faces.peer]`, `[faces.control]`, `[faces.enrolment]`: where it listens."""

    host: Annotated[str, Field(description="Address to listen on")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="Port; 0 takes a free one")]
    threads: Annotated[int, Field(ge=1, le=64, description="Requests served at a time")] = 8
    allowed_clients: Annotated[
        tuple[Name, ...],
        Field(strict=False, description="Control face only: common names of the backend"),
    ] = ()


class FacesSection(Section):
    """`[faces]`: the four doors."""

    sae: FaceSection
    peer: FaceSection
    control: FaceSection
    enrolment: FaceSection | None = None


class KeysSection(Section):
    """`[keys]`: what SAEs may ask for. Sizes are in bits."""

    default_size: Annotated[int, Field(ge=8, description="key_size")] = 256
    minimum_size: Annotated[int, Field(ge=8, description="min_key_size")] = 64
    maximum_size: Annotated[int, Field(ge=8, le=LARGEST_KEY_BITS, description="max_key_size")] = (
        4096
    )
    maximum_per_request: Annotated[int, Field(ge=1, le=1024, description="max_key_per_request")] = (
        1024
    )
    maximum_additional_saes: Annotated[
        int, Field(ge=0, le=64, description="max_SAE_ID_count; 0 forbids multicast")
    ] = 4
    lifetime_seconds: Annotated[
        float, Field(gt=0, description="How long a key waits for the other SAE")
    ] = 3600.0

    @model_validator(mode="after")
    def _sizes_in_order(self) -> Self:
        sizes = (self.minimum_size, self.default_size, self.maximum_size)
        if list(sizes) != sorted(sizes) or any(size % 8 for size in sizes):
            raise ValueError(
                "minimum_size <= default_size <= maximum_size, each a multiple of 8, is needed"
            )
        return self


class IdentitySection(Section):
    """`[identity]`: how the certificate names the SAE."""

    sae_from: Annotated[
        Literal["cn", "uri", "serial"],
        Field(description="Common name, URI in the subjectAltName, or serial number (decimal)"),
    ] = "cn"
    uri_prefix: Annotated[str, Field(description="What stands before the SAE ID in the URI")] = (
        "urn:sae:"
    )


class AuthoritySection(Section):
    """`[authority]`: the CA that signs SAE certificates. No other face may trust it."""

    certificate: Annotated[Path, Field(strict=False, description="CA certificate (PEM)")]
    private_key: Annotated[Path, Field(strict=False, description="CA private key (PEM)")]
    kme_ca: Annotated[Path, Field(strict=False, description="CA that SAEs verify the KME with")]
    certificate_seconds: Annotated[
        float, Field(ge=60, le=30 * 86400, description="Life of an SAE certificate")
    ] = 86400.0
    renewal_grace_seconds: Annotated[
        float,
        Field(ge=0, description="How long the old certificate works after the new one's first use"),
    ] = 3600.0
    token_seconds: Annotated[
        float, Field(gt=0, le=86400, description="Life of an enrolment token")
    ] = 1800.0


class PeerSection(Section):
    """`[[peers]]`: the agents of other sites."""

    kme_id: Annotated[Name, Field(description="KME ID; common name of its certificate")]
    url: Annotated[Url, Field(description="Its peer face")]
    expected_name: Annotated[
        str | None, Field(description="Name in its server certificate, if not the URL's host")
    ] = None
    mode: Annotated[
        Literal["synchronous", "asynchronous"],
        Field(description="Acknowledge in the answer, or by a call back (needs callback_url)"),
    ] = "synchronous"
    callback_url: Annotated[Url | None, Field(description="Our peer face as it sees it")] = None


class EmulatorSection(Section):
    """`[links.emulator]`: the emulated device. The same on both ends of a link."""

    seed: Annotated[Name, Field(description="Names the random physics; it is no secret")]
    secret_file: Annotated[
        Path, Field(strict=False, description="Shared secret of both ends, at least 32 bytes")
    ]
    length_km: Annotated[float, Field(ge=0, le=500, description="Fiber length")]
    attenuation_db_per_km: Annotated[float, Field(ge=0, description="Fiber loss")] = 0.21
    extra_loss_db: Annotated[float, Field(ge=0, description="Loss on top of it")] = 0.0
    receiver_efficiency: Annotated[float, Field(gt=0, le=1, description="eta_Bob")] = 0.045
    background_yield: Annotated[float, Field(ge=0, lt=1, description="Y0")] = 1.7e-6
    misalignment_error: Annotated[float, Field(ge=0, le=0.5, description="e_d")] = 0.033
    correction_inefficiency: Annotated[float, Field(ge=1, description="f")] = 1.22
    sifting_share: Annotated[float, Field(gt=0, le=1, description="q")] = 0.5
    signal_intensity: Annotated[float, Field(gt=0, lt=2, description="mu")] = 0.48
    decoy_intensity: Annotated[float, Field(gt=0, lt=1, description="nu, below mu")] = 0.05
    pulses_per_second: Annotated[float, Field(gt=0, description="Pulse rate")] = 1e9
    block_seconds: Annotated[float, Field(gt=0, le=600, description="Length of a block")] = 10.0
    error_deviation: Annotated[float, Field(ge=0, description="Drift of e_d")] = 5e-4
    loss_deviation_db: Annotated[float, Field(ge=0, description="Drift of the loss")] = 0.05
    correlation_seconds: Annotated[float, Field(gt=0, description="Time of the drift")] = 3600.0
    initial_stock_bits: Annotated[float, Field(ge=0, description="Stock of a new link")] = 0.0

    @model_validator(mode="after")
    def _intensities_in_order(self) -> Self:
        if self.decoy_intensity >= self.signal_intensity:
            raise ValueError("decoy_intensity must be below signal_intensity")
        return self


class Etsi014Section(_Files):
    """`[links.etsi014]`: a third-party KME that this agent fetches link keys from."""

    url: Annotated[Url, Field(description="The KME, up to before /api/v1/keys")]
    expected_name: Annotated[
        str | None, Field(description="DNS name or CN of its certificate, if not the URL's host")
    ] = None
    own_sae_id: Annotated[Name, Field(description="This agent's SAE ID at its KME")]
    peer_sae_id: Annotated[Name, Field(description="The other agent's SAE ID at the far KME")]
    timeout_seconds: Annotated[
        float, Field(ge=0.2, le=5, description="To connect, and for each read")
    ] = 3.0
    uses_get: Annotated[bool, Field(description="GET instead of POST, one key a request")] = False
    maximum_keys: Annotated[int, Field(ge=1, le=1024, description="Keys per request")] = 128


class LinkSection(Section):
    """`[[links]]`: a quantum channel to a neighbor, with exactly one back end."""

    link_id: Annotated[Uuid, Field(description="qkdl_id, the same on both ends")]
    peer: Annotated[Name, Field(description="KME ID of the neighbor")]
    peer_node_id: Annotated[Uuid, Field(description="qkdn_id of the neighbor")]
    role: Annotated[
        Literal["TRANSMITTER", "RECEIVER", "TRANSCEIVER"], Field(description="phys_qkd_role")
    ] = "TRANSCEIVER"
    wavelength: Annotated[str, Field(description="phys_wavelength, ITU channel or nm")] = "1550"
    maximum_stock_bits: Annotated[
        int, Field(ge=1024, le=INT32_MAX, description="What the key stock holds")
    ] = 1 << 26
    stock_low_share: Annotated[
        float, Field(ge=0, lt=1, description="Share of the maximum where the alarm starts")
    ] = 0.05
    internal_consumption: Annotated[
        int, Field(ge=0, description="bit/s that the link itself uses; ESKR = SKR - this")
    ] = 0
    emulator: EmulatorSection | None = None
    etsi014: Etsi014Section | None = None

    @model_validator(mode="after")
    def _has_one_back_end(self) -> Self:
        if (self.emulator is None) == (self.etsi014 is None):
            raise ValueError("a link needs exactly one of [links.emulator] and [links.etsi014]")
        return self


class PathSection(Section):
    """`[[paths]]`: a way to a KME over trusted nodes, which see the keys in clear."""

    path_id: Annotated[Uuid, Field(description="qkdl_id of the virtual link")]
    target: Annotated[Name, Field(description="KME ID at the end")]
    target_node_id: Annotated[Uuid, Field(description="qkdn_id at the end")]
    via: Annotated[
        tuple[Name, ...],
        Field(strict=False, min_length=1, max_length=8, description="KME IDs passed, in order"),
    ]


class SaeSection(Section):
    """`[[saes]]`: SAEs that are always there. Others enrol."""

    sae_id: Annotated[Name, Field(description="SAE ID")]
    kme_id: Annotated[Name, Field(description="The KME that serves it")]
