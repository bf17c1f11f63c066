"""The town hall in containers: writes what the services of docker-compose.yml find in their volumes.

The service `setup` runs this at every `docker compose up`. Secrets, books, calls and what Asterisk remembers stay as
they are; configuration is written anew, so that a newer image brings its own.
"""

import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from ami_bridge import config_file
from ami_bridge.demo import hall, scenarios
from ami_bridge.demo.groupware import Radicale
from ami_bridge.demo.pbx import Pbx
from ami_bridge.demo.phones import Phone
from ami_bridge.demo.ports import LOCAL, PHONES, Ports, fixed
from ami_bridge.demo.processes import Account
from ami_bridge.demo.programs import Programs
from ami_bridge.demo.scenarios import Words
from ami_bridge.demo.town import BRIDGE_USER, PEOPLE, PREFIX, Secrets
from ami_bridge.errors import BadRequestError, BridgeError
from ami_bridge.share import shared

HIGHEST = 65535
TALK = 10_000  # milliseconds for which a played call rings, and then speaks
# Docker's port forwarding is a NAT: what a telephone outside says of its own address is of no use, and the way to it
# is forgotten after a minute and a half without a packet.
BEHIND_NAT = """\
rewrite_contact = yes
rtp_symmetric = yes
force_rport = yes
"""
OPEN = """\
bind = 0.0.0.0:{port}
; Published on the host's loopback alone, and that is what telephones are told.
external_signaling_address = 127.0.0.1
external_media_address = 127.0.0.1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerPorts(Ports):
    """The ports of the set; those that are published have the same number inside and outside."""

    rtp_last: int

    @property
    def rtp_to(self) -> int:
        """Asterisk's last voice port: each published port costs, so there are few."""
        return self.rtp_last


@dataclass(frozen=True, slots=True, kw_only=True)
class Owners:
    """Whom the services run as; each reads its own things and nobody else's."""

    setup: Account
    daemon: Account
    asterisk: Account
    groupware: Account
    telephones: Account


OWNERS = Owners(
    setup=Account(uid=0, gid=0),
    daemon=Account(uid=10001, gid=10001),
    asterisk=Account(uid=10002, gid=10002),
    groupware=Account(uid=10003, gid=10003),
    telephones=Account(uid=10004, gid=10004),
)


class ContainerPrograms(Programs):
    """Where the programs are in Asterisk's image; the setup runs in another one and cannot look."""

    def modules(self) -> str:
        """Asterisk's folder of modules: a link of the image that hides the machine's architecture."""
        return "/usr/lib/asterisk/modules"

    def data(self) -> str:
        """Asterisk's folder of prompts and music."""
        return "/usr/share/asterisk"


class ContainerPbx(Pbx):
    """The town's Asterisk as its container finds it."""

    inside = "/srv/pbx/town"
    phones_inside = "/srv/telephones"

    def __init__(self, *, root: Path, ports: Ports, secrets: Secrets, owners: Owners) -> None:
        """Prepare it: written below `root`, which is `/` in the container."""
        super().__init__(home=root / "srv", instance="town", ports=ports, secrets=secrets)
        self.programs = ContainerPrograms(root=Path("/"))
        self.account = owners.asterisk
        self._owners = owners
        self._kept = root / "srv/pbx/town"
        self._telephones = root / "srv/telephones"
        self.folder = self._kept.with_name("new")

    @property
    def phones_folder(self) -> Path:
        """Where telephones keep their things: in a volume of their own, away from the manager's secrets."""
        return self._telephones

    def write(self) -> None:
        """Write its configuration, open to the container's network for SIP and voice alone."""
        self._write()
        path = self.folder / "etc/pjsip.conf"
        text = path.read_text(encoding="utf-8")
        text = _once(text, f"bind = {LOCAL}:{self.ports.sip}\n", OPEN.format(port=self.ports.sip))
        text = _once(text, "context = internal\n", f"context = internal\n{BEHIND_NAT}")
        text = _once(text, "qualify_frequency = 0\n", "qualify_frequency = 25\n")
        path.write_text(text, encoding="utf-8")
        # Asterisk reads its configuration and cannot change it.
        Account(uid=self._owners.setup.uid, gid=self.account.gid).give(self.folder / "etc")
        _closed(self.folder / "etc")
        _bring(self.folder, self._kept, anew={"etc"})

    def write_telephones(self) -> None:
        """Write the telephones that ring or answer, the provider's, and the call one can place."""
        folder = self.phones_folder
        if folder.exists():
            for old in folder.iterdir():
                shutil.rmtree(old) if old.is_dir() else old.unlink()
        voice = shared("sounds") / "phone-answers.wav"
        for slot, person in enumerate(one for one in PEOPLE if one.phone != "none"):
            ContainerPhone(
                self,
                person.extension,
                mode="answer" if person.phone == "answer" else "ring",
                voice=voice if voice.exists() else None,
            ).write(slot)
        # sipp's own words in square brackets: who calls whom is said on its command line.
        call = Words(name="call", own="[caller]", peer="[callee]", wait=TALK, hold=TALK)
        provider = Words(name="provider", wait=1000, hold=3_600_000)
        for words, scenario in ((call, scenarios.CALL), (provider, scenarios.ANSWER)):
            path = folder / f"{words.name}.xml"
            path.write_text(scenarios.filled(scenario, words), encoding="utf-8")
        self._owners.telephones.give(folder)
        folder.chmod(0o700)


