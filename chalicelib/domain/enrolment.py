"""How a VM becomes an SAE: a program that makes a key pair and trades a token for a certificate.

The private key is made in the VM and never leaves it. Cloud images have `openssl` and Python's
standard library, and nothing else is used. What the user finds is in /etc/slices-qkd/<link>/. The
program stays in the VM and renews the certificate before it ends (guest/credentials.py).
"""

from __future__ import annotations

import json
from pathlib import Path

from msgspec import Struct
from msgspec.structs import asdict

ENROLMENT_FILENAME = "slices-qkd-enrolment"

_PROGRAM = (Path(__file__).parent / "guest" / "credentials.py").read_text(encoding="utf-8")
_NO_ENROLMENTS = 'ENROLMENTS = "[]"'


class Enrolment(Struct, frozen=True):
    """All that a VM needs to enrol for one link. `token` works once; it is never stored here.

    `authority` is the CA (PEM) that the VM verifies the agent with.
    """

    friendly_name: str
    link_id: str
    sae_id: str
    peer_sae_id: str
    kme_url: str
    enrolment_url: str
    authority: str
    token: str
    key_size_bits: int

    def __repr__(self) -> str:
        return f"Enrolment({self.sae_id})"


def enrolment_script(enrolments: tuple[Enrolment, ...]) -> str:
    """Return the script that enrols a VM for its links."""
    links = [asdict(one) for one in enrolments]
    return _PROGRAM.replace(_NO_ENROLMENTS, f"ENROLMENTS = {json.dumps(links)!r}", 1)
