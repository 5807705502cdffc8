"""What the analysis of customer lifetime value found, in sentences."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from marketing_kpi import clv
from marketing_kpi.kpis.facts.service import COSTS
from marketing_kpi.plots.sentences.base import Sentence
from marketing_kpi.rfm import box_name
from marketing_kpi.text.locale import Reader, is_absent
from marketing_kpi.text.messages import N_

_REASONS: Mapping[str, str] = {
    "no_loss": N_("Nobody was lost: no finite lifespan follows, but at least {months}."),
    "no_customers": N_("Nobody was active at the start of the period: there is nothing to lose."),
    "short_history": N_("The data do not cover the days that attrition reads."),
}
_ANSWERS: Mapping[str, str] = {
    "ok": N_("What customers did lies within the interval: the forecast held."),
    "too_low": N_("Customers bought more than the whole interval: the forecast is too low."),
    "too_high": N_("Customers bought less than the whole interval: the forecast is too high."),
    "no_cohort": N_("No customer was there before the days held out: nothing can be checked."),
    "no_fit": N_("Nothing could be fitted before the days held out: nothing can be checked."),
    "no_interval": N_("The fit tells no interval: nothing can be checked."),
    "too_few_purchases": N_("Too few purchases were held out to tell a good forecast from a bad."),
}

WIDEST = 10.0
"""Times that the ends of an interval may lie apart for its amount to be shown; a convention."""

_CANNOT_TELL: Mapping[str, str] = {
    "interval": N_("Cannot tell, the interval includes the cost: {channels}."),
    "few_customers": N_("Cannot tell, too few customers were acquired: {channels}."),
    "unknown_costs": N_("Cannot tell, too much was sold at an unknown cost: {channels}."),
    "unknown_returns": N_("Cannot tell, it depends on what went back on the shelf: {channels}."),
}
_ALL_LOST = N_(
    "The data do not say which returned goods went back on the shelf: all count as lost."
)

_FAILED: Mapping[str, str] = {
    "too_low": N_("On the days held out this model foretold too little: take it for a floor."),
    "too_high": N_("On the days held out this model foretold too much: count on less."),
}


def attrition(
    measured: pd.DataFrame, *, lang: str | Reader, start: Any, end: Any, activity_days: int
) -> Sentence:
    """Say which part of the customers was lost, how sure that is, and how long one stays.

    Parameters
    ----------
    measured
        What `clv.attrition` returns for all customers together.
    lang
        The reader, or a language.
    start, end
        The period.
    activity_days
        The days after an order for which a customer counted as active.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    row = measured.iloc[0]
    reason = None if is_absent(row["reason"]) else str(row["reason"])
    if reason in ("no_customers", "short_history"):
        return Sentence(_(_REASONS[reason]))
    text = _(
        "Of {active} customers active on {start}, with an order in the {days} before, {lost} had "
        "none in the {days} before {end}: attrition of {rate} (95% interval: {low} to {high}).",
        active=reader.integer(row["active"]),
        start=reader.date(start),
        end=reader.date(end),
        days=reader.days(activity_days),
        lost=reader.integer(row["lost"]),
        rate=reader.percent(row["rate"]),
        low=reader.percent(row["low"]),
        high=reader.percent(row["high"]),
    )
    if reason == "no_loss":
        least = reader.months(row["lifespan_low"], decimals=0)
        return Sentence(f"{text} {_(_REASONS[reason], months=least)}")
    stays = _(
        "At that pace a customer stays {months} on average ({low} to {high}).",
        months=reader.months(row["lifespan_months"]),
        low=reader.months(row["lifespan_low"]),
        high=reader.months(row["lifespan_high"]),
    )
    return Sentence(f"{text} {stays}")


