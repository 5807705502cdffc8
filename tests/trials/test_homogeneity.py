"""Several arms at once, by hand and on bad input."""

import ibis
import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency

from marketing_kpi import experiments
from marketing_kpi.errors import ColumnError, ComputeError, DataError
from marketing_kpi.trials import rates

COUNTS = {"a": (40, 400), "b": (70, 500), "c": (45, 600)}


def members(counts=COUNTS):
    arm = np.repeat(list(counts), [n for _, n in counts.values()])
    bought = np.concatenate([np.arange(n) < x for x, n in counts.values()])
    return pd.DataFrame({"arm": arm, "bought": bought})


def test_several_arms_are_those_of_a_table_of_counts():
    table = [[x, n - x] for x, n in COUNTS.values()]
    known = chi2_contingency(table, correction=False)
    found = experiments.homogeneity(members(), outcome="bought")
    assert found.rates == {"a": 0.1, "b": 0.14, "c": 0.075}
    assert found.statistic == pytest.approx(known.statistic)
    assert (found.degrees_of_freedom, found.p_value) == (2, pytest.approx(known.pvalue))
    assert (found.verdict, found.notes) == ("differ", ())
    assert experiments.homogeneity(ibis.memtable(members()), outcome="bought") == found


def test_what_is_not_known_is_noted_and_a_constant_is_not_tested():
    rows = members().astype({"bought": "float"})
    rows.loc[0, "bought"], rows.loc[1, "arm"] = None, None
    assert experiments.homogeneity(rows, outcome="bought").notes == (
        "missing_outcomes",
        "unknown_arm",
    )
    nobody = experiments.homogeneity(members().assign(bought=0), outcome="bought")
    assert (nobody.statistic, nobody.p_value, nobody.verdict) == (None, None, "cannot_tell")
    assert nobody.notes == ("constant_outcome",)


@pytest.mark.parametrize(
    ("rows", "options", "error", "message"),
    [
        (members(), {"alpha": 5}, ComputeError, "alpha == 5"),
        (members(), {"outcome": "bougth"}, ColumnError, "did you mean 'bought'"),
        (members().assign(bought=2.5), {}, DataError, "other than 0 and 1"),
        (members({"a": (1, 9)}), {}, DataError, "arms with a known outcome: 1"),
    ],
)
def test_what_cannot_be_tested_is_refused(rows, options, error, message):
    with pytest.raises(error) as raised:
        experiments.homogeneity(rows, **({"outcome": "bought"} | options))
    assert message in f"{raised.value} {raised.value.hint}"


@pytest.mark.parametrize(
    "counts", [(7, 34, 1, 34), (0, 10, 0, 10), (3, 300, 9, 30), (12, 12, 4, 9)]
)
def test_the_score_interval_by_search(counts):
    """Its ends are where the score test, its likeliest rates searched on a grid, is at 5 %."""
    x1, n1, x0, n0 = counts
    found = rates.miettinen_nurminen(*counts)
    assert found.low <= x1 / n1 - x0 / n0 <= found.high
    for end in (found.low, found.high):
        other = np.linspace(0, 1, 400_001)
        one = other + float(end)
        allowed = (one > 0) & (one < 1) & (other > 0) & (other < 1)
        one, other = one[allowed], other[allowed]
        logs = (x1 * np.log(one) + (n1 - x1) * np.log1p(-one)
                + x0 * np.log(other) + (n0 - x0) * np.log1p(-other))  # fmt: skip
        p1, p0 = one[logs.argmax()], other[logs.argmax()]
        variance = (p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0) * (n1 + n0) / (n1 + n0 - 1)
        if abs(end) < 1:
            z = (x1 / n1 - x0 / n0 - float(end)) / np.sqrt(variance)
            assert abs(z) == pytest.approx(1.959964, abs=2e-3)


def test_the_score_interval_of_an_empty_arm_is_none():
    found = rates.miettinen_nurminen([0, 5], [0, 10], [3, 5], [9, 10])
    assert np.isnan([found.low[0], found.high[0]]).all()
    assert found.low[1] == pytest.approx(-found.high[1])
