"""A real browser with the real page, in front of a scripted daemon."""

import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Error, Locator, Page, async_playwright, expect

from ami_bridge.demo.ports import free_tcp
from ami_bridge.wire import Call
from tests.page.axe import Axe
from tests.page.counterpart import COOKIE, PASSWORD, Counterpart

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
SCREENSHOTS = Path(__file__).parents[2] / ".cache" / "screenshots"
SOAK = bool(os.environ.get("AMI_BRIDGE_SOAK"))
PICTURES = bool(os.environ.get("AMI_BRIDGE_PICTURES"))
"""Whether tests keep pictures of what they see, which costs them time; `make screenshots` takes its own."""


PATIENCE = 60_000 if SOAK else 5_000
"""Milliseconds until a browser is given up: the long form runs beside anything."""


class Desk:
    """A person's browser: one page, and everything that went wrong in it."""

    def __init__(self, page: Page, daemon: Counterpart) -> None:
        self.page = page
        self.daemon = daemon
        self.complaints: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", self._hear)

    def _hear(self, said: ConsoleMessage | Error) -> None:
        if isinstance(said, Error):
            self.complaints.append(str(said))
        elif said.type in {"error", "warning"}:
            self.complaints.append(said.text)

    async def closes(self) -> None:
        """Leave the window empty for the next one."""
        self.page.remove_listener("console", self._hear)
        self.page.remove_listener("pageerror", self._hear)
        await self.page.evaluate("localStorage.clear()")
        await self.page.goto("about:blank")
        await self.page.context.clear_cookies()

    async def opens(self) -> None:
        await self.page.goto(self.daemon.url)

    async def signs_in(self) -> None:
        """Anna fills in the form that is open."""
        await self.page.locator("#user").fill("anna")
        await self.page.locator("#password").fill(PASSWORD)
        await self.page.keyboard.press("Enter")
        await self.has_read(self.daemon.seq)

    async def is_signed_in(self) -> None:
        """Anna opens the page; she signed in earlier."""
        session = self.daemon.new_session()
        await self.page.context.add_cookies([{"name": COOKIE, "value": session, "url": self.daemon.url}])
        await self.opens()
        await self.has_read(self.daemon.seq)
        await self.page.evaluate("document.fonts.ready.then(() => true)")

    async def has_read(self, seq: int) -> None:
        """Wait until the page shows everything up to a number."""
        await self.page.locator(f'html[data-seq="{seq}"]').wait_for(state="attached")

    async def sees(self, call: Call) -> None:
        """The daemon tells of a call and the page shows it."""
        await self.has_read(await self.daemon.tells(call))

    def card(self, name: str) -> Locator:
        return self.page.locator(".call").filter(has=self.page.get_by_role("heading", name=name))

    @property
    def said(self) -> Locator:
        """What a screen reader is told."""
        return self.page.locator("#announcements")

    async def check(self) -> list[str]:
        return await Axe(self.page).violations()

    async def photograph(self, name: str) -> None:
        if not PICTURES:
            return
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        await self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)

    async def fits(self) -> bool:
        return bool(await self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))

    async def unexpected(self) -> list[str]:
        """What no page should complain about. A refused question is logged by the browser itself and is no fault."""
        refused = ("Failed to load resource: the server responded with a status of", "WebSocket connection to")
        said = [complaint for complaint in self.complaints if not complaint.startswith(refused)]
        return said + await self.csp_violations()

    async def csp_violations(self) -> list[str]:
        violations = await self.page.evaluate("window.cspViolations")
        assert isinstance(violations, list)
        return violations


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
def port() -> int:
    """Where every scripted daemon is in its turn: a browser that knows the place has most files already."""
    return free_tcp()


@pytest_asyncio.fixture(loop_scope="session")
async def daemon(port: int) -> AsyncIterator[Counterpart]:
    async with Counterpart(port).running() as counterpart:
        yield counterpart


@contextlib.asynccontextmanager
async def window(browser: Browser, **looks: Any) -> AsyncIterator[Page]:  # noqa: ANN401 - the browser's own many settings
    context = await browser.new_context(**{"locale": "de-DE", "timezone_id": "Europe/Berlin", **looks})
    context.set_default_timeout(PATIENCE)
    await context.add_init_script(
        # Little jitter, so that coming back takes 25 to 250 ms.
        "Math.random = () => 0.05;"
        "window.alert = (text) => console.error('alert: ' + text);"
        "window.cspViolations = [];"
        "document.addEventListener('securitypolicyviolation',"
        " (event) => window.cspViolations.push(event.violatedDirective + ' ' + event.blockedURI));"
    )
    yield await context.new_page()
    await context.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def usual_window(browser: Browser) -> AsyncIterator[Page]:
    """One window for all tests that need nothing special: a new one costs half a second."""
    async with window(browser) as page:
        yield page


@pytest.fixture
def looks() -> dict[str, Any]:
    """How the person's browser is set; a test overrides it by parametrisation and gets a window of its own."""
    return {}


@pytest_asyncio.fixture(loop_scope="session")
async def desk(browser: Browser, usual_window: Page, looks: dict[str, Any], daemon: Counterpart) -> AsyncIterator[Desk]:
    async with contextlib.AsyncExitStack() as stack:
        page = await stack.enter_async_context(window(browser, **looks)) if looks else usual_window
        desk = Desk(page, daemon)
        yield desk
        unexpected = await desk.unexpected()
        await desk.closes()
    assert unexpected == []