def windows(measured: pd.DataFrame, *, lang: str | Reader) -> Sentence:
    """Say how far the attrition rate moves with the activity window.

    Parameters
    ----------
    measured
        What `clv.attrition_by_window` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    known = measured.dropna(subset=["rate"])
    if len(known) < 2:
        return Sentence(_("The history is too short to try other activity windows."))
    first, last = known.iloc[0], known.iloc[-1]
    return Sentence(
        _(
            "With a window of {short}, {high} of customers look lost; with {long}, {low}. The "
            "customers did not change, only the definition: always say the window with the rate.",
            short=reader.days(first["activity_days"]),
            long=reader.days(last["activity_days"]),
            high=reader.percent(first["rate"]),
            low=reader.percent(last["rate"]),
        )
    )


def simple(found: clv.Simple, *, lang: str | Reader) -> Sentence:
    """Say what the simple formula makes of these customers.

    Parameters
    ----------
    found
        What `clv.simple` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if found.cltv is None:
        return Sentence(
            _("The simple formula cannot be worked out: one of its four averages is not known.")
        )
    return Sentence(
        _(
            "By the simple formula a customer is worth {cltv} of margin, before discounting and "
            "before the cost of winning and serving them. In revenue it would read {revenue}: "
            "that is not what may be spent.",
            cltv=reader.money(found.cltv, decimals=0),
            revenue=reader.money(found.revenue, decimals=0),
        )
    )


def frequencies(found: pd.DataFrame, *, lang: str | Reader) -> Sentence:
    """Say what doubling the frequency of six months would claim.

    Parameters
    ----------
    found
        What `clv.frequency_by_window` returns, with 6 and 12 months.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    by_months = found.dropna(subset=["yearly"]).set_index("months")["yearly"]
    if not {6, 12} <= set(by_months.index):
        return Sentence(_("The history is too short to compare six months with twelve."))
    six, twelve = float(by_months[6]), float(by_months[12])
    return Sentence(
        _(
            "Orders per buyer of the last six months, doubled: {six} a year. Counted over twelve: "
            "{twelve}. Doubling is off by {error}, since each window has its own buyers.",
            six=reader.number(six, decimals=2),
            twelve=reader.number(twelve, decimals=2),
            error=reader.change(six / twelve - 1, decimals=0),
        )
    )


def counted_as_lost(unsure: clv.UnsureReturns | None, reader: Reader) -> str | None:
    """Say how many returns count as lost though the data do not say so; None if none does."""
    _ = reader.translate
    if unsure is None or not unsure.unsure:
        return None
    if unsure.unsure == unsure.returns:
        return _(_ALL_LOST)
    return _.n(
        "Of {all} returns, {count} does not say whether the goods went back on the shelf: it "
        "counts as lost, for want of knowing.",
        "Of {all} returns, {count} do not say whether the goods went back on the shelf: they "
        "count as lost, for want of knowing.",
        unsure.unsure,
        all=reader.integer(unsure.returns),
        count=reader.integer(unsure.unsure),
    )


def unprofitable(
    found: clv.Unprofitable,
    *,
    lang: str | Reader,
    lacking: Collection[str] = (),
    unsure: clv.UnsureReturns | None = None,
) -> Sentence:
    """Say how many customers cost more than they bring, and how much.

    Parameters
    ----------
    found
        What `clv.unprofitable` returns.
    lang
        The reader, or a language.
    lacking
        What `clv.lacking_costs` returns: without any cost of serving, nobody can be told.
    unsure
        What `clv.unsure_returns` returns: where it is not known what went back on the shelf, some
        who are counted may bring more.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if not found.customers:
        return Sentence(_("No customer's profit is known: the data do not tell costs."))
    if {*COSTS} <= {*lacking}:
        return Sentence(
            _("The data tell no cost of serving: who costs more than they bring, one cannot tell.")
        )
    text = _.n(
        "{n} customer of {all} ({share}) costs more than they bring: {loss} in all.",
        "{n} customers of {all} ({share}) cost more than they bring: {loss} in all.",
        found.unprofitable,
        n=reader.integer(found.unprofitable),
        all=reader.integer(found.customers),
        share=reader.percent(found.share),
        loss=reader.money(found.loss, decimals=0),
    )
    if found.silent and found.silent == found.unprofitable:
        text += " " + _(
            "None of them bought anything in the period: only returns and messages cost money."
        )
    elif found.silent:
        text += " " + _(
            "{silent} of them bought nothing in the period (returns and messages only, "
            "{silent_loss}); the others lose on what they buy.",
            silent=reader.integer(found.silent),
            silent_loss=reader.money(found.silent_loss, decimals=0),
        )
    lost = counted_as_lost(unsure, reader)
    stock = [lost, _("Some of these customers may bring more.")] if lost else []
    stock = stock if found.unprofitable else []
    return Sentence(" ".join([text, *stock, *_unknown_costs(found, reader)]))


