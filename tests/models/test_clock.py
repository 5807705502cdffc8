"""The season's clock: times worked by hand, a season that is learnt, forecasts that follow it."""

import datetime as dt
from dataclasses import replace

import ibis
import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from marketing_kpi import clv
from marketing_kpi.errors import ComputeError
from marketing_kpi.models.clock import Clock, _Cells, _pace

AS_OF = dt.date(2026, 1, 1)
# January runs twice as fast, February as the calendar; the rest of the year makes up for it.
REST = (365 - 2 * 31 - 28) / 306
JANUARY = Clock((2.0, 1.0, *[REST] * 10), AS_OF)
FLAT = Clock((1.0,) * 12, AS_OF)
WINTER = np.array([0.8, 0.8, 0.9, 0.9, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.2, 1.4])
WINTER = WINTER / (WINTER @ [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]) * 365


def orders(*rows):
    frame = pd.DataFrame(rows, columns=["customer_id", "ordered_at"])
    frame["ordered_at"] = pd.to_datetime(frame["ordered_at"])
    return frame.assign(order_id=[f"o{n}" for n in range(len(frame))], amount=10.0)


# --- The clock


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        ("2025-01-01", "2025-02-01", 62),
        ("2025-01-20", "2025-02-11", 2 * 12 + 10),
        ("2025-02-01", "2025-03-01", 28),
        ("2024-02-01", "2024-03-01", 29),
        ("2025-03-01", "2025-03-11", 10 * REST),
        ("2025-06-15", "2026-06-15", 365),
        ("2024-01-01", "2025-01-01", 366),
    ],
)
def test_days_on_the_clock_by_hand(start, end, days):
    assert JANUARY.elapsed(start, end) == pytest.approx(days, abs=1e-9)


def test_29_february_runs_with_the_calendar():
    double = Clock(tuple(np.array([1, 2, *[(365 - 31 - 56) / 306] * 10])), AS_OF)
    assert double.elapsed("2024-02-01", "2024-03-01") == pytest.approx(57)
    assert double.elapsed("2024-02-01", "2025-02-01") == pytest.approx(366)


def test_looking_ahead_and_back():
    clock = Clock(JANUARY.pace, dt.date(2026, 1, 11))
    assert clock.ahead([0, 1.5, 21, 31, 365]) == pytest.approx([0, 3, 42, 52, 365])
    assert clock.calendar_days(20) == pytest.approx(10)
    assert clock.calendar_days(20 + 5 * REST) == pytest.approx(15)
    assert FLAT.calendar_days(1000) == pytest.approx(1000)


def test_a_clock_has_twelve_paces_of_mean_1():
    with pytest.raises(ComputeError, match="mean of 2 over"):
        Clock((2.0,) * 12, AS_OF)
    with pytest.raises(ComputeError, match="twelve numbers above 0"):
        Clock((1.0,) * 11, AS_OF)
    with pytest.raises(ComputeError, match="needs its unit"):
        clv.fit_bg_nbd(pd.DataFrame({"frequency": [], "recency": [], "T": []}), clock=FLAT)


def test_an_engine_reads_the_same_clock():
    days = pd.date_range("2023-12-25", "2026-01-05")
    table = ibis.memtable(pd.DataFrame({"day": days})).mutate(day=ibis._.day.cast("date"))
    found = table.mutate(gained=JANUARY.gained(table.day)).order_by("day").execute()
    ends = np.arange(len(days)) + 1 + (dt.date(2023, 12, 25) - dt.date(1970, 1, 1)).days
    np.testing.assert_allclose(found["gained"], JANUARY.at(ends) - ends, atol=1e-9)


# --- Histories on it


