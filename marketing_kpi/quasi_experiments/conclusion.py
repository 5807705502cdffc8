"""What may be said of an action: the most convincing method decides, after its checks."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, ParamSpec, TypeVar

import pandas as pd

from marketing_kpi.errors import ComputeError, MarketingKpiError
from marketing_kpi.quasi_experiments.chooser import choose
from marketing_kpi.quasi_experiments.counterfactual import Counterfactual, counterfactual
from marketing_kpi.quasi_experiments.differences import (
    DifferenceInDifferences,
    difference_in_differences,
)
from marketing_kpi.quasi_experiments.interrupted import (
    InterruptedTimeSeries,
    interrupted_time_series,
)
from marketing_kpi.quasi_experiments.paired import BeforeAfter, compare
from marketing_kpi.quasi_experiments.placebo import Placebo, lean, placebo
from marketing_kpi.quasi_experiments.regression import RegressionToTheMean, regression_to_the_mean
from marketing_kpi.quasi_experiments.series import DAYS_A_YEAR, Season
from marketing_kpi.quasi_experiments.study import Study
from marketing_kpi.quasi_experiments.trends import (
    ParallelTrends,
    event_study,
    parallel_trends,
    placebo_groups,
)
from marketing_kpi.quasi_experiments.verdicts import Verdict, known
from marketing_kpi.text.messages import N_

P = ParamSpec("P")
R = TypeVar("R")
OfSeries = TypeVar("OfSeries", Counterfactual, InterruptedTimeSeries)

POWER = 0.8
"""How probably an effect is found that counts as one that the data could have seen."""

FEWEST_UNITS = 4
"""Units in each arm from which a permutation of them can be rarer than 1 in 20."""

DOUBTS: Mapping[str, str] = MappingProxyType(
    {
        "interval": N_("its interval includes no effect at all"),
        "by_chance": N_("chance would make as much often enough"),
        "trends_differ": N_("the trends already differed before the action"),
        "could_return": N_("a return to the mean could make the whole effect"),
        "methods_disagree": N_("two models of the series lead to different verdicts"),
        "drifting": N_("the series was drifting away from its controls before the action"),
        "high_autocorrelation": N_("the series may be wandering"),
        "errors_not_ar1": N_("a pattern over time is left unexplained"),
        "short_series": N_("the history is short"),
        "short_season": N_("the history holds fewer than two whole seasons"),
        "not_unusual": N_("as much is found where nothing happened"),
        "often_wrong": N_("effects are often found where nothing happened"),
        "few_placebos": N_("the history holds too few earlier dates to try the method on"),
        "levels_differ": N_(
            "one percentage for all would make as much, since the treated are not of one size with "
            "the others"
        ),
        "scales_disagree": N_("in amounts and in percentages, the answers differ"),
        "leaning": N_("a good part of it is found where nothing happened"),
        "contradicted": N_("another method that answers says the opposite"),
    }
)
"""Why a method does not carry a verdict, by id; each ends a sentence."""

RESERVATIONS: Mapping[str, str] = MappingProxyType(
    {
        "too_few_units": N_("units are too few for any verdict"),
        "few_units": N_("an arm has fewer than ten units"),
        "one_period_before": N_("with one period before, trends cannot be compared"),
        "chosen_on_outcome": N_("the treated were chosen for being low or high"),
        "too_short": N_("the history is too short for a series"),
        "short_history": N_("the history is short"),
        "season_unseen": N_("the season could not be learnt"),
        "nothing_else": N_("whatever else began that day is in it"),
        "descriptive": N_("season, trend and all else that changed are in it"),
        "leans": N_("part of it is found where nothing happened"),
    }
)
"""What weakens an answer without taking its verdict away, by id; each ends a sentence."""

_OF_SERIES = (
    "methods_disagree",
    "drifting",
    "high_autocorrelation",
    "errors_not_ar1",
    "short_series",
    "short_season",
)
_OF_UNITS = ("levels_differ", "scales_disagree")
_OF_PLACEBOS = ("not_unusual", "often_wrong", "few_placebos")
_LEAN = 0.1
"""Share of the effect from which on what is found where nothing happened is said; a convention."""
_LARGE_LEAN = 1 / 3
"""Share of it from which on there is no verdict; a convention."""
_SAID_BY = {
    "short_history": "short_series",
    "season_unseen": "short_season",
    "leans": "leaning",
}
_SEASONS = 2
_YEAR = {"day": DAYS_A_YEAR, "week": DAYS_A_YEAR / 7}
_OPPOSITE = {"higher": "lower", "lower": "higher"}
_VALUES = (
    "effect", "low", "high", "relative", "relative_low", "relative_high",
    "total", "total_low", "total_high", "detectable",
)  # fmt: skip
_COLUMNS = ("method", "answers", *_VALUES, "p_value", "verdict", "doubts", "reservations", "notes")


class Conclusion(NamedTuple):
    """What may be said of an action.

    Attributes
    ----------
    verdict
        ``higher`` or ``lower`` when the deciding method says so and nothing is held against it,
        else ``cannot_tell``.
    method
        The method that decides: the most convincing one that the data allow; None where none is.
    doubts
        Ids of `DOUBTS`: why there is no verdict; empty with one.
    effect, low, high
        What the deciding method finds, a period and over all the treated together, and its
        interval; null without a method, the ends also without an interval.
    relative, relative_low, relative_high
        The same as a fraction of what was expected without the action; null where unknown.
    total, total_low, total_high
        The effect added up over the periods after.
    detectable
        The smallest effect a period that the method would have found four times in five, about;
        null without an interval.
    units_needed
        How many units each arm needs for difference-in-differences to find, four times in five,
        an effect as large as the one that it estimates; null without units in both arms or where
        it estimates none.
    reservations
        Ids of `RESERVATIONS`: what weakens the answer without taking the verdict away.
    """

    verdict: Verdict
    method: str | None
    doubts: tuple[str, ...]
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    relative: float | None = None
    relative_low: float | None = None
    relative_high: float | None = None
    total: float | None = None
    total_low: float | None = None
    total_high: float | None = None
    detectable: float | None = None
    units_needed: int | None = None
    reservations: tuple[str, ...] = ()


class Analyses(NamedTuple):
    """Every analysis that a study allows; null, or an empty frame, where it does not.

    Attributes
    ----------
    methods
        What `choose` says.
    before_after, differences, trends, regression
        What `compare` (of the treated alone), `difference_in_differences`, `parallel_trends` and
        `regression_to_the_mean` find in the weeks compared.
    events, units
        What `event_study` and `placebo_groups` find there.
    season
        The season that the series methods take out: of the year from two whole years before on,
        of the week where periods are days.
    counterfactual, interrupted
        What the series methods find in the whole history; the first only with control units.
    placebo
        The first of those two, on dates before the action.
    answers
        A row a method that gave an answer, in the order of `METHODS`: method, answers (of
        `choose`), effect with low and high (a period, over all the treated together), relative
        with its ends, p_value, total with its ends, detectable, verdict, doubts, reservations and
        notes (lists).
    conclusion
        What may be said.
    """

    methods: pd.DataFrame
    before_after: BeforeAfter | None
    differences: DifferenceInDifferences | None
    trends: ParallelTrends | None
    regression: RegressionToTheMean | None
    events: pd.DataFrame
    units: pd.DataFrame
    season: Season
    counterfactual: Counterfactual | None
    interrupted: InterruptedTimeSeries | None
    placebo: Placebo | None
    answers: pd.DataFrame
    conclusion: Conclusion


def analyse(study: Study) -> Analyses:
    """Put every method to a study, check them, and say what may be concluded.

    Parameters
    ----------
    study
        What `study` returns.

    Notes
    -----
    The method that decides is fixed before any result is seen: difference-in-differences where
    units are enough for a verdict, else the counterfactual with control series, else the
    interrupted series. It has a verdict when it says higher or lower, its checks hold (trends that
    are alike before, no return to the mean and no percentage shared by all that could make it, two
    models that agree, nothing of the kind found on earlier dates, nor a third of it on average, nor
    as much as takes its interval back to 0), and no other method that answers says the opposite. To
    take whichever method finds something would find something too often.

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> from marketing_kpi.quasi_experiments.study import study
    >>> orders = pd.DataFrame({"order_id": ["1", "2"], "amount": [5.0, 5.0],
    ...                        "ordered_at": pd.to_datetime(["2025-05-06", "2025-07-31"])})
    >>> asked = study(open_data({"orders": orders}), treated=[], action="2025-06-02",
    ...               as_of="2025-08-01")
    >>> analyse(asked).conclusion.verdict
    'cannot_tell'
    """
    if not study.ready:
        return _NOTHING
    season = season_of(study)
    named: dict[str, Any] = {"outcome": study.outcome, "unit": study.unit}
    dated = named | {"period": "period"}
    regression = _attempt(regression_to_the_mean, study.near, **dated)
    methods = _methods(study, season, regression)
    trends = _attempt(parallel_trends, study.near, **dated)
    differences = _attempt(difference_in_differences, study.near, **dated)
    events = _attempt(event_study, study.near, **dated) if study.control else None
    units = _attempt(placebo_groups, study.near, **named) if study.control else None
    before_after = _before_after(study)
    series = _of_series(study, season)
    found = [
        _of_units("before_after", study, before_after),
        _of_units("difference_in_differences", study, differences),
        _of_one_series("counterfactual", series.counterfactual),
        _of_one_series("interrupted_time_series", series.interrupted),
    ]
    tried = "counterfactual" if series.counterfactual else "interrupted_time_series"
    checks = {
        "difference_in_differences": [*_of_scales(differences), *_of_trends(trends, regression)],
        tried: _of_placebo(series.placebo),
    }
    leans = {tried: ["leans"] if _leans(series.placebo) else []}
    answers = _answers(methods, [row for row in found if row], checks, leans)
    return Analyses(
        methods,
        before_after,
        differences,
        trends,
        regression,
        _NOTHING.events if events is None else events,
        _NOTHING.units if units is None else units,
        season,
        series.counterfactual,
        series.interrupted,
        series.placebo,
        answers,
        conclude(answers, units_needed=units_needed(differences)),
    )


def season_of(study: Study) -> Season:
    """Return the season to take out: of the year from two whole years before the action on."""
    enough = (~_is_after(study)).sum() >= _SEASONS * _YEAR[study.grain]
    seasons = [*(["week"] if study.grain == "day" else []), *(["year"] if enough else [])]
    return seasons or None


def units_needed(differences: DifferenceInDifferences | None) -> int | None:
    """Return how many units each arm needs to find an effect as large as the one estimated.

    Parameters
    ----------
    differences
        What `difference_in_differences` returns; None gives None, as do no effect and no error.
    """
    if differences is None or not differences.standard_error or not differences.effect:
        return None
    from marketing_kpi.trials.power import sample_size

    shares = 1 / differences.treated_units + 1 / differences.control_units
    spread = differences.standard_error / math.sqrt(shares)
    needed = sample_size(
        0.0, abs(differences.effect), sd=spread, power=POWER, alpha=differences.alpha
    )
    return max(FEWEST_UNITS, int(needed.control_n))


def conclude(answers: pd.DataFrame, *, units_needed: int | None = None) -> Conclusion:
    """Say what may be said, from what each method answers.

    Parameters
    ----------
    answers
        As in `Analyses`.
    units_needed
        What `units_needed` returns.
    """
    usable = answers[(answers["answers"] != "no") & (answers["method"] != "before_after")]
    if usable.empty:
        return Conclusion("cannot_tell", None, (), units_needed=units_needed)
    row, others = usable.iloc[0], usable.iloc[1:]
    doubts = [*row["doubts"]]
    if row["verdict"] == "cannot_tell":
        doubts = [*_by_size(row), *doubts] or ["by_chance"]
    elif (others["verdict"] == _OPPOSITE[row["verdict"]]).any():
        doubts.append("contradicted")
    values = {name: known(row[name]) for name in _VALUES}
    return Conclusion(
        "cannot_tell" if doubts else row["verdict"],
        row["method"],
        tuple(doubts),
        **values,
        units_needed=units_needed,
        reservations=tuple(row["reservations"]),
    )


def _by_size(row: pd.Series[Any]) -> Iterator[str]:
    """Say that no effect at all is left possible: a larger one would have been told."""
    low, high = known(row["low"]), known(row["high"])
    if low is None or high is None or low <= 0 <= high:
        yield "interval"


class _Series(NamedTuple):
    """What the series methods find, and what the first of them finds on earlier dates."""

    counterfactual: Counterfactual | None
    interrupted: InterruptedTimeSeries | None
    placebo: Placebo | None


def _attempt(analysis: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R | None:
    """Return what an analysis finds; None where the data do not allow it."""
    try:
        return analysis(*args, **kwargs)
    except MarketingKpiError:
        return None


def _is_after(study: Study) -> pd.Series[bool]:
    if study.proposal is None:
        raise ComputeError("no periods to compare")
    return study.series["period"] >= pd.Timestamp(study.proposal.after.start)


def _of_series(study: Study, season: Season) -> _Series:
    """Follow the series of the treated, against that of those left alone where there is one."""
    after = _is_after(study)
    controls = ["control"] if "control" in study.series else []
    asked: dict[str, Any] = {
        "outcome": "treated",
        "period": "period",
        "action": study.series.loc[after, "period"].iloc[0].date(),
        "season": season,
    }
    interrupted = _of_study(study, _attempt(interrupted_time_series, study.series, **asked))
    along = _attempt(counterfactual, study.series, controls=controls, **asked) if controls else None
    if along := _of_study(study, along):
        tried = _attempt(
            placebo, counterfactual, study.series, controls=controls, structural=False, **asked
        )
        return _Series(along, interrupted, tried)
    tried = _attempt(placebo, interrupted_time_series, study.series, **asked)
    return _Series(None, interrupted, tried if interrupted else None)


def _without_gap(study: Study, found: OfSeries) -> OfSeries:
    """Call the week that the study left out by its name: nothing sold would be 0 there too."""
    proposed = study.proposal
    if proposed is None or "action_week_left_out" not in proposed.notes:
        return found
    notes = ("action_within_period" if note == "gaps" else note for note in found.notes)
    return found._replace(notes=tuple(notes))


def _of_study(study: Study, found: OfSeries | None) -> OfSeries | None:
    """Word the notes for a study, which chooses the season and knows the week that it left out."""
    if found is None:
        return None
    notes = ("unlearnt_season" if note == "no_season" else note for note in found.notes)
    return _without_gap(study, found._replace(notes=tuple(notes)))


def _methods(study: Study, season: Season, regression: RegressionToTheMean | None) -> pd.DataFrame:
    """Say which methods the data allow: units of the weeks compared, periods of the history."""
    after = _is_after(study)
    is_yearly = isinstance(season, list) and "year" in season
    return choose(
        treated_units=len(study.treated) or 1,
        control_units=len(study.control),
        periods_before=int((~after).sum()),
        periods_after=int(after.sum()),
        season_length=None if is_yearly else _YEAR[study.grain],
        control_series=int("control" in study.series),
        chosen_on_outcome=regression is not None and regression.verdict != "no_sign",
    )


def _before_after(study: Study) -> BeforeAfter | None:
    """Compare the treated with themselves: each unit's mean before and after."""
    treated = study.near[study.near["treated"]]
    sided = treated.assign(side=treated["after"].map({False: "before", True: "after"}))
    return _attempt(compare, sided, outcome=study.outcome, period="side", unit=study.unit)


