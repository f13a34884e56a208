"""Words of English and Chinese texts, compared strictly: what a sentence denies, turns, names, qualifies or exchanges.

``denials`` finds what is denied, ``names`` and ``namespans`` what is named. ``contradictions`` are negations turned and
opposites said; ``qualifiers`` (and ``qualifiers_zh``) change who or what is meant; ``exchanges`` are names and numbers
in each other's place.
"""
