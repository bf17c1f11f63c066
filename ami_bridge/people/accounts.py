"""Accounts at the groupware that people give to have their own address books read: checked, sealed, taken back."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from ami_bridge.errors import BadRequestError, NotAllowedError, NotFoundError, RateLimitedError, UnauthorisedError
from ami_bridge.ids import new_id
from ami_bridge.people.model import Account, People, Person
from ami_bridge.people.signin import Groupware
from ami_bridge.people.tries import Tries
from ami_bridge.people.vault import Vault

log = structlog.get_logger()

HERE = "control socket"
"""Where a password comes from that the administrator of this machine gives."""
OWN_TRIES = 5
OWN_WITHIN = timedelta(hours=1)
"""How often one person's passwords are tried on the daemon's own account, which a directory would lock for guessing."""


class Store(Protocol):
    """Where accounts are kept."""

    async def accounts(self) -> list[Account]:
        """Read all."""

    async def keep_account(self, account: Account) -> None:
        """Keep one."""

    async def drop_account(self, login: str) -> None:
        """Delete one."""

    async def forget(self, logins: Collection[str]) -> None:
        """Delete all that these people have."""


class SignIn(Protocol):
    """Knows whether a password is right, and lets nobody guess."""

    async def check(self, user: str, password: str, *, source: str) -> Person:
        """Return whose it is."""


class Accounts:
    """Everybody's account; passwords are readable in memory and with the key alone."""

    def __init__(
        self,
        *,
        store: Store,
        vault: Vault | None,
        people: People,
        sign_in: SignIn,
        groupware: Groupware,
        own_user: str,
        now: Callable[[], datetime],
    ) -> None:
        """`own_user` is the daemon's own account at the groupware, which no person's password may open."""
        self._store = store
        self._vault = vault
        self._people = people
        self._sign_in = sign_in
        self._groupware = groupware
        self._own_user = own_user
        self._now = now
        self._accounts: dict[str, Account] = {}
        self._passwords: dict[str, str] = {}
        self._own_tries = Tries(most=OWN_TRIES, within=OWN_WITHIN)

    async def load(self) -> None:
        """Read what was given, and say how many do not open with this key."""
        for account in await self._store.accounts():
            self._accounts[account.login] = account
            if self._vault and (password := self._vault.open(account.sealed, login=account.login)):
                self._passwords[account.login] = password
        if closed := len(self._accounts) - len(self._passwords):
            log.warning("people.accounts_do_not_open", accounts=closed, why="people.key_file is missing or another")

    def all(self) -> list[Account]:
        """Return all accounts, also those that do not open."""
        return list(self._accounts.values())

    def of(self, login: str) -> Account | None:
        """Return somebody's account."""
        return self._accounts.get(login)

    def password(self, login: str) -> str | None:
        """Return somebody's password; None where there is none, or none that opens."""
        return self._passwords.get(login)

    async def give(self, login: str, password: str, *, source: str) -> Account:
        """Keep a person's password after the groupware has said that it is right, and that it is theirs alone."""
        if self._vault is None:
            raise NotAllowedError(
                "No passwords can be kept here: the administrator must first make a key and name it in "
                "[people] key_file (`openssl rand -base64 32`)."
            )
        if self._people.by_login(login) is None:
            raise NotFoundError(f"Nobody in the staff book has the login {login!r}.")
        try:
            await self._sign_in.check(login, password, source=source)
        except UnauthorisedError as error:  # who asks is signed in all the same
            raise BadRequestError("The groupware does not take this password.") from error
        if login == self._own_user or await self._opens_ours(password, source, login):
            raise NotAllowedError(
                "This password opens other accounts too; make an app password that is for this person alone."
            )
        now = self._now()
        known = self._accounts.get(login)
        account = Account(
            id=known.id if known else new_id(now),
            login=login,
            sealed=self._vault.seal(password, login=login),
            given=now,
        )
        await self._store.keep_account(account)
        self._accounts[login], self._passwords[login] = account, password
        log.info("people.account_given", account=account.id)
        return account

    async def _opens_ours(self, password: str, source: str, login: str) -> bool:
        """Try a password on the daemon's own account: one that opens it is valid for more people than its giver."""
        if not self._own_user:
            return False
        now = self._now()
        if source != HERE:  # the administrator of this machine may give a whole house's in an hour
            if (wait := self._own_tries.wait(login, now)) > 0:
                raise RateLimitedError("Too many passwords were given lately; try again later.", retry_after=wait)
            self._own_tries.count(login, now)
        return await self._groupware.principal(self._own_user, password) is not None

    async def remove(self, login: str) -> None:
        """Forget somebody's password, at once."""
        account = self._accounts.get(login)
        if account is None:
            raise NotFoundError("No password for private books was given, or it is removed already.")
        await self._store.drop_account(login)
        self._accounts.pop(login, None)
        self._passwords.pop(login, None)
        log.info("people.account_removed", account=account.id)

    async def forget(self, logins: Collection[str]) -> None:
        """Forget all that these people have: they do not work here any more."""
        for login in logins:
            self._passwords.pop(login, None)
            if account := self._accounts.pop(login, None):
                log.info("people.account_removed", account=account.id)
        await self._store.forget(logins)
