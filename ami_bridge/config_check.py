"""What the types of the configuration cannot tell: each mistake is one sentence with file, section and key."""

import base64
import re
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

import phonenumbers

from ami_bridge.errors import ConfigError

if TYPE_CHECKING:
    from ami_bridge.config import Config, Dialling, Ldap, Pbx
    from ami_bridge.config_journal import Journal

LOG_LEVELS = ("debug", "info", "warning", "error")
ROLES = ("user", "switchboard", "plant", "alarm-manager", "admin", "auditor")
MOST_OFFLINE_NAMES = 20_000  # each is written by a small call of its own, which all who listen to the PBX hear
MOST_JOURNAL_DAYS = 90  # beyond this a person's calls become a history of the person
LONGEST_JOURNAL_DAYS = 366
MOST_OWN_DIGITS = 10
KEY_BYTES = 32
NO_KEY = f"the key is not {KEY_BYTES} bytes in base64; make one with `openssl rand -base64 32`"
NO_WORD = "this is neither a login nor department:NAME, group:NAME or person:LOGIN"
LONGEST_SEAT = 100
TIMES = {
    "answer_within": (0.1, 60),
    "ping_every": (0.5, 3600),
    "sync_every": (1, 86_400),
    "session_hours": (0.01, 8760),
    "ring_seconds": (5, 120),
    "wait": (0, 3600),
    "look_every": (1, 600),
    "recordings_days": (1, 365),
}
"""The least and the most of each time, in its own unit."""
HOURS = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d-(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)")
DEVICE = re.compile(r"PJSIP/[A-Za-z0-9_.-]{1,80}")
MOST_CALLS = 1_000_000
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
EXTENSION = re.compile(r"[0-9*#+]{1,32}")
MAIL_ADDRESS = re.compile(r"[^\s@<>]+@[^\s@<>]+")
EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 - looked for, not listened on


def check(config: "Config", path: Path) -> None:
    """Contradictions that types cannot tell."""
    if not config.pbx:
        raise ConfigError(f"{path}: [[pbx]] is missing: name at least one Asterisk")
    ids = [pbx.id for pbx in config.pbx]
    if len(set(ids)) != len(ids):
        raise ConfigError(f"{path}: [[pbx]] id: the same id stands twice")
    if len(ids) > 1:
        raise ConfigError(f"{path}: [[pbx]]: this version serves one Asterisk; {len(ids)} are configured")
    for pbx in config.pbx:
        if not pbx.secret:
            raise ConfigError(f"{path}: [pbx.secret_file] is missing for {pbx.id}: the manager account needs a secret")
        check_listener(pbx.questions.listen, path, "pbx.questions.listen")
        if not pbx.questions.secret:
            raise ConfigError(f"{path}: [pbx.questions.secret_file] is missing for {pbx.id}")
    check_listener(config.web.listen, path, "web.listen")
    if not config.groupware.url and needs_groupware(config):
        raise ConfigError(f"{path}: [groupware.url] is missing: it has the address books and checks passwords")
    _check_values(config, path)


def key_bytes(key: str) -> bytes:
    """Return what a key in base64 stands for; nothing for what is no base64."""
    plain = "".join(key.split()).replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(plain, validate=True)
    except ValueError:
        return b""


def is_key(key: str) -> bool:
    """Whether passwords can be sealed with it."""
    return len(key_bytes(key)) == KEY_BYTES


def check_listener(url: str, path: Path, key: str) -> None:
    """Refuse a listener that would talk in clear off the local host without saying so."""
    try:
        parts = urlsplit(url)
        complete = bool(parts.hostname) and parts.port is not None  # a port beyond 65535 is a ValueError
    except ValueError:
        parts, complete = SplitResult("", "", "", "", ""), False
    if not complete or parts.scheme not in {"http", "http+insecure"}:
        raise ConfigError(f"{path}: [{key}]: {url!r} is not http://HOST:PORT")
    if parts.scheme == "http" and not _is_local(parts.hostname or ""):
        raise ConfigError(
            f"{path}: [{key}]: {url} would be readable on the wire; put TLS before a loopback address, "
            "or write http+insecure:// if that is meant"
        )


