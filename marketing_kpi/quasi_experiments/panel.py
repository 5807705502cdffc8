"""A panel: what each unit did in each period, before and after an action."""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from marketing_kpi.data.model import Data
from marketing_kpi.errors import ComputeError, suggest, unknown
from marketing_kpi.kpis.compute import GRAINS, compute
from marketing_kpi.kpis.dictionary import Kpi, dictionary
from marketing_kpi.kpis.frames import Frame
from marketing_kpi.kpis.periods import day, length

_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_STORE = "store_id"


def panel(
    data: Data,
    *,
    treated: Sequence[Any],
    action: str | dt.date,
    start: str | dt.date,
    end: str | dt.date,
    control: Sequence[Any] | None = None,
    unit: str = _STORE,
    grain: str = "week",
    outcome: str = "net_sales",
) -> Frame:
    """Lay out an outcome by unit and period, around an action.

    Parameters
    ----------
    data
        What `open_data` returns.
    treated
        The units that the action touched, as texts or as the data have them.
    action
        The day it began: the first day of a period.
    start, end
        First day, and the day after the last: whole periods.
    control
        The units it left alone; None takes all others of the data that sold in those periods, an
        empty sequence none.
    unit
        The dimension that names units: ``"store_id"``, ``"region"``, …
    grain
        ``day``, ``week`` (from Monday), ``month``, ``quarter`` or ``year``.
    outcome
        A KPI of the dictionary.

    Returns
    -------
    pandas.DataFrame or ibis.expr.types.Table
        A row a unit and period, sorted by both: the unit under its own name, period (its first
        day), the outcome, treated and after (booleans). Without any sale, a sum or count is 0 and
        a ratio null. A period in which a store was not open throughout (`stores.opened_on` and
        `stores.closed_on`) has no row. pandas when every table came as pandas, else a lazy table.

    Raises
    ------
    ComputeError
        When a unit is not in the data or in both arms, an arm is empty, or a day begins no period.

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> days = pd.to_datetime(["2025-03-03", "2025-03-04", "2025-03-10", "2025-03-12"])
    >>> orders = pd.DataFrame({"order_id": list("1234"), "store_id": list("ABAA"),
    ...                        "ordered_at": days, "amount": [20.0, 30.0, 25.0, 40.0]})
    >>> panel(open_data({"orders": orders}), treated=["A"], action="2025-03-10",
    ...       start="2025-03-03", end="2025-03-17")
      store_id     period  net_sales  treated  after
    0        A 2025-03-03       20.0     True  False
    1        A 2025-03-10       65.0     True   True
    2        B 2025-03-03       30.0    False  False
    3        B 2025-03-10        0.0    False   True
    """
    periods, turn = _periods(grain, start, end, action)
    cells = compute(outcome, data, by=unit, grain=grain, start=periods[0], end=day(end, name="end"))
    arms = _arms(cells, unit, treated, control)
    step, openings = length(f"1 {grain}", name="grain"), _openings(data, unit)
    grid = [
        {unit: name, "period": first, "treated": is_treated, "after": first >= turn}
        for name, is_treated in arms.items()
        for first in periods
        if _open(name, first, step.after(first), openings)
    ]
    if not grid:
        raise ComputeError("no unit was open throughout any of these periods")
    return _filled(pd.DataFrame(grid), cells, unit, outcome)


def _periods(
    grain: str, start: str | dt.date, end: str | dt.date, action: str | dt.date
) -> tuple[list[dt.date], dt.date]:
    """Return the first days of the periods, and that of the first one after the action."""
    if grain not in GRAINS:
        close = suggest(grain, GRAINS)
        question = f"; did you mean '{close}'?" if close else ""
        raise ComputeError(f"grain == '{grain}', must be one of {', '.join(GRAINS)}{question}")
    days = {"start": start, "action": action, "end": end}
    first, turn, last = (_beginning(value, name, grain) for name, value in days.items())
    if not first < turn < last:
        raise ComputeError(
            f"action == {turn}, must lie between start == {first} and end == {last}",
            hint="with periods on both sides of it",
        )
    step, found = length(f"1 {grain}", name="grain"), [first]
    while (following := step.after(found[-1])) < last:
        found.append(following)
    return found, turn


