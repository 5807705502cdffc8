"""Figures of channels: what `marketing_kpi.channels` returns, drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from marketing_kpi.channels import (
    CHANNEL_KPIS,
    AgainstLift,
    Allocation,
    Curves,
    JourneyQuality,
    Weeks,
    curve,
)
from marketing_kpi.kpis.dictionary import Kpi, dictionary
from marketing_kpi.plots import heat, intervals, style
from marketing_kpi.plots.retention import why_nothing
from marketing_kpi.plots.sentences.base import Sentence
from marketing_kpi.plots.tables import CHANNELS, Table, campaign_name, table
from marketing_kpi.text.locale import Reader
from marketing_kpi.text.messages import N_

MODEL_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "first": N_("First touch"),
        "last": N_("Last touch"),
        "last_non_direct": N_("Last non-direct"),
        "linear": N_("Linear"),
        "time_decay": N_("Time decay"),
        "position": N_("Position"),
        "markov": N_("Markov"),
        "shapley": N_("Shapley"),
    }
)
"""Names of the models of attribution."""

NEED_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "touches": N_("Dated touches with their channel"),
        "persons": N_("Who was touched"),
        "orders_of_persons": N_("Who ordered"),
        "impressions": N_("Kind of touch (seen, clicked)"),
        "visitors_of_customers": N_("Visitors tied to customers"),
        "amounts": N_("Amounts of orders"),
        "campaigns": N_("Campaign of each touch"),
        "control_group": N_("Members of campaigns, and their arm"),
    }
)
"""What attribution is made from, in words."""

CHECK_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "without_time": N_("Touches without a date"),
        "without_person": N_("Touches of nobody known"),
        "without_channel": N_("Touches without a channel"),
        "duplicates": N_("Touches recorded twice"),
        "anonymous": N_("Touches of visitors who are no known customer"),
        "shared_visitors": N_("Visitors seen as several customers"),
        "orders_without_person": N_("Orders of nobody known"),
        "orders_outside_touches": N_("Orders placed on days of which no touch is recorded"),
        "orders_of_older_touches": N_("Orders whose touches all came too long before them"),
        "orders_without_touch": N_("Orders that no touch precedes"),
        "orders_without_amount": N_("Orders without an amount"),
        "orders_without_cost": N_("Orders with a product of unknown cost"),
        "visits_after_order": N_("Orders dated before their own visit"),
        "orders_of_unknown_channels": N_("Orders of sales channels that the model does not know"),
        "one_touch": N_("Orders with one touch only"),
        "truncated": N_("Orders whose earlier touches are cut off"),
        "before_data": N_("Orders too early for all their touches to be recorded"),
        "under_way": N_("Journeys without an order that may still bring one"),
    }
)
"""What is checked of journeys, in words."""

OUTCOME_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "clicks": N_("Clicks"),
        "delivered": N_("Messages delivered"),
        "opened": N_("Messages opened"),
        "net_sales": N_("Net sales"),
        "orders": N_("Orders"),
        "customers_acquired": N_("New customers"),
    }
)
"""What weeks of spend are held against, in words."""

REASON_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "few_weeks": N_(
            "under two years of weeks with results: a season cannot be told from spend"
        ),
        "few_results": N_("too few results a week"),
        "never_varied": N_("spend never varied by itself"),
        "few_moves": N_("spend varied in a few weeks only"),
        "not_separable": N_("spend moved together with another channel's"),
    }
)
"""Why a channel has no response curve, in words."""

DIRECTION_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "raise": N_("Raise"),
        "lower": N_("Reduce"),
        "keep": N_("Keep"),
        "cannot_tell": N_("Cannot tell"),
    }
)
"""What to do with a channel's budget."""

_REACTION, _CONTACT = "reaction", "contact"
_TOUCH_NAMES = {_REACTION: N_("opened or clicked"), _CONTACT: N_("was contacted")}
_SMALL = 9
_CREDIT_KPIS = ("cost_per_order", "attributed_revenue", "return_on_ad_spend", "marketing_roi")
_COST_KPIS = tuple(name for name in CHANNEL_KPIS if name not in _CREDIT_KPIS)
_WHOLE = ("marketing_spend", "spend_to_credit", "attributed_revenue")


