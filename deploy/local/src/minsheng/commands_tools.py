"""`route`, `pack`, `eval`: offline tools of the services, run as their own modules and passed through."""

import subprocess
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from minsheng import stack
from minsheng.places import Places

route = typer.Typer(help="分办。 Routing.", no_args_is_help=True)
pack = typer.Typer(help="区域包：训练与自检。 The district pack: train and test.", no_args_is_help=True)
evaluate = typer.Typer(help="评测。 Measure quality.", no_args_is_help=True)

# Whatever follows the name goes to the tool unchanged: its own --help is the reference.
PASS = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def run(module: str, *words: str) -> int:
    """Run a service's module; stdout is its JSON, stderr its progress. Returns 0, 1 or 2."""
    env = stack.environment(Places.from_environment())
    done = subprocess.run([sys.executable, "-m", module, *words], env=env, check=False)
    return done.returncode if 0 <= done.returncode <= 2 else 1


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


@pack.command("train")
def train() -> None:
    """用区域包的例句和词表训练模型。 Train the router's text model and the transcriber's word model from the pack."""
    raise typer.Exit(max(run("router.training"), run("intake_media.training")))


pack.command("test", context_settings=PASS, help="检查区域包并用其例句自测。 Check the pack against its own examples.")(
    _passing("router.training", "--test")
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
