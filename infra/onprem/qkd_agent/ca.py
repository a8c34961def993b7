"""The lab's certificate authority: small, for one lab, with short-lived certificates.

It signs what others generated: private keys of SAEs are made where they are used and never come
here. Keys made by this module are those of the CA and of the agents, by the operator's command.
"""

import datetime as dt
import hashlib
import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SAE_URI_PREFIX = "urn:sae:"
# Clocks that are ten minutes off shall still agree that a new certificate is valid.
_CLOCK_TOLERANCE = dt.timedelta(minutes=15)


class BadSigningRequest(Exception):
    """A CSR that is not signed for."""


@dataclass(frozen=True)
class Issued:
    """A certificate that was issued.

    Attributes:
        pem: The certificate.
        serial: Upper-case hex, as TLS libraries show it.
        expires_at: End of validity, seconds since 1970.
    """

    pem: str
    serial: str
    expires_at: float


@dataclass(frozen=True)
class SigningRequest:
    """What is taken from a CSR: the public key, and nothing else."""

    public_key: ec.EllipticCurvePublicKey

    @property
    def key_digest(self) -> str:
        """Return SHA-256 of the public key (SubjectPublicKeyInfo), hex."""
        encoded = self.public_key.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return hashlib.sha256(encoded).hexdigest()


def read_signing_request(csr_pem: str) -> SigningRequest:
    """Return what a CSR asks to be signed.

    Raises:
        BadSigningRequest: If the CSR is malformed, its signature is wrong or its key is not an
            elliptic-curve key of at least 256 bits.
    """
    try:
        request = x509.load_pem_x509_csr(csr_pem.encode())
        is_signed = request.is_signature_valid
        public_key = request.public_key()
    except (ValueError, InvalidSignature) as error:
        raise BadSigningRequest("the CSR is not a PEM certificate request") from error
    if not is_signed:
        raise BadSigningRequest("the signature of the CSR is wrong")
    if not isinstance(public_key, ec.EllipticCurvePublicKey) or public_key.key_size < 256:  # noqa: PLR2004  # bits
        raise BadSigningRequest("the CSR needs an elliptic-curve key of at least 256 bits")
    return SigningRequest(public_key)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def write_private(path: Path, content: bytes) -> None:
    """Write a new file that only its owner may read.

    Raises:
        FileExistsError: If there is one; no key is overwritten.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)


def create_ca(directory: Path, common_name: str, days: int = 3650) -> None:
    """Make a CA: `ca.pem` and `ca.key` in a directory."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = dt.datetime.now(dt.UTC)
    builder = _builder(_name(common_name), _name(common_name), key.public_key())
    builder = builder.not_valid_before(now - _CLOCK_TOLERANCE)
    builder = builder.not_valid_after(now + dt.timedelta(days=days))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_key_usage(is_ca=True), critical=True)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = builder.add_extension(identifier, critical=False)
    certificate = builder.sign(key, hashes.SHA256())
    directory.mkdir(parents=True, exist_ok=True)
    write_private(directory / "ca.key", _key_pem(key))
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    (directory / "ca.pem").write_bytes(pem)


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    return x509.CertificateBuilder(
        subject_name=subject,
        issuer_name=issuer,
        public_key=public_key,
        serial_number=x509.random_serial_number(),
    )


def _key_usage(*, is_ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        encipher_only=False,
        decipher_only=False,
    )


def _host_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


class CertificateAuthority:
    """Signs certificates with the CA in two files."""

    def __init__(self, certificate: Path, private_key: Path) -> None:
        self._certificate = x509.load_pem_x509_certificate(certificate.read_bytes())
        key = serialization.load_pem_private_key(private_key.read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError("the CA's key must be an elliptic-curve key")
        self._key = key

    def issue_sae(self, request: SigningRequest, sae_id: str, seconds: float) -> Issued:
        """Sign a client certificate for an SAE."""
        uri = x509.UniformResourceIdentifier(SAE_URI_PREFIX + quote(sae_id, safe=""))
        usages = [ExtendedKeyUsageOID.CLIENT_AUTH]
        return self._issue(sae_id, request.public_key, [uri], usages, seconds)

    def issue_pair(
        self, common_name: str, hosts: Sequence[str], seconds: float
    ) -> tuple[Issued, bytes]:
        """Make a key pair and certificate for an agent or an operator.

        Returns:
            The certificate, and the private key as PEM.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        usages = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
        names = [_host_name(host) for host in hosts]
        issued = self._issue(common_name, key.public_key(), names, usages, seconds)
        return issued, _key_pem(key)

    def _issue(
        self,
        common_name: str,
        public_key: ec.EllipticCurvePublicKey,
        names: Sequence[x509.GeneralName],
        usages: Sequence[x509.ObjectIdentifier],
        seconds: float,
    ) -> Issued:
        now = dt.datetime.now(dt.UTC)
        end = now + dt.timedelta(seconds=seconds)
        builder = _builder(_name(common_name), self._certificate.subject, public_key)
        builder = builder.not_valid_before(min(now, end) - _CLOCK_TOLERANCE)
        builder = builder.not_valid_after(end)
        plain = x509.BasicConstraints(ca=False, path_length=None)
        builder = builder.add_extension(plain, critical=True)
        builder = builder.add_extension(_key_usage(is_ca=False), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(issuer, critical=False)
        if names:
            alternatives = x509.SubjectAlternativeName(names)
            builder = builder.add_extension(alternatives, critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        return Issued(
            pem=certificate.public_bytes(serialization.Encoding.PEM).decode("ascii"),
            serial=f"{certificate.serial_number:X}",
            expires_at=certificate.not_valid_after_utc.timestamp(),
        )
