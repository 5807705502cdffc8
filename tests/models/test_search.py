"""The search for a maximum, where it lies within reach and where it lies at infinity."""

import numpy as np
import pytest

from marketing_kpi.models.search import Limit, Slopes, search

UP = Limit("endless", 0, float(np.log(1e4)), {0: float(np.log(1e7))}, ("u",))
DOWN = Limit("vanishing", 0, -float(np.log(1e4)), {0: -float(np.log(1e7))}, ("u",))


def bowl(at):
    """Highest at (1, 2), with curvature 1 and 4."""
    u, v = at - [1, 2]
    return Slopes(-(u**2) / 2 - 2 * v**2, np.array([-u, -4 * v]), np.diag([-1.0, -4.0]))


def slope_without_end(at):
    """Rising for ever in the first coordinate, highest at 2 in the second."""
    u, v = at
    rise = np.exp(-u)
    return Slopes(-rise - (v - 2) ** 2, np.array([rise, -2 * (v - 2)]), np.diag([-rise, -2.0]))


def two_hills(at):
    """Hills at 0 and 4, the second twice as high."""
    heights, middles = np.array([1.0, 2.0]), np.array([0.0, 4.0])
    away = at[0] - middles
    hills = heights * np.exp(-(away**2))
    return Slopes(
        hills.sum() - at[1] ** 2,
        np.array([(-2 * away * hills).sum(), -2 * at[1]]),
        np.diag([((4 * away**2 - 2) * hills).sum(), -2.0]),
    )


def test_a_maximum_within_reach():
    found, limits = search(bowl, [(0.0, 0.0)], [UP, DOWN], customers=100)
    assert limits == []
    assert found.is_maximum
    assert found.at == pytest.approx([1, 2])
    assert found.covariance(100) == pytest.approx(np.diag([1 / 100, 1 / 400]))


def test_a_maximum_at_infinity_is_held_and_named():
    found, limits = search(slope_without_end, [(0.0, 0.0), (3.0, 1.0)], [DOWN, UP], customers=100)
    assert [limit.id for limit in limits] == ["endless"]
    assert found.is_maximum
    assert found.fixed == UP.fixed
    assert found.at == pytest.approx([np.log(1e7), 2])
    assert found.covariance(100) == pytest.approx(np.diag([0, 1 / 200]))


def test_a_limit_below_the_start_is_not_taken():
    def far_hill(at):
        return bowl(at - [11, 0])  # highest at (12, 2), past where the limit is taken to be reached

    found, limits = search(far_hill, [(11.0, 2.0)], [UP], customers=100)
    assert limits == []
    assert found.is_maximum
    assert found.at == pytest.approx([12, 2])


def test_other_starts_are_tried_where_the_first_ends_badly():
    found, _ = search(two_hills, [(0.1, 0.0), (4.1, 0.0)], [DOWN], customers=10)
    assert found.at[0] == pytest.approx(0, abs=1e-3)
    found, _ = search(two_hills, [(4.1, 0.0), (0.1, 0.0)], [DOWN], customers=10)
    assert found.at[0] == pytest.approx(4, abs=1e-3)
    flat = (40.0, 0.0)  # no slope and no curvature there
    found, _ = search(two_hills, [flat, (0.1, 0.0), (3.9, 0.0)], [DOWN], customers=10)
    assert found.at[0] == pytest.approx(4, abs=1e-3)
