"""Financial health: formulas on a few rows, the bridge and the reconciliation, by hand."""

import datetime as dt
import math
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import marketing_kpi as mk
from marketing_kpi import finance
from marketing_kpi.accounts.early import _as_long_after
from marketing_kpi.accounts.ratios import fieller
from marketing_kpi.accounts.steps import steps as steps_of
from marketing_kpi.data.demo import truth
from marketing_kpi.errors import ComputeError, ConfigError, MissingDataError
from marketing_kpi.kpis.examples import rows_of
from marketing_kpi.kpis.facts import FACTS
from marketing_kpi.worth.common import Period

NONE = None
YEAR = {"start": "2025-01-01", "end": "2026-01-01"}


@pytest.fixture(scope="module")
def demo():
    with mk.demo() as data:
        yield data


def on(function, fact, rows):
    found = function(rows_of(FACTS[fact], rows)).cast("float64").execute()
    return NONE if pd.isna(found) else found


@pytest.mark.parametrize(
    ("sold", "refunded", "lost", "revenue", "rate"),
    [
        ([100, NONE, NONE], [NONE, 20, NONE], [NONE, NONE, 5], 75, 0.2),
        ([100], [NONE], [NONE], 100, 0),
        ([NONE], [20], [NONE], -20, NONE),  # a month without sales still gives back
        ([0], [20], [NONE], -20, NONE),
        ([10], [30], [NONE], -20, 3),  # of earlier sales: a rate may exceed 1
        ([], [], [], 0, NONE),
    ],
)
def test_net_revenue_and_refund_rate(sold, refunded, lost, revenue, rate):
    rows = {"net_sales": sold, "refunds_and_allowances": refunded, "lost_chargebacks": lost}
    assert on(finance.net_revenue, "sales_and_deductions", rows) == revenue
    assert on(finance.refund_rate, "sales_and_deductions", rows) == rate


@pytest.mark.parametrize(
    ("outcomes", "rate"),
    [(["won", "lost", "open"], 0.5), (["open"], NONE), (["won"], 1), ([], NONE), ([NONE], NONE)],
)
def test_win_rate_is_of_what_is_decided(outcomes, rate):
    assert on(finance.chargeback_win_rate, "chargebacks", {"outcome": outcomes}) == rate


def test_a_credit_is_no_order_that_can_be_disputed():
    rows = {
        "order_id": ["1", "2", "3"],
        "bought": [True, True, False],
        "charged_back": [True, False, True],
    }
    assert on(finance.chargeback_rate, "orders_and_disputes", rows) == 0.5


@pytest.mark.parametrize(
    ("before", "now", "net", "gross"),
    [
        ([100, 200, 0, 100], [150, 100, 80, 0], 0.625, 0.5),
        ([100, 100], [150, 0], 0.75, 0.5),  # the cap is each customer's, not the total's
        ([100], [300], 3, 1),
        ([100], [-20], -0.2, -0.2),  # gave back more than was bought
        ([0, -10], [50, 50], NONE, NONE),
        ([], [], NONE, NONE),
    ],
)
def test_retention_of_revenue(before, now, net, gross):
    rows = {"revenue_before": before, "revenue_now": now}
    assert on(finance.net_revenue_retention, "retained_revenue", rows) == net
    assert on(finance.gross_revenue_retention, "retained_revenue", rows) == gross


# --- The bridge and the reconciliation ------------------------------------------------------


def tables(**more):
    """Return two orders: one of January, received in February; one of a line of unknown list."""
    moments = pd.to_datetime(["2025-01-30", "2025-02-10"])
    return {
        "orders": pd.DataFrame(
            {
                "order_id": ["1", "2"],
                "ordered_at": moments,
                "recognised_at": pd.to_datetime(["2025-02-02", "2025-02-10"]),
            }
        ),
        "order_lines": pd.DataFrame(
            {
                "order_id": ["1", "1", "2"],
                "line_id": ["1", "2", "1"],
                "quantity": [2.0, 1.0, 1.0],
                "list_price": [50.0, 30.0, None],
                "unit_price": [40.0, 30.0, 60.0],
            }
        ),
        "returns": pd.DataFrame(
            {
                "return_id": ["a", "b"],
                "order_id": ["1", "2"],
                "returned_at": pd.to_datetime(["2025-02-20", "2025-03-05"]),
                "refund_amount": [40.0, 10.0],
                "kind": ["return", "allowance"],
            }
        ),
        **more,
    }


DISPUTES = pd.DataFrame(
    {
        "chargeback_id": ["x"],
        "order_id": ["2"],
        "opened_at": pd.to_datetime(["2025-03-10"]),
        "amount": [60.0],
        "outcome": ["lost"],
    }
)


def test_the_bridge_by_hand():
    with mk.open_data(tables(chargebacks=DISPUTES)) as data:
        steps = finance.bridge(data, **YEAR)
        row = mk.compute(["net_revenue", "revenue_leakage"], data, **YEAR).iloc[0]
    assert steps.step.tolist() == [step for step in finance.STEPS if step != "unpriced"]
    assert steps.amount.tolist() == [130, -20, 60, 170, -40, -10, -60, 60]
    assert steps.level.tolist() == [130, 110, 170, 170, 130, 120, 60, 60]
    assert [row.net_revenue, row.revenue_leakage] == [60, 20 + 40 + 10 + 60]


@pytest.mark.parametrize("second", [(None, 60.0), (80.0, None), (None, None), (80.0, 60.0)])
def test_gross_sales_and_discounts_of_the_bridge_are_those_of_the_kpis(second):
    """Two units of 50 sold at 40, one of 30, and one of which a price may be unknown."""
    listed, paid = second
    given = tables(chargebacks=DISPUTES)
    given["order_lines"].loc[2, ["list_price", "unit_price"]] = second
    with mk.open_data(given) as data:
        bridge = finance.bridge(data, **YEAR)
        row = mk.compute(["gross_sales", "net_sales", "discount_rate"], data, **YEAR).iloc[0]
    steps = bridge.set_index("step").amount
    assert steps["gross_sales"] == row.gross_sales == 130 + (listed or 0)
    assert steps["net_sales"] == row.net_sales == 110 + (paid or 0)
    assert steps.get("unlisted", 0) == (60 if second == (None, 60) else 0)
    assert steps.get("unpriced", 0) == (-80 if second == (80, None) else 0)
    rate = 40 / 210 if second == (80, 60) else 20 / 130
    assert finance.step_shares(bridge)["discounts"] == pytest.approx(row.discount_rate)
    assert row.discount_rate == pytest.approx(rate)


def test_a_deduction_that_is_not_told_leaves_the_rest_unknown():
    with mk.open_data(tables()) as data:
        steps = finance.bridge(data, **YEAR).set_index("step")
    assert steps.level["allowances"] == 120
    assert steps.amount[["chargebacks", "net_revenue"]].isna().all()


