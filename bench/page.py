"""How long somebody who types a name waits for the first hits: the real page, search and database, 100,000 contacts.

`python -m bench.page [contacts]` (or `make bench`) prints the figures and fails when a target is missed.
"""

import asyncio
import random
import sys
import tempfile
from contextlib import AsyncExitStack
from statistics import median

from playwright.async_api import Page, async_playwright

from ami_bridge.config import Site
from ami_bridge.contacts.model import Contact, ContactNumber
from ami_bridge.contacts.search import Search
from ami_bridge.contacts.store import Changes, ContactStore
from ami_bridge.db.database import Database, open_database
from ami_bridge.numbers import Numbers
from ami_bridge.people.model import People
from tests.page.conftest import FLAGS, Desk, window
from tests.page.counterpart import Counterpart

CONTACTS = 100_000
AT_ONCE = 10_000
ROUNDS = 10
LIMIT = 100.0
"""Milliseconds from the key to the first hits on the page."""
NUMBERS = Numbers(Site(area_code="9142", outside_line="0"))
FIRST = ("Erika", "Jürgen", "Ayşe", "Max", "Zoë", "Łukasz")
LAST = ("Müller", "Schmidt", "Yilmaz", "Mustermann", "Weiß", "Özdemir", "Kornblum", "Mühlbauer", "Meier", "Nowak")
TEXTS = ("Mü", "Müller", "Erika Müller", "muell")
PAUSE = 200.0
"""Milliseconds without a key: as for somebody who begins to type."""
WATCH = """
    const field = document.getElementById("dial-to");
    window.waited = [];
    field.addEventListener("input", () => {
      const [began, text] = [performance.now(), field.value];
      const seen = new MutationObserver(() => {
        if (field.value !== text) seen.disconnect();
        else if (document.querySelector(".finder-option")) {
          window.waited.push({ text, ms: performance.now() - began });
          seen.disconnect();
        }
      });
      if (text.length > 1) seen.observe(document.querySelector(".finder-list"), { childList: true, subtree: true });
    });
"""


async def fill(database: Database, contacts: int) -> None:
    """Put a town's address book into the database."""
    store, lot = ContactStore(database), random.Random(7)  # noqa: S311 - nothing secret
    for at in range(0, contacts, AT_ONCE):
        some = []
        for n in range(at, min(at + AT_ONCE, contacts)):
            number = ContactNumber(raw=f"0171 {1_000_000 + n}", e164=f"+49171{1_000_000 + n}", kind="mobile")
            name = f"{lot.choice(FIRST)} {lot.choice(LAST)}"
            some.append(Contact(href=f"/{n}", name=name, org=f"Firma {n // 8}", numbers=(number,)))
        await store.keep(Changes(path="shared", label="Stadt", scope="shared", contacts=some))


async def typed(page: Page, text: str) -> float:
    """Type a text into the field, and return how long it took until hits were there."""
    await page.locator("#dial-to").fill("")
    await page.evaluate("window.waited = []")
    await page.wait_for_timeout(PAUSE)
    await page.locator("#dial-to").fill(text)
    await page.locator(".finder-option").first.wait_for()
    return float(await page.evaluate("window.waited[0].ms"))


async def waits(contacts: int, rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Return how long hits took, for each text."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        database = await stack.enter_async_context(open_database(f"sqlite://{folder}/bridge.sqlite"))
        await fill(database, contacts)
        daemon = await stack.enter_async_context(Counterpart().running())
        store = ContactStore(database)
        daemon.answers.search = Search(store=store, people=People([]), numbers=NUMBERS, lines={}, country="DE")
        playwright = await stack.enter_async_context(async_playwright())
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        desk = Desk(await stack.enter_async_context(window(browser)), daemon)
        await desk.is_signed_in()
        await desk.page.evaluate(WATCH)
        took = {text: [await typed(desk.page, text) for _ in range(rounds)] for text in TEXTS}
        await browser.close()
    return took


async def measure(contacts: int = CONTACTS) -> bool:
    """Print how long people wait; whether that is short enough."""
    took = await waits(contacts)
    for text, times in took.items():
        print(f"page: {contacts} contacts, {text}: first hits after {median(times):.0f} ms, at most {max(times):.0f}")
    return max(map(median, took.values())) <= LIMIT


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(measure(*map(int, sys.argv[1:]))) else 1)
