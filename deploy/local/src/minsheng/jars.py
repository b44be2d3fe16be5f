"""Apache Kafka's jars: resolved once by jgo, checked against the committed lock, kept inside the environment."""

import shutil
import sys
import tempfile
import tomllib
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from minsheng.places import REPOSITORY

SPEC = REPOSITORY / "deploy/local/jgo.toml"
LOCK = REPOSITORY / "deploy/local/jgo.lock.toml"
LOCK_COMMENT = (
    "# What the resolver must find, by sha256: start-up refuses a jar that differs.\n"
    "# Written by `python -m minsheng.jars --lock`.\n"
)


class JarsRefused(RuntimeError):
    """A jar is missing or is not the one that the lock names."""


def home() -> Path:
    """Where the jars of this lock belong; the folder exists only when they are complete."""
    digest = sha256(LOCK.read_bytes()).hexdigest()[:12]
    return Path(sys.prefix) / "share" / "minsheng" / f"kafka-{digest}"


def ensure(say: Callable[[str], None]) -> Path:
    """The folder with all jars, fetched if need be (about 20 s, 44 MB); raises `JarsRefused`."""
    target = home()
    if target.is_dir():
        return target
    say("Kafka: fetching its Java archives (44 MB, once) …")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        found, _ = _resolve(Path(scratch) / "env")
        wanted = _locked_sums()
        complete = Path(scratch) / "complete"
        complete.mkdir()
        sums = {}
        for jar in found:
            sums[sha256(jar.read_bytes()).hexdigest()] = jar
        missing = sorted(name for digest, name in wanted.items() if digest not in sums)
        if missing:
            raise JarsRefused(f"not as locked in {LOCK.name}: {', '.join(missing)}")
        for digest in wanted:
            shutil.copyfile(sums[digest], complete / sums[digest].name)
        try:
            complete.rename(target)
        except OSError:  # another set-up was faster: its folder went through the same checks
            if not target.is_dir():
                raise
    return target


def _locked_sums() -> dict[str, str]:
    lock = tomllib.loads(LOCK.read_text(encoding="utf-8"))
    return {
        entry["sha256"]: f"{entry['groupId']}:{entry['artifactId']}:{entry['version']}"
        for entry in lock["dependencies"]
    }


def _resolve(folder: Path) -> tuple[list[Path], Path]:
    """Jars found by jgo's own resolver (no Maven, no Java needed) and the lock it wrote."""
    from jgo.config import GlobalSettings
    from jgo.constants import MAVEN_CENTRAL_URL
    from jgo.env import EnvironmentBuilder, EnvironmentSpec, LinkStrategy
    from jgo.maven import MavenContext, PythonResolver

    settings = GlobalSettings.load()  # a mirror set in jgo's own configuration is honoured
    context = MavenContext(
        repo_cache=settings.repo_cache,
        remote_repos={"central": MAVEN_CENTRAL_URL, **settings.repositories},
        resolver=PythonResolver(),
    )
    builder = EnvironmentBuilder(context=context, cache_dir=folder, link_strategy=LinkStrategy.COPY)
    environment = builder.from_spec(EnvironmentSpec.load(SPEC))
    return list(environment.all_jars), environment.lock_path


def relock() -> None:
    """Resolve anew and write the lock without the time of day, so that an unchanged set is an unchanged file."""
    with tempfile.TemporaryDirectory() as scratch:
        _, written = _resolve(Path(scratch) / "env")
        kept = [line for line in written.read_text(encoding="utf-8").splitlines() if not line.startswith("generated")]
    LOCK.write_text(LOCK_COMMENT + "\n".join(kept) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if "--lock" in sys.argv[1:]:
        relock()
    print(ensure(lambda line: print(line, file=sys.stderr)))
