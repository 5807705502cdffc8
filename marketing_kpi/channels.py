"""Marketing channels: what is spent on them, and what a new customer costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marketing_kpi.kpis.formulas import ratio

if TYPE_CHECKING:
    from marketing_kpi.kpis.formulas import Fact


def marketing_spend(spend: Fact) -> Any:
    """Add up what was spent on marketing, in the data's currency. Fact: `marketing_spend`."""
    return spend.amount.sum()


def customer_acquisition_cost(acquisition: Fact) -> Any:
    """Divide the spend to acquire customers by the customers whose first order came.

    In the data's currency. Null without new customers, and where no such spend is recorded: that
    tells nothing, rather than that customers came free. Fact: `acquisition`.
    """
    return ratio(acquisition.spend.sum(), acquisition.new_customers.sum())
