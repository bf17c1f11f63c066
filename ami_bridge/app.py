"""The composition root: every object is made here and only here, tied together, run, and stopped by one cancel."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from msgspec import Struct

from ami_bridge import config as settings
from ami_bridge import wire
from ami_bridge.asterisk import translate
from ami_bridge.asterisk.link import AmiLink
from ami_bridge.asterisk.resync import Resync
from ami_bridge.calls.board import Board
from ami_bridge.calls.bubble import Bubbles
from ami_bridge.calls.desk import Desk
from ami_bridge.calls.journal import Journal
from ami_bridge.calls.routes import CallRoutes
from ami_bridge.calls.store import JournalStore
from ami_bridge.config import Config
from ami_bridge.contacts.directory import Directory
from ami_bridge.contacts.pbx import NameQuestion
from ami_bridge.contacts.store import ContactStore
from ami_bridge.contacts.sync import Sync
from ami_bridge.dav.client import DavClient
from ami_bridge.db import place
from ami_bridge.db.database import Database, open_database
from ami_bridge.db.database import migrate as migrate_database
from ami_bridge.dispatch import Dispatch
from ami_bridge.errors import NotReachableError
from ami_bridge.ids import new_id
from ami_bridge.numbers import Numbers
from ami_bridge.people.access import Access
from ami_bridge.people.control import TokenDesk
from ami_bridge.people.model import People
from ami_bridge.people.routes import PeopleRoutes
from ami_bridge.people.signin import SignIn
from ami_bridge.people.store import CredentialStore, PersonStore
from ami_bridge.tasks import every
from ami_bridge.web.control import ask, serve_control
from ami_bridge.web.hub import Hub
from ami_bridge.web.identity import Doorway
from ami_bridge.web.openapi import openapi_routes
from ami_bridge.web.pbx import serve_pbx
from ami_bridge.web.server import serve
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
        bubbles = Bubbles(numbers=numbers, names=directory, lines=pbx.lines)
        desk = Desk(board=board, bubbles=bubbles, people=people, hub=hub, keep=journal.notice, now=now)
        dispatch = Dispatch(board=board, desk=desk, now=now)
        link = AmiLink(pbx, wanted=translate.WANTED)
        resync = Resync(pbx=pbx.id, hints_context=pbx.hints, link=link, listener=dispatch)

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
        sockets = Sockets(hub=hub, guard=access, desk=desk)
        name_question = NameQuestion(directory=directory, numbers=numbers)
        sync = Sync(
            dav=dav,
            books=config.book,
            staff=config.people,
            store=ContactStore(db),
            persons=PersonStore(db),
            people=people,
            directory=directory,
            numbers=numbers,
            site=config.site,
            rights_changed=_RightsChanged(hub=hub, access=access, people=people),
            now=now,
        )
        await sync.load()
