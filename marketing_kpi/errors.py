"""The errors this package raises: what was found, what was expected, what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class MarketingKpiError(Exception):
    """Base of every error raised on purpose by this package.

    Parameters
    ----------
    message
        What was found and what was expected, in one sentence.
    hint
        What the reader can do about it; shown on a line of its own.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message}\n{self.hint}"


class DataError(MarketingKpiError):
    """The data cannot be used as they are."""


class SourceError(DataError):
    """A file, folder or connection cannot be read."""


class EngineError(DataError):
    """The engine that holds the data stopped before the answer: memory, disk or connection."""


class ColumnError(DataError):
    """A column is missing, misspelt or of the wrong type."""


class MissingDataError(DataError):
    """A table or column that a computation needs is not in these data."""


class MappingError(DataError):
    """The mapping of a flat extract does not fit its file."""


class DictionaryError(MarketingKpiError):
    """An entry of the KPI dictionary is not valid."""


class BankError(MarketingKpiError):
    """An item or exercise of the bank is not valid, or is not there."""


class ComputeError(MarketingKpiError):
    """A KPI cannot be computed as asked."""


class ConfigError(MarketingKpiError):
    """A client's configuration is not valid."""


class ReportError(MarketingKpiError):
    """A report could not be made."""


class LessonError(MarketingKpiError):
    """A lesson's source breaks one of the rules of the lessons."""


SHOWN = 12
"""How many of the known names an error lists at most."""


def suggest(name: str, names: Iterable[str]) -> str | None:
    """Return the one of `names` that `name` begins, or else the closest; None when none is close.

    >>> suggest("recency", ["frequency", "recency_days"])
    'recency_days'

    >>> suggest("amout", ["order_id", "amount"])
    'amount'
    >>> suggest("colour", ["order_id", "amount"]) is None
    True
    """
    candidates = {candidate.casefold(): candidate for candidate in names}
    wanted = name.casefold()
    begun = [candidate for candidate in candidates if wanted and candidate.startswith(wanted)]
    if begun:
        return candidates[min(begun, key=len)]
    close = difflib.get_close_matches(wanted, candidates, n=1, cutoff=0.6)
    return candidates[close[0]] if close else None


def unknown(kind: str, name: str, names: Iterable[str], *, where: str = "") -> tuple[str, str]:
    """Return the message and the hint for a `name` that is not one of `names`.

    Of many names, the hint lists the `SHOWN` that resemble it most.

    >>> unknown("column", "amout", ["order_id", "amount"], where="orders")
    ("column 'amout' not found in orders; did you mean 'amount'?", 'known: amount, order_id')
    >>> unknown("arm", "control", [])
    ("arm 'control' not found", 'known: none')
    """
    known = sorted(names)
    place = f" in {where}" if where else ""
    close = suggest(name, known)
    question = f"; did you mean '{close}'?" if close else ""
    nearest = difflib.get_close_matches(name, known, n=SHOWN, cutoff=0)
    shown = ", ".join(sorted(nearest)) + (", …" if len(known) > SHOWN else "")
    return f"{kind} '{name}' not found{place}{question}", f"known: {shown or 'none'}"
