"""The user data that a VM gets: the user's own, untouched, with ours beside it.

cloud-init (docs: "User data formats", MIME multi-part) runs each part by its type. Ours add the
SSH keys and, when all is done, tell this site so with a one-time token. The token travels in a
header from a script that only root can read, never in a URL.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from chalicelib.domain.enrolment import ENROLMENT_FILENAME, Enrolment, enrolment_script

# `email` is imported where a document is read or written: most requests have none.
if TYPE_CHECKING:
    from email.message import Message
    from email.mime.text import MIMEText

# Nova's bound on the base64 text is 65,535 characters; base64 makes 4 of every 3 bytes begun.
MAX_USER_DATA_BYTES = 65_535 // 4 * 3
PHONE_HOME_FILENAME = "slices-phone-home"

# cloud-init tells parts by how they begin; longer beginnings first.
_BEGINNINGS = (
    ("#cloud-config-archive", "cloud-config-archive"),
    ("#cloud-config-jsonp", "cloud-config-jsonp"),
    ("#cloud-config", "cloud-config"),
    ("#cloud-boothook", "cloud-boothook"),
    ("#include-once", "x-include-once-url"),
    ("#include", "x-include-url"),
    ("#part-handler", "part-handler"),
    ("## template: jinja", "jinja2"),
    ("#!", "x-shellscript"),
)
_MIME_BEGINNINGS = ("content-type: multipart/", "mime-version:", "from nobody")

_PHONE_HOME = '''#!/usr/bin/env python3
"""Tell the infrastructure that cloud-init is done, and which host keys this VM has."""
import json
import os
import pathlib
import time
import urllib.error
import urllib.request

SETTINGS = json.loads({settings!r})
directory = pathlib.Path(os.environ.get("SLICES_SSH_HOST_KEY_DIR", "/etc/ssh"))
host_keys = [
    " ".join(path.read_text().split()[:2]) for path in sorted(directory.glob("ssh_host_*_key.pub"))
]
body = json.dumps({{"resource_id": SETTINGS["resource_id"], "ssh_host_keys": host_keys}})
request = urllib.request.Request(
    SETTINGS["url"],
    body.encode(),
    {{"Content-Type": "application/json", "Authorization": "Bearer " + SETTINGS["token"]}},
)
for pause in (1, 2, 4, 8, 16, 32, 60, 60, 60, 60):
    try:
        with urllib.request.urlopen(request, timeout=10):
            break
    except urllib.error.HTTPError as error:
        if error.code < 500:
            raise
    except OSError as error:
        print("phone-home: trying again:", error)
    time.sleep(pause)
else:
    raise SystemExit("phone-home: the infrastructure did not answer")
'''


def is_understood(user_data: str) -> bool:
    """Say whether cloud-init would know what to do with this text."""
    text = user_data.lstrip()
    return not text or _is_mime(text) or any(text.startswith(begin) for begin, _ in _BEGINNINGS)


def merge(
    user_data: str,
    *,
    ssh_authorized_keys: tuple[str, ...],
    phone_home_url: str,
    phone_home_token: str,
    resource_id: str,
    enrolments: tuple[Enrolment, ...] = (),
) -> bytes:
    """Return one MIME document with the user's parts first and ours last.

    The phone-home script comes last, so that it runs when the user's scripts and the enrolment for
    QKD links have ended.
    """
    from email.mime.multipart import MIMEMultipart

    document = MIMEMultipart()
    for part in _user_parts(user_data):
        document.attach(part)
    if ssh_authorized_keys:
        document.attach(_keys_part(ssh_authorized_keys))
    if enrolments:
        document.attach(
            _text_part(enrolment_script(enrolments), "x-shellscript", ENROLMENT_FILENAME)
        )
    settings = json.dumps(
        {"resource_id": resource_id, "url": phone_home_url, "token": phone_home_token}
    )
    script = _PHONE_HOME.format(settings=settings)
    document.attach(_text_part(script, "x-shellscript", PHONE_HOME_FILENAME))
    return document.as_bytes()


def _is_mime(text: str) -> bool:
    return text[:200].lower().startswith(_MIME_BEGINNINGS)


def _user_parts(user_data: str) -> list[Message]:
    text = user_data.lstrip()
    if not text:
        return []
    if _is_mime(text):
        from email import message_from_bytes, policy

        # From bytes: a parsed str with unencoded letters beyond ASCII cannot be written again.
        message = message_from_bytes(text.encode(), policy=policy.compat32)
        if message.is_multipart() or message.get_content_maintype() != "multipart":
            return [part for part in message.walk() if not part.is_multipart()]
    subtype = next((kind for begin, kind in _BEGINNINGS if text.startswith(begin)), "plain")
    return [_text_part(text, subtype, "part-001")]


def _keys_part(keys: tuple[str, ...]) -> MIMEText:
    # JSON is YAML; merge_how adds our list to the user's own instead of replacing it.
    config = {
        "merge_how": "list(append)+dict(no_replace,recurse_list)+str()",
        "ssh_authorized_keys": list(keys),
    }
    return _text_part("#cloud-config\n" + json.dumps(config), "cloud-config", "slices-keys")


def _text_part(text: str, subtype: str, filename: str) -> MIMEText:
    from email.mime.text import MIMEText

    part = MIMEText(text, subtype, "utf-8")
    part.add_header("Content-Disposition", "attachment", filename=filename)
    return part
