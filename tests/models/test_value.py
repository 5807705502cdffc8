"""What customers are worth: cases by hand, units, intervals, segments, engines."""

from dataclasses import replace

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import hyperu

from marketing_kpi.errors import ColumnError, ComputeError, DataError
from marketing_kpi.models.bg_nbd import fit_bg_nbd
from marketing_kpi.models.gamma_gamma import fit_gamma_gamma
from marketing_kpi.models.pareto_nbd import fit_pareto_nbd
from marketing_kpi.models.value import discounted_value, new_customer_value, total_value

MONTH = 365.25 / 12 / 7  # weeks
YEAR = {"months": 12, "discount_rate": 0.1, "margin_rate": 0.4}


def draw(customers, rng):
    """Draw customers of BG/NBD (in weeks) and Gamma-Gamma, with a channel that means nothing."""
    rows = []
    for customer in range(customers):
        age = float(rng.integers(20, 80))
        rate, leaves = rng.gamma(0.8, 1 / 8), rng.geometric(rng.beta(0.95, 3.8))
        days = np.sort(rng.uniform(0, age, rng.poisson(rate * age)))[:leaves]
        value = rng.gamma(6.25 * len(days), 1 / rng.gamma(3.74, 1 / 15.44)) if len(days) else np.nan
        mean = value / max(len(days), 1)
        rows.append((f"C{customer:05}", len(days), days.max(initial=0.0), age, mean))
    frame = pd.DataFrame(
        rows, columns=["customer_id", "frequency", "recency", "T", "monetary_value"]
    )
    return frame.assign(channel=np.where(np.arange(customers) % 3 == 0, "store", "web"))


@pytest.fixture(scope="module")
def summary():
    return draw(500, np.random.default_rng(4))


@pytest.fixture(scope="module")
def fit(summary):
    return fit_bg_nbd(summary, unit="week")


@pytest.fixture(scope="module")
def spending(summary):
    return fit_gamma_gamma(summary)


# --- By hand --------------------------------------------------------------------------------


def test_two_months_by_hand(fit, spending, summary):
    """Purchases of each month, times value and margin, discounted from the month's middle."""
    one = summary[summary.frequency == 2].head(1)
    worth = discounted_value(
        fit, spending, one, months=2, discount_rate=0.21, margin_rate=0.5
    ).iloc[0]
    until = [fit.expected_purchases(one, periods=n * MONTH).estimate[0] for n in (1, 2)]
    value = spending.expected_value(one).estimate[0]
    now = until[0] / 1.21 ** (0.5 / 12) + (until[1] - until[0]) / 1.21 ** (1.5 / 12)
    assert worth.purchases == pytest.approx(until[1], rel=1e-12)
    assert worth.value == pytest.approx(value, rel=1e-12)
    assert worth.cltv == pytest.approx(now * value * 0.5, rel=1e-12)
    assert worth.low < worth.cltv < worth.high


def test_without_discount_it_is_purchases_times_value_times_margin(fit, spending, summary):
    given = {**YEAR, "discount_rate": 0}
    worth = discounted_value(fit, spending, summary, **given)
    assert worth.cltv.to_numpy() == pytest.approx(worth.purchases * worth.value * 0.4, rel=1e-12)
    discounted = discounted_value(fit, spending, summary, **YEAR)
    ratio = discounted.cltv / worth.cltv
    assert ratio.between(1.1**-1, 1.1 ** (-0.5 / 12)).all()


def test_no_month_ahead_is_worth_nothing(fit, spending, summary):
    given = {**YEAR, "months": 0}
    worth = discounted_value(fit, spending, summary.head(9), **given)
    assert (worth[["purchases", "cltv", "low", "high"]] == 0).all(axis=None)
    total = total_value(fit, spending, summary, **given)
    assert total[["cltv", "cltv_low", "cltv_high"]].values.tolist() == [[0, 0, 0]]
    new = new_customer_value(fit, spending, **given)
    assert new.repeat_purchases == 0
    assert new.cltv == pytest.approx(new.first_margin)


def test_goods_sold_at_a_loss_are_worth_less_than_nothing(fit, spending, summary):
    """The same amounts with the sign changed, and the ends of each interval swapped."""
    gain, loss = ({**YEAR, "margin_rate": rate} for rate in (0.4, -0.4))
    names = {
        discounted_value: ("cltv", "low", "high"),
        total_value: ("cltv_mean", "cltv_mean_low", "cltv_mean_high"),
    }
    for worth, (mean, low, high) in names.items():
        above, below = (worth(fit, spending, summary, **given) for given in (gain, loss))
        for one, other in ((mean, mean), (low, high), (high, low)):
            assert below[one].to_numpy() == pytest.approx(-above[other].to_numpy(), rel=1e-12)
    above, below = (new_customer_value(fit, spending, **given) for given in (gain, loss))
    assert below[2:] == pytest.approx((-above.first_margin, -above.cltv, -above.high, -above.low))
    lazy = discounted_value(fit, spending, ibis.memtable(summary), **loss).execute()
    assert (lazy.low < lazy.cltv).all()
    assert (lazy.cltv < lazy.high).all()


