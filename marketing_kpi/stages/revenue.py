"""Purchases by the stage in which each finds its buyer: revenue, average order, categories."""

from __future__ import annotations

import datetime as dt
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, NamedTuple

import ibis
import ibis.expr.types as ir

from marketing_kpi.errors import ColumnError, ComputeError, unknown
from marketing_kpi.kpis.compute import GRAINS
from marketing_kpi.kpis.facts import MONEY
from marketing_kpi.kpis.facts.base import attach, one_a_key
from marketing_kpi.kpis.facts.lifecycle import is_purchase
from marketing_kpi.kpis.formulas import ratio
from marketing_kpi.kpis.intervals import Z95
from marketing_kpi.kpis.periods import day
from marketing_kpi.stages.purchases import by_day, lines_kept, purchases, without_contacts
from marketing_kpi.stages.results import given
from marketing_kpi.stages.settings import DEFAULTS, FIRST_PURCHASE, UNIDENTIFIED, Settings

if TYPE_CHECKING:
    from marketing_kpi.data.model import Data
    from marketing_kpi.kpis.compute import Filters
    from marketing_kpi.kpis.frames import Frame

_FEWEST = 30
"""Buyers under which an average order has no interval: the normal approximation is poor."""


def revenue_by_stage(
    data: Data,
    *,
    start: str | dt.date,
    end: str | dt.date,
    grain: str | None = "month",
    settings: Settings = DEFAULTS,
    filters: Filters | None = None,
) -> Frame:
    """Say what the purchases of each period are worth, by the stage in which they find their buyer.

    Parameters
    ----------
    data
        What `open_data` returns.
    start, end
        First day, and the day after the last. Purchases before `start` tell the stages.
    grain
        ``day``, ``week``, ``month``, ``quarter`` or ``year``; None: `start` to `end` as a whole.
    settings, filters
        As for `contacts`.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        A row a period and stage with a purchase or a credit, in the order of both (pandas): period
        (its first day; not there without a grain), stage, orders, net_sales (amounts before
        returns, less credits entered as orders; null when none is known), net_sales_share (of the
        period; null when it sold nothing), average_order (a purchase of known amount).

        The stages are ``"first_purchase"`` (no purchase before that day: a lead, or nobody known
        yet), then those of customers, and ``"unidentified"`` where settings let these purchases
        in.

    Notes
    -----
    The stage is the one that the buyer had at the start of the day of the purchase, so that two
    orders of one day find the buyer in the same stage. A purchase fully refunded before `end`
    counts neither as revenue nor as an earlier purchase, unless settings count it. In data that
    begin after the shop did, purchases of customers from before look like first ones, above all in
    the first ``defecting_days``: see `marketing_kpi.lifecycle.known_from`.

    Examples
    --------
    >>> import pandas as pd
    >>> from marketing_kpi.data.sources import open_data
    >>> orders = pd.DataFrame({
    ...     "order_id": ["1", "2", "3"], "customer_id": ["A", "A", None],
    ...     "amount": [30.0, 50.0, 20.0],
    ...     "ordered_at": pd.to_datetime(["2025-01-01", "2025-12-02", "2025-12-31"]),
    ... })
    >>> revenue_by_stage(open_data({"orders": orders}), start="2025-12-01", end="2026-01-01",
    ...     grain=None)[["stage", "orders", "net_sales"]]
              stage  orders  net_sales
    0     defecting       1       50.0
    1  unidentified       1       20.0
    """
    first, last = bounds(start, end, grain)
    found = _found(data, last, settings, filters, credits=True)
    found = found.filter(found.day >= ibis.date(first.isoformat()))
    keys = ["stage"]
    if grain is not None:
        found, keys = (
            found.mutate(period=found.day.truncate(grain).cast("date")),
            ["period", "stage"],
        )
    sums = found.group_by(keys).aggregate(
        orders=found.orders.sum(),
        net_sales=found.amount.sum(),
        paid=found.paid.sum(),
        priced=found.priced.sum(),
    )
    of_period = sums.net_sales.sum().over(group_by=keys[:-1])
    query = sums.select(
        *keys,
        orders=sums.orders.cast("int64"),
        net_sales=sums.net_sales.cast(MONEY),
        net_sales_share=ratio(sums.net_sales, of_period),
        average_order=ratio(sums.paid, sums.priced),
    )
    return given(data, query, keys, settings=settings)


