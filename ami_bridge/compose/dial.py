"""Dialling from the desk."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from ami_bridge.asterisk.ring import Ringer
from ami_bridge.calls.classes import Plan
from ami_bridge.calls.dial import Dial
from ami_bridge.calls.dial_page import DialPage
from ami_bridge.calls.dial_routes import DialRoutes
from ami_bridge.calls.limits import Limits, Nights
from ami_bridge.calls.nonces import Nonces
from ami_bridge.calls.once import Once
from ami_bridge.calls.store import DialledStore, KeyStore
from ami_bridge.calls.targets import Targets
from ami_bridge.compose.base import AddRoutes, Base
from ami_bridge.compose.calls import CallParts
from ami_bridge.compose.contacts import ContactParts
from ami_bridge.compose.people import PeopleParts
from ami_bridge.tasks import Errands
from ami_bridge.web.ops import Op


@dataclass(frozen=True, slots=True, kw_only=True)
class DialParts:
    """What others need of it."""

    dial: Dial
    plan: Plan
    once: Once
    targets: Targets
    ops: dict[str, Op]
    run: Callable[[], Coroutine[Any, Any, None]]
    """Owns what is being dialled."""
    routes: list[AddRoutes]


def dial(base: Base, people: PeopleParts, calls: CallParts, contacts: ContactParts) -> DialParts:
    """Make it."""
    config, errands = base.config.dialling, Errands()
    plan, guard = Plan(base.config.site, base.numbers), people.access
    limits = Limits(per_person=config.per_person, in_total=config.in_total)
    once = Once(store=KeyStore(base.db), errands=errands, lives=calls.board.lives, new_id=base.new_id, now=base.now)
    one = Dial(
        config=config,
        plan=plan,
        people=base.people,
        devices=calls.devices,
        once=once,
        limits=limits,
        nights=Nights(hours=config.hours, burst=config.burst),
        store=DialledStore(base.db),
        board=calls.board,
        desk=calls.desk,
        ringer=Ringer(base.link),
        shown=contacts.question,
        new_id=base.new_id,
        now=base.now,
    )
    routes = DialRoutes(guard=guard, dial=one)
    page = DialPage(
        guard=guard,
        doorway=people.doorway,
        dial=one,
        plan=plan,
        people=base.people,
        names=base.directory,
        nonces=Nonces(base.now),
        trusted=config.pages,
    )
    targets = Targets(dialling=one, plan=plan, people=base.people, new_id=base.new_id)
    return DialParts(
        dial=one,
        plan=plan,
        targets=targets,
        once=once,
        ops=routes.ops(),
        run=errands.run,
        routes=[routes.add_to, page.add_to],
    )
