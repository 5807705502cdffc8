"""Comparisons: fields, verdicts, what is refused or repaired and noted, several at once."""

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import marketing_kpi as mk
from marketing_kpi import experiments
from marketing_kpi.errors import ColumnError, ComputeError, DataError
from marketing_kpi.trials import comparison, means
from marketing_kpi.trials.comparison import NOTES, corrected
from marketing_kpi.trials.sums import of


def arms(control, treatment, name="bought"):
    values = [*control, *treatment]
    names = ["control"] * len(control) + ["treatment"] * len(treatment)
    return pd.DataFrame({"arm": names, name: values})


def rate(x0, n0, x1, n1):
    return arms([1] * x0 + [0] * (n0 - x0), [1] * x1 + [0] * (n1 - x1))


def spending(seed=0, n=20_000, share=0.05, lift=1.0, control=0.1):
    rng = np.random.default_rng(seed)
    treated = rng.random(n) >= control
    bought = rng.random(n) < share * np.where(treated, lift, 1.0)
    spent = np.where(bought, np.round(rng.lognormal(3, 0.7, n), 2), 0.0)
    return pd.DataFrame({"arm": np.where(treated, "treatment", "control"), "spent": spent})


def test_the_agreed_fields_come_first():
    assert experiments.Comparison._fields[:14] == (
        "control_n", "treatment_n", "control_value", "treatment_value", "absolute_lift",
        "absolute_low", "absolute_high", "relative_lift", "relative_low", "relative_high",
        "p_value", "method", "verdict", "notes",
    )  # fmt: skip


def test_a_rate():
    found = experiments.compare(rate(50, 1000, 720, 9000), outcome="bought")
    assert (found.control_n, found.treatment_n) == (1000, 9000)
    assert (found.control_value, found.treatment_value) == (0.05, 0.08)
    assert found.absolute_lift == pytest.approx(0.03)
    assert found.relative_lift == pytest.approx(0.6)
    assert (found.kind, found.method, found.verdict) == ("rate", "newcombe_pooled_z", "higher")
    assert (found.control_buyers, found.welch_t, found.conversion) == (50, None, None)


def test_booleans_are_a_rate_and_may_be_compared_as_a_mean():
    members = rate(50, 1000, 720, 9000).astype({"bought": bool})
    assert experiments.compare(members, outcome="bought").kind == "rate"
    assert experiments.compare(members, outcome="bought", kind="mean").method == "hall"


def test_a_mean_and_its_parts():
    members = spending(lift=1.3)
    found = experiments.compare(members, outcome="spent")
    control, treatment = (
        members.loc[members.arm == name, "spent"].to_numpy() for name in ("control", "treatment")
    )
    expected = means.hall(of(control), of(treatment))
    assert found.absolute_low == pytest.approx(float(expected.low), rel=1e-9)
    assert found.p_value == pytest.approx(float(expected.p_value), rel=1e-9)
    assert (found.kind, found.method) == ("mean", "hall")
    assert found.basket.control_value == pytest.approx(control[control > 0].mean())
    assert found.conversion.lift == pytest.approx((treatment > 0).mean() - (control > 0).mean())
    product = found.conversion.treatment_value * found.basket.treatment_value
    assert product == pytest.approx(found.treatment_value)


def test_a_ratio_of_sums():
    members = spending().assign(orders=lambda t: (t.spent > 0) * 2)
    found = experiments.compare(members, outcome=("spent", "orders"))
    sides = members.groupby("arm")[["spent", "orders"]].sum()
    assert found.control_value == pytest.approx(sides.spent["control"] / sides.orders["control"])
    assert (found.kind, found.method, found.outcome) == ("ratio", "hall_ratio", "spent / orders")


