"""The add-on in a real Firefox, rolled out as an administrator would: by our policies and the handler of links."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from ami_bridge.desktop.package import xpi
from tests.desktop.firefox import Firefox, install_handler
from tests.desktop.screen import XScreen

on_one_loop = pytest.mark.asyncio(loop_scope="session")

PAGE = """<!doctype html><meta charset="utf-8"><title>07071 204-2266</title><body>
<p id="text">Schloss, Tel. 07071/204-2266 oder <b id="bold">+49 (0)7071 204-2267</b>.</p>
<p><span id="iban">DE89 3704 0044 0532 0130 00</span></p>
<p><a id="tel" href="tel:07071 204-2266">anrufen</a></p>
<p id="late"></p>
<p><a id="link" href="/07071">07071 204-2266</a></p>
<textarea>07071 204-2266</textarea> <input value="07071 204-2266"> <label>07071 204-2266</label>
<pre>07071 204-2266</pre> <code>07071 204-2266</code> <button>07071 204-2266</button>
<div contenteditable>07071 204-2266 <i>07071 204-2266</i></div>
<script type="text/plain">07071 204-2266</script>
</body>"""
LINKS = (
    "[...document.querySelectorAll('a[href^=\"tel:\"]:not([id])')].map(a => [a.getAttribute('href'), a.textContent])"
)
TWO = [["tel:070712042266", "07071/204-2266"], ["tel:+4970712042267", "+49 (0)7071 204-2267"]]

FOUND = [
    ("07071/204-2266", "070712042266"),
    ("07071 / 20 42 - 266", "070712042266"),
    ("0 70 71 / 20 42 266", "070712042266"),
    ("(0 70 71) 20 42 - 266", "070712042266"),
    ("(Tel. 07071/204-2266)", "070712042266"),
    ("(07071/204-2266)", "070712042266"),
    ("Tel.: 07071/204-2266.", "070712042266"),
    ("+49 (0)7071 / 204-2266", "+4970712042266"),
    ("0049(0)7071/204-2266", "+4970712042266"),
    ("07071\N{EN DASH}204\N{EN DASH}2266", "070712042266"),
    ("07071\N{NO-BREAK SPACE}204\N{NARROW NO-BREAK SPACE}2266", "070712042266"),
    ("07071/12 34 56", "07071123456"),
    ("089/23 30 0", "08923300"),
    ("07071 204-2266/67", "070712042266"),
    ("+43 1 58858-0", "+431588580"),
    ("0800 111 0 111", "08001110111"),
]
NOT_FOUND = [
    "24.12.2026", "01.02.2026", "01.02.26 14:30", "08:00-12:00", "2026-11-28", "DE89 3704 0044 0532 0130 00",
    "DE89370400440532013000", "AT61 1904 3002 3457 3201", "Konto 0532013000", "Az. 07071/204226", "5 K 07071/26",
    "2026/0123456", "RE-2026-0008154711", "Kundennr. 07071204226", "01067 Dresden", "01067-01069",
    "ISBN 0-7071-2042-6", "48.5216, 09.0576123", "0000123456", "1.070.712.042,00", "https://example.org/07071-204226",
    "07071.2042266@example.org", "A07071204226", "07071204226B", "07071 204-12/13/14", "0123456789012345678",
]  # fmt: skip


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def intranet() -> AsyncIterator[int]:
    """A page of the house; returns its port."""

    async def page(_request: web.Request) -> web.Response:
        return web.Response(
            text=PAGE, content_type="text/html", headers={"Content-Security-Policy": "default-src 'self'"}
        )

    app = web.Application()
    app.router.add_get("/{any:.*}", page)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield runner.addresses[0][1]
    await runner.cleanup()


class Desk:
    """A desk with this browser, and in the place of `ami-dial` a program that notes what it is started with."""

    def __init__(self, screen: XScreen, port: int) -> None:
        self.screen = screen
        self.listed, self.other = f"http://127.0.0.1:{port}", f"http://localhost:{port}"
        self.browser: Firefox
        program = screen.folder / "bin" / "ami-dial"
        program.write_text(f'#!/bin/sh\necho "$1" >>{screen.folder}/dialled\n', encoding="utf-8")
        program.chmod(0o755)

    def dialled(self) -> list[str]:
        noted = self.screen.folder / "dialled"
        return noted.read_text().splitlines() if noted.exists() else []

    async def click(self, selector: str, *, button: int = 1, times: int = 1) -> None:
        x, y = await self.browser.place(selector)
        moves = ["mousemove", str(x), str(y), "click", "--repeat", str(times), "--delay", "60", str(button)]
        await self.screen.run("xdotool", *moves)

    async def asked(self, then: str) -> str:
        """Wait until Firefox asks, do something with the question (`dialog`), and return what it asked."""
        for script in ("true", then):
            async with asyncio.timeout(10):
                while not (said := await self.browser.chrome(QUESTION.replace("THEN", script))):
                    await asyncio.sleep(0.05)
        return str(said)

    async def chooses(self, marked: str) -> str:
        """Mark an element's text, choose our entry in the menu; returns how the entry reads."""
        await self.click(marked, times=3)
        await self.browser.until("getSelection().toString()")
        await self.click(marked, button=3)
        async with asyncio.timeout(10):
            while not (said := await self.browser.chrome(ENTRY)):
                await asyncio.sleep(0.05)
        return str(said)


