"""From Asterisk's headers to our events: each translator, and whatever else comes is nothing, never an error."""

import random
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ami_bridge.asterisk import translate as t
from ami_bridge.asterisk.message import Message
from ami_bridge.asterisk.translate import CONTROL, WANTED, translate
from ami_bridge.asterisk.translate_queues import WANTED as QUEUES
from ami_bridge.asterisk.translate_rooms import WANTED as ROOMS
from ami_bridge.calls.events import (
    CallEvent,
    DialEnded,
    Dialled,
    Entered,
    Floor,
    Held,
    HintChanged,
    HungUp,
    InRoom,
    Left,
    Leg,
    Originated,
    Parked,
    Queued,
    Renamed,
    Seen,
    Transferred,
)
from tests.fakes.asterisk import channel_block

RECORDINGS = Path(__file__).parent.parent / "recordings"
CALLER = channel_block("1.1", "PJSIP/trunk-01", state="Up", number="+493023125001", exten="102")
CALLEE = channel_block("1.2", "PJSIP/102-02", state="Ringing", number="102", connected="+493023125001", linkedid="1.1")
CALLER_LEG = Leg("1.1", "1.1", "PJSIP/trunk-01", "up", "+493023125001", None, "102")
SEEN = Seen(CALLER_LEG)
CALLEE_LEG = Leg("1.2", "1.1", "PJSIP/102-02", "ringing", "102", "+493023125001", "")


def said(headers: Mapping[str, str | list[str]]) -> Message:
    """The same as it comes over the wire, where a header may stand several times."""
    lines = ((name, [value] if isinstance(value, str) else value) for name, value in headers.items())
    return Message("\r\n".join(f"{name}: {one}" for name, values in lines for one in values).encode("utf-8", "replace"))


def prefixed(prefix: str, block: dict[str, str]) -> dict[str, str]:
    return {prefix + name: value for name, value in block.items()}


