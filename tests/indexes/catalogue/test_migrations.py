"""A database of an older schema is brought to the newest one, with all that it holds."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import create_engine, text

from indexes.catalogue.migrations import STEPS
from indexes.database import Database

# The tables as version 1 had them. ID is the type of a primary key, BLOB that of bytes.
FIRST_TABLES = """
CREATE TABLE migration (version INTEGER NOT NULL, name VARCHAR(200) NOT NULL, PRIMARY KEY (version));
CREATE TABLE collection (id ID, name TEXT NOT NULL, encoder JSON NOT NULL, created DOUBLE PRECISION NOT NULL,
    sequence BIGINT NOT NULL, horizon BIGINT NOT NULL, UNIQUE (name));
CREATE TABLE document (id ID, collection_id BIGINT NOT NULL REFERENCES collection (id) ON DELETE CASCADE,
    key TEXT NOT NULL, uri TEXT NOT NULL, title TEXT NOT NULL, digest VARCHAR(128) NOT NULL, metadata JSON NOT NULL,
    pages JSON NOT NULL, text TEXT NOT NULL);
CREATE TABLE chunk (id ID, collection_id BIGINT NOT NULL REFERENCES collection (id) ON DELETE CASCADE,
    document_id BIGINT NOT NULL REFERENCES document (id) ON DELETE CASCADE, sequence BIGINT NOT NULL,
    start_at BIGINT NOT NULL, end_at BIGINT NOT NULL, page INTEGER, digest VARCHAR(128) NOT NULL,
    metadata JSON NOT NULL, context TEXT NOT NULL, text TEXT NOT NULL);
CREATE TABLE vector (chunk_id INTEGER NOT NULL REFERENCES chunk (id) ON DELETE CASCADE, vector BLOB NOT NULL,
    PRIMARY KEY (chunk_id));
CREATE TABLE tombstone (chunk_id INTEGER NOT NULL, collection_id BIGINT NOT NULL
    REFERENCES collection (id) ON DELETE CASCADE, sequence BIGINT NOT NULL, PRIMARY KEY (chunk_id));
CREATE TABLE document_attribute (id ID, collection_id BIGINT NOT NULL, key TEXT NOT NULL, kind VARCHAR(1) NOT NULL,
    text TEXT NOT NULL, number DOUBLE PRECISION,
    document_id BIGINT NOT NULL REFERENCES document (id) ON DELETE CASCADE);
CREATE TABLE chunk_attribute (id ID, collection_id BIGINT NOT NULL, key TEXT NOT NULL, kind VARCHAR(1) NOT NULL,
    text TEXT NOT NULL, number DOUBLE PRECISION, chunk_id BIGINT NOT NULL REFERENCES chunk (id) ON DELETE CASCADE);
CREATE TABLE ledger (collection_id INTEGER NOT NULL REFERENCES collection (id) ON DELETE CASCADE, key TEXT NOT NULL,
    uri TEXT NOT NULL, outcome VARCHAR(20) NOT NULL, reason TEXT NOT NULL, digest VARCHAR(128) NOT NULL,
    time DOUBLE PRECISION NOT NULL, PRIMARY KEY (collection_id, key));
