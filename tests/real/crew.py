"""Many telephones in one process: each is registered, rings, and is busy, is answered by a person, or by a machine.

Person and machine are played; what goes over the wire is SIP and RTP with keys after RFC 4733, as of any telephone.
"""

import asyncio
import re
import struct
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Literal, cast

from ami_bridge.demo.pbx import Pbx
from ami_bridge.demo.ports import LOCAL, free_udp

Kind = Literal["person", "busy", "mailbox", "off", "gone"]
"""`off` has never been registered; `gone` was switched off without a goodbye: the registration is still there."""
Typing = Callable[[str], Awaitable[str]]
"""The keys that somebody with this number types, once they have listened."""
ENDPOINT = """
[{number}](phone)
aors = {number}
[{number}](line)
{contact}
"""
LISTENS = 3.5
"""Seconds until a person types, who has heard something by then, also on a machine with much to do."""
RECORDS = 3.0
"""Seconds until a mailbox has enough."""
TICK = 0.02
SILENCE = bytes([0xD5]) * 160
SDP = (
    "v=0\r\no=- 1 1 IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\nm=audio {port} RTP/AVP 8 {keys}\r\n"
    "a=rtpmap:8 PCMA/8000\r\na=rtpmap:{keys} telephone-event/8000\r\na=fmtp:{keys} 0-16\r\na=sendrecv\r\n"
)


@asynccontextmanager
async def a_crew(
    pbx: Pbx, kinds: Mapping[str, Kind], typing: Typing, crew: "Crew | None" = None
) -> AsyncIterator["Crew"]:
    """Have these telephones, by number, while the block lasts; `crew` may be one that behaves otherwise."""
    crew = crew or Crew(kinds, typing)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: crew, local_addr=(LOCAL, 0))
    ports = {"off": 0, "gone": free_udp()}
    endpoints = ""
    for number, kind in kinds.items():
        port = ports.get(kind, crew.port)
        endpoints += ENDPOINT.format(number=number, contact=f"contact = sip:{number}@{LOCAL}:{port}" if port else "")
    hints = "\n[hints](+)\n" + "".join(f"exten => {number},hint,PJSIP/{number}\n" for number in kinds)
    files = {pbx.folder / "etc/pjsip.conf": endpoints, pbx.folder / "etc/extensions.conf": hints}
    before = {path: path.read_text(encoding="utf-8") for path in files}
    try:
        for path, more in files.items():
            path.write_text(before[path] + more, encoding="utf-8")
        await _read_again(pbx)
        yield crew
    finally:
        transport.close()
        await crew.rest()
        for path, text in before.items():
            path.write_text(text, encoding="utf-8")
        await _read_again(pbx)


async def _read_again(pbx: Pbx) -> None:
    await pbx.cli("module reload res_pjsip.so")
    await pbx.cli("dialplan reload")


class Crew(asyncio.DatagramProtocol):
    """All of them, behind one SIP socket."""

    def __init__(self, kinds: Mapping[str, Kind], typing: Typing) -> None:
        self.kinds = kinds
        self.typing = typing
        self.rung: Counter[str] = Counter()
        """How often each was called."""
        self.calls: dict[str, Call] = {}
        self.errands: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        return int(self._transport.get_extra_info("sockname")[1])

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if not data.strip():
            return
        asked = Message(data.decode("utf-8", "replace"), addr)
        if asked.first.startswith("SIP/2.0"):
            return
        call = self.calls.get(asked.one("Call-ID"))
        match asked.first.split()[0]:
            case "INVITE" if call is None:
                self._invited(asked)
            case "CANCEL" if call is not None:
                self.answer(asked, "200 OK")
                if not call.answered:
                    call.end()
                    self.answer(call.invite, "487 Request Terminated", tag=call.tag)
            case "ACK":
                pass
            case "BYE" if call is not None:
                self.answer(asked, "200 OK")
                call.end()
            case "INVITE" if call is not None:  # a repetition, or something is changed: what was said still counts
                if call.answered:
                    self.answer(asked, "200 OK", tag=call.tag, body=call.sdp)
            case _:
                self.answer(asked, "200 OK")

    def answer(self, asked: "Message", status: str, *, tag: str = "", body: str = "") -> None:
        to = asked.one("To")
        lines = [f"SIP/2.0 {status}", *(f"Via: {via}" for via in asked.all("Via")), f"From: {asked.one('From')}"]
        lines += [f"To: {to};tag={tag}" if tag and "tag=" not in to else f"To: {to}"]
        lines += [f"Call-ID: {asked.one('Call-ID')}", f"CSeq: {asked.one('CSeq')}"]
        lines += [f"Contact: <sip:{asked.user}@{LOCAL}:{self.port}>"] if status.startswith(("180", "200")) else []
        lines += ["Content-Type: application/sdp"] if body else []
        self.send([*lines, f"Content-Length: {len(body)}", "", body], asked.addr)

    def send(self, lines: Sequence[str], addr: tuple[str, int]) -> None:
        self._transport.sendto("\r\n".join(lines).encode(), addr)

    async def rest(self) -> None:
        for errand in self.errands:
            errand.cancel()
        await asyncio.gather(*self.errands, return_exceptions=True)

    def _invited(self, asked: "Message") -> None:
        self.rung[asked.user] += 1
        call = self.calls[asked.one("Call-ID")] = Call(asked, f"t{len(self.calls)}")
        if self.kinds[asked.user] == "busy":
            self.answer(asked, "486 Busy Here", tag=call.tag)
            call.end()
            return
        self.answer(asked, "180 Ringing", tag=call.tag)
        task = asyncio.get_running_loop().create_task(self._talk(call, self.kinds[asked.user]))
        self.errands.add(task)
        task.add_done_callback(self.errands.discard)

    async def _talk(self, call: "Call", kind: Kind) -> None:
        await asyncio.sleep(0.3)
        if call.over.is_set():
            return
        async with a_line() as line:
            call.sdp = SDP.format(address=LOCAL, port=line.port, keys=call.keys)
            call.answered = True
            self.answer(call.invite, "200 OK", tag=call.tag, body=call.sdp)
            if kind == "mailbox":
                await asyncio.sleep(RECORDS)
                self.hang_up(call)
                return
            await self.listen(call, line)

    async def listen(self, call: "Call", line: "Line") -> None:
        """Be a person who hears an alarm."""
        await asyncio.sleep(LISTENS)
        await line.press(await self.typing(call.invite.user), call.sound, call.keys)
        await call.over.wait()

    def hang_up(self, call: "Call") -> None:
        """Put the receiver down."""
        asked = call.invite
        contact = re.search(r"<([^>]+)>", asked.one("Contact"))
        assert contact
        self.send(
            [
                f"BYE {contact[1]} SIP/2.0",
                f"Via: SIP/2.0/UDP {LOCAL}:{self.port};branch=z9hG4bK-bye-{call.tag}",
                "Max-Forwards: 70",
                f"From: {asked.one('To')};tag={call.tag}",
                f"To: {asked.one('From')}",
                f"Call-ID: {asked.one('Call-ID')}",
                "CSeq: 1 BYE",
                "Content-Length: 0",
                "",
                "",
            ],
            asked.addr,
        )
        call.end()


