"""The Debian package of the desktop part: what is in it, and that it works where it is installed."""

import asyncio
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from ami_bridge import __version__
from ami_bridge.demo import programs
from ami_bridge.desktop.package import deb
from tests.desktop.firefox import installed
from tests.real.house import SOAK

SUITES = {"python3.11": "bookworm", "python3.13": "trixie"}
"""Which Debian has which Python."""


def field(package: Path, name: str) -> str:
    return subprocess.check_output(["dpkg-deb", "--field", package, name], text=True).strip()


def test_it_is_the_desktop_part_and_nothing_else(package: Path, unpacked: Path) -> None:
    assert [field(package, name) for name in ("Package", "Version")] == ["ami-bridge-desktop", __version__]
    assert package.stat().st_size < 3_000_000
    site = unpacked / deb.SITE.relative_to("/")
    ours = {path.relative_to(site).as_posix() for path in (site / "ami_bridge").rglob("*.py")}
    assert {"ami_bridge/wire.py", "ami_bridge/desktop/run.py", "ami_bridge/desktop/dial.py"} <= ours
    assert {one.split("/")[1] for one in ours} == {"__init__.py", "wire.py", "wire_alarms.py", "desktop"}
    assert not (site / "aiohttp").exists()


def test_everything_is_where_the_desktop_and_the_browser_look_for_it(unpacked: Path) -> None:
    for path in (
        "etc/xdg/autostart/ami-bridge-desktop.desktop",
        "usr/share/applications/ami-bridge-desktop.desktop",
        "usr/share/applications/ami-bridge-dial.desktop",
        "usr/share/icons/hicolor/64x64/apps/ami-bridge.png",
        "usr/share/mozilla/extensions/{ec8030f7-c20a-464f-9b0e-13a3a9e97384}/ami-dial@ami-bridge.xpi",
        "usr/share/ami-bridge-desktop/policies.json",
        "usr/share/doc/ami-bridge-desktop/copyright",
    ):
        assert (unpacked / path).is_file(), path
    handler = (unpacked / "usr/share/applications/ami-bridge-dial.desktop").read_text(encoding="utf-8")
    for scheme in ("tel", "callto", "sip"):
        assert f"x-scheme-handler/{scheme};" in handler
    for name in ("ami-dial", "ami-bridge-desktop"):
        assert str((unpacked / "usr/bin" / name).readlink()) == f"/opt/ami-bridge-desktop/bin/{name}"


def test_nothing_in_it_tells_of_the_machine_on_which_it_was_built(unpacked: Path) -> None:
    here = os.fsencode(Path(__file__).parents[2])
    for path in unpacked.rglob("*"):
        if path.is_file() and not path.is_symlink():
            assert here not in path.read_bytes(), path
            assert path.stat().st_mode & 0o7022 == 0, path


def test_its_sums_are_right(package: Path, unpacked: Path, tmp_path: Path) -> None:
    subprocess.run(["dpkg-deb", "--control", package, tmp_path], check=True)
    subprocess.run(["md5sum", "--quiet", "--check", tmp_path / "md5sums"], cwd=unpacked, check=True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ami-dial", "--print", "Schloss, Tel. 07071/204-2266"], "+4970712042266\n"),
        (["ami-dial", "--version"], f"ami-dial {__version__}\n"),
        (["ami-bridge-desktop", "--version"], f"ami-bridge-desktop {__version__}\n"),
    ],
    ids=["dial", "version", "client"],
)
def test_its_programs_run_where_it_is_installed(unpacked: Path, words: list[str], said: str) -> None:
    done = subprocess.run(
        [*installed(unpacked), *words],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
        env={"PATH": "/usr/bin:/bin"},
    )
    assert done.stdout == said


if SOAK:  # it downloads a whole system

    async def test_it_is_installed_into_a_bare_debian_and_leaves_it_as_it_was(package: Path, tmp_path: Path) -> None:
        root = tmp_path / "debian"
        mirror = await programs._mirror()
        options = ["--mode=root", "--variant=minbase", f"--include={field(package, 'Depends').replace(' ', '')}"]
        late = '--aptopt=Acquire::Check-Valid-Until "false"'
        code, said = await programs._run(
            ["mmdebstrap", *options, late, SUITES[deb.PYTHON], str(root), *([mirror] if mirror else [])], within=900
        )
        assert code == 0, said
        await asyncio.to_thread(shutil.copy, package, root / "package.deb")

        def inside(*words: str) -> str:
            return subprocess.run(["chroot", root, *words], capture_output=True, text=True, check=True).stdout

        before = {path for path in inside("find", "/", "-xdev").splitlines() if not path.startswith("/var/")}
        inside("dpkg", "--install", "/package.deb")
        assert inside("ami-dial", "--print", "07071/204-2266") == "+4970712042266\n"
        assert inside("ami-bridge-desktop", "--version")
        inside("dpkg", "--purge", "ami-bridge-desktop")
        after = {path for path in inside("find", "/", "-xdev").splitlines() if not path.startswith("/var/")}
        assert after | {"/opt"} == before  # dpkg takes the empty folder too
