"""The threshold adviser: its curve against a published one, its error against a jackknife."""

import datetime as dt

import ibis
import numpy as np
import pandas as pd
import pytest

import marketing_kpi as mk
from marketing_kpi import lifecycle
from marketing_kpi.errors import ComputeError
from marketing_kpi.stages import adviser
from marketing_kpi.stages.adviser import FEWEST_RETURNS, propose
from marketing_kpi.stages.settings import Settings

AS_OF = dt.date(2026, 1, 1)


def curve_of(waits):
    """Return the curve of waits given as (customer_id, wait, returned)."""
    connection = ibis.duckdb.connect()
    table = connection.create_table("waits", waits)

    class Engine:
        pass

    engine = Engine()
    engine.connection = connection
    return adviser._Curve.of(table, engine)


# Weeks of remission of 21 patients with leukaemia (6-MP), and the survival estimated: Freireich et
# al. (1963), in Cox and Oakes (1984), Analysis of Survival Data, table 4.1. True: relapsed.
REMISSIONS = [
    *[(6, True)] * 3, (6, False), (7, True), (9, False), (10, True), (10, False), (11, False),
    (13, True), (16, True), (17, False), (19, False), (20, False), (22, True), (23, True),
    (25, False), (32, False), (32, False), (34, False), (35, False),
]  # fmt: skip
SURVIVAL = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}


def test_the_curve_is_that_of_kaplan_and_meier_as_published():
    rows = [
        (f"{copy}-{n}", wait, returned)
        for copy in range(100)  # the curve asks for 100 purchases watched
        for n, (wait, returned) in enumerate(REMISSIONS)
    ]
    curve = curve_of(pd.DataFrame(rows, columns=["customer_id", "wait", "returned"]))
    assert curve.days.tolist() == [*SURVIVAL]
    np.testing.assert_allclose(1 - curve.returned, [*SURVIVAL.values()], atol=5e-4)
    assert (curve.returns, curve.purchases, curve.horizon) == (900, 2100, 35)
    assert curve.returning == pytest.approx(1 - 0.448, abs=5e-4)
    # of those who relapse within 23 weeks, half have by the 10th: .247 / .552 = .447, then .562
    assert curve.day_of(0.44) == 10
    assert curve.day_of(0.5) == 13
    assert curve.share_by(12) == pytest.approx(0.2471 / 0.5518, abs=1e-3)
    assert curve.share_by(5) == 0
    # nobody relapsed after the 23rd week, and patients were watched up to the 35th
    assert curve.share_by(24) == 1
    assert curve.share_by(36) is None


def random_waits(seed, customers=80):
    """Return clocks of customers who differ: those of one are alike."""
    rng = np.random.default_rng(seed)
    rows = []
    for n in range(customers):
        pace = rng.gamma(2, 20)
        for _ in range(rng.integers(1, 8)):
            wait, watched = rng.exponential(pace), rng.uniform(20, 300)
            rows.append((f"c{n}", int(min(wait, watched)) + 1, bool(wait < watched)))
    return pd.DataFrame(rows, columns=["customer_id", "wait", "returned"])


def share_at(waits, limit, last):
    """Return the share of the returns up to a day that have come by another, in plain NumPy."""
    survival = {}
    left = 1.0
    for day in range(1, last + 1):
        watched = (waits["wait"] >= day).sum()
        came = ((waits["wait"] == day) & waits["returned"]).sum()
        left *= 1 - came / watched
        survival[day] = left
    return (1 - survival[limit]) / (1 - survival[last])


def test_the_error_of_a_share_is_that_of_leaving_each_customer_out(monkeypatch):
    monkeypatch.setattr(adviser, "WATCHED", 20)
    waits = random_waits(3)
    curve = curve_of(waits)
    limit = curve.day_of(0.8)
    full = share_at(waits, limit, curve.horizon)
    assert curve.share_by(limit) == pytest.approx(full, rel=1e-12)
    without = [
        share_at(waits[waits["customer_id"] != who], limit, curve.horizon)
        for who in waits["customer_id"].unique()
    ]
    customers = len(without)
    jackknife = np.sqrt((customers - 1) / customers * np.sum((without - np.mean(without)) ** 2))
    assert curve.error_at(limit) == pytest.approx(jackknife, rel=0.05)
    assert curve.error_at(curve.horizon) == pytest.approx(0, abs=1e-9)


