"""Channels: formulas by hand, credited orders, what customers cost, and what models agree on."""

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import marketing_kpi as mk
from marketing_kpi import channels
from marketing_kpi.errors import ComputeError
from marketing_kpi.kpis.examples import rows_of
from marketing_kpi.kpis.facts import FACTS
from marketing_kpi.kpis.facts.channels import orders_with_credit

NONE = None
YEAR = {"start": "2025-01-01", "end": "2026-01-01"}


def on(function, fact, rows):
    found = function(rows_of(FACTS[fact], rows)).cast("float64").execute()
    return NONE if pd.isna(found) else found


@pytest.mark.parametrize(
    ("impressions", "clicks", "rate"),
    [
        ([100, 300], [2, 6], 0.02),
        ([100, 0], [2, 50], 0.02),  # clicks of messages are on no impression
        ([100, NONE], [2, 50], 0.02),
        ([100, 300], [2, NONE], 0.02),
        ([0, NONE], [5, 5], NONE),
    ],
)
def test_click_through_rate(impressions, clicks, rate):
    rows = {"impressions": impressions, "clicks": clicks}
    assert on(channels.click_through_rate, "media", rows) == rate


@pytest.mark.parametrize(
    ("delivered", "opened", "rate"),
    [
        ([100, 0], [20, 5], 0.25),  # opened on the day after, when nothing is delivered
        ([100, NONE], [20, 50], 0.2),
        ([0], [5], NONE),
    ],
)
def test_open_rate(delivered, opened, rate):
    assert on(channels.open_rate, "media", {"delivered": delivered, "opened": opened}) == rate


@pytest.mark.parametrize(
    ("amount", "clicks", "cost"),
    [([60, 40], [30, 10], 2.5), ([60, 40], [30, NONE], 2), ([60, 40], [30, 0], 100 / 30),
     ([60], [0], NONE), ([NONE], [5], NONE)],
)  # fmt: skip
def test_cost_per_click(amount, clicks, cost):
    assert on(channels.cost_per_click, "media", {"amount": amount, "clicks": clicks}) == cost


# Two orders of a channel paid for, one of another, and a day's spend.
CREDITED = {
    "orders": [1, 1, 1, 0],
    "revenue": [120, 80, 55, NONE],
    "margin": [60, 30, 20, NONE],
    "spend": [NONE, NONE, NONE, 50],
    "is_followed": [True, True, False, True],
}


def test_what_is_credited_is_set_against_spend():
    def of(kpi, **changed):
        return on(getattr(channels, kpi), "credited_orders", {**CREDITED, **changed})

    assert of("attributed_revenue") == 255
    assert of("cost_per_order") == 25
    assert of("return_on_ad_spend") == 4
    assert of("marketing_roi") == pytest.approx(0.8)
    nothing = {"orders": [0, 0, 0, 0], "revenue": [NONE] * 4, "margin": [NONE] * 4}
    assert of("attributed_revenue", **nothing) == 0
    assert of("cost_per_order", **nothing) is NONE
    assert of("return_on_ad_spend", **nothing) == 0
    assert of("marketing_roi", **nothing) == -1
    unrecorded = {**nothing, "orders": [NONE] * 4}
    assert {of(kpi, **unrecorded) for kpi in ("attributed_revenue", "marketing_roi")} == {NONE}
    assert of("marketing_roi", margin=[NONE] * 4) is NONE
    assert of("return_on_ad_spend", spend=[NONE] * 4) is NONE


# --- Orders and the touch that each is credited to ------------------------------------------


def shop(touches, orders, *, untagged=(), **tables):
    touches = pd.DataFrame(touches, columns=["customer_id", "at", "marketing_channel"])
    touches = touches.assign(
        touchpoint_id=[f"t{n}" for n in range(len(touches))],
        at=pd.to_datetime(touches["at"], format="ISO8601"),
        campaign_id=("always_" + touches.marketing_channel.astype(str)).mask(
            touches.marketing_channel.isin(untagged)
        ),
    )
    orders = pd.DataFrame(orders, columns=["order_id", "customer_id", "ordered_at", "amount"])
    orders = orders.assign(ordered_at=pd.to_datetime(orders.ordered_at, format="ISO8601"))
    return mk.open_data({"touchpoints": touches, "orders": orders, **tables})


