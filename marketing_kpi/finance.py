"""Financial health: from gross to net, what customers keep bringing, disputes, and the ledger.

The formulas of KPIs on the facts of `marketing_kpi.kpis.facts.finance`, and analyses made of the
same rows. Sales, refunds, allowances and lost chargebacks count at their own date; of an order
that is not valid neither its sale nor what was given back for it does.

``bridge`` and ``bridge_change`` go from gross sales to net revenue, ``root_causes`` ranks what was
lost on the way. ``revenue_retention`` and ``year_on_year`` follow last year's customers.
``chargebacks_by``, ``dispute_delays``, ``dispute_outcomes`` and ``fighting`` are of disputed
payments. ``reconciliation`` and ``gaps`` hold the ledger against the data. ``paid_less`` adds up
the discounts on whole orders, which no line tells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

from marketing_kpi.accounts.books import (
    REASONS,
    TOLERANCE,
    Gaps,
    compared_months,
    gaps,
    lacks_books,
    reconciliation,
    whole_months,
)
from marketing_kpi.accounts.disputes import (
    FEWEST_DECIDED,
    RIPE_DAYS,
    Delays,
    Fighting,
    chargebacks_by,
    dispute_delays,
    dispute_outcomes,
    fighting,
    lacks_disputes,
)
from marketing_kpi.accounts.kept import (
    COHORT,
    YEARS,
    base_customers,
    lacks_kept,
    retention_of,
    revenue_retention,
    year_on_year,
)
from marketing_kpi.accounts.leaks import (
    CAUSES,
    CREDITED_GOODS,
    PROMOTION_UNKNOWN,
    lacks_causes,
    root_causes,
    untold_causes,
)
from marketing_kpi.accounts.steps import (
    ACCOUNTS,
    DEDUCTIONS,
    LARGE_CUT,
    STEPS,
    Listed,
    bridge,
    bridge_change,
    deduction_rates,
    lacks_bridge,
    listed,
    rate_changes,
    share_of,
    step_shares,
)
from marketing_kpi.accounts.whole_orders import SMALLEST_SHARE, PaidLess, paid_less
from marketing_kpi.kpis.extent import is_compared, longest_gap
from marketing_kpi.kpis.facts.finance import net_of_deductions
from marketing_kpi.kpis.formulas import ratio
from marketing_kpi.kpis.unpriced import unpriced

if TYPE_CHECKING:
    from marketing_kpi.kpis.formulas import Fact

__all__ = [
    "ACCOUNTS",
    "CAUSES",
    "COHORT",
    "CREDITED_GOODS",
    "DEDUCTIONS",
    "FEWEST_DECIDED",
    "LARGE_CUT",
    "PROMOTION_UNKNOWN",
    "REASONS",
    "RIPE_DAYS",
    "SMALLEST_SHARE",
    "STEPS",
    "TOLERANCE",
    "YEARS",
    "Delays",
    "Fighting",
    "Gaps",
    "Listed",
    "PaidLess",
    "allowances",
    "base_customers",
    "bridge",
    "bridge_change",
    "chargeback_rate",
    "chargeback_win_rate",
    "chargebacks_by",
    "compared_months",
    "deduction_rates",
    "dispute_delays",
    "dispute_outcomes",
    "fighting",
    "gaps",
    "gross_revenue_retention",
    "is_compared",
    "lacks_books",
    "lacks_bridge",
    "lacks_causes",
    "lacks_disputes",
    "lacks_kept",
    "listed",
    "longest_gap",
    "net_revenue",
    "net_revenue_retention",
    "paid_less",
    "rate_changes",
    "reconciliation",
    "reconciliation_gap",
    "refund_rate",
    "retention_of",
    "revenue_leakage",
    "revenue_retention",
    "root_causes",
    "share_of",
    "step_shares",
    "unpriced",
    "untold_causes",
    "whole_months",
    "year_on_year",
]

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
