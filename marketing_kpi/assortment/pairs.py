"""Pairs of products bought together, or apart, beyond chance."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from marketing_kpi.assortment.baskets import (
    MOST_ROWS,
    Baskets,
    lacking,
    read_baskets,
)
from marketing_kpi.assortment.chance import (
    FALSE_SHARE,
    Array,
    false_discovery,
    poisson_interval,
    poisson_test,
)

if TYPE_CHECKING:
    from marketing_kpi.data.model import Data

__all__ = ["COMPARABLE", "Pairs", "lacking", "pairs"]

COMPARABLE = ("month",)
"""What comparable baskets share unless told: the month."""


class Pairs(NamedTuple):
    """Pairs of products in baskets, held against chance.

    Attributes
    ----------
    pairs
        A row a pair found together in `LEAST_TOGETHER` baskets or more, at most `MOST_ROWS`, the
        least likely by chance first: first, second (first is the rarer of both, so that the
        confidence is the higher of the two directions); together, first_baskets, second_baskets
        (baskets with both, with each); support, confidence (of the second, given the first),
        confidence_back (of the first, given the second), lift (as the KPIs); expected (baskets
        with both that chance would give among comparable baskets), adjusted_lift (together /
        expected) with its 95 % interval (low, high); p_value (exact, two-sided); q_value
        (corrected for all the pairs looked at); verdict: ``together``, ``apart`` or
        ``cannot_tell``.
    baskets
        Baskets with a known product.
    products
        Products looked at.
    left_out
        Products that are in too few baskets, or beyond `MOST_PRODUCTS`.
    tested
        Pairs looked at: all those of these products, found together or not.
    within
        What comparable baskets share.
    first_day, last_day
        Of these baskets; None without any.
    """

    pairs: pd.DataFrame
    baskets: int
    products: int
    left_out: int
    tested: int
    within: tuple[str, ...]
    first_day: dt.date | None
    last_day: dt.date | None


def pairs(
    data: Data,
    *,
    end: str | dt.date,
    start: str | dt.date | None = None,
    of: str = "product_id",
    within: Sequence[str] = COMPARABLE,
    named: bool = False,
) -> Pairs:
    """Find the pairs of products that are bought together more, or less, often than by chance.

    Parameters
    ----------
    data
        What `open_data` returns, with the products of order lines.
    end
        The day after the last.
    start
        First day; None: all that the data hold. Pairs are rare: take all the time there is.
    of
        What is paired: ``"product_id"``, or another dimension of a line, such as ``"category"``.
    within
        What comparable baskets share: ``"month"``, and dimensions of an order such as
        ``"store_id"`` or ``"channel"``. Empty: all baskets are compared with all.
    named
        Call products by their names, where the data have them: two of one name stay two, with
        their ids.

    Returns
    -------
    Pairs
        See its attributes.

    Raises
    ------
    MissingDataError
        When the data lack products of lines, or a dimension.
    ComputeError
        When a dimension is not known, or names are asked of anything but products.

    Notes
    -----
    What chance gives: the baskets of a month keep their sizes, and are filled again with the
    products of that month. With ``n_a`` of its baskets holding a, and ``k`` products in each, it
    expects ``n_a n_b sum(k (k - 1)) / (sum(k)^2 - sum(n^2))`` baskets with both, sums being over
    its baskets and its products. Summed over months that is `expected`, and all pairs together are
    expected exactly as often as they are seen. The lift of the KPI has another yardstick: short
    baskets leave no room for a second product, so that without any link it is below 1, and products
    of one season have one above 1.

    The interval and the p-value are those of a Poisson count (Garwood, exact): at least 95 % where
    baskets are independent of each other. A customer who always buys the same pair makes them too
    narrow. The p-values of all the pairs of the products looked at are corrected together
    (Benjamini and Hochberg, 5 %): of the pairs named, a twentieth may be false on average. See
    `benchmarks/baskets.md`.

    References
    ----------
    Brin, S., Motwani, R., Ullman, J. D. and Tsur, S. (1997). Dynamic itemset counting and
    implication rules for market basket data. Proceedings of ACM SIGMOD.
    Garwood, F. (1936). Fiducial limits for the Poisson distribution. Biometrika 28(3/4).
    Benjamini, Y. and Hochberg, Y. (1995). Controlling the false discovery rate. Journal of the
    Royal Statistical Society, Series B 57(1).

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> items = ["tent", "mat"] * 40 + ["tent", "cup"] * 10 + ["cup", "tea"] * 50
    >>> lines = pd.DataFrame({"product_id": items, "quantity": 1, "unit_price": 5.0})
    >>> lines["order_id"] = (lines.index // 2).astype(str)
    >>> lines["line_id"] = (lines.index % 2).astype(str)
    >>> orders = pd.DataFrame({"order_id": lines.order_id.unique()})
    >>> orders["ordered_at"] = pd.Timestamp("2025-06-01")
    >>> found = pairs(open_data({"orders": orders, "order_lines": lines}), end="2026-01-01")
    >>> found.pairs[["first", "second", "together", "support", "lift", "verdict"]].head(2)
      first second  together  support      lift   verdict
    0   mat   tent        40      0.4  2.000000  together
    1   tea    cup        50      0.5  1.666667  together
    """
    held = read_baskets(data, end=end, start=start, of=of, within=within, named=named)
    rows, counted = held.rows, held.together
    margins = rows.group_by(["product", *held.strata]).aggregate(n=rows.count()).to_pandas()
    expected = _expected(rows, margins, held)
    in_baskets = margins.groupby("product")["n"].sum().reindex(range(len(held.names)))
    table = _judged(counted, expected, in_baskets.to_numpy("float64"), held)
    tested = len(held.names) * (len(held.names) - 1) // 2
    return Pairs(
        table, held.baskets, len(held.names), held.left_out, tested, tuple(within), *held.days
    )


def _expected(rows: ir.Table, margins: pd.DataFrame, held: Baskets) -> Array:
    """Return how often chance makes each pair meet, by the codes of both products."""
    strata = held.strata
    sizes = rows.group_by(["basket", *strata]).aggregate(size=rows.count())
    meetings = (sizes["size"] * (sizes["size"] - 1)).sum()
    met = (
        sizes.group_by(strata).aggregate(met=meetings) if strata else sizes.aggregate(met=meetings)
    ).to_pandas()
    place = dict.fromkeys(strata)
    key = pd.MultiIndex.from_frame(margins[list(place)]) if strata else pd.Index([0] * len(margins))
    codes, seen = pd.factorize(key)
    table = np.zeros((len(held.names), max(len(seen), 1)))
    table[margins["product"], codes] = margins["n"]
    by_stratum = met["met"].astype("float64")
    by_stratum.index = pd.MultiIndex.from_frame(met[strata]) if strata else pd.Index([0])
    ways = table.sum(axis=0) ** 2 - (table**2).sum(axis=0)
    weights = by_stratum.reindex(seen).to_numpy() if len(seen) else np.zeros(1)
    weights = np.divide(weights, ways, out=np.zeros_like(ways), where=ways > 0)
    expected: Array = (table * weights) @ table.T
    return expected


def _judged(
    counted: pd.DataFrame, expected: Array, in_baskets: Array, held: Baskets
) -> pd.DataFrame:
    """Return the pairs that were counted, with what chance would give and what that tells."""
    swapped = in_baskets[counted["first"]] > in_baskets[counted["second"]]
    rarer = counted["first"].where(~swapped, counted["second"]).to_numpy("int64")
    other = counted["second"].where(~swapped, counted["first"]).to_numpy("int64")
    names = np.array(held.names, dtype="object")
    together = counted["together"].to_numpy("float64")
    table = pd.DataFrame({"first": names[rarer], "second": names[other]})
    table["together"] = counted["together"].to_numpy("int64")
    table["first_baskets"] = in_baskets[rarer].astype("int64")
    table["second_baskets"] = in_baskets[other].astype("int64")
    table["support"] = together / max(held.baskets, 1)
    table["confidence"] = together / in_baskets[rarer]
    table["confidence_back"] = together / in_baskets[other]
    table["lift"] = together * held.baskets / (in_baskets[rarer] * in_baskets[other])
    table["expected"] = expected[rarer, other]
    table["adjusted_lift"] = table["together"] / table["expected"]
    table["low"], table["high"] = poisson_interval(together, table["expected"].to_numpy())
    table["p_value"] = poisson_test(together, table["expected"].to_numpy())
    tested = len(names) * (len(names) - 1) // 2
    ranked = table.sort_values(["p_value", "first", "second"], ignore_index=True)
    ranked["q_value"] = false_discovery(ranked["p_value"].to_numpy(), tested=tested)
    named = ranked["q_value"] < FALSE_SHARE
    above = ranked["adjusted_lift"] > 1
    ranked["verdict"] = np.where(named, np.where(above, "together", "apart"), "cannot_tell")
    return ranked.iloc[:MOST_ROWS]