def by_channel(data, kpi="attributed_revenue", **span):
    found = mk.compute(kpi, data, by="marketing_channel", **(span or YEAR))
    return {
        NONE if pd.isna(name) else name: NONE if pd.isna(value) else float(value)
        for name, value in zip(found.marketing_channel, found[kpi], strict=True)
    }


def test_the_last_touch_that_is_no_direct_visit_gets_the_order():
    with shop(
        [("a", "2025-05-01", "social"), ("a", "2025-05-03", "email"), ("a", "2025-05-04", "direct"),
         ("b", "2025-05-04", "direct"), ("c", "2025-12-30", "email")],
        [("1", "a", "2025-05-04 10:00", 100.0), ("2", "b", "2025-05-05", 40.0),
         ("3", "z", "2025-05-05", 7.0)],
    ) as data:  # fmt: skip
        assert by_channel(data) == {"email": 100, "direct": 40, NONE: 0}


@pytest.mark.parametrize(
    ("touched", "credited"),
    [("2025-04-04 09:00", "email"), ("2025-04-04 08:00", NONE), ("2025-05-04 08:00", "email"),
     ("2025-05-04 08:01", NONE)],
)  # fmt: skip
def test_touches_count_for_less_than_thirty_days(touched, credited):
    orders = [("1", "a", "2025-05-04 08:00", 100.0)]
    with shop(
        [("a", touched, "email"), ("z", "2025-01-01", "social"), ("z", "2025-12-01", "social")],
        orders,
    ) as data:
        assert by_channel(data) == {credited: 100 if credited else 0}


def test_a_touch_is_of_the_next_order_alone():
    with shop(
        [("a", "2025-05-01", "email"), ("z", "2025-06-01", "email")],
        [("1", "a", "2025-05-02", 100.0), ("2", "a", "2025-05-03", 30.0)],
    ) as data:
        assert by_channel(data) == {"email": 100, NONE: 0}


def test_before_the_first_touch_recorded_nothing_is_known():
    with shop(
        [("a", "2025-05-01", "email")],
        [("1", "a", "2025-05-01 10:00", 100.0), ("2", "a", "2025-03-02", 30.0)],
    ) as data:
        months = mk.compute(
            "attributed_revenue", data, grain="month", start="2025-03-01", end="2025-06-01"
        )
        known = months.set_index("period")["attributed_revenue"]
        assert pd.isna(known.iloc[0])
        assert known.iloc[-1] == 100


def spend(*rows):
    names = ["day", "marketing_channel", "campaign_id", "purpose", "amount"]
    frame = pd.DataFrame([*rows], columns=names)
    return frame.assign(day=pd.to_datetime(frame.day))


def test_after_the_last_touch_recorded_orders_that_touches_precede_are_credited():
    """A mailing, and the orders of the ten days after it: the touches end on its day."""
    people = [f"c{n}" for n in range(100)]
    days = [f"2025-03-{3 + n % 10:02d} 18:00" for n in range(100)]
    orders = [
        (str(n), one, day, 50.0) for n, (one, day) in enumerate(zip(people, days, strict=True))
    ]
    paid = spend(("2025-03-03", "email", "always_email", "retention", 500.0))
    touches = [(one, "2025-03-03 09:00", "email") for one in [*people, "silent"]]
    with shop(touches, [*orders, ("x", "z", "2025-03-09", 7.0)], marketing_spend=paid) as data:
        credits = channels.attribute(channels.journeys(data, **YEAR), model="last_non_direct")
        row = channels.channel_results(data, **YEAR).set_index("marketing_channel").loc["email"]
    assert row.attributed_revenue == credits.revenue.item() == 5_000
    assert row.return_on_ad_spend == 10
    assert row.cost_per_order == 5


def test_of_days_without_touches_an_order_that_none_precedes_is_unknown():
    with shop(
        [("a", "2025-05-01", "email")],
        [
            ("1", "a", "2025-05-02", 100.0),
            ("2", "b", "2025-05-03", 30.0),
            ("3", "b", "2025-05-01", 9),
        ],
    ) as data:
        rows = orders_with_credit(data).order_by("order_id").execute()
    assert rows.orders.fillna(-1).tolist() == [1, -1, 0]
    assert rows.revenue.astype(float).fillna(-1).tolist() == [100, -1, -1]


