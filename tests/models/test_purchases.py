"""Purchase histories: cases worked by hand, refunds, engines, and what must not matter."""

import datetime as dt

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from marketing_kpi.errors import ColumnError, ComputeError, ConfigError, DataError
from marketing_kpi.models.purchases import (
    PEAK,
    REGULAR,
    Counts,
    counts,
    grouped,
    regularity,
    season,
    summary,
    unit_days,
)

DAY = pd.Timestamp("2025-01-01")
AS_OF = "2025-02-01"  # the last day observed is day 30
FEW = settings(max_examples=8, deadline=None)


def orders(*rows, **columns):
    """Make orders of (customer, days after 1 January 2025, amount)."""
    frame = pd.DataFrame(rows, columns=["customer_id", "day", "amount"])
    return pd.DataFrame(
        {
            "order_id": [f"O{n}" for n in range(len(frame))],
            "customer_id": frame.customer_id.astype("str"),
            "ordered_at": DAY + pd.to_timedelta(frame.day, unit="D"),
            "amount": frame.amount.astype("float64"),
            **columns,
        }
    )


def returns(*rows):
    """Make returns of (order, customer, days after 1 January 2025, refund)."""
    frame = pd.DataFrame(rows, columns=["order_id", "customer_id", "day", "refund_amount"])
    at = DAY + pd.to_timedelta(frame.pop("day"), unit="D")
    return frame.assign(returned_at=at)


def days(*args, **kwargs):
    return summary(*args, as_of=AS_OF, unit="day", **kwargs)


def rows(frame):
    return [
        tuple(None if pd.isna(value) else value for value in row)
        for row in frame.itertuples(index=False)
    ]


# --- summary


def test_summary_by_hand():
    got = days(orders(("B", 9, 5.5), ("A", 0, 10.0), ("A", 14, 20.0), ("A", 30, 25.0)))
    expected = pd.DataFrame(
        {
            "customer_id": pd.array(["A", "B"], dtype="str"),
            "frequency": [2, 0],
            "recency": [30.0, 0.0],
            "T": [30.0, 21.0],
            "monetary_value": [22.5, np.nan],
        }
    )
    assert_frame_equal(got, expected)


def test_cdnow_calibration_lasts_38_weeks_and_six_days():
    first = orders(("A", 0, 1.0)).assign(ordered_at=pd.Timestamp("1997-01-01"))
    assert round(summary(first, as_of="1997-10-01", unit="week")["T"][0], 2) == 38.86


@pytest.mark.parametrize(("unit", "length"), [("day", 1), ("week", 7), ("month", 365.25 / 12)])
def test_units_are_lengths_of_days(unit, length):
    given = orders(("A", 0, 10.0), ("A", 14, 20.0))
    got = summary(given, as_of=AS_OF, unit=unit)
    assert (got.recency[0], got["T"][0]) == pytest.approx((14 / length, 30 / length))
    assert unit_days(unit) == length


def test_purchases_of_one_day_are_one():
    at = [DAY, DAY + pd.Timedelta("5D 09:00:00"), DAY + pd.Timedelta("5D 21:00:00")]
    given = orders(("A", 0, 9.0), ("A", 5, 10.0), ("A", 5, 2.0)).assign(ordered_at=at)
    assert rows(days(given)) == [("A", 1, 5.0, 30.0, 12.0)]


def test_rows_of_one_order_are_added_up():
    given = orders(("A", 0, 9.0), ("A", 5, 10.0), ("A", 5, -2.0)).assign(order_id=["1", "2", "2"])
    assert rows(days(given)) == [("A", 1, 5.0, 30.0, 8.0)]


@pytest.mark.parametrize("as_of", ["2025-01-06", dt.date(2025, 1, 6), pd.Timestamp("2025-01-06")])
def test_as_of_is_exclusive(as_of):
    given = orders(("A", 0, 1.0), ("A", 4, 1.0), ("A", 5, 1.0), ("B", 5, 1.0))
    assert rows(summary(given, as_of=as_of, unit="day")) == [("A", 1, 4.0, 4.0, 1.0)]


def test_bought_on_the_last_day_is_an_age_of_0():
    assert rows(days(orders(("A", 30, 4.0)))) == [("A", 0, 0.0, 0.0, None)]


def test_since_keeps_new_customers_only():
    given = orders(("A", 0, 1.0), ("A", 12, 1.0), ("B", 10, 1.0), ("B", 20, 3.0))
    got = days(given, since="2025-01-11")
    assert rows(got) == [("B", 1, 10.0, 20.0, 3.0)]


