"""Retention and returns: cases worked by hand, and what must not change the answer."""

import subprocess
import sys

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from marketing_kpi import compute, retention
from marketing_kpi.data.sources import open_data
from marketing_kpi.errors import ColumnError, ComputeError, ConfigError, MissingDataError
from marketing_kpi.overview import wilson

DAY = pd.Timestamp("2025-01-01")
FEW = settings(max_examples=5, deadline=None)


def orders(*rows, **columns):
    """Make orders of (customer, days after 1 January 2025, amount)."""
    frame = pd.DataFrame(rows, columns=["customer_id", "day", "amount"])
    return pd.DataFrame(
        {
            "order_id": [f"O{n}" for n in range(len(frame))],
            "customer_id": frame.customer_id.astype("str"),
            "ordered_at": DAY + pd.to_timedelta(frame.day.astype("int64"), unit="D"),
            "amount": frame.amount.astype("float64"),
            **columns,
        }
    )


SHOP = orders(
    ("A", 4, 10.0), ("A", 40, 20.0), ("A", 61, 30.0),  # 5 January, 10 February, 3 March
    ("B", 19, 5.0), ("B", 73, 5.0),  # 20 January, 15 March
    ("C", 27, 1.0),  # 28 January
    ("D", 32, 2.0), ("D", 67, 4.0), ("D", 91, 8.0),  # 2 February, 9 March, 2 April
    ("E", 55, 3.0),  # 25 February
    ("F", 70, 7.0), ("F", 99, 9.0),  # 12 March, 10 April
)  # fmt: skip


def triangle(table, column):
    grid = table.pivot(index="cohort", columns="age", values=column).astype("float64")
    return grid.fillna(-1).to_numpy().tolist()


# --- cohorts


def test_cohorts_by_hand():
    table = retention.cohorts(SHOP, as_of="2025-04-15")
    assert table.cohort.drop_duplicates().dt.month.tolist() == [1, 2, 3]
    assert table[table.age == 0].customers.tolist() == [3, 2, 1]
    assert triangle(table, "active") == [[3, 1, 2, -1], [2, 1, -1, -1], [1, -1, -1, -1]]
    assert triangle(table, "orders") == [[3, 1, 2, -1], [2, 1, -1, -1], [1, -1, -1, -1]]
    assert triangle(table, "revenue") == [[16, 20, 35, -1], [5, 4, -1, -1], [7, -1, -1, -1]]
    january = table[table.cohort == DAY].set_index("age")
    assert january.active_rate.tolist()[:3] == [1, pytest.approx(1 / 3), pytest.approx(2 / 3)]
    assert january.cumulative_revenue_per_customer.tolist()[:3] == pytest.approx(
        [16 / 3, 36 / 3, 71 / 3]
    )


def test_a_period_that_is_not_over_is_null_and_says_so():
    table = retention.cohorts(SHOP, as_of="2025-04-15")
    states = table.pivot(index="cohort", columns="age", values="observed").to_numpy().tolist()
    assert states == [
        ["whole", "whole", "whole", "partial"],
        ["whole", "whole", "partial", "none"],
        ["whole", "partial", "none", "none"],
    ]
    unseen = table[table.observed != "whole"]
    measures = ["active", "orders", "revenue", "active_rate", "cumulative_revenue_per_customer"]
    assert unseen[measures].isna().all(axis=None)


def test_a_whole_period_without_orders_is_zero():
    table = retention.cohorts(SHOP, as_of="2025-05-01")
    april = table[(table.cohort == DAY) & (table.age == 3)].iloc[0]
    assert (april.observed, april.active, april.orders, april.revenue) == ("whole", 0, 0, 0)
    assert april.active_rate == 0
    assert april.cumulative_revenue_per_customer == pytest.approx(71 / 3)


@pytest.mark.parametrize(
    ("as_of", "last"),
    [("2025-03-31", "partial"), ("2025-04-01", "whole"), ("2025-04-02", "partial")],
)
def test_as_of_is_exclusive(as_of, last):
    table = retention.cohorts(SHOP, as_of=as_of)
    assert table[table.cohort == DAY].observed.iloc[-1] == last


def test_quarters():
    table = retention.cohorts(SHOP, as_of="2025-07-01", grain="quarter")
    assert table[["age", "customers", "active", "orders"]].values.tolist() == [
        [0, 6, 6, 10],
        [1, 6, 2, 2],
    ]
    late = orders(("A", 0, 1.0), ("A", 365, 1.0))
    table = retention.cohorts(late, as_of="2026-04-01", grain="quarter")
    assert table.active.tolist() == [1, 0, 0, 0, 1]


def test_known_since_leaves_out_whole_customers():
    table = retention.cohorts(SHOP, as_of="2025-05-01", known_since="2025-02-01")
    assert table[table.age == 0].customers.tolist() == [2, 1]
    assert table.orders.sum() == 6


def test_only_valid_orders_of_known_customers_make_cohorts():
    given = SHOP.assign(status=["cancelled", *["delivered"] * 11], is_test=[*[False] * 11, True])
    given.loc[5, "customer_id"] = None
    table = retention.cohorts(given, as_of="2025-05-01")
    assert table[table.age == 0].customers.tolist() == [1, 3, 1]  # A begins in February
    assert table.orders.sum() == 9