def test_spend_that_no_touch_follows_is_set_against_nothing():
    paid = spend(
        ("2025-05-01", "email", "always_email", "retention", 20.0),
        ("2025-05-01", "email", "mailing", "retention", 500.0),
        ("2025-05-01", "posters", "wall", "brand", 900.0),
        ("2025-01-01", "email", "always_email", "retention", 700.0),
    )
    with shop(
        [("a", "2025-05-01", "email"), ("z", "2025-06-01", "email")],
        [("1", "a", "2025-05-02", 100.0)],
        marketing_spend=paid,
    ) as data:
        assert by_channel(data, "return_on_ad_spend") == {"email": 5.0}
        assert channels.spend_to_credit(data, **YEAR) == {"email": 20.0}
        assert by_channel(data, "marketing_spend")["email"] == 1220
        row = channels.channel_results(data, **YEAR).set_index("marketing_channel").loc["email"]
    assert row.spend_to_credit == row.attributed_revenue / row.return_on_ad_spend == 20


# Days and sums of a channel's books; what of them pays for the days of touches, 10 February to
# 20 May 2025, and what of that is February's.
MONTHS = [31, 28, 31, 30, 31]
BOOKS = {
    # 19 of the 28 days of February, 31 of March, 30 of April, and 20 of the 31 of May.
    "first of the month": (["02-01", "03-01", "04-01", "05-01"], [28, 31, 30, 31], 100, 19),
    # The same months, of which the last is not in the books; January's has no day of touches.
    "last of the month": (["01-31", "02-28", "03-31", "04-30"], [310, 28, 31, 30], 80, 19),
    # 28 January pays until 10 February, 14 by 14; the last, 20 May, for 1 day of 14.
    "fortnight": (["01-28", "02-11", "02-25", "05-06", "05-20"], [14, 14, 14, 14, 14], 1 + 43, 19),
    # 7 days of the first row and 12 of the second lie in February; the last pays for a month.
    "four weeks": (["01-20", "02-17", "03-17", "04-14", "05-12"], [28, 28, 28, 28, 31], 100, 19),
    # A month without spend: February's ends with it, 31 days of March and April are not paid.
    "pause": (["01-01", "02-01", "05-01", "06-01"], [31, 28, 31, 30], 19 + 20, 19),
    # 8 February lies before the touches, and a week's rows are each of their day.
    "week": (["02-01", "02-08", "02-15", "02-22", "05-20"], [7, 7, 7, 7, 7], 21, 14),
    # One step is no habit: two payments, one of them before the touches.
    "twice": (["02-01", "03-01"], [28, 31], 31, NONE),
    # Each pays for the month it is dated in: 19 of 28 days, 31, 30, and 20 of 31; January's none.
    "last business day": (["01-31", "02-28", "03-31", "04-30", "05-30"], MONTHS, 100, 19),
    "first business day": (["01-02", "02-03", "03-03", "04-01", "05-02"], MONTHS, 100, 19),
    "28th": (["01-28", "02-28", "03-28", "04-28", "05-28"], MONTHS, 100, 19),
    "30th or last": (["01-30", "02-28", "03-30", "04-30", "05-30"], MONTHS, 100, 19),
    "first, then last": (["01-01", "02-01", "03-31", "04-30", "05-30"], MONTHS, 100, 19),
    # What is dated in the middle of March beside its row pays for March too.
    "correction": (
        ["01-31", "02-28", "03-12", "03-31", "04-30", "05-30"],
        [31, 28, 7, 31, 30, 31],
        107,
        19,
    ),
    # Of the first quarter 50 of 90 days, of the second 50 of 91.
    "end of the quarter": (["03-31", "06-30", "09-30"], [90, 91, 92], 100, 19),
    "first of the quarter": (["01-01", "04-01", "07-01"], [90, 91, 92], 100, 19),
    # Until the next: of 15 January 5 of 31 days, of 15 May 6 of 31.
    "15th": (["01-15", "02-15", "03-15", "04-15", "05-15"], MONTHS, 100, 5 + 14),
    # Two rows in January, March and May: each pays until the next, for a month at most; of the row
    # of 31 January 18 of 28 days, of 1 March 30, of 31 March 30, of 1 May 20 of 30.
    "first and last": (
        ["01-01", "01-31", "03-01", "03-31", "05-01", "05-31"],
        [30, 28, 30, 30, 30, 30],
        98,
        18,
    ),
}


