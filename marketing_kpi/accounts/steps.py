"""From gross sales to net revenue, step by step, and what moved between two such ways."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import ibis
import ibis.expr.types as ir
import pandas as pd

from marketing_kpi.accounts.early import Early, early
from marketing_kpi.accounts.ratios import change_interval, fieller
from marketing_kpi.errors import ComputeError
from marketing_kpi.kpis.facts import FACTS, MONEY, missing
from marketing_kpi.kpis.facts.finance import net_of_deductions
from marketing_kpi.kpis.intervals import Interval
from marketing_kpi.kpis.periods import midnight
from marketing_kpi.kpis.unpriced import lie_apart
from marketing_kpi.worth.common import Period, require_columns

if TYPE_CHECKING:
    from marketing_kpi.data.model import Data

ACCOUNTS = ("gross_sales", "discounts", "refunds", "allowances", "chargebacks", "revenue")
"""The accounts of the table `ledger`: what sales are at list price, deductions, what is left."""

DEDUCTIONS = ACCOUNTS[1:-1]
"""What is deducted from gross sales, from the price tag to the disputed payment."""

STEPS = (
    "gross_sales", "unpriced", "discounts", "unlisted", "net_sales", *DEDUCTIONS[1:], "net_revenue",
)  # fmt: skip
"""The steps of the bridge from gross to net."""

SOMETIMES = ("unpriced", "unlisted")
"""Steps that a bridge has only where some lines tell one of their two prices and not the other."""

Base = Literal["gross_sales", "net_sales"]
"""What refunds, allowances and lost chargebacks are a share of; see `share_of`."""

_TAKEN = ("unpriced", *DEDUCTIONS)
_GIVEN_BACK = DEDUCTIONS[1:]

_MADE_OF = ("gross_sales", "net_sales", "refunds_and_allowances", "allowances", "lost_chargebacks")
FEWEST_FOR_RATES = 200
"""Customers below which the rate of a deduction has no interval: few are refunded, and those of
fewer customers were found too narrow (`benchmarks/revenue_retention.md`)."""

LARGE_CUT = 0.1
"""Share of the rise of a rate that leaves no verdict on it where the beginning of the data makes
so much of it; a convention."""

_SMALLEST = Decimal("0.0001")  # what the engine's money is counted in


def bridge(data: Data, *, start: str | dt.date, end: str | dt.date) -> pd.DataFrame:
    """Show the way from gross sales to net revenue, step by step.

    Parameters
    ----------
    data
        What `open_data` returns.
    start, end
        The first day of the period, and the day after its last.

    Returns
    -------
    pandas.DataFrame
        A row a step, in this order: ``step`` (gross_sales, discounts, net_sales, refunds,
        allowances, chargebacks, net_revenue), ``amount`` in the data's currency (deductions are
        negative), ``level``, what is left after it. Gross sales are the KPI `gross_sales`, of the
        lines whose list price is known, and so are the discounts. Where some lines tell one price
        only, the bridge has a step for them: ``unpriced`` before the discounts (lines at list
        price whose price paid is unknown, negative), ``unlisted`` after them (net sales of lines
        whose list price is unknown). A deduction that the data do not tell (no table of
        chargebacks, say) is null, and so is what is left from there on.

    Raises
    ------
    ComputeError
        When `start` is not before `end`.
    MissingDataError
        When the data lack what net sales are made of.

    Notes
    -----
    ``net revenue = gross sales - discounts - refunds - allowances - lost chargebacks``: the KPIs
    `net_revenue` and `revenue_leakage` of the same period, which add up to gross sales where every
    line tells both prices. Amounts are added up in whole ten-thousandths, so that the steps add up
    to the cent.

    Examples
    --------
    >>> import pandas as pd
    >>> from marketing_kpi.data.sources import open_data
    >>> day = pd.to_datetime(["2025-01-05"])
    >>> tables = {
    ...     "orders": pd.DataFrame({"order_id": ["1"], "ordered_at": day}),
    ...     "order_lines": pd.DataFrame({
    ...         "order_id": ["1"], "line_id": ["1"], "quantity": [2],
    ...         "list_price": [60.0], "unit_price": [50.0],
    ...     }),
    ...     "returns": pd.DataFrame({
    ...         "return_id": ["r"], "order_id": ["1"], "line_id": ["1"], "returned_at": day,
    ...         "quantity": [1], "refund_amount": [50.0], "kind": ["return"],
    ...     }),
    ... }
    >>> with open_data(tables) as data:
    ...     steps = bridge(data, start="2025-01-01", end="2026-01-01")
    >>> steps.head(4)[["step", "amount", "level"]].values.tolist()
    [['gross_sales', 120.0, 120.0], ['discounts', -20.0, 100.0], ['net_sales', 100.0, 100.0],
     ['refunds', -50.0, 50.0]]
    """
    rows = within(rows_of("sales_and_deductions", data), Period.of(start, end))
    made = {"net_sales": _total(rows.net_sales), **accounts(rows)}
    (totals,) = data.connection.to_pyarrow(rows.aggregate(**made)).to_pylist()
    return steps(totals)


def steps(totals: Mapping[str, Decimal | None]) -> pd.DataFrame:
    """Return the bridge that some totals make; see `bridge`. What is not among them is unknown."""
    names = [step for step in STEPS if step not in SOMETIMES or totals.get(step)]
    amounts: list[Decimal | None] = []
    levels: list[Decimal | None] = []
    level: Decimal | None = Decimal(0)
    for step in names:
        amount = level if step == "net_revenue" else totals.get(step)
        if step.startswith("net_"):
            level = amount
        else:
            amount = None if amount is None else (0 - amount if step in _TAKEN else amount)
            level = None if amount is None or level is None else level + amount
        amounts.append(amount)
        levels.append(level)
    columns = {"step": names, "amount": _floats(amounts), "level": _floats(levels)}
    return pd.DataFrame(columns)


def _floats(amounts: Iterable[Decimal | None]) -> pd.Series[float]:
    return pd.Series([None if a is None else float(a) for a in amounts], dtype="float64")


def share_of(*found: pd.DataFrame) -> Base:
    """Say of what refunds, allowances and lost chargebacks are a share, in some bridges.

    Gross sales are those of the lines whose list price is known, and what is given back is of all
    lines: with sales of an unknown list price, it is a share of net sales, in each of the bridges.

    Parameters
    ----------
    found
        What `bridge` or `bridge_change` returns.

    Examples
    --------
    >>> known = {"gross_sales": Decimal(10), "discounts": Decimal(1), "net_sales": Decimal(9)}
    >>> share_of(steps(known)), share_of(steps(known | {"unlisted": Decimal(4)}))
    ('gross_sales', 'net_sales')
    """
    partial = any(bool((one["step"] == "unlisted").any()) for one in found)
    return "net_sales" if partial else "gross_sales"


def step_shares(found: pd.DataFrame) -> dict[str, float | None]:
    """Return each step of a bridge as a share, positive.

    Parameters
    ----------
    found
        What `bridge` returns.

    Returns
    -------
    dict
        By step: discounts, of the gross sales of lines whose price paid is known, the KPI
        `discount_rate`; what is unlisted, of net sales; the others of what `share_of` says, or of
        net sales where gross sales are unknown. None of what is unpriced, where a step or what
        divides it is unknown, and where the latter is not above 0.

    Examples
    --------
    >>> found = steps({"gross_sales": Decimal(100), "discounts": Decimal(20),
    ...     "unlisted": Decimal(40), "net_sales": Decimal(120), "refunds": Decimal(6)})
    >>> shares = step_shares(found)
    >>> shares["discounts"], shares["refunds"]
    (0.2, 0.05)
    """
    amounts = _amounts(found)
    of = share_of(found)
    bases = {"unpriced": None, "unlisted": amounts["net_sales"]}
    return {
        step: _over(amounts[step], bases.get(step, _base(step, amounts, of)))
        for step in found["step"]
    }


def _over(amount: Decimal | None, base: Decimal | None) -> float | None:
    return None if amount is None or base is None or base <= 0 else float(amount / base)


class Listed(NamedTuple):
    """Which share of net sales has a known list price, in two periods.

    Attributes
    ----------
    before, now
        The share of each period, a fraction; null where nothing was sold, or the data tell no
        list prices.
    """

    before: float | None
    now: float | None

    @property
    def differs(self) -> bool:
        """Say whether the shares lie too far apart for discounts to be compared."""
        return lie_apart(self.before, self.now)


def listed(before: pd.DataFrame, after: pd.DataFrame) -> Listed:
    """Say for which share of net sales list prices are known, in two periods.

    Parameters
    ----------
    before, after
        What `bridge` returns for two periods.

    Examples
    --------
    >>> some = {"gross_sales": Decimal(50), "unlisted": Decimal(50), "net_sales": Decimal(100)}
    >>> every = {"gross_sales": Decimal(100), "net_sales": Decimal(100)}
    >>> none = dict.fromkeys(DEDUCTIONS, Decimal(0))
    >>> listed(steps(none | some), steps(none | every))
    Listed(before=0.5, now=1.0)
    """
    return Listed(_listed_share(before), _listed_share(after))


def _listed_share(found: pd.DataFrame) -> float | None:
    amounts = _amounts(found)
    sold, unlisted = amounts["net_sales"], amounts["unlisted"]
    if sold is None or unlisted is None or amounts["gross_sales"] is None or sold <= 0:
        return None
    return min(max(1 - float(unlisted / sold), 0.0), 1.0)


def bridge_change(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Say what moved net revenue between two bridges: more sales, or more taken off them.

    Parameters
    ----------
    before, after
        What `bridge` returns for two periods, of which all steps are known.

    Returns
    -------
    pandas.DataFrame
        A row a deduction, then one of the whole (step gross_sales) and one of what is left (step
        net_revenue), in the order of the bridge, with the steps that one of them has (`SOMETIMES`):
        ``step``; ``before``, ``after`` (amounts, positive); ``rate_before``, ``rate_after``:
        discounts as fractions of the gross sales of lines whose price paid is known, the KPI
        `discount_rate`, the others of what `share_of` says of the two bridges, null of the steps of
        lines that tell one price only; ``by_volume``, by how much net revenue moved because sales
        did, the rate being that of before; ``by_rate``, by how much because the rate did. Of each
        row, both add up to its change (of a deduction, with the sign turned), and those of all
        rows but the last to that of net revenue. Null where a step is unknown; shares, and so both
        parts, also where what they are of is not above 0. Where list prices are known for another
        share of the sales (`Listed.differs`), discounts cannot be compared: the two parts are then
        null but for what is given back, which is a share of net sales.

    Raises
    ------
    ComputeError
        When one of them is no bridge.

    Notes
    -----
    Of a deduction :math:`d = r G`: :math:`-\\Delta d = -r_0 \\Delta G - G_1 \\Delta r`. Volume is
    rounded to the ten-thousandth, and the rate's part is the rest. Discounts on lines of an unknown
    list price are unknown: what they change is in `by_volume`.

    Examples
    --------
    >>> nothing = {"refunds": Decimal(0), "allowances": Decimal(0), "chargebacks": Decimal(0)}
    >>> old, new = (steps({"gross_sales": Decimal(g), "discounts": Decimal(d),
    ...     "net_sales": Decimal(g - d), **nothing}) for g, d in ((100, 10), (200, 50)))
    >>> change = bridge_change(old, new).set_index("step")
    >>> change.loc["discounts", ["rate_before", "rate_after", "by_volume", "by_rate"]].tolist()
    [0.1, 0.25, -10.0, -30.0]
    """
    old, new = (_amounts(one) for one in (before, after))
    of = share_of(before, after)
    rows = [_moved(step, old, new, of) for step in STEPS[:-1] if step in SOMETIMES or step in _KEPT]
    rows = [row for row in rows if row["step"] not in SOMETIMES or row["before"] or row["after"]]
    if listed(before, after).differs:
        rows = [row if row["step"] in _GIVEN_BACK else row | _NO_PARTS for row in rows]
    rows.append(_moved("net_revenue", old, new, of) | _added_up(rows))
    names = ["before", "after", "rate_before", "rate_after", "by_volume", "by_rate"]
    found = pd.DataFrame(rows, columns=["step", *names])
    return found.astype(dict.fromkeys(names, "float64"))


