"""What is marked on a real screen, by programs that behave and by others."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ami_bridge.desktop import selection
from ami_bridge.desktop.selection import Marked, NothingMarkedError
from tests.desktop.screen import XScreen

pytestmark = pytest.mark.asyncio(loop_scope="session")
ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def marked(screen: XScreen, kind: str, text: str) -> AsyncIterator[None]:
    """Somebody has marked a text in a program of this kind."""
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.desktop.owner", kind, text,
        cwd=ROOT, env=screen.env, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert program.stdout is not None
    async with asyncio.timeout(10):
        assert await program.stdout.readline() == b"ready\n"
    try:
        yield
    finally:
        program.kill()
        await program.wait()


async def read(environ: dict[str, str]) -> Marked:
    return await asyncio.to_thread(selection.read, environ)


async def test_what_is_marked_is_read(xfce: XScreen) -> None:
    async with marked(xfce, "utf8", "Büro / 07071 204-2266"):
        assert await read(xfce.env) == Marked("Büro / 07071 204-2266")


async def test_old_programs_know_no_utf8(xfce: XScreen) -> None:
    async with marked(xfce, "latin", "Büro 07071 204-2266"):
        assert await read(xfce.env) == Marked("Büro 07071 204-2266")


async def test_of_much_the_begin_is_read(xfce: XScreen) -> None:
    async with marked(xfce, "floods", "07071 204-2266 ä "):
        read_text = await read(xfce.env)
    assert read_text.cut
    assert read_text.text == ("07071 204-2266 ä " * 40)[:500]


@pytest.mark.parametrize(
    ("kind", "why"), [("refuses", "nothing"), ("hangs", "hangs"), ("promises", "too_much"), ("picture", "too_much")]
)
async def test_who_does_not_hand_it_over_is_not_waited_for(xfce: XScreen, kind: str, why: str) -> None:
    async with marked(xfce, kind, "07071 204-2266"):
        begin = time.monotonic()
        with pytest.raises(NothingMarkedError) as caught:
            await read(xfce.env)
        assert time.monotonic() - begin < 5
    assert caught.value.why == why


async def test_nothing_is_marked(xfce: XScreen) -> None:
    with pytest.raises(NothingMarkedError, match="nothing"):
        await read(xfce.env)


@pytest.mark.parametrize("display", ["", "nonsense"])
async def test_there_may_be_no_screen(display: str) -> None:
    with pytest.raises(NothingMarkedError, match="no_screen"):
        await read({"DISPLAY": display})


# ---- Wayland, by a `wl-paste` that notes how it was called


def wayland(folder: Path, script: str, **more: str) -> dict[str, str]:
    program = folder / "wl-paste"
    program.write_text(f'#!/bin/sh\necho "$*" > {folder}/called\n{script}\n')
    program.chmod(0o755)
    return {"WAYLAND_DISPLAY": "wayland-0", "PATH": f"{folder}:{os.environ['PATH']}", **more}


async def test_on_wayland_what_is_marked_is_read(tmp_path: Path) -> None:
    assert await read(wayland(tmp_path, "printf '07071 204-2266'")) == Marked("07071 204-2266")
    assert "--primary" in (tmp_path / "called").read_text()


async def test_on_gnome_what_was_copied_is_read(tmp_path: Path) -> None:
    environ = wayland(tmp_path, "printf '07071 204-2266'", XDG_CURRENT_DESKTOP="ubuntu:GNOME")
    assert await read(environ) == Marked("07071 204-2266")
    assert "--primary" not in (tmp_path / "called").read_text()


@pytest.mark.parametrize(
    ("script", "why"), [("exit 1", "nothing"), ("exec sleep 60", "hangs"), ("yes | head -c 2; exec sleep 60", "hangs")]
)
async def test_on_wayland_nobody_is_waited_for_either(tmp_path: Path, script: str, why: str) -> None:
    with pytest.raises(NothingMarkedError, match=why):
        await read(wayland(tmp_path, script))


async def test_on_wayland_of_much_the_begin_is_read(tmp_path: Path) -> None:
    assert (await read(wayland(tmp_path, "exec yes 07071"))).cut


async def test_on_wayland_the_program_may_be_missing(tmp_path: Path) -> None:
    with pytest.raises(NothingMarkedError, match="no_wl_paste"):
        await read({"WAYLAND_DISPLAY": "wayland-0", "PATH": str(tmp_path)})