@pytest.mark.parametrize("book", BOOKS)
def test_spend_written_down_once_for_many_days_counts_for_those_with_touches(book):
    days, amounts, counted, of_february = BOOKS[book]
    paid = spend(
        *((f"2025-{day}", "email", NONE, "retention", float(amount))
          for day, amount in zip(days, amounts, strict=True)),
        ("2025-02-09", "social", NONE, "brand", 900.0),
        ("2025-02-10", "social", NONE, "brand", 6.0),
    )  # fmt: skip
    touches = [("a", "2025-02-10 09:00", "social"), ("a", "2025-05-20", "email")]
    orders = [("1", "a", "2025-05-20 10:00", 1000.0)]
    with shop(touches, orders, untagged=("email", "social"), marketing_spend=paid) as data:
        assert channels.spend_to_credit(data, **YEAR) == {"email": counted, "social": 6}
        assert by_channel(data, "cost_per_order")["email"] == counted
        assert by_channel(data, "return_on_ad_spend")["email"] == 1000 / counted
        assert by_channel(data, "marketing_spend")["email"] == sum(amounts)
        february = channels.spend_to_credit(data, start="2025-02-01", end="2025-03-01")
    assert february.get("email") == of_february


@pytest.mark.parametrize(
    ("days", "amounts", "counted"),
    [
        (["02-01", "03-01", "04-01", "05-01"], [28, 31, 30, 31], 19 + 31 + 30 + 20),
        (["01-31", "02-28", "03-31", "04-30", "05-31"], [31, 28, 31, 30, 31], 19 + 31 + 30 + 20),
        (["02-12", "03-25", "05-02"], [5, 7, 11], 5 + 7 + 11),  # each at its time: no ledger
    ],
)
def test_a_campaign_of_one_row_is_dated_as_the_rows_of_its_channel(days, amounts, counted):
    paid = spend(
        *((f"2025-{day}", "email", f"letter {day}", "retention", float(amount))
          for day, amount in zip(days, amounts, strict=True))
    )  # fmt: skip
    touches = [("a", "2025-02-10 09:00", "email"), ("a", "2025-05-20", "email")]
    orders = [("1", "a", "2025-05-20 10:00", 1000.0)]
    with shop(touches, orders, untagged=("email",), marketing_spend=paid) as data:
        assert channels.spend_to_credit(data, **YEAR) == {"email": counted}
        assert by_channel(data, "cost_per_order") == {"email": counted}


@pytest.mark.parametrize("untagged", [("email",), ("email", "social")])
def test_spend_on_a_channel_whose_touches_name_no_campaign_is_followed_by_channel(untagged):
    paid = spend(
        ("2025-05-01", "email", "letters", "acquisition", 20.0),
        ("2025-05-01", "social", "always_social", "acquisition", 50.0),
        ("2025-05-01", "social", "unseen", "acquisition", 70.0),
    )
    with shop(
        [("a", "2025-05-01", "email"), ("b", "2025-05-01", "social")],
        [("1", "a", "2025-05-01 10:00", 100.0), ("2", "b", "2025-05-01 11:00", 150.0)],
        untagged=untagged, marketing_spend=paid,
        contacts=pd.DataFrame({"customer_id": ["a", "b"], "acquisition_channel": "email",
                               "registered_at": pd.to_datetime(["2025-04-01"] * 2)}),
    ) as data:  # fmt: skip
        table = channels.channel_results(data, **YEAR).set_index("marketing_channel")
        credited = mk.compute(["cost_per_order"], data, by="campaign_id", **YEAR)
        new = channels.acquisition_costs(data, by="campaign_id", **YEAR).set_index("campaign_id")
    of_social = 120.0 if "social" in untagged else 50.0
    assert table.attributed_revenue.to_dict() == {"email": 100, "social": 150}
    assert table.spend_to_credit.to_dict() == {"email": 20, "social": of_social}
    assert table.return_on_ad_spend.to_dict() == {"email": 5, "social": 150 / of_social}
    found = dict(zip(credited.campaign_id.fillna("none"), credited.cost_per_order, strict=True))
    assert found == ({"none": 70} if len(untagged) > 1 else {"none": 20, "always_social": 50})
    assert math.isnan(new.new_customers["letters"])  # no touch names it: nobody can tell
    assert math.isnan(new.new_customers["always_social"]) == ("social" in untagged)


