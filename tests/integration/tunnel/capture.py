"""What crosses a wire, seen by a packet socket in the namespace at its end."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from typing import Self

_ALL_PROTOCOLS = 0x0003
_IPV4, _TCP, _UDP = 0x0800, 6, 17


class Capture:
    """Every frame of an interface, both ways, while the block runs.

    `kinds` counts IPv4 packets by protocol and lower port, such as ("udp", 51820); `frames` are the
    whole frames.
    """

    def __init__(self, host, interface: str) -> None:
        self.kinds: Counter[tuple[str, int]] = Counter()
        self.frames: list[bytes] = []
        self._socket = host.call(lambda: self._open(interface))
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._read)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        self._socket.close()

    def holds(self, text: bytes) -> bool:
        return any(text in frame for frame in self.frames)

    @staticmethod
    def _open(interface: str) -> socket.socket:
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL_PROTOCOLS))
        sock.bind((interface, 0))
        sock.settimeout(0.1)
        return sock

    def _read(self) -> None:
        while True:
            try:
                frame = self._socket.recv(65536)
            except TimeoutError:
                # What came before the end of the block is read to the last.
                if self._stopping.is_set():
                    return
                continue
            self.frames.append(frame)
            self._count(frame)

    def _count(self, frame: bytes) -> None:
        if int.from_bytes(frame[12:14]) != _IPV4:
            return
        packet = frame[14:]
        header, protocol = (packet[0] & 15) * 4, packet[9]
        if protocol not in {_TCP, _UDP}:
            self.kinds[f"ip {protocol}", 0] += 1
            return
        ports = (int.from_bytes(packet[header + at : header + at + 2]) for at in (0, 2))
        self.kinds["tcp" if protocol == _TCP else "udp", min(ports)] += 1
