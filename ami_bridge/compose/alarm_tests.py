"""Test alarms: on request and by the clock, with a report by mail; what keeps alarms and rings is given."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ami_bridge.alarms import weekly
from ami_bridge.alarms.classes import Rules
from ami_bridge.alarms.desk import AlarmDesk
from ami_bridge.alarms.ports import Takes
from ami_bridge.alarms.reach import Test, headline
from ami_bridge.alarms.reach_routes import ReachRoutes
from ami_bridge.alarms.reach_store import ReachStore
from ami_bridge.alarms.tests_reach import LOOK_EVERY, Tests
from ami_bridge.compose.base import ZONE, AddRoutes, Base
from ami_bridge.errors import BridgeError
from ami_bridge.mail import Post
from ami_bridge.tasks import every
from ami_bridge.web.identity import Guard
from ami_bridge.web.ops import Op


@dataclass(frozen=True, slots=True, kw_only=True)
class TestParts:
    """What the composition root needs of it."""

    routes: list[AddRoutes]
    ops: dict[str, Op]
    loops: Mapping[str, Callable[[], Coroutine[Any, Any, None]]]


def tests(
    base: Base,
    guard: Guard,
    rules: Rules,
    takes: Takes,
    desk: AlarmDesk,
    sources: Callable[[], Sequence[Any]],
    troubles: weekly.Troubles,
) -> TestParts:
    """Make it; `troubles` is told where a regular test cannot be."""
    config, store = base.config.alarms, ReachStore(base.db)
    trials = Tests(
        store=store,
        takes=takes,
        people=base.people,
        person=rules.person,
        everyone=config.everyone,
        tell=partial(_told, Post(base.config.mail), config.mail_to),
        new_id=base.new_id,
        now=base.now,
    )
    routes = ReachRoutes(guard=guard, desk=desk, tests=trials, sources=sources, now=base.now)
    loops: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {
        "alarm tests": partial(every, LOOK_EVERY, trials.look, name="alarm tests"),
    }
    if config.tests.every:
        regular = weekly.Regular(
            every=config.tests.every,
            at=config.tests.at,
            to=list(config.tests.to),
            seconds=config.tests.seconds,
            tests=store,
            start=trials.start,
            troubles=troubles,
            zone=ZONE,
            now=base.now,
        )
        loops["regular alarm tests"] = partial(every, weekly.LOOK_EVERY, regular.look, name="regular alarm tests")
    return TestParts(routes=[routes.add_to], ops=routes.ops(), loops=loops)


async def _told(post: Post, addresses: Sequence[str], test: Test, text: str) -> None:
    """Send the report; one address that fails costs the others nothing. Raises the first failure at the end."""
    failed: BridgeError | None = None
    for address in addresses:
        try:
            await post.send(address, f"Probealarm: {headline(test)}", text)
        except BridgeError as error:
            failed = failed or error
    if failed is not None:
        raise failed
