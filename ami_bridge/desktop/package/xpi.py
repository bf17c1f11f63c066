"""Packs the add-on for Firefox: the same files make the same bytes, so that what is signed can be compared.

`python -m ami_bridge.desktop.package.xpi FILE.xpi`
"""

import argparse
import json
import zipfile
from pathlib import Path

SHARE = Path(__file__).parents[1] / "share"
ADDON = SHARE / "firefox"
BEGIN = (1980, 1, 1, 0, 0, 0)
"""The oldest time a zip can tell."""
READABLE = 0o100644 << 16


def pack(target: Path, *, addon: Path = ADDON) -> None:
    """Write the add-on into a file."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(one for one in addon.rglob("*") if one.is_file()):
            about = zipfile.ZipInfo(path.relative_to(addon).as_posix(), BEGIN)
            about.external_attr = READABLE
            about.create_system = 3
            archive.writestr(about, path.read_bytes())


def name(addon: Path = ADDON) -> str:
    """Return the add-on's id, by which policies and folders name it."""
    manifest = json.loads((addon / "manifest.json").read_text(encoding="utf-8"))
    return str(manifest["browser_specific_settings"]["gecko"]["id"])


def main() -> None:
    """Pack it where the command line says."""
    parser = argparse.ArgumentParser(description="Packs the add-on for Firefox.")
    parser.add_argument("target", type=Path, metavar="FILE.xpi")
    pack(parser.parse_args().target)


if __name__ == "__main__":
    main()
