"""The method chosen beforehand decides, after its checks; else one cannot tell."""

import numpy as np
import pandas as pd
import pytest

from marketing_kpi import prepost
from marketing_kpi.data.sources import open_data
from marketing_kpi.quasi_experiments import conclusion
from marketing_kpi.quasi_experiments.chooser import METHODS
from marketing_kpi.quasi_experiments.conclusion import DOUBTS, RESERVATIONS

ACTION, AS_OF = "2025-03-03", "2025-09-01"
DAYS = pd.date_range("2022-10-03", "2025-08-25", freq="7D")


def study(effect=0.0, *, units=12, treated=6, noise=3.0, seed=1, start=0, **asked):
    """Stores around one common level, with an effect on the first of them."""
    rng = np.random.default_rng(seed)
    names, days = [f"S{n:02}" for n in range(units)], DAYS[start:]
    common = 100 + 2 * rng.standard_normal(len(days))
    rows = [
        (name, day, common[place] + noise * rng.standard_normal() + level)
        for n, name in enumerate(names)
        for place, day in enumerate(days)
        for level in [effect if n < treated and day >= pd.Timestamp(ACTION) else 0.0]
    ]
    orders = pd.DataFrame(rows, columns=["store_id", "ordered_at", "amount"])
    orders["order_id"] = [f"O{n}" for n in range(len(orders))]
    asked = {"treated": names[:treated], "control": names[treated:] or None} | asked
    return prepost.study(open_data({"orders": orders}), action=ACTION, as_of=AS_OF, **asked)


def test_units_decide_where_they_are_enough():
    found = prepost.analyse(study(effect=5.0))
    assert found.conclusion.method == "difference_in_differences"
    assert found.conclusion.verdict == "higher"
    assert found.conclusion.doubts == ()
    row = found.answers.set_index("method").loc["difference_in_differences"]
    assert row["effect"] == pytest.approx(6 * found.differences.effect)
    assert row["total"] == pytest.approx(found.differences.total)
    assert found.conclusion.low < 6 * 5.0 < found.conclusion.high


def test_an_opposite_effect_is_told_as_well():
    assert prepost.analyse(study(effect=-5.0)).conclusion.verdict == "lower"


def test_nothing_is_told_of_nothing():
    found = prepost.analyse(study()).conclusion
    assert (found.verdict, found.doubts) == ("cannot_tell", ("interval",))
    assert found.detectable > 0
    assert found.units_needed >= 4


def test_series_decide_where_units_are_few():
    found = prepost.analyse(study(effect=8.0, units=6, treated=3))
    assert found.differences.verdict == "cannot_tell"
    assert found.answers.set_index("method").loc["difference_in_differences", "answers"] == "no"
    assert (found.conclusion.method, found.conclusion.verdict) == ("counterfactual", "higher")
    assert found.conclusion.effect == found.counterfactual.effect
    assert found.placebo.share == 0


def test_a_series_alone_decides_where_nothing_was_left_alone():
    found = prepost.analyse(study(effect=20.0, units=4, treated=4, control=[]))
    assert found.counterfactual is None
    assert found.conclusion.method == "interrupted_time_series"
    assert found.events.empty
    assert found.units.empty


def test_a_short_history_is_held_against_a_series():
    found = prepost.analyse(study(effect=20.0, units=2, treated=1, start=len(DAYS) - 60))
    assert found.conclusion.verdict == "cannot_tell"
    assert "short_series" in found.conclusion.doubts


def test_every_doubt_has_its_words():
    found = prepost.analyse(study(units=2, treated=1, start=100))
    assert found.conclusion.doubts
    assert set(found.conclusion.doubts) <= set(DOUBTS)
    assert set(found.answers["method"]) <= set(METHODS)


def test_larger_stores_that_grow_like_all_others_are_no_effect():
    """40 stores, the treated half as large again; all grow by 10 % in the last 8 weeks."""
    rng = np.random.default_rng(0)
    weeks = pd.date_range("2024-10-09", periods=30, freq="7D")
    rows = [
        (f"S{n:02}", week, level * (1.1 if place >= 22 else 1.0) * (1 + 0.05 * rng.normal()))
        for n in range(40)
        for level in [1000 * (1.5 if n < 15 else 1.0) * np.exp(0.3 * rng.normal())]
        for place, week in enumerate(weeks)
    ]
    orders = pd.DataFrame(rows, columns=["store_id", "ordered_at", "amount"])
    orders["order_id"] = [f"O{n}" for n in range(len(orders))]
    asked = prepost.study(
        open_data({"orders": orders}),
        action="2025-03-10",
        as_of="2025-05-05",
        treated=[f"S{n:02}" for n in range(15)],
    )
    found = prepost.analyse(asked)
    assert found.differences.low > 0
    assert found.conclusion.verdict == "cannot_tell"
    assert {"levels_differ", "scales_disagree"} <= set(found.conclusion.doubts)


def leaning(found, share):
    """Make the placebos find such a share of the effect, on average, all on its side."""
    frame = found.placebo.frame.copy()
    frame.loc[frame["kind"] != "action", "effect"] = share * frame["effect"].iloc[0]
    return found.placebo._replace(frame=frame)


