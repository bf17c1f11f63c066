"""Whatever Asterisk or somebody in its place sends, whole messages arrive in order, and nothing is raised."""

import asyncio
import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from panoramisk.actions import Action

from ami_bridge.asterisk.message import Message
from ami_bridge.asterisk.protocol import MOST_FORGOTTEN, MOST_WITHOUT_END, Protocol
from ami_bridge.asterisk.translate import WANTED as NAMES

WANTED_OF_THE_DAEMON = frozenset(name.encode() for name in NAMES)
WANTED = frozenset({b"Newstate", b"Hangup", b"Hold", b"OriginateResponse", b"DeviceStateChange"})

STREAM = (
    "Asterisk Call Manager/11.0.0\r\n"
    "Event: FullyBooted\r\nPrivilege: system,all\r\n\r\n"
    "Event: Newstate\r\nPrivilege: call,all\r\nCallerIDName: Jürgen Ärmel\r\nAccountCode: \r\n\r\n"
    "Event: VarSet\r\nVariable: X\r\nValue: a\r\n\r\n"
    "\r\nEvent: Hold\r\nChannel: PJSIP/101-00000001\r\n\r\n"
    "\r\n\r\nEvent: Hangup\r\nCause: 16\r\nLast: \r\n\r\n"
    "Response: Success\r\nActionID: nobody's\r\n\r\n"
    "Event: Newstate\r\nChanVariable: A=1\r\nChanVariable: B=2\r\nChanVariable: C=3\r\n\r\n"
    "Event: Hold\r\n\r\n"
    "Event: NewstateLike\r\nChannel: x\r\n\r\n"
).encode() + b"Event: Newstate\r\nCallerIDName: J\xfcrgen\r\n\r\n"

EXPECTED: list[dict[str, str]] = [
    {"Event": "Newstate", "Privilege": "call,all", "CallerIDName": "Jürgen Ärmel", "AccountCode": ""},
    {"Event": "Hold", "Channel": "PJSIP/101-00000001"},
    {"Event": "Hangup", "Cause": "16", "Last": ""},
    {"Event": "Newstate", "ChanVariable": "A=1"},
    {"Event": "Hold"},
    {"Event": "Newstate", "CallerIDName": "J\ufffdrgen"},
]


class Wire:
    """The transport, as far as a protocol looks at it."""

    def __init__(self) -> None:
        self.aborted = False
        self.written = b""

    def abort(self) -> None:
        self.aborted = True

    def write(self, data: bytes) -> None:
        self.written += data


class Reader:
    """A protocol and all that came out of it."""

    def __init__(self, wanted: frozenset[bytes] = WANTED) -> None:
        self.messages: list[Message] = []
        self.ends: list[str] = []
        self.wire = Wire()
        self.boots = 0
        self.stumbled: list[str] = []
        self.protocol = Protocol(
            wanted=wanted,
            receive=self.messages.append,
            failed=lambda _message, error: self.stumbled.append(type(error).__name__),
            booted=self._count_boot,
            lost=self.ends.append,
        )
        self.protocol.connection_made(self.wire)

    def _count_boot(self) -> None:
        self.boots += 1

    def read(self, *pieces: bytes) -> list[Message]:
        for piece in pieces:
            self.protocol.data_received(piece)
        return self.messages

    def asks(self, **headers: str) -> "Action":
        action = Action(headers)
        self.protocol.send(action, as_list=None)
        return action


def test_wanted_events_arrive_in_their_order_and_spelling() -> None:
    assert Reader().read(STREAM) == EXPECTED


def test_every_single_cut_gives_the_same_events() -> None:
    for cut in range(len(STREAM) + 1):
        assert Reader().read(STREAM[:cut], STREAM[cut:]) == EXPECTED, cut


def test_byte_by_byte_gives_the_same_events() -> None:
    assert Reader().read(*(STREAM[at : at + 1] for at in range(len(STREAM)))) == EXPECTED


def recorded(name: str) -> bytes:
    return (Path(__file__).parent.parent / "recordings" / "bench" / f"{name}.ami").read_bytes()


def test_a_real_call_cut_anywhere_gives_the_same_events() -> None:
    stream = recorded("answered-own")
    whole = [one.text for one in Reader(WANTED_OF_THE_DAEMON).read(stream)]
    assert len(whole) > 15
    for cut in range(len(stream) + 1):
        found = Reader(WANTED_OF_THE_DAEMON).read(stream[:cut], stream[cut:])
        assert [one.text for one in found] == whole, cut


@pytest.mark.parametrize("name", ["answered-own", "answered-everything"])
def test_a_real_call_byte_by_byte_gives_the_same_events(name: str) -> None:
    stream = recorded(name)
    whole = Reader(WANTED_OF_THE_DAEMON).read(stream)
    assert Reader(WANTED_OF_THE_DAEMON).read(*(stream[at : at + 1] for at in range(len(stream)))) == whole


async def test_every_single_cut_gives_the_same_events_while_an_answer_is_awaited() -> None:
    for cut in range(len(STREAM) + 1):
        reader = Reader()
        reader.asks(Action="Ping")
        assert reader.read(STREAM[:cut], STREAM[cut:]) == EXPECTED, cut


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_any_cuts_give_the_same_events(cuts: list[int]) -> None:
    at = [0, *sorted(cuts), len(STREAM)]
    assert Reader().read(*(STREAM[a:b] for a, b in itertools.pairwise(at))) == EXPECTED


