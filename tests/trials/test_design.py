"""Drawing and checking: worked by hand, tried by simulation, and what must not change it."""

import datetime as dt
import math

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from scipy import stats

import marketing_kpi as mk
from marketing_kpi import experiments
from marketing_kpi.errors import ColumnError, ComputeError, DataError

FEW = settings(max_examples=20, deadline=None)
TENTH = {"control": 0.1, "treatment": 0.9}


def people(size, **columns):
    return pd.DataFrame({"customer_id": [f"C{n:05}" for n in range(size)], **columns})


def arms(**counts):
    return pd.DataFrame({"arm": [name for name, count in counts.items() for _ in range(count)]})


# --- Drawing


@FEW
@given(st.integers(1, 300), st.floats(0.02, 0.98), st.integers(1, 40), st.integers(0, 99))
def test_each_stratum_and_the_whole_have_their_share(size, share, strata, seed):
    group = np.random.default_rng(seed).integers(0, strata, size)
    drawn = experiments.draw(
        people(size, group=group), control_share=share, strata="group",
        rng=np.random.default_rng(seed),
    )  # fmt: skip
    control = (drawn["arm"] == "control").astype(int)
    assert abs(control.sum() - share * size) < 1
    by_group = control.groupby(drawn["group"]).agg(["sum", "size"])
    assert (abs(by_group["sum"] - share * by_group["size"]) < 1).all()


def test_each_customer_has_the_same_chance():
    rng = np.random.default_rng(1)
    table = people(25, group=[0] * 3 + [1] * 22)
    drawn = [
        experiments.draw(table, control_share=0.2, strata="group", rng=rng)["arm"] == "control"
        for _ in range(600)
    ]
    assert np.mean(drawn, axis=0) == pytest.approx(np.full(25, 0.2), abs=0.065)  # 4 sd


def test_a_draw_can_be_repeated_and_depends_on_no_order():
    table = people(200, group=list("ab") * 100)
    once = experiments.draw(table, strata=["group"], rng=np.random.default_rng(7))
    shuffled = table.sample(frac=1, random_state=3)
    again = experiments.draw(shuffled, strata=["group"], rng=np.random.default_rng(7))
    assert_frame_equal(once, again)
    assert once["customer_id"].is_monotonic_increasing
    assert table.columns.tolist() == ["customer_id", "group"]  # the input is as it was


def test_a_season_keeps_each_customer_whoever_joins():
    few, many = people(500), people(5000)
    first = experiments.draw(few, season="2026").set_index("customer_id")["arm"]
    later = experiments.draw(many, season="2026").set_index("customer_id")["arm"]
    assert (later[first.index] == first).all()
    next_one = experiments.draw(many, season="2027").set_index("customer_id")["arm"]
    both = ((later == "control") & (next_one == "control")).mean()
    assert both == pytest.approx(0.01, abs=0.006)  # drawn anew, independently
    assert (later == "control").mean() == pytest.approx(0.1, abs=0.017)  # 4 sd


def test_a_season_keeps_those_of_a_smaller_control_in_a_larger_one():
    small = experiments.draw(people(2000), control_share=0.1, season="s")["arm"] == "control"
    large = experiments.draw(people(2000), control_share=0.3, season="s")["arm"] == "control"
    assert not (small & ~large).any()


def test_a_season_is_the_same_on_every_machine():
    """Worked with sha256sum: the arms of C00000 to C00011."""
    drawn = experiments.draw(people(12), control_share=0.5, season="2026")
    assert "".join(drawn["arm"].str[0]) == "cttcctttttct"


def test_a_table_of_an_engine_gives_a_table():
    table = ibis.memtable(people(50, group=["a"] * 50))
    drawn = experiments.draw(table, season="2026")
    assert isinstance(drawn, ir.Table)
    assert_frame_equal(drawn.to_pandas(), experiments.draw(people(50), season="2026"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"control_share": 10, "season": "s"}, "control_share == 10"),
        ({}, "either season or rng"),
        ({"season": "s", "rng": np.random.default_rng(1)}, "either season or rng"),
        ({"season": "s", "strata": "group"}, "exclude each other"),
    ],
)
def test_a_draw_that_cannot_be_is_refused(options, message):
    with pytest.raises(ComputeError, match=message):
        experiments.draw(people(9, group=1), **options)


def test_customers_without_an_id_or_with_two_rows_are_refused():
    with pytest.raises(DataError, match="1 customers have no customer_id"):
        experiments.draw(pd.DataFrame({"customer_id": ["a", None]}), season="s")
    with pytest.raises(DataError, match="1 rows repeat a customer_id, such as 'a'"):
        experiments.draw(pd.DataFrame({"customer_id": ["a", "a"]}), season="s")
    with pytest.raises(ColumnError, match="did you mean 'customerid'"):
        experiments.draw(pd.DataFrame({"customerid": ["a"]}), season="s")


