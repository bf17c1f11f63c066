"""What the demo tells people in the terminal, in German and English."""

import os
from collections.abc import Callable
from typing import Any

DE = """
Das Rathaus ist geöffnet.

  Seite       {web}
  Anmelden    {users}
              (Benutzer / Kennwort; die Telefone 101 und 102 klingeln nur, 103 und 104 nehmen ab)

Zum Ausprobieren: als anna anmelden und in einem zweiten Terminal

  {command} demo call --from +493023125001 --to 101
  {command} watch --user anna
  {command} demo alarm            (Kläranlage: wer Bereitschaft hat, wird angerufen)
                                  dasselbe am Telefon: 190, {code} und Raute; vorbei: {end_code} und Raute

Eigenes Telefon: {sip}, Benutzer 105, Kennwort {own}
Adressbücher: {books} (Benutzer {bridge}, Kennwort in .demo/demo.json)
Strg-C beendet alles, was hier gestartet wurde, und sonst nichts.
"""
EN = """
The town hall is open.

  page        {web}
  sign in as  {users}
              (user / password; telephones 101 and 102 only ring, 103 and 104 answer)

Try this: sign in as anna, and in a second terminal

  {command} demo call --from +493023125001 --to 101
  {command} watch --user anna
  {command} demo alarm            (sewage plant: whoever is on duty is called)
                                  the same by telephone: 190, {code} and hash; over: {end_code} and hash

A telephone of your own: {sip}, user 105, password {own}
Address books: {books} (user {bridge}, password in .demo/demo.json)
Ctrl-C ends everything that was started here, and nothing else.
"""


def german() -> bool:
    """Whether the terminal speaks German."""
    return os.environ.get("LC_ALL", os.environ.get("LANG", "")).lower().startswith("de")


def died(what: str) -> str:
    """Say that something died and is started again."""
    return f"{what}: beendet, wird neu gestartet …" if german() else f"{what}: ended, is started again …"


def tell(promised: dict[str, Any], say: Callable[[str], None]) -> None:
    """Tell where the page is and what to try."""
    users = "\n              ".join(
        f"{one['user']:8}{one['password']}   {one['name']}, {one['extension']}" for one in promised["people"]
    )
    own = next(one["sip_password"] for one in promised["people"] if one["extension"] == "105")
    say(
        (DE if german() else EN).format(
            web=promised["web"],
            users=users,
            command=".venv/bin/ami-bridge",
            sip=f"{promised['sip']['host']}:{promised['sip']['port']}",
            own=own,
            code=promised["alarm_number"]["code"],
            end_code=promised["alarm_number"]["end_code"],
            books=promised["groupware"]["carddav"],
            bridge=promised["groupware"]["user"],
        )
    )
