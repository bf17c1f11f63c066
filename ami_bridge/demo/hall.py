"""The town hall of the demo: everything that runs, kept running until somebody closes it."""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp

from ami_bridge.demo import alarms, words
from ami_bridge.demo.addresses import private
from ami_bridge.demo.groupware import Radicale
from ami_bridge.demo.pbx import Pbx
from ami_bridge.demo.phones import Phone
from ami_bridge.demo.ports import LOCAL, OUTSIDE, Ports, check_free
from ami_bridge.demo.processes import Process, caller, output_of
from ami_bridge.demo.sipp import TrunkPhone
from ami_bridge.demo.town import BRIDGE_USER, CONFERENCE_NUMBER, HEAD_NUMBER, PEOPLE, PREFIX, Person, Secrets
from ami_bridge.errors import NotReachableError
from ami_bridge.share import shared

READY_WITHIN = 60.0
PAUSE = 1.0  # between a death and the next start; api.md promises 3 s in all
CONFIG = """\
# Written by the demo at each start.
[site]
country = "DE"
area_code = "89"
own_block = {{ prefix = "{prefix}", digits = 3 }}
outside_line = "0"
language = "de"

[[pbx]]
id = "rathaus"
host = "{local}"
port = {ports.ami}
user = "ami-bridge"
secret_file = "ami.secret"
hints = "hints"
lines = {{ "000" = "Zentrale", "200" = "Bürgerbüro", "300" = "Warteschlange Bürgerbüro" }}
[pbx.questions]
listen = "http://{local}:{ports.questions}"
secret_file = "pbx.secret"

[web]
listen = "http://{local}:{ports.web}"

[database]
url = "sqlite:///{data}/bridge.sqlite"

[groupware]
url = "{groupware}"
user = "{user}"
password_file = "groupware.password"
sync_every = 4

[[book]]
path = "stadt"
scope = "shared"
label = "Stadt"

[people]
book = "staff"
key_file = "vault.key"
[people.roles]
{roles}

[[seat]]
id = "platz-5"
label = "Schreibtisch 5"
extension = "105"
hosts = ["thin-5"]

[[pickup]]
name = "Bürgerbüro"
who = ["department:Bürgerbüro", "eva"]
of = ["department:Bürgerbüro"]
peer = true

[[queue]]
name = "300"
members = ["department:Bürgerbüro", "carla"]
manages = ["eva"]

[journal]
department = "dept"
private_prefix = "*9"

[rooms]
numbers = "8100-8999"
dial_in = "+49 89 99998-900"
calendar = "telefonkonferenz"
calendar_owner = "eva"
look_every = 4
calls = true
names_dir = "{names}"
recordings_dir = "{recordings}"

[log]
format = "json"
{alarms}"""