def channel_name(channel: Any, *, lang: str | Reader) -> str:
    """Return the name of a marketing channel; of none, that it is not known.

    >>> channel_name("paid_search", lang="en"), channel_name(None, lang="en")
    ('Paid search', 'Not known')
    """
    _ = Reader.of(lang).translate
    if channel is None or pd.isna(channel):
        return _("Not known")
    return _(CHANNELS.get(str(channel), str(channel)))


def channel_names(channels: Sequence[Any], *, lang: str | Reader) -> list[str]:
    """Return the names of marketing channels."""
    return [channel_name(channel, lang=lang) for channel in channels]


# --- Journeys and models --------------------------------------------------------------------


def journey_table(quality: JourneyQuality | None, *, lang: str | Reader) -> Table | None:
    """Show how well journeys can be made: each check, how often it fails, out of how many."""
    if quality is None:
        return None
    reader = Reader.of(lang)
    _ = reader.translate
    checks = quality.checks
    names = [_(CHECK_NAMES.get(check, check)) for check in checks["check"]]
    return table(
        checks.assign(check=names),
        lang=reader,
        id="journey_checks",
        caption=_("What journeys are made from, and what is missing in it"),
        columns=["check", "count", "total", "share"],
        names={
            "check": _("What is checked"), "count": _("Found"), "total": _("Out of"),
            "share": _("Share"),
        },
        units={"check": "text", "count": "count", "total": "count", "share": "fraction"},
    )  # fmt: skip


def requirement_table(requirements: pd.DataFrame, *, lang: str | Reader) -> Table:
    """Show what attribution needs of data, and whether these have it.

    Parameters
    ----------
    requirements
        What `channels.journey_requirements` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    rows = requirements.assign(
        need=[_(NEED_NAMES.get(need, need)) for need in requirements["need"]],
        columns=requirements["columns"].str.replace(" or ", _(" or "), regex=False),
    )
    return table(
        rows,
        lang=reader,
        id="journey_needs",
        caption=_("What attribution needs of the data"),
        columns=["need", "is_required", "is_met", "columns"],
        names={
            "need": _("Need"), "is_required": _("Indispensable"), "is_met": _("There"),
            "columns": _("Columns"),
        },
        units={"need": "text", "is_required": "yes_no", "is_met": "yes_no", "columns": "long_text"},
    )  # fmt: skip


@style.styled
def credit_by_model(
    credits: pd.DataFrame, *, lang: str | Reader, lacks: Sequence[str] = (), ax: Axes | None = None
) -> Axes:
    """Draw the share of orders that each model gives to each channel, as a grid.

    Parameters
    ----------
    credits
        What `channels.attribute` returns, of several models.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to draw.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("The same orders, shared out by each model")
    rows = credits.dropna(subset=["share"]) if len(credits) else credits
    axis = style.axes(ax, height=1.6 + 0.42 * max(rows["channel"].nunique(dropna=False), 2))
    if rows.empty:
        nothing = _("No order of the period has a journey.")
        return style.empty(
            axis, title=title, message=why_nothing(nothing, lacks, reader), is_said=True
        )
    grid = rows.assign(
        channel=channel_names(list(rows["channel"]), lang=reader),
        model=[_(MODEL_NAMES[model]) for model in rows["model"]],
    )
    models = list(dict.fromkeys(grid["model"]))
    grid = grid.pivot_table(index="channel", columns="model", values="share", aggfunc="sum")
    grid = grid[models].loc[grid.mean(axis=1).sort_values().index]
    heat.draw(axis, grid, lambda share: reader.percent(share, decimals=0), power=1, zero=None)
    axis.set_xticks(
        axis.get_xticks(), models, fontsize=8.5, rotation=30, ha="right", rotation_mode="anchor"
    )
    said = [
        _("{channel} from {low} ({least}) to {high} ({most})", channel=name,
          low=reader.percent(row.min(), decimals=0), least=row.idxmin(),
          high=reader.percent(row.max(), decimals=0), most=row.idxmax())
        for name, row in grid.iloc[::-1].iterrows()
    ]  # fmt: skip
    return style.finish(
        axis,
        title=title,
        alt=_("Grid of the share of orders by channel and model: {parts}.",
              parts=_("; ").join(said)),
        caption=_("Read by row: the more even it is, the less the choice of model matters. Each"
                  " column adds up to 100%: the models share out the same orders."),
    )  # fmt: skip


