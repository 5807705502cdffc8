"""What channels cost and brought, in sentences: the answer first, and what to do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import pandas as pd

from marketing_kpi.channels import AgainstLift, Allocation, Curves, JourneyQuality
from marketing_kpi.data.model import SALES_CHANNELS
from marketing_kpi.data.words import remedy
from marketing_kpi.kpis.facts.touches import ONLINE
from marketing_kpi.kpis.periods import day
from marketing_kpi.plots import intervals
from marketing_kpi.plots.channels import (
    DIRECTION_NAMES,
    MODEL_NAMES,
    OUTCOME_NAMES,
    REASON_NAMES,
    channel_name,
    channel_names,
    present_weeks,
)
from marketing_kpi.plots.retention import why_nothing
from marketing_kpi.plots.sentences.base import Sentence
from marketing_kpi.plots.tables import campaign_name
from marketing_kpi.text.locale import Reader

_USUAL = "last_non_direct"
_FEWEST = 30
"""Orders with a journey under which models are not compared."""

_MANY = 0.05
"""Share of orders from which a fault of the journeys is said."""

_LEAST_FOLLOWED = 0.5
"""Share of orders with a journey under which no channel is said to pay, or not to."""

_MOST_NAMED = 5
"""Sales channels named at most."""

_SAME = 0.005
"""Difference of shares that no rounded figure shows."""

_MOST_UNRECORDED = 31
"""Days without recorded spend of which nothing is said: many books are kept by the month."""

_FAULTS = (
    "orders_outside_touches", "orders_without_touch", "orders_of_older_touches", "truncated",
    "orders_without_person", "visits_after_order", "before_data", "orders_without_cost",
)  # fmt: skip


def headline(
    credits: pd.DataFrame,
    agreed: pd.DataFrame,
    *,
    lang: str | Reader,
    start: str | dt.date,
    end: str | dt.date,
    found: JourneyQuality | None = None,
    lacks: Sequence[str] = (),
) -> Sentence:
    """Say which channels bring orders, how far models agree, and which pay under all of them.

    Parameters
    ----------
    credits
        What `channels.attribute` returns, of all models.
    agreed
        What `channels.agreement` returns.
    lang
        The reader, or a language.
    start, end
        The period, `end` exclusive.
    found
        What `channels.journey_quality` returns, to say so where it allows no verdict.
    lacks
        What the data lack for journeys.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    known = credits.dropna(subset=["share"]) if len(credits) else credits
    left_out = [_left_out(found, reader)] if found and found.unknown_channels else []
    if known.empty:
        nothing = why_nothing(_("No order of the period has a journey."), lacks, reader)
        return Sentence(" ".join([nothing, *left_out]))
    orders = known.loc[known["model"] == _USUAL, "conversions"].sum()
    if orders < _FEWEST:
        return Sentence(" ".join([_few(orders, reader), *left_out]))
    usual = known[known["model"] == _USUAL].sort_values("share", ascending=False).iloc[0]
    shares = known.loc[known["channel"] == usual["channel"], "share"]
    parts = [
        _(
            "From {period}, orders placed online that follow recorded touches: {orders}. {channel}"
            " comes first by the last touch that was no direct visit, with {share} of them.",
            period=reader.date_range(start, end),
            orders=reader.integer(orders),
            channel=channel_name(usual["channel"], lang=reader),
            share=reader.percent(usual["share"], decimals=0),
        )
    ]
    if shares.max() - shares.min() >= _SAME:
        parts.append(
            _(
                "Depending on the model, it gets from {low} to {high}.",
                low=reader.percent(shares.min(), decimals=0),
                high=reader.percent(shares.max(), decimals=0),
            )
        )
    verdicts = _by_verdict(agreed, reader)
    doubt = _no_verdict(found, reader)
    parts += [doubt] if doubt and verdicts else verdicts
    return Sentence(" ".join([*parts, *left_out]))


def _few(orders: float, reader: Reader) -> str:
    _ = reader.translate
    return _(
        "Orders with a journey in the period: {n}. That is too few to compare channels or models.",
        n=reader.integer(orders),
    )


