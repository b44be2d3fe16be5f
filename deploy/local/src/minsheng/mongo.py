"""The embedded Mongo-protocol server: only ever a process beside ours (its licence is GPL), never imported."""

import sys
from pathlib import Path

from minsheng.places import Places


def command(places: Places) -> list[str]:
    """The server's command line; each commit reaches the disk before it is acknowledged."""
    return [
        str(Path(sys.executable).with_name("secantusd-py")),
        "--host",
        places.host,
        "--port",
        str(places.ports["MONGO_PORT"]),
        "--storage-path",
        str(places.folder("mongo")),
        "--sync-on-commit",
        "--log-level",
        "WARNING",
        "--cache-size",
        "256M",
        # No change streams, no transactions, one node: an oplog would be a second write of everything.
        "--standalone",
    ]


async def answers(uri: str) -> str | None:
    """None when the server answers a ping, else the reason in one sentence."""
    from pymongo import AsyncMongoClient
    from pymongo.errors import PyMongoError

    client: AsyncMongoClient[dict[str, object]] = AsyncMongoClient(
        uri, serverSelectionTimeoutMS=1500, socketTimeoutMS=1500
    )
    try:
        await client.admin.command("ping")
    except PyMongoError as error:
        return f"the database does not answer ({type(error).__name__})"
    finally:
        await client.close()
    return None
