"""Builds the Debian package of the desktop part: own venv under /opt, autostart, handler of links, add-on, policies.

`python -m ami_bridge.desktop.package.deb FOLDER`. It is made of what is installed where this runs, in the versions of
requirements.txt; it asks no registry, and the same files make the same bytes.
"""

import argparse
import compileall
import hashlib
import os
import platform
import py_compile
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path, PurePosixPath

from ami_bridge import __version__
from ami_bridge.desktop.package import xpi

NAME = "ami-bridge-desktop"
NEEDS = ("jeepney", "msgspec", "phonenumbers", "python-xlib", "six", "websockets")
"""All that the desktop part imports."""
OURS = ("__init__.py", "wire.py", "wire_alarms.py", "desktop")
NOT_NEEDED = ("phonenumbers/geodata/", "phonenumbers/carrierdata/", "phonenumbers/tzdata/")
"""Tables that nothing here reads: places, carriers, time zones."""
PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
OPT = PurePosixPath("/opt") / NAME
SITE = OPT / "lib" / PYTHON / "site-packages"
FIREFOX = PurePosixPath("/usr/share/mozilla/extensions/{ec8030f7-c20a-464f-9b0e-13a3a9e97384}")
"""Where Debian's Firefox looks for add-ons of the system, which need no signature."""
COMMANDS = {"ami-bridge-desktop": "ami_bridge.desktop.run", "ami-dial": "ami_bridge.desktop.dial"}
AT = 315_532_800
"""When all files are said to be made, unless $SOURCE_DATE_EPOCH says another time."""

CONTROL = """\
Package: {name}
Version: {version}
Architecture: {architecture}
Maintainer: the operators of this house <root@localhost>
Depends: {python}, {python}-minimal
Recommends: xdg-utils, notification-daemon
Suggests: wl-clipboard, firefox-esr
Section: net
Priority: optional
Installed-Size: {size}
Description: calls on the desk: who is calling in a bubble, and anything marked is called
 The desktop part of ami_bridge: ami-bridge-desktop shows who is calling, ami-dial calls what is marked or clicked.
 It has its own Python packages and changes nothing of the system's.
"""
COPYRIGHT = """\
ami_bridge is free software under the EUPL-1.2, https://eupl.eu/1.2/en/.
The Python packages beside it have their licences in {site}/*.dist-info/.
"""
START = """\
#!{opt}/bin/python3 -I
from {module} import main

main()
"""


def build(target: Path) -> Path:
    """Build the package into a folder; returns the file."""
    architecture = subprocess.check_output(["/usr/bin/dpkg", "--print-architecture"], text=True).strip()
    with tempfile.TemporaryDirectory(prefix="amib-deb-") as made:
        root = Path(made)
        root.chmod(0o755)
        _venv(root)
        _system(root)
        _control(root, architecture)
        for path in (root, *root.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
        at = os.environ.get("SOURCE_DATE_EPOCH", str(AT))
        for path in (root, *root.rglob("*")):
            os.utime(path, (int(at), int(at)), follow_symlinks=False)
        package = target / f"{NAME}_{__version__}_{architecture}.deb"
        subprocess.run(  # noqa: S603 - our own words
            ["/usr/bin/dpkg-deb", "--build", "--root-owner-group", "-Zxz", str(root), str(package)],
            check=True,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "SOURCE_DATE_EPOCH": at},
        )
    return package


def _venv(root: Path) -> None:
    """Make the venv as it will be on the desk, whose Python is the distribution's."""
    site = _inside(root, SITE)
    for name in NEEDS:
        for source, place in _files(name):
            _copy(source, site / place)
    package = Path(__file__).parents[2]
    for name in OURS:
        source = package / name
        for path in sorted(source.rglob("*")) if source.is_dir() else [source]:
            if path.is_file() and "__pycache__" not in path.parts and "package" not in path.parts:
                _copy(path, site / "ami_bridge" / path.relative_to(package))
    # Checked by nothing at the start: whoever can change the sources can change these too.
    compileall.compile_dir(
        str(site), quiet=2, stripdir=str(root), force=True, workers=1,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )  # fmt: skip
    opt = _inside(root, OPT)
    told = f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {platform.python_version()}\n"
    (opt / "pyvenv.cfg").write_text(told, encoding="ascii")
    (opt / "bin").mkdir()
    (opt / "bin" / "python3").symlink_to(f"/usr/bin/{PYTHON}")
    for command, module in COMMANDS.items():
        (opt / "bin" / command).write_text(START.format(opt=OPT, module=module), encoding="ascii")


def _files(name: str) -> Iterator[tuple[Path, PurePosixPath]]:
    """Return the files of an installed package: where they are, and their place."""
    for one in metadata.distribution(name).files or ():
        place = PurePosixPath(one)
        if ".." in place.parts or "__pycache__" in place.parts or str(place).startswith(NOT_NEEDED):
            continue
        if place.name in {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}:
            continue  # they tell of the machine on which this is built
        yield Path(str(one.locate())), place


def _system(root: Path) -> None:
    """Put everything where the desktop and the browser look for it."""
    share, usr = xpi.SHARE, _inside(root, PurePosixPath("/usr"))
    (usr / "bin").mkdir(parents=True)
    for command in COMMANDS:
        (usr / "bin" / command).symlink_to(OPT / "bin" / command)
    _copy(share / f"{NAME}.desktop", _inside(root, PurePosixPath("/etc/xdg/autostart")) / f"{NAME}.desktop")
    for name in (NAME, "ami-bridge-dial"):
        _copy(share / f"{name}.desktop", usr / "share" / "applications" / f"{name}.desktop")
    _copy(share / "ami-bridge.png", usr / "share/icons/hicolor/64x64/apps/ami-bridge.png")
    _copy(share / "policies.json", usr / "share" / NAME / "policies.json")
    copyright_ = usr / "share" / "doc" / NAME / "copyright"
    copyright_.parent.mkdir(parents=True)
    copyright_.write_text(COPYRIGHT.format(site=SITE), encoding="ascii")
    addon = _inside(root, FIREFOX) / f"{xpi.name()}.xpi"
    addon.parent.mkdir(parents=True)
    xpi.pack(addon)
    (usr / "share" / NAME / "ami-dial.xpi").symlink_to(FIREFOX / addon.name)


def _control(root: Path, architecture: str) -> None:
    """Write what dpkg wants to know."""
    files = [path for path in sorted(root.rglob("*")) if path.is_file() and not path.is_symlink()]
    size = sum(path.stat().st_size for path in files)
    sums = (f"{hashlib.md5(path.read_bytes()).hexdigest()}  {path.relative_to(root)}\n" for path in files)  # noqa: S324 - dpkg's
    control = root / "DEBIAN"
    control.mkdir()
    (control / "md5sums").write_text("".join(sums), encoding="utf-8")
    (control / "conffiles").write_text(f"/etc/xdg/autostart/{NAME}.desktop\n", encoding="ascii")
    told = CONTROL.format(name=NAME, version=__version__, architecture=architecture, python=PYTHON, size=size // 1024)
    (control / "control").write_text(told, encoding="ascii")


def _inside(root: Path, path: PurePosixPath) -> Path:
    """Return the place in the folder that stands for `/`."""
    return root / path.relative_to("/")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def main() -> None:
    """Build it where the command line says."""
    parser = argparse.ArgumentParser(description="Builds the Debian package of the desktop part.")
    parser.add_argument("target", type=Path, metavar="FOLDER")
    target: Path = parser.parse_args().target
    target.mkdir(parents=True, exist_ok=True)
    print(build(target))  # noqa: T201 - which file it is


if __name__ == "__main__":
    main()
