"""The command `ami-bridge`. Exit codes: 0 done, 1 refused or failed with one clear sentence, 2 wrong usage."""

import argparse
import asyncio
import getpass
import json
import os
import signal
import sys
from collections.abc import Coroutine, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ami_bridge import __version__
from ami_bridge.config import Config, control_socket, load
from ami_bridge.errors import BadRequestError, BridgeError, ConfigError, NotFoundError, NotReachableError

CONFIG = Path("/etc/ami-bridge/config.toml")
DEMO = Path(".demo/demo.json")
TOKEN = Path("~/.config/ami-bridge/token")


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command and leave with its exit code."""
    arguments = _parser().parse_args(argv)
    try:
        code = arguments.do(arguments)
    except BridgeError as error:
        print(f"ami-bridge: {error}", file=sys.stderr)
        code = 1
    except (KeyboardInterrupt, BrokenPipeError):
        code = 130
    sys.exit(code)


def _parser() -> argparse.ArgumentParser:
    """Say what can be written on the command line."""
    parser = argparse.ArgumentParser(prog="ami-bridge", description="Computer telephony integration for Asterisk.")
    parser.add_argument("--version", action="version", version=f"ami-bridge {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, do: Any, text: str) -> argparse.ArgumentParser:  # noqa: ANN401 - a function of below
        one = commands.add_parser(name, help=text, description=text)
        one.set_defaults(do=do)
        return one

    for name, do, text in (
        ("run", _run, "Run the daemon in the foreground."),
        ("check-config", _check_config, "Say whether the configuration is right, before anything is started."),
        ("migrate", _migrate, "Bring the database's schema up to date (SQLite does that itself at start)."),
    ):
        command(name, do, text).add_argument("--config", type=Path, default=CONFIG, help="default: %(default)s")

    token = command("token", _token, "Make, list or revoke app tokens of a person.")
    token.add_argument("verb", choices=["new", "list", "revoke"])
    token.add_argument("id", nargs="?", help="with revoke: which one")
    token.add_argument("--user", required=True, help="login in the groupware")
    token.add_argument("--name", default="token", help="what it is for")
    token.add_argument("--scopes", default="events,dial", help="of events,dial,rooms,alarms; default: %(default)s")
    token.add_argument("--config", type=Path, default=CONFIG, help="default: %(default)s")
    token.add_argument("--json", action="store_true", help="answer in JSON")

    lookup = command("lookup", _lookup, "Say whose number this is, why, and what was asked.")
    lookup.add_argument("number", metavar="NUMBER", help="in any spelling")
    lookup.add_argument("--user", help="for whom: their groups and own books too; default: shared books only")
    lookup.add_argument("--config", type=Path, default=CONFIG, help="default: %(default)s")
    lookup.add_argument("--json", action="store_true", help="answer in JSON")

    book = command("book", _book, "Have somebody's own address books read, list or forget them.")
    book.add_argument("verb", choices=["add", "list", "remove"])
    book.add_argument("login", nargs="?", metavar="LOGIN", help="with add and remove: whose")
    book.add_argument("--config", type=Path, default=CONFIG, help="default: %(default)s")
    book.add_argument("--json", action="store_true", help="answer in JSON")

    phonebook = command("phonebook", _phonebook, "Give desk telephones access to the phone book, or take it back.")
    phonebook.add_argument("verb", choices=["add", "list", "revoke"])
    phonebook.add_argument(
        "device", nargs="?", metavar="DEVICE", help="name of the device, which is also its user name"
    )
    phonebook.add_argument("--extension", help="with add: whose telephone it is; default: nobody's in particular")
    phonebook.add_argument("--private", action="store_true", help="with add: it also shows this person's own books")
    phonebook.add_argument("--config", type=Path, default=CONFIG, help="default: %(default)s")
    phonebook.add_argument("--json", action="store_true", help="answer in JSON")

    sync = command("sync", _sync, "Look at all address books now.")
    sync.add_argument("--config", type=Path, default=CONFIG, help="default: %(default)s")
    sync.add_argument("--json", action="store_true", help="every step as one line of JSON")

    watch = command("watch", _watch, "Show one's live calls in the terminal, as a bubble would.")
    watch.add_argument("--url", help="websocket of the daemon; default: $AMI_BRIDGE_URL, else that of the demo")
    watch.add_argument("--token-file", type=Path, help=f"default: $AMI_BRIDGE_TOKEN, else {TOKEN}, else the demo's")
    watch.add_argument("--user", help="with the demo: whose calls; default: the first person's")
    watch.add_argument("--language", choices=["de", "en"], default=_language(), help="default: %(default)s")
    watch.add_argument("--json", action="store_true", help="every message of the daemon as one line of JSON")

    demo = command("demo", _demo, "Run a whole town hall: Asterisk, groupware, telephones and the daemon.")
    kinds = demo.add_subparsers(metavar="WHAT")
    call = kinds.add_parser("call", help="In a running demo: call from outside over the trunk.")
    call.set_defaults(do=_demo_call)
    call.add_argument(
        "--from", dest="caller", default="+493023125001", help="the caller's number; default: %(default)s"
    )
    call.add_argument("--to", default="101", help="extension, or number as dialled from outside; default: %(default)s")
    call.add_argument("--name", help="name that the caller's network sends")
    call.add_argument("--seconds", type=float, default=20, help="the caller hangs up after that; default: %(default)g")
    return parser


def _run(arguments: argparse.Namespace) -> int:
    from ami_bridge import app  # noqa: PLC0415 - takes a second to load, which no other command should wait for
    from ami_bridge.logs import set_up_logging  # noqa: PLC0415 - as above

    config = _checked(arguments.config)
    set_up_logging(config.log)
    try:
        _until_told_to_stop(app.run(config))
    except* BridgeError as group:
        raise _first(group) from None
    return 0


def _first(group: BaseExceptionGroup[BridgeError]) -> BridgeError:
    """Return the first of several errors that came at once."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