def _unknown_costs(found: clv.Unprofitable, reader: Reader) -> list[str]:
    """Return what unknown costs of goods take from a count of unprofitable customers."""
    _ = reader.translate
    said = []
    if found.doubtful:
        said.append(
            _.n(
                "{count} of them also bought goods of unknown cost, and may bring more.",
                "{count} of them also bought goods of unknown cost, and may bring more.",
                found.doubtful,
                count=reader.integer(found.doubtful),
            )
        )
    if found.unknown:
        said.append(
            _.n(
                "{count} customer is left out: no cost of their goods is known.",
                "{count} customers are left out: no cost of their goods is known.",
                found.unknown,
                count=reader.integer(found.unknown),
            )
        )
    return said


def fixed_dates(regularity: float | None, *, lang: str | Reader) -> Sentence | None:
    """Say whether customers buy on fixed dates: then no forecast of the page can serve them.

    Parameters
    ----------
    regularity
        What `clv.regularity` returns.
    lang
        The reader, or a language.

    Returns
    -------
    Sentence or None
        None where the waits between purchases are not known.
    """
    if regularity is None:
        return None
    reader = Reader.of(lang)
    _ = reader.translate
    if regularity >= clv.REGULAR:
        return Sentence(
            _(
                "No: from one purchase to the next, a customer's own wait varies by {part} of its "
                "mean.",
                part=reader.percent(regularity, decimals=0),
            )
        )
    return Sentence(
        _(
            "These customers buy on regular dates, as subscribers do: from one purchase to the "
            "next, a customer's own wait varies by {part} of its mean only. Models of purchases at "
            "random do not fit them: this page foretells none of their purchases. What looks ahead "
            "in it rests on the attrition measured, where the data tell it.",
            part=reader.percent(regularity, decimals=0),
        )
    )


def fit(found: Any, *, lang: str | Reader) -> Sentence:
    """Say what a model of purchases learned, or what is wrong with the data.

    Parameters
    ----------
    found
        What `clv.fit_bg_nbd` or `clv.fit_pareto_nbd` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if not found.is_fitted:
        return Sentence(found.advice(reader.lang))
    read = _.n(
        "The model read {customers} customer, with {groups} different histories.",
        "The model read {customers} customers, with {groups} different histories.",
        found.customers,
        customers=reader.integer(found.customers),
        groups=reader.integer(found.groups),
    )
    parts = [read] if found.clock is None else [read, _on_clock(found.clock, reader)]
    if found.diagnosis is not None:
        parts.append(found.advice(reader.lang))
    return Sentence(" ".join(parts))


def _on_clock(found: clv.Clock, reader: Reader) -> str:
    """Say that time is counted on the season's clock, and what that does."""
    _ = reader.translate
    return _(
        "The forecast starts after a high season, when everybody has just bought and looks "
        "livelier than they are. So time is counted on the season's clock, learnt from these "
        "customers' purchases of other years: a day counts for {fast} days in the fastest "
        "month, for {slow} in the slowest, and a whole year for a year.",
        fast=reader.number(max(found.pace), decimals=2),
        slow=reader.number(min(found.pace), decimals=2),
    )