def test_an_order_of_amount_0_is_a_purchase():
    assert rows(days(orders(("A", 0, 5.0), ("A", 3, 0.0), ("A", 6, 8.0)))) == [
        ("A", 2, 6.0, 30.0, 4.0)
    ]


def test_unknown_amounts_are_purchases_of_unknown_value():
    given = orders(("A", 0, 5.0), ("A", 3, None), ("A", 6, 8.0), ("B", 0, 5.0), ("B", 3, None))
    assert rows(days(given)) == [("A", 2, 6.0, 30.0, 8.0), ("B", 1, 3.0, 30.0, None)]
    given = orders(("A", 0, None), ("A", 3, 8.0))
    assert rows(days(given)) == [("A", 1, 3.0, 30.0, 8.0)]


def test_orders_that_do_not_count():
    given = orders(
        ("A", 0, 1.0), ("A", 1, 1.0), ("A", 2, 1.0), ("A", 3, 1.0), (None, 4, 1.0),
        status=["placed", "cancelled", "fraud", None, "placed"],
        is_test=[False, False, False, False, False],
    )  # fmt: skip
    given.loc[4, "customer_id"] = None
    assert rows(days(given)) == [("A", 1, 3.0, 30.0, 1.0)]


# --- refunds


def test_a_credit_is_no_purchase_and_lowers_all_of_them():
    """100 bought, of which 60 in the repeat purchase, 25 credited: its value is 60 x 0.75."""
    given = orders(("A", 0, 40.0), ("A", 10, 60.0), ("A", 20, -25.0))
    assert rows(days(given)) == [("A", 1, 10.0, 30.0, 45.0)]


def test_only_credits_make_no_customer():
    assert rows(days(orders(("A", 3, -5.0), ("B", 3, 5.0)))) == [("B", 0, 0.0, 27.0, None)]


def test_a_refund_lowers_the_day_of_its_order():
    given = orders(("A", 0, 40.0), ("A", 10, 60.0), ("A", 20, 30.0))
    back = returns(("O1", "A", 25, 50.0), ("O2", "A", 31, 30.0))  # the second is after as_of
    assert rows(days(given, returns=back)) == [("A", 2, 20.0, 30.0, 20.0)]


def test_rows_of_one_order_are_refunded_once():
    given = orders(("A", 0, 40.0), ("A", 10, 30.0), ("A", 10, 30.0)).assign(
        order_id=["1", "2", "2"]
    )
    assert rows(days(given, returns=returns(("2", "A", 25, 20.0)))) == [("A", 1, 10.0, 30.0, 40.0)]


def test_a_return_of_an_unknown_order_finds_its_customer():
    given = orders(("A", 0, 40.0), ("A", 10, 60.0))
    back = returns((None, "A", 20, 25.0), (None, None, 20, 7.0), ("?", "B", 20, 3.0))
    assert rows(days(given, returns=back)) == [("A", 1, 10.0, 30.0, 45.0)]
    without_owner = back.drop(columns="customer_id")
    assert rows(days(given, returns=without_owner)) == [("A", 1, 10.0, 30.0, 60.0)]


def test_a_fully_refunded_day_counts_by_choice():
    given = orders(("A", 0, 40.0), ("A", 10, 60.0), ("A", 20, 30.0), ("B", 0, 9.0), ("C", 0, 0.0))
    back = returns(("O2", "A", 25, 30.0), ("O3", "B", 2, 9.0))
    assert rows(days(given, returns=back)) == [
        ("A", 2, 20.0, 30.0, 30.0),
        ("B", 0, 0.0, 30.0, None),
        ("C", 0, 0.0, 30.0, None),
    ]
    assert rows(days(given, returns=back, count_fully_refunded=False)) == [
        ("A", 1, 10.0, 30.0, 60.0),
        ("C", 0, 0.0, 30.0, None),
    ]


def test_refunds_beyond_the_price_leave_nothing_not_less():
    given = orders(("A", 0, 40.0), ("A", 10, 60.0))
    assert days(given, returns=returns(("O1", "A", 11, 90.0))).monetary_value[0] == 0
    assert days(orders(("A", 0, 4.0), ("A", 10, 6.0), ("A", 12, -50.0))).monetary_value[0] == 0


# --- engines, order, refusals


MANY = orders(*((f"C{n % 7}", (n * 5) % 29, float(n % 11) - 1) for n in range(60)))
BACK = returns(*((f"O{n}", f"C{n % 7}", 29, 1.5) for n in range(0, 60, 9)))


