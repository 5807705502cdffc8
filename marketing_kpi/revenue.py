"""Revenue mix: what is booked and what is recognised, where revenue comes from, why it changed.

Formulas of KPIs on facts, and analyses that compare two periods: of a total, of segments, of
stores open in both, of products (volume, mix, price and assortment). The analyses take small
tables of a row a segment, store or product, which `compared` makes of the data, or anybody by hand.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import ibis
import ibis.expr.types as ir

from marketing_kpi.errors import ComputeError, MissingDataError
from marketing_kpi.finance import net_revenue
from marketing_kpi.kpis.compute import compute
from marketing_kpi.kpis.facts import MONEY
from marketing_kpi.kpis.facts.base import attach, one_a_key
from marketing_kpi.kpis.formulas import ratio
from marketing_kpi.kpis.frames import Frame, records, require, same_kind
from marketing_kpi.kpis.periods import day
from marketing_kpi.worth.common import answer

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from marketing_kpi.data.model import Data
    from marketing_kpi.kpis.formulas import Fact
    from marketing_kpi.kpis.periods import Periods

_ITEM = ("quantity_before", "revenue_before", "quantity", "revenue")


# --- KPIs on facts --------------------------------------------------------------------------


def booked_revenue(sales: Fact) -> Any:
    """Add up price paid x quantity of orders as they were booked, at the order's date.

    Orders that were cancelled later are in; fraud and tests are not. Fact: `booked_sales`.
    """
    return sales.net_sales.sum()


def recognised_revenue(rows: Fact) -> Any:
    """Add up net sales when they are recognised, less refunds, allowances and lost chargebacks.

    An order is recognised at `recognised_at`, or else when the last of its parcels was delivered.
    Fact: `recognised`.
    """
    return net_revenue(rows)


# --- Growth and shares ----------------------------------------------------------------------


def revenue_growth(revenue: float, previous: float) -> float | None:
    """Return by how much revenue grew on a period of comparison.

    Parameters
    ----------
    revenue, previous
        Revenue of the period, and of the period it is compared with, in the same money and
        measured by the same rule.

    Returns
    -------
    float or None
        ``revenue / previous - 1``, a fraction: 0.1 is 10 % more. None where the revenue compared
        with is not above 0, since a growth from nothing or from a loss says nothing.

    Examples
    --------
    >>> revenue_growth(550_000, 500_000)
    0.1
    >>> revenue_growth(10, 0) is None
    True
    """
    return (revenue - previous) / previous if previous > 0 else None


def revenue_share(segments: Frame, *, of: str = "revenue") -> Frame:
    """Return the part of the whole that each segment brings.

    Parameters
    ----------
    segments
        A row a segment, with its revenue.
    of
        The column of the revenue.

    Returns
    -------
    pandas.DataFrame or ibis.expr.types.Table
        The segments with ``share``, a fraction of the sum over all rows; in the order given on
        pandas, lazy on Ibis. Null where the whole is 0; a segment below 0 has a negative share.

    Raises
    ------
    ColumnError
        When the column is not there.

    Examples
    --------
    >>> import pandas as pd
    >>> by_channel = pd.DataFrame({"channel": ["web", "store"], "revenue": [300.0, 100.0]})
    >>> revenue_share(by_channel).share.tolist()
    [0.75, 0.25]
    """
    require(segments, [of], "segments")
    if isinstance(segments, ir.Table):
        return segments.mutate(share=ratio(segments[of], segments[of].sum()))
    whole = segments[of].sum()
    return segments.assign(share=segments[of] / (whole if whole else float("nan")))


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
        A row a value of `by`, as rows of `price_volume_mix` are: the dimensions, units and net
        sales of the period before (``quantity_before``, ``revenue_before``) and of the period
        (``quantity``, ``revenue``), 0 where nothing was sold, then ``change`` and
        ``contribution``, the change over the net sales of all the period before. Contributions
        add up to the growth of the whole. pandas when the tables came as pandas, else lazy.

    Raises
    ------
    ComputeError
        When there is no period to compare with, or a dimension does not fit.
    MissingDataError
        When the data lack quantities or prices.

    Examples
    --------
    >>> import pandas as pd
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
    keys = [by] if isinstance(by, str) else list(dict.fromkeys(by))
    lazy = _lazily(data)
    spans = {
        "_before": _before(periods),
        "": (periods.start, periods.end),
    }
    sold = {
        suffix: compute(["units_sold", "net_sales"], lazy, by=keys, start=start, end=end)
        for suffix, (start, end) in spans.items()
    }
    stacked = ibis.union(*(_side(table, keys, suffix) for suffix, table in sold.items()))
    sums = {name: stacked[name].sum().fill_null(0).cast(MONEY) for name in _ITEM}
    items = stacked.group_by(keys).aggregate(**sums)
    items = items.mutate(change=(items.revenue - items.revenue_before).cast(MONEY))
    items = items.mutate(contribution=ratio(items.change, items.revenue_before.sum()))
    return answer(data, items.order_by(keys), keys)


def _before(periods: Periods) -> tuple[dt.date, dt.date]:
    """Return the bounds of the period to compare with; there must be one."""
    if periods.previous_start is None or periods.previous_end is None:
        raise ComputeError("there is no period to compare with", hint="compare='previous_year'")
    return periods.previous_start, periods.previous_end


def _lazily(data: Data) -> Data:
    return replace(data, from_pandas=False)


def _side(table: ir.Table, keys: Sequence[str], suffix: str) -> ir.Table:
    """Return the units and sales of one period, with nulls for those of the other."""
    sold = {f"quantity{suffix}": table.units_sold, f"revenue{suffix}": table.net_sales}
    return table.select(
        *keys, **{name: sold.get(name, ibis.null(MONEY)).cast(MONEY) for name in _ITEM}
    )


# --- Like for like --------------------------------------------------------------------------


def stores_compared(data: Data, *, periods: Periods) -> Frame:
    """Set the stores of two periods side by side, and say which of them can be compared.

    Parameters
    ----------
    data
        What `open_data` returns, with stores and their opening days.
    periods
        What `periods` returns, with a period to compare with.

    Returns
    -------
    pandas.DataFrame or ibis.expr.types.Table
        A row a store that sold in either period: ``store_id``, ``revenue_before``, ``revenue``,
        ``opened_on``, ``closed_on``, and ``is_comparable``, whether it was open on every day from
        the first of the period before to the last of the period. A store whose opening day is
        not known is not comparable. Sales without a store (online) are in no row.

    Raises
    ------
    ComputeError
        When there is no period to compare with.
    MissingDataError
        When the data lack the stores, or what each sold.
    """
    if lacking := [name for name in ("store_id", "opened_on") if not data.has("stores", name)]:
        raise MissingDataError(
            f"{', '.join(f'stores.{name}' for name in lacking)} is not in these data",
            hint=f"these data have: {', '.join(data.tables)}",
        )
    sold = compared(_lazily(data), by="store_id", periods=periods)
    sold = sold.filter(sold.store_id.notnull())
    dates = ["opened_on", *(["closed_on"] if data.has("stores", "closed_on") else [])]
    stores = one_a_key(data.table("stores"), ["store_id"], dates)
    rows = attach(sold, stores, on=["store_id"], columns={name: name for name in dates})
    if len(dates) == 1:
        rows = rows.mutate(closed_on=ibis.null("date"))
    since, _ = _before(periods)
    rows = rows.mutate(is_comparable=_is_open(rows, since, periods.end))
    columns = ("store_id", "revenue_before", "revenue", "opened_on", "closed_on", "is_comparable")
    return answer(data, rows.select(*columns).order_by("store_id"), ["store_id"])


def like_for_like_growth(
    stores: Frame, *, since: str | dt.date, until: str | dt.date
) -> float | None:
    """Return the growth of the stores that were open throughout both periods.

    Parameters
    ----------
    stores
        A row a store, as `stores_compared` gives: ``opened_on``, ``closed_on`` (null while open),
        ``revenue_before`` and ``revenue``.
    since, until
        The first day of the period before, and the day after the last of the period.

    Returns
    -------
    float or None
        ``revenue / revenue before - 1`` over stores that opened on `since` at the latest, and did
        not close before `until`; a fraction. None where those stores sold nothing before.

    Raises
    ------
    ColumnError
        When a column is not there.
    ComputeError
        When `since` is not before `until`.

    Notes
    -----
    What stores opened or closed since bring, or no longer do, is growth of the network, not of the
    shops that were there. Days of works within the periods are not known, and count as open.

    Examples
    --------
    The total grew by 20 %, the two stores that were there by 5 %:

    >>> import pandas as pd
    >>> stores = pd.DataFrame({
    ...     "store_id": ["A", "B", "C"],
    ...     "opened_on": pd.to_datetime(["2019-03-01", "2021-06-01", "2025-04-01"]),
    ...     "closed_on": pd.to_datetime([None, None, None]),
    ...     "revenue_before": [600.0, 400.0, 0.0],
    ...     "revenue": [630.0, 420.0, 150.0],
    ... })
    >>> like_for_like_growth(stores, since="2024-01-01", until="2026-01-01")
    0.05
    """
    require(stores, ["opened_on", "closed_on", "revenue_before", "revenue"], "stores")
    first, last = day(since, name="since"), day(until, name="until")
    if first >= last:
        raise ComputeError(f"since == {first}, must be before until == {last}")

    def sums(rows: ir.Table) -> ir.Table:
        rows = rows.filter(_is_open(rows, first, last))
        return rows.aggregate(
            before=rows.revenue_before.cast(MONEY).sum().fill_null(0),
            now=rows.revenue.cast(MONEY).sum().fill_null(0),
        )

    total = _numbers(same_kind(stores, sums))
    return revenue_growth(total["now"], total["before"])


def _numbers(frame: Frame) -> dict[str, float]:
    """Return the one row of a query as numbers."""
    (row,) = records(frame)
    return {name: float(value) for name, value in row.items()}


def _is_open(rows: ir.Table, since: dt.date, until: dt.date) -> ir.BooleanColumn:
    """Return whether stores were open on every day of a span."""
    closed = rows.closed_on.cast("date")
    is_open = (rows.opened_on.cast("date") <= since) & (closed.isnull() | (closed >= until))
    return is_open.fill_null(False)


# --- Price, volume, mix ---------------------------------------------------------------------


class Effects(NamedTuple):
    """Why revenue changed; the four effects add up to `change`.

    Attributes
    ----------
    volume
        What more or fewer units would have brought, had they been the same products at the same
        prices: (units - units before) x mean price before.
    mix
        What it brought that dearer or cheaper products took a larger share of the units.
    price
        What the units sold bring at the new prices, above what they would have at the old.
    assortment
        Sales of products that were not sold before, less those of products no longer sold.
    change
        Revenue less revenue before, over all products.
    """

    volume: float
    mix: float
    price: float
    assortment: float
    change: float


def price_volume_mix(items: Frame) -> Effects:
    """Part the change of revenue between two periods in four effects that add up to it exactly.

    Parameters
    ----------
    items
        A row a product (or anything that has units and a price), as ``compared(data,
        by="product_id", …)`` gives: ``quantity_before``, ``revenue_before``, ``quantity``,
        ``revenue``. Null is 0: not sold.

    Returns
    -------
    Effects
        In the data's currency.

    Raises
    ------
    ColumnError
        When a column is not there.

    Notes
    -----
    Volume, mix and price are of the products *sold in both periods*: of which units are above 0
    in each, so that each has a price in each. With their units Q, their share s of those units,
    their price p, before (0) and now (1):

    - volume: ``(Q1 - Q0) x R0 / Q0``
    - mix: ``Q1 x sum((s1 - s0) x p0)``
    - price: ``sum(q1 x (p1 - p0))``

    The change in revenue of every other product, new, dropped or given back, is the assortment's.
    The order is fixed: units are valued at the old prices, price at the new units.

    Examples
    --------
    >>> import pandas as pd
    >>> items = pd.DataFrame({
    ...     "product_id": ["tent", "rope", "lamp"],
    ...     "quantity_before": [10, 30, 0], "revenue_before": [2000.0, 600.0, 0.0],
    ...     "quantity": [20, 20, 5], "revenue": [3800.0, 440.0, 150.0],
    ... })
    >>> price_volume_mix(items)
    Effects(volume=0.0, mix=1800.0, price=-160.0, assortment=150.0, change=1790.0)
    """
    require(items, _ITEM, "items")
    row = _numbers(same_kind(items, _sums))
    per_unit = row["revenue_before"] / row["quantity_before"] if row["quantity_before"] else 0.0
    same_mix = row["quantity"] * per_unit
    return Effects(
        volume=same_mix - row["revenue_before"],
        mix=row["at_old_prices"] - same_mix,
        price=row["revenue"] - row["at_old_prices"],
        assortment=row["of_others"],
        change=row["revenue"] - row["revenue_before"] + row["of_others"],
    )


def _sums(items: ir.Table) -> ir.Table:
    """Return one row: the sums over products sold in both periods, and the change of the others."""
    rows = items.select(**{name: items[name].cast(MONEY).fill_null(0) for name in _ITEM})
    in_both = (rows.quantity_before > 0) & (rows.quantity > 0)
    at_old_prices = rows.quantity.cast("float64") * ratio(rows.revenue_before, rows.quantity_before)
    change = rows.revenue - rows.revenue_before
    sums = {
        **{name: rows[name].sum(where=in_both) for name in _ITEM},
        "at_old_prices": at_old_prices.sum(where=in_both),
        "of_others": change.sum(where=~in_both),
    }
    return rows.aggregate(**{name: total.fill_null(0) for name, total in sums.items()})


def volume_effect(items: Frame) -> float:
    """Return what the change in units alone would have brought; see `price_volume_mix`.

    Examples
    --------
    >>> import pandas as pd
    >>> items = pd.DataFrame({
    ...     "quantity_before": [10], "revenue_before": [200.0],
    ...     "quantity": [12], "revenue": [264.0],
    ... })
    >>> volume_effect(items), mix_effect(items), price_effect(items)
    (40.0, 0.0, 24.0)
    """
    return price_volume_mix(items).volume


def mix_effect(items: Frame) -> float:
    """Return what the shift between dearer and cheaper products brought; see `price_volume_mix`."""
    return price_volume_mix(items).mix


def price_effect(items: Frame) -> float:
    """Return what the change in prices brought on the units sold; see `price_volume_mix`."""
    return price_volume_mix(items).price
