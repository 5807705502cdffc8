"""What functions on tests refuse alike."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real

import pandas as pd

from marketing_kpi.errors import ColumnError, ComputeError
from marketing_kpi.kpis.frames import Frame, require


def is_number(value: object) -> bool:
    """Say whether a value is a number, and not a text of one."""
    return isinstance(value, Real)


def require_members(members: Frame, columns: Sequence[str]) -> None:
    """Refuse what is no table of members, or lacks a column or has it twice."""
    require(members, columns, "the table of members")
    if isinstance(members, pd.DataFrame):
        for name in columns:
            if (members.columns == name).sum() > 1:
                raise ColumnError(f"several columns of the members are called '{name}'")


def check_alpha(alpha: float) -> None:
    """Refuse a level that is not between 0 and 1.

    Parameters
    ----------
    alpha
        One less the confidence.

    Raises
    ------
    ComputeError
        When it is no number, or not in (0, 1).

    Examples
    --------
    >>> check_alpha(0.05)
    """
    if not (is_number(alpha) and 0 < alpha < 1):
        raise ComputeError(f"alpha == {alpha!r}, must be in (0, 1)", hint="95 % is alpha=0.05")