@style.styled
def roi_by_model(
    returns: pd.DataFrame, *, lang: str | Reader, lacks: Sequence[str] = (), ax: Axes | None = None
) -> Axes:
    """Draw the ROI that each model gives to each channel with spend: one dot a model.

    Parameters
    ----------
    returns
        What `channels.returns_by_model` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to draw.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    known = returns.dropna(subset=["roi"]) if len(returns) else returns
    column, unit = ("roi", "fraction") if len(known) else ("roas", "ratio")
    rows = known if len(known) else returns.dropna(subset=["roas"]) if len(returns) else returns
    title = _("Marketing ROI by model") if column == "roi" else _("ROAS by model")
    order = rows.drop_duplicates("channel").sort_values("spend", ascending=False)
    axis = style.axes(ax, height=1.5 + 0.42 * max(len(order), 2))
    if rows.empty:
        nothing = _("No channel has both spend and orders.")
        return style.empty(
            axis, title=title, message=why_nothing(nothing, lacks, reader), is_said=True
        )
    said = []
    for place, channel in enumerate(order["channel"]):
        part = rows[rows["channel"] == channel]
        low, high = part[column].min(), part[column].max()
        axis.plot([low, high], [place, place], color=style.ACCENT, linewidth=2)
        usual = part["model"] == "last_non_direct"
        axis.plot(
            part.loc[~usual, column], np.full((~usual).sum(), place), linestyle="", marker="o",
            markersize=6, color="white", markeredgecolor=style.ACCENT,
        )  # fmt: skip
        axis.plot(
            part.loc[usual, column], np.full(usual.sum(), place), linestyle="", marker="D",
            markersize=7, color=style.ACCENT,
        )  # fmt: skip
        spread = intervals.words(low, high, unit, reader)
        said.append(f"{channel_name(channel, lang=reader)} {spread}")
    even = 0.0 if column == "roi" else 1.0
    axis.axvline(even, color=style.REFERENCE, linestyle="--", linewidth=1.2)
    if rows[column].max() > 5 * max(abs(rows[column].median()), 1):
        axis.set_xscale("symlog", linthresh=1)
        axis.set_xlim(right=1.25 * rows[column].max())
    names = channel_names(list(order["channel"]), lang=reader)
    axis.set_yticks(range(len(names)), names, fontsize=_SMALL)
    axis.set_ylim(len(names) - 0.5, -0.5)
    _ticks(axis, unit, reader)
    axis.grid(axis="x")
    return style.finish(
        axis,
        title=title,
        alt=_("Dots by channel, from the least to the most that a model says: {parts}.",
              parts=_("; ").join(said)),
        caption=_("One dot a model; the diamond is the last non-direct touch. Dashes: spend and"
                  " margin are equal.")
        if column == "roi"
        else _("One dot a model; the diamond is the last non-direct touch. Dashes: sales and"
               " spend are equal."),
    )  # fmt: skip


def _ticks(axis: Axes, unit: str, reader: Reader) -> None:
    if axis.get_xscale() == "linear":
        style.value_axis(axis.xaxis, unit=unit, reader=reader)
        return
    low, high = axis.get_xlim()
    places = [one for one in (-1, 0, 1, 4, 15, 50, 200) if low <= one <= high]
    axis.set_xticks(places, [reader.unit(one, unit, decimals=0) for one in places])
    axis.minorticks_off()


@style.styled
def credit_against_lift(
    found: AgainstLift | None, *, lang: str | Reader, ax: Axes | None = None
) -> Axes:
    """Draw the orders that models credit a campaign with, on the interval of its control group.

    Parameters
    ----------
    found
        What `channels.against_lift` returns.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Orders credited, and orders added")
    size = 0 if found is None else len(found.credits)
    axis = style.axes(ax, height=1.6 + 0.26 * max(size, 4))
    unknown = found is None or found.problem is not None or not size
    if found is None or unknown or found.added_low is None or found.added_high is None:
        message = _("No campaign with a control group has touches to credit.")
        return style.empty(axis, title=title, message=message, is_said=True)
    low, high = found.added_low, found.added_high
    axis.axvspan(low, high, color=style.REFERENCE, alpha=0.25, linewidth=0)
    if found.added is not None:
        axis.axvline(found.added, color=style.REFERENCE, linestyle="--", linewidth=1.4)
    labels, said = [], []
    for begins in np.flatnonzero(found.credits["touch"].ne(found.credits["touch"].shift())):
        axis.axhline(begins - 0.5, color=style.REFERENCE, linewidth=0.8)
    for place, row in enumerate(found.credits.to_dict("records")):
        filled = row["touch"] == _REACTION
        axis.plot(
            row["credited"], place, marker="o", markersize=6.5, markeredgecolor=style.ACCENT,
            color=style.ACCENT if filled else "white",
        )  # fmt: skip
        name = _(MODEL_NAMES[row["model"]])
        labels.append(name)
        touch = _(_TOUCH_NAMES[row["touch"]])
        said.append(f"{name} ({touch}) {reader.integer(row['credited'])}")
    axis.set_yticks(range(size), labels, fontsize=8.5)
    axis.set_ylim(size - 0.5, -0.5)
    style.value_axis(axis.xaxis, unit="count", reader=reader)
    axis.grid(axis="x")
    return style.finish(
        axis,
        title=title,
        alt=_("Band of the orders that the control group says were added, {low} to {high}, and the"
              " orders credited: {parts}.",
              low=reader.integer(low), high=reader.integer(high), parts=_("; ").join(said)),
        caption=_("Band: 95% interval of the control group. Filled: the touch is an open or a"
                  " click; hollow: having been contacted."),
    )  # fmt: skip


