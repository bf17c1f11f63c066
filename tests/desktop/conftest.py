"""What tests share: a screen for one person, and the package for Debian."""

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from ami_bridge.desktop.package import deb
from tests.desktop.screen import XScreen


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def xfce() -> AsyncIterator[XScreen]:
    """A screen with xfce4-notifyd."""
    async with XScreen("xfce4-notifyd") as screen:
        yield screen


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package for Debian."""
    return deb.build(tmp_path_factory.mktemp("deb"))


@pytest.fixture(scope="session")
def unpacked(package: Path) -> Path:
    """What is in it."""
    folder = package.parent / "unpacked"
    subprocess.run(["dpkg-deb", "--extract", package, folder], check=True)
    return folder
