"""What several commands need: asking the running daemon, and finding a token."""

import argparse
import asyncio
import json
import os
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Protocol

from ami_bridge.config import Config, control_socket
from ami_bridge.errors import BridgeError, NotFoundError, NotReachableError

CONFIG = Path("/etc/ami-bridge/config.toml")
DEMO = Path(".demo/demo.json")
TOKEN = Path("~/.config/ami-bridge/token")

Do = Callable[[argparse.Namespace], int]


class Command(Protocol):
    """Adds a command."""

    def __call__(self, name: str, do: Do, text: str) -> argparse.ArgumentParser:
        """`do` returns the exit code; `text` is one sentence for --help."""


def with_config(parser: argparse.ArgumentParser) -> None:
    """Let the command be told which configuration it is about."""
    parser.add_argument("--config", type=Path, default=CONFIG, help="default: %(default)s")


def with_json(parser: argparse.ArgumentParser, text: str = "answer in JSON") -> None:
    """Let the command answer programs."""
    parser.add_argument("--json", action="store_true", help=text)


def until_told_to_stop(work: Coroutine[Any, Any, object]) -> None:
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


def first_of(group: BaseExceptionGroup[BridgeError]) -> BridgeError:
    """Return the first of several errors that came at once."""
    error = group.exceptions[0]
    return first_of(error) if isinstance(error, BaseExceptionGroup) else error


def ask_daemon(
    config: Config, method: str, route: str, body: object | None = None, *, query: dict[str, str] | None = None
) -> dict[str, Any]:
    """Ask the daemon of this configuration over its control socket."""
    from ami_bridge.web.control import ask  # noqa: PLC0415 - as above

    path = control_socket(config)
    try:
        return asyncio.run(ask(path, method, route, body, query=query))
    except NotReachableError as error:
        raise no_daemon(path) from error


def no_daemon(path: Path) -> NotReachableError:
    """Say that none runs, and what to do."""
    return NotReachableError(f"no daemon answers on {path}: start it with `ami-bridge run`")


def language() -> str:
    """Return what the terminal speaks: `de` or `en`."""
    return "de" if os.environ.get("LC_ALL", os.environ.get("LANG", "de")).lower().startswith("de") else "en"


def where_to_watch(arguments: argparse.Namespace) -> tuple[str, str]:
    """Find the daemon and a token: what is said, else the environment, else a demo in this folder."""
    demo = json.loads(DEMO.read_text(encoding="utf-8")) if DEMO.is_file() else None
    url = arguments.url or os.environ.get("AMI_BRIDGE_URL") or (demo and demo["websocket"])
    if not url:
        raise NotFoundError("say which daemon to watch, by --url or $AMI_BRIDGE_URL; or start `make demo` here")
    if arguments.token_file:
        return url, read_token(arguments.token_file)
    if token := os.environ.get("AMI_BRIDGE_TOKEN"):
        return url, one_line(token, "$AMI_BRIDGE_TOKEN")
    if demo and url == demo["websocket"]:
        for person in demo["people"]:
            if arguments.user in {None, person["user"], person["extension"]}:
                return url, person["token"]
        raise NotFoundError(f"nobody in the demo is {arguments.user}")
    return url, read_token(TOKEN.expanduser())


def read_token(path: Path) -> str:
    """Read a token file; raises NotFoundError where there is none."""
    try:
        return one_line(path.read_text(encoding="utf-8", errors="replace"), str(path))
    except OSError as error:
        raise NotFoundError(
            f"{path} cannot be read: {error.strerror}; make a token by `ami-bridge token new`"
        ) from error


def one_line(text: str, where: str) -> str:
    """Return the token in a text; it travels in a header, so it must be one line."""
    token = text.strip()
    if not token or not token.isascii() or not token.isprintable():
        raise NotFoundError(f"there is no token in {where}; make one by `ami-bridge token new`")
    return token