def returns(
    agreed: pd.DataFrame, *, lang: str | Reader, found: JourneyQuality | None = None
) -> Sentence:
    """Say which channels pay under every model, and which under some only.

    Parameters
    ----------
    agreed
        What `channels.agreement` returns.
    lang
        The reader, or a language.
    found
        What `channels.journey_quality` returns, to say so where it allows no verdict.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    said = _by_verdict(agreed, reader)
    if not said:
        return Sentence(_("No channel has spend, orders and a margin to set against each other."))
    if doubt := _no_verdict(found, reader):
        return Sentence(doubt)
    warning = _(
        "All of it holds only as far as the credited sales are the channel's doing, which no model"
        " shows: a test in which chance decides who is reached does."
    )
    return Sentence(" ".join([*said, warning]))


def _by_verdict(agreed: pd.DataFrame, reader: Reader) -> list[str]:
    _ = reader.translate
    if agreed.empty or agreed["roi_low"].isna().all():
        return []
    named = {
        verdict: ", ".join(channel_names(list(part["channel"]), lang=reader))
        for verdict, part in agreed.groupby("verdict")
    }
    words = {
        "pays": _("Margin exceeds spend under every model: {names}."),
        "loses": _("Spend exceeds margin under every model: {names}."),
        "depends": _(
            "It depends on the model, one says it pays and another that it does not: {names}."
        ),
        "cannot_tell": _("Too close to call under some model: {names}."),
    }
    return [words[one].format(names=named[one]) for one in words if one in named]


def _no_verdict(found: JourneyQuality | None, reader: Reader) -> str | None:
    """Say why no channel can be said to pay or not: too much of what it brought is not told."""
    _ = reader.translate
    if found is None:
        return None
    shares = found.checks.set_index("check")["share"]
    older = shares.get("orders_of_older_touches", 0)
    if shares["orders_without_touch"] > 1 - _LEAST_FOLLOWED:
        return _(
            "Whether a channel pays cannot be told: {share} of the orders placed online have no"
            " recorded touch. Repair the tracking first.",
            share=reader.percent(shares["orders_without_touch"], decimals=0),
        )
    if shares["orders_without_touch"] + older > 1 - _LEAST_FOLLOWED:
        return _(
            "Whether a channel pays cannot be told: {untouched} of the orders placed online have no"
            " recorded touch, and {older} only touches too long before them to count. Raise"
            " lookback_days, and repair the tracking.",
            untouched=reader.percent(shares["orders_without_touch"], decimals=0),
            older=reader.percent(older, decimals=0),
        )
    if shares.get("orders_without_cost", 0) >= _MANY:
        return _(
            "Whether a channel pays cannot be told: {share} of the orders placed online hold a"
            " product of unknown cost, whose margin is left out. Complete the costs first.",
            share=reader.percent(shares["orders_without_cost"], decimals=0),
        )
    return None


def quality(
    found: JourneyQuality | None, *, lang: str | Reader, lacks: Sequence[str] = ()
) -> Sentence:
    """Say how many orders have a journey, and what spoils the journeys.

    Parameters
    ----------
    found
        What `channels.journey_quality` returns; None where the data lack journeys.
    lang
        The reader, or a language.
    lacks
        What the data lack for them.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if found is None:
        return Sentence(why_nothing(_("There are no journeys in the data."), lacks, reader))
    checks = found.checks.set_index("check")
    journeys = found.journeys
    orders = journeys.conversions + journeys.without_touch
    if not orders:
        nothing = _("No order was placed online in the period.")
        return Sentence(" ".join([nothing, *_of_unknown_channels(found, reader)]))
    parts = [
        _(
            "Orders placed online: {orders}, of which {share} have a recorded journey.",
            orders=reader.integer(orders),
            share=reader.percent(journeys.conversions / orders),
        )
    ]
    shares, days = checks["share"], reader.integer(journeys.lookback_days)
    if "one_touch" in shares and pd.notna(shares["one_touch"]):
        parts.append(
            _(
                "{share} of these have one touch only in the {days} days before them: on them, all"
                " models agree.",
                share=reader.percent(shares["one_touch"]),
                days=days,
            )
        )
    worst = [name for name in _FAULTS if name in shares and shares[name] >= _MANY]
    said = {
        "orders_outside_touches": _("Many orders were placed before the first day of touches or"
                                    " after the last ({share}): nobody knows what brought them, so"
                                    " read the figures as those of the other orders."),
        "orders_of_older_touches": _("Many orders have touches before them, all more than {days}"
                                     " days earlier ({share}): no model credits these orders, so"
                                     " raise lookback_days."),
        "truncated": _("Many journeys are cut ({share}): touches more than {days} days before the"
                       " order do not count. First touches are too late there, so raise"
                       " lookback_days."),
        "orders_without_touch": _("Many orders have no touch before them ({share}): what brought"
                                  " them is not followed, so repair the tracking first."),
        "orders_without_person": _("Many orders have no known person ({share}): their journeys are"
                                   " lost, so ask for an account or an e-mail address."),
        "visits_after_order": _("Many orders are dated before their own visit ({share}): two clocks"
                                " differ, and touches fall on the wrong side."),
        "before_data": _("The first orders of the period ({share}) come too early for all of their"
                         " touches to be recorded: first touches are too late there."),
        "orders_without_cost": _("Many orders hold a product of unknown cost ({share}): its margin"
                                 " is left out, so ROI looks too low. Complete the costs."),
    }  # fmt: skip
    parts += [said[name].format(share=reader.percent(shares[name]), days=days) for name in worst]
    return Sentence(" ".join([*parts, *_of_unknown_channels(found, reader)]))