def held_out(verdict: clv.Verdict, *, lang: str | Reader) -> Sentence | None:
    """Say whether a forecast held on the days that the model had not seen.

    Parameters
    ----------
    verdict
        What `clv.holdout_verdict` returns.
    lang
        The reader, or a language.

    Returns
    -------
    Sentence or None
        None where nothing was foretold, since customers buy on fixed dates.
    """
    if verdict.reason == "fixed_dates":
        return None
    reader = Reader.of(lang)
    _ = reader.translate
    answer = _(_ANSWERS[verdict.reason or verdict.answer])
    if verdict.predicted is None or verdict.low is None or verdict.high is None:
        return Sentence(answer)
    return Sentence(
        _(
            "Held out: {actual} purchases, foretold {predicted} (95% prediction interval: {low} "
            "to {high}).",
            actual=reader.integer(verdict.actual),
            predicted=reader.integer(round(verdict.predicted)),
            low=reader.integer(verdict.low),
            high=reader.integer(verdict.high),
        )
        + f" {answer}"
    )


def second_opinion(
    first: clv.Verdict, second: clv.Verdict, *, lang: str | Reader
) -> Sentence | None:
    """Say whether another model foretells much the same.

    Parameters
    ----------
    first, second
        What `clv.holdout_verdict` returns of BG/NBD and of Pareto/NBD.
    lang
        The reader, or a language.

    Returns
    -------
    Sentence or None
        None where neither was fitted, since customers buy on fixed dates.
    """
    if first.reason == "fixed_dates":
        return None
    reader = Reader.of(lang)
    _ = reader.translate
    if not first.predicted or second.predicted is None:
        return Sentence(_("No second opinion could be had."))
    return Sentence(
        _(
            "Pareto/NBD, which lets customers leave at any time, foretells {second} where BG/NBD "
            "foretells {first}: {gap}.",
            first=reader.integer(round(first.predicted)),
            second=reader.integer(round(second.predicted)),
            gap=reader.change(second.predicted / first.predicted - 1),
        )
    )