def test_a_margin_of_nothing_is_worth_nothing(fit, spending, summary):
    given = {**YEAR, "margin_rate": 0.0}
    total = total_value(fit, spending, summary, **given)
    assert total[["cltv", "cltv_low", "cltv_high"]].to_numpy().tolist() == [[0, 0, 0]]
    assert new_customer_value(fit, spending, **given).cltv == 0


def test_a_long_horizon_tends_to_the_discounted_residual_of_the_paper(summary):
    """Fader, Hardie & Lee (2005), JMR 42(4), equation 2, with Tricomi's function.

    It discounts continuously; the middle of the month is close to that: to 1e-4 in 150 years.
    """
    fit = fit_pareto_nbd(summary, unit="week")
    r, alpha, s, beta = 0.55, 10.58, 0.61, 11.67
    at = replace(fit, point=np.log([r, alpha, s, beta]))
    known = pd.DataFrame({"customer_id": ["a"], "frequency": 7, "recency": 35.0, "T": 77.86})
    rate = np.log(1.15) * 12 / (365.25 / 7)
    delta = rate / 12
    factor = delta ** (s - 1) * hyperu(s, s, delta * (beta + 77.86))
    alive = at.p_alive(known).estimate[0]
    paper = alive * factor * (r + 7) * (beta + 77.86) ** s / (alpha + 77.86)
    given = {"months": 1800, "discount_rate": 0.15, "margin_rate": 1.0}
    flat = fit_gamma_gamma(summary)
    worth = discounted_value(at, flat, known.assign(monetary_value=30.0), **given)
    assert worth.cltv[0] / worth.value[0] == pytest.approx(paper, rel=1e-4)


# --- What must not change the answer --------------------------------------------------------


@pytest.mark.parametrize("model", [fit_bg_nbd, fit_pareto_nbd])
def test_days_and_weeks_are_worth_the_same(model, spending, summary):
    in_days = summary.assign(recency=summary.recency * 7, T=summary["T"] * 7)
    weeks = discounted_value(model(summary, unit="week"), spending, summary, **YEAR)
    days = discounted_value(model(in_days, unit="day"), spending, in_days, **YEAR)
    pd.testing.assert_frame_equal(weeks, days, rtol=1e-6)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=3, deadline=None)
def test_the_order_of_rows_changes_nothing(fit, spending, summary, seed):
    mixed = summary.sample(frac=1, random_state=seed)
    pd.testing.assert_frame_equal(
        discounted_value(fit, spending, mixed, **YEAR),
        discounted_value(fit, spending, summary, **YEAR),
    )
    pd.testing.assert_frame_equal(
        total_value(fit, spending, mixed, **YEAR, by="channel"),
        total_value(fit, spending, summary, **YEAR, by="channel"),
    )


def test_an_engine_gives_the_same(fit, spending, summary):
    connection = ibis.duckdb.connect()
    table = connection.create_table("summary", summary)
    lazy = discounted_value(fit, spending, table, **YEAR)
    assert isinstance(lazy, ibis.Table)
    pd.testing.assert_frame_equal(
        lazy.to_pandas().sort_values("customer_id").reset_index(drop=True),
        discounted_value(fit, spending, summary, **YEAR),
        check_dtype=False,
    )
    pd.testing.assert_frame_equal(
        total_value(fit, spending, table, **YEAR, by="channel"),
        total_value(fit, spending, summary, **YEAR, by="channel"),
        check_dtype=False,
    )
    connection.disconnect()


# --- In all ---------------------------------------------------------------------------------


def test_segments_add_up_to_their_customers(fit, spending, summary):
    each = discounted_value(fit, spending, summary, **YEAR).merge(summary, on="customer_id")
    by = each.groupby("channel").cltv
    table = total_value(fit, spending, summary, **YEAR, by="channel")
    assert table.channel.tolist() == ["store", "web"]
    assert table.customers.tolist() == by.size().tolist()
    assert table.cltv.tolist() == pytest.approx(by.sum().tolist(), rel=1e-9)
    assert table.cltv_mean.tolist() == pytest.approx(by.mean().tolist(), rel=1e-9)
    everyone = total_value(fit, spending, summary, **YEAR)
    assert everyone.segment.tolist() == ["all"]
    assert everyone.cltv[0] == pytest.approx(table.cltv.sum(), rel=1e-9)