def _of_units(
    method: str, study: Study, found: BeforeAfter | DifferenceInDifferences | None
) -> dict[str, Any] | None:
    """Return the answer of a method that compares units, over all the treated together."""
    if found is None:
        return None
    units = max(len(study.treated), 1)
    periods = int(study.near.loc[study.near["after"], "period"].nunique())
    if isinstance(found, BeforeAfter):
        ends = (found.absolute_change, found.absolute_low, found.absolute_high)
        relative = (found.relative_change, found.relative_low, found.relative_high)
    else:
        ends = (found.effect, found.low, found.high)
        relative = (found.relative_effect, found.relative_low, found.relative_high)
    a_period = [None if end is None else units * end for end in ends]
    tells = "too_few_to_tell" not in found.notes and "one_unit" not in found.notes
    return _row(
        method,
        a_period,
        relative,
        [None if end is None else periods * end for end in a_period],
        found,
        detectable=_detectable(a_period, found.degrees_of_freedom) if tells else None,
    )


def _of_one_series(
    method: str, found: Counterfactual | InterruptedTimeSeries | None
) -> dict[str, Any] | None:
    """Return the answer of a method that follows one series."""
    if found is None:
        return None
    ends = (found.effect, found.low, found.high)
    return _row(
        method,
        ends,
        (found.relative, found.relative_low, found.relative_high),
        (found.cumulative, found.cumulative_low, found.cumulative_high),
        found,
        detectable=_detectable(ends, None),
    )


