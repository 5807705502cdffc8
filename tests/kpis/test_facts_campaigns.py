"""The fact of campaigns through `compute`: worked by hand, from pandas and from an engine."""

from dataclasses import replace

import duckdb
import ibis
import numpy as np
import pandas as pd
import pytest
import sqlglot

import marketing_kpi as mk
from marketing_kpi import experiments
from marketing_kpi.errors import ComputeError, DataError, MissingDataError
from marketing_kpi.kpis.binding import named

KPIS = [
    "response_rate",
    "absolute_lift",
    "relative_lift",
    "incremental_revenue",
    "incremental_roi",
]

# mail: three treated (cat's message was not delivered) and two controls; card: one and one;
# lone has no control.
MEMBERS = [
    ("mail", "ann", "treatment", "2025-04-03 09:00", "early"),
    ("mail", "bob", "treatment", "2025-04-03 10:00", "late"),
    ("mail", "cat", "treatment", None, "early"),
    ("mail", "dan", "control", None, "early"),
    ("mail", "eve", "control", None, "late"),
    ("card", "ann", "treatment", "2025-05-10 08:00", "early"),
    ("card", "bob", "control", None, "early"),
    ("lone", "fay", "treatment", "2025-04-10 08:00", "early"),
]
ORDERS = [
    ("o1", "ann", "2025-04-03 00:30", None, 100.0, 60.0),  # the first day is whole, in both arms
    ("o2", "ann", "2025-04-30 23:59", None, 50.0, 20.0),  # so is the last
    ("o3", "ann", "2025-05-01 00:00", None, 99.0, 1.0),  # after the window of mail
    ("o4", "dan", "2025-04-10 12:00", None, 30.0, 10.0),
    ("o5", "bob", "2025-04-05 12:00", "cancelled", 80.0, 10.0),
    ("o6", "cat", "2025-04-20 12:00", None, 20.0, 15.0),
    ("o7", "eve", "2025-04-02 23:59", None, 70.0, 10.0),  # before it
    ("o8", "ann", "2025-05-12 12:00", None, 60.0, 40.0),
    ("o9", "fay", "2025-04-12 12:00", None, 500.0, 100.0),
]
RESPONSES = [
    ("ann", "2025-04-04", "click", "mail"),
    ("ann", "2025-04-05", "visit", "mail"),
    ("bob", "2025-04-04", "open", "mail"),  # no response
    ("cat", "2025-04-04", "click", "mail"),  # was not contacted
    ("bob", "2025-05-01", "click", "mail"),  # too late
    ("ann", "2025-05-11", "visit", None),
]


@pytest.fixture(scope="module")
def frames():
    members = pd.DataFrame(
        MEMBERS, columns=["campaign_id", "customer_id", "arm", "contacted_at", "half"]
    )
    orders = pd.DataFrame(
        ORDERS, columns=["order_id", "customer_id", "ordered_at", "status", "unit_price", "cost"]
    )
    lines = orders.assign(line_id="1", quantity=1.0, unit_cost=orders.cost)
    return {
        "orders": orders[["order_id", "customer_id", "ordered_at", "status"]].astype(
            {"ordered_at": "datetime64[us]"}
        ),
        "order_lines": lines[["order_id", "line_id", "quantity", "unit_price", "unit_cost"]],
        "campaign_members": members.astype({"contacted_at": "datetime64[us]"}),
        "campaigns": pd.DataFrame(
            {
                "campaign_id": ["mail", "card", "lone"],
                "marketing_channel": ["email", "post", "email"],
                "cost": [9.0, 5.0, 7.0],
            }
        ),
        "contacts": pd.DataFrame(
            {
                "customer_id": ["ann", "bob", "cat", "dan", "eve"],
                "region": ["QC", "QC", "IDF", "QC", "IDF"],
            }
        ),
        "responses": pd.DataFrame(
            RESPONSES, columns=["customer_id", "at", "kind", "campaign_id"]
        ).astype({"at": "datetime64[us]"}),
    }


@pytest.fixture(scope="module")
def shop(frames, opened):
    return opened(frames)


def test_by_campaign_by_hand(shop, table):
    found = table(KPIS, shop, by="campaign_id").set_index("campaign_id")
    mail = found.loc["mail"]
    assert mail.response_rate == 1 / 2  # ann, of ann and bob
    assert mail.absolute_lift == pytest.approx(2 / 3 - 1 / 2)
    assert mail.relative_lift == pytest.approx(1 / 3)
    assert mail.incremental_revenue == pytest.approx(170 - 3 * 15)
    assert mail.incremental_roi == pytest.approx((75 - 3 * 10 - 9) / 9)
    card = found.loc["card"]
    assert pd.isna(card.response_rate)  # nothing is recorded of it
    assert card.absolute_lift == 1
    assert pd.isna(card.relative_lift)  # no control bought
    assert card.incremental_revenue == 60
    assert card.incremental_roi == (20 - 5) / 5
    assert found.loc["lone"].isna().all()  # no control: nothing to compare with


