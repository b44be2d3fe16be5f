"""`submit …`: what a resident or a hotline hands in, from the command line."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from ulid import ULID

from minsheng.places import Places
from minsheng.terminal import OUT, Json, finish, print_json

if TYPE_CHECKING:
    from minsheng.client import Client

submit = typer.Typer(help="提交建议。 Hand in a suggestion.", no_args_is_help=True)

Town = Annotated[str | None, typer.Option(help="镇街编号或名称。 Id or name of a town of the pack.")]
Where = Annotated[str | None, typer.Option("--place", help="地点。 The place in words.")]
Name = Annotated[str | None, typer.Option(help="姓名。 Name.")]
Phone = Annotated[str | None, typer.Option(help="电话。 Telephone.")]
Email = Annotated[str | None, typer.Option(help="邮箱，通知发到这里。 Notices go here.")]
Identity = Annotated[str, typer.Option(help="named, sealed or anonymous.")]
Key = Annotated[
    str | None,
    typer.Option("--idempotency-key", help="同键重发不会重复。 A repeat with the same key is one."),
]


def submission(
    text: str | None, town: str | None, place: str | None, identity: str, contact: dict[str, str | None]
) -> dict[str, Any]:
    """The JSON of `POST /api/v1/suggestions`, without what was not said."""
    where = {name: value for name, value in {"town": town, "text": place}.items() if value}
    person = {name: value for name, value in contact.items() if value}
    body: dict[str, Any] = {"text": text, "place": where, "contact": person, "identity": identity}
    return {name: value for name, value in body.items() if value}


def _show(receipt: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(receipt)
        return
    for name, value in receipt.items():
        OUT.print(f"{name}: {value}", highlight=False, soft_wrap=True)


@submit.command("text")
def submit_text(
    text: Annotated[str, typer.Argument(help="建议内容。 What you suggest; - reads stdin.")],
    town: Town = None,
    place: Where = None,
    name: Name = None,
    phone: Phone = None,
    email: Email = None,
    identity: Identity = "anonymous",
    key: Key = None,
    as_json: Json = False,
) -> None:
    """文字建议。 A written suggestion."""
    body = submission(
        typer.get_text_stream("stdin").read() if text == "-" else text,
        town,
        place,
        identity,
        {"name": name, "phone": phone, "email": email},
    )

    async def work() -> dict[str, Any]:
        async with _client() as client:
            return await client.submit_text(body, key or str(ULID()))

    _show(finish(work()), as_json)


def _recording(channel: str) -> Any:
    def command(
        file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="录音或录像文件。")],
        town: Town = None,
        place: Where = None,
        name: Name = None,
        phone: Phone = None,
        email: Email = None,
        identity: Identity = "anonymous",
        key: Key = None,
        as_json: Json = False,
    ) -> None:
        body = submission(None, town, place, identity, {"name": name, "phone": phone, "email": email})

        async def work() -> dict[str, Any]:
            async with _client() as client:
                return await client.submit_recording(file, channel, body, key or str(ULID()))

        _show(finish(work()), as_json)

    return command


submit.command("voice", help="语音建议。 A spoken suggestion.")(_recording("voice"))
submit.command("video", help="短视频建议。 A short video.")(_recording("video"))


@submit.command("hotline")
def submit_hotline(
    text: Annotated[str, typer.Argument(help="工单内容。 The work order's text.")],
    source: Annotated[str, typer.Option(help="热线编号，见区域包。 A hotline of the pack.")] = "12345",
    external_id: Annotated[str | None, typer.Option(help="热线自己的工单号。 The hotline's own number.")] = None,
    nature: Annotated[str | None, typer.Option(help="诉求类别。 The hotline's word for its nature.")] = None,
    category_code: Annotated[str | None, typer.Option(help="热线分类代码。 The hotline's category code.")] = None,
    town: Town = None,
    place: Where = None,
    name: Name = None,
    phone: Phone = None,
    email: Email = None,
    http: Annotated[bool, typer.Option("--http", help="经 HTTP 接口而非 Kafka。 Over HTTP instead of Kafka.")] = False,
    token: Annotated[str, typer.Option(envvar="HOTLINE_TOKEN", help="HTTP 接口的令牌。 Token for --http.")] = "",
    as_json: Json = False,
) -> None:
    """热线工单，发布到 Kafka。 A hotline's work order, published to Kafka."""
    from minsheng.addresses import connection, find
    from minsheng.client import publish_work_order

    order = {
        "source": source,
        "external_id": external_id or f"CLI-{ULID()}",
        "received_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "nature": nature,
        "category_code": category_code,
        **submission(text, town, place, "", {"name": name, "phone": phone, "email": email}),
    }
    order = {field: value for field, value in order.items() if value}

    async def work() -> dict[str, Any]:
        if http:
            async with _client() as client:
                return await client.submit_hotline(order, token)
        told = await publish_work_order(connection(find(Places.from_environment()).kafka), order)
        return {
            "event_id": told.event_id,
            "source": source,
            "external_id": order["external_id"],
            "partition": told.partition,
            "offset": told.offset,
        }

    _show(finish(work()), as_json)


def _client() -> "Client":
    from minsheng.addresses import find
    from minsheng.client import Client

    found = find(Places.from_environment())
    return Client(found.web, found.media)