_Row = dict[str, Any]
_KEPT = ("gross_sales", *DEDUCTIONS)
_NO_PARTS: _Row = dict.fromkeys(("by_volume", "by_rate"))
_Amounts = Mapping[str, "Decimal | None"]


def _amounts(found: pd.DataFrame) -> dict[str, Decimal | None]:
    """Return the amounts of the steps of a bridge, positive."""
    given = list(found["step"])
    if given != [step for step in STEPS if step in given or step not in SOMETIMES]:
        raise ComputeError(
            "these are not the steps of a bridge", hint="give what finance.bridge returns"
        )
    signs = {step: -1 if step in _TAKEN else 1 for step in STEPS}
    amounts: dict[str, Decimal | None] = dict.fromkeys(SOMETIMES, Decimal(0))
    return amounts | {
        step: None if pd.isna(amount) else signs[step] * _exact(amount)
        for step, amount in zip(given, found["amount"], strict=True)
    }


def _exact(amount: float) -> Decimal:
    """Return the money that a float of the engine stands for."""
    return Decimal(repr(float(amount))).quantize(_SMALLEST)


def _base(step: str, amounts: _Amounts, of: Base) -> Decimal | None:
    """Return what a step is a share of."""
    gross, unpriced = amounts["gross_sales"], amounts["unpriced"]
    if step == "gross_sales":
        return gross
    if step != "discounts" and (of == "net_sales" or gross is None):
        return amounts["net_sales"]
    return None if gross is None or unpriced is None else gross - unpriced