def test_two_orders_of_a_period_are_one_active_customer():
    table = retention.cohorts(orders(("A", 0, 1.0), ("A", 0, 2.0)), as_of="2025-02-01")
    assert table[["active", "orders", "revenue"]].values.tolist() == [[1, 2, 3.0]]


def test_cohorts_of_an_engine_are_lazy_and_equal():
    lazy = retention.cohorts(ibis.memtable(SHOP), as_of="2025-04-15")
    assert isinstance(lazy, ibis.Table)
    assert lazy.revenue.type().is_decimal()
    got = lazy.to_pandas().sort_values(["cohort", "age"]).reset_index(drop=True)
    expected = retention.cohorts(SHOP, as_of="2025-04-15")
    assert_frame_equal(got.astype(expected.dtypes), expected)


def test_cohorts_of_nobody():
    table = retention.cohorts(SHOP.iloc[:0], as_of="2025-04-15")
    assert table.empty
    assert table.columns.tolist() == retention.cohorts(SHOP, as_of="2025-04-15").columns.tolist()
    assert retention.cohorts(SHOP, as_of="2024-01-01").empty


def test_what_cohorts_refuse():
    with pytest.raises(ComputeError, match="'week'"):
        retention.cohorts(SHOP, as_of="2025-04-15", grain="week")
    with pytest.raises(ColumnError, match="'amount'"):
        retention.cohorts(SHOP.drop(columns="amount"), as_of="2025-04-15")
    with pytest.raises(ConfigError, match="as_of"):
        retention.cohorts(SHOP, as_of=None)
    with pytest.raises(ComputeError, match="known_since"):
        retention.cohorts(SHOP, as_of="2025-04-15", known_since="2025-04-15")


def test_inputs_are_not_changed():
    before = SHOP.copy()
    retention.cohorts(SHOP, as_of="2025-04-15")
    retention.survival(SHOP, as_of="2025-04-15")
    assert_frame_equal(SHOP, before)


def test_the_average_counts_only_cohorts_that_were_observed():
    average = retention.cohort_average(retention.cohorts(SHOP, as_of="2025-04-15"))
    assert average[["age", "cohorts", "customers"]].values.tolist() == [
        [0, 3, 6],
        [1, 2, 5],
        [2, 1, 3],
    ]
    assert average.active_rate.tolist() == pytest.approx([1, 2 / 5, 2 / 3])
    assert average.revenue_per_customer.tolist() == pytest.approx([28 / 6, 24 / 5, 35 / 3])


def test_the_average_of_cohorts_too_young():
    young = retention.cohorts(orders(("A", 0, 1.0)), as_of="2025-01-15")
    assert retention.cohort_average(young).empty


many_orders = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 300), st.integers(1, 10_000)), min_size=1,
    max_size=60,
).map(lambda rows: orders(*((f"C{c}", d, a / 100) for c, d, a in rows)))  # fmt: skip


@FEW
@given(many_orders, st.integers(0, 1000))
def test_row_order_and_ids_do_not_matter(given, seed):
    rng = np.random.default_rng(seed)
    names = dict(zip(sorted(set(given.customer_id)), rng.permutation(10), strict=False))
    other = given.assign(customer_id=given.customer_id.map(names)).sample(frac=1, random_state=seed)
    day = {"as_of": "2025-12-10"}
    assert_frame_equal(retention.cohorts(given, **day), retention.cohorts(other, **day))
    once, again = retention.survival(given, **day), retention.survival(other, **day)
    assert_frame_equal(once.curve, again.curve)


@FEW
@given(many_orders)
def test_cohorts_add_up_to_all_orders_and_follow_the_currency(given):
    table = retention.cohorts(given, as_of="2026-01-01")
    assert table.orders.sum() == len(given)
    assert table.revenue.sum() == pytest.approx(given.amount.sum())
    assert table[table.age == 0].customers.sum() == given.customer_id.nunique()
    doubled = retention.cohorts(given.assign(amount=given.amount * 2), as_of="2026-01-01")
    money = ["revenue", "revenue_per_customer", "cumulative_revenue_per_customer"]
    assert_frame_equal(doubled[money], table[money] * 2)
    assert_frame_equal(doubled.drop(columns=money), table.drop(columns=money))
    begins = table[["cohort", "age"]].itertuples(index=False)
    at = [cohort + pd.DateOffset(months=age) for cohort, age in begins]
    actual = given.groupby(given.ordered_at.dt.to_period("M").dt.to_timestamp()).order_id.nunique()
    seen = table.orders.groupby(at).sum()
    assert seen[seen > 0].to_dict() == actual.to_dict()


@FEW
@given(many_orders)
def test_what_is_known_of_the_past_does_not_change_later(given):
    then = retention.cohorts(given, as_of="2025-07-10")
    now = retention.cohorts(given, as_of="2025-12-10")
    whole = then[then.observed == "whole"]
    later = now.merge(whole[["cohort", "age"]])[whole.columns]
    assert_frame_equal(later, whole.reset_index(drop=True))


# --- who is new


def with_contacts(registered):
    people = pd.DataFrame({"customer_id": list(registered), "registered_at": registered.values()})
    people["registered_at"] = pd.to_datetime(people.registered_at)
    return open_data({"orders": SHOP, "contacts": people})