def _until_told_to_stop(work: Coroutine[Any, Any, object]) -> None:
    """Run until SIGTERM or SIGINT, which cancel it; being stopped is no failure."""

    async def cancellable() -> None:
        task = asyncio.current_task()
        stopped = False

        def stop() -> None:
            nonlocal stopped
            stopped = True
            if task is not None:
                task.cancel()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop)
        try:
            await work
        except asyncio.CancelledError:
            if not stopped:
                raise

    asyncio.run(cancellable())


def _check_config(arguments: argparse.Namespace) -> int:
    config = _checked(arguments.config)
    names = ", ".join(pbx.id for pbx in config.pbx)
    print(f"{arguments.config}: right; it serves {names} and listens on {config.web.listen}")
    return 0


def _checked(path: Path) -> Config:
    """Read the configuration, and see that this machine has what it names, before anything is started."""
    from ami_bridge.config_check import check_places  # noqa: PLC0415 - as above
    from ami_bridge.db import place  # noqa: PLC0415

    config = load(path)
    try:
        place.parse(config.database.url)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
    check_places(config, path)
    return config


def _migrate(arguments: argparse.Namespace) -> int:
    from ami_bridge.db.database import migrate  # noqa: PLC0415 - as above
    from ami_bridge.logs import set_up_logging  # noqa: PLC0415

    config = load(arguments.config)
    set_up_logging(config.log)
    revision = asyncio.run(migrate(config.database.url))
    print(f"the schema is {revision}")
    return 0


def _token(arguments: argparse.Namespace) -> int:
    config = load(arguments.config)
    match arguments.verb:
        case "new":
            scopes = [scope.strip() for scope in arguments.scopes.split(",") if scope.strip()]
            made = _ask_daemon(
                config, "POST", "/tokens", {"login": arguments.user, "name": arguments.name, "scopes": scopes}
            )
            print(json.dumps(made) if arguments.json else made["token"])
        case "list":
            found = _ask_daemon(config, "GET", f"/tokens/{arguments.user}")["tokens"]
            if arguments.json:
                print(json.dumps(found))
            else:
                for one in found:
                    used = (one["last_used"] or "never used")[:16]
                    print(f"{one['id']}  {used:16}  {','.join(one['scopes']):24}  {one['name']}")
        case _:
            if not arguments.id:
                raise BadRequestError("name the token that is to be revoked: `token list` shows their ids")
            _ask_daemon(config, "DELETE", f"/tokens/{arguments.user}/{arguments.id}")
            print("revoked; its connections are closed")
    return 0


def _lookup(arguments: argparse.Namespace) -> int:
    from ami_bridge.contacts.told import explanation  # noqa: PLC0415 - as above

    query = {"number": arguments.number} | ({"user": arguments.user} if arguments.user else {})
    found = _ask_daemon(load(arguments.config), "GET", "/lookup", query=query)
    for line in [json.dumps(found)] if arguments.json else explanation(found):
        print(line)
    return 0


def _book(arguments: argparse.Namespace) -> int:
    config = load(arguments.config)
    if arguments.verb != "list" and not arguments.login:
        raise BadRequestError("name the person by their login")
    match arguments.verb:
        case "add":
            asked = f"Password of {arguments.login} at the groupware, better an app password: "
            password = getpass.getpass(asked) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
            if not password:
                raise BadRequestError("no password was given")
            _ask_daemon(config, "POST", "/books", {"login": arguments.login, "password": password})
            print("the password is right and kept; the books are read now")
        case "list":
            found = _ask_daemon(config, "GET", "/books")["accounts"]
            if arguments.json:
                print(json.dumps(found))
                return 0
            for one in found:
                state = f"{one['books']} books" if one["read"] else "not read yet"
                state = state if one["opens"] else "sealed with another key: give the password again"
                print(f"{one['account']}  {one['given'][:16]}  {one['login']:24}  {state}")  # the log has the first
        case _:
            _ask_daemon(config, "DELETE", f"/books/{quote(arguments.login, safe='')}")
            print("forgotten, with all that was read of it")
    return 0