def test_a_bridge_without_list_prices_begins_at_net_sales():
    given = tables(chargebacks=DISPUTES)
    given["order_lines"] = given["order_lines"].drop(columns="list_price")
    with mk.open_data(given) as data:
        steps = finance.bridge(data, **YEAR).set_index("step")
    assert steps.amount[["gross_sales", "discounts"]].isna().all()
    assert steps.amount["net_sales"] == 170
    assert steps.level["net_revenue"] == 60


def test_a_bridge_of_an_empty_period_is_zeros():
    with mk.open_data(tables(chargebacks=DISPUTES)) as data:
        steps = finance.bridge(data, start="2030-01-01", end="2031-01-01")
    assert steps.amount.abs().tolist() == [0] * 7


def test_a_bridge_refuses_a_period_without_days():
    with mk.open_data(tables()) as data:
        with pytest.raises(ComputeError, match="must be before end"):
            finance.bridge(data, start="2025-01-01", end="2025-01-01")
        with pytest.raises(ConfigError, match="start"):
            finance.bridge(data, start="soon", end="2025-01-01")


LEDGER = pd.DataFrame(
    [
        ("2025-02-01", "revenue", 135.0),
        ("2025-02-01", "refunds", 35.0),
        ("2025-03-01", "chargebacks", 60.0),
        ("2025-04-01", "revenue", 1.0),
        ("2025-02-01", "goodwill", 9.0),  # no account of ours
    ],
    columns=["month", "account", "amount"],
).astype({"month": "datetime64[us]"})


@pytest.mark.parametrize("kind", ["pandas", "engine"])
def test_the_reconciliation_by_hand(kind, tmp_path):
    given = tables(chargebacks=DISPUTES, ledger=LEDGER)
    for name, frame in given.items():
        frame.to_parquet(tmp_path / f"{name}.parquet")
    with mk.open_data(given if kind == "pandas" else str(tmp_path)) as data:
        found = finance.reconciliation(data, **YEAR)
        found = found if kind == "pandas" else found.to_pandas()
    columns = ["ledger", "ours", "gap"]
    rows = found.astype(dict.fromkeys(columns, float)).assign(month=found.month.astype(str))
    rows = rows.assign(month=rows.month.str[:7]).set_index(["month", "account"])[columns]
    assert rows.loc["2025-02", "revenue"].tolist() == [135, 170 - 40, 5]
    # A line of February tells no list price: what the month was worth at list price is unknown.
    assert rows.ours.reindex([("2025-02", "gross_sales"), ("2025-02", "discounts")]).isna().all()
    assert rows.loc["2025-03", "discounts"].fillna(-1).tolist() == [-1, 0, -1]
    assert rows.loc["2025-02", "refunds"].tolist() == [35, 40, -5]
    assert rows.loc["2025-03", "chargebacks"].tolist() == [60, 60, 0]
    assert rows.loc["2025-04", "revenue"].tolist() == [1, 0, 1]  # nothing of ours in that month
    assert rows.loc["2025-03", "revenue"].isna().tolist() == [True, False, True]
    assert "goodwill" not in found.account.tolist()
    assert list(found.columns) == ["month", "account", *columns]


def test_a_ledger_that_writes_deductions_below_0_is_read_the_same():
    turned = LEDGER.assign(
        amount=LEDGER.amount.where(~LEDGER.account.isin(finance.DEDUCTIONS), -LEDGER.amount)
    )
    assert (turned.amount != LEDGER.amount).any()
    found = []
    for ledger in (LEDGER, turned):
        with mk.open_data(tables(chargebacks=DISPUTES, ledger=ledger)) as data:
            found.append(finance.reconciliation(data, **YEAR))
    pd.testing.assert_frame_equal(*found)


@pytest.mark.parametrize("given_back", [1, -1])
@pytest.mark.parametrize("discounts", [1, -1])
@pytest.mark.parametrize("dear", [False, True])
@pytest.mark.parametrize("told", ["all", "no_revenue"])
def test_a_ledger_equal_to_the_data_has_no_gap(given_back, discounts, dear, told):
    # Two units listed at 50, sold at 60 or 40, and 10 refunded: 100 -/+ 20 - 10 is left.
    premium = 20.0 if dear else -20.0
    given = tables()
    given["order_lines"] = given["order_lines"].iloc[:1].assign(unit_price=50 + premium / 2)
    given["orders"] = given["orders"].iloc[:1]
    given["returns"] = given["returns"].iloc[:1].assign(refund_amount=10.0)
    given["chargebacks"] = DISPUTES.iloc[:0]
    booked = {
        "gross_sales": 100.0,
        "discounts": -discounts * premium,
        "refunds": given_back * 10.0,
        "revenue": 90.0 + premium,
    }
    if told == "no_revenue":
        del booked["revenue"]
    at = pd.Timestamp("2025-02-01")
    given["ledger"] = pd.DataFrame([(at, *entry) for entry in booked.items()])
    given["ledger"].columns = ["month", "account", "amount"]
    with mk.open_data(given) as data:
        found = finance.reconciliation(data, **YEAR)
    found = found.dropna(subset=["ledger"]).set_index("account")
    assert found.ours["discounts"] == -premium
    assert found.ledger["discounts"] == -premium
    assert (found.gap == 0).all()


@pytest.mark.parametrize("amount", [-7.0, 7.0])
def test_discounts_that_agree_with_nothing_are_read_above_0(amount):
    entry = pd.DataFrame({"month": pd.to_datetime(["2025-02-01"]), "account": "discounts"})
    with mk.open_data(tables(ledger=entry.assign(amount=amount))) as data:
        found = finance.reconciliation(data, **YEAR).dropna(subset=["ledger"])
    assert found.ledger.tolist() == [7]


def test_what_the_data_do_not_tell_of_an_account_is_unknown():
    with mk.open_data(tables(ledger=LEDGER)) as data:
        found = finance.reconciliation(data, start="2025-02-01", end="2025-03-01")
    found = found.set_index("account")
    assert pd.isna(found.ours["revenue"])  # chargebacks are not told
    assert found.gap["refunds"] == -5


def test_a_ledger_is_held_against_the_accounts_that_the_data_tell():
    with mk.open_data(tables(ledger=LEDGER)) as data:  # no disputes
        assert finance.lacks_books(data) == []
        listed = finance.gaps(finance.reconciliation(data, **YEAR))
    assert listed.compared
    assert listed.one_sided["chargebacks"] == 1
    assert "refunds" in listed.found.account.tolist()
    given = tables(ledger=LEDGER)
    del given["returns"]
    given["order_lines"] = given["order_lines"].drop(columns="list_price")
    with mk.open_data(given) as data:
        assert {"returns.refund_amount", "chargebacks.amount"} <= {*finance.lacks_books(data)}
        with pytest.raises(MissingDataError, match="no account of a ledger"):
            finance.reconciliation(data, **YEAR)


def test_a_reconciliation_is_of_whole_months_and_needs_a_ledger():
    with (
        mk.open_data(tables(ledger=LEDGER)) as data,
        pytest.raises(ComputeError, match="cuts a month"),
    ):
        finance.reconciliation(data, start="2025-01-01", end="2025-01-15")
    with mk.open_data(tables()) as data, pytest.raises(MissingDataError, match="ledger"):
        finance.reconciliation(data, **YEAR)


