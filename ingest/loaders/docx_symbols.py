"""The characters that Word takes from fonts of symbols by their number there: boxes, ticks, arrows, Greek letters."""

__all__ = ["symbol"]

_GREEK = dict(
    zip(
        "abcdefghiklmnopqrstuwxyzABCDEFGHIKLMNOPQRSTUWXYZ",
        "αβχδεφγηικλμνοπθρστυωξψζΑΒΧΔΕΦΓΗΙΚΛΜΝΟΠΘΡΣΤΥΩΞΨΖ",
        strict=True,
    )
)
_FONTS = {
    "symbol": {ord(letter): greek for letter, greek in _GREEK.items()}
    | {0xA3: "≤", 0xA5: "∞", 0xAE: "→", 0xB0: "°", 0xB1: "±", 0xB3: "≥", 0xB4: "×", 0xB7: "•", 0xB8: "÷", 0xB9: "≠"}
    | {0xBB: "≈", 0xD6: "√", 0xE5: "∑"},
    "wingdings": {0x6C: "●", 0x6E: "■", 0x6F: "□", 0xA7: "▪", 0xA8: "☐", 0xD8: "➢", 0xDF: "←", 0xE0: "→"}
    | {0xE8: "→", 0xFB: "✗", 0xFC: "✓", 0xFD: "☒", 0xFE: "☑"},
    "wingdings 2": {0x4F: "✗", 0x50: "✓", 0x51: "☒", 0x52: "☑", 0x53: "☒", 0x54: "☒", 0xA3: "☐"},
}


def symbol(font: str, code: str) -> str:
    """The character with a number (in hex) in a font; empty where nothing is known that looks like it."""
    try:
        number = int(code[:5], 16)
    except ValueError:
        return ""
    known = _FONTS.get(font.casefold())
    if known is not None:
        return known.get(number & 0xFF if 0xF000 <= number <= 0xF0FF else number, "")
    return "" if 0xE000 <= number <= 0xF8FF or number < 32 or 0xD800 <= number <= 0xDFFF else chr(number)
