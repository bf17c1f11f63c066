"""A person's session: what the daemon tells becomes bubbles, what is pressed or asked for becomes requests."""

import uuid
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from msgspec import structs

from ami_bridge import wire
from ami_bridge.desktop import local
from ami_bridge.desktop.alarms import ALARM, Alarms
from ami_bridge.desktop.bubble import Bubble, Style, bubble, missed, notice, plain, several_missed, who
from ami_bridge.desktop.client import VERSION, RefusedError, State
from ami_bridge.desktop.known import Known
from ami_bridge.desktop.words import problem

MOST_AT_ONCE = 2
"""Calls missed in one go that have a bubble each."""
MOST_CALLABLE = 20
"""Missed calls that can still be called back from their bubbles."""
SIGN_IN, PROBLEM = "sign in", "problem"


class Asking(Protocol):
    """The daemon, as a session asks it."""

    state: State

    async def ask(self, op: str, params: dict[str, object], *, key: str) -> Any:  # noqa: ANN401 - any JSON
        """Have something done; raises RefusedError."""


class Showing(Protocol):
    """The screen."""

    def want(self, bubbles: dict[str, Bubble]) -> None:
        """Say all that is to be seen of calls."""

    def notice(self, key: str, bubble: Bubble) -> None:
        """Show something once."""

    def rename(self, names: dict[str, str]) -> None:
        """Let bubbles go on under other keys."""

    def again(self, key: str) -> None:
        """Show a bubble again."""

    def certain(self, *, sure: bool) -> None:
        """Say whether what is wanted is known to be true."""