def test_several_campaigns_are_added_up_and_their_arms_never_pooled(shop, table):
    row = table(KPIS, shop).iloc[0]
    assert row.response_rate == 1 / 2
    assert row.absolute_lift == pytest.approx((3 * (1 / 6) + 1 * 1) / 4)
    assert row.relative_lift == pytest.approx((3 * (1 / 6) + 1) / (3 * (1 / 2) + 0))
    assert row.incremental_revenue == pytest.approx(125 + 60)
    assert row.incremental_roi == pytest.approx((45 + 20 - 9 - 5) / (9 + 5))


def test_a_campaign_stands_where_its_window_ends(shop, table):
    found = table(
        ["incremental_revenue"], shop, grain="month", start="2025-04-01", end="2025-07-01"
    )
    assert found.incremental_revenue[0] == pytest.approx(125)  # mail: 30 April
    assert pd.isna(found.incremental_revenue[1])  # lone: 7 May, and nothing is known of it
    assert found.incremental_revenue[2] == pytest.approx(60)  # card: 6 June
    before = table("incremental_revenue", shop, start="2025-04-01", end="2025-04-30")
    assert before.incremental_revenue[0] == 0  # no window was over


@pytest.mark.parametrize(("by", "parts"), [("region", ("QC", "IDF")), ("half", ("late", "early"))])
def test_by_a_dimension_of_the_members(shop, by, parts, table):
    found = table(KPIS, shop, by=by, filters={"campaign_id": "mail"}).set_index(by)
    first, second = parts
    expected = {"region": (1 / 2 - 1, 1.0), "half": (0.0, 1.0 - 1.0)}[by]
    assert found.absolute_lift[first] == pytest.approx(expected[0])
    assert found.absolute_lift[second] == pytest.approx(expected[1])


def test_a_part_of_a_campaign_takes_its_part_of_the_cost(shop, table):
    found = table("incremental_roi", shop, by="half", filters={"campaign_id": "mail"}).set_index(
        "half"
    )
    # early: ann and cat 75, dan 20; half of the contacted, so half of the 9
    assert found.incremental_roi["early"] == pytest.approx((75 - 2 * 20 - 4.5) / 4.5)


def test_what_is_spent_comes_before_the_cost_of_the_campaign(frames, table):
    spend = pd.DataFrame(
        {"day": pd.to_datetime(["2025-04-03", "2025-04-04"]), "campaign_id": "mail",
         "marketing_channel": "email", "amount": [10.0, 5.0]}
    )  # fmt: skip
    found = table(
        "incremental_roi", {**frames, "marketing_spend": spend}, filters={"campaign_id": "mail"}
    )
    assert found.incremental_roi[0] == pytest.approx((45 - 15) / 15)


@pytest.mark.parametrize("buyer", ["o2", "o4"])  # of the treated; of the control
def test_a_margin_of_unknown_costs_is_not_known(frames, buyer, table):
    lines = frames["order_lines"].copy()
    lines.loc[lines["order_id"] == buyer, "unit_cost"] = None
    shop = {**frames, "order_lines": lines}
    found = table(KPIS, shop, by="campaign_id").set_index("campaign_id")
    assert pd.isna(found.incremental_roi["mail"])
    assert found.incremental_revenue["mail"] == pytest.approx(125)
    assert found.incremental_roi["card"] == (20 - 5) / 5
    assert table(KPIS, shop).incremental_roi[0] == (20 - 5) / 5
    members = experiments.members(mk.open_data(shop), campaign="mail")
    assert experiments.incremental(members, cost=9.0).roi.value is None
    none = {**frames, "order_lines": lines.assign(unit_cost=np.nan)}
    assert table(KPIS, none).incremental_roi.isna().all()


def test_arms_that_share_a_member_say_nothing_of_each_other(frames, table):
    more = pd.DataFrame(
        [("mail", "ann", "control", None, "late")], columns=frames["campaign_members"].columns
    ).astype({"contacted_at": "datetime64[us]"})
    mixed = {**frames, "campaign_members": pd.concat([frames["campaign_members"], more])}
    found = table(KPIS, mixed, by="campaign_id").set_index("campaign_id")
    assert found.loc["mail"].drop("response_rate").isna().all()
    assert found.absolute_lift["card"] == 1
    assert table(KPIS, mixed).absolute_lift[0] == 1
    assert table("absolute_lift", mixed, by="half").absolute_lift.dropna().tolist() == [1]


