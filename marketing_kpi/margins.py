"""Margins: what is left of sales once goods, discounts and actions are paid.

The formulas of KPIs on the fact `sales` (a row a line of a valid order; see
`marketing_kpi.kpis.facts`) and on those of the contribution margin, and the return on an
investment. A line whose price or cost is not known tells nothing about profit: it is left out of
both sides of every KPI that needs cost and sales; of a contribution margin, so is a line whose
order has a fee or parcels, or whose promotion has a cost, that is not known (`unknown_costs`).

``margins_by`` and ``contribution_by`` show margins by product, category or channel, ``levels`` the
way from sales to the result, ``break_even`` when fixed costs are paid, and ``promotions`` what
promotions changed, against what would have sold without them.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import ibis
import pandas as pd

from marketing_kpi.errors import ComputeError, MissingDataError, unknown
from marketing_kpi.kpis.compute import compute
from marketing_kpi.kpis.extent import longest_gap
from marketing_kpi.kpis.facts import FACTS, extra_columns, home, missing
from marketing_kpi.kpis.facts.margins import (
    ADDED,
    fees,
    owing,
    parcels,
    promotion_days,
    with_costs,
)
from marketing_kpi.kpis.formulas import ratio
from marketing_kpi.kpis.frames import executed
from marketing_kpi.kpis.periods import midnight
from marketing_kpi.promotions import effects, panel
from marketing_kpi.promotions.allocation import allocate, share_out, shared
from marketing_kpi.promotions.effects import PULL_DAYS, Study
from marketing_kpi.worth.common import Period, collected

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from marketing_kpi.data.model import Data
    from marketing_kpi.kpis.formulas import Fact

__all__ = [
    "KNOWN_ENOUGH",
    "RATES",
    "STEPS",
    "BreakEven",
    "allocate",
    "break_even",
    "break_even_days",
    "break_even_revenue",
    "cannibalisation_rate",
    "contribution_by",
    "contribution_margin",
    "contribution_margin_rate",
    "cost_of_goods_sold",
    "gross_margin_rate",
    "gross_profit",
    "gross_sales",
    "lacking",
    "levels",
    "longest_gap",
    "margins_by",
    "markup_rate",
    "needed_lift",
    "net_sales",
    "promotion_incremental_margin",
    "promotions",
    "roi",
    "share_out",
    "unknown_costs",
    "variable_costs",
]

RATES = ("net_sales", "cost_of_goods_sold", "gross_profit", "gross_margin_rate", "markup_rate")
"""KPIs of the dictionary that a table of margins holds."""

STEPS = ("net_sales", "goods", "gross_profit", *ADDED, "contribution_margin", "fixed_costs",
         "result")  # fmt: skip
"""The steps from net sales to the result of the shop."""

KNOWN_ENOUGH = 0.99
"""Share of net sales of known costs from which the whole is told without a word of doubt."""

_NEEDS: Mapping[str, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        "margin": ("sales", ("ordered_at", "net_sales", "cost")),
        "contribution": ("contribution", ("occurred_at", "costed_sales", "cost", *ADDED)),
        "break_even": ("break_even", ("occurred_at", "costed_sales", "cost", *ADDED, "fixed_cost")),
    }
)


def gross_sales(sales: Fact) -> Any:
    """Add up list price x quantity, before discounts, in the data's currency. Fact: `sales`."""
    return sales.gross_sales.sum()


def net_sales(sales: Fact) -> Any:
    """Add up price paid x quantity: after discounts, before returns. Fact: `sales`."""
    return sales.net_sales.sum()


def cost_of_goods_sold(sales: Fact) -> Any:
    """Add up unit cost x quantity over the lines whose cost is known. Fact: `sales`."""
    return sales.cost.sum()


def gross_profit(sales: Fact) -> Any:
    """Add up net sales less cost over the lines whose price and cost are known. Fact: `sales`."""
    return (sales.net_sales - sales.cost).sum()


