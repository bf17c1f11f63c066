"""The configuration of ways to sign in without a password of ours: OpenID Connect, Kerberos."""

from ami_bridge.config_section import Section


class Oidc(Section, frozen=True, kw_only=True):
    """A provider of OpenID Connect at which people sign in on its own page."""

    issuer: str = ""
    """Its name, exactly as it writes it; empty: there is none."""
    client_id: str = ""
    client_secret: str = ""
    client_secret_file: str = ""
    claim: str = "preferred_username"
    """What it says of a person that is the login here."""
    scope: str = "openid profile"
    label: str = ""
    """What the button says it is; by default the provider's host."""


class Kerberos(Section, frozen=True, kw_only=True):
    """Tickets of a Kerberos realm (Active Directory, FreeIPA, MIT), by which people sign in without typing."""

    keytab: str = ""
    """File with the key of this service; empty: there is none."""
    principal: str = ""
    """Which of the keys, such as `HTTP/telefon.stadt.example@STADT.EXAMPLE`; by default any that is there."""
    realms: list[str] = []
    """Of which realms people are let in, as the realms write themselves."""
    label: str = "Windows"
    """What the button says it is."""
