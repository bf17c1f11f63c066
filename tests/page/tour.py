"""A walk over every screen of the page, filled with everything that a house can have, well-meant or hostile."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import cycle
from typing import Any, TypeVar, get_args

import msgspec
from playwright.async_api import Page

from ami_bridge.wire import Alarm, Call, Presence, PresenceState, Queue, Room
from tests.page import alarms, life, office, queues, rooms
from tests.page.conftest import Desk
from tests.page.counterpart import Counterpart
from tests.page.town import HOSTILE, answered, every_state

S = TypeVar("S", bound=msgspec.Struct)

MEANT_FOR_PEOPLE = frozenset(
    {
        "actor",
        "advice",
        "again",
        "detail",
        "display",
        "host",
        "label",
        "location",
        "model",
        "name",
        "note",
        "org",
        "owner",
    }
    | {"place", "plant", "point", "shelve_reason", "source", "started_by", "strangers", "text", "title"}
)
"""Names of fields that hold text of others, to be read by people."""
STEERED = ("hangup", "hold", "transfer", "consult", "park", "conference", "note")
ALARM_VIEWS = {
    "closed": ".alarm",
    "log": ".alarm-log",
    "rota": ".stored",
    "sources": ".stored",
    "tests": ".stored",
}


def fill(daemon: Counterpart) -> None:
    """Give somebody with all roles everything."""
    office.fill(daemon)
    roles = (*office.EVA.roles, "plant", "alarm-manager")
    daemon.user = msgspec.structs.replace(office.EVA, roles=roles, department="Bürgerbüro", extensions=("101",))
    life.fill(daemon.answers)
    daemon.calls = {one.id: one for one in (answered("talk", actions=STEERED), *every_state())}
    daemon.colleagues = {
        state: Presence(login=state, name=f"Kollegin {at}", extension=f"11{at}", state=state, rev=1)
        for at, state in enumerate(get_args(PresenceState))
    }
    daemon.queues = {one.name: one for one in queues.every_kind()}
    daemon.rooms = {one.number: one for one in rooms.every_kind()}
    daemon.alarms.fill()
    daemon.alarms.open = {one.id: one for one in alarms.every_kind()}
    del daemon.alarms.closed[3:], daemon.alarms.log[8:]


def make_hostile(daemon: Counterpart) -> None:
    """Put what means harm wherever a text of others is shown."""
    texts = cycle(HOSTILE)
    daemon.calls = {id_: _structs(one, Call, texts) for id_, one in daemon.calls.items()}
    daemon.colleagues = {id_: _structs(one, Presence, texts) for id_, one in daemon.colleagues.items()}
    daemon.queues = {name: _structs(one, Queue, texts) for name, one in daemon.queues.items()}
    daemon.rooms = {id_: _structs(one, Room, texts) for id_, one in (daemon.rooms or {}).items()}
    daemon.alarms.open = {id_: _structs(one, Alarm, texts) for id_, one in daemon.alarms.open.items()}
    daemon.alarms.closed = [_structs(one, Alarm, texts) for one in daemon.alarms.closed]
    answers = daemon.answers
    for holder, names in (
        (daemon.alarms, ("log", "report", "rotas", "sources")),
        (answers, ("entries", "contacts", "lookups", "devices", "seats", "tokens", "admin")),
    ):
        for name in names:
            setattr(holder, name, _poisoned(getattr(holder, name), cycle(HOSTILE)))


def _structs(one: S, kind: type[S], texts: Iterator[str]) -> S:
    return msgspec.convert(_poisoned(msgspec.to_builtins(one), texts), kind)


def _poisoned(said: Any, texts: Iterator[str], key: str = "") -> Any:  # noqa: ANN401 - any JSON
    match said:
        case dict():
            return {name: _poisoned(value, texts, name) for name, value in said.items()}
        case list() | tuple():
            return [_poisoned(value, texts, key) for value in said]
        case str() if key in MEANT_FOR_PEOPLE:
            return next(texts)
    return said


DIALOGS = {
    "calls": ("verb=redirect", "verb=transfer", "verb=conference", "verb=note"),
    "conferences": ("id=end", "new-room"),
    "alarms": ("does=shelve", "does=clear", "raises"),
    "settings": ("revoke",),
}
"""What opens one on a screen; the first of each is pressed."""
OPENERS = {"new-room": ".rooms-head button", "revoke": ".rows .control"}


async def screens(desk: Desk, *, dialogs: bool = False) -> AsyncIterator[str]:
    """Go to one screen after the other, and to its dialogs if they are wanted; each is shown when its name comes."""
    page = desk.page
    for name, prepare in SCREENS.items():
        await page.goto(f"{desk.daemon.url}#/{name}")
        await prepare(page)
        await unfold(page)
        yield name
        for dialog in DIALOGS.get(name, ()) if dialogs else ():
            await page.locator(OPENERS.get(dialog, f"[data-{dialog}]")).first.press("Enter")  # a click may slip
            await page.get_by_role("dialog").wait_for()
            yield f"{name}-dialog-{dialog.partition('=')[2] or dialog}"
            await page.keyboard.press("Escape")
        if name == "alarms":
            for view, there in ALARM_VIEWS.items():
                await page.locator(f'input[value="{view}"]').check(force=True)
                await page.locator(there).first.wait_for()
                await unfold(page)
                yield f"alarms-{view}"


async def unfold(page: Page) -> None:
    """Open every picture, and its table."""
    for summary in await page.locator("details.panel > summary").all():
        await summary.click()
        await page.locator(".picture").first.wait_for()
    for summary in await page.locator(".picture summary").all():
        await summary.click()


async def _calls(page: Page) -> None:
    await page.locator(".call").first.wait_for()


async def _switchboard(page: Page) -> None:
    await page.locator("[data-member]").first.wait_for()


async def _journal(page: Page) -> None:
    await page.locator(".entry").first.wait_for()


async def _contacts(page: Page) -> None:
    await page.locator("#contact-search").fill("66969")
    await page.locator(".number-line .plain-button").first.click()
    await page.locator(".whose fieldset").first.wait_for()


async def _conferences(page: Page) -> None:
    await page.locator(".room-more button").first.click()


async def _alarms(page: Page) -> None:
    await page.locator('input[value="open"]').check(force=True)
    await page.locator(".alarm").first.wait_for()
    await page.locator('[data-alarm="01ALARMGAS"] .alarm-more button').last.click()
    await page.locator(".alarm-log").wait_for()


async def _settings(page: Page) -> None:
    await page.locator(".stored").wait_for()
    await page.locator("#tokens ~ p button").click()
    await page.locator(".pairing").wait_for()


async def _admin(page: Page) -> None:
    await page.locator(".finding").first.wait_for()
    await page.locator(".admin-ask button").click()
    await page.locator(".rows .control").first.wait_for()
    await page.locator("main details:not(.panel) summary").first.click()


SCREENS: dict[str, Callable[[Page], Awaitable[None]]] = {
    "calls": _calls,
    "switchboard": _switchboard,
    "journal": _journal,
    "contacts": _contacts,
    "conferences": _conferences,
    "alarms": _alarms,
    "settings": _settings,
    "admin": _admin,
}