def bounds(start: str | dt.date, end: str | dt.date, grain: str | None) -> tuple[dt.date, dt.date]:
    """Return the first day and the day after the last, checked, as the grain is."""
    first, last = day(start, name="start"), day(end, name="end")
    if first >= last:
        raise ComputeError(f"start == {first}, must be before end == {last}")
    if grain is not None and grain not in GRAINS:
        message, hint = unknown("grain", grain, GRAINS)
        raise ComputeError(message, hint=hint)
    return first, last


def _found(
    data: Data,
    end: dt.date,
    settings: Settings,
    filters: Filters | None,
    *,
    credits: bool = False,
) -> ir.Table:
    """Return a row a buyer and day with purchases before `end`, and a row a day for nobody known.

    The columns are customer_id, day, stage (found at the start of the day), after (the stage that
    the purchases of the day lead to), orders, priced, paid and amount (see `by_day`). A day of
    credits alone has a row too, where these are asked for.
    """
    rows = _counted(data, end, settings, filters, credits=credits)
    known = by_day(rows.filter(rows.customer_id.notnull()), "customer_id")
    before = ibis.window(group_by="customer_id", order_by="day", rows=(None, -1))
    bought_on = (known.orders > 0).ifelse(known.day, ibis.null("date"))
    earlier = known.orders.sum().over(
        ibis.cumulative_window(group_by="customer_id", order_by="day")
    )
    dated = known.mutate(last=bought_on.max().over(before), bought=earlier)
    found = dated.mutate(
        stage=_stage(dated, settings),
        after=(dated.bought > 1).ifelse("active", "first_time"),
    ).drop("last", "bought")
    if settings.unidentified == "out":
        return found
    nobody = by_day(rows.filter(rows.customer_id.isnull()))
    nobody = nobody.mutate(
        customer_id=ibis.null("string"), stage=ibis.literal(UNIDENTIFIED), after=ibis.null("string")
    )
    return ibis.union(found, nobody.select(*found.columns))


def _counted(
    data: Data,
    end: dt.date,
    settings: Settings,
    filters: Filters | None,
    *,
    credits: bool = False,
) -> ir.Table:
    """Return the purchases before `end` that count as they stand on that day."""
    rows = purchases(data, settings=settings, filters=filters, credits=credits)
    last = ibis.date(end.isoformat())
    return rows.filter(rows.day < last, rows.refunded_on.isnull() | (rows.refunded_on >= last))


def _stage(days: ir.Table, settings: Settings) -> ir.StringValue:
    """Return the stage of each buyer at the start of a day of purchase."""
    gap, limits = days.day.delta(days.last, unit="day"), settings.customers
    return ibis.cases(
        (days.last.isnull(), FIRST_PURCHASE),
        ((gap <= limits.active_days) & (days.bought - days.orders == 1), "first_time"),
        (gap <= limits.active_days, "active"),
        (gap <= limits.defecting_days, "defecting"),
        else_="inactive",
    )


