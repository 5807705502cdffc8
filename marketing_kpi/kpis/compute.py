"""The engine: KPIs of the dictionary computed on data, by any dimension, grain and filter.

Simple KPIs of one fact and window are one aggregate, however many they are, so the data are read
once. Where several facts (or a row for every period) are asked for, the aggregates are stacked,
each padded with typed nulls, and folded into one row a cell: unlike outer joins, that keeps cells
whose keys are null together. Derived KPIs are then computed from the others, row by row.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, get_args

from marketing_kpi.data.model import Data
from marketing_kpi.errors import ComputeError, MissingDataError, suggest, unknown
from marketing_kpi.kpis.binding import DIALECTS, bound_sql, foreign_sql, named
from marketing_kpi.kpis.dictionary import Dictionary, Grain, Kpi, dictionary
from marketing_kpi.kpis.extent import (
    LEEWAY,
    begins_by,
    covers,
    ends_of,
    extent,
    extent_of,
    is_recorded,
    lasts_to,
    told_days,
)
from marketing_kpi.kpis.facts import (
    ACTIVITY_DAYS,
    FACTS,
    SNAPSHOT_COLUMNS,
    Fact,
    extra_columns,
    home,
    missing,
)
from marketing_kpi.kpis.formulas import terms
from marketing_kpi.kpis.periods import (
    DAYS_A_MONTH,
    MONTHS_A_YEAR,
    Length,
    day,
    length,
    midnight,
    months_between,
)

if TYPE_CHECKING:
    import ibis.expr.datatypes as dt
    import ibis.expr.types as ir
    import pandas as pd

Filters: TypeAlias = "Mapping[str, Any]"
GRAINS: tuple[str, ...] = get_args(Grain)
_UNITS = {"day": "D", "week": "W", "month": "M", "quarter": "Q", "year": "Y"}
_ACTIVITY = Length(months=0, days=ACTIVITY_DAYS)
_LENGTHS = {grain: length(f"1 {grain}", name="grain") for grain in _UNITS}
_MONTHS = {grain: span.months or span.days / DAYS_A_MONTH for grain, span in _LENGTHS.items()}


@dataclass(frozen=True)
class _Question:
    """What is asked of the data, checked."""

    by: tuple[str, ...]
    grain: str | None
    start: date | None
    end: date | None
    filters: Mapping[str, Any]

    @property
    def keys(self) -> tuple[str, ...]:
        return (*(("period",) if self.grain else ()), *self.by)

    @property
    def every_period(self) -> bool:
        """Whether each period of the range has a row, with or without data."""
        return bool(self.grain and self.start and self.end and not self.by)


@dataclass(frozen=True)
class _Group:
    """Simple KPIs that one aggregate computes: those of one fact over one window."""

    fact: Fact
    window: str | None
    kpis: tuple[Kpi, ...]

    @property
    def reaches_back(self) -> bool:
        """Whether it reads what happened before the period."""
        return self.window is not None or self.fact.span != "period"

    @property
    def zeroed(self) -> tuple[Kpi, ...]:
        """The KPIs that are 0 in a cell without a row: what looks back is null there."""
        return () if self.reaches_back else tuple(k for k in self.kpis if k.zero_when_empty)

    @property
    def rows(self) -> str:
        """The name of the column that counts the rows of a cell."""
        return "_".join(["rows_of", self.fact.name, *(self.window or "").split()])

    @property
    def needs_history(self) -> bool:
        """Whether data that do not cover what it looks back on would give a wrong number."""
        looks_back = self.window is not None or self.fact.span == "before_and_after"
        return looks_back or self.fact.history_days > 0


def compute(
    kpis: str | Sequence[str],
    data: Data | Mapping[str, Any] | pd.DataFrame,
    *,
    by: str | Sequence[str] = (),
    grain: str | None = None,
    start: str | date | None = None,
    end: str | date | None = None,
    filters: Filters | None = None,
    entries: Dictionary | None = None,
) -> pd.DataFrame | ir.Table:
    """Compute KPIs by dimensions and periods.

    Parameters
    ----------
    kpis
        An id of the dictionary, or several.
    data
        What `open_data` returns, or tables in hand: ``{"orders": frame, …}``, or the orders alone.
    by
        Dimensions of the KPIs' facts, or any other column of their tables. A customer of two
        channels counts in each of them, and once in a result that is not by channel.
    grain
        ``day``, ``week`` (from Monday), ``month``, ``quarter`` or ``year``; None: no periods.
    start, end
        First day, and the day after the last; None: no limit. A KPI with a window needs `end`.
    filters
        Column to the value, or list of values, to keep; None among them keeps nulls. A value that
        the column does not hold keeps nothing, so that totals are 0: mind its spelling. An empty
        list is refused.
    entries
        The dictionary to read; the package's own when None.

    Returns
    -------
    pandas.DataFrame or ibis.expr.types.Table
        ``period`` (date, the first day of the grain; only with `grain`), the dimensions, one
        column a KPI in the order asked, sorted by period and dimensions. pandas when every table
        came as pandas (money as float64), else a lazy table (money as decimals).

        Without `by` and `grain` there is one row, whatever the data. With `grain`, `start` and
        `end` and no `by`, every period of the range has its row; else only cells with data have.
        In a cell without data, sums and counts are 0, and ratios and averages null; counts of
        sessions are null before the first and after the last one recorded. A KPI that
        looks back over a window is null (or, by a dimension and a grain, its row is not there)
        where nothing is in the window, or the data begin more than 7 days after the window does,
        or end more than 7 days before the period does: orders after a period do not show that
        the data reach its end, nor those before more than a year without any that they reach back.

    Raises
    ------
    ComputeError
        When a dimension, a grain or a filter does not fit, or a KPI is an analysis.
    MissingDataError
        When the data lack a table or column that a KPI reads.

    Examples
    --------
    >>> import pandas as pd
    >>> orders = pd.DataFrame({
    ...     "order_id": ["a", "b", "c"],
    ...     "customer_id": ["x", "y", "x"],
    ...     "ordered_at": pd.to_datetime(["2025-01-05", "2025-01-20", "2025-02-03"]),
    ...     "amount": [20.0, 40.0, 60.0],
    ... })
    >>> compute(["orders", "average_order_value"], {"orders": orders}, grain="month")
          period  orders  average_order_value
    0 2025-01-01       2                 30.0
    1 2025-02-01       1                 60.0
    """
    asked = _asked(kpis)
    with _opened(data) as opened:
        table = _expression(asked, opened, by, grain, start, end, filters, entries)
        return _to_pandas(table, asked=asked) if opened.from_pandas else table


@contextmanager
def _opened(data: Data | Mapping[str, Any] | pd.DataFrame) -> Iterator[Data]:
    """Open tables in hand, and close them at the end; what is open stays as it is."""
    if isinstance(data, Data):
        yield data
        return
    from marketing_kpi.data.sources import open_data

    with open_data(data if isinstance(data, Mapping) else {"orders": data}) as opened:
        yield opened


def _expression(
    asked: tuple[str, ...],
    data: Data,
    by: str | Sequence[str],
    grain: str | None,
    start: str | date | None,
    end: str | date | None,
    filters: Filters | None,
    entries: Dictionary | None,
) -> ir.Table:
    """Return the lazy table that answers, its columns as documented in `compute`."""
    known = dictionary() if entries is None else entries
    question = _question(by, grain, start, end, filters)
    plan = _plan(asked, known)
    groups = _groups(plan, data)
    for group in groups:
        _check(group, question, data)
    cells = [_aggregate(group, question, data) for group in groups]
    table = _combine(cells, groups, question, data)
    for kpi in plan:
        if kpi.type == "derived":
            inputs = {name: table[name] for name in kpi.depends_on}
            k = SimpleNamespace(**inputs, period_months=_period_months(question, table))
            table = table.mutate(**{kpi.id: function_of(kpi)(k)})
    table = table.select(*question.keys, *asked)
    return table.order_by(list(question.keys)) if question.keys else table


def _asked(kpis: str | Sequence[str]) -> tuple[str, ...]:
    """Return the ids asked for, each once."""
    if not isinstance(kpis, str | Sequence):
        raise ComputeError(
            f"kpis is a {type(kpis).__name__}, must be an id or a list of ids",
            hint='the KPIs come first, then the data: compute("orders", data)',
        )
    ids = tuple(dict.fromkeys([kpis] if isinstance(kpis, str) else kpis))
    for id in ids:
        if not isinstance(id, str):
            raise ComputeError(f"kpis holds {id!r} ({type(id).__name__}), must be ids of KPIs")
    return ids


def _question(
    by: str | Sequence[str],
    grain: str | None,
    start: str | date | None,
    end: str | date | None,
    filters: Filters | None,
) -> _Question:
    if grain is not None and grain not in GRAINS:
        close = suggest(grain, GRAINS)
        question = f"; did you mean '{close}'?" if close else ""
        raise ComputeError(f"grain == '{grain}', must be one of {', '.join(GRAINS)}{question}")
    first = None if start is None else day(start, name="start")
    last = None if end is None else day(end, name="end")
    if first and last and first >= last:
        raise ComputeError(
            f"start == {first}, must be before end == {last}", hint="end is the day after the last"
        )
    names = (by,) if isinstance(by, str) else tuple(dict.fromkeys(by))
    if "period" in names:
        raise ComputeError("by == 'period' is what grain gives", hint="use grain='month'")
    if filters is not None and not isinstance(filters, Mapping):
        raise ComputeError(
            f"filters is {filters!r}, must map columns to the values to keep",
            hint='filters={"channel": ["web", "app"]}',
        )
    return _Question(names, grain, first, last, dict(filters or {}))


def _plan(asked: Sequence[str], known: Dictionary) -> list[Kpi]:
    """Return the KPIs to compute, each after those it depends on."""
    if not asked:
        raise ComputeError("no KPI was asked for", hint='for instance compute("orders", data)')
    plan: dict[str, Kpi] = {}

    def add(id: str) -> None:
        kpi = known.kpi(id)
        if kpi.type == "analysis":
            module, _, function = kpi.callable.partition(":")
            raise ComputeError(
                f"'{id}' is an analysis, not a number that periods and dimensions can split",
                hint=f"call {module}.{function}",
            )
        for name in kpi.depends_on:
            add(name)
        plan.setdefault(id, kpi)

    for id in asked:
        add(id)
    return list(plan.values())


def _groups(plan: Sequence[Kpi], data: Data) -> list[_Group]:
    grouped: dict[tuple[str, str | None], list[Kpi]] = {}
    for kpi in plan:
        if kpi.fact is not None:
            grouped.setdefault((kpi.fact, kpi.window), []).append(kpi)
    return [
        _Group(_told(_fact(fact), data), window, tuple(kpis))
        for (fact, window), kpis in grouped.items()
    ]


def _fact(name: str) -> Fact:
    if name not in FACTS:
        message, hint = unknown("fact", name, FACTS)
        raise ComputeError(message, hint=hint)
    return FACTS[name]


def _told(fact: Fact, data: Data) -> Fact:
    """Return a fact as these data tell it: what they tell in a column needs no history."""
    is_told = fact.history_unless is not None and data.has(*fact.history_unless)
    return replace(fact, history_days=0) if is_told else fact


def function_of(kpi: Kpi) -> Callable[..., Any]:
    """Return the function that an entry's `callable` names, imported when first used."""
    try:
        return _resolve(kpi.callable)
    except (ImportError, AttributeError) as error:
        raise ComputeError(f"'{kpi.id}': callable {kpi.callable} not found ({error})") from error


