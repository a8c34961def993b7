#!/usr/bin/env python3
"""Rotate the pre-shared key of a WireGuard tunnel with QKD keys (ETSI GS QKD 014).

Run it in the VMs at both ends of a link, on a tunnel that is up, the responder first:

    wireguard-psk.py responder /etc/slices-qkd/LINK --interface wg0 --peer KEY --channel ADDR:PORT
    wireguard-psk.py initiator /etc/slices-qkd/LINK --interface wg0 --peer KEY --channel ADDR:PORT

KEY is the public key of the other end, ADDR the responder's address inside the tunnel. Over it go
key_IDs, never a key: each end fetches the key from its own KME. An end keeps the key before until
the other has confirmed the new one; when the tunnel then makes no handshake, it tries both. Without
a new key the tunnel goes on with the old one, and it is said. Standard library and `wg` only; keys
are in memory, never in a file or a command line.
"""

import argparse
import base64
import hashlib
import hmac
import json
import pathlib
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

KEY_BITS = 256
NO_PSK = "(none)"
# WireGuard: a session ends for good REJECT_AFTER_TIME after its handshake.
DEAD_SECONDS = 180
# While the tunnel is dead: one try of the initiator spans a repeated handshake (5 s); the responder
# stays with one key while the initiator tries both.
TRY_SECONDS = {"initiator": 7, "responder": 21}
LONGEST_LINE = 4096
TIMEOUT_SECONDS = 10


class Missed(Exception):
    """No new key this time; the tunnel goes on with the one it has."""


def say(text):
    """Tell the operator; nothing here is ever secret."""
    sys.stderr.write(f"wireguard-psk.py: {text}\n")
    sys.stderr.flush()


def derive(key, key_id, initiator, responder):
    """Return the pre-shared key: HKDF-SHA256 (RFC 5869), bound to the key_ID and both SAE IDs."""
    info = json.dumps(["slices-qkd wireguard psk", key_id, initiator, responder]).encode()
    extracted = hmac.digest(bytes(hashlib.sha256().digest_size), key, "sha256")
    return base64.b64encode(hmac.digest(extracted, info + b"\x01", "sha256")).decode()


class Tunnel:
    """The peer of a WireGuard interface."""

    def __init__(self, interface, peer):
        self._interface, self._peer = interface, peer

    def psk(self):
        """Return the pre-shared key that the next handshake will use."""
        return self._shown("preshared-keys")

    def use(self, psk):
        """Set the key of the next handshake; the session under way goes on."""
        # An empty pipe is refused: no key is /dev/null, any other comes by the pipe.
        given, source = ("", "/dev/null") if psk == NO_PSK else (psk, "/dev/stdin")
        wanted = ("peer", self._peer, "preshared-key", source)
        self._wg("set", self._interface, *wanted, given=given)

    def is_dead(self):
        """Say whether the last handshake is so old that nothing passes any more."""
        return time.time() - int(self._shown("latest-handshakes")) > DEAD_SECONDS

    def _shown(self, what):
        lines = (line.split("\t") for line in self._wg("show", self._interface, what).splitlines())
        found = [value for peer, value in lines if peer == self._peer]
        if not found:
            raise SystemExit(f"wireguard-psk.py: {self._interface} has no peer {self._peer}")
        return found[0]

    @staticmethod
    def _wg(*arguments, given=""):
        command = ["wg", *arguments]
        try:
            done = subprocess.run(  # noqa: S603 -- a fixed command
                command, input=given, capture_output=True, check=True, text=True, timeout=10
            )
        except subprocess.CalledProcessError as error:
            raise Missed(f"wg {arguments[0]} fails: {error.stderr.strip()}") from None
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Missed(f"wg {arguments[0]} fails: {type(error).__name__}") from None
        return done.stdout