def shop(rows):
    """Open orders given as (customer, day, amount)."""
    orders = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "amount"])
    orders["order_id"] = [f"o{n}" for n in range(len(orders))]
    return mk.open_data({"orders": orders.astype({"ordered_at": "datetime64[us]"})})


def regulars(customers=150, *, days=1000, pace=40.0, seed=1):
    """Return customers who buy at random every so many days, and as many who come once."""
    rng = np.random.default_rng(seed)
    first = AS_OF - dt.timedelta(days=days)
    rows = []
    for n in range(customers):
        day = rng.uniform(0, 200)
        while day < days:
            rows.append((f"c{n}", first + dt.timedelta(days=int(day)), 10.0 * (n % 30 + 1)))
            day += rng.exponential(pace) + 1
        rows.append((f"once{n}", first + dt.timedelta(days=int(rng.uniform(0, days))), 15.0))
    return rows


@pytest.fixture(scope="module")
def steady():
    """A shop whose regulars return after 41 days on average: 80 % by 65, 97.5 % by 148."""
    with shop(regulars()) as data:
        yield data


def test_limits_are_found_in_a_shop_of_known_pace(steady):
    found = propose(steady, as_of=AS_OF)
    defecting, inactive = found.limits
    assert (defecting.id, inactive.id) == ("active_days", "defecting_days")
    for limit, truth in ((defecting, 1 + 40 * np.log(5)), (inactive, 1 + 40 * np.log(40))):
        assert limit.low <= truth + 1
        assert limit.high >= truth - 1
        assert limit.low <= limit.exact <= limit.high
        assert limit.reason is None
        near = found.returning * found.curve.query("days <= @limit.proposed").returned.iloc[-1]
        assert limit.still_return == pytest.approx((found.returning - near) / (1 - near))
    assert defecting.proposed == 60
    assert 0.89 < defecting.current_share < 0.93  # 1 - exp(-89 / 40)
    assert found.settings.customers.active_days == 60
    assert found.settings.customers.defecting_days == inactive.proposed
    assert 28 <= found.median_days <= 30  # 1 + 40 log 2
    assert found.curve["returned"].iloc[-1] == 1
    assert found.curve["returned"].is_monotonic_increasing


def test_a_purchase_on_the_day_of_the_analysis_does_not_count(steady):
    early = AS_OF - dt.timedelta(days=300)
    rows = [row for row in regulars() if row[1] < early]
    with shop(rows) as data:
        pd.testing.assert_frame_equal(
            propose(data, as_of=early).curve, propose(steady, as_of=early).curve
        )


def test_too_few_returns_or_spenders_propose_nothing():
    with shop([("a", dt.date(2025, 1, 1), 10.0), ("a", dt.date(2025, 2, 1), 30.0)]) as data:
        found = propose(data, as_of=AS_OF)
        moves = lifecycle.advise(data, as_of=AS_OF)
    assert [limit.reason for limit in found.limits] == ["few", "few"]
    assert [limit.proposed for limit in found.limits] == [None, None]
    assert found.tiers_reason == "few"
    assert found.tiers["up_to"].isna().all()
    assert found.tiers["current_customers"].tolist() == [1, 0, 0, 0, 0]
    assert found.settings == Settings()
    assert found.curve.empty
    assert (found.returning, found.horizon_days, found.median_days) == (None, None, None)
    assert moves.stages.to_dict("list") == {
        "before": ["defecting"],
        "after": ["defecting"],
        "contacts": [1],
    }


def test_a_few_returns_make_no_median():
    with shop(regulars(4, days=1000, pace=30.0)) as data:
        few = propose(data, as_of=AS_OF)
    assert 0 < few.returns < FEWEST_RETURNS
    assert len(few.curve) > 1
    assert few.median_days is None
    assert not few.proposes


