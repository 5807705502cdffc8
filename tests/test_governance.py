"""Governance: the register, what KPIs count, and what a change of definition does, by hand."""

from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import marketing_kpi as mk
from marketing_kpi import governance
from marketing_kpi.data.model import TABLES
from marketing_kpi.errors import ComputeError, DictionaryError, MissingDataError
from marketing_kpi.kpis.dictionary import dictionary
from marketing_kpi.kpis.lineage import columns_of

BOTH = ("2025-03-01", "2025-05-01")


@pytest.fixture(scope="module")
def demo():
    with mk.demo() as data:
        yield data


@pytest.fixture(scope="module")
def orders():
    """Six orders of two months: one cancelled, one of a test, one fraudulent, one of 0."""
    frame = pd.DataFrame({"order_id": list("abcdefg"), "customer_id": list("xyxyxyx")})
    frame["ordered_at"] = pd.to_datetime(["2025-03-03"] * 4 + ["2025-04-03"] * 3)
    frame["status"] = [
        "delivered",
        "cancelled",
        "fraud",
        "delivered",
        "delivered",
        "delivered",
        None,
    ]
    frame["is_test"] = [False, False, False, True, False, False, False]
    frame["amount"] = [100.0, 60.0, 500.0, 1.0, 80.0, 0.0, 40.0]
    return frame


@pytest.fixture(scope="module")
def returns():
    return pd.DataFrame(
        {
            "return_id": ["r"],
            "order_id": ["a"],
            "returned_at": pd.to_datetime(["2025-04-10"]),
            "refund_amount": [30.0],
        }
    )


# --- What the dictionary holds --------------------------------------------------------------


@pytest.mark.parametrize(
    ("duration", "days"),
    [
        ("P1D", 1),
        ("PT1H", 1 / 24),
        ("P1M", 30.4375),
        ("P2W", 14),
        ("P1DT12H", 1.5),
        ("PT30M", 1 / 48),
    ],
)
def test_a_duration_lasts_so_many_days(duration, days):
    assert governance.days_of(duration) == pytest.approx(days)


def test_every_kpi_has_one_owner_a_version_and_a_source():
    found = governance.register().set_index("kpi")
    assert [*found.index] == [kpi.id for kpi in dictionary().kpis]
    assert found[["owner", "version", "latency_days"]].notna().all(axis=None)
    assert found["systems"].map(len).min() >= 1
    sources = governance.sources()
    slowest = sources.groupby("kpi")["latency_days"].max()
    assert slowest.to_dict() == found["latency_days"].to_dict()


def test_the_register_says_the_days_that_a_kpi_counts_whatever_sets_them():
    windows = {
        "purchase_rate": "28 days", "relative_lift": "28 days", "marketing_roi": "30 days",
        "cost_per_order": "30 days", "attrition_rate": "365 days", "repurchase_rate": "90 days",
        "customer_lifespan": "365 days", "net_revenue_retention": "24 months",
    }  # fmt: skip
    for found in (governance.register(), governance.treatment()):
        told = found.set_index("kpi").window
        assert told[[*windows]].to_dict() == windows
        assert told[["orders", "net_sales", "average_order_value"]].isna().all()


def test_a_kpi_made_of_others_counts_the_days_that_these_do():
    known = dictionary()
    for kpi in known.kpis:
        if kpi.type == "derived":
            of_parts = {known.kpi(id).within for id in kpi.depends_on} - {None}
            assert {kpi.within} - {None} == of_parts, kpi.id


def test_systems_count_each_kpi_once():
    systems, sources = governance.systems().set_index("system"), governance.sources()
    counted = sources.groupby("system")["kpi"].nunique()
    assert systems["kpis"].to_dict() == counted.to_dict()
    alone = sources.groupby("kpi")["system"].nunique()
    assert systems["only_source"].sum() == (alone == 1).sum()
    assert set(sources["system"]) <= {*governance.SYSTEMS}
    flow = governance.flow()
    by_system = flow.groupby("system")["kpis"].sum()
    assert by_system.to_dict() == counted.to_dict()