@pytest.mark.parametrize(
    ("buyers", "noted", "permuted"),
    [(29, "too_few_buyers", True), (30, "few_buyers", True), (599, "few_buyers", True),
     (600, None, False)],
)  # fmt: skip
def test_the_buyers_of_the_control_decide_what_may_be_said(buyers, noted, permuted):
    control = [10.0, 11.0] * (buyers // 2) + [10.5] * (buyers % 2) + [0.0] * 2000
    treatment = [20.0, 21.0] * 2000 + [0.0] * 6000
    found = experiments.compare(arms(control, treatment, "spent"), outcome="spent")
    assert found.p_value < 1e-6
    assert found.verdict == ("cannot_tell" if noted == "too_few_buyers" else "higher")
    assert found.notes == ((noted,) if noted else ())
    assert (found.permutation_p is not None) == permuted


@pytest.mark.parametrize(
    ("treated", "noted"),
    [(40, "too_few_buyers"), (1_200, "few_buyers"), (20_000, "few_buyers"), (21_700, None)],
)
def test_a_pilot_on_few_is_judged_by_the_buyers_to_be_expected_in_it(treated, noted):
    # 3 % of the control buy, and as many of the treated, who spend half as much
    control = [20.0, 22.0] * 4_500 + [0.0] * 291_000
    buyers = treated * 3 // 200
    treatment = [10.0, 11.0] * buyers + [0.0] * (treated - 2 * buyers)
    found = experiments.compare(arms(control, treatment, "spent"), outcome="spent")
    told = [note for note in found.notes if note.endswith("buyers")]
    assert told == ([noted] if noted else [])
    assert found.verdict == ("cannot_tell" if noted == "too_few_buyers" else "lower")
    assert (found.permutation_p is not None) == (noted is not None)


def test_a_treatment_that_drives_buyers_away_is_judged_by_those_to_be_expected():
    # 20 of 9,000 buy, where 130 of the 1,000 left alone do: 135 were to be expected
    control = [10.0, 11.0] * 65 + [0.0] * 870
    treatment = [10.0, 11.0] * 10 + [0.0] * 8_980
    found = experiments.compare(arms(control, treatment, "spent"), outcome="spent")
    assert (found.verdict, found.notes) == ("lower", ("few_buyers",))


@pytest.mark.parametrize(("treated", "noted"), [(9_000, True), (10_000, False)])
def test_a_control_that_has_600_buyers_by_luck_is_warned_of(treated, noted):
    # 640 of 20,000 buy in the control: by what both arms buy, 602 or 665 should
    control = [10.0, 11.0] * 320 + [0.0] * 19_360
    treatment = [10.0, 11.0] * (treated // 2) + [0.0] * (300_000 - treated)
    found = experiments.compare(arms(control, treatment, "spent"), outcome="spent")
    assert ("few_buyers" in found.notes) == noted
    assert (found.permutation_p is not None) == noted


def test_a_warning_of_few_buyers_does_not_depend_on_luck():
    rng = np.random.default_rng(5)
    for expected, share in ((600, 0.0), (700, 1.0)):
        n = round(expected / 0.03)
        control, treatment = (rng.binomial(size, 0.03, 4_000) for size in (n, 9 * n))
        silent = ~comparison.few_buyers(control, n, treatment, 9 * n)
        assert silent.mean() == pytest.approx(share, abs=0.001)


def test_a_mean_that_is_seldom_0_is_judged_by_its_skewness():
    rng = np.random.default_rng(0)
    scores = arms(rng.normal(7, 1, 40), rng.normal(8.5, 1, 300), "score")
    found = experiments.compare(scores, outcome="score")
    assert (found.verdict, found.notes, found.permutation_p) == ("higher", (), None)
    few = arms([7.0, 8.0, 7.5], rng.normal(30, 1, 300), "score")
    found = experiments.compare(few, outcome="score")
    assert (found.verdict, found.notes) == ("cannot_tell", ("too_few_members",))
    skewed = arms(rng.lognormal(0, 2, 30), rng.lognormal(0, 2, 300), "score")
    assert "skewed_outcome" in experiments.compare(skewed, outcome="score").notes


def test_few_events_are_noted():
    found = experiments.compare(rate(4, 100, 36, 900), outcome="bought")
    assert (found.method, found.notes) == ("newcombe_mid_p", ("few_events",))


def test_a_verdict_needs_p_value_and_interval():
    """0 of 100 against 29 of 900: the exact p-value is .045, Newcombe's interval holds 0."""
    found = experiments.compare(rate(0, 100, 29, 900), outcome="bought")
    assert found.p_value == pytest.approx(0.04498, abs=5e-6)
    assert found.absolute_low < 0
    assert found.verdict == "cannot_tell"
    assert "borderline" in found.notes


@pytest.mark.parametrize("value", [0, 1, 0.0, 12.5])
def test_a_constant_outcome_says_so(value):
    found = experiments.compare(arms([value] * 40, [value] * 60), outcome="bought")
    assert found.absolute_lift == 0
    assert found.verdict == "cannot_tell"
    assert "constant_outcome" in found.notes


def test_missing_outcomes_are_left_out_and_counted_by_arm():
    members = arms([1, 0, None, 1], [1, None, None, 0, 1])
    found = experiments.compare(members, outcome="bought")
    assert (found.control_n, found.control_missing) == (3, 1)
    assert (found.treatment_n, found.treatment_missing) == (3, 2)
    assert "missing_outcomes" in found.notes


def test_an_arm_without_an_outcome_is_refused():
    with pytest.raises(DataError, match="no member of arm 'control' has a known outcome \\(2 are"):
        experiments.compare(arms([None, None], [1.0, 0.0]), outcome="bought")


def test_one_arm_only_is_refused():
    with pytest.raises(DataError, match="one arm only, 'control'"):
        experiments.compare(arms([1, 0], []), outcome="bought")


def test_a_misspelt_arm_is_named():
    with pytest.raises(ComputeError, match="arm 'contrl' not found; did you mean 'control'"):
        experiments.compare(rate(1, 9, 2, 9), outcome="bought", control="contrl")


def test_several_arms_need_a_choice():
    members = rate(50, 500, 60, 500).assign(arm=["control"] * 500 + ["a"] * 250 + ["b"] * 250)
    with pytest.raises(ComputeError, match="2 arms beside the control: 'a', 'b'") as error:
        experiments.compare(members, outcome="bought")
    assert "treatment='a'" in error.value.hint
    assert "compare_all" in error.value.hint
    assert experiments.compare(members, outcome="bought", treatment="b").treatment_n == 250


def test_the_treatment_is_another_arm():
    with pytest.raises(ComputeError, match="must be another arm than the control"):
        experiments.compare(rate(1, 9, 2, 9), outcome="bought", treatment="control")


@pytest.mark.parametrize("alpha", [0, 1, 5, -0.1, float("nan")])
def test_alpha_is_a_fraction(alpha):
    with pytest.raises(ComputeError, match="must be in \\(0, 1\\)"):
        experiments.compare(rate(1, 9, 2, 9), outcome="bought", alpha=alpha)


def test_infinite_values_are_refused():
    with pytest.raises(DataError, match="1 values of arm 'treatment' are infinite"):
        experiments.compare(arms([1.0, 2.0], [np.inf, 3.0]), outcome="bought")


def test_text_is_refused():
    with pytest.raises(ColumnError, match="must be numbers or booleans"):
        experiments.compare(arms(["yes"], ["no"]), outcome="bought")


def test_a_rate_of_other_values_is_refused():
    with pytest.raises(DataError, match="values other than 0 and 1"):
        experiments.compare(arms([1.0, 2.0], [1.0, 0.0]), outcome="bought", kind="rate")


def test_kind_and_outcome_agree():
    with pytest.raises(ComputeError, match="kind == 'ratio'"):
        experiments.compare(rate(1, 9, 2, 9), outcome="bought", kind="ratio")
    with pytest.raises(ComputeError, match="did you mean 'mean'"):
        experiments.compare(rate(1, 9, 2, 9), outcome="bought", kind="means")


def test_the_same_customer_in_both_arms_is_refused():
    members = rate(1, 3, 1, 3).assign(customer_id=["A", "B", "C", "A", "D", "E"])
    with pytest.raises(DataError, match="1 values of 'customer_id' are in several arms"):
        experiments.compare(members, outcome="bought")


def test_a_customer_of_several_rows_is_one_unit():
    rng = np.random.default_rng(0)
    once = arms(rng.normal(10, 2, 50), rng.normal(10, 2, 50), "score")
    once["customer_id"] = range(100)
    thrice = pd.concat([once] * 3)
    alone, repeated = (experiments.compare(x, outcome="score") for x in (once, thrice))
    assert repeated.notes == ("repeated_customers",)
    assert repeated.absolute_low == pytest.approx(alone.absolute_low, rel=1e-9)
    assert repeated.p_value == pytest.approx(alone.p_value, rel=1e-9)


def test_clusters_are_the_unit():
    rng = np.random.default_rng(1)
    level = np.repeat(rng.normal(10, 1, 60), 30)
    members = pd.DataFrame(
        {
            "arm": np.repeat(["control", "treatment"], 900),
            "store": np.repeat(np.arange(60), 30),
            "score": level + rng.standard_normal(1800),
        }
    )
    plain = experiments.compare(members, outcome="score")
    found = experiments.compare(members, outcome="score", cluster="store")
    assert found.absolute_lift == pytest.approx(plain.absolute_lift)
    width = found.absolute_high - found.absolute_low
    assert width > 3 * (plain.absolute_high - plain.absolute_low)
    assert (found.method, found.control_clusters, found.control_n) == ("hall_clusters", 30, 900)
    few = experiments.compare(members[members.store % 5 == 0], outcome="score", cluster="store")
    assert "few_clusters" in few.notes
    none = experiments.compare(members[members.store % 15 == 0], outcome="score", cluster="store")
    assert (none.notes, none.verdict) == (("too_few_clusters",), "cannot_tell")


def test_a_cluster_in_both_arms_is_refused():
    members = rate(1, 3, 1, 3).assign(store="S")
    with pytest.raises(DataError, match="'store' are in several arms"):
        experiments.compare(members, outcome="bought", cluster="store")


def test_a_covariate_narrows_the_interval():
    rng = np.random.default_rng(2)
    before = rng.gamma(4, 5, 2000)
    members = pd.DataFrame(
        {
            "arm": np.where(np.arange(2000) % 5, "treatment", "control"),
            "before": before,
            "after": before + rng.standard_normal(2000),
        }
    )
    plain = experiments.compare(members, outcome="after")
    found = experiments.compare(members, outcome="after", covariate="before")
    assert found.method == "hall_covariate"
    assert (found.absolute_high - found.absolute_low) < 0.3 * (
        plain.absolute_high - plain.absolute_low
    )
    assert found.absolute_lift == pytest.approx(found.treatment_value - found.control_value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cluster": "arm"}, "cluster == 'arm', which is the arm"),
        ({"covariate": "arm"}, "covariate == 'arm', which is the arm"),
        ({"covariate": "bought"}, "covariate == 'bought', which is the outcome"),
        ({"cluster": "bought"}, "cluster == 'bought', which is the outcome"),
        ({"outcome": "arm"}, "outcome == 'arm', which is the arm"),
    ],
)
def test_a_column_has_one_part_to_play(options, message):
    members = arms([0, 1, 1, 0], [1, 0, 1, 1])
    for frame in (members, ibis.memtable(members)):
        with pytest.raises(ComputeError, match=message):
            experiments.compare(frame, **({"outcome": "bought"} | options))


def test_a_control_below_0_is_not_said_to_be_at_0():
    members = arms([-5.0, -3.0, -4.0] * 10, [1.0, 2.0, 3.0] * 10)
    found = experiments.compare(members, outcome="bought")
    assert (found.relative_lift, found.verdict) == (None, "higher")
    assert "control_below_zero" in found.notes
    assert "control_at_zero" not in found.notes


def test_one_row_an_arm_has_no_interval():
    found = experiments.compare(arms([3.0], [5.0]), outcome="bought")
    assert (found.absolute_lift, found.absolute_low, found.p_value) == (2.0, None, None)
    assert found.verdict == "cannot_tell"


def test_a_frame_and_a_table_give_the_same():
    members = spending(lift=1.2)
    table = ibis.duckdb.connect().create_table("members", members)
    assert experiments.compare(members, outcome="spent") == experiments.compare(
        table, outcome="spent"
    )


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=4, max_size=40), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(values, random):
    cut = len(values) // 2
    members = arms(values[:cut], values[cut:])
    order = list(range(len(values)))
    random.shuffle(order)
    assert experiments.compare(members, outcome="bought") == experiments.compare(
        members.iloc[order], outcome="bought"
    )


