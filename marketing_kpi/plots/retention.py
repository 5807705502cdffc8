"""Figures of retention and returns: what `marketing_kpi.retention` returns, drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from marketing_kpi.errors import ConfigError, unknown
from marketing_kpi.kpis.dictionary import dictionary
from marketing_kpi.plots import heat, intervals, style
from marketing_kpi.plots.dimensions import (
    dimension_names,
    dimensions_of,
    row_names,
    shortened,
    with_names,
)
from marketing_kpi.plots.sentences.base import Sentence
from marketing_kpi.plots.tables import Table, table
from marketing_kpi.retention import Gaps, Survival
from marketing_kpi.text.locale import Reader
from marketing_kpi.text.messages import N_

Grain: TypeAlias = Literal["month", "quarter"]
"""What cohorts and their age are counted in."""

MOST_COHORTS = 13
"""Cohorts and ages that a triangle or curves show, the most recent ones: more are illegible."""

MOST_RATES = 15
"""Rows that a figure or a table of returns shows; the bundle of a report holds all of them."""

MOST_REASONS = 24
"""Rows that a table of reasons shows: the reasons of the groups that return the most."""

LONGEST_GAP = 365
"""Days after which the histogram of gaps puts all in its last bar."""

_COHORT_TITLES = {
    "active_rate": N_("Customers of each cohort who order again"),
    "orders_per_customer": N_("Orders per customer of each cohort"),
    "revenue_per_customer": N_("Revenue per customer of each cohort"),
    "cumulative_revenue_per_customer": N_("Cumulative revenue per customer of each cohort"),
}
_COHORT_UNITS = {
    "active_rate": "fraction",
    "orders_per_customer": "number",
    "revenue_per_customer": "currency",
    "cumulative_revenue_per_customer": "currency",
}
_COHORT_COLUMNS = {
    "active_rate": N_("Share who ordered"),
    "orders_per_customer": N_("Orders per customer"),
    "revenue_per_customer": N_("Revenue per customer"),
    "cumulative_revenue_per_customer": N_("Cumulative revenue per customer"),
}
_CELLS = {
    "active_rate": N_("Cells: customers who ordered, in % of the cohort."),
    "orders_per_customer": N_("Cells: orders divided by all the customers of the cohort."),
    "revenue_per_customer": N_(
        "Cells: revenue divided by all the customers of the cohort, in {currency}."
    ),
    "cumulative_revenue_per_customer": N_(
        "Cells: revenue so far divided by all the customers of the cohort, in {currency}."
    ),
}
_AGES: Mapping[Grain, str] = {
    "month": N_("Months since the month of the first order"),
    "quarter": N_("Quarters since the quarter of the first order"),
}
_SHORT_AGES: Mapping[Grain, str] = {"month": N_("Age (months)"), "quarter": N_("Age (quarters)")}
_BLANKS: Mapping[Grain, str] = {
    "month": N_(
        "Row: month of the first order (customers). Blank: a month not over yet, which is no zero."
    ),
    "quarter": N_(
        "Row: quarter of the first order (customers). Blank: a quarter not over yet, which is no "
        "zero."
    ),
}
_LINES = (
    (style.ACCENT, "-"), (style.BAD, "--"), ("#4c9a2a", "-."), ("#7b5ea7", ":"),
)  # fmt: skip
_BIN_DAYS = 7
_HORIZONS = (0, 90, 180, 365, 540, 730, 1095)


def why_nothing(message: str, lacks: Sequence[str], reader: Reader) -> str:
    """Return why there is nothing to show: what the data lack, or else the message.

    Each column that something needs is named once, with others that would do in its place.

    >>> why_nothing("Nothing was returned.", ["returns.returned_at"], Reader.of("en"))
    'The data cannot tell: they lack returns.returned_at.'
    """
    _ = reader.translate
    if not lacks:
        return message
    return _("The data cannot tell: they lack {columns}.", columns=_columns(lacks, reader))


def why_no_more(lacks: Sequence[str], reader: Reader) -> str:
    """Return what the data lack to say more than was said.

    >>> why_no_more(["labour.day"], Reader.of("en"))
    'To say more, the data lack labour.day.'
    """
    _ = reader.translate
    return _("To say more, the data lack {columns}.", columns=_columns(lacks, reader))


def _columns(lacks: Sequence[str], reader: Reader) -> str:
    """Name each column that something needs once, with others that would do in its place."""
    _ = reader.translate
    first = {need.split()[0]: need for need in reversed(lacks)}
    columns = ", ".join(first[name] for name in dict.fromkeys(need.split()[0] for need in lacks))
    return columns.replace(" or ", _(" or ")).replace(" with ", _(" with "))


# --- Cohorts --------------------------------------------------------------------------------


def _check_measure(measure: str) -> None:
    if measure not in _COHORT_TITLES:
        message, hint = unknown("measure", measure, _COHORT_TITLES)
        raise ConfigError(message, hint=hint)


def _cohort_name(cohort: Any, grain: Grain, reader: Reader) -> str:
    _ = reader.translate
    at = pd.Timestamp(cohort)
    if grain == "month":
        return reader.month(at, short=True)
    return _("Q{quarter} {year}", quarter=at.quarter, year=at.year)


def _grid(cohorts: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return the last cohorts, oldest first, against the ages at which one was observed."""
    grid = cohorts.pivot(index="cohort", columns="age", values=measure).astype("float64")
    grid = grid.sort_index().iloc[-MOST_COHORTS:]
    if measure == "active_rate":  # at age 0 everyone orders, by definition
        grid = grid.drop(columns=0, errors="ignore")
    return grid.dropna(axis="columns", how="all").iloc[:, :MOST_COHORTS]