def _phonebook(arguments: argparse.Namespace) -> int:
    config = load(arguments.config)
    if arguments.verb != "list" and not arguments.device:
        raise BadRequestError("name the device; `phonebook list` shows those that there are")
    match arguments.verb:
        case "add":
            wish = {"name": arguments.device, "extension": arguments.extension, "private": arguments.private}
            made = _ask_daemon(config, "POST", "/devices", wish)
            print(json.dumps(made) if arguments.json else made["password"])
        case "list":
            found = _ask_daemon(config, "GET", "/devices")["devices"]
            if arguments.json:
                print(json.dumps(found))
                return 0
            for one in found:
                shows = "own books too" if one["private"] else ""
                used = (one["last_used"] or "never used")[:16]
                print(f"{one['name']:24}  {one['extension'] or '-':8}  {used:16}  {shows}".rstrip())
        case _:
            _ask_daemon(config, "DELETE", f"/devices/{quote(arguments.device, safe='')}")
            print("revoked")
    return 0


def _sync(arguments: argparse.Namespace) -> int:
    return asyncio.run(_follow_sync(load(arguments.config), as_json=arguments.json))


async def _follow_sync(config: Config, *, as_json: bool) -> int:
    from ami_bridge.contacts.told import step  # noqa: PLC0415 - as above
    from ami_bridge.web.control import follow  # noqa: PLC0415

    path = control_socket(config)
    try:
        async for line in follow(path, "/sync"):
            said = json.dumps(line) if as_json else step(line, live=sys.stdout.isatty())
            if said is not None:
                print(said, flush=True)
            if line.get("state") == "done":
                return 1 if line.get("failed") else 0
    except NotReachableError as error:
        raise _no_daemon(path) from error
    raise NotReachableError("the daemon stopped before the end")


def _ask_daemon(
    config: Config, method: str, route: str, body: object | None = None, *, query: dict[str, str] | None = None
) -> dict[str, Any]:
    from ami_bridge.web.control import ask  # noqa: PLC0415 - as above

    path = control_socket(config)
    try:
        return asyncio.run(ask(path, method, route, body, query=query))
    except NotReachableError as error:
        raise _no_daemon(path) from error


def _no_daemon(path: Path) -> NotReachableError:
    return NotReachableError(f"no daemon answers on {path}: start it with `ami-bridge run`")


def _language() -> str:
    return "de" if os.environ.get("LC_ALL", os.environ.get("LANG", "de")).lower().startswith("de") else "en"


def _watch(arguments: argparse.Namespace) -> int:
    from ami_bridge.watch import Watch  # noqa: PLC0415 - only this command needs it

    url, token = _where_to_watch(arguments)
    watch = Watch(
        url=url, token=token, language=arguments.language, json=arguments.json, now=lambda: datetime.now().astimezone()
    )
    _until_told_to_stop(watch.run())
    return 0


def _where_to_watch(arguments: argparse.Namespace) -> tuple[str, str]:
    """Find the daemon and a token: what is said, else the environment, else a demo in this folder."""
    demo = json.loads(DEMO.read_text(encoding="utf-8")) if DEMO.is_file() else None
    url = arguments.url or os.environ.get("AMI_BRIDGE_URL") or (demo and demo["websocket"])
    if not url:
        raise NotFoundError("say which daemon to watch, by --url or $AMI_BRIDGE_URL; or start `make demo` here")
    if arguments.token_file:
        return url, _read_token(arguments.token_file)
    if token := os.environ.get("AMI_BRIDGE_TOKEN"):
        return url, _one_line(token, "$AMI_BRIDGE_TOKEN")
    if demo and url == demo["websocket"]:
        for person in demo["people"]:
            if arguments.user in {None, person["user"], person["extension"]}:
                return url, person["token"]
        raise NotFoundError(f"nobody in the demo is {arguments.user}")
    return url, _read_token(TOKEN.expanduser())


def _read_token(path: Path) -> str:
    try:
        return _one_line(path.read_text(encoding="utf-8", errors="replace"), str(path))
    except OSError as error:
        raise NotFoundError(
            f"{path} cannot be read: {error.strerror}; make a token by `ami-bridge token new`"
        ) from error


def _one_line(text: str, where: str) -> str:
    """Return the token in a text; it travels in a header, so it must be one line."""
    token = text.strip()
    if not token or not token.isascii() or not token.isprintable():
        raise NotFoundError(f"there is no token in {where}; make one by `ami-bridge token new`")
    return token


def _demo(arguments: argparse.Namespace) -> int:  # noqa: ARG001 - the demo takes its settings from the environment
    from ami_bridge.demo import run as demo  # noqa: PLC0415 - its parts need not be installed where the daemon runs

    return demo.main()


def _demo_call(arguments: argparse.Namespace) -> int:
    from ami_bridge.demo import run as demo  # noqa: PLC0415

    return demo.call(arguments.caller, arguments.to, seconds=arguments.seconds, name=arguments.name)