def test_every_note_is_documented():
    source = comparison.__file__
    with open(source, encoding="utf-8") as file:  # noqa: PTH123
        text = file.read()
    assert all(text.count(f'"{note}"') >= 2 for note in NOTES)


def test_the_demo_campaigns():
    """The spring mail worked (+5.3 points, +11.81 a head), the autumn mail did nothing."""
    data = mk.demo()
    spring = experiments.members(data, campaign="spring_mail", window_days=28)
    found = experiments.compare(spring, outcome="bought")
    assert found.absolute_low < 0.053 < found.absolute_high
    autumn = experiments.members(data, campaign="autumn_mail", window_days=28)
    assert experiments.compare(autumn, outcome="bought").verdict == "cannot_tell"


# --- Several at once


def test_holm_by_hand():
    p = np.array([0.04, 0.001, 0.02, np.nan])
    adjusted, levels = corrected(p, correction="holm", alpha=0.05)
    assert adjusted[:3] == pytest.approx([0.04, 0.003, 0.04])
    assert levels[:3] == pytest.approx([0.05, 0.05 / 3, 0.05 / 2])
    assert np.isnan(adjusted[3])


def test_benjamini_and_hochberg_by_hand():
    p = np.array([0.03, 0.001, 0.02, 0.9])
    adjusted, levels = corrected(p, correction="benjamini_hochberg", alpha=0.05)
    assert adjusted == pytest.approx([0.04, 0.004, 0.04, 0.9])
    assert levels == pytest.approx([0.0375, 0.0375, 0.0375, 0.05])


