"""A panel collapsed to its units where it is, in an engine or in hand as a frame, and checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from marketing_kpi.errors import DataError
from marketing_kpi.kpis.formulas import ratio
from marketing_kpi.kpis.frames import Frame, engine, executed, in_arrow, in_engine, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import pyarrow as pa
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

VALUE = "decimal(38, 12)"  # sums are then the same in whatever order an engine adds
_SHARE = "decimal(38, 18)"
_SHOWN = 3  # units that an error names at most


class Columns(NamedTuple):
    """The columns of a panel, by what they stand for.

    Attributes
    ----------
    outcome
        What is measured.
    treated, after
        Whether the unit is ever treated; whether the row comes after the action.
    unit, period
        What was treated or left alone, and when; None when unknown.
    """

    outcome: str
    treated: str
    after: str
    unit: str | None = None
    period: str | None = None


def answer(panel: Frame, query: Callable[[ir.Table], ir.Table]) -> pd.DataFrame:
    """Run a query that gives few rows, whatever the panel came as."""
    if isinstance(panel, ir.Table):
        return executed(query(panel))
    with engine() as connection:
        return run(connection, query(in_engine(panel)))


def flag(table: ir.Table, name: str) -> ir.NumericColumn:
    """Return a column of booleans as 0 and 1; numbers, which are checked later, as they are."""
    column = table[name]
    if column.type().is_boolean():
        return column.cast("int32")
    if not column.type().is_numeric():
        raise DataError(
            f"column '{name}' holds {column.type()}, must be booleans, or 0 and 1",
            hint=f"for instance frame['{name}'] == 'yes'",
        )
    return column


def number(table: ir.Table, name: str) -> ir.DecimalColumn:
    """Return an outcome as decimals; NaN and infinities, which `rows` counts, as null."""
    column = table[name]
    kind = column.type()
    if not (kind.is_boolean() or kind.is_numeric()):
        raise DataError(f"outcome '{name}' holds {kind}, must be numbers")
    if kind.is_boolean():
        column = column.cast("int32")
    if kind.is_floating():
        column = (column.isnan() | column.isinf()).ifelse(ibis.null("float64"), column)
    return column.cast(VALUE)


def rows(panel: ir.Table, columns: Columns) -> ir.Table:
    """Return a panel under names of its own: y, treated, after, infinite, unit and period."""
    outcome = panel[columns.outcome]
    infinite = outcome.isinf() if outcome.type().is_floating() else ibis.literal(False)
    named = {
        "y": number(panel, columns.outcome),
        "treated": flag(panel, columns.treated),
        "after": flag(panel, columns.after),
        "infinite": infinite.fill_null(False).cast("int32"),
    }
    if columns.unit is not None:
        named["unit"] = panel[columns.unit]
    if columns.period is not None:
        named["period"] = panel[columns.period]
    return panel.select(**named)


def by_unit(panel: Frame, columns: Columns) -> pd.DataFrame:
    """Return a row a unit, checked, with its means before and after the action.

    Returns
    -------
    pandas.DataFrame
        unit, treated (0 or 1), before and after (means, null without any), rows_before and
        rows_after (rows with an outcome), without (rows that lack one); sorted by treated and
        means, so that nothing depends on the order of rows or the names of units.
    """
    if isinstance(panel, ir.Table):
        found = executed(_sums(rows(panel, columns), ["unit", "treated", "after"]))
    else:
        found = _InHand.of(panel, columns).sums()
    _check(found, columns)
    if found["unit"].isna().any():
        without = int(found.loc[found["unit"].isna(), "rows"].sum())
        raise DataError(
            f"{without} rows have no '{columns.unit}'",
            hint="leave them out, or say of which unit they are",
        )
    sides = _sides(found, columns)
    return sides.sort_values(["treated", "before", "after"]).reset_index(drop=True)


def by_cell(panel: Frame, columns: Columns) -> pd.DataFrame:
    """Return a row an arm and side of the action, checked.

    Returns
    -------
    pandas.DataFrame
        treated, after (0 or 1), rows, known (rows with an outcome), mean, and squares: the sum of
        squared distances to that mean.
    """
    if isinstance(panel, ir.Table):
        keys = ["treated", "after"]
        named = centred(rows(panel, columns), "y", keys=keys)
        found = executed(_sums(named, keys, squares=sum_of_squares(named)))
    else:
        found = _InHand.of(panel, columns).sums(squares=True)
    _check(found, columns)
    return found


def check_starts(panel: Frame, columns: Columns) -> None:
    """Refuse an action that begins in different periods, or a period on both sides of it."""
    sides = _limits(panel, columns).set_index("after")
    first, last = sides["first"][1], sides["last"][0]
    if pd.notna(first) and pd.notna(last) and first <= last:
        raise DataError(
            f"'{columns.after}' begins at {first}, but periods until {last} come before it "
            "elsewhere",
            hint="one action at a time: keep the units whose action begins together",
        )


def check_once(panel: Frame, columns: Columns) -> None:
    """Refuse several rows of one unit and period: they would count as so many periods."""
    if isinstance(panel, ir.Table):
        named = rows(panel, columns)
        pairs = named.group_by("unit", "period").aggregate(n=lambda t: t.count())
        extra = int(executed(pairs.aggregate(extra=(pairs.n - 1).sum()))["extra"].iloc[0])
    else:
        extra = int(panel[[columns.unit, columns.period]].duplicated().sum())
    if extra:
        raise DataError(
            f"{extra} rows too many: a unit has several rows of one period",
            hint="add them up, or take their mean, by unit and period first",
        )


def _limits(panel: Frame, columns: Columns) -> pd.DataFrame:
    """Return the first and the last period on each side of the action."""
    if isinstance(panel, ir.Table):
        named = rows(panel, columns)
        limits = {"first": named.period.min(), "last": named.period.max()}
        return executed(named.group_by("after").aggregate(**limits))
    import pyarrow as pa
    import pyarrow.compute as pc

    table = in_arrow(panel[[columns.after, columns.period]])
    after, period = _flags(table[columns.after], columns.after), table[columns.period]
    if pa.types.is_dictionary(period.type):
        period = period.cast(period.type.value_type)
    found = [pc.min_max(period.filter(pa.array(after == side))).as_py() for side in (0, 1)]
    ends = {"first": [each["min"] for each in found], "last": [each["max"] for each in found]}
    return pd.DataFrame({"after": [0, 1], **ends})


class _InHand(NamedTuple):
    """A panel in hand, under the names of `rows`: an engine would take longer to open than to sum.

    Attributes
    ----------
    y
        The outcome; NaN where unknown.
    treated, after
        0 or 1.
    unit
        Which of the units, -1 where unknown; 0 in all rows without a column of them.
    units
        What they are called.
    """

    y: Floats
    treated: Integers
    after: Integers
    unit: Integers
    units: pd.Series

    @classmethod
    def of(cls, panel: pd.DataFrame, columns: Columns) -> _InHand:
        """Take the columns of a frame; types are refused as those of an engine's table are."""
        used = dict.fromkeys(name for name in columns if name is not None)
        table = in_arrow(panel[list(used)])
        rows(ibis.memtable(table), columns)
        y = table[columns.outcome].cast("float64", safe=False).to_numpy()
        unit, units = np.zeros(len(panel), dtype=np.int64), pd.Series([0])
        if columns.unit is not None:
            unit, names = pd.factorize(panel[columns.unit])
            units = pd.Series(names)
        treated, after = (_flags(table[name], name) for name in (columns.treated, columns.after))
        return cls(y, treated, after, unit, units)

    def sums(self, *, squares: bool = False) -> pd.DataFrame:
        """Do what `_sums` does for units, arms and sides; and `sum_of_squares`, if asked."""
        side = ((self.unit + 1) * 2 + self.treated) * 2 + self.after  # 0 to 3: of no known unit
        sides = np.arange(4 * (len(self.units) + 1))
        known = np.isfinite(self.y)
        rows_of, known_of, infinite_of = (
            np.bincount(side[chosen], minlength=len(sides))
            for chosen in (slice(None), known, np.isinf(self.y))
        )
        total = _totals(np.where(known, self.y, 0.0), side, len(sides))
        mean = total / np.where(known_of > 0, known_of, np.nan)
        held = np.flatnonzero(rows_of)
        place = held // 4 - 1
        # a missing name would make floats of all whole numbers that are names
        names = self.units.reindex(place) if (place < 0).any() else self.units.take(place)
        found: dict[str, ArrayLike] = {
            "treated": sides // 2 % 2,
            "after": sides % 2,
            "rows": rows_of,
            "known": known_of,
            "mean": mean,
            "infinite": infinite_of,
        }
        if squares:
            gaps = np.where(known, self.y - mean[side], 0.0)
            found["squares"] = _totals(gaps**2, side, len(sides))
        sums = pd.DataFrame(found).iloc[held]
        sums.insert(0, "unit", names.array)
        return sums


