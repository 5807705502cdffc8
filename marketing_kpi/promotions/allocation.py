"""How an amount is shared out over rows so that the parts add up to it, to the cent."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from marketing_kpi.errors import ComputeError
from marketing_kpi.kpis.formulas import nearest

if TYPE_CHECKING:
    import ibis.expr.types as ir

DECIMALS = 4
"""Decimals of money in the engine: parts are multiples of 0.0001, so sums are exact."""

_FLOAT_ERROR = 1e-6


def share_out(
    amount: float,
    weights: Sequence[float],
    *,
    keys: Sequence[Hashable] | None = None,
    decimals: int = 2,
) -> list[float]:
    """Share an amount out in proportion to weights: largest remainders first.

    Parameters
    ----------
    amount
        What to share out, with at most `decimals` decimals; it may be negative.
    weights
        One a row, 0 or more; all 0 stand for equal weights.
    keys
        What tells rows apart, to break ties: of equal remainders the larger weight is served
        first, then the smaller key. By default ties are broken by place.
    decimals
        Decimals of the parts: 2 for cents.

    Returns
    -------
    list of float
        The part of each row, in the order given; together exactly the amount.

    Raises
    ------
    ComputeError
        When a weight is negative, a number is not finite, the amount has more decimals, or there
        is no row to take it.

    Notes
    -----
    Each row gets its exact share rounded down; the cents that are left go, one each, to the rows
    that lost most by rounding (Hamilton's method).

    Examples
    --------
    >>> share_out(10.0, [1, 1, 1], keys=["a", "b", "c"])
    [3.34, 3.33, 3.33]
    >>> share_out(20.0, [150, 50])
    [15.0, 5.0]
    """
    for name, value in [("amount", amount), *(("weights", weight) for weight in weights)]:
        if not math.isfinite(value):
            raise ComputeError(f"{name} == {value}, must be a finite number")
    exact = [Fraction(str(weight)) for weight in weights]
    if any(weight < 0 for weight in exact):
        raise ComputeError(
            f"weights == {min(weights)}, must be 0 or more", hint="leave credits out"
        )
    if not exact:
        raise ComputeError("no rows to share the amount out over", hint="keep it as not allocated")
    due = Fraction(str(amount)) * 10**decimals
    whole = round(due)
    if abs(due - whole) > _FLOAT_ERROR:
        raise ComputeError(
            f"amount == {amount} has more than {decimals} decimals: a part would be lost",
            hint="round it first, or give more decimals",
        )
    size, sign = abs(whole), -1 if whole < 0 else 1
    exact = exact if sum(exact) else [Fraction(1)] * len(exact)
    total = sum(exact)
    quotas = [size * weight / total for weight in exact]
    parts = [int(quota) for quota in quotas]
    left = size - sum(parts)
    names: Sequence[Any] = range(len(exact)) if keys is None else keys
    turn = sorted(range(len(exact)), key=lambda n: (parts[n] - quotas[n], -exact[n], names[n]))
    for place in turn[:left]:
        parts[place] += 1
    return [sign * part / 10**decimals for part in parts]


def allocate(
    lines: pd.DataFrame,
    amounts: pd.Series[float],
    *,
    weight: str,
    over: str = "order_id",
    key: str = "line_id",
    decimals: int = 2,
) -> pd.Series[float]:
    """Share amounts of groups out over their lines.

    Parameters
    ----------
    lines
        A row a line.
    amounts
        What to share out, by the value of `over` (an order's discount code, a promotion's cost).
    weight
        Column of the weights.
    over, key
        Columns that name the group and, within it, the line.
    decimals
        Decimals of the parts.

    Returns
    -------
    pandas.Series
        The part of each line, on the index of `lines`; 0 in groups without an amount. Whatever the
        order of the rows, a line gets the same part.

    Raises
    ------
    ComputeError
        When a group has an amount and no line, since it would be lost, or a line no key.

    Examples
    --------
    >>> lines = pd.DataFrame({"order_id": ["1", "1"], "line_id": ["a", "b"], "price": [150, 50]})
    >>> allocate(lines, pd.Series({"1": 20.0}), weight="price").tolist()
    [15.0, 5.0]
    """
    due = amounts[amounts != 0]
    if lost := sorted(set(due.index) - set(lines[over])):
        raise ComputeError(
            f"{over} {lost[0]!r} has an amount and no line", hint="keep it as not allocated"
        )
    if lines[key].isna().any():
        raise ComputeError(f"{key} is null in some lines", hint="give each line a key of its own")
    parts = pd.Series(0.0, index=lines.index)
    for name, group in lines.groupby(over, sort=False):
        if name in due.index:
            shared = share_out(
                float(due[name]), group[weight].tolist(), keys=group[key].tolist(),
                decimals=decimals,
            )  # fmt: skip
            parts.loc[group.index] = np.array(shared)
    return parts


def shared(
    lines: ir.Table, amounts: ir.Table, *, over: str, weight: str, amount: str, ties: Sequence[str]
) -> ir.Table:
    """Share amounts of groups out over their lines, in the engine.

    Parameters
    ----------
    lines
        A row a line, with `over`, `weight` (below 0 counts as 0) and the columns of `ties`, which
        together tell lines of a group apart.
    amounts
        A row a group: `over` and the amount.
    over, weight, amount
        The columns.
    ties
        Columns that break ties of remainder and weight.

    Returns
    -------
    ibis.Table
        The lines of groups that have an amount, and `amount`, their part of it: multiples of
        0.0001 that add up to the group's.
    """
    import ibis

    there = amounts.select(there=over, due=amounts[amount].cast("decimal(18, 4)"))
    rows = lines.inner_join(there, [lines[over] == there.there]).drop("there")
    rows = rows.mutate(weighs=ibis.greatest(rows[weight].cast("float64").fill_null(0), 0))
    group = ibis.window(group_by=over)
    total = rows.weighs.sum().over(group)
    fair = ibis.ifelse(total > 0, rows.weighs / total.nullif(0), 1 / rows.count().over(group))
    size = nearest(rows.due.abs().cast("float64") * 10**DECIMALS)
    rows = rows.mutate(fair=fair, size=size)
    quota = rows["size"] * rows.fair
    # A share that is whole but for the last bit of its float must not be rounded down.
    rows = rows.mutate(whole=(quota + 1e-6).floor().cast("int64"), quota=quota)
    rows = rows.mutate(rest=(rows.quota - rows.whole).round(6))
    turn = ibis.window(
        group_by=over,
        order_by=[ibis.desc(rows.rest), ibis.desc(rows.weighs), *(rows[tie] for tie in ties)],
    )
    left = rows["size"] - rows.whole.sum().over(ibis.window(group_by=over))
    rows = rows.mutate(place=ibis.row_number().over(turn), left=left)
    units = rows.whole + (rows.place < rows.left).cast("int32")
    signed = ibis.ifelse(rows.due < 0, -units, units)
    part = (signed.cast("decimal(18, 4)") / 10**DECIMALS).cast("decimal(18, 4)")
    made = ("weighs", "fair", "size", "whole", "quota", "rest", "place", "left", "due")
    return rows.mutate(**{amount: part}).drop(*made)