def gross_margin_rate(sales: Fact) -> Any:
    """Divide gross profit by net sales (*taux de marque*, on the price).

    Over the lines whose price and cost are known; null where their net sales are zero. Fact:
    `sales`.
    """
    return ratio(gross_profit(sales), sales.net_sales.sum(where=sales.cost.notnull()))


def markup_rate(sales: Fact) -> Any:
    """Divide gross profit by cost of goods sold (*taux de marge*, on the cost).

    Over the lines whose price and cost are known; null where their cost is zero. Fact: `sales`.
    """
    return ratio(gross_profit(sales), sales.cost.sum(where=sales.net_sales.notnull()))


def variable_costs(rows: Fact) -> Any:
    """Add up the costs that follow sales: goods, fulfilment, payment fees, promotions.

    Those of the lines whose price and costs are all known; null without any. Fact: `contribution`.
    """
    added = (rows[name].sum().fill_null(0) for name in ADDED)
    return rows.cost.sum() + sum(added)


def contribution_margin(rows: Fact) -> Any:
    """Take variable costs off net sales, over the lines whose price and costs are all known.

    Fact: `contribution`.
    """
    return rows.costed_sales.sum() - variable_costs(rows)


def contribution_margin_rate(rows: Fact) -> Any:
    """Divide the contribution margin by net sales, over the lines whose costs are all known.

    Fact: `contribution`.
    """
    return ratio(contribution_margin(rows), rows.costed_sales.sum())


def break_even_revenue(rows: Fact) -> Any:
    """Divide fixed costs by the contribution margin rate: what must be sold to lose nothing.

    Over the months whose fixed costs are known; null where no sale, however large, would pay for
    them, since the margin is not above 0. To be compared with all net sales. Fact: `break_even`.
    """
    rate = contribution_margin_rate(rows)
    return ratio(rows.fixed_cost.sum(), (rate > 0).ifelse(rate, None))


def break_even_days(rows: Fact) -> Any:
    """Say after how many days of average sales the fixed costs of the period are paid.

    More days than the period has: they are not. Null as `break_even_revenue`. Fact: `break_even`.
    """
    a_day = ratio(rows.net_sales.sum(), rows.days.sum())
    return ratio(break_even_revenue(rows), a_day)


def roi(gain: float, cost: float) -> float | None:
    """Return what an action earned for each unit of money it cost, beyond that cost.

    Parameters
    ----------
    gain
        What the action brought in, in money: the margin it earned, unless revenue is said.
    cost
        What the action cost, in the same money; not negative.

    Returns
    -------
    float or None
        (gain - cost) / cost, a fraction: 0.5 is 50 %, -1 all lost. None when the cost is 0.

    Raises
    ------
    ComputeError
        When `cost` is negative.

    Examples
    --------
    Twelve buyers at a discount may earn less than eight at full price:

    >>> roi(gain=12 * 15, cost=100), roi(gain=8 * 30, cost=100)
    (0.8, 1.4)
    """
    if cost < 0:
        raise ComputeError(f"cost == {cost}, must be 0 or more", hint="give costs as positive")
    return None if cost == 0 else (gain - cost) / cost


def promotion_incremental_margin(
    *,
    observed: float,
    baseline: float,
    halo: float = 0.0,
    displaced: float = 0.0,
    cost: float = 0.0,
    supplier_funding: float = 0.0,
) -> float:
    """Return what a promotion changed in the margin, in money.

    Parameters
    ----------
    observed
        Margin of the promoted products while it ran, after the discount.
    baseline
        Their margin had there been no promotion, at the usual price: an estimate.
    halo
        Margin of other products that it brought.
    displaced
        Margin lost by substitutes, and by the promoted products in the weeks after.
    cost
        What it cost beside the discount: displays, leaflets; not negative.
    supplier_funding
        What suppliers paid of it; not negative.

    Raises
    ------
    ComputeError
        When the cost or the funding is negative.

    Examples
    --------
    >>> promotion_incremental_margin(observed=900, baseline=600, displaced=120, cost=200)
    -20.0
    """
    for name, value in (("cost", cost), ("supplier_funding", supplier_funding)):
        if value < 0:
            raise ComputeError(f"{name} == {value}, must be 0 or more", hint="give it as positive")
    return float(observed - baseline + halo - displaced - cost + supplier_funding)