def test_a_history_on_the_clock_by_hand():
    a, b = (("a", "2025-01-10"), ("a", "2025-01-20")), (("b", "2025-02-03"),)
    sold = orders(*a, *b, ("c", "2025-01-30"), ("c", "2025-02-07"))
    clock = Clock(JANUARY.pace, dt.date(2025, 2, 8))
    with pytest.raises(ComputeError, match="looks ahead from 2026-01-01, must from as_of"):
        clv.summary(sold, as_of="2025-02-08", clock=JANUARY)
    found = clv.summary(sold, as_of="2025-02-08", unit="day", clock=clock)
    assert found["frequency"].tolist() == [1, 0, 1]
    assert found["recency"].tolist() == pytest.approx([20, 0, 2 + 7])
    assert found["T"].tolist() == pytest.approx([2 * 21 + 7, 4, 2 + 7])
    weeks = clv.summary(sold, as_of="2025-02-08", clock=clock)
    np.testing.assert_allclose(weeks[["recency", "T"]] * 7, found[["recency", "T"]])


def shop(clock, customers=3000, seed=1, until="2026-12-31"):
    """Draw customers of BG/NBD on a clock, with r .8, alpha 8 weeks, a 0.95, b 3.8."""
    rng = np.random.default_rng(seed)
    day = np.arange(np.datetime64("2023-01-01"), np.datetime64(until)).astype("int64")
    shown = clock.at(day + 1.0)
    began = rng.integers(0, 1000, customers)
    rate = rng.gamma(0.8, 1 / 56, customers)
    lasts = rng.geometric(rng.beta(0.95, 3.8, customers))
    rows = [(who, day[first]) for who, first in enumerate(began)]
    for who, first in enumerate(began):
        times = shown[first] + np.cumsum(rng.exponential(1 / rate[who], 60))[: lasts[who]]
        places = np.searchsorted(shown, times[times < shown[-1]])
        rows += [(who, day[place]) for place in places]
    frame = pd.DataFrame(rows, columns=["customer_id", "day"])
    sold = frame.assign(ordered_at=pd.to_datetime(frame.pop("day"), unit="D"), amount=20.0)
    return sold.assign(order_id=[f"o{n}" for n in range(len(sold))])


@pytest.fixture(scope="module")
def winter():
    return shop(Clock(tuple(WINTER), AS_OF))


def test_a_fit_on_the_clock_is_that_on_times_warped_by_hand(winter):
    """Days of January count twice, those after February `REST` times, before a fit that knows no
    clock."""
    days = winter.assign(day=winter.ordered_at.dt.normalize())
    days = days[days.day < pd.Timestamp(AS_OF)].drop_duplicates(["customer_id", "day"])
    calendar = pd.date_range("2023-01-01", "2025-12-31")
    length = pd.Series(REST, calendar).mask(calendar.month == 1, 2.0).mask(calendar.month == 2, 1.0)
    warped = days.assign(at=length.cumsum().reindex(days.day).to_numpy())
    by = warped.groupby("customer_id")["at"]
    first, last = by.min(), by.max()
    hand = pd.DataFrame({"customer_id": first.index, "frequency": by.size() - 1})
    hand["recency"] = (last - first) / 7
    hand["T"] = (length.cumsum().iloc[-1] - first) / 7
    plain = clv.fit_bg_nbd(hand, unit="week")
    fit = clv.fit_bg_nbd(
        clv.summary(winter, as_of=AS_OF, clock=JANUARY), unit="week", clock=JANUARY
    )
    np.testing.assert_allclose(fit.point, plain.point, atol=1e-9)
    # 31 days of January are 62 on the clock.
    ahead = fit.expected_purchases_new(31 / 7)
    assert ahead == pytest.approx(plain.expected_purchases_new(62 / 7), rel=1e-6)


def test_a_flat_clock_changes_nothing(winter):
    plain, flat = (clv.summary(winter, as_of=AS_OF, clock=one) for one in (None, FLAT))
    assert_frame_equal(flat, plain, rtol=1e-12)
    fits = [
        clv.fit_bg_nbd(flat, unit="week", clock=clock, regularity=None) for clock in (None, FLAT)
    ]
    np.testing.assert_allclose(fits[1].point, fits[0].point, rtol=1e-12)
    one, other = (fit.expected_purchases(flat, periods=13.5) for fit in fits)
    assert_frame_equal(one, other, rtol=1e-12)
    assert fits[0].observed_months == pytest.approx(fits[1].observed_months)


