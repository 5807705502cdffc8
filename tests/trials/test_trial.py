"""Which campaigns were tests, and what keeps the arms of one from being compared."""

import pandas as pd
import pytest

import marketing_kpi as mk
from marketing_kpi import experiments

COLUMNS = ["campaign_id", "customer_id", "arm", "contacted_at"]
MEMBERS = [
    ("mail", "ann", "treatment", "2025-04-03"),
    ("mail", "bob", "treatment", "2025-04-03"),
    ("mail", "cat", "control", None),
    ("sms", "ann", "short", "2025-02-01"),
    ("sms", "bob", "long", "2025-02-01"),
    ("sms", "dan", "long", "2025-02-01"),
    ("sms", "eve", "control", None),
    ("all", "ann", "treatment", "2025-06-01"),
    ("alone", "ann", "control", None),
    ("twice", "ann", "treatment", "2025-07-01"),
    ("twice", "ann", "control", None),
    ("when", "ann", "treatment", None),
    ("when", "bob", "control", None),
    ("named", "ann", "traité", "2025-04-03"),
    ("named", "cat", "témoin", None),
    ("early", "ann", "treatment", "2020-05-10"),
    ("early", "cat", "control", None),
    ("nobody", "K1", "treatment", "2025-04-03"),
    ("nobody", "K2", "control", None),
]


def shop(members=MEMBERS, **tables):
    orders = pd.DataFrame(
        {
            "order_id": ["1", "2", "3", "4"],
            "customer_id": ["ann", "cat", "eve", "ann"],
            "ordered_at": pd.to_datetime(["2025-04-10", "2025-12-30", "2025-02-03", "2025-07-02"]),
            "amount": [20.0, 30.0, 25.0, 15.0],
        }
    )
    listed = pd.DataFrame(members, columns=COLUMNS).astype({"contacted_at": "datetime64[us]"})
    return mk.open_data({"orders": orders, "campaign_members": listed, **tables})


def test_campaigns_with_both_arms_are_listed_by_their_start():
    found = experiments.campaigns(shop())
    assert found.campaign_id.tolist() == ["early", "sms", "mail", "nobody", "twice", "when"]
    assert found.control_n.tolist() == [1, 1, 1, 1, 1, 1]
    assert found.treatment_n.tolist() == [1, 3, 2, 1, 1, 1]
    assert found.start.isna().tolist() == [False] * 5 + [True]


@pytest.mark.parametrize(
    ("campaign", "problem"),
    [
        ("mail", None),
        ("nail", "unknown_campaign"),
        ("all", "one_arm"),
        ("alone", "one_arm"),
        ("when", "no_start"),
        ("twice", "in_both_arms"),
        ("named", "no_control"),
        ("early", "outside_data"),
        ("nobody", "unknown_members"),
    ],
)
def test_what_keeps_the_arms_from_being_compared_is_named(campaign, problem):
    found = experiments.trial(shop(), campaign=campaign)
    assert found.problem == problem
    assert found.is_ready == (problem is None)
    assert len(found.known) == 6


def test_arms_of_other_names_are_named():
    found = experiments.trial(shop(), campaign="named")
    assert found.treatments == ("traité", "témoin")


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ({"mail", "sms"}, "mail"),
        ({"sms", "when"}, "sms"),
        ({"when", "all"}, "when"),
        ({"all"}, "all"),
        ({"mail", "late"}, "mail"),
        ({"late"}, "late"),
    ],
)
def test_without_a_campaign_the_last_one_that_is_over_is_taken(names, found):
    late = [("late", "ann", "treatment", "2025-12-20"), ("late", "cat", "control", None)]
    members = [row for row in [*MEMBERS, *late] if row[0] in names]
    assert experiments.trial(shop(members)).campaign == found


def test_without_any_campaign_that_is_what_the_data_lack():
    assert experiments.trial(shop([])).problem == "lacking"


