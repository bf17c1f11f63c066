"""axe-core in a world of its own beside the page, so that the page's CSP stays on."""

import json
from pathlib import Path
from typing import Any

from playwright.async_api import CDPSession, Page

SOURCE = (Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "EN-301-549", "best-practice"]


class Axe:
    """Checks one page as it is now."""

    def __init__(self, page: Page) -> None:
        self._page = page

    async def violations(self) -> list[str]:
        """One line for each rule that is broken: rule, reason, the elements."""
        link = await self._page.context.new_cdp_session(self._page)
        try:
            tree = await link.send("Page.getFrameTree")
            frame = tree["frameTree"]["frame"]["id"]
            world = await link.send("Page.createIsolatedWorld", {"frameId": frame, "worldName": "axe"})
            inside = world["executionContextId"]
            await _evaluate(link, SOURCE + ";0", inside)
            only = json.dumps({"runOnly": TAGS, "resultTypes": ["violations"]})
            found = await _evaluate(link, f"axe.run(document, {only}).then((r) => r.violations)", inside)
        finally:
            await link.detach()
        assert isinstance(found, list)
        return [_line(violation) for violation in found]


async def _evaluate(link: CDPSession, expression: str, world: int) -> object:
    question = {"expression": expression, "contextId": world, "awaitPromise": True, "returnByValue": True}
    answer = await link.send("Runtime.evaluate", question)
    assert "exceptionDetails" not in answer, answer["exceptionDetails"]
    return answer["result"].get("value")


def _line(violation: dict[str, Any]) -> str:
    where = "; ".join(str(node["target"]) + " " + node["failureSummary"] for node in violation["nodes"][:5])
    return f"{violation['id']}: {violation['help']}: {where}"
