"""Flows: how many contacts go from each stage to each stage, period by period."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import ibis

from marketing_kpi.kpis.formulas import ratio
from marketing_kpi.kpis.periods import length
from marketing_kpi.stages.results import given
from marketing_kpi.stages.revenue import bounds
from marketing_kpi.stages.settings import ABSENT, DEFAULTS, Settings
from marketing_kpi.stages.standing import standing

if TYPE_CHECKING:
    from marketing_kpi.data.model import Data
    from marketing_kpi.kpis.compute import Filters
    from marketing_kpi.kpis.frames import Frame


def flows(
    data: Data,
    *,
    start: str | dt.date,
    end: str | dt.date,
    grain: str = "month",
    settings: Settings = DEFAULTS,
    filters: Filters | None = None,
) -> Frame:
    """Count the contacts that go from each stage to each stage in each period.

    Parameters
    ----------
    data
        What `open_data` returns.
    start, end
        First day, and the day after the last. Contacts are placed on `start`, on the first day of
        each period after it, and on `end`, as `contacts` does with that day as its `as_of`.
    grain
        ``day``, ``week`` (from Monday), ``month``, ``quarter`` or ``year``. One query places the
        contacts on all the days: it has so many times a row a contact to count.
    settings, filters
        As for `contacts`.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        A row a period and pair of stages that holds a contact, in their order (pandas): period
        (its first day), before and after (the stage at its start and at its end; before is
        ``"absent"`` for who became a contact in it), contacts, share (of the contacts of that
        period and `before`). A contact that stays has the same stage twice: the counts of a
        period add up to all its contacts, and those that leave it in one stage enter the next.

    Raises
    ------
    ComputeError
        When `start` is not before `end`, or `grain` is not one.

    Examples
    --------
    >>> import pandas as pd
    >>> from marketing_kpi.data.sources import open_data
    >>> orders = pd.DataFrame({
    ...     "order_id": ["1", "2"], "customer_id": ["A", "A"], "amount": [30.0, 50.0],
    ...     "ordered_at": pd.to_datetime(["2025-11-03", "2025-12-02"]),
    ... })
    >>> flows(open_data({"orders": orders}), start="2025-11-01", end="2026-01-01")
          period      before       after  contacts  share
    0 2025-11-01      absent  first_time         1    1.0
    1 2025-12-01  first_time      active         1    1.0
    """
    first, last = bounds(start, end, grain)
    placed = standing(data, _days(first, last, grain), settings=settings, filters=filters)
    in_time = ibis.window(group_by="customer_id", order_by="as_of")
    moved = placed.select(
        period=(placed.as_of - ibis.interval(days=1)).truncate(grain).cast("date"),
        before=placed.stage.lag().over(in_time).fill_null(ABSENT),
        after=placed.stage,
        as_of=placed.as_of,
    )
    moved = moved.filter(moved.as_of > ibis.date(first.isoformat()))
    counts = moved.group_by("period", "before", "after").aggregate(contacts=moved.count())
    of_stage = counts.contacts.sum().over(group_by=["period", "before"])
    query = counts.mutate(share=ratio(counts.contacts, of_stage))
    return given(data, query, ["period", "before", "after"], settings=settings)


def _days(first: dt.date, last: dt.date, grain: str) -> list[dt.date]:
    """Return the first day, the first of each period after it, and the last."""
    import pandas as pd

    step, letter = length(f"1 {grain}", name="grain"), grain[0].upper()
    at, found = pd.Period(first, freq=letter).start_time.date(), [first]
    while (at := step.after(at)) < last:
        found.append(at)
    return [*found, last]