@cache
def _resolve(path: str) -> Callable[..., Any]:
    module, _, name = path.partition(":")
    function: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return function


def columns_read(kpi: Kpi) -> frozenset[str]:
    """Return the columns of its fact that the formula of a simple KPI reads."""
    function_of(kpi)
    return _columns_read(kpi.callable, _fact(str(kpi.fact)).name)


@cache
def _columns_read(path: str, fact: str) -> frozenset[str]:
    import ibis
    import ibis.expr.operations as ops

    rows = ibis.table(FACTS[fact].columns, name=fact)
    fields = _resolve(path)(rows).op().find(ops.Field)
    return frozenset(field.name for field in fields if field.rel == rows.op())


def _check(group: _Group, question: _Question, data: Data) -> None:
    """Refuse what this fact, or these data, cannot answer."""
    fact = group.fact
    for kpi in group.kpis:
        if reason := _lacking(kpi, fact, data):
            raise MissingDataError(reason, hint=_tables_present(data))
    for use, names in {"by": question.by, "filters": tuple(question.filters)}.items():
        for name in names:
            _check_dimension(fact, name, data, use)
    ids = ", ".join(kpi.id for kpi in group.kpis)
    if fact.whole_months:
        _check_months(ids, question)
    if group.reaches_back and question.end is None:
        raise ComputeError(
            f"{ids} looks back from the end of the period: give end", hint='end="2026-01-01"'
        )
    from_start = fact.span == "before_and_after" or (group.reaches_back and question.grain)
    if from_start and question.start is None:
        raise ComputeError(
            f"{ids} must know where the periods begin: give start", hint='start="2025-01-01"'
        )


