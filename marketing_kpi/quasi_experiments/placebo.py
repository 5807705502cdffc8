"""The same analysis where nothing happened: how often does it find as much as on the day itself?"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pandas as pd

from marketing_kpi.errors import ComputeError, ConfigError, DataError, unknown
from marketing_kpi.kpis.frames import Frame
from marketing_kpi.quasi_experiments.counterfactual import Counterfactual
from marketing_kpi.quasi_experiments.interrupted import InterruptedTimeSeries
from marketing_kpi.quasi_experiments.series import Action, Series, Split, split
from marketing_kpi.quasi_experiments.series import series as checked_series
from marketing_kpi.text.messages import N_

Result: TypeAlias = InterruptedTimeSeries | Counterfactual

NOTES: Mapping[str, str] = MappingProxyType(
    {
        "few_placebos": N_(
            "There are fewer than 19 placebos: even if none of them is as big, chance is not ruled "
            "out at 5%."
        ),
        "shorter_windows": N_(
            "The history is too short for placebos that last as long as the action: they are "
            "shorter."
        ),
        "not_unusual": N_(
            "Where nothing happened, this analysis finds as much more than once in 20 times: the "
            "effect is not to be believed on its word."
        ),
        "often_wrong": N_(
            "Where nothing happened, more than one interval in five excludes 0: on this series the "
            "intervals are too narrow."
        ),
    }
)
"""What a result of placebos can note, and what the note says."""

_PERIOD, _OUTCOME = " period", " outcome"  # no column of a caller's has these names
_COMPARED = ("effect", "low", "high", "relative", "p_value", "verdict")
_ENOUGH = 19  # placebos: with the action itself, 1 in 20
_UNUSUAL = 0.05
_LEANING = 0.75  # share of placebos on one side from which on a lean is told; a convention
_WRONG = 0.2  # share of false alarms: well over alpha, since overlapping windows alarm together
_LEARNED = 2  # a placebo keeps at least the first half of the history to learn from
_WINDOW = 4  # and leaves its last quarter to placebos that begin later


class Placebo(NamedTuple):
    """What an analysis finds where nothing happened.

    Attributes
    ----------
    size
        Of the effect itself: over 1 where its interval excludes 0. It is the effect over half the
        width of its interval, so that placebos of any length and scale compare with it.
    share
        Of the placebos, those at least as big, in either direction.
    p_value
        The same with the action counted in: (1 + as big) / (1 + placebos).
    false_alarms
        Share of the placebos whose interval excludes 0: near alpha where the analysis keeps its
        promise on this series.
    placebos
        Placebos analysed.
    skipped
        Placebos that could not be, for lack of periods with an outcome.
    notes
        Ids of `NOTES`.
    frame
        A row an analysis: kind (action, date, group), name (when it began, or the group), effect,
        low, high, relative, p_value, verdict, size. The action first.
    """

    size: float
    share: float
    p_value: float
    false_alarms: float
    placebos: int
    skipped: int
    notes: tuple[str, ...]
    frame: pd.DataFrame


class _Case(NamedTuple):
    """One analysis to make: of which series, with an action when."""

    kind: str
    name: str
    series: Series
    action: Action


def placebo(
    analysis: Callable[..., Result],
    series: Frame,
    *,
    outcome: str,
    period: str,
    action: Action,
    controls: str | Sequence[str] = (),
    dates: Sequence[Action] | int = 20,
    groups: Sequence[str] = (),
    alpha: float = 0.05,
    **options: Any,
) -> Placebo:
    """Repeat an analysis on days, and on groups, where nothing happened.

    Parameters
    ----------
    analysis
        `interrupted_time_series` or `counterfactual`.
    series, outcome, period, action, controls, alpha
        As given to it.
    dates
        How many days to try, spread over the history; or the days themselves.
    groups
        Columns of other series that the action did not touch: each takes the place of the
        outcome, and leaves the controls where it is one.
    **options
        The analysis' other arguments, such as season.

    Returns
    -------
    Placebo

    Raises
    ------
    ComputeError
        When a day is none of the history before the action.
    ConfigError
        When there is nothing to try, or the analysis is not one of those, or has no such option.
    DataError
        What the analysis refuses; a history in which no placebo can be analysed.

    Notes
    -----
    Placebos on days read only what came before the action. Each learns from at least the first
    half of that history, and lasts as long as the action, a quarter of the history at most. Their
    windows overlap, so that `share` describes and is no exact p-value.

    References
    ----------
    Abadie, A., Diamond, A. and Hainmueller, J. (2010). Synthetic control methods for comparative
    case studies. Journal of the American Statistical Association 105(490), 493-505.

    Examples
    --------
    >>> from marketing_kpi.quasi_experiments.interrupted import interrupted_time_series
    >>> rng = np.random.default_rng(4)
    >>> weeks = pd.DataFrame({"week": range(120), "sales": 200 + rng.normal(0, 5, 120)})
    >>> weeks.loc[weeks.week >= 100, "sales"] += 30
    >>> found = placebo(
    ...     interrupted_time_series, weeks, outcome="sales", period="week", action=100
    ... )
    >>> found.placebos, found.share, found.size > 1
    (20, 0.0, True)
    """
    _check_analysis(analysis, options)
    names = (controls,) if isinstance(controls, str) else tuple(controls)
    parted = split(checked_series(series, outcome=outcome, period=period, controls=names), action)
    cases = _on_days(parted, _days(parted, dates))
    for group in groups:
        left = [name for name in names if name != group]
        other = checked_series(series, outcome=group, period=period, controls=left)
        cases.append(_Case("group", group, other, action))

    def analysed(case: _Case) -> dict[str, object]:
        found = analysis(
            _rows(case.series),
            outcome=_OUTCOME,
            period=_PERIOD,
            action=case.action,
            controls=case.series.control_names,
            alpha=alpha,
            **options,
        )
        return {"kind": case.kind, "name": case.name, **_compared(found)}

    actual = analysed(_Case("action", str(action), parted.series, action))
    tried = list(_possible(cases, analysed))
    if not tried:
        raise DataError(
            f"none of {len(cases)} placebos has enough periods with an outcome",
            hint="take a longer history before the action, or groups that it did not touch",
        )
    frame = pd.DataFrame([actual, *tried])
    size = frame["size"].to_numpy()
    as_big, count = int((size[1:] >= size[0]).sum()), len(tried)
    false_alarms = float((frame["p_value"].iloc[1:] < alpha).mean())
    found = {
        "few_placebos": count < _ENOUGH,
        "shorter_windows": _window(parted) < len(parted.series.period) - parted.before
        and any(case.kind == "date" for case in cases),
        "not_unusual": as_big > _UNUSUAL * count,
        "often_wrong": false_alarms > _WRONG,
    }
    return Placebo(
        size=float(size[0]),
        share=as_big / count,
        p_value=(1 + as_big) / (1 + count),
        false_alarms=false_alarms,
        placebos=count,
        skipped=len(cases) - count,
        notes=tuple(note for note, holds in found.items() if holds),
        frame=frame,
    )


def lean(found: Placebo) -> float | None:
    """Return the mean of the invented effects where most lie on one side of 0; None elsewhere.

    Parameters
    ----------
    found
        What `placebo` returns.
    """
    invented = found.frame.loc[found.frame["kind"] != "action", "effect"]
    return float(invented.mean()) if one_sided(found) >= _LEANING else None


def one_sided(found: Placebo) -> float:
    """Return the share of the invented effects that lie on the side of 0 where most do."""
    invented = found.frame.loc[found.frame["kind"] != "action", "effect"]
    return float(max((invented > 0).mean(), (invented < 0).mean()))


def _compared(found: Result) -> dict[str, object]:
    """Return what is compared of a result."""
    values = {name: getattr(found, name) for name in _COMPARED}
    return {**values, "size": 2 * abs(found.effect) / (found.high - found.low)}


def _possible(
    cases: Sequence[_Case], analysed: Callable[[_Case], dict[str, object]]
) -> Iterator[dict[str, object]]:
    """Analyse the cases that hold enough to be."""
    for case in cases:
        try:
            yield analysed(case)
        except DataError:
            continue


def _window(parted: Split) -> int:
    """Return how many periods a placebo lasts."""
    return max(1, min(len(parted.series.period) - parted.before, parted.before // _WINDOW))


def _days(parted: Split, dates: Sequence[Action] | int) -> list[int]:
    """Return where in the series placebos begin."""
    if isinstance(dates, str):
        raise ConfigError(f"dates == '{dates}', must be a list of days", hint=f"dates=['{dates}']")
    if isinstance(dates, int):
        if dates < 0:
            raise ConfigError(f"dates == {dates}, must not be below 0")
        first, last = -(-parted.before // _LEARNED), parted.before - _window(parted)
        return sorted({int(place) for place in np.linspace(first, last, dates).round()})
    places = []
    for date in dates:
        place = split(parted.series, date).before
        if place >= parted.before:
            raise ComputeError(
                f"the placebo {date} does not lie before the action",
                hint="take days on which nothing had happened yet",
            )
        places.append(place)
    return places


def _check_analysis(analysis: Callable[..., Result], options: Mapping[str, Any]) -> None:
    """Refuse an analysis of another kind, and options that it does not have."""
    taken = inspect.signature(analysis).parameters
    if any(one.kind is inspect.Parameter.VAR_KEYWORD for one in taken.values()):
        return
    if "action" not in taken:
        raise ConfigError(
            "the analysis takes no action: placebos on days are for analyses of one series",
            hint="interrupted_time_series or counterfactual; for a panel of units, placebo_dates "
            "or placebo_groups",
        )
    for name in options:
        if name not in taken:
            message, hint = unknown("option", name, list(taken), where="the analysis")
            raise ConfigError(message, hint=hint)


def _on_days(parted: Split, places: Sequence[int]) -> list[_Case]:
    """Return an analysis for each place, which reads nothing from the action on."""
    window, series, cases = _window(parted), parted.series, []
    for place in places:
        end = min(place + window, parted.before)
        name, action = _called(series.period[place])
        cases.append(_Case("date", name, series.cut(end), action))
    return cases


def _called(period: pd.Timestamp | int) -> tuple[str, Action]:
    """Return a period's name and the action that begins with it."""
    if isinstance(period, pd.Timestamp):
        return f"{period:%Y-%m-%d}", period.date()
    return str(period), int(period)


def _rows(series: Series) -> pd.DataFrame:
    """Return a checked series as rows for an analysis."""
    controls = dict(zip(series.control_names, series.controls.T, strict=True))
    return pd.DataFrame({_PERIOD: series.period, _OUTCOME: series.outcome, **controls})