def _flags(column: pa.ChunkedArray, name: str) -> Integers:
    """Return a column of booleans, or 0 and 1, checked."""
    counts = column.value_counts()
    values, rows_of = (counts.field(place).to_pandas() for place in ("values", "counts"))
    _check_flag(pd.DataFrame({"value": values, "rows": rows_of}), name)
    flags: Integers = column.cast("int64").to_numpy()
    return flags


def _totals(values: Floats, groups: Integers, count: int) -> Floats:
    """Add up within groups, to the same digits in whatever order.

    >>> [float(total) for total in _totals(np.array([0.1, 0.2, 0.3]), np.array([0, 1, 0]), 2)]
    [0.4, 0.2]
    """
    high, low = _in_exact_parts(values)
    total: Floats = np.zeros(count)
    for part in (high, low):
        total += np.bincount(groups, part, count)
    return total


def _in_exact_parts(values: Floats) -> tuple[Floats, Floats]:
    """Split numbers in two parts, each of which adds up to the same in whatever order.

    Rounded to multiples of one power of 2, so large that their sum has no more digits than a float
    holds; what is left goes the same way. See Rump, S. M., Ogita, T. and Oishi, S. (2008).
    Accurate floating-point summation, part I. SIAM Journal on Scientific Computing 31(1), 189-224.
    """
    parts = []
    for _ in range(2):
        _, exponent = np.frexp(np.abs(values).max(initial=0.0) * len(values))
        large = np.ldexp(1.0, exponent + 1)
        parts.append((values + large) - large)
        values = values - parts[-1]
    return parts[0], parts[1]


