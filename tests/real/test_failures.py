"""What dies, hangs or is slow: telephony goes on, and soon everybody sees the truth again."""

import asyncio
import re
import signal
import statistics
from collections import Counter
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from ami_bridge.demo.sipp import PlayedPhone, Sipp, call_from_trunk
from ami_bridge.demo.town import PEOPLE
from tests.limits import allowed
from tests.real.house import SOAK, House
from tests.real.tap import Tap

BAKER = "+493023125001"
CALLS = 20
LONG = 60.0
RINGING = ("102", "104")
"""Whose calls still ring when something dies: nothing may ring for ever."""
KILLS = 20 if SOAK else 1
ADDED = 0.35  # seconds that a call may wait for a daemon that is not well


@asynccontextmanager
async def telephones(house: House, ring_seconds: float = 0.1, *, ring_on: Collection[str] = ()) -> AsyncIterator[None]:
    """Everybody's telephone, each takes any number of calls; some only ring."""
    async with AsyncExitStack() as stack:
        for person in PEOPLE:
            rings = LONG if person.extension in ring_on else ring_seconds
            phone = PlayedPhone(house.pbx, person.extension, ring_seconds=rings)
            await stack.enter_async_context(phone)
        yield


async def twenty_calls(house: House, hold_seconds: float) -> list[Sipp]:
    """Four calls to each of the five."""
    numbers = [person.number for person in PEOPLE] * (CALLS // len(PEOPLE))
    return [await call_from_trunk(house.pbx, BAKER, number, hold_seconds=hold_seconds) for number in numbers]


async def on_the_board(house: House) -> Counter[str]:
    """How many live calls each extension has, as the daemon says."""
    found: Counter[str] = Counter()
    for person in PEOPLE:
        found[person.extension] = len(await house.calls(person.user))
    return +found


async def at_the_pbx(house: House) -> Counter[str]:
    """The same, as `core show channels` says."""
    devices = (re.match(r"PJSIP/(\d{3})-", channel) for channel in await house.pbx.channels())
    return Counter(found[1] for found in devices if found)


async def until_both_agree(house: House, calls: int, within: float = 5.0, *, least: int | None = None) -> float:
    """Wait until board and PBX say the same, so many calls or at least `least`; return the seconds it took."""
    clock = asyncio.get_running_loop().time
    began = clock()
    board, pbx = Counter[str](), Counter({"nobody": 1})
    try:
        async with asyncio.timeout(within):
            while True:
                try:
                    board, pbx = await on_the_board(house), await at_the_pbx(house)
                except (OSError, AssertionError):
                    board, pbx = Counter(), Counter({"nobody": 1})
                if board == pbx and (calls if least is None else least) <= sum(pbx.values()) <= calls:
                    return clock() - began
                await asyncio.sleep(0.1)
    except TimeoutError as error:
        raise AssertionError(f"{calls} calls; the board says {board}, the PBX {pbx}") from error


async def hang_up(house: House, how_many: int) -> None:
    """End some of the calls at the PBX."""
    trunk = [one for one in await house.pbx.channels() if one.startswith("PJSIP/trunk-")]
    for channel in trunk[:how_many]:
        await house.pbx.cli(f"channel request hangup {channel}")


async def end(house: House, calls: list[Sipp]) -> None:
    await house.pbx.cli("channel request hangup all")
    await asyncio.gather(*(call.stop() for call in calls))


@pytest.mark.alone
@pytest.mark.parametrize("turn", range(KILLS))
async def test_asterisk_is_killed_in_the_middle_of_twenty_calls(house: House, turn: int) -> None:
    async with telephones(house, ring_on=RINGING), house.listen("anna") as anna, house.listen("ben") as ben:
        calls = await twenty_calls(house, 60)
        await until_both_agree(house, CALLS, within=15)
        start = len(anna.heard)
        assert {one["state"] for one in await house.calls("ben")} == {"ringing"}
        await house.pbx.kill()
        await anna.until(lambda one: one.get("bridge", {}).get("ami") == "down", after=start)
        await house.pbx.start()
        took = await until_both_agree(house, 0)
        await anna.until(lambda one: one.get("bridge", {}).get("ami") == "up", after=start)
        ended = [one for one in anna.calls() if one["state"] == "ended"]
        assert len({one["id"] for one in ended}) >= CALLS // len(PEOPLE), "every bubble is closed"
        rang = [one for one in ben.calls() if one["state"] == "ended"]
        assert len({one["id"] for one in rang}) >= CALLS // len(PEOPLE), "nothing rings for ever"
        await end(house, calls)
    print(f"turn {turn}: after kill -9 of Asterisk and its restart the board was right after {took:.2f} s")
    async with telephones(house), house.listen("anna") as anna:
        call = await call_from_trunk(house.pbx, BAKER, "+498999998101", hold_seconds=0.3)
        assert (await anna.call("ringing"))["peer"]["name"] == "Sabine Schröder"
        await call.ended()


@pytest.mark.alone
@pytest.mark.parametrize("turn", range(KILLS))
async def test_the_daemon_is_killed_in_the_middle_of_twenty_calls(house: House, turn: int) -> None:
    async with telephones(house, ring_on=RINGING):
        calls = await twenty_calls(house, 60)
        await until_both_agree(house, CALLS, within=15)
        await house.daemon.kill()
        await hang_up(house, 5)  # what happens meanwhile
        await house.start()
        # What only rings is given up by the PBX after RING_SECONDS; a daemon may take as long to start.
        took = await until_both_agree(house, CALLS - 5, least=CALLS - 5 - 4 * len(RINGING))
        async with house.listen("anna") as anna:
            place = await anna.until(lambda one: one["type"] == "snapshot" and one.get("calls") is not None)
            assert {one["state"] for one in anna.heard[place]["calls"]} == {"answered"}
            assert {one["peer"]["name"] for one in anna.heard[place]["calls"]} == {"Sabine Schröder"}
        await end(house, calls)
        await until_both_agree(house, 0, within=20)
    print(f"turn {turn}: after kill -9 of the daemon and its restart the board was right after {took:.2f} s")


@pytest.mark.alone
async def test_asterisk_is_restarted_in_order(house: House) -> None:
    await house.pbx.restart()
    await until_both_agree(house, 0)
    async with asyncio.timeout(5):
        while (await (await house.session.get(f"{house.web}/readyz/ami")).json())["ready"] is not True:
            await asyncio.sleep(0.05)


async def delays(house: House) -> list[float]:
    """Seconds from the trunk's INVITE to the telephone's, for calls at once, each from a number of its own."""
    numbers = [person.number for person in PEOPLE] * (CALLS // len(PEOPLE))
    with Tap() as tap:
        made = [
            await call_from_trunk(house.pbx, f"+4930231256{n:02}", number, hold_seconds=0.5)
            for n, number in enumerate(numbers)
        ]
        ended = await asyncio.gather(*(call.ended(20) for call in made))
    assert all("answered" in said for said in ended), "every call went through"
    at_asterisk: dict[str, float] = {}
    at_phone: dict[str, float] = {}
    for one in tap.all("INVITE"):
        caller = re.search(r"\+4930231256\d\d", one.header("From"))
        if caller and house.pbx.ports.sip in {one.source[1], one.target[1]}:
            seen = at_asterisk if one.target[1] == house.pbx.ports.sip else at_phone
            seen.setdefault(caller[0], one.time)
    assert len(at_asterisk) == len(at_phone) == CALLS
    return [at_phone[caller] - came for caller, came in at_asterisk.items()]


async def until_asked_again(house: House) -> None:
    """Forget that the last question failed, so that the next calls ask."""
    await house.pbx.cli("dialplan set global BRIDGE_DOWN 0")


@pytest.mark.alone
@pytest.mark.parametrize("trouble", ["frozen", "stopped", "slow"])
async def test_calls_go_through_whatever_the_daemon_does(house: House, trouble: str) -> None:
    async with telephones(house):
        await until_asked_again(house)
        usual = statistics.median(await delays(house))
        await until_asked_again(house)
        async with unwell(house, trouble):
            worst = max(await delays(house))
        print(f"daemon {trouble}: the worst of {CALLS} calls waited {worst:.3f} s, usually {usual:.3f} s")
        assert worst - usual <= allowed(ADDED)
    await house.until_ready()
    await until_asked_again(house)
    await until_both_agree(house, 0, within=20)


@asynccontextmanager
async def unwell(house: House, trouble: str) -> AsyncIterator[None]:
    """Have the daemon frozen (SIGSTOP), stopped, or answering the dialplan after five seconds."""
    match trouble:
        case "frozen":
            house.daemon.signal(signal.SIGSTOP)
            try:
                yield
            finally:
                house.daemon.signal(signal.SIGCONT)
        case "stopped":
            await house.daemon.stop()
            yield
            await house.start()
        case _:
            await house.daemon.stop()

            async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                await reader.read(1000)
                await asyncio.sleep(5)
                writer.close()

            async with await asyncio.start_server(slow, "127.0.0.1", house.pbx.ports.questions):
                yield
            await house.start()


@pytest.mark.alone
async def test_a_daemon_that_was_frozen_shows_the_truth_again(house: House) -> None:
    async with telephones(house):
        house.daemon.signal(signal.SIGSTOP)
        calls = await twenty_calls(house, 60)
        await asyncio.sleep(3)
        await hang_up(house, 5)
        await asyncio.sleep(1)
        house.daemon.signal(signal.SIGCONT)
        took = await until_both_agree(house, CALLS - 5)
        print(f"after SIGSTOP the board was right after {took:.2f} s")
        await end(house, calls)
        await until_both_agree(house, 0, within=20)
    await until_asked_again(house)


async def test_a_wrong_secret_is_one_clear_line_and_mended_without_restart(house: House) -> None:
    await house.daemon.stop()
    before = (house.folder / "log").stat().st_size
    house.write(secret="wrong")
    await house.start_only()
    async with asyncio.timeout(10):
        while "ami.login_refused" not in (log := (house.folder / "log").read_text()[before:]):
            await asyncio.sleep(0.05)
    await asyncio.sleep(2.5)
    log = (house.folder / "log").read_text()[before:]
    assert log.count("ami.login_refused") == 1
    assert "wrong" not in log.replace("wrong secret", "")
    async with house.session.get(f"{house.web}/livez") as answer:
        assert answer.status == 200, "a daemon without Asterisk lives"
    async with house.session.get(f"{house.web}/readyz") as answer:
        assert answer.status == 503
    await house.daemon.stop()
    house.write()
    await house.start()


async def test_an_asterisk_that_hangs_is_noticed_and_the_screens_say_so(house: House) -> None:
    """Half open: the connection stands, nobody answers."""
    clock = asyncio.get_running_loop().time
    async with house.listen("anna") as anna:
        began = clock()
        house.pbx.freeze()
        try:
            await anna.until(lambda one: one.get("bridge", {}).get("ami") == "down", within=16)
            print(f"a frozen Asterisk was noticed after {clock() - began:.1f} s")
        finally:
            house.pbx.thaw()
        await anna.until(lambda one: one.get("bridge", {}).get("ami") == "up", after=1)
    await until_both_agree(house, 0)
