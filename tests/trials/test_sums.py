"""Sums of members: against the values in hand, on engines, and where digits could be lost."""

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketing_kpi.errors import ColumnError
from marketing_kpi.trials import sums

VALUES = st.lists(st.floats(-1e3, 1e3).map(lambda x: round(x, 2)), min_size=1, max_size=8)


def only(frame, *columns, **options):
    (arm,) = sums.moments(frame, arm="arm", columns=columns, **options)
    return arm


def people(**columns):
    return pd.DataFrame({"arm": "a", **columns})


def test_moments_by_hand():
    found = sums.of([1.0, 2.0, 6.0])
    assert (found.n, found.mean, found.m2, found.m3) == (3, 3.0, 14.0, 18.0)
    assert found.variance == 7.0


def test_the_variance_of_one_value_is_not_a_number():
    assert np.isnan(sums.of([4.0]).variance)


def test_joint_moments_by_hand():
    """Rows (1, 0), (3, 1), (2, 5): distances (-1, -2), (1, -1), (0, 3)."""
    found = only(people(x=[1.0, 3.0, 2.0], y=[0, 1, 5]), "x", "y").joint
    assert found.n == 3
    assert found.mean.tolist() == [2.0, 2.0]
    assert found.m2 == pytest.approx(np.array([[2.0, 1.0], [1.0, 14.0]]))
    # xxy: 1 * -2 + 1 * -1 + 0; xyy: -1 * 4 + 1 * 1 + 0; yyy: -8 - 1 + 27
    assert found.m3[0, 0] == pytest.approx([0.0, -3.0])
    assert found.m3[1, 1] == pytest.approx([-3.0, 18.0])
    assert found.m3[0, 1, 0] == found.m3[1, 0, 0] == found.m3[0, 0, 1]


def test_counts_by_hand():
    frame = pd.DataFrame(
        {"arm": ["a", "a", "a", "a", "b", None], "x": [0.0, 1.0, 2.5, None, np.inf, 1.0]}
    )
    a, b, nobody = sums.moments(frame, arm="arm", columns=["x"])
    assert (a.name, a.rows, a.members, a.missing, a.nonzero, a.between) == ("a", 4, 3, 1, 2, 1)
    assert (b.name, b.rows, b.members, b.missing, b.infinite) == ("b", 1, 0, 0, 1)
    assert b.joint.n == 0
    assert (nobody.name, nobody.members) == (None, 1)


def test_a_member_lacking_one_column_counts_in_none():
    found = only(people(x=[1.0, 2.0, 9.0], y=[1.0, 3.0, None]), "x", "y")
    assert (found.members, found.missing) == (2, 1)
    assert found.joint.mean.tolist() == [1.5, 2.0]


@pytest.mark.parametrize(
    "values", [[True, False, True], [1, 0, 1], pd.array([1, 0, 1], "Int64"), [True, None, 1.0]]
)
def test_booleans_and_whole_numbers_are_numbers(values):
    found = only(people(x=pd.Series(values).astype("Float64")), "x")
    assert found.nonzero == 2
    assert found.between == 0


def test_text_is_refused():
    with pytest.raises(ColumnError, match="'x' is of type string, must be numbers or booleans"):
        only(people(x=["1", "2"]), "x")


def test_a_misspelt_column_is_named():
    with pytest.raises(ColumnError, match="did you mean 'revenue'"):
        only(people(revenue=[1.0]), "revenu")


def test_clusters_are_summed_first():
    """Clusters of 2, 1 and 1 members, with sums 3, 5 and nothing known."""
    frame = people(x=[1.0, 2.0, 5.0, None, 8.0], store=["s", "s", "t", "u", None])
    found = only(frame, "x", cluster="store")
    assert (found.rows, found.members, found.missing) == (5, 3, 2)
    assert found.joint.n == 2
    assert found.joint.mean.tolist() == [4.0, 1.5]
    assert found.joint.m2[0, 1] == pytest.approx(2 * (-1 * 0.5))


