"""Conference rooms."""

import secrets
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from ami_bridge.asterisk.astdb import AstDb
from ami_bridge.asterisk.bridges import Bridges
from ami_bridge.asterisk.copies import Copy, Failures, Rooms
from ami_bridge.asterisk.link import AmiLink
from ami_bridge.asterisk.phone import Row as PbxRow
from ami_bridge.calls.control import Target
from ami_bridge.compose.base import ZONE, AddRoutes, Base
from ami_bridge.compose.calls import CallParts
from ami_bridge.compose.dial import DialParts
from ami_bridge.errors import NotAllowedError
from ami_bridge.people.model import People
from ami_bridge.privacy.audit import Audit
from ami_bridge.rooms.adhoc import Adhoc
from ami_bridge.rooms.desk import RoomDesk
from ami_bridge.rooms.events import Wished
from ami_bridge.rooms.keeper import Keeper
from ami_bridge.rooms.lines import Lines
from ami_bridge.rooms.live_routes import LiveRoutes
from ami_bridge.rooms.lobby import Lobby
from ami_bridge.rooms.model import Room
from ami_bridge.rooms.moderate import LOOK_EVERY as LOOK_AT_LOCKS_EVERY
from ami_bridge.rooms.moderate import Called, Moderate
from ami_bridge.rooms.participants import Participants
from ami_bridge.rooms.pins import Row, ranges_of
from ami_bridge.rooms.recording_routes import RecordingRoutes
from ami_bridge.rooms.recordings import Recordings
from ami_bridge.rooms.routes import RoomRoutes
from ami_bridge.rooms.spoken import LOOK_EVERY as LOOK_AT_NAMES_EVERY
from ami_bridge.rooms.spoken import Name, Spoken, speak
from ami_bridge.rooms.store import RoomStore
from ami_bridge.rooms.wardens import LOOK_EVERY as LOOK_AT_TIMES_EVERY
from ami_bridge.rooms.wardens import Wardens
from ami_bridge.rooms.wishes import Rules
from ami_bridge.tasks import Errands, every
from ami_bridge.web.identity import Guard
from ami_bridge.web.ops import Op