def test_a_channel_of_which_some_touches_name_no_campaign_keeps_all_its_spend():
    """100 and 50 credited, 20 and 55 spent: 150 / 75, not 150 / 20."""
    paid = spend(
        ("2025-05-01", "email", "letters", "retention", 20.0),
        ("2025-05-01", "email", "unseen", "retention", 55.0),
    )
    touches = pd.DataFrame(
        {"customer_id": ["a", "b"], "at": pd.to_datetime(["2025-05-01"] * 2),
         "marketing_channel": "email", "campaign_id": ["letters", NONE]}
    )  # fmt: skip
    orders = [("1", "a", "2025-05-01 10:00", 100.0), ("2", "b", "2025-05-01 11:00", 50.0)]
    with shop([], orders, touchpoints=touches, marketing_spend=paid) as data:
        assert channels.spend_to_credit(data, **YEAR) == {"email": 75}
        assert by_channel(data, "return_on_ad_spend") == {"email": 2}
        each = mk.compute("cost_per_order", data, by="campaign_id", **YEAR)
    told = dict(zip(each.campaign_id.fillna("none"), each.cost_per_order, strict=True))
    assert told == {"letters": 20, "none": 55}


def test_what_is_credited_is_told_where_spend_is_on_campaigns_that_no_touch_names():
    paid = spend(("2025-05-01", "email", "mailing", "retention", 500.0))
    with shop([("a", "2025-05-01", "email")], [("1", "a", "2025-05-01 10:00", 100.0)],
              marketing_spend=paid) as data:  # fmt: skip
        row = channels.channel_results(data, **YEAR).set_index("marketing_channel").loc["email"]
    assert row.attributed_revenue == 100
    assert math.isnan(row.return_on_ad_spend)


def test_orders_credited_to_touches_without_a_channel_have_a_row_of_their_own():
    paid = spend(
        ("2025-05-01", "email", "always_email", "retention", 20.0),
        ("2025-05-01", NONE, NONE, "brand", 900.0),
    )
    touches = [("a", "2025-05-01", "email"), ("b", "2025-05-01", NONE)]
    orders = [("1", "a", "2025-05-01 10:00", 100.0), ("2", "b", "2025-05-01 11:00", 30.0),
              ("3", "c", "2025-05-01 12:00", 7.0)]  # fmt: skip
    with shop(touches, orders, marketing_spend=paid) as data:
        table = channels.channel_results(data, **YEAR)
    found = dict(zip(table.marketing_channel.fillna("none"), table.attributed_revenue, strict=True))
    assert found == {"none": 30, "email": 100}
    row = table[table.marketing_channel.isna()].iloc[0]
    assert row.marketing_spend == 900
    assert math.isnan(row.return_on_ad_spend)
    assert math.isnan(row.spend_to_credit)
    with shop(touches[:1], orders, marketing_spend=paid[:1]) as data:
        assert channels.channel_results(data, **YEAR).marketing_channel.tolist() == ["email"]


def test_a_channel_whose_touches_brought_no_order_is_credited_with_nothing():
    """Of its spend no touch names the campaign, which takes nothing from what is known."""
    paid = spend(("2025-05-01", "social", "unseen", "brand", 50.0))
    touches = [("a", "2025-05-01", "email"), ("b", "2025-05-01", "social")]
    with shop(touches, [("1", "a", "2025-05-01 10:00", 100.0)], marketing_spend=paid) as data:
        table = channels.channel_results(data, **YEAR).set_index("marketing_channel")
    assert table.attributed_revenue.social == 0
    assert math.isnan(table.return_on_ad_spend.social)


def test_a_touch_of_no_channel_that_names_a_campaign_hides_no_spend():
    paid = spend(("2025-05-01", "email", "letters", "retention", 20.0))
    touches = pd.DataFrame(
        {"customer_id": ["a", "b"], "at": pd.to_datetime(["2025-05-01"] * 2),
         "marketing_channel": ["email", NONE], "campaign_id": [NONE, "flyers"]}
    )  # fmt: skip
    with shop([], [("1", "a", "2025-05-01 10:00", 100.0)],
              touchpoints=touches, marketing_spend=paid) as data:  # fmt: skip
        assert channels.spend_to_credit(data, **YEAR) == {"email": 20}