def _is_local(host: str) -> bool:
    """Whether only this machine can reach it; `127.example.org` is a name like any other."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _check_values(config: "Config", path: Path) -> None:
    """Refuse words and times that nothing could be done with."""
    if (own := config.site.own_block) and not (
        re.fullmatch(r"\+[1-9]\d+", own.prefix) and 0 < own.digits <= MOST_OWN_DIGITS
    ):
        raise ConfigError(f"{path}: [site.own_block]: a prefix like +4989999981 and 1 to 10 digits are needed")
    for key, url in (("click", config.groupware.click), ("search", config.groupware.search)):
        if url and (urlsplit(url).scheme not in {"http", "https"} or (key == "click" and "{number}" not in url)):
            raise ConfigError(f"{path}: [groupware.{key}]: {url!r} is not https://…" + ("{number}" * (key == "click")))
    if config.log.level.lower() not in LOG_LEVELS:
        raise ConfigError(f"{path}: [log.level]: {config.log.level!r} is none of {', '.join(LOG_LEVELS)}")
    if config.log.format not in {"json", "text"}:
        raise ConfigError(f"{path}: [log.format]: {config.log.format!r} is neither json nor text")
    for key, why in _complaints(config):
        raise ConfigError(f"{path}: [{key}]: {why}")


def _complaints(config: "Config") -> Iterator[tuple[str, str]]:
    """Give the key and what is wrong with its value."""
    yield from _of_the_site(config)
    for pbx in config.pbx:
        yield from _of_a_pbx(pbx)
        if _meet(pbx.questions.listen, config.web.listen):
            yield "pbx.questions.listen", f"{pbx.questions.listen} is where [web.listen] is; give it a port of its own"
    yield from _of_the_web(config)
    yield from _of_the_groupware(config)
    yield from _of_the_people(config)
    yield from _of_dialling(config.dialling)
    yield from _of_the_seats(config)
    yield from _of_the_groups(config)
    yield from _of_the_phones(config)
    yield from _of_the_journal(config.journal)
    yield from _of_the_webhook(config)
    yield from _of_the_calendars(config)


def _of_the_site(config: "Config") -> Iterator[tuple[str, str]]:
    site = config.site
    if site.country.upper() not in phonenumbers.SUPPORTED_REGIONS:
        yield "site.country", f"{site.country!r} is no country of two letters, like DE"
    if not re.fullmatch(r"[0-9]{0,10}", site.area_code):
        yield "site.area_code", f"{site.area_code!r} is not made of digits"
    if not re.fullmatch(r"[0-9*#]{0,8}", site.outside_line):
        yield "site.outside_line", f"{site.outside_line!r} is not made of digits"


def _of_a_pbx(pbx: "Pbx") -> Iterator[tuple[str, str]]:
    if not 0 < pbx.port < 1 << 16:
        yield "pbx.port", f"{pbx.port} is not 1 to 65535"
    for key, text in (
        ("id", pbx.id), ("host", pbx.host), ("user", pbx.user), ("secret", pbx.secret),
        ("questions.secret", pbx.questions.secret),
    ):  # fmt: skip
        if not text or CONTROL.search(text):
            yield f"pbx.{key}", "must be one line of text, and not empty"
    if not re.fullmatch(r"[^\s\x00-\x1f]{1,79}", pbx.hints):
        yield "pbx.hints", f"{pbx.hints!r} is no name of a context"
    if not 0 <= pbx.offline_names <= MOST_OFFLINE_NAMES:
        yield "pbx.offline_names", f"{pbx.offline_names} is not 0 to {MOST_OFFLINE_NAMES}"
    yield from _of_a_time(f"pbx.answer_within of {pbx.id}", pbx.answer_within)
    yield from _of_a_time(f"pbx.ping_every of {pbx.id}", pbx.ping_every)


def _of_the_web(config: "Config") -> Iterator[tuple[str, str]]:
    origin = config.web.origin
    if origin and not _is_address(origin, path=False):
        yield "web.origin", f"{origin!r} is not https://HOST or https://HOST:PORT, without a path"
    yield from _of_a_time("web.session_hours", config.web.session_hours, "hours")


def _of_the_groupware(config: "Config") -> Iterator[tuple[str, str]]:
    groupware = config.groupware
    if groupware.url and not _is_address(groupware.url):
        yield "groupware.url", "is not https://HOST/…"  # without the value: somebody may have put a password into it
    for key, text in (("user", groupware.user), ("password", groupware.password)):
        if CONTROL.search(text):
            yield f"groupware.{key}", "must be one line of text"
    yield from _of_a_time("groupware.sync_every", groupware.sync_every)
    for book in config.book:
        kind, _, group = book.scope.partition(":")
        if book.scope != "shared" and not (kind == "group" and group.strip()):
            yield "book.scope", f"{book.scope!r} of {book.path} is neither shared nor group:NAME"


def _of_the_people(config: "Config") -> Iterator[tuple[str, str]]:
    if config.people.key and not is_key(config.people.key):
        yield "people.key_file", NO_KEY
    yield from _of_the_source(config)
    for key, rules in (("people.roles", config.people.roles), ("dialling.allow_for", config.dialling.allow_for)):
        yield from ((f"{key}.{word}", NO_WORD) for word in rules if not is_word(word))
    for word, roles in config.people.roles.items():
        for role in roles:
            if role not in ROLES:
                yield f"people.roles.{word}", f"{role!r} is none of {', '.join(ROLES)}"
    for login, extensions in config.people.extensions.items():
        for extension in extensions:
            if not EXTENSION.fullmatch(extension):
                yield f"people.extensions.{login}", f"{extension!r} is not 1 to 32 of the characters 0-9 * # +"


def needs_groupware(config: "Config") -> bool:
    """Whether anything has to be asked at a groupware."""
    people = config.people
    return bool(config.book) or people.sign_in == "groupware" or (people.source == "book" and bool(people.book))


def _of_the_source(config: "Config") -> Iterator[tuple[str, str]]:
    people = config.people
    if people.source == "file" and not people.file:
        yield "people.file", "is missing: name the TOML file with the people"
    if people.source != "book" and people.book:
        yield "people.book", f'is not read with source = "{people.source}"; keep one of them'
    if "ldap" in {people.source, people.sign_in}:
        yield from _of_ldap(people.ldap)


def _of_ldap(ldap: "Ldap") -> Iterator[tuple[str, str]]:
    if not re.fullmatch(r"(ldaps|ldap|ldap\+insecure)://[^\s/?]+/?|ldapi://[^\s?]+", ldap.url):
        yield "people.ldap.url", "is not ldaps://HOST, ldap://HOST (with StartTLS), ldapi://… or ldap+insecure://HOST"
    if not ldap.base or CONTROL.search(ldap.base):
        yield "people.ldap.base", "is missing: below which entry people are, such as ou=people,dc=example,dc=org"
    if not re.fullmatch(r"\(.*\)", ldap.filter) or CONTROL.search(ldap.filter):
        yield "people.ldap.filter", f"{ldap.filter!r} is not a filter in brackets"
    for key, attribute in (("login", ldap.login), ("name", ldap.name), ("department", ldap.department)):
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,60}", attribute):
            yield f"people.ldap.{key}", f"{attribute!r} is no attribute"
    for key, text in (("user", ldap.user), ("password", ldap.password)):
        if CONTROL.search(text):
            yield f"people.ldap.{key}", "must be one line of text"
    if bool(ldap.user) != bool(ldap.password):
        yield "people.ldap.user", "user and password_file belong together: without both, nobody in particular asks"


def _of_dialling(dialling: "Dialling") -> Iterator[tuple[str, str]]:
    yield from _of_a_time("dialling.ring_seconds", dialling.ring_seconds)
    yield from _of_a_count("dialling.burst", dialling.burst, least=2)
    for name, rate in (("per_person", dialling.per_person), ("in_total", dialling.in_total)):
        yield from _of_a_count(f"dialling.{name}.minute", rate.minute)
        yield from _of_a_count(f"dialling.{name}.day", rate.day)
    if not HOURS.fullmatch(dialling.hours):
        yield "dialling.hours", f"{dialling.hours!r} is not like 06:00-20:00"
    for device in (one for one in dialling.auto_answer if not DEVICE.fullmatch(one)):
        yield "dialling.auto_answer", f"{device!r} is not a device like PJSIP/101"
    for page in (one for one in dialling.pages if not _is_address(one, path=False)):
        yield "dialling.pages", f"{page!r} is not https://HOST or https://HOST:PORT, without a path"


def _of_a_count(key: str, count: int, *, least: int = 0) -> Iterator[tuple[str, str]]:
    if not least <= count <= MOST_CALLS:
        yield key, f"{count} is not {least} to {MOST_CALLS}"


def _of_the_seats(config: "Config") -> Iterator[tuple[str, str]]:
    seen: dict[str, set[str]] = {"id": set(), "extension": set(), "hosts": set()}
    for seat in config.seat:
        if not 0 < len(seat.id) <= LONGEST_SEAT or not seat.id.isprintable():
            yield "seat.id", f"{seat.id!r} is not 1 to {LONGEST_SEAT} characters of one line"
        if not EXTENSION.fullmatch(seat.extension):
            yield "seat.extension", f"{seat.extension!r} is not 1 to 32 of the characters 0-9 * # +"
        for word in seat.allow:
            if not is_word(word):
                yield "seat.allow", NO_WORD
        hosts = {host.casefold() for host in seat.hosts}
        for key, values in (("id", {seat.id}), ("extension", {seat.extension}), ("hosts", hosts)):
            if twice := values & seen[key]:
                yield f"seat.{key}", f"{min(twice)!r} stands at two seats"
            seen[key] |= values


def is_word(word: str) -> bool:
    """Whether a word could mean somebody: a login, `department:NAME`, `group:NAME`, `person:LOGIN`."""
    kind, colon, name = word.partition(":")
    return bool(word.strip()) and (not colon or (kind in {"department", "group", "person"} and bool(name.strip())))


def _of_the_journal(journal: "Journal") -> Iterator[tuple[str, str]]:
    most = LONGEST_JOURNAL_DAYS if journal.longer_because.strip() else MOST_JOURNAL_DAYS
    days = {f"keep.{name}": getattr(journal.keep, name) for name in journal.keep.__struct_fields__}
    for key, value, least in (("keep_days", journal.keep_days, 1), *((key, value, 0) for key, value in days.items())):
        if value is not None and not least <= value <= most:
            more = "" if journal.longer_because.strip() else "; for more, say why in [journal.longer_because]"
            yield f"journal.{key}", f"{value} is not {least} to {most}{more}"
    if not re.fullmatch(r"[0-9*#]{0,8}", journal.private_prefix):
        yield "journal.private_prefix", f"{journal.private_prefix!r} is not made of 0-9 * #"
    for number in journal.none.numbers:
        if not EXTENSION.fullmatch(number):
            yield "journal.none.numbers", f"{number!r} is neither an extension nor a number like +498999998105"


def _of_the_webhook(config: "Config") -> Iterator[tuple[str, str]]:
    hook = config.missed_webhook
    if not hook.url:
        return
    if config.journal.department == "off":
        yield "missed_webhook.url", "missed calls are told from the journal, and [journal.department] is off"
    plain = hook.url.replace("http+insecure://", "http://", 1)
    if not _is_address(plain):
        yield "missed_webhook.url", "is not https://…"
    elif hook.url.startswith("http://") and not _is_local(urlsplit(plain).hostname or ""):
        yield "missed_webhook.url", "would be readable on the wire; use https, or http+insecure:// if that is meant"
    if hook.kind == "matrix" and not hook.secret:
        yield "missed_webhook.secret_file", "is missing: Matrix needs an access token"
    if CONTROL.search(hook.secret):
        yield "missed_webhook.secret", "must be one line of text"
    for network in hook.networks:
        try:
            ip_network(network)
        except ValueError:
            yield "missed_webhook.networks", f"{network!r} is no network like 10.1.2.0/24"
    yield from _of_a_time("missed_webhook.wait", hook.wait)


def _of_the_calendars(config: "Config") -> Iterator[tuple[str, str]]:
    rooms = config.rooms
    yield from _of_a_time("rooms.look_every", rooms.look_every)
    for key, wanted in (("calendar", rooms.calendar), ("invited", rooms.invited), ("edits", " ".join(rooms.edits))):
        if wanted and not rooms.numbers:
            yield f"rooms.{key}", "there are no rooms without [rooms.numbers]"
        if wanted and not (rooms.account.url or config.groupware.url):
            yield f"rooms.{key}", "is at the groupware, and [groupware.url] is missing"
        if wanted and key != "calendar" and not MAIL_ADDRESS.fullmatch(rooms.address):
            yield "rooms.address", "is missing: the e-mail address by which the conference is invited"
    yield from _of_a_time("rooms.recordings_days", rooms.recordings_days, "days")
    yield from _of_a_count("rooms.lines", rooms.lines)
    yield from _of_a_count("rooms.lines_each", rooms.lines_each, least=1)
    if rooms.calendar and not rooms.calendar_owner.strip():
        yield "rooms.calendar_owner", "is missing: whose room it is where an appointment names nobody of the house"
    yield from _of_the_mails(config)


def _of_the_mails(config: "Config") -> Iterator[tuple[str, str]]:
    rooms, mail = config.rooms, config.mail
    if rooms.account.url and not _is_address(rooms.account.url):
        yield "rooms.account.url", "is not https://HOST/…"
    if bool(rooms.account.user) != bool(rooms.account.password):
        yield "rooms.account.user", "user and password_file belong together"
    if mail.smtp and not re.fullmatch(r"(smtps|smtp|smtp\+insecure)://[^\s/?@]+/?", mail.smtp):
        yield "mail.smtp", "is not smtps://HOST, smtp://HOST (with StartTLS) or smtp+insecure://HOST"
    if mail.smtp and (not MAIL_ADDRESS.search(mail.sender) or CONTROL.search(mail.sender)):
        yield "mail.from", "is missing: the e-mail address of our mails"
    if rooms.invited and not mail.smtp:
        yield "mail.smtp", "is missing: organizers are told by mail how to dial in"


def _of_the_groups(config: "Config") -> Iterator[tuple[str, str]]:
    names = [group.name for group in config.pickup]
    for group in config.pickup:
        if not group.name.strip() or CONTROL.search(group.name) or names.count(group.name) > 1:
            yield "pickup.name", f"{group.name!r} is empty, or the name of two groups"
        if not group.who:
            yield "pickup.who", f"nobody is in {group.name}"
        for key, words in (("pickup.who", group.who), ("pickup.of", group.of)):
            if not all(is_word(word) for word in words):
                yield key, f"{group.name}: {NO_WORD}"


def _of_the_phones(config: "Config") -> Iterator[tuple[str, str]]:
    devices = [phone.device for phone in config.phone]
    for phone in config.phone:
        if not DEVICE.fullmatch(phone.device) or devices.count(phone.device) > 1:
            yield "phone.device", f"{phone.device!r} is no device like PJSIP/101, or stands twice"
        if phone.driver and not _is_address(phone.address, path=False):
            yield "phone.address", f"the driver of {phone.device} needs http://HOST or https://HOST, without a path"
        if CONTROL.search(phone.user + phone.password):
            yield "phone.password", f"user and password of {phone.device} must be one line of text each"


def _of_a_time(key: str, value: float, unit: str = "seconds") -> Iterator[tuple[str, str]]:
    """Refuse a time at which everything would be late at once, or never; nan is within nothing."""
    least, most = TIMES[key.partition(" ")[0].rpartition(".")[2]]
    if not least <= value <= most:
        yield key, f"{value:g} is not {least:g} to {most:g} {unit}"


def _is_address(url: str, *, path: bool = True) -> bool:
    """Whether this is an address of the web; without `path`, only scheme, host and port."""
    try:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0 or CONTROL.search(url):
            return False
    except ValueError:  # a port beyond 65535, a bracket without its other
        return False
    return path or not (parts.path.strip("/") or parts.query or parts.fragment or parts.username is not None)


def _meet(one: str, other: str) -> bool:
    """Whether two listeners would open the same port; port 0 is any that is free."""
    first, second = urlsplit(one), urlsplit(other)
    hosts = {first.hostname, second.hostname}
    return first.port == second.port != 0 and (len(hosts) == 1 or bool(hosts & EVERYWHERE))
