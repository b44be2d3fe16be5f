"""Ports and room: what has to be free before anything starts."""

import shutil
import socket
from collections.abc import Iterable

import psutil

from minsheng.places import Places
from minsheng.process import Process


class CannotStart(RuntimeError):
    """What stands in the way, in a sentence that says what to do."""


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def refuse_taken(places: Places, processes: Iterable[Process]) -> None:
    """Raise `CannotStart` naming the first port that somebody else holds, and who."""
    for process in processes:
        for name in process.ports:
            port = places.ports[name]
            if not is_free(places.host, port):
                raise CannotStart(
                    f"port {port}, wanted by {process.name}, is taken{holder(port)}: stop that process, set "
                    f"{name}, or move all ports with MINSHENG_PORT_OFFSET=1000"
                )


def holder(port: int) -> str:
    """Who listens on the port, as ` by process …`; empty when that may not be known."""
    try:
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr[1:2] == (port,)
            if listens and connection.pid:
                return f" by process {connection.pid} ({psutil.Process(connection.pid).name()})"
    except psutil.Error:
        pass  # other users' processes may not be looked at
    return ""


def free_bytes(places: Places) -> int:
    """Room on the disk that holds the state."""
    existing = next(folder for folder in (places.state, *places.state.parents) if folder.exists())
    return shutil.disk_usage(existing).free
