"""Keys at rest are sealed: AES-256-GCM under a key that lives in its own file."""

import os
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from infra.onprem.qkd_agent.secret import SecretBytes

_KEY_BYTES = 32
_NONCE_BYTES = 12


class Sealer:
    """Seals and opens small secrets, each bound to a name.

    Args:
        key_file: Made with a fresh key, readable by its owner only, if there is none.
    """

    def __init__(self, key_file: Path) -> None:
        if not key_file.exists():
            handle = os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(os.urandom(_KEY_BYTES))
        self._cipher = AESGCM(key_file.read_bytes())

    def seal(self, name: str, secret: SecretBytes | bytes) -> bytes:
        """Return the ciphertext of a secret, bound to a name."""
        nonce = os.urandom(_NONCE_BYTES)
        plain = secret.view() if isinstance(secret, SecretBytes) else secret
        return nonce + self._cipher.encrypt(nonce, plain, name.encode())

    def open(self, name: str, sealed: bytes) -> SecretBytes:
        """Return the secret that was sealed under this name.

        Raises:
            cryptography.exceptions.InvalidTag: If it was not, or the file was tampered with.
        """
        nonce, cipher = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        return SecretBytes(self._cipher.decrypt(nonce, cipher, name.encode()))
