"""Telephones of the demo and the tests: one baresip each, steered over its control connection."""

import asyncio
import json
import struct
import wave
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from ami_bridge.demo.pbx import Pbx
from ami_bridge.demo.ports import LOCAL, OUTSIDE, PHONES, RTP_PORTS
from ami_bridge.demo.processes import Process
from ami_bridge.demo.town import PEOPLE
from ami_bridge.errors import NotReachableError, RefusedError

Mode = Literal["ring", "answer"]

RATE = 8000
VOICE_SECONDS = 600  # baresip loads it all at each call, and hangs up when it ends
RTP_EACH = 16
CONFIG = """\
poll_method epoll
sip_listen {address}:{sip}
call_local_timeout 120
call_max_calls 4
call_hold_other_calls no
audio_player aufile,/dev/null
audio_source aufile,{folder}/tx.wav
audio_alert aufile,/dev/null
audio_path {folder}/no-tones
ausrc_srate {rate}
auplay_srate {rate}
ausrc_channels 1
auplay_channels 1
rtp_ports {rtp}-{rtp_to}
jitter_buffer_delay 2-6
net_interface {address}
module_path /usr/lib/baresip/modules
module g711.so
module aufile.so
{recording}module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen {local}:{control}
"""
# By a filter: recording by the player aufile crashes baresip 1.1.0 now and then when a call is held or answered.
RECORDING = """\
module sndfile.so
snd_path {folder}
"""


