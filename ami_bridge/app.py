"""The composition root: every object is made here and only here, tied together, run, and stopped by one cancel."""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime

import structlog
from msgspec import Struct

from ami_bridge.asterisk import translate
from ami_bridge.asterisk.astdb import AstDb
from ami_bridge.asterisk.link import AmiLink
from ami_bridge.asterisk.message import Message
from ami_bridge.asterisk.resync import Resync
from ami_bridge.calls.board import Board
from ami_bridge.calls.bubble import Bubbles
from ami_bridge.calls.desk import Desk
from ami_bridge.calls.journal import Journal
from ami_bridge.calls.routes import OPERATIONS as CALLS
from ami_bridge.calls.routes import CallRoutes
from ami_bridge.calls.store import JournalStore
from ami_bridge.config import Config, Groupware, control_socket
from ami_bridge.contacts.choices import Choices
from ami_bridge.contacts.control import ContactDesk, Turns
from ami_bridge.contacts.directory import Directory
from ami_bridge.contacts.explain import Explain
from ami_bridge.contacts.offline import Offline
from ami_bridge.contacts.own import OPERATIONS as OWN
from ami_bridge.contacts.own import BookDesk, OwnRoutes
from ami_bridge.contacts.pbx import NameQuestion
from ami_bridge.contacts.private import PrivateBooks
from ami_bridge.contacts.progress import Reported
from ami_bridge.contacts.routes import OPERATIONS as CONTACTS
from ami_bridge.contacts.routes import ContactRoutes
from ami_bridge.contacts.search import Search
from ami_bridge.contacts.store import ContactStore
from ami_bridge.contacts.sync import Sync
from ami_bridge.dav.client import DavClient
from ami_bridge.dav.rest import RestSearch
from ami_bridge.db.database import open_database
from ami_bridge.dispatch import Dispatch
from ami_bridge.ids import new_id
from ami_bridge.numbers import Numbers
from ami_bridge.people.access import Access
from ami_bridge.people.accounts import Accounts
from ami_bridge.people.control import TokenDesk
from ami_bridge.people.model import People
from ami_bridge.people.routes import OPERATIONS as PEOPLE
from ami_bridge.people.routes import PeopleRoutes
from ami_bridge.people.signin import SignIn
from ami_bridge.people.store import CredentialStore, OwnStore, PersonStore
from ami_bridge.people.vault import Vault
from ami_bridge.people.wishes import Wishes
from ami_bridge.phonebooks.book import Book
from ami_bridge.phonebooks.control import DeviceDesk
from ami_bridge.phonebooks.devices import Devices
from ami_bridge.phonebooks.ldap import Ldap, serve_ldap
from ami_bridge.phonebooks.model import words_in
from ami_bridge.phonebooks.routes import OPERATIONS as PHONEBOOKS
from ami_bridge.phonebooks.routes import PhonebookRoutes
from ami_bridge.phonebooks.store import DeviceStore
from ami_bridge.tasks import every, race
from ami_bridge.web.asyncapi import OPERATIONS as ASYNCAPI
from ami_bridge.web.asyncapi import asyncapi_routes
from ami_bridge.web.control import serve_control
from ami_bridge.web.hub import Hub
from ami_bridge.web.identity import Doorway
from ami_bridge.web.metrics import Figure, registry
from ami_bridge.web.openapi import openapi_routes
from ami_bridge.web.pbx import serve_pbx
from ami_bridge.web.server import Check, serve
from ami_bridge.web.socket import Sockets

log = structlog.get_logger()

PURGE_EVERY = 3600.0


class Ready(Struct, frozen=True):
    """Where the daemon listens, once it does."""

    web: int
    questions: int


def now() -> datetime:
    """Return the time, aware and in UTC: the one clock of the program."""
    return datetime.now(UTC)