def _check_months(ids: str, question: _Question) -> None:
    """Refuse what cuts a month, of a fact that is told by month."""
    if question.grain in ("day", "week"):
        raise ComputeError(
            f"{ids} is only known by month, and grain == '{question.grain}' cuts months",
            hint="use grain='month', 'quarter' or 'year'",
        )
    for name, bound in (("start", question.start), ("end", question.end)):
        if bound and bound.day != 1:
            raise ComputeError(
                f"{ids} is only known by month, and {name} == {bound} cuts one",
                hint="start and end on the first day of a month",
            )


def _check_dimension(fact: Fact, name: str, data: Data, use: str) -> None:
    if name in fact.dimensions:
        if lacking := missing(fact, [name], data):
            raise MissingDataError(
                f"{use} '{name}' needs {_listed(lacking)}, which these data do not have",
                hint=f"{_tables_present(data)}; a mapping can say which column it is",
            )
    elif name in fact.events or home(fact, name, data) is None:
        usable = [known for known in fact.dimensions if not missing(fact, [known], data)]
        extra = extra_columns(fact, data)
        # A dimension that the data lack may still be the one that was meant.
        where, meant = f"fact '{fact.name}'", [*fact.dimensions, *extra]
        message, _ = unknown("dimension", name, meant, where=where)
        _, hint = unknown("dimension", name, [*usable, *extra], where=where)
        raise ComputeError(message, hint=hint)


