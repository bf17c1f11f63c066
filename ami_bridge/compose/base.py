"""What all capabilities share, made first."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from aiohttp import web

from ami_bridge.asterisk import translate
from ami_bridge.asterisk.link import AmiLink
from ami_bridge.config import Config, Pbx
from ami_bridge.contacts.directory import Directory
from ami_bridge.dav.client import DavClient
from ami_bridge.db.database import Database
from ami_bridge.ids import new_id
from ami_bridge.numbers import Numbers
from ami_bridge.people.model import People
from ami_bridge.web.hub import Hub

ZONE = ZoneInfo("Europe/Berlin")
AddRoutes = Callable[[web.UrlDispatcher], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """The neighbours and the memory that more than one capability uses."""

    config: Config
    db: Database
    dav: DavClient
    now: Callable[[], datetime]
    people: People
    directory: Directory
    numbers: Numbers
    hub: Hub
    link: AmiLink
    leaving: list[Callable[[Collection[str]], Awaitable[None]]] = field(default_factory=list)
    """Who must hear that people are gone; capabilities add to it."""
    moving: list[Callable[[], None]] = field(default_factory=list)
    """Who must hear that there are others than before, or that they have other telephones."""
    erasing: list[Callable[[Collection[str]], Awaitable[None]]] = field(default_factory=list)
    """Who must forget all of a person that they have in memory, before the rows go."""

    @property
    def pbx(self) -> Pbx:
        """The one Asterisk that is configured."""
        return self.config.pbx[0]

    def new_id(self) -> str:
        """Return a new ULID."""
        return new_id(self.now())


def base(config: Config, db: Database, dav: DavClient, now: Callable[[], datetime]) -> Base:
    """Make it."""
    pbx = config.pbx[0]
    return Base(
        config=config,
        db=db,
        dav=dav,
        now=now,
        people=People(),
        directory=Directory(pbx.lines),
        numbers=Numbers(config.site),
        hub=Hub(epoch=new_id(now()), now=now),
        link=AmiLink(pbx, wanted=translate.WANTED),
    )
