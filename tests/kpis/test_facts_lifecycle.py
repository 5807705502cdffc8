"""The facts of the lifecycle through the engine: dimensions, periods, what is refused."""

import datetime as dt

import duckdb
import ibis
import pandas as pd
import pytest

import marketing_kpi as mk
from marketing_kpi import lifecycle
from marketing_kpi.errors import ComputeError, MissingDataError
from marketing_kpi.kpis.examples import rows_of
from marketing_kpi.kpis.facts import FACTS
from marketing_kpi.stages.settings import RATES, Settings

END = dt.date(2026, 1, 1)
FACT_OF = dict(
    zip(
        RATES, ("leads", "first_time_buyers", "regular_buyers", "defections", "lapses"), strict=True
    )
)


def ago(days):
    return END - dt.timedelta(days=days)


# Orders of two years, so that every rate has its history; nobody counts twice.
PURCHASES = [
    *((f"a{n}", "old", n, "web", 10.0) for n in (800, 600, 400, 200, 1)),
    # first-time buyers: ann comes back in a store, bob does not, cat in the same channel
    ("b1", "ann", 60, "web", 10.0),
    ("b2", "ann", 20, "store", 10.0),
    ("b3", "bob", 50, "store", 10.0),
    ("b4", "cat", 40, "store", 10.0),
    ("b5", "cat", 30, "store", 10.0),
    # defecting since 59, 29 and 9 days before: dan came back, eve and fay did not
    ("c1", "dan", 150, "web", 10.0),
    ("c2", "dan", 10, "web", 10.0),
    ("c3", "eve", 120, "web", 10.0),
    ("c4", "fay", 100, "store", 10.0),
    ("c5", "fay", 5, "store", 0.0),  # amount 0: no purchase
    # inactive since 134 days before: gil came back
    ("d1", "gil", 500, "web", 10.0),
    ("d2", "gil", 3, "web", 10.0),
    ("d3", None, 60, "web", 10.0),
    ("d4", None, 32, "web", 10.0),  # the data reach the end of November
]
CONTACTS = {
    "ann": ("QC", 70, "search"),
    "bob": ("QC", 50, "search"),  # bought on the day it registered
    "cat": ("IDF", 41, "social"),
    "hal": ("IDF", 100, "social"),
    "ivy": (None, 100, None),
    "dan": ("QC", 400, "search"),
}


def frames(*tables):
    orders = pd.DataFrame(
        [
            (order, who, ago(days), channel, amount)
            for order, who, days, channel, amount in PURCHASES
        ],
        columns=["order_id", "customer_id", "ordered_at", "channel", "amount"],
    ).astype({"ordered_at": "datetime64[us]"})
    contacts = pd.DataFrame(
        [(who, region, ago(days), source) for who, (region, days, source) in CONTACTS.items()],
        columns=["customer_id", "region", "registered_at", "acquisition_channel"],
    ).astype({"registered_at": "datetime64[us]"})
    every = {"orders": orders, "contacts": contacts}
    return {name: every[name] for name in tables or every}


@pytest.fixture(scope="module")
def shop():
    with mk.open_data(frames()) as data:
        yield data


def cells(rate, data, by, **question):
    found = mk.compute(rate, data, by=by, end=END, **question)
    keys = [None if pd.isna(key) else key for key in found[by]]
    return dict(zip(keys, found[rate], strict=True))


def test_the_rates_by_hand(shop):
    found = mk.compute(RATES, shop, end=END).iloc[0].to_dict()
    # leads: ann, cat bought later; hal, ivy have not; bob bought that day, dan registered too early
    assert found.pop("lead_conversion_rate") == 2 / 4
    assert found.pop("repurchase_rate") == 2 / 3  # ann and cat of ann, bob and cat
    assert pd.isna(found.pop("loyalty_rate"))  # nobody ordered 90 days before
    # dan of dan, eve and fay; old has been defecting since 109 days before, too early
    assert found.pop("defecting_winback_rate") == 1 / 3
    assert found.pop("inactive_winback_rate") == 1  # gil
    assert not found


