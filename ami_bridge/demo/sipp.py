"""Calls played by sipp: the outside world, and telephones that refuse, forward, or consult before they transfer."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from ami_bridge.demo import scenarios
from ami_bridge.demo.pbx import Pbx
from ami_bridge.demo.ports import DIALLER, LOCAL, OUTSIDE, free_tcp, free_udp
from ami_bridge.demo.processes import Process, servant
from ami_bridge.demo.scenarios import Words
from ami_bridge.errors import NotReachableError, RefusedError


class Sipp:
    """One running sipp with one scenario; `said` has what the scenario logged."""

    def __init__(self, process: Process, folder: Path, name: str) -> None:
        self._process = process
        self._log = folder / f"{name}.log"
        self._errors = folder / f"{name}.errors"

    @classmethod
    async def start(
        cls,
        root: Path,
        folder: Path,
        scenario: str,
        *,
        words: Words,
        address: str,
        port: int,
        to: tuple[str, int],
        calls: int | None = 1,
        options: Sequence[str] = (),
        callers: Sequence[Sequence[str]] = (),
    ) -> Self:
        """Start it in the folder with the programs; `calls` None goes on for ever.

        `callers` has the words of each call; who has some may press keys, for which sipp needs a right of its own.
        """
        name = f"{words.name}-{port}-{time.monotonic_ns()}"
        inside = f"/{folder.relative_to(root)}"
        account = servant(root)
        text = scenarios.filled(scenario, words)

        def write() -> None:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"{name}.xml"
            path.write_text(text, encoding="utf-8")
            (folder / f"{name}.log").touch()
            lines = ["SEQUENTIAL", *(";".join(caller) for caller in callers)]
            (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
            account.give(folder)

        await asyncio.to_thread(write)
        argv = ["sipp", f"{to[0]}:{to[1]}", "-sf", f"{inside}/{name}.xml", "-i", address, "-p", str(port), "-nostdin"]
        argv += ["-cp", str(free_udp()), "-mi", address, "-mp", str(free_udp())]
        argv += ["-inf", f"{inside}/{name}.csv"] if callers else ["-rtp_echo"]
        argv += [
            "-trace_logs",
            "-log_file",
            f"{inside}/{name}.log",
            "-trace_err",
            "-error_file",
            f"{inside}/{name}.errors",
        ]
        argv += ["-m", str(calls), "-r", "1000"] if calls is not None else []
        but = "net_raw" if callers else ""
        process = await Process.start([*argv, *options], name=name, account=account, root=root, but=but)
        return cls(process, folder, name)

    def said(self) -> list[str]:
        """Return what the scenario has logged so far, oldest first."""
        return [line for line in self._log.read_text(errors="replace").splitlines() if line]

    async def until(self, word: str, within: float = 10.0) -> None:
        """Wait until the scenario has logged a line that begins so."""
        end = time.monotonic() + within
        while not any(line.startswith(word) for line in self.said()):
            if not self._process.running or time.monotonic() > end:
                raise NotReachableError(
                    f"sipp: no {word!r} within {within:g} s, only {self.said()}; {self._complaint()}"
                )
            await asyncio.sleep(0.02)

    async def ended(self, within: float = 60.0) -> list[str]:
        """Wait until the calls are over, return what was logged; RefusedError if they went otherwise than written."""
        try:
            async with asyncio.timeout(within):
                code = await self._process.wait()
        except TimeoutError as error:
            await self.stop()
            raise NotReachableError(f"sipp did not end within {within:g} s; {self.said()}") from error
        if code != 0:
            raise RefusedError(f"the call went otherwise than played (sipp {code}): {self.said()}; {self._complaint()}")
        return self.said()

    def forget(self) -> None:
        """Remove its scenario and its logs."""
        for path in (self._log, self._errors, self._log.with_suffix(".xml"), self._log.with_suffix(".csv")):
            path.unlink(missing_ok=True)

    async def broken(self) -> None:
        """Wait until it ended, however."""
        await self._process.wait()

    async def stop(self) -> None:
        """End it whatever it does."""
        await self._process.kill()

    def _complaint(self) -> str:
        return self._errors.read_text(errors="replace")[-600:] if self._errors.exists() else "no errors noted"


async def trunk_call(
    root: Path,
    folder: Path,
    *,
    sip_port: int,
    caller_number: str,
    callee: str,
    caller_name: str = "",
    hold_seconds: float = 2.0,
    cancel_after: float | None = None,
    withheld: bool = False,
) -> Sipp:
    """Send an INVITE from the outside world; needs no `Pbx` object, so that other programs can call too."""
    words = Words(
        name="trunk-call",
        own=caller_number,
        title=caller_name,
        peer=callee,
        hold=int(hold_seconds * 1000),
        wait=int(cancel_after * 1000) if cancel_after is not None else 180_000,
        extra=f"Privacy: id\nP-Asserted-Identity: <sip:{caller_number}@{OUTSIDE}>\n" if withheld else "",
    )
    return await Sipp.start(
        root, folder, scenarios.CALL, words=words, address=OUTSIDE, port=free_udp(), to=(LOCAL, sip_port)
    )


async def dial_into_rooms(
    pbx: Pbx,
    callers: Sequence[tuple[str, str, str]],
    callee: str,
    *,
    at_once: int = 1000,
    stay_seconds: float = 60.0,
    each_second: int = 1000,
    sound: str = "",
) -> Sipp:
    """Let many dial into conference rooms from outside: (number, room, PIN) of each; await `.ended()`.

    Each stays until the room hangs up or `stay_seconds` are over, and says `sound`, a file of raw A-law.
    """
    words = Words(name="crowd", own="[field0]", peer=callee, wait=5500, hold=int(stay_seconds * 1000), second=sound)
    return await Sipp.start(
        pbx.programs.root,
        pbx.sipp_folder,
        scenarios.DIAL_IN.replace("@SPEAK@", scenarios.SPEAK if sound else ""),
        words=words,
        address=OUTSIDE,
        port=free_udp(),
        to=(LOCAL, pbx.ports.sip),
        calls=len(callers),
        options=("-l", str(at_once), "-r", str(each_second)),
        callers=callers,
    )


async def call_from_trunk(
    pbx: Pbx,
    caller_number: str,
    callee: str,
    *,
    caller_name: str = "",
    hold_seconds: float = 2.0,
    cancel_after: float | None = None,
    withheld: bool = False,
) -> Sipp:
    """Call somebody of the town from outside and go on at once; await `.ended()` for the outcome.

    Answered calls are hung up by the caller after `hold_seconds`; with `cancel_after` the caller gives up ringing.
    """
    return await trunk_call(
        pbx.programs.root,
        pbx.sipp_folder,
        sip_port=pbx.ports.sip,
        caller_number=caller_number,
        callee=callee,
        caller_name=caller_name,
        hold_seconds=hold_seconds,
        cancel_after=cancel_after,
        withheld=withheld,
    )


async def call_by_dialler(pbx: Pbx, callee: str, *, hold_seconds: float = 20.0) -> Sipp:
    """Let the plant's dialling device call; await `.ended()`. It types nothing, and takes an answer for a success."""
    words = Words(name="dialler", own="dialler", peer=callee, hold=int(hold_seconds * 1000), wait=20_000)
    return await Sipp.start(
        pbx.programs.root,
        pbx.sipp_folder,
        scenarios.CALL,
        words=words,
        address=DIALLER,
        port=free_udp(),
        to=(LOCAL, pbx.ports.sip),
    )