@pytest.mark.parametrize(
    ("kpi", "cancelled", "returns"),
    [
        ("net_sales", "out", "not_read"),
        ("booked_revenue", "in", "not_read"),
        ("return_rate_value", "out", "read"),
        ("net_revenue", "out", "read"),
        ("customer_lifespan", "out", "not_read"),  # derived: what it depends on reads orders
        ("visitors", "not_read", "not_read"),
    ],
)
def test_what_a_kpi_counts_is_read_from_its_formula(kpi, cancelled, returns):
    row = governance.treatment().set_index("kpi").loc[kpi]
    assert (row["cancelled"], row["returns"]) == (cancelled, returns)


def test_no_kpi_counts_fraud():
    found = governance.treatment()
    assert set(found["fraud"]) == {"out", "not_read"}
    assert (found["fraud"] == "out").equals(found["cancelled"] != "not_read")


def test_what_is_said_of_cancelled_orders_holds_on_data(orders):
    """A cancelled order more moves the KPIs that count it, and none of the others."""
    said = governance.treatment().set_index("kpi")["cancelled"]
    kpis = [kpi for kpi in said.index if mk.explain(kpi, {"orders": orders}) is None]
    span = {"start": BOTH[0], "end": BOTH[1]}
    more = orders.iloc[[1]].assign(order_id="h", amount=70.0, customer_id="z")
    one = mk.compute(kpis, {"orders": orders}, **span).iloc[0]
    two = mk.compute(kpis, {"orders": pd.concat([orders, more])}, **span).iloc[0]
    moved = {kpi for kpi in kpis if pd.Series([one[kpi], two[kpi]]).nunique(dropna=False) > 1}
    assert moved == {kpi for kpi in kpis if said[kpi] == "in"} == {"booked_revenue"}


def test_coverage_adds_up_and_names_what_lacks(orders):
    found = governance.coverage(mk.open_data({"orders": orders}))
    computed = [kpi for kpi in dictionary().kpis if kpi.type != "analysis"]
    assert found["kpis"].sum() == len(computed)
    assert (found["computable"] + found["lacking"].map(len)).equals(found["kpis"])
    lacking = {kpi for kpis in found["lacking"] for kpi in kpis}
    assert "gross_margin_rate" in lacking
    assert "orders" not in lacking


def test_a_table_without_a_row_tells_no_kpi(orders):
    returned = pd.DataFrame({"return_id": ["r"], "order_id": [orders.order_id.iloc[0]],
                             "quantity": [1.0], "refund_amount": [5.0],
                             "returned_at": pd.to_datetime(["2025-03-09"])})  # fmt: skip
    without, empty, full = (
        governance.coverage(mk.open_data({"orders": orders, **tables}))
        for tables in ({}, {"returns": returned[:0]}, {"returns": returned})
    )
    assert empty.equals(without)
    assert full.computable.sum() > without.computable.sum()
    data = mk.open_data({"orders": orders, "returns": returned[:0]})
    found = governance.information_system(data).set_index("table")
    assert found.loc["returns", ["present", "rows"]].tolist() == [False, 0]


def test_every_table_has_its_place_in_the_information_system(orders):
    assert governance.ORIGINS.keys() == TABLES.keys()
    found = governance.information_system(mk.open_data({"orders": orders})).set_index("table")
    assert found.loc["orders", ["present", "rows"]].tolist() == [True, 7]
    assert pd.isna(found.loc["returns", "rows"])
    assert not found.loc["category_spend", "inside"]


def test_a_table_comes_from_a_system_that_its_kpis_name():
    """A field that a KPI reads of one table only tells where that table comes from."""
    named = {}
    for kpi in dictionary().kpis:
        if kpi.type == "analysis":
            continue
        read = [column.split(".") for column in columns_of(kpi.id)]
        for source in kpi.sources:
            for field in source.fields:
                tables = [table for table, column in read if column == field]
                if len(tables) == 1:
                    named.setdefault(tables[0], set()).add(source.system)
    assert len(named) > 12
    origins = {table: governance.ORIGINS[table].system for table in named}
    assert {table: system for table, system in origins.items() if system not in named[table]} == {}
    assert {origin.system for origin in governance.ORIGINS.values()} <= {*governance.SYSTEMS}