# --- The split


def test_the_split_by_hand():
    found = experiments.split_check(arms(control=80, treatment=920), expected=TENTH)
    statistic = 20**2 / 100 + 20**2 / 900
    assert found.statistic == pytest.approx(statistic)
    assert found.p_value == pytest.approx(2 * stats.norm.sf(math.sqrt(statistic)))
    assert (found.counts, found.degrees_of_freedom) == ({"control": 80, "treatment": 920}, 1)
    assert found.shares == {"control": 0.08, "treatment": 0.92}
    assert found.expected == pytest.approx({"control": 100, "treatment": 900})
    assert (found.method, found.verdict) == ("chi_squared", "as_expected")
    assert experiments.split_check(
        arms(control=80, treatment=920), expected=TENTH, alpha=0.05
    ).verdict == "differs"  # fmt: skip


def test_three_arms_by_hand():
    members = arms(control=100, a=420, b=480)
    found = experiments.split_check(members, expected={"control": 1, "a": 4.5, "b": 4.5})
    assert found.statistic == pytest.approx(2 * 30**2 / 450)
    assert found.degrees_of_freedom == 2
    assert found.p_value == pytest.approx(math.exp(-found.statistic / 2))


def test_few_members_are_tested_exactly():
    found = experiments.split_check(arms(control=6, treatment=14), expected=TENTH)
    assert (found.method, found.statistic) == ("exact", None)
    p = sum(math.comb(20, k) * 0.1**k * 0.9 ** (20 - k) for k in range(6, 21))
    assert found.p_value == pytest.approx(p)  # no number below is as unlikely
    assert found.verdict == "as_expected"


def test_a_split_of_ninety_to_ten_is_no_fault_of_its_own():
    members = arms(control=1000, treatment=9000)
    found = experiments.split_check(members)
    assert (found.verdict, found.p_value, found.expected) == ("cannot_tell", None, None)
    assert found.notes == ("no_expected_shares",)
    assert experiments.split_check(members, expected=TENTH).p_value == 1
    assert experiments.split_check(
        members, expected={"control": 1, "treatment": 1}
    ).verdict == "differs"  # fmt: skip


@pytest.mark.parametrize("size", [30, 99, 120, 1000])
def test_false_alarms_are_as_rare_as_promised(size):
    rng = np.random.default_rng(2)
    alarms = []
    for control in rng.binomial(size, 0.1, 400):
        counts, shares = np.array([control, size - control]), np.array([0.1, 0.9])
        alarms.append(split_p(counts, shares) < 0.01)
    assert np.mean(alarms) <= 0.03  # of 400, 1 % and 4 sd


def split_p(counts, shares):
    from marketing_kpi.trials.design import _split_p

    return _split_p(counts, shares)[1]


def test_what_is_odd_about_the_members_is_noted():
    members = pd.DataFrame(
        {"arm": ["control"] * 2 + ["treatment"] * 2 + [None], "customer_id": list("aabcd")}
    )
    found = experiments.split_check(members, expected={"control": 1, "treatment": 1})
    assert found.notes == ("unknown_arm", "repeated_customers", "few_members")
    assert found.counts == {"control": 2, "treatment": 2}


def test_an_empty_arm_differs_and_no_members_tell_nothing():
    found = experiments.split_check(arms(treatment=500), expected=TENTH)
    assert (found.counts, found.verdict) == ({"control": 0, "treatment": 500}, "differs")
    nobody = experiments.split_check(arms(control=0), expected=TENTH)
    assert (nobody.verdict, nobody.p_value) == ("cannot_tell", None)


def test_an_engine_counts_the_same():
    members = arms(control=10, treatment=95)
    there = experiments.split_check(ibis.memtable(members), expected=TENTH)
    assert there == experiments.split_check(members, expected=TENTH)


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        ({"contrl": 0.1, "treatment": 0.9}, "arm 'control' has members, .*'contrl'"),
        ({"control": 1}, "names 1 arm"),
        ({"control": 0, "treatment": 1}, r"expected\['control'\] == 0"),
        ({"control": math.inf, "treatment": 1}, "must be above 0"),
    ],
)
def test_shares_that_fit_no_arms_are_refused(expected, message):
    with pytest.raises(ComputeError, match=message):
        experiments.split_check(arms(control=1, treatment=9), expected=expected)


# --- Balance


