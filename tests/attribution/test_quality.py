"""Quality of journeys and the control group beside credit, on small and poor data."""

import pandas as pd
import pytest

import marketing_kpi as mk
from marketing_kpi import channels
from marketing_kpi.errors import ComputeError
from marketing_kpi.plots import sentences

MONTHS = {"start": "2025-03-01", "end": "2025-06-01"}


@pytest.fixture(scope="module")
def checked():
    touches = pd.DataFrame(
        [
            ("a", "v", "2025-03-01", "x", "click"),
            ("a", "v", "2025-03-01", "x", "click"),  # twice
            ("a", "v", "2025-01-20", "x", "click"),  # before the look-back of the order of a
            ("b", "w", "2025-04-02", None, "click"),  # of no channel
            ("b", "v", "2025-04-03", "y", "click"),  # v is a and b
            (None, "z", "2025-05-20", "y", "click"),  # a visitor, still under way
            (None, None, "2025-05-20", "y", "click"),  # nobody
            ("a", "v", None, "y", "click"),  # no time
        ],
        columns=["customer_id", "visitor_id", "at", "marketing_channel", "kind"],
    )
    touches = touches.assign(touchpoint_id=[*"12345678"], at=pd.to_datetime(touches["at"]))
    orders = pd.DataFrame(
        [
            ("1", "a", "2025-03-05", 10.0),
            ("2", "b", "2025-04-04", None),
            ("3", "c", "2025-04-04", 5.0),
            ("4", None, "2025-04-04", 5.0),
        ],
        columns=["order_id", "customer_id", "ordered_at", "amount"],
    )
    orders["ordered_at"] = pd.to_datetime(orders["ordered_at"])
    sessions = pd.DataFrame(
        {
            "session_id": ["s", "t"],
            "visitor_id": ["v", "w"],
            "started_at": pd.to_datetime(["2025-03-05 01:00", "2025-04-03 23:59"]),
            "order_id": ["1", "2"],
        }
    )
    tables = {"touchpoints": touches, "orders": orders, "sessions": sessions}
    return channels.journey_quality(mk.open_data(tables), **MONTHS)


@pytest.mark.parametrize(
    ("check", "count", "total"),
    [
        ("without_time", 1, 8),
        ("without_person", 1, 6),
        ("without_channel", 1, 6),
        ("duplicates", 1, 5),
        ("anonymous", 1, 5),
        ("shared_visitors", 1, 2),
        ("orders_without_person", 1, 4),
        ("orders_without_touch", 2, 4),
        ("orders_without_amount", 1, 4),
        ("visits_after_order", 1, 2),
        ("one_touch", 1, 2),
        ("truncated", 1, 2),
        ("before_data", 0, 2),
        ("under_way", 1, 1),
    ],
)
def test_each_check_by_hand(checked, check, count, total):
    row = checked.checks.set_index("check").loc[check]
    assert (row["count"], row["total"]) == (count, total)
    assert row["share"] == pytest.approx(count / total)


@pytest.fixture(scope="module")
def unreached():
    """Touches of 10 March to 20 May: eight orders, three of them with a journey."""
    touches = pd.DataFrame(
        [("a", "2025-03-10"), ("b", "2025-04-20"), ("f", "2025-03-20"), ("f", "2025-04-30"),
         ("e", "2025-05-20")],
        columns=["customer_id", "at"],
    )  # fmt: skip
    orders = pd.DataFrame(
        [
            ("1", "a", "2025-03-05"),  # before the first day of touches
            ("2", "a", "2025-05-10"),  # 61 days after a touch
            ("3", "b", "2025-05-01"),
            ("4", "b", "2025-05-03"),  # the touch is that of the order before
            ("5", "c", "2025-05-04"),  # no touch at all
            ("6", "d", "2025-05-25"),  # after the last day of touches
            ("7", "e", "2025-05-22"),
            ("8", "f", "2025-05-05"),  # a touch 5 days before and one 46
        ],
        columns=["order_id", "customer_id", "ordered_at"],
    )
    touches = touches.assign(at=pd.to_datetime(touches["at"]), marketing_channel="search")
    orders = orders.assign(ordered_at=pd.to_datetime(orders.ordered_at), amount=10.0)
    return channels.journey_quality(
        mk.open_data({"touchpoints": touches, "orders": orders}), **MONTHS
    )


@pytest.mark.parametrize(
    ("check", "count", "total"),
    [
        ("orders_outside_touches", 2, 8),
        ("orders_of_older_touches", 1, 6),
        ("orders_without_touch", 2, 6),
        ("truncated", 1, 3),
    ],
)
def test_why_orders_have_no_journey(unreached, check, count, total):
    row = unreached.checks.set_index("check").loc[check]
    assert (row["count"], row["total"]) == (count, total)
    assert unreached.journeys.without_touch == 2 + 1 + 2


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ["37.5% have a recorded journey", "one touch only in the 30 days before them",
                "before the first day of touches or after the last (25.0%)",
                "all more than 30 days earlier (16.7%)", "no touch before them (33.3%)",
                "Many journeys are cut (33.3%)", "raise lookback_days"]),
        ("fr", ["37,5 % avec un parcours enregistré", "qu'un contact dans les 30 jours d'avant",
                "précèdent le premier jour de contacts ou suivent le dernier (25,0 %)",
                "que des contacts de plus de 30 jours (16,7 %)",
                "aucun contact avant elles (33,3 %)",
                "Beaucoup de parcours sont coupés (33,3 %)", "ugmentez lookback_days"]),
    ],
)  # fmt: skip
def test_it_is_said_why_orders_have_no_journey(unreached, lang, words):
    said = str(sentences.channels.quality(unreached, lang=lang))
    said = said.replace("\u202f", " ").replace("\xa0", " ")
    assert [one for one in words if one not in said] == []