class Desk:
    """One person's session; listens to the link, the bubbles and the local socket."""

    def __init__(
        self,
        *,
        page: str,
        style: Style,
        screen: Showing,
        browse: Callable[[str], Coroutine[Any, Any, None]],
        rings: Callable[[set[str]], None],
        run: Callable[[Coroutine[Any, Any, None]], object],
        leave: Callable[[], None],
    ) -> None:
        self.link: Asking
        """Set before anything is heard."""
        self._page = page
        self._style = style
        self._screen = screen
        self._browse = browse
        self._rings = rings
        self._run = run
        self._leave = leave
        self._known = Known()
        self._alarms = Alarms()
        self._user: wire.User | None = None
        self._epoch = ""
        self._same_epoch = True
        self._live = False
        self._away: set[str] = set()
        """PBXs that cannot be reached just now."""
        self._called: dict[str, wire.Call] = {}
        """Missed calls by their bubbles, to call back."""

    # ---- What the daemon tells

    def welcome(self, welcome: wire.Welcome) -> None:
        """Take the beginning of a connection."""
        self._user = welcome.user
        if "alarms" not in welcome.topics:
            self._alarms.replace(())
        self._style = structs.replace(self._style, capabilities=frozenset(welcome.capabilities))
        self._same_epoch = welcome.epoch == self._epoch
        self._epoch = welcome.epoch

    def take(self, news: wire.Snapshot | wire.Event) -> None:
        """Take one piece of news."""
        match news:
            case wire.Snapshot(bridges=bridges) if bridges is not None:
                self._away = {bridge.pbx for bridge in bridges if bridge.ami == "down"}
            case wire.Event(bridge=wire.Bridge() as bridge):
                (self._away.add if bridge.ami == "down" else self._away.discard)(bridge.pbx)
            case wire.Snapshot(calls=calls) if calls is not None:
                self._screen.rename(self._known.replace(calls, same_epoch=self._same_epoch))
                self._same_epoch = True
            case wire.Event(call=wire.Call() as call):
                self._known.apply(call)
            case wire.Snapshot(alarms=alarms) if alarms is not None:
                self._alarms.replace(alarms)
            case wire.Event(alarm=wire.Alarm() as alarm):
                self._alarms.apply(alarm)
            case _:
                return
        self._show()

    def settled(self, *, live: bool) -> None:
        """Take whether what was told is the whole truth."""
        self._live = live
        self._screen.certain(sure=live)
        self._show()

    def refused(self, code: int) -> None:
        """Take that nothing more comes until the person signs in anew."""
        words = self._style.words
        self._known.replace((), same_epoch=True)
        self._alarms.replace(())
        self._screen.want({})
        self._rings(set())
        how = words["version"] if code == VERSION else words["refused.how"]
        self._screen.notice(SIGN_IN, notice(words["refused"], how, default="page"))

    def _show(self) -> None:
        """Bring the screen in line; not while something may be missing."""
        if not self._live:
            return
        calls = self._known.live()
        bubbles = {call.id: bubble(call, self._style, live=call.pbx not in self._away) for call in calls}
        self._screen.want(bubbles | self._alarms.bubbles(self._style.words))
        self._rings({call.id for call in calls if call.role == "callee" and call.state == "ringing"})
        gone = self._known.take_missed()
        if len(gone) > MOST_AT_ONCE:
            if (one := several_missed(gone, self._style)) is not None:
                self._screen.notice(gone[0].id, one)
            return
        for call in gone:
            if (one := missed(call, self._style)) is not None:
                self._called[call.id] = call
                self._screen.notice(call.id, one)
        while len(self._called) > MOST_CALLABLE:
            del self._called[next(iter(self._called))]

    # ---- What the person presses

    def acted(self, key: str, verb: str) -> None:
        """Somebody has pressed a button of the bubble of a call or an alarm."""
        if key.startswith(ALARM):
            self._acted_on_alarm(key, verb)
            return
        call = self._known.find(key) or self._called.get(key)
        if verb == "page" or (verb in {"redirect", "conference"} and call is not None):
            self._run(self._browse(self._page_of(call)))
        elif call is not None and verb == "open":
            self._run(self._browse(call.peer.link or ""))
        elif call is not None and verb == "callback":
            self._run(self._call_back(call))
        elif call is not None and verb in call.actions:
            self._run(self._press(call, verb))

    async def _press(self, call: wire.Call, verb: str) -> None:
        try:
            await self.link.ask(f"call.{verb}", _about(call), key=_new_key())
        except RefusedError as error:
            self._complain(error.problem)
            self._screen.again(call.id)

    def _acted_on_alarm(self, key: str, verb: str) -> None:
        alarm = self._alarms.find(key)
        if verb == "take-over" and alarm is not None:
            self._run(self._take_over(key, alarm))
        elif verb == "page":
            self._run(self._browse(self._page_of_alarm(alarm)))

    async def _take_over(self, key: str, alarm: wire.Alarm) -> None:
        """Take over; a token that is not good for alarms leads to the page, where one click more does it."""
        try:
            await self.link.ask("alarm.take-over", {"alarm": alarm.id}, key=_new_key())
        except RefusedError as error:
            if error.problem.code == "not_allowed":
                await self._browse(self._page_of_alarm(alarm))
            elif error.problem.code in {"gone", "not_found"}:
                self._screen.notice(PROBLEM, notice(self._style.words["not_done"], self._style.words["alarm.gone"]))
            else:
                self._complain(error.problem)
            self._screen.again(key)

    def _page_of_alarm(self, alarm: wire.Alarm | None) -> str:
        return f"{self._page}/#/alarms" + (f"/{alarm.id}" if alarm is not None else "")

    async def _call_back(self, call: wire.Call) -> None:
        try:
            await self.link.ask("call.originate", {"to": call.peer.number, "device": None}, key=_new_key())
        except RefusedError as error:
            self._complain(error.problem, about="dial")

    def _complain(self, what: wire.Problem, *, about: str = "") -> None:
        words = self._style.words
        self._screen.notice(PROBLEM, notice(words["not_done"], problem(words, what.code, what.message, about=about)))

    def _page_of(self, call: wire.Call | None) -> str:
        return f"{self._page}/" if call is None or call.state == "ended" else f"{self._page}/#/calls/{call.id}"

    # ---- What is asked for on this machine

    async def answer(self, question: local.Question) -> local.Answer:
        """Answer on the local socket."""
        match question:
            case local.Dial():
                wish: dict[str, object] = {"to": question.to, "device": question.device}
                wish |= {"confirmed": True} if question.confirmed else {}
                return await self._do("call.originate", wish, question.key)
            case local.Act():
                return await self._act(question)
            case local.Status():
                return self._status()
            case local.Quit():
                self._leave()
                return local.Answer(ok=True)

    async def _act(self, question: local.Act) -> local.Answer:
        known = self._known
        call = known.for_verb(question.verb) if question.call is None else known.find(question.call)
        if call is None or question.verb not in call.actions:
            return local.Answer(ok=False, code="gone", message=self._style.words["code.gone"])
        about = _about(call) | ({} if question.to is None else {"to": question.to})
        return await self._do(f"call.{question.verb}", about, question.key or _new_key(), call.id)

    async def _do(self, op: str, params: dict[str, object], key: str, call: str | None = None) -> local.Answer:
        try:
            result = await self.link.ask(op, params, key=key)
        except RefusedError as error:
            what, about = error.problem, "dial" if op == "call.originate" else "to" if "to" in params else ""
            said = problem(self._style.words, what.code, what.message, about=about)
            return local.Answer(ok=False, code=what.code, message=said, call=call)
        made = result.get("call") if isinstance(result, dict) else None
        return local.Answer(ok=True, call=made if isinstance(made, str) else call)

    def _status(self) -> local.Answer:
        words = self._style.words
        return local.Answer(
            ok=True,
            link=self.link.state,
            user=None if self._user is None else self._user.name,
            url=self._page,
            capabilities=tuple(sorted(self._style.capabilities)),
            calls=tuple(
                local.Shown(id=call.id, state=call.state, peer=plain(who(call.peer, words)), actions=call.actions)
                for call in self._known.live()
            ),
        )


def _about(call: wire.Call) -> dict[str, object]:
    return {"call": call.id, "extension": call.extension}


def _new_key() -> str:
    return str(uuid.uuid4())