DEST = prefixed("Dest", CALLEE)
PARKEE = prefixed("Parkee", CALLER)
CASES: list[tuple[dict[str, str], CallEvent | None]] = [
    ({"Event": "Newchannel", **CALLER}, Seen(CALLER_LEG)),
    ({"Event": "Newstate", **CALLEE}, Seen(CALLEE_LEG)),
    ({"Event": "DialBegin", **CALLER, **DEST, "DialString": "102"}, Dialled(CALLEE_LEG, CALLER_LEG)),
    ({"Event": "DialBegin", **DEST}, Dialled(CALLEE_LEG, None)),
    ({"Event": "DialState", **CALLER, **DEST, "DialStatus": "RINGING"}, Seen(CALLEE_LEG)),
    ({"Event": "DialEnd", **CALLER, **DEST, "DialStatus": "BUSY"}, DialEnded(CALLEE_LEG, "BUSY", "", CALLER_LEG)),
    (
        {"Event": "DialEnd", **DEST, "DialStatus": "CANCEL", "Forward": "Local/103@inside"},
        DialEnded(CALLEE_LEG, "CANCEL", "Local/103@inside", None),
    ),
    (
        {"Event": "BridgeEnter", **CALLER, "BridgeUniqueid": "b1", "BridgeType": "basic"},
        Entered(CALLER_LEG, "b1", talk=True),
    ),
    (
        {"Event": "BridgeEnter", **CALLER, "BridgeUniqueid": "b1", "BridgeType": "base"},
        Entered(CALLER_LEG, "b1", talk=False),
    ),
    ({"Event": "BridgeLeave", **CALLER, "BridgeUniqueid": "b1"}, Left(CALLER_LEG, "b1")),
    ({"Event": "Hold", **CALLER, "MusicClass": "default"}, Held(CALLER_LEG, on=True)),
    ({"Event": "Unhold", **CALLER}, Held(CALLER_LEG, on=False)),
    ({"Event": "Hangup", **CALLER, "Cause": "17", "TechCause": "486"}, HungUp(CALLER_LEG, 17, 486)),
    ({"Event": "Hangup", **CALLER, "Cause": "seventeen"}, HungUp(CALLER_LEG, 0, 0)),
    ({"Event": "BlindTransfer", "Result": "Success", **prefixed("Transferer", CALLEE)}, Transferred((CALLEE_LEG,))),
    ({"Event": "BlindTransfer", "Result": "Fail", **prefixed("Transferer", CALLEE)}, None),
    (
        {
            "Event": "AttendedTransfer",
            "Result": "Success",
            **prefixed("OrigTransferer", CALLEE),
            **prefixed("SecondTransferer", CALLER),
        },
        Transferred((CALLEE_LEG, CALLER_LEG)),
    ),
    ({"Event": "AttendedTransfer", "Result": "Not Permitted", **prefixed("OrigTransferer", CALLEE)}, None),
    (
        {"Event": "ParkedCall", **PARKEE, "ParkingSpace": "701", "ParkerDialString": "PJSIP/101"},
        Parked(CALLER_LEG, "701", "PJSIP/101"),
    ),
    ({"Event": "UnParkedCall", **PARKEE, "ParkingSpace": "701"}, Parked(CALLER_LEG, None, "")),
    ({"Event": "ParkedCallTimeOut", **PARKEE}, Parked(CALLER_LEG, None, "")),
    ({"Event": "ParkedCallGiveUp", **PARKEE}, Parked(CALLER_LEG, None, "")),
    ({"Event": "QueueCallerJoin", **CALLER, "Queue": "hall", "Position": "1"}, Queued(CALLER_LEG, "hall")),
    ({"Event": "QueueCallerLeave", **CALLER, "Queue": "hall"}, Queued(CALLER_LEG, None)),
    ({"Event": "ConfbridgeJoin", **CALLER, "Conference": "800"}, InRoom(CALLER_LEG, "800")),
    ({"Event": "ConfbridgeLeave", **CALLER, "Conference": "800"}, InRoom(CALLER_LEG, None)),
    (
        {"Event": "Rename", "Uniqueid": "1.1", "Channel": "PJSIP/a", "Newname": "PJSIP/b"},
        Renamed("1.1", "PJSIP/b"),
    ),
    ({"Event": "OriginateResponse", "Uniqueid": "x", "Response": "Success"}, Originated("x", ok=True)),
    ({"Event": "OriginateResponse", "Uniqueid": "x", "Response": "Failure"}, Originated("x", ok=False)),
    (
        {"Event": "ExtensionStatus", "Exten": "101", "Context": "hints", "Hint": "PJSIP/101&PJSIP/201,Custom:101"},
        HintChanged("101", "hints", ("PJSIP/101", "PJSIP/201")),
    ),
    ({"Event": "ExtensionStatus", "Exten": "101", "Context": "hints", "Hint": ""}, None),
]
HEADERS = sorted({name for message, _ in CASES for name in message} - {"Event"})
NAMES = sorted(WANTED)


def must_be_sound(event: CallEvent | None) -> None:
    """Every field of it is of its declared type."""
    if event is not None:
        assert msgspec.convert(msgspec.to_builtins(event), type(event)) == event


@pytest.mark.parametrize(("message", "event"), CASES, ids=lambda case: case["Event"] if isinstance(case, dict) else "")
def test_each_event_says_what_it_says(message: dict[str, str], event: CallEvent | None) -> None:
    assert translate(message) == event
    assert translate(said(message)) == event


@pytest.mark.parametrize("path", sorted(RECORDINGS.rglob("*.ami")), ids=lambda path: path.stem)
def test_real_events_say_the_same_read_in_one_go_and_header_by_header(path: Path) -> None:
    heard = [Message(raw) for raw in path.read_bytes().split(b"\r\n\r\n")]
    for message in heard:
        assert translate(message) == translate(dict(message.items()))


def test_asterisk_writes_channels_in_the_order_that_is_read_in_one_go() -> None:
    """Read header by header they would be right too, but several times slower."""
    for path in RECORDINGS.rglob("*.ami"):
        for raw in path.read_bytes().split(b"\r\n\r\n"):
            text = Message(raw).text
            for prefix, block in t._BLOCKS.items():
                if f"\r\n{prefix}Channel: " in text and f"\r\n{prefix}ChannelState: " in text:
                    assert block.match(text, text.find(block.start)), (path, prefix)


