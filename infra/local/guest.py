"""The guest of a simulated VM: what cloud-init would do with its user data.

Two things are done: the last MIME parts named ``slices-qkd-enrolment`` and ``slices-phone-home``
are run in this order, as cloud-init runs shell script parts. Everything else in the user data is
ignored, whoever wrote it.
"""

import base64
import logging
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import zlib
from email import message_from_bytes, policy
from email.message import Message
from pathlib import Path
from typing import NamedTuple

PHONE_HOME_FILENAME = "slices-phone-home"
ENROLMENT_FILENAME = "slices-qkd-enrolment"
PHONE_HOME_CONTENT_TYPE = "text/x-shellscript"
HOST_KEY_DIR_VARIABLE = "SLICES_SSH_HOST_KEY_DIR"
QKD_DIR_VARIABLE = "SLICES_QKD_DIRECTORY"
# Where guests keep what is in /etc of real ones; unset: it goes when the guest has booted.
GUESTS_VARIABLE = "SLICES_GUESTS_DIRECTORY"
TIMEOUT_SECONDS = 30.0
MAX_USER_DATA_BYTES = 1_048_576

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW_BITS = 31  # zlib's way to say: gzip header, largest window
_P256_PRIME = 2**256 - 2**224 + 2**192 + 2**96 - 1
_P256_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B

_log = logging.getLogger(__name__)
_start_lock = threading.Lock()


class Part(NamedTuple):
    """One part of MIME multipart user data."""

    filename: str | None
    content_type: str
    payload: bytes


def boot(user_data: bytes, hostname: str) -> None:
    """Boot a simulated guest: run its own parts and wait for the end of each, 30 s at most.

    A guest never fails its caller: whatever goes wrong inside is logged, without any content.

    Args:
        user_data: The decoded user data as the server's creator gave it, gzip'd or not.
        hostname: The guest's name; the part sees it as ``HOSTNAME``.
    """
    try:
        found = parts(user_data)
    except ValueError as error:
        _log.warning("guest %s: user data is unusable: %s", hostname, error)
        return
    scripts = {name: _script(found, name) for name in (ENROLMENT_FILENAME, PHONE_HOME_FILENAME)}
    if scripts[PHONE_HOME_FILENAME] is None:
        _log.info("guest %s: no phone-home part", hostname)
    for name, script in scripts.items():
        if script is not None:
            with tempfile.TemporaryDirectory(prefix="slices-guest-") as directory:
                _log.info("guest %s: %s %s", hostname, name, _run(script, hostname, directory))


def parts(user_data: bytes) -> list[Part]:
    """List the parts of MIME multipart user data, in order; nothing if it is not multipart.

    Raises:
        ValueError: Compressed user data is damaged, or larger than 1 MiB when decompressed.
    """
    message = message_from_bytes(_decompressed(user_data), policy=policy.compat32)
    if not message.is_multipart():
        return []
    return [_part(leaf) for leaf in message.walk() if not leaf.is_multipart()]


def _part(leaf: Message) -> Part:
    payload = leaf.get_payload(decode=True)
    return Part(
        leaf.get_filename(),
        leaf.get_content_type(),
        payload if isinstance(payload, bytes) else b"",
    )


def _script(found: list[Part], filename: str) -> bytes | None:
    """Return the last script of this name."""
    scripts = [
        part.payload
        for part in found
        if part.filename == filename and part.content_type == PHONE_HOME_CONTENT_TYPE
    ]
    return scripts[-1] if scripts else None


def _qkd_directory(hostname: str, directory: Path) -> Path:
    """Return where the guest keeps its QKD credentials."""
    root = os.environ.get(GUESTS_VARIABLE)
    return (Path(root) / hostname if root else directory) / "slices-qkd"


def _decompressed(user_data: bytes) -> bytes:
    if not user_data.startswith(_GZIP_MAGIC):
        return user_data
    decompressor = zlib.decompressobj(_GZIP_WINDOW_BITS)
    try:
        plain = decompressor.decompress(user_data, MAX_USER_DATA_BYTES)
    except zlib.error as error:
        raise ValueError("damaged gzip") from error
    if not decompressor.eof:
        raise ValueError("truncated gzip, or too large when decompressed")
    return plain


def _run(script: bytes, hostname: str, scratch: str) -> str:
    """Run a script in its own session; answer how it ended, in a few words."""
    directory = Path(scratch)
    key_directory = directory / "ssh"
    key_directory.mkdir()
    _write_host_keys(key_directory, hostname)
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOSTNAME": hostname,
        HOST_KEY_DIR_VARIABLE: str(key_directory),
        QKD_DIR_VARIABLE: str(_qkd_directory(hostname, directory)),
    }
    try:
        process = _start(script, directory, environment)
    except OSError as error:
        return f"could not start: {error.strerror}"
    try:
        return f"ended with exit status {process.wait(TIMEOUT_SECONDS)}"
    except subprocess.TimeoutExpired:
        # The whole session: a script's children would otherwise outlive their guest.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return f"killed after {TIMEOUT_SECONDS:g} s"


def _start(script: bytes, directory: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    program = directory / "part"
    first_line = script.split(b"\n", 1)[0]
    is_python = first_line.startswith(b"#!") and b"python3" in first_line
    # A file that another guest's half-born child still holds open for writing cannot be run.
    with _start_lock:
        program.touch(mode=0o700)
        program.write_bytes(script)
        return subprocess.Popen(  # noqa: S603  the guest's own script is what a guest runs
            [sys.executable, str(program)] if is_python else [str(program)],
            env=environment,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


def _write_host_keys(directory: Path, hostname: str) -> None:
    """Write public host keys as sshd names them; no private key ever exists."""
    for key_type, file_name, blob in (
        ("ssh-ed25519", "ed25519", _ed25519_blob()),
        ("ecdsa-sha2-nistp256", "ecdsa", _ecdsa_blob()),
        ("ssh-rsa", "rsa", _rsa_blob()),
    ):
        line = f"{key_type} {base64.b64encode(blob).decode()} root@{hostname}\n"
        (directory / f"ssh_host_{file_name}_key.pub").write_text(line, encoding="ascii")


def _ed25519_blob() -> bytes:
    return _string(b"ssh-ed25519") + _string(secrets.token_bytes(32))


def _ecdsa_blob() -> bytes:
    """Make a random point of P-256, since tools refuse coordinates that are not on the curve."""
    while True:
        x = secrets.randbelow(_P256_PRIME)
        right_side = (x**3 - 3 * x + _P256_B) % _P256_PRIME
        y = pow(right_side, (_P256_PRIME + 1) // 4, _P256_PRIME)
        if y * y % _P256_PRIME == right_side:
            point = b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big")
            return _string(b"ecdsa-sha2-nistp256") + _string(b"nistp256") + _string(point)


def _rsa_blob() -> bytes:
    modulus = secrets.randbits(3072) | 1 << 3071 | 1
    # A leading zero keeps RFC 4251's mpint positive when the top bit is set.
    exponent = (65537).to_bytes(3, "big")
    return _string(b"ssh-rsa") + _string(exponent) + _string(b"\0" + modulus.to_bytes(384, "big"))


def _string(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value
