"""What retention and returns found, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from marketing_kpi.kpis.extent import lasts_to
from marketing_kpi.kpis.periods import day
from marketing_kpi.plots.dimensions import value_name
from marketing_kpi.plots.retention import why_nothing
from marketing_kpi.plots.sentences.base import Sentence
from marketing_kpi.retention import Gaps, Newcomers, Survival
from marketing_kpi.text.locale import Reader


def returns(
    whole: pd.DataFrame,
    *,
    lang: str | Reader,
    start: str,
    end: str,
    lacks: Sequence[str] = (),
) -> Sentence:
    """Say which part of what was sold came back, in units and in value, with the intervals.

    Parameters
    ----------
    whole
        What `retention.returns_by` returns without dimensions: one row.
    lang
        The reader, or a language.
    start, end
        The period, `end` exclusive.
    lacks
        What the data lack, so that nothing can be said; see `retention.lacking`.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if lacks:
        return Sentence(why_nothing("", lacks, reader))
    period = reader.date_range(start, end)
    if whole.empty or pd.isna(whole["return_rate_units"].iloc[0]):
        return Sentence(_("From {period}, no sale to compare returns with.", period=period))
    row = whole.iloc[0]
    said = _(
        "From {period}, units that came back: {returned}, for {sold} sold; {units} of units and "
        "{value} of net sales.",
        period=period,
        returned=reader.integer(row["units_returned"]),
        sold=reader.integer(row["units_sold"]),
        units=reader.percent(row["return_rate_units"]),
        value=reader.percent(row["return_rate_value"]),
    )
    return Sentence(f"{said} {_interval(row['low'], row['high'], reader)}")


def _interval(low: float | None, high: float | None, reader: Reader) -> str:
    _ = reader.translate
    if pd.isna(low) or pd.isna(high):
        return _("Too few customers to give an interval.")
    return _(
        "95% interval (units): {low} to {high}.",
        low=reader.percent(low),
        high=reader.percent(high),
    )


def apart(
    rates: pd.DataFrame,
    *,
    overall: float | None,
    lang: str | Reader,
    lacks: Sequence[str] = (),
) -> Sentence:
    """Say how many cells return more or less than all together beyond chance.

    Parameters
    ----------
    rates
        What `retention.returns_by` returns.
    overall
        The rate of all together.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that nothing can be said.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    known = rates.dropna(subset=["low", "high"]) if len(rates) else rates
    if known.empty or overall is None or pd.isna(overall):
        nothing = _("Too few customers to compare return rates.")
        return Sentence(why_nothing(nothing, lacks, reader))
    few = len(rates) - len(known)
    rest = _("Too few customers to tell: {few}.", few=reader.integer(few)) if few else ""
    if len(known) == 1:
        alone = _("Only one return rate can be told: there is nothing to compare it with.")
        return Sentence(f"{alone} {rest}".strip())
    above, below = (known["low"] > overall).sum(), (known["high"] < overall).sum()
    said = _(
        "Compared: {cells}. By their whole 95% interval, above the rate of all together: {above}; "
        "below it: {below}.",
        cells=reader.integer(len(known)),
        above=reader.integer(above),
        below=reader.integer(below),
    )
    if above + below < len(known):
        said += " " + _(
            "For the rest ({rest}), one cannot tell.",
            rest=reader.integer(len(known) - above - below),
        )
    chance = _(
        "Were all alike, about {chance} would lie apart by chance alone.",
        chance=reader.number(0.05 * len(known), decimals=1),
    )
    return Sentence(f"{said} {chance} {rest}".strip())


def reasons(found: pd.DataFrame, *, lang: str | Reader, lacks: Sequence[str] = ()) -> Sentence:
    """Say what the first reason for returns is, and how many state none.

    Parameters
    ----------
    found
        What `retention.return_reasons` returns, without dimensions.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that nothing can be said.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if found.empty:
        nothing = _("No return to show.")
        return Sentence(why_nothing(nothing, lacks, reader))
    stated = found.dropna(subset=["reason"])
    unknown = found.loc[found["reason"].isna(), "units_share"].sum()
    share = reader.percent(unknown)
    if stated.empty:
        return Sentence(_("No return states its reason."))
    first = stated.iloc[0]
    said = _(
        "The first reason is “{reason}”: {units} of the units and {value} of the value returned.",
        reason=value_name(first["reason"], "reason", lang=reader),
        units=reader.percent(first["units_share"]),
        value=reader.percent(first["value_share"]),
    )
    rest = _("Without a reason: {share} of the units.", share=share) if unknown > 0 else ""
    return Sentence(f"{said} {rest}".strip())


