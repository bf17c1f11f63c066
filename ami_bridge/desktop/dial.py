"""The command `ami-dial`: calls what is marked, clicked or written, after a question only where one is needed.

Exit codes: 0 the call was begun, or the page asks; 1 there is no call; 2 wrong usage. It is started anew at each press
of a key, so what is not always needed is imported late.
"""

import argparse
import contextlib
import signal
import sys
from collections.abc import Sequence

from msgspec.structs import replace

from ami_bridge import __version__
from ami_bridge.desktop import local, selection
from ami_bridge.desktop.ask import Asker, CannotAskError
from ami_bridge.desktop.dial_texts import Texts
from ami_bridge.desktop.numbers_in_text import Found, Region, is_link, number_of_link, numbers_in
from ami_bridge.desktop.settings import Settings, SettingsError, language, load
from ami_bridge.desktop.wish import key_for

NO = "no"
UNCONFIRMED = "unconfirmed"
"""The daemon's code for a number that must be confirmed."""


class NoCallError(Exception):
    """There is no call; the text says why, in one sentence for people."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command and leave with its exit code."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    if arguments.do is None and bool(arguments.text) == arguments.selection:
        parser.error("say either TEXT or --selection")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # a question that is open is taken from the screen
    try:
        settings = load(needs_url=False)
    except SettingsError as error:
        sys.exit(f"ami-dial: {error}")
    texts = Texts(language(settings))
    asker = Asker(texts("app"), page=settings.url, prefer_page=settings.dialling.questions == "page")
    desk = Desk(settings, texts, asker, device=arguments.device)
    try:
        if arguments.do:
            desk.act(arguments.do, " ".join(arguments.text) or None)
        elif arguments.print:
            print("\n".join(one.to for one in desk.found(arguments)))  # noqa: T201 - it is what was asked for
        else:
            desk.dial(desk.found(arguments), clicked=not arguments.selection and is_link(arguments.text[0]))
    except NoCallError as error:
        asker.tell(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _parser() -> argparse.ArgumentParser:
    """Say what can be written on the command line."""
    parser = argparse.ArgumentParser(prog="ami-dial", description="Calls a number that is marked, clicked or written.")
    parser.add_argument("text", nargs="*", metavar="TEXT", help="text with a number, or a link such as tel:+49…")
    parser.add_argument("--selection", action="store_true", help="what is marked on the screen")
    parser.add_argument("--device", help="which of one's own telephones rings; default: the chosen one")
    parser.add_argument("--print", action="store_true", help="only print which numbers are found")
    parser.add_argument("--do", metavar="VERB", help="do this with the call: answer, reject, hangup, hold, park …")
    parser.add_argument("--version", action="version", version=f"ami-dial {__version__}")
    return parser


class Desk:
    """One person's desk: reads numbers as its settings say, and calls with what is there."""

    def __init__(self, settings: Settings, texts: Texts, asker: Asker, *, device: str | None = None) -> None:
        self._settings = settings
        self._texts = texts
        self._asker = asker
        self._device = device
        self._region = Region(settings.dialling.country, settings.dialling.area_code)

    def found(self, arguments: argparse.Namespace) -> list[Found]:
        """Find the numbers; raises NoCallError where there is none."""
        if arguments.selection:
            try:
                marked = selection.read()
            except selection.NothingMarkedError as error:
                raise NoCallError(self._texts.why(error.why, None)) from error
            found = numbers_in(marked.text, self._region, cut=marked.cut)
        elif is_link(arguments.text[0]):
            one = number_of_link(" ".join(arguments.text), self._region)
            found = [one] if one else []
        else:
            found = numbers_in(" ".join(arguments.text), self._region)
        if not found:
            raise NoCallError(self._texts("none"))
        return found

    def dial(self, found: Sequence[Found], *, clicked: bool) -> None:
        """Call a number, after a question where one is needed; `clicked` says that it comes from a link."""
        wanted: Found | None = found[0]
        if len(found) > 1 or found[0].danger is not None or (clicked and self._settings.dialling.ask_for_links):
            wanted = self._asked(found)
        if wanted is None or self._call(wanted):
            return
        if wanted.danger is None and (wanted := self._asked([replace(wanted, danger="unconfirmed")])) is None:
            return
        if not self._call(wanted):
            raise NoCallError(self._why(wanted, UNCONFIRMED, None))

    def act(self, verb: str, to: str | None) -> None:
        """Do something with a call that goes on; only the client of this screen knows which."""
        from uuid import uuid4  # noqa: PLC0415 - see above

        try:
            answer = local.ask(local.Act(verb=verb, to=to, key=str(uuid4())))
        except local.NobodyThereError as error:
            raise NoCallError(self._texts("code.no_client")) from error
        if not answer.ok:
            raise NoCallError(answer.message or self._texts.why(answer.code, None))  # its words are about calls

    def _asked(self, found: Sequence[Found]) -> Found | None:
        """Ask whether, or which; None where the page asks. Raises NoCallError where the answer is no, or none."""
        texts, first = self._texts, found[0]
        if len(found) == 1:
            title, body = texts("ask", number=first.display), texts(f"ask.{first.danger or 'link'}")
            choices = {first.to: texts("call"), NO: texts("cancel")}
        else:
            title, body = texts("ask.which"), texts("ask.which_body")
            choices = {one.to: texts(f"label.{one.danger or 'harmless'}", number=one.display) for one in found}
        with self._asker.alone(local.own_folder() / f"{local.screen()}.question") as alone:
            if not alone:
                raise NoCallError(texts("one_question"))
            try:
                answer = self._asker.ask(title, body, choices, on_page=[one.to for one in found])
            except CannotAskError as error:
                raise NoCallError(texts("cannot_ask", number=", ".join(one.display for one in found))) from error
        if answer.on_page:
            return None
        for one in found:
            if one.to == answer.key:
                return one
        raise NoCallError(texts("not_called"))

    def _call(self, number: Found) -> bool:
        """Have one's own telephone ring, then this number called: by the client of this screen, else by ourselves.

        False where the daemon wants to have it confirmed.
        """
        key, confirmed = key_for(number.to, local.own_folder() / f"{local.screen()}.wish"), number.danger is not None
        try:
            answer = local.ask(local.Dial(to=number.to, key=key, device=self._device, confirmed=confirmed))
        except local.NobodyThereError:
            return self._call_by_rest(number, key, confirmed=confirmed)
        if answer.code == UNCONFIRMED and not confirmed:
            return False
        if not answer.ok:
            raise NoCallError(self._why(number, answer.code, answer.message))
        if number.extension:  # all else the client's own bubble says
            self._asker.tell(self._texts("then_press", extension=number.extension))
        return True

    def _call_by_rest(self, number: Found, key: str, *, confirmed: bool) -> bool:
        """Ask the daemon ourselves, with the person's token, and say what the client's bubble would."""
        from ami_bridge.desktop.rest import Daemon  # noqa: PLC0415 - as above
        from ami_bridge.desktop.signin import LaterError, SignIn  # noqa: PLC0415 - as above

        if not self._settings.url:
            raise NoCallError(self._texts("code.no_url"))
        try:
            token = SignIn("ami-dial", file=self._settings.token_file).token()
        except LaterError as later:
            raise NoCallError(self._why(number, "unavailable", str(later))) from later
        if token is None:
            raise NoCallError(self._texts("code.no_token"))
        with contextlib.closing(Daemon(self._settings.url, token, ca=self._settings.ca)) as daemon:
            said = daemon.dial(number.to, key=key, device=self._device, confirmed=confirmed)
            if said.code == UNCONFIRMED and not confirmed:
                return False
            if said.call is None:
                raise NoCallError(self._why(number, said.code, said.detail))
            name = daemon.whom(said.call)
        whom = f"{name} ({number.display})" if name else number.display
        more = self._texts("then_press", extension=number.extension) if number.extension else ""
        self._asker.tell(self._texts("rings"), f"{self._texts('rings_body', whom=whom)} {more}".strip())
        return True

    def _why(self, number: Found, code: str | None, message: str | None) -> str:
        return f"{self._texts('failed', number=number.display)}: {self._texts.why(code, message)}"
