"""Takes from KERN's stylesheet what our pages use; `python -m tests.page.kern kern.min.css` writes the vendored file.

A rule stays when each class of KERN that its selector asks for is named somewhere in our files.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "ami_bridge"
STYLESHEET = PACKAGE / "web" / "static" / "vendor" / "kern.min.css"
HEAD = (
    "/* Part of @kern-ux/native (EUPL-1.2), changed for ami_bridge: rules that its pages do not use are left out. */\n"
)
SIGNS = frozenset(f"kern-icon--{sign}" for sign in ("danger", "info", "success", "warning"))
"""What a script puts together."""
GROUPS = ("@media", "@supports", "@layer")
_CLASS = re.compile(r"\.(kern-[\w-]+)")
_NESTED = re.compile(r":(is|where|has|not)\(")


def used() -> frozenset[str]:
    """Return the classes that our files name."""
    ours = [
        path for path in PACKAGE.rglob("*") if path.suffix in {".js", ".html", ".css", ".py"} and path != STYLESHEET
    ]
    return SIGNS | {name for path in ours for name in re.findall(r"kern-[\w-]+", path.read_text("utf-8"))}


def part(sheet: str, wanted: frozenset[str]) -> str:
    """Return the rules that are wanted, in their order."""
    kept = []
    for head, body in _rules(sheet):
        if head.startswith(GROUPS) and body:
            inner = part(body, wanted)
            kept += [f"{head}{{{inner}}}"] if inner else []
        elif head.startswith("@") or not body:
            kept.append(f"{head}{{{body}}}" if body else head)
        elif selectors := [one for one in _split(head) if _can_match(one, wanted)]:
            kept.append(f"{','.join(selectors)}{{{body}}}")
    return "".join(kept)


def _rules(sheet: str) -> Iterator[tuple[str, str]]:
    """Cut at the outermost braces, and after statements that have none."""
    at = 0
    while at < len(sheet):
        brace, end = sheet.find("{", at), sheet.find(";", at)
        if end != -1 and sheet.startswith("@", at) and (brace == -1 or end < brace):
            yield sheet[at : end + 1], ""
            at = end + 1
            continue
        if brace == -1:
            return
        close, depth = brace + 1, 1
        while depth:
            depth += {"{": 1, "}": -1}.get(sheet[close], 0)
            close += 1
        yield sheet[at:brace].strip(), sheet[brace + 1 : close - 1]
        at = close


def _split(text: str) -> list[str]:
    """Cut at commas outside of brackets."""
    found, depth = [""], 0
    for sign in text:
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(sign, 0)
        if sign == "," and depth == 0:
            found.append("")
        else:
            found[-1] += sign
    return found


def _can_match(selector: str, wanted: frozenset[str]) -> bool:
    """Whether something on our pages may be meant: of `:is()` one way is enough, `:not()` asks for nothing."""
    while nested := _NESTED.search(selector):
        end, depth = nested.end(), 1
        while depth:
            depth += {"(": 1, ")": -1}.get(selector[end], 0)
            end += 1
        inside = selector[nested.end() : end - 1]
        if nested[1] != "not" and not any(_can_match(one, wanted) for one in _split(inside)):
            return False
        selector = selector[: nested.start()] + selector[end:]
    return all(name in wanted for name in _CLASS.findall(selector))


if __name__ == "__main__":
    whole = Path(sys.argv[1]).read_text("utf-8")
    STYLESHEET.write_text(HEAD + part(whole, used()), encoding="utf-8")
