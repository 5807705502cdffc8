"""The table of a test: worked by hand on a small shop, and on the demo against its truth."""

import datetime as dt
import gc

import ibis.expr.types as ir
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import marketing_kpi as mk
from marketing_kpi import experiments
from marketing_kpi.errors import ComputeError, DataError, MissingDataError

# ann, bob and cat treated, dan and eve controls; bob's message came a day later
MEMBERS = [
    ("mail", "ann", "treatment", "2025-04-01", "2025-04-03 09:00"),
    ("mail", "bob", "treatment", "2025-04-01", "2025-04-04 10:00"),
    ("mail", "cat", "treatment", "2025-04-01", None),
    ("mail", "dan", "control", "2025-04-01", None),
    ("mail", "eve", "control", "2025-04-01", None),
    ("post", "ann", "treatment", "2025-09-01", "2025-09-02 09:00"),
]
ORDERS = [
    ("o1", "ann", "2025-04-03 00:30", None, 100.0),  # the first day is whole, in both arms
    ("o2", "ann", "2025-04-16 23:59", None, 50.0),  # so is the last of 14
    ("o3", "ann", "2025-04-17 00:00", None, 99.0),
    ("o4", "dan", "2025-04-10 12:00", None, 30.0),
    ("o5", "bob", "2025-04-05 12:00", "cancelled", 80.0),
    ("o6", "eve", "2025-04-02 23:59", None, 70.0),  # before: the last day of it
    ("o7", "eve", "2025-03-04 00:00", None, 7.0),  # the first of 30
    ("o8", "eve", "2025-03-03 23:59", None, 1000.0),
    ("o9", None, "2025-12-30 12:00", None, 10.0),
    ("o10", None, "2025-09-05 12:00", None, 10.0),  # in the window of the other campaign
]
COSTS = {"o1": 60.0, "o2": 20.0}  # dan's order has no known cost


def shop(**tables):
    members = pd.DataFrame(
        MEMBERS, columns=["campaign_id", "customer_id", "arm", "assigned_at", "contacted_at"]
    ).astype({"assigned_at": "datetime64[us]", "contacted_at": "datetime64[us]"})
    orders = pd.DataFrame(
        ORDERS, columns=["order_id", "customer_id", "ordered_at", "status", "unit_price"]
    ).astype({"ordered_at": "datetime64[us]"})
    lines = orders.assign(line_id="1", quantity=1.0, unit_cost=orders.order_id.map(COSTS))
    kept = ["order_id", "line_id", "quantity", "unit_price", "unit_cost"]
    made = {
        "orders": orders.drop(columns="unit_price"),
        "order_lines": lines[kept],
        "campaign_members": members,
        "contacts": pd.DataFrame({"customer_id": ["ann", "dan"], "region": ["QC", "IDF"]}),
        **tables,
    }
    return mk.open_data({name: frame for name, frame in made.items() if frame is not None})


@pytest.fixture(scope="module")
def data():
    with shop() as opened:
        yield opened


def test_members_by_hand(data):
    table = experiments.members(data, campaign="mail", window_days=14, before_days=30)
    assert table["customer_id"].tolist() == ["ann", "bob", "cat", "dan", "eve"]
    rows = table.set_index("customer_id")
    assert rows["bought"].tolist() == [1, 0, 0, 1, 0]
    assert rows["orders"].tolist() == [2, 0, 0, 1, 0]
    assert rows["revenue"].tolist() == [150, 0, 0, 30, 0]
    assert rows["margin"].isna().all()  # dan bought at a cost that nobody knows
    assert rows["orders_before"].tolist() == [0, 0, 0, 0, 2]
    assert rows["revenue_before"].tolist() == [0, 0, 0, 0, 77]
    assert rows["responded"].isna().all()
    assert rows["contacted_at"]["bob"] == pd.Timestamp("2025-04-04 10:00")
    assert pd.isna(rows["contacted_at"]["dan"])


def test_a_table_of_an_engine_stays_there_and_gives_the_same(data, tmp_path):
    for name, rows in data.tables.items():
        rows.to_pandas().to_parquet(tmp_path / f"{name}.parquet")
    with mk.open_data(str(tmp_path)) as stored:
        lazy = experiments.members(stored, campaign="mail", by="region")
        assert isinstance(lazy, ir.Table)
        money = dict.fromkeys(["revenue", "margin", "revenue_before"], "float64")
        found = lazy.to_pandas().astype(money).sort_values("customer_id", ignore_index=True)
    expected = experiments.members(data, campaign="mail", by="region")
    assert_frame_equal(found, expected, check_dtype=False)


