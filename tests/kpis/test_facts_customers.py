"""Facts of serving customers and of marketing, on a shop worked by hand.

January 2025, a row a customer:

=====  ==========================  =========================  ======  ===========  =========
who    gross profit                fulfilment                 paying  returns      messages
=====  ==========================  =========================  ======  ===========  =========
ann    2 x (10 - 4) = 12           5 + 1 + labour 5 = 11      1       10 - 4 + 2   9 / 3 = 3
bob    10 - 4 = 6 (tea: unknown)   in the store: 0            0.5     4 + 1        control: 0
cat    bought in December: 0       6 + 0.5 + labour 5 = 11.5  0       20 + 3       9 / 3 = 3
=====  ==========================  =========================  ======  ===========  =========

ann costs 23 and loses 11, bob costs 5.5 and leaves 0.5, cat costs 37.5 and loses as much: 66 for
two buyers is 33 each, and they leave -48 / 2 = -24.
"""

import ibis
import pandas as pd
import pytest

import marketing_kpi as mk
from marketing_kpi.errors import ComputeError, MissingDataError

JANUARY = {"start": "2025-01-01", "end": "2025-02-01"}
SERVICE = ["cost_to_serve", "customer_profitability"]


def table(columns, *rows):
    frame = pd.DataFrame(rows, columns=columns.split())
    dates = [c for c in frame if c in DATES]
    return frame.assign(**{name: pd.to_datetime(frame[name]) for name in dates})


DATES = {
    "ordered_at", "shipped_at", "day", "returned_at", "starts_on", "ends_on", "contacted_at",
    "registered_at",
}  # fmt: skip


def shop():
    return {
        "contacts": table(
            "customer_id region acquisition_channel registered_at",
            ("ann", "QC", "paid_search", "2025-01-10"),
            ("bob", "IDF", "social", "2025-01-20"),
            ("cat", "QC", "paid_search", "2024-12-20"),
            ("dan", "QC", "social", "2025-01-10"),
        ),
        "orders": table(
            "order_id customer_id ordered_at channel status payment_fee",
            ("o1", "ann", "2025-01-10", "web", "delivered", 1.0),
            ("o2", "bob", "2025-01-20", "store", None, 0.5),
            ("o3", "ann", "2025-02-05", "web", "delivered", 0.8),
            ("o4", "cat", "2024-12-20", "web", "delivered", 0.7),
            ("o5", "bob", "2025-02-01", "web", "cancelled", 9.0),
            ("o6", None, "2025-01-05", "store", "delivered", 3.0),
        ),
        "order_lines": table(
            "order_id line_id product_id quantity unit_price unit_cost",
            ("o1", "1", "mug", 2.0, 10.0, 4.0),
            ("o2", "1", "tea", 1.0, 15.0, None),
            ("o2", "2", "mug", 1.0, 10.0, 4.0),
            ("o3", "1", "mug", 1.0, 10.0, 4.0),
            ("o4", "1", "mug", 5.0, 10.0, 4.0),
            ("o5", "1", "mug", 100.0, 10.0, 4.0),
            ("o6", "1", "mug", 1.0, 10.0, 4.0),
        ),
        "shipments": table(
            "shipment_id order_id shipped_at transport_cost packaging_cost",
            ("s1", "o1", "2025-01-12", 5.0, 1.0),
            ("s3", "o3", "2025-02-06", 5.0, None),
            ("s4", "o4", "2025-01-02", 6.0, 0.5),
            ("s5", "o5", "2025-02-02", 7.0, 1.0),
        ),
        "labour": table(
            "day location_id activity cost",
            ("2025-01-02", "W1", "pick", 6.0),
            ("2025-01-31", "W1", "pack", 4.0),
            ("2025-02-10", "W1", "pick", 4.0),
        ),
        "returns": table(
            "return_id order_id line_id customer_id returned_at quantity refund_amount"
            " handling_cost restocked kind",
            ("r1", "o1", "1", "ann", "2025-01-25", 1.0, 10.0, 2.0, True, "return"),
            ("r2", "o4", "1", None, "2025-01-15", 2.0, 20.0, 3.0, False, "return"),
            ("r3", "o2", None, "bob", "2025-01-28", None, 4.0, None, None, "allowance"),
            ("r4", "o2", "1", "bob", "2025-01-29", 1.0, 15.0, 1.0, True, "return"),
            ("r5", "o5", "1", "bob", "2025-01-30", 50.0, 500.0, 9.0, False, "return"),
        ),
        "campaigns": table(
            "campaign_id marketing_channel starts_on ends_on cost",
            ("always", "paid_search", "2025-01-01", "2025-12-31", 999.0),
            ("spring", "email", "2025-01-30", "2025-02-01", 9.0),
        ),
        "campaign_members": table(
            "campaign_id customer_id arm contacted_at",
            ("spring", "ann", "treatment", "2025-01-15"),
            ("spring", "bob", "control", None),
            ("spring", "cat", "treatment", "2025-01-15"),
            ("spring", "dan", "treatment", "2025-01-15"),
        ),
        "marketing_spend": table(
            "day marketing_channel campaign_id purpose amount",
            ("2025-01-01", "paid_search", "always", "acquisition", 30.0),
            ("2025-01-02", "social", "image", "brand", 20.0),
            ("2025-02-01", "paid_search", "always", "acquisition", 12.0),
        ),
    }


