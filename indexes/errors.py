"""The tree of errors. One root, so that a caller needs one ``except``.

RagStackError                something a person can act on; its text is one line that says what was found,
│                            what was expected and what to type next
├── UsageError               the call was wrong (exit status 2 on the command line)
│   ├── ConfigError          a setting: unknown key, wrong type, impossible value
│   ├── FilterError          a metadata filter that cannot be understood
│   └── UnknownCollection    no collection of that name
├── EncoderMismatch          the collection was filled by another encoder
├── StoreError               the database could not be opened, read or written
│   ├── StoreBusy            another process holds the write lock
│   └── StoreDamaged         damage that only a repair can mend
├── LoadError                a file cannot be read as a document
├── ModelMissing             a model is not on this machine
├── ModelError               a model is here and failed
└── ExtraMissing             an optional package is not installed
"""

__all__ = [
    "ConfigError",
    "EncoderMismatch",
    "ExtraMissing",
    "FilterError",
    "LoadError",
    "ModelError",
    "ModelMissing",
    "RagStackError",
    "StoreBusy",
    "StoreDamaged",
    "StoreError",
    "UnknownCollection",
    "UsageError",
]


class RagStackError(Exception):
    """Something a person can act on; ``str()`` is one line for them."""


class UsageError(RagStackError):
    """The call was wrong."""


class ConfigError(UsageError):
    """A setting is unknown, of the wrong type or impossible."""


class FilterError(UsageError):
    """A metadata filter cannot be understood."""


class UnknownCollection(UsageError):
    """No collection of that name exists."""


class EncoderMismatch(RagStackError):
    """The collection was filled by another encoder than the one at hand."""


class StoreError(RagStackError):
    """The database could not be opened, read or written."""


class StoreBusy(StoreError):
    """Another process is writing to the collection."""


class StoreDamaged(StoreError):
    """The database is damaged in a way that only a repair can mend."""


class LoadError(RagStackError):
    """A file cannot be read as a document."""


class ModelMissing(RagStackError):
    """A model is not on this machine."""


class ModelError(RagStackError):
    """A model is on this machine and failed."""


class ExtraMissing(RagStackError):
    """An optional package is not installed."""