def _moved(step: str, old: _Amounts, new: _Amounts, of: Base) -> _Row:
    """Return the row of a step: its amounts, its shares, and what both did to net revenue."""
    before, after = old[step], new[step]
    row: _Row = {"step": step, "before": _float(before), "after": _float(after)}
    if before is None or after is None:
        return row
    sign = -1 if step in _TAKEN else 1
    if step in SOMETIMES:
        return row | {"by_volume": sign * float(after - before), "by_rate": 0.0}
    base, base_now = (_base(step, one, of) for one in (old, new))
    if not base or not base_now or base < 0:
        return row
    volume = (before * base_now / base).quantize(_SMALLEST) - before
    parts = {"by_volume": volume, "by_rate": after - before - volume}
    row |= {"rate_before": float(before / base), "rate_after": float(after / base_now)}
    return row | {name: sign * float(part) for name, part in parts.items()}


def _added_up(rows: Sequence[_Row]) -> dict[str, float | None]:
    """Return the parts of the whole: null where that of a row is."""
    added = {}
    for part in _NO_PARTS:
        values = [row.get(part) for row in rows]
        known = [value for value in values if value is not None]
        added[part] = math.fsum(known) if len(known) == len(values) else None
    return added


def _float(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)


def deduction_rates(
    data: Data, *, start: str | dt.date, end: str | dt.date, of: Base | None = None
) -> pd.DataFrame:
    """Say which share of sales each deduction takes, with its interval.

    Parameters
    ----------
    data
        What `open_data` returns, of which a whole bridge can be made.
    start, end
        The first day of the period, and the day after its last.
    of
        What refunds, allowances and lost chargebacks are a share of, ``"gross_sales"`` or
        ``"net_sales"``; null: what `share_of` says of the period's bridge. Give what it says of two
        bridges to compare both.

    Returns
    -------
    pandas.DataFrame
        A row a deduction: ``step``, ``amount``, ``rate``, ``low``, ``high`` (95 %). Discounts are a
        share of the gross sales of lines whose price paid is known, the KPI `discount_rate`. Rates
        are null where these sales are not above 0, intervals also under `FEWEST_FOR_RATES`
        customers. Of what is given back also ``begun``, the first day that the data tell about;
        ``days``, how long after the sale it is, on average, right after the period and for as
        long; ``cut``, which share of it is then for sales as old as those that the data do not hold
        of the period (see Notes), and ``cut_amount``, how much that is.

    Raises
    ------
    ComputeError
        When `start` is not before `end`, or `of` is none of these.
    MissingDataError
        When the data lack a deduction, as `lacks_bridge` tells.

    Notes
    -----
    Fieller's interval, with the customer as the unit drawn: an order without a customer stands for
    itself. It says how far the rate would lie from itself with other customers of the same kind.
    Where one basket in fourteen is refunded, it held the truth in 0.92 of samples of 200 customers
    and 0.93 of 1,000: a little too narrow. See `benchmarks/revenue_retention.md`.

    Where the data begin with a period, or so many days before it, what is given back in it for
    older sales is on no record, and the rate is too low. How much too low is read off the time
    right after the period, as long, where what is given back for sales as old is on record:
    ``cut`` is its share, less what the period does hold of sales that are not on record, where
    later days hold less of such.
    """
    if of not in (None, *get_args(Base)):
        raise ComputeError(f"of == {of!r}, must be one of: {', '.join(get_args(Base))}")
    require_columns(data, "sales_and_deductions", ["occurred_at", *_MADE_OF])
    fact = FACTS["sales_and_deductions"]
    owners = [n for n in ("customer_id", "order_id") if not missing(fact, [n], data)]
    rows = fact.build(data, {"occurred_at", *_MADE_OF, *owners})
    period = Period.of(start, end)
    rows = within(rows, period)
    named = [ibis.literal(f"{name} ") + rows[name].cast("string") for name in owners]
    rows = rows.mutate(drawn=ibis.coalesce(*named, ibis.row_number().cast("string")))
    made = {"net_sales": _total(rows.net_sales), **accounts(rows)}
    each = rows.group_by("drawn").aggregate(**made)
    (found,) = data.connection.to_pyarrow(each.aggregate(**_moments(each))).to_pylist()
    given_back = of or ("net_sales" if found["unlisted"] else "gross_sales")
    bases = {"discounts": "gross_sales", **dict.fromkeys(_GIVEN_BACK, given_back)}
    lacking = early(data, period)
    rates = [
        (*_rate(name, base, found), *lacking.get(name, Early())) for name, base in bases.items()
    ]
    rows_found = pd.DataFrame(rates, columns=[*_RATE_COLUMNS, *Early._fields])
    return rows_found.astype({"begun": "datetime64[us]", "days": "float64"})


