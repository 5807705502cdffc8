"""Financial health: from gross to net, what customers keep bringing, disputes, and the ledger.

The formulas of KPIs on the facts of `marketing_kpi.kpis.facts.finance`, and the bridge and the
reconciliation made of the same rows. Sales, refunds, allowances and lost chargebacks count at
their own date; of an order that is not valid neither its sale nor what was given back for it does.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from marketing_kpi.errors import ComputeError, MissingDataError
from marketing_kpi.kpis.facts import FACTS, MONEY, missing
from marketing_kpi.kpis.facts.finance import net_of_deductions
from marketing_kpi.kpis.formulas import ratio
from marketing_kpi.kpis.periods import midnight
from marketing_kpi.worth.common import Period, answer, collected, require_columns

if TYPE_CHECKING:
    from marketing_kpi.data.model import Data
    from marketing_kpi.kpis.formulas import Fact

ACCOUNTS = ("gross_sales", "discounts", "refunds", "allowances", "chargebacks", "revenue")
"""The accounts of the table `ledger`: what sales are at list price, deductions, what is left."""

DEDUCTIONS = ACCOUNTS[1:-1]
"""What is deducted from gross sales, from the price tag to the disputed payment."""

STEPS = ("gross_sales", "discounts", "net_sales", *DEDUCTIONS[1:], "net_revenue")
"""The steps of the bridge from gross to net."""

_MADE_OF = ("gross_sales", "net_sales", "refunds_and_allowances", "allowances", "lost_chargebacks")


# --- KPIs -----------------------------------------------------------------------------------


def net_revenue(rows: Fact) -> Any:
    """Take refunds, allowances and lost chargebacks off net sales, in the data's currency.

    Fact: `sales_and_deductions`.
    """
    return net_of_deductions(
        rows.net_sales.sum(), rows.refunds_and_allowances.sum(), rows.lost_chargebacks.sum()
    )


def refund_rate(rows: Fact) -> Any:
    """Divide what was refunded, for goods or without a return, by net sales, each at its own date.

    0 where nothing was refunded, null where nothing was sold. Fact: `sales_and_deductions`.
    """
    return ratio(rows.refunds_and_allowances.sum().fill_null(0), rows.net_sales.sum())


def allowances(rows: Fact) -> Any:
    """Add up the credits granted without a return; 0 without any. Fact: `sales_and_deductions`."""
    return rows.allowances.sum().fill_null(0)


def chargeback_rate(orders: Fact) -> Any:
    """Divide the orders whose payment was disputed by the orders; credits are no orders.

    Null without orders. Fact: `orders_and_disputes`.
    """
    disputed = orders.order_id.nunique(where=orders.bought & orders.charged_back)
    return ratio(disputed, orders.order_id.nunique(where=orders.bought))


def chargeback_win_rate(disputes: Fact) -> Any:
    """Divide the disputes won by those decided, won or lost; null while all are open.

    Fact: `chargebacks`.
    """
    won = (disputes.outcome == "won").sum()
    return ratio(won, disputes.outcome.isin(["won", "lost"]).sum())


def net_revenue_retention(customers: Fact) -> Any:
    """Divide the net revenue now of the base period's customers by what it was then.

    A customer is of the base where their net revenue then is above 0. Null without any, or where
    the data do not reach back far enough. Fact: `retained_revenue`.
    """
    is_base = customers.revenue_before > 0
    now = customers.revenue_now.sum(where=is_base)
    return ratio(now, customers.revenue_before.sum(where=is_base))


def gross_revenue_retention(customers: Fact) -> Any:
    """Divide what the base period's customers kept bringing, each capped at what they brought then.

    As `net_revenue_retention`, without anybody's growth: at most 1. Fact: `retained_revenue`.
    """
    is_base = customers.revenue_before > 0
    kept = ibis.least(customers.revenue_now, customers.revenue_before)
    return ratio(kept.sum(where=is_base), customers.revenue_before.sum(where=is_base))


def revenue_leakage(leaks: Fact) -> Any:
    """Add up discounts, refunds, allowances and lost chargebacks. Fact: `leaks`."""
    return leaks.amount.sum()


def reconciliation_gap(books: Fact) -> Any:
    """Take the revenue that we recognise off the ledger's, in the months that the ledger tells.

    Null where it tells none. Fact: `books`.
    """
    return books.ledger_revenue.sum() - books.recognised.sum().fill_null(0)


# --- Analyses -------------------------------------------------------------------------------


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
    `net_revenue` and `revenue_leakage` of the same period, which add up to gross sales.

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
    period = Period.of(start, end)
    rows = _within(_rows_of("sales_and_deductions", data), period)
    net_sales = rows.net_sales.sum().fill_null(0)
    totals = collected(rows.aggregate(net_sales=net_sales, **_accounts(rows)), ()).iloc[0]
    amounts, levels, level = [], [], 0.0
    for step in STEPS:
        amount = level if step == "net_revenue" else float(totals.get(step, math.nan))
        amount = -amount if step in DEDUCTIONS else amount
        level = amount if step.startswith("net_") else level + amount
        amounts.append(amount)
        levels.append(level)
    return pd.DataFrame({"step": STEPS, "amount": amounts, "level": levels})


def reconciliation(
    data: Data, *, start: str | dt.date, end: str | dt.date
) -> pd.DataFrame | ir.Table:
    """Hold the ledger against what the orders, returns and disputes say, by month and account.

    Parameters
    ----------
    data
        What `open_data` returns, with a ledger.
    start, end
        The first day of the period and the day after its last, both the first of a month.

    Returns
    -------
    pandas.DataFrame or ibis.expr.types.Table
        A row a month and account: ``month``, ``account`` (see `ACCOUNTS`), ``ledger`` (what
        finance says; null where it says nothing), ``ours`` (null where the data do not tell the
        account), ``gap``, the first less the second. Deductions are positive, so that a gap of
        one lowers revenue by as much. pandas when the tables came as pandas, else lazy.

    Raises
    ------
    ComputeError
        When a bound cuts a month.
    MissingDataError
        When the data lack a ledger, or net sales and when they are recognised.

    Notes
    -----
    ``gap = ledger - ours``; that of the account revenue is the KPI `reconciliation_gap`. A gap of
    one account and month, given back by the next, is a matter of dates; one that stays is not.

    Examples
    --------
    >>> import pandas as pd
    >>> from marketing_kpi.data.sources import open_data
    >>> tables = {
    ...     "orders": pd.DataFrame({
    ...         "order_id": ["1"], "amount": [90.0],
    ...         "ordered_at": pd.to_datetime(["2025-01-30"]),
    ...         "recognised_at": pd.to_datetime(["2025-02-02"]),
    ...     }),
    ...     "returns": pd.DataFrame({
    ...         "return_id": ["r"], "order_id": ["1"], "refund_amount": [20.0],
    ...         "returned_at": pd.to_datetime(["2025-02-10"]), "kind": ["return"],
    ...     }),
    ...     "ledger": pd.DataFrame({
    ...         "month": pd.to_datetime(["2025-02-01"]), "account": ["refunds"], "amount": [15.0],
    ...     }),
    ... }
    >>> with open_data(tables) as data:
    ...     found = reconciliation(data, start="2025-01-01", end="2025-03-01")
    >>> found[found.account == "refunds"][["ledger", "ours", "gap"]].values.tolist()
    [[15.0, 20.0, -5.0]]
    """
    period = Period.of(start, end)
    for name, bound in zip(("start", "end"), period, strict=True):
        if bound.day != 1:
            raise ComputeError(
                f"{name} == {bound} cuts a month, and the ledger is only known by month",
                hint="start and end on the first day of a month",
            )
    if not data.has("ledger", "month", "account", "amount"):
        raise MissingDataError(
            "ledger.month, ledger.account or ledger.amount is not in these data",
            hint=f"these data have: {', '.join(data.tables)}",
        )
    ours, told = _ours_by_account(data, period)
    both = ibis.union(_ledger_by_account(data, period), ours)
    found = both.group_by("month", "account").aggregate(
        ledger=both.ledger.sum(), ours=both.ours.sum()
    )
    nothing = found.account.isin(told).ifelse(ibis.literal(0, MONEY), None)
    found = found.mutate(ours=ibis.coalesce(found.ours.cast(MONEY), nothing))
    found = found.mutate(gap=found.ledger - found.ours)
    return answer(data, found.order_by("month", "account"), ["month", "account"])


def _rows_of(fact: str, data: Data) -> ir.Table:
    """Return the rows of a fact, with its measures that the data tell: net sales at least."""
    require_columns(data, fact, ["occurred_at", "net_sales"])
    known = [name for name in _MADE_OF if not missing(FACTS[fact], [name], data)]
    return FACTS[fact].build(data, {"occurred_at", *known})


def _within(rows: ir.Table, period: Period) -> ir.Table:
    at = rows.occurred_at
    return rows.filter(at >= midnight(period.start), at < midnight(period.end))


def _accounts(rows: ir.Table) -> dict[str, ir.Value]:
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
        made["revenue"] = net_revenue(rows)
    return {name: amount.cast(MONEY) for name, amount in made.items()}


def _ours_by_account(data: Data, period: Period) -> tuple[ir.Table, list[str]]:
    rows = _within(_rows_of("recognised", data), period)
    rows = rows.mutate(month=rows.occurred_at.truncate("M").date())
    accounts = _accounts(rows)
    wide = rows.group_by("month").aggregate(**accounts)
    tall = [
        wide.select(
            month=wide.month, account=ibis.literal(name), ledger=ibis.null(MONEY), ours=wide[name]
        )
        for name in accounts
    ]
    return (ibis.union(*tall) if len(tall) > 1 else tall[0]), [*accounts]


def _ledger_by_account(data: Data, period: Period) -> ir.Table:
    ledger = data.table("ledger")
    month = ledger.month.cast("timestamp").truncate("M").date()
    rows = ledger.select(
        month=month, account=ledger.account, ledger=ledger.amount.cast(MONEY), ours=ibis.null(MONEY)
    )
    wanted = rows.account.isin(ACCOUNTS)
    return rows.filter(wanted, rows.month >= period.start, rows.month < period.end)