class Phone:
    """One telephone, registered as an extension; `async with` switches it on and off."""

    address = LOCAL
    """Where it is."""

    def __init__(
        self, pbx: Pbx, extension: str, *, mode: Mode = "ring", voice: Path | None = None, record: bool = False
    ) -> None:
        """Prepare it: it rings or answers by itself, speaks the wav `voice` (8 kHz mono), may record what it hears."""
        self.pbx = pbx
        self.extension = extension
        self.mode = mode
        self.events: list[dict[str, Any]] = []
        """Everything baresip told, oldest first."""
        self._voice = voice
        self._record = record
        self._process: Process
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter
        self._answers: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._told = asyncio.Condition()
        self._token = 0
        self._said = 0
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            slot = stack.enter_context(self.pbx.telephone_slot())
            self._control = self.pbx.ports.phones + 2 * PHONES + slot
            await asyncio.to_thread(self._write, slot)
            stack.push_async_callback(self._end)
            self._process = await Process.start(
                ["baresip", "-4", "-f", self._inside],
                name=f"phone {self.extension}",
                account=self.pbx.account,
                root=self.pbx.programs.root,
                # What it prints floods, and all of interest comes as events.
            )
            await self._connect()
            listening = asyncio.get_running_loop().create_task(self._listen(), name=f"phone {self.extension}")
            stack.push_async_callback(_cancelled, listening)
            await self.pbx.until(self._is_registered, f"the telephone {self.extension} was not registered", 10)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    # -- what a person does -------------------------------------------------------------------------------------------

    async def dial(self, number: str) -> None:
        """Dial an extension or a number."""
        await self.command("dial", f"sip:{number}@{LOCAL}:{self.pbx.ports.sip}")

    async def accept(self) -> None:
        """Take the receiver off."""
        await self.command("accept")

    async def hangup(self) -> None:
        """Put the receiver down, or refuse a ringing call (busy)."""
        await self.command("hangup")

    async def hold(self) -> None:
        """Let the other wait with music."""
        await self.command("hold")

    async def resume(self) -> None:
        """Speak again."""
        # baresip 1.1.0 resumes the call and calls that an invalid argument.
        with suppress(RefusedError):
            await self.command("resume")

    async def transfer(self, number: str) -> None:
        """Send the other party to somebody else (REFER)."""
        await self.command("transfer", f"sip:{number}@{LOCAL}:{self.pbx.ports.sip}")

    async def press(self, digits: str) -> None:
        """Press digits in a call."""
        for digit in digits:
            await self.command("sndcode", digit)
            await asyncio.sleep(0.18)  # sent faster, digits melt into one

    async def say(self, voice: Path) -> None:
        """Say something now, in a call: a wav, 8 kHz mono."""
        self._said += 1
        name = f"say-{self._said}.wav"
        await asyncio.to_thread(self._write_voice, name, voice)
        self.pbx.account.give(self._folder)
        await self.command("ausrc", f"aufile,{self._inside}/{name}")

    # -- what it shows ------------------------------------------------------------------------------------------------

    def mark(self) -> int:
        """Return a place in `events`, to wait for what comes after it."""
        return len(self.events)

    async def until(self, kind: str, *, after: int = 0, within: float = 10.0) -> dict[str, Any]:
        """Wait for an event such as CALL_INCOMING, CALL_RINGING, CALL_ESTABLISHED, CALL_CLOSED."""
        try:
            async with asyncio.timeout(within), self._told:
                while True:
                    for event in self.events[after:]:
                        if event.get("type") == kind:
                            return event
                    await self._told.wait()
        except TimeoutError as error:
            seen = [event.get("type") for event in self.events[after:]]
            raise NotReachableError(
                f"telephone {self.extension}: no {kind} within {within:g} s, only {seen}"
            ) from error

    async def ringing(self, *, after: int = 0, within: float = 10.0) -> dict[str, Any]:
        """Wait until it rings; the event has the caller as this telephone shows it."""
        return await self.until("CALL_INCOMING", after=after, within=within)

    async def talking(self, *, after: int = 0, within: float = 10.0) -> dict[str, Any]:
        """Wait until a call is up."""
        return await self.until("CALL_ESTABLISHED", after=after, within=within)

    async def idle(self, *, after: int = 0, within: float = 10.0) -> dict[str, Any]:
        """Wait until a call has ended."""
        return await self.until("CALL_CLOSED", after=after, within=within)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def broken(self) -> None:
        """Wait until it breaks."""
        await self._process.wait()

    @property
    def heard(self) -> list[Path]:
        """What it heard (with `record`): wavs, oldest first; a new one at each call and each hold."""
        return sorted(self._folder.glob("dump-*-dec.wav"))

    async def command(self, name: str, params: str = "", within: float = 5.0) -> str:
        """Give a command of baresip's menu; RefusedError if it says no."""
        self._token += 1
        token = str(self._token)
        message = json.dumps({"command": name, "params": params, "token": token}).encode()
        answer = self._answers[token] = asyncio.get_running_loop().create_future()
        try:
            self._writer.write(b"%d:%s," % (len(message), message))
            async with asyncio.timeout(within):
                said = await answer
        except (TimeoutError, ConnectionError) as error:
            raise NotReachableError(f"telephone {self.extension} did not answer to {name}") from error
        finally:
            del self._answers[token]
        if not said.get("ok"):
            raise RefusedError(f"telephone {self.extension} refused {name}: {said.get('data')}")
        return str(said.get("data", ""))

    # -- inside -------------------------------------------------------------------------------------------------------

    def _write(self, slot: int) -> None:
        """Write its folder: configuration, account, what it says."""
        name = f"{self.extension}-{slot}"
        self._folder = self.pbx.phones_folder / name
        self._inside = f"{self.pbx.phones_inside}/{name}"
        self._folder.mkdir(parents=True, exist_ok=True)
        for old in [*self._folder.glob("dump-*"), *self._folder.glob("say-*")]:
            old.unlink()
        ports = self.pbx.ports
        rtp = ports.phones_rtp + (slot * RTP_EACH) % (RTP_PORTS - RTP_EACH)
        config = CONFIG.format(
            local=LOCAL,
            address=self.address,
            sip=ports.phones + 2 * slot,
            control=self._control,
            folder=self._inside,
            recording=RECORDING.format(folder=self._inside) if self._record else "",
            rate=RATE,
            rtp=rtp,
            rtp_to=rtp + RTP_EACH - 2,
        )
        (self._folder / "config").write_text(config, encoding="utf-8")
        (self._folder / "contacts").write_text("", encoding="utf-8")
        accounts = self._folder / "accounts"
        accounts.write_text(self._account(), encoding="utf-8")
        accounts.chmod(0o600)
        self._write_voice("tx.wav", self._voice)
        self.pbx.account.give(self._folder)

    def _account(self) -> str:
        """Return who it is, in baresip's words."""
        title = next((person.name for person in PEOPLE if person.extension == self.extension), self.extension)
        answering = "auto" if self.mode == "answer" else "manual"
        return (
            f'"{title}" <sip:{self.extension}@{LOCAL}:{self.pbx.ports.sip};transport=udp>;auth_user={self.extension};'
            f"auth_pass={self.pbx.secrets.sip[self.extension]};answermode={answering};regint=60;audio_codecs=pcma\n"
        )

    def _write_voice(self, name: str, voice: Path | None) -> None:
        """Write what it says: the voice, then silence; a hole in the file, so it costs no disk."""
        spoken = b""
        if voice:
            with wave.open(str(voice), "rb") as source:
                spoken = source.readframes(source.getnframes())
        length = 2 * RATE * VOICE_SECONDS
        kind = (b"fmt ", 16, 1, 1, RATE, 2 * RATE, 2, 16)
        header = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + length, b"WAVE", *kind, b"data", length)
        with (self._folder / name).open("wb") as target:
            target.write(header + spoken[:length])
            target.truncate(len(header) + length)

    async def _connect(self) -> None:
        async with asyncio.timeout(10):
            while self._process.running:
                try:
                    self._reader, self._writer = await asyncio.open_connection(LOCAL, self._control)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    return
        raise NotReachableError(f"telephone {self.extension} did not start")

    async def _listen(self) -> None:
        """Read netstrings of JSON: answers to commands, and events."""
        while True:
            try:
                length = int((await self._reader.readuntil(b":"))[:-1])
                message = json.loads((await self._reader.readexactly(length + 1))[:-1], strict=False)
            except (asyncio.IncompleteReadError, ConnectionError):
                return
            waiting = self._answers.get(str(message.get("token")))
            if message.get("response") and waiting and not waiting.done():
                waiting.set_result(message)
            elif message.get("event"):
                async with self._told:
                    self.events.append(message)
                    self._told.notify_all()

    async def _is_registered(self) -> bool:
        # REGISTER_OK may come before the control connection: ask.
        return "OK" in await self.command("reginfo")

    async def _end(self) -> None:
        if hasattr(self, "_writer"):
            self._writer.close()
        if hasattr(self, "_process"):
            await self._process.stop(within=3)


class OutsidePhone(Phone):
    """Somebody's telephone in the outside world: what it dials comes over the trunk."""

    address = OUTSIDE

    def _account(self) -> str:
        return f"<sip:{self.extension}@{OUTSIDE};transport=udp>;regint=0;audio_codecs=pcma\n"

    async def _is_registered(self) -> bool:
        """Nobody registers over a trunk; it answers when it is ready."""
        await self.command("reginfo")
        return True


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
