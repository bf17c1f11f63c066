"""vCards as the world writes them."""

import re
import time

import pytest
import vobject
from hypothesis import given, settings
from hypothesis import strategies as st
from vobject.base import VObjectError

from ami_bridge.contacts import oddcard, vcard
from ami_bridge.contacts.model import Card, Tel
from tests.contacts.cards import Maker


def card(*lines: str, end: str = "\r\n") -> Card:
    found = vcard.read(end.join(["BEGIN:VCARD", "VERSION:3.0", *lines, "END:VCARD", ""]))
    assert found is not None
    return found


def test_a_card_of_egroupware() -> None:
    assert card(
        "UID:urn:uuid:1",
        "FN:Carla Çelik",
        "N:Çelik;Carla;;Dr.;",
        "ORG:Stadt Musterhausen;Bauamt;2.17",
        "TEL;TYPE=WORK:+49 89 99998-103",
        "TEL;TYPE=CELL,WORK:+49 171 3920 0103",
        'TEL;TYPE="FAX,WORK":+49 89 99998-193',
        "X-ASSISTANT-TEL:+49 89 99998-104",
        "EMAIL;TYPE=WORK:carla@musterhausen.example",
        "NICKNAME:carla",
        "CATEGORIES:Bauamt,Leitung",
        "X-AMI-BRIDGE-USER:ccelik",
        "NOTE:gehört niemandem",
        "BDAY:1980-01-01",
    ) == Card(
        uid="urn:uuid:1",
        name="Carla Çelik",
        org="Stadt Musterhausen",
        unit="Bauamt",
        tels=(
            Tel("+49 89 99998-103", "work"),
            Tel("+49 171 3920 0103", "mobile"),
            Tel("+49 89 99998-193", "fax"),
            Tel("+49 89 99998-104", "assistant"),
        ),
        emails=("carla@musterhausen.example",),
        nickname="carla",
        categories=("Bauamt", "Leitung"),
        login="ccelik",
    )


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\r\n\r\n"])
def test_line_ends(end: str) -> None:
    assert card("fn:Anna Amsel", "tel;type=home:030 23125001", end=end).tels == (Tel("030 23125001", "home"),)


def test_folded_lines() -> None:
    assert card("FN:Anna", "  Amsel", "\t-Biber").name == "Anna Amsel-Biber"


def test_quoted_printable_with_soft_breaks_and_charset() -> None:
    found = card(
        "N;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:M=FCller;J=FC=",
        "rgen;;;",
        "FN;CHARSET=UTF-8;QUOTED-PRINTABLE:J=C3=BCrgen=",
        " M=C3=BCller=0D=0AEvent: x",
        "TEL;WORK;VOICE:030 23125001",
    )
    assert found.name == "Jürgen Müller\nEvent: x"  # cleaned when it is shown
    assert found.tels == (Tel("030 23125001", "work"),)
    assert card("N;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:M=FCller;J=FCrgen;;;").name == "Jürgen Müller"


def test_an_unknown_charset_costs_no_card() -> None:
    assert card("FN;CHARSET=klingon;ENCODING=QUOTED-PRINTABLE:J=C3=BCrgen").name == "Jürgen"


def test_without_fn_the_name_is_made_of_what_is_there() -> None:
    assert card("FN:", "N:Amsel;Anna;Maria;Dr.;").name == "Dr. Anna Maria Amsel"
    assert card("N:Amsel;Anna;;;;one;two").name == "Anna Amsel"
    assert card("FN:", "ORG:Stadtwerke GmbH;Strom").name == "Stadtwerke GmbH"
    assert card("ORG:Stadtwerke GmbH").company
    assert card("NICKNAME:anna").name == "anna"


def test_escaped_signs_and_colons_in_quotes() -> None:
    found = card(
        r"FN:Amsel\, Anna\; Dr.\\", r"ORG:Rohr\; Draht & Co.;Lager", 'TEL;X-A="b:c;d";TYPE=cell:0171 3920 0123'
    )
    assert found.name == "Amsel, Anna; Dr.\\"
    assert (found.org, found.unit) == ("Rohr; Draht & Co.", "Lager")
    assert found.tels == (Tel("0171 3920 0123", "mobile"),)


def test_apple_groups_and_labels() -> None:
    found = card(
        "item1.TEL:030 1", "item1.X-ABLabel:_$!<HomeFAX>!$_", "item2.TEL;type=pref:030 2", "item2.X-ABLabel:iPhone"
    )
    assert found.tels == (Tel("030 1", "fax"), Tel("030 2", "mobile"))


def test_version_4_with_uris() -> None:
    assert card("FN:A", 'TEL;VALUE=uri;TYPE="voice,work":tel:+49-30-23125001;ext=1').tels == (
        Tel("tel:+49-30-23125001;ext=1", "work"),
    )


def test_lists_and_private_cards_say_so() -> None:
    assert card("FN:A", "KIND:group").group
    assert card("FN:A", "X-ADDRESSBOOKSERVER-KIND:group").group
    assert card("FN:A", "CLASS:CONFIDENTIAL").private
    assert not card("FN:A", "CLASS:PUBLIC").private


