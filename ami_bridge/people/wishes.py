"""What people wish for themselves, kept across restarts."""

from typing import Protocol

from msgspec import structs

from ami_bridge.people.model import NO_WISH, People, Wish


class Store(Protocol):
    """Where wishes are kept."""

    async def wishes(self) -> list[tuple[str, Wish]]:
        """Read what everybody wishes, by login."""

    async def keep_wish(self, login: str, wish: Wish) -> None:
        """Keep what somebody wishes."""


class Wishes:
    """Keeps wishes, and tells `People`, from where they are asked."""

    def __init__(self, *, store: Store, people: People) -> None:
        self._store = store
        self._people = people

    async def load(self) -> None:
        """Begin with what was wished before."""
        for login, wish in await self._store.wishes():
            self._people.wished(login, wish)

    async def wish(self, login: str, wish: Wish) -> None:
        """Take what somebody wishes; that private names stay off the display counts at once."""
        if not wish.private_on_display:
            self._people.wished(login, structs.replace(self._people.wish(login), private_on_display=False))
        await self._store.keep_wish(login, wish)
        self._people.wished(login, wish)

    def forget(self, login: str) -> None:
        """Forget somebody who is gone."""
        self._people.wished(login, NO_WISH)