def test_groups_are_apart():
    frame = pd.DataFrame({"arm": ["a", "b", "a"], "region": ["Q", "Q", "F"], "x": [1.0, 2.0, 3.0]})
    found = sums.moments(frame, arm="arm", columns=["x"], by=["region"])
    assert [(part.group, part.name, float(part.joint.mean[0])) for part in found] == [
        (("F",), "a", 3.0),
        (("Q",), "a", 1.0),
        (("Q",), "b", 2.0),
    ]


SETS = [["bought"], ["spent"], ["orders", "spent"], ["seen"]]


def amounts(n=400):
    """Return members of whom most are 0, all of those of b, and some not known."""
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(
        {
            "arm": rng.choice(["a", "b", None], n),
            "region": rng.choice(["Q", None], n),
            "store": rng.integers(0, 9, n).astype(str),
            "bought": rng.integers(0, 2, n).astype(float),
            "orders": rng.poisson(0.2, n).astype(float),
            "spent": np.where(rng.random(n) < 0.2, rng.gamma(2, 20, n), 0.0),
            "seen": pd.array(rng.random(n) < 0.3, "boolean"),
        }
    )
    frame.loc[frame["arm"] == "b", ["bought", "orders", "spent"]] = 0
    frame.loc[frame["arm"] == "b", "seen"] = False
    for name in ("bought", "orders", "spent", "seen"):
        frame.loc[rng.random(n) < 0.1, name] = None
    frame.loc[(frame["arm"] == "b") & (frame["region"] == "Q"), "spent"] = None
    return frame


def assert_same(found, expected):
    assert [arm[:8] for arm in found] == [arm[:8] for arm in expected]
    for one, same in zip(found, expected, strict=True):
        for part, twin in zip(one.joint, same.joint, strict=True):
            np.testing.assert_allclose(part, twin, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("cluster", [None, "store"])
@pytest.mark.parametrize("by", [[], ["region"]])
@pytest.mark.parametrize("engine", [lambda frame: frame, ibis.memtable])
def test_several_sets_of_columns_are_each_as_alone_and_in_hand(engine, by, cluster):
    frame = amounts()
    options = {"arm": "arm", "by": by, "cluster": cluster}
    together = sums.several(engine(frame), sets=SETS, **options)
    for columns, found in zip(SETS, together, strict=True):
        assert_same(found, sums.moments(frame, columns=columns, **options))
    assert len({arms[0].missing for arms in together}) == len(SETS)


def test_sums_of_a_table_are_those_of_its_values():
    frame = amounts()
    for name in ("bought", "spent", "seen"):
        for found in sums.moments(ibis.memtable(frame), arm="arm", columns=[name])[:2]:
            rows = frame.loc[frame["arm"] == found.name, name]
            values = rows.dropna().to_numpy("float64")
            true = sums.of(values)
            assert (found.rows, found.members) == (len(rows), len(values))
            assert found.nonzero == (values != 0).sum()
            assert found.between == ((values != 0) & (values != 1)).sum()
            assert found.joint.mean[0] == pytest.approx(true.mean)
            assert found.joint.m2[0, 0] == pytest.approx(true.m2)
            assert found.joint.m3[0, 0, 0] == pytest.approx(true.m3)


@pytest.mark.parametrize("first", ["bought", "spent"])
def test_a_member_of_whom_one_outcome_is_0_and_the_other_unknown_is_missing(first):
    frame = pd.DataFrame({"arm": ["a"] * 3, "bought": [None, 0.0, 1.0], "spent": [0.0, None, 9.0]})
    second = "spent" if first == "bought" else "bought"
    for found in sums.several(ibis.memtable(frame), arm="arm", sets=[[first], [second]]):
        assert (found[0].rows, found[0].members, found[0].missing) == (3, 2, 1)
        assert found[0].joint.mean[0] == found[0].nonzero * (9 if found[0].between else 1) / 2


def test_not_a_number_in_one_set_is_not_missing_in_another():
    frame = pd.DataFrame({"arm": ["a"] * 3, "x": [0.0, 2.0, 3.0], "y": [0.0, 0.0, 5.0]})
    table = ibis.memtable(frame).mutate(x=(ibis._.x == 2).ifelse(float("nan"), ibis._.x))
    (x,), (y,) = sums.several(table, arm="arm", sets=[["x"], ["y"]])
    assert (x.members, x.missing, y.members, y.missing) == (2, 1, 3, 0)
    assert (x.joint.mean[0], y.joint.mean[0]) == (1.5, 5 / 3)


def test_a_large_mean_costs_no_digits():
    rng = np.random.default_rng(0)
    near = rng.gamma(2.0, size=500)
    found = only(people(x=near + 1e7), "x").joint
    true = sums.of(near)
    assert found.m2[0, 0] == pytest.approx(float(true.m2), rel=1e-7)
    assert found.m3[0, 0, 0] == pytest.approx(float(true.m3), rel=1e-6)
    # What raw powers would give: not a digit of the cubes is right.
    raw = ((near + 1e7) ** 3).sum() - 500 * (near + 1e7).mean() ** 3
    assert abs(raw / float(true.m3) - 1) > 1


def test_the_same_digits_from_a_frame_and_from_an_engine():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "arm": rng.choice(["a", "b"], 3000),
            "x": np.where(rng.random(3000) < 0.1, rng.lognormal(3, 1, 3000), 0.0),
            "y": rng.random(3000) + 1e5,
            "store": rng.integers(0, 40, 3000),
        }
    )
    table = ibis.duckdb.connect().create_table("members", frame)
    for cluster in (None, "store"):
        sides = [
            sums.moments(given, arm="arm", columns=["x", "y"], cluster=cluster)
            for given in (frame, frame.sample(frac=1, random_state=3), table)
        ]
        for other in sides[1:]:
            for one, same in zip(sides[0], other, strict=True):
                assert one[:8] == same[:8]
                for part, twin in zip(one.joint[1:], same.joint[1:], strict=True):
                    np.testing.assert_allclose(part, twin, rtol=1e-9)


