"""`ami-bridge login`, run for real: a code or a password becomes a token file, and nothing stands in the arguments."""

import asyncio
import sys
from pathlib import Path

import pytest

from ami_bridge.desktop.signin import read_token
from tests.people.conftest import Browser, House

ROOT = Path(__file__).parents[2]


async def login(*words: str, stdin: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ami_bridge", "login", *words, cwd=ROOT,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    async with asyncio.timeout(30):
        said, _ = await process.communicate(stdin.encode())
    return process.returncode or 0, said.decode()


async def whose(browser: Browser, path: Path) -> str:
    me = await browser.send("GET", "/me", Authorization=f"Bearer {read_token(path)}")
    return str((await me.json())["login"])


async def test_a_code_of_the_page_signs_this_desk_in(
    anna: Browser, stranger: Browser, house: House, tmp_path: Path
) -> None:
    code = (await (await anna.send("POST", "/pairing")).json())["code"]
    path = tmp_path / "config" / "token"
    url = house.origin.replace("http", "ws") + "/api/v1/ws"
    code_, said = await login("--url", url, "--token-file", str(path), "--name", "pc", stdin=f"{code.lower()}\n")
    assert (code_, said) == (0, f"signed in; the token is in {path}\n")
    assert path.stat().st_mode & 0o777 == 0o600
    assert await whose(stranger, path) == "anna"
    again, said = await login("--url", house.origin, "--token-file", str(path), stdin=f"{code}\n")
    assert (again, "was used already" in said, code in said) == (1, True, False)
    assert await whose(stranger, path) == "anna", "what was there is kept"


async def test_a_password_is_asked_for_once_and_leaves_a_token_alone(
    stranger: Browser, house: House, tmp_path: Path
) -> None:
    path = tmp_path / "token"
    code, said = await login(
        "--url", house.origin, "--user", "ben", "--token-file", str(path), stdin="ben's password\n"
    )
    assert code == 0, said
    assert await whose(stranger, path) == "ben"
    (token,) = await house.access.tokens_of("ben")
    assert (token.name, token.scopes) == ("ami-bridge login", ("events", "dial"))
    assert [one.partition(":")[0] for one in house.revoked] == ["session"], "it has signed out again"
    code, said = await login("--url", house.origin, "--user", "ben", "--token-file", str(path), stdin="wrong\n")
    assert (code, "wrong." in said, "Traceback" in said) == (1, True, False)


@pytest.mark.parametrize(
    ("words", "stdin", "why"),
    [
        ((), "A\n", "say where the page is"),
        (("--url", "http://telefon.example"), "A\n", "on the wire"),
        (("--url", "http://127.0.0.1:1"), "A\n", "does not answer"),
        (("--url", "http://127.0.0.1:1"), "\n", "nothing was typed"),
        (("--url", "nonsense"), "A\n", "is not https://HOST"),
    ],
)
async def test_what_cannot_be_is_one_sentence(words: tuple[str, ...], stdin: str, why: str) -> None:
    code, said = await login(*words, stdin=stdin)
    assert (code, why in said, len(said.splitlines())) == (1, True, 1), said
