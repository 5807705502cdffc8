"""Credit of the demo's journeys, beside what its channels truly cause, and beside its test."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

import marketing_kpi as mk
from marketing_kpi import channels, experiments
from marketing_kpi.data.demo import truth

CAUSES_NOTHING = ("direct", "organic_search")
ORDERS_OF_A_YEAR = {"start": "2025-01-01", "end": "2026-01-01"}


@pytest.fixture(scope="module")
def data():
    with mk.demo() as opened:
        yield opened


@pytest.fixture(scope="module")
def quality(data):
    return channels.journey_quality(data, **ORDERS_OF_A_YEAR)


@pytest.fixture(scope="module")
def credits(quality):
    return channels.attribute(quality.journeys, model="all")


@pytest.fixture(scope="module")
def caused():
    return pd.Series(truth()["journeys"]["removal_effect"])


def test_the_journeys_are_those_of_the_simulation(data, quality):
    found = quality.journeys
    orders = mk.compute("orders", data, by=["channel"], start="2025-01-01", end="2026-01-01")
    online = orders.to_pandas().set_index("channel").loc[["web", "app"], "orders"].sum()
    assert found.conversions + found.without_touch == online
    sales = mk.compute("net_sales", data, by=["channel"], start="2025-01-01", end="2026-01-01")
    revenue = sales.to_pandas().set_index("channel").loc[["web", "app"], "net_sales"].sum()
    assert found.revenue + found.revenue_without_touch == pytest.approx(float(revenue), abs=0.01)
    told = truth()["journeys"]["conversion_of_a_journey"]
    assert found.conversions / found.journeys == pytest.approx(told, rel=0.05)


def test_every_model_adds_up_and_none_says_what_is_caused(quality, credits, caused):
    wide = credits.pivot(index="channel", columns="model", values="conversions")
    assert wide.sum().to_numpy() == pytest.approx(quality.journeys.conversions)
    shares = wide / quality.journeys.conversions
    # two thirds of the orders would have come anyway; the models credit channels with all of them
    assert caused.sum() < 0.4
    assert (shares.loc[[*CAUSES_NOTHING]].sum() > 0.35).all()
    effects = channels.removal_effects(quality.journeys).set_index("channel")["removal_effect"]
    assert (effects > caused.reindex(effects.index)).all()


def test_rates_find_out_the_channel_that_is_met_often_and_does_little(quality, credits, caused):
    of_rates = channels.attribute(quality.journeys, model="shapley", worth="rate")
    display = of_rates.set_index("channel").loc["display", "share"]
    others = credits[credits["channel"] == "display"].set_index("model")["share"]
    assert abs(display - caused["display"]) < 0.02
    assert others["shapley"] > 5 * caused["display"]
    assert others["markov"] > 5 * caused["display"]
    assert others["first"] > 5 * caused["display"]


def test_checks_of_clean_journeys(quality):
    counts = quality.checks.set_index("check")["count"]
    clean = ["without_time", "without_person", "without_channel", "duplicates", "shared_visitors"]
    assert (counts[[*clean, "orders_without_person", "visits_after_order"]] == 0).all()
    assert counts["orders_without_touch"] == quality.journeys.without_touch
    shares = quality.checks.set_index("check")["share"]
    # touches before 2025 are not shown: nearly all orders of January look back beyond them
    assert 0.03 < shares["before_data"] < 0.1
    of_one = quality.journeys.paths.query("touches == 1")["conversions"].sum()
    assert counts["one_touch"] == of_one


def test_intervals_of_the_demo_are_narrower_than_the_models_differ(quality):
    found = channels.attribute(
        quality.journeys, model="all", intervals=True, rng=np.random.default_rng(3)
    )
    display = found[found["channel"] == "display"].set_index("model")
    assert display.loc["last", "share_high"] < display.loc["markov", "share_low"]
    # a count of independent orders would have an error of its square root
    last = found[found["model"] == "last"].set_index("channel").loc["display"]
    reach = (last["conversions_high"] - last["conversions_low"]) / 2
    assert reach == pytest.approx(1.98 * np.sqrt(last["conversions"]), rel=0.3)


def test_credit_beside_the_control_group(data):
    found = channels.against_lift(data, campaign="spring_mail")
    told = truth()["spring_mail"]
    assert found.problem is None
    assert (found.start, found.end) == (dt.date(2025, 4, 3), dt.date(2025, 5, 1))
    assert found.treated + found.control == told["members"]
    assert found.added_low < told["realised_extra_orders"] < found.added_high
    members = experiments.members(data, campaign="spring_mail", window_days=28)
    same = experiments.incremental(members, cost=0.0).orders
    assert (found.added, found.added_low, found.added_high) == pytest.approx(tuple(same))
    assert found.credits["touch"].unique().tolist() == ["reaction", "contact"]
    by_touch = found.credits.set_index(["touch", "model"])
    assert (by_touch["credited"] <= found.orders).all()
    assert by_touch.loc["contact", "reached"].eq(found.treated).all()
    # the more of the mailing is seen, the more every model gives it
    more = by_touch.loc["contact", "credited"] - by_touch.loc["reaction", "credited"]
    assert (more > 0).all()


def test_a_mailing_that_adds_nothing_is_credited_all_the_same(data):
    found = channels.against_lift(data, campaign="autumn_mail")
    assert truth()["autumn_mail"]["extra_order_probability"] < 0.02
    of_contact = found.credits[found.credits["touch"] == "contact"]
    assert (of_contact["verdict"] == "too_many").all()
    assert (of_contact["credited"] > truth()["autumn_mail"]["realised_extra_orders"]).all()


def test_the_kpi_of_attributed_revenue_is_one_of_the_models(data, credits):
    found = mk.compute(
        "attributed_revenue", data, by=["marketing_channel"], start="2025-01-01", end="2026-01-01"
    ).to_pandas()
    told = found.set_index("marketing_channel")["attributed_revenue"].astype("float64")
    model = credits[credits["model"] == "last_non_direct"].set_index("channel")["revenue"]
    assert told.reindex(model.index).to_numpy() == pytest.approx(model.to_numpy(), abs=0.005)
