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
    "no_interval": N_("The fit tells no interval: nothing can be checked."),
    "too_few_purchases": N_("Too few purchases were held out to tell a good forecast from a bad."),
}

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


def unprofitable(
    found: clv.Unprofitable, *, lang: str | Reader, lacking: Collection[str] = ()
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
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if not found.customers:
        return Sentence(_("No customer's profit is known: the data do not tell costs."))
    if {*COSTS} <= {*lacking}:
        return Sentence(
            _("The data tell no cost of serving: who costs more than they bring, one cannot tell.")
        )
    text = _(
        "{count} customers of {all} ({share}) cost more than they bring: {loss} in all. {silent} "
        "of them bought nothing in the period (returns and messages only, {silent_loss}); the "
        "others lose on what they buy.",
        count=reader.integer(found.unprofitable),
        all=reader.integer(found.customers),
        share=reader.percent(found.share),
        loss=reader.money(found.loss, decimals=0),
        silent=reader.integer(found.silent),
        silent_loss=reader.money(found.silent_loss, decimals=0),
    )
    return Sentence(text)


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
    if not found.customers:
        return Sentence(found.advice(reader.lang))
    read = _.n(
        "The model read {customers} customer, with {groups} different histories.",
        "The model read {customers} customers, with {groups} different histories.",
        found.customers,
        customers=reader.integer(found.customers),
        groups=reader.integer(found.groups),
    )
    if found.diagnosis is not None:
        return Sentence(f"{read} {found.advice(reader.lang)}")
    return Sentence(read)


def held_out(verdict: clv.Verdict, *, lang: str | Reader) -> Sentence:
    """Say whether a forecast held on the days that the model had not seen.

    Parameters
    ----------
    verdict
        What `clv.holdout_verdict` returns.
    lang
        The reader, or a language.
    """
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


def second_opinion(first: clv.Verdict, second: clv.Verdict, *, lang: str | Reader) -> Sentence:
    """Say whether another model foretells much the same.

    Parameters
    ----------
    first, second
        What `clv.holdout_verdict` returns of BG/NBD and of Pareto/NBD.
    lang
        The reader, or a language.
    """
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


def values(found: clv.GammaGamma, *, lang: str | Reader) -> Sentence:
    """Say what a purchase is worth on average, and whether frequency goes with value.

    Parameters
    ----------
    found
        What `clv.fit_gamma_gamma` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    mean, relation = found.population_mean, found.correlation
    if found.diagnosis is not None or is_absent(mean.estimate):
        return Sentence(found.advice(reader.lang) or _("Nothing could be foretold."))
    text = _(
        "A repeat purchase is worth {mean} on average (95% interval: {low} to {high}).",
        mean=reader.money(mean.estimate),
        low=reader.money(mean.low),
        high=reader.money(mean.high),
    )
    if relation.low is None or relation.high is None:
        return Sentence(text)
    said = (
        _("The model takes frequency and value for unrelated, and here they are (correlation "
          "{value}, {low} to {high}).")
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
    return Sentence(f"{text} {said.format(**numbers)}")


def predicted(
    totals: pd.DataFrame,
    *,
    lang: str | Reader,
    months: int,
    is_margin: bool,
    fit: clv.BgNbd,
    verdict: clv.Verdict,
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
    fit
        The model of purchases that foretells them: under a diagnosis, nothing is said.
    verdict
        What `clv.holdout_verdict` returns: a forecast that failed says so beside the money.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if not fit.foretells or totals.empty or is_absent(totals["cltv"].iloc[0]):
        return _nothing(fit, reader)
    row = totals.iloc[0]
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
    if is_absent(row["cltv_mean_low"]) or is_absent(row["cltv_mean_high"]):
        return Sentence(" ".join([f"{text}.", *_cautions(fit, verdict, months, reader)]))
    spread = _(
        " ({low} to {high})",
        low=reader.money(row["cltv_mean_low"], decimals=0),
        high=reader.money(row["cltv_mean_high"], decimals=0),
    )
    return Sentence(" ".join([f"{text}{spread}.", *_cautions(fit, verdict, months, reader)]))


def _nothing(fit: clv.BgNbd, reader: Reader) -> Sentence:
    """Say that no amount is foretold, and why where the model knows."""
    said = [reader.translate("Nothing could be foretold."), fit.advice(reader.lang)]
    return Sentence(" ".join(part for part in said if part))


def _cautions(fit: clv.BgNbd, verdict: clv.Verdict, months: int, reader: Reader) -> list[str]:
    """Return what a reader must know of an amount foretold before spending it."""
    _ = reader.translate
    said = []
    observed = fit.observed_months
    if observed is not None and months > round(observed):
        said.append(
            _(
                "That looks further ahead than any customer was observed ({observed}): no data "
                "bear out the last months.",
                observed=reader.months(observed, decimals=0),
            )
        )
    if verdict.answer in _FAILED:
        said.append(_(_FAILED[verdict.answer]))
    return said


def new_customer(
    found: clv.NewCustomer,
    *,
    lang: str | Reader,
    months: int,
    is_margin: bool,
    fit: clv.BgNbd,
    verdict: clv.Verdict,
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
    fit
        The model of purchases that foretells them: under a diagnosis, nothing is said.
    verdict
        What `clv.holdout_verdict` returns: a forecast that failed says so beside the money.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if not fit.foretells or is_absent(found.cltv):
        return _nothing(fit, reader)
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
    limit = _("To pay more than that for one is to lose money on average.") if is_margin else ""
    cautions = _cautions(fit, verdict, months, reader)
    return Sentence(" ".join(part for part in (f"{text}.", limit, *cautions) if part))


def acquisition(found: pd.DataFrame, *, lang: str | Reader) -> Sentence:
    """Say which channels repay what they cost, which do not, and of which one cannot tell.

    Parameters
    ----------
    found
        What `clv.acquisition` returns.
    lang
        The reader, or a language.
    """
    from marketing_kpi.plots.tables import CHANNELS

    reader = Reader.of(lang)
    _ = reader.translate
    named = {**CHANNELS, "all": N_("All customers")}
    if found.empty or not (found["verdict"] != "no_spend").any():
        return Sentence(_("No cost of acquisition is recorded for these customers."))
    by = str(found.columns[0])
    said = {
        "pays_back": _("Pay back: {channels}."),
        "does_not": _("Do not pay back, even with what is foretold: {channels}."),
        "not_yet": _("Have not paid back yet: {channels}."),
        "cannot_tell": _("Cannot tell, the interval includes the cost: {channels}."),
    }
    parts = []
    for verdict, text in said.items():
        group = found.loc[found["verdict"] == verdict, by]
        names = [_(named.get(str(name), str(name))) for name in group if not is_absent(name)]
        if names:
            parts.append(text.format(channels=", ".join(names)))
    if found["after_service"].isna().all():
        parts.append(_("This is before returns and service, whose costs the data do not tell."))
    return Sentence(" ".join(parts))


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
