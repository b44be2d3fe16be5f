"""The composition root: which adapter fulfils which port, and what runs while the service is up."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from router import subscribers
from router.adapters.connections import Connections
from router.adapters.decision_metrics import DecisionMetrics
from router.adapters.pack_watch import PackWatch
from router.adapters.passwords import Argon2Passwords
from router.adapters.simplified import simplify
from router.domain.district import District
from router.handlers.act import Act
from router.handlers.decide import Decide
from router.handlers.follow import FollowIssues
from router.handlers.open_case import NoteNotice, OpenCase, ReviseCase
from router.handlers.queues import Queues
from router.handlers.sign_in import SignIn
from router.handlers.supervise import Supervise
from router.ports import CaseStore, Classifier, IssueStore, Lease, NoticeLog, Numbers
from router.routes import acts, desk, failures, hot, sessions
from router.routes.rendering import Pages
from router.settings import Settings
from shared.clock import Clock, SystemClock
from shared.messaging.connection import KafkaConnection
from shared.runtime.health import Health
from shared.runtime.serve import build_app
from shared.storage.mongo import Mongo

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Stores:
    """What keeps things: Mongo's, or those that a test gives."""

    cases: CaseStore
    numbers: Numbers
    notices: NoticeLog
    lease: Lease
    issues: IssueStore
    follow_lease: Lease


def bootstrap(
    settings: Settings,
    *,
    clock: Clock | None = None,
    district: District | None = None,
    stores: Stores | None = None,
    classifier: Classifier | None = None,
    group: str = subscribers.GROUP,
) -> FastAPI:
    """The service as an app; with `stores` given it neither connects to a database nor consumes."""
    clock = clock or SystemClock()
    registry, health = CollectorRegistry(), Health()
    pack = PackWatch(settings.district_pack, clock, registry, district)
    connections = None if stores else _connections(settings, clock, registry, health, group)
    if stores is None:
        assert connections is not None
        stores = Stores(
            cases=connections.cases,
            numbers=connections.numbers,
            notices=connections.notices,
            lease=connections.lease,
            issues=connections.issues,
            follow_lease=connections.follow_lease,
        )

    classifier = classifier or _classifier(settings.model_folder, health)
    decide = Decide(pack, simplify, classifier, clock=clock, observe=DecisionMetrics(registry))
    open_case = OpenCase(decide, stores.cases, stores.numbers, pack, clock)
    revise = ReviseCase(decide, stores.cases, pack, clock)
    note = NoteNotice(stores.notices)
    supervise = Supervise(stores.cases, pack, clock, stores.lease)
    follow = FollowIssues(stores.cases, stores.issues, stores.follow_lease, simplify, clock)
    health.add("clock", supervise.check)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if connections is not None:
            connections.consume("suggestions", subscribers.of_suggestions(open_case, revise))
            connections.consume("notices", subscribers.of_notices(note))
            connections.start(supervise.run(), follow.run(), pack.run())
        try:
            yield
        finally:
            if connections is not None:
                await connections.stop()

    app = build_app(title="Minsheng router", health=health, registry=registry, lifespan=lifespan)
    _desk(app, settings, stores, pack, clock)
    return app


def _desk(app: FastAPI, settings: Settings, stores: Stores, pack: PackWatch, clock: Clock) -> None:
    """The pages for people, under the same app."""
    key = settings.desk_session_key.get_secret_value() if settings.desk_session_key else ""
    if not key:
        _log.warning("desk_session_key_missing", effect="sessions end with this process")
        key = secrets.token_urlsafe(32)
    sign_in = SignIn(
        pack,
        Argon2Passwords(),
        clock,
        demo_accounts=settings.desk_demo_accounts == "on",
        limited=settings.rate_limits != "off",
    )
    pages = Pages(pack, lambda: pack.refused)
    door = sessions.Sessions(sign_in, key, secure=(settings.desk_public_url or "").startswith("https:"))
    failures.install(app, pages)
    app.add_middleware(failures.Guard, origin=settings.desk_public_url)
    app.include_router(sessions.routes(door, pages))
    queues = Queues(stores.cases, stores.notices, stores.issues)
    app.include_router(desk.routes(door, pages, queues))
    app.include_router(hot.routes(door, pages, queues))
    app.include_router(acts.routes(door, Act(stores.cases, pack, clock)))


def _classifier(folder: Path, health: Health) -> Classifier | None:
    """The trained model, if there is one; a broken one turns readiness red while rules go on deciding."""
    if not folder.is_dir():
        return None
    from router.adapters.classifier import TrainedClassifier  # seconds of imports that rules can do without
    from router.adapters.model_store import ModelError

    try:
        return TrainedClassifier.from_folder(folder)
    except ModelError as error:
        reason = str(error)
        _log.error("model_unusable", reason=reason)

        async def check() -> str | None:
            return reason

        health.add("model", check)
        return None


def _connections(
    settings: Settings, clock: Clock, registry: CollectorRegistry, health: Health, group: str
) -> Connections:
    password = settings.kafka_password
    return Connections(
        mongo=Mongo(settings.mongodb_uri.get_secret_value(), prefix=settings.mongodb_database_prefix),
        connection=KafkaConnection(
            bootstrap_servers=settings.kafka_bootstrap_servers,
            client_id="router",
            username=settings.kafka_username,
            password=password.get_secret_value() if password else None,
        ),
        group=group,
        clock=clock,
        registry=registry,
        health=health,
    )
