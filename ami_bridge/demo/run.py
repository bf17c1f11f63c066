"""The whole demo: Asterisk, groupware, telephones and the daemon; and calls from outside into it."""

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import aiohttp

from ami_bridge.demo.hall import TownHall
from ami_bridge.demo.ports import fixed, offset_of
from ami_bridge.demo.sipp import trunk_call
from ami_bridge.demo.town import PREFIX
from ami_bridge.errors import BadRequestError, BridgeError, NotAllowedError, NotFoundError, NotReachableError

HOME = Path(".demo")
ACCEPTED = 202
KEPT = "AMI_BRIDGE_DEMO_PORTS,AMI_BRIDGE_ASTERISK,LANG,PYTHONPATH"


def main() -> int:
    """Run the demo until it is told to stop; returns the exit code."""
    ports = fixed(offset := offset_of(os.environ.get("AMI_BRIDGE_DEMO_PORTS", "")))
    _as_root()
    return _until_told_to_stop(TownHall(home=HOME.resolve(), ports=ports, offset=offset).open())


def call(caller: str, to: str, *, seconds: float = 20.0, name: str | None = None) -> int:
    """Call somebody of the running demo from outside, over the trunk; returns the exit code."""
    running = _running()
    root = Path(running["pbx"]).resolve()
    for what, number in (("--from", caller), ("--to", to)):
        digits = number.removeprefix("+")
        if not digits.isascii() or not digits.isdigit():
            raise BadRequestError(f"{what} {number!r} is not a telephone number; write digits, or + and digits")
    _as_root()
    sip_port = running["sip"]["port"]
    return _until_told_to_stop(_call(root, sip_port, caller, to, seconds=seconds, name=name or ""))


def alarm(point: str, text: str) -> int:
    """Raise an alarm of the running demo's sewage plant, as its control system would; returns the exit code."""
    running = _running()
    source = running["alarm_source"]
    return _until_told_to_stop(_alarm(f"{running['web']}api/v1/alarms", source["token"], point, text))


async def _alarm(address: str, token: str, point: str, text: str) -> None:
    body = {"point": point, **({"text": text} if text else {})}
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10), trust_env=False) as http,
            http.post(address, json=body, headers={"Authorization": f"Bearer {token}"}) as answered,
        ):
            said = await answered.json(content_type=None)
            if answered.status != ACCEPTED:
                raise NotReachableError(f"the daemon does not take it: {answered.status}")
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise NotReachableError("the daemon does not answer; is the demo still running?") from error
    print(f"alarm {said['id']}: whoever is on duty is called now (104, or as the calendar says)")


async def _call(root: Path, sip_port: int, caller: str, to: str, *, seconds: float, name: str) -> None:
    callee = PREFIX + to if len(to) == len("101") else to
    played = await trunk_call(
        root,
        root / "srv" / "calls",
        sip_port=sip_port,
        caller_number=caller,
        callee=callee,
        caller_name=name,
        hold_seconds=seconds,
        cancel_after=seconds,
    )
    print(f"{caller} calls {callee} …")
    try:
        said = await played.ended(2 * seconds + 10)
    except asyncio.CancelledError:
        await played.stop()
        raise
    finally:
        played.forget()
    words = {"ringing": "it rings", "answered": "answered", "bye": "the caller hung up", "cancelled": "nobody answered"}
    for one in said:
        print(f"  {words.get(one, 'refused' if one.startswith('refused') else one)}")


def _running() -> dict[str, Any]:
    try:
        running: dict[str, Any] = json.loads((HOME / "demo.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NotFoundError("no demo runs in this folder; start one by `make demo`") from error
    return running


def _as_root() -> None:
    """Become root by sudo where we are not, or say what is missing."""
    if os.getuid() == 0:
        return
    if not shutil.which("sudo"):
        raise NotAllowedError("The demo needs root, for Asterisk in a folder of its own (chroot): run it as root")
    os.execvp("sudo", ["sudo", f"--preserve-env={KEPT}", sys.executable, "-m", "ami_bridge", *sys.argv[1:]])  # noqa: S606


def _until_told_to_stop(work: Coroutine[Any, Any, object]) -> int:
    """Run until it ends or SIGINT, SIGTERM or SIGHUP comes; being stopped is no failure."""

    async def cancellable() -> None:
        task = asyncio.current_task()
        stopped = False

        def stop() -> None:
            nonlocal stopped
            if task is not None and not stopped:
                stopped = True
                task.cancel()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, stop)
        try:
            await work
        except asyncio.CancelledError:
            if not stopped:
                raise

    try:
        asyncio.run(cancellable())
    except* BridgeError as group:
        raise _first(group) from None
    return 0


def _first(group: BaseExceptionGroup[BridgeError]) -> BridgeError:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
