"""Conversion rates: by hand at every border, and against days counted one by one in pandas."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import marketing_kpi as mk
from marketing_kpi.errors import ColumnError, ComputeError
from marketing_kpi.stages.conversion import (
    cohorts,
    conversion,
    conversion_history,
    lacking,
    last_30_days,
    reach_days,
)
from marketing_kpi.stages.settings import RATES, Settings

AS_OF = dt.date(2026, 1, 1)
# Cancelled orders, no purchases: they say how far the data reach, without a break.
EDGES = [
    (f"edge{n}", "someone", AS_OF - dt.timedelta(days=n), 10.0, "cancelled")
    for n in range(1, 1500, 5)
]


def before(days):
    """Return the day so many days before the day of the analysis."""
    return AS_OF - dt.timedelta(days=days)


def shop(purchases, contacts=None, returns=None):
    """Open orders given as (customer, days before, amount), numbered o0, o1, …"""
    rows = [*EDGES]
    for n, (customer, days, *amount) in enumerate(purchases):
        rows.append((f"o{n}", customer, before(days), amount[0] if amount else 20.0, "delivered"))
    orders = pd.DataFrame(
        rows, columns=["order_id", "customer_id", "ordered_at", "amount", "status"]
    ).astype({"ordered_at": "datetime64[us]", "customer_id": "str"})
    orders["customer_id"] = orders["customer_id"].where(orders["customer_id"] != "None")
    tables = {"orders": orders}
    if contacts is not None:
        tables["contacts"] = pd.DataFrame(
            [(customer, before(days)) for customer, days in contacts],
            columns=["customer_id", "registered_at"],
        ).astype({"registered_at": "datetime64[us]"})
    if returns is not None:
        tables["returns"] = pd.DataFrame(
            [
                (f"r{n}", order, before(days), refund)
                for n, (order, days, refund) in enumerate(returns)
            ],
            columns=["return_id", "order_id", "returned_at", "refund_amount"],
        ).astype({"returned_at": "datetime64[us]"})
    return mk.open_data(tables)


def counts(rate, purchases, contacts=None, returns=None, **question):
    """Return (converted, eligible) of a rate as of the day of the analysis."""
    with shop(purchases, contacts, returns) as data:
        found = conversion(data, as_of=AS_OF, **question).set_index("rate").loc[rate]
    return int(found["converted"]), int(found["eligible"])


def by_customer(rate, cases, contacts=None):
    """Return for each case, a customer of its own, whether it counts: None, or whether converted.

    The engine's intervals and the dictionary must say the same.
    """
    purchases = [(case, days) for case, history in cases.items() for days in history]
    with shop(purchases, contacts) as data:
        rows = cohorts(data, settings=Settings())[rate].execute()
        found = mk.compute(rate, data, by="customer_id", end=AS_OF).set_index("customer_id")[rate]
    day = pd.Timestamp(before(1))
    rows = rows[(rows["counted_from"] <= day) & (day <= rows["counted_to"])]
    told = dict(zip(rows["customer_id"], rows["bought_from"] <= day, strict=True))
    assert told == {who: value == 1 for who, value in found.items() if who in cases}
    return {case: told.get(case) for case in cases}


# The last 180 days are from 180 days before to the day before.
def test_leads_at_the_borders():
    cases = {  # registered, bought, expected
        "first day": (180, [], False),
        "too early": (181, [], None),
        "last day": (1, [], False),
        "on the day of the analysis": (0, [], None),
        "bought the day after": (100, [99], True),
        "bought the day of registration": (100, [100], None),
        "bought before": (100, [200], None),
        "bought before and after": (100, [120, 50], None),
        "bought on the last day": (180, [1], True),
        "too early, bought": (181, [1], None),
        "buys on the day of the analysis": (100, [0], False),
    }
    contacts = [(case, registered) for case, (registered, _, _) in cases.items()]
    purchases = {case: bought for case, (_, bought, _) in cases.items()}
    found = by_customer("lead_conversion_rate", purchases, contacts)
    assert found == {case: expected for case, (*_, expected) in cases.items()}


def hand_worked(rate, cases):
    """Check the cases, keyed by the days before the analysis on which a customer bought."""
    found = by_customer(rate, {str(bought): bought for bought in cases})
    assert found == {str(bought): expected for bought, expected in cases.items()}


def test_repurchase_at_the_borders():
    hand_worked(
        "repurchase_rate",
        {
            (90,): False,
            (91,): None,
            (1,): False,
            (0,): None,
            (90, 1): True,
            (90, 0): False,
            (91, 50): None,  # first purchase too old
            (40, 40): True,  # two orders on the first day
            (40, 30, 20, 10): True,
            (400, 40, 30): None,
        },
    )


def test_loyalty_at_the_borders():
    hand_worked(
        "loyalty_rate",
        {
            (200, 90): False,
            (200, 90, 89): True,
            (200, 90, 1): True,
            (200, 90, 0): False,
            (90, 50): None,  # one order by the end of that day
            (90, 90): False,  # two on that very day, none after it
            (90, 90, 30): True,
            (200, 91, 30): None,
            (200, 89, 30): None,
        },
    )


# Bought n days before the day of the analysis: defecting since n - 91 days before it.
def test_winning_back_the_defecting_at_the_borders():
    hand_worked(
        "defecting_winback_rate",
        {
            (90,): None,  # still active
            (91,): False,  # defecting as of the analysis, at the end of the day before
            (180,): False,
            (181,): None,  # became so 91 days before
            (180, 90): None,  # bought on the 90th day: active all along
            (180, 89): True,  # bought on the 91st: won back
            (150, 1): True,
            (150, 0): False,
            (150, 10, 5): True,
            (150, 150): False,
            (400, 20): None,
        },
    )


def test_winning_back_the_inactive_at_the_borders():
    hand_worked(
        "inactive_winback_rate",
        {
            (365,): None,
            (366,): False,
            (640,): False,
            (641,): None,
            (640, 275): None,  # bought on the 365th day: defecting until then
            (640, 274): True,
            (500, 1): True,
        },
    )


def test_who_defects_twice_in_the_window_is_one_customer():
    short = Settings(
        customers={"active_days": 10, "defecting_days": 20}, rates={"defecting_days": 60}
    )
    twice = [("ann", 55), ("ann", 40), ("bob", 55)]  # defecting 45 and 30 days before; 45
    assert counts("defecting_winback_rate", twice, settings=short) == (1, 2)


def test_unpaid_and_unknown_orders_are_no_purchases():
    free = [("ann", 60, 20.0), ("ann", 30, 0.0), ("None", 20), ("bob", 10)]
    assert counts("repurchase_rate", free) == (0, 2)
    assert counts("repurchase_rate", free, settings=Settings(unidentified="out")) == (0, 2)


@pytest.mark.parametrize(
    ("rate", "purchases", "expected"),
    [
        ("repurchase_rate", [("ann", 50), ("ann", 20, -20.0)], (0, 1)),
        ("repurchase_rate", [("bob", 20, -20.0), ("ann", 50)], (0, 1)),
        ("loyalty_rate", [("ann", 200), ("ann", 90), ("ann", 20, -5.0)], (0, 1)),
        ("defecting_winback_rate", [("ann", 120), ("ann", 20, -5.0)], (0, 1)),
    ],
)
def test_a_credit_entered_as_an_order_wins_nobody_back(rate, purchases, expected):
    assert counts(rate, purchases) == expected
    with shop(purchases) as data:
        assert mk.compute(rate, data, end=AS_OF)[rate].tolist() == [expected[0] / expected[1]]


def test_an_order_of_unknown_amount_counts():
    assert counts("repurchase_rate", [("ann", 60, np.nan), ("ann", 30)]) == (1, 1)


REFUNDED = Settings(count_fully_refunded=False)


def test_fully_refunded_purchases():
    refunds = {  # order, days before, amount refunded, whether ann then bought again
        "undone": ("second", 10, 20.0, False),
        "in part": ("second", 10, 19.0, True),
        "on the day of the analysis": ("second", 0, 20.0, True),
        "on the last day": ("second", 1, 20.0, False),
        "the first": ("first", 10, 20.0, False),  # the second becomes the first
    }
    purchases = [(case, days) for case in refunds for days in (60, 30)]
    places = {
        case: {"first": f"o{2 * n}", "second": f"o{2 * n + 1}"} for n, case in enumerate(refunds)
    }
    returns = [
        (places[case][order], days, amount) for case, (order, days, amount, _) in refunds.items()
    ]
    day = pd.Timestamp(before(1))
    with shop(purchases, returns=returns) as data:
        rows = cohorts(data, settings=REFUNDED)["repurchase_rate"].execute()
        assert conversion(data, as_of=AS_OF).set_index("rate").loc["repurchase_rate", "value"] == 1
    rows = rows[(rows["counted_from"] <= day) & (day <= rows["counted_to"])].set_index(
        "customer_id"
    )
    found = (rows["bought_from"] <= day).to_dict()
    assert found == {case: again for case, (*_, again) in refunds.items()}


def test_a_refund_makes_a_lead_again():
    contacts, purchases = [("ann", 100)], [("ann", 50)]
    with shop(purchases, contacts, [("o0", 20, 20.0)]) as data:
        days = {"start": before(101), "end": AS_OF, "settings": REFUNDED}
        history = conversion_history(data, **days).set_index("day")
    name = "lead_conversion_rate_converted"
    bought = history[name][history[name] > 0]
    assert bought.index.min().date() == before(50)
    assert bought.index.max().date() == before(21)
    assert history["lead_conversion_rate_eligible"].tolist() == [0, *[1] * 100]


# --- Against days counted one by one --------------------------------------------------------


def one_by_one(orders, contacts, as_of, rules):
    """Return (converted, eligible) of each rate, as the catalogue says it, customer by customer."""
    kept = orders[(orders["day"] < as_of) & (orders["amount"] != 0)]
    kept = kept[kept["customer_id"].notna()]
    if not rules.count_fully_refunded:
        kept = kept[~(kept["refunded_on"] < as_of)]
    days = {who: sorted(rows) for who, rows in kept.groupby("customer_id")["day"]}
    ago = lambda n: as_of - dt.timedelta(days=n)  # noqa: E731
    windows = rules.rates
    found = {id: [0, 0] for id in RATES}

    def tell(rate, converted):
        found[rate][0] += bool(converted)
        found[rate][1] += 1

    for who, registered in contacts:
        bought = days.get(who, [])
        if ago(windows.lead_days) <= registered < as_of and min(bought, default=as_of) > registered:
            tell("lead_conversion_rate", bought)
    for bought in days.values():
        if bought[0] >= ago(windows.repurchase_days):
            tell("repurchase_rate", len(bought) > 1)
        then = ago(windows.loyalty_days)
        if then in bought and sum(day <= then for day in bought) > 1:
            tell("loyalty_rate", bought[-1] > then)
        for rate, limit, window in (
            ("defecting_winback_rate", rules.customers.active_days, windows.defecting_days),
            ("inactive_winback_rate", rules.customers.defecting_days, windows.inactive_days),
        ):
            became = [
                day
                for day in map(ago, range(1, window + 1))
                if silent(bought, day + dt.timedelta(days=1)) == limit + 1
            ]
            if became:
                tell(rate, any(day > min(became) for day in bought))
    return {id: tuple(pair) for id, pair in found.items()}


def silent(bought, as_of):
    """Return how many days before a day the last purchase before it was; None without one."""
    earlier = [day for day in bought if day < as_of]
    return (as_of - earlier[-1]).days if earlier else None


def random_shop(seed, *, span, customers, orders):
    """Return orders and contacts of a random shop whose last days are near the analysis."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "order_id": [f"o{n}" for n in range(orders)],
            "customer_id": rng.choice([*(f"c{n}" for n in range(customers)), None], orders),
            "day": [before(int(n)) for n in rng.integers(-3, span, orders)],
            "amount": rng.choice([0.0, 10.0, 20.0], orders, p=[0.1, 0.5, 0.4]),
            "status": "delivered",
        }
    )
    back = rng.random(orders) < 0.25
    later = [
        day + dt.timedelta(days=int(n))
        for day, n in zip(frame["day"], rng.integers(0, 12, orders), strict=True)
    ]
    frame["refunded_on"] = pd.Series(later).where(back & (frame["amount"] > 0))
    contacts = [(f"c{n}", before(int(rng.integers(-3, span)))) for n in range(customers + 2)]
    return frame, contacts


