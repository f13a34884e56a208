"""The vector database: a catalogue in SQL that is the truth, and searching structures derived from it.

Import from the modules: ``indexes.database`` opens a home, ``indexes.engine`` says what callers hold,
``indexes.filters`` are conditions on metadata, ``indexes.records`` and ``indexes.errors`` cross every seam.
"""
