"""The DAV client among servers that misbehave."""

import time
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from ami_bridge.dav.client import Card, DavClient, Known
from ami_bridge.dav.plan import Listing
from ami_bridge.dav.transport import AwayError, Limits
from ami_bridge.errors import ConfigError, NotReachableError, RefusedError
from tests.dav.fake import (
    NAMES,
    FakeDav,
    Trick,
    breaks_off,
    entry,
    fake_dav,
    hangs,
    multistatus,
    says,
    sends_to,
    trickles,
)

QUICK = Limits(
    connect=0.5, sign_in=0.5, properties=0.5, listing=0.5, cards=0.5, small_answer=200_000, answer=2_000_000, batch=4
)
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE m [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + f"]><multistatus {NAMES}><response><href>&j;</href></response></multistatus>"
)
OUTSIDE = (
    f'<?xml version="1.0"?><!DOCTYPE m [<!ENTITY x SYSTEM "file:///etc/passwd">]><multistatus {NAMES}>&x;</multistatus>'
)
ELSEWHERE = entry("/dav/", "<current-user-principal><href>http://evil.example/</href></current-user-principal>")
TROUBLES = [
    *(
        says("", 500),
        says("busy", 503),
        says("forbidden", 403),
        says("<html>login</html>", 200),
        says("not xml"),
        says(""),
    ),
    *(
        says("<html/>"),
        says(BOMB),
        says(OUTSIDE),
        says(f"<multistatus {NAMES}><response>"),
        hangs,
        breaks_off("<multi"),
    ),
    *(says(f"<multistatus {NAMES}>{entry('/dav/', '<displayname/>')}</multistatus>"), trickles(10_000_000)),
    *(
        sends_to("http://127.0.0.2/dav/"),
        sends_to("http://evil.example/"),
        sends_to("//evil.example/"),
        sends_to("/dav/"),
    ),
    *(sends_to("ftp://127.0.0.1/"), sends_to("http://["), sends_to(""), says("<a>" * 60_000)),
    says(f"<multistatus {NAMES}>{ELSEWHERE}</multistatus>"),
]


@pytest.fixture
async def dav() -> AsyncIterator[FakeDav]:
    async with fake_dav() as fake:
        yield fake


@pytest.fixture
async def client(dav: FakeDav) -> AsyncIterator[DavClient]:
    async with DavClient(dav.url, dav.user, dav.password, limits=QUICK) as one:
        yield one


async def listing(client: DavClient, known: Known | None = None, *, full: bool = False) -> Listing:
    return await client.changes(await client.book("stadt"), known or Known(), full=full)


async def cards(client: DavClient, *names: str) -> list[Card]:
    book = await client.book("stadt")
    return [card async for some in client.fetch(book, [f"{book.path}{name}.vcf" for name in names]) for card in some]


async def test_the_right_password_is_somebody(dav: FakeDav, client: DavClient) -> None:
    assert await client.principal("bridge", "secret") == "/principals/bridge/"
    assert await client.principal("bridge", "wrong") is None
    dav.asked.clear()
    for user, password in [("bridge", ""), ("", "secret"), ("bridge:x", "secret"), ("bridge\n", "secret")]:
        assert await client.principal(user, password) is None
    assert dav.asked == []


async def test_anonymous_is_nobody(dav: FakeDav, client: DavClient) -> None:
    dav.principal = "<unauthenticated/>"
    assert await client.principal("bridge", "secret") is None


@pytest.mark.parametrize("trick", TROUBLES)
async def test_a_groupware_in_trouble_is_never_a_wrong_password(dav: FakeDav, client: DavClient, trick: Trick) -> None:
    dav.tricks["/dav/"] = trick
    before = time.monotonic()
    with pytest.raises(NotReachableError):
        await client.principal("bridge", "secret")
    assert time.monotonic() - before < 2


async def test_nobody_listens() -> None:
    async with DavClient("http://127.0.0.1:9/", "bridge", "secret", limits=QUICK) as client:
        with pytest.raises(AwayError):
            await client.principal("bridge", "secret")
        with pytest.raises(AwayError):
            await client.books()


