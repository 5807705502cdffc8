"""Financial health: formulas on a few rows, the bridge and the reconciliation, by hand."""

import pandas as pd
import pytest

import marketing_kpi as mk
from marketing_kpi import finance
from marketing_kpi.data.demo import truth
from marketing_kpi.errors import ComputeError, ConfigError, MissingDataError
from marketing_kpi.kpis.examples import rows_of
from marketing_kpi.kpis.facts import FACTS

NONE = None
YEAR = {"start": "2025-01-01", "end": "2026-01-01"}


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
    assert steps.amount.tolist() == [190, -20, 170, -40, -10, -60, 60]
    assert steps.level.tolist() == [190, 170, 170, 130, 120, 60, 60]
    assert [row.net_revenue, row.revenue_leakage] == [60, 20 + 40 + 10 + 60]


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
    assert rows.loc["2025-02", "refunds"].tolist() == [35, 40, -5]
    assert rows.loc["2025-03", "chargebacks"].tolist() == [60, 60, 0]
    assert rows.loc["2025-04", "revenue"].tolist() == [1, 0, 1]  # nothing of ours in that month
    assert rows.loc["2025-03", "revenue"].isna().tolist() == [True, False, True]
    assert "goodwill" not in found.account.tolist()
    assert list(found.columns) == ["month", "account", *columns]


def test_what_the_data_do_not_tell_of_an_account_is_unknown():
    with mk.open_data(tables(ledger=LEDGER)) as data:
        found = finance.reconciliation(data, start="2025-02-01", end="2025-03-01")
    found = found.set_index("account")
    assert pd.isna(found.ours["revenue"])  # chargebacks are not told
    assert found.gap["refunds"] == -5


def test_a_reconciliation_is_of_whole_months_and_needs_a_ledger():
    with (
        mk.open_data(tables(ledger=LEDGER)) as data,
        pytest.raises(ComputeError, match="cuts a month"),
    ):
        finance.reconciliation(data, start="2025-01-01", end="2025-01-15")
    with mk.open_data(tables()) as data, pytest.raises(MissingDataError, match="ledger"):
        finance.reconciliation(data, **YEAR)


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
