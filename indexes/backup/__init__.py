"""Snapshots: one collection in one file, taken under load and restored exactly."""
