"""A TLS server that behaves as badly as it is told."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from pathlib import Path
from typing import Any, Self

from chalicelib.config_qkd import QKDFiles
from infra.onprem.lab import BACKEND, Lab, Site

FACES = ("sae", "peer", "control")


class Certificates:
    """A lab's CA with certificates for a server and a client, and wrong ones of every kind."""

    def __init__(self, directory: Path, name: str = "kme-a", seconds: float = 3600.0) -> None:
        site = Site(name, (), dict.fromkeys(FACES, 1))
        self.lab = Lab(directory, [site])
        self.lab.create()
        hosts = [name, "localhost"]
        self.name = name
        if seconds <= 0:
            for path in self.lab.files(name):
                path.unlink()
            self.lab.certificate("ca", name, hosts, seconds)

    @property
    def files(self) -> QKDFiles:
        certificate, key = self.lab.files(BACKEND)
        return QKDFiles(str(self.lab.kme_ca), str(certificate), str(key))

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.lab.files(self.name))
        context.load_verify_locations(self.lab.kme_ca)
        context.verify_mode = ssl.CERT_REQUIRED
        return context


class FaultyAgent:
    """Answers each request by the next of `answers`: bytes to send, or what to do instead.

    `reset`: close with RST; `close`: close; `hang`: say nothing; `trickle`: one byte per 50 ms.
    The last answer repeats. `requests` are those that arrived whole.
    """

    def __init__(self, context: ssl.SSLContext, *answers: Any) -> None:
        self.answers = list(answers)
        self.requests: list[bytes] = []
        self.connections = 0
        self._context = context
        self._stopping = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept)

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        # A blocked accept wakes when somebody comes.
        with contextlib.suppress(OSError), socket.create_connection(self.address, 1):
            pass
        self._accepting.join(5)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    @property
    def address(self) -> tuple[str, int]:
        return ("127.0.0.1", self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.address[1]}"

    def _accept(self) -> None:
        while True:
            plain, _ = self._listener.accept()
            if self._stopping.is_set():
                plain.close()
                return
            thread = threading.Thread(target=self._serve, args=(plain,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, plain: socket.socket) -> None:
        with contextlib.suppress(OSError), plain:
            plain.settimeout(1)
            with self._context.wrap_socket(plain, server_side=True) as sock:
                self.connections += 1
                while not self._stopping.is_set() and self._answer(sock):
                    pass

    def _answer(self, sock: ssl.SSLSocket) -> bool:  # noqa: PLR0911 -- one per way to fail
        request = b""
        while b"\r\n\r\n" not in request:
            try:
                chunk = sock.recv(65536)
            except TimeoutError:
                return False
            if not chunk:
                return False
            request += chunk
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer == "reset":
            linger = (1).to_bytes(4, "little") + (0).to_bytes(4, "little")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            return False
        if answer == "close":
            return False
        if answer == "hang":
            self._stopping.wait(5)
            return False
        if isinstance(answer, tuple):
            return self._trickle(sock, answer[1])
        sock.sendall(answer)
        return True

    def _trickle(self, sock: ssl.SSLSocket, text: bytes) -> bool:
        for byte in text:
            if self._stopping.is_set():
                return False
            sock.sendall(bytes([byte]))
            time.sleep(0.05)
        return True


def http(body: bytes, status: str = "200 OK", length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return f"HTTP/1.1 {status}\r\nContent-Length: {size}\r\n\r\n".encode() + body