def test_columns_of_members_and_contacts_can_be_added(data):
    table = experiments.members(data, campaign="mail", by="region").set_index("customer_id")
    assert table["region"]["ann"] == "QC"
    assert pd.isna(table["region"]["bob"])
    own = data.campaign_members.mutate(half=data.campaign_members.customer_id.left(1)).to_pandas()
    with shop(campaign_members=own) as opened:
        table = experiments.members(opened, campaign="mail", by=["half", "region"])
    assert table.columns.tolist()[-2:] == ["half", "region"]
    assert table["half"].tolist() == list("abcde")


def test_responses_are_told_from_opens(data):
    responses = pd.DataFrame(
        [("ann", "2025-04-04", "click", "mail"), ("ann", "2025-04-05", "click", "mail"),
         ("bob", "2025-04-04", "open", "mail"), ("cat", "2025-04-17", "click", "mail"),
         ("dan", "2025-04-04", "visit", None)],
        columns=["customer_id", "at", "kind", "campaign_id"],
    ).astype({"at": "datetime64[us]"})  # fmt: skip
    touches = pd.DataFrame(
        {"touchpoint_id": ["t1", "t2"], "customer_id": ["bob", "eve"], "campaign_id": "mail",
         "kind": ["impression", "visit"], "at": pd.to_datetime(["2025-04-04"] * 2)}
    )  # fmt: skip
    with shop(responses=responses, touchpoints=touches) as opened:
        table = experiments.members(opened, campaign="mail", window_days=14)
        assert table["responded"].tolist() == [1, 0, 0, 0, 1]
        other = experiments.members(opened, campaign="post")
        assert other["responded"].isna().all()  # no reaction to it is recorded at all


def test_the_window_by_hand(data):
    found = experiments.window(data, campaign="mail", window_days=14)
    assert (found.start, found.end) == (dt.date(2025, 4, 3), dt.date(2025, 4, 17))
    assert (found.control_n, found.treated_n) == (2, 3)
    assert (found.control_contacted, found.treated_contacted, found.contact_days) == (0, 2, 2)
    assert found.is_over
    assert found.notes == ("treated_not_contacted", "contacts_spread_out")


def test_a_window_that_is_not_over_says_so(data):
    found = experiments.window(data, campaign="post", window_days=150)
    assert (found.end, found.is_over) == (dt.date(2026, 1, 30), False)
    assert found.last_day == dt.date(2025, 12, 30)
    assert "window_not_over" in found.notes


def test_without_contacts_the_draw_or_the_campaign_begins_the_window(data):
    members = data.campaign_members.to_pandas()
    drawn = members.drop(columns="contacted_at")
    campaigns = pd.DataFrame({"campaign_id": ["mail"], "starts_on": [dt.date(2025, 4, 2)]})
    with shop(campaign_members=drawn, campaigns=campaigns) as opened:
        found = experiments.window(opened, campaign="mail")
        assert found.start == dt.date(2025, 4, 1)
        assert found.notes == ("contacts_not_recorded",)
        assert found.treated_contacted is None
    bare = drawn.drop(columns="assigned_at")
    with shop(campaign_members=bare, campaigns=campaigns) as opened:
        assert experiments.window(opened, campaign="mail").start == dt.date(2025, 4, 2)
        with pytest.raises(DataError, match="nothing tells when campaign 'post' began"):
            experiments.members(opened, campaign="post")


def test_a_contacted_control_and_a_member_of_both_arms_are_noted(data):
    members = data.campaign_members.to_pandas()
    members.loc[members.customer_id == "dan", "contacted_at"] = pd.Timestamp("2025-04-03 09:00")
    both = members[members.customer_id == "eve"].assign(arm="treatment")
    with shop(campaign_members=pd.concat([members, both])) as opened:
        found = experiments.window(opened, campaign="mail")
        table = experiments.members(opened, campaign="mail")
    assert {"control_contacted", "in_both_arms"} <= {*found.notes}
    assert table.loc[table.customer_id == "eve", "arm"].tolist() == ["control", "treatment"]