@pytest.fixture(scope="module", params=["pandas", "engine"])
def data(request):
    if request.param == "pandas":
        with mk.open_data(shop()) as opened:
            yield opened
    else:
        connection = ibis.duckdb.connect()
        tables = {name: connection.create_table(name, frame) for name, frame in shop().items()}
        yield mk.open_data(tables)


def computed(kpis, data, **question):
    found = mk.compute(kpis, data, **question)
    frame = found if isinstance(found, pd.DataFrame) else found.execute()
    numbers = dict.fromkeys([kpis] if isinstance(kpis, str) else kpis, "float64")
    return frame.astype(numbers)


def cells(kpi, data, by, **question):
    """Return a KPI by the values of a dimension; None where it is null."""
    frame = computed(kpi, data, by=by, **question)
    values = frame[kpi].astype(object).where(frame[kpi].notna(), None)
    return dict(zip(frame[by].astype(object).where(frame[by].notna(), None), values, strict=True))


# --- What serving costs


def test_serving_customers_by_hand(data):
    (row,) = computed(SERVICE, data, **JANUARY).to_dict("records")
    assert row == {"cost_to_serve": 33.0, "customer_profitability": -24.0}


def test_by_region_every_cost_is_there_and_by_channel_messages_have_none(data):
    assert cells("cost_to_serve", data, "region", **JANUARY) == {"IDF": 5.5, "QC": 60.5}
    by_channel = cells("cost_to_serve", data, "channel", **JANUARY)
    assert by_channel == {"store": 5.5, "web": 20 + 34.5, None: None}


def test_each_cost_counts_in_its_own_month(data):
    months = computed(SERVICE, data, grain="month", start="2024-12-01", end="2025-03-01")
    # December: cat's fee 0.7 against a profit of 30; February: 5 + labour 2 + fee 0.8 against 6
    assert months["cost_to_serve"].tolist() == pytest.approx([0.7, 33.0, 7.8])
    assert months["customer_profitability"].tolist() == pytest.approx([29.3, -24.0, -1.8])


def test_a_cost_that_the_data_lack_is_named_not_taken_for_0():
    frames = shop()
    del frames["shipments"]
    with mk.open_data(frames) as data:
        with pytest.raises(MissingDataError, match=r"shipments\.transport_cost"):
            mk.compute("cost_to_serve", data, **JANUARY)
        assert "shipments.transport_cost" in mk.explain("customer_profitability", data)