@pytest.mark.parametrize("url", ["", "groupware", "file:///etc/passwd", "https://"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(ConfigError):
        DavClient(url, "bridge", "secret")


async def test_books_are_found_by_way_of_the_principal(client: DavClient) -> None:
    (book,) = await client.books()
    assert (book.path, book.name, book.can_sync) == ("/home/stadt/", "Stadt", True)
    assert await client.book("stadt") == await client.book("/home/stadt/") == book
    with pytest.raises(RefusedError):
        await client.book("bauamt")


async def test_books_are_found_by_the_well_known_address(dav: FakeDav) -> None:
    dav.tricks["/"] = says("", 404)
    dav.tricks["/.well-known/carddav"] = sends_to("/dav/", 302)
    async with DavClient(f"http://127.0.0.1:{dav.port}/", dav.user, dav.password, limits=QUICK) as client:
        assert [book.path for book in await client.books()] == ["/home/stadt/"]
        assert await client.principal("bridge", "secret") == "/principals/bridge/"


async def test_our_own_password_is_wrong(dav: FakeDav) -> None:
    async with DavClient(dav.url, dav.user, "wrong", limits=QUICK) as client:
        with pytest.raises(RefusedError):
            await client.book("stadt")


async def test_a_long_listing_comes_in_pages(dav: FakeDav, client: DavClient) -> None:
    dav.add(*(f"n{n}" for n in range(25)))
    dav.page = 10
    found = await listing(client)
    assert (len(found.etags), found.whole) == (25, True)
    assert dav.asked.count("sync-collection") == 3


async def test_a_listing_in_circles_ends(dav: FakeDav, client: DavClient) -> None:
    more = "<response><href>/home/stadt/</href><status>HTTP/1.1 507 More</status></response>"
    dav.tricks["sync-collection"] = says(multistatus(more, token="always").text or "")
    with pytest.raises(AwayError):
        await listing(client)
    assert dav.asked.count("sync-collection") == 2


@pytest.mark.parametrize("status", [403, 400, 409, 412, 415])
async def test_a_forgotten_token_costs_exactly_one_whole_listing(dav: FakeDav, client: DavClient, status: int) -> None:
    dav.add("anna", "ben")
    dav.forgotten = status
    found = await listing(client, Known(token="forgotten", etags={"/home/stadt/gone.vcf": "1"}))
    assert (len(found.etags), found.whole) == (2, True)
    assert dav.asked.count("sync-collection") == 2


async def test_a_server_that_knows_no_token_at_all_is_listed(dav: FakeDav, client: DavClient) -> None:
    dav.add("anna")
    dav.tokens = set()
    found = await listing(client, Known(token="forgotten"))
    assert (len(found.etags), found.whole) == (1, True)
    assert dav.asked.count("sync-collection") == 2


async def test_a_resource_that_is_gone_is_named(dav: FakeDav, client: DavClient) -> None:
    dav.add("anna", "ben")
    first = await listing(client)
    dav.drop("ben")
    found = await listing(client, Known(token=first.token, etags=first.etags))
    assert (found.whole, found.gone) == (False, frozenset({"/home/stadt/ben.vcf"}))


async def test_without_sync_the_ctag_decides(dav: FakeDav, client: DavClient) -> None:
    dav.can_sync = False
    dav.add("anna")
    first = await listing(client)
    assert (len(first.etags), first.whole, first.token) == (1, True, None)
    again = await listing(client, Known(ctag=first.ctag, etags=first.etags))
    assert (again.etags, again.whole) == ({}, False)
    dav.add("ben")
    assert len((await listing(client, Known(ctag=first.ctag, etags=first.etags))).etags) == 2


async def test_a_full_comparison_does_not_trust_tokens(dav: FakeDav, client: DavClient) -> None:
    dav.add("anna")
    first = await listing(client)
    dav.asked.clear()
    found = await listing(client, Known(token=first.token, ctag=first.ctag, etags=first.etags), full=True)
    assert (found.etags, found.whole) == (first.etags, True)
    assert "sync-collection" not in dav.asked


@pytest.mark.parametrize(
    "trick",
    [
        says("", 500),
        says("<html/>"),
        says(BOMB),
        hangs,
        breaks_off(f"<multistatus {NAMES}>"),
        trickles(10_000_000),
        says("", 200),
    ],
)
@pytest.mark.parametrize("by", ["sync-collection", "/home/stadt/"])
async def test_a_failed_listing_is_never_an_empty_book(dav: FakeDav, client: DavClient, trick: Trick, by: str) -> None:
    book = await client.book("stadt")
    dav.tricks[by] = trick
    with pytest.raises(AwayError):
        await client.changes(book, Known(etags={"/home/stadt/a.vcf": "1"}), full=by != "sync-collection")


async def test_addresses_of_other_hosts_are_not_followed(dav: FakeDav, client: DavClient) -> None:
    book = await client.book("stadt")
    dav.tricks["sync-collection"] = says(
        multistatus(
            entry("http://evil.example/home/stadt/a.vcf", "<getetag>1</getetag>"),
            entry("/home/stadt/b%00.vcf", "<getetag>1</getetag>"),
            entry(f"http://127.0.0.1:{dav.port}/home/stadt/c%2Bd.vcf", "<getetag>1</getetag>"),
            entry("/home/stadt/M%C3%BCller.vcf", "<getetag>1</getetag>"),
            token="t",
        ).text
        or ""
    )
    found = await client.changes(book, Known())
    assert list(found.etags) == ["/home/stadt/c%2Bd.vcf", "/home/stadt/M%C3%BCller.vcf"]


async def test_cards_come_in_batches(dav: FakeDav, client: DavClient) -> None:
    names = [f"n{n}" for n in range(11)]
    dav.add(*names)
    found = await cards(client, *names)
    assert [card.href for card in found] == [f"/home/stadt/{name}.vcf" for name in names]
    assert dav.asked.count("multiget") == 3
    assert "GET" not in dav.asked


async def test_a_card_left_out_is_asked_for_singly(dav: FakeDav, client: DavClient) -> None:
    dav.add("anna", "ben")
    dav.tricks["multiget"] = says(f"<multistatus {NAMES}/>")
    assert [card.etag for card in await cards(client, "anna", "ben", "gone")] == ['"anna-0"', '"ben-0"']


@pytest.mark.parametrize("monster", ["x" * 5_000_000, "\x00\x0b", "x" * 1_900_000])
async def test_one_monstrous_card_does_not_stop_the_others(dav: FakeDav, client: DavClient, monster: str) -> None:
    dav.add("anna", "ben", "carla")
    dav.add("monster", text=monster)
    found = {
        card.href.rpartition("/")[2]: len(card.text) for card in await cards(client, "anna", "ben", "carla", "monster")
    }
    assert set(found) == {"anna.vcf", "ben.vcf", "carla.vcf", "monster.vcf"}
    assert min(size for name, size in found.items() if name != "monster.vcf") > 0


async def test_one_card_over_which_the_server_stumbles(dav: FakeDav, client: DavClient) -> None:
    dav.add("anna", "ben", "carla")
    dav.tricks["/home/stadt/ben.vcf"] = says("", 500)
    multiget = dav._multiget

    async def stumble(request: web.Request) -> web.StreamResponse:
        body = await request.text()
        return await says("", 500)(request) if "ben.vcf" in body else multiget(request, body)

    dav.tricks["multiget"] = stumble
    assert [bool(card.text) for card in await cards(client, "anna", "ben", "carla")] == [True, False, True]


@pytest.mark.parametrize(
    "trick", [says("", 503), says("", 500), hangs, breaks_off(f"<multistatus {NAMES}>"), says("", 200)]
)
async def test_no_card_to_be_had_at_all_is_a_failure(dav: FakeDav, client: DavClient, trick: Trick) -> None:
    dav.add("anna", "ben")
    dav.tricks["multiget"] = trick
    dav.tricks["/home/stadt/anna.vcf"] = dav.tricks["/home/stadt/ben.vcf"] = says("", 500)
    with pytest.raises(AwayError):
        await cards(client, "anna", "ben")


async def test_method_and_body_survive_a_redirect(dav: FakeDav, client: DavClient) -> None:
    dav.add("anna")
    dav.tricks["/dav/"] = sends_to("/principals/bridge/", 302)
    assert [book.path for book in await client.books()] == ["/home/stadt/"]


async def test_a_packed_answer_is_refused(dav: FakeDav, client: DavClient) -> None:
    async def packed(_: web.Request) -> web.StreamResponse:
        response = multistatus()
        response.enable_compression(web.ContentCoding.gzip)
        return response

    dav.tricks["/dav/"] = packed
    with pytest.raises(AwayError):
        await client.principal("bridge", "secret")
