"""The one error a user sees, and the only place that decides an exit code."""

from __future__ import annotations

SAYS_NO = 1
USAGE = 2
STALE = 3


class MetareviewWarning(UserWarning):
    """Something a person should know that takes nothing away; the command line tells it on stderr."""


class MetareviewError(Exception):
    """A mistake or finding that is told to the user without a traceback.

    Arguments:
        message: what is wrong and where, in one sentence.
        hint: what to do about it; empty when the message says it all.
        exit_code: `SAYS_NO` (1) the review says no (conflicts left, checks failed), `USAGE` (2) the input or the
            command is wrong, `STALE` (3) a verification failed or a result is out of date.
    """

    def __init__(self, message: str, hint: str = "", exit_code: int = USAGE) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit_code = exit_code

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message
