"""A question of the kind "did it work?", put to the data: what answers it, or what is missing."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, get_args

import pandas as pd

from marketing_kpi.errors import ComputeError, MarketingKpiError
from marketing_kpi.kpis.compute import compute, missing_columns
from marketing_kpi.kpis.dictionary import Kpi, dictionary
from marketing_kpi.kpis.extent import extent
from marketing_kpi.kpis.frames import executed
from marketing_kpi.kpis.periods import day
from marketing_kpi.quasi_experiments.panel import listed, named, panel
from marketing_kpi.quasi_experiments.periods import WEEK, Proposal, Span, propose
from marketing_kpi.text.messages import N_

if TYPE_CHECKING:
    from marketing_kpi.data.model import Data

Grain: TypeAlias = Literal["day", "week"]
_EVERYTHING = "all"

PROBLEMS: Mapping[str, str] = MappingProxyType(
    {
        "no_outcome": N_(
            "The outcome cannot be computed: the data lack {detail}. Set the parameter `outcome` "
            "to a KPI that they allow."
        ),
        "no_action": N_("Set the parameter `action` to the day the action began."),
        "no_treated": N_(
            "Set the parameter `treated` to the units that the action touched; to an empty list if "
            "it touched everything."
        ),
        "no_orders": N_("The data hold no order before the day of the analysis."),
        "no_weeks": N_(
            "The data go from {detail}: there is no whole week both before and after the action. "
            "Set the parameter `action` to the day it began."
        ),
        "too_many_weeks": N_(
            "On each side of the action, the data hold {detail} whole weeks at most. Set the "
            "parameter `weeks` to as many or fewer, or to nothing."
        ),
        "odd_weeks": N_(
            "The parameter `weeks` is {detail}: it must be a whole number from 1 on, or nothing."
        ),
        "no_unit": N_(
            "The data do not tell the column `{detail}`, which should say where each sale was "
            "made. Set the parameter `unit` to a column that they have or, if the action touched "
            "everything, `treated` to an empty list."
        ),
        "unknown_units": N_(
            "Not in the data: {detail}. Set the parameters `treated` and `control` to the units "
            "that the action touched and left alone."
        ),
        "known_units": N_("The data have these units: {detail}."),
        "closed": N_("None of the treated units was open throughout the weeks compared."),
    }
)
"""What keeps a question from being put to the data, by id, with what it is about."""

_MOST_NAMED = 12


class Study(NamedTuple):
    """What the data hold on a question.

    Attributes
    ----------
    problems
        Ids of `PROBLEMS`, each with its detail (texts; two days, as ISO texts, for ``no_weeks``);
        empty when the question can be put. With any, the frames are empty.
    action
        The day it began; None where it is not said.
    treated, control
        The units that the action touched and left alone and that are compared: open throughout
        `near`. Both are empty where it touched everything.
    left_out
        Units asked for, or of the data, that were not open throughout the weeks compared.
    unit, outcome, grain
        As asked.
    proposal
        Which weeks are compared; None with problems.
    panel
        A row a unit and period, as `panel` makes: the whole history until the end of the weeks
        after; the week of an action that began within it is left out. A single unit ``"all"``
        where it touched everything.
    near
        Those of its rows that lie in the weeks before and after.
    series
        A row a period from the first in which every treated unit was open: period, treated and
        control, the sums of the outcome over the units open ever since; no control where none was.
    """

    problems: tuple[tuple[str, str], ...]
    action: dt.date | None
    treated: tuple[str, ...]
    control: tuple[str, ...]
    left_out: tuple[str, ...]
    unit: str
    outcome: str
    grain: Grain
    proposal: Proposal | None
    panel: pd.DataFrame
    near: pd.DataFrame
    series: pd.DataFrame

    @property
    def ready(self) -> bool:
        """Whether the question can be put to the data."""
        return not self.problems


def study(
    data: Data,
    *,
    action: str | dt.date | None,
    as_of: str | dt.date,
    treated: Sequence[Any] | None,
    control: Sequence[Any] | None = None,
    unit: str = "store_id",
    outcome: str = "net_sales",
    grain: Grain = "week",
    weeks: int | None = None,
) -> Study:
    """Lay out what the data hold on what an action changed, or say what is missing.

    Parameters
    ----------
    data
        What `open_data` returns.
    action
        The day it began; None leaves the question open, and the problems say so.
    as_of
        The day of the analysis, exclusive; weeks after the last order are not looked at.
    treated
        The units that the action touched, as texts or as the data have them; empty when it
        touched everything. None leaves the question open, as for `action`.
    control
        Those it left alone; None takes all the others, an empty sequence none.
    unit
        The dimension that names units.
    outcome
        A KPI of the dictionary that adds up, such as ``"net_sales"`` or ``"orders"``.
    grain
        ``"week"`` or ``"day"``: what a period is.
    weeks
        As in `propose`.

    Raises
    ------
    ComputeError
        When the outcome is no KPI, or none that adds up over periods and units, a unit is in both
        arms, an arm is a text and no list, or `grain` is neither of both.

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> orders = pd.DataFrame({"order_id": ["1", "2"], "amount": [5.0, 5.0],
    ...                        "ordered_at": pd.to_datetime(["2025-01-06", "2025-07-31"])})
    >>> asked = {"action": "2025-06-02", "as_of": "2025-08-01"}
    >>> study(open_data({"orders": orders}), treated=["A"], **asked).problems
    (('no_unit', 'store_id'),)
    >>> found = study(open_data({"orders": orders}), treated=[], **asked)
    >>> found.ready, len(found.near), float(found.series["treated"].sum())
    (True, 16, 5.0)
    """
    _check_outcome(outcome)
    if grain not in get_args(Grain):
        raise ComputeError(
            f"grain == {grain!r}, must be 'day' or 'week'",
            hint="months are too few, and too unlike, to follow a series",
        )
    treated, control = (
        None if names is None else listed(names, arm)
        for names, arm in ((treated, "treated"), (control, "control"))
    )
    begun = None if action is None else day(action, name="action")
    until = day(as_of, name="as_of")
    asked = Study((), begun, (), (), (), unit, outcome, grain, None, *_empty(unit, outcome))
    first, last = extent(data, before=until)
    if first is None or last is None:
        return asked._replace(problems=(("no_orders", ""),))
    if lacking := missing_columns(outcome, data):
        return asked._replace(problems=(("no_outcome", ", ".join(lacking)),))
    if begun is None or treated is None:
        return asked._replace(problems=_unasked(data, asked, Span(first, until), treated))
    if weeks is not None and (weeks < 1 or weeks != int(weeks)):
        return asked._replace(problems=(("odd_weeks", str(weeks)),))
    until = min(until, last + dt.timedelta(days=1))
    try:
        proposal = propose(data, action=begun, as_of=until, weeks=weeks)
    except ComputeError:
        return asked._replace(problems=(_weeks_problem(data, begun, until, (first, last)),))
    start = proposal.before.end - (proposal.before.end - first) // WEEK * WEEK
    history = Span(start, proposal.after.end)
    asked = asked._replace(proposal=proposal)
    if not treated:
        return _laid_out(asked, _whole(data, asked, history))
    present = _units(data, asked, history)
    treated = named(treated, present)
    control = None if control is None else named(control, present)
    problems = _unit_problems(unit, present, [*treated, *(control or ())])
    if problems:
        return asked._replace(problems=problems, proposal=None)
    if control is None:
        control = [name for name in present if name not in treated]
    rows = panel(
        data,
        treated=treated,
        control=control,
        action=proposal.after.start,
        start=history.start,
        end=history.end,
        unit=unit,
        grain=grain,
        outcome=outcome,
    )
    return _laid_out(asked, executed(rows))


def adds_up(outcome: str) -> bool:
    """Whether a KPI of the dictionary adds up over periods and units.

    >>> adds_up("net_sales"), adds_up("average_order_value")
    (True, False)
    """
    entry = dictionary()[outcome]
    return isinstance(entry, Kpi) and entry.zero_when_empty


def _check_outcome(outcome: str) -> None:
    if not adds_up(outcome):
        raise ComputeError(
            f"outcome == '{outcome}', must add up over periods and units",
            hint="a sum or a count, such as 'net_sales' or 'orders'",
        )


def _empty(unit: str, outcome: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    rows = pd.DataFrame(columns=[unit, "period", outcome, "treated", "after"])
    return rows, rows, pd.DataFrame(columns=["period", "treated"])


def _unasked(
    data: Data, asked: Study, history: Span, treated: list[Any] | None
) -> tuple[tuple[str, str], ...]:
    """Say which of the action's day and its units are not said, and which units there are."""
    problems = [("no_action", "")] if asked.action is None else []
    if treated is None:
        problems.append(("no_treated", ""))
        if present := _units(data, asked, history):
            problems.append(("known_units", _some(present)))
    return tuple(problems)


