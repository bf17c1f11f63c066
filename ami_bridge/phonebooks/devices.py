"""Which telephone asks: each has a name and a secret of its own, which can be taken back."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from msgspec import structs

from ami_bridge.errors import BadRequestError, NotFoundError, UnauthorisedError
from ami_bridge.phonebooks.model import Device

log = structlog.get_logger()

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
NOTED_EVERY = timedelta(hours=1)
_NOBODY = bytes(32)


class Store(Protocol):
    """Where telephones are kept."""

    async def all(self) -> Sequence[tuple[Device, bytes]]:
        """Read every telephone, with the hash of its secret."""

    async def replace(self, device: Device, secret_hash: bytes) -> None:
        """Keep a telephone."""

    async def used(self, name: str, now: datetime) -> None:
        """Note a use."""

    async def revoke(self, name: str) -> bool:
        """Forget a telephone."""


class Devices:
    """Gives out, recognises and takes back the credentials of telephones."""

    def __init__(self, *, store: Store, pbx_id: str, now: Callable[[], datetime]) -> None:
        self._store = store
        self._pbx_id = pbx_id
        self._now = now
        self._known: dict[str, tuple[Device, bytes]] = {}

    async def load(self) -> None:
        """Begin with what was kept."""
        self._known = {device.name: (device, secret_hash) for device, secret_hash in await self._store.all()}

    def all(self) -> list[Device]:
        """Return all telephones, by name."""
        return [self._known[name][0] for name in sorted(self._known)]

    def by_name(self, name: str) -> Device | None:
        """Return a device that has shown its password elsewhere, and was not revoked since."""
        found = self._known.get(name)
        return found[0] if found else None

    async def add(self, name: str, *, extension: str | None, private: bool) -> tuple[Device, str]:
        """Make a credential, in place of an older one of that name; its secret is told here and never again."""
        if not NAME.fullmatch(name):
            raise BadRequestError("A device's name is 1 to 40 letters, digits and . _ - without blanks.")
        if extension is not None and not re.fullmatch(r"[0-9*#]{1,20}", extension):
            raise BadRequestError("An extension is 1 to 20 digits.")
        if private and extension is None:
            raise BadRequestError("Own books belong to the person of an extension: name it.")
        secret = secrets.token_urlsafe(18)
        device = Device(name=name, pbx_id=self._pbx_id, extension=extension, private=private, created=self._now())
        await self._store.replace(device, _hash(secret))
        self._known[name] = (device, _hash(secret))
        log.info("phonebook.device_added", device=name, private=private)
        return device, secret

    async def revoke(self, name: str) -> None:
        """Take a credential back, at once."""
        self._known.pop(name, None)
        if not await self._store.revoke(name):
            raise NotFoundError("There is no such device.")
        log.info("phonebook.device_revoked", device=name)

    async def recognise(self, name: str, secret: str) -> Device:
        """Return which telephone this is; raises UnauthorisedError where it is none of ours."""
        device, secret_hash = self._known.get(name, (None, _NOBODY))
        if not hmac.compare_digest(_hash(secret), secret_hash) or device is None:
            raise UnauthorisedError("This device is not known, or its password is wrong.")
        now = self._now()
        if device.last_used is None or now - device.last_used >= NOTED_EVERY:
            self._known[name] = (structs.replace(device, last_used=now), secret_hash)
            await self._store.used(name, now)
        return device


def _hash(secret: str) -> bytes:
    """144 random bits need no salt and no slow hash."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()