def test_no_purchase_at_all_proposes_nothing():
    with shop([("a", AS_OF, 10.0)]) as data:
        found = propose(data, as_of=AS_OF)
    assert (found.returns, found.purchases, found.spenders) == (0, 0, 0)
    assert [limit.reason for limit in found.limits] == ["few", "few"]


def test_a_limit_that_is_not_followed_long_enough_is_not_proposed():
    with shop(regulars(400, days=190, pace=60.0)) as data:
        _, inactive = propose(data, as_of=AS_OF).limits
    assert inactive.proposed is None
    assert inactive.reason == "history"


def test_a_limit_that_too_few_are_followed_for_lacks_customers_not_history():
    old = [(f"old{n}", AS_OF - dt.timedelta(days=900), 20.0) for n in range(5)]
    with shop([*regulars(400, days=190, pace=60.0), *old]) as data:
        _, inactive = propose(data, as_of=AS_OF).limits
    assert inactive.proposed is None
    assert inactive.reason == "few"


def subscribers(gaps, *, customers=300, days=912):
    """Return customers who buy on fixed dates; `gaps` gives the days of a customer's next wait."""
    first = AS_OF - dt.timedelta(days=days)
    rows = []
    for n in range(customers):
        day = n % 31
        for turn in range(100):
            if day >= days:
                break
            rows.append((f"s{n}", first + dt.timedelta(days=day), 29.9))
            day += gaps(n, turn)
    return rows


def test_purchases_on_fixed_dates_make_a_limit():
    """Whoever left is watched long after day 31, though nobody comes back then any more."""
    rows = subscribers(lambda n, turn: 30 + turn % 2 if turn < 6 + n % 20 else 2000)
    with shop(rows) as data:
        found = propose(data, as_of=AS_OF)
    defecting, inactive = found.limits
    assert (defecting.exact, defecting.proposed, defecting.reason) == (31, 35, None)
    assert defecting.current_share == 1  # within 90 days
    assert defecting.still_return == 0
    assert (inactive.exact, inactive.reason) == (31, "close")
    assert found.horizon_days > 300


def test_slow_returns_after_fixed_dates_make_both_limits():
    def gap(n, turn):
        if turn == 5 + n % 7 and n % 2:  # half of the customers leave for good
            return 2000
        return 150 + (31 * n + turn) % 171 if (n + turn) % 12 == 0 else 31 + 2 * (n % 2)

    rows = subscribers(gap)
    with shop(rows) as data:
        defecting, inactive = propose(data, as_of=AS_OF).limits
    assert (defecting.exact, defecting.proposed) == (33, 35)
    assert 240 < inactive.exact < 320
    assert (inactive.proposed, inactive.reason) == (270, None)


def test_nobody_left_to_follow_is_no_short_history():
    rows = subscribers(lambda n, turn: 30 + turn % 2)
    with shop(rows) as data:
        found = propose(data, as_of=AS_OF)
    assert found.horizon_days == 31
    defecting, _ = found.limits
    assert (defecting.proposed, defecting.current_share, defecting.still_return) == (35, 1, None)


def test_a_limit_is_rounded_up_where_rounding_down_loses_the_share():
    rows = [(f"c{n}", 30 if n < 400 else 31, True) for n in range(1000)]
    rows += [(f"lost{n}", 200, False) for n in range(150)]
    curve = curve_of(pd.DataFrame(rows, columns=["customer_id", "wait", "returned"]))
    assert curve.share_by(30) == pytest.approx(0.4)
    assert adviser._rounded(31, 0.8, curve) == 35
    # 60 % come after day 30: a quarter more than 48 %
    assert adviser._rounded(31, 0.53, curve) == 35
    assert adviser._rounded(31, 0.51, curve) == 30


def test_limits_that_would_not_rise_are_left_as_they_are(steady):
    slow = Settings(customers={"active_days": 3, "defecting_days": 40})
    found = propose(steady, as_of=AS_OF, settings=slow, shares=(0.80, 0.81))
    defecting, inactive = found.limits
    assert inactive.reason is None or inactive.reason == "close"
    assert found.settings.customers.active_days < found.settings.customers.defecting_days
    assert "close" in {defecting.reason, inactive.reason}


