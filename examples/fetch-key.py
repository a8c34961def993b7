#!/usr/bin/env python3
"""Fetch a QKD key inside a VM (ETSI GS QKD 014) and print its key_ID and digest, never the key.

Run it in the VM at one end of a link, then, with the key_ID that it prints, in the other one:

    fetch-key.py /etc/slices-qkd/LINK
    fetch-key.py /etc/slices-qkd/LINK --key-id KEY_ID

Standard library only. It stands for your own application: use the key where `digest` is made.
"""

import argparse
import base64
import hashlib
import json
import pathlib
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request


def main() -> int:
    """Fetch one key and print what may be printed of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=pathlib.Path, help="the link's directory in the VM")
    parser.add_argument("--key-id", help="fetch the key that the other end has got")
    options = parser.parse_args()
    link = json.loads((options.directory / "link.json").read_text(encoding="utf-8"))
    if options.key_id is None:
        method, body = "enc_keys", {"number": 1, "size": link["key_size_bits"]}
    else:
        method, body = "dec_keys", {"key_IDs": [{"key_ID": options.key_id}]}
    peer = urllib.parse.quote(link["peer_sae_id"], safe="")
    url = f"{link['kme_url']}/api/v1/keys/{peer}/{method}"
    try:
        container = post(url, body, options.directory)
    except urllib.error.HTTPError as error:
        message = json.loads(error.read()).get("message", "")
        sys.stderr.write(f"fetch-key.py: the KME answers {error.code}: {message}\n")
        return 1
    (entry,) = container["keys"]
    digest = hashlib.sha256(base64.b64decode(entry["key"])).hexdigest()[:16]
    sys.stdout.write(json.dumps({"key_ID": entry["key_ID"], "sha256_begins": digest}) + "\n")
    return 0


def post(url: str, body: dict[str, object], directory: pathlib.Path) -> dict[str, list]:
    """Send a request as the SAE of this VM, and return the KME's answer."""
    context = ssl.create_default_context(cafile=str(directory / "ca.pem"))
    context.load_cert_chain(str(directory / "certificate.pem"), str(directory / "key.pem"))
    request = urllib.request.Request(  # noqa: S310 -- the URL is the site's own, https
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )
    with opener.open(request, timeout=10) as answer:
        return json.load(answer)


if __name__ == "__main__":
    sys.exit(main())
