"""The command line: the one place of the project that prints.

Every command ends in one of three ways: status 0, done; 1, the work failed in part or whole; 2, the call was wrong.
With ``--json`` standard output holds one JSON object and nothing else, an error included; progress, logs and the
one line that says what went wrong go to standard error.
"""

from ragstack.cli.app import main

__all__ = ["main"]
