"""Baskets in which pairs and sets are counted: read once, kept in the engine, names as codes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import ibis.expr.types as ir
import pandas as pd

from marketing_kpi.errors import ComputeError, MissingDataError, unknown
from marketing_kpi.kpis.facts import FACTS, home, missing
from marketing_kpi.kpis.facts.base import one_a_key
from marketing_kpi.kpis.frames import in_engine
from marketing_kpi.kpis.periods import day, midnight

if TYPE_CHECKING:
    from marketing_kpi.data.model import Data

LEAST_BASKETS = 30
"""Baskets in which a product must be, to be looked at: in fewer, hardly any link can show."""

LEAST_TOGETHER = 5
"""Baskets in which a set must be, to be listed."""

MOST_PRODUCTS = 2_000
"""Products looked at, those in most baskets: the pairs grow with their square."""

MOST_ROWS = 5_000
"""Rows of a result, those least likely by chance."""


class Baskets(NamedTuple):
    """Baskets in the engine, a product once in each: basket, product (a code), what they share."""

    rows: ir.Table
    names: Sequence[str]  # of the products, by code
    strata: list[str]  # columns that comparable baskets share
    baskets: int
    left_out: int
    days: tuple[dt.date | None, dt.date | None]


def lacking(data: Data, *, of: str = "product_id") -> list[str]:
    """Return what the data lack for pairs, as ``table.column``; empty when `pairs` can answer.

    >>> from marketing_kpi.data.sources import open_data
    >>> days = pd.to_datetime(["2025-01-05"])
    >>> lacking(open_data({"orders": pd.DataFrame({"order_id": ["1"], "ordered_at": days})}))
    ['order_lines.product_id']
    """
    fact = FACTS["sales"]
    if absent := missing(fact, ["product_id"], data):
        return absent
    if of not in fact.dimensions and home(fact, of, data) is None:
        message, hint = unknown("dimension", of, fact.dimensions, where="fact 'sales'")
        raise ComputeError(message, hint=hint)
    return missing(fact, [of], data)


def read_baskets(
    data: Data,
    *,
    end: str | dt.date,
    start: str | dt.date | None,
    of: str,
    within: Sequence[str],
    most: int = MOST_PRODUCTS,
    named: bool = False,
) -> Baskets:
    """Read the lines of purchases whose product is in enough baskets to be looked at."""
    if named and of != "product_id":
        raise ComputeError(f"named == True, needs of == 'product_id', not {of!r}")
    if absent := lacking(data, of=of):
        raise MissingDataError(f"pairs need {', '.join(absent)}, which these data lack")
    strata = [name for name in within if name != "month"]
    lines = data.keep(_lines(data, of, strata, start=start, end=end))
    counts = {"n": lines.basket.nunique(), "lines": lines.count()}
    sold = lines.group_by("name").aggregate(**counts).to_pandas()
    ranked = sold.sort_values(["n", "name"], ascending=[False, True], ignore_index=True)
    looked_at = ranked[ranked["n"] >= LEAST_BASKETS].iloc[:most]
    names = looked_at["name"].tolist()
    strata = [*(["month"] if "month" in within else []), *strata]
    rows = coded(lines, names).select("basket", "product", *strata)
    if (looked_at["lines"] > looked_at["n"]).any():  # to make them unique costs more than to count
        rows = rows.distinct()
    whole = lines.aggregate(
        baskets=lines.basket.nunique(), first=lines.day.min(), last=lines.day.max()
    )
    (told,) = whole.to_pyarrow().to_pylist()
    shown = _labels(data, names) if named else names
    return Baskets(
        data.keep(rows), shown, strata, told["baskets"], len(ranked) - len(names),
        (told["first"], told["last"]),
    )  # fmt: skip


def _labels(data: Data, ids: Sequence[str]) -> list[str]:
    """Return the names of products, with the id where several share one; the id of one without."""
    if not data.has("products", "product_id", "name"):
        return list(ids)
    products = one_a_key(data.products, ["product_id"], ["name"])
    known = products.filter(products.product_id.isin(ids)).to_pandas()
    names = pd.Series(ids).map(known.set_index("product_id")["name"])
    shared = names.duplicated(keep=False)
    return [
        id if pd.isna(name) else f"{name} ({id})" if is_shared else str(name)
        for id, name, is_shared in zip(ids, names, shared, strict=True)
    ]


def coded(lines: ir.Table, names: Sequence[str]) -> ir.Table:
    """Keep the lines with one of the names, and add its place among them as `product`.

    Engines join and count small whole numbers faster than texts.
    """
    codes = pd.DataFrame({"name": pd.Series(names, dtype="str"), "product": range(len(names))})
    return lines.inner_join(in_engine(codes).cast({"product": "int32"}), "name")


def _lines(
    data: Data,
    of: str,
    strata: Sequence[str],
    *,
    start: str | dt.date | None,
    end: str | dt.date,
) -> ir.Table:
    """Return a row a line of a purchase: basket, name, day, month, strata.

    A credit fills no basket.
    """
    fact = FACTS["sales"]
    read = {"order_id", "ordered_at", "bought", of, *strata}
    if absent := missing(fact, sorted(strata), data):
        raise MissingDataError(f"pairs within need {', '.join(absent)}, which these data lack")
    lines = fact.build(data, read)
    conditions = [lines.bought, lines[of].notnull()]
    conditions.append(lines.ordered_at < midnight(day(end, name="end")))
    if start is not None:
        conditions.append(lines.ordered_at >= midnight(day(start, name="start")))
    lines = lines.filter(*conditions)
    return lines.select(
        *strata,
        basket=lines.order_id,
        name=lines[of].cast("string"),
        day=lines.ordered_at.date(),
        month=lines.ordered_at.truncate("M").date(),
    )


def counted_pairs(rows: ir.Table, *, least: int) -> pd.DataFrame:
    """Count the baskets of each pair of products, in the engine.

    Parameters
    ----------
    rows
        A row a product of a basket: basket, product.
    least
        Baskets under which a pair is not returned.

    Returns
    -------
    pandas.DataFrame
        A row a pair: first, second, together.
    """
    other = rows.view()
    met = rows.join(other, [rows.basket == other.basket, rows.product < other.product])
    met = met.select(first=rows.product, second=other.product)
    counted = met.group_by("first", "second").aggregate(together=met.count())
    found: pd.DataFrame = counted.filter(counted.together >= least).to_pandas()
    return found
