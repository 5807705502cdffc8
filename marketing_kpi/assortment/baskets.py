"""Baskets in which pairs and sets are counted: read once, kept in the engine, names as codes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
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

_CODES = 1_000_000  # more than there are products that are looked at

MOST_ROWS = 5_000
"""Rows of a result, those least likely by chance."""


class Baskets(NamedTuple):
    """Baskets in the engine, a product once in each: basket, product (a code), what they share."""

    rows: ir.Table
    together: pd.DataFrame  # of each pair: first, second, and the baskets that hold both
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
    others = [name for name in within if name != "month"]
    strata = [*(["month"] if "month" in within else []), *others]
    lines = data.keep(_lines(data, of, others, start=start, end=end))
    counted = counted_lines(lines, strata, keep=data.keep, most=most)
    names = counted.names
    whole = lines.aggregate(
        baskets=lines.basket.nunique(), first=lines.day.min(), last=lines.day.max()
    )
    (told,) = whole.to_pyarrow().to_pylist()
    shown = _labels(data, names) if named else names
    return Baskets(
        counted.rows, counted.together, shown, strata, told["baskets"], counted.left_out,
        (told["first"], told["last"]),
    )  # fmt: skip


class Counted(NamedTuple):
    """Products of lines and their pairs: as in `Baskets`."""

    rows: ir.Table
    together: pd.DataFrame
    names: list[str]
    left_out: int


def counted_lines(
    lines: ir.Table,
    strata: Sequence[str],
    *,
    keep: Callable[[ir.Table], ir.Table],
    most: int = MOST_PRODUCTS,
    least: int = LEAST_TOGETHER,
) -> Counted:
    """Choose the products of lines and count their pairs, a product once a basket.

    To count the different baskets of a product costs half as much as its pairs. So lines are
    counted first, and each product is paired with itself too: only where one meets itself more
    often than it has lines does it stand twice in a basket, and baskets are counted.

    Parameters
    ----------
    lines
        basket, name (of the product), strata.
    strata
        Columns to keep beside.
    keep
        Runs a query and keeps its rows in the engine.
    most, least
        Products to choose, of those in the most baskets; baskets under which a pair is left out.
    """
    on_lines = lines.group_by("name").aggregate(n=lines.count()).to_pandas()
    if not _repeats_most_sold(lines, on_lines):
        names = _looked_at(on_lines, most)
        rows = keep(coded(lines, names).select("basket", "product", *strata))
        met = _meetings(rows, least=least)
        itself = met[met["first"] == met["second"]].set_index("first")["together"]
        times = on_lines.set_index("name")["n"].reindex(names).to_numpy()
        if not (itself.reindex(range(len(names)), fill_value=0).to_numpy() > times).any():
            return Counted(rows, _of_two(met), names, len(on_lines) - len(names))
    sold = lines.group_by("name").aggregate(n=lines.basket.nunique()).to_pandas()
    names = _looked_at(sold, most)
    rows = keep(coded(lines, names).select("basket", "product", *strata).distinct())
    return Counted(rows, counted_pairs(rows, least=least), names, len(sold) - len(names))


def _repeats_most_sold(lines: ir.Table, on_lines: pd.DataFrame) -> bool:
    """Return whether the product on most lines stands twice in a basket: cheap, and often told."""
    if on_lines.empty:
        return False
    name = on_lines.sort_values(["n", "name"], ascending=[False, True])["name"].iloc[0]
    its = lines.filter(lines.name == name)
    (told,) = its.aggregate(n=its.basket.nunique(), lines=its.count()).to_pyarrow().to_pylist()
    return bool(told["lines"] > told["n"])


def _looked_at(sold: pd.DataFrame, most: int) -> list[str]:
    """Return the names of the products in enough baskets, those in most of them first."""
    ranked = sold.sort_values(["n", "name"], ascending=[False, True])
    names: list[str] = ranked.loc[ranked["n"] >= LEAST_BASKETS, "name"].iloc[:most].tolist()
    return names


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
    return _of_two(_meetings(rows, least=least))


def _of_two(met: pd.DataFrame) -> pd.DataFrame:
    return met[met["first"] < met["second"]].reset_index(drop=True)


def _meetings(rows: ir.Table, *, least: int) -> pd.DataFrame:
    """Count the rows of a basket in which products meet, themselves included.

    A pair is one number: engines group by one faster than by two.
    """
    other = rows.view()
    met = rows.join(other, [rows.basket == other.basket, rows.product <= other.product])
    met = met.select(pair=rows.product.cast("int64") * _CODES + other.product)
    counted = met.group_by("pair").aggregate(together=met.count())
    found: pd.DataFrame = counted.filter(counted.together >= least).to_pandas()
    first, second = divmod(found["pair"], _CODES)
    return pd.DataFrame({"first": first, "second": second, "together": found["together"]})