# --- Costs ----------------------------------------------------------------------------------


def channel_table(results: pd.DataFrame, *, lang: str | Reader) -> Table | Sentence:
    """Show what each channel cost, and what its platform counted: a column a KPI.

    Parameters
    ----------
    results
        What `channels.channel_results` returns.
    lang
        The reader, or a language.

    Returns
    -------
    Table or Sentence
        A sentence where the data tell nothing of it.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    caption = _("What each channel cost")
    is_spent = results[[*_COST_KPIS]].fillna(0).ne(0).any(axis=1)
    rows = results[results["marketing_channel"].notna() | is_spent]
    if found := _of_channels(rows, _COST_KPIS, id="channels", caption=caption, reader=reader):
        return found
    return Sentence(_("The data tell neither what channels cost nor what their platforms count."))


def credit_table(results: pd.DataFrame, *, lang: str | Reader) -> Table | Sentence:
    """Show what each channel is credited with, beside the spend that this is set against.

    Parameters
    ----------
    results
        What `channels.channel_results` returns.
    lang
        The reader, or a language.

    Returns
    -------
    Table or Sentence
        A sentence where no touch is recorded.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    names = ("spend_to_credit", *_CREDIT_KPIS)
    caption = _("What each channel is credited with")
    untold = _("Not known: orders credited to touches that name no channel, so to no spend.")
    is_untold = results["marketing_channel"].isna() & results["attributed_revenue"].notna()
    found = _of_channels(
        results, names, id="credits", caption=caption, reader=reader,
        notes=[untold] if is_untold.any() else [],
    )  # fmt: skip
    return found or Sentence(_("No touch is recorded that an order could be credited to."))


