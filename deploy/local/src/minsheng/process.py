"""What is to be known of one process of the local stack before it runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Process:
    """One kind of process; `count` of them are started and `minsheng scale` changes that for workers."""

    name: str
    kind: str  # service, worker or infrastructure
    command: tuple[str, ...]
    url: str | None = None  # None: the process says its own in the registry, or has none
    secrets: tuple[str, ...] = ()
    principal: str | None = None  # who it is to a guarded broker
    also: tuple[str, ...] = ()  # principals whose password it gets besides, each for one purpose
    env: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[str, ...] = ()
    graceful_seconds: float = 15.0
