"""Response curves and budgets: what is put in comes out, and silence where nothing tells."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import marketing_kpi as mk
from marketing_kpi import channels
from marketing_kpi.data.demo import truth
from marketing_kpi.errors import ComputeError, MissingDataError
from marketing_kpi.spending.budget import _divide
from marketing_kpi.spending.curves import adstock

NAMES = ["a", "b", "c"]
NOW = np.array([900.0, 500.0, 300.0])
SIZE = np.array([800.0, 300.0, 400.0])


def simulated(elasticity, *, weeks=156, shared=False, noise=0.03, move=0.15, seed=1):
    """Return weeks of three channels whose elasticities are known, spend following a season."""
    rng = np.random.default_rng(seed)
    mondays = pd.date_range(end="2025-12-22", periods=weeks, freq="7D", name="week")
    season = 1 + 0.2 * np.cos(2 * np.pi * mondays.day_of_year.to_numpy() / 365)
    season = season + 0.9 * (mondays.isocalendar().week.to_numpy(dtype=int) == 48)
    spend = NOW * season[:, None] * np.exp(rng.normal(0, move, (weeks, 3)))
    lift = np.asarray(elasticity) * np.log(spend / NOW)
    error = rng.normal(0, noise, (weeks, 3))
    spend = pd.DataFrame(spend, index=mondays, columns=NAMES)
    if shared:
        sales = 50_000 * season**2 * np.exp(lift.sum(axis=1) + error[:, 0])
        return channels.Weeks("net_sales", spend, pd.DataFrame({"all": sales}, index=mondays))
    result = pd.DataFrame(SIZE * np.exp(lift + error), index=mondays, columns=NAMES)
    return channels.Weeks("clicks", spend, result)


def one_in(size, place):
    """Return a column of zeros with a one at a place."""
    return (np.arange(size) == place).astype(float)[:, None]


def table_of(weeks, **settings):
    found = channels.response_curves(weeks, **settings).table
    return found.set_index("marketing_channel").loc[NAMES]


def test_the_elasticity_put_in_comes_out():
    found = table_of(simulated([0.7, 0.4, 0.9], noise=0.002))
    assert found.elasticity.tolist() == pytest.approx([0.7, 0.4, 0.9], abs=0.01)
    assert (found.low < found.elasticity).all()
    assert (found.elasticity < found.high).all()
    assert found.verdict.tolist() == ["saturating"] * 3
    slope = found.elasticity * found.result / found.spend
    assert found.marginal.tolist() == pytest.approx(slope.tolist())


def test_units_and_the_order_of_columns_change_nothing():
    weeks = simulated([0.7, 0.4, 0.9])
    other = channels.Weeks("clicks", weeks.spend[NAMES[::-1]] * 100, weeks.result[NAMES[::-1]] * 7)
    first, second = table_of(weeks), table_of(other)
    for name in ("elasticity", "low", "high"):
        assert second[name].tolist() == pytest.approx(first[name].tolist(), rel=1e-9)


def test_the_season_left_in_passes_for_an_effect_of_spend():
    weeks = simulated([0.0, 0.0, 0.0], shared=True)
    naive, careful = table_of(weeks, season=False), table_of(weeks)
    assert naive.elasticity.mean() > 0.3 > abs(careful.elasticity.mean())
    assert careful.verdict.tolist() == ["cannot_tell"] * 3


def test_carried_over_spend_is_found_where_it_is_assumed():
    weeks = simulated([0.0, 0.0, 0.0], noise=0.002)
    spread = np.column_stack([adstock(weeks.spend[name], carryover=0.5) for name in NAMES])
    carried = weeks._replace(result=weeks.result * (spread / NOW) ** 0.6)
    assert table_of(carried, carryover=0.5).elasticity.tolist() == pytest.approx(
        [0.6] * 3, abs=0.01
    )
    assert adstock([100.0] * 4, carryover=0.7).tolist() == pytest.approx([100.0] * 4)


def test_weeks_without_spend_have_a_level_of_their_own():
    weeks = simulated([0.7, 0.4, 0.9], noise=0.002)
    off = np.arange(len(weeks.spend)) % 9 == 4
    spend = weeks.spend.assign(a=weeks.spend.a.where(~off, 0.0))
    result = weeks.result.assign(a=weeks.result.a.where(~off, 100.0))
    found = table_of(weeks._replace(spend=spend, result=result))
    assert found.elasticity.a == pytest.approx(0.7, abs=0.02)


def alternate(result):
    """Return 13 weeks of one channel: 100 spent in every other one, from the first."""
    mondays = pd.date_range("2025-09-29", periods=13, freq="7D", name="week")
    frames = (
        pd.DataFrame({"x": column}, index=mondays) for column in ([100.0, 0] * 6 + [100], result)
    )
    return channels.Weeks("clicks", *frames)


@pytest.mark.parametrize(
    ("off", "paid"),
    [
        (np.nan, [200.0] * 7),  # nothing spent, nothing recorded: nothing came
        (0.0, [200.0] * 7),
        (np.nan, [200.0] * 6 + [np.nan]),  # a week whose clicks are not known counts for neither
    ],
)
def test_a_result_costs_the_spend_of_the_weeks_that_it_is_known_of(off, paid):
    """Clicks at 0.50: 700 a quarter is 53.85 a week, for 107.69 clicks."""
    row = channels.response_curves(
        alternate([*np.ravel([(n, off) for n in paid])][:13])
    ).table.iloc[0]
    assert row.spend == pytest.approx(700 / 13)
    assert row.result == pytest.approx(1400 / 13)
    assert row.spend / row.result == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda weeks: weeks._replace(spend=weeks.spend.tail(90), result=weeks.result.tail(90)),
         "few_weeks"),
        (lambda weeks: weeks._replace(result=weeks.result.tail(60).reindex(weeks.spend.index)),
         "few_weeks"),
        (lambda weeks: weeks._replace(result=weeks.result * np.nan), "few_results"),
        (lambda weeks: weeks._replace(result=weeks.result / 100), "few_results"),
        (lambda weeks: weeks._replace(spend=weeks.spend * 0 + NOW), "never_varied"),
        (lambda weeks: weeks._replace(spend=weeks.spend * 0 + NOW + 9e4 * one_in(156, 50)),
         "few_moves"),
    ],
)  # fmt: skip
def test_where_nothing_tells_it_is_said(change, reason):
    found = channels.response_curves(change(simulated([0.7, 0.4, 0.9])))
    assert {*found.table.reason} == {reason}
    assert {*found.table.verdict} == {"none"}
    assert found.table.elasticity.isna().all()
    assert channels.allocate(found) is None


def test_channels_that_move_together_cannot_be_told_apart():
    weeks = simulated([0.3, 0.0, 0.0], shared=True)
    both = weeks._replace(spend=weeks.spend.assign(b=weeks.spend.a / 2))
    assert {*channels.response_curves(both).table.reason} == {"not_separable"}


def test_settings_out_of_range_are_refused():
    weeks = simulated([0.7, 0.4, 0.9])
    with pytest.raises(ComputeError, match="carryover == 1"):
        channels.response_curves(weeks, carryover=1)
    with pytest.raises(ComputeError, match="current_weeks == 0"):
        channels.response_curves(weeks, current_weeks=0)


def test_a_curve_goes_through_the_present():
    curves = channels.response_curves(simulated([0.7, 0.4, 0.9]))
    line = channels.curve(curves, channel="a")
    row = curves.table.set_index("marketing_channel").loc["a"]
    assert (line.low <= line.result + 1e-9).all()
    assert (line.result <= line.high + 1e-9).all()
    assert np.interp(row.spend, line.spend, line.result) == pytest.approx(row.result, rel=1e-3)


def test_a_paused_channel_has_no_present_and_keeps_what_it_has():
    weeks = simulated([0.7, 0.4, 0.9])
    for frame in (weeks.spend, weeks.result):
        frame.loc[frame.index[-13:], "a"] = 0.0
    curves = channels.response_curves(weeks._replace(result=weeks.result.replace(0.0, np.nan)))
    assert curves.table.set_index("marketing_channel").elasticity.notna().all()
    assert channels.curve(curves, channel="a").empty
    assert curves.main == "b"
    found = channels.allocate(curves)
    assert found.left_out == ("a",)
    assert found.table.marketing_channel.tolist() == ["b", "c"]


# --- Budget ---------------------------------------------------------------------------------


def test_the_best_division_gives_every_channel_the_same_last_dollar():
    curves = channels.response_curves(simulated([0.5, 0.5, 0.5], noise=0.001, move=0.5))
    found = channels.allocate(curves)
    assert found.best_result == pytest.approx(found.result + found.gain)
    assert found.table.best.sum() == pytest.approx(found.budget)
    table = curves.table.set_index("marketing_channel").loc[found.table.marketing_channel]
    b, best = table.elasticity.to_numpy(), found.table.best.to_numpy()
    last = b * table.result * (best / table.spend) ** b / best
    assert last.to_numpy() == pytest.approx(np.full(3, last.iloc[0]), rel=1e-3)
    assert found.verdict == "gain"
    assert 0 < found.low <= found.gain <= found.high


@settings(max_examples=60, deadline=None)
@given(
    b=st.lists(st.floats(-0.5, 1.4), min_size=3, max_size=3),
    weight=st.lists(st.floats(1, 1e6), min_size=3, max_size=3),
    share=st.floats(0, 1),
)
def test_a_division_spends_the_budget_within_bounds(b, weight, share):
    low, high = NOW * 0.6, NOW * 1.7
    total = float((low + share * (high - low)).sum())
    found = _divide(np.array([b]), NOW, np.array(weight), low, high, total)[0]
    assert found.sum() == pytest.approx(total)
    assert (found >= low * (1 - 1e-9)).all()
    assert (found <= high * (1 + 1e-9)).all()


def test_no_other_division_is_better():
    b, low, high = np.array([0.7, 0.4, 0.55]), NOW * 0.6, NOW * 1.7
    best = _divide(b[None], NOW, SIZE, low, high, float(NOW.sum()))[0]
    value = (SIZE * (best / NOW) ** b).sum()
    rng = np.random.default_rng(3)
    others = low + rng.dirichlet([1, 1, 1], 4000) * (NOW.sum() - low.sum())
    others = others[(others <= high).all(axis=1)]
    assert len(others) > 500
    assert (SIZE * (others / NOW) ** b).sum(axis=1).max() <= value * (1 + 1e-9)


def test_chosen_from_noise_no_division_is_said_to_gain():
    for seed in range(6):
        curves = channels.response_curves(simulated([0.0] * 3, shared=True, seed=seed, noise=0.08))
        found = channels.allocate(curves)
        assert found.gain >= 0
        assert found.verdict == "cannot_tell"
        assert {*found.table.direction} <= {"cannot_tell", "keep"}


def test_a_budget_beyond_what_was_seen_is_refused():
    curves = channels.response_curves(simulated([0.7, 0.4, 0.9]))
    with pytest.raises(ComputeError, match=r"budget == 99999\.00, must be from"):
        channels.allocate(curves, budget=99_999)
    with pytest.raises(ComputeError, match="channel 'c' not found"):
        channels.allocate(curves, values={"a": 1.0, "b": 2.0})


def test_dearer_results_draw_the_budget():
    curves = channels.response_curves(simulated([0.5, 0.5, 0.5], noise=0.005))
    cheap = channels.allocate(curves).table.set_index("marketing_channel").best
    dear = channels.allocate(curves, values={"a": 1, "b": 9, "c": 1}).table
    assert dear.set_index("marketing_channel").best.b > cheap.b


def test_models_that_disagree_leave_the_budget_alone():
    curves = channels.response_curves(simulated([0.5, 0.5, 0.5], noise=0.005))
    values = {"first": {"a": 9.0, "b": 1.0, "c": 1.0}, "last": {"a": 1.0, "b": 9.0, "c": 1.0}}
    found = channels.allocate_by_model(curves, values).set_index("marketing_channel")
    assert found.loc["b", ["raised", "lowered"]].tolist() == [1, 1]
    assert found.direction.b == "cannot_tell"
    assert found.models.tolist() == [2, 2, 2]
    assert channels.allocate_by_model(curves, {}).empty


def test_values_are_credits_for_one_result():
    weeks = simulated([0.7, 0.4, 0.9])
    credits = pd.DataFrame({"model": "last", "channel": ["a", "b", "c"]})
    credits["revenue"], credits["margin"] = [1000.0, 50.0, 80.0], [500.0, 25.0, -10.0]
    period = {"start": "2025-06-02", "end": "2025-06-30"}
    found = channels.values_by_model(credits, weeks, **period)
    uncosted = channels.values_by_model(credits.assign(margin=np.nan), weeks, **period)
    clicks = weeks.result.loc["2025-06-02":"2025-06-23"].sum()
    assert found == {"last": pytest.approx({"a": 500 / clicks.a, "b": 25 / clicks.b, "c": 0})}
    assert uncosted["last"]["a"] == pytest.approx(1000 / clicks.a)


# --- Weeks of data --------------------------------------------------------------------------


def test_weeks_are_whole_and_hold_zeros():
    days = pd.to_datetime(["2025-01-01", "2025-01-06", "2025-01-14", "2025-01-27"])
    spend = pd.DataFrame({"day": days, "marketing_channel": ["a", "a", "b", "a"]})
    spend["amount"], spend["clicks"] = [5.0, 10.0, 20.0, 40.0], [1, 2, None, 3]
    orders = pd.DataFrame({"order_id": list("12"), "customer_id": list("xy")})
    orders["ordered_at"], orders["amount"] = pd.to_datetime(["2025-01-02", "2025-02-05"]), [9.0, 8]
    with mk.open_data({"marketing_spend": spend, "orders": orders}) as data:
        found = channels.weeks(data, end="2026-01-01")
        sales = channels.weeks(data, end="2026-01-01", outcome="net_sales")
        none = channels.weeks(data, end="2024-01-01")
    assert [str(day.date()) for day in found.spend.index] == [
        "2025-01-06", "2025-01-13", "2025-01-20",
    ]  # fmt: skip
    assert found.spend.a.tolist() == [10, 0, 0]
    assert found.spend.b.tolist() == [0, 20, 0]
    assert found.result.b.isna().all()
    assert sales.result["all"].tolist() == [0, 0, 0]
    assert none.spend.empty
    assert channels.response_curves(none).table.empty
    assert {*channels.response_curves(found).table.reason} == {"few_weeks"}


def test_the_present_is_that_of_the_last_weeks():
    weeks = simulated([0.7, 0.4, 0.9])  # the last begins on Monday 22 December 2025
    found = channels.response_curves(weeks)
    assert found.present == (dt.date(2025, 9, 29), dt.date(2025, 12, 29))
    after = weeks.spend.index >= "2025-09-29"
    now = found.table.set_index("marketing_channel").spend
    assert now[NAMES].tolist() == pytest.approx(weeks.spend[after].mean().tolist())
    assert channels.allocate(found).present == found.present
    last = channels.response_curves(weeks, current_weeks=1)
    assert last.present == (dt.date(2025, 12, 22), dt.date(2025, 12, 29))
    none = weeks._replace(spend=weeks.spend.head(0), result=weeks.result.head(0))
    assert channels.response_curves(none).present is None


def test_what_lacks_is_said():
    orders = pd.DataFrame({"order_id": ["1"], "ordered_at": pd.to_datetime(["2025-01-02"])})
    with mk.open_data({"orders": orders}) as data:
        assert "marketing_spend.clicks" in channels.lacks_weeks(data)
        assert "orders.customer_id" in channels.lacks_weeks(data, outcome="customers_acquired")
        with pytest.raises(MissingDataError, match="spend by week beside clicks needs"):
            channels.weeks(data, end="2026-01-01")
        with pytest.raises(ComputeError, match="outcome 'click' not found"):
            channels.weeks(data, end="2026-01-01", outcome="click")


def test_the_demo_is_found_as_it_was_made():
    with mk.demo() as data:
        clicks = channels.weeks(data, end="2026-01-01")
        sales = channels.weeks(data, end="2026-01-01", outcome="net_sales")
        total = mk.compute(
            "net_sales", data, start=sales.spend.index[0].date(), end="2025-12-29"
        ).execute()
    assert sales.result["all"].sum() == pytest.approx(float(total.iloc[0, 0]))
    power = truth()["marketing_spend"]["saturation"]
    found = channels.response_curves(clicks).table.dropna(subset=["elasticity"])
    assert len(found) == 4
    assert ((found.low <= power) & (power <= found.high)).all()
    # Spend of a day has no effect on the orders of that day.
    effects = channels.response_curves(sales).table.dropna(subset=["elasticity"])
    assert {*effects.verdict} == {"cannot_tell"}
    assert channels.allocate(channels.response_curves(sales)).verdict == "cannot_tell"