def opened(frame, contacts):
    orders = frame.assign(ordered_at=pd.to_datetime(frame["day"]).astype("datetime64[us]"))
    edges = pd.DataFrame(
        EDGES,
        columns=["order_id", "customer_id", "ordered_at", "amount", "status"],
    ).astype({"ordered_at": "datetime64[us]"})
    back = frame[frame["refunded_on"].notna()]
    tables = {
        "orders": pd.concat([orders[edges.columns], edges], ignore_index=True),
        "contacts": pd.DataFrame(contacts, columns=["customer_id", "registered_at"]).astype(
            {"registered_at": "datetime64[us]"}
        ),
    }
    if len(back):
        tables["returns"] = pd.DataFrame(
            {
                "return_id": back["order_id"],
                "order_id": back["order_id"],
                "returned_at": pd.to_datetime(back["refunded_on"]).astype("datetime64[us]"),
                "refund_amount": back["amount"],
            }
        )
    return mk.open_data(tables)


SHORT = {
    "customers": {"active_days": 4, "defecting_days": 9},
    "rates": {
        "lead_days": 11,
        "repurchase_days": 8,
        "loyalty_days": 6,
        "defecting_days": 12,
        "inactive_days": 21,
    },
}
SEEDS = st.integers(0, 10_000)