# --- A change of definition -----------------------------------------------------------------


def test_three_averages_by_hand(orders, returns):
    data = mk.open_data({"orders": orders, "returns": returns})
    span = {"kpi": "average_order_value", "start": BOTH[0], "end": BOTH[1], "grain": None}
    booked = governance.side_by_side(
        data, new=governance.proposed("cancelled_in", on="2025-04-01"), **span
    )
    assert booked["old"].tolist() == [220 / 4]  # 100, 80, 0 and 40: a gift is an order
    assert booked["new"].tolist() == [280 / 5]  # and the cancelled one
    after = governance.side_by_side(
        data, new=governance.proposed("returns_off", on="2025-04-01"), **span
    )
    assert after["new"].tolist() == pytest.approx([190 / 4])
    assert after["gap"].tolist() == pytest.approx([-30 / 4])
    assert after["relative_gap"].tolist() == pytest.approx([-30 / 220])


def test_by_month_a_return_counts_where_it_comes_back(orders, returns):
    data = mk.open_data({"orders": orders, "returns": returns})
    new = governance.proposed("returns_off", on="2025-04-01")
    found = governance.side_by_side(
        data, kpi="average_order_value", new=new, start=BOTH[0], end=BOTH[1]
    )
    assert found["old"].tolist() == [100, 40]
    assert found["new"].tolist() == pytest.approx([100, (120 - 30) / 3])


def test_the_old_side_is_what_compute_gives(demo):
    span = {"start": "2025-01-01", "end": "2026-01-01"}
    new = governance.proposed("trailing_year", on="2025-01-01")
    found = governance.side_by_side(demo, kpi="repeat_purchase_rate", new=new, **span)
    table = mk.compute("repeat_purchase_rate", demo, grain="month", **span).execute()
    assert found["old"].tolist() == table["repeat_purchase_rate"].tolist()
    # At the end of the year, twelve months back are the year.
    year = mk.compute("repeat_purchase_rate", demo, **span).execute()
    assert found["new"].iloc[-1] == year["repeat_purchase_rate"].iloc[0]


def test_data_that_lack_something_are_named_and_left_out(orders, returns):
    bare = mk.open_data({"orders": orders.drop(columns="status")})
    assert governance.lacks_proposal(bare, "cancelled_in") == ("orders.status",)
    assert "returns.returned_at" in governance.lacks_proposal(bare, "returns_off")[0]
    whole = mk.open_data({"orders": orders, "returns": returns})
    assert governance.lacks_proposal(whole, "returns_off") == ()
    spans = {"start": "2025-04-01", "end": "2025-05-01"}
    spans |= {"previous_start": "2025-03-01", "previous_end": "2025-04-01"}
    assert [*governance.breaks(bare, **spans)] == ["trailing_year"]
    found = governance.breaks(whole, **spans)
    assert [*found] == ["cancelled_in", "returns_off", "trailing_year"]
    kpi, change = found["returns_off"]
    assert kpi == "average_order_value"
    assert change == pytest.approx((100, 40, 100, 30))
    with pytest.raises(MissingDataError):
        governance.side_by_side(
            bare, kpi=kpi, new=governance.proposed("returns_off", on="2025-04-01"),
            start=BOTH[0], end=BOTH[1],
        )  # fmt: skip


numbers = st.floats(-1e6, 1e6)


@given(numbers, numbers, numbers, numbers)
@settings(max_examples=60)
def test_what_happened_and_what_was_redefined_add_up(one, two, three, four):
    before = pd.DataFrame({"old": [one], "new": [two]})
    now = pd.DataFrame({"old": [three], "new": [four]})
    found = governance.break_between(before, now)
    assert found.happened + found.redefined == pytest.approx(found.published, abs=1e-6)