class TrunkPhone:
    """The provider's side: a telephone at 127.0.0.2 that answers every number and echoes what it hears."""

    def __init__(self, pbx: Pbx, *, ring_seconds: float = 1.0, answer: str = "200") -> None:
        """Prepare it; `answer` other than 200 refuses every call with that status."""
        self._pbx = pbx
        self._ring_seconds = ring_seconds
        self._answer = answer
        self._sipp: Sipp

    async def __aenter__(self) -> Self:
        words = Words(name="trunk-phone", wait=int(self._ring_seconds * 1000), hold=3_600_000, answer=self._answer)
        self._sipp = await Sipp.start(
            self._pbx.programs.root,
            self._pbx.sipp_folder,
            scenarios.ANSWER if self._answer == "200" else scenarios.REFUSE,
            words=words,
            address=OUTSIDE,
            port=self._pbx.ports.trunk,
            to=(LOCAL, self._pbx.ports.sip),
            calls=None,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._sipp.stop()

    async def broken(self) -> None:
        """Wait until it breaks."""
        await self._sipp.broken()

    def called(self) -> list[str]:
        """Return the numbers that were dialled, oldest first."""
        return [line.removeprefix("invite ") for line in self._sipp.said() if line.startswith("invite ")]


class PlayedPhone:
    """An extension's telephone played by sipp: registers, then treats every call alike.

    `answer` is the status: "200" answers after `ring_seconds`, "486" "603" "480" "404" "500" … refuse, "302" forwards
    to `forward_to`, "180" rings for ever.
    """

    def __init__(
        self, pbx: Pbx, extension: str, *, answer: str = "200", ring_seconds: float = 0.3, forward_to: str = ""
    ) -> None:
        """Prepare it."""
        self._pbx = pbx
        self._extension = extension
        self._answer = answer
        self._ring_seconds = ring_seconds
        self._forward_to = forward_to
        self._sipp: Sipp
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        ports = self._pbx.ports
        forward = f"Contact: <sip:{self._forward_to}@{LOCAL}:{ports.sip}>\n" if self._forward_to else ""
        words = Words(
            name=f"phone-{self._extension}",
            own=self._extension,
            password=self._pbx.secrets.sip[self._extension],
            wait=int(self._ring_seconds * 1000),
            hold=3_600_000,
            answer=self._answer,
            extra=forward,
        )
        port = free_udp()
        await register(self._pbx, words, port)
        scenario = {"200": scenarios.ANSWER, "180": scenarios.RING}.get(self._answer)
        scenario = scenario or (scenarios.REFUSE if self._ring_seconds else scenarios.REFUSE_AT_ONCE)
        self._sipp = await Sipp.start(
            self._pbx.programs.root,
            self._pbx.sipp_folder,
            scenario,
            words=words,
            address=LOCAL,
            port=port,
            to=(LOCAL, ports.sip),
            calls=None,
        )
        self._stack.push_async_callback(register, self._pbx, words, port, expires=0)
        self._stack.push_async_callback(self._sipp.stop)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def said(self) -> list[str]:
        """Return what happened, oldest first: `invite <number>`, `cancel`, `bye` …."""
        return self._sipp.said()

    async def until(self, word: str, within: float = 10.0) -> None:
        """Wait for something to happen."""
        await self._sipp.until(word, within)


async def register(pbx: Pbx, words: Words, port: int, *, expires: int = 3600) -> None:
    """Register (or, with 0, take back) an extension at a port."""
    sipp = await Sipp.start(
        pbx.programs.root,
        pbx.sipp_folder,
        scenarios.REGISTER,
        words=words.but(name=f"register-{words.own}", expires=expires),
        address=LOCAL,
        port=port,
        to=(LOCAL, pbx.ports.sip),
    )
    await sipp.ended(10)


class ConsultingPhone:
    """An extension's telephone that answers a call, holds it, asks somebody else, joins both (REFER with Replaces)."""

    def __init__(
        self, pbx: Pbx, extension: str, *, consult: str, ring_seconds: float = 0.3, talk_seconds: float = 0.5
    ) -> None:
        """Prepare it: it talks for `talk_seconds` to the caller, and as long to `consult`."""
        self._pbx = pbx
        self._words = Words(
            name=f"consult-{extension}",
            own=extension,
            peer=consult,
            second=consult,
            password=pbx.secrets.sip[extension],
            wait=int(ring_seconds * 1000),
            hold=int(talk_seconds * 1000),
        )
        self._stack = AsyncExitStack()
        self._call: Sipp
        self._consultation: Sipp

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            port = free_udp()
            await register(self._pbx, self._words, port)
            stack.push_async_callback(register, self._pbx, self._words, port, expires=0)
            # Two NOTIFYs come at once, and sipp takes the second for a mistake; unanswered it comes again.
            between = ("-3pcc", f"{LOCAL}:{free_tcp()}", "-default_behaviors", "all,-abortunexp")
            self._consultation = await self._play(scenarios.CONSULT, free_udp(), between)
            stack.push_async_callback(self._consultation.stop)
            await asyncio.sleep(0.3)  # it has to listen for the other
            self._call = await self._play(scenarios.TRANSFER, port, between)
            stack.push_async_callback(self._call.stop)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def transferred(self, within: float = 20.0) -> None:
        """Wait until Asterisk has accepted the transfer; it then hangs up both calls of this telephone."""
        await self._call.until("transferred", within)

    async def _play(self, scenario: str, port: int, options: Sequence[str]) -> Sipp:
        return await Sipp.start(
            self._pbx.programs.root,
            self._pbx.sipp_folder,
            scenario,
            words=self._words,
            address=LOCAL,
            port=port,
            to=(LOCAL, self._pbx.ports.sip),
            options=options,
        )
