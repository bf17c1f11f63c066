"""The page's own address is looked at as a browser would: whether it is ours, and how long its certificate holds."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ami_bridge.config import Config, Pbx, Web
from ami_bridge.doctor.network import Around

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
FOR_EVER = timedelta(days=36_500)


@asynccontextmanager
async def proxy(folder: Path, *, says: str = "alive\n") -> AsyncIterator[str]:
    """Run a web server with TLS for 127.0.0.1, as one stands before the daemon; yields its origin."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "town")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(NOON + FOR_EVER)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem, traditional = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL
    (folder / "key.pem").write_bytes(key.private_bytes(pem, traditional, plain))
    (folder / "cert.pem").write_bytes(certificate.public_bytes(pem))
    shown = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    shown.load_cert_chain(folder / "cert.pem", folder / "key.pem")

    async def livez(_request: web.Request) -> web.Response:
        return web.Response(text=says)

    app = web.Application()
    app.router.add_get("/livez", livez)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=shown).start()
    try:
        yield f"https://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def found(origin: str, now: datetime = NOON) -> dict[str, str]:
    config = Config(pbx=[Pbx(id="town", secret="s")], web=Web(origin=origin))
    around = Around(config, names=int, now=lambda: now, daemon=True)
    return {one.code: one.what.said("en") for one in await around.web()}


async def test_a_certificate_is_told_of_two_weeks_before_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with proxy(tmp_path) as origin:
        assert set(await found(origin)) == {"web.certificate"}, "nobody knows who signed it"
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        assert set(await found(origin)) == {"web.fine"}
        assert set(await found(origin, NOON + FOR_EVER - timedelta(days=15))) == {"web.fine"}
        assert await found(origin, NOON + FOR_EVER - timedelta(days=13, hours=1)) == {
            "web.expires": f"The certificate of {origin} expires in 13 days."
        }


async def test_another_page_at_our_address_is_not_taken_for_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with proxy(tmp_path, says="It works!") as origin:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        assert set(await found(origin)) == {"web.not_us"}
    assert set(await found(origin)) == {"web.unreachable"}
