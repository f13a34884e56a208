"""Phone numbers in a text, as they are written in English-speaking countries and in China.

A phone number has no check digit. It counts as one where it is set out as one (``(415) 555-2671``, ``020 7946 0018``,
``+86 138 0013 8000``, ``010-6255 1234``), where it is a Chinese mobile number, or where a word such as ``Tel`` or
``电话`` stands before it. Rows of numbers, dates, versions and identifiers of publications are none.
"""

import re
from collections.abc import Iterator

__all__ = ["find_phones"]

_ALONE = r"(?<![A-Za-z0-9_.@#$€£¥])(?<![0-9][-/,:])(?<![/=&?]\w)"
_ENDS = r"(?![A-Za-z0-9_@%×*]|[-./,:]\d)"
_JOIN = r"(?:[ -]|[ -]?\n[ \t]{0,8})"
"""What may stand between two groups: a space, a hyphen, and a line break once the group before it is whole."""
_CODES = (
    "1|7|20|27|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|212|213|216|218|2[2-6]\\d|29[0-9]|35[0-9]|37\\d|38[0-9]"
    "|42[0-3]|50\\d|59\\d|67\\d|68\\d|69\\d|85[0-6]|88[06]|96\\d|97[0-79]|99[2-8]"
)
_MOBILE = r"1(?:[38]\d|4[014-9]|5[0-35-9]|6[2567]|7[0-8]|9[0-35-9])"
_AREA = r"(?:10|2\d|[3-9]\d{2})"
_FORMS = (
    # China: mobile numbers, landlines with an area code, and the services of 400 and 800
    rf"(?:\(?(?:\+|00)?86\)?{_JOIN}?)?{_MOBILE}(?:\d{{8}}|{_JOIN}\d{{4}}{_JOIN}\d{{4}})",
    rf"(?:\(?(?:\+|00)?86\)?[ -]?)?(?:\(0{_AREA}\)[ -]?|0{_AREA} ?- ?)[2-9]\d{{2,3}}[ -]?\d{{4}}(?:-\d{{1,5}})?",
    rf"\(?(?:\+|00)?86\)?[ -]{_AREA}[ -][2-9]\d{{2,3}}[ -]?\d{{4}}(?:-\d{{1,5}})?",
    r"[48]00[ -]\d{3}[ -]\d{4}|[48]00-\d{4}-\d{3}|0?800-\d{3}-\d{3}",
    # North America
    r"(?:\+?1[ .-]?)?\([2-9]\d{2}\) ?[2-9]\d{2}[ .-]\d{4}|(?:\+?1[.-])?[2-9]\d{2}([.-])[2-9]\d{2}\1\d{4}",
    rf"(?:\+?1-)?[2-9]\d{{2}}-{_JOIN}?[2-9]\d{{2}}-{_JOIN}?\d{{4}}",
    r"\+1[ .-]?[2-9]\d{2}[ .-]?[2-9]\d{2}[ .-]?\d{4}",
    # the United Kingdom and Ireland, Australia and New Zealand
    r"\(?0(?:20|1\d{2,3}|7\d{3}|800|808|3\d{2}|2[3489])\)?[ -]\d{3,4}[ -]\d{3,4}|07\d{9}|\(?0[17]\d{3}\)?[ -]\d{6}",
    r"\(?0[2378]\)? \d{4} \d{4}|04\d{2}[ -]\d{3}[ -]\d{3}|1[38]00[ -]\d{3}[ -]\d{3}",
    # anywhere else, with the code of the country
    rf"(?!\+\d+\.\d{{1,2}}(?!\d))\(?\+(?:{_CODES})\)?(?:[ .-]?\(0\))?[ .-]?\(?\d{{1,5}}\)?(?:[ .-]?\d){{5,12}}",
    rf"00(?:{_CODES})\d{{7,11}}",
)
_SET_OUT = re.compile(f"{_ALONE}(?:{'|'.join(_FORMS)}){_ENDS}")
_DIGITS = re.compile(r"[+(0-9][0-9 ()+.\n\t-]{6,}")
_WORD = re.compile(
    r"(?:(?<![A-Za-z])(?:tel(?:e?phone|efax)?|phone|fax|facsimile|mobile|cell(?:phone)?|hotline|whatsapp)(?![A-Za-z])"
    r"|call(?: us)?(?: at| on)(?![A-Za-z])|电话|手机|传真|热线|联系方式|微信)"
    r"(?: ?(?:no|number)\b\.?|号码?)?[ .:#]{0,3}(?:is |at |为|是)?",
    re.IGNORECASE,
)
_AFTER_WORD = re.compile(r"[+(]{0,2}\d(?:[ .()-]{0,2}\d){6,14}(?![A-Za-z0-9_@%×*]|[./,:]\d)")


def find_phones(text: str) -> Iterator[tuple[int, int]]:
    """Yield where phone numbers start and end; ``text`` has plain digits and signs. Some may come twice."""
    for run in _DIGITS.finditer(text):
        if sum(map(str.isdigit, run[0])) >= 7:
            for match in _SET_OUT.finditer(text, run.start(), run.end() + 2):
                if match[0].count("\n") <= 1:
                    opened = match[0].startswith("(") and match[0].count("(") > match[0].count(")")
                    yield match.start() + opened, match.end()
    for word in _WORD.finditer(text):
        match_after = _AFTER_WORD.match(text, word.end())
        if match_after:
            yield match_after.span()