@pytest.mark.parametrize(
    ("asked", "months"),
    [
        ({"period": "45 days"}, [("2024-11", "2024-12"), ("2025-11", "2025-12")]),
        ({"period": "3 months"}, [("2024-10", "2024-12"), ("2025-10", "2025-12")]),
        ({"period": "24 months"}, [("2023-01", "2025-12")]),
        # 12 September to 11 December: October lies in both periods.
        ({"period": "45 days", "compare": "previous_period"}, [("2025-10", "2025-12")]),
        ({"period": "3 months", "compare": "none"}, [("2025-10", "2025-12")]),
        ({"period": "20 days"}, []),
    ],
)
def test_the_books_of_a_period_are_those_of_its_months_and_of_the_ones_compared(asked, months):
    found = finance.compared_months(mk.periods(as_of="2025-12-11", **asked))
    assert [(str(start)[:7], str(end)[:7]) for start, end in found] == months


def test_a_ledger_kept_at_the_date_of_the_order_is_read_so():
    # One order of January, recognised in February: the ledger has it in January.
    given = tables(chargebacks=DISPUTES.iloc[:0])
    given["orders"], given["order_lines"] = given["orders"][:1], given["order_lines"][:2]
    given["returns"] = given["returns"][:0]
    given["ledger"] = pd.DataFrame({"month": pd.to_datetime(["2025-01-01"] * 2)})
    given["ledger"]["account"], given["ledger"]["amount"] = (
        ["gross_sales", "revenue"],
        [130.0, 110.0],
    )
    january = {"start": "2025-01-01", "end": "2025-02-01"}
    with mk.open_data(given) as data:
        recognised = finance.reconciliation(data, **january)
        ordered = finance.reconciliation(data, **january, at="ordered")
        with pytest.raises(ComputeError, match="must be one of: recognised, ordered"):
            finance.reconciliation(data, **january, at="paid")
    assert finance.gaps(recognised).found.reason.tolist() == ["not_in_data", "untold"]
    held = finance.gaps(recognised, ordered=ordered)
    assert (held.at, held.by_date, held.compared, held.agreeing) == ("ordered", 2, 2, 2)
    assert held.found.empty
    assert held.net == 0


def test_what_the_date_of_the_order_does_not_explain_stays_a_gap():
    months = [f"2025-{month:02}-01" for month in (1, 2, 3)]
    booked = [100.0, 200.0, 301.0]  # by the order's date 300: a euro too many
    rows = [("gross_sales", booked, ours) for ours in ([160.0, 120.0, 260.0], [100, 200, 300.0])]
    recognised, ordered = (
        gap_rows(*((m, name, *pair) for m, *pair in zip(months, ledger, ours, strict=True)))
        for name, ledger, ours in rows
    )
    held = finance.gaps(recognised, ordered=ordered)
    assert (held.at, held.by_date, held.found.gap.tolist()) == ("ordered", 2, [1])
    # Of two months, being closer shows no rule; nor does being five times as close.
    short = finance.gaps(recognised[1:], ordered=ordered[1:])
    assert (short.at, short.by_date, len(short.found)) == ("recognised", 0, 2)
    unsure = ordered.assign(ours=ordered.ours - 10, gap=ordered.gap + 10)
    assert finance.gaps(recognised, ordered=unsure).at == "recognised"
    assert finance.gaps(recognised, ordered=recognised).at == "recognised"


@pytest.mark.parametrize(
    ("amounts", "found"),
    [
        ([90.0, 104.0], finance.PaidLess(1, 10)),  # a voucher, and shipping
        ([100.0, 100.0], None),
        ([99.95, 100.0], None),  # the cents of rounding
        ([0.0, None], finance.PaidLess(1, 100)),
        ([-10.0, 100.0], None),  # a credit
    ],
)
def test_what_orders_were_paid_less_than_their_lines(amounts, found):
    orders = pd.DataFrame({"order_id": ["1", "2", "3"], "amount": [*amounts, 1.0]})
    orders["ordered_at"] = pd.to_datetime(["2025-01-05", "2025-12-31", "2026-01-01"])
    lines = pd.DataFrame({"order_id": ["1", "2", "3"], "line_id": "1", "quantity": 1})
    lines["unit_price"] = 100.0
    with mk.open_data({"orders": orders, "order_lines": lines}) as data:
        assert finance.paid_less(data, **YEAR) == found
    with mk.open_data({"orders": orders}) as data:
        assert finance.paid_less(data, **YEAR) is None


def test_the_demo_differs_from_its_ledger_by_the_stated_gaps_alone():
    with mk.demo() as data:
        found = finance.reconciliation(data, start="2023-01-01", end="2026-01-01").to_pandas()
    found = found[found.gap.astype(float) != 0]
    gaps = {(str(row.month)[:10], row.account): float(row.gap) for row in found.itertuples()}
    stated = {}
    for gap in truth()["ledger"]["gaps"]:
        stated[gap["month"], gap["account"]] = gap["amount"]
        if gap["account"] != "revenue":
            stated[gap["month"], "revenue"] = -gap["amount"]
    assert gaps == stated


# --- What moved, and what leaked ------------------------------------------------------------

CENTS = st.integers(0, 10**9).map(lambda cents: Decimal(cents) / 100)


@st.composite
def bridges(draw):
    gross, *taken = (draw(CENTS) for _ in range(5))
    deductions = dict(zip(finance.DEDUCTIONS, taken, strict=True))
    return steps_of({"gross_sales": gross, "net_sales": gross - taken[0], **deductions})


@settings(deadline=None, max_examples=40)
@given(bridges(), bridges())
def test_the_steps_and_what_moved_add_up_to_the_cent(before, after):
    for steps in (before, after):
        parts = steps[~steps.step.str.startswith("net_")].amount
        assert round(math.fsum(parts), 2) == round(steps.level.iloc[-1], 2)
    effects = finance.bridge_change(before, after)[["by_volume", "by_rate"]]
    if not before.level[0] > 0 or not after.level[0] > 0:
        assert effects.isna().all(axis=None)
        return
    total = after.level.iloc[-1] - before.level.iloc[-1]
    assert math.fsum(effects.iloc[:-1].to_numpy().ravel()) == pytest.approx(total, abs=1e-3)
    assert math.fsum(effects.iloc[-1]) == pytest.approx(total, abs=1e-3)


def test_what_moved_by_hand():
    old = steps_of(amounts(gross_sales=1000, discounts=100, refunds=50))
    new = steps_of(amounts(gross_sales=1200, discounts=120, refunds=90))
    change = finance.bridge_change(old, new).set_index("step")
    assert change.loc["gross_sales", ["by_volume", "by_rate"]].tolist() == [200, 0]
    assert change.loc["discounts", ["by_volume", "by_rate"]].tolist() == [-20, 0]
    assert change.loc["refunds", ["by_volume", "by_rate"]].tolist() == [-10, -30]
    assert change.loc["net_revenue", ["before", "after"]].tolist() == [850, 990]


