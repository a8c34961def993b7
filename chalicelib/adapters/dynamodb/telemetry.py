"""The table of time series: samples of QKD links, which end by TTL, and the agents' states."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from chalicelib.adapters.dynamodb.codec import decode_fields, encode_fields, to_text
from chalicelib.adapters.dynamodb.failures import store_errors
from chalicelib.adapters.dynamodb.models import TelemetryItem
from chalicelib.adapters.dynamodb.versioned import is_possible_key
from chalicelib.domain.qkd import AgentState, Sample

_AGENTS = "agents"


def _series(qkd_link_id: str) -> str:
    return f"samples#{qkd_link_id}"


class TelemetryTable:
    """Samples by link and time; agents by name."""

    def __init__(self, model: type[TelemetryItem]) -> None:
        self._model = model

    def add_samples(self, qkd_link_id: str, samples: Iterable[Sample], delete_at: datetime) -> None:
        """Write samples, over those of the same moments."""
        with store_errors():
            for sample in samples:
                fields = encode_fields(sample)
                self._model(series=_series(qkd_link_id), delete_at=delete_at, **fields).save()

    def samples(
        self, qkd_link_id: str, begin: datetime, end: datetime, limit: int
    ) -> tuple[Sample, ...]:
        """Return the samples of a period, oldest first; from `begin` on, before `end`."""
        if not is_possible_key(_series(qkd_link_id)):
            return ()
        period = self._model.at.between(to_text(begin), to_text(end))
        with store_errors():
            found = [*self._model.query(_series(qkd_link_id), period, limit=limit)]
        samples = (decode_fields(Sample, item.attribute_values) for item in found)
        return tuple(sample for sample in samples if sample.at < end)

    def agent(self, name: str) -> AgentState | None:
        """Return what was kept of an agent (a consistent read)."""
        with store_errors():
            try:
                item = self._model.get(_AGENTS, name, consistent_read=True)
            except self._model.DoesNotExist:
                return None
        return decode_fields(AgentState, item.attribute_values)

    def put_agent(self, state: AgentState) -> None:
        """Write that."""
        with store_errors():
            self._model(series=_AGENTS, at=state.name, **encode_fields(state)).save()
