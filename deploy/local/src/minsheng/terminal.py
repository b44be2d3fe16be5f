"""What the commands print: results on stdout, progress and problems on stderr."""

import asyncio
import json
from collections.abc import Coroutine
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console

OUT = Console()
ERR = Console(stderr=True)
Result = TypeVar("Result")

Json = Annotated[bool, typer.Option("--json", help="只输出 JSON。 Nothing but JSON on stdout.")]


def say(line: str) -> None:
    """Progress for people."""
    ERR.print(line, style="dim", highlight=False)


def fail(line: str) -> typer.Exit:
    """Name a problem and end with 1: `raise fail(…)`."""
    ERR.print(line, style="red", highlight=False)
    return typer.Exit(1)


def print_json(document: Any) -> None:
    """One document on stdout, Chinese unescaped, never wrapped or coloured."""
    typer.echo(json.dumps(document, ensure_ascii=False))


def finish(work: Coroutine[Any, Any, Result]) -> Result:
    """Run to the end; what the system refused or could not be asked becomes exit 1 with its reason."""
    from minsheng.client import Refused, Unreachable
    from minsheng.control import NotRunning
    from shared.errors import MinshengError

    try:
        return asyncio.run(work)
    except (Refused, Unreachable, NotRunning, MinshengError) as error:
        raise fail(str(error)) from None
