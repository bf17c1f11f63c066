"""Alarms that people raise: what can be raised, whom it would call, and raising it once they have said so twice."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Annotated, Protocol

import structlog
from msgspec import Meta, Struct

from ami_bridge.alarms.classes import Meant
from ami_bridge.alarms.model import Plan, Report
from ami_bridge.alarms.ports import OnCall, Takes
from ami_bridge.config_alarms import AlarmClass, Source
from ami_bridge.errors import BadRequestError, UnconfirmedError
from ami_bridge.people.model import Person

log = structlog.get_logger()

POINT = "von Hand"  # German, as all that sources say
LONGEST_KEY = 100


class Scenario(Struct, frozen=True, kw_only=True):
    """What can be raised: a class at a plant."""

    source: str
    plant: str
    alarm_class: str
    label: str
    priority: int
    people: Sequence[str]
    """Names of all who are called, one after the other, until somebody takes over."""


class Wish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An alarm that somebody raises."""

    source: str
    alarm_class: str
    text: Annotated[str, Meta(min_length=3, max_length=300)]
    confirmed: bool = False
    """Whether it was asked back: without, nothing happens."""


class Rules(Protocol):
    """What the configuration says."""

    def meant(self, report: Report) -> Meant:
        """Put together what a report means."""

    def plan(self, meant: Meant) -> Plan:
        """Freeze how such an alarm is dealt with."""


class Desk(Protocol):
    """Who may."""

    def operator(self, login: str) -> Person:
        """Return who works with alarms; raises NotAllowedError for everybody else."""


class ByHand:
    """Raises them."""

    def __init__(
        self,
        *,
        rules: Rules,
        sources: Collection[Source],
        classes: Sequence[AlarmClass],
        on_call: OnCall,
        takes: Takes,
        desk: Desk,
        now: Callable[[], datetime],
    ) -> None:
        self._rules = rules
        self._sources = tuple(sources)
        self._classes = {one.name: one for one in classes}
        self._on_call = on_call
        self._takes = takes
        self._desk = desk
        self._now = now

    def scenarios(self, login: str) -> list[Scenario]:
        """Return what this person may raise."""
        self._desk.operator(login)
        return [self._scenario(source, kind) for source in self._sources for kind in self._of(source)]

    async def raise_alarm(self, login: str, wish: Wish, key: str) -> str:
        """Raise one; the same key again is the same alarm. Returns its id, after the commit."""
        person = self._desk.operator(login)
        source = next((one for one in self._sources if one.name == wish.source), None)
        if source is None or wish.alarm_class not in {kind.name for kind in self._of(source)}:
            raise BadRequestError("There is no such alarm to raise.")
        if not wish.confirmed:
            raise UnconfirmedError("This calls people: confirm it.")
        report = Report(
            source=source.name,
            point=POINT,
            dedup=f"{POINT}/{login}/{key[:LONGEST_KEY]}",
            text=wish.text,
            alarm_class=wish.alarm_class,
            values={"ausgelöst von": person.name},
            by=login,
        )
        (id_,) = await self._takes.reports([report])
        log.info("alarms.raised_by_hand", alarm=id_, login=login)
        return id_

    def _of(self, source: Source) -> list[AlarmClass]:
        """Return the classes that a source may have; one that names none has the first."""
        own = {source.alarm_class, *source.classes, *(one.alarm_class for one in source.points.values())}
        return [kind for name, kind in self._classes.items() if name in own] or [*self._classes.values()][:1]

    def _scenario(self, source: Source, kind: AlarmClass) -> Scenario:
        meant = self._rules.meant(Report(source=source.name, point=POINT, dedup=POINT, alarm_class=kind.name))
        return Scenario(
            source=source.name,
            plant=meant.plant,
            alarm_class=kind.name,
            label=kind.label or kind.name,
            priority=meant.priority,
            people=self._called(self._rules.plan(meant)),
        )

    def _called(self, plan: Plan) -> list[str]:
        """Return who is called, in this order, each once."""
        if not plan.rings:
            return []
        found: dict[str, str] = {}
        for step in plan.steps:
            for word in step.words:
                kind, _, rank = word.partition(":")
                if kind == "duty":
                    duty = self._on_call.now(plan.ladder, int(rank or 1), self._now())
                    found.update((one.login, one.name) for one in duty if one.login not in found)
            found.update((one.login, one.name) for one in step.people if one.login not in found)
        found.update((one.login, one.name) for one in plan.last_resort if one.login not in found)
        return list(found.values())
