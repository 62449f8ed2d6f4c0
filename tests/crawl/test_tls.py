"""Encrypted connections: certificates are verified, and each fault is told as what it is."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from crawler.spiders.download import tls_context
from tests.crawl.conftest import serving

NOW = datetime.now(UTC)


def certificate(folder: Path, *, host: str = "127.0.0.1", days: int = 30) -> Path:
    """A self-signed certificate with its key, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=60))
        .not_valid_after(NOW + timedelta(days=days))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(built.public_bytes(encoding) + private)
    return path


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Makes a certificate one that this machine trusts."""

    def trust(path: Path) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        tls_context.cache_clear()

    tls_context.cache_clear()
    yield trust
    tls_context.cache_clear()


async def answer_of(crawl: Any, folder: Path, pem: Path) -> Any:
    site_folder = folder / "site"
    site_folder.mkdir()
    with serving(site_folder, str(pem)) as site:
        async with crawl() as c:
            return await c.page(f"https://127.0.0.1:{site.tls_port}/page/1")


async def test_a_good_certificate(tmp_path: Path, crawl: Any, trusted: Any) -> None:
    pem = certificate(tmp_path)
    trusted(pem)
    answer = await answer_of(crawl, tmp_path, pem)
    assert answer.error is None
    assert answer.capture.url.startswith("https://")


@pytest.mark.parametrize(
    ("options", "is_trusted", "words"),
    [
        ({}, False, "self-signed"),
        ({"days": -1}, True, "expired"),
        ({"host": "10.1.2.3"}, True, "IP address mismatch"),
    ],
    ids=["unknown issuer", "expired", "other name"],
)
async def test_a_bad_certificate_is_no_page(
    tmp_path: Path, crawl: Any, trusted: Any, options: dict[str, Any], is_trusted: bool, words: str
) -> None:
    pem = certificate(tmp_path, **options)
    if is_trusted:
        trusted(pem)
    answer = await answer_of(crawl, tmp_path, pem)
    assert answer.error.kind == "certificate", answer.error
    assert words in answer.error.detail
    assert answer.capture is None


async def test_a_server_that_speaks_no_tls(crawl: Any) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    async with server, crawl() as c:
        error = await c.error(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/page/1")
    assert error.kind == "tls", error
