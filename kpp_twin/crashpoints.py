"""Named places at which a test may end the process, as a power cut or `kill -9` would.

In normal use each is one look-up of an environment variable.
"""

import os
import signal
from itertools import count

VARIABLE = "KPP_TWIN_CRASH_AT"

POINTS = (
    "before_read",
    "after_gate",
    "before_keep",
    "after_keep",
    "before_commit",
    "inside_transaction",
    "after_commit",
    "before_journal",
    "inside_journal",
    "after_journal",
    "before_publish",
    "after_copy",
    "before_replace",
    "after_publish",
)

_passes = {point: count(1) for point in POINTS}


def reach(point: str) -> None:
    """Die here if the environment asks for it: ``POINT`` or ``POINT:N`` for the N-th pass."""
    wanted = os.environ.get(VARIABLE)
    if wanted is None:
        return
    name, _, nth = wanted.partition(":")
    if name == point and next(_passes[point]) == int(nth or 1):
        os.kill(os.getpid(), signal.SIGKILL)
