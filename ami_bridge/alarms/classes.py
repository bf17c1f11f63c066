"""Classes, ladders and sources as configured, and the plan that is frozen into an alarm. Pure."""

from collections.abc import Callable, Sequence

from msgspec import Struct, structs

from ami_bridge.alarms.model import FrozenStep, Person, Plan, Priority, Report
from ami_bridge.config_alarms import AlarmClass, Alarms, Ladder, Point, Source
from ami_bridge.people.model import Person as Employee
from ami_bridge.people.rules import means

NO_POINT = Point()
OURSELVES = Source(name="ami-bridge", label="ami-bridge")
"""We are a source too: of silence of the others, of calendars that are away, of tests."""
FALLBACK = AlarmClass(name="alarm", label="Alarm", priority=2)
LAST_QUIET = 3
"""From this priority on there may be hours in which nobody is rung."""
SHOWN_ONLY = 4


class Meant(Struct, frozen=True, kw_only=True):
    """What a report means here: everything that its source, point and class say, put together."""

    source: Source
    kind: AlarmClass
    plant: str
    priority: Priority
    sound: str
    text: str
    all_clear: bool
    known: bool
    """Whether the configuration knows this class; what it does not know is raised all the same."""


class Rules:
    """What the configuration says about alarms."""

    def __init__(
        self,
        *,
        alarms: Alarms,
        classes: Sequence[AlarmClass],
        ladders: Sequence[Ladder],
        sources: Sequence[Source],
        staff: Callable[[], Sequence[Employee]],
    ) -> None:
        """`staff` tells who works here now."""
        self.alarms = alarms
        self._classes = {one.name: one for one in classes}
        self._first = classes[0] if classes else FALLBACK
        self._ladders = {one.name: one for one in ladders}
        self.sources = {OURSELVES.name: OURSELVES, **{one.name: one for one in sources}}
        self._staff = staff

    def meant(self, report: Report) -> Meant:
        """Put together what a report means; an odd one is never refused."""
        source = self.sources.get(report.source) or Source(name=report.source, label=report.source)
        point = source.points.get(report.point, NO_POINT)
        wanted = report.alarm_class or point.alarm_class or source.alarm_class
        kind = self._classes.get(wanted, self._first) if wanted else self._first
        return Meant(
            source=source,
            kind=kind,
            plant=source.label or source.name,
            priority=report.priority or point.priority or kind.priority,
            sound=report.sound or point.sound or kind.sound,
            text=_text(report, source, point, kind),
            all_clear=kind.all_clear if point.all_clear is None else point.all_clear,
            known=not wanted or wanted in self._classes,
        )

    def plan(self, meant: Meant) -> Plan:
        """Freeze how such an alarm is dealt with."""
        ladder, config = self._ladders.get(meant.kind.ladder), self.alarms
        everyone = self.people(config.everyone)
        return Plan(
            kind=meant.kind.kind,
            ack=meant.kind.ack,
            ladder=meant.kind.ladder,
            steps=tuple(
                FrozenStep(
                    words=tuple(word for word in step.who if _is_asked_later(word)),
                    people=self.people([word for word in step.who if not _is_asked_later(word)]),
                    after=step.after,
                )
                for step in (ladder.steps if ladder else ())
            ),
            everyone=everyone,
            last_resort=merged(everyone, self.people(config.last_resort)),
            repeat=ladder.repeat if ladder else 0,
            max_interval=config.max_interval,
            ack_minutes=config.ack_minutes,
            remind_minutes=config.remind_minutes,
            paths=config.paths,
            ring_seconds=config.ring_seconds,
            rings=meant.priority < SHOWN_ONLY,
            quiet=meant.kind.quiet if meant.priority >= LAST_QUIET else "",
            all_clear=meant.all_clear,
        )

    def test_plan(self, meant: Meant, people: Sequence[Person]) -> Plan:
        """Make the plan of a test: these people once, nobody else; its end closes it, whoever has not confirmed.

        Somebody has said when it is to be, so quiet hours do not hold; and nobody needs to hear that nothing is over.
        """
        step = FrozenStep(words=(), people=tuple(people))
        return structs.replace(
            self.plan(meant), kind="simple", ack="phone", steps=(step,), everyone=(), last_resort=(), quiet="",
            all_clear=False,
        )  # fmt: skip

    def people(self, words: Sequence[str]) -> tuple[Person, ...]:
        """Return whom words mean, each once, with the numbers to ring; who has none is nobody that could be rung."""
        found: dict[str, Person] = {}
        for word in words:
            if word == "everyone":
                found.update((one.login, one) for one in self.people(self.alarms.everyone))
                continue
            for person in self._staff():
                if _means(word, person) and (ready := self.person(person)).numbers:
                    found.setdefault(ready.login, ready)
        return tuple(found.values())

    def person(self, person: Employee) -> Person:
        """Return somebody of the staff as they may be rung."""
        numbers = self.alarms.numbers.get(person.login) or person.extensions
        return Person(login=person.login, name=person.name, numbers=tuple(dict.fromkeys(numbers)))


def merged(*groups: Sequence[Person]) -> tuple[Person, ...]:
    """Return all of them, each once."""
    return tuple({person.login: person for group in reversed(groups) for person in group}.values())


def _means(word: str, person: Employee) -> bool:
    kind, colon, name = word.partition(":")
    return name in person.roles if colon and kind == "role" else means(word, person)


def _is_asked_later(word: str) -> bool:
    return word.partition(":")[0] == "duty" or word == "speakers"


def _text(report: Report, source: Source, point: Point, kind: AlarmClass) -> str:
    """Fill the pattern of the class; what it does not know stays as it is written there."""
    if report.unreadable:
        return f"{source.label or source.name}: unlesbare Meldung: {report.text}".rstrip(": ")
    said = point.text or report.text or point.label or report.point
    words = {
        **report.values,
        "plant": source.label or source.name,
        "place": source.place,
        "point": point.label or report.point,
        "text": said,
    }
    text = kind.text
    for name, value in words.items():
        text = text.replace("{" + name + "}", value)
    return " ".join(text.split())