def _lacking(kpi: Kpi, fact: Fact, data: Data) -> str | None:
    lacking = missing(fact, {fact.time, *fact.event_columns(columns_read(kpi))}, data)
    return f"{kpi.id} needs {_listed(lacking)}, which these data do not have" if lacking else None


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _tables_present(data: Data) -> str:
    return f"these data have: {', '.join(data.tables)}"


def _aggregate(group: _Group, question: _Question, data: Data) -> ir.Table:
    """Return a row a cell with the simple KPIs of a group, in one pass over its events."""
    rows, keys = _rows(group, question, data), list(question.keys)
    values = {kpi.id: function_of(kpi)(rows) for kpi in group.kpis}
    if group.zeroed:
        values[group.rows] = rows.count()
    cells = rows.group_by(keys).aggregate(**values) if keys else rows.aggregate(**values)
    if group.needs_history and not question.grain:
        enough = covers(data, _known_since(group, question), question.end)
        cells = cells.mutate(**{kpi.id: enough.ifelse(cells[kpi.id], None) for kpi in group.kpis})
    return cells


def ratio_terms(
    kpis: Sequence[str],
    data: Data,
    *,
    by: Sequence[str],
    start: date,
    end: date,
    grain: str | None = None,
) -> ir.Table:
    """Return, lazily, what each of some ratios divides and what it divides it by.

    Parameters
    ----------
    kpis
        Ids of simple KPIs of one fact, whose formula is a `ratio`.
    data
        What `open_data` returns.
    by
        Dimensions, as in `compute`; those that the fact or the data do not have are left out.
    start, end
        The period.
    grain
        As in `compute`, for a column ``period``.

    Returns
    -------
    ibis.expr.types.Table
        A row a cell: its period, the dimensions, and for each KPI ``<id> y`` over ``<id> x``.
    """
    (group,) = _groups([dictionary().kpi(id) for id in kpis], data)
    fact = group.fact
    known = [n for n in by if n in fact.dimensions and not missing(fact, [n], data)]
    question = _question(known, grain, start, end, None)
    rows, keys = _rows(group, question, data), list(question.keys)
    parts = {kpi.id: terms(function_of(kpi)(rows)) for kpi in group.kpis}
    named_parts = {
        f"{id} {letter}": part
        for id, pair in parts.items()
        for letter, part in zip("yx", pair, strict=True)
    }
    return (rows.group_by(keys) if keys else rows).aggregate(**named_parts)


def _rows(group: _Group, question: _Question, data: Data) -> ir.Table:
    """Return the rows of a fact that tell about the question, as the formulas read them."""
    fact = group.fact
    read = set().union(*map(columns_read, group.kpis))
    columns = {fact.time, *fact.event_columns(read), *question.by, *question.filters}
    events = kept(fact.build(data, columns - SNAPSHOT_COLUMNS.keys()), question.filters)
    if fact.prepare is not None:
        events = fact.prepare(events, question.by)
    rows = _placed(events, group, question, data)
    if told := sorted(SNAPSHOT_COLUMNS.keys() & columns):
        rows = _with_snapshots(rows, told, fact, question, data)
    return rows if fact.summarise is None else fact.summarise(rows, question.keys, read)


def kept(events: ir.Table, filters: Filters) -> ir.Table:
    """Keep the events that have one of the values wanted in every filtered column."""
    for name, wanted in filters.items():
        several = not isinstance(wanted, str) and _is_several(wanted)
        values = [_plain(value) for value in (wanted if several else [wanted])]
        if not values:
            raise ComputeError(
                f"filters['{name}'] holds no value, which would keep nothing",
                hint=f"give the values to keep, or leave '{name}' out of the filters",
            )
        column = events[name]
        for value in values:
            _check_value(name, value, column)
        chosen = column.isin([value for value in values if value is not None])
        events = events.filter(chosen | column.isnull() if None in values else chosen)
    return events


def _is_several(wanted: object) -> bool:
    return isinstance(wanted, Collection) and not isinstance(wanted, Mapping)


