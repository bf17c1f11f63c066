"""The sections of the configuration about finished calls."""

from typing import Literal

from ami_bridge.config_section import Section


class KeepDays(Section, frozen=True, kw_only=True):
    """How long calls of a class are kept, where that is not `keep_days`; of several classes the shortest counts."""

    answered: int | None = None
    missed: int | None = None
    """Calls in which nobody talked."""
    internal: int | None = None
    external: int | None = None
    private: int | None = None


class NoJournal(Section, frozen=True, kw_only=True):
    """Whose calls are nobody's business: nothing of them is kept, not even by those they talk to."""

    numbers: list[str] = []
    """Own extensions, lines, or numbers outside in E.164."""
    devices: list[str] = []
    groups: list[str] = []
    """Departments or categories of the staff book."""


class Journal(Section, frozen=True, kw_only=True):
    """What is kept of finished calls, for how long, and who may read it."""

    department: Literal["off", "own", "dept"] = "own"
    """Whether there is no journal, everybody reads their own, or a department reads its missed calls too."""
    department_shows: Literal["missed", "all"] = "missed"
    keep_days: int = 30
    longer_because: str = ""
    """Why something is kept longer than 90 days; without a reason it is refused."""
    private_prefix: str = ""
    """What is dialled before a number to make the call a private one."""
    private_number: Literal["none", "cut"] = "none"
    """Whether nothing is kept of a private call's number, or all but its last three digits."""
    keep: KeepDays = KeepDays()
    none: NoJournal = NoJournal()


class MissedWebhook(Section, frozen=True, kw_only=True):
    """Where missed calls are told to, such as a room of a chat."""

    kind: Literal["json", "rocketchat", "mattermost", "matrix"] = "json"
    url: str = ""
    """Empty: nobody is told."""
    url_file: str = ""
    secret: str = ""
    """Matrix: the access token. Else signs what is sent."""
    secret_file: str = ""
    number: bool = False
    """Whether the caller's number is told."""
    departments: list[str] = []
    """Whose missed calls; empty: everybody's."""
    networks: list[str] = []
    """Networks that are no part of the internet and may be written to all the same, such as `10.1.2.0/24`."""
    wait: float = 5.0
    """Seconds after the end of a call until it is told, in case somebody else takes it or it is called back at once."""