def _moments(each: ir.Table) -> dict[str, ir.Value]:
    """Return the sums of the deductions and of what they are a share of, squares and products."""
    shared = {"gross_sales": each.gross_sales - each.unpriced, "net_sales": each.net_sales}
    sums: dict[str, ir.Value] = {"count": each.count(), "unlisted": each.unlisted.sum()}
    for base, amount in shared.items():
        x = amount.cast("float64")
        sums |= {base: x.sum(), f"{base} xx": (x * x).sum()}
        for name in DEDUCTIONS:
            sums |= {f"{name} {base} xy": (x * each[name].cast("float64")).sum()}
    for name in DEDUCTIONS:
        y = each[name].cast("float64")
        sums |= {name: y.sum(), f"{name} yy": (y * y).sum()}
    return sums


_RATE_COLUMNS = ("step", "amount", "rate", "low", "high")


def _rate(
    name: str, base: str, sums: Mapping[str, float]
) -> tuple[str, float, float, float, float]:
    sold, amount = sums[base] or 0.0, sums[name] or 0.0
    if not sold > 0:
        return name, amount, math.nan, math.nan, math.nan
    ends = fieller(
        count=int(sums["count"]), x=sold, y=amount, xx=sums[f"{base} xx"],
        xy=sums[f"{name} {base} xy"], yy=sums[f"{name} yy"],
    )  # fmt: skip
    if sums["count"] < FEWEST_FOR_RATES:
        ends = Interval()
    low, high = (math.nan if end is None else end for end in ends)
    return name, amount, amount / sold, low, high