class ContainerPhone(Phone):
    """A telephone whose folder is written here and whose program runs elsewhere."""

    def write(self, slot: int) -> None:
        """Write its folder; `slot` is its place among the ports."""
        self._control = self.pbx.ports.phones + 2 * PHONES + slot
        self._write(slot)


class ContainerGroupware(Radicale):
    """The town's groupware as its container finds it."""

    def __init__(self, *, root: Path, ports: Ports, secrets: Secrets, owners: Owners) -> None:
        """Prepare it: written below `root`."""
        self._kept = root / "srv/groupware/town"
        super().__init__(folder=self._kept.with_name("new"), port=ports.groupware, secrets=secrets)
        self._account = owners.groupware

    def write(self) -> None:
        """Write its configuration, and its books unless there are some."""
        self._write()
        path = self._folder / "config"
        path.write_text(path.read_text(encoding="utf-8").replace(str(self._folder), str(self._kept)), encoding="utf-8")
        _bring(self._folder, self._kept, anew={"config", "users", "rights"})


def write(
    root: Path, environment: Mapping[str, str], *, owners: Owners = OWNERS, say: Callable[[str], None] = print
) -> None:
    """Write everything below `root`, which is `/` in the container; raises BridgeError with one clear sentence."""
    root = root.resolve()
    ports = ports_of(environment)
    town, known = _secrets(root / "srv/setup")
    pbx = ContainerPbx(root=root, ports=ports, secrets=town, owners=owners)
    pbx.write()
    pbx.write_telephones()
    ContainerGroupware(root=root, ports=ports, secrets=town, owners=owners).write()
    _write_daemon(root, ports, town, owners)
    say(_told(ports, town, known=known))


def ports_of(environment: Mapping[str, str]) -> ContainerPorts:
    """Read the published ports from the environment of docker-compose.yml."""
    usual = fixed()
    first, _, last = environment.get("AMI_BRIDGE_RTP_PORTS", "10000-10019").partition("-")
    return ContainerPorts(
        web=_port(environment, "AMI_BRIDGE_WEB_PORT", usual.web),
        sip=_port(environment, "AMI_BRIDGE_SIP_PORT", usual.sip),
        groupware=_port(environment, "AMI_BRIDGE_DAV_PORT", usual.groupware),
        rtp=_port({"AMI_BRIDGE_RTP_PORTS": first}, "AMI_BRIDGE_RTP_PORTS", 0),
        rtp_last=_port({"AMI_BRIDGE_RTP_PORTS": last or first}, "AMI_BRIDGE_RTP_PORTS", 0),
        questions=usual.questions,
        ami=usual.ami,
        trunk=usual.trunk,
        phones=usual.phones,
        phones_rtp=usual.phones_rtp,
    )


def _port(environment: Mapping[str, str], name: str, usual: int) -> int:
    text = environment.get(name) or str(usual)
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 0 < int(text) <= HIGHEST:
        raise BadRequestError(f"{name}: {text!r} is not a port from 1 to {HIGHEST}")
    return int(text)


