"""Alarms raised by hand, maintenance of sources, and the console without scripts."""

from collections.abc import Callable, Iterable

from ami_bridge.alarms.by_hand import ByHand
from ami_bridge.alarms.by_hand_routes import ByHandRoutes
from ami_bridge.alarms.classes import Rules
from ami_bridge.alarms.console import Console
from ami_bridge.alarms.desk import AlarmDesk
from ami_bridge.alarms.maintenance_routes import MaintenanceRoutes
from ami_bridge.alarms.maintenance_store import MaintenanceStore
from ami_bridge.alarms.plain_page import PlainPage
from ami_bridge.alarms.ports import OnCall, Takes
from ami_bridge.alarms.store import AlarmStore
from ami_bridge.compose.base import ZONE, AddRoutes, Base
from ami_bridge.compose.people import PeopleParts


def maintenance(
    base: Base, people: PeopleParts, *, store: AlarmStore, desk: AlarmDesk, changed: Callable[[Iterable[str]], None]
) -> MaintenanceRoutes:
    """Make what work at sources begins and ends by."""
    return MaintenanceRoutes(
        guard=people.access,
        desk=desk,
        store=MaintenanceStore(base.db, store),
        sources=(one.name for one in base.config.source),
        changed=changed,
        now=base.now,
    )


def console_routes(
    base: Base, people: PeopleParts, *, rules: Rules, on_call: OnCall, takes: Takes, desk: AlarmDesk, console: Console
) -> list[AddRoutes]:
    """Make the routes; those of what is raised by hand come before those of one alarm."""
    by_hand = ByHand(
        rules=rules,
        sources=base.config.source,
        classes=base.config.alarm_class,
        on_call=on_call,
        takes=takes,
        desk=desk,
        now=base.now,
    )
    plain = PlainPage(
        access=people.access,
        sign_in=people.sign_in,
        doorway=people.doorway,
        people=base.people,
        desk=desk,
        console=console,
        by_hand=by_hand,
        zone=ZONE,
        now=base.now,
    )
    return [ByHandRoutes(guard=people.access, by_hand=by_hand, console=console).add_to, plain.add_to]