def _beginning(value: str | dt.date, name: str, grain: str) -> dt.date:
    """Return a day that begins a period; one within it would share that between both sides."""
    given = day(value, name=name)
    begin = _first_day(given, grain)
    if given != begin:
        after = length(f"1 {grain}", name="grain").after(begin)
        raise ComputeError(
            f"{name} == {given} does not begin a {grain}",
            hint=f"whole periods only: {begin} or {after}, or a finer grain",
        )
    return given


def _first_day(given: dt.date, grain: str) -> dt.date:
    if grain in _MONTHS:
        months = _MONTHS[grain]
        return given.replace(month=(given.month - 1) // months * months + 1, day=1)
    return given - dt.timedelta(days=given.weekday()) if grain == "week" else given


def _arms(
    cells: Frame, unit: str, treated: Sequence[Any], control: Sequence[Any] | None
) -> dict[str, bool]:
    """Return whether each unit is treated, by name, in order."""
    names = (
        cells[unit].drop_duplicates() if isinstance(cells, pd.DataFrame) else _distinct(cells, unit)
    )
    present = sorted(names.dropna())
    arms = {
        "treated": named(listed(treated, "treated"), present),
        "control": named(listed(control or (), "control"), present),
    }
    for name in (*arms["treated"], *arms["control"]):
        if name not in present:
            message, hint = unknown(unit, str(name), [*map(str, present)], where="these periods")
            raise ComputeError(message, hint=hint)
    if both := set(arms["treated"]) & set(arms["control"]):
        raise ComputeError(f"in both arms: {', '.join(sorted(map(str, both)))}")
    left = arms["control"] if control is not None else set(present) - set(arms["treated"])
    if not arms["treated"] or (control is None and not left):
        raise ComputeError(
            "no unit is treated, or none is left alone", hint="control=[] where none was"
        )
    return {name: name in arms["treated"] for name in sorted({*arms["treated"], *left})}


def named(names: Iterable[Hashable], present: Iterable[Hashable]) -> list[Any]:
    """Return units by the names that the data give them, of which 12 and "12" are the same.

    >>> named([12, "7", "A"], ["12", "7"])
    ['12', '7', 'A']
    """
    known = {str(name): name for name in present}
    return [known.get(str(name), name) for name in names]


def listed(names: Sequence[Any], arm: str) -> list[Any]:
    """Return the units of an arm; refuse a text, which is a sequence of letters."""
    if isinstance(names, str):
        raise ComputeError(f"{arm} == '{names}', must be a list", hint=f"{arm}=['{names}']")
    return list(names)


def _distinct(cells: ir.Table, unit: str) -> pd.Series[Any]:
    found: pd.Series[Any] = cells.select(unit).distinct().execute()[unit]
    return found


def _openings(data: Data, unit: str) -> dict[str, tuple[dt.date | None, dt.date | None]]:
    """Return the days that stores opened and closed, where the data tell."""
    named = [name for name in ("opened_on", "closed_on") if data.has("stores", name)]
    if unit != _STORE or not named:
        return {}
    stores = data.table("stores").select(_STORE, *named).to_pyarrow().to_pylist()
    return {row[_STORE]: (row.get("opened_on"), row.get("closed_on")) for row in stores}


def _open(
    name: str,
    first: dt.date,
    following: dt.date,
    openings: dict[str, tuple[dt.date | None, dt.date | None]],
) -> bool:
    """Whether a unit was open throughout a period; one of which nothing is said was."""
    opened, closed = openings.get(name, (None, None))
    last = following - dt.timedelta(days=1)
    return (opened is None or opened <= first) and (closed is None or closed >= last)


def _filled(grid: pd.DataFrame, cells: Frame, unit: str, outcome: str) -> Frame:
    """Put what was sold on the grid; nothing sold is 0 for what adds up."""
    entry = dictionary()[outcome]
    zero = isinstance(entry, Kpi) and entry.zero_when_empty
    columns = [unit, "period", outcome, "treated", "after"]
    if isinstance(cells, pd.DataFrame):
        grid["period"] = pd.to_datetime(grid["period"])
        cells = cells.assign(period=pd.to_datetime(cells["period"]))
        filled = grid.merge(cells, on=[unit, "period"], how="left")
        return filled.fillna({outcome: 0})[columns] if zero else filled[columns]
    table = ibis.memtable(grid).left_join(cells, [unit, "period"])
    value = table[outcome].fill_null(0) if zero else table[outcome]
    return table.mutate(**{outcome: value}).select(columns).order_by([unit, "period"])
