"""``ragstack collections``: care of the database. No model is loaded for it."""

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from ragstack.cli.render import console, paragraph, show_table
from ragstack.cli.session import Session, common_options, emit, examples, words

if TYPE_CHECKING:
    from indexes.records import CollectionInfo

__all__ = ["collections"]


@click.group(epilog=examples("ragstack collections list", "ragstack collections show manuals"))
@common_options
def collections() -> None:
    """Care of the database: what is there, whether it is sound, and what is kept of it."""


@collections.command("list", epilog=examples("ragstack collections list --json"))
@common_options
@click.pass_obj
def list_(session: Session) -> None:
    """Show all collections of the home."""
    with session.stack() as stack:
        home = stack.config.home
        infos = stack.database.collections()
    if session.json:
        emit({"home": str(home), "collections": [_info(info) for info in infos]})
    elif infos:
        rows = [(info.name, str(info.documents), str(info.chunks), info.encoder.name) for info in infos]
        show_table(("NAME", "DOCUMENTS", "CHUNKS", "ENCODER"), rows, console())
    else:
        console().print(f"there is no collection in {home}; `ragstack ingest PATH` makes one")


@collections.command(epilog=examples("ragstack collections show manuals"))
@click.argument("name", type=words)
@common_options
@click.pass_obj
def show(session: Session, name: str) -> None:
    """Show a collection: its encoder, its documents, and the files that could not be read."""
    with session.stack() as stack:
        collection = stack.database.collection(name)
        info, documents, ledger = collection.info(), collection.documents(), collection.ledger()
    problems = [entry for entry in ledger if entry.outcome in ("refused", "failed")]
    if session.json:
        emit(
            _info(info)
            | {
                "contents": [
                    {"document": item.uri, "title": item.title, "chunks": item.chunks, "metadata": dict(item.metadata)}
                    for item in documents
                ],
                "problems": [{"path": item.uri, "outcome": item.outcome, "reason": item.reason} for item in problems],
            }
        )
        return
    out = console()
    encoder = info.encoder
    paragraph(out, f"{info.name}: {info.documents} documents, {info.chunks} chunks", "bold")
    paragraph(out, f"made {info.created:%Y-%m-%d %H:%M} UTC, encoder {encoder.name} ({encoder.dimension} dimensions)")
    if documents:
        out.print()
        rows = [(str(item.chunks), item.uri, item.title) for item in documents]
        show_table(("CHUNKS", "DOCUMENT", "TITLE"), rows, out)
    if problems:
        out.print()
        show_table(("OUTCOME", "FILE", "REASON"), [(item.outcome, item.uri, item.reason) for item in problems], out)


@collections.command(epilog=examples("ragstack collections delete manuals --yes"))
@click.argument("name", type=words)
@click.option("--yes", is_flag=True, help="Do not ask.")
@common_options
@click.pass_obj
def delete(session: Session, name: str, *, yes: bool) -> None:
    """Delete a collection with all that it holds; the files it was made from stay."""
    with session.stack() as stack:
        info = stack.database.collection(name).info()
        if not yes:
            _ask(session, f"Delete collection {info.name} with {info.documents} documents?")
        stack.database.delete(name)
    if session.json:
        emit({"deleted": _info(info)})
    else:
        console().print(f"deleted {info.name}: {info.documents} documents, {info.chunks} chunks")


def _ask(session: Session, question: str) -> None:
    if session.json or not sys.stdin.isatty():
        raise click.UsageError("deleting cannot be undone and nobody is there to ask; repeat it with --yes")
    click.confirm(question, abort=True, err=True)


def _info(info: "CollectionInfo") -> dict[str, Any]:
    return {
        "name": info.name,
        "documents": info.documents,
        "chunks": info.chunks,
        "encoder": asdict(info.encoder),
        "created": info.created.isoformat(),
    }
