"""Marketing channels: what is spent on them, what a new customer costs, what campaigns add."""

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


# --- Campaigns with a control group ---------------------------------------------------------


def response_rate(campaigns: Fact) -> Any:
    """Divide the members who responded by the members contacted; null without any contacted.

    Null too where no reaction to the campaign is recorded at all: nobody follows it. Opens are no
    response, since mail programs make them by themselves. Fact: `campaigns`.
    """
    followed = campaigns.responded.notnull()
    return ratio(campaigns.responded.sum(), campaigns.contacted.sum(where=followed))


def absolute_lift(campaigns: Fact) -> Any:
    """Take the share of buyers of the control from that of the treated: a fraction, from -1 to 1.

    Of several campaigns, the mean of their lifts for each treated member: pooled arms would
    compare campaigns with each other wherever the control's share differs. Null without a treated
    or a control member; a campaign with a member in two arms says nothing and is left out, here and
    below. Fact: `campaigns`.
    """
    extra = _extra(campaigns, "buyers")
    return ratio(extra.sum(), campaigns.treated.sum(where=extra.notnull()))


def relative_lift(campaigns: Fact) -> Any:
    """Divide the additional buyers by those that the treated would have had without it.

    For one campaign, rate of the treated / rate of the control - 1. Null where no control member
    bought: nothing tells what would have been. Fact: `campaigns`.
    """
    expected = _expected(campaigns, "buyers")
    return ratio(_extra(campaigns, "buyers").sum(), expected.sum())


def incremental_revenue(campaigns: Fact) -> Any:
    """Multiply the difference of mean net sales, treated less control, by the treated members.

    In the data's currency; of several campaigns, their sum. Campaigns without a control member say
    nothing and are left out: null where no other is. Fact: `campaigns`.
    """
    return _extra(campaigns, "revenue").sum()


def incremental_roi(campaigns: Fact) -> Any:
    """Take the cost from the incremental gross profit, and divide by the cost.

    Null where nothing was spent, or where the cost, the margin or the control is not known of any
    campaign; of several, those that lack one of them are left out. A margin is known when the cost
    of all that the members bought is: to leave some of it out would leave out buyers alone, and
    never those who bought nothing. Fact: `campaigns`.
    """
    margin = _extra(campaigns, "margin")
    known = margin.notnull() & campaigns.cost.notnull()
    cost = campaigns.cost.sum(where=known)
    return ratio(margin.sum(where=known) - cost, cost)


def _expected(campaigns: Fact, outcome: str) -> Any:
    """Return what the treated would have done, had they done as the control of their campaign."""
    return campaigns.treated.nullif(0) * ratio(campaigns[f"control_{outcome}"], campaigns.controls)


def _extra(campaigns: Fact, outcome: str) -> Any:
    """Return what the treated did beyond that; null without a treated or a control member."""
    done = campaigns[f"treated_{outcome}"].cast("float64")
    return done - _expected(campaigns, outcome)