@style.styled
def cohort_triangle(
    cohorts: pd.DataFrame,
    *,
    lang: str | Reader,
    measure: str = "active_rate",
    grain: Grain = "month",
    ax: Axes | None = None,
) -> Axes:
    """Draw cohorts against their age as coloured cells; what was not observed stays blank.

    Parameters
    ----------
    cohorts
        What `retention.cohorts` returns; its last `MOST_COHORTS` cohorts and as many ages are
        drawn.
    lang
        The reader, or a language.
    measure
        active_rate, orders_per_customer, revenue_per_customer or cumulative_revenue_per_customer.
    grain
        What the cohorts were made by.
    ax
        Axes to draw in; new ones by default.

    Raises
    ------
    ConfigError
        For another measure.
    """
    _check_measure(measure)
    reader = Reader.of(lang)
    _ = reader.translate
    title = _(_COHORT_TITLES[measure])
    grid = pd.DataFrame() if cohorts.empty else _grid(cohorts, measure)
    axis = style.axes(ax, height=1.6 + 0.28 * max(len(grid), 4))
    if grid.isna().all(axis=None):
        return style.empty(axis, title=title, message=_("No cohort was observed for long enough."))
    text = {
        "fraction": lambda value: reader.integer(100 * value),
        "currency": reader.integer,
    }.get(_COHORT_UNITS[measure], reader.number)
    heat.draw(axis, grid, text, power=1, zero=None, fontsize=8.5)
    axis.invert_yaxis()
    sizes = cohorts.drop_duplicates("cohort").set_index("cohort")["customers"]
    names = [
        f"{_cohort_name(cohort, grain, reader)} ({reader.integer(sizes[cohort])})"
        for cohort in grid.index
    ]
    axis.set_yticklabels(names, fontsize=8.5)
    axis.set_xticklabels([reader.integer(age) for age in grid.columns])
    axis.set_xlabel(_(_AGES[grain]))
    known = grid.stack()
    low, high = (reader.unit(value, _COHORT_UNITS[measure]) for value in (known.min(), known.max()))
    return style.finish(
        axis,
        title=title,
        alt=_(
            "Cohorts by age (rows: {cohorts}); the values go from {low} to {high}.",
            cohorts=reader.integer(len(grid)),
            low=low,
            high=high,
        ),
        caption=" ".join(
            [
                _(_CELLS[measure], currency=reader.currency),
                _(_BLANKS[grain]),
                *_latest(len(grid), cohorts["cohort"].nunique(), reader),
            ]
        ),
    )


def _latest(shown: int, cohorts: int, reader: Reader) -> list[str]:
    _ = reader.translate
    if shown == cohorts:
        return []
    said = _(
        "Shown: the {shown} most recent cohorts of {cohorts}.",
        shown=reader.integer(shown),
        cohorts=reader.integer(cohorts),
    )
    return [said]


