"""`minsheng`: the command line of the local stack and of the running system."""

import logging

import typer

from minsheng import (
    commands_case,
    commands_dead_letters,
    commands_demo,
    commands_events,
    commands_hotline,
    commands_stack,
    commands_status,
    commands_submit,
    commands_tools,
)

app = typer.Typer(
    name="minsheng",
    help="民声：运行、查看、提交与评测。 Run the stack, look into it, hand in suggestions, measure.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(commands_stack.up)
app.command()(commands_stack.down)
app.command()(commands_status.status)
app.command()(commands_status.doctor)
app.command()(commands_demo.demo)
app.command()(commands_stack.scale)
app.add_typer(commands_submit.submit, name="submit")
app.add_typer(commands_case.case, name="case")
app.add_typer(commands_events.events, name="events")
app.add_typer(commands_dead_letters.dlq, name="dlq")
app.add_typer(commands_hotline.hotline, name="hotline")
app.add_typer(commands_tools.route, name="route")
app.add_typer(commands_tools.pack, name="pack")
app.add_typer(commands_tools.evaluate, name="eval")
app.command("replay", context_settings=commands_tools.PASS, help=commands_tools.REPLAY)(commands_tools.replay)


@app.callback()
def _quiet() -> None:
    # Libraries report each attempt to reach a broker that is still starting; what matters we say ourselves.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