def _row(
    method: str,
    ends: Sequence[float | None],
    relative: Sequence[float | None],
    total: Sequence[float | None],
    found: BeforeAfter | DifferenceInDifferences | Counterfactual | InterruptedTimeSeries,
    *,
    detectable: float | None,
) -> dict[str, Any]:
    values = dict(zip(_VALUES, (*ends, *relative, *total, detectable), strict=True))
    return {
        "method": method,
        **values,
        "p_value": found.p_value,
        "verdict": found.verdict,
        "notes": list(found.notes),
    }


def _detectable(ends: Sequence[float | None], freedom: float | None) -> float | None:
    """Return the effect found four times in five by an interval as wide as this one."""
    from scipy import special

    _, low, high = ends
    if low is None or high is None:
        return None
    degrees = math.inf if freedom is None else freedom
    reach, power = (float(special.stdtrit(degrees, level)) for level in (0.975, POWER))
    return (high - low) / 2 * (1 + power / reach)


def _of_scales(differences: DifferenceInDifferences | None) -> Iterator[str]:
    """Say that a change by one percentage, and not by one amount, could be what was found."""
    if differences is not None:
        yield from (note for note in _OF_UNITS if note in differences.notes)


def _of_trends(
    trends: ParallelTrends | None, regression: RegressionToTheMean | None
) -> Iterator[str]:
    """Say what is held against difference-in-differences."""
    if trends is not None and trends.verdict == "diverge":
        yield "trends_differ"
    if regression is not None and "could_explain" in regression.notes:
        yield "could_return"