@pytest.mark.parametrize("method", ["holm", "benjamini_hochberg"])
def test_adjusted_p_values_are_those_of_statsmodels(method):
    from statsmodels.stats.multitest import multipletests

    p = np.random.default_rng(3).random(30) ** 3
    name = "holm" if method == "holm" else "fdr_bh"
    adjusted, _ = corrected(p, correction=method, alpha=0.05)
    np.testing.assert_allclose(adjusted, multipletests(p, method=name)[1])


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.floats(1e-6, 1).map(lambda x: round(x, 3)), min_size=1, max_size=12),
    st.sampled_from(["holm", "benjamini_hochberg", None]),
)
def test_a_p_value_is_under_its_level_just_when_adjusted_it_is_under_alpha(p, method):
    adjusted, levels = corrected(np.array(p), correction=method, alpha=0.05)
    clear = np.abs(adjusted - 0.05) > 1e-12
    np.testing.assert_array_equal((np.array(p) < levels)[clear], (adjusted < 0.05)[clear])


def test_a_row_an_outcome_arm_and_segment():
    rng = np.random.default_rng(5)
    n = 6000
    members = pd.DataFrame(
        {
            "arm": rng.choice(["none", "a", "b"], n),
            "region": rng.choice(["QC", "FR"], n),
            "bought": rng.random(n) < 0.2,
            "score": rng.normal(5, 1, n),
        }
    )
    found = experiments.compare_all(
        members, outcomes=["bought", "score"], control="none", by="region"
    )
    assert len(found) == 8
    assert found[["outcome", "treatment", "region"]].duplicated().sum() == 0
    assert all("segments" in notes for notes in found["notes"])
    row = found[(found.outcome == "bought") & (found.treatment == "b") & (found.region == "QC")]
    alone = experiments.compare(
        members[members.region == "QC"], outcome="bought", control="none", treatment="b"
    )
    assert row["p_value"].item() == pytest.approx(alone.p_value)
    assert row["p_adjusted"].item() >= row["p_value"].item()


