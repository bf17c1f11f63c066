"""Where the files are that travel with us beside the code: sounds and dialplan."""

from pathlib import Path

import ami_bridge


def shared(name: str) -> Path:
    """Return a folder that travels with us: beside the package in a working copy, inside it when installed."""
    package = Path(ami_bridge.__file__).parent
    beside = package.parent / name
    return beside if beside.is_dir() else package / "share" / name