def _of_unknown_channels(found: JourneyQuality, reader: Reader) -> list[str]:
    """Say which sales channels are not known, what is online, and how the mapping tells."""
    _ = reader.translate
    if not found.unknown_channels:
        return []
    elsewhere = [name for name in SALES_CHANNELS if name not in ONLINE]
    return [
        _left_out(found, reader),
        _(
            "Placed online are the orders of {online} and those that name no channel; those of"
            " {elsewhere} are not. Say in the mapping which of these each other one is, such as"
            " {remedy}.",
            online=", ".join(ONLINE),
            elsewhere=", ".join(elsewhere),
            remedy=remedy("channel", found.unknown_channels, expected=SALES_CHANNELS),
        ),
    ]


def _left_out(found: JourneyQuality, reader: Reader) -> str:
    """Say which orders are left out, since nothing tells whether they were placed online."""
    _ = reader.translate
    row = found.checks.set_index("check").loc["orders_of_unknown_channels"]
    names = ", ".join([*found.unknown_channels][:_MOST_NAMED])
    rest = len(found.unknown_channels) - _MOST_NAMED
    return _(
        "Left out, since the model does not know their sales channel ({names}): {n} orders,"
        " {share} of those of the period.",
        names=names if rest <= 0 else f"{names}…",
        n=reader.integer(row["count"]),
        share=reader.percent(row["share"]),
    )