def test_a_break_is_between_two_periods():
    with pytest.raises(ComputeError, match="must be 1"):
        governance.break_between(pd.DataFrame({"old": [1, 2], "new": [1, 2]}), pd.DataFrame())


@pytest.mark.parametrize(
    ("fields", "version", "kind"),
    [
        ({"window": "6 months"}, "2.0.0", "major"),
        ({"dimensions": ("channel",)}, "1.1.0", "minor"),
        ({"owner": "finance"}, "1.0.1", "patch"),
        ({"window": "6 months", "owner": "finance"}, "2.0.0", "major"),
    ],
)
def test_a_change_asks_for_a_version(fields, version, kind):
    old = dictionary()
    new = governance.revised(old, "repeat_purchase_rate", on="2026-12-31", **fields)
    entry = new["repeat_purchase_rate"]
    assert entry.version == version
    assert entry.history[-1].date == "2026-12-31"
    (row,) = governance.changes(old, new).to_dict("records")
    assert (row["change"], row["now"], row["in_order"]) == (kind, version, True)
    assert set(row["fields"]) == set(fields)
    assert old["repeat_purchase_rate"].version == "1.0.0"  # the one given is as it was


def test_a_version_that_was_not_raised_is_found():
    old = dictionary()
    silent = old.kpi("orders").model_copy(update={"window": "6 months"})
    (row,) = governance.changes(old, old.replaced(silent)).to_dict("records")
    assert (row["was"], row["now"], row["expected"]) == ("1.0.0", "1.0.0", "2.0.0")
    assert not row["in_order"]


def test_nothing_changed_is_nothing_to_say():
    assert governance.changes(dictionary(), dictionary()).empty
    assert governance.revised(dictionary(), "orders", on="2026-12-31")["orders"].version == "1.0.0"


def test_versions_only_rise():
    found = dictionary()
    for day, owner in (("2026-12-01", "finance"), ("2026-12-02", "crm")):
        found = governance.revised(found, "orders", on=day, owner=owner)
    found = governance.revised(found, "orders", on="2026-12-03", window="6 months")
    versions = [tuple(map(int, item.version.split("."))) for item in found["orders"].history]
    assert versions == [(1, 0, 0), (1, 0, 1), (1, 0, 2), (2, 0, 0)]
    assert all(one < two for one, two in pairwise(versions))


# --- Retirement -----------------------------------------------------------------------------

LEAVING = {"status": "deprecated", "replaced_by": "orders", "retires_on": "2026-04-01"}


def test_what_leaves_names_its_replacement_and_its_day():
    new = governance.revised(dictionary(), "buyers", on="2026-01-01", **LEAVING)
    (row,) = governance.deprecations(as_of="2026-03-31", entries=new).to_dict("records")
    assert (row["kpi"], row["replaced_by"], row["days_left"]) == ("buyers", "orders", 1)
    assert governance.deprecations(as_of="2026-03-31").empty
    # Until then it is computed as before.
    frame = pd.DataFrame({"order_id": ["a"], "customer_id": ["x"]})
    frame["ordered_at"] = pd.Timestamp("2025-03-03")
    assert mk.compute("buyers", {"orders": frame}, entries=new)["buyers"].tolist() == [1]


@pytest.mark.parametrize("field", ["replaced_by", "retires_on"])
def test_a_deprecation_without_replacement_or_day_is_refused(field):
    with pytest.raises(ValidationError, match=f"a deprecated KPI needs '{field}'"):
        governance.revised(dictionary(), "buyers", on="2026-01-01", **{**LEAVING, field: None})


def test_a_day_of_leaving_is_of_deprecated_ones_only():
    with pytest.raises(ValidationError, match="only a deprecated KPI"):
        governance.revised(dictionary(), "buyers", on="2026-01-01", retires_on="2026-04-01")


def test_unknown_names_are_refused_with_a_suggestion():
    with pytest.raises(DictionaryError) as refused:
        governance.proposed("return_off", on="2026-01-01")
    assert "returns_off" in str(refused.value.hint)
