"""``ragstack doctor``: what is installed, which models are here, what would fail and what to type."""

import os
import platform
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import click

from indexes.errors import RagStackError
from ragstack.cli.render import console, flat, paragraph, size
from ragstack.cli.session import Session, common_options, emit, examples, one_line

if TYPE_CHECKING:
    from indexes.records import CollectionInfo, EncoderFingerprint
    from ragstack.config import Config
    from ragstack.stack import RagStack

__all__ = ["doctor"]

_PACKAGES = ("ragstack", "torch", "transformers", "sentence-transformers", "faiss-cpu", "sqlalchemy", "langchain",
             "pypdf", "xllamacpp")  # fmt: skip
_LITTLE_SPACE = 1 << 30


@dataclass(frozen=True, slots=True)
class _Check:
    """One thing that was looked at; ``needed`` for asking with these settings, or only good to know."""

    name: str
    ok: bool
    found: str
    fix: str = ""
    needed: bool = True


@click.command(
    short_help="What is installed, what would fail and what to type.",
    epilog=examples("ragstack doctor", "ragstack doctor --home /data/ragstack --json"),
)
@common_options
@click.pass_obj
def doctor(session: Session) -> int:
    """Look at all that `ragstack ask` needs with these settings, and say what to type where something is missing.

    Exit status 0 means that all of it is there. Nothing is fetched or written.
    """
    with session.stack() as stack:
        checks = list(_examine(stack))
    ready = all(check.ok or not check.needed for check in checks)
    if session.json:
        emit({"ready": ready, "python": platform.python_version(), "checks": [asdict(check) for check in checks]})
    else:
        _show(checks, ready)
    return 0 if ready else 1


def _show(checks: list[_Check], ready: bool) -> None:
    out = console()
    for check in checks:
        mark, style = ("ok", "") if check.ok else ("missing", "red") if check.needed else ("note", "yellow")
        paragraph(out, f"{mark:7}  {check.name}: {flat(check.found)}", style)
        if check.fix:
            paragraph(out, f"type: {flat(check.fix)}", "bold", indent=9)
    paragraph(out, "ready to ask" if ready else "not ready to ask", "bold")


def _examine(stack: "RagStack") -> Iterator[_Check]:
    config = stack.config
    yield _packages()
    yield _home(config)
    yield _pictures(config)
    yield _fonts()
    encoder = _guarded("encoder", lambda: _model("encoder", config.models.encoder, config))
    yield encoder
    if config.generator.kind in ("llamacpp", "transformers"):
        yield _guarded("decoder", lambda: _model("decoder", config.generator.model or config.models.decoder, config))
    if config.generator.kind == "openai":
        where = f"{config.generator.model or 'no model'} at {config.generator.base_url}"
        yield _Check("generator", bool(config.generator.model), where, "" if config.generator.model else
                     "export RAGSTACK_GENERATOR__MODEL=NAME")  # fmt: skip
    try:
        fingerprint = stack.encoder.fingerprint if encoder.ok else None
        infos = stack.database.collections()
    except RagStackError as error:
        yield _Check("collections", ok=False, found=one_line(str(error)))
        return
    yield from _collections(infos, config.store.collection, fingerprint)


def _guarded(name: str, look: Callable[[], _Check]) -> _Check:
    """What was found, where an error is a finding too."""
    try:
        return look()
    except RagStackError as error:
        return _Check(name, ok=False, found=one_line(str(error)))


def _packages() -> _Check:
    versions: dict[str, str] = {}
    for name in _PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    missing = [name for name in _PACKAGES if name not in versions]
    found = ", ".join(f"{name} {version}" for name, version in versions.items())
    if missing:
        return _Check("packages", ok=False, found=f"{', '.join(missing)} not installed", fix="pip install ragstack")
    return _Check("packages", ok=True, found=f"Python {platform.python_version()}, {found}")


def _home(config: "Config") -> _Check:
    """Whether the home can be written; asking needs no more than reading."""
    home = config.home
    there: Path = next(path for path in (home, *home.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        reason = "cannot be written" if there.is_dir() else "is a file"
        return _Check("home", ok=False, found=f"{home} {reason}; ingesting needs a folder that can be written",
                      fix="ragstack ingest PATH --home DIR", needed=False)  # fmt: skip
    if free < _LITTLE_SPACE:
        return _Check("home", ok=False, found=f"{home} has only {size(free)} free; make room before ingesting",
                      needed=False)  # fmt: skip
    return _Check("home", ok=True, found=f"{home}, {size(free)} free")


def _pictures(config: "Config") -> _Check:
    """Whether pictures and scans can be read; asking does without."""
    from ingest import ocr

    if not config.ingest.ocr:
        return _Check("pictures", ok=True, found="left unread, as ingest.ocr says")
    if ocr.missing():
        found = "pictures and scans are refused, what reads them is not installed"
        return _Check("pictures", ok=False, found=found, fix="pip install 'ragstack[ocr]'", needed=False)
    return _Check("pictures", ok=True, found="pictures and scans are read")


def _fonts() -> _Check:
    """Whether PDFs that name Chinese fonts without holding them are read whole; asking does without.

    Other systems than Linux come with such fonts; there, and only there, fontconfig is asked.
    """
    lister = shutil.which("fc-list")
    if platform.system() == "Linux" and not (
        lister and subprocess.run([lister, ":lang=zh"], capture_output=True, check=False).stdout
    ):
        found = "no Chinese font found; PDFs that name one without holding it lose characters"
        return _Check("fonts", ok=False, found=found, fix="apt install fontconfig fonts-wqy-zenhei", needed=False)
    return _Check("fonts", ok=True, found="Chinese PDFs are read whole, also those that do not hold their fonts")


def _model(name: str, setting: str, config: "Config") -> _Check:
    from ingest.packs import locate

    if setting.startswith("hf:"):  # to look would be to fetch
        return _Check(name, ok=True, found=f"{setting}, from the model hub or its cache at first use")
    return _Check(name, ok=True, found=f"{setting}, {locate(setting, config.model_cache)}")


def _collections(infos: "list[CollectionInfo]", default: str, encoder: "EncoderFingerprint | None") -> Iterator[_Check]:
    """The collections, whether each fits the encoder; the default one has to be there, fit and hold something."""
    if default not in [info.name for info in infos]:
        yield _Check(f"collection {default}", ok=False, found="not made yet", fix="ragstack ingest PATH")
    for info in infos:
        name, needed = f"collection {info.name}", info.name == default
        if encoder is not None and info.encoder != encoder:
            found = f"filled by encoder {info.encoder.name} (revision {info.encoder.revision}), not by {encoder.name}"
            fix = f"export RAGSTACK_MODELS__ENCODER={info.encoder.name}"
            yield _Check(name, ok=False, found=found, fix=fix, needed=needed)
        elif not info.chunks:
            yield _Check(
                name, ok=False, found="empty", fix=f"ragstack ingest PATH --collection {info.name}", needed=needed
            )
        else:
            yield _Check(name, ok=True, found=f"{info.documents} documents, {info.chunks} chunks")