async def run(config: Config, *, ready: Callable[[Ready], None] | None = None) -> None:
    """Run the daemon until it is cancelled; `ready` is told where it listens."""
    pbx = config.pbx[0]
    async with (
        open_database(config.database.url) as db,
        DavClient(config.groupware.url, config.groupware.user, config.groupware.password) as dav,
        asyncio.TaskGroup() as tasks,
    ):
        people, directory, numbers = People(), Directory(pbx.lines), Numbers(config.site)
        hub = Hub(epoch=new_id(now()), now=now)
        journal = Journal(store=JournalStore(db), keep_days=config.journal.keep_days, now=now)
        board = Board(pbx.id, hints_context=pbx.hints, new_id=new_id)
        bubbles = Bubbles(numbers=numbers, names=directory, lines=pbx.lines, click=config.groupware.click)
        desk = Desk(board=board, bubbles=bubbles, people=people, hub=hub, journal=journal, now=now)
        dispatch = Dispatch(board=board, desk=desk, now=now)
        link = AmiLink(pbx, wanted=translate.WANTED)
        resync = Resync(pbx=pbx.id, hints_context=pbx.hints, link=link, listener=dispatch)
        offline = Offline(
            directory=directory,
            people=people,
            country=config.site.country,
            spelling=pbx.offline_numbers,
            most=pbx.offline_names,
        )
        astdb = AstDb(pbx=pbx.id, link=link, new_id=lambda: new_id(now()), names=offline)

        doorway = Doorway(config.web)
        access = Access(
            store=CredentialStore(db),
            people=people,
            doorway=doorway,
            now=now,
            session_hours=config.web.session_hours,
            on_revoked=lambda credential: hub.close(credential=credential, code=4500, reason="revoked"),
        )
        sign_in = SignIn(groupware=dav, people=people, now=now)
        sockets = Sockets(hub=hub, guard=access, desk=desk, now=now)
        name_question = NameQuestion(
            directory=directory,
            numbers=numbers,
            people=people,
            extension_of=board.extension_of,
            names=pbx.names,
            translit=pbx.translit,
        )
        store, reported, looked = ContactStore(db), Reported(dav), asyncio.Event()
        sync = Sync(
            dav=reported,
            books=config.book,
            staff=config.people,
            store=store,
            persons=PersonStore(db),
            people=people,
            directory=directory,
            numbers=numbers,
            rights_changed=_rights_changed(
                hub=hub,
                access=access,
                people=people,
                forget=lambda logins: private.forget(logins),  # noqa: PLW0108 - it is made below
            ),
            now=now,
        )
        own, key = OwnStore(db), config.people.key
        accounts = Accounts(
            store=own,
            vault=Vault(key) if key else None,
            people=people,
            sign_in=sign_in,
            groupware=dav,
            own_user=config.groupware.user,
            now=now,
        )
        wishes = Wishes(store=own, people=people)
        choices = Choices(store=own, directory=directory, numbers=numbers, people=people)
        private = PrivateBooks(
            dav=lambda login, password: DavClient(config.groupware.url, login, password),
            accounts=accounts,
            wishes=wishes,
            choices=choices,
            sync=sync,
            store=store,
            directory=directory,
            now=now,
            changed=desk.retell,
        )
        await accounts.load()
        await sync.load()
        await private.load()
        look = Turns(_then(sync.run, astdb.changed, private.run, ended=looked.set))
        search = Search(store=store, people=people, numbers=numbers, lines=pbx.lines, country=config.site.country)
        explain = Explain(
            directory=directory,
            numbers=numbers,
            people=people,
            question=name_question,
            click=config.groupware.click,
            online=_online(config.groupware),
        )
        devices = Devices(store=DeviceStore(db), pbx_id=pbx.id, now=now)
        await devices.load()
        book = Book(
            search=search, names=directory, people=people, numbers=numbers, outside_line=config.site.outside_line
        )

        tasks.create_task(hub.run(), name="hub")
        tasks.create_task(journal.run(), name="journal")
        routes = [
            lambda router: router.add_get("/api/v1/ws", sockets.handle),
            PeopleRoutes(access=access, sign_in=sign_in, people=people, doorway=doorway).add_to,
            CallRoutes(guard=access, desk=desk).add_to,
            ContactRoutes(guard=access, people=people, search=search, explain=explain).add_to,
            OwnRoutes(guard=access, people=people, books=private, wishes=wishes, choices=choices).add_to,
            PhonebookRoutes(devices=devices, book=book, doorway=doorway, words=words_in(config.site.language)).add_to,
            openapi_routes([*PEOPLE, *CALLS, *CONTACTS, *PHONEBOOKS, *OWN, *ASYNCAPI]),
            asyncapi_routes,
        ]
        checks: dict[str, Check] = {"store": db.answers, "ami": lambda: desk.bridge.ami == "up", "names": looked.is_set}
        answers = {"name": name_question}
        async with (
            serve_control(
                control_socket(config),
                add_routes=[
                    TokenDesk(access=access, people=people).add_to,
                    ContactDesk(
                        explain=explain, people=people, sync=look, news=reported, names=directory.__len__
                    ).add_to,
                    DeviceDesk(devices).add_to,
                    BookDesk(books=private).add_to,
                ],
            ),
            serve(
                config.web,
                add_routes=routes,
                checks=checks,
                registry=registry(
                    _figures(
                        board=board, desk=desk, hub=hub, journal=journal, link=link, sync=sync, directory=directory
                    )
                ),
            ) as web_port,
            serve_pbx(pbx.questions.listen, pbx.questions.secret, answers) as questions_port,
            serve_ldap(config.phonebook.ldap, Ldap(devices=devices, book=book, suffix=config.phonebook.suffix)),
        ):
            listening = link.run(
                _to_first(astdb.take, dispatch.handle),
                connected=lambda: race(resync.run(), astdb.run()),
                lost=dispatch.lost,
            )
            tasks.create_task(listening, name="ami link")
            tasks.create_task(every(config.groupware.sync_every, look, name="address books", wake=private.wake))
            tasks.create_task(every(PURGE_EVERY, journal.forget, name="journal retention"))
            tasks.create_task(every(PURGE_EVERY, access.purge, name="credentials retention"))
            _say(Ready(web=web_port, questions=questions_port), pbx.id, ready)
            await asyncio.Event().wait()  # until cancelled


