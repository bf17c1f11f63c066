"""The calls of alarms that are under way: what is told about them becomes facts for the engine; nothing here waits."""

from collections.abc import Callable, Iterable

from ami_bridge.alarms.events import AlarmEvent, Answered, Began, Dialled, Gone, LegGone, Refused, Rings, Said
from ami_bridge.alarms.outcomes import Story, ended
from ami_bridge.alarms.ports import Ended, Fact, Ringing, Talking

MOST = 1000
"""Stories that are kept: an end that never comes must not fill the memory."""


class Calls:
    """Follows them."""

    def __init__(self, *, heard: Callable[[str, Fact], None], clock: Callable[[], float]) -> None:
        """`heard` is told each fact with its attempt; `clock` counts seconds and is never set."""
        self._heard = heard
        self._clock = clock
        self._stories: dict[str, Story] = {}
        self._asked: dict[str, str] = {}
        """Attempts by the id of the action that was to begin them."""

    def asked(self, action: str, attempt: str) -> None:
        """Be told that a call is about to be asked for: before it is, for the answer may be quick."""
        self._asked[action] = attempt
        while len(self._asked) > MOST:
            del self._asked[next(iter(self._asked))]

    def forget(self, action: str) -> None:
        """Be told that nothing was asked after all."""
        self._asked.pop(action, None)

    def tell(self, attempt: str, fact: Ended) -> None:
        """Say how an attempt ended that was never a call."""
        self._heard(attempt, fact)

    def stopped(self, attempt: str) -> None:
        """Be told that we have ended a call."""
        if attempt in self._stories:
            self._stories[attempt].stopped = True

    def apply(self, event: AlarmEvent) -> None:  # noqa: C901 - one case for each kind of event
        """Take what is told. After a restart stories begin in the middle: each event makes one."""
        match event:
            case Refused(action):
                attempt = self._asked.pop(action, "")
                # With a channel of that id it is the second call for one attempt, or its end is told by the channel.
                if attempt and attempt not in self._stories:
                    self._heard(attempt, Ended(outcome="path_failed", cause="not begun"))
            case Began(attempt):
                self._story(attempt)
            case Rings(attempt):
                story = self._story(attempt)
                if story.rang_at is None:
                    story.rang_at = self._clock()
                    self._heard(attempt, Ringing())
            case Answered(attempt):
                story = self._story(attempt)
                if story.answered_at is None:
                    story.answered_at = self._clock()
                    self._heard(attempt, Talking())
            case Dialled():
                self._story(event.attempt).dialled = event
            case Said():
                self._story(event.attempt).said = event
            case LegGone(attempt, code):
                story = self._story(attempt)
                story.leg = code or story.leg
            case Gone(attempt):
                # Asterisk's answer to what was asked may come after the end.
                self._asked = {action: one for action, one in self._asked.items() if one != attempt}
                self._heard(attempt, ended(self._story(attempt)))
                self._stories.pop(attempt, None)

    def adopt(self, live: Iterable[str]) -> None:
        """Take the calls that live for the truth: of all others no end was told, and none will be."""
        kept = set(live)
        self._stories = {id_: story for id_, story in self._stories.items() if id_ in kept}
        for id_ in kept:
            self._story(id_)

    def _story(self, attempt: str) -> Story:
        story = self._stories.get(attempt)
        if story is None:
            while len(self._stories) >= MOST:
                del self._stories[next(iter(self._stories))]
            story = self._stories[attempt] = Story(attempt)
        return story
