"""The desktop's notification service (org.freedesktop.Notifications), whoever provides it: told in the way it can."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jeepney import DBusAddress

from ami_bridge.desktop.bubble import Bubble
from ami_bridge.desktop.bus import Bus, BusError

NAME = "org.freedesktop.Notifications"
SERVICE = DBusAddress("/org/freedesktop/Notifications", bus_name=NAME, interface=NAME)
DESKTOP_ENTRY = "ami-bridge-desktop"
ICON = Path(__file__).parent / "share" / "ami-bridge.png"
HONOUR_TIMEOUTS = frozenset({"dunst"})
"""Services where an urgent bubble expires when we say so (measured); at others it stays until somebody closes it."""
TIED_TO_US = frozenset({"gnome-shell"})
"""Services that take bubbles away when who showed them is gone, if it is an installed application."""
EXCESS = "Error.ExcessNotificationGeneration"
NORMAL, CRITICAL = 1, 2
DISMISSED = 2


def is_installed(environ: Mapping[str, str]) -> bool:
    """Whether the desktop knows us as an application."""
    folders = (environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":")
    return any((Path(folder) / "applications" / f"{DESKTOP_ENTRY}.desktop").is_file() for folder in folders)


class ExcessError(Exception):
    """The service thinks that this was too often (KDE: the same bubble within a second)."""


class Notifications:
    """Shows bubbles; whoever gets them may come and go."""

    def __init__(self, bus: Bus, *, app: str, sound: bool, installed: bool = False) -> None:
        self.capabilities: frozenset[str] = frozenset()
        self.server = ""
        self._bus = bus
        self._app = app
        self._sound = sound
        self._installed = installed
        self._known = False

    async def begin(
        self,
        *,
        acted: Callable[[int, str], None],
        closed: Callable[[int, int], None],
        gone: Callable[[], None],
    ) -> None:
        """Hear what people do with bubbles; `gone` says that all are gone, with the service that had them."""
        await self._bus.listen(NAME, "ActionInvoked", lambda body: acted(body[0], body[1]))
        await self._bus.listen(NAME, "NotificationClosed", lambda body: closed(body[0], body[1]))

        def owner(_body: tuple[Any, ...]) -> None:
            self._known = False
            gone()

        await self._bus.listen("org.freedesktop.DBus", "NameOwnerChanged", owner, more=f",arg0='{NAME}'")

    async def show(self, bubble: Bubble, *, replaces: int = 0) -> int:
        """Show it, in the place of another; return its number, which may be a new one. Raises BusError, ExcessError."""
        await self._ask_what_it_can()
        try:
            (number,) = await self._bus.call(
                SERVICE, "Notify", "susssasa{sv}i",
                self._app, replaces, self._icon(), bubble.summary, self._body(bubble), self._actions(bubble),
                self._hints(bubble), bubble.expires,
            )  # fmt: skip
        except BusError as error:
            if error.name.endswith(EXCESS):
                raise ExcessError from error
            raise
        return int(number)

    async def close(self, number: int, *, within: float = 2.0) -> None:
        """Take it away."""
        await self._bus.call(SERVICE, "CloseNotification", "u", number, within=within)

    async def _ask_what_it_can(self) -> None:
        """Ask once per service."""
        if not self._known:
            (can,) = await self._bus.call(SERVICE, "GetCapabilities")
            about = await self._bus.call(SERVICE, "GetServerInformation")
            self.capabilities, self.server = frozenset(can), str(about[0])
            self._known = True

    def _icon(self) -> str:
        return ICON.as_uri()

    def _body(self, bubble: Bubble) -> str:
        if "body-markup" not in self.capabilities:
            return bubble.body
        return bubble.body.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    def _actions(self, bubble: Bubble) -> list[str]:
        """Return pairs of key and label; one with an empty label is the click on the bubble itself."""
        if "actions" not in self.capabilities:
            return []
        default = ["default", ""] if bubble.default is not None else []
        return default + [text for button in bubble.buttons for text in (button.verb, button.label)]

    def _may_be_urgent(self) -> bool:
        """Whether an urgent bubble cannot outlive us: xfce4-notifyd and Plasma never let one expire."""
        return self.server in HONOUR_TIMEOUTS or (self.server in TIED_TO_US and self._installed)

    def _hints(self, bubble: Bubble) -> Mapping[str, tuple[str, object]]:
        hints: dict[str, tuple[str, object]] = {
            "urgency": ("y", CRITICAL if bubble.urgent and self._may_be_urgent() else NORMAL),
            "desktop-entry": ("s", DESKTOP_ENTRY),
        }
        if bubble.category:
            hints["category"] = ("s", bubble.category)
        if not bubble.kept:
            hints["transient"] = ("b", True)
        if "sound" in self.capabilities:
            if self._sound and bubble.stays:
                hints["sound-name"] = (
                    "s",
                    "alarm-clock-elapsed" if bubble.occasion == "alarm" else "phone-incoming-call",
                )
            else:
                hints["suppress-sound"] = ("b", True)
        return hints