def cannibalisation_rate(*, lost_units: float, extra_units: float) -> float | None:
    """Return the share of the extra units that come from substitutes.

    Parameters
    ----------
    lost_units
        Units that substitutes would have sold beside those they did.
    extra_units
        Units that the promoted products sold beyond their baseline.

    Returns
    -------
    float or None
        A fraction, above 1 when more was lost than gained; None when nothing was gained.

    Examples
    --------
    >>> cannibalisation_rate(lost_units=60, extra_units=240)
    0.25
    """
    return lost_units / extra_units if extra_units > 0 else None


def needed_lift(*, discount: float, margin_rate: float) -> float | None:
    """Return how many more units must sell at a discount to earn as much as without it.

    Parameters
    ----------
    discount
        Share of the usual price taken off, in 0-1.
    margin_rate
        Gross margin rate at the usual price.

    Returns
    -------
    float or None
        A fraction of the units sold without it: 1.5 is two and a half times as many. None when
        the discount takes the whole margin: no volume makes up for it.

    Examples
    --------
    >>> needed_lift(discount=0.3, margin_rate=0.5), needed_lift(discount=0.3, margin_rate=0.3)
    (1.5, None)
    """
    for name, value in (("discount", discount), ("margin_rate", margin_rate)):
        if not (0 <= value <= 1):
            raise ComputeError(f"{name} == {value}, must be in 0-1", hint="30 % is written 0.30")
    left = margin_rate - discount
    # Of two rates that are equal in decimals, a float may leave a rest.
    return round(discount / left, 12) if left > 1e-12 else None


# --- Analyses -------------------------------------------------------------------------------


def lacking(data: Data, what: str, *, by: Sequence[str] = ()) -> list[str]:
    """Return what the data lack for an analysis, as ``table.column``; empty when it can answer.

    Parameters
    ----------
    data
        What `open_data` returns.
    what
        ``margin``, ``contribution``, ``break_even`` or ``promotions``.
    by
        Dimensions of sales, for a margin or a contribution by them.

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> orders = pd.DataFrame({"order_id": ["1"], "ordered_at": pd.to_datetime(["2025-01-05"])})
    >>> "order_lines.quantity" in lacking(open_data({"orders": orders}), "margin")
    True
    """
    if what == "promotions":
        return panel.lacking(data)
    if what not in _NEEDS:
        message, hint = unknown("analysis", what, [*_NEEDS, "promotions"])
        raise ComputeError(message, hint=hint)
    fact, columns = _NEEDS[what]
    dimensions = missing(FACTS["sales"], _known(data, by), data)
    return list(dict.fromkeys([*missing(FACTS[fact], columns, data), *dimensions]))


def _known(data: Data, by: Sequence[str]) -> list[str]:
    """Return the dimensions asked for, each once; one that sales do not have is refused."""
    fact = FACTS["sales"]
    for name in by:
        if name not in fact.dimensions and home(fact, name, data) is None:
            known = [*fact.dimensions, *extra_columns(fact, data)]
            message, hint = unknown("dimension", name, known, where="fact 'sales'")
            raise ComputeError(message, hint=hint)
    return list(dict.fromkeys(by))