def average_order_by_stage(
    data: Data,
    *,
    start: str | dt.date,
    end: str | dt.date,
    settings: Settings = DEFAULTS,
    filters: Filters | None = None,
) -> Frame:
    """Average the amount of an order, by the stage in which it finds its buyer, with its interval.

    Parameters
    ----------
    data, start, end, settings, filters
        As for `revenue_by_stage`.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        A row a stage with a purchase, in their order (pandas): stage, buyers (null for purchases
        of nobody known), orders (of known amount), net_sales, average_order (null without an
        order of known amount), low and high (95 % interval; null under 30 buyers).

    Notes
    -----
    Orders of one buyer resemble each other, so the interval takes the buyers as the sample, not
    the orders: with A and N the amount and the orders of each of k buyers, the standard error is
    that of a ratio, ``sqrt(k / (k - 1) * sum((A - average * N)**2)) / sum(N)``. Each day of
    purchases by nobody known counts as one buyer. Where few buyers spend very unequally, such an
    interval is too short.

    Examples
    --------
    >>> import pandas as pd
    >>> from marketing_kpi.data.sources import open_data
    >>> orders = pd.DataFrame({
    ...     "order_id": ["1", "2", "3"], "customer_id": ["A", "A", "B"],
    ...     "amount": [30.0, 50.0, 20.0],
    ...     "ordered_at": pd.to_datetime(["2025-12-01", "2025-12-02", "2025-12-31"]),
    ... })
    >>> average_order_by_stage(open_data({"orders": orders}), start="2025-12-01",
    ...     end="2026-01-01")[["stage", "buyers", "orders", "average_order"]]
                stage  buyers  orders  average_order
    0  first_purchase       2       2           25.0
    1      first_time       1       1           50.0
    """
    first, last = bounds(start, end, None)
    found = _found(data, last, settings, filters)
    found = found.filter(found.day >= ibis.date(first.isoformat()), found.priced > 0)
    cluster = ibis.coalesce(found.customer_id, found.day.cast("string"))
    buyers = found.group_by("stage", cluster=cluster).aggregate(
        amount=found.amount.sum(),
        orders=found.priced.sum(),
        known=found.customer_id.notnull().any(),
    )
    a, n = buyers.amount.cast("float64"), buyers.orders.cast("float64")
    sums = buyers.group_by("stage").aggregate(
        clusters=buyers.count(),
        buyers=buyers.known.sum(),
        orders=buyers.orders.sum(),
        net_sales=buyers.amount.sum(),
        aa=(a * a).sum(),
        an=(a * n).sum(),
        nn=(n * n).sum(),
    )
    average = ratio(sums.net_sales, sums.orders)
    spread = sums.aa - 2 * average * sums.an + average * average * sums.nn
    k = sums.clusters.cast("float64")
    error = (ratio(k, k - 1) * ibis.greatest(spread, 0.0)).sqrt() / sums.orders.cast("float64")
    margin = (sums.clusters >= _FEWEST).ifelse(Z95 * error, ibis.null("float64"))
    query = sums.select(
        "stage",
        buyers=(sums.stage != UNIDENTIFIED).ifelse(sums.buyers.cast("int64"), ibis.null("int64")),
        orders=sums.orders.cast("int64"),
        net_sales=sums.net_sales.cast(MONEY),
        average_order=average,
        low=(average - margin).round(9),
        high=(average + margin).round(9),
    )
    return given(data, query, ["stage"], settings=settings)


def categories_at_moves(
    data: Data,
    *,
    start: str | dt.date,
    end: str | dt.date,
    by: str = "category",
    settings: Settings = DEFAULTS,
    filters: Filters | None = None,
) -> Frame:
    """Say what contacts buy on the day that a purchase moves them from one stage to the next.

    Parameters
    ----------
    data
        What `open_data` returns, with order lines and what `by` names.
    start, end
        First day, and the day after the last.
    by
        A column of products or order lines.
    settings, filters
        As for `contacts`.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        A row a move and category with a purchase, in their order (pandas): before
        (``"first_purchase"`` for who had not bought before) and after (``"first_time"``, or
        ``"active"`` from two purchases on), the category (null: unknown), orders (with the
        category), units, net_sales, net_sales_share (of the move), share_of_all (the category's
        share of all identified purchases of the period), index (net_sales_share / share_of_all;
        above 1, the category is bought more than usual at this move), low and high (its 95 %
        interval; null under 30 buyers of the category at the move). Shares are null where nothing
        was sold.

    Raises
    ------
    MissingDataError
        When the data have no lines with a quantity and a price.
    ColumnError
        When neither products nor order lines have the column `by`.

    Notes
    -----
    Purchases of customers who stay active move nobody: they are in share_of_all only. A difference
    says what goes with a move, not what causes it.

    The interval takes the buyers as the sample, since one buyer's purchases resemble each other.
    With a, b, c and d what a buyer spent on the category at the move, at the move, on the category
    and in all, and A, B, C and D their sums over k buyers, the index is ``(A / B) / (C / D)`` and
    the standard error of its logarithm, linearised,
    ``sqrt(k / (k - 1) * sum((a / A - b / B - c / C + d / D)**2))``. Of many pairs of move and
    category, one in forty has its interval above 1 by chance.

    Examples
    --------
    >>> import pandas as pd
    >>> from marketing_kpi.data.sources import open_data
    >>> orders = pd.DataFrame({
    ...     "order_id": ["1", "2"], "customer_id": ["A", "A"],
    ...     "ordered_at": pd.to_datetime(["2025-12-01", "2025-12-20"]),
    ... })
    >>> lines = pd.DataFrame({
    ...     "order_id": ["1", "2"], "line_id": ["1", "1"], "category": ["tea", "mugs"],
    ...     "quantity": [1, 2], "unit_price": [20.0, 8.0],
    ... })
    >>> data = open_data({"orders": orders, "order_lines": lines})
    >>> categories_at_moves(data, start="2025-12-01", end="2026-01-01")[
    ...     ["before", "after", "category", "orders", "net_sales"]]
               before       after category  orders  net_sales
    0  first_purchase  first_time      tea       1       20.0
    1      first_time      active     mugs       1       16.0
    """
    first, last = bounds(start, end, None)
    sold = _with_column(lines_kept(data, filters), data, by)
    orders = _counted(data, last, settings, filters)
    orders = orders.filter(orders.customer_id.notnull(), orders.day >= ibis.date(first.isoformat()))
    found = _found(data, last, settings, filters)
    moves = attach(
        orders, found, on=["customer_id", "day"], columns={"before": "stage", "after": "after"}
    )
    rows = sold.inner_join(moves.select("order_id", "customer_id", "before", "after"), "order_id")
    return given(data, _shares(rows, by), ["before", "after", by], settings=settings)


