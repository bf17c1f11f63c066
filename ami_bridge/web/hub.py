"""Connected clients and the news for them. `publish` never waits; one task hands everything on in order."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import msgspec
import structlog
from msgspec import Struct

from ami_bridge import wire

if TYPE_CHECKING:
    from collections.abc import Iterator

log = structlog.get_logger()

KEEP_NEWS = 2_000
KEEP_FOR = timedelta(minutes=15)
REMEMBER_LEFT = 1_000
"""Credentials whose clients have gone, of which it is known what they followed."""
BREATHE_EVERY = 200  # links served between two chances for other tasks


class News(Struct, kw_only=True):
    """One thing that happened, for one person (`login`) or, where that is None, for everybody."""

    seq: int
    ts: datetime
    topic: str
    event: str
    kind: str
    """Name of the message's field that holds the object: `call`, `bridge`."""
    key: str
    """Which object it is, so that newer news of it replaces older of the same topic."""
    body: Struct
    login: str | None = None
    extension: str | None = None
    raw: msgspec.Raw | None = None

    def frame(self, prev: int) -> str:
        """Write the message as it goes over a link that last got `prev`; the object is encoded once for all links."""
        if self.raw is None:
            self.raw = msgspec.Raw(wire.encode(self.body))
        message = wire.Event(seq=self.seq, prev=prev, ts=self.ts, topic=self.topic, event=self.event)
        return wire.encode(msgspec.structs.replace(message, **{self.kind: self.raw})).decode()


class Link(Protocol):
    """One connected client, as the hub sees it."""

    login: str
    credential: str
    topics: dict[str, int]
    """What it follows, and from which `seq` on it was told everything of that."""

    async def hand_on(self, news: News) -> None:
        """Write it or park it; waits for nobody."""

    def close_soon(self, code: int, reason: str) -> None:
        """End the link; must not wait."""


class Hub:
    """Who is connected, what they follow, and what happened lately."""

    def __init__(self, *, epoch: str, now: Callable[[], datetime]) -> None:
        self.epoch = epoch
        self.seq = 0
        self.cut_slow = 0
        """Clients that were sent away because they read too slowly."""
        self._now = now
        self._ring: deque[News] = deque(maxlen=KEEP_NEWS)
        self._queue: deque[News] = deque()
        self._handing: News | None = None
        self._wake = asyncio.Event()
        self._by_login: dict[str, set[Link]] = {}
        self._left: OrderedDict[str, tuple[datetime, dict[str, int]]] = OrderedDict()
        self._rights_since: dict[str, int] = {}

    def publish(
        self,
        topic: str,
        event: str,
        kind: str,
        body: Struct,
        *,
        key: str,
        login: str | None = None,
        extension: str | None = None,
    ) -> None:
        """Tell one person's clients, or everybody's. Returns at once."""
        self.seq += 1
        news = News(
            seq=self.seq, ts=self._now(), topic=topic, event=event, kind=kind, key=key, body=body, login=login,
            extension=extension,
        )  # fmt: skip
        self._ring.append(news)
        if login is None or login in self._by_login:
            self._queue.append(news)
            self._wake.set()

    @contextmanager
    def connected(self, link: Link) -> "Iterator[None]":
        """Count a client in; whatever happens, it is forgotten at the end."""
        self._by_login.setdefault(link.login, set()).add(link)
        try:
            yield
        finally:
            links = self._by_login[link.login]
            links.discard(link)
            if not links:
                del self._by_login[link.login]
            self._remember(link)

    def followed(self, login: str, credential: str, seq: int) -> set[str]:
        """Return the topics of which a client with this credential was told everything until `seq`.

        Two clients may share a credential, as two pages of one browser do: only what is true of both counts.
        """
        told = [link.topics for link in self.links(login) if link.credential == credential and link.topics]
        if (left := self._left.get(credential)) and left[0] >= self._now() - KEEP_FOR:
            told.append(left[1])
        return {topic for topic in _of_all(told) if all(topics[topic] <= seq for topics in told)}

    def under_way(self, login: str) -> list[News]:
        """Return the news for this person that may not have been handed on yet, in their order."""
        waiting = [*([self._handing] if self._handing else []), *self._queue]
        return [news for news in waiting if news.login in {None, login}]

    def links(self, login: str | None = None) -> list[Link]:
        """Return the links of one person, or all."""
        if login is not None:
            return list(self._by_login.get(login, ()))
        return [link for links in self._by_login.values() for link in links]

    def close(self, *, credential: str | None = None, login: str | None = None, code: int, reason: str) -> None:
        """End the links that came with this credential, or all of this person, at once."""
        for link in self.links(login):
            if credential is None or link.credential == credential:
                link.close_soon(code, reason)

    def rights_changed(self, login: str) -> None:
        """Make this person's clients come back for a new snapshot."""
        self.seq += 1
        self._rights_since[login] = self.seq
        self.close(login=login, code=4010, reason="rights changed")

    def missed(self, login: str, resume: wire.Resume, *, topics: Iterable[str], extensions: Iterable[str]) -> (
        list[News] | None
    ):  # fmt: skip
        """Return what a client that stopped at `resume` has missed; None where only a snapshot tells the truth."""
        if resume.epoch != self.epoch or not 0 <= resume.seq <= self.seq:
            return None
        if resume.seq < self._rights_since.get(login, 0):
            return None
        oldest = self._now() - KEEP_FOR
        while self._ring and self._ring[0].ts < oldest:
            self._ring.popleft()
        first = self._ring[0].seq if self._ring else self.seq + 1
        if resume.seq < first - 1:
            return None
        follows, mine = set(topics), set(extensions)
        return [
            news
            for news in self._ring
            if news.seq > resume.seq
            and news.topic in follows
            and (news.login is None or (news.login == login and (news.extension is None or news.extension in mine)))
        ]

    async def run(self) -> None:
        """Hand on all news in order, for ever. A slow client parks its share and delays nobody."""
        handed = 0
        while True:
            while self._queue:
                news = self._handing = self._queue.popleft()
                for link in self.links(news.login):
                    if news.topic not in link.topics:
                        continue
                    try:
                        await link.hand_on(news)
                    except Exception:  # one link's bug must not stop the news for all others
                        log.exception("hub.link_failed")
                        link.close_soon(1011, "internal error")
                    handed += 1
                    if handed % BREATHE_EVERY == 0:
                        await asyncio.sleep(0)
            self._handing = None
            self._wake.clear()
            await self._wake.wait()

    def _remember(self, link: Link) -> None:
        """Note what a client followed that is gone, for when it comes back."""
        if not link.topics:
            return
        told = [link.topics]
        if (left := self._left.pop(link.credential, None)) and left[0] >= self._now() - KEEP_FOR:
            told.append(left[1])
        self._left[link.credential] = (
            self._now(),
            {topic: max(topics[topic] for topics in told) for topic in _of_all(told)},
        )
        while len(self._left) > REMEMBER_LEFT:
            self._left.popitem(last=False)


def _of_all(told: Sequence[Mapping[str, int]]) -> set[str]:
    """Return the topics that all of them have."""
    return set.intersection(*map(set, told)) if told else set()
