"""What telephones show, read from the INVITEs and updates on the wire: every trap of the way from daemon to display."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import parse_qs

import pytest

from ami_bridge.demo.pbx import Pbx
from ami_bridge.demo.sipp import PlayedPhone, call_from_trunk
from tests.limits import allowed
from tests.real.judge import Judge
from tests.real.tap import Sip, Tap

BAKER, BAKER_NAME = "+493023125001", "Sabine Schröder"
ANNA, BEN, HEAD, QUEUE = "+498999998101", "+498999998102", "+498999998000", "+498999998300"
ADDED = 0.35


class Teller:
    """Answers the dialplan in the daemon's place, with any bytes, and remembers how it was asked."""

    def __init__(self, pbx: Pbx) -> None:
        self._pbx = pbx
        self.answer = b"="
        self.says: Callable[[dict[str, str]], str] | None = None
        """If set, makes the answer of the form."""
        self.status = "200 OK"
        self.after = 0.0
        self.only = ""
        """The one extension that there are names for."""
        self.heads: list[str] = []
        self.forms: list[dict[str, str]] = []

    async def reply(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = re.search(r"(?i)content-length: (\d+)", head)
        body = await reader.readexactly(int(length[1]) if length else 0)
        self.heads.append(head)
        form = parse_qs(body.decode(), keep_blank_values=True)
        self.forms.append({name: values[0] for name, values in form.items()})
        await asyncio.sleep(self.after)
        if self.says:
            self.answer = self.says(self.forms[-1]).encode()
        kind = "text/html" if self.answer.startswith(b"<") else "text/plain; charset=utf-8"
        writer.write(
            f"HTTP/1.1 {self.status}\r\nContent-Type: {kind}\r\nContent-Length: {len(self.answer)}\r\n"
            "Connection: close\r\n\r\n".encode()
            + self.answer
        )
        writer.close()

    @property
    def asked(self) -> int:
        return len(self.forms)


async def breaker(pbx: Pbx) -> int:
    """Until when nobody asks."""
    found = re.search(r"^ *BRIDGE_DOWN=(\d+)", await pbx.cli("dialplan show globals"), re.MULTILINE)
    return int(found[1]) if found else 0


async def ask_again(pbx: Pbx) -> None:
    await pbx.cli("dialplan set global BRIDGE_DOWN 0")


@asynccontextmanager
async def telling(pbx: Pbx) -> AsyncIterator[Teller]:
    """Answer in the daemon's place to the end of the block."""
    teller = Teller(pbx)
    async with await asyncio.start_server(teller.reply, "127.0.0.1", pbx.ports.questions):
        await ask_again(pbx)
        yield teller
    await pbx.quiet()
    await ask_again(pbx)


def shown(message: Sip) -> str:
    """The display name of a message's caller: From in an INVITE that rings, else P-Asserted-Identity."""
    name = message.header("P-Asserted-Identity") or message.header("From")
    written = name.partition("<")[0].strip()
    return re.sub(r"\\(.)", r"\1", written[1:-1]) if written.startswith('"') else written


def invites(tap: Tap, pbx: Pbx) -> dict[str, Sip]:
    """The first INVITE to each extension's telephone."""
    found: dict[str, Sip] = {}
    for one in tap.all("INVITE"):
        if one.source[1] == pbx.ports.sip and (to := re.search(r"sip:(\d{3})\b", one.header("To"))):
            found.setdefault(to[1], one)
    return found


async def rung(
    pbx: Pbx, callee: str = ANNA, caller: str = BAKER, name: str = "", hold_seconds: float = 0.2
) -> dict[str, Sip]:
    """Call from outside, let it be answered and end; the INVITEs to the telephones."""
    with Tap() as tap:
        call = await call_from_trunk(pbx, caller, callee, caller_name=name, hold_seconds=hold_seconds)
        assert (await call.ended())[-1] == "bye"
    return invites(tap, pbx)


HOSTILE = "🌍\N{RIGHT-TO-LEFT OVERRIDE}${EPOCH} x"


@pytest.mark.parametrize(
    ("answer", "display"),
    [
        ("=Sabine Schröder", "Sabine Schröder"),
        ('=Müller, "Jürgen" (GmbH & Co.); \\ 100%', 'Müller, "Jürgen" (GmbH & Co.); \\ 100%'),
        ("=a:b?c(d)=e[f]^g|", "a:b?c(d)=e[f]^g"),
        ("=" + HOSTILE, HOSTILE),
        ("=${EPOCH}$[1+1]${SHELL(id)}", "${EPOCH}$[1+1]${SHELL(id)}"),
        ("=" + 30 * "ä", 30 * "ä"),
    ],
)
async def test_a_name_comes_as_it_is(pbx: Pbx, judge: Judge, answer: str, display: str) -> None:
    async with PlayedPhone(pbx, "101", ring_seconds=0.1), telling(pbx) as teller:
        teller.answer = answer.encode()
        invite = (await rung(pbx))["101"]
        assert shown(invite) == display
        assert BAKER in invite.header("From")
        assert await breaker(pbx) <= time.time()
        assert teller.forms == [{"n": BAKER, "was": "", "to": "101"}]
    assert {one.name for one in await judge.happenings()} <= {"", "Anna Amsel"}, "no name in the records"


FAILURES = {
    "empty": b"",
    "html": b"<html>=Name</html>",
    "foreign": b"Name",
}


@pytest.mark.parametrize("body", FAILURES.values(), ids=FAILURES.keys())
async def test_what_is_no_answer_is_a_failure_and_changes_nothing(pbx: Pbx, body: bytes) -> None:
    async with PlayedPhone(pbx, "101", ring_seconds=0.1), telling(pbx) as teller:
        teller.answer = body
        began = time.time()
        first = await rung(pbx)
        assert shown(first["101"]) == ""
        assert began + 29 <= await breaker(pbx) <= time.time() + 31, "nobody asks for 30 s"
        await rung(pbx)
        assert teller.asked == 1
        await pbx.cli(f"dialplan set global BRIDGE_DOWN {int(time.time())}")
        teller.answer = b"=Back"
        assert shown((await rung(pbx))["101"]) == "Back"


async def test_line_ends_write_neither_events_nor_headers(pbx: Pbx) -> None:
    """Our daemon sends none; whatever else answers at its place must not speak for Asterisk either."""
    async with PlayedPhone(pbx, "101", ring_seconds=0.1), telling(pbx) as teller, manager(pbx) as heard:
        teller.answer = b"=Name\r\nEvent: Forged\r\nPeer: forged\r\n\r\nX-Injected: yes\nEvent: Forged"
        invite = (await rung(pbx))["101"]
        assert shown(invite).startswith("NameEvent: Forged")
        assert not re.search(r"^(Event|Peer|X-Injected):", invite.text, re.MULTILINE)
        await pbx.quiet()
    assert b"Newexten" in heard, "all events were heard"
    assert not re.search(rb"^(Event: Forged|Peer: forged|X-Injected)", bytes(heard), re.MULTILINE)


@pytest.mark.parametrize("status", ["500 Internal Server Error", "404 Not Found", "403 Forbidden", "413 Too Large"])
async def test_an_error_page_is_nobodys_name(pbx: Pbx, status: str) -> None:
    async with PlayedPhone(pbx, "101", ring_seconds=0.1), telling(pbx) as teller:
        teller.answer, teller.status = b"=Error", status
        assert shown((await rung(pbx))["101"]) == ""
        assert await breaker(pbx) > time.time()


async def test_a_miss_changes_nothing_and_is_no_failure(pbx: Pbx) -> None:
    async with PlayedPhone(pbx, "101", ring_seconds=0.1), telling(pbx) as teller:
        assert shown((await rung(pbx))["101"]) == ""
        assert shown((await rung(pbx, name="Firma Meier"))["101"]) == "Firma Meier"
        assert await breaker(pbx) <= time.time()
        assert [one["was"] for one in teller.forms] == ["", "Firma Meier"]


async def test_a_withheld_number_is_never_asked_for(pbx: Pbx) -> None:
    async with PlayedPhone(pbx, "101", ring_seconds=0.1), telling(pbx) as teller:
        call = await call_from_trunk(pbx, BAKER, ANNA, withheld=True, hold_seconds=0.2)
        assert (await call.ended())[-1] == "bye"
        assert teller.asked == 0


@pytest.mark.alone
async def test_a_slow_answer_holds_a_call_up_for_no_more_than_its_limit(pbx: Pbx) -> None:
    async with PlayedPhone(pbx, "101", ring_seconds=0.1), telling(pbx) as teller:
        usual, teller.after = await delay(pbx), 3.0
        slow = await delay(pbx)
        assert slow - usual <= allowed(ADDED)
        assert slow - usual >= 0.2, "it did wait"
        assert await delay(pbx) - usual <= allowed(0.1), "nobody waits twice"


async def delay(pbx: Pbx) -> float:
    """Seconds from the trunk's INVITE to the telephone's."""
    with Tap() as tap:
        call = await call_from_trunk(pbx, BAKER, ANNA, hold_seconds=0.2)
        await call.ended()
    first = min(one.time for one in tap.all("INVITE") if one.target[1] == pbx.ports.sip)
    return invites(tap, pbx)["101"].time - first


async def test_a_hostile_caller_can_not_make_the_question_fail(pbx: Pbx) -> None:
    """A name or number that is too long for the form would be refused, and then nobody would be named for 30 s."""
    async with PlayedPhone(pbx, "101", ring_seconds=0.1), telling(pbx) as teller:
        teller.answer = b"=Known"
        await rung(pbx, name=700 * "ä")
        await rung(pbx, caller=500 * "1")
        assert len(teller.forms[0]["was"].encode()) <= 85
        assert len(teller.forms[1]["n"]) == 64
        assert await breaker(pbx) <= time.time()


@asynccontextmanager
async def both_telephones(pbx: Pbx) -> AsyncIterator[None]:
    """Anna's and Ben's; Anna's answers."""
    async with PlayedPhone(pbx, "101", ring_seconds=0.5), PlayedPhone(pbx, "102", ring_seconds=2):
        yield


async def test_each_telephone_of_a_ring_group_shows_its_own_name(pbx: Pbx) -> None:
    async with both_telephones(pbx), telling(pbx) as teller:
        teller.answer = b'=Alle, "gut"|Schatz (privat)|'
        found = await rung(pbx, HEAD)
        assert [one["to"] for one in teller.forms] == ["101&102"], "one question for all legs"
        assert shown(found["101"]) == "Schatz (privat)"
        assert shown(found["102"]) == "", "an empty field shows the number, not the name for all"
        teller.answer = b"=Alle|Alle|Alle"
        found = await rung(pbx, HEAD)
        assert (shown(found["101"]), shown(found["102"])) == ("Alle", "Alle")


async def test_each_member_of_a_queue_shows_its_own_name(pbx: Pbx) -> None:
    async with both_telephones(pbx), telling(pbx) as teller:
        teller.answer = b"=Alle|Schatz|Kollege"
        found = await rung(pbx, QUEUE, hold_seconds=1.5)
        assert (shown(found["101"]), shown(found["102"])) == ("Schatz", "Kollege")


@asynccontextmanager
async def manager(pbx: Pbx) -> AsyncIterator[bytearray]:
    """Everything that a manager account with all rights hears."""
    heard = bytearray()
    reader, writer = await asyncio.open_connection("127.0.0.1", pbx.ports.ami)
    writer.write(f"Action: Login\r\nUsername: judge\r\nSecret: {pbx.secrets.judge}\r\nEvents: on\r\n\r\n".encode())
    await reader.readuntil(b"FullyBooted")

    async def listen() -> None:
        while data := await reader.read(65536):
            heard.extend(data)

    listening = asyncio.get_running_loop().create_task(listen())
    try:
        yield heard
    finally:
        listening.cancel()
        writer.close()
