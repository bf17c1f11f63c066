"""Clients as the desktop starts them: a process each, with settings and token of its own, over TLS if wanted."""

import asyncio
import json
import os
import re
import ssl
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from msgspec import Struct

from ami_bridge.demo.processes import Process, caller
from tests.desktop.world import utc

MIB = 1024.0


class Memory(Struct, frozen=True):
    """What one process takes, in MiB, as the kernel says."""

    rss: float
    pss: float
    """The share of this process, where others use the same pages."""
    private: float


def memory(pid: int) -> Memory:
    """Read it; needs no rights beyond those of the owner."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    of = {name: int(size) / MIB for name, size in re.findall(r"^(\w+): +(\d+) kB$", text, re.MULTILINE)}
    return Memory(of["Rss"], of["Pss"], of["Private_Clean"] + of["Private_Dirty"])


def write_settings(home: Path, *, url: str, token: str, **more: object) -> dict[str, str]:
    """Write what a person has in the home folder; return the environment."""
    config = home / "ami-bridge"
    config.mkdir(parents=True, exist_ok=True)
    lines = [f"{key} = {json.dumps(value)}" for key, value in {"url": url, "language": "de", **more}.items()]
    (config / "desktop.toml").write_text("\n".join(lines), encoding="utf-8")
    (config / "token").write_text(token, encoding="ascii")
    caller().give(home)
    return {"XDG_CONFIG_HOME": str(home)}


CLIENT = (sys.executable, "-m", "ami_bridge.desktop.run")


def expiring_after(milliseconds: int) -> tuple[str, ...]:
    """Return the command of a client whose bubbles last for less long than usual."""
    hurry = (
        "from ami_bridge.desktop import bubble, run, screen;"
        f"bubble.LONG = {milliseconds}; screen.REFRESH_EVERY = {milliseconds / 1500}; run.main()"
    )
    return sys.executable, "-c", hurry


def noticing_after(seconds: float) -> tuple[str, ...]:
    """Return the command of a client that notices sooner than usual that it was stopped."""
    hurry = (
        "from ami_bridge.desktop import client, run, screen;"
        f"client.BEAT = {seconds / 2}; client.SLEPT = screen.SLEPT = {seconds}; run.main()"
    )
    return sys.executable, "-c", hurry


@asynccontextmanager
async def a_client(
    env: Mapping[str, str], output: Path | None = None, argv: Sequence[str] = CLIENT
) -> AsyncIterator[Process]:
    """Have a client run while the block lasts."""
    process = await Process.start(
        argv,
        name="ami-bridge-desktop",
        account=caller(),
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **env},
        output=output,
    )
    try:
        yield process
    finally:
        await process.stop()


async def until_shown(pid: int, settled: float = 1.0) -> None:
    """Wait until a process takes no more memory than a moment ago: it has begun."""
    before = 0.0
    while (now := memory(pid).rss) != before:
        before = now
        await asyncio.sleep(settled)


def certified(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Make a certificate for this machine; return the server's side and the file that clients trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(utc() - timedelta(days=1))
        .not_valid_after(utc() + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "house.pem", folder / "house.key"
    certificate.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, secret)
    return context, certificate
