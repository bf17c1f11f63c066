"""What people wish for themselves, kept across restarts."""

from typing import Protocol

from ami_bridge.people.model import People


class Store(Protocol):
    """Where wishes are kept."""

    async def show_private(self) -> list[str]:
        """Read who wants private names on the display."""

    async def keep_show_private(self, login: str, *, wanted: bool) -> None:
        """Keep what somebody wishes."""


class Wishes:
    """Keeps wishes, and tells `People`, from where they are asked."""

    def __init__(self, *, store: Store, people: People) -> None:
        self._store = store
        self._people = people

    async def load(self) -> None:
        """Begin with what was wished before."""
        for login in await self._store.show_private():
            self._people.show_private(login, wanted=True)

    async def show_private(self, login: str, *, wanted: bool) -> None:
        """Let the display show names of this person's own books, or not; a refusal counts at once."""
        if not wanted:
            self._people.show_private(login, wanted=False)
        await self._store.keep_show_private(login, wanted=wanted)
        self._people.show_private(login, wanted=wanted)

    def forget(self, login: str) -> None:
        """Forget somebody who is gone."""
        self._people.show_private(login, wanted=False)
