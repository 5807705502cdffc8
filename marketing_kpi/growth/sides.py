"""Two periods side by side: what each segment, store or product brought in both."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, cast

import ibis
import ibis.expr.types as ir
import pandas as pd

from marketing_kpi.errors import ComputeError, MissingDataError, unknown
from marketing_kpi.kpis.compute import compute
from marketing_kpi.kpis.facts import FACTS, MONEY, extra_columns, home, missing
from marketing_kpi.kpis.formulas import ratio
from marketing_kpi.kpis.frames import Frame, require
from marketing_kpi.kpis.periods import midnight
from marketing_kpi.worth.common import answer, collected

if TYPE_CHECKING:
    from marketing_kpi.data.model import Data
    from marketing_kpi.kpis.periods import Periods

ITEM = ("quantity_before", "revenue_before", "quantity", "revenue")
"""What is known of a segment in both periods."""

CREDITS = ("credits_before", "credits")
"""What of the revenue of both periods is credits; what does not tell it has none."""

_MONEY_OF_BOTH = ("revenue_before", "revenue")


class Comparison(NamedTuple):
    """Two periods of which the second is compared with the first; starts are inclusive.

    Attributes
    ----------
    since, until
        First day of the period before, and the day after its last.
    start, end
        The same of the period.
    """

    since: dt.date
    until: dt.date
    start: dt.date
    end: dt.date

    @classmethod
    def of(cls, periods: Periods) -> Comparison:
        """Return the two periods; without one to compare with it is refused."""
        if periods.previous_start is None or periods.previous_end is None:
            raise ComputeError("there is no period to compare with", hint="compare='previous_year'")
        return cls(periods.previous_start, periods.previous_end, periods.start, periods.end)


def lacking(data: Data, *, by: str | Sequence[str] = (), units: bool = False) -> list[str]:
    """Return what the data lack to split net sales by some dimensions, as ``table.column``.

    Parameters
    ----------
    data
        What `open_data` returns.
    by
        Dimensions of net sales, or other columns of the tables.
    units
        Whether units sold are needed too, as `compared` does.

    Returns
    -------
    list of str
        Empty when nothing is missing; a dimension that nobody knows is named as it was given.

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> orders = pd.DataFrame({"order_id": ["1"], "ordered_at": pd.to_datetime(["2025-01-05"]),
    ...     "amount": [10.0]})
    >>> with open_data({"orders": orders}) as data:
    ...     lacking(data), lacking(data, by="channel")
    ([], ['orders.channel'])
    """
    fact, names = FACTS["sales"], keys_of(by)
    measures = ["net_sales", *(["quantity"] if units else [])]
    found = missing(fact, [fact.time, *measures, *(n for n in names if n in fact.events)], data)
    return [*found, *(n for n in names if n not in fact.events and home(fact, n, data) is None)]


def known(data: Data, names: Sequence[str]) -> list[str]:
    """Return those of some dimensions that the data have, with net sales; see `lacking`.

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> orders = pd.DataFrame({"order_id": ["1"], "ordered_at": pd.to_datetime(["2025-01-05"]),
    ...     "amount": [10.0], "channel": ["web"]})
    >>> with open_data({"orders": orders}) as data:
    ...     known(data, ["channel", "category"])
    ['channel']
    """
    return [name for name in names if not lacking(data, by=name)]


def keys_of(by: str | Sequence[str]) -> list[str]:
    """Return dimensions, each once."""
    return [by] if isinstance(by, str) else list(dict.fromkeys(by))


def require_sales(data: Data, by: Sequence[str], *, units: bool = False) -> None:
    """Refuse a dimension that nobody knows, and data that lack net sales, units or a dimension."""
    fact = FACTS["sales"]
    for name in by:
        if name not in fact.events and home(fact, name, data) is None:
            known = [*fact.dimensions, *extra_columns(fact, data)]
            message, hint = unknown("dimension", name, known, where=f"fact '{fact.name}'")
            raise ComputeError(message, hint=hint)
    if lacks := lacking(data, by=by, units=units):
        raise MissingDataError(
            f"{', '.join(lacks)} is not in these data",
            hint=f"these data have: {', '.join(data.tables)}",
        )


def lazily(data: Data) -> Data:
    """Return the same data, of which queries stay lazy."""
    return replace(data, from_pandas=False)


def compared(data: Data, *, by: str | Sequence[str], periods: Periods) -> Frame:
    """Set segments, stores or products of two periods side by side.

    Parameters
    ----------
    data
        What `open_data` returns.
    by
        One dimension of net sales, or several: ``"channel"``, ``"product_id"``, ``"store_id"``.
    periods
        What `periods` returns, with a period to compare with.

    Returns
    -------
    pandas.DataFrame or ibis.expr.types.Table
        A row a value of `by`, as rows of `price_volume_mix` are: the dimensions, units of known
        price and net sales of the period before (``quantity_before``, ``revenue_before``) and of
        the period (``quantity``, ``revenue``), 0 where nothing was sold; what of these net sales
        is credits (``credits_before``, ``credits``, 0 or below; see `kpis.facts.is_credit`), whose
        units are not counted; then ``change`` and ``contribution``, the change over the net sales
        of all the period before. Contributions add up to the growth of the whole. pandas when the
        tables came as pandas, else lazy.

    Raises
    ------
    ComputeError
        When there is no period to compare with, or a dimension does not fit.
    MissingDataError
        When the data lack quantities or prices.

    Examples
    --------
    >>> import marketing_kpi as mk
    >>> tables = {
    ...     "orders": pd.DataFrame({
    ...         "order_id": ["1", "2"], "channel": ["web", "web"],
    ...         "ordered_at": pd.to_datetime(["2024-05-01", "2025-05-01"]),
    ...     }),
    ...     "order_lines": pd.DataFrame({
    ...         "order_id": ["1", "2"], "line_id": ["1", "1"], "quantity": [2, 3],
    ...         "unit_price": [10.0, 12.0],
    ...     }),
    ... }
    >>> with mk.open_data(tables) as data:
    ...     found = compared(data, by="channel", periods=mk.periods(as_of="2026-01-01"))
    >>> found[["revenue_before", "revenue", "change", "contribution"]].values.tolist()
    [[20.0, 36.0, 16.0, 0.8]]
    """
    keys = keys_of(by)
    require_sales(data, keys, units=True)
    return answer(data, side_by_side(data, keys, periods, units=True), keys)


def mix(data: Data, *, by: str | Sequence[str], periods: Periods) -> pd.DataFrame:
    """Say what each segment brings in two periods: amount, share, growth and contribution.

    Parameters
    ----------
    data
        What `open_data` returns.
    by
        One dimension of net sales, or several. Unlike `compared`, amounts of orders will do.
    periods
        What `periods` returns; without a period to compare with, all that needs one is null.

    Returns
    -------
    pandas.DataFrame
        A row a segment, the unknown one (null) included, sorted by the dimensions: these;
        ``revenue_before`` and ``revenue``, net sales; ``share_before`` and ``share``, of the
        whole, null where that is 0; ``change``; ``growth``, null where nothing above 0 was sold
        before; ``contribution``, the change over the net sales of all the period before. Shares
        add up to 1, and contributions to the growth of the whole.

    Raises
    ------
    ComputeError
        When a dimension does not fit.
    MissingDataError
        When the data lack net sales or a dimension.

    Examples
    --------
    The store's share falls while it grows, since the web grows faster:

    >>> import marketing_kpi as mk
    >>> orders = pd.DataFrame({
    ...     "order_id": list("1234"), "channel": ["store", "web", "store", "web"],
    ...     "ordered_at": pd.to_datetime(["2024-05-01"] * 2 + ["2025-05-01"] * 2),
    ...     "amount": [400.0, 600.0, 440.0, 760.0],
    ... })
    >>> with mk.open_data({"orders": orders}) as data:
    ...     found = mix(data, by="channel", periods=mk.periods(as_of="2026-01-01"))
    >>> found[["channel", "share_before", "share", "growth", "contribution"]].round(3)
      channel  share_before  share  growth  contribution
    0   store           0.4  0.367   0.100          0.04
    1     web           0.6  0.633   0.267          0.16
    """
    keys = keys_of(by)
    require_sales(data, keys)
    sides = side_by_side if periods.previous_start else _one_side
    rows = sides(data, keys, periods)
    columns = ("share_before", "share", "change", "growth", "contribution")
    rows = rows.mutate(
        share_before=ratio(rows.revenue_before, rows.revenue_before.sum()),
        share=ratio(rows.revenue, rows.revenue.sum()),
        growth=(rows.revenue_before > 0).ifelse(ratio(rows.change, rows.revenue_before), None),
    )
    return collected(rows.select(*keys, *_MONEY_OF_BOTH, *columns), keys)


def products_compared(
    data: Data, *, by: Sequence[str] = ("channel", "category"), periods: Periods
) -> pd.DataFrame:
    """Set products of two periods side by side, each within the dimensions that the data have.

    Parameters
    ----------
    data
        What `open_data` returns, with products and units.
    by
        Dimensions to tell apart too; those that the data lack are left out.
    periods
        What `periods` returns, with a period to compare with.

    Returns
    -------
    pandas.DataFrame
        What `compared` returns by these dimensions and ``product_id``; amounts as floats.

    Raises
    ------
    ComputeError
        When there is no period to compare with.
    MissingDataError
        When the data lack products, units or prices.
    """
    keys = [*(name for name in by if not lacking(data, by=name)), "product_id"]
    require_sales(data, keys, units=True)
    return collected(side_by_side(data, keys, periods, units=True), keys)


def side_by_side(
    data: Data, keys: Sequence[str], periods: Periods, *, units: bool = False
) -> ir.Table:
    """Return net sales of both periods, lazily; where asked for, units sold, and credits in both.

    A unit whose price is not known adds nothing to net sales: it would make the others cheaper,
    and is not counted.
    """
    spans = Comparison.of(periods)
    quantity = ["quantity", "bought"] if units else []
    rows = FACTS["sales"].build(data, {"ordered_at", "net_sales", *quantity, *keys})
    at, is_priced = rows.ordered_at, rows.net_sales.notnull()
    sides = {
        "_before": (at >= midnight(spans.since)) & (at < midnight(spans.until)),
        "": (at >= midnight(spans.start)) & (at < midnight(spans.end)),
    }
    sums: dict[str, ir.Value] = {}
    for suffix, there in sides.items():
        if units:
            sums[f"quantity{suffix}"] = rows.quantity.sum(where=there & is_priced)
        sums[f"revenue{suffix}"] = rows.net_sales.sum(where=there)
        if units:
            sums[f"credits{suffix}"] = rows.net_sales.sum(where=there & ~rows.bought)
    sums = {name: total.fill_null(0).cast(MONEY) for name, total in sums.items()}
    items = rows.filter(sides["_before"] | sides[""]).group_by(keys).aggregate(**sums)
    items = items.mutate(change=(items.revenue - items.revenue_before).cast(MONEY))
    items = items.mutate(contribution=ratio(items.change, items.revenue_before.sum()))
    return items.order_by(keys)


def _one_side(data: Data, keys: Sequence[str], periods: Periods) -> ir.Table:
    """Return net sales of the period, with nulls for what needs another."""
    asked = compute("net_sales", lazily(data), by=keys, start=periods.start, end=periods.end)
    sold = cast("ir.Table", asked)
    unknown_amount, unknown_rate = ibis.null(MONEY), ibis.null("float64")
    return sold.select(
        *keys,
        revenue_before=unknown_amount,
        revenue=sold.net_sales.fill_null(0).cast(MONEY),
        change=unknown_amount,
        contribution=unknown_rate,
    )


def amounts_told(columns: Iterable[str]) -> list[str]:
    """Return which of some columns are amounts of a segment: `ITEM`, and `CREDITS` if told."""
    told = set(columns)
    return [*ITEM, *(name for name in CREDITS if name in told)]


def rolled_up(items: Frame, *, by: str | Sequence[str]) -> Frame:
    """Add up rows of `compared` to a coarser level, as if it had been asked for that.

    Parameters
    ----------
    items
        What `compared` returns, by `by` and more.
    by
        The dimensions to keep, one or several.

    Returns
    -------
    pandas.DataFrame or ibis.expr.types.Table
        As `compared`: pandas for pandas, sorted by the dimensions; lazy for Ibis.

    Raises
    ------
    ColumnError
        When a column is not there.
    """
    keys = keys_of(by)
    require(items, [*keys, *ITEM], "items")
    told = amounts_told(items.columns)
    if isinstance(items, ir.Table):
        sums = {name: items[name].cast(MONEY).sum().fill_null(0) for name in told}
        rows = items.group_by(keys).aggregate(**sums)
        rows = rows.mutate(change=rows.revenue - rows.revenue_before)
        return rows.mutate(contribution=ratio(rows.change, rows.revenue_before.sum()))
    amounts = items.astype(dict.fromkeys(told, "float64"))
    rows = amounts.groupby(keys, dropna=False, as_index=False)[told].sum()
    change = rows["revenue"] - rows["revenue_before"]
    before = rows["revenue_before"].sum()
    return rows.assign(change=change, contribution=change / (before if before else math.nan))


def steps_between(before: float, changes: Mapping[str, float] | pd.Series[float]) -> pd.DataFrame:
    """Return a bridge from an amount to another, of which the steps shown add up to the cent.

    Parameters
    ----------
    before
        The amount that it begins with.
    changes
        Each step's name and what it adds, in order, as a mapping or a Series; null (NaN) for
        what is not known, and then nothing is known from there on.

    Returns
    -------
    pandas.DataFrame
        A row a step: ``step`` (``"before"``, the names, ``"now"``), ``amount`` and ``level``,
        what there is after it. Levels are rounded to the cent, and each amount is the difference
        of two: so it may be a cent away from the change rounded alone, and no cent is lost.

    Examples
    --------
    >>> steps_between(100.0, {"price": 1.004, "volume": 1.004})["amount"].tolist()
    [100.0, 1.0, 1.01, 102.01]
    """
    levels = [before]
    named = {str(name): float(change) for name, change in changes.items()}
    for change in named.values():
        levels.append(levels[-1] + change)
    cents = [level if math.isnan(level) else round(level, 2) for level in levels]
    amounts = [round(after - earlier, 2) for earlier, after in pairwise(cents)]
    return pd.DataFrame(
        {
            "step": ["before", *named, "now"],
            "amount": [cents[0], *amounts, cents[-1]],
            "level": [*cents, cents[-1]],
        }
    )
