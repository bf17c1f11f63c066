"""Bubbles of a program that lives for a moment: tells something, or asks and waits for the button."""

import contextlib
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from jeepney import DBusAddress, HeaderFields, MatchRule, MessageType, message_bus, new_method_call
from jeepney.io.blocking import open_dbus_connection

TELL_FOR = 8.0
BUS_WITHIN = 2.0
MOST_BUTTONS = 3
WITHOUT_BUTTONS = frozenset({"dunst", "mako"})
"""Notification servers that announce actions and show no buttons for them."""
NORMAL = 1
"""How urgent a bubble is; an urgent one would stay for ever on xfce4-notifyd if this program were killed."""
NO_BUTTONS: Mapping[str, str] = MappingProxyType({})

_NAME = "org.freedesktop.Notifications"
_SERVER = DBusAddress("/org/freedesktop/Notifications", bus_name=_NAME, interface=_NAME)


class NoBubblesError(Exception):
    """No notification server is there, or none that shows what is wanted."""


class Bubbles:
    """The notification server of this session."""

    def __init__(self, app: str) -> None:
        """Connect to the session's bus; raises NoBubblesError where there is none."""
        self._app = app
        try:
            self._bus = open_dbus_connection("SESSION", auth_timeout=BUS_WITHIN)
        except (OSError, KeyError, ValueError) as error:
            raise NoBubblesError("There is no session bus.") from error

    def close(self) -> None:
        """Leave the bus; what was told stays until it expires."""
        self._bus.close()

    def tell(self, title: str, body: str = "") -> None:
        """Show a message for some seconds."""
        self._show(title, body, seconds=TELL_FOR)

    def ask(self, title: str, body: str, buttons: Mapping[str, str], *, within: float) -> str | None:
        """Show a question and return the key of the button that was pressed; None where none was. It does not stay."""
        name = str(self._call("GetServerInformation")[0])
        if "actions" not in self._capabilities() or name in WITHOUT_BUTTONS or len(buttons) > MOST_BUTTONS:
            raise NoBubblesError(f"{name} shows no such buttons.")
        heard = MatchRule(type="signal", interface=_NAME, path=_SERVER.object_path)
        self._send(message_bus.AddMatch(heard))
        with self._bus.filter(heard, bufsize=256) as signals:
            shown = self._show(title, body, buttons, seconds=within)
            try:
                return self._pressed(signals, shown, until=time.monotonic() + within)
            finally:
                with contextlib.suppress(NoBubblesError):
                    self._call("CloseNotification", "u", shown)

    def _pressed(self, signals: Any, shown: int, *, until: float) -> str | None:  # noqa: ANN401 - jeepney has no types
        """Wait for a button of this bubble; other programs' bubbles are heard too."""
        while (left := until - time.monotonic()) > 0:
            try:
                signal = self._bus.recv_until_filtered(signals, timeout=left)
            except TimeoutError:
                return None
            except OSError as error:
                raise NoBubblesError("The session's bus is gone.") from error
            if signal.body and signal.body[0] == shown:
                kind = signal.header.fields.get(HeaderFields.member)
                if kind == "ActionInvoked":
                    return str(signal.body[1])
                if kind == "NotificationClosed":
                    return None
        return None

    def _show(self, title: str, body: str, buttons: Mapping[str, str] = NO_BUTTONS, *, seconds: float) -> int:
        """Put a bubble on the screen; returns its number."""
        if "body-markup" in self._capabilities():
            body = body.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        actions = [text for button in buttons.items() for text in button]
        # Without the hint desktop-entry: by it GNOME takes a bubble away as soon as its program ends.
        hints = {"urgency": ("y", NORMAL), "transient": ("b", True)}
        about = (self._app, 0, "call-start", title, body, actions, hints, int(seconds * 1000))
        return int(self._call("Notify", "susssasa{sv}i", *about)[0])

    def _capabilities(self) -> list[str]:
        capabilities: list[str] = self._call("GetCapabilities")[0]
        return capabilities

    def _call(self, method: str, signature: str | None = None, *body: object) -> tuple[Any, ...]:
        """Ask the notification server."""
        return self._send(new_method_call(_SERVER, method, signature, body))

    def _send(self, message: Any) -> tuple[Any, ...]:  # noqa: ANN401 - as above
        """Ask over the bus; raises NoBubblesError for an error, and instead of waiting."""
        try:
            answer = self._bus.send_and_get_reply(message, timeout=BUS_WITHIN)
        except (OSError, TimeoutError) as error:
            raise NoBubblesError("The notification server does not answer.") from error
        if answer.header.message_type == MessageType.error:
            raise NoBubblesError(f"The notification server says: {answer.body}.")
        body: tuple[Any, ...] = answer.body
        return body