def values(found: clv.GammaGamma, *, lang: str | Reader, net: bool = False) -> Sentence:
    """Say what a purchase is worth on average, and whether frequency goes with value.

    Parameters
    ----------
    found
        What `clv.fit_gamma_gamma` returns.
    lang
        The reader, or a language.
    net
        Whether refunds were deducted from the purchases that it was fitted on.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    mean, relation = found.population_mean, found.correlation
    if found.diagnosis is not None or is_absent(mean.estimate):
        advice = found.advice(reader.lang) or _("Nothing could be foretold.")
        if "mean_unlike_model" in found.diagnoses:
            means = _(
                "They paid {paid} a purchase on average; the model says {mean}.",
                paid=reader.money(found.agreement.mean_paid),
                mean=reader.money(mean.estimate),
            )
            return Sentence(f"{advice} {means}")
        if found.foretells or not found.foretells_all:
            return Sentence(advice)
        average = _(
            "For all customers together its average holds: {mean} a repeat purchase.",
            mean=reader.money(mean.estimate),
        )
        return Sentence(f"{advice} {average}")
    text = _(
        "A repeat purchase is worth {mean} on average (95% interval: {low} to {high}).",
        mean=reader.money(mean.estimate),
        low=reader.money(mean.low),
        high=reader.money(mean.high),
    )
    parts = [text]
    if net:
        parts.append(_("Refunds are deducted; a purchase refunded in full still counts as one."))
    if found.left_out:
        parts.append(
            _.n(
                "{count} customer is left out: the value of their repeat purchases is 0 or "
                "unknown.",
                "{count} customers are left out: the value of their repeat purchases is 0 or "
                "unknown.",
                found.left_out,
                count=reader.integer(found.left_out),
            )
        )
    if relation.low is None or relation.high is None:
        return Sentence(" ".join(parts))
    said = (
        _("The model takes frequency and value for unrelated, and nothing here says otherwise "
          "(correlation {value}, {low} to {high}).")
        if relation.low <= 0 <= relation.high
        else _("The model takes frequency and value for unrelated; here they are not quite "
               "(correlation {value}, {low} to {high}): read its values with care.")
    )  # fmt: skip
    numbers = {
        name: reader.number(value, decimals=2)
        for name, value in zip(
            ("value", "low", "high"),
            (relation.estimate, relation.low, relation.high),
            strict=True,
        )
    }
    return Sentence(" ".join([*parts, said.format(**numbers)]))


def predicted(
    totals: pd.DataFrame,
    *,
    lang: str | Reader,
    months: int,
    is_margin: bool,
    fit: clv.BgNbd,
    amounts: clv.GammaGamma,
    verdict: clv.Verdict,
    season: float | None,
) -> Sentence:
    """Say what all customers together are expected to bring.

    Parameters
    ----------
    totals
        What `clv.total_value` returns for everyone together.
    lang
        The reader, or a language.
    months
        The horizon.
    is_margin
        Whether the amounts are margin, or revenue for want of a margin rate.
    fit, amounts
        The models of purchases and of their value that foretell them: where one of them cannot be
        used, nothing is said.
    verdict
        What `clv.holdout_verdict` returns: a forecast that failed says so before the money.
    season
        What `clv.season` returns: on the calendar, so does one that starts after a high season.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    foretells = fit.foretells and amounts.foretells_all
    if not foretells or totals.empty or is_absent(totals["cltv"].iloc[0]):
        return _nothing(fit, amounts, reader)
    row = totals.iloc[0]
    if is_wide(row["cltv_mean_low"], row["cltv_mean_high"]):
        return _too_little(reader)
    horizon = reader.months(months, decimals=0)
    text = (
        _("Over the next {months}, these {customers} customers are expected to bring {total} of "
          "discounted margin, {mean} each")
        if is_margin
        else _("Over the next {months}, these {customers} customers are expected to bring {total} "
               "of discounted revenue (the data do not tell costs), {mean} each")
    )  # fmt: skip
    text = text.format(
        months=horizon,
        customers=reader.integer(row["customers"]),
        total=reader.money(row["cltv"], decimals=0),
        mean=reader.money(row["cltv_mean"], decimals=0),
    )
    spread = ""
    if not (is_absent(row["cltv_mean_low"]) or is_absent(row["cltv_mean_high"])):
        spread = _(
            " ({low} to {high})",
            low=reader.money(row["cltv_mean_low"], decimals=0),
            high=reader.money(row["cltv_mean_high"], decimals=0),
        )
    cautions = [*_of_amounts(amounts, reader), *_cautions(fit, verdict, season, months, reader)]
    return Sentence(" ".join([*cautions, f"{text}{spread}."]))


def _nothing(fit: clv.BgNbd, amounts: clv.GammaGamma, reader: Reader) -> Sentence:
    """Say that no amount is foretold, and why where a model knows."""
    _ = reader.translate
    if fit.diagnosis == "fixed_dates":
        return Sentence(_("Nothing is foretold of customers who buy on fixed dates."))
    advice = [model.advice(reader.lang) for model in (fit, amounts) if not model.foretells]
    return Sentence(" ".join([_("Nothing could be foretold."), *filter(None, advice)]))


def is_wide(low: Any, high: Any) -> bool:
    """Say whether the ends of an interval lie too far apart for its amount to mean anything."""
    if is_absent(low) or is_absent(high):
        return False
    near, far = sorted((abs(float(low)), abs(float(high))))
    return far > WIDEST * near


def _too_little(reader: Reader) -> Sentence:
    _ = reader.translate
    return Sentence(
        _(
            "The data tell too little to foretell an amount: the upper end of its 95% interval is "
            "over {times} times the lower one.",
            times=reader.integer(WIDEST),
        )
    )


def _of_amounts(amounts: clv.GammaGamma, reader: Reader) -> list[str]:
    """Return what a reader must know of amounts that hold on average alone."""
    _ = reader.translate
    if amounts.foretells:
        return []
    return [
        _("What customers paid is not spread as the model expects: this is an average, and says "
          "nothing of a single customer.")
    ]  # fmt: skip