QUESTION = """(() => {
  const [dialog] = gBrowser.getTabDialogBox(gBrowser.selectedBrowser).getTabDialogManager()._dialogs;
  const box = dialog?._frame?.contentDocument?.querySelector("dialog");
  const ready = box?._buttons && !box.getButton("accept").disabled;
  return ready ? (THEN, box.ownerDocument.querySelector("#description").textContent || "?") : "";
})()"""
ENTRY = """(() => {
  const entry = document.querySelector("#contentAreaContextMenu [id^='ami-dial_ami-bridge-menuitem']");
  if (!entry || entry.hidden || entry.parentNode.state !== "open") return "";
  entry.parentNode.activateItem(entry);
  return entry.label;
})()"""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def desk(xfce: XScreen, intranet: int, unpacked: Path) -> AsyncIterator[Desk]:
    desk = Desk(xfce, intranet)
    install_handler(xfce.env)
    async with Firefox(xfce.env, policies=policies(unpacked, desk.listed), package=unpacked) as desk.browser:
        yield desk


def policies(unpacked: Path, listed: str) -> dict[str, Any]:
    """The policies that come with the package, for our page."""
    text = (unpacked / "usr/share/ami-bridge-desktop/policies.json").read_text(encoding="utf-8")
    told: dict[str, Any] = json.loads(text)["policies"]
    told["3rdparty"]["Extensions"][xpi.name()]["hosts"] = ["127.0.0.1"]
    told["AutoLaunchProtocolsFromOrigins"][0]["allowed_origins"] = [listed]
    return told


@on_one_loop
async def test_numbers_on_a_listed_page_are_links_and_all_else_is_as_it_was(desk: Desk) -> None:
    await desk.browser.open(desk.listed)
    await desk.browser.until(f"{LINKS}.length > 0")
    assert await desk.browser.evaluate(LINKS) == TWO
    assert await desk.browser.evaluate("document.querySelector('#text').textContent") == (
        "Schloss, Tel. 07071/204-2266 oder +49 (0)7071 204-2267."
    )


@on_one_loop
async def test_what_comes_late_becomes_a_link_too(desk: Desk) -> None:
    await desk.browser.open(desk.listed)
    await desk.browser.until(f"{LINKS}.length == 2")
    await desk.browser.evaluate("void (document.querySelector('#late').textContent = 'ruft an: 0171/3920012')")
    await desk.browser.until(f"{LINKS}.length == 3")
    await desk.browser.evaluate("void (document.querySelector('#late').firstChild.data = 'oder 0171/3920013: ')")
    await desk.browser.until(f"{LINKS}.some(([to]) => to == 'tel:01713920013')")


@on_one_loop
async def test_a_page_that_is_not_listed_is_left_alone(desk: Desk) -> None:
    await desk.browser.open(desk.listed)
    await desk.browser.until(f"{LINKS}.length == 2")
    await desk.browser.open(desk.other)
    await desk.browser.evaluate("new Promise(resolve => setTimeout(resolve, 700))")  # twice as long as it lets pass
    assert await desk.browser.evaluate(LINKS) == []


