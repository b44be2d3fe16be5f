"""`hotline …`: let hotlines in, give them new keys, shut them out; `intake_web.hotlines` does the work."""

import getpass
import json
import subprocess
import sys
from typing import Annotated, Any

import typer
from rich.table import Table

from minsheng.commands_tools import tool_environment
from minsheng.dead_letters import note
from minsheng.places import Places
from minsheng.terminal import OUT, Json, print_json, say

hotline = typer.Typer(help="热线与平台的接入。 Hotlines and their keys.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="名称：小写字母、数字、连字符。 Small letters, digits, hyphens.")]


def _ask(*words: str) -> Any:
    """The tool's answer; what it refuses it says itself on stderr, and we end with its code."""
    done = subprocess.run(
        [sys.executable, "-m", "intake_web.hotlines", "--by", getpass.getuser(), *words],
        env=tool_environment(),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise typer.Exit(done.returncode if done.returncode in {1, 2} else 1)
    return json.loads(done.stdout)


def _audit(action: str, name: str) -> None:
    note(Places.from_environment(), {"action": f"hotline-{action}", "hotline": name})


def _show_keys(keys: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(keys)
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_row("HTTP token", keys["token"])
    if keys["kafka_user"]:
        table.add_row("Kafka user", keys["kafka_user"])
        table.add_row("Kafka password", keys["kafka_password"])
    OUT.print(table)
    say("密钥只显示这一次。 Shown this once; only a hash is kept.")
    if not keys["kafka_user"]:
        say("Kafka: nothing changed (an open broker has no users; `rotate --kafka` changes a password)")


@hotline.command("add")
def add(name: Name, as_json: Json = False) -> None:
    """接入一条热线，给出密钥。 Let a hotline in; its keys are shown once."""
    keys = _ask("add", name)
    _audit("added", name)
    _show_keys(keys, as_json)


@hotline.command("rotate")
def rotate(
    name: Name,
    overlap_hours: Annotated[
        float, typer.Option(min=0, help="旧令牌还有效多少小时。 Old tokens stay good so long.")
    ] = 168,
    kafka: Annotated[
        bool, typer.Option("--kafka", help="同时更换 Kafka 密码（立即生效）。 A new Kafka password too, at once.")
    ] = False,
    as_json: Json = False,
) -> None:
    """更换令牌，新旧并用一段时间。 A new token; the old ones end after the overlap."""
    keys = _ask("rotate", name, "--overlap-hours", str(overlap_hours), *(["--kafka"] if kafka else []))
    _audit("rotated", name)
    _show_keys(keys, as_json)


@hotline.command("revoke")
def revoke(name: Name, as_json: Json = False) -> None:
    """立即停用。 Shut a hotline out at once: tokens, Kafka grant and user."""
    answer = _ask("revoke", name)
    _audit("revoked", name)
    if as_json:
        print_json(answer)
    else:
        OUT.print(f"{name}: revoked", highlight=False)


@hotline.command("list")
def listed(as_json: Json = False) -> None:
    """列出已接入的热线。 Hotlines that were let in, with the ends of their tokens."""
    rows = _ask("list")
    if as_json:
        print_json(rows)
        return
    table = Table("name", "tokens", "last change", box=None, pad_edge=False)
    for row in rows:
        ends = ", ".join(token["valid_until"] or "valid" for token in row["tokens"]) or "revoked"
        last = row["history"][-1]
        table.add_row(row["name"], ends, f"{last['action']} {last['at']} by {last['by']}")
    OUT.print(table if rows else "没有接入的热线。 No hotlines let in.")