def test_customers_registered_before_the_data_begin_are_not_new():
    data = with_contacts({"A": "2024-12-31", "B": "2025-01-05", "C": "2025-01-20"})
    found = retention.newcomers(data, as_of="2025-05-01")
    assert (str(found.since), str(found.until)) == ("2025-01-05", "2025-04-10")
    assert (found.customers, found.older) == (6, 1)
    kept = retention.newcomers_orders(data).to_pandas()
    assert sorted(set(kept.customer_id)) == list("BCDEF")


@pytest.mark.parametrize("stray", ["2199-06-01", "1900-01-01"])
def test_an_order_far_away_makes_nobody_else_old(stray):
    data = with_contacts({"A": "2024-12-31", "B": "2025-01-05", "X": "2024-06-01"})
    one = SHOP.iloc[:1].assign(order_id="x", customer_id="X", ordered_at=pd.Timestamp(stray))
    tables = {"orders": pd.concat([SHOP, one]), "contacts": data.contacts.to_pandas()}
    strayed = open_data(tables)
    found = retention.newcomers(strayed, as_of="2025-05-01")
    assert (str(found.since), str(found.until)) == ("2025-01-05", "2025-04-10")
    assert found.older == 1
    kept = set(retention.newcomers_orders(strayed).to_pandas().customer_id)
    assert kept - {"X"} == set("BCDEF")


def test_without_registrations_nobody_can_tell():
    data = open_data({"orders": SHOP})
    assert retention.newcomers(data, as_of="2025-05-01").older is None
    assert len(retention.newcomers_orders(data).to_pandas()) == len(SHOP)


def test_without_customers_there_are_no_newcomers():
    data = open_data({"orders": SHOP.drop(columns=["customer_id", "amount"])})
    assert retention.newcomers(data, as_of="2025-05-01").customers == 0
    assert retention.cohorts(retention.newcomers_orders(data), as_of="2025-05-01").to_pandas().empty


# --- survival

SIX = orders(
    ("a", 0, 1.0), ("a", 5, 1.0),
    ("b", 9, 1.0), ("b", 21, 1.0),
    ("c", 46, 1.0),  # 16 February: 12 days until the last day
    ("d", 4, 1.0), ("d", 24, 1.0),
    ("e", 28, 1.0),  # 29 January: 30 days
    ("f", 9, 1.0), ("f", 49, 1.0),
)  # fmt: skip


def test_survival_by_hand():
    found = retention.survival(SIX, as_of="2025-03-01")
    assert found.curve[["days", "at_risk", "events"]].values.tolist() == [
        [0, 6, 0],
        [5, 6, 1],
        [12, 5, 1],
        [20, 3, 1],
        [40, 1, 1],
    ]
    assert found.curve.survival.tolist() == pytest.approx([1, 5 / 6, 2 / 3, 4 / 9, 0])
    assert (found.customers, found.events, found.observed_days, found.median_days) == (6, 4, 40, 20)
    assert found.curve[["low", "high"]].isna().all(axis=1).tolist() == [True, *[False] * 3, True]


def test_survival_at_a_day():
    found = retention.survival(SIX, as_of="2025-03-01")
    assert found.at(0) == (1.0, None, None)
    assert found.at(19.5)[0] == pytest.approx(2 / 3)
    assert found.at(20)[0] == pytest.approx(4 / 9)
    assert found.at(41) == (None, None, None)


def test_greenwoods_log_log_band_by_hand():
    found = retention.survival(SIX, as_of="2025-03-01")
    s = 2 / 3
    spread = 1.959963984540054 * np.sqrt(1 / (6 * 5) + 1 / (5 * 4)) / abs(np.log(s))
    assert found.at(12)[1:] == pytest.approx((s ** np.exp(spread), s ** np.exp(-spread)))


def test_purchases_of_one_day_are_one():
    given = orders(("A", 0, 1.0), ("A", 0, 1.0), ("A", 10, 1.0))
    assert retention.survival(given, as_of="2025-03-01").curve.days.tolist() == [0, 10]
    assert retention.between_orders(given, as_of="2025-03-01").gaps == 1


def test_time_can_be_counted_from_a_later_purchase():
    found = retention.survival(SHOP, as_of="2025-05-01", after=2)
    assert (found.after, found.customers, found.events) == (2, 4, 2)
    assert found.curve.days.tolist() == [0, 21, 24]
    with pytest.raises(ComputeError, match="after is 0"):
        retention.survival(SHOP, as_of="2025-05-01", after=0)


def test_an_exact_half_is_the_median():
    waits = pd.DataFrame({"days": [5, 12, 15, 20, 30, 40], "customers": 1})
    found = retention.kaplan_meier(waits.assign(bought=waits.days != 30))
    assert found.curve.survival.iloc[3] == pytest.approx(0.5)
    assert found.median_days == 15


def test_nobody_bought_again():
    found = retention.survival(orders(("A", 0, 1.0), ("B", 3, 1.0)), as_of="2025-02-01")
    assert (found.customers, found.events, found.observed_days) == (2, 0, 30)
    assert (found.median_days, found.median_low, found.median_high) == (None, None, None)
    assert found.at(30) == (1.0, None, None)


