"""`up`, `down`, `scale`: the stack's life."""

import signal
import time
from types import FrameType
from typing import Annotated

import typer
from rich.table import Table

from minsheng.places import Places
from minsheng.terminal import OUT, fail, say


def up(
    only: Annotated[str, typer.Option(help="Only these processes, comma-separated: kafka,mongo,mail-sink,…")] = "",
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Return when ready; stop with `minsheng down`.")
    ] = False,
) -> None:
    """启动全部服务，就绪后列出地址；Ctrl-C 停止全部。 Start everything, wait until ready, print the addresses."""
    from minsheng import launch, shutdown
    from minsheng.control import running

    places = Places.from_environment()
    found = running(places)
    if found is not None:
        OUT.print(f"already running on {places.state} (stop it with `minsheng down`)", highlight=False)
        addresses(found.urls, found.kafka, found.mongo, found.mail)
        return
    # Named one by one: a shell starts background jobs with SIGINT ignored, and a closed terminal says SIGHUP.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    began = time.monotonic()
    try:
        state = launch.up(places, say, only=frozenset(filter(None, only.split(","))), detach=detach)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    except (RuntimeError, ValueError) as error:
        raise fail(str(error)) from None
    addresses(state.urls, state.kafka, state.mongo, state.mail)
    OUT.print(f"ready in {time.monotonic() - began:.1f} s", highlight=False)
    if detach:
        return
    OUT.print("Ctrl-C 停止 stops everything", highlight=False)
    try:
        while running(places) is not None:
            time.sleep(1)
        raise fail("the stack was stopped from elsewhere")
    except KeyboardInterrupt:
        shutdown.down(places, say)


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def addresses(urls: dict[str, str], kafka: dict[str, str], mongo: dict[str, str], mail: dict[str, str]) -> None:
    """One table of all addresses."""
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    table.add_column("地址 address", no_wrap=True)
    what = {
        "intake-web": "居民网站 residents' site",
        "intake-media": "音视频上传 media API",
        "router": "办理工作台 desk",
        "notifier": "通知 notices",
        "mail-sink": "邮件箱 mail inbox",
    }
    for name, text in what.items():
        if name in urls:
            table.add_row(text, urls[name])
    if "mail-sink" in urls:
        table.add_row("SMTP", mail["smtp"])
    table.add_row("Kafka", kafka["bootstrap_servers"])
    table.add_row("MongoDB", mongo["uri"].split("?")[0] if mongo["kind"] == "local" else "(given by MONGODB_URI)")
    OUT.print(table)


def down() -> None:
    """停止全部服务。 Stop the running stack."""
    from minsheng import shutdown

    if not shutdown.down(Places.from_environment(), say):
        OUT.print("nothing was running")


def scale(
    counts: Annotated[list[str], typer.Argument(help="voice=2 video=0: workers per channel, from now on")],
) -> None:
    """增减转写工作进程。 Add or remove workers of a channel, live."""
    from minsheng.control import NotRunning, Running, supervisor

    wanted: dict[str, int] = {}
    for pair in counts:
        name, _, number = pair.partition("=")
        name = name.removeprefix("worker-")
        if name not in {"voice", "video"} or not number.isdigit() or int(number) > 64:
            raise typer.BadParameter(f"{pair}: give voice=N or video=N with N from 0 to 64")
        wanted[f"worker-{name}"] = int(number)
    try:
        with supervisor(Running.load(Places.from_environment()).endpoint, timeout=60) as control:
            for name, count in wanted.items():
                control.scale(name, count)
                OUT.print(f"{name}: {control.count(name)}", highlight=False)
    except (NotRunning, RuntimeError) as error:
        raise fail(str(error)) from None