def _of_placebo(found: Placebo | None) -> Iterator[str]:
    """Say what earlier dates hold against a method on a series."""
    if found is None:
        yield "few_placebos"
    else:
        yield from (note for note in _OF_PLACEBOS if note in found.notes)
        if _leans(found, from_share=_LARGE_LEAN) or _is_undone(found):
            yield "leaning"


def _leans(found: Placebo | None, *, from_share: float = _LEAN) -> bool:
    """Whether what is found where nothing happened is on average such a share of the effect."""
    if found is None or (mean := lean(found)) is None:
        return False
    effect = float(found.frame["effect"].iloc[0])
    return mean * effect > 0 and abs(mean) >= from_share * abs(effect)


def _is_undone(found: Placebo) -> bool:
    """Whether an interval that excludes 0 reaches it once a lean that is said is taken out."""
    if not _leans(found) or (mean := lean(found)) is None:
        return False
    low, high = found.frame[["low", "high"]].iloc[0].astype(float)
    return low * high > 0 and (low - mean) * (high - mean) <= 0


def _answers(
    methods: pd.DataFrame,
    found: Sequence[dict[str, Any]],
    checks: Mapping[str, Iterable[str]],
    leans: Mapping[str, Sequence[str]],
) -> pd.DataFrame:
    """Return a row a method, the most convincing first, with what is held against it."""
    by_method = {row["method"]: row for row in found}
    rows = []
    for method, allowed, why in methods[["method", "answers", "why"]].itertuples(index=False):
        if method in by_method:
            row = by_method[method]
            doubts = [
                *(note for note in _OF_SERIES if note in row["notes"]),
                *checks.get(method, ()),
            ]
            weak = [
                each
                for each in (*why, *leans.get(method, ()))
                if each in RESERVATIONS and _SAID_BY.get(each) not in doubts
            ]
            rows.append(row | {"answers": allowed, "doubts": doubts, "reservations": weak})
    return pd.DataFrame(rows, columns=list(_COLUMNS))


_NOTHING = Analyses(
    methods=pd.DataFrame(columns=["method", "answers", "why"]),
    before_after=None,
    differences=None,
    trends=None,
    regression=None,
    events=pd.DataFrame(columns=["period", "after", "effect", "low", "high"]),
    units=pd.DataFrame(columns=["treated", "change", "effect", "at_least"]),
    season=None,
    counterfactual=None,
    interrupted=None,
    placebo=None,
    answers=pd.DataFrame(columns=list(_COLUMNS)),
    conclusion=Conclusion("cannot_tell", None, ()),
)
