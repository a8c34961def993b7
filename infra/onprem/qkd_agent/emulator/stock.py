"""The stock of secret key bits of a link, filled block by block and clamped at every step."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Stock:
    """How much key a link holds.

    Attributes:
        bits: Secret bits held.
        maximum_bits: What fits; the surplus is lost.
        consumed_bits: What was ever taken.
        next_block: The first block that has not been added.
    """

    bits: float
    maximum_bits: float
    consumed_bits: int
    next_block: int

    def filled(self, secret_bits: float) -> "Stock":
        """Return the stock after one more block."""
        bits = min(self.maximum_bits, self.bits + max(0.0, secret_bits))
        return replace(self, bits=bits, next_block=self.next_block + 1)

    def skipped_to(self, block: int) -> "Stock":
        """Return the stock with the blocks before this one left out."""
        return replace(self, next_block=max(self.next_block, block))

    def has(self, bits: int) -> bool:
        """Return whether so much can be taken."""
        return bits <= self.bits

    def taken(self, bits: int) -> "Stock":
        """Return the stock after a delivery.

        Raises:
            ValueError: If there is not so much.
        """
        if not self.has(bits):
            raise ValueError(f"the stock is short: {bits} bits wanted")
        return replace(self, bits=self.bits - bits, consumed_bits=self.consumed_bits + bits)
