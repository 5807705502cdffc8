"""Figures and tables of before–after analysis: what `marketing_kpi.prepost` returns, drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from marketing_kpi import prepost
from marketing_kpi.kpis.dictionary import Kpi, dictionary
from marketing_kpi.plots import intervals, style
from marketing_kpi.plots.sentences.base import Sentence
from marketing_kpi.plots.tables import Table, table
from marketing_kpi.quasi_experiments import chooser, periods
from marketing_kpi.quasi_experiments.conclusion import DOUBTS, RESERVATIONS
from marketing_kpi.text.locale import Reader
from marketing_kpi.text.messages import N_

MOST_PERIODS = 104
"""Periods that the figure of a counterfactual shows, the last ones: more are illegible."""

ARMS: Mapping[str, str] = MappingProxyType(
    {"treated": N_("With the action"), "control": N_("Left alone")}
)
"""The two arms, as shown."""

ANSWERS: Mapping[str, str] = MappingProxyType(
    {"yes": N_("yes"), "with_care": N_("with care"), "no": N_("no")}
)
"""Whether a method answers, as shown."""

VERDICTS: Mapping[str, str] = MappingProxyType(
    {"higher": N_("a rise"), "lower": N_("a fall"), "cannot_tell": N_("one cannot tell")}
)
"""What a method says, as shown."""

_YEARS = {"this": N_("This year"), "last": N_("A year earlier")}
_LARGE = 10  # from here on, what is after the decimal point is of no interest
_WEEKDAYS = "EEEE"
_MONDAY = pd.Timestamp("2024-01-01")
NOTHING = N_("There is no analysis to show.")
"""What stands in place of a result that there is not."""


def outcome_name(outcome: str, reader: Reader) -> str:
    """Return the name of an outcome, as the dictionary gives it."""
    return dictionary()[outcome].name[reader.lang]


def outcome_unit(outcome: str) -> str:
    """Return the unit of an outcome."""
    entry = dictionary()[outcome]
    return entry.unit if isinstance(entry, Kpi) else "number"


def amount(outcome: str, reader: Reader) -> Callable[[Any], str]:
    """Return how an amount of an outcome is written: decimals for small ones only."""
    unit = outcome_unit(outcome)

    def written(value: Any) -> str:
        return reader.unit(value, unit, decimals=0 if abs(value) >= _LARGE else 2)

    return written


def _large(rows: pd.DataFrame, columns: list[str]) -> list[str]:
    """Return columns of amounts whose decimals are of no interest; all or none of them."""
    return columns if any((rows[name].abs() >= _LARGE).any() for name in columns) else []


def _column_unit(outcome: str) -> str:
    """Return the unit of a column of means: those of counts are no whole numbers."""
    unit = outcome_unit(outcome)
    return "number" if unit == "count" else unit


# --- What is compared -----------------------------------------------------------------------


@style.styled
def arms_over_time(study: prepost.Study, *, lang: str | Reader, ax: Axes | None = None) -> Axes:
    """Draw the outcome of both arms, period by period, and the day of the action.

    Parameters
    ----------
    study
        What `prepost.study` returns.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    axis = style.axes(ax, height=3.6)
    name = outcome_name(study.outcome, reader)
    title = _("{outcome} before and after the action", outcome=name)
    if study.series.empty or study.action is None:
        return style.empty(axis, title=title, message=_(NOTHING))
    looks = {"treated": (style.ACCENT, "-", 2.0), "control": (style.BAD, "--", 1.4)}
    arms = [arm for arm in looks if arm in study.series]
    for arm in arms:
        colour, dashes, width = looks[arm]
        axis.plot(study.series["period"], study.series[arm], color=colour, linestyle=dashes,
                  linewidth=width, label=_(ARMS[arm]))  # fmt: skip
    _mark_action(axis, study.action, reader)
    _date_axis(axis, study.series["period"], reader)
    style.value_axis(axis.yaxis, unit=outcome_unit(study.outcome), reader=reader)
    axis.set_ylim(bottom=0)
    axis.grid(axis="y")
    axis.legend(loc="lower left", fontsize=9, ncols=2)
    shown = amount(study.outcome, reader)
    after = study.series["period"] >= pd.Timestamp(study.action)
    parts = [
        _(
            "{arm}: on average {before} before and {after} after",
            arm=_(ARMS[arm]),
            before=shown(study.series.loc[~after, arm].mean()),
            after=shown(study.series.loc[after, arm].mean()),
        )
        for arm in arms
    ]
    return style.finish(
        axis,
        title=title,
        alt=_("Lines over time. {parts}.", parts=_("; ").join(parts)),
        caption=_("Each line adds up the units open ever since it begins. Dotted: the action."),
    )


