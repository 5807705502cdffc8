"""Marketing channels: what is spent on them, what a new customer costs, what campaigns add."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marketing_kpi.attribution.credit import MODELS, attribute, removal_effects
from marketing_kpi.attribution.journeys import Journeys, journeys
from marketing_kpi.attribution.lift import AgainstLift, against_lift
from marketing_kpi.attribution.quality import (
    JourneyQuality,
    journey_quality,
    journey_requirements,
)
from marketing_kpi.kpis.facts.touches import lacking as lacking_for_journeys
from marketing_kpi.kpis.formulas import ratio
from marketing_kpi.spending.budget import (
    Allocation,
    allocate,
    allocate_by_model,
    values_by_model,
)
from marketing_kpi.spending.costs import (
    CHANNEL_KPIS,
    acquisition_costs,
    agreement,
    channel_results,
    lacks_acquisition,
    margin_rate,
    returns_by_model,
    spend_days,
    spend_to_credit,
)
from marketing_kpi.spending.curves import (
    Curves,
    curve,
    marginal_roas,
    response_curves,
)
from marketing_kpi.spending.weeks import Weeks, lacks_weeks, weeks
from marketing_kpi.trials.trial import campaign_names

if TYPE_CHECKING:
    from marketing_kpi.kpis.formulas import Fact

__all__ = [
    "CHANNEL_KPIS",
    "MODELS",
    "AgainstLift",
    "Allocation",
    "Curves",
    "JourneyQuality",
    "Journeys",
    "Weeks",
    "absolute_lift",
    "acquisition_costs",
    "against_lift",
    "agreement",
    "allocate",
    "allocate_by_model",
    "attribute",
    "attributed_revenue",
    "campaign_names",
    "channel_results",
    "click_through_rate",
    "cost_per_click",
    "cost_per_order",
    "curve",
    "customer_acquisition_cost",
    "incremental_revenue",
    "incremental_roi",
    "journey_quality",
    "journey_requirements",
    "journeys",
    "lacking_for_journeys",
    "lacks_acquisition",
    "lacks_weeks",
    "margin_rate",
    "marginal_roas",
    "marketing_roi",
    "marketing_spend",
    "open_rate",
    "relative_lift",
    "removal_effects",
    "response_curves",
    "response_rate",
    "return_on_ad_spend",
    "returns_by_model",
    "spend_days",
    "spend_to_credit",
    "values_by_model",
    "weeks",
]


def marketing_spend(spend: Fact) -> Any:
    """Add up what was spent on marketing, in the data's currency. Fact: `marketing_spend`."""
    return spend.amount.sum()


def customer_acquisition_cost(acquisition: Fact) -> Any:
    """Divide the spend to acquire customers by the customers whose first order came.

    In the data's currency. Null without new customers, and where no such spend is recorded: that
    tells nothing, rather than that customers came free. Fact: `acquisition`.
    """
    return ratio(acquisition.spend.sum(), acquisition.new_customers.sum())


# --- Media and messages ---------------------------------------------------------------------


def click_through_rate(media: Fact) -> Any:
    """Divide the clicks by the impressions, over the rows that count impressions.

    Messages have none, and their clicks would be clicks on nothing. Fact: `media`.
    """
    shown = (media.impressions > 0) & media.clicks.notnull()
    return ratio(media.clicks.sum(where=shown), media.impressions.sum(where=shown))


def open_rate(media: Fact) -> Any:
    """Divide the messages opened by those delivered, where both are counted. Fact: `media`."""
    told = media.opened.notnull() & media.delivered.notnull()
    return ratio(media.opened.sum(where=told), media.delivered.sum(where=told))


def cost_per_click(media: Fact) -> Any:
    """Divide what was spent by the clicks, where both are known; null without a click.

    In the data's currency. Fact: `media`.
    """
    told = media.amount.notnull() & media.clicks.notnull()
    return ratio(media.amount.sum(where=told), media.clicks.sum(where=told))


# --- Orders credited to the last touch that was no direct visit -------------------------------


def attributed_revenue(credits: Fact) -> Any:
    """Add up the net sales of the orders credited, in the data's currency.

    0 where none is; null where no touch is recorded, or the amount of no order credited is known.
    Fact: `credited_orders`.
    """
    return _credited(credits.revenue, credits.orders)


def cost_per_order(credits: Fact) -> Any:
    """Divide the spend on channels that touches tell of by the orders credited to these.

    In the data's currency; null without such an order. Fact: `credited_orders`.
    """
    return ratio(credits.spend.sum(), credits.orders.sum(where=credits.is_followed))


def return_on_ad_spend(credits: Fact) -> Any:
    """Divide the net sales credited to channels with spend by that spend.

    Null where nothing is spent. Fact: `credited_orders`.
    """
    revenue = _credited(credits.revenue, credits.orders, where=credits.is_followed)
    return ratio(revenue, credits.spend.sum())


def marketing_roi(credits: Fact) -> Any:
    """Take the spend from the margin credited to channels with spend, and divide by the spend.

    The margin is that of the lines whose cost is known; null where none is, or nothing is spent.
    Fact: `credited_orders`.
    """
    margin = _credited(credits.margin, credits.orders, where=credits.is_followed)
    spend = credits.spend.sum()
    return ratio(margin.cast("float64") - spend.cast("float64"), spend)


def _credited(amount: Any, orders: Any, where: Any = None) -> Any:
    """Return a sum over credited orders: 0 without any, null where none of theirs is known."""
    return (orders.sum(where=where) == 0).ifelse(0, amount.sum(where=where))


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
