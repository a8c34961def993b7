#!/usr/bin/env python3
"""Enrol this VM for its QKD links; run as renew.py, renew its certificates before they end."""

from __future__ import annotations

import fcntl
import json
import os
import pathlib
import random
import shutil
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

ENROLMENTS = "[]"
ROOT = pathlib.Path(os.environ.get("SLICES_QKD_DIRECTORY", "/etc/slices-qkd"))
SYSTEM = ROOT.parent.parent
NAME = "slices-qkd-renew"
FIRST_SERVER_ERROR = 500
SERVICE = "[Unit]\nDescription=Renew the QKD certificates\n[Service]\nType=oneshot\nExecStart=%s\n"
TIMER = (
    "[Timer]\nOnBootSec=2min\nOnUnitActiveSec=10min\nRandomizedDelaySec=1min\n"
    "[Install]\nWantedBy=timers.target\n"
)


class Refused(Exception):
    """The agent says no, or nothing."""


def main() -> int:
    """Enrol, or renew what is due (`--now`: renew everything)."""
    os.umask(0o077)
    ROOT.mkdir(mode=0o700, parents=True, exist_ok=True)
    links = json.loads(ENROLMENTS)
    with (ROOT / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if links:
            schedule()
            return run(enrol, links)
        directories = sorted(path.parent for path in ROOT.glob("*/link.json"))
        return run(renew, [one for one in directories if "--now" in sys.argv or is_due(one)])


def run(step: Callable[[Any], None], subjects: list[Any]) -> int:
    """Take a step for each; what goes wrong with one does not stop the others."""
    status = 0
    for subject in subjects:
        try:
            step(subject)
        except (Refused, OSError, ValueError, subprocess.SubprocessError) as error:
            print(f"slices-qkd: {step.__name__} failed: {error}")
            status = 1
    return status


def enrol(link: dict[str, Any]) -> None:
    """Trade the token for the first certificate."""
    directory, token, authority = ROOT / link["friendly_name"], link.pop("token"), link["authority"]
    known = directory / "link.json"
    if known.exists() and json.loads(known.read_text())["link_id"] != link["link_id"]:
        shutil.rmtree(directory)
    directory.mkdir(mode=0o700, exist_ok=True)
    if (directory / "certificate.pem").exists():
        return
    (directory / "ca.pem").write_text(link.pop("authority"))
    known.write_text(json.dumps(link, indent=2) + "\n")
    pair = new_pair(directory, link["sae_id"])
    body = {"sae_id": link["sae_id"], "token": token, "csr": (pair / "request.pem").read_text()}
    context = ssl.create_default_context(cadata=authority)
    answer = post(link["enrolment_url"] + "/v1/enrolments", context, body, (1, 2, 4, 8, 16, 32, 60))
    install(directory, pair, answer["certificate"])


def renew(directory: pathlib.Path) -> None:
    """Trade the present certificate for the next one; the old pair stays until that is here."""
    link = json.loads((directory / "link.json").read_text())
    pair = new_pair(directory, link["sae_id"])
    context = ssl.create_default_context(cafile=str(directory / "ca.pem"))
    context.load_cert_chain(str(directory / "certificate.pem"), str(directory / "key.pem"))
    body = {"csr": (pair / "request.pem").read_text()}
    install(directory, pair, post(link["kme_url"] + "/v1/renewals", context, body)["certificate"])
    print("slices-qkd: renewed", directory.name)


def is_due(directory: pathlib.Path) -> bool:
    """Say whether about a third of the certificate's life is left; not all VMs at once."""
    certificate = directory / "certificate.pem"
    if not certificate.exists():
        return False
    command = ["openssl", "x509", "-noout", "-enddate", "-in", str(certificate)]
    text = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.decode()
    end = ssl.cert_time_to_seconds(text.strip().split("=", 1)[1])
    life = end - certificate.stat().st_mtime
    return bool(end - time.time() < life * random.uniform(0.3, 0.4))


def new_pair(directory: pathlib.Path, sae_id: str) -> pathlib.Path:
    """Return the pair under way, made if there is none: a repeated request shows the same key."""
    current = directory / "current"
    in_use = number_of(current.resolve()) if current.is_symlink() else 0
    newest = max(directory.glob("pair-*"), key=number_of, default=current)
    if number_of(newest) > in_use:
        if (newest / "request.pem").exists():
            return newest
        shutil.rmtree(newest)
    pair = directory / f"pair-{in_use + 1}"
    pair.mkdir(mode=0o700)
    command = ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-keyout", str(pair / "key.pem"), "-subj", "/CN=" + sae_id]
    command += ["-out", str(pair / "request.part")]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    (pair / "request.part").replace(pair / "request.pem")
    return pair


def number_of(pair: pathlib.Path) -> int:
    """Return the number in the name of a pair's directory; later ones have higher ones."""
    number = pair.name.partition("-")[2]
    return int(number) if number else 0


def install(directory: pathlib.Path, pair: pathlib.Path, certificate: str) -> None:
    """Put a complete pair in the place of the old one, at once."""
    (pair / "certificate.pem").write_text(certificate)
    context = ssl.create_default_context()
    context.load_cert_chain(str(pair / "certificate.pem"), str(pair / "key.pem"))
    os.sync()
    for name in ("key.pem", "certificate.pem"):
        point(directory / name, "current/" + name)
    point(directory / "current", pair.name)
    for old in directory.glob("pair-*"):
        if old != pair:
            shutil.rmtree(old)


def point(link: pathlib.Path, target: str) -> None:
    """Make a symbolic link, in the place of whatever is there."""
    fresh = link.with_name(link.name + ".new")
    if fresh.is_symlink():
        fresh.unlink()
    fresh.symlink_to(target)
    fresh.replace(link)


def post(
    url: str, context: ssl.SSLContext, body: dict[str, str], pauses: tuple[int, ...] = (1, 2, 4)
) -> Any:
    """Post JSON until there is an answer."""
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    handlers = urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    for pause in (*pauses, 0):
        try:
            with urllib.request.build_opener(*handlers).open(request, timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code < FIRST_SERVER_ERROR:
                raise Refused(f"the QKD agent refuses with status {error.code}") from None
        except OSError as error:
            print("slices-qkd: trying again:", error)
        time.sleep(pause)
    raise Refused("the QKD agent did not answer")


def schedule() -> None:
    """Leave this program in the VM, without what it enrols with, and have it run."""
    program = ROOT / "renew.py"
    lines = pathlib.Path(__file__).read_text().splitlines()
    kept = ['ENROLMENTS = "[]"' if one.startswith("ENROLMENTS = ") else one for one in lines]
    program.write_text("\n".join(kept) + "\n")
    command = f"{sys.executable} {program}"
    if (SYSTEM / "run/systemd/system").is_dir():
        units = SYSTEM / "etc/systemd/system"
        (units / (NAME + ".service")).write_text(SERVICE % command)
        (units / (NAME + ".timer")).write_text(TIMER)
        subprocess.run(["systemctl", "daemon-reload"], check=True)
        subprocess.run(["systemctl", "enable", "--now", NAME + ".timer"], check=True)
    elif (SYSTEM / "etc/cron.d").is_dir():
        line = f"*/10 * * * * root {command} 2>&1 | logger -t {NAME}\n"
        (SYSTEM / "etc/cron.d" / NAME).write_text(line)
    else:
        print("slices-qkd: neither systemd nor cron: run", program, "every 10 minutes")


if __name__ == "__main__":
    sys.exit(main())
