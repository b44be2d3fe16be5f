"""`events …`: what is on the topics."""

import json
from typing import Annotated

import typer

from minsheng.places import Places
from minsheng.terminal import OUT, Json, finish, print_json

events = typer.Typer(help="查看事件流。 Events on the topics.", no_args_is_help=True)


def _bootstrap(places: Places) -> str:
    from minsheng.addresses import find

    return find(places).kafka


@events.command("tail")
def tail(
    topic: Annotated[list[str], typer.Option("--topic", "-t", help="主题，可多次。 A topic; may be repeated.")],
    from_beginning: Annotated[bool, typer.Option("--from-beginning", help="从头读起。 From the first record.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="读够几条就结束。 End after so many.")] = None,
    wait: Annotated[
        float,
        typer.Option(help="从头读取且限条数时，多少秒无新事件即结束。 With --from-beginning and --limit."),
    ] = 5,
    contact: Annotated[bool, typer.Option("--show-contact", help="显示联系方式。 Show contact data.")] = False,
    as_json: Json = False,
) -> None:
    """读取主题（不影响任何消费者）。 Read topics; moves nobody's position. JSON: one object a line."""
    from minsheng import records

    async def work() -> None:
        count = 0
        idle = wait if from_beginning and limit else None
        follow = records.follow(
            _bootstrap(Places.from_environment()), topic, from_beginning=from_beginning, idle_s=idle
        )
        async for record in follow:
            seen = records.view(record, contact=contact)
            if as_json:
                print_json(seen)
            else:
                text = json.dumps(seen["data"], ensure_ascii=False)
                place = f"{seen['topic']}/{seen['partition']}/{seen['offset']}"
                OUT.print(f"{seen['at']} {place} {seen['type']} {seen['subject']}", highlight=False, markup=False)
                OUT.print(f"    {text[:400]}", highlight=False, markup=False, soft_wrap=True)
            count += 1
            if limit and count >= limit:
                break
        await follow.aclose()

    try:
        finish(work())
    except KeyboardInterrupt:
        return