def _plain(value: Any) -> Any:
    """Return Python's own value for one of NumPy or pandas, None for their nulls."""
    import numpy as np
    import pandas as pd

    if pd.api.types.is_scalar(value) and pd.isna(value):
        return None
    if isinstance(value, np.datetime64):
        return pd.Timestamp(value).to_pydatetime()
    return value.item() if isinstance(value, np.generic) else value


def _check_value(name: str, value: object, column: ir.Column) -> None:
    """Refuse a value that the column cannot hold: it would silently keep nothing."""
    kind = column.type()
    fits = (
        value is None
        or (kind.is_string() and isinstance(value, str))
        or (kind.is_boolean() and isinstance(value, bool))
        or (kind.is_numeric() and isinstance(value, int | float) and not isinstance(value, bool))
        or (kind.is_temporal() and (isinstance(value, date) or _is_moment(value)))
    )
    if not fits:
        raise ComputeError(
            f"filters['{name}'] holds {value!r} ({type(value).__name__}), but '{name}' is {kind}"
        )


def _is_moment(value: object) -> bool:
    """Return whether a value is the text of a day or a time."""
    try:
        return isinstance(value, str) and bool(datetime.fromisoformat(value))
    except ValueError:
        return False


def _placed(events: ir.Table, group: _Group, question: _Question, data: Data) -> ir.Table:
    """Keep the events that tell about the period, or pair them with each period they tell about."""
    if group.reaches_back and question.grain:
        events = _condensed(events, group.fact) if group.fact.by_unit else events
        at, spans = events[group.fact.time], _spans(group, question, data)
        within = [at < spans.period_end]
        if group.fact.span != "to_date":
            within.append(at >= spans.since)
        return events.inner_join(spans, within)
    at, since = events[group.fact.time], _since(group, question)
    if since is not None:
        events = events.filter(at >= midnight(since))
    if question.end is not None:
        events = events.filter(at < midnight(question.end))
    if group.reaches_back and question.end is not None:
        events = events.mutate(period_end=midnight(question.end))
    if question.grain:
        unit: Any = _UNITS[question.grain]
        return events.filter(at.notnull()).mutate(period=at.truncate(unit).date())
    if group.fact.span == "before_and_after":
        assert question.start is not None
        assert question.end is not None
        active = _ACTIVITY.before(question.end)
        return events.mutate(period_start=midnight(question.start), active_since=midnight(active))
    return events


def _with_snapshots(
    rows: ir.Table, told: Sequence[str], fact: Fact, question: _Question, data: Data
) -> ir.Table:
    """Add to rows, placed in their periods, what they know of the days on record.

    These are all the days of the table, whatever the dimension or filter: a product delisted in
    March has no stock at the end of the year.
    """
    import ibis

    assert fact.snapshots is not None
    name, column = fact.snapshots
    days = data.table(name).select(on=data.table(name)[column].cast("date")).distinct()
    days = days.filter(days.on.notnull())
    days = days.mutate(
        first=days.on.min().over(),
        last=days.on.max().over(),
        day_before=days.on.lag().over(order_by=days.on),
    )
    begins, ends = [days["first"]], [days["last"]]
    if question.start is not None:
        days = days.filter(days.on >= ibis.date(question.start.isoformat()))
        begins.append(ibis.date(question.start.isoformat()))
    if question.end is not None:
        days = days.filter(days.on < ibis.date(question.end.isoformat()))
        ends.append(ibis.date(question.end.isoformat()) - ibis.interval(days=1))
    keys = []
    if question.grain:
        unit: Any = _UNITS[question.grain]
        days = days.mutate(period=days.on.truncate(unit))
        next_one = days.period + _interval(_LENGTHS[question.grain])
        begins.append(days.period)
        ends.append((next_one - ibis.interval(days=1)).cast("date"))
        keys = ["period"]
    days = days.mutate(
        begins=ibis.greatest(*begins).cast("date"), ends=ibis.least(*ends).cast("date")
    )
    each = (days.group_by(keys) if keys else days).aggregate(
        opens=days.on.min(),
        closes=days.on.max(),
        has_opening=days.on.min().delta(days.day_before.min(), unit="day") == 1,
        days_recorded=days.count(),
        days_covered=days.ends.max().delta(days.begins.min(), unit="day") + 1,
    )
    if keys:
        there = each.rename(period_there="period")
        rows = rows.left_join(there, rows.period == there.period_there).drop("period_there")
    else:
        rows = rows.cross_join(each)
    at = rows[fact.time].date()
    rows = rows.mutate(is_opening=at == rows.opens, is_closing=at == rows.closes)
    absent = [name for name in SNAPSHOT_COLUMNS if name not in told]
    return rows.drop("opens", "closes", *absent)