def margins_by(
    data: Data, *, start: str | dt.date, end: str | dt.date, by: Sequence[str] = ()
) -> pd.DataFrame:
    """Show the margin of products, categories or channels, on price and on cost.

    Parameters
    ----------
    data
        What `open_data` returns, with the cost of lines or products.
    start, end
        First day, and the day after the last.
    by
        Dimensions of sales, or other columns of its tables; none gives one row.

    Returns
    -------
    pandas.DataFrame
        A row a cell, the highest gross profit first: the dimensions (null: unknown), the KPIs of
        `RATES`, and profit_share, its part of the gross profit of all rows; null where that is not
        above 0.

    Raises
    ------
    MissingDataError
        When the data lack what a margin is made of.

    Notes
    -----
    The KPIs are those of `compute`: rates are of sums, not averages of the products' rates.

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> orders = pd.DataFrame({"order_id": ["1"], "ordered_at": pd.to_datetime(["2025-01-05"])})
    >>> lines = pd.DataFrame({"order_id": ["1"], "line_id": ["1"], "quantity": [2],
    ...     "unit_price": [100.0], "unit_cost": [60.0]})
    >>> found = margins_by(open_data({"orders": orders, "order_lines": lines}),
    ...     start="2025-01-01", end="2026-01-01")
    >>> found[["gross_margin_rate", "markup_rate"]].round(3).values.tolist()
    [[0.4, 0.667]]
    """
    period, keys = Period.of(start, end), _known(data, by)
    _require(data, "margin", keys)
    found = executed(compute(RATES, data, by=keys, start=period.start, end=period.end))
    found = found.astype(dict.fromkeys(RATES, "float64"))
    profit = found["gross_profit"].sum()
    found["profit_share"] = found["gross_profit"] / (profit if profit > 0 else math.nan)
    order = ["gross_profit", *keys]
    ranked = found.sort_values(order, ascending=[False, *(True for _ in keys)])
    return ranked.reset_index(drop=True)


def _require(data: Data, what: str, by: Sequence[str] = ()) -> None:
    if absent := lacking(data, what, by=by):
        raise MissingDataError(
            f"not in these data: {', '.join(absent)}",
            hint=f"these data have: {', '.join(data.tables)}",
        )


def levels(data: Data, *, start: str | dt.date, end: str | dt.date) -> pd.DataFrame:
    """Show the way from net sales to the result of the shop, cost by cost.

    Parameters
    ----------
    data
        What `open_data` returns, with the cost of lines or products.
    start, end
        First day, and the day after the last; whole months, or else fixed costs are not told.

    Returns
    -------
    pandas.DataFrame
        A row a step of `STEPS`: step, amount (costs are negative), rate (of net sales). Net sales
        and costs are those of lines whose price and costs are all known: those of their goods, the
        fee of their order, its parcels, their promotion; `unknown_costs` counts the others. A cost
        of which the data have no column is null, and so is every margin from there on; so are the
        result and the rate of fixed costs where the costs of more than 1 % of net sales are not
        known, since fixed costs are those of all sales.

    Raises
    ------
    MissingDataError
        When the data lack what a margin is made of.

    Notes
    -----
    The contribution margin is the KPI `contribution_margin` of the same period; the gross profit is
    the KPI `gross_profit` where the fees, parcels and promotions of all lines are known.
    """
    period = Period.of(start, end)
    _require(data, "margin")
    sums = _sums(data, "contribution", period)
    fixed = _fixed_costs(data, period)
    amounts: dict[str, float] = {"net_sales": sums["costed_sales"], "goods": 0 - sums["cost"]}
    amounts["gross_profit"] = amounts["net_sales"] + amounts["goods"]
    amounts |= {name: 0 - sums.get(name, math.nan) for name in ADDED}
    amounts["contribution_margin"] = amounts["gross_profit"] + sum(amounts[n] for n in ADDED)
    amounts["fixed_costs"] = -fixed
    is_whole = sums["costed_sales"] >= KNOWN_ENOUGH * sums["net_sales"]
    amounts["result"] = amounts["contribution_margin"] - fixed if is_whole else math.nan
    table = pd.DataFrame({"step": STEPS, "amount": [amounts[step] for step in STEPS]})
    sold = amounts["net_sales"]
    is_of_all = is_whole | (table["step"] != "fixed_costs")
    return table.assign(rate=table["amount"].where(is_of_all) / (sold if sold else math.nan))