def test_channels_without_touches_have_no_credit_rather_than_none():
    paid = spend(("2025-05-01", "email", NONE, "retention", 20.0),
                 ("2025-05-01", "posters", NONE, "brand", 900.0))  # fmt: skip
    with shop([("a", "2025-05-01", "email")], [("1", "a", "2025-05-01 10:00", 100.0)],
              marketing_spend=paid) as data:  # fmt: skip
        table = channels.channel_results(data, **YEAR).set_index("marketing_channel")
    assert table.index.tolist() == ["posters", "email"]
    assert np.isnan(table.attributed_revenue.posters)
    assert table.attributed_revenue.email == 100


def test_a_channel_that_nothing_was_ever_spent_on_has_no_spend_rather_than_0():
    paid = spend(("2025-05-01", "email", NONE, "retention", 20.0),
                 ("2024-05-01", "radio", NONE, "brand", 900.0))  # fmt: skip
    touches = [("a", "2025-05-01", "email"), ("b", "2025-05-01", "partners"),
               ("c", "2025-05-01", "radio")]  # fmt: skip
    orders = [(person, person, "2025-05-01 10:00", 100.0) for person in "abc"]
    with shop(touches, orders, marketing_spend=paid) as data:
        table = channels.channel_results(data, **YEAR).set_index("marketing_channel")
    assert table.marketing_spend[["email", "radio"]].tolist() == [20, 0]
    assert np.isnan(table.marketing_spend.partners)


def test_a_shop_of_orders_alone_tells_nothing_of_channels():
    days = pd.to_datetime(["2025-05-01"])
    with mk.open_data({"orders": pd.DataFrame({"order_id": ["1"], "ordered_at": days})}) as data:
        assert channels.channel_results(data, **YEAR).empty
        assert channels.acquisition_costs(data, **YEAR) is None
        assert "marketing_spend.amount" in channels.lacks_acquisition(data)
        assert channels.spend_to_credit(data, **YEAR) == {}
        assert channels.margin_rate(data, **YEAR) is None


# --- What new customers cost ----------------------------------------------------------------


def customers(count, channel, *, first=0):
    return [(f"{channel}{n}", channel, "2025-05-02") for n in range(first, first + count)]


@pytest.fixture(scope="module")
def acquired():
    people = [*customers(4, "email"), *customers(20, "social"), *customers(6, "direct")]
    names = ["customer_id", "acquisition_channel", "registered_at"]
    contacts = pd.DataFrame(people, columns=names).astype({"registered_at": "datetime64[us]"})
    orders = [(str(n), one, on, 10.0) for n, (one, _, on) in enumerate(people)]
    touches = [(one, "2025-05-01", "social") for one, channel, _ in people if channel == "social"]
    touches.append(("nobody", "2025-06-01", "social"))
    paid = spend(
        ("2025-05-01", "social", "always_social", "acquisition", 400.0),
        ("2025-05-01", "search", "always_search", "acquisition", 90.0),
        ("2025-05-01", "email", "always_email", "retention", 70.0),
    )
    with shop(touches, orders, contacts=contacts, marketing_spend=paid) as data:
        yield data


def test_the_cost_of_a_new_customer_is_the_kpi(acquired):
    found = channels.acquisition_costs(acquired, **YEAR).set_index("marketing_channel")
    assert found.index.tolist() == ["social", "search", "direct", "email"]
    assert found.loc["social", ["spend", "new_customers", "cost"]].tolist() == [400, 20, 20]
    assert found.cost.isna().tolist() == [False, True, True, True]
    kpi = by_channel(acquired, "customer_acquisition_cost")
    assert kpi["social"] == found.cost.social
    # Garwood's exact interval of a count of 20 is 12.217 to 30.888.
    assert found.loc["social", ["low", "high"]].tolist() == pytest.approx(
        [400 / 30.8884, 400 / 12.2165], rel=1e-4
    )
    assert found.low.search == pytest.approx(90 / 3.6889, rel=1e-4)
    assert np.isnan(found.high.search)


def test_by_campaign_the_first_order_has_to_follow_a_touch(acquired):
    found = channels.acquisition_costs(acquired, by="campaign_id", **YEAR)
    rows = found.set_index("campaign_id")
    assert rows.index.tolist() == ["always_social", "always_search"]
    assert rows.spend.tolist() == [400, 90]
    assert rows.new_customers.fillna(-1).tolist() == [20, -1]  # no touch names the second
    assert rows.cost.always_social == 20
    assert np.isnan(rows.cost.always_search)
    assert found.new_customers.sum() == 20  # no touch is recorded of the others