def test_a_credit_alone_makes_nobody_a_buyer():
    """Nor does it hide whom an order of unknown value makes one."""
    frames = shop()
    more = table(
        "order_id customer_id ordered_at channel status payment_fee",
        ("o7", "cat", "2025-01-08", "web", None, None),  # 10 given back, a mug of 4 taken back
        ("o8", "dan", "2025-01-09", "web", None, None),  # of unknown price and cost
    )
    lines = table(
        "order_id line_id product_id quantity unit_price unit_cost",
        ("o7", "1", "mug", -1.0, 10.0, 4.0),
        ("o8", "1", "tea", 1.0, None, None),
    )
    frames["orders"] = pd.concat([frames["orders"], more], ignore_index=True)
    frames["order_lines"] = pd.concat([frames["order_lines"], lines], ignore_index=True)
    with mk.open_data(frames) as data:
        (row,) = computed(SERVICE, data, **JANUARY).to_dict("records")
        known = computed("historical_cltv", data, **JANUARY)["historical_cltv"][0]
    # To have contacted dan, a customer now, cost 3.
    assert row == {"cost_to_serve": (66.0 + 3) / 3, "customer_profitability": (-48.0 - 6.0) / 2}
    assert known == (20 + 25 + 50 - 10) / 3  # of ann, bob and cat


def test_a_period_in_which_nobody_bought_has_no_average(data):
    empty = computed(SERVICE, data, start="2026-01-01", end="2026-02-01")
    assert empty.isna().all(axis=None)


def test_parcels_and_returns_without_details_still_count():
    """No labour, no day of shipping, no handling, nothing said of the stock."""
    frames = shop()
    del frames["labour"]
    frames["shipments"] = frames["shipments"].drop(columns=["shipped_at", "packaging_cost"])
    frames["returns"] = frames["returns"].drop(columns=["handling_cost", "restocked"])
    with mk.open_data(frames) as data:
        found = computed("cost_to_serve", data, **JANUARY)
    # ann 5 + 1 + 10 + 3; bob 0.5 + 4, his tea of unknown cost; cat 20 + 3, her parcel in December
    assert found["cost_to_serve"].tolist() == [(19 + 4.5 + 23) / 2]


@pytest.mark.parametrize("restocked", [True, False])
def test_a_refund_of_goods_of_unknown_cost_takes_nothing_away(restocked):
    """Their sale gave no margin: bob loses the handling of 1 only, wherever the tea went."""
    frames = shop()
    tea = frames["returns"]["return_id"] == "r4"
    frames["returns"].loc[tea, "restocked"] = restocked
    with mk.open_data(frames) as data:
        assert cells("cost_to_serve", data, "customer_region", **JANUARY)["IDF"] == 5.5


# --- What is spent


def test_spend_takes_the_cost_of_campaigns_that_it_does_not_have(data):
    months = computed("marketing_spend", data, grain="month", start="2025-01-01", end="2025-04-01")
    # the three days of the spring campaign cost 3 each, two of them in January
    assert months["marketing_spend"].tolist() == [30 + 20 + 6, 12 + 3, 0]
    assert cells("marketing_spend", data, "marketing_channel") == {
        "email": 9.0, "paid_search": 42.0, "social": 20.0,
    }  # fmt: skip
    assert cells("marketing_spend", data, "purpose") == {
        "acquisition": 42.0, "brand": 20.0, None: 9.0,
    }  # fmt: skip
    assert cells("marketing_spend", data, "campaign_id")["spring"] == 9.0


def test_a_campaign_without_an_end_costs_on_its_first_day_and_its_days_add_up():
    campaigns = table(
        "campaign_id starts_on ends_on cost",
        ("a", "2025-01-30", None, 5.0),
        ("b", "2025-01-01", "2025-01-07", 10.0),
    )
    orders = shop()["orders"]
    with mk.open_data({"orders": orders, "campaigns": campaigns}) as data:
        days = mk.compute(
            "marketing_spend", data, grain="day", start="2025-01-01", end="2025-02-01"
        )
        assert "marketing_spend.purpose" in mk.explain("customer_acquisition_cost", data)
    found = days["marketing_spend"]
    assert found[29] == 5.0
    assert found[:7].between(1.4285, 1.4287).all()
    assert found.sum() == pytest.approx(15.0, abs=1e-12)


