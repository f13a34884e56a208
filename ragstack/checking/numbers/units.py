"""Units and currencies by their names in English and Chinese, and how large those of one kind are beside each other.

Only what converts without a remainder is of one kind: metres are not converted to feet, nor days to months. Memory
counts in thousands or in 1,024s, as the writer likes. 分 are minutes or hundredths of a yuan. What leaves open which
of several it is may be each of them: bare degrees, ``$``, ``¥``, pounds, 块钱, 度 for kilowatt-hours, 毫安 of a battery
for milliampere-hours.
"""

import re

__all__ = ["CURRENCY", "SIGNS", "UNIT", "ratios", "unit_of"]

SIGNS = {"$": r"\$", "€": "€", "£": "£", "¥": "¥"}
"""Signs of currencies: in a table such as ``$5,234`` the header says what it is multiplied by."""
_CODES = {
    "US dollar": r"us ?\$|usd",
    "Hong Kong dollar": r"hk ?\$|hkd|港币",
    "Australian dollar": r"au?\$|aud",
    "Canadian dollar": r"c(?:an?)?\$|(?-i:CAD)",
    "Taiwan dollar": r"nt ?\$|twd|新?台币",
    "Singapore dollar": r"(?-i:S\$)|sgd",
    "New Zealand dollar": r"nz ?\$|nzd",
    "euro": "eur",
    "pound sterling": "gbp",
    "yuan": "rmb|cny|人民币",
    "yen": "jpy",
    "won": "₩|krw",
    "rupee": "₹",
    "franc": "chf",
} | SIGNS
_OTHER_DOLLAR = r"(?-i:(?![BKM]\$)[A-Z][A-Za-z]{0,2}\$)"
"""``R$``, ``TT$``, ``Mex$``: another country's, which goes by its sign; ``M$`` are millions."""
_NEXT = r"(?! (?!(?:and|at|for|from|in|of|or|to)\b)[a-z])"
"""Behind a unit of one letter: no noun, of which it were the article or a part (``In 2015 A company …``)."""
_HAN_NEXT = r"(?![^\W的])"
"""Behind a unit of one Chinese character: no other, with which it were a word (``2015安徽``)."""
_NAMES = {
    "%": "%|percent|per cent|个百分点|percentage points?",
    "km": "km|kilomet(?:re|er)s?|公里|千米",
    "m": "met(?:re|er)s?|米",
    "cm": "cm|centimet(?:re|er)s?|厘米",
    "mmHg": "mm ?hg|毫米汞柱",
    "mm": "mm|millimet(?:re|er)s?|毫米",
    "mile": "miles?|mph|英里",
    "foot": "feet|foot|ft|英尺",
    "inch": "inch(?:es)?|英寸",
    "hectare": "hectares?|公顷",
    "acre": "acres?|英亩",
    "kg": "kg|kilograms?|kilos?|公斤|千克",
    "g": "grams?|(?-i:g)|克",
    "µg": "[µμ]g|mcg|micrograms?|微克",
    "mg": "mg|milligrams?|毫克",
    "tonne": "tonnes?|tons?|吨",
    "litre": "lit(?:re|er)s?|公升",
    "ml": "ml|millilit(?:re|er)s?|毫升",
    "gallon": "gallons?|加仑",
    "ms": "ms|milliseconds?|毫秒",
    "second": "seconds?|secs?|秒",
    "minute": "minutes?|mins?|分钟",
    "分": f"分{_HAN_NEXT}",
    "hour": "hours?|hrs?|(?-i:h)|个?小时",
    "day": "days?|天",
    "week": "weeks?|周(?![年岁])|个?星期",
    "month": "months?|个月",
    "year": "years?|周?年",
    "cent": "(?:us |euro )?cents?|¢|[美欧]分",
    "dollar": "dollars?",
    "US dollar": r"(?:us|u\.s\.|american) dollars?|美元|美金",
    "Hong Kong dollar": "hong kong dollars?|港元",
    "Australian dollar": "australian dollars?|澳元",
    "Canadian dollar": "canadian dollars?|加元",
    "Taiwan dollar": "taiwan dollars?",
    "Singapore dollar": "singapore dollars?|新(?:加坡)?元|新币|坡币",
    "New Zealand dollar": "new zealand dollars?|新西兰元|纽元",
    "euro": "euros?|欧元",
    "pound sterling": "pounds? sterling|英镑",
    "pound": "pounds?|lbs?|磅",
    "penny": "pence|penny|pennies|便士",
    "yuan": "yuan|renminbi|元",
    "块": "块钱",
    "jiao": f"jiao|毛钱|[角毛]{_HAN_NEXT}",
    "yen": "yen|日元|日圆|円",
    "won": "韩元",
    "rupee": "rupees?|卢比",
    "rouble": "rou?bles?|卢布",
    "franc": "(?:swiss )?francs?|法郎",
    "byte": "bytes?|字节",
    "KB": "kb|kib|kilobytes?", "MB": "mb|mib|megabytes?", "GB": "gb|gib|gigabytes?", "TB": "tb|tib|terabytes?",
    "kbit/s": "kbps", "Mbit/s": "mbps", "Gbit/s": "gbps",
    "kWh": "kwh|kilowatt[ -]hours?|千瓦时|千瓦小时|度电", "MWh": "mwh|megawatt[ -]hours?|兆瓦时",
    "GWh": "gwh|gigawatt[ -]hours?|吉瓦时", "TWh": "twh|terawatt[ -]hours?",
    "mW": "(?-i:mW)|milliwatts?|毫瓦", "W": f"(?-i:W){_NEXT}|watts?|瓦特|瓦{_HAN_NEXT}", "kW": "kw|kilowatts?|千瓦",
    "MW": "(?-i:MW)|megawatts?|兆瓦", "GW": "gw|gigawatts?|吉瓦",
    "Hz": f"hz|hertz|赫兹|赫{_HAN_NEXT}", "kHz": "khz|kilohertz|千赫兹?", "MHz": "mhz|megahertz|兆赫兹?",
    "GHz": "ghz|gigahertz|吉赫兹?",
    "Pa": f"(?-i:Pa)|pascals?|帕斯卡|帕{_HAN_NEXT}", "hPa": "hpa|hectopascals?|百帕", "kPa": "kpa|kilopascals?|千帕",
    "MPa": "mpa|megapascals?|兆帕", "GPa": "gpa|gigapascals?", "mbar": "mbar|millibars?|毫巴", "bar": "bars?",
    "psi": "psi",
    "mV": "mv|millivolts?|毫伏", "V": f"(?-i:V){_NEXT}|volts?|伏特|伏{_HAN_NEXT}", "kV": "kv|kilovolts?|千伏",
    "mAh": "mah|毫安时", "Ah": "(?-i:Ah)|安时",
    "mA": "(?-i:mA)|milliamp(?:ere)?s?|毫安", "A": f"(?-i:A){_NEXT}|amp(?:ere)?s?|安培|安{_HAN_NEXT}",
    "dB": "db|decibels?|分贝",
    "celsius": "°c|degrees? celsius|摄氏度",
    "fahrenheit": "°f|degrees? fahrenheit|华氏度",
    "degree": "degrees?|°|度",
}  # fmt: skip
_CODE = "|".join([*(f"(?:{codes})" for codes in _CODES.values()), _OTHER_DOLLAR])
CURRENCY = rf"(?<![a-z])(?:{_CODE})"
"""A currency as it stands before a number: ``$``, ``US$``, ``EUR``, 人民币."""
UNIT = re.compile(
    "|".join([*(f"(?:{words})" for words in _NAMES.values()), rf"(?:{_CODE})(?! ?\d)"]),
    re.IGNORECASE,
)
_PATTERNS = [(re.compile(words, re.IGNORECASE), name) for names in (_NAMES, _CODES) for name, words in names.items()]
_DOLLARS = [name for name in _NAMES if name.endswith(" dollar")]
_MAY_BE = {
    "$": ["dollar", *_DOLLARS],
    "dollar": _DOLLARS,
    "€": ["euro"],
    "£": ["pound", "pound sterling"],
    "pound": ["pound sterling"],
    "¥": ["yuan", "yen"],
    "块": ["¥", "yuan", "yen", "$", "dollar", *_DOLLARS],
    "degree": ["celsius", "fahrenheit", "kWh"],
    "mA": ["mAh"],
}
_SIZES: tuple[dict[str, float], ...] = (
    {"mm": 1, "cm": 10, "m": 1e3, "km": 1e6},
    {"inch": 1, "foot": 12, "mile": 63_360},
    {"µg": 1, "mg": 1e3, "g": 1e6, "kg": 1e9, "tonne": 1e12},
    {"ml": 1, "litre": 1e3},
    {"ms": 1, "second": 1e3, "分": 6e4, "minute": 6e4, "hour": 3.6e6, "day": 8.64e7, "week": 6.048e8},
    {"month": 1, "year": 12},
    {"byte": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12},
    {"byte": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40},
    {"kbit/s": 1, "Mbit/s": 1e3, "Gbit/s": 1e6},
    {"kWh": 1, "MWh": 1e3, "GWh": 1e6, "TWh": 1e9},
    {"mW": 1, "W": 1e3, "kW": 1e6, "MW": 1e9, "GW": 1e12},
    {"Hz": 1, "kHz": 1e3, "MHz": 1e6, "GHz": 1e9},
    {"Pa": 1, "hPa": 100, "mbar": 100, "kPa": 1e3, "bar": 1e5, "MPa": 1e6, "GPa": 1e9},
    {"mV": 1, "V": 1e3, "kV": 1e6},
    {"mA": 1, "A": 1e3},
    {"mAh": 1, "Ah": 1e3},
    {"分": 1, "jiao": 10, "yuan": 100},
    {"jiao": 10, "¥": 100},
    {"jiao": 10, "块": 100},
    {"penny": 1, "pound sterling": 100},
    {"penny": 1, "£": 100},
    {"penny": 1, "pound": 100},
    *({"cent": 1.0, whole: 100.0} for whole in ("$", "dollar", *_DOLLARS, "€", "euro")),
    *({one: 1.0, other: 1.0} for one, others in _MAY_BE.items() for other in others),
)


def unit_of(word: str) -> str:
    """The one name of a unit or currency that :data:`UNIT` or :data:`CURRENCY` found, itself where it has no other."""
    return next((name for pattern, name in _PATTERNS if pattern.fullmatch(word)), word)


def ratios(one: str, other: str) -> list[float]:
    """How many of the other unit one of this may be; none where they are of different kinds."""
    if one == other or ("$" in (one, other) and one[-1:] == other[-1:]):
        return [1.0]
    return [sizes[one] / sizes[other] for sizes in _SIZES if one in sizes and other in sizes]
