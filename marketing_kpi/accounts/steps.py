"""From gross sales to net revenue, step by step, and what moved between two such ways."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Hashable, Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from marketing_kpi.accounts.ratios import change_interval, fieller
from marketing_kpi.errors import ComputeError
from marketing_kpi.kpis.facts import FACTS, MONEY, missing
from marketing_kpi.kpis.facts.finance import net_of_deductions
from marketing_kpi.kpis.intervals import Interval
from marketing_kpi.kpis.periods import midnight
from marketing_kpi.worth.common import Period, require_columns

if TYPE_CHECKING:
    from marketing_kpi.data.model import Data

ACCOUNTS = ("gross_sales", "discounts", "refunds", "allowances", "chargebacks", "revenue")
"""The accounts of the table `ledger`: what sales are at list price, deductions, what is left."""

DEDUCTIONS = ACCOUNTS[1:-1]
"""What is deducted from gross sales, from the price tag to the disputed payment."""

STEPS = ("gross_sales", "discounts", "net_sales", *DEDUCTIONS[1:], "net_revenue")
"""The steps of the bridge from gross to net."""

_MADE_OF = ("gross_sales", "net_sales", "refunds_and_allowances", "allowances", "lost_chargebacks")
FEWEST_FOR_RATES = 200
"""Customers below which the rate of a deduction has no interval: few are refunded, and those of
fewer customers were found too narrow (`benchmarks/revenue_retention.md`)."""

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
        negative), ``level``, what is left after it. Gross sales are net sales and the discounts
        of the lines whose list price is known. A deduction that the data do not tell (no table of
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
    `net_revenue` and `revenue_leakage` of the same period, which add up to gross sales. Amounts
    are added up in whole ten-thousandths, so that the steps add up to the cent.

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
    made = {"net_sales": rows.net_sales.sum().fill_null(0).cast(MONEY), **accounts(rows)}
    (totals,) = data.connection.to_pyarrow(rows.aggregate(**made)).to_pylist()
    return steps(totals)


def steps(totals: Mapping[str, Decimal | None]) -> pd.DataFrame:
    """Return the bridge that some totals make; see `bridge`. What is not among them is unknown."""
    amounts: list[Decimal | None] = []
    levels: list[Decimal | None] = []
    level: Decimal | None = Decimal(0)
    for step in STEPS:
        amount = level if step == "net_revenue" else totals.get(step)
        if step.startswith("net_"):
            level = amount
        else:
            amount = None if amount is None else (0 - amount if step in DEDUCTIONS else amount)
            level = None if amount is None or level is None else level + amount
        amounts.append(amount)
        levels.append(level)
    columns = {"step": STEPS, "amount": _floats(amounts), "level": _floats(levels)}
    return pd.DataFrame(columns)


def _floats(amounts: Iterable[Decimal | None]) -> pd.Series[float]:
    return pd.Series([None if a is None else float(a) for a in amounts], dtype="float64")


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
        net_revenue): ``step``; ``before``, ``after`` (amounts, positive); ``rate_before``,
        ``rate_after``, as fractions of gross sales; ``by_volume``, by how much net revenue moved
        because gross sales did, the rate being that of before; ``by_rate``, by how much because
        the rate did. Of each row, both add up to its change (of a deduction, with the sign
        turned), and those of all rows but the last to that of net revenue. Null where a step is
        unknown; shares, and so both parts, also where gross sales are not above 0.

    Raises
    ------
    ComputeError
        When one of them is no bridge.

    Notes
    -----
    Of a deduction :math:`d = r G`: :math:`-\\Delta d = -r_0 \\Delta G - G_1 \\Delta r`. Volume is
    rounded to the ten-thousandth, and the rate's part is the rest.

    Examples
    --------
    >>> from decimal import Decimal
    >>> nothing = {"refunds": Decimal(0), "allowances": Decimal(0), "chargebacks": Decimal(0)}
    >>> old, new = (steps({"gross_sales": Decimal(g), "discounts": Decimal(d),
    ...     "net_sales": Decimal(g - d), **nothing}) for g, d in ((100, 10), (200, 50)))
    >>> change = bridge_change(old, new).set_index("step")
    >>> change.loc["discounts", ["rate_before", "rate_after", "by_volume", "by_rate"]].tolist()
    [0.1, 0.25, -10.0, -30.0]
    """
    old, new = (_amounts(one) for one in (before, after))
    rows = []
    for step in ("gross_sales", *DEDUCTIONS, "net_revenue"):
        sign = -1 if step in DEDUCTIONS else 1
        rows.append((step, *_moved(step, sign, old, new)))
    names = ["before", "after", "rate_before", "rate_after", "by_volume", "by_rate"]
    return pd.DataFrame(rows, columns=["step", *names]).astype(dict.fromkeys(names, "float64"))


_Amounts = Mapping[str, "Decimal | None"]


def _amounts(found: pd.DataFrame) -> dict[str, Decimal | None]:
    if list(found["step"]) != list(STEPS):
        raise ComputeError(
            "these are not the steps of a bridge", hint="give what finance.bridge returns"
        )
    signs = {step: -1 if step in DEDUCTIONS else 1 for step in STEPS}
    return {
        step: None if pd.isna(amount) else signs[step] * _exact(amount)
        for step, amount in zip(found["step"], found["amount"], strict=True)
    }


def _exact(amount: float) -> Decimal:
    """Return the money that a float of the engine stands for."""
    return Decimal(repr(float(amount))).quantize(_SMALLEST)