def _mark_action(axis: Axes, action: Any, reader: Reader) -> None:
    _ = reader.translate
    # Where matplotlib puts a day: so many days after the first of 1970.
    place = float((pd.Timestamp(action) - pd.Timestamp(0)).days)
    axis.axvline(place, color=style.INK, linewidth=1, linestyle=":")
    axis.annotate(_("Action"), (place, 1), xycoords=("data", "axes fraction"),
                  xytext=(-4, -2), textcoords="offset points", ha="right", va="top",
                  fontsize=8.5)  # fmt: skip


def _short_day(day: Any, reader: Reader) -> str:
    from babel.dates import format_skeleton

    return format_skeleton("yMMMd", pd.Timestamp(day), locale=reader.locale)


def _date_axis(axis: Axes, days: pd.Series[Any], reader: Reader) -> None:
    """Put a tick at the beginning of some months, in the reader's words."""
    months = pd.date_range(days.min(), days.max(), freq="MS")
    if len(months) < 2:
        months = pd.DatetimeIndex([days.min(), days.max()])
    shown = months[:: max(1, -(-len(months) // 7))]
    labels = [
        style.short_month(f"{month:%Y-%m-%d}", reader, first=month.year != previous)
        for month, previous in zip(shown, [None, *shown.year], strict=False)
    ]
    axis.set_xticks(shown, labels, fontsize=8.5)


def calendar_table(
    proposal: prepost.Proposal | None,
    *,
    lang: str | Reader,
    country: str | None = None,
    subdivision: str | None = None,
) -> Table | Sentence:
    """Show what the calendar alone makes differ between the weeks before and after.

    Parameters
    ----------
    proposal
        What `prepost.propose` returns; None where there is nothing to compare.
    lang
        The reader, or a language.
    country, subdivision
        Whose holidays, as in `prepost.calendar_notes`; without a country none is looked up, and
        the caption says so.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if proposal is None:
        return Sentence(_(NOTHING))
    found = prepost.calendar_notes(
        before=(proposal.before.start, proposal.before.end),
        after=(proposal.after.start, proposal.after.end),
        country=country,
        subdivision=subdivision,
        lang=reader.lang,
    )
    whose = _whose_holidays(country, subdivision, reader)
    if found.empty:
        return Sentence(" ".join([_("The calendar of both periods is the same."), whose]))
    rows = found.assign(what=[_calendar_row(row, reader) for row in found.to_dict("records")])
    return table(
        rows,
        lang=reader,
        id="calendar",
        caption=_("What the calendar alone makes differ"),
        notes=[whose],
        columns=["what", "before", "after"],
        names={"what": _("What differs"), "before": _("Days before"), "after": _("Days after")},
        units={"what": "text", "before": "count", "after": "count"},
    )


def _whose_holidays(country: str | None, subdivision: str | None, reader: Reader) -> str:
    """Say where public holidays were looked up, or that they were not."""
    _ = reader.translate
    if country is None:
        return _(
            "Public holidays are not looked up: set the parameter `country`, and `subdivision` "
            "where it has its own."
        )
    from babel import Locale

    name = Locale.parse(reader.locale).territories.get(country, country)
    place = name if subdivision is None else _("{country}, {part}", country=name, part=subdivision)
    return _(
        "Public holidays: those of {place}. Units elsewhere have others.",
        place=place,
    )


def _calendar_row(row: Mapping[Any, Any], reader: Reader) -> str:
    """Name a difference of the calendar."""
    from babel.dates import format_skeleton

    _ = reader.translate
    note, detail = row["note"], row["detail"]
    if note == "holiday":
        return str(detail)
    if note == "event":
        return _(periods.EVENTS[detail])
    if note == "weekdays":
        return format_skeleton(_WEEKDAYS, _MONDAY + pd.Timedelta(int(detail), "D"),
                               locale=reader.locale)  # fmt: skip
    values = {name: reader.integer(row[name]) for name in ("before", "after")}
    return _(periods.NOTES[note], detail=str(detail), **values)


def change_table(study: prepost.Study, *, lang: str | Reader) -> Table | Sentence:
    """Show both arms before and after, this year and a year earlier.

    Parameters
    ----------
    study
        What `prepost.study` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    rows = prepost.changes(study)
    if rows.empty:
        return Sentence(_(NOTHING))
    unit = _column_unit(study.outcome)
    names = [
        _("{arm}, {year}", arm=_(ARMS[row["arm"]]), year=_(_YEARS[row["year"]]).lower())
        for row in rows.to_dict("records")
    ]
    return table(
        rows.assign(name=names),
        lang=reader,
        id="before_after",
        caption=_(
            "{outcome} a period, before and after", outcome=outcome_name(study.outcome, reader)
        ),
        columns=["name", "before", "after", "change", "relative"],
        names={
            "name": _("Group"),
            "before": _("Before"),
            "after": _("After"),
            "change": _("Difference"),
            "relative": _("Change"),
        },
        units={
            "name": "text",
            **dict.fromkeys(("before", "after", "change"), unit),
            "relative": "change",
        },
        whole=_large(rows, ["before", "after", "change"]),
    )


def chooser_table(methods: pd.DataFrame, *, lang: str | Reader) -> Table | Sentence:
    """Show which methods answer the question, which do not, and why.

    Parameters
    ----------
    methods
        What `prepost.choose` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if methods.empty:
        return Sentence(_(NOTHING))
    rows = pd.DataFrame(
        {
            "method": [_(chooser.METHODS[method]) for method in methods["method"]],
            "answers": [_(ANSWERS[answer]) for answer in methods["answers"]],
            "why": [" ".join(_(chooser.REASONS[one]) for one in why) for why in methods["why"]],
        }
    )
    return table(
        rows,
        lang=reader,
        id="methods",
        caption=_("Which methods answer the question"),
        names={"method": _("Method"), "answers": _("Does it answer?"), "why": _("Why")},
        units={"method": "text", "answers": "text", "why": "long_text"},
    )


# --- Units ----------------------------------------------------------------------------------


@style.styled
def unit_effects(
    units: pd.DataFrame, *, outcome: str, lang: str | Reader, ax: Axes | None = None
) -> Axes:
    """Draw the change of each unit, the treated filled and those left alone hollow.

    Parameters
    ----------
    units
        What `prepost.placebo_groups` returns: its first column names the units.
    outcome
        The KPI that was measured.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    axis = style.axes(ax, height=intervals.height(max(len(units), 2)))
    title = _("Change of each unit, from before to after")
    if units.empty:
        return style.empty(axis, title=title, message=_(NOTHING))
    rows = units.sort_values("change", ascending=False)
    places = range(len(rows))
    axis.axvline(0, color=style.REFERENCE, linewidth=1)
    for place, change, treated in zip(places, rows["change"], rows["treated"], strict=True):
        colour = style.ACCENT if treated else style.BAD
        axis.hlines(place, 0, change, color=colour, linewidth=1.2)
        axis.plot(change, place, marker="o" if treated else "s", color=colour,
                  markerfacecolor=colour if treated else "white", markersize=7)  # fmt: skip
    names = [str(name) for name in rows[units.columns[0]]]
    axis.set_yticks(places, names, fontsize=9)
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.margins(x=0.1)
    style.value_axis(axis.xaxis, unit=outcome_unit(outcome), reader=reader)
    axis.grid(axis="x")
    axis.spines["left"].set_visible(False)
    shown = amount(outcome, reader)
    parts = [
        f"{name}{_(': ')}{shown(change)}"
        for name, change in zip(names, rows["change"], strict=True)
    ]
    return style.finish(
        axis,
        title=title,
        alt=_("A dot a unit. {parts}.", parts=_("; ").join(parts)),
        caption=_(
            "Filled dots: units with the action. Hollow squares: units left alone. Each is the "
            "mean a period after, less the mean before."
        ),
    )


@style.styled
def event_effects(
    events: pd.DataFrame, *, outcome: str, lang: str | Reader, ax: Axes | None = None
) -> Axes:
    """Draw the difference between both arms, period by period, with its interval.

    Parameters
    ----------
    events
        What `prepost.event_study` returns.
    outcome
        The KPI that was measured.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    axis = style.axes(ax, height=3.6)
    title = _("Difference between both groups, period by period")
    if events.empty:
        return style.empty(axis, title=title, message=_(NOTHING))
    axis.axhline(0, color=style.REFERENCE, linewidth=1)
    for is_after, colour in ((False, style.REFERENCE), (True, style.ACCENT)):
        rows = events[events["after"] == is_after]
        axis.vlines(rows["period"], rows["low"], rows["high"], color=colour, alpha=0.5,
                    linewidth=1.5)  # fmt: skip
        axis.plot(rows["period"], rows["effect"], marker="o", markersize=4, linestyle="none",
                  color=colour)  # fmt: skip
    # A few periods of very wide intervals must not flatten all others.
    _bound(axis, events)
    _mark_action(axis, events.loc[events["after"], "period"].min(), reader)
    _date_axis(axis, events["period"], reader)
    style.value_axis(axis.yaxis, unit=outcome_unit(outcome), reader=reader)
    axis.grid(axis="y")
    shown = amount(outcome, reader)
    means = events.groupby("after")["effect"].mean()
    return style.finish(
        axis,
        title=title,
        alt=_(
            "Dots with intervals. Mean of the differences before the action: {before}; after: "
            "{after}.",
            before=shown(means[False]),
            after=shown(means[True]),
        ),
        caption=_(
            "A unit, against the last period before the action, which is 0 by construction: "
            "compare the dots after with those before, and not with 0. Bars: 95% interval of each "
            "period alone; those that are wider than the figure go on beyond it."
        ),
    )


def _bound(axis: Axes, events: pd.DataFrame) -> None:
    ends = pd.concat([events["low"], events["high"], events["effect"]]).dropna()
    low, high = ends.quantile(0.05), ends.quantile(0.95)
    low, high = min(low, events["effect"].min()), max(high, events["effect"].max())
    if high > low:
        axis.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))


# --- One series -----------------------------------------------------------------------------


@style.styled
def expected_lines(
    found: prepost.Counterfactual | prepost.InterruptedTimeSeries | None,
    *,
    action: Any,
    outcome: str,
    lang: str | Reader,
    ax: Axes | None = None,
) -> Axes:
    """Draw what was observed, and what was to be expected without the action, with its band.

    Parameters
    ----------
    found
        What `prepost.counterfactual` or `prepost.interrupted_time_series` returns, of periods that
        are days; None draws nothing.
    action
        The day the action began.
    outcome
        The KPI that was measured.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    axis = style.axes(ax, height=3.8)
    title = _("Observed, and expected without the action")
    if found is None:
        return style.empty(axis, title=title, message=_(NOTHING))
    rows = found.frame.iloc[-MOST_PERIODS:]
    period = rows[rows.columns[0]]
    axis.fill_between(period, rows["low"], rows["high"], color=style.BAD, alpha=0.18, linewidth=0)
    axis.plot(period, rows["expected"], color=style.BAD, linestyle="--", linewidth=1.4,
              label=_("Expected"))  # fmt: skip
    axis.plot(period, rows["observed"], color=style.ACCENT, linewidth=1.8, label=_("Observed"))
    _mark_action(axis, action, reader)
    _date_axis(axis, period, reader)
    style.value_axis(axis.yaxis, unit=outcome_unit(outcome), reader=reader)
    axis.grid(axis="y")
    axis.legend(loc="upper left", fontsize=9, ncols=2)
    axis.margins(y=0.14)
    after = rows[period >= pd.Timestamp(action)]
    shown = amount(outcome, reader)
    return style.finish(
        axis,
        title=title,
        alt=_(
            "Two lines. After the action, {observed} a period was observed on average and "
            "{expected} expected.",
            observed=shown(after["observed"].mean()),
            expected=shown(after["expected"].mean()),
        ),
        caption=_(
            "Band: where 95% of periods would lie without the action. Before it, each period is "
            "expected from those that came before."
        )
        if isinstance(found, prepost.Counterfactual)
        else _("Band: 95% interval of what the model expects without the action."),
    )


@style.styled
def cumulative_effect(
    found: prepost.Counterfactual | None,
    *,
    outcome: str,
    lang: str | Reader,
    ax: Axes | None = None,
) -> Axes:
    """Draw the effect added up since the action, with its band.

    Parameters
    ----------
    found
        What `prepost.counterfactual` returns; None draws nothing.
    outcome
        The KPI that was measured.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    axis = style.axes(ax, height=3.2)
    title = _("What the action added up to")
    if found is None:
        return style.empty(axis, title=title, message=_(NOTHING))
    rows = found.frame.dropna(subset=["cumulative"])
    period = rows[rows.columns[0]]
    axis.axhline(0, color=style.REFERENCE, linewidth=1)
    axis.fill_between(period, rows["cumulative_low"], rows["cumulative_high"],
                      color=style.ACCENT, alpha=0.2, linewidth=0)  # fmt: skip
    axis.plot(period, rows["cumulative"], color=style.ACCENT)
    _date_axis(axis, period, reader)
    style.value_axis(axis.yaxis, unit=outcome_unit(outcome), reader=reader)
    axis.grid(axis="y")
    shown = amount(outcome, reader)
    return style.finish(
        axis,
        title=title,
        alt=_(
            "A line from the action on, which ends at {total} ({low} to {high}).",
            total=shown(found.cumulative),
            low=shown(found.cumulative_low),
            high=shown(found.cumulative_high),
        ),
        caption=_("Observed less expected, added up. Band: 95% interval."),
    )


@style.styled
def placebo_effects(
    found: prepost.Placebo | None, *, outcome: str, lang: str | Reader, ax: Axes | None = None
) -> Axes:
    """Draw what the same analysis finds on the day of the action, and where nothing happened.

    Parameters
    ----------
    found
        What `prepost.placebo` returns, on days; None draws nothing.
    outcome
        The KPI that was measured.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    rows = None if found is None else found.frame
    axis = style.axes(ax, height=1.3 + 0.17 * (2 if rows is None else len(rows)))
    title = _("The same analysis on dates when nothing happened")
    if found is None or rows is None:
        return style.empty(axis, title=title, message=_(NOTHING))
    axis.axvline(0, color=style.REFERENCE, linewidth=1)
    places = range(len(rows))
    for place, row in zip(places, rows.to_dict("records"), strict=True):
        is_action = row["kind"] == "action"
        is_alarm = not is_action and (row["low"] > 0 or row["high"] < 0)
        colour = style.ACCENT if is_action else style.BAD if is_alarm else style.REFERENCE
        axis.hlines(place, row["low"], row["high"], color=colour, linewidth=3 if is_action else 1.5)
        axis.plot(row["effect"], place, marker="D" if is_action else "o", color=colour,
                  markersize=5 if is_action else 4)  # fmt: skip
    names = [
        _("Action") if kind == "action" else _short_day(name, reader)
        for kind, name in zip(rows["kind"], rows["name"], strict=True)
    ]
    axis.set_yticks(places, names, fontsize=8)
    axis.set_ylim(len(rows) - 0.3, -0.7)
    style.value_axis(axis.xaxis, unit=outcome_unit(outcome), reader=reader)
    axis.grid(axis="x")
    axis.spines["left"].set_visible(False)
    return style.finish(
        axis,
        title=title,
        alt=_(
            "An interval a date. That of the action: {low} to {high}. Of {n} other dates, {alarms} "
            "have an interval without 0.",
            low=amount(outcome, reader)(rows["low"].iloc[0]),
            high=amount(outcome, reader)(rows["high"].iloc[0]),
            n=reader.integer(found.placebos),
            alarms=reader.integer(found.false_alarms * found.placebos),
        ),
        caption=_(
            "First row: the action. The others: invented actions, on dates before it; in orange, "
            "those for which the analysis would have announced an effect. Bars: 95% interval."
        ),
    )


# --- All answers ----------------------------------------------------------------------------


@style.styled
def answer_intervals(
    answers: pd.DataFrame, *, outcome: str, lang: str | Reader, ax: Axes | None = None
) -> Axes:
    """Draw the effect that each method finds, with its interval.

    Parameters
    ----------
    answers
        The answers of `prepost.analyse`.
    outcome
        The KPI that was measured.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    axis = style.axes(ax, height=intervals.height(len(answers)) + 0.3)
    title = _("The effect a period, by method")
    if answers.empty:
        return style.empty(axis, title=title, message=_(NOTHING))
    said = intervals.draw(
        axis,
        names=[_short_method(method, reader) for method in answers["method"]],
        values=answers["effect"].tolist(),
        low=answers["low"].tolist(),
        high=answers["high"].tolist(),
        unit=outcome_unit(outcome),
        reader=reader,
        reference=0,
    )
    axis.margins(x=0.06)
    return style.finish(
        axis,
        title=title,
        alt=_("A dot a method with its interval. {parts}.", parts=_("; ").join(said)),
        caption=_(
            "{outcome} a period, over all units with the action together. Bars: 95% interval; "
            "hollow dot: no interval. The most convincing method comes first.",
            outcome=outcome_name(outcome, reader),
        ),
    )


def _short_method(method: str, reader: Reader) -> str:
    return reader.translate(chooser.METHODS[method]).replace(" ", "\n", 1)


def answer_table(answers: pd.DataFrame, *, outcome: str, lang: str | Reader) -> Table | Sentence:
    """Show what each method answers, and what is held against it.

    Parameters
    ----------
    answers
        The answers of `prepost.analyse`.
    outcome
        The KPI that was measured.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if answers.empty:
        return Sentence(_(NOTHING))
    unit, shown = _column_unit(outcome), amount(outcome, reader)
    rows = answers.assign(
        method=[_(chooser.METHODS[method]) for method in answers["method"]],
        interval=intervals.column(answers, shown, reader),
        verdict=[_(VERDICTS[verdict]) for verdict in answers["verdict"]],
        against=pd.array(
            [
                _against([*doubts, *weak], reader)
                for doubts, weak in zip(answers["doubts"], answers["reservations"], strict=True)
            ],
            dtype="object",
        ),
    )
    names = {
        "method": _("Method"),
        "effect": _("Effect a period"),
        "interval": _("95% interval"),
        "relative": _("Relative effect"),
        "verdict": _("It says"),
        "detectable": _("Would have seen"),
        "against": _("Held against it"),
        **dict.fromkeys(("low", "relative_low"), _("Low")),
        **dict.fromkeys(("high", "relative_high"), _("High")),
    }
    return table(
        rows,
        lang=reader,
        id="answers",
        caption=_("What each method says of the action"),
        columns=[*names],
        names=names,
        units={
            **dict.fromkeys(("method", "verdict", "against"), "text"),
            **dict.fromkeys(("effect", "low", "high", "detectable"), unit),
            **dict.fromkeys(("relative", "relative_low", "relative_high"), "change"),
            "interval": "interval",
        },
        hidden=["low", "high", "relative_low", "relative_high"],
        whole=_large(rows, ["effect", "detectable"]),
        notes=[
            _(
                "Would have seen: the smallest effect that the method finds four times in five; a "
                "dash where none would do."
            )
        ],
    )


def _against(held: Sequence[str], reader: Reader) -> str | None:
    words = {**DOUBTS, **RESERVATIONS}
    return reader.translate("; ").join(reader.translate(words[one]) for one in held) or None


# --- Regression to the mean -----------------------------------------------------------------


@style.styled
def regression_scatter(shown: pd.DataFrame, *, lang: str | Reader, ax: Axes | None = None) -> Axes:
    """Draw units before and after, those chosen for being low apart from the others.

    Parameters
    ----------
    shown
        What `prepost.simulate_regression` returns.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    axis = style.axes(ax, height=4.0)
    looks = {
        True: (style.BAD, "s", _("The lowest before")),
        False: (style.REFERENCE, "o", _("The others")),
    }
    for chosen, (colour, marker, label) in looks.items():
        rows = shown[shown["chosen"] == chosen]
        axis.plot(rows["before"], rows["after"], linestyle="none", marker=marker, markersize=4.5,
                  markerfacecolor="none", color=colour, label=label)  # fmt: skip
    ends = [shown[["before", "after"]].min().min(), shown[["before", "after"]].max().max()]
    axis.plot(ends, ends, color=style.INK, linewidth=1, linestyle=":", label=_("No change"))
    axis.set_xlabel(_("Before"))
    axis.set_ylabel(_("After"))
    axis.legend(loc="upper left", fontsize=9)
    means = shown.groupby("chosen")[["before", "after"]].mean()
    parts = [
        _(
            "{group}: {before} before and {after} after",
            group=label,
            before=reader.number(means.loc[chosen, "before"]),
            after=reader.number(means.loc[chosen, "after"]),
        )
        for chosen, (_colour, _marker, label) in looks.items()
        if chosen in means.index
    ]
    return style.finish(
        axis,
        title=_("Nothing was done, and the lowest rise"),
        alt=_("A dot a unit. {parts}.", parts=_("; ").join(parts)),
        caption=_("Simulated units to which nothing happens. Above the dotted line: a rise."),
    )
