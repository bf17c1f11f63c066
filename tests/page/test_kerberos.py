"""Anna has signed in to her desk in the morning: at the page one click is enough, in a real browser with a ticket."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright, expect

from ami_bridge.config_signin import Kerberos as Settings
from ami_bridge.db.database import open_database
from ami_bridge.people.kerberos import Kerberos
from ami_bridge.people.kerberos_routes import KerberosRoutes
from ami_bridge.people.signin_routes import SignInRoutes
from ami_bridge.web.assets import STATIC
from ami_bridge.web.server import serve
from tests.page.axe import Axe
from tests.page.conftest import FLAGS, window
from tests.people.conftest import House
from tests.people.kdc import REALM, a_realm

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_one_click_at_a_desk_of_the_realm(browser: Browser, tmp_path: Path) -> None:
    async with (
        a_realm(tmp_path, "anna") as realm,
        open_database(f"sqlite://{tmp_path}/data/bridge.sqlite") as db,
        async_playwright() as playwright,
    ):
        house = House(db)
        house.clock.now = datetime.fromtimestamp(int(time.time()), UTC)
        kerberos = Kerberos(Settings(keytab=str(realm.keytab), realms=[REALM]))
        ways = SignInRoutes(
            entrance=house.entrance,
            doorway=house.doorway,
            oidc=None,
            kerberos="dem Rathaus-Rechner",
        )
        routes = KerberosRoutes(entrance=house.entrance, doorway=house.doorway, kerberos=kerberos)
        add = [house.routes.add_to, ways.add_to, routes.add_to]
        async with serve(house.config, add_routes=add, static=STATIC) as house.port:
            address = f"http://localhost:{house.port}/"
            # A window that forgets everything, as tests have else, sends no ticket. And a profile that was never
            # asked for one keeps its network in a sandbox without Kerberos until the next start of the browser.
            (tmp_path / "profile").mkdir()
            asked_before = {"net": {"received_http_auth_negotiate_headers": True}}
            (tmp_path / "profile" / "Local State").write_text(json.dumps(asked_before), encoding="ascii")
            desk = await playwright.chromium.launch_persistent_context(
                tmp_path / "profile",
                executable_path="/usr/bin/chromium",
                args=[*FLAGS, "--auth-server-allowlist=localhost"],
                env={**realm.env, "KRB5CCNAME": await realm.ticket("anna")},
                locale="de-DE",
            )
            page = desk.pages[0]
            await page.goto(address)
            await page.get_by_role("link", name="Anmelden mit dem Rathaus-Rechner").click()
            await expect(page.get_by_text("Anna Amsel")).to_be_visible()
            assert page.url == address
            await desk.close()
            async with window(browser) as page:  # elsewhere, without a ticket
                await page.goto(address)
                await page.get_by_role("link", name="Anmelden mit dem Rathaus-Rechner").click()
                await expect(page.get_by_role("alert")).to_contain_text("kein Kerberos-Ticket gezeigt")
                assert await Axe(page).violations() == []
                await page.get_by_role("link", name="Mit Benutzername und Passwort anmelden").click()
                await expect(page.get_by_label("Benutzername")).to_be_visible()