@pytest.mark.parametrize(
    ("share", "doubts", "reservations"),
    [(0.05, (), ()), (0.2, (), ("leans",)), (0.5, ("leaning",), ()), (-0.5, (), ())],
)
def test_what_is_found_where_nothing_happened_is_held_against_the_method(
    monkeypatch, share, doubts, reservations
):
    asked = study(effect=8.0, units=6, treated=3)
    tried = leaning(prepost.analyse(asked), share)
    monkeypatch.setattr(conclusion, "placebo", lambda *_, **__: tried)
    found = prepost.analyse(asked).conclusion
    assert (found.doubts, found.verdict) == (doubts, "cannot_tell" if doubts else "higher")
    assert found.reservations == reservations


@pytest.mark.parametrize(("near", "doubts"), [(0.1, ("leaning",)), (0.5, ())])
def test_a_lean_that_takes_the_interval_back_to_nothing_is_held_against_it(
    monkeypatch, near, doubts
):
    asked = study(effect=8.0, units=6, treated=3)
    tried = leaning(prepost.analyse(asked), 0.2)
    tried.frame.loc[0, "low"] = near * tried.frame["effect"].iloc[0]
    monkeypatch.setattr(conclusion, "placebo", lambda *_, **__: tried)
    found = prepost.analyse(asked).conclusion
    assert (found.doubts, found.verdict) == (doubts, "cannot_tell" if doubts else "higher")


def test_a_year_that_could_not_be_learnt_is_not_said_to_be_unasked():
    """100 weeks in all: over a year, and under two before the action."""
    found = prepost.analyse(study(effect=20.0, units=4, treated=4, control=[], start=-100))
    assert found.season is None
    assert "unlearnt_season" in found.interrupted.notes
    assert "no_season" not in found.interrupted.notes


def test_what_weakens_each_method_is_named():
    found = prepost.analyse(study(effect=8.0, units=6, treated=3)).answers.set_index("method")
    weak = found["reservations"]
    assert weak["difference_in_differences"] == ["too_few_units"]
    assert weak["interrupted_time_series"] == ["nothing_else"]
    assert weak["before_after"] == ["descriptive"]
    assert set(weak.explode().dropna()) <= set(RESERVATIONS)


ANSWER = {
    **dict.fromkeys(("effect", "low", "high", "relative", "relative_low", "relative_high"), 1.0),
    **dict.fromkeys(("total", "total_low", "total_high", "detectable"), 1.0),
    "answers": "yes",
    "doubts": [],
    "reservations": [],
    "notes": [],
    "p_value": 0.01,
}


def answers(*rows):
    return pd.DataFrame([ANSWER | {"method": m, "verdict": v} | extra for m, v, extra in rows])


def test_the_method_that_decides_is_not_the_one_that_finds():
    found = prepost.conclude(
        answers(
            ("difference_in_differences", "cannot_tell", {}),
            ("counterfactual", "higher", {}),
        )
    )
    assert (found.method, found.verdict) == ("difference_in_differences", "cannot_tell")


def test_opposite_verdicts_leave_none():
    found = prepost.conclude(
        answers(("counterfactual", "higher", {}), ("interrupted_time_series", "lower", {}))
    )
    assert (found.verdict, found.doubts) == ("cannot_tell", ("contradicted",))


def test_a_method_that_does_not_answer_is_passed_over():
    found = prepost.conclude(
        answers(
            ("difference_in_differences", "lower", {"answers": "no"}),
            ("counterfactual", "higher", {}),
        )
    )
    assert (found.method, found.verdict) == ("counterfactual", "higher")


def test_a_doubt_takes_the_verdict_away():
    found = prepost.conclude(answers(("counterfactual", "higher", {"doubts": ["often_wrong"]})))
    assert (found.verdict, found.doubts) == ("cannot_tell", ("often_wrong",))


def test_an_interval_that_includes_no_effect_is_said_beside_other_doubts():
    wide = {"low": -1.0, "doubts": ["trends_differ"]}
    found = prepost.conclude(answers(("difference_in_differences", "cannot_tell", wide)))
    assert found.doubts == ("interval", "trends_differ")


def test_an_interval_that_excludes_no_effect_is_not_said_to_include_it():
    """Of few units: Welch's interval excludes 0, their permutation does not."""
    found = prepost.conclude(answers(("difference_in_differences", "cannot_tell", {})))
    assert found.doubts == ("by_chance",)


def test_a_bound_that_no_method_knows_is_none():
    """A column of unknown bounds alone holds None, not NaN."""
    unknown = {"relative_low": None, "relative_high": None}
    found = prepost.conclude(answers(("interrupted_time_series", "higher", unknown)))
    assert (found.verdict, found.relative_low, found.relative_high) == ("higher", None, None)


def test_a_bare_before_after_never_decides():
    assert prepost.conclude(answers(("before_after", "higher", {}))).method is None


def test_units_needed_by_hand():
    # Changes 9 and 11 against -1 and 1: effect 10, sd sqrt(2), so a few units are enough; never
    # fewer than four, of which one draw in 70 is the rarest.
    rows = pd.DataFrame(
        {"shop": list("aabbccdd"), "after": [0, 1] * 4, "treated": [1] * 4 + [0] * 4}
    )
    rows["sales"] = [0.0, 9, 0, 11, 5, 4, 5, 6]
    found = prepost.difference_in_differences(rows, outcome="sales", unit="shop")
    assert found.effect == 10
    assert prepost.units_needed(found) == 4
    assert prepost.units_needed(found._replace(effect=0.5)) > 50
    assert prepost.units_needed(found._replace(effect=0.0)) is None
    assert prepost.units_needed(None) is None
