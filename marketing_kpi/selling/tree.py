"""The tree of revenue on the data: of all sales, of the site's visits, of channels and products."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import pandas as pd

from marketing_kpi.data.model import Data
from marketing_kpi.errors import ComputeError, MissingDataError, unknown
from marketing_kpi.growth.chance import Pieces
from marketing_kpi.growth.chance import growth as growth_of_all
from marketing_kpi.kpis.extent import begins_by, is_compared, lasts_to, sides_of
from marketing_kpi.kpis.facts import FACTS, MONEY, Fact, extra_columns, home, missing
from marketing_kpi.kpis.facts.base import attach
from marketing_kpi.kpis.periods import Periods, midnight
from marketing_kpi.selling.chains import HOLES, Factor, chained, growth, in_cents, slope_of_sales
from marketing_kpi.selling.owners import Sums, owner_of, summed, with_months

SHOP: Mapping[str, str] = MappingProxyType(
    {
        "orders": "orders",
        "units_per_transaction": "units",
        "average_selling_price": "net_sales",
    }
)
"""The factors of all sales, each with the total that ends its step of the chain."""

SITE: Mapping[str, str] = MappingProxyType(
    {
        "visitors": "visitors",
        "sessions_per_visitor": "sessions",
        "conversion_rate": "orders",
        "units_per_transaction": "units",
        "average_selling_price": "net_sales",
    }
)
"""The factors of what the visits of identified visitors bring."""

_BASKET: Mapping[str, str] = MappingProxyType({"average_order_value": "net_sales"})
"""Units and price in one factor, where the data do not tell quantities."""

_HOLES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"units": (HOLES[0], "priced_units"), "orders": (HOLES[1], "valued_orders")}
)
"""By the total before net sales: the share of it whose value is known, and the total it ends."""

_LEFT_BY_CREDITS = "left_by_credits"
"""What credits entered as orders leave of the purchases of a row: a factor of its own."""

_EFFECTS: Mapping[str, str] = MappingProxyType(
    {
        "orders": "orders_effect",
        "units_per_transaction": "units_effect",
        "known_price_share": "known_price_effect",
        "average_selling_price": "price_effect",
        "known_amount_share": "known_amount_effect",
        "average_order_value": "basket_effect",
        _LEFT_BY_CREDITS: "credits_effect",
    }
)
"""What the effect of each factor is called in a row of `branches`."""

_STATUSES: Mapping[tuple[bool, bool], str] = MappingProxyType(
    {
        (True, True): "both",
        (False, True): "new",
        (True, False): "gone",
        (False, False): "credits",
    }
)
"""Of a cell, by whether something was bought before, and now."""

_ENDS = ("change_low", "change_high", "low", "high")

_TOTALS = ("orders", "valued_orders", "units", "priced_units", "purchases", "net_sales")

NO_COMPARISON = "no_comparison"
NOT_RECORDED = "not_recorded"
NOTHING_SOLD = "nothing_sold"


class Tree(NamedTuple):
    """Net sales as a product of factors, in two periods, and what each factor did.

    Attributes
    ----------
    factors
        A row a factor, in the order of the chain: factor, before, after, change with its interval
        (change_low, change_high), effect with its own (low, high), verdict; see `chains.Factor`.
    before, after
        Net sales of each period; before is null where it is not known.
    change_low, change_high
        95 % interval of the growth, after / before - 1; of all sales it is that of
        `growth.chance.growth`, and where that has none, no factor has one.
    obstacle
        Why there are no effects: ``"no_comparison"`` (no period to compare with was asked for),
        ``"not_recorded"`` (the data do not cover that period), ``"nothing_sold"`` (a factor is
        0 in one of them); None where there are.
    months_error, pieces
        What months, or weeks, moved as a whole add to the growth: a standard error, over 1 +
        growth, and how many of them tell it. Null and 0 in periods too short for it.
    credits
        Of data without quantities, the credits entered as orders in each period, which lower the
        average order: 0 or less. 0 too where quantities tell a price of which they are a part; see
        `price_parts`.
    """

    factors: pd.DataFrame
    before: float | None
    after: float
    change_low: float | None
    change_high: float | None
    obstacle: str | None
    months_error: float | None = None
    pieces: int = 0
    credits: tuple[float, float] = (0.0, 0.0)


def shop_tree(data: Data, *, periods: Periods) -> Tree:
    """Write net sales as orders x units per order x price per unit, and say which factor moved.

    Parameters
    ----------
    data
        What `open_data` returns.
    periods
        What `periods` returns; without a period to compare with, levels only.

    Returns
    -------
    Tree
        Of all valid orders. Where the data tell no quantities, orders x average order value.

    Raises
    ------
    MissingDataError
        When the data tell neither amounts nor prices.

    Notes
    -----
    Effects are those of the logarithmic mean (see `chains`), to the cent. Chance is of two kinds,
    as in `growth.chance.growth`: who buys, and what, with the customer as the unit, all their
    orders in both periods together (an order without a customer stands for itself); and what moves
    months as a whole, or the weeks of a period of fewer than 6 months. Of 40 shops without growth
    whose months move by 20 %, orders were said to have moved in none over a year, and in 5 over 3
    months: weeks do not show all that they share. Measured at 200 and 2,000
    customers a year: from 0.92 to 1.00 for the changes of orders, units, price and net sales
    (`benchmarks/sales_coverage.md`). Levels are those of the dictionary's KPIs.

    Where units have no known price, they are units per order all the same, and net sales are
    without them: one more factor, ``known_price_share``, is the share of units whose price is
    known, and the price per unit is that of these units. It is a fault of the data: it has an
    effect, for the product stays exact, and no verdict. Without quantities it is
    ``known_amount_share``, of the orders whose amount is known.

    Examples
    --------
    >>> import marketing_kpi as mk
    >>> tables = {
    ...     "orders": pd.DataFrame({"order_id": [*"12345"], "ordered_at": pd.to_datetime(
    ...         ["2024-01-02", "2024-07-01", "2024-12-30", "2025-01-02", "2025-12-30"])}),
    ...     "order_lines": pd.DataFrame({"order_id": [*"12345"], "line_id": "1",
    ...         "quantity": [1, 1, 1, 1, 3], "unit_price": 10.0}),
    ... }
    >>> found = shop_tree(mk.open_data(tables), periods=mk.periods(as_of="2026-01-01"))
    >>> found.factors[["factor", "before", "after", "effect"]]
                      factor  before  after  effect
    0                 orders     3.0    2.0  -14.09
    1  units_per_transaction     1.0    2.0   24.09
    2  average_selling_price    10.0   10.0    0.00
    """
    chain, rows = _shop_chain(data), _sales(data, periods, ())
    found = _tree(rows, chain, periods, covered=is_compared(data, periods))
    if found.obstacle:
        return found
    whole = growth_of_all(data, periods=periods)
    factors = found.factors
    if whole.low is None:
        factors = factors.assign(**dict.fromkeys(_ENDS, math.nan), verdict="cannot_tell")
    found = found._replace(factors=factors, change_low=whole.low, change_high=whole.high)
    return found if _has_units(data) else found._replace(credits=_credits(rows))


def site_tree(data: Data, *, periods: Periods) -> Tree:
    """Write what visits bring as visitors x sessions x conversion x units x price.

    Parameters
    ----------
    data
        What `open_data` returns, with sessions.
    periods
        As in `shop_tree`.

    Returns
    -------
    Tree
        Of the sessions of identified visitors, and the valid orders placed in them: its net sales
        are `revenue_per_visitor` times `visitors`. Where the sessions of one of the periods are not
        all recorded, nothing is compared.

    Raises
    ------
    MissingDataError
        When the data lack sessions, visitors or the orders of sessions.
    """
    if lacks := lacking_visits(data, ["ordered", "net_sales", "visitor_id"]):
        raise MissingDataError(f"the tree of visits needs {', '.join(lacks)}, which these lack")
    chain = SITE if _has_units(data) else _without_units(SITE)
    covered = are_recorded(data, periods.previous_start, periods.previous_end)
    covered = covered and are_recorded(data, periods.start, periods.end)
    return _tree(_visits(data, periods), chain, periods, covered=covered)


def branches(data: Data, *, by: str | Sequence[str], periods: Periods) -> pd.DataFrame:
    """Part net sales by channel, product or any dimension, and say what moved in each cell.

    Parameters
    ----------
    data
        What `open_data` returns.
    by
        Dimensions of the fact `sales`: ``"channel"``, ``"product_id"``, ``["channel", "region"]``.
    periods
        What `periods` returns, with a period to compare with.

    Returns
    -------
    pandas.DataFrame
        A row a cell, the largest changes first, of either sign: the dimensions (null: unknown);
        before, after (net sales) and change (after - before), which add up to those of the shop;
        growth with its 95 % interval (low, high); status ("both", "new", "gone": sold in one
        period only; "credits": sold in neither, credits alone); orders_effect, units_effect,
        price_effect, which add up to the change of the row, to the cent, and are null where it was
        not sold in both (without quantities, orders_effect and basket_effect; where prices are
        missing, known_price_effect or known_amount_effect too, see `shop_tree`; where credits are
        entered as orders, credits_effect, and the price is that of purchases). Empty when nothing
        was sold in either period.

    Raises
    ------
    ComputeError
        When there is no period to compare with, or a dimension is not known.
    MissingDataError
        When the data lack a dimension, amounts, or do not cover the period before.

    Notes
    -----
    Effects of rows do not add up to those of the whole: between rows, sales also shift from
    dearer to cheaper ones, which the whole counts as units per order or price.
    """
    if periods.previous_start is None:
        raise ComputeError("there is no period to compare with", hint="compare='previous_year'")
    if not is_compared(data, periods):
        raise MissingDataError("the data do not reach back to the period compared with")
    keys = [by] if isinstance(by, str) else list(dict.fromkeys(by))
    if lacks := lacking_sales(data, by=keys):
        raise MissingDataError(f"sales by {', '.join(keys)} need {', '.join(lacks)}")
    rows = _sales(data, periods, keys)
    cells, chain = _cells(rows, keys, _shop_chain(data), credits=True)
    found = [{**dict(zip(keys, cell.key, strict=True)), **_branch(cell, chain)} for cell in cells]
    names = [
        *keys,
        "before",
        "after",
        "change",
        "growth",
        "low",
        "high",
        "status",
        *(_EFFECTS[factor] for factor in chain),
    ]
    table = pd.DataFrame(found, columns=names)
    size = table["change"].abs()
    order = table.assign(_size=-size).sort_values(
        ["_size", *keys], kind="stable", na_position="last"
    )
    return order.drop(columns="_size").reset_index(drop=True)


def lacking_sales(data: Data, *, by: Sequence[str] = ()) -> list[str]:
    """Return what the data lack for net sales by some dimensions, as ``table.column``.

    Raises
    ------
    ComputeError
        When a dimension is not known.
    """
    return _lacking(FACTS["sales"], ["ordered_at", "net_sales"], by, data)


def lacking_visits(data: Data, columns: Sequence[str] = (), *, by: Sequence[str] = ()) -> list[str]:
    """Return what the data lack for what is read of sessions, as ``table.column``."""
    return _lacking(FACTS["sessions"], ["started_at", "session_id", *columns], by, data)


def _lacking(fact: Fact, columns: Sequence[str], by: Sequence[str], data: Data) -> list[str]:
    for name in by:
        if name not in fact.dimensions and home(fact, name, data) is None:
            known = [*fact.dimensions, *extra_columns(fact, data)]
            message, hint = unknown("dimension", name, known, where=f"fact '{fact.name}'")
            raise ComputeError(message, hint=hint)
    return missing(fact, [*columns, *by], data)


def are_recorded(data: Data, start: dt.date | None, end: dt.date | None) -> bool:
    """Say whether sessions are recorded from a day to the day before another."""
    if start is None or end is None:
        return False
    at = data.sessions.started_at
    row = data.sessions.filter(at < midnight(end)).agg(first=at.min(), last=at.max())
    first, last = (None if pd.isna(one) else one.date() for one in row.to_pandas().iloc[0])
    return begins_by(first, start) and lasts_to(last, end)


def _credits(rows: ir.Table) -> tuple[float, float]:
    """Return what was given back by orders below 0, before and now."""
    given_back = {
        side: (rows[f"net_sales_{side}"] - rows[f"purchases_{side}"].fill_null(0)).sum()
        for side in ("before", "after")
    }
    (told,) = rows.agg(**given_back).to_pyarrow().to_pylist()
    return float(told["before"] or 0), float(told["after"] or 0)


def _has_units(data: Data) -> bool:
    return not missing(FACTS["sales"], ["quantity"], data)


def _without_units(chain: Mapping[str, str]) -> Mapping[str, str]:
    kept = {name: total for name, total in chain.items() if total not in ("units", "net_sales")}
    return {**kept, **_BASKET}


def _shop_chain(data: Data) -> Mapping[str, str]:
    if lacks := lacking_sales(data):
        raise MissingDataError(f"net sales need {', '.join(lacks)}, which these data lack")
    return SHOP if _has_units(data) else _without_units(SHOP)


def _sales(data: Data, periods: Periods, keys: Sequence[str]) -> ir.Table:
    """Return a row an order (and cell) with its totals on each side, and its owner."""
    fact = FACTS["sales"]
    units = ["quantity"] if _has_units(data) else []
    owner = ["customer_id"] if data.has("orders", "customer_id") else []
    columns = {"order_id", "ordered_at", "bought", "net_sales", *units, *owner, *keys}
    rows = fact.build(data, columns)
    valued = rows.net_sales.notnull()
    quantity = rows.quantity if units else ibis.literal(0)
    rows = rows.mutate(
        units=quantity,
        priced_units=valued.ifelse(quantity, ibis.null(MONEY)),
        is_valued=rows.bought & valued,
    )
    sides = sides_of(rows.ordered_at, periods)
    rows = rows.filter(sides["before"] | sides["after"])
    each = rows.group_by([*dict.fromkeys([*keys, "order_id", *owner, "ordered_at"])]).agg(
        orders=rows.bought.any().cast("int32"),
        valued_orders=rows.is_valued.any().cast("int32"),
        units=rows.units.sum(),
        priced_units=rows.priced_units.sum(),
        net_sales=rows.net_sales.sum(),
        purchases=rows.net_sales.sum(where=rows.bought),
    )
    sides = sides_of(each.ordered_at, periods)
    return each.select(
        *keys,
        owner=owner_of(each, *owner, "order_id"),
        piece=piece_of(each.ordered_at, periods),
        **{
            f"{total}_{side}": there.ifelse(each[total], 0)
            for side, there in sides.items()
            for total in _TOTALS
        },
    )


def _visits(data: Data, periods: Periods) -> ir.Table:
    """Return a row a visitor and month, with its totals; a visitor counts in their first."""
    rows = FACTS["sessions"].build(
        data, {"session_id", "visitor_id", "started_at", "ordered", "net_sales"}
    )
    rows = rows.filter(rows.visitor_id.notnull())
    none = ibis.literal(0)
    rows = (
        _with_units(rows, data) if _has_units(data) else rows.mutate(units=none, priced_units=none)
    )
    rows = rows.mutate(is_valued=rows.ordered & rows.net_sales.notnull())
    sides = sides_of(rows.started_at, periods)
    visit = ibis.row_number().over(
        group_by=[rows.visitor_id, sides["after"]], order_by=[rows.started_at, rows.session_id]
    )
    rows = rows.filter(sides["before"] | sides["after"])
    rows = rows.mutate(is_first=visit == 0, piece=piece_of(rows.started_at, periods))
    sides = sides_of(rows.started_at, periods)
    measures: dict[str, ir.Value] = {}
    for side, there in sides.items():
        measures |= {
            f"visitors_{side}": (there & rows.is_first).sum(),
            f"sessions_{side}": there.sum(),
            f"orders_{side}": (there & rows.ordered).sum(),
            f"valued_orders_{side}": (there & rows.is_valued).sum(),
            f"units_{side}": rows.units.sum(where=there),
            f"priced_units_{side}": rows.priced_units.sum(where=there),
            f"net_sales_{side}": rows.net_sales.sum(where=there),
        }
    return rows.group_by(owner=rows.visitor_id, piece=rows.piece).agg(**measures)


def piece_of(at: ir.TimestampValue, periods: Periods) -> ir.IntegerValue:
    """Return the number of the month, or week, of its period that a moment falls in, or null."""
    none = ibis.null("int32")
    if periods.previous_start is None:
        return none
    pieces = Pieces.of(periods)
    numbered = [
        ((at >= midnight(start)) & (at < midnight(end)), ibis.literal(number, "int32"))
        for bounds in (pieces.before, pieces.now)
        for number, (start, end) in enumerate(pairwise(bounds))
    ]
    return ibis.cases(*numbered, else_=none) if numbered else none


def _with_units(rows: ir.Table, data: Data) -> ir.Table:
    """Add the units of the order that a session placed, and those whose price is known."""
    sales = FACTS["sales"].build(data, {"order_id", "quantity", "net_sales"})
    units = sales.group_by("order_id").agg(
        units=sales.quantity.sum(), priced_units=sales.quantity.sum(where=sales.net_sales.notnull())
    )
    ids = data.sessions.filter(data.sessions.order_id.notnull())
    ids = ids.group_by("session_id").agg(order_id=ids.order_id.min())
    rows = attach(rows, ids, on=["session_id"], columns={"order_id": "order_id"})
    sums = {name: name for name in ("units", "priced_units")}
    rows = attach(rows, units, on=["order_id"], columns=sums)
    return rows.mutate(**{name: rows.ordered.ifelse(rows[name], ibis.null(MONEY)) for name in sums})


def _measures(chain: Mapping[str, str]) -> list[str]:
    return [f"{total}_{side}" for side in ("before", "after") for total in chain.values()]


def _cells(
    rows: ir.Table, keys: Sequence[str], chain: Mapping[str, str], *, credits: bool = False
) -> tuple[list[Sums], Mapping[str, str]]:
    """Return the sums of each cell and their chain: with a share of what is known if not all is.

    Where `credits` are asked for and there are any, what they leave of purchases ends the chain.
    """
    *factors, price = chain
    share, known = _HOLES[chain[factors[-1]]]
    whole = {**{name: chain[name] for name in factors}, share: known, price: chain[price]}
    if credits:
        whole |= {price: "purchases", _LEFT_BY_CREDITS: chain[price]}
    cells = summed(rows, keys, _measures(whole))
    for name in (share, _LEFT_BY_CREDITS) if credits else (share,):
        cells, whole = _without_idle(cells, whole, name)
    return cells, whole


def _without_idle(
    cells: list[Sums], chain: dict[str, str], name: str
) -> tuple[list[Sums], dict[str, str]]:
    """Leave a factor out that is 1 in both periods of every cell."""
    place, count = list(chain).index(name), len(chain)
    ends = (place, count + place)
    if any(cell.totals[end] != cell.totals[end - 1] for cell in cells for end in ends):
        return cells, chain
    kept = [number for number in range(2 * count) if number not in ends]
    left = {factor: total for factor, total in chain.items() if factor != name}
    return [cell.picked(kept) for cell in cells], left


def _tree(rows: ir.Table, chain: Mapping[str, str], periods: Periods, *, covered: bool) -> Tree:
    cells, chain = _cells(rows, [], chain)
    asked = periods.previous_start is not None
    if not cells:
        empty = pd.DataFrame([Factor(name, None, None) for name in chain], columns=Factor._fields)
        return Tree(_typed(empty), None, 0.0, None, None, NOTHING_SOLD)
    [cell] = cells
    after = float(cell.totals[-1])
    if not (asked and covered):
        factors = [Factor(one.factor, None, one.after) for one in chained(cell, list(chain))]
        unasked = NOT_RECORDED if asked else NO_COMPARISON
        return Tree(_typed(pd.DataFrame(factors)), None, after, None, None, unasked)
    pieces = Pieces.of(periods)
    if pieces.are_enough:
        cell = with_months(cell, rows, _measures(chain), pieces=pieces.number)
    factors = chained(cell, list(chain))
    why = None if factors[0].effect is not None else NOTHING_SOLD
    before = float(cell.totals[len(chain) - 1])
    _, ends = growth(cell)
    error = None if why or cell.months is None else cell.months_error(slope_of_sales(cell))
    return Tree(_typed(pd.DataFrame(factors)), before, after, *ends, why, error, cell.pieces)


def _typed(factors: pd.DataFrame) -> pd.DataFrame:
    return factors.astype(dict.fromkeys(factors.columns[1:-1], "float64"))


def _branch(cell: Sums, chain: Mapping[str, str]) -> dict[str, object]:
    """Return the amounts and the effects of a cell."""
    count = len(chain)
    before, after = float(cell.totals[count - 1]), float(cell.totals[-1])
    grown, ends = growth(cell)
    sold = [bool(totals[0] > 0) for totals in (cell.totals[:count], cell.totals[count:])]
    amounts = [one.effect for one in chained(cell, list(chain))]
    return {
        "before": before,
        "after": after,
        "change": float(in_cents(after) - in_cents(before)),
        "growth": grown,
        "low": ends.low,
        "high": ends.high,
        "status": _STATUSES[sold[0], sold[1]],
        **dict(zip((_EFFECTS[factor] for factor in chain), amounts, strict=True)),
    }
