"""Injected faults, kept over a restart."""

from infra.onprem.qkd_agent.emulator.faults import Fault, FaultKind
from infra.onprem.qkd_agent.keystore.database import Database


class Faults:
    """All faults that were injected into this agent."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._faults = self._load()

    def add(self, fault: Fault) -> None:
        """Store a fault; one with the same ID is replaced."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO faults VALUES (?, ?, ?, ?, ?, ?)",
                (
                    fault.fault_id,
                    fault.link_id,
                    fault.kind,
                    fault.value,
                    fault.from_at,
                    fault.until_at,
                ),
            )
            self._faults = self._load()

    def remove(self, fault_id: str) -> bool:
        """Drop a fault; return whether there was one."""
        with self._database.transaction() as connection:
            gone = connection.execute("DELETE FROM faults WHERE fault_id = ?", (fault_id,))
            self._faults = self._load()
        return gone.rowcount > 0

    def of_link(self, link_id: str) -> list[Fault]:
        """Return the faults of a link and of the whole KME, past and future too."""
        return [fault for fault in self._faults if fault.link_id in (None, link_id)]

    def all(self) -> list[Fault]:
        """Return every fault."""
        return list(self._faults)

    def _load(self) -> tuple[Fault, ...]:
        rows = self._database.rows("SELECT * FROM faults ORDER BY from_at")
        return tuple(
            Fault(
                fault_id=row["fault_id"],
                link_id=row["link_id"],
                kind=FaultKind(row["kind"]),
                value=row["value"],
                from_at=row["from_at"],
                until_at=row["until_at"],
            )
            for row in rows
        )
