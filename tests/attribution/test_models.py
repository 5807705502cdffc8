"""The eight models: worked by hand, as published, and what holds of any journeys."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketing_kpi import channels
from marketing_kpi.attribution.shapley import of_rates
from marketing_kpi.errors import ColumnError, ComputeError, DataError

CHANNELS = ("direct", "email", "search", "social", None)


def credit(paths, model, what="conversions", **given):
    """Return what a model credits each channel with."""
    found = channels.attribute(pd.DataFrame(paths), model=model, **given)
    return found.set_index("channel")[what].to_dict()


# --- By hand --------------------------------------------------------------------------------

ONE = {
    "path": [("display", "email", "search", "direct")],
    "conversions": [10],
    "revenue": [500.0],
    "days_before": [(14.0, 7.0, 7.0, 0.0)],
}


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("first", (10, 0, 0, 0)),
        ("last", (0, 0, 0, 10)),
        ("last_non_direct", (0, 0, 10, 0)),
        ("linear", (2.5, 2.5, 2.5, 2.5)),
        # weights 1/4, 1/2, 1/2, 1 with a half-life of a week
        ("time_decay", (10 / 9, 20 / 9, 20 / 9, 40 / 9)),
        ("position", (4, 1, 1, 4)),
        ("markov", (2.5, 2.5, 2.5, 2.5)),  # nobody converts without any one of them
        ("shapley", (2.5, 2.5, 2.5, 2.5)),
    ],
)
def test_one_path_by_hand(model, expected):
    names = ("display", "email", "search", "direct")
    for what, scale in (("conversions", 1), ("revenue", 50)):
        found = credit(ONE, model, what)
        assert found == pytest.approx(
            {name: value * scale for name, value in zip(names, expected, strict=True)}
        )


def test_two_touches_share_as_first_to_last():
    paths = {"path": [("a", "b")], "conversions": [6]}
    assert credit(paths, "position") == pytest.approx({"a": 3, "b": 3})
    assert credit(paths, "position", position=(0.5, 0.25, 0.25)) == pytest.approx({"a": 4, "b": 2})
    assert credit(paths, "position", position=(0, 1, 0)) == pytest.approx({"a": 3, "b": 3})


def test_the_half_life_is_that_of_the_weight():
    paths = {"path": [("a", "b")], "conversions": [3], "days_before": [(2.0, 0.0)]}
    assert credit(paths, "time_decay", half_life_days=2) == pytest.approx({"a": 1, "b": 2})
    far = {**paths, "days_before": [(1e6, 1e6)]}  # weights that no number can hold are equal ones
    assert credit(far, "time_decay") == pytest.approx({"a": 1.5, "b": 1.5})


def test_last_non_direct_of_a_direct_path_is_direct():
    paths = {"path": [("direct", "direct"), ("email", "direct", "direct")], "conversions": [2, 5]}
    assert credit(paths, "last_non_direct") == {"direct": 2, "email": 5}
    assert credit(paths, "last_non_direct", direct="email") == {"direct": 7, "email": 0}


def test_markov_as_published():
    # Bryl, S. (2016), Marketing multi-channel attribution model with R: three customers
    paths = pd.DataFrame(
        {
            "path": [("C1", "C2", "C3"), ("C1",), ("C2", "C3")],
            "conversions": [1, 0, 0],
        }
    )
    effects = channels.removal_effects(paths).set_index("channel")["removal_effect"]
    assert effects.to_dict() == pytest.approx({"C1": 0.5, "C2": 1, "C3": 1})
    assert credit(paths, "markov") == pytest.approx({"C1": 0.2, "C2": 0.4, "C3": 0.4})


def test_markov_with_a_loop_by_hand():
    # from a: to b, order, nothing (1/3 each); from b: to a, order (1/2 each); begun at a 2/3.
    # Worth of a 0.6, of b 0.8, of the start 2/3; without a 1/6, without b 2/9
    paths = pd.DataFrame({"path": [("a", "b", "a"), ("a",), ("b",)], "conversions": [1, 0, 1]})
    effects = channels.removal_effects(paths).set_index("channel")["removal_effect"]
    assert effects.to_dict() == pytest.approx({"a": 3 / 4, "b": 2 / 3})
    assert credit(paths, "markov") == pytest.approx({"a": 18 / 17, "b": 16 / 17})


def test_markov_of_revenue_by_hand():
    # a visit of a ends in 0 or 100, one of b in 20: without a, the 20 is left; without b, the 100
    paths = pd.DataFrame(
        {"path": [("a",), ("b",)], "conversions": [1, 1], "revenue": [100.0, 20.0]}
    )
    found = channels.removal_effects(paths).set_index("channel")
    assert found["revenue_removal_effect"].to_dict() == pytest.approx({"a": 5 / 6, "b": 1 / 6})
    assert found["removal_effect"].to_dict() == pytest.approx({"a": 0.5, "b": 0.5})
    assert credit(paths, "markov", "revenue") == pytest.approx({"a": 100, "b": 20})


def test_a_channel_of_every_path_loses_all_in_markov():
    paths = {"path": [("a",), ("a", "b"), ("c", "a")], "conversions": [3, 1, 0]}
    effects = channels.removal_effects(pd.DataFrame(paths)).set_index("channel")
    assert effects.loc["a", "removal_effect"] == pytest.approx(1)
    assert sum(credit(paths, "markov").values()) == pytest.approx(4)


def test_journeys_without_an_order_move_markov_alone():
    paths = {
        "path": [("a", "b"), ("a",), ("b",)],
        "conversions": [5, 5, 0],
        "days_before": [(1.0, 0.0), (0.0,), (0.0,)],
    }
    more = {**paths, "journeys": [5, 5, 20]}
    moved = {
        model
        for model in channels.MODELS
        if credit(paths, model) != pytest.approx(credit(more, model))
    }
    assert moved == {"markov"}


def test_shapley_by_hand():
    paths = {
        "path": [("a",), ("b", "b"), ("b", "a"), ("a", "b"), ("c", "a", "b")],
        "conversions": [4, 2, 2, 4, 3],
    }
    # 4 + 6/2 + 3/3, 2 + 6/2 + 3/3, 3/3
    assert credit(paths, "shapley") == pytest.approx({"a": 8, "b": 6, "c": 1})


def test_shapley_of_rates_by_hand():
    paths = {
        "path": [("a",), ("b",), ("a", "b")],
        "conversions": [1, 2, 9],
        "journeys": [10, 10, 20],
    }
    # rates 0.1, 0.2 and, of both, 12/40: half of 0.1 + (0.3 - 0.2), half of 0.2 + (0.3 - 0.1)
    assert credit(paths, "shapley", worth="rate") == pytest.approx({"a": 4, "b": 8})


def test_shapley_of_rates_is_the_mean_over_all_orders_of_joining():
    rng = np.random.default_rng(5)
    count = 4
    journeys = rng.integers(0, 30, 1 << count).astype("float64")
    ended = np.floor(journeys * rng.random(1 << count))
    journeys[0] = ended[0] = 0

    def rate(members):
        met = [s for s in range(1 << count) if s & ~members == 0]
        whole = journeys[met].sum()
        return ended[met].sum() / whole if whole else 0.0

    orders = list(itertools.permutations(range(count)))
    expected = np.zeros(count)
    for order in orders:
        joined = 0
        for channel in order:
            expected[channel] += rate(joined | 1 << channel) - rate(joined)
            joined |= 1 << channel
    found = of_rates(np.arange(1 << count), journeys, ended[:, None], channels=count)
    assert found[:, 0] == pytest.approx(expected / len(orders))


# --- What holds of any journeys -------------------------------------------------------------


@st.composite
def any_paths(draw):
    """Draw paths with conversions, revenue, journeys and days before."""
    rows = draw(
        st.lists(
            st.tuples(
                st.lists(st.sampled_from(CHANNELS), min_size=1, max_size=5).map(tuple),
                st.integers(0, 4),
                st.integers(0, 9),
                st.integers(0, 5),
            ),
            min_size=1,
            max_size=8,
        )
    )
    frame = pd.DataFrame(rows, columns=["path", "conversions", "cents", "nothing"])
    days = [tuple(range(len(path) - 1, -1, -1)) for path in frame["path"]]
    return pd.DataFrame(
        {
            "path": frame["path"],
            "conversions": frame["conversions"],
            "revenue": frame["conversions"] * frame["cents"] * 1.25,
            "margin": frame["conversions"] * frame["nothing"] * 0.5,
            "journeys": (frame["conversions"] + frame["nothing"]).clip(lower=1),
            "days_before": pd.Series(days, dtype="object"),
        }
    )


@settings(max_examples=20, deadline=None)
@given(any_paths(), st.sampled_from(["conversions", "rate"]))
def test_credits_add_up_to_the_orders_and_the_amounts(paths, worth):
    found = channels.attribute(paths, model="all", worth=worth)
    assert found["model"].unique().tolist() == list(channels.MODELS)
    sums = found.groupby("model")[["conversions", "revenue", "margin"]].sum()
    for what in sums:
        assert sums[what].to_numpy() == pytest.approx(paths[what].sum(), rel=1e-9, abs=1e-9)
    shares = found.groupby("model")["share"].sum(min_count=1)
    if paths["conversions"].sum():
        assert shares.to_numpy() == pytest.approx(1, abs=1e-9)
    else:
        assert shares.isna().all()
    assert worth == "rate" or (found["conversions"] >= -1e-9).all()


@settings(max_examples=12, deadline=None)
@given(any_paths(), st.randoms(use_true_random=False))
def test_neither_the_rows_nor_their_grouping_count(paths, random):
    whole = channels.attribute(paths, model="all", worth="rate")
    order = list(range(len(paths)))
    random.shuffle(order)
    shuffled = channels.attribute(paths.iloc[order], model="all", worth="rate")
    # each row cut into two that say the same
    half = paths.assign(
        **{name: paths[name] / 2 for name in ("conversions", "revenue", "margin", "journeys")}
    )
    halves = channels.attribute(pd.concat([half, half]), model="all", worth="rate")
    for other in (shuffled, halves):
        pd.testing.assert_frame_equal(whole, other, rtol=1e-9, atol=1e-9)


@settings(max_examples=12, deadline=None)
@given(any_paths(), st.integers(2, 50))
def test_revenue_scales_and_conversions_do_not_care(paths, scale):
    before = channels.attribute(paths, model="all")
    after = channels.attribute(paths.assign(revenue=paths["revenue"] * scale), model="all")
    assert after["conversions"].to_numpy() == pytest.approx(before["conversions"].to_numpy())
    assert after["revenue"].to_numpy() == pytest.approx(scale * before["revenue"].to_numpy())


@settings(max_examples=12, deadline=None)
@given(any_paths())
def test_a_channel_twice_in_a_row_changes_neither_markov_nor_shapley(paths):
    twice = paths.assign(path=[tuple(c for c in path for _ in "12") for path in paths["path"]])
    models = ["markov", "shapley"]
    before = channels.attribute(paths, model=models)
    after = channels.attribute(twice.drop(columns="days_before"), model=models)
    pd.testing.assert_frame_equal(before, after, rtol=1e-9, atol=1e-9)


@settings(max_examples=10, deadline=None)
@given(any_paths())
def test_paths_in_a_row_of_one_channel_are_one_to_all_models(paths):
    single = paths.assign(path=[(path[0],) for path in paths["path"]])
    single["days_before"] = [(0.0,)] * len(paths)
    found = channels.attribute(single, model="all")
    wide = found.pivot(index="model", columns="channel", values="conversions")
    assert np.ptp(wide.to_numpy(), axis=0) == pytest.approx(0, abs=1e-9)


def test_names_of_channels_have_no_say():
    paths = pd.DataFrame(ONE)
    other = paths.assign(path=[("w", "x", "y", "direct")])
    before, after = (
        channels.attribute(one, model="all").set_index(["model", "channel"])["conversions"]
        for one in (paths, other)
    )
    for model in channels.MODELS:
        assert after[model, "w"] == pytest.approx(before[model, "display"])
        assert after[model, "y"] == pytest.approx(before[model, "search"])


# --- Edges and refusals ---------------------------------------------------------------------


def test_no_path_gives_no_row():
    empty = pd.DataFrame({"path": [], "conversions": [], "days_before": []})
    found = channels.attribute(empty, model="all")
    assert found.empty
    assert list(found) == ["model", "channel", "conversions", "revenue", "margin", "share"]
    assert channels.removal_effects(empty).empty


def test_no_order_gives_no_credit_and_no_share():
    found = channels.attribute(
        pd.DataFrame({"path": [("a", None)], "conversions": [0], "days_before": [(1.0, 0.0)]}),
        model="all",
    )
    assert (found["conversions"] == 0).all()
    assert found["share"].isna().all()
    assert found["channel"].tolist()[:2] == ["a", None]
    assert found["revenue"].isna().all()  # nobody told an amount


def test_an_unknown_channel_keeps_its_credit():
    paths = {"path": [("email", None), (None,)], "conversions": [1, 1]}
    found = channels.attribute(pd.DataFrame(paths), model=["last", "linear"])
    assert found["channel"].tolist() == ["email", None, "email", None]
    assert found["conversions"].tolist() == [0, 2, 0.5, 1.5]


def test_the_frame_in_hand_is_left_alone():
    paths = pd.DataFrame(ONE)
    before = paths.copy(deep=True)
    channels.attribute(paths, model="all")
    pd.testing.assert_frame_equal(paths, before)


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"model": "lats"}, ComputeError, "did you mean 'last'"),
        ({"model": []}, ComputeError, "no model"),
        ({"half_life_days": 0}, ComputeError, "half_life_days == 0"),
        ({"half_life_days": math.inf}, ComputeError, "half_life_days"),
        ({"position": (0.4, 0.4)}, ComputeError, "three shares"),
        ({"position": (0.6, -0.2, 0.6)}, ComputeError, "three shares"),
        ({"position": (0.4, 0.4, 0.4)}, ComputeError, "add up to 1"),
        ({"worth": "votes"}, ComputeError, "worth == 'votes'"),
        ({"intervals": True}, ComputeError, "whose journeys"),
    ],
)
def test_what_is_refused(given, error, words):
    with pytest.raises(error, match=words):
        channels.attribute(pd.DataFrame(ONE), **given)


@pytest.mark.parametrize(
    ("paths", "words"),
    [
        ({"path": ["a > b"], "conversions": [1]}, "tuple of channels"),
        ({"path": [()], "conversions": [1]}, "one or more"),
        ({"path": [("a",)], "conversions": [-1]}, "0 or more"),
        ({"path": [("a",)], "conversions": [None]}, "must be known"),
        ({"path": [("a",)], "conversions": [1], "days_before": [(1, 2)]}, "a number for each"),
    ],
)
def test_paths_that_are_none_are_refused(paths, words):
    with pytest.raises(DataError, match=words):
        channels.attribute(pd.DataFrame(paths))


def test_time_decay_needs_days_and_a_path_its_column():
    with pytest.raises(ComputeError, match="time_decay needs"):
        credit({"path": [("a",)], "conversions": [1]}, "time_decay")
    with pytest.raises(ColumnError, match="path"):
        credit({"way": [("a",)], "conversions": [1]}, "last")


def test_shapley_of_rates_says_how_many_channels_it_takes():
    paths = {"path": [tuple(f"c{n}" for n in range(16))], "conversions": [1]}
    assert sum(credit(paths, "shapley").values()) == pytest.approx(1)
    with pytest.raises(ComputeError, match="at most 15 channels"):
        credit(paths, "shapley", worth="rate")
    many = {"path": [tuple(f"c{n}" for n in range(63))], "conversions": [1]}
    with pytest.raises(ComputeError, match="at most 62 channels"):
        credit(many, "shapley")


@pytest.mark.parametrize(("margin", "shared"), [((300, -300), False), ((300, -200), True)])
def test_markov_shares_no_margin_out_where_gains_and_losses_cancel(margin, shared):
    """Each alone on its paths: what one channel gains, the other loses."""
    paths = pd.DataFrame(
        {"path": [("a",), ("b",)], "conversions": [5, 5], "margin": [float(one) for one in margin]}
    )
    found = channels.attribute(paths, model=["markov", "linear"], intervals=False).set_index(
        "model"
    )
    assert found.margin.linear.tolist() == [*margin]
    assert found.margin.markov.notna().tolist() == [shared] * 2
    assert found.conversions.markov.tolist() == [5, 5]
