"""Addresses that are not the server's, as TLS tells: settings to mend, and no outage that passes by itself."""

import asyncio
import ipaddress
import os
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from jackfield.domain.health import Health, health_after
from jackfield.domain.provider import ConfigurationRejected, concerns_the_integration
from jackfield.providers._client import open_client
from support.recorded import LOOPBACK

#: a process of its own, since trust is read from the environment once
ASK = """
import asyncio, sys
from ipaddress import ip_network
from jackfield.domain.provider import ProviderError
from jackfield.providers._client import open_client

async def ask():
    async with open_client([ip_network("127.0.0.0/8")], {}) as http:
        try:
            print((await http.request("gitlab", "GET", sys.argv[1])).status)
        except ProviderError as error:
            print(type(error).__name__, error)

asyncio.run(ask())
"""


def certificate(folder: Path, address: str = "127.0.0.1", *, days: int = 1) -> Path:
    """A file with a certificate for that address and its key, signed by nobody else; it ends after so many days."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "recorded")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=10))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    return path


@asynccontextmanager
async def server(pem: Path | None) -> AsyncIterator[int]:
    """The port of a server that answers every request with nothing; in plain HTTP without a certificate."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        except asyncio.IncompleteReadError:
            pass
        except asyncio.LimitOverrunError:
            writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async def answer_plainly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    context = None
    if pem is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
    listening = await asyncio.start_server(answer if pem else answer_plainly, "127.0.0.1", 0, ssl=context)
    async with listening:
        yield listening.sockets[0].getsockname()[1]


async def refused(pem: Path | None) -> ConfigurationRejected:
    async with server(pem) as port, open_client(LOOPBACK, {}) as http:
        with pytest.raises(ConfigurationRejected) as raised:
            await http.request("gitlab", "GET", f"https://127.0.0.1:{port}/api/v4/user/hidden")
    return raised.value


def check_that_a_person_is_asked(error: ConfigurationRejected) -> None:
    assert health_after(error) is Health.MISCONFIGURED
    assert concerns_the_integration(error)
    assert str(error).startswith("127.0.0.1 ")
    assert "hidden" not in str(error)


async def ask_trusting(pem: Path) -> str:
    """What comes of asking the server, for a process whose SSL_CERT_FILE is the server's own certificate."""
    async with server(pem) as port:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", ASK, f"https://127.0.0.1:{port}/"),
            env={**os.environ, "SSL_CERT_FILE": str(pem)},
            stdout=subprocess.PIPE,
        )
        told, _ = await process.communicate()
    return told.decode().strip()


def test_a_certificate_that_nobody_vouches_for_is_a_setting_to_mend(tmp_path: Path) -> None:
    error = asyncio.run(refused(certificate(tmp_path)))
    check_that_a_person_is_asked(error)
    assert "does not trust" in str(error)
    assert "SSL_CERT_FILE" in str(error)


def test_plain_http_where_https_was_entered_is_a_setting_to_mend() -> None:
    error = asyncio.run(refused(None))
    check_that_a_person_is_asked(error)
    assert "enter its address with http" in str(error)


def test_a_private_authority_is_trusted_by_ssl_cert_file(tmp_path: Path) -> None:
    assert asyncio.run(ask_trusting(certificate(tmp_path))) == "200"


def test_a_certificate_for_another_name_is_a_setting_to_mend(tmp_path: Path) -> None:
    told = asyncio.run(ask_trusting(certificate(tmp_path, "192.0.2.1")))
    assert told.startswith("ConfigurationRejected 127.0.0.1 has a certificate for another name")


def test_an_expired_certificate_says_so(tmp_path: Path) -> None:
    told = asyncio.run(ask_trusting(certificate(tmp_path, days=-1)))
    assert told.startswith("ConfigurationRejected 127.0.0.1 has a certificate that has expired")