def amounts(**known):
    """Return the totals of a bridge, 0 where nothing is given."""
    names = ("gross_sales", *finance.DEDUCTIONS)
    made = {name: Decimal(known.get(name, 0)) for name in names}
    return {**made, "net_sales": made["gross_sales"] - made["discounts"]}


def at_a_fifth_off(listed, refunds=0):
    """Return the totals of 100 at list price sold at 80, of which some lines tell a list price."""
    given = amounts(gross_sales=listed, discounts=0, refunds=refunds)
    unlisted = (100 - Decimal(listed)) * Decimal("0.8")
    known = {"discounts": Decimal(listed) / 5, "unlisted": unlisted, "net_sales": Decimal(80)}
    return steps_of(given | known)


def test_list_prices_missing_from_one_period_leave_discounts_uncompared():
    """One discount of 20 % in both years; half of the list prices of the first are unknown."""
    old, new = at_a_fifth_off(50, refunds=4), at_a_fifth_off(100, refunds=8)
    assert finance.listed(old, new) == (0.5, 1.0)
    assert finance.listed(old, new).differs
    assert finance.share_of(old, new) == "net_sales"
    change = finance.bridge_change(old, new).set_index("step")
    assert change.loc["discounts", ["rate_before", "rate_after"]].tolist() == [0.2, 0.2]
    assert change.loc["refunds", ["rate_before", "rate_after"]].tolist() == [0.05, 0.1]
    assert change.loc["refunds", ["by_volume", "by_rate"]].tolist() == [0, -4]
    for step in ("gross_sales", "discounts", "unlisted", "net_revenue"):
        assert change.loc[step, ["by_volume", "by_rate"]].isna().all()


def test_list_prices_missing_from_both_periods_alike_leave_the_parts_adding_up():
    """Sales double; of what half of the lines show, the discount goes from 20 to 30 %."""
    old = at_a_fifth_off(50)
    known = {"gross_sales": Decimal(100), "discounts": Decimal(30), "unlisted": Decimal(70)}
    new = steps_of(amounts() | known | {"net_sales": Decimal(140)})
    assert not finance.listed(old, new).differs
    change = finance.bridge_change(old, new).set_index("step")
    assert change.loc["discounts", ["by_volume", "by_rate"]].tolist() == [-10, -10]
    assert change.loc["unlisted", ["by_volume", "by_rate"]].tolist() == [30, 0]
    assert change.loc["net_revenue", ["by_volume", "by_rate"]].tolist() == [70, -10]


def test_what_is_no_bridge_is_refused():
    with pytest.raises(ComputeError, match="not the steps of a bridge"):
        finance.bridge_change(pd.DataFrame({"step": ["a"], "amount": [1.0]}), pd.DataFrame())


def test_the_rate_of_each_deduction_is_that_of_the_bridge(demo):
    rates = finance.deduction_rates(demo, **YEAR).set_index("step")
    steps = finance.bridge(demo, **YEAR).set_index("step").amount
    for step in finance.DEDUCTIONS:
        assert rates.amount[step] == pytest.approx(-steps[step])
        assert rates.rate[step] == pytest.approx(-steps[step] / steps["gross_sales"])
        assert rates.low[step] < rates.rate[step] < rates.high[step]


def test_the_rates_of_few_customers_have_no_interval():
    with mk.open_data(tables(chargebacks=DISPUTES)) as data:
        found = finance.deduction_rates(data, **YEAR).set_index("step")
        of_gross = finance.deduction_rates(data, of="gross_sales", **YEAR).set_index("step")
        with pytest.raises(ComputeError, match="must be one of: gross_sales, net_sales"):
            finance.deduction_rates(data, of="sales", **YEAR)
    # 20 of the 130 at list price; the others of 170, as the list price of one line is unknown
    assert found.rate.round(4).to_dict() == {
        "discounts": 0.1538, "refunds": 0.2353, "allowances": 0.0588, "chargebacks": 0.3529,
    }  # fmt: skip
    assert of_gross.rate["refunds"] == 40 / 130
    assert found[["low", "high"]].isna().all(axis=None)


def test_a_return_rate_that_did_not_change_is_not_said_to_have(demo):
    before = finance.deduction_rates(demo, start="2024-01-01", end="2025-01-01")
    found = finance.rate_changes(before, finance.deduction_rates(demo, **YEAR)).set_index("step")
    assert found.low["refunds"] < 0 < found.high["refunds"]
    assert not found.is_told["refunds"]


def shop_since(begins, *, days, buyers=1, rates=(0.1, 0.1), held=False):
    """Return orders of 100 on the first of each month to 2025, of which a share comes back later.

    Each customer buys once. Of every ten orders of a month so many are given back in full, by the
    rate of its year: to 2024, then 2025. `held`: returns of orders of before are on record too.
    """
    months = pd.date_range("2022-01-01", "2025-12-01", freq="MS")
    sold = months.repeat(buyers)
    number = np.arange(len(sold))
    share = np.where(sold.year == 2025, rates[1], rates[0])
    given = pd.DataFrame(
        {"order_id": number.astype(str), "returned_at": sold + pd.Timedelta(days, "D")}
    )
    given["refund_amount"] = 100.0 * share if buyers == 1 else 100.0 * (number % 10 < 10 * share)
    orders = pd.DataFrame({"order_id": number.astype(str), "ordered_at": sold})
    orders = orders.assign(customer_id="C" + orders.order_id)[sold >= begins]
    on_record = (given.returned_at >= begins) & (given.returned_at < "2026-01-01")
    known = given.order_id.isin(orders.order_id) | held
    given = given[on_record & known & (given.refund_amount > 0)]
    return {
        "orders": orders,
        "order_lines": pd.DataFrame({"order_id": orders.order_id, "line_id": "1", "quantity": 1,
            "list_price": 100.0, "unit_price": 100.0}),
        "returns": given.assign(return_id=given.order_id, line_id="1", quantity=1, kind="return"),
        "chargebacks": DISPUTES.assign(order_id="0", outcome="won"),
    }  # fmt: skip


def refunds_moved(given):
    """Return the change of the rate of refunds from 2024 to 2025."""
    with mk.open_data(given) as data:
        old = finance.deduction_rates(data, start="2024-01-01", end="2025-01-01")
        rates = finance.rate_changes(old, finance.deduction_rates(data, **YEAR))
    return rates.set_index("step").loc["refunds"]


def test_refunds_of_what_was_sold_before_the_data_begin_are_told_as_lacking():
    """A tenth comes back after 90 days: of 2024 from 1 January to 1 October, that is 10 of 12.

    In 2025 those of November and December 2024 come too: 2 of the 12, and all of the rise.
    """
    row = refunds_moved(shop_since("2024-01-01", days=90))
    assert [row.before, row.after] == pytest.approx([10 / 120, 12 / 120])
    assert [row.cut, row.cut_amount, row.days] == pytest.approx([2 / 12, 20, 90])
    assert row.begun == pd.Timestamp("2024-01-01")
    assert row.cut * row.after == pytest.approx(row.change)
    assert row.is_cut


