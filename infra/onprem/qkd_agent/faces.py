"""Servers and certificates of the faces."""

import ssl
from pathlib import Path

from cryptography import x509

from infra.onprem.qkd_agent.config_sections import FaceSection
from infra.onprem.qkd_agent.web.router import Router
from infra.onprem.qkd_agent.web.server import HttpsServer
from infra.onprem.qkd_agent.web.tls import Identity, server_context


def identity_of(face: FaceSection) -> Identity:
    """Return the certificate files of a face."""
    return Identity(face.certificate, face.private_key, face.trusted_ca)


def server_of(face: FaceSection, router: Router, minimum: ssl.TLSVersion) -> HttpsServer:
    """Return the server of a face that asks for a client certificate."""
    context = server_context(identity_of(face), minimum)
    return HttpsServer((face.host, face.port), context, router.answer, face.threads)


def end_of(certificate: Path) -> float:
    """Return the end of validity of a certificate, in seconds since 1970."""
    loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
    return loaded.not_valid_after_utc.timestamp()
