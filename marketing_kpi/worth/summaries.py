"""What a page shows of analyses that have a row a customer."""

from __future__ import annotations

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from marketing_kpi.kpis.facts import MONEY
from marketing_kpi.kpis.facts.service import COSTS
from marketing_kpi.kpis.frames import Frame, require

_PARTS = ("net_sales", "gross_profit", *COSTS, "profit")


def cost_totals(profits: Frame) -> pd.DataFrame:
    """Add up what all customers brought in and what serving them cost.

    Parameters
    ----------
    profits
        What `profitability` returns.

    Returns
    -------
    pandas.DataFrame
        part (``net_sales``, ``gross_profit``, the four costs, ``profit``), total and
        per_customer, in the data's currency; null for a part that the data do not tell.

    Examples
    --------
    >>> profits = pd.DataFrame({"net_sales": [90.0, 50.0], "gross_profit": [40.0, 20.0],
    ...     "fulfilment_cost": [5.0, 7.0], "payment_cost": [None, None], "returns_cost": [0.0, 4.0],
    ...     "marketing_cost": [1.0, 1.0], "profit": [34.0, 8.0]})
    >>> cost_totals(profits)[["part", "total"]].head(3)
                  part  total
    0        net_sales  140.0
    1     gross_profit   60.0
    2  fulfilment_cost   12.0
    """
    require(profits, _PARTS, "the profits")
    table = profits if isinstance(profits, pd.DataFrame) else _sums(profits)
    customers = len(table) if isinstance(profits, pd.DataFrame) else int(table["customers"].iloc[0])
    sums = [table[part].astype("Float64").sum(min_count=1) for part in _PARTS]
    totals = [None if pd.isna(total) else float(total) for total in sums]
    means = [None if total is None or not customers else total / customers for total in totals]
    return pd.DataFrame({"part": list(_PARTS), "total": totals, "per_customer": means})


def _sums(profits: ir.Table) -> pd.DataFrame:
    totals = {part: profits[part].cast(MONEY).sum().cast("float64") for part in _PARTS}
    frame: pd.DataFrame = profits.aggregate(customers=profits.count(), **totals).to_pandas()
    return frame


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