def test_the_rates_by_dimension(shop):
    assert cells("lead_conversion_rate", shop, "region") == {"IDF": 1 / 2, "QC": 1, None: 0}
    assert cells("lead_conversion_rate", shop, "acquisition_channel") == {
        "search": 1,
        "social": 1 / 2,
        None: 0,
    }
    # by channel each channel is a shop of its own: ann is new in both, and comes back to neither
    assert cells("repurchase_rate", shop, "channel") == {"store": 1 / 3, "web": 0}
    assert cells("repurchase_rate", shop, "region") == {"IDF": 1, "QC": 1 / 2}
    only = mk.compute("repurchase_rate", shop, end=END, filters={"channel": "store"})
    assert only["repurchase_rate"].tolist() == [1 / 3]


def test_the_rates_by_month_look_back_from_its_end(shop):
    found = mk.compute(["repurchase_rate", "defecting_winback_rate"], shop, grain="month",
                       start="2025-11-01", end=END)  # fmt: skip
    # at the end of November ann (2 November), bob and cat (22 November, 2 December: not yet)
    assert found["repurchase_rate"].tolist() == [0, 2 / 3]
    assert found["defecting_winback_rate"].notna().all()


def test_a_lazy_table_gives_the_same(shop):
    connection = ibis.duckdb.connect()
    tables = {name: connection.create_table(name, frame) for name, frame in frames().items()}
    with mk.open_data(tables) as data:
        lazy = mk.compute(RATES, data, end=END)
        pd.testing.assert_frame_equal(lazy.to_pandas(), mk.compute(RATES, shop, end=END))


def test_the_sql_gives_the_same_outside(shop):
    query = mk.sql("defecting_winback_rate", shop, end=END)
    with duckdb.connect() as outside:
        outside.register("orders", frames()["orders"])
        assert outside.execute(query).fetchall() == [(1 / 3,)]


def test_orders_that_name_nobody_do_not_say_which_leads_bought():
    named = frames()
    nobody = named["orders"].assign(customer_id=None).astype({"customer_id": "str"})
    with mk.open_data({**named, "orders": nobody}) as data:
        assert mk.compute("lead_conversion_rate", data, end=END).isna().all(axis=None)
        assert mk.compute("lead_conversion_rate", data, by="region", end=END).empty


def test_without_contacts_only_the_leads_are_refused():
    with mk.open_data(frames("orders")) as data:
        with pytest.raises(MissingDataError, match=r"contacts\.registered_at"):
            mk.compute("lead_conversion_rate", data, end=END)
        assert mk.compute("repurchase_rate", data, end=END)["repurchase_rate"].item() == 2 / 3


def test_a_channel_of_leads_and_a_period_without_end_are_refused(shop):
    with pytest.raises(ComputeError, match="'channel' not found in fact 'leads'"):
        mk.compute("lead_conversion_rate", shop, by="channel", end=END)
    with pytest.raises(ComputeError, match="give end"):
        mk.compute("repurchase_rate", shop)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize(
    ("converted", "expected"),
    [([True, False, False, True], 0.5), ([False], 0), ([], None)],
)
def test_the_formulas(rate, converted, expected):
    rows = rows_of(FACTS[FACT_OF[rate]], {"converted": converted})
    found = getattr(lifecycle, rate)(rows).execute()
    assert (None if pd.isna(found) else found) == expected


def test_the_entries_have_the_windows_and_limits_of_the_default_settings():
    settings, known = Settings(), mk.dictionary()
    rates = settings.rates
    windows = (rates.lead_days, rates.repurchase_days, rates.loyalty_days, rates.defecting_days,
               rates.inactive_days)  # fmt: skip
    assert [known[id].window for id in RATES] == [f"{days} days" for days in windows]
    assert [known[id].fact for id in RATES] == [*FACT_OF.values()]
    assert FACTS["defections"].history_days == settings.customers.active_days
    assert FACTS["lapses"].history_days == settings.customers.defecting_days
    assert settings.count_fully_refunded
