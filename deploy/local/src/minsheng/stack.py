"""The topology: every process of the local stack, with its command, its environment and its address."""

import os
import sys
from collections.abc import Mapping
from dataclasses import replace

from minsheng import guarded_kafka, kafka, keys, mongo
from minsheng.places import REPOSITORY, Places
from minsheng.process import Process
from shared.operations.principals import DESK_OPERATOR, password_variable

WEB_KEYS = ("VAULT_KEY", "RECEIPT_KEY")
GRANT_KEY = "MEDIA_GRANT_KEY"


def plan(places: Places, only: frozenset[str] = frozenset()) -> list[Process]:
    """All processes in the order they start; what was given from outside (Kafka, Mongo) is left out."""
    from minsheng import jars, warm_start

    python = sys.executable

    def module(*words: str) -> tuple[str, ...]:
        return (python, "-m", *words)

    processes: list[Process] = []
    if not places.given_kafka:
        properties = places.state / "kafka/server.properties"
        processes.append(
            Process(
                "kafka",
                "infrastructure",
                tuple(kafka.command(jars.home(), properties, warm_start.options(jars.home()))),
                ports=("KAFKA_PORT", "KAFKA_CONTROLLER_PORT"),
            )
        )
    if not places.given_mongo:
        processes.append(Process("mongo", "infrastructure", tuple(mongo.command(places)), ports=("MONGO_PORT",)))
    processes += [
        Process(
            "mail-sink",
            "infrastructure",
            module("minsheng.mail_sink"),
            places.url("MAIL_INBOX_PORT"),
            ports=("MAIL_INBOX_PORT", "MAIL_SMTP_PORT"),
        ),
        _service(places, "intake-web", module("intake_web"), "INTAKE_WEB_PORT", WEB_KEYS),
        replace(
            _service(places, "intake-media", module("intake_media"), "INTAKE_MEDIA_PORT", (*WEB_KEYS, GRANT_KEY)),
            env={"DESK_PUBLIC_URL": os.environ.get("DESK_PUBLIC_URL") or places.url("ROUTER_PORT")},
        ),
        _service(places, "router", module("router"), "ROUTER_PORT", ("DESK_SESSION_KEY", GRANT_KEY), (DESK_OPERATOR,)),
        _service(places, "notifier", module("notifier"), "NOTIFIER_PORT", ("VAULT_KEY",)),
        # A worker needs no key: it issues no receipt and opens no contact.
        _worker("voice", module("intake_media", "worker", "--channel", "voice")),
        _worker("video", module("intake_media", "worker", "--channel", "video")),
    ]
    unknown = only - {process.name for process in processes} - {"kafka", "mongo"}
    if unknown:
        raise ValueError(f"no such process: {', '.join(sorted(unknown))}")
    return [process for process in processes if not only or process.name in only]


def _service(
    places: Places,
    name: str,
    command: tuple[str, ...],
    port: str,
    secrets: tuple[str, ...],
    also: tuple[str, ...] = (),
) -> Process:
    return Process(name, "service", command, places.url(port), secrets, name, also, ports=(port,))


def _worker(channel: str, command: tuple[str, ...]) -> Process:
    return Process(f"worker-{channel}", "worker", command, principal="intake-media")


def kafka_login(process: Process, places: Places, secrets: Mapping[str, str]) -> dict[str, str]:
    """A process' own name and password for a guarded broker of ours, and nobody else's; empty for an open one."""
    if process.principal is None or guarded_kafka.login(places) is None:
        return {}
    own = {"KAFKA_USERNAME": process.principal, "KAFKA_PASSWORD": secrets[password_variable(process.principal)]}
    return own | {password_variable(name): secrets[password_variable(name)] for name in process.also}


def administration(places: Places) -> dict[str, str]:
    """`environment` for a tool that works on the broker itself: with the administrator's login, where there is one."""
    login = guarded_kafka.login(places)
    return environment(places) | ({"KAFKA_USERNAME": login[0], "KAFKA_PASSWORD": login[1]} if login else {})


def environment(places: Places) -> dict[str, str]:
    """What every process of the stack finds in its environment; keys are added per process."""
    # bytecode is written: six processes that compile every library anew would take a core for half a minute
    dropped = {*keys.NAMES, "PYTHONDONTWRITEBYTECODE"}
    env = {name: value for name, value in os.environ.items() if name not in dropped}
    if not places.given_kafka:  # ours is open, or each process gets a login of its own
        env = {name: value for name, value in env.items() if name not in {"KAFKA_USERNAME", "KAFKA_PASSWORD"}}
    env |= {name: str(port) for name, port in places.ports.items()}
    env |= {
        "MINSHENG_STATE": str(places.state),
        "MINSHENG_PORT_OFFSET": "0",  # applied already: a child must not move its ports again
        "KAFKA_BOOTSTRAP_SERVERS": places.kafka,
        "MONGODB_URI": places.mongo,
        "SMTP_HOST": env.get("SMTP_HOST") or places.host,
        "SMTP_PORT": env.get("SMTP_PORT") or str(places.ports["MAIL_SMTP_PORT"]),
        "BLOB_URL": env.get("BLOB_URL") or places.folder("blobs").as_uri(),
        "DISTRICT_PACK": env.get("DISTRICT_PACK") or str(REPOSITORY / "deploy/district"),
        "PUBLIC_WEB_URL": env.get("PUBLIC_WEB_URL") or places.url("INTAKE_WEB_PORT"),
        "PUBLIC_MEDIA_URL": env.get("PUBLIC_MEDIA_URL") or places.url("INTAKE_MEDIA_PORT"),
        "DESK_DEMO_ACCOUNTS": env.get("DESK_DEMO_ACCOUNTS") or "on",
        "PYTHONUNBUFFERED": "1",
    }
    return env