def test_survival_of_nobody():
    found = retention.survival(SIX.iloc[:0], as_of="2025-03-01")
    assert (found.customers, found.events, found.median_days) == (0, 0, None)
    assert found.curve.columns.tolist() == ["days", "at_risk", "events", "survival", "low", "high"]
    assert found.at(0) == (None, None, None)


def test_survival_of_an_engine_is_that_of_pandas():
    for function in (retention.survival, retention.between_orders):
        one, other = (
            function(SHOP, as_of="2025-05-01"),
            function(ibis.memtable(SHOP), as_of="2025-05-01"),
        )
        frame = "curve" if hasattr(one, "curve") else "counts"
        assert_frame_equal(getattr(one, frame), getattr(other, frame))


@FEW
@given(many_orders)
def test_survival_falls_within_its_band(given):
    curve = retention.survival(given, as_of="2026-01-01").curve
    assert curve.survival.is_monotonic_decreasing
    assert curve.at_risk.is_monotonic_decreasing
    known = curve.dropna()
    assert ((known.low < known.survival) & (known.survival < known.high)).all()
    assert ((known.low >= 0) & (known.high <= 1)).all()


# --- gaps, repeats, frequency


def test_gaps_by_hand():
    found = retention.between_orders(SHOP, as_of="2025-05-01")
    assert found.counts.values.tolist() == [[21, 1], [24, 1], [29, 1], [35, 1], [36, 1], [54, 1]]
    assert (found.gaps, found.customers, found.returned) == (6, 6, 4)
    assert found.mean_days == pytest.approx(199 / 6)
    assert (found.quarter_days, found.median_days, found.three_quarters_days) == (24, 29, 36)
    assert found.ninety_percent_days == 54


def test_gaps_of_nobody():
    for few in (SHOP.iloc[:0], orders(("A", 0, 1.0))):
        found = retention.between_orders(few, as_of="2025-05-01")
        assert (found.gaps, found.returned) == (0, 0)
        assert (found.mean_days, found.median_days) == (None, None)
        assert found.counts.empty
    assert found.customers == 1


def test_repeats_count_only_customers_observed_for_the_window():
    # Second purchases after 5, 12, none, 20, none, 40 days; observed 58, 49, 12, 54, 30, 49 days.
    table = retention.repeat_within(SIX, as_of="2025-03-01", days=[12, 30, 49, 60])
    assert table.days.tolist() == [12, 30, 49, 60]
    assert table.customers.tolist() == [6, 5, 4, 0]
    assert table.returned.tolist()[:3] == [2, 3, 4]
    assert table.rate.tolist()[:3] == pytest.approx([2 / 6, 3 / 5, 1])
    assert (table.low[0], table.high[0]) == pytest.approx(wilson(2 / 6, 6))
    assert table.loc[3, ["returned", "rate", "low", "high"]].isna().all()


def test_repeats_by_cohort():
    table = retention.repeat_within(SHOP, as_of="2025-05-01", days=[30], grain="month")
    assert table.cohort.dt.month.tolist() == [1, 2, 3]
    assert table.customers.tolist() == [3, 2, 1]
    assert table.returned.tolist() == [0, 0, 1]
    everyone = retention.repeat_within(SHOP, as_of="2025-05-01", days=[36])
    by_quarter = retention.repeat_within(SHOP, as_of="2025-05-01", days=[36], grain="quarter")
    assert_frame_equal(by_quarter.drop(columns="cohort"), everyone)
    with pytest.raises(ComputeError, match="'year'"):
        retention.repeat_within(SHOP, as_of="2025-05-01", grain="year")


def test_repeats_of_nobody():
    assert retention.repeat_within(SHOP.iloc[:0], as_of="2025-05-01", grain="month").empty
    whole = retention.repeat_within(SHOP.iloc[:0], as_of="2025-05-01")
    assert whole.empty


def test_frequency_by_hand():
    table = retention.frequency_distribution(SHOP, start="2025-01-01", end="2025-05-01", top=2)
    assert table.values.tolist() == [
        [1, False, 2, pytest.approx(2 / 6), 2, pytest.approx(2 / 12)],
        [2, True, 4, pytest.approx(4 / 6), 10, pytest.approx(10 / 12)],
    ]
    march = retention.frequency_distribution(SHOP, start="2025-03-01", end="2025-04-01", top=3)
    assert march.customers.tolist() == [4, 0, 0]


def test_frequency_of_nobody():
    table = retention.frequency_distribution(SHOP, start="2026-01-01", end="2027-01-01")
    assert table.customers.sum() == 0
    assert table[["customers_share", "orders_share"]].isna().all(axis=None)


def test_frequency_agrees_with_the_kpis():
    span = {"start": "2025-01-01", "end": "2025-05-01"}
    table = retention.frequency_distribution(SHOP, **span)
    kpis = compute(["purchase_frequency", "repeat_purchase_rate"], {"orders": SHOP}, **span).iloc[0]
    assert kpis.purchase_frequency == table.orders_placed.sum() / table.customers.sum()
    assert kpis.repeat_purchase_rate == pytest.approx(1 - table.customers_share[0])