def examples(number):
    """Draw few shops, each of many customers: opening one takes longer than computing."""
    return settings(
        max_examples=number,
        deadline=None,
        phases=[Phase.generate],  # a seed has no simpler one to shrink to
        suppress_health_check=[HealthCheck.too_slow],
    )


@examples(4)
@given(seed=SEEDS, refunded=st.booleans())
def test_each_day_of_the_history_is_what_counting_customers_gives(seed, refunded):
    rules = Settings(**SHORT, count_fully_refunded=refunded)
    frame, contacts = random_shop(seed, span=60, customers=20, orders=120)
    start = before(50)
    with opened(frame, contacts) as data:
        history = conversion_history(data, start=start, end=AS_OF, settings=rules)
        one = conversion(data, as_of=before(20), settings=rules).set_index("rate")
    assert [day.date() for day in history["day"]] == [before(n) for n in range(50, 0, -1)]
    for _, row in history.iterrows():
        as_of = row["day"].date() + dt.timedelta(days=1)
        expected = one_by_one(frame, contacts, as_of, rules)
        found = {id: (row[f"{id}_converted"], row[f"{id}_eligible"]) for id in RATES}
        assert found == expected, as_of
        for id, (converted, eligible) in expected.items():
            assert np.isnan(row[id]) if not eligible else row[id] == converted / eligible
        if as_of == before(20):
            for id in RATES:
                assert (one.loc[id, "converted"], one.loc[id, "eligible"]) == expected[id]


