"""Musterhausen: the people, numbers and passwords of the demo."""

import base64
import secrets
from dataclasses import dataclass, field

PREFIX = "+498999998"
HEAD_NUMBER = f"{PREFIX}000"
CONFERENCE_NUMBER = f"{PREFIX}900"
BRIDGE_USER = "ami-bridge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who works in the town hall."""

    name: str
    user: str
    extension: str
    department: str
    roles: tuple[str, ...]
    phone: str
    """What the person's telephone does in the demo: `ring`, `answer`, `none`."""

    @property
    def number(self) -> str:
        """The direct number from outside."""
        return PREFIX + self.extension


PEOPLE = (
    Person(name="Anna Amsel", user="anna", extension="101", department="Bürgerbüro", roles=("user",), phone="ring"),
    Person(name="Ben Biber", user="ben", extension="102", department="Bürgerbüro", roles=("user",), phone="ring"),
    Person(
        name="Carla Çelik",
        user="carla",
        extension="103",
        department="Bauamt",
        roles=("user", "auditor"),
        phone="answer",
    ),
    Person(
        name="Dieter Dachs",
        user="dieter",
        extension="104",
        department="Kläranlage",
        roles=("user", "plant"),
        phone="answer",
    ),
    Person(
        name="Eva Eule",
        user="eva",
        extension="105",
        department="IT",
        roles=("user", "switchboard", "admin", "alarm-manager"),
        phone="none",
    ),
)


def _secret() -> str:
    return secrets.token_urlsafe(18)


def _digits(first: str) -> str:
    return first + f"{secrets.randbelow(100_000):05}"  # so that no code is another one


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _passwords() -> dict[str, str]:
    # Typed by people who try the demo, hence short; made anew for each instance.
    return {person.user: secrets.token_hex(4) for person in PEOPLE}


def _sip_passwords() -> dict[str, str]:
    return {person.extension: _secret() for person in PEOPLE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """All secrets of one instance, made when it is."""

    ami: str = field(default_factory=_secret, repr=False)
    """The daemon's manager account `ami-bridge`."""
    viewer: str = field(default_factory=_secret, repr=False)
    """The read-only manager account `viewer`."""
    judge: str = field(default_factory=_secret, repr=False)
    """The all-seeing manager account `judge`, only where tests ask for it."""
    questions: str = field(default_factory=_secret, repr=False)
    """What the dialplan shows when it asks the daemon."""
    groupware: str = field(default_factory=_secret, repr=False)
    """The daemon's password at the groupware."""
    vault: str = field(default_factory=_key, repr=False)
    """The key with which the daemon seals people's passwords."""
    alarm_source: str = field(default_factory=_secret, repr=False)
    """The token of the sewage plant."""
    alarm_code: str = field(default_factory=lambda: _digits("1"), repr=False)
    """What is typed at the alarm number 190."""
    alarm_end_code: str = field(default_factory=lambda: _digits("2"), repr=False)
    """What is typed there when it is over."""
    passwords: dict[str, str] = field(default_factory=_passwords, repr=False)
    """By user."""
    sip: dict[str, str] = field(default_factory=_sip_passwords, repr=False)
    """By extension."""