def _condensed(events: ir.Table, fact: Fact) -> ir.Table:
    """Add up the lines of an order: fewer rows to pair with each period, and the same sums."""
    measures = [n for n in events.columns if n in fact.events and fact.events[n].measure]
    keys = [name for name in events.columns if name not in measures]
    return events.group_by(keys).aggregate(**{name: events[name].sum() for name in measures})


def _since(group: _Group, question: _Question) -> date | None:
    """Return the first day that tells about the period as a whole; None: all before its end."""
    if group.window is not None and question.end is not None:
        return length(group.window, name="window").before(question.end)
    if group.fact.span == "to_date":
        return None
    if group.fact.span == "before_and_after" and question.start is not None:
        return _ACTIVITY.before(question.start)
    return question.start


def _known_since(group: _Group, question: _Question) -> date | None:
    """Return the day from which orders must be known; None: no day in particular."""
    since = _since(group, question)
    return since and Length(months=0, days=group.fact.history_days).before(since)


def _spans(group: _Group, question: _Question, data: Data) -> ir.Table:
    """Return a row a period: its bounds, and since when events tell about it, as midnights.

    Periods whose window the data do not cover are left out: their value is not known.
    """
    spans = _every_period(question)
    activity = _interval(_ACTIVITY)
    if group.window is None:
        since = spans.period_start - activity
    else:
        since = spans.period_end - _interval(length(group.window, name="window"))
    reach = Length(months=0, days=LEEWAY.days - group.fact.history_days)
    spans = spans.mutate(
        since=since,
        active_since=spans.period_end - activity,
        known_since=since + _interval(reach),
        known_until=spans.period_end - _interval(LEEWAY),
    )
    days = [name for name in spans.columns if name != "period"]
    spans = spans.mutate(**{name: spans[name].cast("timestamp") for name in days})
    if not group.needs_history:
        return spans
    days = told_days(data.orders, before=question.end)
    told = spans.inner_join(days, days.day < spans.period_end)
    known = told.group_by(spans.columns).aggregate(**ends_of(told))
    return known.filter(known.first < known.known_since, known.last >= known.known_until)


def _every_period(question: _Question) -> ir.Table:
    """Return a row a period of the range, with its first day and the day after its last.

    Bounds are dates: some engines add months to dates only.
    """
    import ibis

    start, end, grain = question.start, question.end, question.grain
    assert start is not None
    assert end is not None
    assert grain is not None
    first, step = _floor(start, grain), _LENGTHS[grain]
    numbers = ibis.range(_count(first, end, step)).unnest().name("n").as_table()
    passed = numbers.n * (step.months or step.days)
    begins = ibis.date(first.isoformat()) + passed.as_interval("M" if step.months else "D")
    periods = numbers.select(begins=begins)
    return periods.select(
        period=periods.begins.cast("timestamp").date(),
        period_start=ibis.greatest(periods.begins, ibis.date(start.isoformat())),
        period_end=ibis.least(periods.begins + _interval(step), ibis.date(end.isoformat())),
    )