def unknown_costs(data: Data, *, start: str | dt.date, end: str | dt.date) -> pd.DataFrame:
    """Count the parcels, fees and promotions of a period whose cost is not known.

    A cost of 0 is known; an empty one is not, and neither is the margin of the sales that it is of.

    Parameters
    ----------
    data
        What `open_data` returns, with the cost of lines or products.
    start, end
        First day, and the day after the last.

    Returns
    -------
    pandas.DataFrame
        what, unknown, all. First ``net_sales``: the net sales that no contribution margin counts,
        since one of their costs is not known, and all net sales, in the data's currency. Then, of
        the costs of which the data have a column: ``fulfilment_cost`` (parcels of the orders of the
        period, whose transport or packaging cost is empty), ``payment_cost`` (valid orders whose
        fee is empty, credits among them) and ``promotion_cost`` (promotions that ran in the period
        and whose cost is empty), as counts.

    Raises
    ------
    MissingDataError
        When the data lack what a margin is made of.

    Examples
    --------
    Of two orders, one has no fee, which is 0, and the fee of the other is not known:

    >>> from marketing_kpi.data.sources import open_data
    >>> orders = pd.DataFrame({"order_id": ["1", "2"], "payment_fee": [0.0, None],
    ...     "ordered_at": pd.to_datetime(["2025-01-05", "2025-01-06"])})
    >>> lines = pd.DataFrame({"order_id": ["1", "2"], "line_id": ["1", "1"], "quantity": [2, 1],
    ...     "unit_price": [100.0, 50.0], "unit_cost": [60.0, 30.0]})
    >>> data = open_data({"orders": orders, "order_lines": lines})
    >>> unknown_costs(data, start="2025-01-01", end="2026-01-01")
               what  unknown    all
    0     net_sales     50.0  250.0
    1  payment_cost      1.0    2.0
    """
    period = Period.of(start, end)
    _require(data, "margin")
    sums = _sums(data, "contribution", period)
    rows = [("net_sales", sums["net_sales"] - sums["costed_sales"], sums["net_sales"])]
    for cost, units in owing(data, start=period.start, end=period.end).items():
        found = units.aggregate(
            unknown=units.is_unknown.cast("int32").sum().fill_null(0), all=units.count()
        ).to_pandas()
        rows.append((cost, float(found["unknown"][0]), float(found["all"][0])))
    return pd.DataFrame(rows, columns=["what", "unknown", "all"])


def _sums(data: Data, fact: str, period: Period) -> dict[str, float]:
    """Return the sums of a fact's measures that the data tell; 0 where nothing happened."""
    columns = [name for name in FACTS[fact].columns if name != "occurred_at"]
    told = [name for name in columns if not missing(FACTS[fact], [name], data)]
    rows = FACTS[fact].build(data, {"occurred_at", *told})
    rows = _within(rows, period)
    found = collected(rows.aggregate(**{n: rows[n].sum().fill_null(0) for n in told}), ())
    return {name: float(found[name].iloc[0]) for name in told}


def _within(rows: ir.Table, period: Period, at: str = "occurred_at") -> ir.Table:
    return rows.filter(rows[at] >= midnight(period.start), rows[at] < midnight(period.end))


def _fixed_costs(data: Data, period: Period) -> float:
    """Return the fixed costs of whole months that are all told; NaN for others."""
    whole = period.start.day == 1 and period.end.day == 1
    if not whole or not data.has("fixed_costs", "month", "amount"):
        return math.nan
    rows = data.table("fixed_costs")
    rows = rows.filter(rows.amount.notnull()).mutate(at=rows.month.cast("timestamp"))
    found = _within(rows, period, "at")
    told = found.aggregate(
        total=found.amount.sum().cast("float64"), months=found["at"].truncate("M").nunique()
    ).to_pandas()
    return float(told.total[0]) if told.months[0] == _months_in(period) else math.nan


def _months_in(period: Period) -> int:
    return (period.end.year - period.start.year) * 12 + period.end.month - period.start.month


# --- Contribution, line by line -------------------------------------------------------------


