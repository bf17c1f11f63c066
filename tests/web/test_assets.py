import gzip
from pathlib import Path

from tests.web.conftest import House


async def test_the_page_is_at_the_top_and_compressed_for_who_takes_it(house: House, page: Path) -> None:
    whole = (page / "index.html").read_bytes()
    async with house.session.get("/", headers={"Accept-Encoding": "br, gzip;q=0.5"}) as got:
        assert got.content_type == "text/html"
        assert got.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(await got.read()) == whole
    for refuses in ("identity", "gzip;q=0"):
        async with house.session.get("/", headers={"Accept-Encoding": refuses}) as got:
            assert "Content-Encoding" not in got.headers
            assert await got.read() == whole


async def test_a_file_that_did_not_change_is_not_sent_again(house: House) -> None:
    async with house.session.get("/static/app.js") as got:
        assert got.content_type == "text/javascript"
        etag = got.headers["ETag"]
    async with house.session.get("/static/app.js", headers={"If-None-Match": etag}) as got:
        assert (got.status, await got.read()) == (304, b"")
    async with house.session.get("/static/app.js", headers={"If-None-Match": '"other"'}) as got:
        assert got.status == 200


async def test_fonts_are_not_compressed_twice(house: House) -> None:
    async with house.session.get("/static/vendor/a.woff2", headers={"Accept-Encoding": "gzip"}) as got:
        assert (got.content_type, "Content-Encoding" in got.headers) == ("font/woff2", False)