def test_members_without_an_arm_or_a_customer_are_counted(data):
    members = data.campaign_members.to_pandas()
    lost = pd.DataFrame({"campaign_id": "mail", "customer_id": ["fay", "gus", "gus", "dan", None],
                         "arm": [None, None, None, None, "control"]})  # fmt: skip
    with shop(campaign_members=pd.concat([members, lost])) as opened:
        found = experiments.window(opened, campaign="mail", window_days=14)
        other = experiments.window(opened, campaign="post", window_days=14)
    assert (found.control_n, found.treated_n) == (2, 3)
    assert (found.without_arm, found.without_customer) == (2, 1)  # dan has an arm besides
    assert {"without_arm", "without_customer"} <= {*found.notes}
    assert (other.without_arm, other.without_customer) == (0, 0)


def test_neither_row_order_nor_repeated_rows_matter(data):
    expected = experiments.members(data, campaign="mail", by="region")
    tables = {name: rows.to_pandas() for name, rows in data.tables.items()}
    shuffled = {name: frame.sample(frac=1, random_state=1) for name, frame in tables.items()}
    shuffled["campaign_members"] = pd.concat([shuffled["campaign_members"]] * 2)
    with mk.open_data(shuffled) as opened:
        assert_frame_equal(experiments.members(opened, campaign="mail", by="region"), expected)


def test_margins_are_there_where_all_costs_are_known(data):
    known = {**COSTS, "o4": 20.0}
    lines = data.order_lines.to_pandas()
    lines["unit_cost"] = lines["order_id"].map(known)
    two = pd.concat([lines, lines[lines["order_id"] == "o1"].assign(line_id="2", unit_cost=None)])
    with shop(order_lines=lines) as opened:
        table = experiments.members(opened, campaign="mail", window_days=14)
        assert "margin" in experiments.trial(opened, campaign="mail", window_days=14).outcomes
        longer = experiments.members(opened, campaign="mail", window_days=15)
        outcomes = experiments.trial(opened, campaign="mail", window_days=15).outcomes
    assert table["margin"].tolist() == [70, 0, 0, 10, 0]
    assert longer["margin"].isna().all()  # o3 is within, at an unknown cost
    assert outcomes == ("bought", "orders", "revenue")
    with shop(order_lines=two) as opened:  # one of two lines of an order is enough
        assert experiments.members(opened, campaign="mail", window_days=14)["margin"].isna().all()


def test_data_without_lines_or_costs_have_no_margin(data):
    amounts = data.orders.to_pandas()
    with shop(orders=amounts, order_lines=None) as opened:
        table = experiments.members(opened, campaign="mail", window_days=14)
    assert table["revenue"].tolist() == [150, 0, 0, 30, 0]
    assert table["margin"].isna().all()


def listed(*members):
    """Return a campaign of one day; of each member, the arm and the first letters of an id."""
    rows = [("mail", f"{start}{n}", arm) for arm, start, count in members for n in range(count)]
    made = pd.DataFrame(rows, columns=["campaign_id", "customer_id", "arm"])
    return made.assign(contacted_at=pd.Timestamp("2025-04-03 09:00"))


def buyers(*starts, first="2025-04-10"):
    """Return orders of 40 customers of each kind of id."""
    people = [f"{start}{n}" for start in starts for n in range(40)]
    at = pd.date_range(first, periods=len(people), freq="D")
    numbers = [str(n) for n in range(len(people))]
    return pd.DataFrame(
        {"order_id": numbers, "customer_id": people, "ordered_at": at, "amount": 10.0}
    )


