"""When a mail is tried again, and when it is given up."""

from __future__ import annotations

import random
from datetime import timedelta

PAUSES_S = (5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 14_400, 14_400, 14_400)
MAX_ATTEMPTS = len(PAUSES_S) + 1
"""Over about twenty hours: longer than a greylist or a full mailbox usually lasts."""
PATIENCE = timedelta(days=3)
"""A notice that could not even be handed to our own mail server for so long says nothing new any more."""


def pause(attempts: int) -> timedelta:
    """Wait after the `attempts`-th refusal, shortened by chance so that refusals don't come back together."""
    seconds = PAUSES_S[min(attempts, len(PAUSES_S)) - 1]
    return timedelta(seconds=seconds * random.uniform(0.8, 1.0))