def by_phone(channel):
    """Open 100 of spend, and four orders of 200 that a touch precedes, on these sales channels."""
    days = pd.to_datetime(["2025-03-05 12:00"] * 4)
    orders = pd.DataFrame(
        {"order_id": [*"1234"], "customer_id": [*"abcd"], "ordered_at": days, "amount": 200.0}
    )
    touches = pd.DataFrame(
        {"touchpoint_id": [*"1234"], "customer_id": [*"abcd"], "at": days, "kind": "click"}
    )
    touches["at"] -= pd.Timedelta(hours=3)
    spend = pd.DataFrame({"day": days[:1].normalize(), "amount": 100.0})
    return mk.open_data(
        {
            "orders": orders.assign(channel=channel),
            "touchpoints": touches.assign(marketing_channel="search"),
            "marketing_spend": spend.assign(marketing_channel="search"),
        }
    )


@pytest.mark.parametrize(
    ("channel", "roas", "cost", "unknown"),
    [
        (["web", "phone", "phone", None], 4.0, 50.0, {"phone": 2}),
        (["web", "store", "marketplace", None], 4.0, 50.0, {}),
        (["web", "phone", "Comptoir", "phone"], 2.0, 100.0, {"phone": 2, "Comptoir": 1}),
        (["phone"] * 4, None, None, {"phone": 4}),
        ([None] * 4, 2.0 * 4, 25.0, {}),
        (["store"] * 4, 0.0, None, {}),
        ([1, 2, 1, 1], None, None, {"1": 3, "2": 1}),
    ],
)
def test_an_order_of_an_unknown_sales_channel_is_none_placed_online(channel, roas, cost, unknown):
    data = by_phone(channel)
    found = channels.journey_quality(data, **MONTHS)
    assert list(found.unknown_channels.items()) == list(unknown.items())
    row = found.checks.set_index("check").loc["orders_of_unknown_channels"]
    assert (row["count"], row["total"]) == (sum(unknown.values()), 4)
    kpis = ["return_on_ad_spend", "cost_per_order"]
    told = mk.compute(kpis, data, grain=None, start="2025-03-01", end="2025-04-01").iloc[0]
    assert [None if pd.isna(told[kpi]) else told[kpi] for kpi in kpis] == [roas, cost]
    listed = channels.journey_quality(data, conversions=["phone"], **MONTHS)
    assert listed.unknown_channels == {}
    assert "orders_of_unknown_channels" not in {*listed.checks["check"]}
    for lang, words in (("en", "Left out"), ("fr", "Laissées de côté")):
        said = str(sentences.channels.quality(found, lang=lang))
        assert (words in said) == bool(unknown)
        assert ("values: {channel: {" in said) == bool(unknown)


def test_what_models_cannot_see_by_hand(checked):
    blind = checked.blind.set_index("model")
    assert blind.index.tolist() == list(channels.MODELS)
    assert (blind["conversions_unseen"] == 0.5).all()
    # three touches before the two orders, one of which gets nothing
    assert blind["touches_unseen"].to_dict() == pytest.approx(
        {name: 1 / 3 if name in ("first", "last", "last_non_direct") else 0 for name in blind.index}
    )
    # one of three journeys has no order
    assert blind["journeys_unseen"].to_dict() == pytest.approx(
        {name: 0 if name == "markov" else 1 / 3 for name in blind.index}
    )
    assert blind.index[blind["sees_time"]].tolist() == ["time_decay"]
    assert blind.index[~blind["sees_order"]].tolist() == ["linear", "shapley"]


def orders_only():
    orders = pd.DataFrame({"order_id": ["1"], "ordered_at": pd.to_datetime(["2025-04-10"])})
    return mk.open_data({"orders": orders})


def test_poor_data_say_what_they_lack():
    data = orders_only()
    assert channels.journey_quality(data, **MONTHS) is None
    needs = channels.journey_requirements(data)
    assert not needs["is_met"].any()
    assert needs.loc[needs["is_required"], "need"].tolist() == [
        "touches",
        "persons",
        "orders_of_persons",
    ]
    found = channels.against_lift(data, campaign="mail")
    assert found.problem == "lacking"
    assert "campaign_members.arm" in found.lacks
    assert found.credits.empty


