"""What the types of the configuration of other sign-ins cannot tell: each mistake is one sentence with its key."""

import re
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ami_bridge.errors import ConfigError

if TYPE_CHECKING:
    from ami_bridge.config import Config
    from ami_bridge.config_signin import Kerberos, Oidc

LONGEST_LABEL = 40
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def check_sign_in(config: "Config", path: Path) -> None:
    """Raise ConfigError for the first mistake."""
    for key, why in (*_of_oidc(config.oidc), *_of_kerberos(config.kerberos)):
        raise ConfigError(f"{path}: [{key}]: {why}")


def _of_oidc(oidc: "Oidc") -> Iterator[tuple[str, str]]:
    if not oidc.issuer:
        if oidc.client_id or oidc.client_secret:
            yield "oidc.issuer", "is missing: the provider's address, exactly as it names itself"
        return
    if not is_safe(oidc.issuer):
        yield "oidc.issuer", "is not https://… (or http:// on this machine), without a query"
    if not oidc.client_id or not oidc.client_id.isprintable():
        yield "oidc.client_id", "is missing: the name that the provider has given us"
    if CONTROL.search(oidc.client_secret):
        yield "oidc.client_secret_file", "must be one line of text"
    if not re.fullmatch(r"[\x21-\x7e]{1,100}", oidc.claim):
        yield "oidc.claim", f"{oidc.claim!r} is not one word like preferred_username"
    if "openid" not in oidc.scope.split() or CONTROL.search(oidc.scope):
        yield "oidc.scope", f"{oidc.scope!r} does not begin with openid, or is not one line"
    if len(oidc.label) > LONGEST_LABEL or not oidc.label.isprintable():
        yield "oidc.label", f"is longer than {LONGEST_LABEL} characters, or not one line"


def _of_kerberos(kerberos: "Kerberos") -> Iterator[tuple[str, str]]:
    if not kerberos.keytab:
        if kerberos.principal or kerberos.realms:
            yield "kerberos.keytab", "is missing: the file with the key of this service"
        return
    if not Path(kerberos.keytab).is_absolute() or not kerberos.keytab.isprintable():
        yield (
            "kerberos.keytab",
            f"{kerberos.keytab!r} is not the whole path of a file, such as /etc/ami-bridge/http.keytab",
        )
    if kerberos.principal and not re.fullmatch(r"HTTP/[a-z0-9.-]+@[\x21-\x3f\x41-\x7e]+", kerberos.principal):
        yield "kerberos.principal", f"{kerberos.principal!r} is not like HTTP/telefon.stadt.example@STADT.EXAMPLE"
    if not kerberos.realms:
        yield "kerberos.realms", 'is missing: whose tickets are good here, such as ["STADT.EXAMPLE"]'
    for realm in kerberos.realms:
        if not re.fullmatch(r"[\x21-\x2e\x30-\x3f\x41-\x5b\x5d-\x7e]{1,200}", realm):
            yield "kerberos.realms", f"{realm!r} is not the name of a realm, such as STADT.EXAMPLE"
    if not kerberos.label or len(kerberos.label) > LONGEST_LABEL or not kerberos.label.isprintable():
        yield "kerberos.label", f"is empty, longer than {LONGEST_LABEL} characters, or not one line"


def is_safe(url: str) -> bool:
    """Whether secrets may be sent there: nobody else reads them on the way."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.port == 0 or not host or CONTROL.search(url) or parts.query or parts.fragment or "@" in parts.netloc:
            return False
    except ValueError:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_local(host))


def _is_local(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
