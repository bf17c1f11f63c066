"""An alarm in one line and in a letter, for people, in German and English. Pure."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from ami_bridge.alarms.model import Told

if TYPE_CHECKING:
    from ami_bridge import wire

_WHAT: Mapping[str, Mapping[str, str]] = {
    "de": {
        "raised": "Alarm",
        "mail-instead": "Alarm (Ruhezeit: es wird niemand angerufen)",
        "taken-over": "Alarm übernommen",
        "acknowledged": "Alarm quittiert",
        "returned": "Störung gegangen",
        "closed": "Alarm erledigt",
        "last-resort": "ALARM UNBEANTWORTET, letzte Stufe erreicht",
        "reminder": "Alarm steht noch an",
        "unacknowledged-again": "Alarm wieder unquittiert",
        "shelved": "Alarm zurückgestellt",
        "unshelved": "Alarm nicht mehr zurückgestellt",
        "trouble": "Störung der Alarmierung",
    },
    "en": {
        "raised": "Alarm",
        "mail-instead": "Alarm (quiet hours: nobody is called)",
        "taken-over": "Alarm taken over",
        "acknowledged": "Alarm acknowledged",
        "returned": "Fault is over",
        "closed": "Alarm closed",
        "last-resort": "ALARM UNANSWERED, last step reached",
        "reminder": "Alarm is still active",
        "unacknowledged-again": "Alarm unacknowledged again",
        "shelved": "Alarm shelved",
        "unshelved": "Alarm no longer shelved",
        "trouble": "The alarm system itself has a fault",
    },
}
_WORDS: Mapping[str, Mapping[str, str]] = {
    "de": {
        "test": "PROBEALARM", "by": "von", "plant": "Anlage", "point": "Meldepunkt", "priority": "Priorität",
        "raised": "Gekommen", "returned": "Gegangen", "count": "Wie oft", "bundled": "Dazu weitere",
        "at": "{:%d.%m.%Y %H:%M:%S} Uhr",
        "foot": "Übernommen wird am Telefon oder auf der Seite „Alarme“; eine Antwort auf diese Mail quittiert nichts.",
    },
    "en": {
        "test": "TEST ALARM", "by": "by", "plant": "Plant", "point": "Point", "priority": "Priority",
        "raised": "Raised", "returned": "Returned", "count": "How often", "bundled": "Further ones",
        "at": "{:%Y-%m-%d %H:%M:%S}",
        "foot": "Take over by telephone or on the page Alarms; an answer to this mail acknowledges nothing.",
    },
}  # fmt: skip


def line(told: Told, language: str) -> str:
    """Say it in one line."""
    what, words = _WHAT.get(language, _WHAT["en"]), _WORDS.get(language, _WORDS["en"])
    alarm = told.alarm
    who = _who(told)
    parts = [
        f"{words['test']}: " if alarm.test else "",
        what.get(told.what, told.what),
        f" ({words['by']} {who})" if who else "",
        f": {told.text or alarm.text}",
        f" (+{alarm.bundled})" if alarm.bundled else "",
    ]
    return " ".join("".join(parts).split())


def letter(told: Told, language: str, zone: tzinfo | None = None) -> str:
    """Say it in some lines, times as the machine's clock has them."""
    words, alarm = _WORDS.get(language, _WORDS["en"]), told.alarm

    def at(time: datetime | None) -> str:
        return words["at"].format(time.astimezone(zone)) if time is not None else ""

    rows = [
        (words["plant"], alarm.plant),
        (words["point"], alarm.point),
        (words["priority"], str(alarm.priority)),
        (words["raised"], at(alarm.raised_at)),
        (words["returned"], at(alarm.returned_at)),
        (words["count"], str(alarm.count) if alarm.count > 1 else ""),
        (words["bundled"], str(alarm.bundled) if alarm.bundled else ""),
        *alarm.values.items(),
    ]
    table = "\n".join(f"{name}: {' '.join(value.split())}" for name, value in rows if value)
    return f"{line(told, language)}\n\n{table}\n\n{words['foot']}\nID {alarm.id}\n"


def _who(told: Told) -> str:
    by: wire.AlarmBy | None = None
    match told.what:
        case "taken-over":
            by = told.alarm.taken_over
        case "acknowledged":
            by = told.alarm.acknowledged
        case "shelved":
            by = told.alarm.shelved_by
    return by.name if by is not None else ""
