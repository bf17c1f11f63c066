"""Numbers that no machine may call: emergency services and what stands in for them. Pure.

The dialplan (dialplan/alarms.conf) looks once more, for what is dialled there.
"""

import re

_FORBIDDEN = re.compile(r"[+0]*(?:49)?0*(?:110|112|116[0-9]{3}|19222)")


def forbidden(number: str, outside_line: str = "") -> bool:
    """Whether an alarm must never call this number, however it is written: 112, 0112, +49112, 0049 112."""
    digits = re.sub(r"[^0-9+]", "", number)
    without = digits.removeprefix(outside_line) if outside_line else digits
    return any(_FORBIDDEN.fullmatch(one) for one in (digits, without))