def _cautions(
    fit: clv.BgNbd, verdict: clv.Verdict, season: float | None, months: int, reader: Reader
) -> list[str]:
    """Return what a reader must know of an amount foretold before reading it."""
    _ = reader.translate
    said = [] if fit.clock is not None else _of_season(season, reader)
    observed = fit.observed_months
    if observed is not None and months > round(observed):
        said.append(
            _(
                "{months} ahead is further than any customer was observed ({observed}): no data "
                "bear out the last months.",
                months=reader.months(months, decimals=0),
                observed=reader.months(observed, decimals=0),
            )
        )
    if verdict.answer in _FAILED:
        said.append(_(_FAILED[verdict.answer]))
    return said


def _of_season(season: float | None, reader: Reader) -> list[str]:
    """Return what a reader must know of the season of a forecast made on the calendar."""
    _ = reader.translate
    if season is None:
        return [
            _(
                "Too little is known of the season to say whether this forecast starts after a "
                "high one: it would then be too high as a rule."
            )
        ]
    if season <= clv.PEAK:
        return []
    return [
        _(
            "A year earlier, the eight weeks before this forecast were a high season: a week "
            "of them counted {times} times the purchases of an average week. If they were so "
            "again, the model takes them for lasting, and is as a rule too high.",
            times=reader.number(season, decimals=2),
        )
    ]


def new_customer(
    found: clv.NewCustomer,
    *,
    lang: str | Reader,
    months: int,
    is_margin: bool,
    fit: clv.BgNbd,
    amounts: clv.GammaGamma,
    verdict: clv.Verdict,
    season: float | None,
) -> Sentence:
    """Say what a customer may cost to win.

    Parameters
    ----------
    found
        What `clv.new_customer_value` returns.
    lang
        The reader, or a language.
    months
        The horizon.
    is_margin
        Whether the amounts are margin, or revenue for want of a margin rate.
    fit, amounts
        The models of purchases and of their value that foretell them: where one of them cannot be
        used, nothing is said.
    verdict
        What `clv.holdout_verdict` returns: a forecast that failed says so before the money.
    season
        What `clv.season` returns: on the calendar, so does one that starts after a high season.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if not (fit.foretells and amounts.foretells_all) or found.cltv is None:
        return _nothing(fit, amounts, reader)
    if is_wide(found.low, found.high):
        return _too_little(reader)
    text = (
        _("A new customer is expected to bring {cltv} of margin in {months}, first order included")
        if is_margin
        else _("A new customer is expected to bring {cltv} of revenue in {months}, first order "
               "included")
    )  # fmt: skip
    text = text.format(
        cltv=reader.money(found.cltv, decimals=0), months=reader.months(months, decimals=0)
    )
    if not (is_absent(found.low) or is_absent(found.high)):
        text += _(
            " ({low} to {high})",
            low=reader.money(found.low, decimals=0),
            high=reader.money(found.high, decimals=0),
        )
    limits = []
    if is_margin and found.cltv > 0:
        limits.append(
            _("That is before the cost of serving: to pay more for one is to lose money on "
              "average.")
        )  # fmt: skip
    elif is_margin:
        limits.append(_("At such a margin nothing can be paid to win one."))
    cautions = [*_of_amounts(amounts, reader), *_cautions(fit, verdict, season, months, reader)]
    return Sentence(" ".join([*cautions, f"{text}.", *limits]))


def acquisition(
    found: pd.DataFrame, *, lang: str | Reader, lacking: Collection[str] = ()
) -> Sentence:
    """Say which channels repay what they cost, which do not, and of which one cannot tell.

    Parameters
    ----------
    found
        What `clv.acquisition` returns.
    lang
        The reader, or a language.
    lacking
        Columns that the data lack (``table.column``): a spend that does not say what it was for is
        no cost of acquisition.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if found.empty or (found["verdict"] == "no_spend").all():
        if "marketing_spend.purpose" in lacking and "marketing_spend.amount" not in lacking:
            return Sentence(
                _("The data say what was spent on marketing, but not what for (purpose): no cost "
                  "of acquisition can be told.")
            )  # fmt: skip
        if "contacts.registered_at" in lacking and "marketing_spend.amount" not in lacking:
            return Sentence(
                _("Who is new cannot be told: the data lack contacts.registered_at, and no year of "
                  "orders comes before these customers.")
            )  # fmt: skip
        return Sentence(_("No cost of acquisition is recorded for these customers."))
    asked = unmatched(found)
    told = found["reason"].where(found["verdict"] == "cannot_tell", found["verdict"]).mask(asked)
    said = {
        "pays_back": _("Pay back: {channels}."),
        "does_not": _("Do not pay back, even with what is foretold: {channels}."),
        "not_yet": _("Have not paid back yet: {channels}."),
        "nobody": _("Were paid for and brought nobody: {channels}."),
        **{reason: _(text) for reason, text in _CANNOT_TELL.items()},
    }
    parts = []
    for outcome, text in said.items():
        names = _channels(found[told == outcome], reader, is_paid=outcome == "nobody")
        if names:
            parts.append(text.format(channels=", ".join(names)))
    if parts and found["after_service"].isna().all():
        parts.append(_("This is before returns and service, whose costs the data do not tell."))
    if asked.any():
        parts.append(_spelling(found[asked], reader))
    return Sentence(" ".join(parts))


