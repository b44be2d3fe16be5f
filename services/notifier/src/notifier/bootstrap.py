"""Composition root of the notifier; keyword arguments are the seams for tests."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import urlparse

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.staticfiles import StaticFiles

from notifier.adapters.background_work import BackgroundWork
from notifier.adapters.contacts import VaultContacts
from notifier.adapters.letters import PACKAGE, Catalogue, Letters, template_environment
from notifier.adapters.mail import MailServer, SmtpMailer
from notifier.adapters.mail_jobs import MailJobs
from notifier.adapters.metrics import NoticeMetrics
from notifier.adapters.notice_book import NoticeBook
from notifier.adapters.pack import load_letter_pack
from notifier.delivery import DeliveryLoop
from notifier.domain.notice import Notice
from notifier.handlers.deliver import Delivering
from notifier.routes.preferences import preference_routes
from notifier.settings import Settings
from notifier.subscribers import TOPICS, subscribers
from shared.clock import Clock, SystemClock
from shared.errors import MinshengError
from shared.messaging.broker import build_broker
from shared.messaging.connection import KafkaConnection
from shared.messaging.consuming import Consuming
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.delivery import Delivery
from shared.messaging.metrics import DeliveryMetrics
from shared.messaging.provisioning import verify
from shared.messaging.publishing import Publisher
from shared.messaging.relay import Relay
from shared.runtime.health import Health
from shared.runtime.problems import Problems
from shared.runtime.serve import build_app
from shared.storage.marks import MarkStore
from shared.storage.mongo import Mongo
from shared.storage.outbox_store import OutboxStore
from shared.storage.vault import Vault

NAME = "notifier"
OBSERVE_EVERY_S = 5.0


def bootstrap(settings: Settings, *, clock: Clock | None = None, group: str = NAME) -> FastAPI:
    """The whole service as an app; its lifespan consumes (as `group`), delivers and relays."""
    clock = clock or SystemClock()
    registry = CollectorRegistry()
    metrics, notice_metrics, health = DeliveryMetrics(registry), NoticeMetrics(registry), Health()
    mongo = Mongo(settings.mongodb_uri.get_secret_value(), prefix=settings.mongodb_database_prefix)
    connection = KafkaConnection(
        bootstrap_servers=settings.kafka_bootstrap_servers,
        client_id=NAME,
        username=settings.kafka_username,
        password=settings.kafka_password.get_secret_value() if settings.kafka_password else None,
    )
    publisher = Publisher(connection)
    database = mongo.database(NAME)
    notices, recipients = database["notices"], database["recipients"]
    outbox = OutboxStore(notices, clock)
    relay = Relay(outbox, publisher, clock, metrics)

    key = settings.vault_key.get_secret_value()
    vault = Vault(mongo.database("vault")["contacts"], clock, key=key)
    contacts = VaultContacts(vault, database["preferences"], key=key)
    pack, catalogue = load_letter_pack(settings.district_pack), Catalogue()
    letters = Letters(
        pack, catalogue, token=contacts.token, public_url=settings.public_url, web_url=settings.public_web_url
    )
    mailer = SmtpMailer(_mail_server(settings), sender=settings.mail_from, clock=clock)

    book = NoticeBook(notices, recipients, clock, nudge=relay.nudge)
    lease = timedelta(seconds=settings.mail_lease_s)
    jobs = MailJobs(notices, recipients, clock, wake_relay=relay.wake, lease=lease)
    delivering = Delivering(jobs=jobs, contacts=contacts, composer=letters, mailer=mailer, clock=clock)
    loop = DeliveryLoop(
        jobs, delivering, clock, concurrency=settings.delivery_concurrency, attempted=notice_metrics.attempted
    )

    def planned(made: list[Notice]) -> None:
        notice_metrics.planned(made)
        loop.wake()  # also when nothing is new: a late suggestion lets held mails go

    handlers = subscribers(book=book, composer=letters, planned=planned)
    delivery = Delivery(handlers, DeadLetters(publisher, clock), clock, metrics)
    marks = MarkStore(database)
    consuming = Consuming(build_broker(connection), group=group, clock=clock, metrics=metrics, marks=marks)
    consuming.add(TOPICS, delivery, gather=True)  # a mail may leave a tenth of a second later

    async def indexes() -> None:
        await outbox.ensure_indexes()
        await jobs.ensure_indexes()

    async def observe() -> None:
        while True:
            with contextlib.suppress(MinshengError):  # a gauge; readiness shows the database
                notice_metrics.oldest(await jobs.oldest_waiting_s())
            await clock.sleep(OBSERVE_EVERY_S)

    work = BackgroundWork(
        clock,
        {"topics": lambda: verify(connection), "database": indexes},
        (relay.run, consuming.run, loop.run, observe),
    )

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        work.start()
        try:
            yield
        finally:
            await consuming.stop()
            await work.stop()
            await publisher.stop()
            mongo.close()

    health.add("work", work.check)
    health.add("database", mongo.check)
    health.add("broker", publisher.check)
    health.add("relay", relay.check)
    health.add("consuming", consuming.check)
    health.add("delivery", loop.check)
    health.add("mail", mailer.check)
    app = build_app(
        title="Minsheng notifier",
        health=health,
        registry=registry,
        lifespan=lifespan,
        problems=Problems(catalogue.languages),
    )
    app.include_router(
        preference_routes(
            wishes=contacts,
            environment=template_environment(),
            translate=catalogue.translate,
            district=pack.district,
            base=urlparse(settings.public_url).path.rstrip("/"),
        )
    )
    app.mount("/static", StaticFiles(directory=PACKAGE / "static"), name="static")
    return app


def _mail_server(settings: Settings) -> MailServer:
    return MailServer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        username=settings.smtp_username,
        password=settings.smtp_password.get_secret_value() if settings.smtp_password else None,
        starttls=settings.smtp_starttls,
    )