def test_balance_by_hand():
    table = pd.DataFrame(
        {
            "arm": ["control"] * 3 + ["treatment"] * 5,
            "spent": [1.0, 2, 6, 2, 4, 4, 5, 10],
            "region": ["QC", "IDF", "QC", "QC", "QC", "QC", "QC", None],
        }
    )
    found = experiments.balance(table, columns=["spent", "region"])
    row = found.iloc[0]
    assert (row["control_mean"], row["treatment_mean"], row["difference"]) == (3, 5, 2)
    assert row["standardised_difference"] == pytest.approx(2 / math.sqrt((7 + 9) / 2))
    welch = stats.ttest_ind([1, 2, 6], [2, 4, 4, 5, 10], equal_var=False)
    assert row["p_value"] == pytest.approx(welch.pvalue)
    shares = found[found["column"] == "region"].set_index("value")
    assert shares.loc["QC", "control_mean"] == pytest.approx(2 / 3)
    assert shares.loc["QC", "treatment_mean"] == 1  # of the four whose region is known
    assert shares.loc["IDF", "difference"] == pytest.approx(-1 / 3)
    assert found["is_balanced"].all()


def test_p_is_adjusted_after_holm():
    rng = np.random.default_rng(4)
    table = pd.DataFrame(rng.normal(size=(300, 4)), columns=list("abcd"))
    table["arm"] = ["control"] * 100 + ["treatment"] * 200
    table.loc[table.arm == "treatment", "a"] += 1
    found = experiments.balance(table, columns=list("abcd")).set_index("column")
    p = found["p_value"].sort_values()
    expected = np.maximum.accumulate(p.to_numpy() * [4, 3, 2, 1])
    assert found.loc[p.index, "p_adjusted"].tolist() == pytest.approx(np.minimum(expected, 1))
    assert found["is_balanced"].to_dict() == {"a": False, "b": True, "c": True, "d": True}


def test_what_does_not_vary_is_balanced_and_has_no_p():
    table = arms(control=3, treatment=4).assign(spent=5.0)
    row = experiments.balance(table, columns="spent").iloc[0]
    assert row["difference"] == 0
    assert math.isnan(row["standardised_difference"])
    assert math.isnan(row["p_value"])
    assert row["is_balanced"]


def test_balance_is_the_same_from_an_engine_in_any_order():
    rng = np.random.default_rng(6)
    table = arms(control=40, a=60, b=70).assign(
        spent=rng.exponential(50, 170),
        vip=rng.random(170) < 0.3,
        region=rng.choice(list("xyz"), 170),
    )
    columns = ["spent", "vip", "region"]
    found = experiments.balance(table, columns=columns)
    assert found["arm"].value_counts().to_dict() == {"a": 5, "b": 5}
    there = ibis.memtable(table.sample(frac=1, random_state=2))
    assert_frame_equal(experiments.balance(there, columns=columns), found)


def test_balance_without_a_control_is_refused():
    with pytest.raises(ComputeError, match=r"arm 'control' not found.*did you mean 'controls'"):
        experiments.balance(arms(controls=2, treatment=2).assign(x=1.0), columns="x")


# --- Overlap


@pytest.fixture(scope="module")
def two_campaigns():
    def member(campaign, customer, arm, day):
        contacted = pd.Timestamp(day) if arm == "treatment" else pd.NaT
        return {
            "campaign_id": campaign,
            "customer_id": customer,
            "arm": arm,
            "assigned_at": pd.Timestamp(day),
            "contacted_at": contacted,
        }

    rows = [member("mail", name, "treatment", "2025-04-03") for name in "abcd"]
    rows += [member("mail", name, "control", "2025-04-03") for name in "ef"]
    rows += [member("card", name, "treatment", "2025-04-23") for name in "abe"]
    rows += [member("card", name, "control", "2025-04-23") for name in "cf"]
    rows += [member("late", name, "treatment", "2025-05-01") for name in "abcdef"]
    orders = pd.DataFrame(
        {"order_id": ["1"], "customer_id": ["a"], "ordered_at": pd.to_datetime(["2025-04-05"]),
         "amount": [5.0]}
    )  # fmt: skip
    with mk.open_data({"orders": orders, "campaign_members": pd.DataFrame(rows)}) as data:
        yield data


def test_overlap_by_hand(two_campaigns):
    found = experiments.overlap(two_campaigns, campaign="mail")
    assert found["campaign_id"].tolist() == ["card"]  # late begins on the day mail is over
    row = found.iloc[0]
    assert (row["start"], row["days_shared"]) == (dt.date(2025, 4, 23), 8)
    assert (row["control_n"], row["treatment_n"]) == (2, 4)
    assert (row["control_also"], row["treatment_also"]) == (1, 2)
    assert (row["control_share"], row["treatment_share"]) == (0.5, 0.5)
    assert row["p_value"] == pytest.approx(1)


