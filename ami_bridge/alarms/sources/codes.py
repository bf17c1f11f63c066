"""Codes that raise an alarm by telephone, as they are kept: hashed, in the one form that the PBX can compare. Pure.

The PBX decides while the daemon is away, so it must have what it compares with; it can do SHA-1 of a salt and what was
typed. That keeps a code from being read by the way. Who has the hash can try all codes of a few digits in a moment, so
files and rows with it are readable for those alone who need them.
"""

import hashlib
import re

CODE = re.compile(r"[0-9]{4,12}")
"""What can be typed. As people know it; nowhere kept."""


def kept(code: str, salt: str) -> str:
    """Return a code as configuration and PBX have it."""
    hashed = hashlib.sha1(f"{salt}{code}".encode(), usedforsecurity=False).hexdigest()
    return f"sha1:{salt}:{hashed}"
