"""Baskets: what orders hold, at which price against the list, and what stock-outs cost them.

``pairs`` and ``sets`` find products bought together beyond chance, ``prices_by`` says which part
of the list price is paid and what takes the rest, ``lost_sales`` estimates what was asked for while
it was out of stock, and ``prioritise`` ranks KPIs that one thinks of following.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from marketing_kpi.assortment.pairs import Pairs, pairs
from marketing_kpi.assortment.pairs import lacking as lacking_for_pairs
from marketing_kpi.assortment.sets import Sets, sets
from marketing_kpi.assortment.stockouts import LostSales, lost_by, lost_sales
from marketing_kpi.assortment.stockouts import lacking as lacking_for_lost_sales
from marketing_kpi.errors import ComputeError, MissingDataError
from marketing_kpi.kpis.compute import compute, missing_columns, ratio_terms
from marketing_kpi.kpis.facts import FACTS, missing
from marketing_kpi.kpis.formulas import ratio
from marketing_kpi.kpis.frames import executed, require
from marketing_kpi.kpis.intervals import Interval, wilson
from marketing_kpi.kpis.periods import day, midnight

if TYPE_CHECKING:
    from marketing_kpi.data.model import Data
    from marketing_kpi.kpis.formulas import Fact

__all__ = [
    "LostSales",
    "Pairs",
    "Sets",
    "basket_confidence",
    "basket_lift",
    "basket_support",
    "cross_sell",
    "cross_sell_rate",
    "discount_rate",
    "kpi_priority_score",
    "lacking_for_cross_sell",
    "lacking_for_lost_sales",
    "lacking_for_pairs",
    "lacking_for_prices",
    "lost_by",
    "lost_sales",
    "lost_sales_revenue",
    "lost_sales_units",
    "pairs",
    "price_realisation",
    "prices_by",
    "prioritise",
    "promotion_share",
    "sets",
]

PRICE_KPIS = ("discount_rate", "price_realisation", "promotion_share")
"""KPIs of the dictionary on prices."""

LEAST_MARK, MOST_MARK = 1, 10
"""Marks that a candidate KPI can be given."""


def discount_rate(sales: Fact) -> Any:
    """Divide the discounts by gross sales: (gross sales - net sales) / gross sales.

    Over the lines whose list price and price paid are known; null where gross sales are zero.
    Fact: `sales`.
    """
    discounts = (sales.gross_sales - sales.net_sales).sum()
    return ratio(discounts, sales.gross_sales.sum(where=sales.net_sales.notnull()))


def price_realisation(sales: Fact) -> Any:
    """Divide net sales by the same sales at list price: 1 - discount rate.

    Over the lines whose list price and price paid are known; null where gross sales are zero.
    Fact: `sales`.
    """
    paid = sales.net_sales.sum(where=sales.gross_sales.notnull())
    return ratio(paid, sales.gross_sales.sum(where=sales.net_sales.notnull()))


def promotion_share(sales: Fact) -> Any:
    """Divide the net sales of lines that name a promotion by net sales; null where these are zero.

    Fact: `sales`.
    """
    promoted = sales.net_sales.sum(where=sales.promotion_id.notnull()).fill_null(0)
    return ratio(promoted, sales.net_sales.sum())


def cross_sell_rate(baskets: Fact) -> Any:
    """Divide the orders of two categories or more by those of one or more; null without any.

    Fact: `baskets`.
    """
    return ratio((baskets.categories >= 2).sum(), baskets.count())


def basket_support(together: int, *, baskets: int) -> float | None:
    """Divide the baskets that hold two products by all baskets; None without a basket.

    >>> basket_support(40, baskets=1000)
    0.04
    """
    _check_counts(together=together, baskets=baskets)
    return together / baskets if baskets else None


def basket_confidence(together: int, *, first: int) -> float | None:
    """Divide the baskets that hold two products by those that hold the first; None without any.

    >>> basket_confidence(40, first=160)
    0.25
    """
    _check_counts(together=together, first=first)
    return together / first if first else None


def basket_lift(together: int, *, first: int, second: int, baskets: int) -> float | None:
    """Say how many times more often two products meet than if taken regardless of each other.

    Parameters
    ----------
    together, first, second, baskets
        Baskets with both products, with the first, with the second, and all baskets.

    Returns
    -------
    float or None
        ``(together / baskets) / (first / baskets * second / baskets)``: 1 without a link. None
        where a product is in no basket.

    Raises
    ------
    ComputeError
        When a count is negative, or larger than one that it is part of.

    Examples
    --------
    >>> basket_lift(40, first=160, second=100, baskets=1000)
    2.5
    """
    _check_counts(together=together, first=first, baskets=baskets)
    _check_counts(together=together, second=second, baskets=baskets)
    return together * baskets / (first * second) if first and second else None


def _check_counts(**counts: int) -> None:
    """Refuse counts below 0, or above the one that follows, of which they are a part."""
    for name, count in counts.items():
        if not count >= 0:
            raise ComputeError(f"{name} == {count}, must be 0 or more")
    for (name, part), (whole_name, whole) in pairwise(counts.items()):
        if part > whole:
            raise ComputeError(f"{name} == {part}, must be at most {whole_name} == {whole}")


def lost_sales_units(days: pd.DataFrame) -> float:
    """Add up, over stock-out days, the demand expected beyond what was sold.

    Parameters
    ----------
    days
        A row a stock-out day of a product in a place: expected_units (the demand expected on
        comparable days; see `lost_sales`), units_sold.

    Returns
    -------
    float
        The sum of ``max(expected_units - units_sold, 0)``; 0 without a day.

    Examples
    --------
    >>> lost_sales_units(pd.DataFrame({"expected_units": [2.5, 1.0], "units_sold": [0, 3]}))
    2.5
    """
    return float(_missed(days).sum())


def lost_sales_revenue(days: pd.DataFrame) -> float:
    """Add up, over stock-out days, the units lost at the product's average selling price.

    Parameters
    ----------
    days
        As in `lost_sales_units`, with average_selling_price (after discounts).

    Examples
    --------
    >>> lost_sales_revenue(pd.DataFrame({
    ...     "expected_units": [2.5, 1.0], "units_sold": [0, 3], "average_selling_price": 20.0}))
    50.0
    """
    require(days, ["average_selling_price"], "the days")
    return float((_missed(days) * days["average_selling_price"]).sum())


def _missed(days: pd.DataFrame) -> pd.Series[float]:
    require(days, ["expected_units", "units_sold"], "the days")
    return (days["expected_units"] - days["units_sold"]).clip(lower=0)


def kpi_priority_score(impact: float, *, confidence: float, ease: float) -> float:
    """Multiply the three marks of a candidate KPI, each from 1 to 10.

    Parameters
    ----------
    impact
        What the decision that it informs is worth.
    confidence
        How sure one is of its data and its formula.
    ease
        How easy it is to produce; 10 is the easiest.

    Raises
    ------
    ComputeError
        When a mark is not from 1 to 10.

    Examples
    --------
    >>> kpi_priority_score(8, confidence=5, ease=6)
    240
    """
    for name, mark in (("impact", impact), ("confidence", confidence), ("ease", ease)):
        if not LEAST_MARK <= mark <= MOST_MARK:
            raise ComputeError(f"{name} == {mark}, must be from {LEAST_MARK} to {MOST_MARK}")
    return impact * confidence * ease


# --- Several categories -----------------------------------------------------------------------


def lacking_for_cross_sell(data: Data) -> list[str]:
    """Return what the data lack for `cross_sell`, as ``table.column``; empty when it can answer."""
    return [*missing_columns("cross_sell_rate", data)]


def cross_sell(
    data: Data, *, start: str | dt.date, end: str | dt.date, by: str | Sequence[str] = ()
) -> pd.DataFrame:
    """Say which share of orders hold two categories or more, with its interval.

    Parameters
    ----------
    data
        What `open_data` returns, with categories.
    start, end
        First day, and the day after the last.
    by
        Dimensions of an order; none gives one row.

    Returns
    -------
    pandas.DataFrame
        A row a cell, sorted: the dimensions; orders (of which a category at least is known);
        cross_sell_rate (as `compute` gives it), low, high (Wilson's 95 % interval, orders taken as
        independent of each other).

    Raises
    ------
    MissingDataError
        When the data lack categories.

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> orders = pd.DataFrame({"order_id": ["1", "2"], "ordered_at": pd.Timestamp("2025-01-05")})
    >>> lines = pd.DataFrame({"order_id": ["1", "1", "2"], "line_id": ["1", "2", "1"],
    ...     "product_id": ["a", "b", "a"], "quantity": 1, "unit_price": 5.0})
    >>> products = pd.DataFrame({"product_id": ["a", "b"], "category": ["home", "garden"]})
    >>> shop = open_data({"orders": orders, "order_lines": lines, "products": products})
    >>> cross_sell(shop, start="2025-01-01", end="2026-01-01")[["orders", "cross_sell_rate"]]
       orders  cross_sell_rate
    0       2              0.5
    """
    keys = [by] if isinstance(by, str) else list(by)
    first, last = day(start, name="start"), day(end, name="end")
    rates = executed(compute("cross_sell_rate", data, by=keys, start=first, end=last))
    counted = ratio_terms(["cross_sell_rate"], data, by=keys, start=first, end=last).to_pandas()
    counted = counted.rename(columns={"cross_sell_rate x": "orders"}).drop(
        columns="cross_sell_rate y"
    )
    table = rates.merge(counted, on=keys, how="left") if keys else rates.join(counted)
    table["orders"] = table["orders"].fillna(0).astype("int64")
    ends = [
        wilson(float(rate), orders) if orders else Interval()
        for rate, orders in zip(table["cross_sell_rate"], table["orders"], strict=True)
    ]
    table[["low", "high"]] = pd.DataFrame(ends, index=table.index, dtype="float64")
    return table[[*keys, "orders", "cross_sell_rate", "low", "high"]]


# --- Prices -----------------------------------------------------------------------------------


def lacking_for_prices(data: Data) -> list[str]:
    """Return what the data lack for `prices_by`, as ``table.column``; empty when it can answer."""
    return [*missing_columns("price_realisation", data)]


def prices_by(
    data: Data,
    *,
    start: str | dt.date,
    end: str | dt.date,
    by: str | Sequence[str] = (),
) -> pd.DataFrame:
    """Say which part of the list price is paid, and how much promotions and other discounts take.

    Parameters
    ----------
    data
        What `open_data` returns, with list prices.
    start, end
        First day, and the day after the last.
    by
        Dimensions of the fact `sales`; none gives one row.

    Returns
    -------
    pandas.DataFrame
        A row a cell, the largest discounts (in money) first: the dimensions; gross_sales,
        discounts, of which promotion_discounts (given on lines that name a promotion) and
        other_discounts, net_sales, all of lines with both prices, and null without any: gross sales
        less discounts are net sales, to the cent; credit_discounts, those of the discounts that are
        of credits entered as orders (`kpis.facts.is_credit`), mostly below 0; discount_rate,
        price_realisation, promotion_share (as `compute` gives them). The two parts of discounts and
        promotion_share are null where the data have no column that names a promotion.

    Raises
    ------
    MissingDataError
        When the data lack list prices, prices or quantities.

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> orders = pd.DataFrame({"order_id": ["1"], "ordered_at": pd.to_datetime(["2025-01-05"])})
    >>> lines = pd.DataFrame({"order_id": ["1", "1"], "line_id": ["1", "2"], "quantity": [1, 3],
    ...     "list_price": [100.0, 20.0], "unit_price": [80.0, 20.0], "promotion_id": ["P", None]})
    >>> shop = open_data({"orders": orders, "order_lines": lines})
    >>> found = prices_by(shop, start="2025-01-01", end="2026-01-01")
    >>> found[["gross_sales", "promotion_discounts", "net_sales", "price_realisation"]]
       gross_sales  promotion_discounts  net_sales  price_realisation
    0        160.0                 20.0      140.0              0.875
    """
    if absent := lacking_for_prices(data):
        raise MissingDataError(f"prices need {', '.join(absent)}, which these data lack")
    keys = [by] if isinstance(by, str) else list(by)
    told = not missing(FACTS["sales"], ["promotion_id"], data)
    kpis = [id for id in PRICE_KPIS if told or id != "promotion_share"]
    first, last = day(start, name="start"), day(end, name="end")
    rates = executed(compute(kpis, data, by=keys, start=first, end=last))
    lines = _priced_lines(data, keys, told)
    lines = lines.filter(lines.ordered_at >= midnight(first), lines.ordered_at < midnight(last))
    names = [name for name in _AMOUNTS if told or name not in _PARTED]
    amounts = {name: lines[name].sum().cast("float64") for name in [*names, _CREDITED]}
    cells = (lines.group_by(keys) if keys else lines).aggregate(**amounts).to_pandas()
    table = cells.merge(rates, on=keys, how="left") if keys else cells.join(rates)
    table = table.reindex(columns=[*keys, *_AMOUNTS, _CREDITED, *PRICE_KPIS]).sort_values(
        ["discounts", *keys], ascending=[False, *(True for _ in keys)], ignore_index=True
    )
    typed: pd.DataFrame = table.astype(
        dict.fromkeys([*_AMOUNTS, _CREDITED, *PRICE_KPIS], "float64")
    )
    return typed


_PARTED = ("promotion_discounts", "other_discounts")
_AMOUNTS = ("gross_sales", "discounts", *_PARTED, "net_sales")
_CREDITED = "credit_discounts"


def _priced_lines(data: Data, keys: Sequence[str], told: bool) -> Fact:
    """Return the lines whose two prices are known, with their discount, parted where it is told."""
    promotion = {"promotion_id"} if told else set()
    read = {"ordered_at", "bought", "gross_sales", "net_sales", *keys, *promotion}
    lines = FACTS["sales"].build(data, read)
    lines = lines.filter(lines.gross_sales.notnull(), lines.net_sales.notnull())
    lines = lines.mutate(discounts=lines.gross_sales - lines.net_sales)
    lines = lines.mutate(credit_discounts=lines.bought.ifelse(0, lines.discounts))
    if not told:
        return lines
    promoted, given = lines.promotion_id.notnull(), lines.discounts
    return lines.mutate(
        promotion_discounts=promoted.ifelse(given, 0), other_discounts=promoted.ifelse(0, given)
    )


# --- Which KPI next ----------------------------------------------------------------------------


def prioritise(candidates: pd.DataFrame) -> pd.DataFrame:
    """Rank candidate KPIs by their score, and say which ranks one point more or less would give.

    Parameters
    ----------
    candidates
        A row a candidate: kpi (its name), impact, confidence, ease (marks from 1 to 10; columns
        beside these are kept).

    Returns
    -------
    pandas.DataFrame
        The candidates, highest score first, with score (`kpi_priority_score`); rank (equal scores
        share the best one); low, high (the score were each of its marks one lower, or one higher,
        within 1 and 10); best_rank, worst_rank (the ranks that it could have, were every mark of
        every candidate one off). Where these overlap, the marks cannot tell candidates apart.

    Raises
    ------
    ColumnError
        When a column is absent.
    ComputeError
        When a mark is not from 1 to 10.

    Examples
    --------
    >>> found = prioritise(pd.DataFrame({
    ...     "kpi": ["lost sales", "cross-sell", "shelf colour"],
    ...     "impact": [9, 7, 2], "confidence": [7, 7, 3], "ease": [5, 6, 4]}))
    >>> found[["kpi", "score", "rank", "best_rank", "worst_rank"]]
                kpi  score  rank  best_rank  worst_rank
    0    lost sales    315     1          1           2
    1    cross-sell    294     2          1           2
    2  shelf colour     24     3          3           3
    """
    marks = ["impact", "confidence", "ease"]
    require(candidates, ["kpi", *marks], "the candidates")
    rows = candidates[marks].to_dict("records")
    scores = [
        kpi_priority_score(row["impact"], confidence=row["confidence"], ease=row["ease"])
        for row in rows
    ]
    low, high = (
        (candidates[marks] + step).clip(LEAST_MARK, MOST_MARK).prod(axis=1).to_numpy()
        for step in (-1, 1)
    )
    score = np.array(scores)
    table = candidates.assign(
        score=score,
        rank=[int((score > own).sum()) + 1 for own in score],
        low=low,
        high=high,
        best_rank=[int((low > own).sum()) + 1 for own in high],
        worst_rank=[int((np.delete(high, i) > own).sum()) + 1 for i, own in enumerate(low)],
    )
    return table.sort_values(["score", "kpi"], ascending=[False, True], ignore_index=True)
