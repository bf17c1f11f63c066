"""Cyrus as processes of its own in a folder with Debian's package: a calendar server that delivers invitations."""

import asyncio
import imaplib
import os
import shutil
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from ami_bridge.demo.ports import LOCAL, free_tcp
from ami_bridge.demo.processes import Account, Process
from ami_bridge.demo.programs import programs

PACKAGES = ("cyrus-imapd", "cyrus-caldav", "nullmailer")
FOLDER = Path(__file__).parents[2] / ".demo" / "cyrus"
READY_WITHIN = 30.0
DOMAINS = "example.org musterhausen.example"
CONFIG = """\
configdirectory: {at}/lib
partition-default: {at}/mail
defaultpartition: default
proc_path: {at}/run/proc
mboxname_lockpath: {at}/run/lock
lmtpsocket: {at}/run/lmtp
idlesocket: {at}/run/idle
notifysocket: {at}/run/notify
admins: cyrus
unixhierarchysep: yes
httpmodules: caldav
caldav_create_default: yes
caldav_create_sched: yes
caldav_allowscheduling: on
calendar_user_address_set: {domains}
sasl_pwcheck_method: alwaystrue
sasl_mech_list: PLAIN
allowplaintext: yes
"""
SERVICES = """\
START {{
  recover cmd="/usr/lib/cyrus/bin/ctl_cyrusdb -C {at}/imapd.conf -r"
}}
SERVICES {{
  imap cmd="/usr/lib/cyrus/bin/imapd -C {at}/imapd.conf" listen="{local}:{imap}" prefork=0
  http cmd="/usr/lib/cyrus/bin/httpd -C {at}/imapd.conf" listen="{local}:{http}" prefork=1
}}
EVENTS {{ }}
"""


class Cyrus:
    """A running Cyrus; it takes any password, for it listens to this machine only, and as long as a test."""

    def __init__(self, port: int, imap: int) -> None:
        self.url = f"http://{LOCAL}:{port}/"
        self._imap = imap
        self.user = "konferenz"
        self.password = "secret"

    def calendar(self, user: str) -> str:
        """Return the path of somebody's calendar."""
        return f"/dav/calendars/user/{user}/Default/"

    def share(self, user: str, to: str) -> None:
        """Let somebody write in somebody's calendar."""
        admin = imaplib.IMAP4(LOCAL, self._imap)
        admin.login("cyrus", "secret")
        assert admin.setacl(f'"user/{user}/#calendars/Default"', to, "lrswipkxtecdan9")[0] == "OK"
        admin.logout()


@asynccontextmanager
async def cyrus(users: Sequence[str]) -> AsyncIterator[Cyrus]:
    """Start one with these people, and end it."""
    async with programs(FOLDER, say=print, packages=PACKAGES) as found:
        imap, http = free_tcp(), free_tcp()
        inside = f"/srv/cyrus-{os.getpid()}-{http}"
        folder = found.root / inside.lstrip("/")
        account = await asyncio.to_thread(_write, found.root, folder, inside, imap, http)
        process = await Process.start(
            ["/usr/sbin/cyrmaster", "-C", f"{inside}/imapd.conf", "-M", f"{inside}/cyrus.conf", "-p", f"{inside}/pid",
             "-D", "-L", f"{inside}/log"],
            name="cyrus", account=account, root=found.root,
        )  # fmt: skip
        try:
            await asyncio.to_thread(_welcome, imap, users, process)
            running = Cyrus(http, imap)
            async with aiohttp.ClientSession() as session:
                for user in users:  # a calendar, and with it invitations, come with its first use
                    headers = {"Authorization": aiohttp.encode_basic_auth(user, "x")}
                    url = f"http://{LOCAL}:{http}{running.calendar(user)}"
                    async with session.request("PROPFIND", url, headers=headers) as answer:
                        assert answer.status == 207
            yield running
        finally:
            await process.stop()
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _write(root: Path, folder: Path, inside: str, imap: int, http: int) -> Account:
    for name in ("lib", "mail", "run"):
        (folder / name).mkdir(parents=True)
    (folder / "imapd.conf").write_text(CONFIG.format(at=inside, domains=DOMAINS), encoding="utf-8")
    (folder / "cyrus.conf").write_text(SERVICES.format(at=inside, local=LOCAL, imap=imap, http=http), encoding="utf-8")
    lines = (root / "etc/passwd").read_text(encoding="utf-8").splitlines()
    _, _, uid, gid, *_ = next(line for line in lines if line.startswith("cyrus:")).split(":")
    account = Account(uid=int(uid), gid=int(gid))
    account.give(folder)
    return account


def _welcome(port: int, users: Sequence[str], process: Process) -> None:
    """Give everybody a mailbox, and with it a calendar."""
    import time  # noqa: PLC0415

    end = time.monotonic() + READY_WITHIN
    while True:
        try:
            admin = imaplib.IMAP4(LOCAL, port)
            break
        except OSError:
            assert process.running, "Cyrus did not start"
            assert time.monotonic() < end, "Cyrus does not listen"
            time.sleep(0.1)
    admin.login("cyrus", "secret")
    for user in users:
        assert admin.create(f"user/{user}")[0] == "OK"
    admin.logout()


async def _have(folder: Path) -> None:
    async with programs(folder, say=print, packages=PACKAGES):
        pass


if __name__ == "__main__":  # `make test` makes the folder first: no test has a time limit for a download
    asyncio.run(_have(Path(sys.argv[1]).resolve()))
