"""How a VM becomes an SAE: a script that makes a key pair and trades a token for a certificate.

The private key is made in the VM and never leaves it. Cloud images have `openssl` and Python's
standard library, and nothing else is used. What the user finds is in /etc/slices-qkd/<link>/.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

ENROLMENT_FILENAME = "slices-qkd-enrolment"

_SCRIPT = '''#!/usr/bin/env python3
"""Enrol this VM at the QKD agent: key pair, CSR, certificate, one directory per link."""
import json
import os
import pathlib
import ssl
import subprocess
import time
import urllib.error
import urllib.request

LINKS = json.loads({links!r})
ROOT = pathlib.Path(os.environ.get("SLICES_QKD_DIRECTORY", "/etc/slices-qkd"))


def enrol(link):
    directory = ROOT / link["friendly_name"]
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    certificate, key = directory / "certificate.pem", directory / "key.pem"
    known = directory / "link.json"
    if certificate.exists() and json.loads(known.read_text())["link_id"] == link["link_id"]:
        return
    certificate.unlink(missing_ok=True)
    token, authority = link.pop("token"), link.pop("authority")
    (directory / "ca.pem").write_text(authority)
    known.write_text(json.dumps(link, indent=2) + "\\n")
    command = ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-keyout", str(key), "-subj", "/CN=" + link["sae_id"]]
    csr = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.decode()
    key.chmod(0o600)
    answer = post(link["enrolment_url"] + "/v1/enrolments", authority,
                  {{"sae_id": link["sae_id"], "csr": csr, "token": token}})
    certificate.write_text(answer["certificate"])


def post(url, authority, body):
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {{"Content-Type": "application/json"}})
    context = ssl.create_default_context(cadata=authority)
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({{}}), urllib.request.HTTPSHandler(context=context))
    for pause in (1, 2, 4, 8, 16, 32, 60):
        try:
            with opener.open(request, timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code < 500:
                raise SystemExit("enrolment: refused with status %d" % error.code)
        except OSError as error:
            print("enrolment: trying again:", error)
        time.sleep(pause)
    raise SystemExit("enrolment: the QKD agent did not answer")


os.umask(0o077)
for link in LINKS:
    enrol(link)
'''


@dataclass(frozen=True, slots=True)
class Enrolment:
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
    fields = Enrolment.__dataclass_fields__
    links = [{name: getattr(one, name) for name in fields} for one in enrolments]
    return _SCRIPT.format(links=json.dumps(links))
