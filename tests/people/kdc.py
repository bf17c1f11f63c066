"""A real Kerberos realm (MIT's KDC) in a folder of its own, on a port of its own; the machine's is not touched."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ami_bridge.demo.ports import free_tcp

REALM = "RATHAUS.EXAMPLE"
PROGRAMS = "/usr/sbin:/usr/bin:/sbin:/bin"


class Realm:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.keytab = folder / "http.keytab"
        self.port = free_tcp()
        self.env = {
            **os.environ,
            "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
            "KRB5_CONFIG": str(folder / "krb5.conf"),
            "KRB5_KDC_PROFILE": str(folder / "kdc.conf"),
        }

    def write(self) -> None:
        (self.folder / "krb5.conf").write_text(
            f"[libdefaults]\ndefault_realm = {REALM}\nrdns = false\ndns_canonicalize_hostname = false\n"
            f"dns_lookup_kdc = false\n[realms]\n{REALM} = {{\n kdc = 127.0.0.1:{self.port}\n}}\n"
            f"[domain_realm]\nlocalhost = {REALM}\n",
            encoding="ascii",
        )
        (self.folder / "kdc.conf").write_text(
            f"[kdcdefaults]\nkdc_listen = 127.0.0.1:{self.port}\nkdc_tcp_listen = 127.0.0.1:{self.port}\n"
            f"[realms]\n{REALM} = {{\n database_name = {self.folder}/principal\n key_stash_file = {self.folder}/stash\n"
            f" acl_file = {self.folder}/acl\n}}\n[logging]\nkdc = FILE:{self.folder}/kdc.log\n",
            encoding="ascii",
        )

    async def run(self, *argv: str, entered: str = "", **env: str) -> str:
        process = await asyncio.create_subprocess_exec(
            *argv, env={**self.env, **env}, stdin=-1, stdout=-1, stderr=asyncio.subprocess.STDOUT
        )
        said, _ = await asyncio.wait_for(process.communicate(entered.encode()), 30)
        assert process.returncode == 0, said.decode()
        return said.decode()

    async def ticket(self, principal: str) -> str:
        """Have somebody sign in to the realm, as a desk does in the morning; returns where their tickets are."""
        cache = f"FILE:{self.folder}/cc-{principal.replace('/', '-')}"
        await self.run("kinit", principal, entered=f"{principal}'s password\n", KRB5CCNAME=cache)
        return cache


@asynccontextmanager
async def a_realm(folder: Path, *people: str) -> AsyncIterator[Realm]:
    """A realm with these people and the service HTTP/localhost."""
    realm = Realm(folder)
    realm.write()
    await realm.run("kdb5_util", "create", "-s", "-r", REALM, "-P", "master")
    wishes = [f'addprinc -pw "{one}\'s password" {one}' for one in people]
    wishes += ["addprinc -randkey HTTP/localhost", f"ktadd -k {realm.keytab} HTTP/localhost"]
    await realm.run("kadmin.local", entered="\n".join(wishes) + "\n")
    process = await asyncio.create_subprocess_exec("krb5kdc", "-n", env=realm.env, stdout=-3, stderr=-3)
    try:
        async with asyncio.timeout(30):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", realm.port)
                except OSError:
                    await asyncio.sleep(0.02)
                else:
                    writer.close()
                    break
        yield realm
    finally:
        process.kill()
        await process.wait()