def test_by_campaign_the_spend_is_that_of_the_days_of_touches():
    """19 of the 28 days of February, 31 of March, 30 of April, 20 of the 31 of May: 100."""
    months = [("01-01", 31.0), ("02-01", 28.0), ("03-01", 31.0), ("04-01", 30.0), ("05-01", 31.0)]
    paid = spend(
        *((f"2025-{day}", "email", "always_email", "acquisition", amount)
          for day, amount in months),
        ("2025-03-01", "email", "always_email", "retention", 900.0),
        ("2025-01-20", "social", "always_social", "acquisition", 300.0),
        ("2025-03-20", "social", "always_social", "acquisition", 8.0),
    )  # fmt: skip
    touches = [("a", "2025-02-10", "email"), ("b", "2025-04-01", "email"),
               ("c", "2025-05-20", "social")]  # fmt: skip
    orders = [("1", "a", "2025-02-11", 50.0), ("2", "b", "2025-04-02", 50.0),
              ("3", "c", "2025-05-20 10:00", 50.0)]  # fmt: skip
    contacts = pd.DataFrame(
        {
            "customer_id": [*"abc"],
            "acquisition_channel": "email",
            "registered_at": pd.to_datetime([row[2][:10] for row in orders]),
        }
    )
    with shop(touches, orders, contacts=contacts, marketing_spend=paid) as data:
        found = channels.acquisition_costs(data, by="campaign_id", **YEAR).set_index("campaign_id")
        by_file = channels.acquisition_costs(data, **YEAR).set_index("marketing_channel")
    assert found.spend.to_dict() == {"always_email": 100, "always_social": 8}
    assert found.cost.to_dict() == {"always_email": 50, "always_social": 8}
    # Garwood's exact interval of a count of 2 is 0.2422 to 7.2247.
    assert found.loc["always_email", ["low", "high"]].tolist() == pytest.approx(
        [100 / 7.2247, 100 / 0.2422], rel=1e-3
    )
    assert by_file.spend.to_dict() == {"email": 151, "social": 308}


def test_the_days_of_recorded_spend():
    rows = [("2025-02-03", "email", NONE, "retention", 20.0),
            ("2025-05-01", "email", NONE, "acquisition", NONE),
            ("2025-03-15", "search", NONE, "acquisition", 9.0)]  # fmt: skip
    with shop([], [("1", "a", "2025-05-01", 9.0)], marketing_spend=spend(*rows)) as data:
        assert channels.spend_days(data) == (dt.date(2025, 2, 3), dt.date(2025, 3, 15))
    with shop([], [("1", "a", "2025-05-01", 9.0)]) as data:
        assert channels.spend_days(data) is None


def test_campaigns_have_a_name_where_it_is_theirs_alone():
    names = pd.DataFrame({"campaign_id": list("abcd"), "name": ["May", "Same", "Same", NONE]})
    with shop([], [("1", "a", "2025-05-01", 9.0)], campaigns=names) as data:
        assert channels.campaign_names(data) == {"a": "May"}
    with shop([], [("1", "a", "2025-05-01", 9.0)]) as data:
        assert channels.campaign_names(data) == {}


# --- Returns by model -----------------------------------------------------------------------

CREDITS = pd.DataFrame(
    {
        "model": ["first", "first", "last", "last"],
        "channel": ["email", "social", "email", "social"],
        "revenue": [300.0, 100.0, 50.0, 350.0],
        "margin": [150.0, 50.0, 25.0, 175.0],
        "margin_low": [130.0, 30.0, 10.0, 150.0],
        "margin_high": [170.0, 70.0, 40.0, 200.0],
    }
)


def test_returns_by_model_and_where_models_agree():
    found = channels.returns_by_model(CREDITS, spend={"email": 100, "social": 50, "posters": 9})
    assert found.roas.tolist() == [3, 2, 0.5, 7]
    assert found.roi.tolist() == [0.5, 0, -0.75, 2.5]
    assert found.verdict.tolist() == ["pays", "cannot_tell", "loses", "pays"]
    agreed = channels.agreement(found)
    assert agreed.channel.tolist() == ["email", "social"]
    assert agreed.verdict.tolist() == ["depends", "cannot_tell"]
    assert agreed.roi_low.tolist() == [-0.75, 0]


