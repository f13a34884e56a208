"""A collection moves to another encoder: ``migrating`` builds and switches, ``agreement`` compares the two."""

from ragstack.migration.agreement import Agreement, Comparison
from ragstack.migration.migrating import Migration, migrate, read_questions

__all__ = ["Agreement", "Comparison", "Migration", "migrate", "read_questions"]