def _with_column(sold: ir.Table, data: Data, by: str) -> ir.Table:
    """Return the lines with the column `by`, theirs or that of their product."""
    if by in sold.columns:
        return sold
    if data.has("products", "product_id", by) and "product_id" in sold.columns:
        products = one_a_key(data.table("products"), ["product_id"], [by])
        return attach(sold, products, on=["product_id"], columns={by: by})
    known = [*data.table("order_lines").columns]
    known += data.table("products").columns if data.has("products") else ()
    message, hint = unknown("column", by, known, where="order_lines and products")
    raise ColumnError(message, hint=hint)


def _shares(rows: ir.Table, by: str) -> ir.Table:
    """Return the categories of each move, with their index and its interval."""
    move = ["before", "after"]
    cells = rows.group_by(*move, by).aggregate(
        orders=rows.order_id.nunique(),
        units=rows.quantity.sum(),
        net_sales=rows.net_sales.sum(),
        buyers=rows.customer_id.nunique(),
    )
    cells = cells.mutate(
        of_move=cells.net_sales.sum().over(group_by=move),
        of_category=cells.net_sales.sum().over(group_by=by),
        of_all=cells.net_sales.sum().over(),
    )
    known = cells.mutate(
        net_sales_share=ratio(cells.net_sales, cells.of_move),
        share_of_all=ratio(cells.of_category, cells.of_all),
    )
    found = known.mutate(index=ratio(known.net_sales_share, known.share_of_all))
    errors = _index_errors(rows, by)
    same = [found[name].identical_to(errors[name]) for name in (*move, by)]
    moved = found.left_join(errors, same).filter(found.before != found.after)
    margin = Z95 * _index_error(moved)
    can_tell = (moved.buyers >= _FEWEST) & (moved.index > 0)
    return moved.select(
        *move,
        by,
        orders=moved.orders.cast("int64"),
        units=moved.units.cast(MONEY),
        net_sales=moved.net_sales.cast(MONEY),
        net_sales_share=moved.net_sales_share,
        share_of_all=moved.share_of_all,
        index=moved.index,
        low=can_tell.ifelse(moved.index * (-margin).exp(), ibis.null("float64")).round(9),
        high=can_tell.ifelse(moved.index * margin.exp(), ibis.null("float64")).round(9),
    )


def _index_error(cells: ir.Table) -> ir.FloatingValue:
    """Return the standard error of the logarithm of the index, from sums over buyers."""
    sums = {"a": "net_sales", "b": "of_move", "c": "of_category", "d": "of_all"}
    total = {name: cells[sold].cast("float64").nullif(0) for name, sold in sums.items()}
    signs = {"a": 1, "b": -1, "c": -1, "d": 1}
    square: ir.FloatingValue = ibis.literal(0.0)
    for one, other in combinations_with_replacement("abcd", 2):
        times = signs[one] * signs[other] * (1 if one == other else 2)
        square += times * cells[one + other] / (total[one] * total[other])
    k = cells.k.cast("float64")
    return (ratio(k, k - 1) * ibis.greatest(square, 0.0)).sqrt()


