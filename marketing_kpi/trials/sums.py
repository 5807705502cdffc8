"""What a comparison of arms needs of its members: counts and sums, made in the engine.

A group-by gives, for each arm, the sums of the powers of a few columns up to the third. From
these come means, variances and skewnesses, and those of any weighted sum of the columns: a ratio
of sums and an outcome adjusted for a covariate are such.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from functools import reduce
from itertools import combinations_with_replacement, product
from operator import and_, mul, or_
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketing_kpi.errors import ColumnError
from marketing_kpi.kpis.frames import Frame, executed, in_arrow, require, same_kind

if TYPE_CHECKING:
    import ibis.expr.types as ir

Array: TypeAlias = npt.NDArray[np.float64]

_ARM = "_arm"
_CLUSTER = "_cluster"
_COUNTS = ("rows", "members", "infinite", "nonzero", "between")
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
        The value of the arm's column.
    group
        The values of the columns of `by`; empty without any.
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
    return Arm(None, group, 0, 0, 0, 0, 0, 0, _central(0, {}, [0.0] * columns))


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
        The column that names the arm; rows where it is null are left out.
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
        By group, then name.

    Raises
    ------
    ColumnError
        When a column is missing, or one to be summed has neither numbers nor booleans.

    Notes
    -----
    One group-by gives the sums of the powers. Where a mean lies more than ten standard deviations
    from 0, their differences would lose digits: a second one, centred near the means, repeats it.
    So does one that looks at each value, where a sum is not finite: NaN counts as missing.

    Examples
    --------
    >>> members = pd.DataFrame({"arm": ["a", "a", "b"], "spent": [1.0, 3.0, None]})
    >>> [(arm.name, arm.members, arm.missing) for arm in moments(
    ...     members, arm="arm", columns=["spent"])]
    [('a', 2, 0), ('b', 0, 1)]
    """
    names = list(dict.fromkeys([arm, *by, *columns, *([cluster] if cluster else [])]))
    require(members, names, "the members")
    chosen = members[names] if isinstance(members, pd.DataFrame) else members.select(*names)
    held = len(columns) + (cluster is not None)

    def summed(centres: Sequence[float], careful: bool) -> pd.DataFrame:
        if isinstance(chosen, pd.DataFrame) and cluster is None:
            return _sums_in_hand(chosen, arm, columns, by, centres)

        def query(table: ir.Table) -> ir.Table:
            rows = _rows(table, arm, columns, by, cluster, careful)
            return _sums(rows, by, centres, cluster is not None)

        return executed(same_kind(chosen, query))

    centres, careful = [0.0] * held, False
    frame = summed(centres, careful)
    if not np.isfinite(frame[frame["units"] > 0].filter(like="power_").to_numpy("float64")).all():
        careful = True
        frame = summed(centres, careful)
    far = _far(frame, held)
    if any(far):
        centres = far
        frame = summed(centres, careful)
    frame[list(_COUNTS)] = frame[list(_COUNTS)].fillna(0)
    frame = frame.sort_values([*by, _ARM], kind="stable")
    return [_arm(row, by, centres) for row in frame.to_dict("records")]


def _rows(
    table: ir.Table,
    arm: str,
    columns: Sequence[str],
    by: Sequence[str],
    cluster: str | None,
    careful: bool,
) -> ir.Table:
    """Return the arm, the groups and the columns of each member; null where one of those is."""
    import ibis

    table = table.filter(table[arm].notnull())
    values = [_number(table[name], name) for name in columns]
    keys = {_ARM: table[arm], **{name: table[name] for name in by}}
    tests = [value.notnull() for value in values] if len(values) > 1 else []
    if cluster:
        keys[_CLUSTER] = table[cluster]
        tests.append(table[cluster].notnull())
    if careful:
        # Looking at each value takes longer than the sums: only where these are not finite.
        infinite = reduce(or_, (value.isinf().fill_null(False) for value in values))
        keys["infinite"] = infinite
        tests += [~infinite, *(~value.isnan() for value in values)]
    if tests:
        used = reduce(and_, tests)
        values = [used.ifelse(value, ibis.null("float64")) for value in values]
    return table.select(**keys, **{_value(i): value for i, value in enumerate(values)})


def _sums(rows: ir.Table, by: Sequence[str], centres: Sequence[float], clustered: bool) -> ir.Table:
    if clustered:
        units = _clusters(rows, by, len(centres) - 1)
        counts = {name: units[name].sum() for name in _COUNTS}
    else:
        units, counts = rows, _counts(rows)
    distances = [
        units[_value(i)] - centre if centre else units[_value(i)]
        for i, centre in enumerate(centres)
    ]
    powers = {
        _power(indices): reduce(mul, (distances[i] for i in indices)).sum()
        for indices in _products(len(centres))
    }
    return units.group_by([*by, _ARM]).aggregate(units=units[_value(0)].count(), **counts, **powers)


def _counts(rows: ir.Table) -> dict[str, ir.Value]:
    import ibis

    first = rows[_value(0)]
    infinite = rows.infinite.sum() if "infinite" in rows.columns else ibis.literal(0)
    return {
        "rows": rows.count(),
        "members": first.count(),
        "infinite": infinite,
        "nonzero": (first != 0).sum(),
        "between": ((first != 0) & (first != 1)).sum(),
    }


