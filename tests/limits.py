"""How exactly a measured limit is judged: to the letter by `make soak`, generously where a change is only checked.

A machine that does other things besides must not fail a change that made nothing slower; what is slower by a whole
size is found all the same. The figure itself is printed by every run.
"""

import os

EXACTLY = bool(os.environ.get("AMI_BRIDGE_SOAK"))
GENEROUS = 4.0


def allowed(asked: float) -> float:
    """Return what a run may take at most, where so much is asked for."""
    return asked if EXACTLY else GENEROUS * asked
