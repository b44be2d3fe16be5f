"""Hotlines as users of a guarded Kafka."""

from __future__ import annotations

from shared.messaging.connection import KafkaConnection
from shared.operations import principals


class KafkaHotlines:
    """Fulfils `ports.HotlinePrincipals`; the connection is an administrator's."""

    def __init__(self, connection: KafkaConnection) -> None:
        self._connection = connection

    def user(self, name: str) -> str:
        return principals.hotline_user(name)

    async def admit(self, name: str, password: str) -> None:
        await principals.admit_hotline(self._connection, name, password)

    async def dismiss(self, name: str) -> None:
        await principals.dismiss_hotline(self._connection, name)
