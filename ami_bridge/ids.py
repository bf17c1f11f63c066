"""Identifiers: ULIDs, which sort by the time they were made."""

import secrets
from datetime import datetime

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32


def new_id(now: datetime) -> str:
    """26 characters: 48 bits of milliseconds, 80 random bits; two of the same millisecond are in no order."""
    number = int(now.timestamp() * 1000) << 80 | secrets.randbits(80)
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
