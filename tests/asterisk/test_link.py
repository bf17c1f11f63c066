"""The link to Asterisk comes back, loses nothing but what is lost, and never says a thing twice."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from ami_bridge.asterisk.link import AmiLink, pause_before
from ami_bridge.asterisk.message import Message
from ami_bridge.config import Pbx
from ami_bridge.errors import ConfigError, NotReachableError, RefusedError
from ami_bridge.logs import errors_by_place
from tests.fakes.asterisk import SOON, FakeAsterisk

WANTED = frozenset({"Newchannel", "Newstate", "DialBegin", "Hangup", "UserEvent", "OriginateResponse", "ParkedCall"})


class Listener:
    """Who listens to a link, as the daemon does."""

    def __init__(self, link: AmiLink) -> None:
        self.link = link
        self.messages: list[Message] = []
        self.story: list[str] = []
        self.stumbles_at: str = ""
        self.on_connected: Callable[[], Any] | None = None
        self._changed = asyncio.Condition()
        self._woken: set[asyncio.Task[None]] = set()

    def receive(self, message: Message) -> None:
        if message.get("Number") == self.stumbles_at:
            raise KeyError(message["CallerIDNum"])
        self.messages.append(message)
        self._wake()

    async def connected(self) -> None:
        self.story.append("connected")
        self.link.works()
        self._wake()
        if self.on_connected is not None:
            await self.on_connected()

    def lost(self) -> None:
        self.story.append("lost")
        self._wake()

    def _wake(self) -> None:
        task = asyncio.get_running_loop().create_task(self._note())
        self._woken.add(task)
        task.add_done_callback(self._woken.discard)

    async def _note(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def until(self, happened: Callable[[], bool]) -> None:
        async with asyncio.timeout(SOON), self._changed:
            await self._changed.wait_for(happened)

    async def heard(self, *numbers: str) -> None:
        """Wait for the user events with these numbers, in this order, and nothing between them."""
        await self.until(lambda: len(self.numbers) >= len(numbers))
        assert self.numbers == list(numbers)

    @property
    def numbers(self) -> list[str]:
        return [str(message["Number"]) for message in self.messages if "Number" in message]

    async def comes(self, times: int = 1) -> None:
        await self.until(lambda: self.story.count("connected") >= times)

    async def goes(self, times: int = 1) -> None:
        await self.until(lambda: self.story.count("lost") >= times)


@asynccontextmanager
async def listening(config: Pbx, **more: Any) -> AsyncIterator[Listener]:  # noqa: ANN401 - what a link takes
    link = AmiLink(config, wanted=WANTED, **{"pause": lambda _attempt: 0.0, "refused_pause": 0.0, **more})
    listener = Listener(link)
    running = asyncio.get_running_loop().create_task(
        link.run(listener.receive, connected=listener.connected, lost=listener.lost)
    )
    try:
        yield listener
    finally:
        running.cancel()
        await asyncio.wait({running}, timeout=SOON)
        assert running.cancelled()
        assert not link.up


@pytest.fixture
async def pbx() -> AsyncIterator[FakeAsterisk]:
    async with FakeAsterisk() as fake:
        yield fake


def numbered(pbx: FakeAsterisk, *numbers: int) -> None:
    for number in numbers:
        pbx.event("UserEvent", {"UserEvent": "Counted", "Number": str(number), "CallerIDNum": "+493023125001"})


async def test_events_arrive_in_their_order(pbx: FakeAsterisk) -> None:
    async with listening(pbx.config()) as listener:
        await listener.comes()
        numbered(pbx, *range(50))
        await listener.heard(*map(str, range(50)))


async def test_a_ringing_call_is_heard_as_asterisk_tells_it(pbx: FakeAsterisk) -> None:
    async with listening(pbx.config()) as listener:
        await listener.comes()
        call = pbx.ring(caller="+493023125000", callee="102")
        call.answer()
        call.hang_up()
        await listener.until(lambda: len(listener.messages) >= 8)
        assert [message["Event"] for message in listener.messages] == [
            "Newchannel",
            "Newchannel",
            "DialBegin",
            "Newstate",
            "Newstate",
            "Newstate",
            "Hangup",
            "Hangup",
        ]


async def test_half_a_character_waits_for_the_other_half(pbx: FakeAsterisk) -> None:
    whole = "Event: UserEvent\r\nNumber: Jürgen\r\n\r\n".encode()
    async with listening(pbx.config()) as listener:
        await listener.comes()
        for at in range(len(whole)):
            pbx.send_raw(whole[at : at + 1])
            await asyncio.sleep(0)
        await listener.heard("Jürgen")


async def test_blank_lines_empty_last_headers_repeated_headers_and_foreign_bytes(pbx: FakeAsterisk) -> None:
    async with listening(pbx.config()) as listener:
        await listener.comes()
        pbx.send_raw(
            b"\r\nEvent: UserEvent\r\nNumber: 1\r\nLast: \r\n\r\n"
            b"\r\n\r\nEvent: UserEvent\r\nNumber: 2\r\nOf: a\r\nOf: b\r\n\r\n"
            b"Event: UserEvent\r\nNumber: J\xfcrgen\r\n\r\n"
        )
        await listener.heard("1", "2", "J\ufffdrgen")
        assert listener.messages[0] == {"Event": "UserEvent", "Number": "1", "Last": ""}
        assert listener.messages[1].all("Of") == ["a", "b"]


async def test_a_bug_costs_one_event_and_its_log_line_holds_no_number(pbx: FakeAsterisk) -> None:
    async with listening(pbx.config()) as listener:
        await listener.comes()
        listener.stumbles_at = "1"
        with capture_logs() as lines:
            numbered(pbx, 0, 1, 2)
            await listener.heard("0", "2")
        told = [errors_by_place(None, "error", line) for line in lines]
        assert [line["event"] for line in told] == ["ami.event_failed"]
        assert told[0]["errors"][0].startswith("KeyError at ")
        assert told[0]["errors"][0].endswith(":receive")
        assert "23125" not in str(told)
        assert pbx.connections == 1


async def test_after_a_drop_there_is_one_new_connection_and_each_event_comes_once(pbx: FakeAsterisk) -> None:
    async with listening(pbx.config()) as listener:
        for time in (1, 2, 3):
            await listener.comes(time)
            numbered(pbx, time)
            await listener.until(lambda now=time: len(listener.numbers) >= now)  # type: ignore[misc]
            assert len(pbx._writers) == 1
            pbx.drop_link()
        await listener.comes(4)
        assert listener.numbers == ["1", "2", "3"]
        assert (pbx.connections, pbx.logins) == (4, 4)
        assert listener.story == ["connected", "lost"] * 3 + ["connected"]


async def test_an_action_cut_by_a_drop_fails_and_is_not_sent_again(pbx: FakeAsterisk) -> None:
    pbx.unanswered.add("Originate")
    async with listening(pbx.config()) as listener:
        await listener.comes()
        asking = asyncio.get_running_loop().create_task(listener.link.send("Originate", {"Channel": "PJSIP/101"}))
        await pbx.asked("Originate")
        pbx.drop_link()
        with pytest.raises(NotReachableError, match="connection lost"):
            await asking
        await listener.comes(2)
        pbx.unanswered.clear()
        await listener.link.send("CoreStatus")
        assert [action["Action"] for action in pbx.actions] == ["Originate", "CoreStatus"]


async def test_while_away_nothing_is_sent_now_or_later(pbx: FakeAsterisk) -> None:
    async with listening(pbx.config()) as listener:
        await listener.comes()
        await pbx.stop()
        await listener.goes()
        with pytest.raises(NotReachableError, match="not connected"):
            await listener.link.send("Originate", {"Channel": "PJSIP/101"})
        await pbx.start()
        await listener.comes(2)
        await listener.link.send("CoreStatus")
        assert [action["Action"] for action in pbx.actions] == ["CoreStatus"]


async def test_a_silent_peer_is_dropped(pbx: FakeAsterisk) -> None:
    async with listening(pbx.config(ping_every=0.01, answer_within=0.2)) as listener:
        await listener.comes()
        pbx.fall_silent()
        await listener.goes()
        pbx.silent = False
        await listener.comes(2)


async def test_pings_that_are_answered_keep_the_connection(pbx: FakeAsterisk) -> None:
    pings = itertools.count(1)
    enough = asyncio.Event()

    def pong(_action: object) -> list[dict[str, str]]:
        if next(pings) == 20:
            enough.set()
        return [{"Response": "Success", "Ping": "Pong"}]

    pbx.answers["Ping"] = pong
    async with listening(pbx.config(ping_every=0.001)) as listener:
        await listener.comes()
        async with asyncio.timeout(SOON):
            await enough.wait()
        assert (pbx.connections, listener.story) == (1, ["connected"])


async def test_a_list_comes_as_its_items(pbx: FakeAsterisk) -> None:
    pbx.knows_list("ParkedCalls", "ParkedCall", [{"ParkingSpace": "701"}, {"ParkingSpace": "702"}])
    async with listening(pbx.config()) as listener:
        await listener.comes()
        items = await listener.link.items("ParkedCalls")
        assert [item["ParkingSpace"] for item in items] == ["701", "702"]
        assert await listener.link.send("CoreShowChannels") == []
        assert listener.messages == []  # though ParkedCall is wanted as an event


async def test_a_list_cut_in_the_middle_is_an_error_and_what_is_left_of_it_ignored(pbx: FakeAsterisk) -> None:
    late: list[bytes] = []

    def half(action: Any) -> list[dict[str, str]]:  # noqa: ANN401
        whole = pbx.list_answer(action).split(b"\r\n\r\n")
        late.extend(part + b"\r\n\r\n" for part in whole[2:-1])
        return [
            {"Response": "Success", "EventList": "start", "Message": "Parked calls will follow"},
            {"Event": "ParkedCall", "ParkingSpace": "701"},
        ]

    pbx.knows_list("ParkedCalls", "ParkedCall", [{"ParkingSpace": "701"}, {"ParkingSpace": "702"}])
    pbx.answers["ParkedCalls"] = half
    async with listening(pbx.config(answer_within=0.2)) as listener:
        await listener.comes()
        with pytest.raises(NotReachableError, match="no answer to ParkedCalls within"):
            await listener.link.items("ParkedCalls")
        pbx.send_raw(b"".join(late))
        numbered(pbx, 1)
        await listener.heard("1")
        assert [message["Event"] for message in listener.messages] == ["UserEvent"]
        del pbx.answers["ParkedCalls"]
        assert len(await listener.link.items("ParkedCalls")) == 2
        assert pbx.connections == 1


async def test_a_list_cut_by_a_drop_is_an_error_at_once(pbx: FakeAsterisk) -> None:
    pbx.answers["ParkedCalls"] = lambda _action: [{"Response": "Success", "EventList": "start"}]
    async with listening(pbx.config(answer_within=60)) as listener:
        await listener.comes()
        asking = asyncio.get_running_loop().create_task(listener.link.items("ParkedCalls"))
        await pbx.asked("ParkedCalls")
        pbx.drop_link()
        with pytest.raises(NotReachableError):
            await asyncio.wait_for(asking, SOON)


async def test_an_answer_that_says_no_carries_asterisks_words(pbx: FakeAsterisk) -> None:
    async with listening(pbx.config()) as listener:
        await listener.comes()
        with pytest.raises(RefusedError, match=r"^No active conferences\.$"):
            await listener.link.items("ConfbridgeListRooms")


async def test_an_originate_is_answered_at_once_and_its_end_is_an_event(pbx: FakeAsterisk) -> None:
    async with listening(pbx.config()) as listener:
        await listener.comes()
        answer = await listener.link.send(
            "Originate", {"Channel": "PJSIP/101", "Async": "true", "ActionID": "ours", "Variable": ["A=1", "B=2"]}
        )
        assert isinstance(answer, Message)
        assert answer["Message"] == "Originate successfully queued"
        assert pbx.actions[-1]["Variable"] == ["A=1", "B=2"]
        pbx.event("OriginateResponse", {"ActionID": "ours", "Response": "Failure", "Reason": "0"})
        await listener.until(lambda: bool(listener.messages))
        assert listener.messages[0]["ActionID"] == "ours"


async def test_an_originate_without_async_or_a_played_digit_does_not_end_the_link(pbx: FakeAsterisk) -> None:
    async with listening(pbx.config()) as listener:
        await listener.comes()
        for action in ("Originate", "PlayDTMF"):
            await listener.link.send(action, {"Channel": "PJSIP/101"})
        assert pbx.connections == 1


async def test_a_limit_frees_what_waited(pbx: FakeAsterisk) -> None:
    pbx.unanswered.add("CoreStatus")
    async with listening(pbx.config(answer_within=0.05)) as listener:
        await listener.comes()
        with pytest.raises(NotReachableError, match="no answer to CoreStatus"):
            await listener.link.send("CoreStatus")
        connection = listener.link._connection
        assert connection is not None
        assert connection.protocol.responses == {}
        assert await listener.link.send("CoreSettings")


async def test_who_stops_waiting_leaves_nothing_behind(pbx: FakeAsterisk) -> None:
    pbx.unanswered.add("CoreStatus")
    async with listening(pbx.config()) as listener:
        await listener.comes()
        asking = asyncio.get_running_loop().create_task(listener.link.send("CoreStatus"))
        await pbx.asked("CoreStatus")
        asking.cancel()
        await asyncio.wait({asking})
        connection = listener.link._connection
        assert connection is not None
        assert connection.protocol.responses == {}


@pytest.mark.parametrize(
    ("action", "headers"),
    [
        ("Originate", {"Channel": "PJSIP/1\r\nVariable: X=1"}),
        ("Originate", {"Channel": "PJSIP/1\nVariable: X=1"}),
        ("Originate", {"Channel": "PJSIP/1\r"}),
        ("Originate", {"Channel": "PJSIP/1\0"}),
        ("Originate", {"Variable": ["A=1", "B=2\r\n\r\nAction: Hangup"]}),
        ("Originate", {"Channel\r\nX": "PJSIP/1"}),
        ("Originate", {"Channel: PJSIP/1": "x"}),
        ("Originate", {"": "x"}),
        ("Originate\r\nX: y", {}),
        ("Originate", {"action": "Hangup"}),
        ("Originate", {"Channel": "PJSIP/1", "channel": "PJSIP/2"}),
        ("Originate", {"Channel": "\udcff"}),
        ("Originate", {"Variable": "A=" + "x" * 1000}),
        ("Originate", {"Variable": "A=" + "ü" * 500}),
        ("Originate", {"Variable": ["A=1"] * 100}),
    ],
)
async def test_what_asterisk_would_read_otherwise_is_never_sent(
    pbx: FakeAsterisk, action: str, headers: dict[str, Any]
) -> None:
    async with listening(pbx.config()) as listener:
        await listener.comes()
        with pytest.raises(RefusedError):
            await listener.link.send(action, headers)
        await listener.link.send("CoreStatus")
        assert [one["Action"] for one in pbx.actions] == ["CoreStatus"]


async def test_the_longest_line_and_most_headers_are_sent(pbx: FakeAsterisk) -> None:
    async with listening(pbx.config()) as listener:
        await listener.comes()
        await listener.link.send("Originate", {"Variable": ["A=" + "x" * 987] + ["B=1"] * 97})
        assert len(pbx.actions[-1]["Variable"]) == 98


async def test_a_wrong_secret_is_said_once_and_tried_again(pbx: FakeAsterisk) -> None:
    with capture_logs() as lines:
        async with listening(pbx.config(secret="wrong")) as listener:
            await pbx.logged_in(4)
            assert "connected" not in listener.story
            assert not listener.link.up
            pbx.secret = "wrong"
            await listener.comes()
    assert [line["event"] for line in lines] == ["ami.login_refused", "ami.connected"]
    assert "open sesame" not in str(lines)
    assert "wrong" not in str(lines)


async def test_who_was_refused_waits_long_and_who_lost_the_link_does_not(pbx: FakeAsterisk) -> None:
    async with listening(pbx.config(secret="wrong"), refused_pause=0.3) as listener:
        await pbx.logged_in(1)
        await asyncio.sleep(0.1)
        assert pbx.logins == 1
        pbx.secret = "wrong"
        await listener.comes()
        pbx.drop_link()
        async with asyncio.timeout(0.25):
            await listener.comes(2)


async def test_a_list_that_is_none_is_refused_and_not_empty(pbx: FakeAsterisk) -> None:
    pbx.answers["CoreShowChannels"] = lambda _action: [{"Response": "Success", "Message": "odd"}]
    async with listening(pbx.config()) as listener:
        await listener.comes()
        with pytest.raises(RefusedError, match="CoreShowChannels was not answered with a list"):
            await listener.link.items("CoreShowChannels")


async def test_events_are_counted_over_all_connections_without_those_of_the_dialplan(pbx: FakeAsterisk) -> None:
    async with listening(pbx.config()) as listener:
        await listener.comes()
        numbered(pbx, 1)
        pbx.ring()
        await listener.until(lambda: len(listener.messages) >= 5)
        assert listener.link.events == 4
        pbx.drop_link()
        await listener.comes(2)
        pbx.ring()
        await listener.until(lambda: len(listener.messages) >= 9)
        assert listener.link.events == 8


async def test_being_away_is_said_once_and_being_back_once(pbx: FakeAsterisk) -> None:
    attempts: list[int] = []
    tried = asyncio.Event()

    def pause(attempt: int) -> float:
        attempts.append(attempt)
        if len(attempts) >= 5:
            tried.set()
        return 0.0

    with capture_logs() as lines:
        async with listening(pbx.config(), pause=pause) as listener:
            await listener.comes()
            await pbx.stop()
            async with asyncio.timeout(SOON):
                await tried.wait()
            await pbx.start()
            await listener.comes(2)
    assert [line["event"] for line in lines] == ["ami.connected", "ami.away", "ami.connected"]
    assert attempts[:5] == [0, 1, 2, 3, 4]


async def test_a_peer_that_takes_logins_and_falls_silent_is_asked_ever_more_slowly(pbx: FakeAsterisk) -> None:
    attempts: list[int] = []

    def pause(attempt: int) -> float:
        attempts.append(attempt)
        return 0.0

    async with listening(pbx.config(), pause=pause) as listener:
        for time in (1, 2, 3):
            await listener.comes(time)
            pbx.drop_link()
        await listener.comes(4)
    assert attempts == [0, 1, 2]


async def test_after_a_good_time_the_pauses_begin_anew(pbx: FakeAsterisk) -> None:
    attempts: list[int] = []

    def pause(attempt: int) -> float:
        attempts.append(attempt)
        return 0.0

    async with listening(pbx.config(), pause=pause, settled_after=0.0) as listener:
        for time in (1, 2, 3):
            await listener.comes(time)
            pbx.drop_link()
        await listener.comes(4)
    assert attempts == [0, 0, 0]


def test_pauses_grow_to_three_seconds_and_stay_there() -> None:
    assert all(0 <= pause_before(attempt) <= 3 for attempt in (0, 1, 5, 10, 2000))
    assert max(pause_before(2000) for _ in range(200)) > 2


@pytest.mark.parametrize("first", [False, True])
async def test_ready_may_be_said_before_the_login_is_answered(pbx: FakeAsterisk, first: bool) -> None:  # noqa: FBT001
    pbx.boots_before_answer = first
    async with listening(pbx.config()) as listener:
        await listener.comes()


async def test_nothing_is_asked_of_an_asterisk_that_still_starts(pbx: FakeAsterisk) -> None:
    pbx.boots = False
    async with listening(pbx.config()) as listener:
        await pbx.logged_in()
        numbered(pbx, 1)
        await listener.heard("1")
        assert listener.story == []
        pbx.send_raw(b"Event: FullyBooted\r\nPrivilege: system,all\r\n\r\n")
        await listener.comes()


async def test_events_come_while_the_snapshot_is_taken(pbx: FakeAsterisk) -> None:
    async with listening(pbx.config()) as listener:

        async def snapshot() -> None:
            numbered(pbx, 1)
            await listener.link.items("CoreShowChannels")
            numbered(pbx, 2)

        listener.on_connected = snapshot
        await listener.heard("1", "2")


async def test_a_drop_stops_the_snapshot(pbx: FakeAsterisk) -> None:
    stopped: list[str] = []
    async with listening(pbx.config()) as listener:

        async def snapshot() -> None:
            pbx.drop_link()
            listener.on_connected = None
            try:
                await asyncio.Event().wait()
            finally:
                stopped.append(listener.story[-1])

        listener.on_connected = snapshot
        await listener.comes(2)
        assert stopped == ["connected"]
        assert listener.story == ["connected", "lost", "connected"]


async def test_a_snapshot_that_fails_is_tried_again_on_a_new_connection(pbx: FakeAsterisk) -> None:
    pbx.unanswered.add("CoreShowChannels")
    async with listening(pbx.config(answer_within=0.1)) as listener:

        async def snapshot() -> None:
            await listener.link.items("CoreShowChannels")

        listener.on_connected = snapshot
        await listener.goes()
        pbx.unanswered.clear()
        await listener.comes(2)
        await pbx.asked("CoreShowChannels", 2)
        assert listener.story[:3] == ["connected", "lost", "connected"]


async def test_a_bug_in_the_snapshot_is_not_hidden(pbx: FakeAsterisk) -> None:
    link = AmiLink(pbx.config(), wanted=WANTED)
    ends: list[None] = []

    async def snapshot() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(
            link.run(lambda _message: None, connected=snapshot, lost=lambda: ends.append(None)), timeout=SOON
        )
    assert len(ends) == 1


async def test_an_endless_message_costs_the_connection_and_nothing_else(pbx: FakeAsterisk) -> None:
    async with listening(pbx.config()) as listener:
        await listener.comes()
        pbx.send_raw(b"x" * (2 << 20))
        await listener.comes(2)


async def test_a_peer_that_is_no_asterisk_is_left_alone() -> None:
    asked = asyncio.Event()

    async def web_server(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
        writer.close()
        asked.set()

    server = await asyncio.start_server(web_server, "127.0.0.1", 0)
    config = Pbx(id="town", port=server.sockets[0].getsockname()[1], secret="open sesame", answer_within=0.2)
    with capture_logs() as lines:
        async with listening(config) as listener:
            async with asyncio.timeout(SOON):
                await asked.wait()
            await listener.goes()
    assert {line["event"] for line in lines} <= {"ami.away"}
    server.close()
    await server.wait_closed()


def test_a_secret_of_two_lines_is_refused() -> None:
    with pytest.raises(ConfigError, match="one line"):
        AmiLink(Pbx(id="town", secret="a\nb"), wanted=WANTED)


async def test_in_debug_mode_a_slow_receiver_is_named(pbx: FakeAsterisk) -> None:
    asyncio.get_running_loop().set_debug(True)
    asyncio.get_running_loop().slow_callback_duration = 60
    link = AmiLink(pbx.config(), wanted=WANTED)
    heard = asyncio.Event()

    def slow(_message: Message) -> None:
        ends = asyncio.get_running_loop().time() + 0.01
        while asyncio.get_running_loop().time() < ends:
            pass
        heard.set()

    async def connected() -> None:
        numbered(pbx, 1)

    with capture_logs() as lines:
        running = asyncio.get_running_loop().create_task(link.run(slow, connected=connected, lost=lambda: None))
        async with asyncio.timeout(SOON):
            await heard.wait()
        running.cancel()
        await asyncio.wait({running})
    assert "ami.event_slow" in [line["event"] for line in lines]


async def test_everything_that_listens_is_gone_afterwards(pbx: FakeAsterisk) -> None:
    async with listening(pbx.config()) as listener:
        await listener.comes()
    await pbx.until(lambda: True)
    assert listener.story == ["connected", "lost"]