def _index_errors(rows: ir.Table, by: str) -> ir.Table:
    """Return, for each move and category, the sums over buyers that the index's error needs.

    They are the products, two by two, of what a buyer spent on the category at the move (a), at
    the move (b), on the category (c) and in all (d); and k, the number of buyers.
    """
    move = ["before", "after"]
    spent = rows.group_by("customer_id", *move, by).aggregate(
        a=rows.net_sales.sum().cast("float64")
    )
    spent = spent.mutate(
        b=spent.a.sum().over(group_by=["customer_id", *move]),
        c=spent.a.sum().over(group_by=["customer_id", by]),
        d=spent.a.sum().over(group_by="customer_id"),
    )
    own = spent.group_by(*move, by).aggregate(
        **{f"a{name}": (spent.a * spent[name]).sum() for name in "abcd"}
    )
    # Adding a up over the categories of a move gives b, over the moves of a category c.
    own = own.mutate(
        bb=own.ab.sum().over(group_by=move),
        bd=own.ad.sum().over(group_by=move),
        cc=own.ac.sum().over(group_by=by),
        cd=own.ad.sum().over(group_by=by),
        dd=own.ad.sum().over(),
        k=rows.customer_id.nunique().as_scalar(),
    )
    at_move = spent.select("customer_id", *move, "b").distinct()
    of_category = spent.select("customer_id", by, "c").distinct()
    both = at_move.inner_join(of_category, "customer_id")
    pairs = both.group_by(*move, by).aggregate(bc=(both.b * both.c).sum())
    same = [own[name].identical_to(pairs[name]) for name in (*move, by)]
    return own.left_join(pairs, same).select(*own.columns, "bc")


class Unidentified(NamedTuple):
    """Purchases of a period that nobody known made.

    Attributes
    ----------
    orders
        How many.
    net_sales
        The sum of their known amounts, less credits entered as orders, in the data's currency;
        null when none is known.
    orders_share, net_sales_share
        Their fraction of all purchases and of their net sales; null when there is nothing to
        divide by.
    counted
        Whether settings and filters let them in the revenue and its shares.
    filtered
        Whether a filter on contacts leaves them out, since nobody knows who their buyers are.
    """

    orders: int
    net_sales: float | None
    orders_share: float | None
    net_sales_share: float | None
    counted: bool
    filtered: bool


def unidentified(
    data: Data,
    *,
    start: str | dt.date,
    end: str | dt.date,
    settings: Settings = DEFAULTS,
    filters: Filters | None = None,
) -> Unidentified:
    """Say what the purchases of nobody known weigh, which no stage can hold.

    Parameters
    ----------
    data, start, end, settings, filters
        As for `revenue_by_stage`. What is counted here, filters on contacts do not restrict: they
        could only hide it.

    Examples
    --------
    >>> import pandas as pd
    >>> from marketing_kpi.data.sources import open_data
    >>> orders = pd.DataFrame({
    ...     "order_id": ["1", "2"], "customer_id": ["A", None], "amount": [30.0, 10.0],
    ...     "ordered_at": pd.to_datetime(["2025-12-01", "2025-12-31"]),
    ... })
    >>> unidentified(open_data({"orders": orders}), start="2025-12-01", end="2026-01-01")
    Unidentified(orders=1, net_sales=10.0, orders_share=0.5, net_sales_share=0.25, counted=True, \
filtered=False)
    """
    first, last = bounds(start, end, None)
    rows = _counted(data, last, settings, without_contacts(filters, data), credits=True)
    rows = rows.filter(rows.day >= ibis.date(first.isoformat()))
    nobody, bought = rows.customer_id.isnull(), is_purchase(rows.amount)
    sums = rows.aggregate(
        orders=rows.order_id.nunique(where=nobody & bought),
        all_orders=rows.order_id.nunique(where=bought),
        net_sales=rows.amount.sum(where=nobody).cast("float64"),
        all_sales=rows.amount.sum().cast("float64"),
    )
    shares = sums.mutate(
        orders_share=ratio(sums.orders, sums.all_orders),
        net_sales_share=ratio(sums.net_sales, sums.all_sales),
    )
    kept = _counted(data, last, settings, filters)
    kept = kept.filter(kept.customer_id.isnull(), kept.day >= ibis.date(first.isoformat()))
    (row,) = data.connection.to_pyarrow(shares.mutate(kept=kept.count().as_scalar())).to_pylist()
    filtered = row["orders"] > 0 and row["kept"] == 0
    return Unidentified(
        row["orders"],
        row["net_sales"],
        row["orders_share"],
        row["net_sales_share"],
        settings.unidentified == "in" and not filtered,
        filtered,
    )