class Message:
    """A SIP message, as far as a telephone needs it."""

    def __init__(self, text: str, addr: tuple[str, int]) -> None:
        head, _, self.body = text.partition("\r\n\r\n")
        self.first, *self._lines = head.split("\r\n")
        self.addr = addr

    def all(self, name: str) -> list[str]:
        wanted = f"{name.lower()}:"
        return [line.partition(":")[2].strip() for line in self._lines if line.lower().startswith(wanted)]

    def one(self, name: str) -> str:
        return next(iter(self.all(name)), "")

    @property
    def user(self) -> str:
        """Which of the telephones is meant."""
        found = re.match(r"\S+ sips?:([^@;>]+)@", self.first)
        return found[1] if found else ""


class Call:
    def __init__(self, invite: Message, tag: str) -> None:
        self.invite = invite
        self.tag = tag
        self.answered = False
        self.sdp = ""
        self.began = time.monotonic()
        self.ended: float | None = None
        self.over = asyncio.Event()

    def end(self) -> None:
        """Take note that it is over."""
        self.ended = self.ended or time.monotonic()
        self.over.set()

    @property
    def keys(self) -> int:
        """By which number keys go in RTP."""
        found = re.search(r"a=rtpmap:(\d+) telephone-event/8000", self.invite.body)
        return int(found[1]) if found else 101

    @property
    def sound(self) -> tuple[str, int]:
        """Where the other side wants to hear us."""
        address, port = re.search(r"c=IN IP4 (\S+)", self.invite.body), re.search(r"m=audio (\d+)", self.invite.body)
        assert address
        assert port
        return address[1], int(port[1])


class Line(asyncio.DatagramProtocol):
    """One RTP stream."""

    def __init__(self) -> None:
        self._seq = 0
        self._at = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    @property
    def port(self) -> int:
        return int(self._transport.get_extra_info("sockname")[1])

    async def press(self, digits: str, to: tuple[str, int], kind: int) -> None:
        """Be silent for a moment, so that the other side knows us, then press keys for 100 ms each."""
        for _ in range(10):
            await self._send(SILENCE, to, 8)
        for digit in digits:
            began = self._at
            for n in range(1, 9):
                last = n > 5
                event = struct.pack("!BBH", "0123456789*#".index(digit), 0x8A if last else 0x0A, min(n, 6) * 160)
                await self._send(event, to, kind, at=began, marked=n == 1)
            for _ in range(5):
                await self._send(SILENCE, to, 8)

    async def _send(
        self, what: bytes, to: tuple[str, int], kind: int, *, at: int | None = None, marked: bool = False
    ) -> None:
        head = struct.pack(
            "!BBHII",
            0x80,
            kind | (0x80 if marked else 0),
            self._seq & 0xFFFF,
            self._at if at is None else at,
            id(self) & 0xFFFFFFFF,
        )
        self._transport.sendto(head + what, to)
        self._seq += 1
        self._at += 160
        await asyncio.sleep(TICK)


@asynccontextmanager
async def a_line() -> AsyncIterator[Line]:
    """Have a stream of one's own."""
    transport, line = await asyncio.get_running_loop().create_datagram_endpoint(Line, local_addr=(LOCAL, 0))
    try:
        yield line
    finally:
        transport.close()