@pytest.mark.parametrize(
    ("begins", "cut"),
    [
        ("2023-01-01", 0),
        ("2023-12-01", 1 / 12),  # refunds of 2025 for sales of before 1 December 2024
        ("2023-11-01", 0),
    ],
)
def test_data_that_begin_before_the_period_lack_as_much_less(begins, cut):
    row = refunds_moved(shop_since(begins, days=90))
    assert row.cut == pytest.approx(cut)
    assert row.before == pytest.approx((12 - 12 * cut) / 120)


def test_returns_of_orders_that_are_not_on_record_lack_nothing():
    row = refunds_moved(shop_since("2024-01-01", days=90, held=True))
    assert [row.before, row.after, row.cut, row.is_cut] == pytest.approx([0.1, 0.1, 0, False])


@pytest.mark.parametrize(
    ("begins", "days", "is_cut"),
    [
        ("2023-01-01", 90, False),
        ("2024-01-01", 90, True),  # 0.2 of the 2.2 months' tenths of 2025, of a rise of 1.2
        ("2024-01-01", 5, False),
        ("2024-01-01", 40, False),  # 0.1 of a rise of 1.2: less than a tenth
        ("2024-01-01", 200, True),
    ],
)
def test_a_true_rise_keeps_its_verdict_unless_the_beginning_of_the_data_makes_much_of_it(
    begins, days, is_cut
):
    row = refunds_moved(shop_since(begins, days=days, buyers=40, rates=(0.1, 0.2)))
    assert row.low > 0
    assert row.is_cut == is_cut
    assert row.is_told == (not is_cut)


@pytest.mark.parametrize("kind", [True, False])
def test_the_base_year_says_what_it_lacks(kind):
    given = shop_since("2024-01-01", days=90)
    if not kind:
        given["returns"] = given["returns"].drop(columns="kind")
    last = {"order_id": ["last"], "ordered_at": pd.to_datetime(["2025-12-31"])}
    given["orders"] = pd.concat([given["orders"], pd.DataFrame(last)])
    with mk.open_data(given) as data:
        years = finance.year_on_year(data, as_of="2026-01-01").set_index("step")
    assert years.amount["before"] == 1200 - 100
    assert years.cut_amount["before"] == pytest.approx(20)
    assert years.begun["before"] == pd.Timestamp("2024-01-01")
    assert years.cut_amount.drop("before").isna().all()


@pytest.mark.parametrize(
    ("start", "end", "until"),
    [
        ("2024-01-01", "2025-01-01", "2026-01-01"),
        ("2025-01-01", "2025-02-01", "2025-03-01"),
        ("2025-01-03", "2025-01-13", "2025-01-23"),
        ("2024-12-11", "2025-12-11", "2026-12-11"),
    ],
)
def test_the_time_after_a_period_does_not_pass_the_period_after_it(start, end, until):
    assert str(_as_long_after(Period.of(start, end))) == until


def test_the_causes_by_hand():
    given = tables(chargebacks=DISPUTES.assign(reason="duplicate"))
    given["returns"]["reason"] = ["defective", None]
    given["order_lines"]["promotion_id"] = ["sale", None, None]
    given["promotions"] = pd.DataFrame({"promotion_id": ["sale"], "name": ["White sale"]})
    with mk.open_data(given) as data:
        found = finance.root_causes(data, **YEAR)
        leaked = mk.compute(["revenue_leakage"], data, **YEAR).revenue_leakage[0]
    rows = found[["cause", "root", "name", "times", "amount"]].astype(object)
    assert rows.where(rows.notna(), None).to_numpy().tolist() == [
        ["chargeback", "duplicate", None, 1, 60],
        ["return", "defective", None, 1, 40],
        ["discount", "sale", "White sale", 1, 20],
        ["allowance", None, None, 1, 10],
    ]
    assert found.amount.sum() == leaked == 130
    assert found.cumulative.round(4).tolist() == [0.4615, 0.7692, 0.9231, 1]
    assert found.is_first.tolist() == [True, True, True, False]


def test_causes_that_the_data_do_not_tell_are_left_out():
    given = tables()
    del given["order_lines"]
    given["orders"]["amount"] = [100.0, 60.0]
    given["returns"] = given["returns"].drop(columns="kind")
    with mk.open_data(given) as data:
        found = finance.root_causes(data, **YEAR)
        assert finance.lacks_causes(data) == []
    assert found[["cause", "amount"]].to_numpy().tolist() == [["return", 50]]
    with mk.open_data({"orders": given["orders"]}) as data:
        assert "returns.refund_amount" in finance.lacks_causes(data)
        with pytest.raises(MissingDataError, match="no leak can be told"):
            finance.root_causes(data, **YEAR)


def test_what_the_data_do_not_tell_is_named_and_no_cause():
    given = tables()
    with mk.open_data(given) as data:
        assert finance.untold_causes(data) == ["chargeback"]
        found = finance.root_causes(data, **YEAR).set_index("cause")
    assert found.root["discount"] == finance.PROMOTION_UNKNOWN  # no column of promotions at all
    given["order_lines"]["promotion_id"] = None
    with mk.open_data(given) as data:
        found = finance.root_causes(data, **YEAR).set_index("cause")
    assert found.root["discount"] is None
    del given["returns"]
    with mk.open_data(given) as data:
        assert finance.untold_causes(data) == ["return", "allowance", "chargeback"]


@pytest.mark.parametrize("promotion", [True, False])
def test_discounts_of_credits_stand_apart_from_those_of_purchases(promotion):
    # Listed at 100, sold at 90; two credits give back 70 each for goods listed at 100.
    given = {
        "orders": pd.DataFrame({
            "order_id": [*"123"], "ordered_at": pd.Timestamp("2025-02-03")}),
        "order_lines": pd.DataFrame({
            "order_id": [*"123"], "line_id": "1", "quantity": [1, -1, -1], "list_price": 100.0,
            "unit_price": [90.0, 70.0, 70.0]}),
    }  # fmt: skip
    if promotion:
        given["order_lines"]["promotion_id"] = ["sale", "sale", None]
    with mk.open_data(given) as data:
        found = finance.root_causes(data, **YEAR)
        leaked = mk.compute(["net_sales", "gross_sales"], data, **YEAR).iloc[0]
    told = found[["root", "times", "amount"]].to_numpy().tolist()
    root = "sale" if promotion else finance.PROMOTION_UNKNOWN
    assert told == [[root, 1, 10], [finance.CREDITED_GOODS, 2, -60]]
    assert found.amount.sum() == leaked.gross_sales - leaked.net_sales


def test_a_price_above_the_list_is_no_leak_and_has_no_share():
    given = tables()
    given["order_lines"]["unit_price"] = [60.0, 30.0, 60.0]
    with mk.open_data(given) as data:
        found = finance.root_causes(data, **YEAR)
    assert found.set_index("cause").amount.to_dict() == {
        "return": 40, "allowance": 10, "discount": -20,
    }  # fmt: skip
    assert found["share"].tolist()[:2] == [0.8, 0.2]
    assert found.cumulative.tolist()[:2] == [0.8, 1]
    assert found[["share", "cumulative"]].iloc[2].isna().all()
    assert found.is_first.tolist() == [True, False, False]