KNOWN_IDS = listed(("treatment", "K", 40), ("control", "K1", 40))
UNKNOWN = {
    "ids without their letter": listed(("treatment", "", 30), ("control", "9", 12)),
    "one arm written otherwise": listed(("treatment", "", 40), ("control", "K", 40)),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_members_who_are_no_customers_bought_nothing_that_is_known(case):
    orders = buyers("K", first="2025-03-05")  # 29 of 40 before the window
    data = mk.open_data({"orders": orders, "campaign_members": UNKNOWN[case]})
    assert "unknown_members" in experiments.window(data, campaign="mail").notes
    with pytest.raises(DataError, match="have no order in these data, at any time"):
        experiments.members(data, campaign="mail")


@pytest.mark.parametrize("arms", [("control", "treatment"), ("treatment", "control")])
def test_an_arm_of_prospects_none_of_whom_bought_is_no_mistake(arms):
    """What is bought in the window may be the campaign's doing: it tells nothing of the others."""
    without, bought = arms
    people = listed((without, "P", 300), (bought, "K", 40))
    data = mk.open_data({"orders": buyers("K", "other"), "campaign_members": people})
    notes = {*experiments.window(data, campaign="mail").notes}
    assert not {"unknown_members", "unlike_found"} & notes
    assert "nobody_found" in notes  # or the ids of that arm are written otherwise: nothing tells
    table = experiments.members(data, campaign="mail")
    assert table.groupby("arm")["bought"].sum().to_dict() == {without: 0, bought: 21}


def test_arms_of_which_unlike_shares_bought_before_are_noted():
    """40 of 40 treated bought before; of the controls 33 did, or 1 where ids are unlike."""
    orders = buyers("K", "L", first="2025-01-20")
    people = listed(("treatment", "K", 40), ("control", "L", 40))
    unlike = people.assign(customer_id=[*people["customer_id"][:41], *["x"] * 39])
    unlike["customer_id"] += [""] * 41 + [str(n) for n in range(39)]
    for members, is_noted in ((people, False), (unlike, True)):
        data = mk.open_data({"orders": orders, "campaign_members": members})
        notes = experiments.window(data, campaign="mail").notes
        assert ("unlike_found" in notes) == is_noted
        assert "unknown_members" not in notes


def test_unlike_shares_are_those_that_fisher_s_exact_test_finds():
    """Of 40 and 60, of whom half bought before: from 0 to 40 of the first."""
    from scipy.stats import fisher_exact

    from marketing_kpi.trials.members import BY_CHANCE, _is_rare

    tables = [((found, 40 - found), (30, 30)) for found in range(41)]
    rare = [bool(fisher_exact(table).pvalue < BY_CHANCE) for table in tables]
    assert 0 < sum(rare) < len(rare)
    assert [_is_rare(*table) for table in tables] == rare


def test_orders_without_customers_tell_nothing_of_members():
    nameless = buyers("K").assign(customer_id=None).astype({"customer_id": "string"})
    data = mk.open_data({"orders": nameless, "campaign_members": KNOWN_IDS})
    with pytest.raises(DataError, match="write customer ids alike"):
        experiments.members(data, campaign="mail")


@pytest.mark.parametrize("first", ["2025-05-01", "2024-01-01"])
def test_a_window_without_any_order_is_outside_the_data(first):
    data = mk.open_data({"orders": buyers("K", first=first), "campaign_members": KNOWN_IDS})
    assert "outside_data" in experiments.window(data, campaign="mail").notes
    with pytest.raises(DataError, match="no order in the window of campaign 'mail'"):
        experiments.members(data, campaign="mail")


def test_an_order_of_another_century_does_not_hide_that():
    orders = buyers("K", first="2025-05-01")
    orders.loc[:1, "ordered_at"] = pd.to_datetime(["1925-04-10", "2125-04-10"])
    data = mk.open_data({"orders": orders, "campaign_members": KNOWN_IDS})
    assert "outside_data" in experiments.window(data, campaign="mail").notes


def test_members_of_whom_few_are_found_and_a_window_begun_before_are_noted():
    people = pd.concat([KNOWN_IDS, listed(("treatment", "x", 90))])
    late = buyers("K", first="2025-04-20")
    data = mk.open_data({"orders": late, "campaign_members": people})
    found = experiments.window(data, campaign="mail", window_days=28)
    assert {"few_members_found", "window_before_data"} <= {*found.notes}
    assert found.first_day == dt.date(2025, 4, 20)
    assert len(experiments.members(data, campaign="mail")) == len(people)


def test_members_are_computed_once_and_released_with_their_last_use_or_the_data(data, tmp_path):
    for name, rows in data.tables.items():
        rows.to_pandas().to_parquet(tmp_path / f"{name}.parquet")

    def of_members(opened):
        return [name for name in opened.connection.list_tables() if "cached" in name]

    with mk.open_data(str(tmp_path)) as stored:
        own = experiments.members(stored, campaign="mail").select("arm", "bought")
        assert len(of_members(stored)) == 1
        assert own.count().execute() == 5
        del own
        gc.collect()
        assert not of_members(stored)
        left = experiments.members(stored, campaign="mail")
    del left  # after the connection was closed: nothing is left to drop, and nothing warns


def test_what_is_refused(data):
    with pytest.raises(DataError, match=r"campaign 'mial' not found .*; did you mean 'mail'"):
        experiments.members(data, campaign="mial")
    with pytest.raises(DataError, match="campaign 'mial' not found"):
        experiments.window(data, campaign="mial")
    with pytest.raises(ComputeError, match="did you mean 'region'"):
        experiments.members(data, campaign="mail", by="regoin")
    with pytest.raises(ComputeError, match="campaign == None, must be a campaign_id"):
        experiments.members(data, campaign=None)
    with pytest.raises(ComputeError, match="'revenue', which is a column of every table"):
        experiments.members(data, campaign="mail", by="revenue")
    with pytest.raises(ComputeError, match="0 days"):
        experiments.members(data, campaign="mail", window_days=0)
    with (
        shop(campaign_members=None) as opened,
        pytest.raises(MissingDataError, match=r"campaign_members\.arm"),
    ):
        experiments.members(opened, campaign="mail")


def test_what_a_campaign_cost(data):
    campaigns = pd.DataFrame({"campaign_id": ["mail", "post"], "cost": [900.0, None]})
    spend = pd.DataFrame(
        {"day": pd.to_datetime(["2025-04-03"] * 2), "campaign_id": ["mail", "post"],
         "marketing_channel": ["email", "post"], "amount": [250.0, 40.0]}
    )  # fmt: skip
    assert experiments.campaign_cost(data, campaign="mail") is None
    with shop(campaigns=campaigns) as opened:
        assert experiments.campaign_cost(opened, campaign="mail") == 900
        assert experiments.campaign_cost(opened, campaign="post") is None
        assert experiments.campaign_cost(opened, campaign="other") is None
    with shop(campaigns=campaigns, marketing_spend=spend) as opened:
        assert experiments.campaign_cost(opened, campaign="mail") == 250


def test_the_demo_gives_what_its_truth_says():
    table = experiments.members(mk.demo(), campaign="spring_mail").to_pandas()
    assert table["arm"].value_counts().to_dict() == {"treatment": 3300, "control": 367}
    assert table["customer_id"].is_unique
    kpis = mk.compute(
        ["absolute_lift", "incremental_revenue", "response_rate"],
        mk.demo(), filters={"campaign_id": "spring_mail"},
    ).to_pandas().iloc[0].astype(float)  # fmt: skip
    means = table.assign(revenue=table.revenue.astype(float)).groupby("arm")
    means = means[["bought", "revenue", "responded"]].mean()
    gap = means.loc["treatment"] - means.loc["control"]
    assert kpis.absolute_lift == pytest.approx(gap["bought"])
    assert kpis.incremental_revenue == pytest.approx(3300 * gap["revenue"])
    assert kpis.response_rate == pytest.approx(means["responded"]["treatment"])


def test_a_credit_alone_is_no_purchase():
    days = pd.to_datetime(["2025-04-10", "2025-04-11", "2025-04-12"])
    orders = pd.DataFrame(
        {
            "order_id": ["1", "2", "3"],
            "customer_id": ["ann", "ann", "bob"],
            "ordered_at": days,
            "amount": [20.0, -5.0, -7.0],
        }
    )
    listed = pd.DataFrame(
        {
            "campaign_id": "mail",
            "customer_id": ["ann", "bob"],
            "arm": ["treatment", "control"],
            "contacted_at": pd.to_datetime(["2025-04-03", None]),
        }
    )
    data = mk.open_data({"orders": orders, "campaign_members": listed})
    found = experiments.members(data, campaign="mail").set_index("customer_id")
    assert found.orders.to_dict() == {"ann": 1, "bob": 0}
    assert found.bought.to_dict() == {"ann": 1, "bob": 0}
    assert found.revenue.to_dict() == {"ann": 15.0, "bob": -7.0}
    lift = mk.compute("absolute_lift", data).iloc[0]["absolute_lift"]
    assert lift == 1.0
