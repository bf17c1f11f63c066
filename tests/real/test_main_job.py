"""The main job on real calls: who is calling whom, live and by name, for those whom it concerns and nobody else."""

import asyncio
import contextlib
import re
import statistics
import time

import pytest

from ami_bridge.demo.sipp import PlayedPhone, call_from_trunk
from tests.limits import allowed
from tests.real.caller import RawCaller
from tests.real.house import SOAK, House, Listener
from tests.real.tap import Sip, Tap
from tests.real.test_names_on_phones import manager

BAKER, BAKER_NAME = "+493023125001", "Sabine Schröder"
ANNA, BEN = "+498999998101", "+498999998102"
ROUNDS = 300 if SOAK else 20


@pytest.mark.alone
async def test_a_call_of_a_known_number_is_shown_by_name_at_once(house: House) -> None:
    """Twenty calls: ringing with the right name within 50 ms of the telephone's 180, then answered, then ended."""
    delays = []
    async with (
        PlayedPhone(house.pbx, "101", ring_seconds=0.25),
        house.listen("anna") as anna,
        house.listen("ben") as ben,
    ):
        with Tap() as tap:
            for _ in range(ROUNDS):
                start = len(anna.heard)
                call = await call_from_trunk(house.pbx, BAKER, ANNA, hold_seconds=0.3)
                ringing = await anna.call("ringing", after=start)
                told = anna.times[
                    await anna.until(lambda one: one.get("call", {}).get("state") == "ringing", after=start)
                ]
                answered = await anna.call("answered", after=start)
                ended = await anna.call("ended", after=start)
                await call.ended()
                delays.append(told - _ringing(tap, house)[-1].time)
                assert ringing["peer"]["name"] == BAKER_NAME
                assert ringing["peer"]["number"] == BAKER
                assert ringing["peer"]["source"] == "Stadt"
                assert (ringing["direction"], ringing["role"], ringing["line"]["exten"]) == ("in", "callee", "101")
                assert ringing["id"] == answered["id"] == ended["id"]
                assert ringing["rev"] < answered["rev"] < ended["rev"]
                assert ended["result"] == "answered"
                assert ended["answered_at"] is not None
                assert ended["ended_at"] > ended["answered_at"]
        invites = [one for one in tap.all("INVITE") if one.source[1] == house.pbx.ports.sip]
        assert len(invites) == ROUNDS
        for invite in invites:
            assert BAKER_NAME in invite.header("From")
        await _sentinel(house, ben)
        assert all(one["extension"] == "102" for one in ben.calls()), "Ben was told of a call of Anna's"
    median = statistics.median(delays)
    print(
        f"180 on the wire to `ringing` at the client: median {median * 1000:.1f} ms, worst {max(delays) * 1000:.1f} ms"
    )
    assert median <= allowed(0.05)


async def _sentinel(house: House, ben: Listener) -> None:
    """A call that Ben is told of: whatever he should not have got would have come before it."""
    async with PlayedPhone(house.pbx, "102"):
        call = await call_from_trunk(house.pbx, BAKER, BEN, hold_seconds=0.2)
        await ben.call("ended")
        await call.ended()


def _ringing(tap: Tap, house: House) -> list[Sip]:
    """The telephone's 180s, as they reached Asterisk."""
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        found = [one for one in tap.all("SIP/2.0 180") if one.target == ("127.0.0.1", house.pbx.ports.sip)]
        if found:
            return found
    return []


async def test_a_finished_call_is_kept(house: House) -> None:
    before = len(house.journal())
    async with PlayedPhone(house.pbx, "101", ring_seconds=0.1), house.listen("anna") as anna:
        call = await call_from_trunk(house.pbx, BAKER, ANNA, hold_seconds=1.1)
        ended = await anna.call("ended")
        await call.ended()
    async with asyncio.timeout(5):
        while len(rows := house.journal()) <= before:
            await asyncio.sleep(0.05)
    row = next(row for row in rows if row["call_id"] == ended["id"])
    assert (row["extension"], row["direction"], row["result"], row["peer_number"]) == ("101", "in", "answered", BAKER)
    assert 0.9 < row["ended_at"] - row["answered_at"] < 2


async def test_a_withheld_number_reaches_nobody(house: House) -> None:
    """The network tells Asterisk the number all the same; neither screen nor journal nor log may have it."""
    secret = "+493023125077"
    async with PlayedPhone(house.pbx, "101", ring_seconds=0.2), house.listen("anna") as anna:
        call = await call_from_trunk(house.pbx, secret, ANNA, hold_seconds=0.2, withheld=True)
        ringing = await anna.call("ringing")
        await anna.call("ended")
        await call.ended()
    assert ringing["peer"]["number"] is None
    assert secret not in str(anna.heard)
    await asyncio.sleep(0.2)
    assert secret not in str(house.journal())
    assert secret not in (house.folder / "log").read_text()