def rate_changes(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Say by how much the rate of each deduction changed, with the interval of the change.

    Parameters
    ----------
    before, after
        What `deduction_rates` returns for two periods.

    Returns
    -------
    pandas.DataFrame
        A row a deduction: ``step``, ``before``, ``after``, ``change`` (a difference of shares),
        ``low``, ``high`` (95 %; null where one of the rates has no interval); ``begun``, ``days``,
        ``cut`` and ``cut_amount`` of the period before; ``is_cut``, whether the rise is in part
        that the data begin there (what they lack, that share of the rate after, makes `LARGE_CUT`
        of it or more); ``is_told``, whether the interval leaves out 0 and the rise is not cut so.

    Notes
    -----
    The interval takes the two periods for independent (see `ratios.change_interval`).
    """
    rows = []
    pairs = zip(before.to_dict("records"), after.to_dict("records"), strict=True)
    for old, new in pairs:
        low, high = change_interval(old["rate"], _ends(old), new["rate"], _ends(new))
        change = new["rate"] - old["rate"]
        cut = change > 0 and new["rate"] * old["cut"] >= LARGE_CUT * change
        told = low is not None and high is not None and not low <= 0 <= high and not cut
        lacking = [old[name] for name in Early._fields]
        rows.append((old["step"], old["rate"], new["rate"], change, low, high, *lacking, cut, told))
    columns = ["step", "before", "after", "change", "low", "high", *Early._fields]
    columns += ["is_cut", "is_told"]
    return pd.DataFrame(rows, columns=columns).astype({"low": "float64", "high": "float64"})


def _ends(row: Mapping[Hashable, Any]) -> Interval:
    low, high = row["low"], row["high"]
    return Interval() if math.isnan(low) or math.isnan(high) else Interval(low, high)


def rows_of(fact: str, data: Data) -> ir.Table:
    """Return the rows of a fact, with its measures that the data tell: net sales at least."""
    require_columns(data, fact, ["occurred_at", "net_sales"])
    known = [name for name in _MADE_OF if not missing(FACTS[fact], [name], data)]
    return FACTS[fact].build(data, {"occurred_at", *known})


def within(rows: ir.Table, period: Period) -> ir.Table:
    """Return the rows of a period."""
    at = rows.occurred_at
    return rows.filter(at >= midnight(period.start), at < midnight(period.end))


def accounts(rows: ir.Table) -> dict[str, ir.Value]:
    """Return the accounts that the measures of some rows tell; 0 where nothing happened.

    With gross sales come the steps of lines that tell one of their two prices (`SOMETIMES`).
    """
    told = {*rows.columns}
    made = {}
    if "gross_sales" in told:
        made["gross_sales"] = _total(rows.gross_sales)
        made["discounts"] = _total(rows.gross_sales - rows.net_sales)
        made["unpriced"] = _total(rows.gross_sales, where=rows.net_sales.isnull())
        made["unlisted"] = _total(rows.net_sales, where=rows.gross_sales.isnull())
    if {"refunds_and_allowances", "allowances"} <= told:
        made["allowances"] = _total(rows.allowances)
        made["refunds"] = _total(rows.refunds_and_allowances) - made["allowances"]
    if "lost_chargebacks" in told:
        made["chargebacks"] = _total(rows.lost_chargebacks)
    if {"refunds_and_allowances", "lost_chargebacks"} <= told:
        made["revenue"] = net_of_deductions(
            rows.net_sales.sum(), rows.refunds_and_allowances.sum(), rows.lost_chargebacks.sum()
        )
    return {name: amount.cast(MONEY) for name, amount in made.items()}


def _total(amounts: ir.NumericColumn, where: ir.BooleanValue | None = None) -> ir.DecimalScalar:
    return amounts.sum(where=where).fill_null(0).cast(MONEY)


def tells_one_price(rows: ir.Table) -> ir.IntegerScalar:
    """Count the rows with an amount at one of the two prices, where the other one is unknown."""
    unlisted = rows.gross_sales.isnull() & (rows.net_sales != 0)
    unpriced = rows.net_sales.isnull() & (rows.gross_sales != 0)
    return (unlisted | unpriced).fill_null(False).cast("int32").sum()


def lacks_bridge(data: Data) -> list[str]:
    """Return what the data lack for a bridge of which all steps are known, as ``table.column``."""
    return missing(FACTS["sales_and_deductions"], ["occurred_at", *_MADE_OF], data)
