"""Which method answers, for the cases that a marketer meets."""

import pytest

from marketing_kpi import prepost
from marketing_kpi.errors import ComputeError
from marketing_kpi.quasi_experiments.chooser import METHODS, REASONS

CASE = {"treated_units": 20, "control_units": 30, "periods_before": 120, "periods_after": 12}


def chosen(**changes):
    found = prepost.choose(**(CASE | changes))
    assert found["method"].tolist() == list(METHODS)
    assert {why for reasons in found["why"] for why in reasons} <= set(REASONS)
    return found.set_index("method")["answers"].to_dict()


def test_many_units_and_a_long_history():
    assert chosen() == {
        "control_group": "no",
        "difference_in_differences": "yes",
        "counterfactual": "yes",
        "interrupted_time_series": "with_care",
        "before_after": "with_care",
    }


@pytest.mark.parametrize(
    ("changes", "method", "answers"),
    [
        ({"randomised": True}, "control_group", "yes"),
        ({"randomised": True, "control_units": 5}, "control_group", "with_care"),
        ({"control_units": 0}, "difference_in_differences", "no"),
        ({"control_units": 0}, "counterfactual", "no"),
        ({"control_units": 0, "control_series": 1}, "counterfactual", "yes"),
        ({"treated_units": 3, "control_units": 3}, "difference_in_differences", "no"),
        ({"treated_units": 1}, "difference_in_differences", "no"),
        ({"treated_units": 2, "control_units": 18}, "difference_in_differences", "with_care"),
        ({"periods_before": 1}, "difference_in_differences", "with_care"),
        ({"periods_before": 1}, "interrupted_time_series", "no"),
        ({"periods_before": 40}, "counterfactual", "with_care"),
        ({"season_length": 52}, "counterfactual", "yes"),
        ({"season_length": 365}, "counterfactual", "with_care"),
        ({"chosen_on_outcome": True}, "difference_in_differences", "with_care"),
        ({"periods_after": 0}, "before_after", "no"),
        ({"periods_after": 0}, "difference_in_differences", "no"),
    ],
)
def test_cases(changes, method, answers):
    assert chosen(**changes)[method] == answers


def test_no_treated_unit_is_not_all_of_them():
    found = prepost.choose(treated_units=0, control_units=3, periods_before=60, periods_after=30)
    why = found.set_index("method").loc["difference_in_differences", "why"]
    assert why == ["no_treated_units"]


def test_the_reason_for_care_comes_before_what_speaks_for_a_method():
    why = prepost.choose(**CASE).set_index("method")["why"]
    assert why["interrupted_time_series"][0] == "nothing_else"
    unlearnt = prepost.choose(**(CASE | {"season_length": 365})).set_index("method")["why"]
    assert unlearnt["counterfactual"][0] == "season_unseen"


def test_half_a_unit_is_refused():
    with pytest.raises(ComputeError, match="whole number"):
        prepost.choose(treated_units=2.5, control_units=3, periods_before=60, periods_after=30)


def test_a_count_below_0_is_refused():
    with pytest.raises(ComputeError, match="control_units == -1"):
        prepost.choose(**(CASE | {"control_units": -1}))
