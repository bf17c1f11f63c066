"""Who is on duty for the ladders of alarms."""

from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

from ami_bridge.alarms.classes import Rules
from ami_bridge.alarms.duty import Duty, Plan
from ami_bridge.alarms.duty_calendar import DutyCalendar
from ami_bridge.alarms.duty_store import CopyStore
from ami_bridge.alarms.intake import Intake
from ami_bridge.compose.base import ZONE, Base
from ami_bridge.dav.calendar import DavCalendar
from ami_bridge.tasks import every

LOOK_AT_DUTY_EVERY = 60.0


def on_call(
    base: Base, rules: Rules, intake: Intake, *, reachable: Callable[[str], bool]
) -> tuple[Duty, Callable[[], Coroutine[Any, Any, None]]]:
    """Make who is on duty, and what looks at the calendars."""
    config, groupware = base.config.alarms, base.config.groupware
    copies = CopyStore(base.db)
    made: dict[str, tuple[DutyCalendar, DavCalendar]] = {}

    def calendar(path: str) -> DutyCalendar:
        if path not in made:
            dav = DavCalendar(groupware.address, groupware.user, groupware.password, path)
            made[path] = DutyCalendar(name=path, calendar=dav, store=copies, zone=ZONE, now=base.now), dav
        return made[path][0]

    plans = {}
    for ladder in base.config.ladder:
        path = config.duty_calendars.get(ladder.name, config.duty_calendar)
        words = {word for step in ladder.steps for word in step.who if word.partition(":")[0] == "duty"}
        if path and words:
            plans[ladder.name] = Plan(
                calendar=calendar(path),
                over=calendar(config.duty_overrides) if config.duty_overrides else None,
                ranks=tuple(sorted(int(word.partition(":")[2] or 1) for word in words)),
            )
    duty = Duty(
        plans=plans,
        people=base.people,
        person=rules.person,
        reachable=reachable,
        store=copies,
        reports=intake,
        zone=ZONE,
        language=base.config.site.language,
        now=base.now,
    )

    async def look() -> None:
        async with AsyncExitStack() as stack:
            for _, dav in made.values():
                await stack.enter_async_context(dav)
            await every(min(LOOK_AT_DUTY_EVERY, groupware.sync_every), duty.look, name="alarm duty")

    return duty, look
