"""``python -m ragstack.cli``: the same as ``ragstack``."""

from ragstack.cli.app import main

main()
