"""Anna signs in with a real browser at a real provider of OpenID Connect (django-oauth-toolkit) on another site."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from ami_bridge.config_signin import Oidc as Settings
from ami_bridge.db.database import open_database
from ami_bridge.demo.ports import free_tcp
from ami_bridge.people.oidc import Oidc
from ami_bridge.people.signin_routes import BACK, SignInRoutes
from ami_bridge.web.assets import STATIC
from ami_bridge.web.server import serve
from tests.page.axe import Axe
from tests.page.conftest import window
from tests.people.conftest import House

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROOT = Path(__file__).parents[2]
CLIENT, SECRET = "ami-bridge", "a secret & more"


@asynccontextmanager
async def provider(port: int, folder: Path, redirect: str) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.people.django_provider", str(port), str(folder), redirect, CLIENT, SECRET,
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(60):
            assert process.stdout
            assert await process.stdout.readline() == b"ready\n"
        yield
    finally:
        process.kill()
        await process.wait()


async def test_anna_signs_in_at_the_house_of_another(browser: Browser, tmp_path: Path) -> None:
    port = free_tcp()
    settings = Settings(
        issuer=f"http://localhost:{port}/o", client_id=CLIENT, client_secret=SECRET, label="dem Rathaus-Konto"
    )
    async with open_database(f"sqlite://{tmp_path}/data/bridge.sqlite") as db:
        house = House(db)
        house.clock.now = datetime.fromtimestamp(int(time.time()), UTC)
        routes = SignInRoutes(
            entrance=house.entrance,
            doorway=house.doorway,
            oidc=Oidc(settings, now=house.clock),
        )
        async with (
            serve(house.config, add_routes=[house.routes.add_to, routes.add_to], static=STATIC) as house.port,
            provider(port, tmp_path, house.origin + BACK),
            window(browser) as page,
        ):
            await page.goto(house.origin)
            link = page.get_by_role("link", name="Anmelden mit dem Rathaus-Konto")
            await expect(link).to_be_visible()
            assert await Axe(page).violations() == []
            seen: list[str] = []
            page.on("request", lambda asked: seen.append(asked.url))
            await link.click()
            await page.get_by_label("Username").fill("anna")
            await page.get_by_label("Password").fill("anna's password")
            await page.get_by_role("button", name="Weiter").click()
            await expect(page.get_by_text("Anna Amsel")).to_be_visible()
            assert page.url == f"{house.origin}/"
            assert {one["name"] for one in await page.context.cookies(house.origin)} == {"amib"}
            assert await page.evaluate("window.cspViolations") == []
            await page.reload()
            await expect(page.get_by_text("Anna Amsel")).to_be_visible()

            (back,) = [url for url in seen if url.startswith(house.origin + BACK)]
            await page.goto(back)
            await expect(page.get_by_role("alert")).to_contain_text("Bitte versuchen Sie es noch einmal.")
            assert await Axe(page).violations() == []

            house.people.replace([])  # nobody works here any more
            await page.get_by_role("link", name="Noch einmal versuchen").click()
            await expect(page.get_by_role("alert")).to_contain_text("hier noch nicht eingetragen")