def contribution_by(
    data: Data, *, start: str | dt.date, end: str | dt.date, by: Sequence[str] = ()
) -> pd.DataFrame:
    """Share all variable costs out to the lines sold, and add their margins up.

    Parameters
    ----------
    data
        What `open_data` returns, with what `contribution_margin` is made of.
    start, end
        First day, and the day after the last.
    by
        Dimensions of sales; none gives the lines together, and what no line takes.

    Returns
    -------
    pandas.DataFrame
        A row a cell, the highest contribution first: the dimensions, allocated (False for the row,
        if any, of promotions on which no line of a known margin was sold), net_sales, cost,
        fulfilment_cost, payment_cost, promotion_cost, contribution_margin and its rate. The rows
        add up exactly to the KPIs of the period.

    Raises
    ------
    MissingDataError
        When the data lack a part of the variable costs.

    Notes
    -----
    The rules: an order's fee and its parcels go to its lines in proportion to their net sales; what
    the shop paid of a promotion in the period goes to the lines sold on it, likewise; what falls on
    lines of an unknown price or cost (an empty fee or parcel of their order, or promotion, is one)
    is left out with them, as they have no margin; each part is a
    multiple of 0.0001, the largest remainders first (`share_out`), so that nothing is lost or
    made. Lines of equal remainder are served by net sales, then product, then line. Discounts need
    no rule here: each line has its own price.
    """
    period, keys = Period.of(start, end), _known(data, by)
    _require(data, "contribution", keys)
    lines = _lines(data, period, keys)
    due = {
        "fulfilment_cost": ("order_id", parcels(data)),
        "payment_cost": ("order_id", fees(data)),
        "promotion_cost": ("promotion_id", promotion_days(data)),
    }
    parts = [
        _shared(lines, _due(rows, over, cost, period), over, cost, keys)
        for cost, (over, rows) in due.items()
    ]
    own = (
        lines.mutate(allocated=True)
        .group_by([*keys, "allocated"])
        .aggregate(
            net_sales=lines.net_sales.sum(where=lines.is_costed).fill_null(0),
            cost=lines.cost.sum(where=lines.is_costed).fill_null(0),
        )
    )
    frames = [collected(own, keys), *(collected(part, keys) for part in parts)]
    return _ranked(pd.concat(frames, ignore_index=True), keys)


def _lines(data: Data, period: Period, keys: Sequence[str]) -> ir.Table:
    told = [n for n in ("line_id", "product_id", "promotion_id")
            if not missing(FACTS["sales"], [n], data)]  # fmt: skip
    read = {"order_id", "ordered_at", *told, *keys}
    rows = _within(with_costs(data, read), period, "ordered_at")
    absent = {name: ibis.null("string") for name in ("line_id", "product_id", "promotion_id")
              if name not in told}  # fmt: skip
    return rows.mutate(**absent)


def _due(rows: ir.Table, over: str, cost: str, period: Period) -> ir.Table:
    rows = _within(rows, period)
    due = rows.group_by(over).aggregate(amount=rows[cost].sum())
    return due.filter(due.amount != 0)


def _shared(lines: ir.Table, due: ir.Table, over: str, cost: str, keys: Sequence[str]) -> ir.Table:
    """Return a cost by dimensions: what lines of known costs took, and what none did."""
    takers = lines.filter(lines.is_costed)
    parts = shared(
        takers, due, over=over, weight="net_sales", amount="amount",
        ties=("product_id", "order_id", "line_id"),
    )  # fmt: skip
    parts = parts.mutate(allocated=True)
    taken = parts.group_by([*keys, "allocated"]).aggregate(**{cost: parts.amount.sum()})
    left = due.anti_join(takers.filter(takers[over].notnull()), over)
    unknown_ = {key: ibis.null(lines[key].type()) for key in keys}
    rest = left.aggregate(**{cost: left.amount.sum()}).mutate(**unknown_, allocated=False)
    columns = [*keys, "allocated", cost]
    both = ibis.union(taken.select(columns), rest.select(columns))
    return both.filter(both[cost].notnull())