def _of_channels(
    results: pd.DataFrame,
    wanted: Sequence[str],
    *,
    id: str,
    caption: str,
    reader: Reader,
    notes: Sequence[str] = (),
) -> Table | None:
    """Show the columns that are told; None where none is, and leave out channels without any."""
    _ = reader.translate
    told = [name for name in wanted if results[name].notna().any()]
    if not told:
        return None
    kpis = [name for name in told if name in CHANNEL_KPIS]
    entries = {name: dictionary()[name] for name in kpis}
    rows = results.dropna(subset=told, how="all")
    named = channel_names(list(rows["marketing_channel"]), lang=reader)
    return table(
        rows.assign(marketing_channel=named),
        lang=reader,
        id=id,
        caption=caption,
        columns=["marketing_channel", *told],
        names={
            "marketing_channel": _("Marketing channel"),
            "spend_to_credit": _("Spend followed by touches"),
            **{name: entry.name[reader.lang] for name, entry in entries.items()},
        },
        units={
            "marketing_channel": "text",
            "spend_to_credit": "currency",
            **{name: entry.unit for name, entry in entries.items() if isinstance(entry, Kpi)},
        },
        kpis={name: name for name in kpis},
        whole=[name for name in _WHOLE if name in told],
        notes=notes,
    )