def test_ibis_in_ibis_out_with_the_same_numbers():
    got = days(ibis.memtable(MANY), returns=ibis.memtable(BACK))
    assert isinstance(got, ibis.Table)
    in_order = got.to_pandas().sort_values("customer_id").reset_index(drop=True)
    assert_frame_equal(in_order, days(MANY, returns=BACK), check_dtype=False)


@FEW
@given(st.integers(0, 2**31))
def test_the_order_of_rows_does_not_matter(seed):
    shuffled = MANY.sample(frac=1, random_state=seed)
    assert_frame_equal(days(shuffled, returns=BACK), days(MANY, returns=BACK))


def test_no_order_at_all():
    empty = days(MANY.iloc[:0])
    assert len(empty) == 0
    assert len(counts(empty)) == 0
    assert Counts.of(empty).customers == 0


def test_the_input_is_left_alone():
    before, back = MANY.copy(deep=True), BACK.copy(deep=True)
    days(MANY, returns=BACK)
    assert_frame_equal(MANY, before)
    assert_frame_equal(BACK, back)


def test_bad_questions_are_refused():
    with pytest.raises(ColumnError, match="'amount' not found in orders"):
        days(MANY.drop(columns="amount"))
    with pytest.raises(ColumnError, match="'refund_amount' not found in returns"):
        days(MANY, returns=BACK.drop(columns="refund_amount"))
    with pytest.raises(ComputeError, match="unit 'weak' not found; did you mean 'week'"):
        summary(MANY, as_of=AS_OF, unit="weak")
    with pytest.raises(ComputeError, match="must be before as_of"):
        days(MANY, since=AS_OF)
    with pytest.raises(ConfigError):
        summary(MANY, as_of="1st of May")
    with pytest.raises(DataError, match="two kinds"):
        days(MANY, returns=ibis.memtable(BACK))


# --- counts


HISTORIES = st.lists(
    st.tuples(st.integers(0, 3), st.integers(1, 3), st.integers(3, 5)), min_size=1, max_size=40
)


def histories(tuples):
    frame = pd.DataFrame(tuples, columns=["frequency", "recency", "T"])
    return frame.assign(recency=frame.recency.where(frame.frequency > 0, 0) / 7, T=frame["T"] / 7)


@FEW
@given(HISTORIES)
def test_counts_partition_the_customers(tuples):
    frame = histories(tuples)
    by_history = counts(frame)
    expected = frame.value_counts(sort=False).sort_index()
    assert by_history.customers.tolist() == expected.tolist()
    for source in (frame, by_history, ibis.memtable(by_history)):
        got = Counts.of(source)
        assert got.frequency.tolist() == by_history.frequency.tolist()
        assert got.recency.tolist() == by_history.recency.tolist()
        assert got.age.tolist() == by_history["T"].tolist()
        assert got.weight.tolist() == by_history.customers.tolist()
    assert got.customers == len(frame)
    assert got.repeat_purchases == frame.frequency.sum()


@FEW
@given(HISTORIES)
def test_each_row_knows_its_group(tuples):
    frame = histories(tuples)
    frame.loc[len(frame)] = [np.nan, 1.0, 2.0]
    got, group = grouped(frame)
    assert group[-1] == -1
    again = np.stack([got.frequency, got.recency, got.age])[:, group[:-1]]
    assert (again == frame.iloc[:-1].to_numpy(dtype=float).T).all()


@FEW
@given(HISTORIES)
def test_each_history_knows_its_pair_of_frequency_and_age(tuples):
    got = Counts.of(histories(tuples))
    frequency, age, place = got.by_age
    assert (frequency[place] == got.frequency).all()
    assert (age[place] == got.age).all()
    pairs = list(zip(frequency, age, strict=True))
    assert pairs == sorted(set(zip(got.frequency, got.age, strict=True)))


def test_the_engine_groups_a_summary():
    table = days(ibis.memtable(MANY))
    assert_frame_equal(
        counts(table).order_by("frequency", "recency", "T").to_pandas(),
        counts(days(MANY)),
        check_dtype=False,
    )
    assert Counts.of(table).customers == 7


# --- how regular purchases are


def waits_of(draw, customers=60, purchases=8):
    """Return orders of customers whose waits, in days, `draw` gives for a customer."""
    rows = []
    for n in range(customers):
        at = pd.Timestamp("2023-01-01") + pd.Timedelta(days=n % 30)
        for _ in range(purchases):
            rows.append((f"c{n}", at, 20.0))
            at += pd.Timedelta(days=int(draw(n)))
    frame = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "amount"])
    frame["ordered_at"] = frame["ordered_at"].astype("datetime64[us]")
    return frame.assign(order_id=[f"o{n}" for n in range(len(frame))])


