"""Intervals of shares and means, against scipy and Hall's published transformation."""

import math

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from marketing_kpi.kpis.intervals import Z95, mean_interval, wilson, wilson_columns

counts = st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def test_the_quantile_is_that_of_the_normal_distribution():
    assert stats.norm.cdf(Z95) == pytest.approx(0.975, abs=1e-15)


@given(counts)
def test_a_share_has_the_interval_that_scipy_gives_it(seen):
    count, n = seen
    expected = stats.binomtest(count, n).proportion_ci(method="wilson")
    assert wilson(count / n, n) == pytest.approx((expected.low, expected.high), rel=1e-9)


@given(counts)
def test_the_interval_of_the_others_is_the_mirror_image(seen):
    count, n = seen
    low, high = wilson(count / n, n)
    assert wilson(1 - count / n, n) == pytest.approx((1 - high, 1 - low), abs=1e-12)
    assert 0 <= low <= count / n <= high <= 1


@pytest.mark.parametrize("n", [1, 3, 60, 4711])
def test_nobody_and_everybody_reach_the_very_ends(n):
    assert wilson(0.0, n).low == 0
    assert wilson(1.0, n).high == 1


def test_columns_have_the_interval_of_each_row():
    frame = pd.DataFrame({"share": [0.0, 0.3, 1.0, None], "count": [5, 70, 5, 0]})
    table = ibis.memtable(frame)
    low, high = wilson_columns(table["share"], table["count"])
    found = table.select("share", "count", low=low, high=high).to_pandas().sort_values("count")
    told = found[found["count"] > 0]
    for row in told.to_dict("records"):
        assert (row["low"], row["high"]) == pytest.approx(wilson(row["share"], row["count"]))
    assert set(told.loc[told["share"] == 0, "low"]) == {0}
    assert found.loc[found["count"] == 0, ["low", "high"]].isna().all(axis=None)


@given(
    skewness=st.floats(-3, 3), count=st.integers(10, 10_000), mean=st.floats(-100, 100),
    variance=st.floats(0.01, 1e4),
)  # fmt: skip
def test_halls_transformation_takes_both_ends_to_normal_quantiles(skewness, count, mean, variance):
    # g(t) = t + s t^2 / 3 + s^2 t^3 / 27 + s / 6, with s the skewness over the root of n
    s = skewness / math.sqrt(count)
    for end, quantile in zip(
        mean_interval(mean, variance=variance, skewness=skewness, count=count),
        (Z95, -Z95),
        strict=True,
    ):
        t = (mean - end) / math.sqrt(variance / count)
        assert t + s * t**2 / 3 + s**2 * t**3 / 27 + s / 6 == pytest.approx(quantile, abs=1e-5)


def test_a_single_value_tells_no_interval():
    assert np.isnan(mean_interval(5.0, variance=math.nan, skewness=0.0, count=1)).all()