def test_the_input_is_not_changed():
    frame = people(x=[1.0, None])
    before = frame.copy()
    only(frame, "x")
    pd.testing.assert_frame_equal(frame, before)


@settings(max_examples=60, deadline=None)
@given(VALUES, st.integers(0, 5))
def test_leaving_the_zeros_out_afterwards_is_leaving_them_out(values, zeros):
    kept = [value for value in values if value]
    found = sums.without_zeros(sums.of(values + [0.0] * zeros), len(kept))
    if not kept:
        assert np.isnan(found.mean)
        return
    true = sums.of(kept)
    scale = max(abs(value) for value in kept)
    assert found.mean == pytest.approx(true.mean, rel=1e-9, abs=1e-9 * scale)
    assert found.m2 == pytest.approx(true.m2, abs=1e-9 * scale**2)
    assert found.m3 == pytest.approx(true.m3, abs=1e-9 * scale**3)


@settings(max_examples=60, deadline=None)
@given(VALUES, st.floats(-3, 3))
def test_a_weighted_sum_has_the_moments_of_its_values(values, weight):
    columns = np.column_stack([values, np.arange(len(values)) ** 2])
    weights = np.array([1.0, weight])
    made = sums.of(columns @ weights)
    found = sums.joint_of(columns).along(weights, mean=made.mean)
    scale = max(1.0, float(np.abs(columns @ weights).max()), float(np.abs(columns).max()))
    assert found.m2 == pytest.approx(made.m2, abs=1e-9 * scale**2)
    assert found.m3 == pytest.approx(made.m3, abs=1e-9 * scale**3)


def test_not_a_number_is_missing_also_in_a_table():
    con = ibis.duckdb.connect()
    table = con.sql(
        "select 'a' as arm, unnest([1.0::double, 'nan'::double, null, 'inf'::double]) as x"
    )
    found = only(table, "x")
    assert (found.rows, found.members, found.missing, found.infinite) == (4, 1, 2, 1)
    assert found.joint.mean.tolist() == [1.0]
