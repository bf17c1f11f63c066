"""Commands about signing in: a program at a desk, and the brokers of terminal servers."""

import argparse
import asyncio
import contextlib
import getpass
import json
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from ami_bridge.commands.common import CONFIG, Command, ask_daemon, until_told_to_stop, with_json
from ami_bridge.config_file import load
from ami_bridge.desktop.signin import keep_token, token_file
from ami_bridge.errors import BadRequestError, BridgeError, NotFoundError, NotReachableError
from ami_bridge.people.model import desk_scopes

BROKER_CONFIG = Path("/etc/ami-bridge/broker.toml")
ANSWER_WITHIN = 20.0
WEBSOCKET = "/api/v1/ws"


def add(command: Command) -> None:
    """Add them."""
    login = command(
        "login", _login, "Sign in the programs of this desk: by a code of the page, or by user and password."
    )
    login.add_argument("--url", help="address of the page; default: $AMI_BRIDGE_URL")
    login.add_argument("--user", help="sign in with this login and its password instead of a code")
    login.add_argument("--name", default="ami-bridge login", help="what the token is for; default: %(default)s")
    login.add_argument("--token-file", type=Path, help="where to keep it; default: ~/.config/ami-bridge/token")

    broker = command("broker", _broker, "Run a terminal server's broker there; here, let it make tokens, or not.")
    broker.add_argument("verb", nargs="?", default="run", choices=["run", "add", "list", "revoke"])
    broker.add_argument("name", nargs="?", metavar="NAME", help="with add and revoke: of the terminal server")
    broker.add_argument("--from", dest="source", metavar="ADDRESS", help="with add: from where it asks, 10.1.2.3")
    broker.add_argument("--config", type=Path, help=f"default: {BROKER_CONFIG} with run, else {CONFIG}")
    with_json(broker)


def _login(arguments: argparse.Namespace) -> int:
    from ami_bridge.broker.config import address  # noqa: PLC0415 - takes a second to load

    said = arguments.url or os.environ.get("AMI_BRIDGE_URL")
    if not said:
        raise NotFoundError("say where the page is, by --url or $AMI_BRIDGE_URL")
    said = said.removesuffix(WEBSOCKET)
    for websocket, page in (("wss://", "https://"), ("ws://", "http://")):
        said = page + said.removeprefix(websocket) if said.startswith(websocket) else said
    base = address(said, "--url")
    wish = {"name": arguments.name, "host": socket.gethostname()[:100]}
    if arguments.user:
        password = _secret(f"Password of {arguments.user}: ")
        token = asyncio.run(_by_password(base, arguments.user, password, wish))
    else:
        code = _secret("Code that the page shows: ", hidden=False)
        token = asyncio.run(_by_code(base, code, wish))
    path = arguments.token_file or token_file()
    try:
        keep_token(path, token)
    except OSError as error:
        raise NotFoundError(f"{path} cannot be written: {error.strerror}") from error
    print(f"signed in; the token is in {path}")
    return 0


def _secret(question: str, *, hidden: bool = True) -> str:
    """Ask for what must not be an argument, since arguments can be read by everybody on the machine."""
    if sys.stdin.isatty():
        said = getpass.getpass(question) if hidden else input(question)
    else:
        said = sys.stdin.readline().rstrip("\r\n")
    if not said:
        raise BadRequestError("nothing was typed")
    return said


async def _by_code(base: str, code: str, wish: Mapping[str, str]) -> str:
    async with _Daemon(base) as daemon:
        made = await daemon.ask("POST", "/pairing/redeem", {"code": code, **wish})
    return str(made["token"])


async def _by_password(base: str, user: str, password: str, wish: Mapping[str, str]) -> str:
    """Sign in as the page does, have a token made, and sign out again."""
    async with _Daemon(base) as daemon:
        await daemon.ask("POST", "/session", {"user": user, "password": password})
        try:
            scopes = desk_scopes((await daemon.ask("GET", "/me"))["roles"])
            made = await daemon.ask("POST", "/tokens", {**wish, "scopes": scopes})
        finally:
            with contextlib.suppress(BridgeError):
                await daemon.ask("DELETE", "/session")
    return str(made["token"])


class _Daemon:
    """The daemon over HTTP, as a browser would ask it."""

    def __init__(self, base: str) -> None:
        self._base = base

    async def __aenter__(self) -> Self:
        import aiohttp  # noqa: PLC0415 - as above

        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._session.close()

    async def ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Ask; raises what it refuses with its own words."""
        import aiohttp  # noqa: PLC0415 - as above

        origin = "/".join(self._base.split("/")[:3])
        try:
            async with (
                asyncio.timeout(ANSWER_WITHIN),
                self._session.request(
                    method, f"{self._base}/api/v1{path}", json=body, headers={"Origin": origin}, allow_redirects=False
                ) as response,
            ):
                text = await response.read()
            answer = json.loads(text) if text else {}
        except (OSError, aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise NotReachableError(f"{self._base} does not answer as the daemon would") from error
        if not response.ok or not isinstance(answer, dict):
            raise BadRequestError(str(answer.get("detail") or f"the daemon answered {response.status}"))
        return answer


def _broker(arguments: argparse.Namespace) -> int:
    if arguments.verb == "run":
        return _run_broker(arguments.config or BROKER_CONFIG)
    config = load(arguments.config or CONFIG)
    if arguments.verb != "list" and not arguments.name:
        raise BadRequestError("name the terminal server; `broker list` shows those that there are")
    match arguments.verb:
        case "add":
            if not arguments.source:
                raise BadRequestError("say from which address it asks, by --from 10.1.2.3")
            made = ask_daemon(config, "POST", "/brokers", {"name": arguments.name, "source": arguments.source})
            print(json.dumps(made) if arguments.json else made["key"])
        case "list":
            found = ask_daemon(config, "GET", "/brokers")["brokers"]
            if arguments.json:
                print(json.dumps(found))
                return 0
            for one in found:
                used = (one["last_used"] or "never used")[:16]
                print(f"{one['id']}  {used:16}  {one['source']:20}  {one['name']}")
        case _:
            ended = ask_daemon(config, "DELETE", f"/brokers/{quote(arguments.name, safe='')}")["tokens"]
            print(f"revoked; {ended} tokens ended with it")
    return 0


def _run_broker(path: Path) -> int:
    """Run the broker in the foreground."""
    from datetime import UTC, datetime  # noqa: PLC0415

    from ami_bridge.broker.config import load as load_broker  # noqa: PLC0415 - as above
    from ami_bridge.broker.serve import serve_broker  # noqa: PLC0415
    from ami_bridge.config import Log  # noqa: PLC0415
    from ami_bridge.logs import set_up_logging  # noqa: PLC0415

    known = load_broker(path)
    set_up_logging(Log())

    async def run() -> None:
        async with serve_broker(known, now=lambda: datetime.now(UTC)):
            await asyncio.Event().wait()  # until cancelled

    until_told_to_stop(run())
    return 0