def test_the_interval_of_a_total_is_not_that_of_independent_customers(fit, spending, summary):
    """All customers share the parameters: twice each customer, the interval is as wide."""
    once = total_value(fit, spending, summary, **YEAR).iloc[0]
    twice = total_value(fit, spending, pd.concat([summary, summary]), **YEAR).iloc[0]
    assert twice.cltv == pytest.approx(2 * once.cltv, rel=1e-12)
    assert twice.cltv_high / twice.cltv == pytest.approx(once.cltv_high / once.cltv, rel=1e-9)


def test_a_customer_without_a_segment_is_in_none(fit, spending, summary):
    some = summary.assign(channel=summary.channel.where(summary.channel == "web"))
    table = total_value(fit, spending, some, **YEAR, by="channel")
    assert table.channel.tolist() == ["web"]
    assert table.customers.tolist() == [(summary.channel == "web").sum()]


def test_an_unknown_value_counts_as_that_of_everyone(fit, spending, summary):
    unknown = summary.assign(monetary_value=np.nan)
    each = discounted_value(fit, spending, unknown, **YEAR)
    assert each.value.nunique() == 1
    total = total_value(fit, spending, unknown, **YEAR)
    assert total.cltv[0] == pytest.approx(each.cltv.sum(), rel=1e-9)


def test_a_new_customer_is_a_first_purchase_and_the_repeat_ones(fit, spending):
    new = new_customer_value(fit, spending, **{**YEAR, "discount_rate": 0})
    value = spending.p * spending.v / (spending.q - 1)
    repeats = fit.expected_purchases_new(12 * MONTH).estimate
    assert new.value == pytest.approx(value, rel=1e-12)
    assert new.repeat_purchases == pytest.approx(repeats, rel=1e-12)
    assert new.cltv == pytest.approx((1 + repeats) * value * 0.4, rel=1e-12)
    assert new.low < new.cltv < new.high


# --- What cannot be said --------------------------------------------------------------------


def test_no_customer(fit, spending, summary):
    assert discounted_value(fit, spending, summary.head(0), **YEAR).empty
    assert total_value(fit, spending, summary.head(0), **YEAR).empty


def test_no_repeat_buyer_no_value(summary):
    once = summary[summary.frequency == 0]
    fit, spending = fit_bg_nbd(once, unit="week"), fit_gamma_gamma(once)
    each = discounted_value(fit, spending, once, **YEAR)
    assert each[["cltv", "low", "high"]].isna().all(axis=None)
    total = total_value(fit, spending, once, **YEAR)
    assert total.customers.tolist() == [len(once)]
    assert total.drop(columns=["segment", "customers"]).isna().all(axis=None)
    assert set(new_customer_value(fit, spending, **YEAR)) == {None}


def test_a_mean_without_end_leaves_one_time_buyers_without_value(fit, spending, summary):
    heavy = replace(spending, q=0.9, point=np.log([spending.p, 0.9, spending.v]))
    each = discounted_value(fit, heavy, summary, **YEAR).merge(summary, on="customer_id")
    assert each[each.frequency == 0].cltv.isna().all()
    assert each[each.frequency > 0].cltv.notna().all()
    assert new_customer_value(fit, heavy, **YEAR).cltv is None
    assert total_value(fit, heavy, summary, **YEAR).cltv.isna().all()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"months": 1.5}, "months is 1.5, must be a whole number"),
        ({"months": -1}, "months is -1"),
        ({"discount_rate": -0.1}, "discount_rate is -0.1, must be 0 or more"),
        ({"margin_rate": 40}, "margin_rate is 40, must be at most 1"),
    ],
)
def test_arguments_out_of_range_are_refused(fit, spending, summary, changed, message):
    for function in (discounted_value, total_value):
        with pytest.raises(ComputeError, match=message):
            function(fit, spending, summary, **{**YEAR, **changed})
    with pytest.raises(ComputeError, match=message):
        new_customer_value(fit, spending, **{**YEAR, **changed})


def test_a_customer_twice_is_refused(fit, spending, summary):
    with pytest.raises(DataError, match="a customer twice"):
        discounted_value(fit, spending, pd.concat([summary, summary.head(1)]), **YEAR)


def test_a_missing_column_or_unit_is_named(fit, spending, summary):
    with pytest.raises(ColumnError, match="chanel"):
        total_value(fit, spending, summary, **YEAR, by="chanel")
    with pytest.raises(ComputeError, match="does not know its unit"):
        discounted_value(replace(fit, unit=None), spending, summary, **YEAR)