def test_tiers_halve_from_one_to_the_next():
    # 310 customers who spend 1, 2, …, 310: 160, 80, 40, 20 and 10 of them to a tier
    rows = [(f"c{n}", dt.date(2025, 6, 1), float(n)) for n in range(1, 311)]
    with shop(rows) as data:
        found = propose(data, as_of=AS_OF)
    tiers = found.tiers.set_index("tier")
    # the quantiles are 160, 240, 280 and 300; rounder numbers would put two of them on 300
    assert tiers["up_to"].tolist()[:4] == [160, 240, 280, 300]
    assert tiers["customers"].tolist() == [160, 80, 40, 20, 10]


def test_tiers_that_cannot_be_told_apart_are_not_proposed():
    with shop([(f"c{n}", dt.date(2025, 6, 1), 30.0) for n in range(300)]) as data:
        found = propose(data, as_of=AS_OF)
    assert found.tiers_reason == "close"
    assert found.tiers[["up_to", "customers", "spend_share"]].isna().all(axis=None)
    assert found.tiers["current_customers"].tolist() == [300, 0, 0, 0, 0]
    assert found.settings == Settings()


def test_tiers_by_hand():
    # amounts of 20, 100, 400, 2,000 and 5,000 for 160, 80, 40, 20 and 10 customers
    sizes = {20.0: 160, 100.0: 80, 400.0: 40, 2000.0: 20, 5000.0: 10}
    spends = [amount for amount, size in sizes.items() for _ in range(size)]
    rows = [(f"c{n}", dt.date(2025, 6, 1), amount) for n, amount in enumerate(spends)]
    old = [(f"c{n}", dt.date(2022, 1, 1), 9999.0) for n in range(50)]  # before the window
    with shop([*rows, *old]) as data:
        found = propose(data, as_of=AS_OF)
        moves = lifecycle.advise(data, as_of=AS_OF)
    tiers = found.tiers.set_index("tier")
    assert found.spenders == 310
    assert tiers["up_to"].tolist()[:4] == [20, 100, 400, 2000]
    assert tiers["customers"].tolist() == [160, 80, 40, 20, 10]
    assert tiers["spend"].tolist() == [3200, 8000, 16000, 40000, 50000]
    assert tiers["spend_share"].tolist() == [n / 117200 for n in tiers["spend"]]
    assert tiers["current_up_to"].tolist()[:4] == [50, 200, 500, 1000]
    assert tiers["current_customers"].tolist() == [160, 80, 40, 0, 30]
    accepted = [tier.up_to for tier in found.settings.status.tiers]
    assert accepted == [20, 100, 400, 2000, None]
    assert moves.statuses.to_dict("list") == {
        "before": ["low", "normal", "silver", "platinum", "platinum"],
        "after": ["low", "normal", "silver", "gold", "platinum"],
        "contacts": [160, 80, 40, 20, 10],
    }


def test_accepting_moves_contacts_and_loses_none(steady):
    advice = lifecycle.advise(steady, as_of=AS_OF)
    before = lifecycle.contacts(steady, as_of=AS_OF)["stage"].value_counts()
    after = lifecycle.contacts(steady, as_of=AS_OF, settings=advice.proposal.settings)["stage"]
    by = advice.stages.groupby("before")["contacts"].sum()
    assert by.to_dict() == before.to_dict()
    assert advice.stages.groupby("after")["contacts"].sum().to_dict() == (
        after.value_counts().to_dict()
    )
    assert (advice.stages["before"] != advice.stages["after"]).any()


@pytest.mark.parametrize("shares", [(0.9, 0.8), (0, 0.9), (0.8, 1), (0.8, 0.8)])
def test_shares_that_do_not_rise_are_refused(steady, shares):
    with pytest.raises(ComputeError, match="two rising fractions"):
        propose(steady, as_of=AS_OF, shares=shares)


def test_filters_keep_the_purchases_they_name(steady):
    one = propose(steady, as_of=AS_OF, filters={"customer_id": ["c0", "c1"]})
    assert one.purchases < propose(steady, as_of=AS_OF).purchases / 50
    assert one.spenders == 2