def test_the_causes_of_the_demo_add_up_to_what_leaked(demo):
    found = finance.root_causes(demo, **YEAR)
    leaked = mk.compute(["revenue_leakage"], demo, **YEAR).execute().revenue_leakage[0]
    assert round(found.amount.sum(), 2) == round(float(leaked), 2)
    assert found.amount.is_monotonic_decreasing


# --- What stays -----------------------------------------------------------------------------

COLUMNS = ["before", "expansion", "contraction", "churn", "now"]
AMOUNTS = st.integers(-5_000, 50_000).map(lambda cents: cents / 100)


def test_retention_by_hand():
    five = pd.DataFrame({"before": [100.0, 200, 100, 50, 0], "now": [160.0, 120, 0, -10, 90]})
    row = finance.retention_of(five).iloc[0]
    assert row[COLUMNS].tolist() == [450, 60, 80, 160, 270]
    assert row[["customers", "kept_customers", "kept_share"]].tolist() == [4, 2, 0.5]
    assert [row.net_retention, row.gross_retention] == [270 / 450, 210 / 450]
    assert row[["net_retention_low", "kept_low"]].isna().all()  # four customers tell nothing


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(AMOUNTS, AMOUNTS), max_size=60))
def test_retention_adds_up_and_is_ordered(pairs):
    customers = pd.DataFrame(pairs, columns=["before", "now"], dtype="float64")
    found = finance.retention_of(customers)
    base = customers[customers.before > 0]
    if base.empty:
        assert found.empty
        return
    row = found.iloc[0]
    moved = row.expansion - row.contraction - row.churn
    assert row.before + moved == pytest.approx(row.now, abs=1e-6)
    assert row.gross_retention <= min(1, row.net_retention) + 1e-12
    assert (row[["expansion", "contraction"]] >= 0).all()
    for rate in ("net_retention", "gross_retention", "churn_rate"):
        if not pd.isna(row[f"{rate}_low"]):
            assert row[f"{rate}_low"] <= row[rate] + 1e-9
            assert row[rate] <= row[f"{rate}_high"] + 1e-9


def test_the_interval_of_a_ratio_does_not_depend_on_the_currency_or_the_order():
    rng = np.random.default_rng(3)
    some = pd.DataFrame({"before": rng.lognormal(4, 1, 200), "now": rng.lognormal(4, 1, 200)})
    mixed = some.sample(frac=1, random_state=1) * 100
    ours, theirs = (finance.retention_of(one).iloc[0] for one in (some, mixed))
    for name in ("net_retention_low", "net_retention_high", "gross_retention_high"):
        assert ours[name] == pytest.approx(theirs[name], rel=1e-9)


def test_fieller_by_hand():
    """Finney's way: the roots of the quadratic, from the sums of five pairs counted ten times."""
    x, y = np.tile([1.0, 2, 3, 4, 5], 10), np.tile([1.0, 1, 4, 3, 6], 10)
    ends = fieller(count=50, x=x.sum(), y=y.sum(), xx=x @ x, xy=x @ y, yy=y @ y)
    q = stats.t.ppf(0.975, 49) ** 2 / 50
    for ratio in ends:
        away = y - ratio * x
        assert away.mean() ** 2 == pytest.approx(q * away.var(ddof=1))
    assert ends.low < y.sum() / x.sum() < ends.high


def test_no_interval_where_a_ratio_is_the_same_for_all_or_its_divisor_is_unsure():
    x = np.arange(1.0, 41)
    same = {"x": x.sum(), "y": 2 * x.sum(), "xx": x @ x, "xy": 2 * x @ x, "yy": 4 * x @ x}
    assert fieller(count=40, **same) == (None, None)
    alone = np.r_[1000.0, np.zeros(39)]
    one = {"x": 1000.0, "y": 500.0, "xx": alone @ alone, "xy": 0.0, "yy": 250_000.0}
    assert fieller(count=40, **one) == (None, None)


def test_the_retention_of_the_demo_is_that_of_the_kpis(demo):
    whole = finance.revenue_retention(demo, as_of="2026-01-01").iloc[0]
    kpis = mk.compute(
        ["net_revenue_retention", "gross_revenue_retention", "net_revenue"], demo, **YEAR
    ).execute()
    assert whole.net_retention == pytest.approx(kpis.net_revenue_retention[0], rel=1e-12)
    assert whole.gross_retention == pytest.approx(kpis.gross_revenue_retention[0], rel=1e-12)
    cohorts = finance.revenue_retention(demo, as_of="2026-01-01", by="cohort")
    for name in ["customers", *COLUMNS]:
        assert round(cohorts[name].sum(), 2) == round(whole[name], 2)
    both = finance.year_on_year(demo, as_of="2026-01-01").set_index("step")
    assert round(both.now.drop("now").sum(), 2) == round(both.now["now"], 2)
    years = both.amount
    assert round(years.drop("now").sum(), 2) == round(years.now, 2)
    assert round(years.now, 2) == round(float(kpis.net_revenue[0]), 2)
    assert round(-years.churn, 2) == round(whole.churn, 2)
    in_hand = finance.retention_of(finance.base_customers(demo, as_of="2026-01-01")).iloc[0]
    pd.testing.assert_series_equal(in_hand, whole, check_names=False, rtol=1e-9)


def test_who_brought_nothing_in_the_demo_is_as_many_as_the_truth_says(demo):
    row = finance.revenue_retention(demo, as_of="2026-01-01").iloc[0]
    silent = truth()["attrition"]["observed_2025_limit"]
    assert 1 - row.kept_high <= silent <= 1 - row.kept_low


def test_retention_by_region_is_the_kpi_by_region(demo):
    found = finance.revenue_retention(demo, as_of="2026-01-01", by="region").set_index("region")
    kpis = mk.compute(["net_revenue_retention"], demo, by=["region"], **YEAR).execute()
    kpis = kpis.set_index("region").net_revenue_retention
    assert found.net_retention.to_dict() == pytest.approx(kpis.reindex(found.index).to_dict())


def test_what_others_bring_this_year_is_not_what_they_changed():
    """A was given back more than was paid; B is new; C is of the base, and buys as much again."""
    days = pd.to_datetime(["2023-06-01", "2025-03-01", "2025-04-01", "2024-05-01", "2025-12-30"])
    customers = ["A", "A", "B", "C", "C"]
    orders = {"order_id": list("12345"), "customer_id": customers, "ordered_at": days}
    given = {
        "orders": pd.DataFrame({**orders, "amount": [60.0, 10.0, 30.0, 100.0, 100.0]}),
        "returns": pd.DataFrame({"return_id": ["r"], "order_id": ["1"], "refund_amount": [60.0],
            "returned_at": pd.to_datetime(["2024-02-01"])}),
        "chargebacks": DISPUTES.assign(outcome="won", order_id="1"),
    }  # fmt: skip
    with mk.open_data(given) as data:
        years = finance.year_on_year(data, as_of="2026-01-01").set_index("step")
    assert years.amount[["before", "other_customers", "now"]].tolist() == [40, 100, 140]
    assert years.now[["expansion", "other_customers", "now"]].tolist() == [100, 40, 140]


