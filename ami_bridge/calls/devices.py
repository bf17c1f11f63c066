"""Which telephones people have: whose they are by the hints, what they can, and which one its owner has chosen."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from ami_bridge.calls.control import OwnTelephone
from ami_bridge.errors import NotAllowedError, NotFoundError, NotReachableError
from ami_bridge.people.model import People

LONGEST_MODEL = 60
AUTO_ANSWER = "auto-answer"


class Registered(Struct, frozen=True, kw_only=True):
    """What Asterisk knows of a telephone just now."""

    reachable: bool
    agent: str = ""
    """How it called itself when it registered (User-Agent)."""


UNTOLD = Registered(reachable=True)


class Known(Protocol):
    """A telephone of which the configuration tells more than the PBX."""

    @property
    def device(self) -> str:
        """As the hint names it."""

    @property
    def label(self) -> str:
        """What people call it."""

    @property
    def model(self) -> str:
        """What it is."""


class Board(Protocol):
    """Knows the hints."""

    def devices_of(self, extension: str) -> tuple[str, ...]:
        """Return the devices whose owner this extension is."""


class Drivers(Protocol):
    """Telephones that are steered over their own web server."""

    def can(self, device: str) -> Collection[str]:
        """Return what a telephone can be told to do: `answer`, `hold`."""


class Store(Protocol):
    """Where it is kept who has chosen which telephone."""

    async def chosen_devices(self) -> dict[str, str]:
        """Return the chosen device of each person."""

    async def choose_device(self, login: str, device: str | None) -> None:
        """Keep a choice, or forget it."""


class Device(Struct, frozen=True, kw_only=True):
    """A telephone as its owner sees it."""

    id: str
    """Its name at the PBX, like `PJSIP/101`."""
    pbx: str
    extension: str
    label: str
    model: str | None
    registered: bool
    capabilities: tuple[str, ...]
    """Of `answer`, `hold`, `auto-answer`."""
    chosen: bool


class Devices:
    """All telephones, in memory."""

    def __init__(
        self,
        *,
        pbx: str,
        people: People,
        board: Board,
        known: Sequence[Known],
        drivers: Drivers,
        auto_answer: Mapping[str, str],
        store: Store,
    ) -> None:
        """`auto_answer` says which telephones answer by themselves, and whose header does it."""
        self._pbx = pbx
        self._people = people
        self._board = board
        self._known = {one.device: one for one in known}
        self._drivers = drivers
        self._auto_answer = auto_answer
        self._store = store
        self._registered: dict[str, Registered] | None = None
        """None as long as nobody has told: then all might be there."""
        self._chosen: dict[str, str] = {}
        self._set_aside = set[str]()
        """Who sat down since they chose: there it is the seat's telephone, unless they choose anew."""

    async def load(self) -> None:
        """Read who has chosen which; who sits where must be known by then."""
        self._chosen = await self._store.chosen_devices()
        self.moved(self._chosen)

    def moved(self, logins: Collection[str]) -> None:
        """Take that these people have sat down at a seat, or got up."""
        for login in logins:
            (self._set_aside.add if self._people.sits(login) else self._set_aside.discard)(login)

    def registered(self, found: Mapping[str, Registered]) -> frozenset[str]:
        """Take what Asterisk knows now; return the devices that came or went."""
        before, self._registered = self._registered or {}, dict(found)
        return frozenset(
            one for one in before.keys() | found.keys() if _reachable(before.get(one)) != _reachable(found.get(one))
        )

    def arrived(self, device: str) -> bool:
        """Take that a telephone has registered just now; says whether that is news."""
        if self._registered is None or _reachable(self._registered.get(device)):
            return False
        self._registered[device] = Registered(reachable=True)
        return True

    def of(self, login: str) -> list[Device]:
        """Return a person's own telephones, those of the main extension first."""
        person = self._people.by_login(login)
        extensions = () if person is None else person.extensions
        chosen = None if login in self._set_aside else self._chosen.get(login)
        return [
            self._device(one, extension, chosen=one == chosen)
            for extension in extensions
            for one in self._board.devices_of(extension)
        ]

    def are_of(self, extension: str) -> bool:
        """Whether an extension has telephones of the house."""
        return bool(self._board.devices_of(extension))

    def agent(self, device: str) -> str:
        """Return how a telephone has called itself when it registered; empty where that is not known."""
        found = (self._registered or {}).get(device)
        return found.agent if found is not None else ""

    def there(self, device: str) -> bool | None:
        """Whether a device can be reached; None where Asterisk has not told, or knows none of that name."""
        found = (self._registered or {}).get(device)
        return _reachable(found) if found is not None else None

    def can_ring(self, login: str) -> bool:
        """Whether one of a person's telephones can be rung, or might be: nobody has told yet which there are."""
        return self._registered is None or any(one.registered for one in self.of(login))

    def rung_first(self, login: str) -> OwnTelephone:
        """Return the own telephone to ring: the chosen one, unless only another can be reached."""
        own = self.of(login)
        if not own:
            raise NotAllowedError("You have no telephone here.")
        best = min(own, key=lambda one: (not one.registered, not one.chosen))
        if not best.registered:
            raise NotReachableError("None of your telephones is registered.")
        return OwnTelephone(id=best.id, auto_answer=self._auto_answer.get(best.id, ""))

    async def choose(self, login: str, device: str | None) -> None:
        """Let this one of a person's own telephones ring first, or none in particular."""
        if device is not None and not any(one.id == device for one in self.of(login)):
            raise NotFoundError("This is not one of your telephones.")
        await self._store.choose_device(login, device)
        self._set_aside.discard(login)
        if device is None:
            self._chosen.pop(login, None)
        else:
            self._chosen[login] = device

    def _device(self, id_: str, extension: str, *, chosen: bool) -> Device:
        known = self._known.get(id_)
        found = UNTOLD if self._registered is None else self._registered.get(id_)
        model = (known.model if known is not None else "") or model_of(found.agent if found is not None else "")
        can = [*(AUTO_ANSWER,) * (id_ in self._auto_answer), *sorted(self._drivers.can(id_))]
        return Device(
            id=id_,
            pbx=self._pbx,
            extension=extension,
            label=(known.label if known is not None else "") or model or id_.rpartition("/")[2],
            model=model or None,
            registered=_reachable(found),
            capabilities=tuple(sorted(can)),
            chosen=chosen,
        )


def model_of(agent: str) -> str:
    """Return what a telephone is, from what it calls itself: without version, number and whatever else it tells."""
    plain = "".join(one if one.isprintable() else " " for one in agent[:200])
    words = re.sub(r"\(.*?(\)|$)", " ", plain).replace("/", " ").split()
    kept = [word for word in words if not re.fullmatch(r"v?\d[\d.]*|[0-9A-Fa-f:]{12,17}", word)]
    return " ".join(kept[:3])[:LONGEST_MODEL]


def _reachable(found: Registered | None) -> bool:
    return found is not None and found.reachable
