"""What the types of the configuration cannot tell about alarms."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ami_bridge.config_check import CONTROL, DEVICE, EXTENSION, HOURS, is_word
from ami_bridge.config_check_watched import of_modbus, of_opcua
from ami_bridge.errors import ConfigError

if TYPE_CHECKING:
    from ami_bridge.config import Config
    from ami_bridge.config_alarms import AlarmClass, Alarms, Ladder, RegularTests, Source

NAME = re.compile(r"[A-Za-z0-9_.-]{1,60}")
"""Names stand in addresses and in file names."""
DUTY = re.compile(r"duty(?::[1-9])?")
PATH = re.compile(r"[A-Za-z0-9_.-]{0,80}")
AT = re.compile(r"(?i)(?:mon|tue|wed|thu|fri|sat|sun) (?:[01]?[0-9]|2[0-3]):[0-5][0-9]")
"""As alarms/weekly.py reads it."""
SHORTEST_TEST, LONGEST_TEST = 10, 3600
SPEAKER = re.compile(
    r"PJSIP/(?!m-)[A-Za-z0-9_.-]{1,70}|multicast:2(?:2[4-9]|3[0-9])(?:\.[0-9]{1,3}){3}:[1-9][0-9]{0,4}"
)
LEAST_TOKEN = 16
CODE = re.compile(r"sha1:[0-9a-f]{16}:[0-9a-f]{40}")
"""As alarms/sources/codes.py makes it."""
LONGEST_DEVICES = 300
"""Characters; a line of the manager takes a thousand."""
FEWEST_LOG_DAYS, MOST_LOG_DAYS = 90, 3660
LONGEST_ROUND = 3600
DAY = 86_400
LONGEST_SILENCE = 7 * DAY
FIRST_QUIET = 3
LIMITS = {
    "ring_seconds": (5, 60),
    "channels": (1, 1000),
    "own_lines_reserve": (0, 999),
    "code_digits": (2, 4),
    "max_interval": (30, 900),
    "ack_minutes": (1, 1440),
    "remind_minutes": (1, 240),
    "log_keep_days": (FEWEST_LOG_DAYS, MOST_LOG_DAYS),
}


def check_alarms(config: "Config", path: Path) -> None:
    """Refuse what no alarm could go by."""
    for key, why in _complaints(config):
        raise ConfigError(f"{path}: [{key}]: {why}")


def _complaints(config: "Config") -> Iterator[tuple[str, str]]:
    yield from _of_the_whole(config.alarms)
    yield from _of_the_words(config.alarms)
    yield from _of_the_tests(config.alarms.tests)
    yield from _names("alarm_class", [one.name for one in config.alarm_class])
    yield from _names("ladder", [one.name for one in config.ladder])
    yield from _names("source", [one.name for one in config.source])
    ladders = {one.name for one in config.ladder}
    for one in config.alarm_class:
        yield from _of_a_class(one, ladders)
    for ladder in config.ladder:
        yield from _of_a_ladder(ladder)
    classes = {one.name for one in config.alarm_class}
    for source in config.source:
        yield from _of_a_source(source, classes)
    yield from _twice(config.source)
    yield from _of_what_is_missing(config)


def _of_what_is_missing(config: "Config") -> Iterator[tuple[str, str]]:
    if config.source and not config.alarm_class:
        yield "alarm_class", "is missing: name at least one class of alarms"
    if (config.source or config.alarm_class) and not config.alarms.media_dir:
        yield "alarms.media_dir", "is missing: the folder of sounds that Asterisk reads"
    if config.alarms.mail_to and not config.mail.smtp:
        yield "alarms.mail_to", "there is no mail without [mail.smtp]"


def _of_the_whole(alarms: "Alarms") -> Iterator[tuple[str, str]]:
    for key, (least, most) in LIMITS.items():
        if not least <= getattr(alarms, key) <= most:
            yield f"alarms.{key}", f"{getattr(alarms, key)} is not {least} to {most}"
    if alarms.own_lines_reserve >= alarms.channels:
        yield "alarms.own_lines_reserve", "leaves alarms no line at all; keep it below [alarms.channels]"
    if not alarms.paths:
        yield "alarms.paths", 'is empty; the way of Asterisk\'s own extensions is ""'
    for way in (one for one in alarms.paths if not PATH.fullmatch(one)):
        yield "alarms.paths", f"{way!r} is no name of a PJSIP endpoint"
    for key, url in (("watcher_url", alarms.watcher_url), ("webhook_url", alarms.webhook_url)):
        if url and not _is_url(url):
            yield f"alarms.{key}", "is not https://…"
    if alarms.mail_listen and not _is_local_smtp(alarms.mail_listen):
        yield "alarms.mail_listen", "is not smtp://127.0.0.1 with a port: the house's mail server stands before it"


def _of_the_words(alarms: "Alarms") -> Iterator[tuple[str, str]]:
    for key, words in (("everyone", alarms.everyone), ("last_resort", alarms.last_resort)):
        for word in (one for one in words if not _is_somebody(one)):
            yield f"alarms.{key}", f"{word!r} is neither a login nor role:, department:, group: or person: with a name"
    for login, numbers in alarms.numbers.items():
        if not numbers or not all(EXTENSION.fullmatch(one) for one in numbers):
            yield f"alarms.numbers.{login}", "is not a list of extensions or numbers like +4917139200001"
    for device in (one for one in alarms.alert_info if not DEVICE.fullmatch(one)):
        yield "alarms.alert_info", f"{device!r} is not a device like PJSIP/101"
    for speaker in (one for one in alarms.speakers if not SPEAKER.fullmatch(one)):
        yield "alarms.speakers", f"{speaker!r} is neither like PJSIP/horn-1 nor like multicast:239.1.2.3:5004"
    if alarms.call_number and not EXTENSION.fullmatch(alarms.call_number):
        yield "alarms.call_number", f"{alarms.call_number!r} is no number"


def _of_the_tests(tests: "RegularTests") -> Iterator[tuple[str, str]]:
    if not AT.fullmatch(tests.at):
        yield "alarms.tests.at", f"{tests.at!r} is not like Wed 10:00"
    if not SHORTEST_TEST <= tests.seconds <= LONGEST_TEST:
        yield "alarms.tests.seconds", f"{tests.seconds} is not {SHORTEST_TEST} to {LONGEST_TEST}"
    for word in (one for one in tests.to if one != "everyone" and not _is_somebody(one)):
        yield "alarms.tests.to", f"{word!r} is neither everyone nor a login, role:, department:, group: or person:"
    if not tests.to:
        yield "alarms.tests.to", "calls nobody"


def _of_a_class(one: "AlarmClass", ladders: set[str]) -> Iterator[tuple[str, str]]:
    if one.ladder not in ladders:
        yield "alarm_class.ladder", f"{one.name}: there is no [[ladder]] named {one.ladder!r}"
    if one.quiet and not HOURS.fullmatch(one.quiet):
        yield "alarm_class.quiet", f"{one.name}: {one.quiet!r} is not like 22:00-06:00"
    if one.quiet and one.priority < FIRST_QUIET:
        yield "alarm_class.quiet", f"{one.name}: alarms of priority 1 and 2 ring at any time"
    if not NAME.fullmatch(one.sound):
        yield "alarm_class.sound", f"{one.name}: {one.sound!r} is no name of a sound"


def _of_a_ladder(ladder: "Ladder") -> Iterator[tuple[str, str]]:
    if not ladder.steps:
        yield "ladder.steps", f"{ladder.name} calls nobody"
    if not 0 <= ladder.repeat <= LONGEST_ROUND:
        yield "ladder.repeat", f"{ladder.name}: {ladder.repeat} is not 0 to {LONGEST_ROUND} seconds"
    last = 0
    for step in ladder.steps:
        if not last <= step.after <= LONGEST_ROUND:
            yield "ladder.steps.after", f"{ladder.name}: {step.after} is not {last} to {LONGEST_ROUND} seconds"
        last = max(last, step.after)
        if not step.who:
            yield "ladder.steps.who", f"{ladder.name}: a step calls nobody"
        for word in step.who:
            if not (DUTY.fullmatch(word) or word in {"everyone", "speakers"} or _is_somebody(word)):
                yield "ladder.steps.who", f"{ladder.name}: {word!r} is nobody that could be called"


def _of_a_source(source: "Source", classes: set[str]) -> Iterator[tuple[str, str]]:
    named = {
        "class": source.alarm_class,
        **{f"classes.{name}": name for name in source.classes},
        **{f"points.{key}.class": one.alarm_class for key, one in source.points.items()},
    }
    for key, name in named.items():
        if name and name not in classes:
            yield f"source.{key}", f"{source.name}: there is no [[alarm_class]] named {name!r}"
    for name, point in source.points.items():
        if point.sound and not NAME.fullmatch(point.sound):
            yield f"source.points.{name}.sound", f"{point.sound!r} is no name of a sound"
    if source.token and (CONTROL.search(source.token) or not source.token.isascii()):
        yield "source.token", f"the token of {source.name} must be one line of ASCII"
    if not (0 <= source.heartbeat_every <= LONGEST_SILENCE and 1 <= source.grace <= DAY):
        yield "source.heartbeat_every", f"{source.name}: at most a week, with a grace of a second to a day"
    if source.limit.count < 1 or source.limit.minutes < 1:
        yield "source.limit", f"{source.name}: count and minutes are at least 1"
    yield from _of_its_way(source)


def _of_its_way(source: "Source") -> Iterator[tuple[str, str]]:
    match source.kind:
        case "webhook" if len(source.token) < LEAST_TOKEN:
            yield "source.token_file", f"{source.name} needs a token of {LEAST_TOKEN} characters or more"
        case "mqtt" if not (source.mqtt.url and source.mqtt.topic):
            yield "source.mqtt", f"{source.name} needs url and topic of its broker"
        case "mqtt" if not _is_broker(source.mqtt.url):
            yield "source.mqtt.url", f"{source.name}: is not mqtts://…, or mqtt:// of this machine"
        case "mail" if not source.mail.address:
            yield "source.mail.address", f"{source.name} needs the address it writes to"
        case "call":
            yield from _of_a_call(source)
        case "modbus":
            yield from of_modbus(source.name, source.modbus)
        case "opcua":
            yield from of_opcua(source.name, source.opcua)


def _of_a_call(source: "Source") -> Iterator[tuple[str, str]]:
    call = source.call
    for key, extension in (("extension", call.extension), ("end_extension", call.end_extension or call.extension)):
        if not re.fullmatch(r"[0-9]{1,32}", extension):
            yield f"source.call.{key}", f"{source.name}: {extension!r} is no extension"
        if extension in {"110", "112"}:
            yield f"source.call.{key}", f"{source.name}: who dials {extension} wants somebody else"
    for key, code in (("code", call.code), ("end_code", call.end_code)):
        if code and not CODE.fullmatch(code):
            yield f"source.call.{key}_file", f"{source.name}: a code stands as `ami-bridge alarm code` writes it"
    if not call.code and not call.devices:
        yield "source.call", f"{source.name} needs a code, or devices that need none"
    for device in (one for one in call.devices if not PATH.fullmatch(one) or not one):
        yield "source.call.devices", f"{source.name}: {device!r} is no name of a PJSIP endpoint"
    if len("&".join(call.devices)) > LONGEST_DEVICES:
        yield "source.call.devices", f"{source.name}: so many devices are better shared among several sources"


def _twice(sources: Sequence["Source"]) -> Iterator[tuple[str, str]]:
    """Refuse a token that two sources have, or a number to call: nobody could tell which of them speaks."""
    calls = [one.call for one in sources if one.kind == "call"]
    numbers = [number for call in calls for number in (call.extension, call.end_extension) if number]
    if len(set(numbers)) != len(numbers):
        yield "source.call.extension", "a number stands twice; an alarm and its end, and each source, have their own"
    tokens = [source.token for source in sources if source.token]
    if len(set(tokens)) != len(tokens):
        yield "source.token_file", "two sources have the same token"


def _names(key: str, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    for name in names:
        if not NAME.fullmatch(name) or names.count(name) > 1:
            yield f"{key}.name", f"{name!r} is not 1 to 60 of A-Z a-z 0-9 _ . -, or stands twice"


def _is_somebody(word: str) -> bool:
    kind, colon, name = word.partition(":")
    return bool(name.strip()) if colon and kind == "role" else is_word(word)


def _is_broker(url: str) -> bool:
    parts = urlsplit(url)
    local = parts.hostname in {"127.0.0.1", "::1", "localhost"}
    known = parts.scheme in {"mqtts", "mqtt+insecure"} or (parts.scheme == "mqtt" and local)
    return known and bool(parts.hostname) and not CONTROL.search(url)


def _is_local_smtp(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "smtp" and parts.hostname in {"127.0.0.1", "::1", "localhost"} and parts.port is not None


def _is_url(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in {"https", "http", "http+insecure"} and bool(parts.hostname) and not CONTROL.search(url)