def test_without_two_years_nothing_is_said_of_what_stays():
    given = tables(chargebacks=DISPUTES)
    given["orders"]["customer_id"] = ["A", "B"]
    with mk.open_data(given) as data:
        assert finance.revenue_retention(data, as_of="2026-01-01").empty
        assert finance.year_on_year(data, as_of="2026-01-01").empty
        assert finance.base_customers(data, as_of="2026-01-01").empty
    with mk.open_data(tables()) as data, pytest.raises(MissingDataError, match="customer_id"):
        finance.revenue_retention(data, as_of="2026-01-01")


# --- Disputes -------------------------------------------------------------------------------


def disputed(**columns):
    """Return ten orders of January and ten of May, of which some are disputed."""
    days = pd.to_datetime(["2025-01-10"] * 10 + ["2025-05-10"] * 10)
    orders = pd.DataFrame({"order_id": [f"O{n}" for n in range(20)], "ordered_at": days})
    orders["channel"] = ["web", "store"] * 10
    orders["status"] = ["fraud"] + ["delivered"] * 19
    chargebacks = pd.DataFrame(
        {
            "chargeback_id": list("abcde"),
            "order_id": ["O0", "O1", "O1", "O2", "O12"],
            "opened_at": pd.to_datetime(
                ["2025-02-01", "2025-02-01", "2025-03-01", "2025-02-20", "2025-05-20"]
            ),
            "amount": [10.0, 20.0, 20.0, 60.0, 30.0],
            "outcome": ["lost", "won", "lost", "won", "open"],
            "reason": ["fraudulent", "duplicate", "duplicate", None, "not_received"],
        }
    )
    return {"orders": orders, "chargebacks": chargebacks.assign(**columns)}


HALF = {"start": "2025-01-01", "end": "2025-06-01"}


@pytest.mark.parametrize("kind", ["pandas", "engine"])
def test_disputes_by_month_of_order_by_hand(kind, tmp_path):
    given = disputed()
    for name, frame in given.items():
        frame.to_parquet(tmp_path / f"{name}.parquet")
    with mk.open_data(given if kind == "pandas" else str(tmp_path)) as data:
        months = finance.chargebacks_by(data, **HALF, as_of="2025-06-01", by="month", ripe_days=90)
        kpi = mk.compute(["chargeback_rate"], data, grain="month", **HALF)
        kpi = (kpi if kind == "pandas" else kpi.execute()).chargeback_rate.dropna().tolist()
    assert months[["orders", "disputed"]].to_numpy().tolist() == [[9, 2], [10, 1]]
    assert months.ripe.tolist() == [True, False]
    assert months.rate.tolist() == pytest.approx([rate for rate in kpi if rate])
    assert (months.low < months.rate).all()
    assert (months.rate < months.high).all()


def test_what_was_opened_later_is_not_known_yet():
    with mk.open_data(disputed()) as data:
        then = finance.chargebacks_by(data, **HALF, as_of="2025-02-10")
        now = finance.chargebacks_by(data, **HALF, as_of="2025-06-01", by="channel")
    assert then.disputed.tolist() == [1]
    assert now[["channel", "orders", "disputed"]].to_numpy().tolist() == [
        ["store", 10, 1],
        ["web", 9, 2],
    ]


def test_delays_are_of_orders_old_enough():
    with mk.open_data(disputed()) as data:
        found = finance.dispute_delays(data, as_of="2025-06-01", ripe_days=45)
        none = finance.dispute_delays(data, as_of="2025-01-20", ripe_days=45)
    assert found == (3, 41.0, 50, 2 / 3, 45)  # 22, 41 and 50 days
    assert none == (0, None, None, None, 45)


def test_outcomes_by_hand():
    with mk.open_data(disputed()) as data:
        whole = finance.dispute_outcomes(data, **HALF).iloc[0]
        reasons = finance.dispute_outcomes(data, **HALF, by="reason")
        kpi = mk.compute(["chargeback_win_rate"], data, **HALF).chargeback_win_rate[0]
    assert whole[["disputes", "won", "lost", "open"]].tolist() == [4, 2, 1, 1]
    assert whole[["amount_won", "amount_lost", "amount_open"]].tolist() == [80, 20, 30]
    assert whole.win_rate == pytest.approx(kpi) == pytest.approx(2 / 3)
    assert reasons.disputes.tolist() == [2, 1, 1]
    assert reasons.reason.tolist()[0] == "duplicate"
    assert math.isnan(reasons.set_index("reason").win_rate["not_received"])


def test_an_outcome_that_is_not_told_is_no_open_dispute():
    with mk.open_data(disputed(outcome=[None, "won", None, "lost", "odd"])) as data:
        whole = finance.dispute_outcomes(data, **HALF).iloc[0]
    assert whole[["won", "lost", "open", "unknown"]].tolist() == [1, 1, 0, 2]
    assert whole.amount == whole.amount_won + whole.amount_lost + whole.amount_unknown


def test_what_fighting_is_worth_by_hand():
    with mk.open_data(disputed()) as data:
        found = finance.fighting(data, **HALF, cost=20)
        free = finance.fighting(data, **HALF, cost=0)
        with pytest.raises(ComputeError, match="cost"):
            finance.fighting(data, **HALF, cost=-1)
    assert (found.decided, found.won, found.recovered, found.gain) == (3, 2, 80, 20)
    assert found.break_even == pytest.approx(30)
    assert found.break_even_low < 30 < found.break_even_high
    assert found.below == 2
    assert (found.low, found.high) == (None, None)
    assert (free.break_even, free.below) == (0, 0)


def test_disputes_of_an_unknown_amount_are_neither_won_nor_a_cost():
    given = disputed()
    known = given["chargebacks"]
    untold = known[known["chargeback_id"].isin(["b", "c"])]  # one won, one lost
    untold = untold.assign(chargeback_id=["f", "g"], amount=math.nan)
    given["chargebacks"] = pd.concat([known, untold], ignore_index=True)
    with mk.open_data(disputed()) as data, mk.open_data(given) as more:
        found = finance.fighting(data, **HALF, cost=20)
        same = finance.fighting(more, **HALF, cost=20)
    assert (found.decided, found.gain, found.without_amount) == (3, 20, 0)
    assert same == found._replace(without_amount=2)


def test_the_gain_of_one_is_at_most_what_is_disputed():
    days = pd.to_datetime(["2025-02-01"] * 40)
    given = {
        "orders": pd.DataFrame({"order_id": [f"O{n}" for n in range(40)], "ordered_at": days}),
        "chargebacks": pd.DataFrame(
            {
                "chargeback_id": [f"c{n}" for n in range(40)],
                "order_id": [f"O{n}" for n in range(40)],
                "opened_at": days,
                "amount": [10.0] * 39 + [900.0],
                "outcome": ["lost"] * 38 + ["won"] * 2,
            }
        ),
    }
    with mk.open_data(given) as data:
        found = finance.fighting(data, **HALF, cost=5)
    assert found.low == -5  # nothing comes back at worst
    assert found.high == pytest.approx((39 * 10 + 900) / 40 - 5)
    assert found.below == 39  # 5 / 0.17 = 30.2: under the amount at the high end of the win rate


