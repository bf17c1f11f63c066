"""What a bubble says about alarms of plants, to those who look after them. Pure."""

from collections.abc import Iterable

from ami_bridge.desktop.bubble import LONG, MOST_NAMED, Bubble, Button, Words, plain
from ami_bridge.wire import Alarm

ALARM = "alarm "
"""How the keys of these bubbles begin; the alarm's id follows."""
SEVERAL = ALARM
MOST_BUBBLES = 3
NOBODYS = frozenset({"unacknowledged", "returned", "latched-unacknowledged"})


class Alarms:
    """The alarms as last told."""

    def __init__(self) -> None:
        self._known: dict[str, Alarm] = {}

    def replace(self, alarms: Iterable[Alarm]) -> None:
        """Take the whole state."""
        self._known = {alarm.id: alarm for alarm in alarms}

    def apply(self, alarm: Alarm) -> None:
        """Take one alarm; what is older than what is known is nothing."""
        known = self._known.get(alarm.id)
        if known is None or known.rev <= alarm.rev:
            self._known[alarm.id] = alarm
        if alarm.state == "closed":
            self._known.pop(alarm.id, None)

    def find(self, key: str) -> Alarm | None:
        """Return the alarm of a bubble."""
        return self._known.get(key.removeprefix(ALARM))

    def bubbles(self, words: Words) -> dict[str, Bubble]:
        """Return the bubbles of all that nobody takes care of; in a flood one for all."""
        calls = sorted(filter(_is_nobodys, self._known.values()), key=lambda one: (one.priority, one.raised_at))
        if len(calls) <= MOST_BUBBLES:
            return {ALARM + one.id: _one(one, words) for one in calls}
        body = "\n".join([*(_title(one) for one in calls[:MOST_NAMED]), *["…"] * (len(calls) > MOST_NAMED)])
        return {SEVERAL: _made(words["alarm.several"].format(len(calls)), body, ())}


def _is_nobodys(alarm: Alarm) -> bool:
    """Whether somebody is wanted for it; one that is told with another has no bubble of its own."""
    cared = alarm.taken_over is not None or alarm.acknowledged is not None
    return alarm.state in NOBODYS and not cared and not alarm.overlay and alarm.bundle is None


def _one(alarm: Alarm, words: Words) -> Bubble:
    summary = words["alarm.test" if alarm.test else "alarm"].format(_title(alarm))
    lines = [plain(alarm.plant), words["alarm.since"].format(alarm.raised_at.astimezone().strftime("%H:%M"))]
    if alarm.bundled:
        lines.append(words["alarm.bundled"].format(alarm.bundled))
    button = (Button("take-over", words["take-over"]),) if "take-over" in alarm.actions else ()
    return _made(summary, "\n".join(lines), button)


def _title(alarm: Alarm) -> str:
    return plain(alarm.text) or plain(alarm.point)


def _made(summary: str, body: str, buttons: tuple[Button, ...]) -> Bubble:
    return Bubble(
        occasion="alarm", summary=summary, body=body, buttons=buttons, default="page", expires=LONG, urgent=True,
        stays=True,
    )  # fmt: skip