def test_the_kpis_of_loyalty_have_the_intervals_of_their_customers():
    data = open_data({"orders": SHOP})
    found = retention.loyalty(data, start="2025-03-01", end="2025-05-01").set_index("kpi")
    assert found.index.tolist() == list(retention.LOYALTY)
    # March and April: A once, B once, D twice, F twice; nothing tells of a year before.
    repeat = found.loc["repeat_purchase_rate"]
    assert (repeat.value, repeat.customers) == (2 / 4, 4)
    assert (repeat.low, repeat.high) == wilson(2 / 4, 4)
    assert found.loc["retention_rate", ["value", "low", "high"]].isna().all()
    assert found.loc["purchase_frequency", "value"] == 6 / 4
    assert found.loc["purchase_frequency", ["low", "high"]].isna().all()  # four customers


def test_the_mean_number_of_orders_has_an_interval_and_retention_too():
    many = orders(*((f"C{n}", 370 * y + 5 * k, 1.0) for n in range(40) for y in (0, 1)
                    for k in range(1 + n % 3) if y == 0 or n % 4))  # fmt: skip
    with open_data({"orders": many}) as data:
        found = retention.loyalty(data, start="2026-01-01", end="2026-01-20").set_index("kpi")
    frequency = found.loc["purchase_frequency"]
    assert frequency.customers == 30
    assert frequency.low < frequency.value < frequency.high
    placed = np.array([1 + n % 3 for n in range(40) if n % 4])
    error = placed.std(ddof=1) / 30**0.5
    assert frequency.high - frequency.low == pytest.approx(2 * 1.96 * error, rel=1e-3)
    kept = found.loc["retention_rate"]
    assert (kept.value, kept.customers) == (30 / 40, 40)
    assert (kept.low, kept.high) == wilson(30 / 40, 40)


@pytest.mark.parametrize("name", ["returns_by", "return_reasons", "returns_by_month", "loyalty"])
def test_a_period_that_ends_before_it_starts_is_refused(name):
    backwards = {"start": "2026-01-01", "end": "2025-01-01"}
    with pytest.raises(ComputeError, match="must be before end"):
        getattr(retention, name)(shop_tables(), **backwards)
    with pytest.raises(ComputeError, match="must be before end"):
        retention.frequency_distribution(SHOP, **backwards)


# --- returns


def shop_tables(**changes):
    """Three orders: a coat (A, web), 4 cups (B, store), 5 cups and a scarf (C, web)."""
    tables = {
        "orders": pd.DataFrame(
            {
                "order_id": ["1", "2", "3"],
                "customer_id": ["A", "B", "C"],
                "channel": ["web", "store", "web"],
                "ordered_at": pd.to_datetime(["2025-01-03", "2025-01-30", "2025-02-12"]),
            }
        ),
        "order_lines": pd.DataFrame(
            {
                "order_id": ["1", "2", "3", "3"],
                "line_id": ["1", "1", "1", "2"],
                "product_id": ["coat", "cup", "cup", "scarf"],
                "quantity": [1, 4, 5, 1],
                "unit_price": [200.0, 20.0, 20.0, 60.0],
            }
        ),
        "returns": pd.DataFrame(
            {
                "return_id": ["a", "b", "c"],
                "order_id": ["1", "2", None],
                "line_id": ["1", "1", None],
                "channel": ["store", "store", "store"],
                "product_id": ["coat", "cup", "cup"],
                "returned_at": pd.to_datetime(["2025-01-20", "2025-02-03", "2025-02-04"]),
                "quantity": [1, 2, 1],
                "refund_amount": [190.0, 40.0, 15.0],
                "reason": ["size", None, "size"],
            }
        ),
        "products": pd.DataFrame(
            {"product_id": ["coat", "cup", "scarf"], "category": ["wear", "table", "wear"]}
        ),
    }
    return open_data({**tables, **changes})


YEAR = {"start": "2025-01-01", "end": "2026-01-01"}


def test_return_rates_by_hand():
    whole = retention.returns_by(shop_tables(), **YEAR).iloc[0]
    assert (whole.units_sold, whole.units_returned) == (11, 4)
    assert whole.return_rate_units == pytest.approx(4 / 11)
    # The price paid for what came back; what was refunded where the line is unknown.
    assert (whole.net_sales, whole.value_returned) == (440, 200 + 40 + 15)
    assert whole.buyers == 4  # three customers, and a return without an order
    assert whole[["low", "high", "value_low", "value_high"]].isna().all()


def test_return_rates_by_category_are_those_of_the_kpis():
    data = shop_tables()
    table = retention.returns_by(data, by="category", **YEAR)
    assert table.category.tolist() == ["wear", "table"]
    assert table.return_rate_units.tolist() == pytest.approx([1 / 2, 3 / 9])
    ids = ["return_rate_units", "return_rate_value"]
    kpis = compute(ids, data, by="category", **YEAR).set_index("category")
    assert_frame_equal(table.set_index("category")[ids].sort_index(), kpis[ids])


def test_by_date_of_sale_returns_go_to_the_channel_that_sold():
    own = retention.returns_by(shop_tables(), by="channel", **YEAR).set_index("channel")
    assert own.units_returned.to_dict() == {"store": 4, "web": 0}
    sold = retention.returns_by(
        shop_tables(), by="channel", returned_before="2026-01-01", **YEAR
    ).set_index("channel")
    assert sold.units_returned.to_dict() == {"web": 1, "store": 2}
    assert sold.return_rate_units.to_dict() == pytest.approx({"web": 1 / 7, "store": 2 / 4})