@style.styled
def cohort_curves(
    cohorts: pd.DataFrame,
    average: pd.DataFrame,
    *,
    lang: str | Reader,
    measure: str = "active_rate",
    grain: Grain = "month",
    ax: Axes | None = None,
) -> Axes:
    """Draw each cohort as a line by age, and their average; a line ends where observation does.

    Parameters
    ----------
    cohorts
        What `retention.cohorts` returns.
    average
        What `retention.cohort_average` returns of them.
    lang
        The reader, or a language.
    measure
        active_rate, orders_per_customer or revenue_per_customer.
    grain
        What the cohorts were made by.
    ax
        Axes to draw in; new ones by default.

    Raises
    ------
    ConfigError
        For another measure.
    """
    _check_measure(measure)
    reader = Reader.of(lang)
    _ = reader.translate
    axis = style.axes(ax)
    title = _(_COHORT_TITLES[measure])
    grid = pd.DataFrame() if cohorts.empty else _lines(cohorts, measure)
    if grid.empty:
        return style.empty(axis, title=title, message=_("No cohort was observed for long enough."))
    for place, (cohort, line) in enumerate(grid.iterrows()):
        newest = place == len(grid) - 1
        axis.plot(
            grid.columns, line, color=style.BAD if newest else style.REFERENCE,
            linewidth=1.8 if newest else 0.8, alpha=1.0 if newest else 0.55,
            marker="o" if newest else None, markersize=3.5, zorder=3 if newest else 1,
            label=_cohort_name(cohort, grain, reader) if newest else None,
        )  # fmt: skip
    mean = average[average["age"].isin(grid.columns)]
    axis.plot(
        mean["age"], mean[measure], color=style.ACCENT, linewidth=2.6, zorder=4,
        label=_("Average of the cohorts"),
    )  # fmt: skip
    axis.set_xlabel(_(_AGES[grain]))
    style.value_axis(axis.yaxis, unit=_COHORT_UNITS[measure], reader=reader)
    style.value_axis(axis.xaxis, unit="count", reader=reader)
    axis.set_ylim(bottom=0)
    axis.grid(axis="y")
    axis.legend(loc="upper right", fontsize=9)
    first, last = mean.iloc[0], mean.iloc[-1]
    return style.finish(
        axis,
        title=title,
        alt=_(
            "Cohorts by age (lines: {cohorts}). Their average: {first} at age {young}, {last} at "
            "age {old}.",
            cohorts=reader.integer(len(grid)),
            first=reader.unit(first[measure], _COHORT_UNITS[measure]),
            young=reader.integer(first["age"]),
            last=reader.unit(last[measure], _COHORT_UNITS[measure]),
            old=reader.integer(last["age"]),
        ),
        caption=_(
            "Grey: one line a cohort, over the periods observed whole. Orange: the newest of them. "
            "The average at an age is that of the cohorts old enough: its end rests on few."
        ),
    )


