"""A real Firefox, steered over WebDriver BiDi; with a screen it shows itself there, else it has none."""

import asyncio
import json
import re
import tempfile
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect

from ami_bridge.demo.processes import caller
from ami_bridge.desktop.package.xpi import SHARE

SOON = 20.0
QUIET = {
    "DisableAppUpdate": True,
    "DisableTelemetry": True,
    "DontCheckDefaultBrowser": True,
    "NoDefaultBookmarks": True,
    "OverrideFirstRunPage": "",
    "OverridePostUpdatePage": "",
}
SETTLED = """new Promise((settled) => {
  const frame = (left) => left ? requestAnimationFrame(() => frame(left - 1)) : setTimeout(settled, 200);
  frame(4);
})"""
"""Firefox heeds no click in a page's first 100 ms and three frames, lest somebody be tricked."""
LAY = """for place in etc usr opt; do
  mount -t overlay -o "lowerdir=$(printf "%s/$place:" $0)/$place" overlay "/$place" || exit
done
exec "$@\""""


def installed(*folders: Path) -> list[str]:
    """What stands before a command that shall find what is in these folders installed: in `etc`, `usr`, `opt`.

    They are laid over the machine's, the first on top, for this command alone.
    """
    for folder in folders:
        for name in ("etc", "usr", "opt"):
            (folder / name).mkdir(exist_ok=True)
    return ["unshare", "--mount", "sh", "-c", LAY, " ".join(map(str, folders))]


class Firefox:
    """One browser with one window and a profile of its own."""

    def __init__(
        self,
        env: Mapping[str, str],
        *,
        policies: Mapping[str, object],
        package: Path | None = None,
        headless: bool = False,
    ) -> None:
        """`package` is the folder of an unpacked Debian package, which the browser finds installed."""
        self._env = dict(env)
        self._policies = policies
        self._package = package
        self._headless = headless
        self._asked = 0
        self._page = ""
        self._line: ClientConnection
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            made = tempfile.TemporaryDirectory(prefix="amib-ff-", ignore_cleanup_errors=True)
            folder = Path(stack.enter_context(made))
            address = await self._start(stack, folder)
            self._line = await stack.enter_async_context(connect(f"{address}/session", max_size=None))
            await self.ask("session.new", capabilities={})
            # A tab of our own: the first one may be replaced while the browser makes itself ready.
            self._page = (await self.ask("browsingContext.create", type="tab"))["context"]
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def _start(self, stack: AsyncExitStack, folder: Path) -> str:
        """Start it; return where it listens."""
        for name in ("profile", "home", "over/etc/firefox/policies"):
            (folder / name).mkdir(parents=True)
        text = json.dumps({"policies": {**QUIET, **self._policies}})
        (folder / "over/etc/firefox/policies/policies.json").write_text(text, encoding="utf-8")
        caller().give(folder)
        words = ["firefox-esr", "--no-remote", "--profile", str(folder / "profile"), "--remote-debugging-port", "0"]
        words += ["--remote-allow-system-access", *(["--headless"] if self._headless else [])]
        process = await asyncio.create_subprocess_exec(
            *installed(folder / "over", *([self._package] if self._package else [])),
            *("setpriv", f"--reuid={caller().uid}", f"--regid={caller().gid}", "--clear-groups", "--pdeathsig=KILL"),
            *words,  # with capabilities where it is root's: its sandbox needs them then
            env={"HOME": str(folder / "home"), **self._env},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        stack.push_async_callback(_end, process)
        assert process.stderr is not None
        async with asyncio.timeout(SOON):
            while line := await process.stderr.readline():
                if found := re.search(rb"WebDriver BiDi listening on (ws://\S+)", line):
                    draining = asyncio.get_running_loop().create_task(process.stderr.read(), name="firefox")
                    stack.callback(draining.cancel)
                    return found[1].decode()
        raise AssertionError("Firefox did not start")

    async def ask(self, method: str, **params: object) -> dict[str, Any]:
        """Have a command of BiDi carried out."""
        self._asked += 1
        await self._line.send(json.dumps({"id": self._asked, "method": method, "params": params}))
        async with asyncio.timeout(SOON):
            while True:
                said = json.loads(await self._line.recv())
                if said.get("id") == self._asked:
                    assert said["type"] == "success", said
                    result: dict[str, Any] = said["result"]
                    return result

    async def open(self, url: str) -> None:
        """Go to a page and wait until it is there."""
        await self.ask("browsingContext.navigate", context=self._page, url=url, wait="complete")
        await self.evaluate(SETTLED)

    async def evaluate(self, script: str) -> Any:  # noqa: ANN401 - whatever the page says
        """Return what an expression comes to in the page, by way of JSON."""
        return await self._evaluate(f"Promise.resolve({script}).then(JSON.stringify)", self._page)

    async def chrome(self, script: str) -> Any:  # noqa: ANN401 - as above
        """Return what an expression comes to in the browser itself."""
        contexts = (await self.ask("browsingContext.getTree", **{"moz:scope": "chrome"}))["contexts"]
        return await self._evaluate(f"Promise.resolve({script}).then(JSON.stringify)", contexts[0]["context"])

    async def _evaluate(self, script: str, context: str) -> Any:  # noqa: ANN401 - as above
        said = await self.ask("script.evaluate", expression=script, target={"context": context}, awaitPromise=True)
        assert said["type"] == "success", said
        value = said["result"].get("value")
        return json.loads(value) if value is not None else None

    async def until(self, script: str) -> Any:  # noqa: ANN401 - as above
        """Wait until an expression in the page is true."""
        async with asyncio.timeout(SOON):
            while not (value := await self.evaluate(script)):
                await asyncio.sleep(0.05)
        return value

    async def place(self, selector: str) -> tuple[int, int]:
        """Return where on the screen the middle of an element is."""
        x, y = await self.evaluate(
            f"(() => {{ const box = document.querySelector({json.dumps(selector)}).getBoundingClientRect();"
            " return [mozInnerScreenX + box.x + box.width / 2, mozInnerScreenY + box.y + box.height / 2] })()"
        )
        return int(x), int(y)


def install_handler(env: Mapping[str, str], program: str = "ami-dial") -> None:
    """Let `tel:` and the like be ours in this session, by the file that we ship."""
    file = (SHARE / "ami-bridge-dial.desktop").read_text(encoding="utf-8")
    kinds = file.partition("MimeType=")[2].split("\n")[0].strip(";").split(";")
    applications = Path(env["XDG_DATA_HOME"]) / "applications"
    applications.mkdir(exist_ok=True)
    (applications / "ami-bridge-dial.desktop").write_text(file.replace("Exec=ami-dial", f"Exec={program}"))
    chosen = "".join(f"{kind}=ami-bridge-dial.desktop\n" for kind in kinds)
    (Path(env["XDG_CONFIG_HOME"]) / "mimeapps.list").write_text(f"[Default Applications]\n{chosen}")


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
        try:
            async with asyncio.timeout(5):
                await process.wait()
        except TimeoutError:
            process.kill()
    await process.wait()