def test_spend_without_campaigns_leaves_their_costs_out():
    """Whether the spend already holds a campaign cannot be told without its name."""
    frames = shop()
    frames["marketing_spend"] = frames["marketing_spend"].drop(columns="campaign_id")
    with mk.open_data(frames) as data:
        assert computed("marketing_spend", data)["marketing_spend"].tolist() == [62.0]


def test_acquisition_cost_sets_a_channels_spend_against_the_customers_it_brought(data):
    whole = computed("customer_acquisition_cost", data, **JANUARY)
    assert whole["customer_acquisition_cost"].tolist() == [15.0]  # ann and bob; cat came before
    for by in ("marketing_channel", "acquisition_channel"):
        found = cells("customer_acquisition_cost", data, by, **JANUARY)
        assert found == {"paid_search": 30.0, "social": None}
    february = cells(
        "customer_acquisition_cost", data, "acquisition_channel", start="2025-02-01",
        end="2025-03-01",
    )  # fmt: skip
    assert february == {"paid_search": None}  # spent, and nobody came


def test_a_cancelled_first_order_makes_no_customer():
    frames = shop()
    frames["orders"].loc[frames["orders"]["order_id"] == "o2", "status"] = "cancelled"
    with mk.open_data(frames) as data:
        found = computed("customer_acquisition_cost", data, **JANUARY)
    assert found["customer_acquisition_cost"].tolist() == [30.0]


def test_without_registrations_a_year_of_orders_must_show_who_is_new():
    """Ann orders each year, Bob begins in 2024: who was there before 2023 is not known."""
    days = ["2022-06-01", "2023-01-03", "2023-12-30", "2024-02-01", "2024-03-01", "2024-12-30"]
    orders = pd.DataFrame(
        {
            "order_id": [*"123456"],
            "customer_id": ["ann", "ann", "ann", "bob", "ann", "ann"],
            "ordered_at": pd.to_datetime(days),
        }
    )
    spent = pd.to_datetime(["2023-05-01", "2024-05-01"]).date
    spend = pd.DataFrame({"day": spent, "amount": [10.0, 30.0], "purpose": "acquisition"})
    kpi = "customer_acquisition_cost"
    with mk.open_data({"orders": orders[1:], "marketing_spend": spend}) as data:
        years = mk.compute(kpi, data, grain="year", start="2023-01-01", end="2025-01-01")
        assert years[kpi].isna().tolist() == [True, False]
        assert years[kpi].iloc[1] == 30.0
        assert mk.compute(kpi, data, start="2023-01-01", end="2024-01-01")[kpi].isna().all()
        assert mk.compute(kpi, data, start="2023-07-01", end="2024-07-01")[kpi].isna().all()
        assert mk.compute(kpi, data, start="2024-01-01", end="2025-01-01")[kpi].tolist() == [30.0]
        assert "needs orders from 2022-01-01 on" in mk.explain(
            kpi, data, start="2023-01-01", end="2024-01-01"
        )
    known = pd.DataFrame({"customer_id": ["ann"], "registered_at": [pd.Timestamp("2022-06-01")]})
    with mk.open_data({"orders": orders, "marketing_spend": spend, "contacts": known}) as data:
        assert mk.compute(kpi, data, start="2022-01-01", end="2023-01-01")[kpi].isna().all()


def test_spend_has_no_region_and_says_what_it_has(data):
    with pytest.raises(ComputeError, match="'region' not found in fact 'marketing_spend'") as error:
        mk.compute("marketing_spend", data, by="region")
    assert "campaign_id, marketing_channel, purpose" in str(error.value)


@pytest.mark.parametrize("dialect", ["postgres", "snowflake", "bigquery"])
def test_every_fact_can_be_said_in_the_dialect_of_a_warehouse(dialect):
    from dataclasses import replace

    from marketing_kpi.kpis.binding import named

    with mk.open_data(shop()) as data:
        elsewhere = replace(named(data), from_pandas=False)
        for kpi in (*SERVICE, "marketing_spend", "customer_acquisition_cost"):
            query = mk.compute(kpi, elsewhere, grain="month", **JANUARY)
            assert kpi in ibis.to_sql(query, dialect=dialect)