def test_without_a_margin_there_is_no_roi_and_no_verdict():
    credits = CREDITS.assign(margin=np.nan, margin_low=np.nan, margin_high=np.nan)
    found = channels.returns_by_model(credits, spend={"email": 100.0})
    assert found.roas.tolist() == [3, 0.5]
    assert found.roi.isna().all()
    assert {*found.verdict} == {"cannot_tell"}
    assert channels.agreement(channels.returns_by_model(pd.DataFrame(), spend={})).empty


def rates_of(data):
    """Return the ROAS and the ROI of the table of KPIs, and those of the figure's diamonds."""
    credits = channels.attribute(channels.journeys(data, **YEAR), model="last_non_direct")
    spent = channels.spend_to_credit(data, **YEAR)
    figure = channels.returns_by_model(credits, spend=spent).set_index("channel")
    table = channels.channel_results(data, **YEAR).set_index("marketing_channel")
    names = ["return_on_ad_spend", "marketing_roi"]
    return table.loc[[*spent], names], figure.loc[[*spent], ["roas", "roi"]]


@pytest.mark.parametrize("seed", range(3))
def test_one_roi_in_the_table_and_in_the_figure(seed):
    rng = np.random.default_rng(seed)
    people, days = [f"c{n}" for n in range(40)], pd.date_range("2025-01-01", "2025-12-31")
    names = ["email", "social", "search", "direct"]
    touches = pd.DataFrame({"customer_id": rng.choice(people, 400), "at": rng.choice(days, 400)})
    touches["marketing_channel"] = rng.choice(names, 400)
    orders = pd.DataFrame({"customer_id": rng.choice(people, 300), "ordered_at": days[:300]})
    orders["order_id"] = [f"o{n}" for n in range(300)]
    lines = pd.DataFrame({"order_id": rng.choice(orders.order_id, 900), "quantity": 1})
    lines["line_id"] = [str(n) for n in range(900)]
    lines["unit_price"] = rng.uniform(5, 80, 900).round(2)
    share = np.where(rng.random(900) < 0.1, np.nan, rng.uniform(0.1, 1.2, 900))
    lines["unit_cost"] = (lines.unit_price * share).round(2)
    rows = [(day, name, NONE, "retention", rng.uniform(50, 500)) for name in names[:3]
            for day in ("2025-02-01", "2025-07-01")]  # fmt: skip
    told = {"touchpoints": touches, "orders": orders, "order_lines": lines}
    with mk.open_data({**told, "marketing_spend": spend(*rows)}) as data:
        table, figure = rates_of(data)
    assert len(table) == 3
    assert table.to_numpy() == pytest.approx(figure.to_numpy())
    assert table.marketing_roi.nunique() == 3


# --- Marginal ROAS --------------------------------------------------------------------------


def test_marginal_roas():
    assert channels.marginal_roas(elasticity=0.25, revenue=4000, spend=1000) == 1
    assert channels.marginal_roas(elasticity=0.25, revenue=4000, spend=0) is None
    with pytest.raises(ComputeError, match="spend == -1"):
        channels.marginal_roas(elasticity=0.25, revenue=4000, spend=-1)


@settings(max_examples=40, deadline=None)
@given(elasticity=st.floats(0.05, 1.5), scale=st.floats(0.5, 50), spend=st.floats(10, 5000))
def test_marginal_roas_is_the_slope_of_the_curve(elasticity, scale, spend):
    def revenue(amount):
        return scale * amount**elasticity

    step = spend * 1e-5
    slope = (revenue(spend + step) - revenue(spend - step)) / (2 * step)
    found = channels.marginal_roas(elasticity=elasticity, revenue=revenue(spend), spend=spend)
    assert found == pytest.approx(slope, rel=1e-4)


# --- The demo -------------------------------------------------------------------------------


def test_the_kpi_is_what_the_model_gives_on_the_demo():
    with mk.demo() as data:
        credits = channels.attribute(channels.journeys(data, **YEAR), model="last_non_direct")
        found = mk.compute("attributed_revenue", data, by="marketing_channel", **YEAR).execute()
    found = found.dropna(subset=["marketing_channel"]).set_index("marketing_channel")
    model = credits.set_index("channel").revenue
    assert found.attributed_revenue.astype(float).round(2).to_dict() == model.round(2).to_dict()


def test_one_roi_on_the_demo():
    with mk.demo() as data:
        table, figure = rates_of(data)
    assert len(table) == 5
    assert table.to_numpy() == pytest.approx(figure.to_numpy())