@examples(1)
@given(seed=SEEDS)
def test_the_order_of_rows_and_the_ids_change_nothing(seed):
    rules = Settings(**SHORT, count_fully_refunded=False)
    frame, contacts = random_shop(seed, span=40, customers=20, orders=120)
    mixed = frame.sample(frac=1, random_state=seed)
    mixed["customer_id"] = mixed["customer_id"].map(lambda who: f"z{who}", na_action="ignore")
    others = [(f"z{who}", day) for who, day in reversed(contacts)]
    days = {"start": before(30), "end": AS_OF, "settings": rules}
    with opened(frame, contacts) as data, opened(mixed, others) as other:
        pd.testing.assert_frame_equal(
            conversion_history(data, **days), conversion_history(other, **days)
        )
        pd.testing.assert_frame_equal(
            last_30_days(data, as_of=AS_OF, settings=rules),
            last_30_days(other, as_of=AS_OF, settings=rules),
        )


@examples(2)
@given(seed=SEEDS)
def test_the_dictionary_gives_the_same_by_day_and_by_month(seed):
    frame, contacts = random_shop(seed, span=900, customers=60, orders=400)
    with opened(frame, contacts) as data:
        history = conversion_history(data, start=before(62), end=AS_OF)
        by_day = mk.compute(RATES, data, grain="day", start=before(62), end=AS_OF)
        by_month = mk.compute(RATES, data, grain="month", start="2025-11-01", end=AS_OF)
        whole = mk.compute(RATES, data, start="2025-11-20", end=AS_OF)
    np.testing.assert_array_equal(by_day[[*RATES]], history[[*RATES]])
    ends = history.set_index("day").loc[["2025-11-30", "2025-12-31"], [*RATES]]
    np.testing.assert_array_equal(by_month[[*RATES]], ends)
    np.testing.assert_array_equal(whole[[*RATES]], ends.iloc[[1]])


# --- What the data do not tell --------------------------------------------------------------


