"""What an interval and its p-values allow to say."""

from __future__ import annotations

import math
from typing import Literal, SupportsFloat, TypeAlias

Verdict: TypeAlias = Literal["higher", "lower", "cannot_tell"]


def known(value: SupportsFloat | None) -> float | None:
    """Return a number, or None for NaN.

    >>> known(float("nan")) is None
    True
    """
    number = math.nan if value is None else float(value)
    return None if math.isnan(number) else number


def verdict(
    low: float | None, high: float | None, p_values: tuple[float | None, ...], *, alpha: float
) -> Verdict:
    """Return what may be said: the interval excludes 0, and every p-value known is under alpha.

    >>> verdict(0.1, 0.5, (0.01, 0.02), alpha=0.05), verdict(0.1, 0.5, (0.01, 0.06), alpha=0.05)
    ('higher', 'cannot_tell')
    """
    if low is None or high is None:
        return "cannot_tell"
    if any(p is not None and p >= alpha for p in p_values):
        return "cannot_tell"
    return "higher" if low > 0 else "lower" if high < 0 else "cannot_tell"
