"""Where the system is: the running local stack's addresses, else those of the environment."""

import os
from dataclasses import dataclass

from minsheng import guarded_kafka
from minsheng.control import NotRunning, Running
from minsheng.places import Places
from shared.messaging.connection import KafkaConnection


@dataclass(frozen=True, slots=True)
class Addresses:
    """What the commands speak to; all of it public."""

    web: str
    media: str
    kafka: str
    inbox: str
    mongo: str


def find(places: Places) -> Addresses:
    """A running stack knows best; without one (containers, another machine) the variables or their defaults count."""
    try:
        running = Running.load(places)
        kafka, mongo = running.kafka["bootstrap_servers"], running.mongo["uri"]
        inbox, urls = running.mail["inbox_url"], running.urls
    except NotRunning:
        kafka, mongo, inbox, urls = places.kafka, places.mongo, places.url("MAIL_INBOX_PORT"), {}
    return Addresses(
        web=os.environ.get("PUBLIC_WEB_URL") or urls.get("intake-web", places.url("INTAKE_WEB_PORT")),
        media=os.environ.get("PUBLIC_MEDIA_URL") or urls.get("intake-media", places.url("INTAKE_MEDIA_PORT")),
        kafka=kafka,
        inbox=inbox,
        mongo=mongo,
    )


def connection(bootstrap: str) -> KafkaConnection:
    """How the commands connect to Kafka; a guarded broker takes `KAFKA_USERNAME` and `KAFKA_PASSWORD`, and on this
    state's own one the commands are its administrator."""
    username, password = os.environ.get("KAFKA_USERNAME") or None, os.environ.get("KAFKA_PASSWORD")
    places = Places.from_environment()
    ours = guarded_kafka.login(places)
    if ours and not username and bootstrap == find(places).kafka:
        username, password = ours
    return KafkaConnection(bootstrap_servers=bootstrap, client_id="minsheng-cli", username=username, password=password)