def test_several_outcomes_take_one_query(monkeypatch):
    members = segments().drop(columns="size")
    members["spent"] = members["spent"].where(members.index % 7 > 0)
    connection = ibis.duckdb.connect()
    table = connection.create_table("members", members)
    asked, run = [], type(connection).to_pyarrow
    monkeypatch.setattr(
        type(connection), "to_pyarrow",
        lambda self, query, **options: asked.append(query) or run(self, query, **options),
    )  # fmt: skip
    outcomes = ["bought", "spent", ("spent", "bought")]
    found = experiments.compare_all(table, outcomes=outcomes, correction=None)
    assert len(asked) == 1
    for outcome, row in zip(outcomes, found.itertuples(), strict=True):
        alone = experiments.compare(members, outcome=outcome)
        assert (row.control_n, row.treatment_n) == (alone.control_n, alone.treatment_n)
        assert row.control_missing == alone.control_missing
        assert (row.p_value, row.absolute_low) == (alone.p_value, alone.absolute_low)
    assert len(set(found["control_n"])) == 2


def test_a_corrected_verdict_does_not_contradict_its_interval():
    members = spending(seed=8, n=30_000, lift=1.15, control=0.3)
    members["region"] = np.random.default_rng(9).choice(list("ABC"), len(members))
    for correction in ("holm", "benjamini_hochberg", None):
        found = experiments.compare_all(
            members, outcomes=["spent"], by="region", correction=correction
        )
        outside = (found["absolute_low"] > 0) | (found["absolute_high"] < 0)
        assert (outside == (found["p_adjusted"] < 0.05)).all()
        assert ("uncorrected" in found["notes"][0]) == (correction is None)


