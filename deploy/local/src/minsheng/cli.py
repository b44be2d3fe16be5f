"""`minsheng`: the command line of the local stack and of the running system."""

import logging

import typer

from minsheng import commands_stack

app = typer.Typer(
    name="minsheng",
    help="民声：本地运行与运维命令。 Run the stack and look into it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(commands_stack.up)
app.command()(commands_stack.down)
app.command()(commands_stack.scale)


@app.callback()
def _quiet() -> None:
    # Libraries report each attempt to reach a broker that is still starting; what matters we say ourselves.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
