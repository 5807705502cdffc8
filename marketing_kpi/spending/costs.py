"""What new customers cost, and what spend brought by each model, by channel and by campaign."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from marketing_kpi.kpis.compute import compute, explain, shortage
from marketing_kpi.kpis.dictionary import Kpi, dictionary
from marketing_kpi.kpis.facts import FACTS, first_orders, missing
from marketing_kpi.kpis.facts.channels import (
    LOOKBACK_DAYS,
    orders_with_credit,
    spend_on_touched,
    spend_to_acquire,
)
from marketing_kpi.kpis.facts.touches import source_of
from marketing_kpi.kpis.frames import executed
from marketing_kpi.kpis.periods import day, midnight

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from marketing_kpi.data.model import Data

CHANNEL_KPIS = (
    "marketing_spend", "click_through_rate", "open_rate", "cost_per_click",
    "customer_acquisition_cost", "cost_per_order", "attributed_revenue", "return_on_ad_spend",
    "marketing_roi",
)  # fmt: skip
"""KPIs of a marketing channel, in the order in which they are shown."""

_TAIL = 0.025
_RETURNS = [
    "model", "channel", "spend", "revenue", "roas", "roi", "roas_low", "roi_low", "roas_high",
    "roi_high", "verdict",
]  # fmt: skip


def channel_results(data: Data, *, start: str | dt.date, end: str | dt.date) -> pd.DataFrame:
    """Return what each channel cost and brought: the KPIs of `CHANNEL_KPIS` that the data tell.

    Parameters
    ----------
    data
        What `open_data` returns.
    start, end
        The period; `end` is exclusive.

    Returns
    -------
    pandas.DataFrame
        A row a marketing channel, the most spent on first: marketing_channel (null: not known, of
        spend or touches that name none), a column a KPI, null where the data do not tell it (the
        spend on a channel of which none was ever recorded, what is credited to a channel of which
        no touch is recorded in the period), and spend_to_credit, the part of marketing_spend that
        what is credited is set against. Empty where they tell none.
    """
    told = [name for name in CHANNEL_KPIS if _is_told(name, data)]
    if not told:
        return pd.DataFrame(columns=["marketing_channel", *CHANNEL_KPIS, "spend_to_credit"])
    found = compute(told, data, by="marketing_channel", start=start, end=end)
    table = found if isinstance(found, pd.DataFrame) else executed(found)
    table = table.reindex(columns=["marketing_channel", *CHANNEL_KPIS])
    table = table.astype(dict.fromkeys(CHANNEL_KPIS, "float64"))
    is_named = table["marketing_channel"].notna()
    table = table[is_named | table[[*CHANNEL_KPIS]].fillna(0).ne(0).any(axis=1)]
    if "marketing_spend" in told:
        is_booked = table["marketing_channel"].isin(_booked(data))
        table["marketing_spend"] = table["marketing_spend"].where(~is_named | is_booked)
    if "attributed_revenue" in told:
        table["attributed_revenue"] = _of_touched(table, data, start=start, end=end)
    followed = spend_to_credit(data, start=start, end=end)
    table["spend_to_credit"] = table["marketing_channel"].map(followed).astype("float64")
    order = table["marketing_spend"].fillna(0)
    table = table.assign(_spend=order).sort_values(
        ["_spend", "marketing_channel"], ascending=[False, True]
    )
    return table.drop(columns="_spend").reset_index(drop=True)


def _booked(data: Data) -> pd.Series[str]:
    """Return the channels on which any spend, be it 0, was ever recorded."""
    spent = FACTS["marketing_spend"].build(data, {"marketing_channel", "amount"})
    channels = spent.filter(spent.amount.notnull()).select("marketing_channel").distinct()
    return executed(channels)["marketing_channel"]


def _of_touched(
    table: pd.DataFrame, data: Data, *, start: str | dt.date, end: str | dt.date
) -> pd.Series[float]:
    """Return what is credited; null, and not 0, where no touch is recorded that could be."""
    first, last = day(start, name="start"), day(end, name="end")
    seen = source_of(data).read(data)
    seen = _within(seen, "at", first - dt.timedelta(days=LOOKBACK_DAYS), last)
    touched = executed(seen.select("channel").distinct())["channel"]
    revenue = table["attributed_revenue"]
    return revenue.where(table["marketing_channel"].isin(touched) | (revenue != 0))


def _is_told(kpi: str, data: Data) -> bool:
    """Return whether the data tell a KPI, and tell it by channel."""
    entry = dictionary()[kpi]
    assert isinstance(entry, Kpi)
    if explain(kpi, data) is not None or entry.fact is None:
        return False
    return not missing(FACTS[entry.fact], {"marketing_channel"}, data)


def lacks_acquisition(
    data: Data,
    *,
    by: str = "marketing_channel",
    start: str | dt.date | None = None,
    end: str | dt.date | None = None,
) -> list[str]:
    """Return what the data lack for what new customers cost, by channel or by campaign.

    Parameters
    ----------
    data
        What `open_data` returns.
    by
        ``marketing_channel`` or ``campaign_id``.
    start, end
        The period, `end` exclusive. Where the data tell nobody's registration, a year of orders
        before it has to show who was a customer already.
    """
    needed = [
        "marketing_spend.day", "marketing_spend.amount", "marketing_spend.purpose",
        "marketing_spend.marketing_channel", "orders.customer_id",
    ]  # fmt: skip
    if by == "campaign_id":
        needed += ["marketing_spend.campaign_id", "touchpoints.campaign_id", "touchpoints.at"]
        needed += ["touchpoints.marketing_channel"]
    else:
        needed.append("contacts.acquisition_channel")
    lacking = [name for name in needed if not data.has(*name.split("."))]
    if by == "campaign_id" and not any(
        data.has("touchpoints", name) for name in ("customer_id", "visitor_id")
    ):
        lacking.append("touchpoints.customer_id")
    if not lacking and shortage("customer_acquisition_cost", data, start=start, end=end):
        lacking.append("contacts.registered_at")
    return lacking


def acquisition_costs(
    data: Data, *, start: str | dt.date, end: str | dt.date, by: str = "marketing_channel"
) -> pd.DataFrame | None:
    """Return what a new customer cost, by the channel or by the campaign that brought them.

    Parameters
    ----------
    data
        What `open_data` returns.
    start, end
        The period; `end` is exclusive.
    by
        ``marketing_channel``: who brought a customer is what the customer file says
        (`contacts.acquisition_channel`). ``campaign_id``: the campaign of the last non-direct touch
        before the first order, which only orders placed online have; spend is that of the days of
        touches, as in `spend_to_credit`, since nothing tells whom it brought on others.

    Returns
    -------
    pandas.DataFrame or None
        A row a channel or campaign with spend to acquire or with new customers, the most spent on
        first: its id (null: not known), spend (null: none), new_customers (null: of a campaign that
        no touch names, so that nothing tells whom it brought), cost of one with low and high: the
        95 % interval of a cost whose customers come at random (Poisson), null without spend or
        where the customers are not known; `high` also without customers. None where the data lack
        it, see `lacks_acquisition`.

    Notes
    -----
    The cost is the KPI `customer_acquisition_cost`, that of a campaign too; what customers are
    credited to differs.
    """
    if lacks_acquisition(data, by=by, start=start, end=end):
        return None
    first, last = day(start, name="start"), day(end, name="end")
    if by == "campaign_id":
        table = _by_campaign(data, first, last)
    else:
        table = _by_channel(data, first, last)
    table = table[table["spend"].notna() | (table["new_customers"] > 0)]
    spent, count = table["spend"], table["new_customers"].astype("float64")
    table = table.assign(
        cost=spent / count.where(count > 0),
        low=spent / _poisson_high(count),
        high=spent / _poisson_low(count).where(count > 0),
    )
    table = table.assign(_spend=spent.fillna(-1.0)).sort_values(
        ["_spend", by], ascending=[False, True]
    )
    return table.drop(columns="_spend").reset_index(drop=True)


def _poisson_low(count: pd.Series) -> pd.Series:
    from scipy.special import gammaincinv

    return pd.Series(gammaincinv(count.clip(lower=1), _TAIL), index=count.index)


def _poisson_high(count: pd.Series) -> pd.Series:
    from scipy.special import gammaincinv

    return pd.Series(gammaincinv(count + 1, 1 - _TAIL), index=count.index)


def _by_channel(data: Data, start: dt.date, end: dt.date) -> pd.DataFrame:
    read = {"occurred_at", "marketing_channel", "spend", "new_customers"}
    rows = _within(FACTS["acquisition"].build(data, read), "occurred_at", start, end)
    found = rows.group_by("marketing_channel").aggregate(
        spend=rows.spend.sum().cast("float64"),
        new_customers=rows.new_customers.sum().fill_null(0),
    )
    return executed(found)


def _by_campaign(data: Data, start: dt.date, end: dt.date) -> pd.DataFrame:
    begun = first_orders(data)
    begun = begun.select(buyer="customer_id", begun="first_order")
    orders = data.orders.select("order_id", "customer_id", "ordered_at")
    firsts = orders.inner_join(
        begun, [orders.customer_id == begun.buyer, orders.ordered_at == begun.begun]
    )
    firsts = _within(firsts, "ordered_at", start, end).select(first_id="order_id", buyer="buyer")
    credited = orders_with_credit(data)
    credited = credited.filter(credited.orders == 1)
    both = firsts.inner_join(credited, firsts.first_id == credited.order_id)
    came = both.group_by("campaign_id").aggregate(new_customers=both.buyer.nunique())
    spend = _within(spend_to_acquire(data), "occurred_at", start, end)
    spend = spend.filter(spend.campaign_id.notnull())
    paid = spend.group_by("campaign_id").aggregate(spend=spend.spend.sum().cast("float64"))
    table = executed(came).merge(executed(paid), on="campaign_id", how="outer")
    seen = source_of(data).read(data)
    named = executed(seen.select("campaign_id").distinct())["campaign_id"]
    count = table["new_customers"].astype("float64")
    count = count.mask(count.isna() & table["campaign_id"].isin(named), 0.0)
    return table.assign(new_customers=count)[["campaign_id", "spend", "new_customers"]]


def _within(rows: ir.Table, at: str, start: dt.date, end: dt.date) -> ir.Table:
    return rows.filter(rows[at] >= midnight(start), rows[at] < midnight(end))


def spend_to_credit(data: Data, *, start: str | dt.date, end: str | dt.date) -> dict[str, float]:
    """Return the spend that credited orders are set against, by marketing channel.

    That of the KPI `return_on_ad_spend`: on channels of which touches are recorded, in the days of
    these; where all touches of a channel name their campaign, on campaigns that are named. Money
    written down once a month or quarter, in its first or its last week, is spread evenly over the
    one it is dated in; any other that is written down once for more than a week, over the days
    until the next such row. It counts for those of the period among the days of touches. Empty
    where the data lack spend or touches.

    Parameters
    ----------
    data
        What `open_data` returns.
    start, end
        The period; `end` is exclusive.
    """
    if explain("return_on_ad_spend", data) is not None:
        return {}
    first, last = day(start, name="start"), day(end, name="end")
    rows = _within(spend_on_touched(data), "occurred_at", first, last)
    found = executed(
        rows.group_by("marketing_channel").aggregate(spend=rows.spend.sum().cast("float64"))
    )
    found = found.dropna().sort_values("marketing_channel")
    return dict(zip(found["marketing_channel"], found["spend"], strict=True))


def spend_days(data: Data) -> tuple[dt.date, dt.date] | None:
    """Return the first and the last day on which any marketing spend is recorded; None if none is.

    Before and after them, nobody knows whether nothing was spent: customers who came then are
    divided all the same into what was spent on others.
    """
    if not data.has("marketing_spend", "day", "amount"):
        return None
    rows = data.table("marketing_spend")
    rows = rows.filter(rows.amount.notnull())
    days = executed(rows.aggregate(first=rows.day.min(), last=rows.day.max())).iloc[0]
    if days.isna().any():
        return None
    return pd.Timestamp(days["first"]).date(), pd.Timestamp(days["last"]).date()


def margin_rate(data: Data, *, start: str | dt.date, end: str | dt.date) -> float | None:
    """Return the KPI `gross_margin_rate` of a period; None where the data do not tell it.

    Parameters
    ----------
    data
        What `open_data` returns.
    start, end
        The period; `end` is exclusive.
    """
    if explain("gross_margin_rate", data) is not None:
        return None
    found = compute("gross_margin_rate", data, start=start, end=end)
    table = found if isinstance(found, pd.DataFrame) else executed(found)
    rate = table["gross_margin_rate"].iloc[0] if len(table) else None
    return None if rate is None or pd.isna(rate) else float(rate)


def returns_by_model(credits: pd.DataFrame, *, spend: Mapping[str, float]) -> pd.DataFrame:
    """Return what a unit of spend brought, by each model of attribution.

    Parameters
    ----------
    credits
        What `channels.attribute` returns, of several models; with its intervals, these too.
    spend
        Money spent on each channel in the same period, see `spend_to_credit`; channels without are
        left out.

    Returns
    -------
    pandas.DataFrame
        A row a model and channel with spend: model, channel, spend, revenue, roas, roi (on the
        margin; null where no cost is known), each of these two with _low and _high where the
        credits have intervals; verdict, of the model: ``pays`` or ``loses`` where the interval of
        the ROI is above or below 0, else ``cannot_tell``. The interval holds the chance in who
        bought, not whether the model is right.

    Notes
    -----
    Of ``last_non_direct``, in journeys of the usual look-back, roas and roi are the KPIs
    `return_on_ad_spend` and `marketing_roi`.
    """
    if credits.empty:
        return pd.DataFrame(columns=_RETURNS)
    paid = {name: float(amount) for name, amount in spend.items() if amount and amount > 0}
    rows = credits[credits["channel"].isin([*paid])].copy()
    rows["spend"] = rows["channel"].map(paid).astype("float64")
    table = rows[["model", "channel", "spend", "revenue"]].reset_index(drop=True)
    unknown = pd.Series(np.nan, index=rows.index)
    for end in ("", "_low", "_high"):
        each = {
            name: (rows.get(f"{name}{end}", unknown).astype("float64") / rows["spend"]).to_numpy()
            for name in ("revenue", "margin")
        }
        table[f"roas{end}"], table[f"roi{end}"] = each["revenue"], each["margin"] - 1
    pays, loses = table["roi_low"] > 0, table["roi_high"] < 0
    table["verdict"] = np.select([pays, loses], ["pays", "loses"], "cannot_tell")
    return table


def agreement(returns: pd.DataFrame) -> pd.DataFrame:
    """Return whether models agree on a channel.

    Parameters
    ----------
    returns
        What `returns_by_model` returns.

    Returns
    -------
    pandas.DataFrame
        A row a channel, the most spent on first: channel, spend, models, roas_low and roas_high,
        the least and the most that a model says, roi_low and roi_high likewise; verdict: ``pays``
        or ``loses`` where all models say so, ``depends`` where one says pays and another loses,
        else ``cannot_tell``.
    """
    rows: list[dict[str, Any]] = []
    for channel, part in returns.groupby("channel", sort=True):
        said = {*part["verdict"]}
        both = {"pays", "loses"} <= said
        verdict = said.pop() if len(said) == 1 else "depends" if both else "cannot_tell"
        rows.append(
            {
                "channel": channel,
                "spend": part["spend"].iloc[0],
                "models": len(part),
                "roas_low": part["roas"].min(),
                "roas_high": part["roas"].max(),
                "roi_low": part["roi"].min(),
                "roi_high": part["roi"].max(),
                "verdict": verdict,
            }
        )
    names = ["channel", "spend", "models", "roas_low", "roas_high", "roi_low", "roi_high"]
    table = pd.DataFrame(rows, columns=[*names, "verdict"])
    table = table.sort_values(["spend", "channel"], ascending=[False, True])
    return table.reset_index(drop=True)