def test_the_banner_is_kept_as_version_and_lost_from_the_first_message() -> None:
    reader = Reader(frozenset({b"FullyBooted"}))
    assert reader.read(STREAM) == [{"Event": "FullyBooted", "Privilege": "system,all"}]
    assert reader.boots == 1
    assert reader.protocol.version == "11.0.0"


def test_with_nothing_wanted_nothing_comes_but_that_asterisk_is_ready() -> None:
    reader = Reader(frozenset())
    assert reader.read(STREAM) == []
    assert reader.boots == 1


def test_what_a_receiver_raises_costs_one_event() -> None:
    reader = Reader()
    taken: list[Message] = []

    def receive(message: Message) -> None:
        taken.append(message)
        if len(taken) == 2:
            raise ZeroDivisionError

    reader.protocol._receive = receive
    reader.read(STREAM)
    assert taken == EXPECTED
    assert reader.stumbled == ["ZeroDivisionError"]


PIECES = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [
            b"\r\n\r\n",
            b"\r\n",
            b"Event: ",
            b"Event: Newstate\r\n",
            b"Event: Shutdown\r\n",
            b"Response: Success\r\n",
            b"ActionID: mine\r\n",
            b"ActionID: mine\r\nActionID: mine\r\n",
            b"Message: a\r\nMessage: b\r\n",
            b"EventList: start\r\n",
            b"Asterisk Call Manager/",
            b"Response: Follows\r\n",
            b"CommandID: mine\r\n",
        ]
    ),
)


@given(st.lists(PIECES, max_size=30), st.booleans())
def test_junk_raises_nothing_and_the_next_event_arrives(pieces: list[bytes], asked: bool) -> None:  # noqa: FBT001
    async def play() -> None:
        reader = Reader()
        if asked:
            reader.asks(Action="DeviceStateList", ActionID="mine")
        reader.read(*pieces, b"\r\n\r\n")
        reader.messages.clear()
        reader.read(b"Event: Hangup\r\nCause: 16\r\n\r\n")
        assert reader.messages == [{"Event": "Hangup", "Cause": "16"}]
        assert reader.ends == []

    asyncio.run(play())


def test_an_endless_message_ends_the_connection_and_is_not_kept() -> None:
    reader = Reader()
    for _ in range(MOST_WITHOUT_END // 65536):
        reader.read(b"x" * 65536)
        assert not reader.wire.aborted
    reader.read(b"x")
    assert reader.wire.aborted
    assert reader.ends == ["a message without end"]
    assert len(reader.protocol._rest) == 0


def test_a_megabyte_in_single_bytes_is_searched_only_once() -> None:
    reader = Reader()
    for _ in range(1 << 18):  # would take minutes if each byte made the search begin anew
        reader.protocol.data_received(b"x")
    assert reader.read(b"\r\n\r\nEvent: Hold\r\n\r\n") == [{"Event": "Hold"}]


async def test_a_list_goes_to_who_asked_and_equal_events_to_all() -> None:
    reader = Reader()
    action = reader.asks(Action="DeviceStateList", ActionID="mine")
    reader.read(
        b"Response: Success\r\nActionID: mine\r\nEventList: start\r\nMessage: x will follow\r\n\r\n"
        b"Event: DeviceStateChange\r\nActionID: mine\r\nDevice: PJSIP/101\r\n\r\n"
        b"Event: DeviceStateChange\r\nDevice: PJSIP/102\r\n\r\n"
        b"Event: DeviceStateChange\r\nActionID: somebody else's\r\nDevice: PJSIP/103\r\n\r\n"
        b"Event: DeviceStateListComplete\r\nActionID: mine\r\nEventList: Complete\r\n\r\n"
    )
    assert [answer.headers.get("Device") for answer in action.future.result()] == [None, "PJSIP/101", None]
    assert [message["Device"] for message in reader.messages] == ["PJSIP/102", "PJSIP/103"]
    assert reader.protocol.responses == {}


async def test_items_of_a_list_given_up_are_not_taken_for_events() -> None:
    reader = Reader()
    reader.asks(Action="DeviceStateList", ActionID="mine")
    reader.protocol.forget("mine")
    reader.read(b"Event: DeviceStateChange\r\nActionID: mine\r\nDevice: PJSIP/101\r\n\r\nEvent: Hold\r\n\r\n")
    assert reader.messages == [{"Event": "Hold"}]


async def test_only_so_many_given_up_answers_are_remembered() -> None:
    reader = Reader()
    for number in range(3 * MOST_FORGOTTEN):
        reader.asks(Action="Ping", ActionID=f"id {number}")
        reader.protocol.forget(f"id {number}")
    assert len(reader.protocol._forgotten) == MOST_FORGOTTEN
    assert reader.protocol.responses == {}


async def test_the_end_of_an_originate_is_an_event_before_and_after_its_answer() -> None:
    reader = Reader()
    action = Action({"Action": "Originate", "ActionID": "mine"})
    reader.protocol.send(action, as_list=False)
    reader.read(b"Response: Success\r\nActionID: mine\r\nMessage: Originate successfully queued\r\n\r\n")
    assert action.future.result().success
    end = b"Event: OriginateResponse\r\nActionID: mine\r\nResponse: Failure\r\n\r\n"
    assert reader.read(end) == [{"Event": "OriginateResponse", "ActionID": "mine", "Response": "Failure"}]