def test_nothing_won_has_no_amount_to_fight_from():
    with mk.open_data(disputed(outcome="lost")) as data:
        found = finance.fighting(data, **HALF, cost=20)
    assert found.break_even is found.break_even_high is None
    assert found.gain == -80
    with mk.open_data(disputed(outcome="open")) as data:
        found = finance.fighting(data, **HALF, cost=20)
    assert (found.decided, found.gain_each, found.win_rate, found.below) == (0, None, None, None)


def test_disputes_of_the_demo_are_as_the_truth_says(demo):
    known = truth()["chargebacks"]
    ever = {"start": "2023-01-01", "end": "2026-01-01"}
    rates = finance.chargebacks_by(demo, **ever, as_of="2026-01-01", by="channel")
    online = rates[rates.channel != "store"]
    assert (online.low <= known["share_of_online_orders"]).all()
    assert (known["share_of_online_orders"] <= online.high).all()
    found = finance.fighting(demo, **ever, cost=25)
    assert found.win_low <= known["win_probability"] <= found.win_high
    assert found.low < found.gain_each < found.high


# --- Gaps -----------------------------------------------------------------------------------


def gap_rows(*rows):
    """Return a reconciliation: month, account, ledger, ours."""
    found = pd.DataFrame(rows, columns=["month", "account", "ledger", "ours"])
    found = found.astype({"ledger": "float64", "ours": "float64"})
    return found.assign(month=pd.to_datetime(found.month), gap=found.ledger - found.ours)


def whole_month(month, *, ours=100.0, **gaps):
    """Return all accounts of a month, of which some differ by an amount."""
    return [(month, name, ours + gaps.get(name, 0), ours) for name in finance.ACCOUNTS]


def reasons_of(*rows):
    found = finance.gaps(gap_rows(*rows)).found
    return [(str(r.month)[:7], r.account, r.gap, r.reason) for r in found.itertuples()]


def test_revenue_is_not_explained_twice():
    rows = whole_month("2025-03-01", refunds=30, revenue=-30)
    assert reasons_of(*rows) == [("2025-03", "refunds", 30, "not_in_data")]
    rows = whole_month("2025-03-01", refunds=30, revenue=-10)
    assert reasons_of(*rows) == [
        ("2025-03", "refunds", 30, "not_in_data"),
        ("2025-03", "revenue", 20, "manual_entry"),
    ]
    rows = whole_month("2025-03-01", refunds=30)  # the accounts of the ledger do not add up
    assert ("2025-03", "revenue", 30, "manual_entry") in reasons_of(*rows)


def test_what_is_given_back_later_is_timing():
    rows = [
        *whole_month("2025-03-01", refunds=-30, revenue=30),
        *whole_month("2025-04-01"),
        *whole_month("2025-05-01", refunds=30, revenue=-30),
        *whole_month("2025-06-01", refunds=-30, revenue=30),
    ]
    assert reasons_of(*rows) == [
        ("2025-03", "refunds", -30, "timing"),
        ("2025-05", "refunds", 30, "timing"),
        ("2025-06", "refunds", -30, "not_in_ledger"),
    ]
    too_late = [
        *whole_month("2025-03-01", refunds=-30, revenue=30),
        *whole_month("2025-06-01", refunds=30, revenue=-30),
    ]
    assert [reason for *_rest, reason in reasons_of(*too_late)] == ["not_in_ledger", "not_in_data"]


def test_only_the_months_asked_for_are_told_and_the_others_show_what_gives_back():
    rows = gap_rows(
        *whole_month("2025-03-01", refunds=-30, revenue=30),
        *whole_month("2025-04-01", discounts=7, revenue=-7),
        *whole_month("2025-05-01", refunds=30, revenue=-30),
        ("2025-05-01", "goodwill", 3, None),
        *whole_month("2025-06-01", refunds=5, revenue=-5),
    )
    asked = [(dt.date(2025, m, 1), dt.date(2025, m + 1, 1)) for m in (3, 6)]
    found = finance.gaps(rows, months=asked)
    told = [(str(r.month)[:7], r.account, r.reason) for r in found.found.itertuples()]
    assert told == [("2025-03", "refunds", "timing"), ("2025-06", "refunds", "not_in_data")]
    assert (found.months, found.compared, found.agreeing, found.one_sided) == (2, 12, 8, {})
    assert (found.net, found.revenue.gap.tolist()) == (25, [30, -5])
    assert finance.gaps(rows, months=[]).compared == 0
    assert finance.gaps(rows).months == 4


def test_a_gap_without_its_accounts_is_not_explained():
    assert reasons_of(("2025-03-01", "revenue", 90, 100)) == [("2025-03", "revenue", -10, "untold")]
    found = finance.gaps(gap_rows(("2025-03-01", "revenue", 90, None)))
    assert (found.compared, found.one_sided, len(found.found)) == (0, {"revenue": 1}, 0)
    assert found.net == 0


def test_a_difference_below_the_tolerance_is_none():
    rows = gap_rows(*whole_month("2025-03-01", refunds=0.004, revenue=-0.004))
    assert finance.gaps(rows).found.empty
    assert len(finance.gaps(rows, tolerance=0.001).found) == 1
    with pytest.raises(ComputeError, match="tolerance"):
        finance.gaps(rows, tolerance=-1)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.dictionaries(st.sampled_from(finance.ACCOUNTS), st.integers(-9, 9), max_size=6),
        min_size=1,
        max_size=5,
    )
)
def test_the_gaps_add_up_to_what_the_ledger_differs_by(months):
    rows = [
        row for n, gaps in enumerate(months) for row in whole_month(f"2025-{n + 1:02}-01", **gaps)
    ]
    found = finance.gaps(gap_rows(*rows))
    assert found.net == sum(gaps.get("revenue", 0) for gaps in months)
    assert found.compared == 6 * len(months)
    paired = found.found[found.found.reason == "timing"]
    assert paired.gap.sum() == 0


def test_the_gaps_of_the_demo_are_those_of_its_truth(demo):
    found = finance.gaps(finance.reconciliation(demo, start="2023-01-01", end="2026-01-01")).found
    stated = [(g["month"], g["account"], g["amount"]) for g in truth()["ledger"]["gaps"]]
    seen = [(str(r.month)[:10], r.account, r.gap) for r in found.itertuples()]
    assert seen == stated
    assert found.reason.tolist() == ["manual_entry", "timing", "timing", "not_in_data"]


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        ("2025-01-01", "2026-01-01", ("2025-01-01", "2026-01-01")),
        ("2025-01-02", "2025-04-30", ("2025-02-01", "2025-04-01")),
        ("2025-01-02", "2025-02-28", None),
    ],
)
def test_whole_months(start, end, months):
    found = finance.whole_months(start, end)
    assert (found and tuple(map(str, found))) == months