def models(credits: pd.DataFrame, *, lang: str | Reader) -> Sentence | None:
    """Say on which channel the models differ most.

    Parameters
    ----------
    credits
        What `channels.attribute` returns, of several models.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    rows = credits.dropna(subset=["share"]) if len(credits) else credits
    if rows.empty or rows["model"].nunique() < 2:
        return None
    if rows.loc[rows["model"] == rows["model"].iloc[0], "conversions"].sum() < _FEWEST:
        return None
    parts = [part for _name, part in rows.groupby("channel", dropna=False)]
    widest = max(parts, key=lambda part: float(part["share"].max() - part["share"].min()))
    ordered = widest.sort_values("share", kind="stable")
    low, high = ordered.iloc[0], ordered.iloc[-1]
    if high["share"] - low["share"] < _SAME:
        return None
    return Sentence(
        _(
            "Models differ most on {channel}: {least} gives it {low} of the orders, {most} {high}."
            " They see the same journeys: the difference is the rule alone.",
            channel=channel_name(low["channel"], lang=reader),
            least=_(MODEL_NAMES[low["model"]]),
            low=reader.percent(low["share"], decimals=0),
            most=_(MODEL_NAMES[high["model"]]),
            high=reader.percent(high["share"], decimals=0),
        )
    )


def acquisition(
    costs: pd.DataFrame | None,
    *,
    lang: str | Reader,
    start: str | dt.date,
    end: str | dt.date,
    recorded: tuple[dt.date, dt.date] | None = None,
    lacks: Sequence[str] = (),
) -> Sentence:
    """Say which channel brings new customers dearest and cheapest, if chance lets one tell.

    Parameters
    ----------
    costs
        What `channels.acquisition_costs` returns by channel.
    lang
        The reader, or a language.
    start, end
        The period, `end` exclusive.
    recorded
        What `channels.spend_days` returns.
    lacks
        What the data lack.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    rows = pd.DataFrame() if costs is None else costs.dropna(subset=["cost"])
    if costs is None or rows.empty:
        nothing = _("No spend to acquire customers meets a new customer.")
        return Sentence(why_nothing(nothing, lacks, reader))
    spent, came = (costs[name].sum() for name in ("spend", "new_customers"))
    paid = rows["new_customers"].sum()
    amounts = {
        "spend": reader.money(spent, decimals=0),
        "blended": reader.money(spent / came, decimals=0),
        "all": reader.integer(came),
        "cost": reader.money(spent / paid, decimals=0),
        "paid": reader.integer(paid),
    }
    if came > paid:
        said = [
            _(
                "Acquiring cost {spend}: {blended} for each new customer ({all}), which is the"
                " CAC, and {cost} for each one of the channels paid for ({paid}).",
                **amounts,
            )
        ]
    else:
        said = [_("Acquiring cost {spend}: {cost} for each new customer ({paid}).", **amounts)]
    said += _partly_recorded(recorded, start, end, reader)
    ordered = rows.sort_values("cost", kind="stable")
    cheap, dear = ordered.iloc[0], ordered.iloc[-1]
    if len(rows) > 1:
        names = {
            "dear": channel_name(dear.iloc[0], lang=reader),
            "cheap": channel_name(cheap.iloc[0], lang=reader),
            "most": reader.money(dear["cost"], decimals=0),
            "least": reader.money(cheap["cost"], decimals=0),
        }
        if dear["low"] > cheap["high"]:
            said.append(
                _("{dear} costs most ({most}), {cheap} least ({least}), more than chance explains.",
                  **names)
            )  # fmt: skip
        else:
            said.append(
                _("{dear} looks dearest ({most}) and {cheap} cheapest ({least}), but their"
                  " intervals meet.", **names)
            )  # fmt: skip
    return Sentence(" ".join(said))


def _partly_recorded(
    recorded: tuple[dt.date, dt.date] | None,
    start: str | dt.date,
    end: str | dt.date,
    reader: Reader,
) -> list[str]:
    """Say which days the spend covers, where it leaves out a good part of the period."""
    _ = reader.translate
    if recorded is None:
        return []
    begins, ends = day(start, name="start"), day(end, name="end")
    first, after = recorded[0], recorded[1] + dt.timedelta(days=1)
    if max((first - begins).days, (ends - after).days) <= _MOST_UNRECORDED:
        return []
    return [
        _(
            "Spend is recorded from {days} only, while new customers of the whole period are"
            " counted: if money was spent on the other days too, one costs more.",
            days=reader.date_range(max(first, begins), min(after, ends)),
        )
    ]


