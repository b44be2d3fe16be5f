"""`dlq …`: what could not be consumed, mended or let rest."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from minsheng.places import Places
from minsheng.terminal import OUT, Json, finish, print_json, say

dlq = typer.Typer(help="死信：查看、修复、重放。 Dead letters.", no_args_is_help=True)

Topic = Annotated[str, typer.Argument(help="主题名（不带 -dlq）。 The topic, without -dlq.")]
Offsets = Annotated[list[int] | None, typer.Argument(help="死信的偏移量。 Offsets of the letters.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="只说明，不执行。 Say what would be done.")]


@dlq.command("list")
def dlq_list(
    topic: Annotated[str | None, typer.Argument(help="主题；缺省为全部。 A topic; all without.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="含已处理的。 Handled ones too.")] = False,
    as_json: Json = False,
) -> None:
    """列出死信及其来历。 Dead letters with their provenance."""
    from minsheng.dead_letters import letter_office
    from shared.contracts.letters import HANDLED
    from shared.contracts.topics import BY_NAME

    async def work() -> list[dict[str, Any]]:
        async with letter_office(Places.from_environment()) as office:
            found = [one for name in ([topic] if topic else BY_NAME) for one in await office.letters(name)]
        return [letter.summary() for letter in found if everything or letter.state not in HANDLED]

    rows = finish(work())
    if as_json:
        print_json(rows)
        return
    table = Table("topic", "offset", "state", "failed at", "error", "type", box=None, pad_edge=False)
    for row in rows:
        why = f"{row['error_type']}: {row['error']}"
        table.add_row(row["topic"], str(row["offset"]), row["state"], row["failed_at"], why, row["type"])
    OUT.print(table if rows else "没有死信。 No dead letters.")


@dlq.command("show")
def dlq_show(
    topic: Topic,
    offset: Annotated[int, typer.Argument(help="死信的偏移量。 Offset of the letter.")],
    contact: Annotated[bool, typer.Option("--show-contact", help="显示联系方式。 Show contact data.")] = False,
    as_json: Json = False,
) -> None:
    """查看一封死信的内容。 One dead letter with its contents."""
    from minsheng import records
    from minsheng.dead_letters import letter_office, operator

    async def work() -> dict[str, Any]:
        async with letter_office(Places.from_environment()) as office:
            letter = await office.letter(topic, 0, offset)
            if contact:
                await office.shown(letter, by=operator())
        seen = records.contents(letter.key, letter.value, letter.headers, contact=contact)
        return letter.summary() | {"record": seen}

    found = finish(work())
    if as_json:
        print_json(found)
    else:
        OUT.print_json(json.dumps(found, ensure_ascii=False))


def _again(
    topic: str, offsets: list[int], everything: bool, dry_run: bool, rate: float, change: Any, as_json: bool
) -> None:
    from minsheng.dead_letters import send_again

    if not offsets and not everything:
        raise typer.BadParameter("give offsets, or --all")
    places = Places.from_environment()
    done = finish(send_again(places, topic, offsets, everything, change=change, dry_run=dry_run, rate=rate, say=say))
    if as_json:
        print_json({"dry_run": dry_run, "letters": done})


@dlq.command("replay")
def dlq_replay(
    topic: Topic,
    offsets: Offsets = None,
    everything: Annotated[bool, typer.Option("--all", help="所有未处理的。 All open ones.")] = False,
    dry_run: DryRun = False,
    rate: Annotated[float, typer.Option(min=0.1, help="每秒条数上限。 At most so many a second.")] = 20,
    as_json: Json = False,
) -> None:
    """原样重放（事件编号不变，留审计记录）。 Send again as they came, same event id; audited."""
    _again(topic, offsets or [], everything, dry_run, rate, None, as_json)


@dlq.command("repair")
def dlq_repair(
    topic: Topic,
    offset: Annotated[int, typer.Argument(help="死信的偏移量。 Offset of the letter.")],
    merge: Annotated[str | None, typer.Option(help="JSON 合并补丁（RFC 7396）。 A JSON merge patch.")] = None,
    value: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="整个新值的文件。 File with the whole value."),
    ] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """修改后重放（事件编号不变）。 Mend one letter and send it again under the same event id."""
    from shared.operations.letter_contents import merged

    if (merge is None) == (value is None):
        raise typer.BadParameter("give either --merge or --value")

    def change(letter: Any) -> bytes:
        if value is not None:
            return value.read_bytes()
        try:
            patch = json.loads(merge or "")
        except ValueError as error:
            raise typer.BadParameter(f"--merge is no JSON: {error}") from None
        return merged(letter, patch)

    _again(topic, [offset], False, dry_run, 1000, change, as_json)


@dlq.command("drop")
def dlq_drop(
    topic: Topic,
    offsets: Annotated[list[int], typer.Argument(help="死信的偏移量。 Offsets of the letters.")],
    reason: Annotated[str, typer.Option(help="理由，入审计记录。 Why; goes into the audit.")],
    dry_run: DryRun = False,
) -> None:
    """不再处理（到期由 Kafka 清除）。 Let letters rest; Kafka removes them when their time is over."""
    from minsheng.dead_letters import let_rest

    finish(let_rest(Places.from_environment(), topic, offsets, reason=reason, dry_run=dry_run, say=say))