def test_each_wanted_event_has_a_case_here() -> None:
    assert {message["Event"] for message, _ in CASES} == WANTED - CONTROL - QUEUES - (
        ROOMS - {message["Event"] for message, _ in CASES}
    )


@pytest.mark.parametrize(("message", "_event"), CASES)
def test_a_header_that_is_missing_or_empty_is_no_error(message: dict[str, str], _event: CallEvent | None) -> None:
    for name in message:
        for other in ({one: value for one, value in message.items() if one != name}, {**message, name: ""}):
            event = translate(other)
            must_be_sound(event)
            assert translate(said(other)) == event


@pytest.mark.parametrize(("message", "event"), CASES)
def test_the_order_of_headers_does_not_matter(message: dict[str, str], event: CallEvent | None) -> None:
    for seed in range(10):
        names = list(message)
        random.Random(seed).shuffle(names)  # noqa: S311 - the same every time
        assert translate(said({name: message[name] for name in names})) == event


@pytest.mark.parametrize("linked", [f"att-{26 * '0'}", f"page-{26 * '0'}"])
def test_what_is_linked_to_an_alarm_is_no_call(linked: str) -> None:
    rung = {**CALLEE, "Linkedid": linked}
    for message in ({"Event": "Newstate", **rung}, {"Event": "DialBegin", **CALLER, **prefixed("Dest", rung)}):
        assert translate(said(message)) is None
        assert translate(message) is None
    floor = t.floor(channels=[rung, CALLER], parked=[], queued=[], in_rooms=[], hints={})
    assert [one.leg for one in floor.legs] == [CALLER_LEG]


@pytest.mark.parametrize(("message", "event"), CASES)
def test_blanks_around_values_do_not_matter(message: dict[str, str], event: CallEvent | None) -> None:
    for name in message.keys() - {"Event"}:
        assert translate(said({**message, name: f" {message[name]}\t"})) == event


@pytest.mark.parametrize(("message", "_event"), CASES)
def test_a_header_that_stands_twice_is_no_error(message: dict[str, str], _event: CallEvent | None) -> None:
    for name, value in message.items():
        must_be_sound(translate(said({**message, name: [value, "another"]})))


@pytest.mark.parametrize("header", ["Uniqueid", "Linkedid", "Channel", "Exten", "CallerIDNum", "ChannelStateDesc"])
def test_a_leg_with_a_doubled_header_is_nobody_else(header: str) -> None:
    """Whoever smuggles a second header into an event must not decide whose call it is."""
    assert translate(said({"Event": "Newstate", **CALLER, header: [CALLER[header], "smuggled"]})) in (None, SEEN)
    assert translate(said({"Event": "Newstate", header: "smuggled", "X": "", **CALLER, "Y": ""})) in (None, SEEN)


@pytest.mark.parametrize("name", ["CallerIDName", "ConnectedLineName", "AccountCode"])
@pytest.mark.parametrize("more", [{"Uniqueid": "1.9"}, {"Channel": "PJSIP/103-9"}, CALLEE])
def test_a_name_with_line_ends_in_it_makes_a_leg_nobody(name: str, more: dict[str, str]) -> None:
    """Whoever writes headers into his name does not become another's leg, not even with a whole block of them."""
    smuggled = "".join(f"\r\n{header}: {value}" for header, value in more.items())
    assert translate(said({"Event": "Newstate", **CALLER, name: f"x{smuggled}"})) is None
    dial = {"Event": "DialState", **CALLER, **DEST}
    smuggled = smuggled.replace("\r\n", "\r\nDest")
    assert translate(said({**dial, f"Dest{name}": f"x{smuggled}"})) is None
    assert translate(said({**dial, name: f"x{smuggled}"})) in (None, Seen(CALLEE_LEG))


@pytest.mark.parametrize("message", [{}, {"Event": ""}, {"Event": "FullyBooted"}])
def test_what_says_nothing_to_us_is_nothing(message: dict[str, str]) -> None:
    assert translate(message) is None
    assert translate(said(message)) is None


values = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["Up", "Ringing", "Success", "<unknown>", "9" * 5000, "²", "٣", "1.1", "PJSIP/101&&,"]),
)
repeated = st.one_of(values, st.lists(st.text(max_size=5), min_size=1, max_size=3))


@given(st.sampled_from(NAMES), st.dictionaries(st.sampled_from(HEADERS), repeated))
def test_junk_never_raises(name: str, headers: dict[str, str | list[str]]) -> None:
    must_be_sound(translate(said({"Event": name, **headers})))


@given(st.sampled_from(CASES), st.dictionaries(st.sampled_from(HEADERS), repeated))
def test_real_events_with_junk_among_them_never_raise(
    case: tuple[dict[str, str], CallEvent | None], headers: dict[str, str | list[str]]
) -> None:
    must_be_sound(translate(said({**case[0], **headers})))


items = st.lists(st.dictionaries(st.sampled_from([*HEADERS, "Duration", "BridgeId", "Application", "Event"]), values))


@given(items, items, items, items)
def test_a_floor_of_junk_never_raises(
    channels: list[dict[str, str]],
    parked: list[dict[str, str]],
    queued: list[dict[str, str]],
    in_rooms: list[dict[str, str]],
) -> None:
    hints = t.hints(parked, "hints")
    floor = t.floor(channels=[*channels, CALLER], parked=parked, queued=queued, in_rooms=in_rooms, hints=hints)
    assert msgspec.convert(msgspec.to_builtins(floor), Floor) == floor
    assert CALLER_LEG in [one.leg for one in floor.legs]
    assert all(0 <= one.seconds <= 366 * 24 * 3600 for one in floor.legs)


def test_a_floor_tells_where_everybody_is() -> None:
    floor = t.floor(
        channels=[
            {**CALLER, "Application": "Park", "Duration": "01:01:05", "BridgeId": "b1"},
            {**CALLEE, "Application": "AppDial", "Duration": "00:00:07", "BridgeId": ""},
            {"Channel": "no id"},
        ],
        parked=[{"ParkeeUniqueid": "1.1", "ParkingSpace": "701", "ParkerDialString": "PJSIP/101"}],
        queued=[{"Event": "QueueParams", "Queue": "hall"}, {"Event": "QueueEntry", "Queue": "hall", "Uniqueid": "1.2"}],
        in_rooms=[{"Uniqueid": "1.2", "Conference": "800"}],
        hints={"101": ("PJSIP/101",)},
    )
    caller, callee = floor.legs
    assert (caller.leg, caller.dialled, caller.bridge, caller.seconds) == (CALLER_LEG, False, "b1", 3665)
    assert (caller.parked_at, caller.parker, caller.room, caller.queue) == ("701", "PJSIP/101", None, None)
    assert (callee.leg, callee.dialled, callee.bridge, callee.seconds) == (CALLEE_LEG, True, None, 7)
    assert (callee.parked_at, callee.parker, callee.room, callee.queue) == (None, "", "800", "hall")
    assert floor.hints == {"101": ("PJSIP/101",)}


def test_hints_are_of_one_context_and_patterns_are_none() -> None:
    items = [
        {"Exten": "101", "Context": "hints", "Hint": "PJSIP/101"},
        {"Exten": "101", "Context": "elsewhere", "Hint": "PJSIP/999"},
        {"Exten": "_1XX", "Context": "hints", "Hint": "PJSIP/${EXTEN}"},
        {"Exten": "102", "Context": "hints"},
    ]
    assert t.hints(items, "hints") == {"101": ("PJSIP/101",), "102": ()}


@pytest.mark.parametrize(
    ("hint", "devices"),
    [
        ("PJSIP/101", ("PJSIP/101",)),
        ("PJSIP/101&PJSIP/201,CustomPresence:101", ("PJSIP/101", "PJSIP/201")),
        ("Custom:door&PJSIP/101", ("PJSIP/101",)),
        (",CustomPresence:101", ()),
        ("", ()),
    ],
)
def test_a_hint_names_devices(hint: str, devices: tuple[str, ...]) -> None:
    assert t.devices(hint) == devices
