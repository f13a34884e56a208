"""What care is taken of: a collection, with all that stands behind it."""

from dataclasses import dataclass

from indexes.care.findings import Finding, Kind
from indexes.catalogue.connection import Catalogue
from indexes.records import EncoderFingerprint
from indexes.search.artefacts import Artefacts
from indexes.search.reader import Reader

__all__ = ["Target"]


@dataclass(frozen=True, slots=True)
class Target:
    """A collection and what it is made of."""

    id: int
    name: str
    encoder: EncoderFingerprint
    catalogue: Catalogue
    artefacts: Artefacts
    reader: Reader

    def finding(
        self,
        kind: Kind,
        what: str,
        at: str = "",
        *,
        document: int | None = None,
        chunk: int | None = None,
        mend: str | None = None,
    ) -> Finding:
        """A finding in this collection that its repair sees to, unless ``mend`` says otherwise."""
        where = f"collection {self.name!r}" + (f", {at}" if at else "")
        return Finding(kind, where, what, mend or f"ragstack collections repair {self.name}", document, chunk)