def _secrets(folder: Path) -> tuple[Secrets, bool]:
    """Return the town's secrets and whether they were there before."""
    path = folder / "secrets.json"
    made = Secrets()
    known = path.exists()
    if known:
        old = msgspec.json.decode(path.read_bytes(), type=Secrets)
        # Somebody who is new in this version gets passwords, the others keep theirs.
        made = replace(old, passwords={**made.passwords, **old.passwords}, sip={**made.sip, **old.sip})
    folder.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.touch(mode=0o600)
    new.write_bytes(msgspec.json.encode(made))
    new.rename(path)
    return made, known


def _write_daemon(root: Path, ports: Ports, town: Secrets, owners: Owners) -> None:
    """Write the daemon's configuration and its secrets as files that it alone reads."""
    folder, data = root / "etc/ami-bridge", root / "var/lib/ami-bridge"
    folder.mkdir(parents=True, exist_ok=True)
    data.mkdir(parents=True, exist_ok=True)
    text = hall.CONFIG.format(
        prefix=PREFIX,
        local=LOCAL,
        ports=ports,
        data="/var/lib/ami-bridge",
        names="",
        recordings="",
        alarms="",
        groupware=f"http://radicale:{ports.groupware}/",
        user=BRIDGE_USER,
        roles="\n".join(f"{one.user} = {json.dumps([*one.roles])}" for one in PEOPLE),
    )
    here = f'"http://{LOCAL}:{ports.web}"\n'
    # Open to the container's network, which Docker publishes on the host's loopback alone.
    everywhere = f'"http+insecure://0.0.0.0:{ports.web}"\norigin = {here}'
    text = _once(text, f"[web]\nlisten = {here}", f"[web]\nlisten = {everywhere}")
    texts = {
        "ami.secret": town.ami,
        "pbx.secret": town.questions,
        "groupware.password": town.groupware,
        "vault.key": town.vault,
        "config.toml": text,
    }
    for name, content in texts.items():
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(content, encoding="utf-8")
    config_file.load(folder / "config.toml")
    Account(uid=owners.setup.uid, gid=owners.daemon.gid).give(folder)
    _closed(folder)
    owners.daemon.give(data)
    data.chmod(0o700)


def _closed(folder: Path) -> None:
    """Let the group read and nobody else; only the owner writes."""
    folder.chmod(0o750)
    for one in folder.rglob("*"):
        one.chmod(0o750 if one.is_dir() else 0o640)


def _bring(new: Path, kept: Path, *, anew: set[str]) -> None:
    """Put what was written in its place; what is there stays, save what is always written `anew`."""
    if not kept.exists():
        new.rename(kept)
        return
    for one in new.iterdir():
        place = kept / one.name
        if one.name in anew and place.is_dir():
            shutil.rmtree(place)
        if one.name in anew or not place.exists():
            one.replace(place)
    shutil.rmtree(new)


def _once(text: str, old: str, new: str) -> str:
    """Replace what must stand there once: a template that changed is noticed here, not by a silent telephone."""
    if text.count(old) != 1:
        raise BadRequestError(f"the template has {text.count(old)} times {old.strip()!r}, where one is expected")
    return text.replace(old, new)


def _told(ports: Ports, town: Secrets, *, known: bool) -> str:
    """Say where the page is and who may sign in; passwords are told when they are made."""
    page = f"The town hall opens at http://{LOCAL}:{ports.web}/"
    if known:
        return f"{page} with the passwords that were told the first time."
    lines = [f"  {one.user:8}{town.passwords[one.user]}   {one.name}, {one.extension}" for one in PEOPLE]
    free = next(one for one in PEOPLE if one.phone == "none")
    own = town.sip[free.extension]
    return "\n".join(
        [
            f"{page}. Sign in as (user, password):",
            *lines,
            f"A telephone of your own: {LOCAL}:{ports.sip} (UDP), user {free.extension}, password {own}",
            f"Address books: http://{LOCAL}:{ports.groupware}/, with the same users and passwords",
            "A call from outside: docker compose exec telephones call.sh +493023125001 101",
        ]
    )


def main() -> int:
    """Write it all, in the container; returns the exit code."""
    try:
        write(Path("/"), os.environ)
    except BridgeError as error:
        print(f"setup: {error}")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
