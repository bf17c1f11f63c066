"""`ami-bridge-desktop`: runs as long as somebody sits at this screen, and leaves nothing behind."""

import argparse
import asyncio
import os
import signal
import sys
import time
import traceback
from functools import partial
from pathlib import Path

from ami_bridge import __version__
from ami_bridge.desktop import local
from ami_bridge.desktop.bus import SessionOverError
from ami_bridge.desktop.display import until_gone
from ami_bridge.desktop.session import session
from ami_bridge.desktop.settings import Settings, SettingsError, load
from ami_bridge.desktop.signin import SignIn

AGAIN_AFTER = 5.0


def main() -> None:
    """Run, or ask the one that runs."""
    arguments = _parser().parse_args()
    try:
        if arguments.quit or arguments.status:
            code = _ask(local.Quit() if arguments.quit else local.Status())
        else:
            code = _run(load(file=arguments.settings), local.address())
    except (SettingsError, local.NobodyThereError, OSError) as error:
        say(str(error))
        code = 1
    sys.exit(code)


def say(text: str) -> None:
    """Report to standard error; never a name, a number or a token."""
    print(f"ami-bridge-desktop: {text}", file=sys.stderr, flush=True)  # noqa: T201


def _run(settings: Settings, at: Path) -> int:
    """Run until the session is over; a bug costs some seconds, not the rest of the day."""
    try:
        with local.only_one(at):
            while not _once(settings, at):
                time.sleep(AGAIN_AFTER)
    except local.TakenError as taken:
        say(str(taken))
    return 0


def _once(settings: Settings, at: Path) -> bool:
    """Run once; False where it has to be started again."""
    ended = True
    try:
        asyncio.run(_until_told(settings, at))
    except* SessionOverError as over:
        say(str(over.exceptions[0]))
    except* Exception:  # noqa: BLE001 - nobody at a desk looks after it: it is started again as a service would be
        traceback.print_exc()
        ended = False
    return ended


async def _until_told(settings: Settings, at: Path) -> None:
    """Be the client until a signal, the end of the screen, or somebody's wish."""
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, over.set)

    sign_in = SignIn("ami-bridge-desktop", file=settings.token_file)

    async def token(refused: str | None) -> str | None:
        return await asyncio.to_thread(sign_in.token, refused)  # a terminal server's broker may take its time

    await session(settings, token=token, at=at, over=over, besides=[partial(until_gone, os.environ, over)], say=say)


def _ask(question: local.Question) -> int:
    answer = local.ask(question)
    if isinstance(question, local.Status):
        print(f"{answer.link}: {answer.user or '?'}, {answer.url}, {len(answer.calls)} live calls")  # noqa: T201
    return 0 if answer.ok else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ami-bridge-desktop", description="Shows in bubbles who is calling, as long as the session lasts."
    )
    parser.add_argument("--settings", type=Path, metavar="FILE", help="read this file instead of the usual ones")
    parser.add_argument("--status", action="store_true", help="say how the client of this screen is, and end")
    parser.add_argument("--quit", action="store_true", help="end the client of this screen")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return parser


if __name__ == "__main__":
    main()
