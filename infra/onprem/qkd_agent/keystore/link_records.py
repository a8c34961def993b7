"""Stocks, pad offsets and samples of the links."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from infra.onprem.qkd_agent.emulator.stock import Stock
from infra.onprem.qkd_agent.keystore.database import Database


@dataclass(frozen=True)
class Sample:
    """One point of a link's time series.

    Attributes:
        at: Seconds since 1970.
        qber: Fraction 0 to 0.5; None if nothing was detected or the device does not tell.
        skr: Secret key rate in bit/s; None if the device does not tell.
        eskr: What of it is left after internal consumption.
        stock_bits: Secret bits held at that time.
        consumed_bits: What was ever taken.
        source: `emulated` or `device`.
        faults: Kinds of the injected faults that acted: the ground truth.
    """

    at: float
    qber: float | None
    skr: float | None
    eskr: float | None
    stock_bits: int
    consumed_bits: int
    source: str
    faults: tuple[str, ...] = ()


class LinkRecords:
    """The records of one link."""

    def __init__(self, database: Database, link_id: str) -> None:
        self.database = database
        self._link_id = link_id

    def load(self, otherwise: Stock) -> Stock:
        """Return the stored stock, or store and return this one."""
        rows = self.database.rows("SELECT * FROM stocks WHERE link_id = ?", self._link_id)
        if not rows:
            with self.database.transaction() as connection:
                connection.execute(
                    "INSERT INTO stocks (link_id, bits, consumed_bits, next_block)"
                    " VALUES (?, ?, ?, ?)",
                    (self._link_id, otherwise.bits, otherwise.consumed_bits, otherwise.next_block),
                )
            return otherwise
        row = rows[0]
        bits = min(row["bits"], otherwise.maximum_bits)
        return Stock(bits, otherwise.maximum_bits, row["consumed_bits"], row["next_block"])

    def save(self, stock: Stock) -> None:
        """Store the stock."""
        with self.database.transaction() as connection:
            connection.execute(
                "UPDATE stocks SET bits = ?, consumed_bits = ?, next_block = ? WHERE link_id = ?",
                (stock.bits, stock.consumed_bits, stock.next_block, self._link_id),
            )

    def advance_offset(self, count: int) -> int:
        """Reserve pads: store the advanced offset and return where they start."""
        with self.database.transaction() as connection:
            row = connection.execute(
                "UPDATE stocks SET pad_offset = pad_offset + ? WHERE link_id = ?"
                " RETURNING pad_offset",
                (count, self._link_id),
            ).fetchone()
        return int(row["pad_offset"]) - count

    def is_enabled(self) -> bool:
        """Return whether the link shall make keys."""
        rows = self.database.rows("SELECT is_enabled FROM stocks WHERE link_id = ?", self._link_id)
        return bool(rows[0]["is_enabled"]) if rows else True

    def enable(self, *, enabled: bool) -> None:
        """Store whether the link shall make keys."""
        with self.database.transaction() as connection:
            connection.execute(
                "UPDATE stocks SET is_enabled = ? WHERE link_id = ?", (enabled, self._link_id)
            )

    def add_samples(self, samples: Sequence[Sample]) -> None:
        """Store samples."""
        with self.database.transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO samples VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        self._link_id,
                        sample.at,
                        sample.qber,
                        sample.skr,
                        sample.eskr,
                        sample.stock_bits,
                        sample.consumed_bits,
                        sample.source,
                        json.dumps(sample.faults),
                    )
                    for sample in samples
                ],
            )

    def samples(self, since: float, limit: int) -> list[Sample]:
        """Return the samples at or after a time, oldest first."""
        rows = self.database.rows(
            "SELECT * FROM samples WHERE link_id = ? AND at >= ? ORDER BY at LIMIT ?",
            self._link_id,
            since,
            limit,
        )
        return [_sample(row) for row in rows]

    def latest(self) -> Sample | None:
        """Return the newest sample."""
        rows = self.database.rows(
            "SELECT * FROM samples WHERE link_id = ? ORDER BY at DESC LIMIT 1", self._link_id
        )
        return _sample(rows[0]) if rows else None

    def prune(self, before: float) -> None:
        """Drop the samples before a time."""
        with self.database.transaction() as connection:
            connection.execute(
                "DELETE FROM samples WHERE link_id = ? AND at < ?", (self._link_id, before)
            )


def _sample(row: sqlite3.Row) -> Sample:
    return Sample(
        at=row["at"],
        qber=row["qber"],
        skr=row["skr"],
        eskr=row["eskr"],
        stock_bits=row["stock_bits"],
        consumed_bits=row["consumed_bits"],
        source=row["source"],
        faults=tuple(json.loads(row["faults"])),
    )
