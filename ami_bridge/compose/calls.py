"""The live calls: Asterisk's events, the board, who is told, and finished calls."""

from collections.abc import Callable, Collection, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ami_bridge.asterisk.astdb import AstDb
from ami_bridge.asterisk.copies import Copy, Names
from ami_bridge.asterisk.equipment import Equipment
from ami_bridge.asterisk.message import Message
from ami_bridge.asterisk.resync import Resync
from ami_bridge.calls.abilities import Abilities
from ami_bridge.calls.actions import Means, Might
from ami_bridge.calls.board import Board
from ami_bridge.calls.bubble import Bubbles
from ami_bridge.calls.desk import Desk
from ami_bridge.calls.device_routes import DeviceRoutes
from ami_bridge.calls.devices import Devices
from ami_bridge.calls.neighbours import Neighbours
from ami_bridge.calls.presence import Presence
from ami_bridge.calls.routes import CallRoutes
from ami_bridge.calls.view import View
from ami_bridge.compose.base import AddRoutes, Base
from ami_bridge.compose.journal import JournalParts
from ami_bridge.compose.journal import journal as make_journal
from ami_bridge.contacts.offline import Offline
from ami_bridge.dispatch import Dispatch
from ami_bridge.drivers.driver import Drivers
from ami_bridge.ids import new_id
from ami_bridge.people.model import People, Person
from ami_bridge.people.store import OwnStore
from ami_bridge.privacy.audit import Audit
from ami_bridge.tasks import race
from ami_bridge.web.identity import Guard


@dataclass(frozen=True, slots=True, kw_only=True)
class CallParts:
    """What others need of it."""

    board: Board
    desk: Desk
    journal: JournalParts
    dispatch: Dispatch
    devices: Devices
    astdb: AstDb
    names: Copy
    """The names that the PBX keeps."""
    beside: list[Callable[[], Coroutine[Any, Any, None]]]
    """What else is to run as long as a connection lives; others add to it."""
    hearing: list[Callable[[Message], bool]]
    """Who hears messages before the board, and may take them; others add to it."""
    when_lost: list[Callable[[], None]]
    """Who else must hear that the connection is gone; others add to it."""
    look_again: Callable[[], Coroutine[Any, Any, None]]
    """Compares what is shown with what Asterisk says is going on."""
    neighbours: Neighbours
    presence: Presence
    bubbles: Bubbles
    might: Callable[[Person, View | None], Might]
    """What a person can do."""
    when_more: list[Callable[[], None]]
    """Who must hear that people can do more or less than before; others add to it."""
    listen: Callable[[], Coroutine[Any, Any, None]]
    """Keeps the connection to Asterisk up, for ever."""
    routes: list[AddRoutes]


def calls(
    base: Base, guard: Guard, audit: Audit, drivers: Drivers, when_moved: list[Callable[[Collection[str]], None]]
) -> CallParts:
    """Make it; who is in `when_moved` is told of people that have another telephone now."""
    config, pbx = base.config, base.pbx
    board = Board(pbx.id, hints_context=pbx.hints, new_id=new_id)
    devices = Devices(
        pbx=pbx.id,
        people=base.people,
        board=board,
        known=config.phone,
        drivers=drivers,
        auto_answer=config.dialling.auto_answer,
        store=OwnStore(base.db),
    )
    abilities = Abilities(devices=devices, drivers=drivers, board=board)
    bubbles = Bubbles(numbers=base.numbers, names=base.directory, lines=pbx.lines, click=config.groupware.click)
    journal = make_journal(base, guard, audit, board=board, bubbles=bubbles)
    neighbours = Neighbours(
        groups=config.pickup,
        board=board,
        bubbles=bubbles,
        people=base.people,
        hub=base.hub,
        might=abilities.of,
        silent=journal.rules.is_silent,
    )
    presence = Presence(
        people=base.people,
        hub=base.hub,
        reachable=devices.can_ring,
        silent=journal.rules.is_silent,
        shown=config.people.presence == "department",
    )
    base.moving.append(presence.review)
    when_moved.append(devices.moved)
    desk = Desk(
        board=board,
        bubbles=bubbles,
        people=base.people,
        hub=base.hub,
        journal=journal.intake,
        now=base.now,
        might=abilities.of,
        neighbours=neighbours,
        presence=presence,
    )
    dispatch = Dispatch(board=board, desk=desk, now=base.now)
    resync = Resync(pbx=pbx.id, hints_context=pbx.hints, link=base.link, listener=dispatch)
    offline = Offline(
        directory=base.directory,
        people=base.people,
        country=config.site.country,
        spelling=pbx.offline_numbers,
        most=pbx.offline_names,
    )
    astdb = AstDb(link=base.link, new_id=base.new_id)
    names = Copy(pbx=pbx.id, what="names", compare=Names(pbx=pbx.id, astdb=astdb, names=offline).compare)
    when_more: list[Callable[[], None]] = []
    equipment = Equipment(
        pbx=pbx.id,
        link=base.link,
        means=lambda means: _can_more(means, abilities, desk, when_more),
        registered=lambda found: _came_or_went(
            devices.registered(found), board, base.people, desk, presence, when_more
        ),
        arrived=lambda device: _came_or_went(
            [device] if devices.arrived(device) else [], board, base.people, desk, presence, when_more
        ),
    )

    beside: list[Callable[[], Coroutine[Any, Any, None]]] = []
    when_lost: list[Callable[[], None]] = [dispatch.lost]

    hearing: list[Callable[[Message], bool]] = [astdb.take, equipment.take]

    async def listen() -> None:
        await base.link.run(
            _to_first(hearing, dispatch.handle),
            connected=lambda: race(resync.run(), names.run(), equipment.run(), *(one() for one in beside)),
            lost=lambda: _told(when_lost),
        )

    return CallParts(
        board=board,
        desk=desk,
        journal=journal,
        dispatch=dispatch,
        devices=devices,
        astdb=astdb,
        names=names,
        beside=beside,
        hearing=hearing,
        when_lost=when_lost,
        look_again=resync.look,
        neighbours=neighbours,
        presence=presence,
        bubbles=bubbles,
        might=abilities.of,
        when_more=when_more,
        listen=listen,
        routes=[CallRoutes(guard=guard, desk=desk).add_to, DeviceRoutes(guard=guard, devices=devices).add_to],
    )


def _told(listeners: Iterable[Callable[[], None]]) -> None:
    for listener in listeners:
        listener()


def _can_more(means: Means, abilities: Abilities, desk: Desk, others: Iterable[Callable[[], None]]) -> None:
    """Take what the PBX is prepared for."""
    if means != abilities.means:
        abilities.means = means
        desk.retell_all()
        _told(others)


def _came_or_went(
    changed: Iterable[str],
    board: Board,
    people: People,
    desk: Desk,
    presence: Presence,
    others: Iterable[Callable[[], None]],
) -> None:
    """Tell the owners of these telephones: they can do more or less now; and colleagues that they came or went."""
    owners = {owner for device in changed if (owner := board.extension_of(f"{device}-")) is not None}
    for login in {person.login for owner in owners for person in people.by_extension(owner)}:
        desk.retell(login)
    presence.look(owners)
    if owners:
        _told(others)


def _to_first(
    takes: Sequence[Callable[[Message], bool]], others: Callable[[Message], None]
) -> Callable[[Message], None]:
    """Give a message to the first who takes it, else to the others."""

    def receive(message: Message) -> None:
        if not any(take(message) for take in takes):
            others(message)

    return receive
