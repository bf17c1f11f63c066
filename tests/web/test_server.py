import asyncio
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter
from structlog.testing import capture_logs

from ami_bridge.config import Web
from ami_bridge.errors import ConfigError, NotReachableError
from ami_bridge.web.server import HEADERS, serve
from tests.web.conftest import House, opened


@pytest.mark.parametrize("path", ["/", "/static/app.js", "/nowhere", "/api/v1/fail/bug", "/livez", "/metrics"])
async def test_every_answer_carries_the_security_headers(house: House, path: str) -> None:
    async with house.session.get(path) as got:
        assert {key: got.headers[key] for key in HEADERS} == HEADERS
        assert "Strict-Transport-Security" not in got.headers
        assert "Cache-Control" in got.headers


async def test_the_policy_is_exactly_the_one_that_was_tried(house: House) -> None:
    async with house.session.get("/") as got:
        assert got.headers["Content-Security-Policy"] == (
            "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
            "media-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
            "frame-ancestors 'none'"
        )


async def test_behind_tls_browsers_are_told_to_stay_there(page: Path) -> None:
    config = Web(listen="http://127.0.0.1:0", origin="https://telefon.example")
    async with opened(page, config) as house, house.session.get("/") as got:
        assert got.headers["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01junk\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: [\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 20_000 + b"\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: [::1\r\n\r\n",
        b'GET / HTTP/1.1\r\nHost: x\r\nIf-None-Match: \xff,"\r\nAccept-Encoding: gzip;q\r\n\r\n',
        b"POST /api/v1/wish HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/v1/wish HTTP/1.1\r\nHost: x\r\nContent-Type: ;;;\r\nContent-Length: 2\r\n\r\n{}",
    ],
)
async def test_junk_on_the_wire_is_never_a_fault_of_ours(house: House, raw: bytes) -> None:
    with capture_logs() as logs:
        reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
        writer.write(raw.replace(b"\r\nHost", b"\r\nConnection: close\r\nHost"))
        async with asyncio.timeout(5):
            head = await reader.readline()
        writer.close()
        await writer.wait_closed()
    assert b" 500 " not in head
    assert logs == []
    async with house.session.get("/livez") as got:
        assert got.status == 200


# --- signs of life


async def test_a_daemon_without_its_neighbours_lives_and_is_not_ready(page: Path) -> None:
    async def store() -> bool:
        raise NotReachableError("gone")

    def ami() -> bool:
        return True

    async with opened(page, checks={"store": store, "ami": ami}) as house:
        async with house.session.get("/livez") as got:
            assert got.status == 200
        async with house.session.get("/readyz") as got:
            assert (got.status, await got.json()) == (503, {"ready": False, "checks": {"store": False, "ami": True}})
        async with house.session.get("/readyz/ami") as got:
            assert got.status == 200


@pytest.mark.parametrize("header", [{"X-Forwarded-For": "192.0.2.1"}, {"Forwarded": "for=x"}, {"Host": "evil.example"}])
async def test_figures_and_details_are_for_this_machine_only(page: Path, header: dict[str, str]) -> None:
    registry = CollectorRegistry()
    Counter("ami_bridge_tries", "tries", registry=registry).inc()
    async with opened(page, checks={"ami": lambda: True}, registry=registry) as house:
        async with house.session.get("/metrics") as got:
            assert "ami_bridge_tries_total 1.0" in await got.text()
        async with house.session.get("/metrics", headers=header) as got:
            assert got.status == 404
        async with house.session.get("/readyz", headers=header) as got:
            assert await got.json() == {"ready": True}


async def test_a_port_that_is_taken_is_one_clear_sentence(house: House, page: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be opened"):
        async with serve(Web(listen=f"http://127.0.0.1:{house.port}"), static=page):
            pass
