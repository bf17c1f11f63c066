"""Answers of DAV servers, read piece by piece."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ami_bridge.dav import xml
from tests.dav.fake import NAMES, entry

WHOLE = f"""<?xml version="1.0" encoding="utf-8"?>
<multistatus {NAMES}>
  <response><href> /b/ </href>
    <propstat><prop><resourcetype><collection/><C:addressbook/></resourcetype><displayname>Städt &amp; Rat</displayname>
      <S:getctag>7</S:getctag><sync-token>t0</sync-token><current-user-principal><href>/p/</href></current-user-principal>
      <C:addressbook-home-set><href>/h1/</href><href>/h2/</href></C:addressbook-home-set>
      <supported-report-set><supported-report><report><sync-collection/></report></supported-report></supported-report-set>
    </prop><status>HTTP/1.1 200 OK</status></propstat>
    <propstat><prop><getetag>no</getetag></prop><status>HTTP/1.1 404 Not Found</status></propstat>
  </response>
  <response><href>/b/a.vcf</href><propstat><prop><getetag>"1"</getetag>
    <C:address-data>BEGIN:VCARD&#13;
FN:Ä</C:address-data></prop><status>HTTP/1.1 200 OK</status></propstat></response>
  <response><href>/b/gone.vcf</href><status>HTTP/1.1 404 Not Found</status></response>
  <sync-token>t1</sync-token>
</multistatus>""".encode()


def read(octets: bytes, size: int) -> tuple[list[xml.Resource], str | None]:
    reader = xml.Multistatus()
    found = []
    for at in range(0, len(octets), size):
        found += reader.feed(octets[at : at + size])
    reader.close()
    return found, reader.token


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_in_whatever_pieces_it_comes(size: int) -> None:
    (book, card, gone), token = read(WHOLE, size)
    assert token == "t1"
    assert book == xml.Resource(
        href="/b/",
        etag=None,
        ctag="7",
        token="t0",
        name="Städt & Rat",
        kinds={f"{xml.D}collection", f"{xml.CARD}addressbook"},
        reports={f"{xml.D}sync-collection"},
        principal="/p/",
        homes=["/h1/", "/h2/"],
    )
    assert (card.href, card.etag, card.card, card.status) == ("/b/a.vcf", '"1"', "BEGIN:VCARD\r\nFN:Ä", None)
    assert (gone.href, gone.status) == ("/b/gone.vcf", 404)


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"text",
        b"<a>",
        b"<a></b>",
        WHOLE[:-5],
        WHOLE[:200],
        b"<error xmlns='DAV:'/>",
        b"<multistatus/>",  # of no namespace
        b"\xff\xfe\x00",
        b"<?xml version='1.0' encoding='klingon'?><a/>",
        b"<!DOCTYPE a><multistatus xmlns='DAV:'/>",
        b"<!DOCTYPE a [<!ENTITY b 'c'>]><multistatus xmlns='DAV:'>&b;</multistatus>",
        f"<multistatus {NAMES}>".encode() + b"<x>" * 100,
    ],
)
def test_what_is_no_whole_multistatus_is_an_error(broken: bytes) -> None:
    with pytest.raises(xml.NotXmlError):
        read(broken, 50)


def test_one_endless_text_ends() -> None:
    endless = f"<multistatus {NAMES}><response><href>".encode() + b"x" * (xml.LONGEST_TEXT + 1)
    with pytest.raises(xml.NotXmlError, match="NotXmlError"):
        read(endless, 100_000)


def test_questions_are_escaped() -> None:
    assert b"<sync-token>&lt;&amp;&gt;</sync-token>" in xml.sync_collection("<&>")
    assert b"<href>/a&amp;b</href>" in xml.multiget(["/a&b"])
    assert b"<getetag/><C:x/>" in xml.propfind("D:getetag", "C:x")


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_octets_are_an_error_and_nothing_worse(octets: bytes) -> None:
    with pytest.raises(xml.NotXmlError):
        read(octets, 20)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.binary(max_size=3)), min_size=1, max_size=4))
def test_a_damaged_answer_is_read_or_refused(damages: list[tuple[int, bytes]]) -> None:
    octets = bytearray(WHOLE)
    for at, instead in damages:
        octets[at : at + len(instead)] = instead
    try:
        read(bytes(octets), 64)
    except xml.NotXmlError:
        return


def test_a_property_that_failed_does_not_count() -> None:
    answer = f"<multistatus {NAMES}>{entry('/b/', '<getetag>1</getetag>').replace('200 OK', '403 No')}</multistatus>"
    ((found,), _) = read(answer.encode(), 10)
    assert found.etag is None
