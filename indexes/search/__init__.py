"""Searching structures derived from the catalogue: in memory, in files, and kept up to date by ``reader``."""
