"""Get key with key IDs: held keys, once for each SAE that the master has named."""

from collections.abc import Callable, Sequence

from infra.onprem.qkd_agent.alarms import Alarm, AlarmKind, Alarms, Severity
from infra.onprem.qkd_agent.keystore.held import HeldKeys, NotHeld
from infra.onprem.qkd_agent.secret import SecretBytes


class KeyCollector:
    """Hands held keys to the SAEs of this site."""

    def __init__(self, held: HeldKeys, alarms: Alarms, clock: Callable[[], float]) -> None:
        self._held = held
        self._alarms = alarms
        self._clock = clock

    def collect(self, key_ids: Sequence[str], sae_id: str, master_id: str) -> list[SecretBytes]:
        """Return keys and remove them; the removal is on the disk before the return.

        Raises:
            NotForThisSae: If any of them is known, but not for this SAE; nothing is removed.
            NotHeld: If any of them cannot be given; nothing is removed. A replay is told.
        """
        try:
            return self._held.take(key_ids, sae_id, master_id, self._clock())
        except NotHeld as error:
            if error.replayed:
                text = f"{len(error.replayed)} keys were asked for again after their delivery"
                self._alarms.once(Alarm(AlarmKind.REPLAY_SEEN, sae_id, Severity.MINOR, text))
            raise
