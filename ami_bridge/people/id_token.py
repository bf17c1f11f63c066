"""What a provider of OpenID Connect says of somebody, and whether it is really said by it, to us, now. Pure."""

import contextlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry, extract_compact

from ami_bridge.errors import NotReachableError, UnauthorisedError

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Signatures that only the provider can make: neither none, nor one by a secret that two know."""
CLOCKS_DIFFER = 60
"""Seconds that two clocks may differ."""
LONGEST = 16_384
MOST_KEYS = 50
LEAST_RSA_BITS = 2048

Claims = Mapping[str, Any]
Key = RSAKey | ECKey


class UnknownKeyError(UnauthorisedError):
    """Signed with a key that is not among those we know: the provider may have new ones."""


def keys_of(document: Mapping[str, Any]) -> list[Key]:
    """Read the provider's public keys; those of unknown kinds or for other purposes are left out."""
    found: list[Key] = []
    listed = document.get("keys")
    for one in listed[:MOST_KEYS] if isinstance(listed, list) else []:
        if not isinstance(one, dict) or one.get("kty") not in {"RSA", "EC"} or one.get("use", "sig") != "sig":
            continue
        try:
            key = RSAKey.import_key(one) if one["kty"] == "RSA" else ECKey.import_key(one)
            weak = isinstance(key, RSAKey) and key.public_key.key_size < LEAST_RSA_BITS
        except (JoseError, ValueError, TypeError, KeyError):
            continue
        if not weak:
            found.append(key)
    if not found:
        raise NotReachableError("the provider shows no key that we can use")
    return found


def said_in(token: str, keys: Sequence[Key], *, issuer: str, client_id: str, nonce: str, now: datetime) -> Claims:
    """Return what the token says, if the provider says it, to us, in answer to our question; else UnauthorisedError."""
    if len(token) > LONGEST or not token.isascii():
        raise UnauthorisedError("the ID token is too long")
    claims = _signed(token, keys)
    wanted = jwt.JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=CLOCKS_DIFFER,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": client_id},
        exp={"essential": True},
        iat={"essential": True},
        sub={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    try:
        wanted.validate(claims)
    except JoseError as error:
        raise UnauthorisedError(f"the ID token is not for this sign-in: {error.error}") from error
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if (several or "azp" in claims) and claims.get("azp") != client_id:
        raise UnauthorisedError("the ID token was made for another program")
    return claims


def login_in(claims: Claims, claim: str) -> str | None:
    """Return the login that stands there; None where there is none, or an address that nobody has checked."""
    if claim == "email" and claims.get("email_verified") is not True:
        return None
    login = claims.get(claim)
    return login if isinstance(login, str) and login.strip() else None


def _signed(token: str, keys: Sequence[Key]) -> dict[str, Any]:
    """Return what was signed with one of these keys; where the token names one, with that."""
    registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
    registry.max_header_length = LONGEST  # some put their certificate there
    try:
        named = extract_compact(token.encode()).headers().get("kid")
        fitting = [key for key in keys if named is None or key.kid == named]
        if not fitting:
            raise UnknownKeyError("the ID token is signed with a key that the provider does not show")
        for key in fitting[:-1]:
            with contextlib.suppress(JoseError):
                return jwt.decode(token, key, algorithms=ALGORITHMS, registry=registry).claims
        return jwt.decode(token, fitting[-1], algorithms=ALGORITHMS, registry=registry).claims
    except JoseError as error:
        raise UnauthorisedError(f"the ID token is not signed as it must be: {error.error}") from error
    except (ValueError, TypeError, RecursionError) as error:
        raise UnauthorisedError("the ID token cannot be read") from error