def test_a_segment_that_lacks_an_arm_has_a_row_without_an_answer():
    members = rate(5, 50, 9, 50).assign(region=["QC"] * 50 + ["QC"] * 25 + ["FR"] * 25)
    found = experiments.compare_all(members, outcomes=["bought"], by="region")
    row = found[found.region == "FR"].iloc[0]
    assert (row.verdict, row.control_n) == ("cannot_tell", 0)
    assert "arm_empty" in row.notes
    assert np.isnan(row.p_value)


def test_amounts_of_a_segment_that_lacks_an_arm_have_no_answer():
    members = arms([0.0] * 50 + [20.5] * 2, [0.0] * 50 + [30.5] * 2, "spent")
    members["region"] = ["QC"] * 52 + ["QC"] * 26 + ["FR"] * 26
    found = experiments.compare_all(members, outcomes=["spent"], by="region").set_index("region")
    assert found.loc["FR", "verdict"] == "cannot_tell"
    assert np.isnan(found.loc["FR", "permutation_p"])


def test_a_control_of_one_has_no_answer():
    found = experiments.compare(arms([20.5], [0.0] * 50 + [30.5] * 2, "spent"), outcome="spent")
    assert (found.p_value, found.permutation_p, found.verdict) == (None, None, "cannot_tell")


def test_nothing_to_compare_is_refused():
    with pytest.raises(ComputeError, match="outcomes is empty"):
        experiments.compare_all(rate(1, 9, 2, 9), outcomes=[])
    with pytest.raises(ComputeError, match="correction 'holms' not found"):
        experiments.compare_all(rate(1, 9, 2, 9), outcomes=["bought"], correction="holms")


# --- Segments of all kinds


def segments(n=1200, seed=6):
    rng = np.random.default_rng(seed)
    members = pd.DataFrame(
        {
            "arm": rng.choice(["control", "treatment"], n),
            "spent": np.where(rng.random(n) < 0.3, np.round(rng.gamma(2, 20, n), 2), 0.0),
            "size": rng.choice([1.0, 2.0, np.nan], n),
        }
    )
    return members.assign(bought=(members["spent"] > 0).astype(int))