def unmatched(found: pd.DataFrame) -> pd.Series[bool]:
    """Say which channels of `clv.acquisition` may be one another's, spelled otherwise.

    Those that were paid for and brought nobody, and those that brought customers for no known
    spend. Customers whose channel is not known are in question only where nobody else is there.
    """
    nobody = found["verdict"] == "nobody"
    unpaid = (found["verdict"] == "no_spend") & (found["new_customers"] > 0)
    if found.loc[found["spend"] > 0, "new_customers"].any():
        unpaid &= found.iloc[:, 0].notna()
    both = bool(nobody.any() and unpaid.any())
    return (nobody | unpaid) & both


def _channels(rows: pd.DataFrame, reader: Reader, *, is_paid: bool) -> list[str]:
    """Return the names of channels, with what was spent on each where that is all there is."""
    from marketing_kpi.plots.tables import CHANNELS

    _ = reader.translate
    named = {**CHANNELS, "all": N_("All customers")}
    said = []
    for name, spend in zip(rows.iloc[:, 0], rows["spend"], strict=True):
        if not is_absent(name):
            text = _(named.get(str(name), str(name)))
            said.append(f"{text} ({reader.money(spend, decimals=0)})" if is_paid else text)
    return said


def _spelling(asked: pd.DataFrame, reader: Reader) -> str:
    """Ask whether channels are spelled alike, by their names in the data."""
    _ = reader.translate
    is_paid = asked["spend"] > 0

    def names(rows: pd.DataFrame) -> str:
        listed = (_("Not known") if is_absent(name) else str(name) for name in rows.iloc[:, 0])
        return ", ".join(listed)

    return _(
        "Some channels were paid for and brought nobody ({paid}), others have customers and no "
        "spend ({others}): are they spelled alike in the spend and in the contacts?",
        paid=names(asked[is_paid]),
        others=names(asked[~is_paid]),
    )


def lost_most(measured: pd.DataFrame, *, lang: str | Reader) -> Sentence:
    """Say which group lost most, if its interval lies apart from that of the group that lost least.

    Parameters
    ----------
    measured
        What `clv.attrition` returns, by the boxes of RFM.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    rows = measured.dropna(subset=["rate", "low", "high"]).sort_values("rate")
    if len(rows) < 2:
        return Sentence(_("There are no two groups to compare."))
    least, most = rows.iloc[0], rows.iloc[-1]
    by = str(measured.columns[0])
    names = [box_name(str(row[by]), lang=reader.lang) for row in (least, most)]
    rates = [reader.percent(row["rate"]) for row in (least, most)]
    if most["low"] <= least["high"]:
        return Sentence(_("The intervals of the groups overlap: one cannot tell them apart."))
    return Sentence(
        _(
            "“{most}” lost {high}, “{least}” {low}: an average over both describes neither.",
            most=names[1],
            least=names[0],
            high=rates[1],
            low=rates[0],
        )
    )
