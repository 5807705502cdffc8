"""The data set of R CausalImpact's vignette, drawn again, and what the vignette finds on it.

Source: the vignette "CausalImpact" of the R package CausalImpact (Brodersen and Hauser): its
section "Creating an example dataset" gives the code and the first rows, its summary the results.
"""

import numpy as np
import pandas as pd
import pytest
from scipy.signal import lfilter
from scipy.special import ndtri

from marketing_kpi.quasi_experiments.counterfactual import counterfactual
from marketing_kpi.quasi_experiments.interrupted import interrupted_time_series


class RStream:
    """R's default random numbers: Mersenne-Twister, seeded as `set.seed` does, by inversion."""

    def __init__(self, seed):
        key = []
        for turn in range(50 + 625):  # 50 to scramble, one for the place in the state, 624 of state
            seed = (69069 * seed + 1) & 0xFFFFFFFF
            if turn > 50:
                key.append(seed)
        self._bits = np.random.MT19937()
        state = {"key": np.array(key, dtype=np.uint32), "pos": 624}
        self._bits.state = {"bit_generator": "MT19937", "state": state}

    def uniform(self, count):
        return self._bits.random_raw(count) * 2.3283064365386963e-10

    def normal(self, count):
        big = 134217728  # R's rnorm adds the bits of a second uniform number to the first
        first, second = self.uniform(2 * count).reshape(count, 2).T
        return ndtri((np.floor(big * first) + second) / big)


def arima_sim(stream, *, ar, count):
    """Return R's ``arima.sim(model = list(ar = ar), n = count)``."""
    burnt = 1 + int(np.ceil(6 / np.log(1 / ar)))
    innovations = np.concatenate([stream.normal(burnt), stream.normal(count)])
    return lfilter([1], [1, -ar], innovations)[burnt:]


@pytest.fixture(scope="module")
def vignette():
    stream = RStream(1)
    x = 100 + arima_sim(stream, ar=0.999, count=100)
    y = 1.2 * x + stream.normal(100)
    y[70:] += 10
    return pd.DataFrame({"time": range(1, 101), "y": y, "x": x})


def test_the_stream_is_that_of_r():
    # R: set.seed(1); rnorm(3), and set.seed(1); runif(3)
    assert RStream(1).normal(3) == pytest.approx([-0.6264538, 0.1836433, -0.8356286], abs=5e-8)
    assert RStream(1).uniform(3) == pytest.approx([0.2655087, 0.3721239, 0.5728534], abs=5e-8)


def test_the_data_are_those_of_the_vignette(vignette):
    head = vignette.head(6)
    assert list(head.y) == pytest.approx(
        [105.2950, 105.8943, 106.6209, 106.1572, 101.2812, 101.4484], abs=5e-5
    )
    assert list(head.x) == pytest.approx(
        [88.21513, 88.48415, 87.87684, 86.77954, 84.62243, 84.60650], abs=5e-6
    )
    assert (round(vignette.y[70:].mean()), round(vignette.y[70:].sum())) == (117, 3511)


def test_the_effect_is_that_of_the_vignette(vignette):
    found = counterfactual(vignette, outcome="y", period="time", action=71, controls="x")
    assert (found.verdict, found.agree, found.notes) == ("higher", True, ())
    # the vignette: average effect 11, 95 % 9.8 to 11; expected 107 of 117, with 3,511 in all
    assert round(found.observed) == 117
    assert round(found.expected) == 107
    assert round(found.structural_effect) == 11
    assert round(found.structural_low, 1) == 9.8
    assert round(found.structural_high) == 11
    # autocorrelated errors say nearly the same, and both intervals hold the true 10
    assert found.effect == pytest.approx(found.structural_effect, abs=0.25)
    assert found.low == pytest.approx(9.8, abs=0.2)
    assert found.high == pytest.approx(11, abs=0.5)
    assert found.low < 10 < found.high
    # relative effect 9.9 %, 9.2 to 11 %; cumulative 316, 294 to 337
    assert found.relative == pytest.approx(0.099, abs=0.002)
    assert found.cumulative == pytest.approx(316, abs=7)
    assert (found.cumulative_low, found.cumulative_high) == pytest.approx((294, 337), abs=7)


def test_without_the_control_the_vignette_cannot_be_answered(vignette):
    found = interrupted_time_series(vignette, outcome="y", period="time", action=71)
    assert "high_autocorrelation" in found.notes
    assert found.high - found.low > 10 * (11 - 9.8)