def _count(first: date, end: date, step: Length) -> int:
    """Return how many periods begin before `end`, the first on `first`, the start of one."""
    if step.days:
        return -((first - end).days // step.days)
    months = (end.year - first.year) * MONTHS_A_YEAR + end.month - first.month + (end.day > 1)
    return -(-months // step.months)


def _floor(first: date, grain: str) -> date:
    """Return the first day of the period that holds a day."""
    if grain == "week":
        return Length(months=0, days=first.weekday()).before(first)
    month = {"month": first.month, "quarter": first.month - (first.month - 1) % 3, "year": 1}
    return first if grain == "day" else first.replace(month=month[grain], day=1)


def _interval(span: Length) -> ir.IntervalScalar:
    import ibis

    return ibis.interval(months=span.months) if span.months else ibis.interval(days=span.days)


def _combine(
    cells: list[ir.Table], groups: list[_Group], question: _Question, data: Data
) -> ir.Table:
    """Return one row a cell with the simple KPIs of all groups."""
    import ibis

    keys = list(question.keys)
    types = {
        name: kind
        for table in cells
        for name, kind in table.schema().items()
        if name not in question.keys
    }
    if question.every_period:
        cells = [*cells, _every_period(question).select("period")]
    if len(cells) == 1:
        table = cells[0]
    else:
        padded = (
            part.select(
                *keys,
                **{id: part[id] if id in part.columns else ibis.null(t) for id, t in types.items()},
            )
            for part in cells
        )
        stacked = ibis.union(*padded)
        folded = {id: stacked[id].max() for id in types}
        table = stacked.group_by(keys).aggregate(**folded) if keys else stacked.aggregate(**folded)
    return table.mutate(**_zeros(table, groups, question, data))


def _zeros(
    table: ir.Table, groups: Sequence[_Group], question: _Question, data: Data
) -> dict[str, ir.Value]:
    """Return the sums and counts of cells, 0 where there is no row.

    A sum over rows whose values are all unknown stays null: nobody knows it.
    """
    zeros: dict[str, ir.Value] = {}
    for group in groups:
        if group.zeroed:
            is_empty = table[group.rows].fill_null(0) == 0
            nothing = _of_nothing(table, group.fact, question, data)
            zeros |= {kpi.id: is_empty.ifelse(nothing, table[kpi.id]) for kpi in group.zeroed}
    return zeros


def _of_nothing(table: ir.Table, fact: Fact, question: _Question, data: Data) -> ir.Value:
    """Return what a sum over no row is: 0, or null where events of the fact are not recorded."""
    import ibis

    zero = ibis.literal(0)
    if fact.recorded is None:
        return zero
    name, column = fact.recorded
    rows = data.table(name)
    known = extent_of(rows.select(ordered_at=rows[column]), before=None)
    first, last = (known.select(bound).as_scalar() for bound in ("first", "last"))
    if question.grain:
        unit: Any = _UNITS[question.grain]
        told = table.period.between(first.truncate(unit).date(), last.truncate(unit).date())
    else:
        told = last.notnull()
        if question.start is not None:
            told &= last >= midnight(question.start)
        if question.end is not None:
            told &= first < midnight(question.end)
    return told.fill_null(False).ifelse(zero, None)


def _period_months(question: _Question, table: ir.Table) -> ir.Value:
    """Return how many months the period of each row lasts; null where it has no bounds."""
    import ibis

    start, end, grain = question.start, question.end, question.grain
    if grain is None:
        return ibis.literal(months_between(start, end) if start and end else None, type="float64")
    cut = {_floor(bound, grain) for bound in (start, end) if bound}
    branches = []
    for first in sorted(cut):
        bounds = first, _LENGTHS[grain].after(first)
        lasts = months_between(max(bounds[0], start or bounds[0]), min(bounds[1], end or bounds[1]))
        branches.append((table.period == ibis.date(first.isoformat()), lasts))
    whole = ibis.literal(_MONTHS[grain], type="float64")
    return ibis.cases(*branches, else_=whole) if branches else whole


def _to_pandas(table: ir.Table, *, asked: Sequence[str]) -> pd.DataFrame:
    """Run the query; money and quantities become floats, dimensions keep the caller's types."""
    decimals = {name: "float64" for name, kind in table.schema().items() if kind.is_decimal()}
    frame: pd.DataFrame = (table.cast(decimals) if decimals else table).execute()
    for name, kind in table.schema().items():
        if name not in asked and name != "period":
            frame[name] = _as_given(frame[name], kind)
    return frame


def _as_given(keys: pd.Series[Any], kind: dt.DataType) -> pd.Series[Any]:
    """Return a dimension with the type that it has in pandas, which nulls made another one."""
    if kind.is_integer() and keys.hasnans:
        return keys.astype("Int64")
    if kind.is_boolean() and keys.hasnans:
        return keys.astype("boolean")
    return keys.map(lambda day: day.date(), na_action="ignore") if kind.is_date() else keys


def explain(
    kpi: str,
    data: Data | Mapping[str, Any] | pd.DataFrame,
    *,
    start: str | date | None = None,
    end: str | date | None = None,
    entries: Dictionary | None = None,
) -> str | None:
    """Say why a KPI cannot be computed on these data.

    Parameters
    ----------
    kpi
        An id of the dictionary.
    data
        What `open_data` returns, or tables in hand.
    start, end
        A period; with `end`, data that do not reach back far enough for it, or end before it
        does, are a reason too (which takes one query).
    entries
        The dictionary to read; the package's own when None.

    Returns
    -------
    str or None
        A sentence that names what is missing as ``table.column``, or says that the KPI is an
        analysis; None when it can be computed.

    Raises
    ------
    DictionaryError
        When no KPI has that id.
    """
    known = dictionary() if entries is None else entries
    question = _question((), None, start, end, None)
    with _opened(data) as opened:
        try:
            groups = _groups(_plan([kpi], known), opened)
        except ComputeError as error:
            return error.message
        reasons = (_reason(group, question, opened) for group in groups)
        return next((reason for reason in reasons if reason), None)


def _reason(group: _Group, question: _Question, data: Data) -> str | None:
    """Return why a group of KPIs cannot be computed."""
    reasons = (_lacking(kpi, group.fact, data) for kpi in group.kpis)
    lacking = next((reason for reason in reasons if reason), None)
    short = None if lacking else _shortage(group, question, data)
    return short.sentence if short else lacking


class _Shortage(NamedTuple):
    """Which end of the data does not reach far enough (a code, see `shortage`), in a sentence."""

    code: str
    sentence: str


def _shortage(group: _Group, question: _Question, data: Data) -> _Shortage | None:
    if not group.needs_history or question.end is None:
        return None
    since = _known_since(group, question)
    if since is None:
        return None
    first, last = extent(data, before=question.end)
    if first is None or last is None:
        code, lacks, found = "history", f"from {since} on", f"have none before {question.end}"
    elif not begins_by(first, since):
        code, lacks, found = "history", f"from {since} on", f"begin on {first}"
    elif not lasts_to(last, question.end):
        code, lacks, found = "ends", f"until {question.end}", f"end on {last}"
    else:
        return None
    return _Shortage(code, f"{group.kpis[0].id} needs orders {lacks}; these data {found}")


def shortage(
    kpi: str,
    data: Data,
    *,
    start: str | date | None,
    end: str | date | None,
    entries: Dictionary | None = None,
) -> str:
    """Say which end of the data does not reach far enough for a KPI of a period.

    Parameters
    ----------
    kpi
        The id of a KPI that is no analysis, and whose columns the data have.
    data
        What `open_data` returns.
    start, end
        The period.
    entries
        The dictionary to read; the package's own when None.

    Returns
    -------
    str
        ``"history"``: they begin too late (wherever they end); ``"ends"``: they end too early;
        ``""``: they reach far enough.
    """
    question = _question((), None, start, end, None)
    groups = _groups(_plan([kpi], dictionary() if entries is None else entries), data)
    found = (_shortage(group, question, data) for group in groups)
    return next((short.code for short in found if short), "")


def is_on_record(
    kpi: str, data: Data, *, start: date, end: date, entries: Dictionary | None = None
) -> bool:
    """Say whether what a KPI reads is on record from end to end of a period.

    Stock and sessions are recorded on days of their own, which may be fewer than the orders tell
    of: a value of some weeks is none of the year that they are part of.

    Parameters
    ----------
    kpi
        The id of a KPI that is no analysis, and whose columns the data have.
    data
        What `open_data` returns.
    start, end
        First day of the period, and the day after the last.
    entries
        The dictionary to read; the package's own when None.
    """
    groups = _groups(_plan([kpi], dictionary() if entries is None else entries), data)
    places = {group.fact.recorded for group in groups if group.fact.recorded}
    return all(is_recorded(data, place, start, end) for place in places)


def missing_columns(
    kpi: str, data: Data | Mapping[str, Any] | pd.DataFrame, *, entries: Dictionary | None = None
) -> tuple[str, ...]:
    """Return what the data lack for a KPI, as ``table.column``; empty when they have it all."""
    known = dictionary() if entries is None else entries
    found: dict[str, None] = {}
    with _opened(data) as opened:
        for group in _groups(_plan([kpi], known), opened):
            read = set().union(*map(columns_read, group.kpis))
            events = {group.fact.time, *group.fact.event_columns(read)}
            found |= dict.fromkeys(missing(group.fact, events, opened))
    return tuple(found)


def sql(
    kpis: str | Sequence[str],
    data: Data | Mapping[str, Any] | pd.DataFrame,
    *,
    by: str | Sequence[str] = (),
    grain: str | None = None,
    start: str | date | None = None,
    end: str | date | None = None,
    filters: Filters | None = None,
    entries: Dictionary | None = None,
    dialect: str | None = None,
) -> str:
    """Return the SQL that computes KPIs.

    The other parameters are those of `compute`, and the query gives what it does, money as
    decimals.

    Parameters
    ----------
    dialect
        ``duckdb``, ``postgres``, ``snowflake`` or ``bigquery``: what to write, for an engine that
        is elsewhere. That of the data's own engine when None. What is written for Snowflake and
        BigQuery is parsed by the tests, and was never run there.

    Returns
    -------
    str
        One statement, to run anywhere. Its first CTEs bind the names: a table read from Parquet
        to its files, one of a database to that database's table. A table that was cleaned while
        it was read, or came from pandas, is a plain name (``orders``): make it known first, for
        instance with ``connection.register("orders", frame)``. In another `dialect`, every table
        is a plain name.

    Raises
    ------
    ComputeError
        As `compute`, and when the dialect is not one of these.

    Examples
    --------
    >>> import pandas as pd
    >>> orders = pd.DataFrame({"order_id": ["a"], "ordered_at": pd.to_datetime(["2025-01-05"])})
    >>> print(sql("orders", {"orders": orders}))
    SELECT...
    """
    if dialect is not None and dialect not in DIALECTS:
        message, hint = unknown("dialect", dialect, DIALECTS)
        raise ComputeError(message, hint=hint)
    asked = _asked(kpis)
    with _opened(data) as opened:
        query = _expression(asked, named(opened), by, grain, start, end, filters, entries)
        return bound_sql(query, opened) if dialect is None else foreign_sql(query, dialect)
