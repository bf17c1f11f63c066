"""A missed call in the form of each kind of receiver, and in words that no chat acts upon."""

import hashlib
import hmac

import msgspec
import pytest
from msgspec import structs

from ami_bridge import wire
from ami_bridge.journal.forms import LONGEST, Kind, Missed, message, plain, sentence
from tests.journal.world import BAKER, NOON

MISSED = Missed(
    id="N1", department="Bürgerbüro", extension="101", callee="Anna Amsel",
    line=wire.Line(exten="200", label="Zentrale"), started_at=NOON, ended_at=NOON, name="Bäckerei Huber",
    number=BAKER, display="030 23125001",
)  # fmt: skip
URL = "https://chat.example/hooks/abc"


def test_programs_get_the_whole_and_can_see_that_it_comes_from_us() -> None:
    told = message(MISSED, "json", url=URL, secret="psst", text="")
    assert (told.method, told.url, told.headers["X-AMI-Bridge-Id"]) == ("POST", URL, "N1")
    assert msgspec.json.decode(told.body) == {
        "id": "N1", "event": "call.missed", "department": "Bürgerbüro", "extension": "101", "callee": "Anna Amsel",
        "line": {"exten": "200", "label": "Zentrale"}, "started_at": "2026-11-21T12:00:00Z",
        "ended_at": "2026-11-21T12:00:00Z", "name": "Bäckerei Huber", "number": BAKER, "display": "030 23125001",
    }  # fmt: skip
    signed = hmac.new(b"psst", told.body, hashlib.sha256).hexdigest()
    assert told.headers["X-AMI-Bridge-Signature"] == f"sha256={signed}"
    assert "X-AMI-Bridge-Signature" not in message(MISSED, "json", url=URL, secret="", text="").headers


@pytest.mark.parametrize("kind", ["rocketchat", "mattermost"])
def test_chats_with_incoming_webhooks_get_a_text(kind: Kind) -> None:
    told = message(MISSED, kind, url=URL, secret="", text="Hallo")
    assert (told.method, told.url, msgspec.json.decode(told.body)) == ("POST", URL, {"text": "Hallo"})


def test_matrix_gets_a_notice_that_it_takes_once_however_often_it_comes() -> None:
    url = "https://matrix.example/_matrix/client/v3/rooms/%21abc%3Aexample/send/m.room.message"
    told = message(structs.replace(MISSED, id="N/1"), "matrix", url=url, secret="token", text="Hallo")
    assert (told.method, told.url) == ("PUT", f"{url}/N%2F1")
    assert told.headers["Authorization"] == "Bearer token"
    assert "X-AMI-Bridge-Signature" not in told.headers
    assert msgspec.json.decode(told.body) == {"msgtype": "m.notice", "body": "Hallo"}


def test_a_missed_call_is_said_in_one_sentence() -> None:
    german, english = sentence(MISSED, "de"), sentence(MISSED, "en")
    assert german.startswith("Verpasster Anruf ")
    assert german.endswith(" Uhr für Zentrale, Anna Amsel, Bürgerbüro von Bäckerei Huber 030 23125001")
    assert english.endswith(" for Zentrale, Anna Amsel, Bürgerbüro from Bäckerei Huber 030 23125001")
    assert sentence(MISSED, "fr").startswith("Missed call ")
    bare = structs.replace(MISSED, department=None, callee=None, line=None, name=None, number=None, display=None)
    assert sentence(bare, "de").endswith(" Uhr für 101")
    same = structs.replace(MISSED, callee="Zentrale", department="Zentrale", name=None)
    assert sentence(same, "de").endswith(" für Zentrale von 030 23125001")


@pytest.mark.parametrize(
    ("hostile", "left"),
    [
        ("@all", "all"),
        ("<!channel> *bold* _it_ ~s~ `c`", "channel bold it s c"),
        ("[click](https://evil.example)", "click (https //evil.example)"),
        ("Huber\n\n# Heading\r", "Huber Heading"),
        ("Müller-Lüdenscheidt & Söhne, Tel. (privat)", "Müller-Lüdenscheidt & Söhne, Tel. (privat)"),
        ("\u202eevil\u0000", "evil"),
        ("x" * 500, "x" * LONGEST),
    ],
)
def test_no_name_is_a_mention_a_link_or_a_format(hostile: str, left: str) -> None:
    assert plain(hostile) == left