def test_data_of_orders_alone_give_all_rates_but_that_of_leads():
    with shop([("ann", 60)]) as data:
        assert lacking(data) == {
            "lead_conversion_rate": ("contacts.customer_id", "contacts.registered_at")
        }
        rates = conversion(data, as_of=AS_OF).set_index("rate")
        history = conversion_history(data, start=before(3), end=AS_OF)
        recent = last_30_days(data, as_of=AS_OF).set_index("rate")
    assert rates["reason"].dropna().to_dict() == {"lead_conversion_rate": "missing"}
    assert rates.loc["lead_conversion_rate", "missing"][1] == "contacts.registered_at"
    assert rates.loc["lead_conversion_rate", ["eligible", "value", "low"]].isna().all()
    assert history["lead_conversion_rate_eligible"].isna().all()
    assert history["repurchase_rate_eligible"].tolist() == [1, 1, 1]
    assert recent["reason"].tolist() == ["missing", *["few"] * 4]


def test_data_without_customers_give_no_rate():
    orders = pd.DataFrame({"order_id": ["1"], "ordered_at": pd.to_datetime(["2025-01-01"])})
    with mk.open_data({"orders": orders}) as data:
        assert [*lacking(data)] == [*RATES]
        assert conversion(data, as_of=AS_OF)["reason"].tolist() == ["missing"] * 5
        assert len(conversion_history(data, start=before(3), end=AS_OF)) == 3
        assert last_30_days(data, as_of=AS_OF)["reason"].tolist() == ["missing"] * 5


def test_how_far_back_each_rate_reads():
    assert reach_days(Settings()) == {
        "lead_conversion_rate": 365,
        "repurchase_rate": 365,
        "loyalty_rate": 365,
        "defecting_winback_rate": 180,
        "inactive_winback_rate": 640,
    }