def test_data_without_members_lack_them_and_know_no_campaign():
    orders = pd.DataFrame({"order_id": ["1"], "ordered_at": pd.to_datetime(["2025-12-01"])})
    data = mk.open_data({"orders": orders})
    found = experiments.trial(data, campaign="mail")
    assert found.problem == "lacking"
    assert {"campaign_members.arm", "orders.customer_id"} <= set(found.lacks)
    assert found.known.empty
    assert experiments.campaigns(data).columns.tolist() == found.known.columns.tolist()


def test_of_several_treatments_one_is_looked_at_and_costs_its_part():
    campaigns = pd.DataFrame({"campaign_id": ["sms"], "cost": [90.0]})
    data = shop(campaigns=campaigns)
    first = experiments.trial(data, campaign="sms")
    assert (first.treatments, first.treatment) == (("long", "short"), "long")
    assert first.cost == pytest.approx(60.0)  # two of the three treated
    assert experiments.trial(data, campaign="sms", treatment="short").cost == pytest.approx(30.0)
    assert experiments.trial(data, campaign="sms", treatment="log").problem == "unknown_treatment"
    assert experiments.trial(data, campaign="mail").cost is None


def test_all_treatments_are_one_arm_for_the_share_of_the_control():
    found = experiments.trial(shop(), campaign="sms")
    arms = found.two_arms(experiments.members(shop(), campaign="sms"))
    assert sorted(arms.arm) == ["control", "treatment", "treatment", "treatment"]
    meant = {"control": 1, "treatment": 3}
    assert experiments.split_check(arms, expected=meant).counts == {"control": 1, "treatment": 3}


def test_segments_are_those_that_the_data_have_and_few():
    people = pd.DataFrame({"customer_id": list("abc"), "region": ["QC", "QC", "IDF"]})
    towns = pd.DataFrame({"customer_id": [str(n) for n in range(13)]})
    towns["town"] = towns.customer_id
    with_regions, with_towns = shop(contacts=people), shop(contacts=towns)
    found = experiments.trial(with_regions, campaign="mail", by="region")
    assert (found.segments, found.by_problem) == (("region",), None)
    for data, by, problem in (
        (with_regions, "regionn", "unknown_column"),
        (shop(contacts=people.assign(revenue="high")), "revenue", "reserved_column"),
        (shop(contacts=people.assign(verdict="good")), "verdict", "reserved_column"),
        (with_regions, "arm", "reserved_column"),
        (shop(), "region", "unknown_column"),
        (with_towns, "town", "many_values"),
        (shop(contacts=people.assign(region=None)), "region", "no_values"),
    ):
        found = experiments.trial(data, campaign="mail", by=by)
        assert (found.segments, found.by, found.by_problem) == ((), by, problem)
    assert "region" in experiments.trial(with_regions, campaign="mail", by="x").by_columns
    nothing = experiments.trial(with_regions, campaign="mail")
    assert (nothing.segments, nothing.by_problem) == ((), None)


def test_lines_of_unknown_cost_are_counted_where_they_are_why_there_is_no_margin():
    lines = pd.DataFrame(
        {"order_id": ["1", "1", "3"], "line_id": ["1", "2", "1"], "quantity": 1.0}
    ).assign(unit_price=20.0)
    for costs, uncosted in (([5.0, None, None], 1), ([5.0, 6.0, None], 0), (None, 0)):
        sold = lines if costs is None else lines.assign(unit_cost=costs)
        found = experiments.trial(shop(order_lines=sold), campaign="mail")
        assert found.uncosted == uncosted  # order 3 is none of the window
        assert ("margin" in found.outcomes) == (costs is not None and not uncosted)


def test_what_is_ready_can_be_compared():
    data = shop()
    for campaign in ("mail", "sms"):
        found = experiments.trial(data, campaign=campaign)
        members = experiments.members(data, campaign=campaign)
        for outcome in found.outcomes:
            compared = experiments.compare(members, outcome=outcome, treatment=found.treatment)
            assert compared.control_n == found.window.control_n
