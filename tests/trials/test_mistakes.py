"""Simulated mistakes: their truth is known, so that what they show can be held against it."""

import numpy as np
import pytest
from pandas.testing import assert_frame_equal

from marketing_kpi import experiments
from marketing_kpi.errors import ComputeError
from marketing_kpi.trials.power import power

SHOWN = [
    experiments.peeking,
    experiments.best_segment,
    experiments.contacted_control,
    experiments.responders_only,
]


@pytest.mark.parametrize("show", SHOWN)
def test_two_runs_show_the_same_and_a_source_of_chance_another(show):
    assert_frame_equal(show(campaigns=100), show(campaigns=100))
    other = show(campaigns=100, rng=np.random.default_rng(8))
    assert not other.equals(show(campaigns=100))


def test_one_look_keeps_its_promise_and_many_break_it():
    found = experiments.peeking(days=28)
    assert found["day"].tolist() == [*range(1, 29)]
    assert found["significant"].between(0.03, 0.07).all()
    assert found["ever_significant"][0] == found["significant"][0]
    assert found["ever_significant"].is_monotonic_increasing
    # Armitage, McPherson and Rowe (1969), table 2: 5, 10 and 20 looks at 5 % find .142, .193, .248
    for looks, published in {5: 0.142, 10: 0.193, 20: 0.248}.items():
        assert found["ever_significant"][looks - 1] == pytest.approx(published, abs=0.035)


def test_the_best_of_many_segments_is_found_by_chance():
    found = experiments.best_segment(segments=20, control_share=0.5, customers=40_000)
    assert found["segments"].tolist() == [1, 2, 5, 10, 20]
    assert found["any_significant"].tolist() == pytest.approx(
        (1 - 0.95 ** found["segments"]).tolist(), abs=0.04
    )
    assert (found["any_after_holm"] < 0.07).all()
    assert found["largest_lift"].is_monotonic_increasing


def test_a_number_of_segments_that_is_not_round_ends_the_table():
    found = experiments.best_segment(segments=7, campaigns=10)
    assert found["segments"].tolist() == [1, 2, 5, 7]


def test_contacts_of_the_control_shrink_the_effect():
    found = experiments.contacted_control(contacted=[0, 0.25, 1], lift=0.04)
    assert found["measured_lift"].tolist() == pytest.approx([0.04, 0.03, 0], abs=0.001)
    assert (found["true_lift"] == 0.04).all()
    expected = power(0.10, 0.14, control_n=1000, treatment_n=9000)
    assert found["found"][0] == pytest.approx(expected, abs=0.04)
    assert found["found"][2] < 0.07


def test_responders_would_have_bought_anyway():
    found = experiments.responders_only().set_index("compared")
    everybody = 0.2 * 0.3 + 0.8 * 0.05
    responders = (0.2 * 0.4 * 0.3 + 0.8 * 0.05 * 0.05) / (0.2 * 0.4 + 0.8 * 0.05)
    bias = found["measured_lift"]
    assert bias["responders"] == pytest.approx(responders - everybody, abs=0.002)
    assert bias["all_treated"] == pytest.approx(0, abs=0.001)
    assert found["significant"]["all_treated"] < 0.07
    assert found["significant"]["responders"] == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: experiments.peeking(rate=10), "rate == 10"),
        (lambda: experiments.peeking(customers_a_day=1), "customers_a_day leaves 0"),
        (lambda: experiments.peeking(days=0), "days leaves 0"),
        (lambda: experiments.best_segment(segments=0), "segments leaves 0"),
        (lambda: experiments.best_segment(segments=5000), "customers leaves 0"),
        (lambda: experiments.contacted_control(contacted=[2]), "contacted == "),
        (lambda: experiments.contacted_control(lift=0.95), "treated_rate == "),
        (lambda: experiments.responders_only(keen=0), "keen == 0"),
        (lambda: experiments.responders_only(campaigns=0), "campaigns leaves 0"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ComputeError, match=message):
        call()
