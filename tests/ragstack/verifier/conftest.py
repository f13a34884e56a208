"""A small set of true and false claims in both languages."""

import json
from pathlib import Path

import pytest

ANIMALS = ["otter", "heron", "lynx", "badger", "newt", "osprey", "stoat", "marten", "bison", "ibex", "crane", "viper"]
PLACES = ["delta", "marsh", "ridge", "canyon", "valley", "harbour", "meadow", "glacier"]
TIERE = ["水獭", "苍鹭", "猞猁", "野牛", "羚羊", "灰鹤", "雪豹", "河狸"]


@pytest.fixture
def claims_folder(tmp_path: Path) -> Path:
    """A folder with one set: the claim repeats what the context says, or puts another animal in its place."""
    folder = tmp_path / "data" / "animals"
    folder.mkdir(parents=True)
    rows = []
    for number, (animal, place) in enumerate((a, p) for a in ANIMALS for p in PLACES):
        other = ANIMALS[(number + 5) % len(ANIMALS)] if ANIMALS[(number + 5) % len(ANIMALS)] != animal else "whale"
        context = f"Note {number}. The {animal} sleeps in the {place} all winter. Rain falls often."
        rows.append({"context": context, "response": f"The {animal} sleeps in the {place}.", "label": "faithful"})
        rows.append({"context": context, "response": f"The {other} sleeps in the {place}.", "label": "hallucinated"})
    for number, animal in enumerate(TIERE * 4):
        other = TIERE[(number + 3) % len(TIERE)]
        context = f"笔记{number}。{animal}整个冬天都住在山谷里。那里常常下雨。"
        rows.append({"context": context, "response": f"{animal}住在山谷里。", "label": "faithful"})
        rows.append({"context": context, "response": f"{other}住在山谷里。", "label": "hallucinated"})
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "examples.jsonl").write_text(text, encoding="utf-8")
    return folder.parent
