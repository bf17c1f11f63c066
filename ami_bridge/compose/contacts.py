"""Names: the address books, who has which number, searches, and phone books on desk telephones."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass

from ami_bridge.compose.base import AddRoutes, Base
from ami_bridge.compose.calls import CallParts
from ami_bridge.compose.people import PeopleParts
from ami_bridge.config import Groupware
from ami_bridge.contacts.choices import Choices
from ami_bridge.contacts.control import ContactDesk, Turns
from ami_bridge.contacts.explain import Explain
from ami_bridge.contacts.own import BookDesk, OwnRoutes
from ami_bridge.contacts.pbx import NameQuestion
from ami_bridge.contacts.private import PrivateBooks
from ami_bridge.contacts.progress import Reported
from ami_bridge.contacts.routes import ContactRoutes
from ami_bridge.contacts.search import Search
from ami_bridge.contacts.store import ContactStore
from ami_bridge.contacts.sync import Sync
from ami_bridge.dav.client import DavClient
from ami_bridge.dav.rest import RestSearch
from ami_bridge.people.access import Access
from ami_bridge.people.model import People
from ami_bridge.people.seats import Seats
from ami_bridge.people.store import PersonStore
from ami_bridge.phonebooks.book import Book
from ami_bridge.phonebooks.control import DeviceDesk
from ami_bridge.phonebooks.devices import Devices
from ami_bridge.phonebooks.ldap import Ldap
from ami_bridge.phonebooks.model import words_in
from ami_bridge.phonebooks.routes import PhonebookRoutes
from ami_bridge.phonebooks.store import DeviceStore
from ami_bridge.web.hub import Hub


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactParts:
    """What others need of it."""

    sync: Sync
    search: Search
    question: NameQuestion
    load: Callable[[], Awaitable[None]]
    """Reads what the database has, before anybody asks."""
    look: Turns
    """Looks at all books."""
    looked: asyncio.Event
    """Set after the first look."""
    wake: asyncio.Event
    """Set when a look is wanted before its time."""
    forget: Callable[[Collection[str]], Awaitable[None]]
    """Deletes what these people have given: account, own books, wishes, choices."""
    ldap: Ldap
    routes: list[AddRoutes]
    control: list[AddRoutes]


def contacts(base: Base, people: PeopleParts, calls: CallParts) -> ContactParts:
    """Make it."""
    config, pbx = base.config, base.pbx
    question = NameQuestion(
        directory=base.directory,
        numbers=base.numbers,
        people=base.people,
        extension_of=calls.board.extension_of,
        names=pbx.names,
        translit=pbx.translit,
    )
    store, reported, looked = ContactStore(base.db), Reported(base.dav), asyncio.Event()
    sync = Sync(
        dav=reported,
        books=config.book,
        staff=config.people,
        store=store,
        persons=PersonStore(base.db),
        people=base.people,
        directory=base.directory,
        numbers=base.numbers,
        rights_changed=_rights_changed(
            hub=base.hub,
            access=people.access,
            people=base.people,
            seats=people.seats,
            forget=lambda logins: private.forget(logins),  # noqa: PLW0108 - it is made below
            leaving=base.leaving,
            moving=base.moving,
        ),
        now=base.now,
        source=people.source,
        source_name=f"[people] {config.people.source}",
    )
    choices = Choices(store=people.own, directory=base.directory, numbers=base.numbers, people=base.people)
    private = PrivateBooks(
        dav=lambda login, password: DavClient(config.groupware.address, login, password),
        accounts=people.accounts,
        wishes=people.wishes,
        choices=choices,
        sync=sync,
        store=store,
        directory=base.directory,
        now=base.now,
        changed=calls.desk.retell,
    )
    search = Search(store=store, people=base.people, numbers=base.numbers, lines=pbx.lines, country=config.site.country)
    explain = Explain(
        directory=base.directory,
        numbers=base.numbers,
        people=base.people,
        question=question,
        click=config.groupware.click,
        online=_online(config.groupware),
    )
    devices = Devices(store=DeviceStore(base.db), pbx_id=pbx.id, now=base.now)
    book = Book(
        search=search,
        names=base.directory,
        people=base.people,
        numbers=base.numbers,
        outside_line=config.site.outside_line,
    )
    look = Turns(_then(sync.run, calls.names.changed, private.run, ended=looked.set))

    async def load() -> None:
        await people.accounts.load()
        await sync.load()
        await private.load()
        await devices.load()

    guard = people.access
    return ContactParts(
        sync=sync,
        search=search,
        question=question,
        load=load,
        look=look,
        looked=looked,
        wake=private.wake,
        forget=private.forget,
        ldap=Ldap(devices=devices, book=book, suffix=config.phonebook.suffix),
        routes=[
            ContactRoutes(guard=guard, people=base.people, search=search, explain=explain).add_to,
            OwnRoutes(guard=guard, people=base.people, books=private, wishes=people.wishes, choices=choices).add_to,
            PhonebookRoutes(
                devices=devices, book=book, doorway=people.doorway, words=words_in(config.site.language)
            ).add_to,
        ],
        control=[
            ContactDesk(
                explain=explain, people=base.people, sync=look, news=reported, names=base.directory.__len__
            ).add_to,
            DeviceDesk(devices).add_to,
            BookDesk(books=private).add_to,
        ],
    )


def _then(
    do: Callable[[], Awaitable[None]],
    told: Callable[[], None],
    last: Callable[[], Awaitable[None]],
    *,
    ended: Callable[[], None],
) -> Callable[[], Awaitable[None]]:
    """Do one thing, tell somebody that it is done, and do the last; say when it has ended, well or not."""

    async def all_of_it() -> None:
        try:
            await do()
            told()
            await last()
        finally:
            ended()

    return all_of_it


def _online(groupware: Groupware) -> RestSearch | None:
    """Make the groupware's own search, where it is wanted."""
    return RestSearch(groupware.search, groupware.user, groupware.password) if groupware.search else None


def _rights_changed(
    *,
    hub: Hub,
    access: Access,
    people: People,
    seats: Seats,
    forget: Callable[[Collection[str]], Awaitable[None]],
    leaving: Iterable[Callable[[Collection[str]], Awaitable[None]]],
    moving: Iterable[Callable[[], None]],
) -> Callable[[frozenset[str]], Awaitable[None]]:
    """Make what follows from a new staff book: who is gone loses everything at once, the others get new state."""

    async def changed(logins: frozenset[str]) -> None:
        gone = {login for login in logins if people.by_login(login) is None}
        if gone:
            await access.forget(gone)
            await forget(gone)
            for forgets in leaving:
                await forgets(gone)
        await seats.review(logins)
        for login in gone:
            hub.close(login=login, code=4500, reason="not known any more")
        for login in logins - gone:
            hub.rights_changed(login)
        for hears in moving:
            hears()

    return changed