def test_by_date_of_sale_only_sales_of_the_period_count():
    january = {"start": "2025-01-01", "end": "2025-02-01"}
    own = retention.returns_by(shop_tables(), **january).iloc[0]
    assert (own.units_sold, own.units_returned) == (5, 1)
    late = retention.returns_by(shop_tables(), returned_before="2025-03-01", **january).iloc[0]
    assert (late.units_sold, late.units_returned) == (5, 3)
    early = retention.returns_by(shop_tables(), returned_before="2025-02-03", **january).iloc[0]
    assert (early.units_sold, early.units_returned) == (5, 1)


def test_more_returned_than_sold_is_no_share():
    february = retention.returns_by(shop_tables(), start="2025-02-01", end="2025-02-10").iloc[0]
    assert february.units_sold == 0
    assert pd.isna(february.return_rate_units)


def test_returns_by_month_by_hand():
    table = retention.returns_by_month(shop_tables(), start="2025-01-01", end="2025-04-02")
    assert table.period.dt.month.tolist() == [1, 2]
    assert table.units_sold.tolist() == [5, 6]
    assert table.rate_by_return.tolist() == pytest.approx([1 / 5, 3 / 6])
    assert table.units_back.tolist() == [3, 0]
    assert table.rate_by_sale.iloc[0] == pytest.approx(3 / 5)
    assert pd.isna(table.rate_by_sale.iloc[1])  # its returns may still come
    earlier = retention.returns_by_month(shop_tables(), start="2025-01-01", end="2025-04-01")
    assert earlier.rate_by_sale.isna().all()


def test_each_month_has_the_interval_of_its_own_returns():
    data = made_shop(np.random.default_rng(4), 400, 0.1, units=2)
    january = {"start": "2025-01-01", "end": "2025-02-01"}
    own = retention.returns_by(data, **january).iloc[0]
    month = retention.returns_by_month(data, start="2025-01-01", end="2025-06-01").iloc[0]
    assert month.rate_by_return == own.return_rate_units
    assert (month.low, month.high) == (own.low, own.high)
    assert (month.sale_low, month.sale_high) == (own.low, own.high)  # all come back at once
    without = retention.returns_by_month(data, start="2025-02-01", end="2025-06-01")
    assert without.empty
    young = retention.returns_by_month(data, **january).iloc[0]
    assert pd.notna(young.low)
    assert pd.isna(young.sale_low)  # as the rate: its returns may still come


def test_returns_that_lead_to_no_order_have_no_date_of_sale():
    returns = pd.DataFrame(
        {
            "return_id": ["a"], "returned_at": pd.to_datetime(["2025-01-20"]),
            "quantity": [1], "refund_amount": [10.0],
        }
    )  # fmt: skip
    data = shop_tables(returns=returns)
    assert retention.returns_by(data, **YEAR).units_returned.tolist() == [1]
    months = retention.returns_by_month(data, **YEAR)
    assert months[["rate_by_sale", "sale_low", "sale_high"]].isna().all(axis=None)
    with pytest.raises(MissingDataError, match=r"returns\.order_id"):
        retention.returns_by(data, returned_before="2026-01-01", **YEAR)


def test_a_column_of_orders_without_any_value_traces_no_return():
    returns = shop_tables().returns.to_pandas().assign(order_id=None)
    data = shop_tables(returns=returns.astype({"order_id": "string"}))
    months = retention.returns_by_month(data, **YEAR)
    assert months.units_returned.sum() > 0
    assert months.units_traced.sum() == 0
    assert months[["units_back", "rate_by_sale"]].isna().all(axis=None)
    with pytest.raises(MissingDataError, match="which no return of these data tells"):
        retention.returns_by(data, returned_before="2026-01-01", **YEAR)


def test_returns_with_a_known_order_are_counted():
    months = retention.returns_by_month(shop_tables(), **YEAR)
    assert months.units_returned.sum() == 4
    assert months.units_traced.sum() == 3  # one return has no order


@pytest.mark.parametrize(
    ("as_of", "until"),
    [("2025-04-15", "2025-04-15"), ("2025-07-01", "2025-04-11"), ("2024-06-01", "2024-06-01")],
)
def test_observation_ends_with_the_data(as_of, until):
    assert str(retention.observed_until(open_data({"orders": SHOP}), as_of=as_of)) == until


@pytest.mark.parametrize("days", [[0], [30, -5], []])
def test_windows_are_of_a_day_or_more(days):
    with pytest.raises(ComputeError, match="days is"):
        retention.repeat_within(SHOP, as_of="2025-05-01", days=days)


def test_reasons_by_hand():
    table = retention.return_reasons(shop_tables(), **YEAR)
    assert table.reason.fillna("").tolist() == ["size", ""]
    assert table.returns.tolist() == [2, 1]
    assert table.units_share.tolist() == [0.5, 0.5]
    assert table.value_share.tolist() == pytest.approx([215 / 255, 40 / 255])
    wear = retention.return_reasons(shop_tables(), by="category", **YEAR)
    assert wear.groupby("category").units_share.sum().tolist() == pytest.approx([1, 1])


