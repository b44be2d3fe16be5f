"""`python -m notifier`."""

import asyncio

from notifier.bootstrap import run
from notifier.settings import NotifierSettings

if __name__ == "__main__":
    asyncio.run(run(NotifierSettings()))
