"""The catalogue: the truth in SQL. ``connection`` opens it; ``reading`` and ``writing`` ask it and fill it."""