def _weeks_problem(
    data: Data, action: dt.date, until: dt.date, reach: tuple[dt.date, dt.date]
) -> tuple[str, str]:
    """Say how many weeks the data allow, or that they allow none."""
    try:
        most = propose(data, action=action, as_of=until).weeks
    except ComputeError:
        return "no_weeks", " ".join(map(str, reach))
    return "too_many_weeks", str(most)


def _units(data: Data, asked: Study, history: Span) -> list[Any]:
    """Return the units that sold in the history; none where the data do not tell units."""
    try:
        sold = compute(asked.outcome, data, by=asked.unit, start=history.start, end=history.end)
    except MarketingKpiError:
        return []
    return sorted(executed(sold)[asked.unit].dropna())


def _unit_problems(
    unit: str, present: Sequence[str], names: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    """Say which of the units asked for the data do not know, and which units they do."""
    if not present:
        return (("no_unit", unit),)
    unknown = [str(name) for name in names if name not in present]
    if not unknown:
        return ()
    return (("unknown_units", ", ".join(unknown)), ("known_units", _some(present)))


def _some(present: Sequence[Any]) -> str:
    return ", ".join([*map(str, present[:_MOST_NAMED]), *(["…"] if present[_MOST_NAMED:] else [])])


def _whole(data: Data, asked: Study, history: Span) -> pd.DataFrame:
    """Return the panel of an action that touched everything: one unit, nothing sold as 0."""
    if asked.proposal is None:
        raise ComputeError("no periods to compare")
    cells = compute(asked.outcome, data, grain=asked.grain, start=history.start, end=history.end)
    values = executed(cells).assign(period=lambda rows: pd.to_datetime(rows["period"]))
    step = 7 if asked.grain == "week" else 1
    periods = pd.date_range(history.start, history.end, freq=f"{step}D", inclusive="left")
    filled = values.set_index("period")[asked.outcome].reindex(periods)
    turn = pd.Timestamp(asked.proposal.after.start)
    return pd.DataFrame(
        {
            asked.unit: _EVERYTHING,
            "period": periods,
            asked.outcome: filled.astype(float).fillna(0).to_numpy(),
            "treated": True,
            "after": periods >= turn,
        }
    )


def _laid_out(asked: Study, rows: pd.DataFrame) -> Study:
    """Part the rows into those compared and the series of both arms."""
    if asked.proposal is None:
        raise ComputeError("no periods to compare")
    before = asked.proposal.before
    rows = rows.assign(
        period=pd.to_datetime(rows["period"]), **{asked.outcome: rows[asked.outcome].astype(float)}
    )
    within = (rows["period"] >= pd.Timestamp(before.end)) & ~rows["after"]
    rows = rows[~within].reset_index(drop=True)
    near = rows[rows["period"] >= pd.Timestamp(before.start)]
    counts = near.groupby(asked.unit)["period"].count()
    kept = counts.index[counts == near["period"].nunique()]
    left_out = tuple(sorted(set(rows[asked.unit]) - set(kept)))
    rows, near = (frame[frame[asked.unit].isin(kept)] for frame in (rows, near))
    arms = near.groupby(asked.unit)["treated"].first()
    if not arms.any():
        return asked._replace(problems=(("closed", ""),), left_out=left_out, proposal=None)
    everything = list(kept) == [_EVERYTHING]
    return asked._replace(
        treated=() if everything else tuple(arms.index[arms]),
        control=tuple(arms.index[~arms]),
        left_out=left_out,
        panel=rows.reset_index(drop=True),
        near=near.reset_index(drop=True),
        series=_series(rows, asked.unit, asked.outcome),
    )


def _series(rows: pd.DataFrame, unit: str, outcome: str) -> pd.DataFrame:
    """Add the outcome up over the units that were open ever since the treated all were."""
    start = rows[rows["treated"]].groupby(unit)["period"].min().max()
    since = rows[rows["period"] >= start]
    counts = since.groupby(unit)["period"].count()
    kept = since[since[unit].isin(counts.index[counts == since["period"].nunique()])]
    arms = kept.pivot_table(index="period", columns="treated", values=outcome, aggfunc="sum")
    arms = arms.rename(columns={True: "treated", False: "control"})
    names = [name for name in ("treated", "control") if name in arms]
    series: pd.DataFrame = arms[names].rename_axis(columns=None).reset_index()
    return series


def changes(study: Study) -> pd.DataFrame:
    """Compare both arms before and after the action, and in the same weeks a year earlier.

    Parameters
    ----------
    study
        What `study` returns.

    Returns
    -------
    pandas.DataFrame
        arm (``treated``, ``control``), year (``this``, ``last``), before and after (the outcome a
        period, over all units of the arm; null where one of them was not yet open), change (after
        less before) and relative (the same over before; null unless that is above 0). Empty where
        the study has problems, a row less an arm where the data do not reach back a year.
    """
    columns = ["arm", "year", "before", "after", "change", "relative"]
    found = study.proposal
    if found is None:
        return pd.DataFrame(columns=columns)
    years = {"this": (found.before, found.after)}
    if "no_last_year" not in found.notes:
        years["last"] = (found.last_year_before, found.last_year_after)
    rows = []
    for arm, units in (("treated", study.treated or (_EVERYTHING,)), ("control", study.control)):
        for year, spans in years.items():
            if units:
                before, after = (_mean(study, units, span) for span in spans)
                share = (after - before) / before if before > 0 else math.nan
                rows.append((arm, year, before, after, after - before, share))
    return pd.DataFrame(rows, columns=columns)


def _mean(study: Study, units: Sequence[str], span: Span) -> float:
    """Return the outcome a period, over all units; NaN where some were not open in all of them."""
    step = 7 if study.grain == "week" else 1
    within = study.panel["period"].between(
        pd.Timestamp(span.start), pd.Timestamp(span.end), inclusive="left"
    )
    rows = study.panel[within & study.panel[study.unit].isin(units)]
    periods = span.days // step
    if len(rows) < periods * len(units):
        return math.nan
    return float(rows[study.outcome].sum()) / periods
