"""Where names stand among the words of a text."""

from ragstack.checking.words.namespans import name_spans, words


def test_a_name_within_a_longer_one_is_no_name_of_its_own() -> None:
    tokens = words("《鲁迅传》由林语堂撰写。")
    spans = name_spans("《鲁迅传》由林语堂撰写。", "鲁迅和林语堂", tokens)
    assert ["".join(tokens[start:end]) for start, end in spans] == ["鲁迅传", "林语堂"]