def _ranked(parts: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    amounts = ["net_sales", "cost", *ADDED]
    parts = parts.reindex(columns=[*keys, "allocated", *amounts])
    found = parts.groupby([*keys, "allocated"], dropna=False, as_index=False)[amounts].sum()
    margin = found["net_sales"] - found["cost"] - found[list(ADDED)].sum(axis="columns")
    found["contribution_margin"] = margin.round(4)
    rate = found["contribution_margin"] / found["net_sales"].where(found["net_sales"] != 0)
    found["contribution_margin_rate"] = rate
    order = ["allocated", "contribution_margin", *keys]
    return found.sort_values(order, ascending=[False, False, *(True for _ in keys)]).reset_index(
        drop=True
    )


# --- Break-even -----------------------------------------------------------------------------


class BreakEven(NamedTuple):
    """When fixed costs are paid.

    Attributes
    ----------
    fixed_costs, net_sales, rate
        Of the months whose fixed costs are known: these costs, all net sales, and the contribution
        margin rate of those whose costs are all known.
    revenue, days
        The KPIs `break_even_revenue` and `break_even_days`; null where the margin is not above 0.
    period_days
        Days in those months.
    safety
        Margin of safety: the share by which sales could fall before a loss; below 0, the share of
        today's sales that is missing.
    reached_on
        The day on which the contribution of the period had paid all its fixed costs for good; None
        when it had not.
    by_day
        A row a day of those months: day, net_sales, contribution, both added up from the first.
        The contribution is that of all sales, those of an unknown cost at the rate of the others.
    costed_share
        Share of net sales whose costs are all known.
    months, asked_months
        First days of the months whose fixed costs are known; how many months were asked for.
    """

    fixed_costs: float
    net_sales: float
    rate: float | None
    revenue: float | None
    days: float | None
    period_days: int
    safety: float | None
    reached_on: dt.date | None
    by_day: pd.DataFrame
    costed_share: float
    months: tuple[dt.date, ...]
    asked_months: int


def break_even(data: Data, *, start: str | dt.date, end: str | dt.date) -> BreakEven:
    """Say what must be sold to pay the fixed costs of a period, and by when it was.

    Parameters
    ----------
    data
        What `open_data` returns, with variable and fixed costs.
    start, end
        First day, and the day after the last: whole months.

    Raises
    ------
    ComputeError
        When a bound cuts a month, whose fixed costs are only known whole.
    MissingDataError
        When the data lack a part of the costs.
    """
    period = Period.of(start, end)
    if period.start.day != 1 or period.end.day != 1:
        raise ComputeError(
            f"{period.start} to {period.end} cuts a month, and fixed costs are only known by month",
            hint="start and end on the first day of a month",
        )
    _require(data, "break_even")
    rows = _days_of(data, period)
    sums = rows.drop(columns="day").sum()
    net, costed = sums["net_sales"], sums["costed_sales"]
    fixed, days = sums["fixed_cost"], int(sums["days"])
    left = costed - sums["cost"] - sum(sums[name] for name in ADDED)
    rate = left / costed if costed else None
    revenue = fixed / rate if rate is not None and rate > 0 and net else None
    by_day = _added_up(rows, of_all=net / costed if costed else 1.0)
    months = rows.loc[rows["days"] > 0, "day"]
    return BreakEven(
        fixed_costs=float(fixed),
        net_sales=float(net),
        rate=rate,
        revenue=revenue,
        days=None if revenue is None else revenue / net * days,
        period_days=days,
        safety=None if revenue is None else 1 - revenue / net,
        reached_on=_reached(by_day, fixed),
        by_day=by_day,
        costed_share=costed / net if net else 1.0,
        months=tuple(month.date() for month in months),
        asked_months=_months_in(period),
    )


def _days_of(data: Data, period: Period) -> pd.DataFrame:
    """Return a row a day of the months whose fixed costs are told, with the day's amounts."""
    columns = ["net_sales", "costed_sales", "cost", *ADDED, "fixed_cost", "days"]
    rows = _within(FACTS["break_even"].build(data, {"occurred_at", *columns}), period)
    sums = {name: rows[name].sum().fill_null(0) for name in columns}
    found = collected(rows.group_by(day=rows.occurred_at.date()).aggregate(**sums), ["day"])
    return found.assign(day=pd.to_datetime(found["day"]))


def _added_up(rows: pd.DataFrame, *, of_all: float) -> pd.DataFrame:
    contribution = rows["costed_sales"] - rows[["cost", *ADDED]].sum(axis="columns")
    return pd.DataFrame({
        "day": rows["day"],
        "net_sales": rows["net_sales"].cumsum(),
        "contribution": contribution.cumsum() * of_all,
    })  # fmt: skip


def _reached(by_day: pd.DataFrame, fixed: float) -> dt.date | None:
    short = by_day["contribution"] < fixed
    if by_day.empty or short.iloc[-1]:
        return None
    first = short[short].index.max() + 1 if short.any() else 0
    day: dt.date = by_day["day"].iloc[first].date()
    return day


# --- Promotions -----------------------------------------------------------------------------


def promotions(
    data: Data, *, start: str | dt.date, end: str | dt.date, pull_days: int = PULL_DAYS
) -> Study:
    """Estimate what the promotions begun in a period changed, in units and in margin.

    Parameters
    ----------
    data
        What `open_data` returns, with lines that name product and promotion, and the promotions'
        dates.
    start, end
        First day, and the day after the last; everything before `end` serves to learn what sells
        without a promotion.
    pull_days
        Days after a promotion in which what was bought ahead is missing.

    Returns
    -------
    Study
        `promotions`, a row a promotion: promotion_id, name, starts_on, ends_on, days; reason, why
        the data cannot tell (`promotions.effects.REASONS`), or null; units sold by its products
        while it ran; baseline, what they would have sold; extra, the difference; lift, extra over
        baseline; lost, what substitutes (other products of their categories) lost; cannibalisation,
        lost over extra; pulled, what is missing after it; each with its 95 % interval (``_low``,
        ``_high``); halo_low, halo_high, the range of what other categories sold more. In money:
        margin_observed, margin_baseline, margin_displaced, cost, supplier_funding (of one that
        still runs, the part of the days seen), needed_lift (extra over baseline that would have
        earned as much margin on these products), margin (the KPI `promotion_incremental_margin`,
        its halo left out, what was bought ahead where `pulled` is null, and its cost where that is
        not known, null) with its interval, verdict (higher, lower or cannot_tell; where `pulled` or
        `cost` is null, never higher), and
        needed_halo: how many units of other products would have to come with it for a margin of 0.
        `together`, `total`, `tracks`, `uncounted` and `lines`: see `Study`.

    Raises
    ------
    ComputeError
        When `pull_days` is below 1.
    MissingDataError
        When the data lack what is needed (`lacking`).

    Notes
    -----
    Sales of the promoted products on *reference days* (neither this promotion, nor the weeks after
    it, nor another one on the same products or the whole shop) are followed as a share of what the
    untouched categories sell, so that week days, holidays and the shop's trend drop out; stock-outs
    lower what is expected. Season and drift of that share are a Gaussian process whose strengths
    are estimated by restricted likelihood; in the gap of the promotion the less is known the
    longer it is. Counts vary `squared` times as much as Poisson's, since a line may hold several
    units.

    Nothing tells which orders a promotion brought, and so the halo has a range. Its low end
    supposes that it brought none: all orders of its days are held to the units that orders usually
    have of other categories. Its high end supposes that each extra unit came in an order of its
    own, which nothing but the promotion filled. Both have their chance added; orders that it
    brought and that hold none of its products are in neither.

    It assumes that the rest of the shop would have gone on as it did, that substitutes are in the
    same category, and that what is bought ahead is missing for `pull_days`. A halo raises the
    shelves compared with, and so the baseline: extra units are then a little low. A promotion of
    most of the shop has nothing to be compared with. ``benchmarks/promotions_coverage.md`` shows
    how often the intervals hold the truth.

    References
    ----------
    van Heerde, H. J., Leeflang, P. S. H. and Wittink, D. R. (2004). Decomposing the sales promotion
    bump with store data. Marketing Science 23(3), 317-334.
    """
    period = Period.of(start, end)
    if pull_days < 1:
        raise ComputeError(f"pull_days == {pull_days}, must be at least 1")
    read = panel.panel(data, end=period.end)
    return effects.study(read, start=period.start, pull_days=pull_days)
