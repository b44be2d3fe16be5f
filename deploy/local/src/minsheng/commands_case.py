"""`case show`: what a resident asks with a query code, from the command line."""

from typing import Annotated, Any

import typer

from minsheng.places import Places
from minsheng.terminal import OUT, Json, finish, print_json

case = typer.Typer(help="查询办理情况。 Look up a case.", no_args_is_help=True)


@case.command("show")
def case_show(code: Annotated[str, typer.Argument(help="查询码。 The query code.")], as_json: Json = False) -> None:
    """按查询码查看办理情况。 What has become of a suggestion."""
    from minsheng.addresses import find
    from minsheng.client import Client

    async def work() -> dict[str, Any]:
        addresses = find(Places.from_environment())
        async with Client(addresses.web, addresses.media) as client:
            return await client.track(code)

    found = finish(work())
    if as_json:
        print_json(found)
        return
    unit = (found.get("unit") or {}).get("name") or "–"
    due = (found.get("due") or {}).get("date") or "–"
    OUT.print(f"{found.get('suggestion_id')}  {found.get('channel')}  {found.get('state')}", highlight=False)
    OUT.print(f"承办单位 unit: {unit}   办理期限 due: {due}", highlight=False)
    for step in found.get("steps") or []:
        OUT.print(f"  {step.get('at')}  {step.get('text')}", highlight=False, soft_wrap=True)
    if found.get("transcript"):
        OUT.print(f"转写 transcript: {found['transcript'].get('text')}", highlight=False, soft_wrap=True)