@pytest.mark.parametrize(
    ("first", "known"),
    [
        (640 - 7, {"repurchase_rate", "loyalty_rate", "defecting_winback_rate",
                   "inactive_winback_rate"}),
        (640 - 8, {"repurchase_rate", "loyalty_rate", "defecting_winback_rate"}),
        (365 - 8, {"defecting_winback_rate"}),
        (180 - 8, set()),
    ],
)  # fmt: skip
def test_a_history_that_is_too_short_gives_null_and_the_reason(first, known):
    orders = pd.DataFrame(
        {
            "order_id": ["1", "2", "3"],
            "customer_id": ["ann", "ann", "ann"],
            "ordered_at": pd.to_datetime([before(n) for n in (first, first // 2, 1)]),
            "amount": 10.0,
        }
    )
    ids = RATES[1:]
    with mk.open_data({"orders": orders}) as data:
        rates = conversion(data, as_of=AS_OF).set_index("rate")
        days = conversion_history(data, start=before(2), end=AS_OF)
        told = {id for id in ids if mk.explain(id, data, end=AS_OF) is None}
        value = mk.compute(ids, data, end=AS_OF)
    assert set(rates.index[rates["eligible"].notna()]) == known
    assert (rates.loc[[*{*ids} - known], "reason"] == "history").all()
    assert {id for id in RATES if days[f"{id}_eligible"].iloc[1:].notna().all()} == known
    assert told == known
    assert value[[*{*ids} - known]].isna().all(axis=None)


def test_data_that_end_too_early_tell_nothing():
    with shop([("ann", 60)]) as data:
        late = conversion(data, as_of=AS_OF + dt.timedelta(days=8))
        in_time = conversion(data, as_of=AS_OF + dt.timedelta(days=7))
    assert late["reason"].tolist() == ["missing", *["ends"] * 4]
    assert in_time["reason"].dropna().tolist() == ["missing"]


def test_what_is_asked_wrongly_is_refused():
    with shop([("ann", 60)]) as data:
        with pytest.raises(ComputeError, match="must be before end"):
            conversion_history(data, start=AS_OF, end=AS_OF)
        with pytest.raises(ColumnError, match="regoin"):
            conversion(data, as_of=AS_OF, filters={"regoin": ["QC"]})


# --- Filters --------------------------------------------------------------------------------


def test_filters_keep_contacts_and_purchases():
    orders = pd.DataFrame(
        [
            ("1", "ann", before(60), "web"),
            ("2", "ann", before(30), "store"),
            ("3", "bob", before(60), "web"),
            ("4", "bob", before(30), "web"),
            ("5", "dan", before(40), "store"),
            *((f"0{n}", "old", before(n), "web") for n in (800, 500, 200, 1)),
        ],
        columns=["order_id", "customer_id", "ordered_at", "channel"],
    ).astype({"ordered_at": "datetime64[us]"})
    contacts = pd.DataFrame(
        {
            "customer_id": ["ann", "bob", "cat", "dan"],
            "registered_at": pd.to_datetime([before(n) for n in (70, 70, 70, 45)]),
            "region": ["QC", "QC", "QC", "IDF"],
        }
    )
    tables = {"orders": orders.assign(amount=10.0), "contacts": contacts}
    with mk.open_data(tables) as data:

        def found(rate, **filters):
            row = conversion(data, as_of=AS_OF, filters=filters).set_index("rate").loc[rate]
            return row["converted"], row["eligible"]

        assert found("repurchase_rate") == (2, 3)
        assert found("repurchase_rate", channel="web") == (1, 2)
        assert found("repurchase_rate", region="IDF") == (0, 1)
        assert found("lead_conversion_rate") == (3, 4)
        assert found("lead_conversion_rate", channel="web") == (2, 4)
        assert found("lead_conversion_rate", channel="store", region=["QC"]) == (1, 3)
        by_region = mk.compute("lead_conversion_rate", data, by="region", end=AS_OF)
        by_channel = mk.compute("repurchase_rate", data, by="channel", end=AS_OF)
    assert by_region["lead_conversion_rate"].tolist() == [1, 2 / 3]  # IDF, QC
    # ann's first purchase in a store is her second in all: a shop of its own
    assert by_channel.set_index("channel")["repurchase_rate"].to_dict() == {"store": 0, "web": 0.5}


# --- The last days against those before -----------------------------------------------------


def test_the_mean_of_the_last_days_by_hand():
    days = Settings(**SHORT | {"rates": SHORT["rates"] | {"recent_days": 2}})
    # repurchase over 8 days; of the last two days: ann on both, converted on the last; bob on the
    # last only. Of the two before: ann on both.
    with shop([("ann", 5), ("ann", 1), ("bob", 1)]) as data:
        found = last_30_days(data, as_of=AS_OF, settings=days).set_index("rate")
    row = found.loc["repurchase_rate"]
    assert (row["value"], row["previous"], row["change"]) == (1 / 3, 0, 1 / 3)
    assert (row["customers"], row["reason"], row["verdict"]) == (2, "few", "cannot_tell")
    assert np.isnan(row["low"])
    assert found.loc["inactive_winback_rate", "customers"] == 0


def test_a_rate_without_customers_in_the_days_before_still_has_its_own_value():
    days = Settings(**SHORT | {"rates": SHORT["rates"] | {"recent_days": 2}})
    with shop([("ann", 2), ("ann", 1)]) as data:
        found = last_30_days(data, as_of=AS_OF, settings=days).set_index("rate")
    row = found.loc["repurchase_rate"]
    assert (row["value"], row["customers"], row["reason"]) == (0.5, 1, "few")
    assert np.isnan([row["previous"], row["change"], row["low"], row["high"]]).all()


def test_the_interval_of_a_change_is_that_of_drawing_customers():
    """Held against a bootstrap of customers, days counted one by one."""
    rules = Settings(**SHORT)
    frame, contacts = random_shop(5, span=90, customers=150, orders=900)
    with opened(frame, contacts) as data:
        row = last_30_days(data, as_of=AS_OF, settings=rules).set_index("rate")
        rows = cohorts(data, settings=rules)["defecting_winback_rate"].execute()
    counted = {}
    for who, part in rows.groupby("customer_id"):
        days = np.zeros(4)
        for n in range(1, 61):
            day = pd.Timestamp(before(n))
            eligible = (part["counted_from"] <= day) & (day <= part["counted_to"])
            bought = eligible & (part["bought_from"] <= day)
            days[[0, 1] if n <= 30 else [2, 3]] += [eligible.any(), bought.any()]
        counted[who] = days
    every = np.array([days for days in counted.values() if days.any()])
    sums = every.sum(axis=0)
    expected = sums[1] / sums[0] - sums[3] / sums[2]
    rng = np.random.default_rng(0)
    drawn = every[rng.integers(0, len(every), (2000, len(every)))].sum(axis=1)
    changes = drawn[:, 1] / drawn[:, 0] - drawn[:, 3] / drawn[:, 2]
    found = row.loc["defecting_winback_rate"]
    assert found["change"] == pytest.approx(expected, rel=1e-12)
    assert found["customers"] == len(every)
    assert (found["high"] - found["low"]) / 2 == pytest.approx(1.96 * changes.std(), rel=0.1)
