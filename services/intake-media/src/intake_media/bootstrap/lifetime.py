"""What an app lives with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from intake_media.adapters.backbone import Backbone
from shared.runtime.serve import Lifespan


def lifespan_of(backbone: Backbone | None) -> Lifespan:
    """Runs the backbone while the app is up."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if backbone is None:
            yield
            return
        async with backbone.running():
            yield

    return lifespan
