"""From a model setting to a path: a pack's name, a local folder or file, or a model of the hub (``hf:ORG/NAME``)."""

from pathlib import Path

from indexes.errors import ModelMissing
from ingest.packs.manifest import PACKS
from ingest.packs.store import list_packs, missing_sentence

__all__ = ["locate"]

_HUB = "hf:"
_WEIGHTS = ("*.safetensors", "*.gguf")
_UNWANTED = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.h5", "*.msgpack", "*.ot", "*.onnx", "onnx/*", "openvino/*")
"""Weights in forms that are never read here: pickles, and those of other frameworks."""


def locate(setting: str, cache: Path) -> Path:
    """The folder or file of the model that ``setting`` means.

    A pack is looked for in ``cache`` and never fetched by the way. A model of the hub is taken from the hub's own
    local cache, and fetched where it is not there.

    Raises:
        ModelMissing: there is no such model on this machine; the sentence says what to type.
    """
    if setting in PACKS:
        status = next(status for status in list_packs(cache) if status.pack.name == setting)
        if not status.present:
            raise ModelMissing(missing_sentence(setting, cache))
        return status.path
    if setting.startswith(_HUB):
        return _from_hub(setting.removeprefix(_HUB))
    path = Path(setting).expanduser()
    if not path.exists():
        raise ModelMissing(
            f"there is no model {setting!r}: it is neither a file or folder nor a pack ({', '.join(PACKS)});"
            " a model of the hub is written hf:ORG/NAME"
        )
    return path.resolve()


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        for local in (True, False):
            try:
                folder = Path(snapshot_download(name, local_files_only=local, ignore_patterns=list(_UNWANTED)))
            except LocalEntryNotFoundError:
                if not local:
                    raise
                continue
            if any(next(folder.rglob(pattern), None) for pattern in _WEIGHTS):
                return folder
    except HFValidationError as error:
        raise ModelMissing(f"{_HUB}{name} is no model of the hub: expected {_HUB}ORG/NAME") from error
    except HfHubHTTPError as error:
        raise ModelMissing(
            f"the hub does not give {name}: {str(error).strip().splitlines()[0]}; check the name, and for a model"
            " whose licence must be accepted, log in: hf auth login"
        ) from error
    except OSError as error:
        raise ModelMissing(
            f"the model {name} is not on this machine and the hub cannot be reached; fetch it where there is a network,"
            f" or use a pack: {', '.join(PACKS)}"
        ) from error
    raise ModelMissing(
        f"the model {name} has no weights on this machine in a form that is read (safetensors, GGUF), and none could be"
        f" fetched from the hub; use another model, or a pack: {', '.join(PACKS)}"
    )