PURGE_EVERY = 3600.0
PINS_REST = 90
"""Days for which a PIN that was used is not given out again."""
CALLED_IN = frozenset({"internal", "local", "national", "mobile"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomParts:
    """What others need of it."""

    keeper: Keeper
    desk: RoomDesk
    load: Callable[[], Awaitable[None]]
    recordings: Recordings
    call_in: Callable[[str, str, str], Awaitable[None]]
    """Calls a number into a room because an appointment says so."""
    adhoc: Adhoc
    pressed: list[Callable[[str], None]]
    """Who is told that the key for a conference was pressed at a leg; others add to it."""
    loops: dict[str, Callable[[], Coroutine[Any, Any, None]]]
    """By name: what runs as long as the daemon."""
    routes: list[AddRoutes]
    control: list[AddRoutes]
    ops: dict[str, Op]


class Rows:
    """The PBX's rows and whether they can be written."""

    def __init__(self, link: AmiLink, astdb: AstDb) -> None:
        self._link = link
        self._astdb = astdb

    @property
    def up(self) -> bool:
        """Whether Asterisk is connected."""
        return self._link.up

    async def write(self, row: Row, value: str) -> None:
        """Write a row, confirmed."""
        await self._astdb.write(PbxRow(*row), value)


class CalledIn:
    """Who may be called into a room: whom its moderator may dial, but nobody abroad and nothing dear."""

    def __init__(self, people: People, dial: DialParts) -> None:
        self._people = people
        self._dial = dial

    def look(self, login: str, number: str, *, credential: str) -> Called:
        """Return what is dialled, and count it."""
        _, kind = self._dial.dial.looked_at(number)
        if kind not in CALLED_IN:
            raise NotAllowedError(f"Numbers of this kind ({kind}) are not called into rooms.")
        target = self._dial.targets.look(login, number, confirmed=False, credential=credential)
        person = self._people.by_login(login)
        caller = next((one for one in person.extensions if one.isdecimal()), "") if person else ""
        return Called(keys=target.keys, number=target.number, kind=target.kind, caller=caller)

    async def called(self, login: str, called: Called, *, credential: str) -> None:
        """Have it counted over a restart too."""
        target = Target(keys=called.keys, kind=called.kind)
        await self._dial.targets.called(login, [target], credential=credential)


def rooms(base: Base, guard: Guard, audit: Audit, calls: CallParts, dial: DialParts) -> RoomParts | None:
    """Make it; None where the site has no numbers for rooms."""
    config = base.config.rooms
    if not config.numbers:
        return None
    rules = Rules(
        pbx_id=base.pbx.id,
        numbers=tuple(ranges_of(config.numbers)),
        before=timedelta(minutes=config.minutes_before),
        after=timedelta(minutes=config.minutes_after),
        most=config.most,
        waits=config.moderated,
        per_person=config.per_person,
        language=base.config.site.language,
        records=config.recordings_dir != "",
        kept=timedelta(days=max(PINS_REST, config.recordings_days if config.recordings_dir else 0)),
        lines=Lines(there=config.lines, each=config.lines_each),
    )
    errands = Errands()
    keeper = Keeper(
        store=RoomStore(base.db),
        pbx=Rows(base.link, calls.astdb),
        people=base.people,
        rules=rules,
        new_id=base.new_id,
        random=secrets.randbelow,
        now=base.now,
        changed=lambda room: _changed(room, desk, spoken),
        compare=lambda: copy.changed(),  # noqa: PLW0108 - likewise
        errands=errands,
    )
    copy = Copy(
        pbx=base.pbx.id,
        what="rooms",
        compare=Rooms(
            pbx=base.pbx.id,
            astdb=calls.astdb,
            rows=lambda: {PbxRow(*row): value for row, value in keeper.rows().items()},
        ).compare,
    )
    calls.beside.append(copy.run)
    calls.beside.append(Failures(pbx=base.pbx.id, astdb=calls.astdb, now=base.now).run)
    base.leaving.append(keeper.forget)
    base.erasing.append(partial(keeper.forget, wholly=True))
    desk = RoomDesk(
        keeper=keeper, people=base.people, hub=base.hub, dial_in=config.dial_in, zone=ZONE, records=rules.records
    )
    participants, pressed = Participants(), list[Callable[[str], None]]()
    lobby = Lobby(
        participants=participants,
        keeper=keeper,
        people=base.people,
        numbers=base.numbers,
        names=base.directory,
        changed=desk.changed,
        wished=lambda wish: _wished(wish, moderate, pressed),
        now=base.now,
    )
    desk.live = lambda room, login, moderates: lobby.live(room, login, moderates=moderates)
    calls.dispatch.lobby = lobby
    bridges = Bridges(base.link, new_id=base.new_id)
    moderate = Moderate(
        keeper=keeper,
        lobby=lobby,
        participants=participants,
        bridge=bridges,
        may=CalledIn(base.people, dial),
        records=rules.records,
        now=base.now,
    )
    wardens = Wardens(
        keeper=keeper,
        participants=participants,
        bridge=bridges,
        alone=timedelta(minutes=config.alone_minutes),
        now=base.now,
    )
    spoken = (
        Spoken(folder=Path(config.names_dir), names=lambda: _names(keeper), speak=speak) if config.names_dir else None
    )
    recordings = Recordings(
        folder=Path(config.recordings_dir or "/nonexistent"),
        store=RoomStore(base.db),
        keep=timedelta(days=config.recordings_days),
        now=base.now,
    )
    live = LiveRoutes(guard=guard, moderate=moderate, keeper=keeper, desk=desk, once=dial.once)
    routes = RoomRoutes(guard=guard, keeper=keeper, desk=desk, once=dial.once)
    return RoomParts(
        keeper=keeper,
        desk=desk,
        load=keeper.load,
        recordings=recordings,
        call_in=partial(moderate.call_in, credential="appointment"),
        adhoc=Adhoc(keeper=keeper, people=base.people, language=base.config.site.language),
        pressed=pressed,
        loops={
            "rooms retention": lambda: every(PURGE_EVERY, keeper.purge, name="rooms retention"),
            "rooms recordings": lambda: every(PURGE_EVERY, recordings.purge, name="rooms recordings"),
            "rooms locked": lambda: every(LOOK_AT_LOCKS_EVERY, moderate.look, name="rooms locked"),
            "rooms times": lambda: every(LOOK_AT_TIMES_EVERY, wardens.look, name="rooms times"),
            "rooms keys": moderate.run,
            "rooms errands": errands.run,
            **({} if spoken is None else {"rooms names": lambda: _speaking(spoken)}),
        },
        routes=[routes.add_to, live.add_to, RecordingRoutes(guard=guard, recordings=recordings, audit=audit).add_to],
        control=[routes.control, live.control],
        ops={**routes.ops(), **live.ops()},
    )


def _wished(wish: Wished, moderate: Moderate, pressed: list[Callable[[str], None]]) -> None:
    """Pass on what was wished by a key: of a call that is to be a conference, or in a room."""
    if wish.wish != "conference":
        moderate.wished(wish)
        return
    for tell in pressed:
        tell(wish.leg)


def _changed(room: Room, desk: RoomDesk, spoken: Spoken | None) -> None:
    desk.changed(room)
    if spoken is not None:
        spoken.wake.set()


def _names(keeper: Keeper) -> dict[str, Name]:
    """Return who has a PIN of their own, by its id, in the language of the room."""
    return {pin.id: Name(pin.name, room.language) for room in keeper.all() for pin in keeper.pins_of(room) if pin.name}


def _speaking(spoken: Spoken) -> Coroutine[Any, Any, None]:
    return every(LOOK_AT_NAMES_EVERY, spoken.look, name="rooms names", wake=spoken.wake)
