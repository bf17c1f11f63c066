"""What people see of rooms: who is told of which change, and the state for late comers; everything from memory."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, tzinfo
from typing import Protocol

from msgspec import Struct, structs

from ami_bridge import wire
from ami_bridge.people.model import People
from ami_bridge.rooms.invitation import invitation
from ami_bridge.rooms.keeper import Keeper
from ami_bridge.rooms.model import Pin, Room

ROOMS = "rooms"
ONE = "room:"


class Live(Struct, frozen=True, kw_only=True):
    """What is going on in a room."""

    since: datetime | None = None
    locked: bool = False
    recorded: bool = False
    guessed: bool = False
    participants: tuple[wire.Participant, ...] = ()


EMPTY = Live()


class Hub(Protocol):
    """Where news go."""

    def publish(self, topic: str, event: str, kind: str, body: Struct, *, key: str, login: str | None = None) -> None:
        """Tell one person's clients."""


class RoomDesk:
    """Rooms as people see them."""

    def __init__(
        self,
        *,
        keeper: Keeper,
        people: People,
        hub: Hub,
        dial_in: str,
        zone: tzinfo,
        records: bool = False,
    ) -> None:
        """Show that recordings can be made where `records` says so."""
        self._records = records
        self._keeper = keeper
        self._people = people
        self._hub = hub
        self._dial_in = dial_in
        self._zone = zone
        self.live: Callable[[Room, str, bool], Live] = lambda _room, _login, _moderates: EMPTY
        """Tells what is going on in a room, as this person may know it; whoever watches the rooms puts it here."""
        self._revs: dict[str, int] = {}
        self._sees: dict[str, set[str]] = {}
        """By a room's id: who was shown it, and is told when it is not theirs to see any more."""

    def changed(self, room: Room) -> None:
        """Tell everybody whom it concerns that a room is another now, or that it is theirs to see no more."""
        rev = self._revs[room.id] = self._revs.get(room.id, 0) + 1
        saw = self._sees.pop(room.id, set())
        for person in self._people.all():
            if self._keeper.may_see(person.login, room):
                shown = self.show(room, person.login)
            elif person.login in saw:
                shown = _farewell(self._shown(room, person.login))
            else:
                continue
            shown = structs.replace(shown, rev=rev)
            for topic in (ROOMS, ONE + room.number):
                self._hub.publish(topic, "room.changed", "room", shown, key=f"{topic} {room.id}", login=person.login)
        if room.ended_at is not None:
            self._revs.pop(room.id, None)
            self._sees.pop(room.id, None)

    def show(self, room: Room, login: str) -> wire.Room:
        """Return a room as this person may see it."""
        self._sees.setdefault(room.id, set()).add(login)
        return self._shown(room, login)

    def _shown(self, room: Room, login: str) -> wire.Room:
        moderates = self._keeper.moderates(login, room)
        pins = self._keeper.pins_of(room)
        guest = next((pin.digits for pin in pins if pin.role == "guest"), None)
        mine = next((pin.digits for pin in pins if pin.login == login), None)
        knows = moderates or mine is not None or room.department is not None
        owner = self._people.by_login(room.owner)
        live = self.live(room, login, moderates)
        return wire.Room(
            number=room.number,
            title=room.title,
            owner=owner.name if owner else "",
            kind=room.kind,
            language=room.language,
            starts=room.starts,
            ends=room.ends,
            opens=room.opens,
            closes=room.closes,
            most=room.most,
            waits=room.waits,
            recording=room.recording,
            dial_in=self._dial_in,
            moderates=moderates,
            can_record=moderates and self._records,
            my_pin=mine,
            guest_pin=guest if knows else None,
            pins=tuple(map(_pin, pins)) if moderates else (),
            invitation=self._invitation(room, guest) if knows and guest else {},
            since=live.since,
            locked=live.locked,
            recorded=live.recorded,
            guessed=live.guessed,
            lines_short=moderates and self._keeper.crowd(room) is not None,
            participants=live.participants,
            ended=room.ended_at is not None,
            rev=self._revs.get(room.id, 1),
        )

    def rooms(self, login: str) -> tuple[wire.Room, ...]:
        """Return all rooms that this person may see."""
        return tuple(self.show(room, login) for room in self._visible(login))

    def may_follow(self, login: str, topic: str) -> bool:
        """Whether this person may follow a topic."""
        if topic == ROOMS:
            return self._people.by_login(login) is not None
        room = self._keeper.room(topic.removeprefix(ONE))
        return room is not None and self._keeper.may_see(login, room)

    def snapshot(self, login: str, topic: str, *, seq: int) -> wire.Snapshot:
        """Return the whole state of a topic for this person."""
        if topic == ROOMS:
            return wire.Snapshot(topic=topic, seq=seq, prev=seq, rooms=self.rooms(login))
        room = self._keeper.room(topic.removeprefix(ONE))
        shown = () if room is None else (self.show(room, login),)
        return wire.Snapshot(topic=topic, seq=seq, prev=seq, rooms=shown)

    def _visible(self, login: str) -> Iterable[Room]:
        return (room for room in self._keeper.all() if self._keeper.may_see(login, room))

    def _invitation(self, room: Room, pin: str) -> dict[str, str]:
        text: Mapping[str, str] = invitation(room, pin=pin, dial_in=self._dial_in, zone=self._zone)
        return dict(text)


def _farewell(room: wire.Room) -> wire.Room:
    """Return the last that somebody hears of a room: that it is gone, and nothing of who is in it."""
    return structs.replace(
        room, guest_pin=None, invitation={}, since=None, locked=False, recorded=False, guessed=False, participants=(),
        ended=True,
    )  # fmt: skip


def _pin(pin: Pin) -> wire.RoomPin:
    return wire.RoomPin(id=pin.id, role=pin.role, name=pin.name, digits=pin.digits)
