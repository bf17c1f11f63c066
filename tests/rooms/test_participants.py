"""Who is in which room, from what the PBX says; and what of it may be seen."""

from datetime import UTC, datetime, timedelta

from ami_bridge.asterisk.message import Message
from ami_bridge.asterisk.translate_rooms import in_room, rooms
from ami_bridge.rooms.events import Closed, Joined, Left, Muted, Recording, Refused, RoomNow, Talking, Wished, WrongPin
from ami_bridge.rooms.participants import GUESSES, Participants

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def joined(leg: str, *, role: str = "part", **more: object) -> Joined:
    return Joined(
        room="8123", leg=leg, channel=f"PJSIP/{leg}-1", number=leg, role=role, person="P", name="", **more  # type: ignore[arg-type]
    )  # fmt: skip


def message(*lines: str) -> Message:
    return Message("\r\n".join(lines).encode())


def test_a_room_is_open_as_long_as_somebody_is_in_it() -> None:
    there = Participants()
    assert there.apply(joined("101"), NOON)
    assert there.apply(joined("102", role="mod"), NOON + timedelta(seconds=5))
    room = there.open("8123")
    assert room is not None
    assert (room.since, room.led, sorted(room.people)) == (NOON, True, ["101", "102"])
    assert there.apply(Left("8123", "102"), NOON)
    assert not room.led
    assert not there.apply(Left("8123", "102"), NOON)
    assert there.apply(Left("8123", "101"), NOON)
    assert there.open("8123") is None
    assert not there.apply(Closed("8123"), NOON)


def test_who_is_muted_does_not_talk_and_who_goes_leaves_nothing_behind() -> None:
    """Asterisk tells no end of talking when a talker leaves."""
    there = Participants()
    there.apply(joined("101"), NOON)
    assert there.apply(Talking("8123", "101", on=True), NOON)
    assert not there.apply(Talking("8123", "101", on=True), NOON)
    assert there.apply(Muted("8123", "101", on=True), NOON)
    room = there.open("8123")
    assert room is not None
    assert (room.people["101"].muted, room.people["101"].talking) == (True, False)
    there.apply(Left("8123", "101"), NOON)
    there.apply(joined("101"), NOON)
    room = there.open("8123")
    assert room is not None
    assert not room.people["101"].muted
    assert not there.apply(Talking("8999", "101", on=True), NOON)


def test_ten_wrong_pins_look_like_guessing_and_are_told_once() -> None:
    there = Participants()
    told = [there.apply(WrongPin("8123"), NOON + timedelta(seconds=n)) for n in range(3 * GUESSES)]
    assert told == [False] * (GUESSES - 1) + [True] + [False] * (2 * GUESSES)
    assert there.is_guessed("8123", NOON + timedelta(minutes=9))
    assert not there.is_guessed("8123", NOON + timedelta(minutes=11))
    for number in range(5_000):
        there.apply(WrongPin(str(number)), NOON)
    assert len(there._guesses) == 1_000


def test_a_snapshot_is_the_truth_and_tells_what_is_new() -> None:
    there = Participants()
    there.apply(joined("101"), NOON)
    there.apply(Recording("8123", "f.wav"), NOON)
    now = NOON + timedelta(minutes=1)
    same = RoomNow(room="8123", locked=False, people=(joined("101", seconds=60),))
    assert there.replace([same], now) == set()
    room = there.open("8123")
    assert room is not None
    assert (room.since, room.recorded) == (NOON, "f.wav")
    assert there.replace([RoomNow(room="8123", locked=True, people=same.people)], now) == {"8123"}
    assert there.lock("8123", on=False)
    assert not there.lock("8123", on=False)
    assert there.replace([], now) == {"8123"}
    assert there.rooms() == []


def test_asterisks_words_are_read() -> None:
    block = ("Channel: PJSIP/101-1", "Uniqueid: 1.1", "CallerIDNum: +493023125001")
    join = message(
        "Event: ConfbridgeJoin", "Conference: 8123", "Admin: No", "Muted: Yes", *block,
        "ChanVariable: CONFROLE=mod", "ChanVariable: CONFNAME=Anna, die Erste", "ChanVariable: CONFPERSON=01ABC",
    )  # fmt: skip
    assert in_room(join) == Joined(
        room="8123", leg="1.1", channel="PJSIP/101-1", number="+493023125001", role="mod", person="01ABC",
        name="Anna, die Erste", muted=True,
    )  # fmt: skip
    say = message("Event: ConfbridgeJoin", "Conference: 8123", "Channel: Local/8123@conf-say-1;2", "Uniqueid: 2")
    assert in_room(say) is None
    assert in_room(message("Event: ConfbridgeLeave", "Conference: 8123", *block)) == Left("8123", "1.1")
    assert in_room(message("Event: ConfbridgeLeave", "Conference: 8123")) is None
    own = "Event: UserEvent"
    assert in_room(message(own, "UserEvent: ConfBadPin", "Room: 8123")) == WrongPin("8123")
    assert in_room(message(own, "UserEvent: ConfBadPin", "Room: ../x")) == WrongPin("")
    assert in_room(message(own, "UserEvent: ConfRefused", "Room: 8123", "Reason: full")) == Refused("8123", "full")
    assert in_room(message(own, "UserEvent: ConfWish", "Room: 8123", "Uniqueid: 1.1", "Wish: lock")) == Wished(
        "8123", "1.1", "lock"
    )
    assert in_room(message(own, "UserEvent: BridgeStored", "Id: 1")) is None


def test_lists_make_a_snapshot_without_our_own_legs() -> None:
    listed = [message("Event: ConfbridgeListRooms", "Conference: 8123", "Locked: Yes")]
    inside = [
        message(
            "Event: ConfbridgeList", "Channel: PJSIP/101-1", "Uniqueid: 1", "AnsweredTime: 00:01:05", "Talking: Yes"
        ),
        message("Event: ConfbridgeList", "Channel: Local/8123@conf-say-1;2", "Uniqueid: 2"),
        message("Event: ConfbridgeList"),
    ]
    (room,) = rooms(listed, {"8123": inside})
    assert room.locked
    assert [(one.leg, one.seconds, one.talking) for one in room.people] == [("1", 65, True)]
