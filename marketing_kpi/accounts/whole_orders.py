"""Discounts on the whole order: what orders were paid less than their lines add up to."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NamedTuple

from marketing_kpi.kpis.facts import FACTS, MONEY, missing
from marketing_kpi.kpis.facts.base import attach
from marketing_kpi.kpis.periods import midnight
from marketing_kpi.worth.common import Period

if TYPE_CHECKING:
    from marketing_kpi.data.model import Data

SMALLEST_SHARE = 0.001
"""Share of net sales below which nothing is said: the cents of rounding; a convention."""

_CENT = 0.01


class PaidLess(NamedTuple):
    """Orders paid less than the sum of their lines.

    Attributes
    ----------
    orders
        How many.
    amount
        By how much in all, in the data's currency, positive.
    """

    orders: int
    amount: float


def paid_less(data: Data, *, start: str | dt.date, end: str | dt.date) -> PaidLess | None:
    """Say how much less than the sum of their lines orders were paid, in a period.

    Parameters
    ----------
    data
        What `open_data` returns.
    start, end
        The first day of the period, and the day after its last.

    Returns
    -------
    PaidLess or None
        Of valid orders whose amount, 0 or more, is below the sum of their lines by more than a
        cent. None where the data lack amounts or lines, and where all of it is below
        `SMALLEST_SHARE` of net sales.

    Raises
    ------
    ComputeError
        When `start` is not before `end`.

    Notes
    -----
    ``sum of (net sales of the lines - orders.amount)``. Discounts, gross and net sales are made of
    lines: what is taken off the whole order, a voucher say, is in none of them. Amounts that leave
    out a tax, which the prices of lines hold, look the same.

    Examples
    --------
    >>> import pandas as pd
    >>> from marketing_kpi.data.sources import open_data
    >>> tables = {
    ...     "orders": pd.DataFrame({"order_id": ["1", "2"], "amount": [90.0, 104.0],
    ...         "ordered_at": pd.to_datetime(["2025-01-05", "2025-01-06"])}),
    ...     "order_lines": pd.DataFrame({"order_id": ["1", "2"], "line_id": ["1", "1"],
    ...         "quantity": [1, 1], "unit_price": [100.0, 100.0]}),
    ... }
    >>> with open_data(tables) as data:
    ...     paid_less(data, start="2025-01-01", end="2026-01-01")
    PaidLess(orders=1, amount=10.0)
    """
    period = Period.of(start, end)
    orders, sales = FACTS["orders"], FACTS["sales"]
    has_lines = data.has("order_lines", "order_id", "quantity", "unit_price")
    if not has_lines or missing(orders, ["amount", "ordered_at"], data):
        return None
    lines = sales.build(data, {"order_id", "net_sales"})
    sums = lines.group_by("order_id").aggregate(of_lines=lines.net_sales.sum())
    rows = orders.build(data, {"order_id", "ordered_at", "amount"})
    rows = rows.filter(
        rows.ordered_at >= midnight(period.start), rows.ordered_at < midnight(period.end)
    )
    rows = attach(rows, sums, on=["order_id"], columns={"of_lines": "of_lines"})
    less = (rows.of_lines.cast(MONEY) - rows.amount.cast(MONEY)).cast("float64")
    is_less = ((less > _CENT) & (rows.amount >= 0)).fill_null(False)
    found = rows.aggregate(
        orders=rows.count(where=is_less),
        amount=is_less.ifelse(less, 0.0).sum(),
        sales=rows.of_lines.cast("float64").sum(),
    )
    (told,) = data.connection.to_pyarrow(found).to_pylist()
    if not told["orders"] or told["amount"] < SMALLEST_SHARE * (told["sales"] or 0.0):
        return None
    return PaidLess(int(told["orders"]), round(told["amount"], 4))
