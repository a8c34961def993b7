"""Messages of ETSI GS QKD 020 V1.1.1, as this agent takes them."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from infra.onprem.qkd_agent.config_sections import LARGEST_KEY_BITS, Uuid
from infra.onprem.qkd_agent.delivery.hop import HOP_EXTENSION, LINK_KEY_EXTENSION

SaeId = Annotated[str, Field(min_length=1, max_length=64)]
_MOST = 1024


class _Message(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)


class Hop(_Message):
    """Our mandatory extension: over which link, and where to."""

    link_id: Uuid
    size_bits: Annotated[int, Field(ge=8, le=LARGEST_KEY_BITS, multiple_of=8)]
    target_kme_id: SaeId
    via: Annotated[list[SaeId], Field(max_length=8)]
    lifetime_seconds: Annotated[float, Field(gt=0, le=365 * 86400)]


class CarriedKey(_Message):
    """One key. Its value is wrapped, or empty where the link key itself is meant."""

    key_id: Uuid
    value: Annotated[str, Field(max_length=1 << 18)]
    extension: dict[str, Any] = {}

    @property
    def reference(self) -> dict[str, Any]:
        """Return how the link key is found."""
        found = self.extension.get(LINK_KEY_EXTENSION)
        return found if isinstance(found, dict) else {}


class ExtKeys(_Message):
    """POST ext_keys."""

    keys: Annotated[list[CarriedKey], Field(min_length=1, max_length=_MOST)]
    initiator_sae_id: SaeId
    target_sae_ids: Annotated[list[SaeId], Field(min_length=1, max_length=_MOST)]
    ack_callback_url: Annotated[str, Field(pattern=r"^https://")] | None = None
    extension_mandatory: dict[str, Any] = {}
    extension_optional: dict[str, Any] = {}

    @property
    def unsupported(self) -> list[str]:
        """Return the mandatory extensions that are not known here."""
        return sorted(self.extension_mandatory.keys() - {HOP_EXTENSION})


class VoidKeys(_Message):
    """POST ext_keys/void."""

    key_ids: Annotated[list[Uuid], Field(min_length=1, max_length=_MOST)]
    initiator_sae_id: SaeId
    target_sae_ids: Annotated[list[SaeId], Field(min_length=1, max_length=_MOST)]
    ack_callback_url: Annotated[str, Field(pattern=r"^https://")] | None = None


class KeyIdEntry(_Message):
    """One key of an acknowledgement."""

    key_id: Uuid


class Ack(_Message):
    """One entry of POST ext_keys/ack."""

    key_id_container: Annotated[list[KeyIdEntry], Field(min_length=1, max_length=_MOST)]
    ack_status: Annotated[str, Field(max_length=64)]
    initiator_sae_id: SaeId
    target_sae_ids: Annotated[list[SaeId], Field(max_length=_MOST)]