def _say(where: Ready, pbx: str, ready: Callable[[Ready], None] | None) -> None:
    """Tell that all is ready."""
    gc.freeze()  # what is there now stays; looking through it for garbage would stop everything for a moment
    log.info("daemon.ready", web=where.web, questions=where.questions, pbx=pbx)
    if ready is not None:
        ready(where)


def _to_first(takes: Callable[[Message], bool], others: Callable[[Message], None]) -> Callable[[Message], None]:
    """Give a message to who takes it, else to the others."""

    def receive(message: Message) -> None:
        if not takes(message):
            others(message)

    return receive


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


def _figures(
    *, board: Board, desk: Desk, hub: Hub, journal: Journal, link: AmiLink, sync: Sync, directory: Directory
) -> list[Figure]:
    """Say what is told to Prometheus; a new figure is one more entry, and a row in docs/reference/metrics.md."""
    pbx = {"pbx": board.pbx}
    return [
        Figure(
            name="ami_connected",
            meaning="Whether Asterisk is connected and what is shown is live",
            read=lambda: desk.bridge.ami == "up",
            labels=pbx,
        ),
        Figure(
            name="ami_events_total",
            meaning="Events of Asterisk that were taken in",
            read=lambda: link.events,
            kind="counter",
            labels=pbx,
        ),
        Figure(name="calls_active", meaning="Calls on the board", read=lambda: board.counts()[0], labels=pbx),
        Figure(name="ws_clients", meaning="Websockets that have said hello", read=lambda: len(hub.links())),
        Figure(
            name="ws_slow_disconnects_total",
            meaning="Websockets closed because the client read too slowly",
            read=lambda: hub.cut_slow,
            kind="counter",
        ),
        Figure(
            name="journal_waiting",
            meaning="Finished calls that are not in the database yet",
            read=lambda: journal.waiting,
        ),
        Figure(
            name="groupware_away",
            meaning="Whether no address book could be reached at the last look",
            read=lambda: sync.away,
        ),
        Figure(name="names", meaning="Numbers that have a name", read=lambda: len(directory)),
    ]


def _rights_changed(
    *, hub: Hub, access: Access, people: People, forget: Callable[[Collection[str]], Awaitable[None]]
) -> Callable[[frozenset[str]], Awaitable[None]]:
    """Make what follows from a new staff book: who is gone loses everything at once, the others get new state."""

    async def changed(logins: frozenset[str]) -> None:
        gone = {login for login in logins if people.by_login(login) is None}
        if gone:
            await access.forget(gone)
            await forget(gone)
        for login in gone:
            hub.close(login=login, code=4500, reason="not known any more")
        for login in logins - gone:
            hub.rights_changed(login)

    return changed
