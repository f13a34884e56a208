"""One loader per format. Each has ``load(source, limits) -> Loaded``.

``source`` is the file's bytes (PDF, DOCX) or its decoded text (HTML, Markdown, plain text). A loader raises
:class:`ingest.documents.Refused` or :class:`indexes.errors.LoadError` and touches neither disk nor network.
"""

__all__: list[str] = []
