"""The live calls: Asterisk's events, the board, who is told, and finished calls."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from ami_bridge.asterisk.astdb import AstDb
from ami_bridge.asterisk.copies import Copy, Names
from ami_bridge.asterisk.message import Message
from ami_bridge.asterisk.resync import Resync
from ami_bridge.asterisk.steer import Steer
from ami_bridge.calls.board import Board
from ami_bridge.calls.bubble import Bubbles
from ami_bridge.calls.control import Control
from ami_bridge.calls.desk import Desk
from ami_bridge.calls.routes import CallRoutes
from ami_bridge.calls.verbs import CallVerbs
from ami_bridge.compose.base import AddRoutes, Base
from ami_bridge.compose.journal import JournalParts
from ami_bridge.compose.journal import journal as make_journal
from ami_bridge.contacts.offline import Offline
from ami_bridge.dispatch import Dispatch
from ami_bridge.ids import new_id
from ami_bridge.privacy.audit import Audit
from ami_bridge.tasks import race
from ami_bridge.web.identity import Guard
from ami_bridge.web.ops import Op


@dataclass(frozen=True, slots=True, kw_only=True)
class CallParts:
    """What others need of it."""

    board: Board
    desk: Desk
    journal: JournalParts
    dispatch: Dispatch
    astdb: AstDb
    names: Copy
    """The names that the PBX keeps."""
    beside: list[Callable[[], Coroutine[Any, Any, None]]]
    """What else is to run as long as a connection lives; others add to it."""
    listen: Callable[[], Coroutine[Any, Any, None]]
    """Keeps the connection to Asterisk up, for ever."""
    routes: list[AddRoutes]
    ops: dict[str, Op]


def calls(base: Base, guard: Guard, audit: Audit) -> CallParts:
    """Make it."""
    config, pbx = base.config, base.pbx
    board = Board(pbx.id, hints_context=pbx.hints, new_id=new_id)
    bubbles = Bubbles(numbers=base.numbers, names=base.directory, lines=pbx.lines, click=config.groupware.click)
    journal = make_journal(base, guard, audit, board=board, bubbles=bubbles)
    desk = Desk(board=board, bubbles=bubbles, people=base.people, hub=base.hub, journal=journal.intake, now=base.now)
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

    control = Control(board=board, desk=desk, people=base.people, telephones=Steer(base.link))
    verbs = CallVerbs(guard=guard, control=control)

    beside: list[Callable[[], Coroutine[Any, Any, None]]] = []

    async def listen() -> None:
        await base.link.run(
            _to_first(astdb.take, dispatch.handle),
            connected=lambda: race(resync.run(), names.run(), *(one() for one in beside)),
            lost=dispatch.lost,
        )

    return CallParts(
        board=board,
        desk=desk,
        journal=journal,
        dispatch=dispatch,
        astdb=astdb,
        names=names,
        beside=beside,
        listen=listen,
        routes=[CallRoutes(guard=guard, desk=desk).add_to, verbs.add_to],
        ops=verbs.ops(),
    )


def _to_first(takes: Callable[[Message], bool], others: Callable[[Message], None]) -> Callable[[Message], None]:
    """Give a message to who takes it, else to the others."""

    def receive(message: Message) -> None:
        if not takes(message):
            others(message)

    return receive
