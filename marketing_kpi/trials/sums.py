"""What a comparison of arms needs of its members: counts and sums, made in the engine.

A group-by gives, for each arm, the sums of the powers of a few columns up to the third. From
these come means, variances and skewnesses, and those of any weighted sum of the columns: a ratio
of sums and an outcome adjusted for a covariate are such.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from itertools import combinations_with_replacement, product
from operator import and_, mul, or_
from typing import Any, NamedTuple, TypeAlias

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd
from ibis.expr.datatypes import DataType
from ibis.formats.pyarrow import PyArrowType

from marketing_kpi.errors import ColumnError
from marketing_kpi.kpis.frames import Frame, in_arrow, readable, records, same_kind
from marketing_kpi.trials.checks import require_members

Array: TypeAlias = npt.NDArray[np.float64]
Places: TypeAlias = npt.NDArray[np.integer[Any]]

_ARM = "_arm"
_CLUSTER = "_cluster"
# Digits kept of a sum of floats: an engine adds them in parallel, in another order each time.
_DIGITS = 13
# Mean over standard deviation, squared, from which raw powers lose the digits of central ones.
_FAR = 100.0


class Moments(NamedTuple):
    """Count, mean and central sums of one value; arrays of one shape hold several samples.

    Attributes
    ----------
    n
        How many values.
    mean
        Their mean.
    m2
        Sum of the squares of their distances to the mean.
    m3
        Sum of the cubes.
    """

    n: Any
    mean: Any
    m2: Any
    m3: Any

    @property
    def variance(self) -> Any:
        """The variance, over n - 1; NaN under 2 values."""
        freedom = np.asarray(self.n, dtype="float64") - 1
        return np.asarray(self.m2) / np.where(freedom > 0, freedom, np.nan)


class JointMoments(NamedTuple):
    """Count, means and central sums of k columns together; leading dimensions hold samples.

    Attributes
    ----------
    n
        How many rows.
    mean
        k means.
    m2
        k × k sums of products of two distances to the means.
    m3
        k × k × k sums of products of three.
    """

    n: Any
    mean: Array
    m2: Array
    m3: Array

    def along(self, weights: Array, *, mean: Array) -> Moments:
        """Return the moments of a weighted sum of the columns, whose mean is given."""
        second = np.einsum("...ij,...i,...j", self.m2, weights, weights)
        third = np.einsum("...ijk,...i,...j,...k", self.m3, weights, weights, weights)
        return Moments(self.n, mean, second, third)


class Arm(NamedTuple):
    """The members of one arm, in one group, in sums.

    Attributes
    ----------
    name
        The value of the arm's column; None for the members of whom it is null.
    group
        The values of the columns of `by`, None where null; empty without any.
    rows
        Members, with and without an outcome.
    members
        Members whose columns are all known: those that count.
    missing
        Members left out since a column is null.
    infinite
        Members with an infinite value.
    nonzero
        Members that count whose first column is not 0: the buyers, of revenue.
    between
        Members that count whose first column is neither 0 nor 1.
    joint
        Moments of the columns; of clusters, those of the sums of each, and last of their sizes.
    """

    name: Any
    group: tuple[Any, ...]
    rows: int
    members: int
    missing: int
    infinite: int
    nonzero: int
    between: int
    joint: JointMoments


def of(values: npt.ArrayLike, *, axis: int = -1) -> Moments:
    """Return the moments of values in hand.

    Parameters
    ----------
    values
        Numbers; several samples in an array of more dimensions.
    axis
        The one that runs over the values of a sample.

    Examples
    --------
    >>> sample = of([1.0, 2.0, 6.0])
    >>> sample.n, float(sample.mean), float(sample.m2), float(sample.m3)
    (3, 3.0, 14.0, 18.0)
    """
    array = np.asarray(values, dtype="float64")
    mean = array.mean(axis=axis, keepdims=True)
    distance = array - mean
    squares = distance**2
    return Moments(
        array.shape[axis],
        mean.squeeze(axis),
        squares.sum(axis=axis),
        (squares * distance).sum(axis=axis),
    )


def joint_of(values: npt.ArrayLike) -> JointMoments:
    """Return the joint moments of columns in hand.

    Parameters
    ----------
    values
        Rows × columns; several samples in an array of more dimensions, before these two.

    Examples
    --------
    >>> joint = joint_of([[1.0, 0.0], [3.0, 1.0]])
    >>> joint.n, joint.mean.tolist(), joint.m2.tolist()
    (2, [2.0, 0.5], [[2.0, 1.0], [1.0, 0.5]])
    """
    array = np.asarray(values, dtype="float64")
    mean = array.mean(axis=-2)
    distance = array - mean[..., np.newaxis, :]
    return JointMoments(
        array.shape[-2],
        mean,
        np.einsum("...ri,...rj->...ij", distance, distance),
        np.einsum("...ri,...rj,...rk->...ijk", distance, distance, distance),
    )


def without_zeros(moments: Moments, nonzero: npt.ArrayLike) -> Moments:
    """Return the moments of the values that are not 0, from those of all of them.

    Parameters
    ----------
    moments
        Of all the values.
    nonzero
        How many are not 0.

    Examples
    --------
    >>> part = without_zeros(of([0.0, 0.0, 1.0, 2.0, 6.0]), 3)
    >>> round(float(part.mean), 9), round(float(part.m2), 9), round(float(part.m3), 9)
    (3.0, 14.0, 18.0)
    """
    n, mean, m2, m3 = (np.asarray(value, dtype="float64") for value in moments)
    count = np.asarray(nonzero, dtype="float64")
    squares, cubes = m2 + n * mean**2, m3 + 3 * mean * m2 + n * mean**3
    part = n * mean / np.where(count > 0, count, np.nan)
    return Moments(
        count,
        part,
        np.maximum(squares - count * part**2, 0.0),
        cubes - 3 * part * squares + 2 * count * part**3,
    )


def nobody(group: tuple[Any, ...], columns: int) -> Arm:
    """Return an arm without members, of a group in which none were drawn."""
    return Arm(None, group, 0, 0, 0, 0, 0, 0, _no_moments(columns))


def moments(
    members: Frame,
    *,
    arm: str,
    columns: Sequence[str],
    by: Sequence[str] = (),
    cluster: str | None = None,
) -> list[Arm]:
    """Reduce members to counts and sums, by arm and group, in the engine where they are in one.

    Parameters
    ----------
    members
        A row a member: pandas, or an Ibis table of any engine.
    arm
        The column that names the arm.
    columns
        Numbers or booleans. A member of whom one is null is left out of all sums.
    by
        Columns whose values part the members into groups.
    cluster
        The column of the unit that was drawn, when that is not the member: members are summed to
        it first, and a last column of the moments has how many they are.

    Returns
    -------
    list of Arm
        By group, then name; an arm without a name last.

    Raises
    ------
    ColumnError
        When a column is missing, or one to be summed has neither numbers nor booleans.

    Notes
    -----
    One query gives the sums of the powers. Where a mean lies more than ten standard deviations
    from 0, their differences would lose digits: a second one, centred near the means, repeats it.
    So does one that looks at each value, where a sum is not finite: NaN counts as missing.

    Examples
    --------
    >>> members = pd.DataFrame({"arm": ["a", "a", "b"], "spent": [1.0, 3.0, None]})
    >>> [(arm.name, arm.members, arm.missing) for arm in moments(
    ...     members, arm="arm", columns=["spent"])]
    [('a', 2, 0), ('b', 0, 1)]
    """
    (arms,) = several(members, arm=arm, sets=[columns], by=by, cluster=cluster)
    return arms


def several(
    members: Frame,
    *,
    arm: str,
    sets: Sequence[Sequence[str]],
    by: Sequence[str] = (),
    cluster: str | None = None,
) -> list[list[Arm]]:
    """Do what `moments` does, for several sets of columns in one query.

    Parameters
    ----------
    members, arm, by, cluster
        As in `moments`.
    sets
        Columns that are summed together. A member of whom one is null is left out of the sums of
        its set, and of no other.

    Returns
    -------
    list of list of Arm
        What `moments` returns, for each set.

    Examples
    --------
    >>> members = pd.DataFrame({"arm": ["a", "a"], "spent": [1.0, None], "bought": [1, 1]})
    >>> [arms[0].members for arms in several(members, arm="arm", sets=[["spent"], ["bought"]])]
    [1, 2]
    """
    held = [name for columns in sets for name in columns]
    names = list(dict.fromkeys([arm, *by, *held, *([cluster] if cluster else [])]))
    require_members(members, names)
    chosen = members[names] if isinstance(members, pd.DataFrame) else members
    plan = _Plan(arm, tuple(by), cluster, tuple(_sets(sets, clustered=cluster is not None)))
    rows = _summed(chosen, plan)
    if not all(_is_finite(row, each) for row in rows for each in plan.sets):
        plan = plan._replace(careful=True)
        rows = _summed(chosen, plan)
    centred = tuple(each._replace(centres=_far(rows, each)) for each in plan.sets)
    if centred != plan.sets:
        plan = plan._replace(sets=centred)
        rows = _summed(chosen, plan)
    rows.sort(key=lambda row: [(row[key] is None, row[key]) for key in plan.keys])
    return [[_arm(row, plan, each) for row in rows] for each in plan.sets]


class _Set(NamedTuple):
    """Columns that are summed together, and what is taken off each before it is multiplied."""

    place: int
    columns: tuple[str, ...]
    centres: tuple[float, ...]

    def named(self, what: str) -> str:
        """Return what a sum is called among those of all sets."""
        return f"{what}_{self.place}"

    def power(self, *indices: int) -> str:
        """Return what the sum of a product of columns is called."""
        return self.named("power_" + "_".join(map(str, sorted(indices))))

    @property
    def products(self) -> list[tuple[int, ...]]:
        """Which columns are multiplied: one, two or three of them, the same ones too."""
        return [
            indices
            for degree in (1, 2, 3)
            for indices in combinations_with_replacement(range(len(self.centres)), degree)
        ]


class _Plan(NamedTuple):
    """What is summed, of whom, and whether each value is looked at for NaN and infinity."""

    arm: str
    by: tuple[str, ...]
    cluster: str | None
    sets: tuple[_Set, ...]
    careful: bool = False

    @property
    def keys(self) -> dict[str, str]:
        """The columns that part the members, by what they are called here."""
        return {f"_by_{place}": name for place, name in enumerate(self.by)} | {_ARM: self.arm}

    @property
    def columns(self) -> list[str]:
        """The columns of all sets, each once."""
        return list(dict.fromkeys(name for each in self.sets for name in each.columns))

    @property
    def skips_zeros(self) -> bool:
        """Whether a member of whom all columns are 0 adds nothing to any sum."""
        return not (self.cluster or any(any(each.centres) for each in self.sets))


def _sets(sets: Sequence[Sequence[str]], *, clustered: bool) -> Iterator[_Set]:
    for place, columns in enumerate(sets):
        yield _Set(place, tuple(columns), (0.0,) * (len(columns) + clustered))


def told(column: ir.Value) -> ir.Value:
    """Return a column whose values that are no number are null, as those of pandas are."""
    kind = column.type()
    return column.isnan().ifelse(ibis.null(kind), column) if kind.is_floating() else column


def _summed(members: Frame, plan: _Plan) -> list[dict[str, Any]]:
    """Return the counts and sums of each group and arm, whose keys are None where null."""
    if isinstance(members, pd.DataFrame) and plan.cluster is None:
        return _sums_in_hand(members, plan)
    found = records(same_kind(members, lambda table: _query(table, plan)))
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for record in found:
        keys = {name: _or_none(record.pop(name)) for name in plan.keys}
        row = rows.setdefault(tuple(keys.values()), keys)
        for name, value in record.items():
            row[name] = row.get(name, 0) + (value or 0)
    for row in rows.values():
        _complete(row, plan)
    return list(rows.values())


def _complete(row: dict[str, Any], plan: _Plan) -> None:
    """Add what an engine was not asked, since it follows from what it was."""
    skipped = row["rows"] - row["seen"]
    for each in plan.sets:
        members, nonzero, between = map(each.named, ("members", "nonzero", "between"))
        powers = [each.power(*indices) for indices in each.products]
        if not row[members]:
            row |= dict.fromkeys([nonzero, between, *powers], 0)  # the sum of nothing is null
        elif nonzero not in row:
            row |= dict.fromkeys([nonzero, *powers], row[powers[0]]) | {between: 0}
        row[members] += skipped


def _query(table: ir.Table, plan: _Plan) -> ir.Table:
    """Return the counts and sums; where zeros are skipped, the two are rows to be added."""
    if plan.cluster is not None:
        return _sums_of_clusters(table, plan, plan.cluster)
    if not plan.skips_zeros:
        sums = _sums(table, plan)
        return table.group_by(**_keys(table, plan)).aggregate(**sums, rows=sums["seen"])
    # Of amounts, most are 0: an engine counts these members in less time than it adds their zeros.
    zero = reduce(and_, (_is_zero(table[name]) for name in plan.columns))
    some = table.filter(~zero)
    sums = {**_sums(some, plan), "rows": ibis.literal(0, type="int64")}
    counts = {name: ibis.literal(0, type=value.type()) for name, value in sums.items()}
    counts["rows"] = table.count()
    counted = table.group_by(**_keys(table, plan)).aggregate(**counts)
    return counted.union(some.group_by(**_keys(some, plan)).aggregate(**sums))


def _keys(table: ir.Table, plan: _Plan) -> dict[str, ir.Value]:
    return {key: told(table[name]) for key, name in plan.keys.items()}


def _sums(table: ir.Table, plan: _Plan) -> dict[str, ir.Value]:
    sums: dict[str, ir.Value] = {"seen": table.count()}
    for each in plan.sets:
        values, infinite = _values(table, plan, each)
        if len(values) == 1 and table[each.columns[0]].type().is_boolean():
            # Its square and its cube are itself.
            sums |= {each.named("members"): values[0].count(), each.power(0): values[0].sum()}
        else:
            sums |= _counts(values[0], infinite, each) | _powers(values, each)
    return sums


def _values(
    table: ir.Table, plan: _Plan, each: _Set
) -> tuple[list[ir.Value], ir.BooleanValue | None]:
    """Return the columns of a set, null where one of them is, and whether one is infinite."""
    values = [_number(table[name], name) for name in each.columns]
    tests = [value.notnull() for value in values] if len(values) > 1 else []
    infinite = None
    if plan.cluster is not None:
        tests.append(table[plan.cluster].notnull())
    if plan.careful:
        # Looking at each value takes longer than the sums: only where these are not finite.
        infinite = reduce(or_, (value.isinf().fill_null(False) for value in values))
        tests += [~infinite, *(~value.isnan() for value in values)]
    if tests:
        used = reduce(and_, tests)
        values = [used.ifelse(value, ibis.null("float64")) for value in values]
    return values, infinite


def _counts(first: ir.Value, infinite: ir.BooleanValue | None, each: _Set) -> dict[str, ir.Value]:
    counts = {
        "members": first.count(),
        "nonzero": (first != 0).sum(),
        "between": ((first != 0) & (first != 1)).sum(),
    }
    if infinite is not None:
        counts["infinite"] = infinite.sum()
    return {each.named(name): count for name, count in counts.items()}


def _powers(values: Sequence[ir.Value], each: _Set) -> dict[str, ir.Value]:
    distances = [
        value - centre if centre else value
        for value, centre in zip(values, each.centres, strict=True)
    ]
    return {
        each.power(*indices): reduce(mul, (distances[i] for i in indices)).sum()
        for indices in each.products
    }


def _sums_of_clusters(table: ir.Table, plan: _Plan, cluster: str) -> ir.Table:
    """Sum members to clusters, which then have their size as a last column.

    A cluster none of whose members counts is no unit: its values are null.
    """
    counts: dict[str, ir.Value] = {"rows": table.count()}
    totals: dict[str, ir.Value] = {}
    for each in plan.sets:
        values, infinite = _values(table, plan, each)
        counts |= _counts(values[0], infinite, each)
        totals |= {each.named(f"value_{i}"): value.sum() for i, value in enumerate(values)}
    groups = table.group_by(**_keys(table, plan), **{_CLUSTER: table[cluster]})
    units = groups.aggregate(**counts, **totals)
    sums = {name: units[name].sum() for name in counts}
    sums["seen"] = sums["rows"]
    for each in plan.sets:
        size = units[each.named("members")].nullif(0).cast("float64")
        values = [units[each.named(f"value_{i}")] for i in range(len(each.columns))]
        sums |= {each.named("units"): size.count(), **_powers([*values, size], each)}
    return units.group_by(list(plan.keys)).aggregate(**sums)


def _sums_in_hand(members: pd.DataFrame, plan: _Plan) -> list[dict[str, Any]]:
    """Do what `_query` does, of a frame: an engine takes longer to read it than this to sum it."""
    table = in_arrow(members)
    for name in plan.columns:
        _check_kind(PyArrowType.to_ibis(table[name].type), name)
    values = {name: table[name].cast("float64", safe=False).to_numpy() for name in plan.columns}
    group, found = _groups(members, plan)
    for each in plan.sets:
        found |= _set_in_hand([values[name] for name in each.columns], group, found["rows"], each)
    columns = [column.tolist() for column in found.values()]
    rows = [dict(zip(found, row, strict=True)) for row in zip(*columns, strict=True)]
    return [row | {key: _or_none(row[key]) for key in plan.keys} for row in rows]


def _set_in_hand(
    values: Sequence[Array], group: Places, rows: Places, each: _Set
) -> dict[str, npt.NDArray[Any]]:
    """Return the counts and sums of a set, by group."""

    def count(chosen: Places) -> Places:
        return np.bincount(group[chosen], minlength=len(rows))

    first, used = values[0], reduce(and_, map(np.isfinite, values))
    nonzero = np.flatnonzero(used & (first != 0))
    found = {
        "members": rows - count(np.flatnonzero(~used)),
        "infinite": count(np.flatnonzero(reduce(or_, map(np.isinf, values)))),
        "nonzero": count(nonzero),
        "between": count(nonzero[first[nonzero] != 1]),
    }
    sums = {each.named(name): counts for name, counts in found.items()}
    distances = [
        np.where(used, value - centre if centre else value, 0.0)
        for value, centre in zip(values, each.centres, strict=True)
    ]
    # of amounts, most are 0 and add nothing
    some = np.flatnonzero(reduce(or_, (distance != 0 for distance in distances)))
    distances, group = [distance[some] for distance in distances], group[some]
    for indices in each.products:
        multiplied = reduce(mul, (distances[i] for i in indices))
        sums[each.power(*indices)] = np.bincount(group, multiplied, len(rows))
    return sums


def _groups(members: pd.DataFrame, plan: _Plan) -> tuple[Places, dict[str, Any]]:
    """Return the group of each member, by place, and of each group its keys and how many rows."""
    keys = pd.DataFrame({key: readable(members[name]) for key, name in plan.keys.items()})
    for name, kind in keys.dtypes.items():
        if isinstance(kind, pd.CategoricalDtype):
            keys[name] = keys[name].astype(kind.categories.dtype)
    group = keys.groupby(list(keys), dropna=False, sort=False).ngroup().to_numpy()
    rows = np.bincount(group)
    example = np.empty(len(rows), dtype="int64")
    example[group] = np.arange(len(group))
    return group, {**keys.iloc[example], "rows": rows}


def _number(column: ir.Value, name: str) -> ir.FloatingValue:
    kind = column.type()
    _check_kind(kind, name)
    return (column.cast("int32") if kind.is_boolean() else column).cast("float64")


def _is_zero(column: ir.Value) -> ir.BooleanValue:
    """Say whether a value is 0, and not null."""
    return column.identical_to(False if column.type().is_boolean() else 0)


def _check_kind(kind: DataType, name: str) -> None:
    if not (kind.is_numeric() or kind.is_boolean() or kind.is_null()):
        raise ColumnError(
            f"column '{name}' is of type {kind}, must be numbers or booleans",
            hint=f"a rate is made of words by members['{name}'] == 'yes', and numbers of text by "
            f"pandas.to_numeric(members['{name}'])"
            if kind.is_string()
            else None,
        )


def _is_finite(row: Mapping[str, Any], each: _Set) -> bool:
    return all(math.isfinite(row[each.power(*indices)]) for indices in each.products)


def _far(rows: Sequence[Mapping[str, Any]], each: _Set) -> tuple[float, ...]:
    """Return a centre a column: near its mean where that is far from 0, else 0."""
    known = [row for row in rows if _units(row, each)]
    n = np.array([_units(row, each) for row in known], dtype="float64")
    centres = []
    for i in range(len(each.centres)):
        total, squares = (
            np.array([row[power] for row in known], dtype="float64")
            for power in (each.power(i), each.power(i, i))
        )
        spread = squares - total**2 / n
        far = bool((total**2 / n > _FAR * spread).any())
        centres.append(float(f"{total.sum() / n.sum():.3g}") if far else 0.0)
    return tuple(centres)


def _units(row: Mapping[str, Any], each: _Set) -> int:
    """Return how many values there are: clusters, or members."""
    return int(row.get(each.named("units"), row[each.named("members")]))


def _arm(row: Mapping[str, Any], plan: _Plan, each: _Set) -> Arm:
    rows, name = int(row["rows"]), row[_ARM]
    members, infinite, nonzero, between = (
        int(row.get(each.named(count), 0))
        for count in ("members", "infinite", "nonzero", "between")
    )
    return Arm(
        name=name,
        group=tuple(row[key] for key in plan.keys if key != _ARM),
        rows=rows,
        members=members,
        missing=rows - members - infinite,
        infinite=infinite,
        nonzero=nonzero,
        between=between,
        joint=_central(_units(row, each), row, each),
    )


def _or_none(value: Any) -> Any:
    """Return a value; what is missing is one value, and not another one each time."""
    return None if pd.isna(value) else value


def _central(n: int, row: Mapping[str, Any], each: _Set) -> JointMoments:
    """Turn the sums of powers about the centres into means and central sums."""
    k = len(each.centres)
    if not n:
        return _no_moments(k)

    def powers(degree: int) -> Array:
        sums = np.empty((k,) * degree)
        for indices in product(range(k), repeat=degree):
            sums[indices] = float(f"{row[each.power(*indices)]:.{_DIGITS}g}")
        return sums

    distance, squares, cubes = powers(1) / n, powers(2), powers(3)
    pairs = np.einsum("i,jk", distance, squares)
    crossed = pairs + pairs.transpose(1, 0, 2) + pairs.transpose(1, 2, 0)
    return JointMoments(
        n,
        np.asarray(each.centres) + distance,
        squares - n * np.einsum("i,j", distance, distance),
        cubes - crossed + 2 * n * np.einsum("i,j,k", distance, distance, distance),
    )


def _no_moments(columns: int) -> JointMoments:
    k = columns
    return JointMoments(0, np.full(k, np.nan), np.zeros((k, k)), np.zeros((k, k, k)))