def test_reasons_without_a_column_or_without_returns():
    returns = shop_tables().returns.to_pandas().drop(columns="reason")
    unstated = retention.return_reasons(shop_tables(returns=returns), **YEAR)
    assert unstated[["units_share", "value_share"]].values.tolist() == [[1, 1]]
    assert unstated.reason.isna().all()
    assert retention.return_reasons(shop_tables(), start="2027-01-01", end="2028-01-01").empty


def test_what_is_missing_is_named():
    alone = open_data({"orders": SHOP})
    assert "returns.quantity" in retention.lacking(alone)
    assert retention.lacking(shop_tables(), by=["category", "channel"]) == []
    assert retention.lacking(shop_tables(), by="region") == ["contacts.region"]
    with pytest.raises(MissingDataError, match=r"returns\.returned_at"):
        retention.returns_by(alone, **YEAR)
    with pytest.raises(MissingDataError, match=r"returns\.returned_at"):
        retention.return_reasons(alone, **YEAR)
    with pytest.raises(ComputeError, match="'categry'"):
        retention.returns_by(shop_tables(), by="categry", **YEAR)
    with pytest.raises(ComputeError, match="returned_before is 2025-01-01"):
        retention.returns_by(shop_tables(), returned_before="2025-01-01", **YEAR)


def made_shop(rng, buyers, rate, *, units=1, together=False):
    """Make a shop of one order a buyer; the units of an order come back alone or together."""
    ids = [str(n) for n in range(buyers)]
    draws, each = (1, units) if together else (units, 1)
    count = each * rng.binomial(draws, rate, buyers)
    orders_ = pd.DataFrame({"order_id": ids, "customer_id": ids, "ordered_at": DAY})
    lines = pd.DataFrame({"order_id": ids, "line_id": "1", "quantity": units, "unit_price": 10.0})
    returned = pd.DataFrame({"return_id": ids, "order_id": ids, "line_id": "1", "returned_at": DAY})
    returned = returned.assign(quantity=count)[count > 0]
    return open_data({"orders": orders_, "order_lines": lines, "returns": returned})


def test_one_unit_a_buyer_has_wilsons_interval():
    data = made_shop(np.random.default_rng(4), 400, 0.1)
    row = retention.returns_by(data, **YEAR).iloc[0]
    # The linearised error has n - 1 where Wilson has n.
    expected = wilson(row.return_rate_units, 399)
    assert (row.low, row.high) == pytest.approx(expected, abs=1e-8)


def test_units_that_come_back_together_widen_the_interval():
    rng = np.random.default_rng(4)
    alone = retention.returns_by(made_shop(rng, 300, 0.1, units=4), **YEAR).iloc[0]
    together = retention.returns_by(made_shop(rng, 300, 0.1, units=4, together=True), **YEAR).iloc[
        0
    ]
    assert together.high - together.low > 1.6 * (alone.high - alone.low)


def test_the_customer_is_drawn_also_where_only_the_order_of_a_return_tells_who():
    rng = np.random.default_rng(4)
    made = made_shop(rng, 400, 0.2, units=2)
    orders_ = made.orders.to_pandas()
    orders_["customer_id"] = orders_.order_id.astype(int).floordiv(4).astype(str)
    lines, returned = made.order_lines.to_pandas(), made.returns.to_pandas()
    by_order, by_customer = (
        retention.returns_by(
            open_data({"orders": orders_, "order_lines": lines, "returns": one}), **YEAR
        ).iloc[0]
        for one in (returned, returned.merge(orders_[["order_id", "customer_id"]]))
    )
    assert by_order.buyers == by_customer.buyers == 100
    assert (by_order.low, by_order.high) == (by_customer.low, by_customer.high)


@pytest.mark.parametrize(("buyers", "told"), [(29, False), (30, True)])
def test_too_few_buyers_tell_nothing(buyers, told):
    row = retention.returns_by(made_shop(np.random.default_rng(1), buyers, 0.3), **YEAR).iloc[0]
    assert pd.notna(row.low) == told


def test_no_return_at_all_still_has_an_upper_limit():
    lines = made_shop(np.random.default_rng(1), 60, 0.5)
    nothing = lines.returns.to_pandas().assign(returned_at=pd.Timestamp("2024-01-01"))
    tables = {"orders": lines.orders.to_pandas(), "order_lines": lines.order_lines.to_pandas()}
    row = retention.returns_by(open_data({**tables, "returns": nothing}), **YEAR).iloc[0]
    assert row.return_rate_units == 0
    assert (row.low, row.high) == pytest.approx(wilson(0.0, 60))


# --- credits entered as orders


CREDITED = orders(
    ("A", 0, 50.0), ("A", 20, -50.0),  # a credit: A never came back
    ("B", 0, 50.0), ("B", 30, 40.0), ("B", 45, -10.0),
    ("C", 5, -5.0), ("C", 9, 50.0),  # begins on day 9, with a purchase
    ("D", 3, -20.0),  # bought nothing here
)  # fmt: skip


