"""The user data that a VM gets."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import threading
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from chalicelib.domain.user_data import (
    MAX_USER_DATA_BYTES,
    PHONE_HOME_FILENAME,
    is_understood,
    merge,
)

TOKEN = "one-time-'token\"{}"
KEYS = ("ssh-ed25519 AAAA alice", "ssh-rsa BBBB bob")
MULTIPART = """\
Content-Type: multipart/mixed; boundary="XX"
MIME-Version: 1.0

--XX
Content-Type: text/cloud-config

#cloud-config
packages: [käse]
--XX
Content-Type: multipart/mixed; boundary="YY"

--YY
Content-Type: text/x-shellscript

#!/bin/sh
echo inner
--YY--
--XX--
"""


def merged(user_data="", keys=KEYS, url="https://bi.example/phone-home"):
    return merge(
        user_data,
        ssh_authorized_keys=keys,
        phone_home_url=url,
        phone_home_token=TOKEN,
        resource_id="r-1",
    )


def parts(user_data="", **options):
    """Return (type, text) of each part."""
    document = message_from_bytes(merged(user_data, **options))
    assert document.is_multipart()
    return [
        (part.get_content_type(), part.get_payload(decode=True).decode())
        for part in document.get_payload()
    ]


def script(**options):
    return parts(**options)[-1][1]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("#!/bin/sh\necho käse", "text/x-shellscript"),
        ("#cloud-config\n{}", "text/cloud-config"),
        ("#cloud-config-archive\n[]", "text/cloud-config-archive"),
        ("#cloud-config-jsonp\n[]", "text/cloud-config-jsonp"),
        ("#cloud-boothook\ntrue", "text/cloud-boothook"),
        ("#include\nhttps://a", "text/x-include-url"),
        ("#include-once\nhttps://a", "text/x-include-once-url"),
        ("#part-handler\n", "text/part-handler"),
        ("## template: jinja\n#cloud-config", "text/jinja2"),
        ("  \n#!/bin/sh", "text/x-shellscript"),
        ("hello", "text/plain"),
    ],
)
def test_the_users_part_is_first_untouched_and_typed_by_its_beginning(text, kind):
    assert parts(text)[0] == (kind, text.lstrip())
    assert is_understood(text) == (text != "hello")


def test_ours_come_last_the_script_at_the_very_end():
    kinds = [kind for kind, _ in parts("#!/bin/sh")]
    assert kinds == ["text/x-shellscript", "text/cloud-config", "text/x-shellscript"]
    assert PHONE_HOME_FILENAME.encode() in merged()


@pytest.mark.parametrize("empty", ["", "  \n "])
def test_without_user_data_and_keys_only_the_script_is_there(empty):
    assert len(parts(empty, keys=())) == 1
    assert is_understood(empty)


def test_the_keys_are_added_to_the_users_own():
    config = parts()[0][1]
    assert config.startswith("#cloud-config\n")
    data = json.loads(config.split("\n", 1)[1])
    assert data["ssh_authorized_keys"] == list(KEYS)
    assert data["merge_how"].startswith("list(append)")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_users_own_multipart_is_flattened_in_order(newline):
    text = MULTIPART.replace("\n", newline)
    assert is_understood(text)
    found = parts(text)
    assert [kind for kind, _ in found[:2]] == ["text/cloud-config", "text/x-shellscript"]
    assert "käse" in found[0][1]
    assert "echo inner" in found[1][1]
    assert len(found) == 4


def test_a_single_mime_part_keeps_its_type():
    text = "MIME-Version: 1.0\nContent-Type: text/x-shellscript\n\n#!/bin/sh\necho only"
    assert parts(text)[0] == ("text/x-shellscript", "#!/bin/sh\necho only")


def test_a_broken_multipart_is_passed_on_as_it_is():
    text = "Content-Type: multipart/mixed\n\nno boundary"
    assert parts(text)[0] == ("text/plain", text)


def test_the_largest_user_data_is_within_novas_bound():
    assert len(base64.b64encode(b"x" * MAX_USER_DATA_BYTES)) <= 65_535
    assert len(base64.b64encode(b"x" * (MAX_USER_DATA_BYTES + 1))) > 65_535


def test_the_token_is_in_the_script_and_never_in_a_url():
    text = script()
    compile(text, "phone-home", "exec")
    assert text.count("https://") == 1
    settings = text.split("SETTINGS = ")[1].splitlines()[0]
    assert TOKEN not in text.split("https://")[1].split('"')[0]
    assert "one-time-" in settings


class _Home(BaseHTTPRequestHandler):
    """Takes reports; refuses with the scripted statuses first."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.reports.append((self.path, self.headers["Authorization"], json.loads(body)))
        self.send_response(self.server.statuses.pop(0))
        self.end_headers()

    def log_message(self, *_args):
        """Say nothing."""


@pytest.fixture
def home():
    with HTTPServer(("127.0.0.1", 0), _Home) as server:
        server.reports, server.statuses = [], []
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("statuses", "code"), [([204], 0), ([503, 204], 0), ([401], 1)], ids=["ok", "retry", "refused"]
)
def test_the_script_really_phones_home(home, tmp_path, statuses, code):
    """Run on loopback as cloud-init would run it, with the pauses taken out."""
    home.statuses = statuses.copy()
    (tmp_path / "ssh_host_ed25519_key.pub").write_text("ssh-ed25519 AAAA root@vm\n")
    (tmp_path / "ssh_host_rsa_key").write_text("private")
    text = script(url=f"http://127.0.0.1:{home.server_port}/phone-home")
    (tmp_path / "script").write_text(text.replace("time.sleep(pause)", "time.sleep(0)"))
    run = subprocess.run(
        [sys.executable, tmp_path / "script"],
        env={"SLICES_SSH_HOST_KEY_DIR": str(tmp_path)},
        capture_output=True,
        check=False,
        timeout=20,
    )
    assert run.returncode == code, run.stderr
    report = {"resource_id": "r-1", "ssh_host_keys": ["ssh-ed25519 AAAA"]}
    assert home.reports == [("/phone-home", f"Bearer {TOKEN}", report)] * len(statuses)
    assert TOKEN.encode() not in run.stdout + run.stderr