def _moved(step: str, sign: int, old: _Amounts, new: _Amounts) -> tuple[float | None, ...]:
    before, after = old[step], new[step]
    gross, gross_now = old["gross_sales"], new["gross_sales"]
    if before is None or after is None or not gross or not gross_now or gross < 0:
        return (_float(before), _float(after), *(None,) * 4)
    volume = (before * gross_now / gross).quantize(_SMALLEST) - before
    rest = after - before - volume
    rates = float(before / gross), float(after / gross_now)
    return (float(before), float(after), *rates, sign * float(volume), sign * float(rest))


def _float(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)


def deduction_rates(data: Data, *, start: str | dt.date, end: str | dt.date) -> pd.DataFrame:
    """Say which share of gross sales each deduction takes, with its interval.

    Parameters
    ----------
    data
        What `open_data` returns, of which a whole bridge can be made.
    start, end
        The first day of the period, and the day after its last.

    Returns
    -------
    pandas.DataFrame
        A row a deduction: ``step``, ``amount``, ``rate``, ``low``, ``high`` (95 %). Rates are null
        where gross sales are not above 0, intervals also under `FEWEST_FOR_RATES` customers.

    Raises
    ------
    ComputeError
        When `start` is not before `end`.
    MissingDataError
        When the data lack a deduction, as `lacks_bridge` tells.

    Notes
    -----
    Fieller's interval, with the customer as the unit drawn: an order without a customer stands for
    itself. It says how far the rate would lie from itself with other customers of the same kind.
    Where one basket in fourteen is refunded, it held the truth in 0.92 of samples of 200 customers
    and 0.93 of 1,000: a little too narrow. See `benchmarks/revenue_retention.md`.
    """
    require_columns(data, "sales_and_deductions", ["occurred_at", *_MADE_OF])
    fact = FACTS["sales_and_deductions"]
    owners = [n for n in ("customer_id", "order_id") if not missing(fact, [n], data)]
    rows = fact.build(data, {"occurred_at", *_MADE_OF, *owners})
    rows = within(rows, Period.of(start, end))
    named = [ibis.literal(f"{name} ") + rows[name].cast("string") for name in owners]
    rows = rows.mutate(drawn=ibis.coalesce(*named, ibis.row_number().cast("string")))
    each = rows.group_by("drawn").aggregate(**accounts(rows))
    x = each.gross_sales.cast("float64")
    sums: dict[str, ir.Value] = {"count": each.count(), "x": x.sum(), "xx": (x * x).sum()}
    for name in DEDUCTIONS:
        y = each[name].cast("float64")
        sums |= {name: y.sum(), f"{name} xy": (x * y).sum(), f"{name} yy": (y * y).sum()}
    (found,) = data.connection.to_pyarrow(each.aggregate(**sums)).to_pylist()
    return pd.DataFrame([_rate(name, found) for name in DEDUCTIONS], columns=[*_RATE_COLUMNS])


_RATE_COLUMNS = ("step", "amount", "rate", "low", "high")


def _rate(name: str, sums: Mapping[str, float]) -> tuple[str, float, float, float, float]:
    gross, amount = sums["x"] or 0.0, sums[name] or 0.0
    if not gross > 0:
        return name, amount, math.nan, math.nan, math.nan
    ends = fieller(
        count=int(sums["count"]), x=gross, y=amount, xx=sums["xx"], xy=sums[f"{name} xy"],
        yy=sums[f"{name} yy"],
    )  # fmt: skip
    if sums["count"] < FEWEST_FOR_RATES:
        ends = Interval()
    low, high = (math.nan if end is None else end for end in ends)
    return name, amount, amount / gross, low, high


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
        ``low``, ``high`` (95 %; null where one of the rates has no interval) and ``is_told``,
        whether the interval leaves out 0.

    Notes
    -----
    The interval takes the two periods for independent (see `ratios.change_interval`).
    """
    rows = []
    pairs = zip(before.to_dict("records"), after.to_dict("records"), strict=True)
    for old, new in pairs:
        low, high = change_interval(old["rate"], _ends(old), new["rate"], _ends(new))
        told = low is not None and high is not None and not low <= 0 <= high
        change = new["rate"] - old["rate"]
        rows.append((old["step"], old["rate"], new["rate"], change, low, high, told))
    columns = ["step", "before", "after", "change", "low", "high", "is_told"]
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
    """Return the accounts that the measures of some rows tell; 0 where nothing happened."""

    def total(amounts: ir.NumericColumn) -> ir.NumericScalar:
        return amounts.sum().fill_null(0).cast(MONEY)

    told = {*rows.columns}
    made = {}
    if "gross_sales" in told:
        made["discounts"] = total(rows.gross_sales - rows.net_sales)
        made["gross_sales"] = total(rows.net_sales) + made["discounts"]
    if {"refunds_and_allowances", "allowances"} <= told:
        made["allowances"] = total(rows.allowances)
        made["refunds"] = total(rows.refunds_and_allowances) - made["allowances"]
    if "lost_chargebacks" in told:
        made["chargebacks"] = total(rows.lost_chargebacks)
    if {"refunds_and_allowances", "lost_chargebacks"} <= told:
        made["revenue"] = net_of_deductions(
            rows.net_sales.sum(), rows.refunds_and_allowances.sum(), rows.lost_chargebacks.sum()
        )
    return {name: amount.cast(MONEY) for name, amount in made.items()}


def lacks_bridge(data: Data) -> list[str]:
    """Return what the data lack for a bridge of which all steps are known, as ``table.column``."""
    return missing(FACTS["sales_and_deductions"], ["occurred_at", *_MADE_OF], data)
