"""The curve of an amount over customers, the best first."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from marketing_kpi.errors import ComputeError
from marketing_kpi.kpis.formulas import ratio
from marketing_kpi.kpis.frames import money


def best_first(amounts: ir.NumericColumn, *, points: int) -> ir.Table:
    """Cumulate an amount a customer from the highest on, at equal steps of the customers.

    Parameters
    ----------
    amounts
        A row a customer; nulls are left out.
    points
        How many steps at most, above 0.

    Returns
    -------
    ibis.Table
        A row a step: customers_share, gained (the amount of the customers so far) and total (of
        all; null when it is not above 0: of refunds alone, a share would mislead).

    Raises
    ------
    ComputeError
        When there is no point.
    """
    if points < 1:
        raise ComputeError(f"points is {points!r}, must be at least 1")
    known = money(amounts).name("amount").as_table().filter(lambda t: t.amount.notnull())
    so_far = ibis.window(order_by=known.amount.desc(), preceding=None, following=0)
    ranked = known.select(
        place=ibis.row_number().over(order_by=known.amount.desc()) + 1,
        customers=known.count().over(),
        gained=known.amount.sum().over(so_far),
        total=known.amount.sum().over(),
    )
    place, customers = ranked.place, ranked.customers
    # A row is kept when it ends one of the equal steps.
    ends = (place * points) // customers > ((place - 1) * points) // customers
    return ranked.filter(ends).select(
        "gained",
        customers_share=ratio(place, customers),
        total=(ranked.total > 0).ifelse(ranked.total, None),
    )