@pytest.mark.parametrize("kind", ["float64", "Int64", "engine", "engine_with_nan"])
@pytest.mark.parametrize("by", [["size"], ["size", "other"]])
def test_a_segment_of_missing_numbers_is_one_segment(kind, by):
    members = segments().assign(other=lambda t: t["size"].shift(1))
    plain = members.drop(columns=["size", "other"])
    alone = experiments.compare(plain[members[by].isna().all(axis=1)], outcome="spent")
    if kind == "Int64":
        asked = members.astype({"size": "Int64", "other": "Int64"})
    elif kind == "engine":
        asked = ibis.memtable(members.astype({"size": "Int64", "other": "Int64"}))
    elif kind == "engine_with_nan":
        asked = ibis.memtable(members).mutate(
            size=ibis._["size"].fill_null(float("nan")), other=ibis._.other.fill_null(float("nan"))
        )
    else:
        asked = members
    found = experiments.compare_all(asked, outcomes=["bought", "spent"], by=by)
    assert len(found) == 2 * 3 ** len(by)
    assert found["control_n"].sum() + found["treatment_n"].sum() == 2 * len(members)
    assert found["alpha"].min() == pytest.approx(0.05 / len(found))
    row = found[found[by].isna().all(axis=1) & (found["outcome"] == "spent")].iloc[0]
    assert row["p_value"] == pytest.approx(alone.p_value, rel=1e-9)
    assert row["permutation_p"] == alone.permutation_p


@pytest.mark.parametrize(
    "name", ["rows", "members", "units", "infinite", "nonzero", "power_0", "value_0", "_arm"]
)
@pytest.mark.parametrize("engine", [lambda frame: frame, ibis.memtable])
def test_a_segment_may_have_any_name(name, engine):
    members = segments()
    expected = experiments.compare_all(members, outcomes=["spent"], by="size")
    renamed = engine(members.rename(columns={"size": name}))
    found = experiments.compare_all(renamed, outcomes="spent", by=name)
    pd.testing.assert_frame_equal(found.rename(columns={name: "size"}), expected)


@pytest.mark.parametrize("name", ["arm", "p_value", "treatment", "outcome", "p_adjusted", "notes"])
def test_a_segment_called_as_a_column_of_the_result_is_refused(name):
    members = segments().assign(**({} if name == "arm" else {name: 1}))
    with pytest.raises(ComputeError, match=f"by names '{name}'"):
        experiments.compare_all(members, outcomes=["bought"], by=name)


@pytest.mark.parametrize("cut", [pd.cut, pd.qcut])
def test_bands_of_values_part_the_members(cut):
    members = segments().assign(age=lambda t: 20 + 40 * t.index / len(t))
    members["band"] = cut(members["age"], 3)
    members.loc[::7, "band"] = None
    worded = members.assign(band=members["band"].astype("object").map(str, na_action="ignore"))
    for asked in ({"outcomes": ["bought", "spent"]}, {"outcomes": ["spent"], "cluster": "size"}):
        members["size"] = worded["size"] = range(len(members))
        found = experiments.compare_all(members, by="band", **asked)
        expected = experiments.compare_all(worded, by="band", **asked)
        assert len(found) == 4 * len(asked["outcomes"])
        pd.testing.assert_frame_equal(found, expected, check_dtype=False)


# --- What is said of what cannot be told


def test_a_customer_in_both_arms_is_refused_also_when_stores_were_drawn():
    members = rate(1, 3, 1, 3).assign(customer_id=list("ABCADE"), store=range(6))
    with pytest.raises(DataError, match="1 values of 'customer_id' are in several arms"):
        experiments.compare(members, outcome="bought", cluster="store")


def test_a_ratio_without_a_denominator_says_so():
    members = arms([0.0] * 40, [1.0, 2.0] * 20, "spent").assign(
        orders=lambda t: (t["spent"] > 0).astype(int)
    )
    found = experiments.compare(members, outcome=("spent", "orders"))
    assert (found.control_value, found.p_value, found.verdict) == (None, None, "cannot_tell")
    assert found.notes == ("no_denominator",)