def test_requirements_and_journeys_agree_on_what_is_needed():
    seen = pd.DataFrame({"at": pd.to_datetime(["2025-03-01"]), "marketing_channel": ["email"]})
    orders = orders_only().orders.to_pandas()
    for columns in ({}, {"visitor_id": "v"}, {"customer_id": "a"}):
        for of_orders in ({}, {"customer_id": "a"}):
            tables = {"touchpoints": seen.assign(**columns), "orders": orders.assign(**of_orders)}
            data = mk.open_data(tables)
            needs = channels.journey_requirements(data).query("is_required")
            assert needs["is_met"].all() == (channels.lacking_for_journeys(data) == [])


def test_a_column_without_a_value_tells_nothing():
    seen = pd.DataFrame({"at": pd.to_datetime(["2025-03-01"]), "marketing_channel": ["email"]})
    orders = orders_only().orders.to_pandas().assign(customer_id="a")
    for campaign, is_met in (("mail", True), (None, False)):
        named = seen.assign(customer_id="a", campaign_id=pd.Series([campaign], dtype="str"))
        data = mk.open_data({"touchpoints": named, "orders": orders})
        needs = channels.journey_requirements(data).set_index("need")
        assert needs.loc["campaigns", "is_met"] == is_met
        assert needs.query("is_required")["is_met"].all()


def test_nothing_recorded_divides_by_nothing():
    seen = pd.DataFrame({"at": pd.to_datetime(["2024-03-01"]), "marketing_channel": ["email"]})
    orders = orders_only().orders.to_pandas().assign(customer_id="a")
    data = mk.open_data({"touchpoints": seen.assign(customer_id="a"), "orders": orders})
    found = channels.journey_quality(data, start="2025-05-01", end="2025-06-01")
    assert found.checks.set_index("check").loc["orders_without_touch", "total"] == 0
    assert found.checks["share"].isna().sum() >= 4
    assert found.blind["conversions_unseen"].isna().all()


# --- Beside the control group ---------------------------------------------------------------


def mailing(*, reactions=True, touches=True):
    """A mailing to 40 of 80: half of the treated order and a quarter of the control."""
    names = [f"c{n:02d}" for n in range(80)]
    members = pd.DataFrame({"campaign_id": "mail", "customer_id": names})
    members["arm"] = ["treatment"] * 40 + ["control"] * 40
    members["contacted_at"] = pd.to_datetime(["2025-04-03 09:00"] * 40 + [None] * 40)
    buyers = names[:20] + names[40:50]
    orders = pd.DataFrame({"customer_id": buyers, "amount": 10.0})
    orders["order_id"] = [f"o{n}" for n in range(30)]
    orders["ordered_at"] = pd.to_datetime("2025-04-10")
    later = orders.assign(order_id=orders["order_id"] + "x", ordered_at=pd.Timestamp("2025-06-30"))
    tables = {"campaign_members": members, "orders": pd.concat([orders, later])}
    if touches:
        seen = pd.DataFrame({"customer_id": names[:10], "marketing_channel": "search"})
        tables["touchpoints"] = seen.assign(
            touchpoint_id=names[:10], at=pd.Timestamp("2025-04-05"), campaign_id="always"
        )
    if reactions:
        answers = pd.DataFrame({"customer_id": names[5:15], "kind": "click", "campaign_id": "mail"})
        tables["responses"] = answers.assign(at=pd.Timestamp("2025-04-04"))
    return mk.open_data(tables)


def test_credit_and_lift_by_hand():
    found = channels.against_lift(mailing(), campaign="mail")
    assert found.problem is None
    assert (found.treated, found.control, found.orders) == (40, 40, 20)
    assert found.added == pytest.approx(40 * (20 / 40 - 10 / 40))
    credited = found.credits.set_index(["touch", "model"])["credited"]
    # clicks alone in 5 journeys, before a search in 5 more; 5 searches without it, 5 with nothing
    assert credited["reaction", "first"] == 10
    assert credited["reaction", "last"] == 5
    assert credited["reaction", "linear"] == 7.5
    # the contact is the first touch of all 20, alone for 10
    assert credited["contact", "first"] == 20
    assert credited["contact", "last"] == 10
    verdicts = found.credits.set_index(["touch", "model"])["verdict"]
    assert verdicts["contact", "first"] == ("too_many" if found.added_high < 20 else "possible")
    known = found.added_low > 0
    assert found.credits["ratio"].notna().all() == known


def test_without_reactions_the_contact_is_left():
    found = channels.against_lift(mailing(reactions=False, touches=True), campaign="mail")
    assert found.credits["touch"].unique().tolist() == ["contact"]


def test_without_touches_there_is_no_credit():
    found = channels.against_lift(mailing(touches=False), campaign="mail")
    assert found.problem == "no_touches"
    assert found.lacks == ("touchpoints.at with touchpoints.marketing_channel",)
    assert found.credits.empty


def test_what_is_refused():
    with pytest.raises(ComputeError, match="lookback_days"):
        channels.against_lift(mailing(), campaign="mail", lookback_days=0)
    with pytest.raises(ComputeError, match="did you mean 'last'"):
        channels.against_lift(mailing(), campaign="mail", model="lats")
    assert channels.against_lift(mailing(), campaign="none").problem == "unknown_campaign"
