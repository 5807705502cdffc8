"""What the analyses of customers' worth share: periods, exact sums, answers of one kind."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

from marketing_kpi.data.model import Data
from marketing_kpi.errors import ComputeError, MissingDataError
from marketing_kpi.kpis.extent import GRACE_DAYS, extent_of
from marketing_kpi.kpis.facts import FACTS, missing
from marketing_kpi.kpis.periods import MONTHS_A_YEAR, day, midnight

_GRACE = dt.timedelta(days=GRACE_DAYS + 1)

Numbers: TypeAlias = "float | npt.NDArray[np.float64] | pd.Series[float]"
"""A number, or several: the formulas take each alike and give back the same."""


def check(
    name: str,
    value: Numbers,
    *,
    lowest: float = 0.0,
    highest: float = math.inf,
    hint: str | None = None,
) -> None:
    """Refuse a number outside its bounds; an unknown one (NaN) passes, as its result is."""
    values = np.asarray(value, dtype="float64")
    if bad := values[(values < lowest) | (values > highest)].tolist():
        must = f"at least {lowest:g}" if math.isinf(highest) else f"in {lowest:g}-{highest:g}"
        must = f"at most {highest:g}" if math.isinf(lowest) else must
        raise ComputeError(f"{name} == {bad[0]}, must be {must}", hint=hint)


def is_whole(value: object) -> bool:
    """Say whether a value is a whole number, of Python or of NumPy."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def check_margin_rate(name: str, value: Numbers) -> None:
    """Refuse a margin rate above 1; below 0, goods are sold at a loss."""
    check(name, value, lowest=-math.inf, highest=1, hint="40 % is written 0.40")


class Period(NamedTuple):
    """The first day of a period, and the day after its last."""

    start: dt.date
    end: dt.date

    @classmethod
    def of(cls, start: str | dt.date, end: str | dt.date) -> Period:
        """Return the period between two days; one that has no day is refused."""
        period = cls(day(start, name="start"), day(end, name="end"))
        if period.start >= period.end:
            raise ComputeError(
                f"start == {period.start}, must be before end == {period.end}",
                hint="end is the day after the last",
            )
        return period


def reaches(orders: ir.Table, since: dt.date, end: dt.date) -> ir.Table:
    """Return one row, whether the orders, of any status, tell about the days of a span."""
    dated = orders.mutate(ordered_at=orders.ordered_at.cast("timestamp"))
    known = extent_of(dated, before=end)
    enough = (known.first < midnight(since + _GRACE)) & (known.last >= midnight(end - _GRACE))
    return known.select(enough=enough.fill_null(False))


def months_since(first: ir.DateValue, then: ir.DateValue) -> ir.IntegerValue:
    """Return the whole months from a day to another."""
    months = (then.year() - first.year()) * MONTHS_A_YEAR + then.month() - first.month()
    return months - (then.day() < first.day()).cast("int32")


def require_columns(data: Data, fact: str, columns: Sequence[str]) -> None:
    """Refuse data that lack what the columns of a fact are made of."""
    if lacking := missing(FACTS[fact], columns, data):
        raise MissingDataError(
            f"{', '.join(lacking)} is not in these data",
            hint=f"these data have: {', '.join(data.tables)}",
        )


def answer(data: Data, table: ir.Table, keys: Sequence[str]) -> pd.DataFrame | ir.Table:
    """Return the kind that the data came as: pandas, money as floats, or a lazy table."""
    return collected(table, keys) if data.from_pandas else table


def collected(table: ir.Table, keys: Sequence[str]) -> pd.DataFrame:
    """Run a query; money becomes floats, and rows come sorted."""
    decimals = {name: "float64" for name, kind in table.schema().items() if kind.is_decimal()}
    frame: pd.DataFrame = (table.cast(decimals) if decimals else table).execute()
    return frame.sort_values(list(keys)).reset_index(drop=True) if keys else frame