async def test_nobody_outside_passes_for_a_colleague(house: House) -> None:
    """A caller who sends an extension's number is shown by that number, as one from outside."""
    async with PlayedPhone(house.pbx, "101", ring_seconds=0.1) as telephone, house.listen("anna") as anna:
        with Tap() as tap:
            call = await call_from_trunk(house.pbx, "105", ANNA, hold_seconds=0.2)
            ringing = await anna.call("ringing")
            await anna.call("ended")
            await call.ended()
        invite = next(one for one in tap.all("INVITE") if one.source[1] == house.pbx.ports.sip)
    assert (ringing["peer"]["name"], ringing["peer"]["number"], ringing["peer"]["display"]) == (None, None, "+105")
    assert "Eule" not in invite.text
    assert telephone is not None


async def test_hostile_names_do_nothing(house: House) -> None:
    """Names a caller's network may send: none becomes an event, a header or a line of its own."""
    hostile = ("<img src=x onerror=alert(1)>", "${EPOCH}", 'Rudi "der Baer", Kuehn', "Jürgen Groß", "x" * 4000)
    async with PlayedPhone(house.pbx, "101", ring_seconds=0.1), house.listen("anna") as anna:
        for name in hostile:
            start = len(anna.heard)
            call = await call_from_trunk(house.pbx, "+493023125099", ANNA, hold_seconds=0.1, caller_name=name[:60])
            ringing = await anna.call("ringing", after=start)
            assert ringing["peer"]["number"] == "+493023125099"
            await anna.call("ended", after=start)
            await call.ended()
    assert "event_failed" not in (house.folder / "log").read_text()


STRANGER = "+493023125099"
FORGED = b"Event: Forged"
HOSTILE = {
    "10 kB": b'"' + b"x" * 10_000 + b'"',
    "10 kB of umlauts": b'"' + "ü".encode() * 5_000 + b'"',
    "a folded header": b'"Eve Event: Forged"\r\n\t',
    "quoted pairs": rb'"Eve\"\\ \<sip:x@y\>, \; \$\{EPOCH\}"',
    "control characters as quoted pairs": b'"Eve'
    + b"".join(b"\\" + bytes([one]) for one in (1, 7, 8, 9, 27, 127))
    + b'"',
    "an encoded line end": b'"Eve%0d%0aEvent: Forged"',
    "letters that are written backwards": '"Eve\N{RIGHT-TO-LEFT OVERRIDE}detegroF\N{LINE SEPARATOR}x"'.encode(),
    "bytes that are no text": b'"Eve \xff\xfe\xc3"',
}
NOT_READ = {
    "folded within the quotes": b'"Eve\r\n Event: Forged\r\n\tChannel: SIP/1"',
    "folded between words": b"Eve\r\n Event\r\n Forged",
    "a line end as a quoted pair": b'"Eve\\\r\n\\\nEvent: Forged"',
    "a bare line feed": b'"Eve\nEvent: Forged\n\n"',
    "a NUL": b'"Eve\x00Event: Forged"',
}
"""What SIP forbids, or Asterisk does not read: it may refuse it, drop it or take it, but not as something else."""


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE.keys())
async def test_whatever_name_the_network_sends_is_a_name_at_most(house: House, name: bytes) -> None:
    """Sent byte by byte over the trunk, folded and quoted as SIP allows; 10 kB is one datagram, UDP ends at 64 kB."""
    async with (
        manager(house.pbx) as heard,
        PlayedPhone(house.pbx, "101", ring_seconds=8),
        house.listen("anna") as anna,
    ):
        with Tap() as tap:
            async with RawCaller(house.pbx, number=STRANGER, callee=ANNA, name=name) as caller:
                await caller.until("180")
                ringing = await anna.call("ringing")
            await anna.call("ended")
        await house.pbx.quiet()
    assert ringing["peer"]["number"] == STRANGER
    _nothing_injected(house, tap, heard)
    assert all(one.isprintable() for one in str(anna.heard))


@pytest.mark.parametrize("name", NOT_READ.values(), ids=NOT_READ.keys())
async def test_a_name_that_asterisk_need_not_read_injects_nothing(house: House, name: bytes) -> None:
    async with (
        manager(house.pbx) as heard,
        PlayedPhone(house.pbx, "101", ring_seconds=8),
        house.listen("anna") as anna,
    ):
        with Tap() as tap:
            async with RawCaller(house.pbx, number=STRANGER, callee=ANNA, name=name) as caller:
                with contextlib.suppress(TimeoutError):
                    await caller.until("180", "4", "5", within=1)
        await house.pbx.quiet()
        async with RawCaller(house.pbx, number=STRANGER, callee=ANNA, name=b"Eve") as caller:
            await caller.until("180")
            await anna.call("ringing")
    _nothing_injected(house, tap, heard)


def _nothing_injected(house: House, tap: Tap, heard: bytearray) -> None:
    """Neither Asterisk's events nor the INVITE to the telephone have a line of the caller's, nor does our log speak."""
    assert not re.search(rb"^" + FORGED, heard, re.MULTILINE)
    for invite in tap.all("INVITE"):
        if invite.source[1] == house.pbx.ports.sip:
            assert "\nEvent:" not in invite.text
            assert "\nChannel:" not in invite.text
    log = (house.folder / "log").read_text()
    assert "event_failed" not in log
    assert "Forged" not in log
