"""Numbers of English and Chinese texts, compared strictly: the same however they are written, units and times included.

``quantities`` reads and compares them. It stands on ``numerals`` (digits, English words, Han numerals), ``units``,
``clock`` (times of the day) and ``rounding`` (over, about, 约, 不到); ``quantity`` is one of them.
"""