def test_overlap_from_the_other_side_and_for_longer(two_campaigns):
    found = experiments.overlap(two_campaigns, campaign="card").set_index("campaign_id")
    assert found["days_shared"].to_dict() == {"late": 20, "mail": 8}
    assert found["treatment_also"].to_dict() == {"late": 3, "mail": 2}
    longer = experiments.overlap(two_campaigns, campaign="mail", window_days=29)
    assert longer["campaign_id"].tolist() == ["card", "late"]
    assert experiments.overlap(two_campaigns, campaign="mail", window_days=20).empty


def test_overlap_of_an_unknown_campaign_is_refused(two_campaigns):
    with pytest.raises(DataError, match="did you mean 'mail'"):
        experiments.overlap(two_campaigns, campaign="mial")


def test_where_nothing_is_known_of_a_group_in_an_arm_there_is_no_difference():
    people = pd.DataFrame(
        {"arm": ["control"] * 2 + ["treatment"] * 3, "region": [None, None, "QC", "QC", "IDF"]}
    )
    rows = experiments.balance(people, columns="region")
    assert rows.value.tolist() == ["IDF", "QC"]
    assert rows.control_mean.isna().all()
    assert rows.p_value.isna().all()
    assert rows.is_balanced.all()


# --- Arms and customers of other types


def coded(kind):
    members = pd.DataFrame({"arm": [0] * 100 + [1] * 900, "x": range(1000)})
    members["group"] = members["x"] % 3
    return members.astype({"arm": kind})


@pytest.mark.parametrize(
    ("kind", "control"),
    [("int64", 0), ("float64", 0), ("bool", False), ("Int64", 0), ("int64", "0"), ("float64", 0.0)],
)
@pytest.mark.parametrize("engine", [lambda frame: frame, ibis.memtable])
def test_arms_may_be_numbers_or_booleans(kind, control, engine):
    members = engine(coded(kind))
    other = "1" if control == "0" else type(control)(1)
    check = experiments.split_check(members, expected={control: 0.1, other: 0.9})
    assert (check.p_value, check.verdict) == (1.0, "as_expected")
    words = coded("int64").replace({"arm": {0: "control", 1: "treatment"}})
    expected = experiments.balance(words, columns=["x", "group"])
    found = experiments.balance(members, columns=["x", "group"], control=control)
    assert found["p_value"].tolist() == pytest.approx(expected["p_value"].tolist())


def test_arms_of_numbers_that_lack_one_are_counted():
    members = coded("float64")
    members.loc[0, "arm"] = np.nan
    check = experiments.split_check(members, expected={0: 0.1, 1: 0.9})
    assert (check.counts, check.notes) == ({"0": 99, "1": 900}, ("unknown_arm",))


def test_bands_of_values_may_be_balanced():
    members = arms(control=30, treatment=60).assign(age=np.arange(90) % 30)
    members["band"] = pd.cut(members["age"], [0, 10, 20, 30], right=False)
    found = experiments.balance(members, columns="band")
    assert found["value"].tolist() == ["[0, 10)", "[10, 20)", "[20, 30)"]
    assert (found["difference"].abs() < 1e-12).all()


def test_a_season_does_not_depend_on_how_numbers_are_kept():
    whole = pd.DataFrame({"customer_id": range(200)})
    drawn = [
        experiments.draw(whole.astype({"customer_id": kind}), season="2026")["arm"].tolist()
        for kind in ("int64", "float64", "Int64")
    ]
    assert drawn[0] == drawn[1] == drawn[2]


@pytest.mark.parametrize(
    ("customers", "options", "error", "message"),
    [
        (people(9), {"rng": 7}, ComputeError, "rng == 7, must be a generator"),
        (people(9, arm="a"), {"rng": np.random.default_rng(1), "strata": "arm"}, ComputeError,
         "strata names 'arm'"),
        (pd.DataFrame({"customer_id": [1, "b"]}), {"season": "a"}, DataError,
         "several types \\(int, str\\)"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_from_is_named(customers, options, error, message):
    with pytest.raises(error, match=message):
        experiments.draw(customers, **options)


def test_a_weight_of_text_is_refused():
    with pytest.raises(ComputeError, match=r"expected\['control'\] == 'x'"):
        experiments.split_check(arms(control=1, treatment=9), expected={"control": "x", "a": 1})


@pytest.mark.parametrize("expected", [0.2, "0.2", [0.2, 0.8]])
def test_a_share_alone_does_not_say_of_which_arm(expected):
    members = pd.DataFrame({"arm": ["control", "treatment"] * 20})
    with pytest.raises(ComputeError, match="must give each arm its share"):
        experiments.split_check(members, expected=expected)
