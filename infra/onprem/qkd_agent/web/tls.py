"""TLS contexts: both ends show a certificate, the CA is pinned, the environment has no say."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.onprem.qkd_agent.web.messages import PeerCertificate


@dataclass(frozen=True)
class Identity:
    """Certificate and key to show, and the CA that the other end must come from."""

    certificate: Path
    private_key: Path
    trusted_ca: Path


def server_context(
    identity: Identity,
    minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2,
    *,
    needs_client_certificate: bool = True,
) -> ssl.SSLContext:
    """Return the context of a server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = minimum
    context.load_cert_chain(identity.certificate, identity.private_key)
    if needs_client_certificate:
        context.load_verify_locations(identity.trusted_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_context(
    identity: Identity, minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
) -> ssl.SSLContext:
    """Return the context of a client.

    The name of the server is compared by the HTTP client (`assert_hostname`), so that a KME with
    a CN-only certificate can be checked by its CN; the chain is always verified.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = minimum
    context.load_cert_chain(identity.certificate, identity.private_key)
    context.load_verify_locations(identity.trusted_ca)
    context.check_hostname = False
    context.hostname_checks_common_name = True
    return context


def peer_certificate(connection: ssl.SSLSocket) -> PeerCertificate | None:
    """Return what the verified certificate of a connection's other end says."""
    found: dict[str, Any] | None = connection.getpeercert()
    if not found:
        return None
    names = [value for part in found["subject"] for name, value in part if name == "commonName"]
    alternatives = found.get("subjectAltName", ())
    return PeerCertificate(
        common_name=names[-1] if names else "",
        uris=tuple(value for kind, value in alternatives if kind == "URI"),
        serial=found["serialNumber"],
        expires_at=float(ssl.cert_time_to_seconds(found["notAfter"])),
    )
