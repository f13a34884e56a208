"""Which sentences are worth asking about: complete ones that stand alone, spread over the documents.

Left out are headings, tables, code, lists of sources, boilerplate, what occurs twice (headers and footers do), and
sentences that lean on those before them: who "it" is, a reader of the question cannot know.
"""

import random
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ingest.text.outline import plain_markup
from ingest.text.sentences import split_sentences
from ragstack.evaluation.testsets.values import Passage
from ragstack.language import language_of

if TYPE_CHECKING:
    from indexes.engine import VectorCollection
    from indexes.records import Chunk, Document

__all__ = ["MARKER", "choose", "is_good"]

MOST_DOCUMENTS = 200
"""Documents read for one test set, a sample where there are more."""
_WORDS, _CHARACTERS = (6, 45), (12, 120)
"""Lengths of a good sentence: words in English, characters in Chinese."""
_TELLING = 0.55
"""The share of a sentence's signs that are letters, at least."""
_AROUND = 400
"""Characters of a neighbour that are kept at most."""

_LEANS = re.compile(
    r"(?:it|its|this|these|that|those|they|their|them|he|his|she|her|we|our|i|my|you|your|here|there|however|but|and"
    r"|or|so|also|thus|therefore|then|hence|such|moreover|furthermore|instead|otherwise|for (?:example|instance)"
    r"|in addition|as a result|in contrast|both|another|others?|each|later|afterwards?|meanwhile|finally|first|second"
    r"|third|next|shortly|soon|after|before|until|if so|(?:to|in|for) (?:this|that|these|those)"
    r"|the (?:former|latter|other|second|third|following|above|resulting|same|last|next|two|three|four|five))\b"
    r"|[它他她这那该此其我你您本另但而并也又还则见图表]|因此|所以|然而|同时|另外|于是|随后|之后|接着|首先|最后"
    r"|不过|先前|如今|现在|目前|近[年日来]|日前|之前|以前|当[时天日年]|相反|总之|可见|事实上|不仅如此|除此|节[日前后]"
    r"|例如|比如|可能|不久|取而代之|经[^，。]{0,4}审理|有时|[曾仍将再][^军领帅来经]|以[上下]|上述|前者|后者|如[图表]|与此|对此|为此|由此|据此|昨[日天]|今[日天年]|去年|同[年月日]",
    re.IGNORECASE,
)
"""How a sentence begins that goes on with what another has said."""
_LEANS_WITHIN = re.compile(
    r"\b(?:we|our|us|i|my|you|your|see|above|below|the following|as follows|that (?:season|year|month|day|time|week)"
    r"|this (?:paper|section|chapter|study|work|document|report|table|figure|example|case)"
    r"|(?:figure|fig\.|table|section|chapter|eq\.|equation|appendix) ?\d)\b"
    r"|\bthe (?:same|following|next|previous) (?:season|year|month|day|week)\b"
    r"|当[日天年月周]|今[年天日]|[去明前]年|昨[天日]|同[日天年月]|次[日年月]|本(?:赛季|[周月年届次轮场项文节章书]|报告|公司)"
    r"|全[省市县校区队]|前一|上(?:周|月|赛季)|[他她它]|我们|你们|您|如[下图表]|[下上][图表]|[图表] ?\d|该公司|见第",
    re.IGNORECASE,
)
_NO_TEXT = re.compile(
    r"https?:|www\.|@|arxiv|doi\b|\bpp?\. ?\d|©|\(c\)|all rights reserved|copyright|licen[sc]ed? |cookie|subscribe"
    r"|sign up|click|log ?in|版权|保留所有|点击|关注|订阅|登录|转载|编辑：|责编|记者|原标题|微信|扫码|目录"
    r"|[|{}<>\\=^_~•□�`【】]|\.{4,}|…{2,}",
    re.IGNORECASE,
)
"""Boilerplate, addresses, code, formulas."""
_GARBLED = re.compile("[ÃÂâ][\x80-\xbf€™“”œ]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_ENGLISH = re.compile(r"\b(?:the|of|and|is|are|was|were|to|has|have|had|with|by|for|from)\b", re.IGNORECASE)
MARKER = re.compile(r"[ \t]*(?:[-*+•]\s|\d{1,3}(?:[)、]|\.\s)|[（(]\d{1,2}[)）])?[ \t]*")
"""What a list puts before its items."""
_ENDS = re.compile(r"[.。](?:[\"'”’)）*]|\[\d+\])*$")


def choose(collection: "VectorCollection", seed: int) -> list[Passage]:
    """The good sentences of a collection, in an order that ``seed`` shuffles: one of each document in turn."""
    chance = random.Random(f"passages {seed}")  # noqa: S311  # a sample, not a secret
    infos = collection.documents()
    if len(infos) > MOST_DOCUMENTS:
        infos = chance.sample(infos, MOST_DOCUMENTS)
    groups = []
    seen: Counter[str] = Counter()
    for info in sorted(infos, key=lambda info: info.key):
        found = collection.contents(info.key)
        group = list(_of(info.uri, info.document_id, *found)) if found else []
        seen.update(_same(passage) for passage in group)
        groups.append(group)
    kept = [[passage for passage in group if seen[_same(passage)] == 1] for group in groups]
    for group in kept:
        chance.shuffle(group)
    chance.shuffle(kept)
    deepest = max(map(len, kept), default=0)
    return [group[turn] for turn in range(deepest) for group in kept if turn < len(group)]


def is_good(text: str) -> bool:
    """Whether a sentence is whole, says something and stands alone, as far as its words show."""
    plain = plain_markup(MARKER.sub("", text, count=1))
    if not _ENDS.search(plain) or _LEANS.match(plain) or _LEANS_WITHIN.search(plain) or _NO_TEXT.search(plain):
        return False
    if plain[0] in "”’」』)）—" or plain.count("“") != plain.count("”") or _GARBLED.search(plain):
        return False
    if plain.count("(") != plain.count(")") or plain.count("（") != plain.count("）"):
        return False
    signs = [character for character in plain if not character.isspace()]
    telling = sum(character.isalpha() for character in signs)
    if telling < _TELLING * len(signs):
        return False
    if language_of(plain) == "zh":
        return _CHARACTERS[0] <= len(signs) <= _CHARACTERS[1]
    return (
        _WORDS[0] <= len(plain.split()) <= _WORDS[1]
        and plain[0].isupper()
        and len(_ENGLISH.findall(plain)) >= 2
        and sum(word[:1].isupper() for word in plain.split()) <= len(plain.split()) / 2
    )


def _of(uri: str, document_id: int, document: "Document", chunks: Sequence["Chunk"]) -> Iterator[Passage]:
    spans = split_sentences(document.text)
    starts = [chunk.start for chunk in chunks]
    for at, (start, end) in enumerate(spans):
        text = document.text[start:end]
        if text.startswith(("#", "|", ">")) or not is_good(text):
            continue
        chunk = chunks[max(0, bisect_right(starts, start) - 1)] if chunks else None
        first, last = spans[max(0, at - 1)], spans[min(len(spans) - 1, at + 1)]
        begin = first[0] if start - first[0] <= _AROUND else start
        stop = last[1] if last[1] - end <= _AROUND else end
        heading = " ".join(chunk.context.split("\n")[0].split()) if chunk else ""
        yield Passage(
            id=f"{document_id}-{start}",
            document=uri,
            document_id=document_id,
            heading=heading or document.title,
            language=language_of(text),
            start=start,
            end=end,
            text=text,
            around_start=begin,
            around=document.text[begin:stop],
        )


def _same(passage: Passage) -> str:
    return "".join(character for character in passage.text.casefold() if character.isalpha())