CREATE UNIQUE INDEX document_key ON document (collection_id, key);
CREATE INDEX chunk_sequence ON chunk (collection_id, sequence);
INSERT INTO migration VALUES (1, 'first tables');
"""
KINDS = {
    "sqlite": {" ID,": " INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,"},
    "postgresql": {" ID,": " BIGSERIAL PRIMARY KEY,", " BLOB ": " BYTEA "},
}


@pytest.fixture
def old(home: Path, url: str | None, backend: str, toys: Any) -> Path:
    """A database of version 1 with 1203 chunks in two documents."""
    home.mkdir()
    script = FIRST_TABLES
    for name, kind in KINDS[backend].items():
        script = script.replace(name, kind)
    engine = create_engine(url or f"sqlite:///{home / 'catalog.db'}")
    encoder = {"name": "toy", "revision": "1", "dimension": toys.DIMENSION, "pooling": "mean"}
    encoder |= {"query_prefix": "", "passage_prefix": ""}
    with engine.begin() as connection:
        for statement in script.split(";\n"):
            connection.execute(text(statement.replace(":", "\\:")) if statement.strip() else text("SELECT 1"))
        put = (
            "INSERT INTO collection (name, encoder, created, sequence, horizon) VALUES ('papers', :encoder, 1.5, 1, 0)"
        )
        connection.execute(text(put), {"encoder": json.dumps(encoder)})
        for key, count in (("a", 3), ("乙", 1200)):
            made = toys.make(key, [f"{key} {n} 猫" for n in range(count)], {"year": 2020, "ratio": 0.1, "lang": "中文"})
            _put(connection, made, key)
    engine.dispose()
    for path in home.iterdir():
        path.chmod(0o600)
    return home


def _put(connection: Any, made: Any, key: str) -> None:
    document = made.document
    put = (
        "INSERT INTO document (collection_id, key, uri, title, digest, metadata, pages, text) "
        "VALUES (1, :key, :key, '', 'd', :metadata, '[[1, 0, 5]]', :text) RETURNING id"
    )
    values = {"key": key, "metadata": json.dumps(dict(document.metadata)), "text": document.text}
    document_id = connection.execute(text(put), values).scalar_one()
    for chunk, vector in zip(made.chunks, made.vectors, strict=True):
        put = (
            "INSERT INTO chunk (collection_id, document_id, sequence, start_at, end_at, page, digest, metadata, "
            "context, text) VALUES (1, :document_id, 1, :start, :end, :page, :digest, '{}', '', :text) RETURNING id"
        )
        values = {"document_id": document_id, "start": chunk.start, "end": chunk.end, "page": chunk.page}
        values |= {"digest": chunk.digest, "text": document.text[chunk.start : chunk.end]}
        chunk_id = connection.execute(text(put), values).scalar_one()
        unit = (vector / np.linalg.norm(vector)).astype("<f4").tobytes()
        connection.execute(text("INSERT INTO vector VALUES (:id, :vector)"), {"id": chunk_id, "vector": unit})
        put = (
            "INSERT INTO chunk_attribute (collection_id, key, kind, text, number, chunk_id) "
            "VALUES (1, 'page', 'n', :t, :n, :id)"
        )
        connection.execute(text(put), {"t": str(chunk.page), "n": chunk.page, "id": chunk_id})
    rows = [
        ("document", "s", key, None),
        ("year", "n", "2020", 2020),
        ("ratio", "n", "0.1", 0.1),
        ("lang", "s", "中文", None),
    ]
    for name, kind, value, number in rows:
        put = (
            "INSERT INTO document_attribute (collection_id, key, kind, text, number, document_id) "
            "VALUES (1, :key, :kind, :text, :number, :id)"
        )
        values = {"key": name, "kind": kind, "text": value, "number": number, "id": document_id}
        connection.execute(text(put), values)
    line = "INSERT INTO ledger VALUES (1, :key, :key, 'added', '', 'd', 1.25)"
    connection.execute(text(line), {"key": key})


def test_a_database_of_version_1_gets_checksums_and_loses_nothing(old: Path, database: Database, toys: Any) -> None:
    collection = database.collection("papers")
    assert [(info.key, info.chunks) for info in collection.documents()] == [("a", 3), ("乙", 1200)]
    assert [entry.key for entry in collection.ledger()] == ["a", "乙"]
    assert all(not report.findings for report in database.verify())
    found = collection.dense(toys.vector_of("乙 700 猫"), 1)
    assert [chunk.text for chunk in collection.chunks([id_ for id_, _ in found])] == ["乙 700 猫"]
    document = collection.document("乙")
    assert document is not None
    assert document.metadata == {"year": 2020, "ratio": 0.1, "lang": "中文"}
    made = toys.make("a", ["a 0 猫", "new"])
    with collection.writer() as writer:
        change = writer.put(made.document, made.chunks, made.vectors)
    assert (change.added, change.reused, change.removed) == (1, 1, 2)
    assert all(not report.findings for report in database.verify())
    with database._catalogue.read() as connection:
        assert connection.execute(text("SELECT max(version) FROM migration")).scalar_one() == len(STEPS)
