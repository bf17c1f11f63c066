import pytest
from aiohttp.test_utils import make_mocked_request

from ami_bridge.config import Web
from ami_bridge.errors import UnauthorisedError
from ami_bridge.web.identity import Bearer, Cookie, Doorway, is_loopback, normal_origin

TLS = Web(listen="http://127.0.0.1:8088", origin="https://telefon.example/")
PLAIN = Web(listen="http://127.0.0.1:8088")


@pytest.mark.parametrize(
    ("config", "cookie"),
    [
        (TLS, "__Host-amib"),
        (PLAIN, "amib"),
        (Web(listen="http://127.0.0.1:8088", origin="http://localhost:8088"), "amib"),
        (Web(listen="http://[::1]:8088"), "amib"),
        (Web(listen="http://127.0.0.1:8088", origin="http://telefon.example"), "__Host-amib"),
        (Web(listen="http+insecure://0.0.0.0:8088"), "__Host-amib"),
        (Web(listen="http+insecure://0.0.0.0:8088", origin="http://127.0.0.1:8088"), "__Host-amib"),
    ],
)
def test_the_cookie_is_secure_wherever_it_could_leave_the_machine(config: Web, cookie: str) -> None:
    doorway = Doorway(config)
    assert doorway.cookie == cookie
    assert doorway.secure is cookie.startswith("__Host-")


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Telefon.Example/", "https://telefon.example"),
        ("https://telefon.example:443", "https://telefon.example"),
        ("http://x:80/path", "http://x"),
        ("https://x:80", "https://x:80"),
        ("http://[::1]:8088", "http://[::1]:8088"),
    ],
)
def test_origins_are_compared_as_browsers_write_them(url: str, origin: str) -> None:
    assert normal_origin(url) == origin


def test_what_names_the_local_host() -> None:
    assert all(map(is_loopback, ["127.0.0.1", "127.3.2.1", "::1", "localhost"]))
    assert not any(map(is_loopback, ["", "0.0.0.0", "192.0.2.1", "127.0.0.1.evil.example", "localhost.evil"]))  # noqa: S104


COOKIE = {"Cookie": "__Host-amib=secret"}
OURS = {"Origin": "https://telefon.example"}


def test_a_program_shows_a_token_and_no_origin() -> None:
    request = make_mocked_request("POST", "/", headers={"Authorization": "bearer  amib_x "})
    assert Doorway(TLS).credential(request) == Bearer("amib_x")


def test_a_browser_may_read_with_the_cookie_alone() -> None:
    assert Doorway(TLS).credential(make_mocked_request("GET", "/", headers=COOKIE)) == Cookie("secret")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "FOO"])
def test_a_browser_may_change_things_from_our_page_only(method: str) -> None:
    doorway = Doorway(TLS)
    assert doorway.credential(make_mocked_request(method, "/", headers={**COOKIE, **OURS})) == Cookie("secret")
    for wrong in (
        {},
        {"Origin": ""},
        {"Origin": "null"},
        {"Origin": "https://telefon.example.evil.example"},
        {"Origin": "https://telefon.example:8443"},
        {"Origin": "http://telefon.example"},
        {"Referer": "https://telefon.example/"},
        {"Origin": "https://evil.example", "Host": "evil.example"},
    ):
        with pytest.raises(UnauthorisedError):
            doorway.credential(make_mocked_request(method, "/", headers={**COOKIE, **wrong}))


def test_a_websocket_is_a_change() -> None:
    upgrade = {**COOKIE, "Upgrade": "WebSocket", "Connection": "Upgrade"}
    doorway = Doorway(TLS)
    assert doorway.credential(make_mocked_request("GET", "/", headers={**upgrade, **OURS})) == Cookie("secret")
    with pytest.raises(UnauthorisedError):
        doorway.credential(make_mocked_request("GET", "/", headers=upgrade))


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/", {}),
        ("/?token=amib_x&access_token=amib_x", {}),
        ("/", {"Authorization": "Basic YTpi"}),
        ("/", {"Authorization": "amib_x"}),
        ("/", {"Cookie": "amib=secret"}),
        ("/", {"Cookie": "__Host-amib="}),
        ("/", {"Sec-WebSocket-Protocol": "ami-bridge.v1, amib_x"}),
        ("/", {"Authorization": "Bearer " + "x" * 201}),
        ("/", {"Authorization": "Bearer ü"}),
    ],
)
def test_nothing_else_is_a_credential(path: str, headers: dict[str, str]) -> None:
    with pytest.raises(UnauthorisedError):
        Doorway(TLS).credential(make_mocked_request("GET", path, headers=headers))