def _lines(cohorts: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return cohorts, oldest first, that were observed at two ages or more."""
    grid = cohorts.pivot(index="cohort", columns="age", values=measure).astype("float64")
    if measure == "active_rate":  # at age 0 everyone orders, by definition
        grid = grid.drop(columns=0, errors="ignore")
    grid = grid[grid.notna().sum(axis="columns") >= 2].sort_index()
    return grid.dropna(axis="columns", how="all")


# --- The next purchase ----------------------------------------------------------------------


@style.styled
def survival_curve(
    found: Survival | Mapping[str, Survival], *, lang: str | Reader, ax: Axes | None = None
) -> Axes:
    """Draw the share of customers still without another purchase, with its band.

    Parameters
    ----------
    found
        What `retention.survival` returns, or several of them by the name to show.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    several = {"": found} if isinstance(found, Survival) else dict(found)
    several = {name: one for name, one in several.items() if one.events}
    axis = style.axes(ax, height=3.9)
    title = _("Share of customers who have not bought again")
    if not several:
        return style.empty(axis, title=title, message=_("Nobody bought again."))
    end = max(one.observed_days for one in several.values())
    said = []
    for (name, one), (colour, dashes) in zip(several.items(), _LINES, strict=False):
        curve = _to_the_end(one)
        axis.fill_between(
            curve["days"], curve["low"], curve["high"], step="post", color=colour, alpha=0.2,
            linewidth=0,
        )  # fmt: skip
        axis.step(
            curve["days"], curve["survival"], where="post", color=colour, linestyle=dashes,
            label=name or None,
        )  # fmt: skip
        said.append(_survival_in_words(name, one, reader))
    ticks = [day for day in _HORIZONS if day <= end]
    risk = _at_risk(several, ticks, reader)
    axis.set_xticks(ticks, risk, fontsize=8.5)
    axis.axhline(0.5, color=style.REFERENCE, linewidth=0.8, linestyle=":")
    axis.set_xlim(0, end)
    axis.set_ylim(0, 1.02)
    axis.set_xlabel(_("Days since the purchase (below: customers still followed)"))
    style.value_axis(axis.yaxis, unit="fraction", reader=reader)
    axis.grid(axis="y")
    if any(several):
        axis.legend(loc="upper right", fontsize=9)
    return style.finish(
        axis,
        title=title,
        alt=" ".join([_("Falling steps."), *said]),
        caption=_(
            "Kaplan–Meier estimate: customers who have not bought again yet count for as long as "
            "they were observed. Band: 95% at each day (log-log)."
        ),
    )


def _to_the_end(found: Survival) -> pd.DataFrame:
    """Return the curve with a last point where observation ends."""
    last = found.curve.iloc[[-1]].assign(days=found.observed_days)
    return pd.concat([found.curve, last], ignore_index=True)


def _at_risk(several: Mapping[str, Survival], ticks: Sequence[int], reader: Reader) -> list[str]:
    """Return each tick with, below it, how many of each curve are still followed there."""
    lines = []
    for tick in ticks:
        shown = [reader.integer(one.followed(tick)) for one in several.values()]
        lines.append("\n".join([reader.integer(tick), *shown]))
    return lines


def _survival_in_words(name: str, found: Survival, reader: Reader) -> str:
    _ = reader.translate
    share, low, high = found.at(min(found.observed_days, 365))
    words = _(
        "After {days}, {share} have not bought again (95% interval: {low} to {high}).",
        days=reader.days(min(found.observed_days, 365)),
        share=reader.percent(share),
        low=reader.percent(low),
        high=reader.percent(high),
    )
    return f"{name} \u2013 {words}" if name else words


@style.styled
def repeat_by_cohort(
    repeats: pd.DataFrame,
    *,
    lang: str | Reader,
    days: int = 90,
    grain: Grain = "quarter",
    ax: Axes | None = None,
) -> Axes:
    """Draw the share of each cohort that bought again within some days, with its interval.

    Parameters
    ----------
    repeats
        What `retention.repeat_within` returns with a grain; its last `MOST_COHORTS` cohorts are
        drawn.
    lang
        The reader, or a language.
    days
        Which of its windows to draw.
    grain
        What the cohorts were made by.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    axis = style.axes(ax)
    title = _("New customers who bought again within {days}", days=reader.days(days))
    rows = repeats[repeats["days"] == days].dropna(subset=["rate"]).sort_values("cohort")
    rows = rows.iloc[-MOST_COHORTS:]
    if rows.empty:
        return style.empty(axis, title=title, message=_("No cohort was observed for long enough."))
    places = np.arange(len(rows))
    axis.vlines(places, rows["low"], rows["high"], color=style.ACCENT, linewidth=2.2)
    axis.plot(places, rows["rate"], "o", color=style.ACCENT, markersize=6.5)
    names = [_cohort_name(cohort, grain, reader) for cohort in rows["cohort"]]
    axis.set_xticks(places, names, rotation=40, ha="right", rotation_mode="anchor", fontsize=9)
    axis.set_ylim(0, min(1.0, 1.1 * rows["high"].max()))
    style.value_axis(axis.yaxis, unit="fraction", reader=reader)
    axis.grid(axis="y")
    shown = zip(names, rows["rate"], strict=True)
    parts = [f"{name} {reader.percent(rate)}" for name, rate in shown]
    return style.finish(
        axis,
        title=title,
        alt=_("Dots by cohort: {parts}.", parts=_("; ").join(parts)),
        caption=_(
            "By cohort of the first order. Only customers whose {days} are over count; bars: 95% "
            "interval (Wilson).",
            days=reader.days(days),
        ),
    )


@style.styled
def purchase_gaps(found: Gaps, *, lang: str | Reader, ax: Axes | None = None) -> Axes:
    """Draw how many days lie between two purchases of those who came back.

    Parameters
    ----------
    found
        What `retention.between_orders` returns.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    axis = style.axes(ax)
    title = _("Days between two purchases of a customer")
    if found.median_days is None:
        return style.empty(axis, title=title, message=_("Nobody bought again."))
    days, counts = found.counts["days"], found.counts["gaps"]
    longest = min(int(days.max()), LONGEST_GAP)
    edges = np.arange(1, longest + _BIN_DAYS + 1, _BIN_DAYS)
    axis.hist(
        days.clip(upper=edges[-1] - 1), bins=edges.tolist(), weights=counts, color=style.ACCENT,
        edgecolor="white", linewidth=0.4,
    )  # fmt: skip
    axis.axvline(found.median_days, color=style.BAD, linewidth=1.8)
    axis.annotate(
        _("half within {days}", days=reader.days(found.median_days)), (found.median_days, 1),
        xycoords=("data", "axes fraction"), xytext=(6, -12), textcoords="offset points",
        color=style.INK, fontsize=9.5, fontweight="bold",
    )  # fmt: skip
    axis.set_xlabel(_("Days between a purchase and the next (bars of a week)"))
    axis.set_ylabel(_("Purchases"))
    style.value_axis(axis.xaxis, unit="count", reader=reader, ticks=7)
    style.value_axis(axis.yaxis, unit="count", reader=reader)
    axis.grid(axis="y")
    once = found.customers - found.returned
    return style.finish(
        axis,
        title=title,
        alt=_(
            "Histogram of {gaps} gaps: a quarter within {quarter}, half within {half}, nine in ten "
            "within {most}.",
            gaps=reader.integer(found.gaps),
            quarter=reader.days(found.quarter_days),
            half=reader.days(found.median_days),
            most=reader.days(found.ninety_percent_days),
        ),
        caption=_(
            "Only of those who came back: customers who bought once, {once} of {customers}, are "
            "not in it. Gaps too long for the data cannot be seen. The last bar holds all longer "
            "ones.",
            once=reader.integer(once),
            customers=reader.integer(found.customers),
        ),
    )


@style.styled
def order_counts(frequency: pd.DataFrame, *, lang: str | Reader, ax: Axes | None = None) -> Axes:
    """Draw how many customers placed one order, two, three …, and the orders that these make.

    Parameters
    ----------
    frequency
        What `retention.frequency_distribution` returns.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    axis = style.axes(ax)
    title = _("Customers by number of orders")
    if not frequency["customers"].sum():
        return style.empty(axis, title=title, message=_("No customers to show."))
    places = np.arange(len(frequency))
    pairs = (
        ("customers_share", _("Share of customers"), style.ACCENT, -0.2),
        ("orders_share", _("Share of orders"), style.LIGHT, 0.2),
    )
    for column, label, colour, shift in pairs:
        axis.bar(places + shift, frequency[column], width=0.38, color=colour, label=label)
    names = [
        reader.integer(row.orders) + ("+" if row.or_more else "") for row in frequency.itertuples()
    ]
    axis.set_xticks(places, names)
    axis.set_xlabel(_("Orders in the period"))
    style.value_axis(axis.yaxis, unit="fraction", reader=reader)
    axis.grid(axis="y")
    axis.legend(loc="upper right", fontsize=9)
    parts = [
        f"{name} {reader.percent(share)}"
        for name, share in zip(names, frequency["customers_share"], strict=True)
    ]
    return style.finish(
        axis,
        title=title,
        alt=_("Bars of customers by number of orders: {parts}.", parts=_("; ").join(parts)),
        caption=_("Valid orders of identified customers. The last bar holds larger numbers too."),
    )


# --- Returns --------------------------------------------------------------------------------


@style.styled
def return_rates(
    rates: pd.DataFrame,
    *,
    lang: str | Reader,
    overall: float | None = None,
    lacks: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw the return rate of each product, category or channel with its interval.

    Parameters
    ----------
    rates
        What `retention.returns_by` returns; `MOST_RATES` rows are drawn, those whose interval
        begins highest first, those without an interval last.
    lang
        The reader, or a language.
    overall
        The rate of all together, drawn as a line.
    lacks
        What the data lack, so that there is nothing to draw; see `retention.lacking`.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Return rate (units)")
    rows = _surest_first(rates) if len(rates) else rates
    axis = style.axes(ax, height=intervals.height(len(rows)))
    if rows.empty:
        nothing = _("No return rate to show.")
        return style.empty(axis, title=title, message=why_nothing(nothing, lacks, reader))
    keys = dimensions_of(rows, until="buyers")
    names = [shortened(name) for name in row_names(rows, keys, lang=reader)]
    names = [name or _("All together") for name in names]
    said = intervals.draw(
        axis, names=names, values=rows["return_rate_units"].tolist(), low=rows["low"].tolist(),
        high=rows["high"].tolist(), unit="fraction", reader=reader, reference=overall,
    )  # fmt: skip
    axis.set_xlim(left=0)
    return style.finish(
        axis,
        title=title,
        alt=_("Dots of the return rate: {parts}.", parts=_("; ").join(said)),
        caption=" ".join(_rates_caption(rates, rows, overall, reader)),
    )


def _surest_first(rates: pd.DataFrame) -> pd.DataFrame:
    """Return the highest rates, by the lower end of their interval."""
    known = rates.dropna(subset=["return_rate_units"])
    ranked = known.sort_values("low", ascending=False, kind="stable", na_position="last")
    return ranked.iloc[:MOST_RATES]


def _rates_caption(
    rates: pd.DataFrame, rows: pd.DataFrame, overall: float | None, reader: Reader
) -> list[str]:
    _ = reader.translate
    said = [_("Bars: 95% interval, customers as the unit that was drawn.")]
    if overall is not None and not pd.isna(overall):
        share = reader.percent(overall)
        said.append(_("Dashes: all together, {share}.", share=share))
    if rows["low"].isna().any():
        said.append(_("Hollow: too few customers to tell."))
    if len(rows) < len(rates):
        said.append(
            _(
                "The {shown} highest of {total}, by the lower end of their interval: the highest "
                "of many is partly chance.",
                shown=reader.integer(len(rows)),
                total=reader.integer(len(rates)),
            )
        )
    return said


@style.styled
def return_reasons(
    reasons: pd.DataFrame,
    *,
    lang: str | Reader,
    lacks: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw the share of each reason in the units and in the value returned.

    Parameters
    ----------
    reasons
        What `retention.return_reasons` returns, without dimensions.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to draw.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    axis = style.axes(ax, height=1.4 + 0.42 * max(len(reasons), 2))
    title = _("Why goods came back")
    if reasons.empty:
        nothing = _("No return to show.")
        return style.empty(axis, title=title, message=why_nothing(nothing, lacks, reader))
    names = [shortened(name) for name in row_names(reasons, ["reason"], lang=reader)]
    places = np.arange(len(reasons))
    pairs = (
        ("units_share", _("Share of units"), style.ACCENT, -0.19),
        ("value_share", _("Share of value"), style.LIGHT, 0.19),
    )
    for column, label, colour, shift in pairs:
        axis.barh(places + shift, reasons[column].fillna(0), height=0.36, color=colour, label=label)
    axis.set_yticks(places, names)
    axis.invert_yaxis()
    style.value_axis(axis.xaxis, unit="fraction", reader=reader)
    axis.grid(axis="x")
    axis.legend(loc="lower right", fontsize=9)
    shown = zip(names, reasons["units_share"], strict=True)
    parts = [f"{name} {reader.percent(share)}" for name, share in shown]
    return style.finish(
        axis,
        title=title,
        alt=_("Bars of the reasons for returns, in units: {parts}.", parts=_("; ").join(parts)),
        caption=_("By date of return. The reason is what the customer or the clerk ticked."),
    )


@style.styled
def returns_by_month(
    months: pd.DataFrame,
    *,
    lang: str | Reader,
    lacks: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw the return rate month by month, by the date of the return and by that of the sale.

    Parameters
    ----------
    months
        What `retention.returns_by_month` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to draw.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    axis = style.axes(ax)
    title = _("Return rate by month: of the return, or of the sale?")
    if months.empty or months["rate_by_return"].isna().all():
        nothing = _("No return rate to show.")
        return style.empty(axis, title=title, message=why_nothing(nothing, lacks, reader))
    looks = (
        ("rate_by_return", "", _("by date of return"), style.BAD, "--", "s"),
        ("rate_by_sale", "sale_", _("by date of sale"), style.ACCENT, "-", "o"),
    )
    places = range(len(months))
    said = []
    for column, ends, label, colour, dashes, marker in looks:
        axis.fill_between(
            places, months[f"{ends}low"], months[f"{ends}high"], color=colour, alpha=0.16,
            linewidth=0,
        )  # fmt: skip
        axis.plot(
            places, months[column], color=colour, linestyle=dashes, marker=marker, markersize=4,
            label=label,
        )  # fmt: skip
        known = months.dropna(subset=[column])
        if len(known):
            high = known.sort_values(column, ascending=False, kind="stable").iloc[0]
            known_ends = (high[f"{ends}low"], high[f"{ends}high"])
            said.append(
                _(
                    "Highest {label}: {rate} in {month}.",
                    label=label,
                    rate=_with_interval(high[column], *known_ends, reader),
                    month=reader.month(high["period"]),
                )
            )
    step = 1 if len(months) <= 13 else 3
    shown = list(places)[::step]
    axis.set_xticks(
        shown, [style.short_month(months["period"].iloc[n], reader, first=n == 0) for n in shown]
    )
    style.value_axis(axis.yaxis, unit="fraction", reader=reader)
    axis.set_ylim(0, 1.06 * max(axis.get_ylim()))
    axis.grid(axis="y")
    axis.legend(loc="lower left", fontsize=9)
    return style.finish(
        axis,
        title=title,
        alt=" ".join([_("Two lines of the monthly return rate."), *said]),
        caption=" ".join([*_months_caption(months, reader)]),
    )


def _with_interval(rate: Any, low: Any, high: Any, reader: Reader) -> str:
    """Return a rate, with its interval in brackets where it has one."""
    spread = intervals.words(low, high, "fraction", reader, absent="")
    return f"{reader.percent(rate)} ({spread})" if spread else reader.percent(rate)


def _months_caption(months: pd.DataFrame, reader: Reader) -> list[str]:
    _ = reader.translate
    said = [
        _(
            "By date of return, this month's returns are divided by this month's sales, although "
            "they come from earlier ones."
        )
    ]
    if months[["low", "sale_low"]].notna().any(axis=None):
        said.insert(0, _("Bands: 95% interval of a month, customers as the unit that was drawn."))
    returned, traced = (months[name].sum() for name in ("units_returned", "units_traced"))
    if returned and not traced:
        return [*said, _("By date of sale, nothing can be told: no return names its order.")]
    blank = _("By date of sale, the last months are blank until their returns have come.")
    if traced < returned:
        missed = _(
            "The order is known for {share} of the units returned: by date of sale, the others are "
            "missing.",
            share=reader.percent(traced / returned),
        )
        return [*said, blank, missed]
    return [*said, blank]


# --- Tables ---------------------------------------------------------------------------------


def return_table(
    rates: pd.DataFrame, *, lang: str | Reader, lacks: Sequence[str] = ()
) -> Table | Sentence:
    """Show units and value sold and returned, with the rates and their intervals.

    Parameters
    ----------
    rates
        What `retention.returns_by` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to show; see `retention.lacking`.

    Returns
    -------
    Table or Sentence
        A sentence when nothing was sold or came back.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if rates.empty:
        return Sentence(why_nothing(_("No return rate to show."), lacks, reader))
    keys = dimensions_of(rates, until="buyers")
    shown = with_names(rates, keys, lang=reader).assign(
        units_interval=_intervals(rates, reader),
        value_interval=_intervals(rates, reader, low="value_low", high="value_high"),
    )
    names = {
        "units_sold": _("Units sold"),
        "units_returned": _("Units returned"),
        "return_rate_units": _("Return rate (units)"),
        "units_interval": _("95% interval (units)"),
        "value_returned": _("Value returned"),
        "return_rate_value": _("Return rate (value)"),
        "value_interval": _("95% interval (value)"),
        **dimension_names(keys, lang=reader),
    }
    ends = ["low", "high", "value_low", "value_high"]
    return table(
        shown,
        lang=reader,
        id="returns_by_" + "_".join(keys) if keys else "returns",
        caption=_("Units and value sold and returned"),
        shown=MOST_RATES,
        columns=[
            *keys, "units_sold", "units_returned", "return_rate_units", "units_interval",
            "net_sales", "value_returned", "return_rate_value", "value_interval", *ends,
        ],
        hidden=ends,
        whole=["net_sales", "value_returned"],
        names=names,
        units={
            **dict.fromkeys(keys, "text"),
            **dict.fromkeys(("units_sold", "units_returned"), "count"),
            **dict.fromkeys(("return_rate_units", "return_rate_value", *ends), "fraction"),
            **dict.fromkeys(("units_interval", "value_interval"), "interval"),
            "value_returned": "currency",
        },
        kpis={
            "return_rate_units": "return_rate_units",
            "return_rate_value": "return_rate_value",
        },
    )  # fmt: skip


def _intervals(
    frame: pd.DataFrame, reader: Reader, *, low: str = "low", high: str = "high"
) -> list[str]:
    """Return intervals of shares in words; without one, that nobody can tell."""
    _ = reader.translate
    absent = _("too few to tell")
    return intervals.column(frame, "fraction", reader, low=low, high=high, absent=absent)


def reason_table(
    reasons: pd.DataFrame, *, lang: str | Reader, lacks: Sequence[str] = ()
) -> Table | Sentence:
    """Show why goods came back, within each category, product or channel: most returned first.

    Parameters
    ----------
    reasons
        What `retention.return_reasons` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to show.

    Returns
    -------
    Table or Sentence
        A sentence when nothing came back.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if reasons.empty:
        return Sentence(why_nothing(_("No return to show."), lacks, reader))
    keys = [*dimensions_of(reasons, until="reason"), "reason"]
    reasons = _most_returned_first(reasons, keys[:-1])
    return table(
        with_names(reasons, keys, lang=reader),
        lang=reader,
        id="_".join(["return_reasons", *(["by", *keys[:-1]] if keys[:-1] else [])]),
        caption=_("Reasons for returns"),
        shown=MOST_REASONS,
        whole=["value_returned"],
        columns=[*keys, "units_returned", "units_share", "value_returned", "value_share"],
        names={
            **dimension_names(keys, lang=reader),
            "units_returned": _("Units returned"),
            "units_share": _("Share of units"),
            "value_returned": _("Value returned"),
            "value_share": _("Share of value"),
        },
        units={
            **dict.fromkeys(keys, "text"),
            "units_returned": "count",
            "value_returned": "currency",
            **dict.fromkeys(("units_share", "value_share"), "fraction"),
        },
    )


def _most_returned_first(reasons: pd.DataFrame, groups: Sequence[str]) -> pd.DataFrame:
    if not groups:
        return reasons
    units = reasons.groupby(list(groups), dropna=False)["units_returned"].transform("sum")
    ranked = reasons.assign(of_group=units).sort_values(
        ["of_group", *groups], ascending=[False, *(True for _ in groups)], kind="stable"
    )
    return ranked.drop(columns="of_group")


def loyalty_table(
    kpis: pd.DataFrame, *, lang: str | Reader, lacks: Sequence[str] = ()
) -> Table | Sentence:
    """Show the KPIs of customers who come back, each with its definition in a report.

    Parameters
    ----------
    kpis
        What `retention.loyalty` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to show.

    Returns
    -------
    Table or Sentence
        A sentence when the data lack something.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if lacks:
        return Sentence(why_nothing("", lacks, reader))
    entries = {id: dictionary().kpi(id) for id in kpis["kpi"]}
    units = [entry.unit for entry in entries.values()]
    ends = zip(kpis["low"], kpis["high"], units, strict=True)
    names = {
        "kpi": _("KPI"),
        "value": _("Value"),
        "customers": _("Customers counted"),
        "interval": _("95% interval"),
        "low": _("Low"),
        "high": _("High"),
    }
    return table(
        kpis.assign(
            interval=[intervals.words(low, high, unit, reader) for low, high, unit in ends]
        ),
        lang=reader,
        id="loyalty",
        caption=_("Retention, repeat purchases and frequency"),
        columns=[*names],
        names=names,
        units={
            "interval": "interval",
            "customers": "count",
            **dict.fromkeys(("value", "low", "high"), "number"),
        },
        row_units=units,
        row_labels={id: entry.name[reader.lang] for id, entry in entries.items()},
        kpis={id: id for id in entries},
        hidden=["low", "high"],
    )


def repeat_table(repeats: pd.DataFrame, *, lang: str | Reader) -> Table:
    """Show which share bought again within 30, 60, 90 days and so on.

    Parameters
    ----------
    repeats
        What `retention.repeat_within` returns, without a grain.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    shown = repeats.assign(
        window=[reader.days(days) for days in repeats["days"]],
        interval=_intervals(repeats, reader),
    )
    return table(
        shown,
        lang=reader,
        id="repeat_within",
        caption=_("New customers who bought again, by window"),
        columns=["window", "days", "customers", "returned", "rate", "interval", "low", "high"],
        hidden=["days", "low", "high"],
        names={
            "window": _("Within"),
            "customers": _("Customers observed that long"),
            "returned": _("Bought again"),
            "rate": _("Share"),
            "interval": _("95% interval"),
        },
        units={
            "returned": "count",
            "interval": "interval",
            **dict.fromkeys(("rate", "low", "high"), "fraction"),
        },
    )


def cohort_table(cohorts: pd.DataFrame, *, lang: str | Reader, grain: Grain = "month") -> Table:
    """Show every cohort at every age that was observed whole, for people and spreadsheets.

    Parameters
    ----------
    cohorts
        What `retention.cohorts` returns.
    lang
        The reader, or a language.
    grain
        What the cohorts were made by.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    seen = cohorts[cohorts["observed"] == "whole"].sort_values(["cohort", "age"])
    seen = seen.assign(name=[_cohort_name(cohort, grain, reader) for cohort in seen["cohort"]])
    measures = {
        "active": (_("Customers who ordered"), "count"),
        "orders": (_("Orders"), "count"),
        "revenue": (_("Revenue"), "currency"),
        **{name: (_(_COHORT_COLUMNS[name]), unit) for name, unit in _COHORT_UNITS.items()},
    }
    return table(
        seen,
        lang=reader,
        id=f"cohorts_by_{grain}",
        caption=_("Cohorts by age, over the periods observed whole"),
        columns=["name", "cohort", "age", "customers", *measures],
        hidden=["cohort"],
        shown=12,
        whole=[name for name, (_label, unit) in measures.items() if unit == "currency"],
        names={
            "name": _("Cohort"),
            "age": _(_SHORT_AGES[grain]),
            **{name: label for name, (label, _unit) in measures.items()},
        },
        units={"age": "count", **{name: unit for name, (_label, unit) in measures.items()}},
    )