def lift(
    found: AgainstLift | None, *, lang: str | Reader, campaigns: Mapping[str, str] | None = None
) -> Sentence:
    """Say what models credit a campaign with, beside what its control group says it added.

    Parameters
    ----------
    found
        What `channels.against_lift` returns.
    lang
        The reader, or a language.
    campaigns
        Names of campaigns by their ids, see `channels.campaign_names`.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if found is None or found.problem is not None or found.added is None or found.credits.empty:
        return Sentence(
            _(
                "No campaign with a control group has touches to credit: nothing here says what"
                " credit is worth. Keep a random tenth out of the next one."
            )
        )
    credited = found.credits["credited"]
    parts = [
        _(
            "Campaign {campaign}: by its control group it added {added} orders (95% interval:"
            " {spread}); depending on the model and on what counts as its touch, it is credited"
            " with {low} to {high}.",
            campaign=campaign_name(found.campaign, campaigns),
            added=reader.integer(found.added),
            spread=intervals.words(found.added_low, found.added_high, reader.integer, reader),
            low=reader.integer(credited.min()),
            high=reader.integer(credited.max()),
        )
    ]
    verdicts = found.credits["verdict"].value_counts()
    count, size = int(verdicts.get("too_many", 0)), len(found.credits)
    if found.added_low is not None and found.added_low <= 0:
        parts.append(_("The control group cannot tell whether it added any order at all."))
    if count:
        parts.append(
            _.n(
                "{n} of {size} credits is more than the control group allows: the rest of these"
                " orders would have come anyway.",
                "{n} of {size} credits are more than the control group allows: the rest of these"
                " orders would have come anyway.",
                count,
                n=reader.integer(count),
                size=reader.integer(size),
            )
        )
    return Sentence(" ".join(parts))


def responses(curves: Curves | None, *, lang: str | Reader, lacks: Sequence[str] = ()) -> Sentence:
    """Say what the next unit of spend brings on each channel that has a curve of its own.

    Parameters
    ----------
    curves
        What `channels.response_curves` returns of results that each channel has of its own.
    lang
        The reader, or a language.
    lacks
        What the data lack.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    rows = pd.DataFrame() if curves is None else curves.table
    if curves is None or rows.empty:
        return Sentence(why_nothing(_("No whole week has a spend on record."), lacks, reader))
    outcome = _(OUTCOME_NAMES[curves.outcome]).lower()
    parts = []
    shown = rows[rows["marginal_low"] > 0]
    saturating = shown[shown["verdict"] == "saturating"]
    if len(saturating):
        names = ", ".join(
            _("{channel} (the next one costs {next}, against {average} on average)",
              channel=channel_name(row["marketing_channel"], lang=reader),
              next=reader.money(1 / row["marginal"]),
              average=reader.money(row["spend"] / row["result"]))
            for row in saturating.to_dict("records")
        )  # fmt: skip
        parts.append(_("Saturating, counted in {outcome}: {names}.", outcome=outcome, names=names))
        parts += present_weeks(curves, lang=reader)
    straight = shown[shown["verdict"] == "proportional"]
    if len(straight):
        names = ", ".join(channel_names(list(straight["marketing_channel"]), lang=reader))
        parts.append(_("No saturation shown: {names}.", names=names))
    silent = rows[rows["verdict"].isin(["cannot_tell", "lower"])]
    if len(silent):
        names = ", ".join(channel_names(list(silent["marketing_channel"]), lang=reader))
        parts.append(_("No effect of spend shown: {names}.", names=names))
    return Sentence(" ".join([*parts, *_without_curve(rows, reader)]))


def _without_curve(rows: pd.DataFrame, reader: Reader) -> list[str]:
    _ = reader.translate
    none = rows[rows["reason"].notna()]
    if none.empty:
        return []
    names = ", ".join(
        f"{channel_name(row['marketing_channel'], lang=reader)} ({_(REASON_NAMES[row['reason']])})"
        for row in none.to_dict("records")
    )
    return [_("Cannot tell: {names}.", names=names)]