def _of_strangers(members, arm):
    return members.assign(
        customer_id=members["customer_id"].where(
            members["arm"] != arm, "x" + members["customer_id"]
        )
    )


UNTOLD = {
    "nobody is a customer": lambda m: m.assign(customer_id="x" + m["customer_id"]),
    "the controls are none": lambda m: _of_strangers(m, "control"),
    "the treated are none": lambda m: _of_strangers(m, "treatment"),
    "before the data": lambda m: m.assign(contacted_at=pd.Timestamp("2020-04-03")),
    "after the data": lambda m: m.assign(contacted_at=pd.Timestamp("2027-04-03")),
    "no start": lambda m: m.assign(contacted_at=pd.NaT),
}


@pytest.mark.parametrize("case", UNTOLD)
def test_members_of_whom_the_data_tell_nothing_have_no_lift(case, table):
    """The same data as `experiments.members` refuses: a zero would be invented."""
    people = [f"K{n}" for n in range(60)]
    at = pd.to_datetime(["2025-03-01", "2025-04-10"])
    orders = pd.DataFrame({"customer_id": people * 2, "ordered_at": at.repeat(60), "amount": 10.0})
    orders = orders.assign(order_id=[str(n) for n in orders.index])
    members = pd.DataFrame({"campaign_id": "mail", "customer_id": people})
    members = members.assign(
        arm=["treatment", "control"] * 30, contacted_at=pd.Timestamp("2025-04-03")
    )
    kpis = ["absolute_lift", "relative_lift", "incremental_revenue"]
    told = {"orders": orders, "campaign_members": members}
    assert table(kpis, told).iloc[0].tolist() == [0, 0, 0]
    untold = {"orders": orders, "campaign_members": UNTOLD[case](members)}
    assert table(kpis, untold).iloc[0].isna().all()
    by_campaign = table(kpis, untold, by="campaign_id")
    assert by_campaign[kpis].isna().all(axis=None)
    with pytest.raises(DataError):
        experiments.members(mk.open_data(untold), campaign="mail")


def test_members_listed_twice_count_once(frames, table):
    twice = pd.concat([frames["campaign_members"]] * 2)
    doubled = table(KPIS, {**frames, "campaign_members": twice}, by="campaign_id")
    pd.testing.assert_frame_equal(doubled, table(KPIS, frames, by="campaign_id"))


def test_without_contacts_the_draw_begins_the_window(frames, table):
    members = frames["campaign_members"].drop(columns="contacted_at")
    drawn = members.assign(assigned_at=pd.Timestamp("2025-04-03 17:00"))
    found = table(KPIS, {**frames, "campaign_members": drawn}, by="campaign_id")
    mail = found.set_index("campaign_id").loc["mail"]
    assert mail.incremental_revenue == pytest.approx(125)
    assert mail.response_rate == pytest.approx(2 / 3)  # ann and cat, of the three treated


def test_the_sql_gives_the_same(frames, table):
    with mk.open_data(frames) as data, duckdb.connect() as connection:
        for name, rows in data.tables.items():
            connection.register(name, rows.to_pyarrow())
        found = connection.execute(mk.sql(KPIS, data, by="campaign_id")).df()
    expected = table(KPIS, frames, by="campaign_id")
    pd.testing.assert_frame_equal(
        found.sort_values("campaign_id", ignore_index=True)[expected.columns],
        expected,
        check_dtype=False,
    )


@pytest.mark.parametrize("dialect", ["postgres", "snowflake", "bigquery"])
def test_it_can_be_said_in_the_dialect_of_a_warehouse(frames, dialect):
    with mk.open_data(frames) as data:
        elsewhere = replace(named(data), from_pandas=False)
        query = mk.compute(KPIS, elsewhere, by=["campaign_id", "region"], grain="month")
    text = ibis.to_sql(query, dialect=dialect)
    selected = sqlglot.parse_one(text, read=dialect).named_selects
    assert selected == ["period", "campaign_id", "region", *KPIS]


def test_what_the_data_lack_is_named(frames):
    without = {name: frame for name, frame in frames.items() if name != "responses"}
    with pytest.raises(MissingDataError, match=r"response_rate needs responses\.campaign_id"):
        mk.compute("response_rate", without)
    with pytest.raises(ComputeError, match="did you mean 'region'"):
        mk.compute("absolute_lift", frames, by="regio")


def test_the_demo_comes_near_its_truth(table):
    found = table(KPIS, mk.demo(), by="campaign_id").set_index("campaign_id")
    assert found.absolute_lift["spring_mail"] == pytest.approx(0.053, abs=0.035)  # 2 sd
    assert found.absolute_lift["autumn_mail"] == pytest.approx(0.0, abs=0.026)