def test_members_without_a_covariate_have_a_note_of_their_own():
    members = spending().assign(before=1.0)
    members.loc[:99, "before"] = np.nan
    found = experiments.compare(members, outcome="spent", covariate="before")
    assert "missing_values" in found.notes
    assert "missing_outcomes" not in found.notes


def test_what_does_not_vary_within_the_arms_is_told_from_what_is_the_same_for_all():
    apart = experiments.compare(arms([5.0] * 50, [6.0] * 50), outcome="bought")
    assert (apart.notes, apart.verdict) == (("no_spread",), "cannot_tell")
    single = experiments.compare(arms([1.5], [2.5]), outcome="bought")
    assert single.notes == ("too_few_members",)


@pytest.mark.parametrize("engine", [lambda frame: frame, ibis.memtable])
def test_members_without_an_arm_are_noted(engine):
    members = rate(50, 1000, 720, 9000)
    members.loc[::500, "arm"] = None
    found = experiments.compare(engine(members), outcome="bought")
    assert found.notes == ("unknown_arm",)
    assert found.control_n + found.treatment_n == 10_000 - 20
    row = experiments.compare_all(engine(members), outcomes=["bought"]).iloc[0]
    assert (row["notes"], row["p_value"]) == (("unknown_arm",), pytest.approx(found.p_value))


@pytest.mark.parametrize("more", [{"covariate": "before"}, {"cluster": "store"}])
def test_few_events_are_noted_however_the_rate_is_compared(more):
    rng = np.random.default_rng(4)
    members = rate(4, 100, 36, 900).assign(before=rng.random(1000), store=range(1000))
    assert "few_events" in experiments.compare(members, outcome="bought", **more).notes
    many = rate(400, 10_000, 400, 10_000).assign(before=rng.random(20_000), store=range(20_000))
    assert experiments.compare(many, outcome="bought", **more).notes == ()


def test_events_of_one_store_tell_less_than_as_many_of_several():
    """28 events in an arm, all of them in two of its stores."""
    bought = ([1] * 14 + [0] * 36) * 2 + [0] * 50 * 18
    members = arms(bought, bought).assign(store=np.repeat(np.arange(40), 50))
    assert experiments.compare(members, outcome="bought").notes == ()
    assert "few_events" in experiments.compare(members, outcome="bought", cluster="store").notes


def test_the_lift_may_lie_otherwise_about_0_than_the_difference():
    found = experiments.compare(rate(8, 100, 142, 900), outcome="bought")
    assert found.absolute_low > 0 > found.relative_low
    assert "relative_disagrees" in found.notes
    high = experiments.compare(rate(50, 50, 441, 450), outcome="bought")
    assert high.relative_low < 0 < high.relative_high
    assert "relative_disagrees" not in high.notes


def test_the_standard_error_is_that_of_welch():
    members = spending(lift=1.3)
    found = experiments.compare(members, outcome="spent")
    assert found.absolute_lift / found.standard_error == pytest.approx(found.welch_t)
    assert experiments.compare(rate(50, 1000, 720, 9000), outcome="bought").standard_error is None


def test_an_arm_of_another_type_is_named_by_its_type():
    members = rate(1, 9, 2, 9).assign(arm=[0] * 9 + [1] * 9)
    with pytest.raises(ComputeError, match="arm '0' not found: it is 0 there, not text"):
        experiments.compare(members, outcome="bought", control="0")
    assert experiments.compare(members, outcome="bought", control=0).control_n == 9
    words = members.assign(arm=members["arm"].astype("str"))
    with pytest.raises(ComputeError, match="arm 0 not found: it is the text '0' there"):
        experiments.compare(words, outcome="bought", control=0)


def test_a_column_that_is_there_twice_is_refused():
    members = rate(1, 9, 2, 9)
    with pytest.raises(ColumnError, match="several columns of the members are called 'bought'"):
        experiments.compare(pd.concat([members, members["bought"]], axis=1), outcome="bought")


def test_a_level_of_text_is_refused():
    with pytest.raises(ComputeError, match=r"alpha == '0\.05'"):
        experiments.compare(rate(1, 9, 2, 9), outcome="bought", alpha="0.05")