def centred(table: ir.Table, value: str, *, keys: Sequence[str]) -> ir.Table:
    """Add what `sum_of_squares` reads: gap, to the mean of its group, and scale, the largest."""
    number = table[value].cast("float64")
    table = table.mutate(gap=number - number.mean().over(group_by=keys))
    return table.mutate(scale=table.gap.abs().max().over(group_by=keys))


def sum_of_squares(table: ir.Table) -> ir.FloatingScalar:
    """Sum the squares of the gaps of `centred` within a group."""
    return sum_of_products(table.gap, table.gap, table.scale)


def sum_of_products(
    first: ir.FloatingColumn, second: ir.FloatingColumn, scale: ir.FloatingColumn
) -> ir.FloatingScalar:
    """Sum products to the same digits in whatever order; `scale` is the largest of both.

    As shares of that they are decimals, which neither overflow nor vanish.
    """
    shares = (ratio(first, scale) * ratio(second, scale)).cast(_SHARE)
    return (shares.sum().cast("float64") * scale.max() * scale.max()).fill_null(0.0)


def _sums(named: ir.Table, keys: Sequence[str], **others: ir.FloatingScalar) -> ir.Table:
    """Sum a panel up by some of its columns."""
    known = named.y.count()
    return named.group_by(keys).aggregate(
        rows=named.count(),
        known=known,
        mean=ratio(named.y.sum(), known),
        infinite=named.infinite.sum(),
        **others,
    )


def _sides(found: pd.DataFrame, columns: Columns) -> pd.DataFrame:
    """Put what a unit has before and after side by side."""
    place, units = pd.factorize(found["unit"])
    arm, side = (found[key].to_numpy(dtype=int) for key in ("treated", "after"))
    by_arm = np.zeros((len(units), 2), dtype=bool)
    by_arm[place, arm] = True
    mixed = np.flatnonzero(by_arm.all(axis=1))
    if len(mixed):
        raise DataError(
            f"'{columns.treated}' changes within a unit: {some(units[mixed])}",
            hint="it says whether the unit is ever treated, in every row; 'after' says when",
        )
    mean = np.full((len(units), 2), np.nan)
    known = np.zeros((len(units), 2), dtype=np.int64)
    all_rows = known.copy()
    mean[place, side], known[place, side] = found["mean"], found["known"]
    all_rows[place, side] = found["rows"]
    return pd.DataFrame(
        {
            "unit": units,
            "treated": by_arm[:, 1].astype(int),
            "before": mean[:, 0],
            "after": mean[:, 1],
            "rows_before": known[:, 0],
            "rows_after": known[:, 1],
            "without": (all_rows - known).sum(axis=1),
        }
    )


def _check(found: pd.DataFrame, columns: Columns) -> None:
    """Refuse flags other than 0 and 1, or that never vary, and outcomes that are infinite."""
    if found.empty:
        raise DataError("panel has no rows")
    for key, name in (("treated", columns.treated), ("after", columns.after)):
        _check_flag(found[[key, "rows"]].rename(columns={key: "value"}), name)
    if count := int(found["infinite"].sum()):
        raise DataError(f"outcome '{columns.outcome}' is infinite in {count} rows")


def _check_flag(found: pd.DataFrame, name: str) -> None:
    if found["value"].isna().any():
        count = int(found.loc[found["value"].isna(), "rows"].sum())
        raise DataError(f"'{name}' is missing in {count} rows", hint="it is a boolean, or 0 or 1")
    values = set(found["value"])
    if odd := values - {0, 1}:
        raise DataError(f"'{name}' holds {some(odd)}, must be a boolean, or 0 or 1")
    if len(values) == 1:
        raise DataError(
            f"'{name}' is {'true' if values == {1} else 'false'} in every row",
            hint="both are needed: treated and control units, before and after the action",
        )


def some(values: Iterable[object]) -> str:
    """Return the first few of some values, for an error.

    >>> some(["b", "a", "d", "c"])
    'a, b, c, …'
    """
    shown = sorted(str(value) for value in values)
    return ", ".join(shown[:_SHOWN]) + (", …" if len(shown) > _SHOWN else "")
