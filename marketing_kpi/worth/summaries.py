"""What a page shows of analyses that have a row a customer."""

from __future__ import annotations

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from marketing_kpi.kpis.facts.service import COSTS
from marketing_kpi.kpis.frames import Frame, executed, money, require, same_kind

_PARTS = ("net_sales", "net_sales_without_cost", "gross_profit", *COSTS, "profit")


def cost_totals(profits: Frame) -> pd.DataFrame:
    """Add up what the customers whose profit is known brought in and what serving them cost.

    Parameters
    ----------
    profits
        What `profitability` returns.

    Returns
    -------
    pandas.DataFrame
        part (``net_sales``; ``net_sales_without_cost``, the part of it that gross_profit says
        nothing of; ``gross_profit``, the four costs, ``profit``), total and per_customer who
        bought, in the data's currency: null for a part that the data do not tell. The same on
        every row: customers, who bought and whose profit is known, over whom these are; left_out,
        the other buyers, none of whose goods has a known cost and who are in no amount.

    Examples
    --------
    >>> profits = pd.DataFrame({"net_sales": [90.0, 50.0], "net_sales_without_cost": [0.0, 0.0],
    ...     "gross_profit": [40.0, 20.0], "fulfilment_cost": [5.0, 7.0],
    ...     "payment_cost": [None, None], "returns_cost": [0.0, 4.0],
    ...     "marketing_cost": [1.0, 1.0], "profit": [34.0, 8.0]})
    >>> cost_totals(profits)[["part", "total"]].head(3)
                         part  total
    0               net_sales  140.0
    1  net_sales_without_cost    0.0
    2            gross_profit   60.0
    """
    require(profits, _PARTS, "the profits")
    is_lazy = isinstance(profits, ir.Table)
    found = _sums(profits) if is_lazy else same_kind(profits[list(_PARTS)], _sums)
    sums = executed(found).iloc[0]
    customers = int(sums["customers"])
    totals = [None if pd.isna(sums[part]) else float(sums[part]) for part in _PARTS]
    means = [None if total is None or not customers else total / customers for total in totals]
    told = {"part": list(_PARTS), "total": totals, "per_customer": means}
    frame = pd.DataFrame({**told, "customers": customers, "left_out": int(sums["left_out"])})
    return frame.astype({"total": "float64", "per_customer": "float64"})


def _sums(profits: ir.Table) -> ir.Table:
    bought = (money(profits.net_sales) > 0).fill_null(False)
    known = money(profits.profit).notnull()
    counts = {"customers": bought & known, "left_out": bought & ~known}
    return profits.aggregate(
        **{name: which.sum().fill_null(0) for name, which in counts.items()},
        **{part: money(profits[part]).sum(where=known).cast("float64") for part in _PARTS},
    )


def alive_counts(alive: Frame, *, bars: int = 10) -> pd.DataFrame:
    """Count customers by their probability of being active.

    Parameters
    ----------
    alive
        What `p_alive` of a fit returns.
    bars
        How many equal steps from 0 to 1.

    Returns
    -------
    pandas.DataFrame
        low, high (ends of the step, the upper one included), customers; empty where no probability
        is known.

    Examples
    --------
    >>> alive_counts(pd.DataFrame({"estimate": [0.1, 0.9, 1.0]}), bars=2)
       low  high  customers
    0  0.0   0.5          1
    1  0.5   1.0          2
    """
    require(alive, ["estimate"], "the probabilities")
    frame = alive if isinstance(alive, pd.DataFrame) else alive.select("estimate").execute()
    known = frame["estimate"].dropna().astype("float64").to_numpy()
    if not len(known):
        return pd.DataFrame({"low": [], "high": [], "customers": []})
    ends = np.linspace(0, 1, bars + 1)
    place = np.clip(np.ceil(known * bars).astype(int) - 1, 0, bars - 1)
    counts = np.bincount(place, minlength=bars)
    return pd.DataFrame({"low": ends[:-1], "high": ends[1:], "customers": counts})
