"""The service level of a reorder point: by enumeration, against days played, and its interval."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketing_kpi.errors import ComputeError
from marketing_kpi.stock.service import Demand, simulate


def by_enumeration(days, leads, point):
    """Return the level from every way that the days of a lead time, and the undershoot, can go."""
    chances, waits = np.array(days) / sum(days), np.array(leads) / sum(leads)
    tail = np.array([chances[units + 1 :].sum() for units in range(len(days) - 1)])
    below = tail / tail.sum() if tail.sum() else np.ones(1)
    level = 0.0
    for lead, weight in enumerate(waits):
        for units in itertools.product(range(len(days)), repeat=lead):
            chance = weight * np.prod(chances[list(units)])
            for under, share in enumerate(below):
                level += chance * share * (sum(units) + under <= point)
    return level


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 9), min_size=2, max_size=4).filter(any),
    st.lists(st.integers(0, 9), min_size=2, max_size=4).filter(any),
    st.integers(0, 8),
)
def test_the_level_is_that_of_every_case(days, leads, point):
    found = Demand(days, leads).service(point)
    assert found.level == pytest.approx(by_enumeration(days, leads, point), abs=1e-9)
    assert found.low - 1e-12 <= found.level <= found.high + 1e-12


def test_the_level_is_that_of_days_played():
    rng = np.random.default_rng(12)
    asked = rng.negative_binomial(0.5, 0.3, (200, 1500))
    leads = rng.integers(5, 15, 1000)
    exact = Demand(np.bincount(asked.ravel()), np.bincount(leads))
    for point in (8, 20, 30):
        played = simulate(asked, leads, reorder_point=point, quantity=60, rng=rng)
        error = np.sqrt(0.25 / played.cycles)
        assert abs(played.service_level - exact.service(point).level) < 5 * error


def test_the_needed_point_is_the_first_that_buys_the_level():
    demand = Demand([50, 30, 20], [0, 0, 5, 5])
    point = demand.needed(0.9)
    assert demand.service(point).level >= 0.9 > demand.service(point - 1).level


def test_more_days_tell_more():
    few, many = (Demand(np.array([50, 30, 20]) * n, [0, 0, n, n]).service(3) for n in (1, 100))
    assert few.level == pytest.approx(many.level)
    assert (few.high - few.low) > 5 * (many.high - many.low)


def test_the_interval_holds_the_true_level():
    rng = np.random.default_rng(3)
    leads = np.bincount(rng.integers(5, 15, 100_000))
    chances = np.array([0.75, 0.15, 0.07, 0.03])
    truth = Demand(chances, leads).service(9).level
    held = 0
    for _ in range(200):
        found = Demand(rng.multinomial(365, chances), leads / leads.sum() * 1e6).service(9)
        held += found.low <= truth <= found.high
    assert held >= 180


def test_large_units_are_taken_several_at_a_time():
    days = np.zeros(20_001)
    days[[0, 10_000, 20_000]] = 1
    found = Demand(days, [0, 0, 1])
    assert found.step > 1
    assert found.needed(0.999) == pytest.approx(60_000, rel=0.02)


def test_nothing_recorded_is_refused():
    with pytest.raises(ComputeError, match="no day of demand"):
        Demand([0, 0], [1])


def test_a_delivery_in_time_loses_nothing():
    rng = np.random.default_rng(1)
    played = simulate(np.full((3, 60), 2), [4], reorder_point=9, quantity=30, rng=rng)
    assert played.service_level == 1
    assert played.fill_rate == 1
    late = simulate(np.full((3, 60), 2), [6], reorder_point=9, quantity=30, rng=rng)
    assert late.service_level == 0
    assert 0.5 < late.fill_rate < 1
