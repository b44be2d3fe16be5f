"""`route`, `pack`, `eval`: offline tools of the services, run as their own modules and passed through."""

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from minsheng import stack
from minsheng.commands_events import events
from minsheng.control import NotRunning, Running
from minsheng.places import Places
from minsheng.terminal import OUT, Json, print_json, say

route = typer.Typer(help="分办。 Routing.", no_args_is_help=True)
pack = typer.Typer(help="区域包：训练与自检。 The district pack: train and test.", no_args_is_help=True)
evaluate = typer.Typer(help="评测。 Measure quality.", no_args_is_help=True)

# Whatever follows the name goes to the tool unchanged: its own --help is the reference.
PASS = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def tool_environment() -> dict[str, str]:
    """Environment of a tool: that of the running stack, and the administrator's login where its Kafka is guarded."""
    places = Places.from_environment()
    env = stack.administration(places)
    try:  # a running stack knows where its broker and database are, whatever this shell's variables say
        running = Running.load(places)
        env |= {"KAFKA_BOOTSTRAP_SERVERS": running.kafka["bootstrap_servers"], "MONGODB_URI": running.mongo["uri"]}
    except NotRunning:  # then the variables hold
        pass
    return env


def run(module: str, *words: str) -> int:
    """Run a service's module; stdout is its JSON, stderr its progress. Returns 0, 1 or 2."""
    return _code(subprocess.run([sys.executable, "-m", module, *words], env=tool_environment(), check=False).returncode)


def _code(returned: int) -> int:
    return returned if 0 <= returned <= 2 else 1


def _passing(module: str, *first: str) -> Callable[[typer.Context], None]:
    def command(context: typer.Context) -> None:
        raise typer.Exit(run(module, *first, *context.args))

    return command


@route.command("explain", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def explain(
    context: typer.Context,
    text: Annotated[str, typer.Argument(help="建议内容。 The suggestion's text.")],
) -> None:
    """说明一条建议会分给谁、为什么。 Where a suggestion would go, and why."""
    raise typer.Exit(run("router.explain", text, *context.args))


REPLAY = "用另一版区域包重判以往来件，只看不改。 Decide the past again with another pack: --from T --with DIR"
replay = _passing("router.replay")


@pack.command("train")
def train(as_json: Json = False) -> None:
    """用区域包的例句和词表训练模型。 Train the router's text model and the transcriber's word model from the pack."""
    reports: dict[str, Any] = {}
    code = 0
    for part, module in {"routing": "router.training", "words": "intake_media.training"}.items():
        say(f"{part} …")
        command = [sys.executable, "-m", module, "--json"]
        done = subprocess.run(command, env=tool_environment(), stdout=subprocess.PIPE, text=True, check=False)
        code = max(code, _code(done.returncode))
        reports[part] = json.loads(done.stdout or "null")
    if as_json:
        print_json(reports)
    else:
        OUT.print_json(json.dumps(reports, ensure_ascii=False))
    raise typer.Exit(code)


pack.command("test", context_settings=PASS, help="检查区域包并用其例句自测。 Check the pack against its own examples.")(
    _passing("router.training", "--test")
)
events.command("republish", context_settings=PASS, help="日志丢失后由存储重发事件。 --since T [--dry-run]")(
    _passing("shared.operations.republish")
)
evaluate.command("transcripts", context_settings=PASS, help="转写字错率。 {cer, clips}: --dir D [--words F …]")(
    _passing("intake_media.evaluation", "transcripts")
)
evaluate.command("routing", context_settings=PASS, help="分办质量。 {macro_f1, accuracy, …}: --train F --data F")(
    _passing("router.evaluation", "routing")
)
evaluate.command("issues", context_settings=PASS, help="热点聚类质量。 {precision, recall, f1}: --data F")(
    _passing("router.evaluation", "issues")
)
