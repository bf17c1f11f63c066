"""Queues: who waits, who serves, and what the switchboard does there."""

from dataclasses import dataclass

from ami_bridge.asterisk.queue_phone import QueueSteer
from ami_bridge.compose.base import AddRoutes, Base
from ami_bridge.compose.calls import CallParts
from ami_bridge.compose.dial import DialParts
from ami_bridge.ids import new_id
from ami_bridge.queues.control import QueueControl
from ami_bridge.queues.desk import QueueDesk
from ami_bridge.queues.routes import QueueRoutes
from ami_bridge.queues.standing import Standing
from ami_bridge.web.identity import Guard
from ami_bridge.web.ops import Op


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueParts:
    """What others need of it."""

    desk: QueueDesk
    ops: dict[str, Op]
    routes: list[AddRoutes]


def queues(base: Base, guard: Guard, calls: CallParts, dial: DialParts) -> QueueParts:
    """Make it."""
    standing = Standing(new_id=new_id)
    desk = QueueDesk(
        standing=standing,
        rules=base.config.queue,
        lines=base.pbx.lines,
        board=calls.board,
        bubbles=calls.bubbles,
        people=base.people,
        hub=base.hub,
        might=calls.might,
        silent=calls.journal.rules.is_silent,
        shown=base.config.people.presence == "department",
        now=base.now,
    )
    calls.dispatch.queues = desk
    calls.when_more.append(desk.retell)
    control = QueueControl(
        desk=desk,
        standing=standing,
        steer=QueueSteer(base.link),
        devices=calls.devices,
        once=dial.once,
        now=base.now,
    )
    routes = QueueRoutes(guard=guard, control=control, desk=desk)
    return QueueParts(desk=desk, ops=routes.ops(), routes=[routes.add_to])