def newcomers(
    found: Newcomers, *, lang: str | Reader, as_of: str, lacks: Sequence[str] = ()
) -> Sentence:
    """Say how many customers may have ordered before the data begin, and what that does.

    Parameters
    ----------
    found
        What `retention.newcomers` returns.
    lang
        The reader, or a language.
    as_of
        The day of the analysis; data that end long before it are worth a warning.
    lacks
        What the data lack, so that nobody can be told apart.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if not found.customers:
        return Sentence(why_nothing(_("No customers to show."), lacks, reader))
    known = _known_newcomers(found, reader)
    if lasts_to(found.until, day(as_of, name="as_of")):
        return Sentence(known)
    late = _(
        "The data end on {end}, before the analysis ({day}): customers are followed to that day, "
        "and nothing is said of the time since.",
        end=reader.date(found.until),
        day=reader.date(as_of),
    )
    return Sentence(f"{known} {late}")


def _known_newcomers(found: Newcomers, reader: Reader) -> str:
    _ = reader.translate
    if found.older is None:
        return _(
            "The data begin on {day} and do not say when customers registered: the first order "
            "shown may not be their first. Read the first cohorts with care: they hold old "
            "customers, who come back more often.",
            day=reader.date(found.since),
        )
    return _(
        "Of {customers} customers, {older} registered before the data begin, on {day}: their "
        "first order is not known. Cohorts and times to the second purchase are of the other "
        "{new}.",
        customers=reader.integer(found.customers),
        older=reader.integer(found.older),
        day=reader.date(found.since),
        new=reader.integer(found.customers - found.older),
    )


def cohorts(average: pd.DataFrame, *, lang: str | Reader) -> Sentence:
    """Say which share of a cohort orders in the periods that follow the first.

    Parameters
    ----------
    average
        What `retention.cohort_average` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    later = average[average["age"] > 0] if len(average) else average
    if later.empty:
        return Sentence(_("No cohort was observed for long enough."))
    first, last = later.iloc[0], later.iloc[-1]
    return Sentence(
        _(
            "On average, {first} of a cohort order in the period after the first (cohorts: "
            "{cohorts}) and {last} at age {age} (cohorts old enough: {few}).",
            first=reader.percent(first["active_rate"]),
            cohorts=reader.integer(first["cohorts"]),
            last=reader.percent(last["active_rate"]),
            age=reader.integer(last["age"]),
            few=reader.integer(last["cohorts"]),
        )
    )


def survival(found: Survival, *, lang: str | Reader) -> Sentence:
    """Say by when half have bought again, and which share never had after a year.

    Parameters
    ----------
    found
        What `retention.survival` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if not found.customers:
        return Sentence(_("No customers to show."))
    counted = _(
        "Of {customers} customers followed from their purchase, {events} have bought again so far.",
        customers=reader.integer(found.customers),
        events=reader.integer(found.events),
    )
    horizon = min(found.observed_days, 365)
    share, low, high = found.at(horizon)
    parts = [counted, _half(found, reader)]
    if share is not None and low is not None:
        parts.append(
            _(
                "After {days}, {share} have not bought again (95% interval: {low} to {high}).",
                days=reader.days(horizon),
                share=reader.percent(share),
                low=reader.percent(low),
                high=reader.percent(high),
            )
        )
    return Sentence(" ".join(parts))


def _half(found: Survival, reader: Reader) -> str:
    _ = reader.translate
    if found.median_days is None:
        return _("Less than half have within the time that they were followed.")
    half = _(
        "Half of all these customers bought again within {days}",
        days=reader.days(found.median_days),
    )
    if found.median_low is None or found.median_high is None:
        return f"{half}."
    return half + _(
        " (95% interval: {low} to {high}).",
        low=reader.days(found.median_low),
        high=reader.days(found.median_high),
    )


def gaps(found: Gaps, *, lang: str | Reader) -> Sentence:
    """Say how long those who come back take, and whom that leaves out.

    Parameters
    ----------
    found
        What `retention.between_orders` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if found.median_days is None:
        return Sentence(_("Nobody bought again."))
    return Sentence(
        _(
            "Between two purchases of one customer lie {median} (median; mean {mean}). Nine gaps "
            "in ten are of {most} or less. Customers who bought once ({once}) are not in it, nor "
            "is anyone's wait since the last purchase.",
            median=reader.days(found.median_days),
            mean=reader.days(found.mean_days),
            most=reader.days(found.ninety_percent_days),
            once=reader.integer(found.customers - found.returned),
        )
    )


def frequency(found: pd.DataFrame, *, lang: str | Reader) -> Sentence:
    """Say how many orders customers place in the period, and what one-time buyers weigh.

    Parameters
    ----------
    found
        What `retention.frequency_distribution` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    customers = int(found["customers"].sum())
    if not customers:
        return Sentence(_("No customers to show."))
    once = found.iloc[0]
    return Sentence(
        _(
            "{customers} identified customers placed {mean} orders each on average; {once} placed "
            "one only, and these make {orders} of the orders.",
            customers=reader.integer(customers),
            mean=reader.number(found["orders_placed"].sum() / customers, decimals=2),
            once=reader.percent(once["customers_share"]),
            orders=reader.percent(once["orders_share"]),
        )
    )