@pytest.mark.parametrize(
    "broken",
    [
        "this is no line",
        "PHOTO;ENCODING=b;TYPE=JPEG:%%% not base64 %%%",
        "PHOTO;ENCODING=b:" + "A" * 50_000 + "\r\nAAAA\r\n AAAA",
        "TEL",
        ";;;:::",
        "TEL;;;=:",
        "TEL;TYPE=\x00:1",
        "N;ENCODING=b:%%%",
        "N;ENCODING=QUOTED-PRINTABLE:=ZZ=",
        "ORG;ENCODING=BASE64:AAAAA",
        'FN;TYPE="unclosed:x',
        "REV:gestern",
        "AGENT:\r\nBEGIN:VCARD\r\nFN:Somebody Else\r\nTEL:999\r\nEND:VCARD",
        "\x00\x01\x02",
    ],
)
def test_a_bad_line_costs_the_line_and_not_the_card(broken: str, capfd: pytest.CaptureFixture[str]) -> None:
    for lines in (["FN:Anna Amsel", broken, "TEL:030 23125001"], ["FN:Anna Amsel", "TEL:030 23125001", broken]):
        found = card(*lines)
        assert found.name == "Anna Amsel"
        assert Tel("030 23125001") in found.tels
    assert capfd.readouterr() == ("", "")  # nothing of a card gets into the logs


@pytest.mark.parametrize(
    "text", ["", "hello", "BEGIN:VCARD", "BEGIN:VCARD\nEND:VCARD", "<html>", "BEGIN:VCALENDAR\nFN:x"]
)
def test_no_card_is_no_card(text: str) -> None:
    assert vcard.read(text) is None


def test_only_the_first_card_is_read() -> None:
    text = "BEGIN:VCARD\nFN:A\nEND:VCARD\nBEGIN:VCARD\nFN:B\nEND:VCARD\n"
    found = vcard.read(text)
    assert found is not None
    assert found.name == "A"


@pytest.mark.alone
@pytest.mark.parametrize(
    "hostile",
    [
        "FN:" + "x" * 1_900_000,
        "\r\n".join(["FN:A", *(f"TEL:{n}" for n in range(100_000))]),
        "\r\n".join(["FN:A", *[" " + "y" * 70] * 25_000]),
        "FN;" + ";A=B" * 400_000 + ":x",
        "TEL;TYPE=" + '"' * 1_900_000,
        "FN:A\r\nPHOTO:" + "\r\n ".join(["A" * 74] * 25_000),
    ],
)
def test_a_monster_is_read_quickly_or_not_at_all(hostile: str) -> None:
    before = time.perf_counter()
    vcard.read(f"BEGIN:VCARD\r\n{hostile}\r\nEND:VCARD\r\n")
    assert time.perf_counter() - before < 1
    assert vcard.read("BEGIN:VCARD\n" + "x" * oddcard.LONGEST_CARD) is None


@settings(deadline=None)  # the machine may be busy
@given(st.text())
def test_any_text_is_a_card_or_none(text: str) -> None:
    vcard.read(text)
    vcard.read(f"BEGIN:VCARD\n{text}\nEND:VCARD")


@settings(deadline=None)  # the machine may be busy
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["FN", "N", "ORG", "TEL", "item1.TEL", "UID", "CATEGORIES", "EMAIL", "X-ABLabel", "CLASS"]),
            st.sampled_from(
                ["", ";TYPE=WORK", ";WORK", ";ENCODING=b", ";ENCODING=QUOTED-PRINTABLE", ';X="', ";=", ";CHARSET="]
            ),
            st.text(),
        )
    )
)
def test_any_lines_are_a_card_or_none(lines: list[tuple[str, str, str]]) -> None:
    text = "\r\n".join(f"{name}{params}:{value}" for name, params, value in lines)
    whole = f"BEGIN:VCARD\r\n{text}\r\nEND:VCARD\r\n"
    assert vcard.read(whole) == oddcard.read(whole)


SIGNS = st.text(st.sampled_from('aB;,\\nN:"= .\t\u00fc'), max_size=12)


@settings(deadline=None, max_examples=500)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["FN", "N", "ORG", "TEL", "i.TEL", "UID", "CATEGORIES", "EMAIL", "NICKNAME", "i.X-ABLabel"]
            ),
            st.sampled_from(["", ";TYPE=WORK,FAX", ";HOME", ";TYPE=", ";PREF=1;CELL", ";;", ";B", ";VALUE=uri"]),
            SIGNS,
        )
    )
)
def test_both_readers_read_the_same(lines: list[tuple[str, str, str]]) -> None:
    text = "\n".join(f"{name}{params}:{value}" for name, params, value in lines)
    whole = f"BEGIN:VCARD\n{text}\nEND:VCARD\n"
    assert vcard.read(whole) == oddcard.read(whole)


def test_three_thousand_cards_are_read_as_vobject_reads_them() -> None:
    for text in Maker(2026).cards(3_000):
        assert vcard.read(text) == oddcard.read(text), text


def test_vobject_alone_is_the_judge_where_it_can_read_a_card() -> None:
    judged = 0
    for text in Maker(3).cards(3_000):
        try:
            judge = vobject.readOne(text).contents
        except (VObjectError, ValueError, LookupError, TypeError, AttributeError):
            continue
        plain = "\n".join(text.splitlines()).replace("\n ", "")
        if "," in re.sub(r"\\\\,|^(?!(?:\w+\.)?(?:FN|TEL|tel|fn)\b).*$", "", plain, flags=re.MULTILINE):
            continue  # an unescaped comma: vobject would drop what follows, we do not
        found = vcard.read(text)
        assert found is not None
        if "fn" in judge and judge["fn"][0].value.strip():
            assert found.name == judge["fn"][0].value.strip()
        numbers = [line.value.strip() for line in [*judge.get("tel", []), *judge.get("x-assistant-tel", [])]]
        assert [tel.raw for tel in found.tels] == numbers
        if "org" in judge:
            first = next((part for part in judge["org"][0].value if part), None)
            assert found.org == first
        judged += 1
    assert judged > 900
