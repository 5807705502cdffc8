"""Which method answers: from what the data hold, what each of them can say, and why."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import pandas as pd

from marketing_kpi.errors import ComputeError
from marketing_kpi.kpis.frames import Frame, require
from marketing_kpi.quasi_experiments.collapse import Columns, answer, by_unit, rows
from marketing_kpi.text.messages import N_

if TYPE_CHECKING:
    import ibis.expr.types as ir

Answer: TypeAlias = Literal["yes", "with_care", "no"]

METHODS: Mapping[str, str] = MappingProxyType(
    {
        "control_group": N_("Control-group test"),
        "difference_in_differences": N_("Difference-in-differences"),
        "counterfactual": N_("Counterfactual with control series"),
        "interrupted_time_series": N_("Interrupted time series"),
        "before_after": N_("Before–after comparison"),
    }
)
"""The methods, the most convincing first."""

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "drawn": N_("Chance drew who was treated: both arms differ by the action alone."),
        "not_drawn": N_("Nobody was drawn to be left alone."),
        "no_treated_units": N_("No unit was treated."),
        "no_control_units": N_("Every unit was treated: there is none to compare with."),
        "too_few_units": N_("So few units can be drawn in too few ways to tell an effect."),
        "few_units": N_(
            "Fewer than ten units in an arm: only the permutation keeps its promise, where the "
            "treated would otherwise vary as the others do."
        ),
        "enough_units": N_("Ten units or more in each arm."),
        "one_period_before": N_("With one period before, parallel trends cannot be looked at."),
        "no_period": N_("There is no period before, or none after."),
        "chosen_on_outcome": N_(
            "The treated were chosen for being low or high: part of that comes back by itself."
        ),
        "no_control_series": N_("No series that the action left alone goes along."),
        "control_series": N_("A series that the action left alone takes out what both share."),
        "short_history": N_("Fewer than fifty periods before: error rates are above those stated."),
        "too_short": N_("Fewer than twelve periods before, or three after, carry no series model."),
        "long_history": N_("The history is long enough to learn from."),
        "season_unseen": N_("Fewer than two whole seasons before: the season cannot be learnt."),
        "nothing_else": N_("Whatever else began with the action is counted as its effect."),
        "descriptive": N_("It tells what changed, not why: season and trend are in it."),
    }
)
"""Why a method answers or not, by id."""

FEW_UNITS = 10
FEW_PERIODS = 50
_FEWEST_BEFORE, _FEWEST_AFTER = 12, 3
_SEASONS = 2
_SEVERITY = ("no", "with_care", "yes")
_FEWEST_WAYS = 40  # ways to draw the treated units: the rarest has a two-sided p of 2 in so many


class Holds(NamedTuple):
    """What the data hold for a question of the kind "did it work?".

    Attributes
    ----------
    treated_units, control_units
        How many units the action touched, and left alone.
    periods_before, periods_after
        How many periods of equal length there are.
    """

    treated_units: int
    control_units: int
    periods_before: int
    periods_after: int


def holds(
    panel: Frame,
    *,
    outcome: str,
    unit: str,
    period: str,
    treated: str = "treated",
    after: str = "after",
) -> Holds:
    """Count what a panel holds, for `choose`.

    Examples
    --------
    >>> frame = pd.DataFrame({"shop": list("aabb"), "week": [1, 2] * 2, "after": [0, 1] * 2,
    ...                       "treated": [1, 1, 0, 0], "sales": [5.0, 6, 9, 4]})
    >>> holds(frame, outcome="sales", unit="shop", period="week")
    Holds(treated_units=1, control_units=1, periods_before=1, periods_after=1)
    """
    columns = Columns(outcome, treated, after, unit, period)
    require(panel, [name for name in columns if name is not None], "panel")
    units = by_unit(panel, columns).dropna(subset=["before", "after"])

    def query(table: ir.Table) -> ir.Table:
        named = rows(table, columns)
        return named.aggregate(
            before=named.period.nunique(where=named.after == 0),
            after=named.period.nunique(where=named.after == 1),
        )

    counts = answer(panel, query).iloc[0]
    arms = units["treated"].to_numpy()
    return Holds(
        int((arms == 1).sum()), int((arms == 0).sum()), int(counts["before"]), int(counts["after"])
    )


def choose(
    *,
    treated_units: int,
    control_units: int,
    periods_before: int,
    periods_after: int,
    randomised: bool = False,
    season_length: float | None = None,
    control_series: int = 0,
    chosen_on_outcome: bool = False,
) -> pd.DataFrame:
    """Say which methods answer whether an action worked, which do not, and why.

    Parameters
    ----------
    treated_units, control_units, periods_before, periods_after
        What the data hold (`holds` counts them in a panel).
    randomised
        Whether chance drew the treated.
    season_length
        Periods in a season (52 for the weeks of a year), where the outcome has one.
    control_series
        How many series there are that the action left alone; control units make one.
    chosen_on_outcome
        Whether the treated were chosen because their outcome was low, or high.

    Returns
    -------
    pandas.DataFrame
        method (an id of `METHODS`), answers (``yes``, ``with_care`` or ``no``) and why (a list of
        ids of `REASONS`, those that made the answer first); the most convincing method first.

    Notes
    -----
    The limits are those of the calibration in ``benchmarks``: ten units in each arm for Welch's
    interval, forty ways to draw the treated units for any verdict at 5 %, fifty periods for a
    series.

    Examples
    --------
    >>> found = choose(treated_units=3, control_units=3, periods_before=60, periods_after=30,
    ...                season_length=52)
    >>> found[["method", "answers"]]
                          method    answers
    0              control_group         no
    1  difference_in_differences         no
    2             counterfactual  with_care
    3    interrupted_time_series  with_care
    4               before_after  with_care
    """
    counts = {
        "treated_units": treated_units,
        "control_units": control_units,
        "periods_before": periods_before,
        "periods_after": periods_after,
        "control_series": control_series,
    }
    for name, count in counts.items():
        if count < 0 or count != int(count):
            raise ComputeError(f"{name} == {count}, must be a whole number, not below 0")
    series = _series(periods_before, periods_after, season_length)
    groups = _groups(treated_units, control_units, randomised=randomised)
    chosen = {"chosen_on_outcome": "with_care"} if chosen_on_outcome else {}
    along = control_series or control_units
    found: dict[str, dict[str, str]] = {
        "control_group": groups if randomised else {"not_drawn": "no"},
        "difference_in_differences": groups | _sides(periods_before, periods_after) | chosen,
        "counterfactual": series
        | ({"control_series": "yes"} if along else {"no_control_series": "no"})
        | chosen,
        "interrupted_time_series": series | {"nothing_else": "with_care"} | chosen,
        "before_after": {"descriptive": "with_care"}
        | ({} if periods_before and periods_after else {"no_period": "no"})
        | chosen,
    }
    return pd.DataFrame(
        {
            "method": list(METHODS),
            "answers": [_worst(found[method].values()) for method in METHODS],
            "why": [_decisive_first(found[method]) for method in METHODS],
        }
    )


def _decisive_first(reasons: Mapping[str, str]) -> list[str]:
    """Return the ids of reasons, the least favourable first.

    >>> _decisive_first({"long_history": "yes", "nothing_else": "with_care"})
    ['nothing_else', 'long_history']
    """
    return sorted(reasons, key=lambda reason: _SEVERITY.index(reasons[reason]))


def _worst(answers: Iterable[str]) -> Answer:
    """Return what the least favourable reason leaves."""
    given = set(answers)
    return "no" if "no" in given else "with_care" if "with_care" in given else "yes"


def _groups(treated: int, control: int, *, randomised: bool) -> dict[str, str]:
    """Return what the number of units allows."""
    drawn = {"drawn": "yes"} if randomised else {}
    if not treated:
        return drawn | {"no_treated_units": "no"}
    if not control:
        return drawn | {"no_control_units": "no"}
    if min(treated, control) == 1 or math.comb(treated + control, treated) <= _FEWEST_WAYS:
        return drawn | {"too_few_units": "no"}
    if min(treated, control) < FEW_UNITS:
        return drawn | {"few_units": "with_care"}
    return drawn | {"enough_units": "yes"}


def _sides(before: int, after: int) -> dict[str, str]:
    if not before or not after:
        return {"no_period": "no"}
    return {"one_period_before": "with_care"} if before == 1 else {}


def _series(before: int, after: int, season: float | None) -> dict[str, str]:
    """Return what the length of the history allows."""
    if before < _FEWEST_BEFORE or after < _FEWEST_AFTER:
        return {"too_short": "no"}
    found = {"short_history": "with_care"} if before < FEW_PERIODS else {"long_history": "yes"}
    if season is not None and before < _SEASONS * season:
        found["season_unseen"] = "with_care"
    return found
