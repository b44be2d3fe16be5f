"""The composition root: which adapter fulfils which port, and what runs while the service is up."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
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
from router.handlers.correct import CorrectTranscript
from router.handlers.decide import Decide
from router.handlers.follow import FollowIssues
from router.handlers.mend import MendLetters
from router.handlers.open_case import NoteCopies, NoteNotice, OpenCase, ReviseCase
from router.handlers.queues import Queues
from router.handlers.sign_in import SignIn
from router.handlers.supervise import Supervise
from router.ports.cases import CaseStore, Numbers
from router.ports.deciding import Classifier
from router.ports.issues import IssueStore
from router.ports.lease import Lease
from router.ports.letters import LetterBox
from router.ports.telling import CopyLog, NoticeLog
from router.routes import acts, desk, failures, hot, letters, sessions
from router.routes.playing import Grant, Playing, origin_of
from router.routes.rendering import Pages
from router.settings import Settings
from shared.clock import Clock, SystemClock
from shared.media_grants import DESK, MediaGrants
from shared.messaging.connection import KafkaConnection
from shared.operations.principals import DESK_OPERATOR
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
    copies: CopyLog
    lease: Lease
    issues: IssueStore
    follow_lease: Lease
    letters: LetterBox | None = None


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
            copies=connections.copies,
            lease=connections.lease,
            issues=connections.issues,
            follow_lease=connections.follow_lease,
            letters=connections.letters,
        )

    classifier = classifier or _classifier(settings.model_folder, health)
    decide = Decide(
        pack,
        simplify,
        classifier,
        clock=clock,
        observe=DecisionMetrics(registry),
        at_once=settings.router_model_threads,
    )
    open_case = OpenCase(decide, stores.cases, stores.numbers, pack, clock)
    revise = ReviseCase(decide, stores.cases, pack, clock)
    note = NoteNotice(stores.notices)
    supervise = Supervise(stores.cases, pack, clock, stores.lease)
    busy = connections.busy if connections else (lambda: False)
    follow = FollowIssues(stores.cases, stores.issues, stores.follow_lease, simplify, clock, busy=busy)
    health.add("clock", supervise.check)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if connections is not None:
            connections.consume("suggestions", subscribers.of_suggestions(open_case, revise))
            connections.consume("notices", subscribers.of_notices(note))
            connections.consume("recordings", subscribers.of_recordings(NoteCopies(stores.copies)))
            connections.start(clock=supervise.run(), issues=follow.run(), pack=pack.run())
        try:
            yield
        finally:
            if connections is not None:
                await connections.stop()

    app = build_app(title="Minsheng router", health=health, registry=registry, lifespan=lifespan)
    _desk(app, settings, stores, pack, clock, CorrectTranscript(decide, stores.cases, pack, clock))
    return app


def _desk(
    app: FastAPI, settings: Settings, stores: Stores, pack: PackWatch, clock: Clock, correct: CorrectTranscript
) -> None:
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
    media_url = settings.public_media_url
    app.add_middleware(failures.Guard, origin=settings.desk_public_url, media_origin=origin_of(media_url))
    app.include_router(sessions.routes(door, pages))
    queues = Queues(stores.cases, stores.notices, stores.issues, stores.copies)
    app.include_router(desk.routes(door, pages, queues, Playing(media_url, _grant(settings), clock.now)))
    app.include_router(hot.routes(door, pages, queues))
    app.include_router(letters.routes(door, pages, queues, MendLetters(stores.letters)))
    app.include_router(acts.routes(door, Act(stores.cases, pack, clock), correct))


def _grant(settings: Settings) -> Grant | None:
    if settings.media_grant_key is None:
        _log.warning("media_grant_key_missing", effect="the desk plays no recording")
        return None
    grants = MediaGrants(settings.media_grant_key.get_secret_value())
    return lambda suggestion_id, role, until: grants.issue(suggestion_id, role, audience=DESK, until=until)


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
    connection = KafkaConnection(
        bootstrap_servers=settings.kafka_bootstrap_servers,
        client_id="router",
        username=settings.kafka_username,
        password=password.get_secret_value() if password else None,
    )
    return Connections(
        mongo=Mongo(settings.mongodb_uri.get_secret_value(), prefix=settings.mongodb_database_prefix),
        connection=connection,
        operator=_operator(settings, connection),
        group=group,
        clock=clock,
        registry=registry,
        health=health,
    )


def _operator(settings: Settings, connection: KafkaConnection) -> KafkaConnection | None:
    """How the page of dead letters logs in: never as the router, which has no right to them; None: it can't."""
    if settings.kafka_username is None:  # an open broker knows no users
        return replace(connection, client_id=DESK_OPERATOR)
    password = settings.desk_operator_kafka_password
    if password is None:
        return None
    return replace(connection, client_id=DESK_OPERATOR, username=DESK_OPERATOR, password=password.get_secret_value())
