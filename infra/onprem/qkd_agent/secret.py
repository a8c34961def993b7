"""Key bytes in memory: never printed, copied or serialized by accident, and wiped after use."""

import base64
import hmac
from types import TracebackType
from typing import NoReturn, Self


class SecretBytes:
    """Key bytes in one mutable buffer.

    Refuses repr, str, format, pickle, JSON, copy and hash. Compares in constant time. `wipe`
    overwrites the buffer; Python gives no way to overwrite the `bytes` and `str` objects that
    libraries make from it (the base64 text of an answer, the output of HKDF), which live until
    their memory is used again.
    """

    __slots__ = ("_buffer",)
    __hash__ = None  # type: ignore[assignment]  # a hash would be a digest of the key

    def __init__(self, data: bytes | bytearray | memoryview) -> None:
        self._buffer = bytearray(data)

    def __len__(self) -> int:
        return len(self._buffer)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SecretBytes):
            return NotImplemented
        return hmac.compare_digest(self._buffer, other.view())

    def view(self) -> memoryview:
        """Return the bytes for use in place, without a copy."""
        return memoryview(self._buffer)

    def xor(self, other: "SecretBytes") -> "SecretBytes":
        """Return the one-time-pad sum with a secret of the same length."""
        if len(self) != len(other):
            raise ValueError("a one-time pad must be as long as what it hides")
        mine, theirs = int.from_bytes(self._buffer), int.from_bytes(other.view())
        return SecretBytes((mine ^ theirs).to_bytes(len(self)))

    def base64(self) -> str:
        """Return standard base64 with padding, for the one answer that delivers the key."""
        return base64.b64encode(self._buffer).decode("ascii")

    def wipe(self) -> None:
        """Overwrite the buffer with zeros."""
        self._buffer[:] = bytes(len(self._buffer))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.wipe()

    def _refuse(self, *_: object) -> NoReturn:
        raise TypeError("key bytes are not shown, copied or serialized")

    __repr__ = _refuse
    __str__ = _refuse
    __format__ = _refuse
    __reduce__ = _refuse
    __reduce_ex__ = _refuse
    __copy__ = _refuse
    __deepcopy__ = _refuse