@style.styled
def cac_intervals(
    costs: pd.DataFrame | None,
    *,
    lang: str | Reader,
    lacks: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw what a new customer cost, by channel or campaign, with intervals.

    Parameters
    ----------
    costs
        What `channels.acquisition_costs` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to draw.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("What a new customer cost")
    rows = pd.DataFrame() if costs is None else costs.dropna(subset=["cost"])
    axis = style.axes(ax, height=intervals.height(len(rows)))
    if rows.empty:
        nothing = _("No spend to acquire customers meets a new customer.")
        return style.empty(
            axis, title=title, message=why_nothing(nothing, lacks, reader), is_said=True
        )
    said = intervals.draw(
        axis, names=_names_of(rows, reader), values=list(rows["cost"]), low=list(rows["low"]),
        high=list(rows["high"]), unit="currency", reader=reader,
    )  # fmt: skip
    axis.set_xlim(left=0)
    return style.finish(
        axis,
        title=title,
        alt=_("Dots of the acquisition cost: {parts}.", parts=_("; ").join(said)),
        caption=_("Bars: 95% interval, as if customers came at random. Channels without spend to"
                  " acquire have no cost."),
    )  # fmt: skip


def _names_of(
    rows: pd.DataFrame, reader: Reader, campaigns: Mapping[str, str] | None = None
) -> list[str]:
    _ = reader.translate
    if "marketing_channel" in rows.columns:
        return channel_names(list(rows["marketing_channel"]), lang=reader)
    return [
        _("No campaign") if pd.isna(one) else campaign_name(one, campaigns)
        for one in rows["campaign_id"]
    ]


def cac_table(
    costs: pd.DataFrame | None,
    *,
    lang: str | Reader,
    campaigns: Mapping[str, str] | None = None,
) -> Table | None:
    """Show spend, new customers and the cost of one, by channel or campaign.

    Parameters
    ----------
    costs
        What `channels.acquisition_costs` returns.
    lang
        The reader, or a language.
    campaigns
        Names of campaigns by their ids, see `channels.campaign_names`; others go by their id.
    """
    if costs is None or costs.empty:
        return None
    reader = Reader.of(lang)
    _ = reader.translate
    key = str(costs.columns[0])
    spread = intervals.column(costs, "currency", reader)
    by_campaign = key == "campaign_id"
    return table(
        costs.assign(**{key: _names_of(costs, reader, campaigns)}, interval=spread),
        lang=reader,
        id=f"acquisition_by_{'campaign' if by_campaign else 'channel'}",
        caption=_("New customers by campaign of the last non-direct touch")
        if by_campaign
        else _("New customers by channel, as the customer file has it"),
        columns=[key, "spend", "new_customers", "cost", "interval", "low", "high"],
        hidden=["low", "high"],
        whole=["spend"],
        names={
            key: _("Campaign") if by_campaign else _("Marketing channel"),
            "spend": _("Spend to acquire"),
            "new_customers": _("New customers"),
            "cost": _("Cost of one"),
            "interval": _("95% interval"),
        },
        units={
            key: "text", "spend": "currency", "new_customers": "count", "cost": "currency",
            "interval": "text", "low": "currency", "high": "currency",
        },
        kpis={"cost": "customer_acquisition_cost"},
        notes=_of_campaigns(costs, reader) if by_campaign else [],
    )  # fmt: skip


def _of_campaigns(costs: pd.DataFrame, reader: Reader) -> list[str]:
    """Say whom a campaign brought, and of which campaigns nothing tells it."""
    _ = reader.translate
    said = [
        _("A new customer of a campaign is one whose first order follows a touch of it, the"
          " last that was no direct visit. First orders in a store have none."),
        _("The spend is that of the days of which touches are recorded: on others, nothing tells"
          " whom a campaign brought."),
    ]  # fmt: skip
    if costs["campaign_id"].isna().any():
        said.append(
            _("No campaign: the touch names none. Where only a part of a campaign's touches name"
              " it, it brought more than its row says, and each one cost less.")
        )  # fmt: skip
    if (costs["campaign_id"].notna() & costs["new_customers"].isna()).any():
        said.append(
            _("A dash under new customers: no recorded touch names the campaign, so that nothing"
              " tells whom it brought.")
        )  # fmt: skip
    return said


# --- Response curves and budget -------------------------------------------------------------


def present_weeks(found: Curves | Allocation, *, lang: str | Reader) -> list[str]:
    """Say of which weeks the present spend and results are; nothing where there is no week.

    Parameters
    ----------
    found
        What `channels.response_curves` or `channels.allocate` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if found.present is None:
        return []
    return [
        _(
            "Present spend, results and costs are means of the last weeks on record ({days}),"
            " whatever the period of the page.",
            days=reader.date_range(*found.present),
        )
    ]


@style.styled
def response_curve(
    weeks: Weeks | None,
    curves: Curves | None,
    *,
    channel: str | None,
    lang: str | Reader,
    lacks: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw a channel's weeks, and the curve fitted through them once the season is taken out.

    Parameters
    ----------
    weeks
        What `channels.weeks` returns.
    curves
        What `channels.response_curves` returns of them.
    channel
        A marketing channel that has a curve; None: there is none.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to draw.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("What more spend brings, week by week")
    axis = style.axes(ax)
    if weeks is None or curves is None or channel is None:
        nothing = _("No channel has a response curve.")
        return style.empty(
            axis, title=title, message=why_nothing(nothing, lacks, reader), is_said=True
        )
    result = weeks.result["all" if curves.shared else channel]
    line = curve(curves, channel=channel)
    axis.plot(
        weeks.spend[channel], result, linestyle="", marker="o", markersize=4, color="white",
        markeredgecolor=style.REFERENCE,
    )  # fmt: skip
    axis.fill_between(line["spend"], line["low"], line["high"], color=style.ACCENT, alpha=0.2)
    axis.plot(line["spend"], line["result"], color=style.ACCENT, linewidth=2.2)
    row = curves.table.set_index("marketing_channel").loc[channel]
    axis.plot(row["spend"], row["result"], marker="D", markersize=7, color=style.ACCENT)
    style.value_axis(axis.xaxis, unit="currency", reader=reader)
    unit = "currency" if curves.outcome == "net_sales" else "count"
    style.value_axis(axis.yaxis, unit=unit, reader=reader)
    outcome = _(OUTCOME_NAMES[curves.outcome])
    axis.set_xlabel(_("Spend a week"))
    axis.set_ylabel(outcome)
    axis.grid(visible=True)
    name = channel_name(channel, lang=reader)
    return style.finish(
        axis,
        title=_("{channel}: what more spend brings, week by week", channel=name),
        alt=_("Weeks of {channel} and the fitted curve: at {spend} a week {result} ({outcome}), and"
              " {double} per 1% more spend.",
              channel=name, spend=reader.money(row["spend"], decimals=0),
              result=reader.unit(row["result"], unit, decimals=0), outcome=outcome.lower(),
              double=reader.change(row["elasticity"] / 100, decimals=2)),
        caption=" ".join([
            _("Circles: weeks as they were, season and all. Line: the fitted curve at the"
              " present season, with its interval; diamond: the present."),
            *present_weeks(curves, lang=reader),
        ]),
    )  # fmt: skip


@style.styled
def elasticities(
    curves: Curves | None, *, lang: str | Reader, lacks: Sequence[str] = (), ax: Axes | None = None
) -> Axes:
    """Draw by how many percent the result grows when a channel's spend grows by one.

    Parameters
    ----------
    curves
        What `channels.response_curves` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to draw.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    rows = pd.DataFrame() if curves is None else curves.table.dropna(subset=["elasticity"])
    axis = style.axes(ax, height=intervals.height(len(rows)))
    if curves is None or rows.empty:
        title = _("What one percent more spend brings")
        nothing = _("No channel has a response curve.")
        return style.empty(
            axis, title=title, message=why_nothing(nothing, lacks, reader), is_said=True
        )
    outcome = _(OUTCOME_NAMES[curves.outcome])
    said = intervals.draw(
        axis, names=channel_names(list(rows["marketing_channel"]), lang=reader),
        values=list(rows["elasticity"]), low=list(rows["low"]), high=list(rows["high"]),
        unit="ratio", reader=reader, reference=0.0,
    )  # fmt: skip
    axis.axvline(1.0, color=style.REFERENCE, linestyle=":", linewidth=1.2)
    return style.finish(
        axis,
        title=_("{outcome}: what one percent more spend brings, in percent", outcome=outcome),
        alt=_("Dots of the elasticity: {parts}.", parts=_("; ").join(said)),
        caption=_("Bars: 95% intervals that hold together for all channels. Dashes at 0: no effect"
                  " shown; dots at 1: no saturation."),
    )  # fmt: skip


def curve_table(curves: Curves | None, *, lang: str | Reader) -> Table | None:
    """Show what each channel's weeks say: elasticity, and the cost of one more result.

    Parameters
    ----------
    curves
        What `channels.response_curves` returns.
    lang
        The reader, or a language.
    """
    if curves is None or curves.table.empty:
        return None
    reader = Reader.of(lang)
    _ = reader.translate
    rows = curves.table
    unit = "currency" if curves.outcome == "net_sales" else "count"
    names = {
        "marketing_channel": _("Marketing channel"),
        "spend": _("Spend a week"),
        "result": _(OUTCOME_NAMES[curves.outcome]),
        "elasticity": _("Elasticity"),
        "interval": _("95% interval"),
        "reason": _("Why no curve"),
    }
    said = ["" if pd.isna(reason) else _(REASON_NAMES[reason]) for reason in rows["reason"]]
    shown = rows.assign(
        marketing_channel=channel_names(list(rows["marketing_channel"]), lang=reader),
        interval=intervals.column(rows, lambda value: reader.number(value, decimals=2), reader),
        reason=pd.Series(said, index=rows.index).replace("", None),
    )
    columns = ["marketing_channel", "spend", "result", "elasticity", "interval"]
    units = {
        "marketing_channel": "text", "spend": "currency", "result": unit, "elasticity": "ratio",
        "interval": "text", "reason": "text",
    }  # fmt: skip
    if curves.outcome == "net_sales":
        ends = rows.rename(columns={"marginal_low": "l", "marginal_high": "h"})
        shown = shown.assign(
            marginal_interval=intervals.column(ends, "ratio", reader, low="l", high="h")
        )
        columns += ["marginal", "marginal_interval"]
        names |= {"marginal": _("Marginal ROAS"), "marginal_interval": _("Its interval")}
        units |= {"marginal": "ratio", "marginal_interval": "text"}
    else:
        positive = rows["marginal_low"] > 0
        shown = shown.assign(
            each=rows["spend"] / rows["result"].where(rows["result"] > 0),
            next_one=(1 / rows["marginal"]).where(positive),
        )
        columns += ["each", "next_one"]
        names |= {"each": _("Average cost of one"), "next_one": _("Cost of the next one")}
        units |= {"each": "currency", "next_one": "currency"}
    columns += ["reason"] if any(said) else []
    return table(
        shown,
        lang=reader,
        id=f"curves_{curves.outcome}",
        caption=_(
            "What the weeks say of each channel ({outcome})",
            outcome=_(OUTCOME_NAMES[curves.outcome]).lower(),
        ),
        columns=columns,
        names=names,
        units=units,
        whole=["spend", "result"],
        notes=present_weeks(curves, lang=reader),
        kpis={"marginal": "marginal_roas"} if "marginal" in columns else None,
    )


@style.styled
def budget_shares(
    allocation: Allocation | None, *, lang: str | Reader, ax: Axes | None = None
) -> Axes:
    """Draw the present and the best division of the budget, a row a channel.

    Parameters
    ----------
    allocation
        What `channels.allocate` returns.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("The budget now, and as the curves would divide it")
    rows = pd.DataFrame() if allocation is None else allocation.table
    axis = style.axes(ax, height=1.5 + 0.42 * max(len(rows), 2))
    if allocation is None or rows.empty:
        nothing = _("Under two channels have a response curve: there is nothing to divide.")
        return style.empty(axis, title=title, message=nothing, is_said=True)
    said = []
    for place, row in enumerate(rows.to_dict("records")):
        sure = row["direction"] in ("raise", "lower")
        axis.plot(
            [row["now"], row["best"]], [place, place], color=style.ACCENT,
            linewidth=2.2 if sure else 1.2, linestyle="-" if sure else ":",
        )  # fmt: skip
        axis.plot(row["now"], place, marker="o", markersize=6.5, color=style.REFERENCE)
        axis.plot(
            row["best"], place, marker="D", markersize=7, markeredgecolor=style.ACCENT,
            color=style.ACCENT if sure else "white",
        )  # fmt: skip
        now, best = (reader.money(row[name], decimals=0) for name in ("now", "best"))
        said.append(
            _("{channel} {now} now, {best} best ({direction})",
              channel=channel_name(row["marketing_channel"], lang=reader), now=now, best=best,
              direction=_(DIRECTION_NAMES[row["direction"]]).lower())
        )  # fmt: skip
    names = channel_names(list(rows["marketing_channel"]), lang=reader)
    axis.set_yticks(range(len(names)), names, fontsize=_SMALL)
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.set_xlim(left=0)
    style.value_axis(axis.xaxis, unit="currency", reader=reader)
    axis.grid(axis="x")
    return style.finish(
        axis,
        title=title,
        alt=_("Dots of the spend a week, now and best: {parts}.", parts=_("; ").join(said)),
        caption=" ".join([
            _("Grey dot: now. Diamond: best, filled where the weeks leave little doubt of the"
              " direction; no channel leaves the range that it has already spent."),
            *present_weeks(allocation, lang=reader),
        ]),
    )  # fmt: skip


def budget_table(allocation: Allocation | None, *, lang: str | Reader) -> Table | None:
    """Show the present and the best division of the budget, and how sure each change is.

    Parameters
    ----------
    allocation
        What `channels.allocate` returns.
    lang
        The reader, or a language.
    """
    if allocation is None:
        return None
    reader = Reader.of(lang)
    _ = reader.translate
    rows = allocation.table
    return table(
        rows.assign(
            marketing_channel=channel_names(list(rows["marketing_channel"]), lang=reader),
            direction=[_(DIRECTION_NAMES[one]) for one in rows["direction"]],
            moved=[reader.signed_money(one) for one in rows["change"]],
        ),
        lang=reader,
        id="budget",
        caption=_("A weekly budget, divided"),
        columns=["marketing_channel", "now", "best", "moved", "raised", "direction", "change"],
        hidden=["change"],
        whole=["now", "best"],
        notes=present_weeks(allocation, lang=reader),
        names={
            "marketing_channel": _("Marketing channel"),
            "now": _("Now, a week"),
            "best": _("Best, a week"),
            "moved": _("Change"),
            "raised": _("Curves that raise it"),
            "direction": _("What to do"),
        },
        units={
            "marketing_channel": "text", "now": "currency", "best": "currency", "moved": "text",
            "raised": "fraction", "direction": "text", "change": "currency",
        },
    )  # fmt: skip