def _sums_in_hand(
    members: pd.DataFrame,
    arm: str,
    columns: Sequence[str],
    by: Sequence[str],
    centres: Sequence[float],
) -> pd.DataFrame:
    """Do what `_sums` does, of a frame: an engine takes longer to read it than this to sum it."""
    import ibis

    table = in_arrow(members)
    for name in columns:
        _number(ibis.memtable(table)[name], name)  # refuses what is no number
    values = [table[name].cast("float64", safe=False).to_numpy() for name in columns]
    group, found = _groups(members, arm, by)

    def count(chosen: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        return np.bincount(group[chosen], minlength=len(found))

    first, used = values[0], reduce(and_, map(np.isfinite, values))
    found["infinite"] = count(np.flatnonzero(reduce(or_, map(np.isinf, values))))
    found["units"] = found["members"] = found["rows"] - count(np.flatnonzero(~used))
    nonzero = np.flatnonzero(used & (first != 0))
    found["nonzero"] = count(nonzero)
    found["between"] = count(nonzero[first[nonzero] != 1])
    distances = [
        np.where(used, value - centre if centre else value, 0.0)
        for value, centre in zip(values, centres, strict=True)
    ]
    # of amounts, most are 0 and add nothing
    some = np.flatnonzero(reduce(or_, (distance != 0 for distance in distances)))
    distances, group = [distance[some] for distance in distances], group[some]
    for indices in _products(len(distances)):
        multiplied = reduce(mul, (distances[i] for i in indices))
        found[_power(indices)] = np.bincount(group, multiplied, len(found))
    return found[found[_ARM].notna()]


def _groups(members: pd.DataFrame, arm: str, by: Sequence[str]) -> tuple[Any, pd.DataFrame]:
    """Return the group of each member, by place, and a row a group: by, arm, and its members."""
    keys = members[[*by, arm]].rename(columns={arm: _ARM})
    for name, kind in keys.dtypes.items():
        if isinstance(kind, pd.CategoricalDtype):
            keys[name] = keys[name].astype(kind.categories.dtype)
    groups = keys.groupby([*by, _ARM], dropna=False, sort=False)
    return groups.ngroup().to_numpy(), groups.size().rename("rows").reset_index()


def _products(held: int) -> list[tuple[int, ...]]:
    """Return which columns are multiplied: one, two or three of them, the same ones too."""
    return [
        indices
        for degree in (1, 2, 3)
        for indices in combinations_with_replacement(range(held), degree)
    ]


def _clusters(rows: ir.Table, by: Sequence[str], held: int) -> ir.Table:
    """Sum members to clusters, which then have their size as a last column.

    A cluster none of whose members counts is no unit: its values are null.
    """
    totals = {_value(i): rows[_value(i)].sum() for i in range(held)}
    units = rows.group_by([*by, _ARM, _CLUSTER]).aggregate(**_counts(rows), **totals)
    return units.mutate(**{_value(held): units.members.nullif(0).cast("float64")})


def _number(column: ir.Value, name: str) -> ir.FloatingValue:
    kind = column.type()
    if kind.is_boolean():
        return column.cast("int64").cast("float64")
    if not (kind.is_numeric() or kind.is_null()):
        raise ColumnError(
            f"column '{name}' is of type {kind}, must be numbers or booleans",
            hint=f"for instance members.assign({name}=members['{name}'].astype('float64'))",
        )
    return column.cast("float64")


def _value(index: int) -> str:
    return f"value_{index}"


def _power(indices: Sequence[int]) -> str:
    return "power_" + "_".join(map(str, sorted(indices)))


def _far(frame: pd.DataFrame, held: int) -> list[float]:
    """Return a centre a column: near its mean where that is far from 0, else 0."""
    centres = []
    for i in range(held):
        n, total, squares = (frame[name] for name in ("units", _power([i]), _power([i, i])))
        spread = squares - total**2 / n
        far = bool((total**2 / n > _FAR * spread).any())
        centres.append(float(f"{total.sum() / n.sum():.3g}") if far else 0.0)
    return centres


def _arm(row: Mapping[Hashable, Any], by: Sequence[str], centres: Sequence[float]) -> Arm:
    counts = {name: int(row[name]) for name in _COUNTS}
    return Arm(
        name=row[_ARM],
        group=tuple(row[name] for name in by),
        missing=counts["rows"] - counts["members"] - counts["infinite"],
        joint=_central(int(row["units"]), row, centres),
        **counts,
    )


def _central(n: int, row: Mapping[Hashable, Any], centres: Sequence[float]) -> JointMoments:
    """Turn the sums of powers about the centres into means and central sums."""
    k = len(centres)
    if not n:
        return JointMoments(0, np.full(k, np.nan), np.zeros((k, k)), np.zeros((k, k, k)))

    def powers(degree: int) -> Array:
        sums = np.empty((k,) * degree)
        for indices in product(range(k), repeat=degree):
            sums[indices] = float(f"{row[_power(indices)]:.{_DIGITS}g}")
        return sums

    distance, squares, cubes = powers(1) / n, powers(2), powers(3)
    pairs = np.einsum("i,jk", distance, squares)
    crossed = pairs + pairs.transpose(1, 0, 2) + pairs.transpose(1, 2, 0)
    return JointMoments(
        n,
        np.asarray(centres) + distance,
        squares - n * np.einsum("i,j", distance, distance),
        cubes - crossed + 2 * n * np.einsum("i,j,k", distance, distance, distance),
    )