def test_fixed_dates_are_regular_whatever_the_pace_of_each():
    orders = waits_of(lambda n: 30 + 60 * (n % 3))  # monthly, quarterly, each 150 days
    assert regularity(orders, as_of="2027-01-01") == 0


def test_purchases_at_random_are_not_regular():
    rng = np.random.default_rng(8)
    orders = waits_of(lambda n: 1 + rng.exponential(20 + 10 * (n % 5)), customers=300)
    found = regularity(orders, as_of="2030-01-01")
    assert 0.8 < found < 1.05
    credits = orders.assign(order_id="k" + orders.order_id, amount=-5.0)
    credits["ordered_at"] += pd.Timedelta(days=3)
    both = pd.concat([orders, credits], ignore_index=True)
    assert regularity(both, as_of="2030-01-01") == found


def test_regularity_by_hand_and_in_an_engine():
    rng = np.random.default_rng(9)
    orders = waits_of(lambda n: rng.integers(20, 60))
    squares = weights = 0.0
    for _, own in orders.groupby("customer_id"):
        waits = own.ordered_at.sort_values().diff().dt.days.dropna()
        squares += (len(waits) - 1) * (waits.std() / waits.mean()) ** 2
        weights += len(waits) - 1
    expected = (squares / weights) ** 0.5
    assert regularity(orders, as_of="2030-01-01") == pytest.approx(expected, rel=1e-8)
    assert regularity(ibis.memtable(orders), as_of="2030-01-01") == pytest.approx(expected)


def test_too_few_waits_tell_no_regularity():
    assert regularity(waits_of(lambda n: 30, customers=29), as_of="2027-01-01") is None
    assert regularity(waits_of(lambda n: 30, purchases=2), as_of="2027-01-01") is None


def test_two_waits_tell_yearly_subscribers_where_few_have_three():
    """Three years hold three purchases of who renews every year."""
    renewed = waits_of(lambda n: 365, customers=100, purchases=3)
    assert regularity(renewed, as_of="2026-01-01") == 0
    rng = np.random.default_rng(3)
    at_random = waits_of(lambda n: 1 + rng.exponential(300), customers=100, purchases=3)
    assert regularity(at_random, as_of="2030-01-01") > REGULAR
    often = waits_of(lambda n: 30, customers=30)
    both = pd.concat([often, at_random.assign(customer_id="r" + at_random.customer_id)])
    both["order_id"] = range(len(both))
    assert regularity(both, as_of="2030-01-01") == 0  # of those of three waits or more


# --- the season before a forecast


def days_of_a_shop(*, growth=0.0, peak=1):
    """Ten purchases a day, `peak` times as many in the last eight weeks of a year, over 3 years."""
    days = pd.date_range("2023-01-01", "2025-12-31")
    is_peak = (days.month == 12) | ((days.month == 11) & (days.day > 6))
    each = 10 * (1 + growth * np.arange(len(days)) / len(days)) * np.where(is_peak, peak, 1)
    at = days.repeat(each.round().astype(int))
    orders = pd.DataFrame({"order_id": range(len(at)), "ordered_at": at, "amount": 9.0})
    return orders.assign(customer_id=[f"c{n}" for n in range(len(at))])


@pytest.mark.parametrize("growth", [0.0, 2.0])
def test_a_peak_is_told_from_growth(growth):
    usual = season(days_of_a_shop(growth=growth), as_of="2026-01-01")
    assert usual == pytest.approx(1, abs=0.02)
    high = days_of_a_shop(growth=growth, peak=2)
    # 56 days at 2 among 364: twice 364 / (364 + 56) of the mean
    assert season(high, as_of="2026-01-01") == pytest.approx(2 * 364 / 420, abs=0.04)
    assert season(high, as_of="2025-10-01") < PEAK
    lazily = season(ibis.memtable(high), as_of="2026-01-01")
    assert lazily == season(high, as_of="2026-01-01")


def test_a_season_takes_a_year_that_was_seen_and_purchases_enough():
    orders = days_of_a_shop(peak=2)
    assert season(orders[orders.ordered_at >= "2024-07-01"], as_of="2026-01-01") is None
    assert season(orders[::10], as_of="2026-01-01") > PEAK
    assert season(orders[::20], as_of="2026-01-01") is None
    assert season(orders[:0], as_of="2026-01-01") is None