def test_a_credit_is_no_purchase_and_lowers_revenue():
    table = retention.cohorts(CREDITED, as_of="2025-03-01")
    assert table.age.tolist() == [0, 1]
    assert table.customers.tolist() == [3, 3]
    assert table.active.tolist() == [3, 0]
    assert table.orders.tolist() == [4, 0]
    assert table.revenue.tolist() == [50 - 50 + 50 + 40 + 50, -10]


def test_nobody_comes_back_with_a_credit():
    asked = {"as_of": "2025-03-01"}
    curve = retention.survival(CREDITED, **asked)
    assert (curve.customers, curve.events) == (3, 1)
    gaps = retention.between_orders(CREDITED, **asked)
    assert (gaps.customers, gaps.returned, gaps.counts.days.tolist()) == (3, 1, [30])
    row = retention.repeat_within(CREDITED, days=[40], **asked).iloc[0]
    assert (row.customers, row.returned) == (3, 1)
    placed = retention.frequency_distribution(CREDITED, start=DAY, end="2025-03-01", top=2)
    assert placed.customers.tolist() == [2, 1]
    assert placed.orders_placed.tolist() == [2, 2]


def test_an_order_of_unknown_amount_is_a_purchase():
    unknown = CREDITED.assign(amount=np.nan)
    assert retention.survival(unknown, as_of="2025-03-01").customers == 4


def test_a_credit_makes_no_customer_of_the_kpis():
    year = {"start": "2025-01-01", "end": "2026-01-01"}
    contacts = pd.DataFrame({"customer_id": list("ABCD"), "registered_at": [DAY] * 4})
    with open_data({"orders": CREDITED, "contacts": contacts}) as data:
        found = retention.loyalty(data, **year).set_index("kpi")
        assert retention.newcomers(data, as_of="2026-01-01").customers == 3
        kept = retention.newcomers_orders(data).customer_id.to_pandas()
        worth = compute(["historical_cltv", "attrition_rate"], data, **year)
    assert found.value["repeat_purchase_rate"] == pytest.approx(1 / 3)
    assert found.value["purchase_frequency"] == pytest.approx(4 / 3)
    assert found.customers["repeat_purchase_rate"] == 3
    assert set(kept) == {"A", "B", "C"}
    assert worth.historical_cltv.tolist() == pytest.approx([(0 + 80 + 45) / 3])


def test_a_credit_keeps_nobody_active():
    shop_open = [("Z", at, 1.0) for at in range(0, 401, 20)]
    rows = orders(("A", 0, 50.0), ("A", 400, -50.0), ("B", 0, 50.0), ("B", 400, 5.0), *shop_open)
    with open_data({"orders": rows}) as data:
        rate = compute("retention_rate", data, start="2026-01-01", end="2026-02-06")
    assert rate.retention_rate.tolist() == pytest.approx([2 / 3])  # of A, B and Z


def test_who_is_lost_to_view_before_anybody_buys_takes_no_interval_away():
    later = pd.DataFrame({"days": [10, 20, 30], "bought": [True, True, False], "customers": 20})
    soon = pd.DataFrame({"days": [0, 3], "bought": [False, False], "customers": 7})
    whole = retention.kaplan_meier(pd.concat([soon, later], ignore_index=True)).curve
    assert whole.at_risk.tolist() == [74, 60, 40]
    columns = ["days", "survival", "low", "high"]
    assert_frame_equal(whole[columns], retention.kaplan_meier(later).curve[columns])
    assert whole.low[1:].notna().all()


def test_a_survival_curve_reads_events_written_as_0_and_1():
    waits = pd.DataFrame({"days": [10, 20, 30], "bought": [True, False, True], "customers": 2})
    found = retention.kaplan_meier(waits.assign(bought=[1, 0, 1]))
    assert_frame_equal(found.curve, retention.kaplan_meier(waits).curve)
    assert found.events == 4


@pytest.mark.parametrize("column", ["days", "bought", "customers"])
def test_a_wait_that_is_not_known_is_no_part_of_a_survival_curve(column):
    waits = pd.DataFrame({"days": [1.0, 2.0], "bought": [1.0, 0.0], "customers": [1.0, 3.0]})
    waits.loc[0, column] = None
    with pytest.raises(ComputeError, match=f"{column} is null in 1 of the 2 waits"):
        retention.kaplan_meier(waits)


def test_a_wait_below_0_is_refused():
    waits = pd.DataFrame({"days": [-1, 9], "bought": [True, True], "customers": [1, 1]})
    with pytest.raises(ComputeError, match="days is below 0 in 1 of the 2 waits"):
        retention.kaplan_meier(waits)


def test_a_survival_curve_loads_the_lighter_of_the_libraries_that_draw_one():
    asked = """
import sys
import pandas as pd
from marketing_kpi import retention, voice
teams = pd.DataFrame({"score": [9] * 30 + [3] * 10 + [9] * 26 + [3] * 14, "team": ["A", "B"] * 40})
voice.nps_differences(voice.nps(teams, by="team"))
print(*{"statsmodels", "scipy.stats"} & {*sys.modules})
retention.kaplan_meier(pd.DataFrame({"days": [9], "bought": [True], "customers": [3]}))
print(*{"statsmodels"} & {*sys.modules})
"""
    found = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True
    )
    assert found.stdout == "\n\n"
