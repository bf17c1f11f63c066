"""Who may: sign-in, tokens, sessions, and people's own accounts at the groupware."""

from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from ami_bridge.compose.base import AddRoutes, Base
from ami_bridge.config import People
from ami_bridge.contacts.sync import Source
from ami_bridge.people.access import Access
from ami_bridge.people.accounts import Accounts
from ami_bridge.people.brokers import Brokers
from ami_bridge.people.control import BrokerDesk, TokenDesk
from ami_bridge.people.entrance import Entrance
from ami_bridge.people.kerberos import Kerberos
from ami_bridge.people.kerberos_routes import LONGEST_SHOWN, KerberosRoutes
from ami_bridge.people.ldap import Ldap
from ami_bridge.people.oidc import Oidc
from ami_bridge.people.pairing import Pairing
from ami_bridge.people.pairing_routes import PairingRoutes
from ami_bridge.people.routes import PeopleRoutes
from ami_bridge.people.seat_routes import SeatRoutes
from ami_bridge.people.seats import Seats
from ami_bridge.people.signin import SignIn, as_written
from ami_bridge.people.signin_routes import SignInRoutes
from ami_bridge.people.staff_file import StaffFile
from ami_bridge.people.store import BrokerStore, CredentialStore, OwnStore, SeatStore
from ami_bridge.people.vault import Vault
from ami_bridge.people.wishes import Wishes
from ami_bridge.web.identity import Doorway
from ami_bridge.web.server import LONGEST_HEADER


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleParts:
    """What others need of it."""

    access: Access
    doorway: Doorway
    sign_in: SignIn
    own: OwnStore
    accounts: Accounts
    wishes: Wishes
    source: Source | None
    """Where it is known who works here, unless in an address book."""
    seats: Seats
    when_moved: list[Callable[[Collection[str]], None]]
    """Told of who has another telephone now."""
    load: Callable[[], Awaitable[None]]
    """Reads who sits where; the staff must be known by then."""
    routes: list[AddRoutes]
    control: list[AddRoutes]
    longest_header: int
    """Bytes that a header of a request may have."""


def people(base: Base) -> PeopleParts:
    """Make it."""
    doorway = Doorway(base.config.web)
    access = Access(
        store=CredentialStore(base.db),
        people=base.people,
        doorway=doorway,
        now=base.now,
        session_hours=base.config.web.session_hours,
        on_revoked=lambda credential: base.hub.close(credential=credential, code=4500, reason="revoked"),
    )
    at_groupware = SignIn(groupware=base.dav, people=base.people, now=base.now)
    ldap = Ldap(base.config.people.ldap, base.numbers)
    sign_in = (
        SignIn(groupware=ldap, people=base.people, now=base.now, login_of=as_written)
        if base.config.people.sign_in == "ldap"
        else at_groupware
    )
    entrance = Entrance(access=access, people=base.people, now=base.now)
    kerberos = Kerberos(base.config.kerberos) if base.config.kerberos.keytab else None
    own, key = OwnStore(base.db), base.config.people.key
    accounts = Accounts(
        store=own,
        vault=Vault(key) if key else None,
        people=base.people,
        sign_in=at_groupware,  # what is kept opens address books, wherever people sign in
        groupware=base.dav,
        own_user=base.config.groupware.user,
        now=base.now,
    )
    brokers = Brokers(store=BrokerStore(base.db), access=access, people=base.people, now=base.now)
    when_moved: list[Callable[[Collection[str]], None]] = []
    seats = Seats(
        seats=base.config.seat,
        store=SeatStore(base.db),
        people=base.people,
        now=base.now,
        moved=_moved(base, when_moved),
    )

    async def load() -> None:
        await seats.load()
        base.directory.seat(base.people.seated())

    return PeopleParts(
        access=access,
        sign_in=sign_in,
        doorway=doorway,
        own=own,
        accounts=accounts,
        wishes=Wishes(store=own, people=base.people),
        source=_source(base.config.people, ldap),
        seats=seats,
        when_moved=when_moved,
        load=load,
        routes=[
            PeopleRoutes(access=access, sign_in=sign_in, people=base.people, doorway=doorway).add_to,
            SignInRoutes(
                entrance=entrance,
                doorway=doorway,
                oidc=Oidc(base.config.oidc, now=base.now) if base.config.oidc.issuer else None,
                kerberos=kerberos.label if kerberos else None,
            ).add_to,
            KerberosRoutes(entrance=entrance, doorway=doorway, kerberos=kerberos).add_to,
            SeatRoutes(guard=access, seats=seats).add_to,
            PairingRoutes(
                guard=access,
                doorway=doorway,
                pairing=Pairing(access=access, people=base.people, now=base.now),
                brokers=brokers,
            ).add_to,
        ],
        control=[TokenDesk(access=access, people=base.people).add_to, BrokerDesk(brokers).add_to],
        longest_header=LONGEST_SHOWN if kerberos else LONGEST_HEADER,
    )


def _source(config: People, ldap: Ldap) -> Source | None:
    """Make what the staff is read from."""
    match config.source:
        case "ldap":
            return ldap
        case "file":
            return StaffFile(Path(config.file))
        case "book":
            return None


def _moved(base: Base, others: Iterable[Callable[[Collection[str]], None]]) -> Callable[[Collection[str]], None]:
    """Make what follows when people sit down or get up: others have that telephone, and its name is another."""

    def moved(logins: Collection[str]) -> None:
        base.directory.seat(base.people.seated())
        for login in logins:
            base.hub.rights_changed(login)
        for tell in others:
            tell(logins)
        for hears in base.moving:
            hears()

    return moved