def sales_response(
    curves: Curves | None, *, lang: str | Reader, lacks: Sequence[str] = ()
) -> Sentence:
    """Say whether the weeks show that spend moves sales, and what to do where they do not.

    Parameters
    ----------
    curves
        What `channels.response_curves` returns of a result of the whole shop.
    lang
        The reader, or a language.
    lacks
        What the data lack.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    rows = pd.DataFrame() if curves is None else curves.table
    if curves is None or rows.empty:
        return Sentence(why_nothing(_("No whole week has a spend on record."), lacks, reader))
    fitted = rows.dropna(subset=["elasticity"])
    if fitted.empty:
        return Sentence(" ".join(_without_curve(rows, reader)))
    seen = fitted[fitted["low"] > 0]
    falls = fitted[fitted["high"] < 0]
    if len(falls):
        names = ", ".join(channel_names(list(falls["marketing_channel"]), lang=reader))
        return Sentence(
            _(
                "Sales are lower in weeks of more spend on: {names}. Money rarely does that:"
                " something else moves both, and these weeks cannot tell what spend does.",
                names=names,
            )
        )
    if seen.empty:
        first = _(
            "The weeks cannot tell what more spend brings in sales: every interval holds 0,"
            " and the marginal ROAS of {channel} may be anything from {spread}. Vary one channel's"
            " spend at random, by region or by week, before moving the budget on sales. That does"
            " not prove spend useless: these weeks are not enough to tell.",
            channel=channel_name(fitted.iloc[0]["marketing_channel"], lang=reader),
            spread=intervals.words(
                fitted.iloc[0]["marginal_low"],
                fitted.iloc[0]["marginal_high"],
                lambda value: reader.number(value, decimals=1),
                reader,
            ),
        )
        return Sentence(first)
    names = ", ".join(
        _("{channel} ({spread} of sales for one more of spend)",
          channel=channel_name(row["marketing_channel"], lang=reader),
          spread=intervals.words(row["marginal_low"], row["marginal_high"],
                                 lambda value: reader.number(value, decimals=1), reader))
        for row in seen.to_dict("records")
    )  # fmt: skip
    said = _(
        "Sales rise with the spend on: {names}. Whatever else moves with that spend would show the"
        " same: confirm it by a test before you rely on it.",
        names=names,
    )
    return Sentence(said)


def budget(
    allocation: Allocation | None, *, outcome: str, valued: bool, lang: str | Reader
) -> Sentence:
    """Say what another division of the budget would bring, and how sure that is.

    Parameters
    ----------
    allocation
        What `channels.allocate` returns.
    outcome
        What the curves count, as in `channels.weeks`.
    valued
        Whether results were given a value in money.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if allocation is None:
        return Sentence(_("Under two channels have a response curve: there is nothing to divide."))
    money = valued or outcome == "net_sales"
    counted = _(OUTCOME_NAMES[outcome]).lower()

    def amount(value: float) -> str:
        if money:
            return reader.signed_money(value)
        return _("{n} {outcome}", n=reader.integer(value), outcome=counted)

    spread = intervals.words(allocation.low, allocation.high, amount, reader)
    total = reader.money(allocation.budget, decimals=0)
    if allocation.verdict != "gain":
        return Sentence(
            _(
                "Cannot tell: dividing the {budget} a week otherwise may change the result by"
                " {spread} a week. Keep the present division, or test one change.",
                budget=total,
                spread=spread,
            )
        )
    sure = allocation.table[allocation.table["direction"].isin(["raise", "lower"])]
    more = channel_names(
        list(sure.loc[sure["direction"] == "raise", "marketing_channel"]), lang=reader
    )
    less = channel_names(
        list(sure.loc[sure["direction"] == "lower", "marketing_channel"]), lang=reader
    )
    said = []
    if valued:
        said.append(
            _(
                "Suppose that each result is worth the margin credited to it by the last non-direct"
                " touch alone (the sales, where no cost is known)."
            )
        )
    said += [
        _(
            "Dividing the same {budget} a week as the curves say would bring {gain} more a week,"
            " {share} of the present result (95% interval: {spread}).",
            budget=total,
            gain=reader.money(allocation.gain, decimals=0) if money else amount(allocation.gain),
            share=reader.percent(allocation.gain / allocation.result),
            spread=spread,
        )
    ]
    if more:
        said.append(_("More for: {names}.", names=", ".join(more)))
    if less:
        said.append(_("Less for: {names}.", names=", ".join(less)))
    if not valued and outcome != "net_sales":
        said.append(
            _(
                "That counts each of the {outcome} alike, whatever it sells: see whether the"
                " division still gains once each has its value.",
                outcome=counted,
            )
        )
    return Sentence(" ".join(said))


def budget_by_model(divided: pd.DataFrame, *, lang: str | Reader) -> Sentence | None:
    """Say whether the direction of a change depends on the model that values the results.

    Parameters
    ----------
    divided
        What `channels.allocate_by_model` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if divided.empty:
        return None
    sure = divided[divided["direction"] != "cannot_tell"]
    size = reader.integer(divided["models"].max())
    if sure.empty:
        return Sentence(
            _(
                "Valued by each of the {n} models in turn, no channel is raised or reduced by all:"
                " the change depends on a rule that nobody has tested. Test it before you move"
                " money.",
                n=size,
            )
        )
    names = ", ".join(
        f"{channel_name(row['marketing_channel'], lang=reader)}"
        f" ({_(DIRECTION_NAMES[row['direction']]).lower()})"
        for row in sure.to_dict("records")
    )
    return Sentence(
        _(
            "Valued by each of the {n} models in turn, all agree on: {names}. On the other"
            " channels, they do not.",
            n=size,
            names=names,
        )
        if len(sure) < len(divided)
        else _("Valued by each of the {n} models in turn, all agree: {names}.", n=size, names=names)
    )