class Kme:
    """The KME of this site, as the SAE of this VM sees it."""

    def __init__(self, directory):
        self._directory = directory
        link = json.loads((directory / "link.json").read_text(encoding="utf-8"))
        self.own, self.peer, self._url = link["sae_id"], link["peer_sae_id"], link["kme_url"]

    def new_key(self):
        """Return (key_ID, key). It is not tried again: an answer that is lost is a lost key."""
        return self._fetch("enc_keys", {"number": 1, "size": KEY_BITS})

    def key(self, key_id):
        """Return the key that the other end has got."""
        return self._fetch("dec_keys", {"key_IDs": [{"key_ID": key_id}]})[1]

    def _fetch(self, method, body):
        try:
            (entry,) = self._post(method, body)["keys"]
            key_id, key = str(uuid.UUID(entry["key_ID"])), base64.b64decode(entry["key"])
        except urllib.error.HTTPError as error:
            raise Missed(f"the KME answers {error.code}: {reason_of(error)}") from None
        except OSError as error:
            raise Missed(f"the KME does not answer: {error}") from None
        except (KeyError, TypeError, ValueError):
            raise Missed("the KME's answer is no key") from None
        if len(key) * 8 != KEY_BITS:
            raise Missed(f"the KME gives {len(key) * 8} bits for {KEY_BITS}")
        return key_id, key

    def _post(self, method, body):
        # The certificate is read each time: the VM renews it.
        files = [str(self._directory / name) for name in ("certificate.pem", "key.pem")]
        context = ssl.create_default_context(cafile=str(self._directory / "ca.pem"))
        context.load_cert_chain(*files)
        url = f"{self._url}/api/v1/keys/{urllib.parse.quote(self.peer, safe='')}/{method}"
        request = urllib.request.Request(  # noqa: S310 -- the URL is the site's own, https
            url, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        with opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
            return json.loads(answer.read(1 << 16))


def reason_of(error):
    """Return what an error answer says."""
    try:
        return str(json.loads(error.read(1 << 16))["message"])[:200]
    except (OSError, KeyError, TypeError, ValueError):
        return "no reason given"


class Keys:
    """The key in use and the one before or after it, of which the peer may have either."""

    def __init__(self, role, tunnel):
        self._tunnel, self._pause = tunnel, TRY_SECONDS[role]
        self.used, self.other, self._tried_at = tunnel.psk(), None, time.monotonic()

    def use(self, psk):
        """Use a key and keep the one before."""
        if psk != self.used:
            self._tunnel.use(psk)
            self.used, self.other = psk, self.used

    def settled(self):
        """Forget the other key: the peer uses this one."""
        self.other = None

    def revive(self):
        """While the tunnel is dead, try the other key now and then."""
        if self.other is None or time.monotonic() - self._tried_at < self._pause:
            return
        try:
            if self._tunnel.is_dead():
                self._tried_at = time.monotonic()
                say("no handshake: trying the other key")
                self.use(self.other)
        except Missed as error:
            say(error)


class Initiator:
    """Fetches keys and leads the change."""

    def __init__(self, kme, keys, channel):
        self._kme, self._keys, self._channel = kme, keys, channel
        self._unconfirmed = None

    def rotate(self):
        """Change to a new key.

        Raises:
            Missed: If the peer has not confirmed it.
        """
        if self._unconfirmed is None:
            key_id, key = self._kme.new_key()
            self._ask("prepare", key_id)
            psk = derive(key, key_id, self._kme.own, self._kme.peer)
            # From here on the peer may use it, whatever is heard of it.
            self._unconfirmed, self._keys.other = (key_id, psk), psk
        key_id, psk = self._unconfirmed
        self._ask("use", key_id)
        self._keys.use(psk)
        self._keys.settled()
        self._unconfirmed = None
        say(f"the tunnel uses key {key_id}")

    def _ask(self, what, key_id):
        try:
            with socket.create_connection(self._channel, timeout=TIMEOUT_SECONDS) as connection:
                connection.sendall(json.dumps({what: key_id}).encode() + b"\n")
                answer = json.loads(connection.makefile("rb").readline(LONGEST_LINE))
        except (OSError, ValueError) as error:
            raise Missed(f"the peer does not answer: {error}") from None
        if answer.get("done") == what:
            return
        if what == "use":
            # It was restarted: a new key is due, and until then it may use this one.
            self._unconfirmed = None
        raise Missed(f"the peer says: {str(answer.get('error'))[:200]}")


class Responder:
    """Follows: fetches the key that is named, and uses it when told."""

    def __init__(self, kme, keys):
        self._kme, self._keys = kme, keys
        self._prepared, self.used_id = (None, None), None

    def answer(self, line):
        """Return the answer to one line."""
        try:
            ((what, key_id),) = json.loads(line).items()
            key_id = str(uuid.UUID(key_id))
            {"prepare": self._prepare, "use": self._use}[what](key_id)
        except Missed as error:
            say(error)
            return {"error": str(error)}
        except (AttributeError, KeyError, TypeError, ValueError):
            return {"error": 'a line is {"prepare": key_ID} or {"use": key_ID}'}
        return {"done": what}

    def _prepare(self, key_id):
        if key_id not in (self._prepared[0], self.used_id):
            key = self._kme.key(key_id)
            self._prepared = key_id, derive(key, key_id, self._kme.peer, self._kme.own)

    def _use(self, key_id):
        if key_id == self.used_id:
            return
        if key_id != self._prepared[0]:
            raise Missed("this key was not prepared")
        self._keys.use(self._prepared[1])
        self._prepared, self.used_id = (None, None), key_id
        say(f"the tunnel uses key {key_id}")


def initiate(options, kme, keys):
    """Rotate at each turn; between the turns, look after the tunnel."""
    initiator, misses = Initiator(kme, keys, options.channel), 0
    while True:
        try:
            initiator.rotate()
            misses = 0
        except Missed as error:
            misses += 1
            say(f"the old key stays ({misses} missed): {error}")
            if misses >= options.misses:
                say(f"ALARM: no new key for {misses} turns")
        if options.once:
            return 1 if misses else 0
        ends = time.monotonic() + options.every
        while time.monotonic() < ends:
            time.sleep(min(1.0, options.every))
            keys.revive()


def respond(options, kme, keys):
    """Answer the initiator; between its calls, look after the tunnel."""
    responder = Responder(kme, keys)
    with socket.create_server(options.channel) as server:
        server.settimeout(1.0)
        say("ready")
        while not (options.once and responder.used_id):
            keys.revive()
            try:
                connection, _ = server.accept()
            except TimeoutError:
                continue
            with connection:
                connection.settimeout(TIMEOUT_SECONDS)
                try:
                    line = connection.makefile("rb").readline(LONGEST_LINE)
                    connection.sendall(json.dumps(responder.answer(line)).encode() + b"\n")
                except OSError as error:
                    say(f"the initiator has gone: {error}")
    return 0


def address(text):
    """Return (host, port) of ADDRESS:PORT."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise argparse.ArgumentTypeError("ADDRESS:PORT is expected")
    return host.strip("[]"), int(port)


def main():
    """Run one end."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("role", choices=TRY_SECONDS, help="which end this is")
    parser.add_argument("directory", type=pathlib.Path, help="the link's directory in the VM")
    parser.add_argument("--interface", required=True, help="the WireGuard interface")
    parser.add_argument("--peer", required=True, help="public key of the other end")
    parser.add_argument("--channel", required=True, type=address, metavar="ADDRESS:PORT",
                        help="where the responder listens, inside the tunnel")  # fmt: skip
    parser.add_argument("--every", type=float, default=120.0, help="seconds between two keys (120)")
    parser.add_argument("--misses", type=int, default=3, help="misses in a row that alarm (3)")
    parser.add_argument("--once", action="store_true", help="end after one change")
    options = parser.parse_args()
    keys = Keys(options.role, Tunnel(options.interface, options.peer))
    run = initiate if options.role == "initiator" else respond
    try:
        return run(options, Kme(options.directory), keys)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