def test_days_and_weeks_give_one_value_on_the_clock(winter):
    terms = {"months": 7, "discount_rate": 0.1, "margin_rate": 0.4}
    values = []
    for unit in ("day", "week"):
        summary = clv.summary(winter, as_of=AS_OF, unit=unit, clock=JANUARY)
        fit = clv.fit_bg_nbd(summary, unit=unit, clock=JANUARY)
        summary["monetary_value"] = np.where(summary.frequency > 0, summary.customer_id + 9.0, None)
        summary = summary.astype({"monetary_value": "float64"})
        values.append(clv.predict(fit, clv.fit_gamma_gamma(summary), summary, **terms))
    assert_frame_equal(values[0], values[1], rtol=1e-6)


# --- The season that purchases tell


def exact(leaving, *, months=36, end=dt.date(2026, 1, 1)):
    """Return the cells of a growing shop in which the model holds to the last purchase."""
    first = 2023 * 12
    began = first + np.arange(months)
    customers = 1000 + 30 * np.arange(months)
    rows = pd.DataFrame({"began": began, "month": began, "customers": customers, "repeats": 0})
    cells = _Cells.of(rows, end)
    made = cells.exposure * (1 - leaving * cells.ages(WINTER)) * WINTER[cells.places[cells.month]]
    return replace(cells, repeats=made)


@pytest.mark.parametrize("leaving", [0.0, 0.01, 0.025])
def test_neither_growth_nor_attrition_is_taken_for_season(leaving):
    np.testing.assert_allclose(_pace(exact(leaving)), WINTER, rtol=2e-4)


def test_a_month_cut_short_counts_for_its_days():
    part = exact(0.02, months=32, end=dt.date(2025, 8, 20))
    assert part.days[-2:].tolist() == [31, 19]
    np.testing.assert_allclose(_pace(part), WINTER, rtol=2e-4)


def test_customers_who_all_began_in_one_month_tell_no_season():
    one = exact(0.01, months=1)
    assert one.began.max() == 0
    assert one.month.tolist() == list(range(1, 36))
    assert _pace(replace(one, repeats=one.repeats * 1000)) is None


def test_too_short_or_too_thin_a_history_has_no_clock(winter):
    assert clv.season_clock(winter, as_of="2024-12-31") is None
    assert clv.season_clock(winter, as_of="2025-01-01") is not None
    assert clv.forecast_clock(winter, as_of="2025-07-01") is None  # an ordinary season
    assert clv.forecast_clock(winter, as_of=AS_OF) == clv.season_clock(winter, as_of=AS_OF)
    few = winter[winter.customer_id < 200]
    assert clv.season_clock(few, as_of=AS_OF) is None
    assert clv.season_clock(winter[:0], as_of=AS_OF) is None


def test_a_strong_season_is_learnt_and_foretold(winter):
    """Without the clock, the year after December is foretold too high, beyond the interval."""
    clock = clv.season_clock(winter, as_of=AS_OF)
    assert_frame_equal(
        pd.DataFrame(clv.season_clock(ibis.memtable(winter), as_of=AS_OF).pace),
        pd.DataFrame(clock.pace),
    )
    assert np.abs(np.log(np.array(clock.pace) / WINTER)).max() < 0.1
    span = {"calibration_end": AS_OF, "end": "2026-07-01"}
    held = clv.holdout(winter, **span, clock=clock)
    fit = clv.fit_bg_nbd(held, unit="week", clock=clock)
    truth = np.log([0.8, 8, 0.95, 3.8])
    errors = np.sqrt(np.diag(fit.log_covariance))
    assert (np.abs(fit.point - truth) < 2.5 * errors).all()
    found = clv.holdout_verdict(fit, held)
    assert found.answer == "ok"
    plain = clv.holdout(winter, **span)
    without = clv.holdout_verdict(clv.fit_bg_nbd(plain, unit="week"), plain)
    assert without.answer == "too_high"
    tracked = clv.tracking(fit, winter, **span)
    weeks = tracked[tracked.held_out]
    assert clv.tracking_error(tracked) < 0.03
    assert weeks.predicted.sum() == pytest.approx(found.predicted, rel=0.05)
