"""Baskets in which pairs and sets are counted: read once, kept in the engine, names as codes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import ibis
import ibis.expr.types as ir
import pandas as pd

from marketing_kpi.errors import ComputeError, MissingDataError, unknown
from marketing_kpi.kpis.facts import FACTS, home, missing
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
    """Baskets in the engine, a row a line: basket, line, product (a code), what they share."""

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
) -> Baskets:
    """Read the lines of purchases whose product is in enough baskets to be looked at."""
    if absent := lacking(data, of=of):
        raise MissingDataError(f"pairs need {', '.join(absent)}, which these data lack")
    strata = [name for name in within if name != "month"]
    lines = data.keep(_lines(data, of, strata, start=start, end=end))
    sold = lines.group_by("name").aggregate(n=lines.basket.nunique()).to_pandas()
    ranked = sold.sort_values(["n", "name"], ascending=[False, True], ignore_index=True)
    names = ranked.loc[ranked["n"] >= LEAST_BASKETS, "name"].iloc[:most].tolist()
    strata = [*(["month"] if "month" in within else []), *strata]
    rows = coded(lines, names).select("basket", "line", "product", *strata)
    whole = lines.aggregate(
        baskets=lines.basket.nunique(), first=lines.day.min(), last=lines.day.max()
    )
    (told,) = whole.to_pyarrow().to_pylist()
    return Baskets(
        data.keep(rows), names, strata, told["baskets"], len(ranked) - len(names),
        (told["first"], told["last"]),
    )  # fmt: skip


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
    """Return a row a line of a purchase: basket, line (null: not told), name, day, month, strata.

    A credit fills no basket.
    """
    fact, told = FACTS["sales"], data.has("order_lines", "line_id")
    read = {"order_id", "ordered_at", "bought", of, *strata, *(("line_id",) if told else ())}
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
        line=lines.line_id if told else ibis.null("string"),
        name=lines[of].cast("string"),
        day=lines.ordered_at.date(),
        month=lines.ordered_at.truncate("M").date(),
    )


def counted_pairs(rows: ir.Table, *, least: int) -> tuple[ir.Table, pd.DataFrame]:
    """Count the baskets of each pair of products, in the engine.

    Parameters
    ----------
    rows
        A row a line: basket, line (unique in its basket; null: not told), product.
    least
        Baskets under which a pair is not returned.

    Returns
    -------
    tuple
        The rows, a product once a basket; and a row a pair: first, second, together.

    Notes
    -----
    To make lines unique costs more than to count them. The lines of a basket are joined with its
    other lines: a product that meets itself shows that it stands on two of them, and only then are
    they made unique and counted again.
    """
    if not rows.filter(rows.line.isnull()).limit(1).count().execute():
        found = _joined(rows, rows.line, least).to_pandas()
        if (found["first"] != found["second"]).all():
            return rows, found
    unique = rows.drop("line").distinct().cache()
    return unique, _joined(unique, unique.product, least).to_pandas()


def _joined(rows: ir.Table, key: ir.Column, least: int) -> ir.Table:
    """Return how many baskets hold each pair; a product with itself whenever `key` allows it."""
    other = rows.view()
    met = rows.join(
        other,
        [
            rows.basket == other.basket,
            rows.product <= other.product,
            key != other[key.get_name()],
        ],
    ).select(first=rows.product, second=other.product)
    counted = met.group_by("first", "second").aggregate(together=met.count())
    return counted.filter((counted.together >= least) | (counted.first == counted.second))