@on_one_loop
async def test_what_is_a_number_on_a_page(desk: Desk) -> None:
    source = (xpi.ADDON / "numbers.js").read_text(encoding="utf-8")
    texts = json.dumps([text for text, _ in FOUND] + NOT_FOUND)
    await desk.browser.open("about:blank")
    found = await desk.browser.evaluate(
        f"(() => {{ const {{ find }} = new Function({json.dumps(source + 'return numbers;')})();"
        f" return {texts}.map(text => find(text).map(one => one.number)) }})()"
    )
    assert found == [[number] for _, number in FOUND] + [[] for _ in NOT_FOUND]


@on_one_loop
async def test_a_link_of_a_listed_page_is_called_without_a_question_of_the_browser(desk: Desk) -> None:
    before = len(desk.dialled())
    await desk.browser.open(desk.listed)
    await desk.browser.until(f"{LINKS}.length == 2")
    await desk.click("#text a")
    await desk.screen.until(lambda: desk.dialled()[before:] == ["tel:070712042266"])


@on_one_loop
async def test_a_link_of_any_other_page_is_called_after_a_question_of_the_browser(desk: Desk) -> None:
    before = desk.dialled()
    await desk.browser.open(desk.other)
    await desk.click("#tel")
    assert "site" in await desk.asked("box.cancelDialog()")
    assert desk.dialled() == before


@on_one_loop
async def test_the_menu_on_a_selection_ends_in_a_link(desk: Desk) -> None:
    before = len(desk.dialled())
    await desk.browser.open(desk.other)
    assert (await desk.chooses("#bold")).startswith("Call “Schloss, Tel. 07071/204-2266")
    assert "extension" in await desk.asked("box.acceptDialog()")
    await desk.screen.until(lambda: desk.dialled()[before:] == ["tel:070712042266"])


@on_one_loop
async def test_no_text_but_numbers_leaves_the_browser(desk: Desk) -> None:
    before = len(desk.dialled())
    await desk.browser.open(desk.other)
    await desk.chooses("#iban")
    await desk.asked("box.acceptDialog()")
    await desk.screen.until(lambda: desk.dialled()[before:] == ["tel:"])


@on_one_loop
async def test_it_may_read_pages_and_nothing_else(desk: Desk) -> None:
    about = await desk.browser.chrome(
        "ChromeUtils.importESModule('resource://gre/modules/AddonManager.sys.mjs').AddonManager"
        f".getAddonByID('{xpi.name()}').then(one => [one.isActive, one.userPermissions.permissions])"
    )
    assert about == [True, ["menus", "storage"]]
    sources = "".join(path.read_text(encoding="utf-8") for path in xpi.ADDON.glob("*.js"))
    for way in ("fetch", "XMLHttpRequest", "WebSocket", "sendBeacon", "import(", "eval", "innerHTML"):
        assert way not in sources


@on_one_loop
async def test_where_firefox_is_not_debians_it_is_installed_by_a_policy(
    intranet: int, unpacked: Path, tmp_path: Path
) -> None:
    for path in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        path.chmod(0o755)
    xpi.pack(tmp_path / "ami-dial.xpi")
    told = policies(unpacked, "") | {
        "ExtensionSettings": {
            xpi.name(): {"installation_mode": "force_installed", "install_url": f"file://{tmp_path}/ami-dial.xpi"}
        },
        "Preferences": {"xpinstall.signatures.required": {"Value": False, "Status": "locked"}},
    }
    async with Firefox({}, policies=told, headless=True) as browser:
        await browser.open(f"http://127.0.0.1:{intranet}/")
        await browser.until(f"{LINKS}.length == 2")


def test_the_same_files_make_the_same_package(tmp_path: Path) -> None:
    for name in ("a.xpi", "b.xpi"):
        xpi.pack(tmp_path / name)
    assert (tmp_path / "a.xpi").read_bytes() == (tmp_path / "b.xpi").read_bytes()
