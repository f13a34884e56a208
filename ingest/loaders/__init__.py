"""One loader per format. Each has ``load(source, limits) -> Loaded``; those of archives ``members(data, budget)``.

``source`` is the file's bytes, or its decoded text where the format is text (HTML, XML, Markdown, CSV, JSON, plain
text). A loader raises :class:`ingest.documents.Refused` or :class:`indexes.errors.LoadError` and touches neither disk
nor network.
"""

__all__: list[str] = []