class TownHall:
    """The demo; `open` runs it until it is cancelled."""

    def __init__(self, *, home: Path, ports: Ports, offset: int, say: Callable[[str], None] = print) -> None:
        """Prepare it: everything in the folder `home`, this instance's own by its `offset`."""
        self._home = home
        self._ports = ports
        self._instance = f"demo{offset:+d}" if offset else "demo"
        self._data = home / (f"data{offset:+d}" if offset else "data")
        self._secrets = Secrets()
        self._say = say
        self._daemon: Process
        self._pbx: Pbx
        self._tokens: dict[str, str] = {}

    async def open(self) -> None:
        """Start everything, tell what to try, and keep it running."""
        check_free(self._ports)
        async with AsyncExitStack() as stack:
            self._pbx = await stack.enter_async_context(
                Pbx(
                    home=self._home,
                    instance=self._instance,
                    ports=self._ports,
                    secrets=self._secrets,
                    say=self._say,
                )
            )
            groupware = await stack.enter_async_context(
                Radicale(folder=self._data / "groupware", port=self._ports.groupware, secrets=self._secrets)
            )
            await asyncio.to_thread(self._write_config, groupware)
            await self._start_daemon()
            stack.push_async_callback(self._stop_daemon)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._keep("Asterisk", self._pbx.ended, self._pbx.start), name="keep asterisk")
                tasks.create_task(self._keep("the daemon", self._daemon_ended, self._start_daemon), name="keep daemon")
                ready = [asyncio.Event() for _ in PEOPLE]
                for person, event in zip(PEOPLE, ready, strict=True):
                    tasks.create_task(self._phone(person, event), name=f"phone {person.extension}")
                tasks.create_task(self._trunk_phone(), name="trunk phone")
                await self._daemon_ready()
                async with asyncio.TaskGroup() as making:
                    for person in PEOPLE:
                        making.create_task(self._person(person), name=f"person {person.user}")
                for event in ready:
                    await event.wait()
                promised = await asyncio.to_thread(self._publish, groupware)
                try:
                    words.tell(promised, self._say)
                    await asyncio.Event().wait()  # until cancelled
                finally:
                    self._withdraw(promised)

    # -- what is kept running -----------------------------------------------------------------------------------------

    async def _keep(
        self, name: str, ended: Callable[[], Awaitable[object]], start: Callable[[], Awaitable[None]]
    ) -> None:
        """Start it again whenever it died, as systemd would."""
        while True:
            await ended()
            self._say(words.died(name))
            await asyncio.sleep(PAUSE)
            try:
                await start()
            except NotReachableError as error:
                self._say(str(error))

    async def _start_daemon(self) -> None:
        self._daemon = await Process.start(
            [sys.executable, "-m", "ami_bridge", "run", "--config", str(self._config)],
            name="daemon",
            account=caller(),
            output=self._data / "daemon.log",
        )

    async def _daemon_ended(self) -> None:
        await self._daemon.wait()

    async def _stop_daemon(self) -> None:
        await self._daemon.stop()

    async def _daemon_ready(self) -> None:
        """Wait until the daemon says that it can work."""
        url = f"http://{LOCAL}:{self._ports.web}/readyz"
        try:
            async with asyncio.timeout(READY_WITHIN), aiohttp.ClientSession() as session:
                while True:
                    try:
                        async with session.get(url) as answer:
                            if answer.ok:
                                return
                    except aiohttp.ClientError:
                        pass
                    await asyncio.sleep(0.1)
        except TimeoutError as error:
            log = self._data / "daemon.log"
            raise NotReachableError(f"the daemon was not ready within {READY_WITHIN:g} s; its log: {log}") from error

    async def _phone(self, person: Person, ready: asyncio.Event) -> None:
        """Have somebody's telephone, and a new one when it breaks."""
        if person.phone == "none":
            ready.set()
            return
        voice = shared("sounds") / "phone-answers.wav"
        while True:
            try:
                async with Phone(
                    self._pbx,
                    person.extension,
                    mode="answer" if person.phone == "answer" else "ring",
                    voice=voice if voice.exists() else None,
                ) as phone:
                    ready.set()
                    await phone.broken()
            except NotReachableError as error:
                # Asterisk may be away just now.
                self._say(str(error))
            await asyncio.sleep(PAUSE)

    async def _trunk_phone(self) -> None:
        while True:
            async with TrunkPhone(self._pbx) as phone:
                await phone.broken()
            await asyncio.sleep(PAUSE)

    # -- what it writes -----------------------------------------------------------------------------------------------

    @property
    def _config(self) -> Path:
        return self._data / "config.toml"

    def _write_config(self, groupware: Radicale) -> None:
        """Write the daemon's configuration and its secrets, and forget the last demo's calls."""
        for old in self._data.glob("bridge.sqlite*"):
            old.unlink()
        for name in ("daemon.log", "control.sock"):
            (self._data / name).unlink(missing_ok=True)
        texts = {
            "ami.secret": self._secrets.ami,
            "pbx.secret": self._secrets.questions,
            "groupware.password": self._secrets.groupware,
            "vault.key": self._secrets.vault,
            **alarms.secret_files(self._secrets),
            "config.toml": CONFIG.format(
                prefix=PREFIX,
                local=LOCAL,
                ports=self._ports,
                data=self._data,
                names=self._pbx.names_folder,
                recordings=self._pbx.recordings_folder,
                alarms=alarms.CONFIG.format(media=self._pbx.alarms_folder),
                groupware=groupware.url,
                user=BRIDGE_USER,
                roles="\n".join(f"{one.user} = {json.dumps([*one.roles])}" for one in PEOPLE),
            ),
        }
        for name, text in texts.items():
            path = self._data / name
            path.touch(mode=0o600)
            path.write_text(text, encoding="utf-8")
        self._data.chmod(0o700)
        caller().give(self._data)

    async def _person(self, person: Person) -> None:
        """Do for somebody new what an administrator would."""
        await self._token(person)
        if private(person.user):
            command = [sys.executable, "-m", "ami_bridge", "book", "add", person.user, "--config", str(self._config)]
            password = self._secrets.passwords[person.user]
            said = await output_of(command, account=caller(), within=40, given=f"{password}\n")
            if "password is right" not in said:
                raise NotReachableError(f"the books of {person.user} are not read: {said[-300:]}")

    async def _token(self, person: Person) -> None:
        """Make a person's app token by the command line, as an administrator would."""
        command = [sys.executable, "-m", "ami_bridge", "token", "new", "--config", str(self._config)]
        wanted = [
            "--user",
            person.user,
            "--name",
            "demo",
            "--scopes",
            "events,dial,alarms" if "plant" in person.roles or "alarm-manager" in person.roles else "events,dial",
        ]
        said = ""
        for _ in range(30):  # the staff book may not be read yet
            said = (await output_of([*command, *wanted], account=caller(), within=20)).strip()
            if said and "\n" not in said and " " not in said:
                self._tokens[person.user] = said
                return
            await asyncio.sleep(0.5)
        raise NotReachableError(f"no token could be made for {person.user}: {said[-300:]}")

    def _promised(self, groupware: Radicale) -> dict[str, Any]:
        """Return what other programs may rely on."""
        people = [
            {
                "name": person.name,
                "user": person.user,
                "password": self._secrets.passwords[person.user],
                "extension": person.extension,
                "number": person.number,
                "sip_password": self._secrets.sip[person.extension],
                "token": self._tokens[person.user],
                "roles": list(person.roles),
                "phone": person.phone,
            }
            for person in PEOPLE
        ]
        web = f"{LOCAL}:{self._ports.web}"
        return {
            "web": f"http://{web}/",
            "websocket": f"ws://{web}/api/v1/ws",
            "sip": {"host": LOCAL, "port": self._ports.sip},
            "trunk": {
                "from": OUTSIDE,
                "to": f"{OUTSIDE}:{self._ports.trunk}",
                "head_number": HEAD_NUMBER,
                "conference_number": CONFERENCE_NUMBER,
            },
            "people": people,
            "groupware": {
                "carddav": groupware.home,
                "caldav": groupware.home,
                "user": groupware.user,
                "password": groupware.password,
                "shared_book": groupware.shared_book,
                "booking_calendar": groupware.booking_calendar,
                "duty_calendar": groupware.duty_calendar,
            },
            "alarm_source": {"name": "sewage-plant", "token": self._secrets.alarm_source},
            "alarm_number": {
                "extension": "190",
                "code": self._secrets.alarm_code,
                "end_code": self._secrets.alarm_end_code,
            },
            "ami": {"host": LOCAL, "port": self._ports.ami, "user": "viewer", "secret": self._secrets.viewer},
            "data": self._relative(self._data),
            "pbx": self._relative(self._home / "pbx"),
        }

    def _relative(self, path: Path) -> str:
        return str(path.relative_to(self._home.parent))

    def _publish(self, groupware: Radicale) -> dict[str, Any]:
        """Write demo.json whole or not at all."""
        promised = self._promised(groupware)
        new = self._home / f"demo.json.{os.getpid()}"
        new.touch(mode=0o600)
        new.write_text(json.dumps(promised, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        caller().give(new)
        new.rename(self._home / "demo.json")
        return promised

    def _withdraw(self, promised: dict[str, Any]) -> None:
        """Remove demo.json, unless another demo has written its own since."""
        path = self._home / "demo.json"
        try:
            ours = json.loads(path.read_text(encoding="utf-8")) == promised
        except (OSError, ValueError):
            return
        if ours:
            path.unlink()
