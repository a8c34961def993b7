"""The guest runs the last phone-home part, and nothing else."""

import base64
import gzip
import logging
import subprocess
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest

from infra.local import guest


def multipart(*named_parts):
    message = MIMEMultipart()
    for filename, subtype, content in named_parts:
        part = MIMEText(content, subtype)
        part.add_header("Content-Disposition", "attachment", filename=filename)
        message.attach(part)
    return message.as_bytes()


def script(target, word):
    return ("slices-phone-home", "x-shellscript", f"#!/bin/sh\necho {word} >> {target}\n")


def test_last_part_wins_and_the_rest_is_ignored(tmp_path):
    target = tmp_path / "ran"
    user_data = multipart(
        script(target, "forged"),
        ("other", "x-shellscript", f"#!/bin/sh\necho other >> {target}\n"),
        script(target, "ours"),
        ("slices-phone-home", "cloud-config", f"#!/bin/sh\necho config >> {target}\n"),
    )

    guest.boot(user_data, "vm")

    assert target.read_text() == "ours\n"


def test_gzip_is_unpacked(tmp_path):
    target = tmp_path / "ran"

    guest.boot(gzip.compress(multipart(script(target, "yes"))), "vm")

    assert target.read_text() == "yes\n"


def test_environment_holds_nothing_of_the_host(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    target = tmp_path / "environment"
    content = (
        "#!/usr/bin/env python3\nimport os, pathlib\n"
        f"pathlib.Path({str(target)!r}).write_text(' '.join(sorted(os.environ)))\n"
    )

    guest.boot(multipart(("slices-phone-home", "x-shellscript", content)), "vm")

    names = set(target.read_text().split()) - {"LC_CTYPE"}  # Python's own, when there is no locale
    assert names == {"HOSTNAME", "PATH", "SLICES_QKD_DIRECTORY", "SLICES_SSH_HOST_KEY_DIR"}


def test_the_enrolment_comes_before_the_phone_home(tmp_path):
    target = tmp_path / "order"
    content = f"#!/bin/sh\necho %s >>{target}\n"

    guest.boot(
        multipart(
            ("slices-phone-home", "x-shellscript", content % "home"),
            ("slices-qkd-enrolment", "x-shellscript", content % "enrol"),
        ),
        "vm",
    )

    assert target.read_text().split() == ["enrol", "home"]


def test_host_keys_are_keys_in_the_eyes_of_openssh(tmp_path):
    content = f'#!/bin/sh\ncp "$SLICES_SSH_HOST_KEY_DIR"/* {tmp_path}\n'

    guest.boot(multipart(("slices-phone-home", "x-shellscript", content)), "vm-7")

    keys = {path.name: path.read_text().split() for path in tmp_path.iterdir()}
    assert set(keys) == {f"ssh_host_{kind}_key.pub" for kind in ("ed25519", "ecdsa", "rsa")}
    for key_type, blob, comment in keys.values():
        raw = base64.b64decode(blob, validate=True)
        assert raw[4 : 4 + raw[3]].decode() == key_type
        assert comment == "root@vm-7"
    for name in keys:
        found = subprocess.run(
            ["ssh-keygen", "-l", "-f", str(tmp_path / name)], capture_output=True, check=True
        )
        assert b"SHA256:" in found.stdout


@pytest.mark.parametrize(
    "user_data",
    [
        b"",
        b"#!/bin/sh\nexit 0\n",
        b"#cloud-config\n",
        gzip.compress(b"x" * 100)[:-20],
        gzip.compress(b"\0" * (guest.MAX_USER_DATA_BYTES + 1)),
        b"\x1f\x8bgarbage",
        multipart(("slices-phone-home", "x-shellscript", "no shebang here")),
    ],
)
def test_useless_user_data_harms_nobody(user_data):
    guest.boot(user_data, "vm")


def test_hanging_guest_is_killed_with_its_children(monkeypatch, caplog):
    monkeypatch.setattr(guest, "TIMEOUT_SECONDS", 0.3)
    caplog.set_level(logging.INFO)
    content = "#!/bin/sh\nsleep 60 & sleep 60\n"

    guest.boot(multipart(("slices-phone-home", "x-shellscript", content)), "vm")

    assert "killed after 0.3 s" in caplog.text


def test_log_tells_the_outcome_and_no_content(caplog):
    caplog.set_level(logging.INFO)
    content = "#!/bin/sh\n# secret-token\necho secret-token\nexit 3\n"

    guest.boot(multipart(("slices-phone-home", "x-shellscript", content)), "vm")

    assert "guest vm: slices-phone-home ended with exit status 3" in caplog.text
    assert "secret-token" not in caplog.text


def test_parts_lists_nested_parts():
    inner = MIMEMultipart()
    inner.attach(MIMEText("b", "plain"))
    outer = MIMEMultipart()
    outer.attach(MIMEText("a", "cloud-config"))
    outer.attach(inner)

    assert guest.parts(outer.as_bytes()) == [
        (None, "text/cloud-config", b"a"),
        (None, "text/plain", b"b"),
    ]
