"""Brokers of terminal servers: machines that may have tokens made for whoever is signed in there."""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Protocol

import structlog

from ami_bridge.errors import BadRequestError, BusyError, NotFoundError, RateLimitedError, UnauthorisedError
from ami_bridge.ids import new_id
from ami_bridge.people.access import Access, check_words, hashed
from ami_bridge.people.model import Broker, People, Token, desk_scopes
from ami_bridge.people.tries import Tries

log = structlog.get_logger()

PREFIX = "amibk_"
HOLDS = timedelta(hours=12)
"""How long a token of a broker holds, used or not: a working day."""
WITHIN = timedelta(minutes=15)
PER_BROKER = 1000
"""Tokens of one broker within that time: a large terminal server after a restart, several times over."""
PER_LOGIN = 30
PER_SOURCE = 20
"""Wrong keys of one address."""


class Store(Protocol):
    """Where brokers are kept."""

    async def brokers(self) -> list[Broker]:
        """Read all, oldest first."""

    async def broker(self, key_hash: bytes) -> Broker | None:
        """Return the one with this key."""

    async def add_broker(self, broker: Broker, key_hash: bytes) -> None:
        """Keep a new one."""

    async def broker_used(self, broker_id: str, now: datetime) -> None:
        """Note that it made a token."""

    async def drop_broker(self, broker_id: str) -> None:
        """Delete one."""


class Brokers:
    """Knows brokers by their keys and where they ask from, and has tokens made for them."""

    def __init__(self, *, store: Store, access: Access, people: People, now: Callable[[], datetime]) -> None:
        self._store = store
        self._access = access
        self._people = people
        self._now = now
        self._wrong = Tries(most=PER_SOURCE, within=WITHIN)
        self._made = Tries(most=PER_BROKER, within=WITHIN)
        self._for_one = Tries(most=PER_LOGIN, within=WITHIN)

    async def add(self, name: str, source: str) -> tuple[Broker, str]:
        """Let a terminal server make tokens; its key is told here and never again."""
        check_words(name)
        try:
            network = ip_network(source.strip())
        except ValueError as error:
            raise BadRequestError("Say from which address it asks, such as 10.1.2.3 or 10.1.2.0/28.") from error
        if network.prefixlen == 0:
            raise BadRequestError("From everywhere is too much: name the terminal server's address.")
        if any(one.name == name for one in await self._store.brokers()):
            raise BusyError(f"There is a broker {name!r} already; revoke it first.")
        key = PREFIX + secrets.token_urlsafe(32)
        now = self._now()
        broker = Broker(id=new_id(now), name=name, source=str(network), created=now)
        await self._store.add_broker(broker, hashed(key))
        log.info("people.broker_added", broker=broker.id)
        return broker, key

    async def all(self) -> list[Broker]:
        """Return all brokers."""
        return await self._store.brokers()

    async def revoke(self, name: str) -> int:
        """Take a broker's key back and end all its tokens, at once; returns how many."""
        for broker in await self._store.brokers():
            if name in {broker.name, broker.id}:
                await self._store.drop_broker(broker.id)
                ended = await self._access.end_tokens_of_broker(broker.id)
                log.info("people.broker_revoked", broker=broker.id, tokens=ended)
                return ended
        raise NotFoundError("There is no such broker.")

    async def token(self, key: str, *, source: str, login: str, name: str, host: str | None) -> tuple[Token, str]:
        """Make a token for somebody who is signed in at this broker's terminal server."""
        broker = await self._known(key, source)
        now = self._now()
        wait = max(self._made.wait(broker.id, now), self._for_one.wait(f"{broker.id} {login}", now))
        if wait > 0:
            raise RateLimitedError("Too many tokens were asked for; try again later.", retry_after=wait)
        self._made.count(broker.id, now)
        self._for_one.count(f"{broker.id} {login}", now)
        if (person := self._people.by_login(login)) is None:
            raise NotFoundError("The staff book has no card with this login; ask the administrator to add one.")
        made = await self._access.new_token_of_broker(
            login, broker.id, name=name, host=host, scopes=desk_scopes(person.roles), holds=HOLDS
        )
        await self._store.broker_used(broker.id, now)
        log.info("people.broker_made", broker=broker.id, token=made[0].id)
        return made

    async def _known(self, key: str, source: str) -> Broker:
        """Return whose key it is; a right key from a wrong place is told apart only in the log."""
        broker = await self._store.broker(hashed(key)) if key.startswith(PREFIX) else None
        if broker is not None and _is_within(source, broker.source):
            return broker
        now = self._now()
        if (wait := self._wrong.wait(source, now)) > 0:
            raise RateLimitedError("Too many wrong keys; try again later.", retry_after=wait)
        self._wrong.count(source, now)
        if broker is not None:
            log.warning("people.broker_elsewhere", broker=broker.id, source=source)
        else:
            log.info("people.broker_refused", source=source)
        raise UnauthorisedError("This key is not known, or not from here.")


def _is_within(source: str, network: str) -> bool:
    try:
        address = ip_address(source)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address in ip_network(network)
