"""What an administrator finds: a doctor's report, links, people, tokens, rules, the audit log."""

from typing import Any

import msgspec

from ami_bridge import wire
from ami_bridge.doctor.groupware import FINE
from ami_bridge.doctor.manager import missing
from ami_bridge.doctor.model import Finding, report
from ami_bridge.doctor.people import NO_EXTENSION
from tests.page.answers import Json
from tests.page.town import HOSTILE, ago

EVA = wire.User(login="eva", name="Eva Eule", extensions=("105",), department="IT", roles=("user", "admin", "auditor"))
REFUSED = {"why": "the groupware refuses (status 403)", "why_de": "die Groupware lehnt ab (Status 403)"}


def a_report(*findings: Finding, language: Any = "de") -> Json:  # noqa: ANN401 - a literal
    plain: Json = msgspec.to_builtins(report(findings, language, at=ago(2), daemon=True))
    return plain


def person(login: str, name: str, department: str | None, *extensions: str, roles: tuple[str, ...] = ("user",)) -> Json:
    return {"login": login, "name": name, "department": department, "extensions": extensions, "roles": roles}


def token(id_: str, login: str, name: str, **different: object) -> Json:
    return {
        "id": id_,
        "login": login,
        "name": name,
        "host": None,
        "scopes": ["events", "dial"],
        "created": ago(900_000),
        "expires": ago(-900_000),
        "unused": False,
        "broker": False,
    } | different


def entry(number: int, did: str, whose: str, how: str = "rest") -> Json:
    return {"id": f"a{number}", "at": ago(60 * number), "who": "eva", "did": did, "whose": whose, "how": how}


def fill(daemon: Any) -> None:  # noqa: ANN401 - the scripted daemon
    """Give Eva everything."""
    daemon.user = EVA
    daemon.answers.admin = {
        "doctor": a_report(missing("ami-bridge", "write = call"), NO_EXTENSION(who="nora"), FINE(count=2)),
        "state": {
            "version": "0.1.0",
            "pbxs": [{"id": "rathaus", "host": "127.0.0.1", "port": 5038, "live": True, "since": ago(9000)}],
            "groupware_away": False,
            "names": 1255,
            "books": [
                {"label": "staff", "scope": "staff", "at": ago(60), "why": None, "why_de": None},
                {"label": "Stadt", "scope": "shared", "at": ago(60), "why": None, "why_de": None},
                {"label": "Bauamt", "scope": "group:Bauamt", "at": None} | REFUSED,
                {"label": HOSTILE[0], "scope": "shared", "at": None, "why": None, "why_de": None},
            ],
            "sources": [
                {"name": "p", "label": "Pumpwerk Nord", "place": "Auweg 3", "kind": "webhook", "heartbeat_every": 300}
            ],
        },
        "people": {
            "people": [
                person("anna", "Anna Amsel", "Bürgerbüro", "101"),
                person("eva", "Eva Eule", "IT", "105", roles=EVA.roles),
                person("nora", "Nora Neu", None),
            ],
            "total": 4,
            "next": "nora",
            "more": {"people": [person("zoe", HOSTILE[1], "Hafen", "190")], "next": None},
        },
        "tokens": {
            "tokens": [
                token("t1", "anna", "Sprechblase", host="ts1.rathaus", broker=True),
                token("t2", "ben", "Skript", unused=True),
            ],
            "next": None,
        },
        "rules": {
            "allow": ["internal", "local", "national", "mobile"],
            "allow_for": {"department:IT": ["internal", "international"]},
            "per_person": {"minute": 10, "day": 100},
            "in_total": {"minute": 60, "day": 5000},
            "hours": "06:00-20:00",
            "journal": "dept",
            "keep": {"calls": 30, "missed": 1, "audit": 366, "tokens": 365},
            "longer_because": "",
            "silent": 2,
            "roles": {"eva": ["admin", "auditor"], "department:Kläranlage": ["plant"]},
            "presence": True,
            "pickup": [
                {"name": "Bürgerbüro", "who": ["department:Bürgerbüro", "eva"], "of": [], "peer": True},
                {"name": "Bauamt", "who": ["group:bau"], "of": ["person:carla"], "peer": False},
            ],
            "queues": [
                {
                    "name": "300",
                    "label": "Bürgerbüro",
                    "who": [],
                    "members": ["department:Bürgerbüro"],
                    "manages": ["eva"],
                }
            ],
        },
        "audit": {
            "entries": [
                entry(1, "read", "audit"),
                entry(2, "revoke", "ben"),
                entry(3, "follow", "Bürgerbüro", "websocket"),
                entry(5, "listen", "conference 8123"),
            ],
            "next": "a3",
            "more": {"entries": [entry(4, "export", "anna", "control")], "next": None},
        },
    }
