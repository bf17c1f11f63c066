"""A real OpenLDAP with a small town in it, over TLS as well, for tests."""

import asyncio
import datetime as dt
import ipaddress
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ami_bridge.config import Ldap

SOON = 20.0
BASE = "dc=town,dc=example"
PEOPLE = f"ou=people,{BASE}"
READER = f"cn=ami-bridge,{BASE}"
ROOT = f"cn=root,{BASE}"
SECRET = 'reader\'s ümläut \\ "secret"'
CONFIG = """\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
pidfile {folder}/slapd.pid
TLSCACertificateFile {folder}/ca.pem
TLSCertificateFile {folder}/server.pem
TLSCertificateKeyFile {folder}/server.key
sizelimit size.soft=500 size.hard=500 size.pr=500 size.prtotal=unlimited
database mdb
suffix "{base}"
rootdn "{root}"
rootpw root
directory {folder}/db
overlay memberof
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{reader}" read by anonymous auth by * none
"""
TOWN = f"""\
dn: {BASE}
objectClass: domain
dc: town

dn: {READER}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: ami-bridge
userPassword: {SECRET}

dn: {PEOPLE}
objectClass: organizationalUnit
ou: people

dn: ou=groups,{BASE}
objectClass: organizationalUnit
ou: groups
"""


class Slapd:
    """One running directory."""

    def __init__(self, folder: Path, port: int, tls_port: int) -> None:
        self.folder = folder
        self.port = port
        self.tls_port = tls_port
        self.process: asyncio.subprocess.Process

    def place(self, url: str = "", **changes: str) -> Ldap:
        """How it is configured: encrypted, with its own authority."""
        usual = {"user": READER, "password": SECRET, "ca_file": str(self.folder / "ca.pem"), "base": PEOPLE}
        return Ldap(url=url or f"ldap://127.0.0.1:{self.port}", **(usual | changes))

    async def start(self) -> None:
        urls = f"ldap://127.0.0.1:{self.port} ldaps://127.0.0.1:{self.tls_port}"
        self.process = await asyncio.create_subprocess_exec(
            "/usr/sbin/slapd", "-d", "0", "-h", urls, "-f", str(self.folder / "slapd.conf")
        )
        async with asyncio.timeout(SOON):
            while True:
                assert self.process.returncode is None, "slapd has ended"
                with suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                    writer.close()
                    return
                await asyncio.sleep(0.02)

    async def stop(self) -> None:
        if self.process.returncode is None:
            self.process.terminate()
            await self.process.wait()

    async def change(self, program: str, text: str, *words: str) -> None:
        """Write something into it, as its administrator."""
        process = await asyncio.create_subprocess_exec(
            program, "-x", "-H", f"ldap://127.0.0.1:{self.port}", "-D", ROOT, "-w", "root", *words,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await process.communicate(text.encode())
        assert process.returncode == 0, said.decode()

    async def add(self, *entries: str) -> None:
        await self.change("ldapadd", "\n".join(entries))

    async def remove(self, *dns: str) -> None:
        await self.change("ldapdelete", "", *dns)


def person(login: str, name: str, password: str = "", *, at: str = "", tels: Sequence[str] = (), unit: str = "") -> str:
    """One person in LDIF."""
    lines = [
        f"dn: uid={at or login},{PEOPLE}", "objectClass: inetOrgPerson", f"uid: {login}", f"cn: {name}",
        f"sn: {name.rsplit(maxsplit=1)[-1]}", f"mail: {login}@town.example",
    ]  # fmt: skip
    lines += [f"telephoneNumber: {tel}" for tel in tels]
    lines += [f"departmentNumber: {unit}"] * bool(unit) + [f"userPassword: {password}"] * bool(password)
    return "\n".join(lines) + "\n"


def group(name: str, *logins: str) -> str:
    members = "\n".join(f"member: uid={login},{PEOPLE}" for login in logins)
    return f"dn: cn={name},ou=groups,{BASE}\nobjectClass: groupOfNames\ncn: {name}\n{members}\n"


@asynccontextmanager
async def slapd(folder: Path) -> AsyncIterator[Slapd]:
    """Run one until the end of the block."""
    (folder / "db").mkdir(parents=True)
    certificates(folder)
    it = Slapd(folder, free_port(), free_port())
    config = CONFIG.format(folder=folder, base=BASE, root=ROOT, reader=READER)
    (folder / "slapd.conf").write_text(config, encoding="utf-8")
    await it.start()
    try:
        await it.add(TOWN)
        yield it
    finally:
        await it.stop()


def certificates(folder: Path) -> None:
    """Make an authority, and what it says of 127.0.0.1."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Town CA")])
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "directory")])
    begins = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)  # noqa: TID251 - slapd's clock is the machine's

    def certificate(subject: x509.Name, public: ec.EllipticCurvePublicKey, *, ca: bool) -> x509.Certificate:
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(ca_name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(begins + dt.timedelta(days=2))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        return (made if ca else made.add_extension(names, critical=False)).sign(ca_key, hashes.SHA256())

    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(certificate(ca_name, ca_key.public_key(), ca=True).public_bytes(pem))
    (folder / "server.pem").write_bytes(certificate(name, key.public_key(), ca=False).public_bytes(pem))
    (folder / "server.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
