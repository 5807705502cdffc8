"""RFM: cases worked by hand, ties, nulls, engines, and what must not change the answer."""

import datetime as dt
from decimal import Decimal
from itertools import product

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

import marketing_kpi as mk
from marketing_kpi import rfm
from marketing_kpi.data.sources import open_data
from marketing_kpi.errors import ColumnError, ComputeError, ConfigError, DataError

DAY = pd.Timestamp("2025-01-01")
FEW = settings(max_examples=12, deadline=None)


def orders(*rows, **columns):
    """Make orders of (customer, days after 1 January 2025, amount)."""
    frame = pd.DataFrame(rows, columns=["customer_id", "day", "amount"])
    return pd.DataFrame(
        {
            "order_id": [f"O{n}" for n in range(len(frame))],
            "customer_id": frame.customer_id.astype("str"),
            "ordered_at": DAY + pd.to_timedelta(frame.day, unit="D"),
            "amount": frame.amount.astype("float64"),
            **columns,
        }
    )


def summaries(frequency, *, recency=None, monetary=None):
    n = len(frequency)
    return pd.DataFrame(
        {
            "customer_id": [f"C{i:04}" for i in range(n)],
            "recency_days": list(range(1, n + 1)) if recency is None else recency,
            "frequency": frequency,
            "monetary": [float(i) for i in range(n)] if monetary is None else monetary,
        }
    )


# --- summary


def test_summary_by_hand():
    got = rfm.summary(orders(("B", 9, 5.5), ("A", 0, 10.0), ("A", 30, 20.25)), as_of="2025-02-01")
    expected = pd.DataFrame(
        {
            "customer_id": pd.array(["A", "B"], dtype="str"),
            "first_order": pd.to_datetime(["2025-01-01", "2025-01-10"]).astype("datetime64[us]"),
            "last_order": pd.to_datetime(["2025-01-31", "2025-01-10"]).astype("datetime64[us]"),
            "recency_days": [1, 22],
            "frequency": [2, 1],
            "monetary": [30.25, 5.5],
        }
    )
    assert_frame_equal(got, expected)


@pytest.mark.parametrize("as_of", ["2025-01-11", dt.date(2025, 1, 11), DAY + pd.Timedelta(days=10)])
def test_as_of_is_exclusive_at_any_hour(as_of):
    at = [DAY + pd.Timedelta("9D 23:59:59"), DAY + pd.Timedelta("10D")]
    given = orders(("A", 0, 1.0), ("B", 0, 1.0)).assign(ordered_at=at)
    got = rfm.summary(given, as_of=as_of)
    assert got.customer_id.tolist() == ["A"]
    assert got.recency_days.tolist() == [1]


@pytest.mark.parametrize("since", ["2025-01-06", dt.date(2025, 1, 6)])
@pytest.mark.parametrize("kind", ["pandas", "ibis"])
def test_since_is_inclusive_and_leaves_out_what_was_before(since, kind):
    at = [DAY, DAY + pd.Timedelta("4D 23:59:59"), DAY + pd.Timedelta("5D"), DAY]
    rows = (("A", 0, 1.0), ("A", 0, 2.0), ("A", 0, 4.0), ("B", 0, 8.0))
    given = orders(*rows).assign(ordered_at=at)
    frame = given if kind == "pandas" else ibis.memtable(given)
    got = rfm.summary(frame, as_of="2025-02-01", since=since)
    got = got if kind == "pandas" else got.to_pandas()
    assert got[["customer_id", "frequency", "monetary"]].values.tolist() == [["A", 1, 4.0]]
    assert got.first_order.astype("str").tolist() == ["2025-01-06"]


@pytest.mark.parametrize("since", ["2025-02-01", "2025-02-02", "never"])
def test_since_must_be_a_day_before_as_of(since):
    with pytest.raises((ComputeError, ConfigError), match=r"^since .*must be"):
        rfm.summary(orders(("A", 0, 1.0)), as_of="2025-02-01", since=since)


def test_over_windows_of_one_length_frequency_can_fall():
    bought = orders(("A", 0, 1.0), ("A", 10, 1.0), ("A", 40, 1.0))
    then = rfm.summary(bought, as_of="2025-02-01", since="2025-01-01")
    now = rfm.summary(bought, as_of="2025-03-04", since="2025-02-01")
    assert [then.frequency[0], now.frequency[0]] == [2, 1]


def test_only_valid_orders_of_known_customers_count():
    given = orders(
        ("A", 0, 1.0),
        ("A", 1, 2.0),
        ("A", 2, 4.0),
        ("A", 3, 8.0),
        ("A", 4, 16.0),
        ("Z", 5, 32.0),
        status=["delivered", "cancelled", "fraud", None, "placed", "placed"],
        is_test=[False, False, False, None, True, False],
    )
    given.loc[5, "customer_id"] = None
    got = rfm.summary(given, as_of="2026-01-01")
    assert got[["customer_id", "frequency", "monetary"]].values.tolist() == [["A", 2, 9.0]]


def test_zero_negative_and_null_amounts():
    given = orders(("A", 0, 0.0), ("B", 0, 10.0), ("B", 1, -4.0), ("C", 0, None), ("D", 0, None))
    given.loc[len(given)] = ["O9", "D", DAY, 3.0]
    got = rfm.summary(given, as_of="2026-01-01").set_index("customer_id")
    assert got.frequency.to_dict() == {"A": 1, "B": 1, "C": 1, "D": 2}
    assert got.monetary.drop("C").to_dict() == {"A": 0.0, "B": 6.0, "D": 3.0}
    assert pd.isna(got.monetary["C"])


def test_lines_of_one_order_are_one_order():
    given = orders(("A", 0, 1.0), ("A", 0, 2.0)).assign(order_id="same")
    assert rfm.summary(given, as_of="2026-01-01")[["frequency", "monetary"]].values.tolist() == [
        [1, 3.0]
    ]


def test_the_type_of_the_key_is_kept():
    given = orders((2, 0, 1.0), (10, 0, 1.0)).assign(customer_id=[10, 2])
    got = rfm.summary(given, as_of="2026-01-01")
    assert got.customer_id.tolist() == [2, 10]
    assert got.customer_id.dtype == "int64"


def test_a_misspelt_column_is_named():
    with pytest.raises(ColumnError, match="column 'amount' not found in orders"):
        rfm.summary(orders(("A", 0, 1.0)).rename(columns={"amount": "amout"}), as_of="2026-01-01")


@pytest.mark.parametrize(
    "as_of",
    ["yesterday", "2025-13-01", "20260101", None, 20250101, pd.Timestamp("2026-01-01 15:00")],
)
def test_as_of_must_be_a_day_without_a_time(as_of):
    with pytest.raises(ConfigError, match=r"^as_of == "):
        rfm.summary(orders(("A", 0, 1.0)), as_of=as_of)


def test_a_time_zone_leaves_the_local_day():
    """Half past eleven at night in Toronto is that day, though the next one in Greenwich."""
    late = orders(("A", 0, 1.0)).assign(ordered_at=pd.Timestamp("2025-12-31 23:30"))
    local = late.assign(ordered_at=late.ordered_at.dt.tz_localize("America/Toronto"))
    got = rfm.summary(local, as_of="2026-01-01")
    assert_frame_equal(got, rfm.summary(late, as_of="2026-01-01"))
    assert got.last_order.tolist() == [pd.Timestamp("2025-12-31")]


def test_data_are_not_orders():
    with (
        open_data({"orders": orders(("A", 0, 1.0))}) as data,
        pytest.raises(DataError, match=r"orders is a Data, must be .*\npass data\.orders"),
    ):
        rfm.summary(data, as_of="2026-01-01")


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("ordered_at", ["01/02/2025"], "'?01/02/2025"),
        ("amount", ["1,1"], "1,1"),
        ("amount", [1e15], "1000000000000000"),
    ],
)
def test_a_value_that_is_no_date_or_amount_is_named(column, values, message):
    given = orders(("A", 0, 1.0)).assign(**{column: values})
    with pytest.raises(DataError, match=message):
        rfm.summary(given, as_of="2026-01-01")


def test_ids_of_several_types_are_refused():
    given = orders(("A", 0, 1.0), ("B", 0, 1.0))
    given["customer_id"] = pd.Series([1, "B"], dtype=object)
    with pytest.raises(ColumnError, match=r"'customer_id' holds .* \(int, str\)"):
        rfm.summary(given, as_of="2026-01-01")


def test_identified_orders_are_those_of_a_customer():
    frame = orders(("A", 0, 1.0), ("B", 1, 2.0))
    frame.loc[1, "customer_id"] = None
    got = rfm.identified_orders(open_data({"orders": frame})).to_pandas()
    assert got.order_id.tolist() == ["O0"]


def test_without_amounts_customers_are_scored_on_two_letters():
    frame = orders(("A", 0, 1.0), ("B", 1, 2.0), ("B", 2, 2.0)).drop(columns="amount")
    read = rfm.identified_orders(open_data({"orders": frame}))
    got = rfm.segment(rfm.score(rfm.summary(read, as_of="2026-01-01")))
    frame = got.order_by("customer_id").to_pandas()
    assert frame.segment.tolist() == ["hibernating", "loyal"]
    assert frame.m.isna().all()
    assert rfm.by_segment(got).to_pandas().net_sales.isna().all()
    assert rfm.top_share(got).value is None


# --- score


@pytest.mark.parametrize(
    ("frequency", "classes", "expected"),
    [
        ([1, 2, 3, 4, 5], 5, [1, 2, 3, 4, 5]),
        ([7, 7, 7, 7], 5, [3, 3, 3, 3]),  # all tie: the middle
        ([1, 1, 1, 1, 9], 5, [3, 3, 3, 3, 5]),  # 2 x 2.5 - 1 = 4; 4 x 5 // 10 + 1
        ([1, 1, 2, 3, 3], 5, [2, 2, 3, 5, 5]),
        ([1, 2], 2, [1, 2]),
        ([5], 5, [3]),
        ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 3, [1, 1, 1, 2, 2, 2, 2, 3, 3, 3]),
    ],
)
def test_quantile_classes_by_hand(frequency, classes, expected):
    assert rfm.score(summaries(frequency), classes=classes).f.tolist() == expected


def test_recency_ranks_the_other_way():
    got = rfm.score(summaries([1] * 5, recency=[300, 40, 20, 3, 1]))
    assert got.r.tolist() == [1, 2, 3, 4, 5]


def test_the_text_is_the_three_letters():
    got = rfm.score(summaries([1, 2, 3, 4, 5], recency=[1, 2, 3, 4, 5]))
    assert got.rfm.tolist() == ["511", "422", "333", "244", "155"]


def test_thresholds_include_their_upper_bound():
    given = summaries(
        [1, 2, 3, 9, 10], recency=[30, 31, 90, 365, 366], monetary=[0.1, 0.3, 0.30001, 5, 1e9]
    )
    thresholds = {
        "recency_days": [30, 90, 180, 365],
        "frequency": [1, 2, 4, 9],
        "monetary": [0.1, 0.3, 1, 5],
    }
    got = rfm.score(given, thresholds=thresholds)
    assert got.r.tolist() == [5, 4, 4, 2, 1]
    assert got.f.tolist() == [1, 2, 3, 4, 5]
    # Money is compared on four decimals: 0.30001 is 0.3.
    assert got.m.tolist() == [1, 2, 2, 4, 5]


def test_a_measure_without_thresholds_keeps_its_quantiles():
    given = summaries([1, 2, 3, 4, 5])
    got = rfm.score(given, thresholds={"frequency": [10, 20, 30, 40]})
    assert got.f.tolist() == [1] * 5
    assert got.m.tolist() == rfm.score(given).m.tolist()


@pytest.mark.parametrize(
    ("thresholds", "message"),
    [
        ({"monetry": [1, 2, 3, 4]}, "measure 'monetry' not found.*did you mean 'monetary'"),
        ({"frequency": [1, 2]}, "has 2 bounds, must have 4"),
        ({"frequency": [1, 2, 2, 3]}, "must rise"),
        ({"frequency": ["a", "b", "c", "d"]}, "must be a list of numbers"),
        ({"frequency": [1, 2, None, 4]}, "must be a list of numbers"),
        ({"frequency": 4}, "must be a list of numbers"),
        ([1, 2, 3, 4], "must map measures"),
        ({"recency": [1, 2, 3, 4]}, "did you mean 'recency_days'"),
        ({"monetary": [1, 2, 3, float("inf")]}, "must rise"),
    ],
)
def test_bad_thresholds_are_refused(thresholds, message):
    with pytest.raises(ComputeError, match=message):
        rfm.score(summaries([1, 2]), thresholds=thresholds)


@pytest.mark.parametrize("classes", [1, 10, 2.0, True, "5"])
def test_bad_classes_are_refused(classes):
    with pytest.raises(ComputeError, match="from 2 to 9"):
        rfm.score(summaries([1, 2]), classes=classes)
    with pytest.raises(ComputeError, match="from 2 to 9"):
        rfm.segment(pd.DataFrame({"r": [1], "f": [1]}), classes=classes)


def test_a_null_measure_has_no_class_and_takes_no_rank():
    got = rfm.score(summaries([1, 2, 3], monetary=[10.0, None, 20.0]))
    assert got.m.isna().tolist() == [False, True, False]
    assert got.m.dropna().tolist() == rfm.score(summaries([1, 2], monetary=[10.0, 20.0])).m.tolist()
    assert got.rfm.isna().tolist() == [False, True, False]
    assert rfm.segment(got).segment.notna().all()


def test_float_noise_does_not_split_a_tie():
    noisy = [0.1 + 0.2, 0.3, 0.3, 0.6]
    assert rfm.score(summaries([1] * 4, monetary=noisy)).m.tolist()[:3] == [2, 2, 2]


def test_infinite_amounts_have_no_class():
    got = rfm.score(summaries([1] * 3, monetary=[1.0, float("inf"), 2.0]))
    assert got.m.isna().tolist() == [False, True, False]


def test_other_columns_and_the_input_are_left_alone():
    given = summaries([1, 2]).assign(city=pd.Categorical(["Lyon", "Nice"]), extra=[[1], [2]])
    before = given.copy(deep=True)
    got = rfm.segment(rfm.score(given))
    assert_frame_equal(given, before)
    assert got.city.dtype == "category"
    assert got.extra.tolist() == [[1], [2]]


# --- segment


def test_the_segments_partition_the_grid():
    cells = [cell for segment in rfm.SEGMENTS for cell in segment.cells]
    assert sorted(cells) == sorted(product(range(1, 6), repeat=2))
    assert len({segment.id for segment in rfm.SEGMENTS}) == len(rfm.SEGMENTS) == 11


def test_a_segment_lies_in_one_box():
    for segment in rfm.SEGMENTS:
        boxes = {(("lost", "at_risk"), ("new", "best"))[r >= 3][f >= 3] for r, f in segment.cells}
        assert boxes == {segment.box}


def test_every_cell_gets_its_segment():
    grid = pd.DataFrame(product(range(1, 6), repeat=2), columns=["r", "f"])
    got = rfm.segment(grid)
    for row in got.itertuples():
        [segment] = [s for s in rfm.SEGMENTS if (row.r, row.f) in s.cells]
        assert (row.segment, row.box) == (segment.id, segment.box)


@pytest.mark.parametrize(
    ("r", "f", "expected"),
    [
        (5, 5, "champions"),
        (5, 1, "new"),
        (4, 1, "promising"),
        (3, 3, "need_attention"),
        (2, 5, "cannot_lose"),
        (1, 1, "lost"),
    ],
)
def test_segments_by_hand(r, f, expected):
    assert rfm.segment(pd.DataFrame({"r": [r], "f": [f]})).segment.tolist() == [expected]


@pytest.mark.parametrize("classes", range(2, 10))
def test_any_number_of_classes_keeps_the_corners(classes):
    ends = pd.DataFrame({"r": [classes, 1], "f": [classes, 1]})
    got = rfm.segment(ends, classes=classes)
    assert got.box.tolist() == ["best", "lost"]


def test_a_class_above_the_number_of_classes_is_refused():
    with pytest.raises(ComputeError, match="a score is 5, must be at most 3"):
        rfm.segment(pd.DataFrame({"r": [5], "f": [1]}), classes=3)


def test_every_segment_has_a_name_and_an_action_in_both_languages():
    for segment in rfm.SEGMENTS:
        assert segment.name("fr")
        assert segment.action("fr") != segment.action("en")
    assert rfm.segment_name("loyal", lang="fr") == "Fidèles"
    assert rfm.segment_name("<b>", lang="fr") == "<b>"
    assert rfm.segment_name(rfm.ABSENT, lang="fr") == "Aucune commande"
    assert rfm.box_name("lost", lang="fr") == "Perdus"


# --- tables made of segments


def test_by_segment_by_hand():
    given = pd.DataFrame(
        {
            "segment": ["lost", "champions", "champions"],
            "box": ["lost", "best", "best"],
            "recency_days": [300, 2, 4],
            "frequency": [1, 10, 6],
            "monetary": [20.0, 100.0, 80.0],
        }
    )
    got = rfm.by_segment(given)
    assert got.segment.tolist() == ["champions", "lost"]
    assert got.customers.tolist() == [2, 1]
    assert got.customers_share.tolist() == pytest.approx([2 / 3, 1 / 3])
    assert got.net_sales.tolist() == [180.0, 20.0]
    assert got.net_sales_share.tolist() == pytest.approx([0.9, 0.1])
    assert got.average_recency_days.tolist() == [3.0, 300.0]
    assert got.average_frequency.tolist() == [8.0, 1.0]
    assert got.average_monetary.tolist() == [90.0, 20.0]


def test_shares_of_no_sales_are_null():
    given = pd.DataFrame(
        {"segment": ["new"], "box": ["new"], "recency_days": [1], "frequency": [1], "monetary": 0.0}
    )
    assert rfm.by_segment(given).net_sales_share.isna().all()


def test_migration_counts_everyone_once():
    then = pd.DataFrame({"customer_id": ["A", "B", "C"], "segment": ["new", "new", "loyal"]})
    now = pd.DataFrame({"customer_id": ["A", "B", "D"], "segment": ["loyal", "lost", "new"]})
    got = rfm.migration(then, now)
    assert got[["before", "after", "customers", "share"]].values.tolist() == [
        ["loyal", "absent", 1, 1.0],
        ["new", "loyal", 1, 0.5],
        ["new", "lost", 1, 0.5],
        ["absent", "new", 1, 1.0],
    ]


def test_a_customer_without_a_segment_is_not_absent():
    then = pd.DataFrame({"customer_id": ["A", "B"], "segment": ["new", None]})
    now = pd.DataFrame({"customer_id": ["A", "B", "C"], "segment": [None, None, "new"]})
    got = rfm.migration(then, now)
    assert got[["before", "after", "customers"]].values.tolist() == [
        ["new", "unscored", 1],
        ["unscored", "unscored", 1],
        ["absent", "new", 1],
    ]
    names = [rfm.segment_name("unscored", lang=lang) for lang in ("fr", "en")]
    assert names == ["Sans score", "Without a score"]


def test_migration_refuses_keys_of_two_types():
    whole = pd.DataFrame({"customer_id": [1, 2], "segment": ["new", "new"]})
    for other in ("float64", "str"):
        with pytest.raises(DataError, match="must be of one type"):
            rfm.migration(whole, whole.astype({"customer_id": other}))
    small = whole.astype({"customer_id": "int32"})
    assert rfm.migration(whole, small).customers.tolist() == [2]
    assert rfm.migration(whole, whole.iloc[:0]).after.tolist() == ["absent"]


def test_migration_refuses_two_kinds():
    frame = pd.DataFrame({"customer_id": ["A"], "segment": ["new"]})
    with pytest.raises(DataError, match="two kinds"):
        rfm.migration(frame, ibis.memtable(frame))


# --- concentration


@pytest.mark.parametrize(
    ("n", "share", "top"),
    [(1, 0.2, 1), (4, 0.2, 1), (5, 0.2, 1), (6, 0.2, 2), (15, 0.2, 3), (10, 1.0, 10), (30, 0.1, 3)],
)
def test_the_top_is_rounded_up_exactly(n, share, top):
    """In floats 0.2 x 15 is just above 3, and would make the top 4 customers."""
    assert rfm.top_share(summaries([1] * n), share=share).top_customers == top


def test_top_share_by_hand():
    got = rfm.top_share(summaries([1] * 5, monetary=[10.0, 50.0, 20.0, 15.0, 5.0]))
    assert (got.net_sales, got.top_net_sales, got.value) == (100.0, 50.0, 0.5)


def test_top_share_with_ties_at_the_border_is_one_answer():
    amounts = [9.0, 5.0, 5.0, 5.0, 5.0, 1.0]
    shares = {
        rfm.top_share(summaries([1] * 6, monetary=list(np.roll(amounts, k)))).value
        for k in range(6)
    }
    assert shares == {14.0 / 30.0}


@pytest.mark.parametrize(
    ("amounts", "value"), [([], None), ([0.0, 0.0], None), ([-5.0, 2.0], None), ([None, 4.0], 1.0)]
)
def test_top_share_where_it_cannot_be_told(amounts, value):
    given = pd.DataFrame({"monetary": pd.array(amounts, dtype="float64")})
    got = rfm.top_share(given)
    assert got.value == value
    assert (got.low, got.high, got.method) == (None, None, "none")


def test_top_share_has_no_interval_for_few_or_equal_customers():
    few = rfm.top_share(summaries([1] * 29))
    equal = rfm.top_share(summaries([1] * 40, monetary=[3.0] * 40))
    assert few.low is None
    assert equal.low is None
    assert equal.value == pytest.approx(0.2)


@pytest.mark.parametrize("share", [0, -0.1, 1.01])
def test_a_share_out_of_range_is_refused(share):
    with pytest.raises(ComputeError, match="above 0 and at most 1"):
        rfm.top_share(summaries([1]), share=share)


def test_the_interval_is_the_same_twice_and_holds_the_value():
    amounts = np.random.default_rng(5).lognormal(0, 1, 300)
    given = summaries([1] * 300, monetary=amounts)
    one, two = rfm.top_share(given), rfm.top_share(given.sample(frac=1, random_state=1))
    assert one == two
    assert one.method == "studentised bootstrap"
    assert one.low < one.value < one.high


def test_both_methods_agree_where_they_meet():
    """At the border between them, the two intervals are close."""
    amounts = np.random.default_rng(6).lognormal(0, 1, rfm.BOOTSTRAP_BELOW)
    analytic = rfm.top_share(summaries([1] * len(amounts), monetary=amounts))
    bootstrap = rfm.top_share(summaries([1] * (len(amounts) - 1), monetary=amounts[1:]))
    assert analytic.method == "influence function"
    assert bootstrap.low == pytest.approx(analytic.low, abs=0.02)
    assert bootstrap.high == pytest.approx(analytic.high, abs=0.02)


def test_the_interval_covers_the_true_share():
    """Exponential spend: the top 20 % make 0.2 (1 + ln 5) of sales."""
    true = 0.2 * (1 + np.log(5))
    rng = np.random.default_rng(7)
    found = [
        rfm.top_share(pd.DataFrame({"monetary": rng.exponential(50, rfm.BOOTSTRAP_BELOW)}))
        for _ in range(200)
    ]
    covered = sum(result.low <= true <= result.high for result in found)
    # Binomial(200, 0.95) lies from 181 to 198 with a probability above 0.995.
    assert 181 <= covered <= 198


def test_concentration_ends_at_one_and_never_falls():
    amounts = np.random.default_rng(8).lognormal(0, 1, 1234)
    got = rfm.concentration(summaries([1] * 1234, monetary=amounts))
    assert len(got) == 100
    assert got.iloc[-1].tolist() == [1.0, pytest.approx(1.0)]
    assert (got.diff().dropna() > 0).all().all()


def test_the_kpi_counts_the_same_top_as_the_analysis():
    """The KPI's fact gives each customer a place; ties at the border change nothing."""
    amounts = [9.0, 5.0, 5.0, 5.0, 5.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    fact = ibis.memtable(
        {
            "net_sales": amounts,
            "place": list(range(1, len(amounts) + 1)),
            "customers": [len(amounts)] * len(amounts),
        }
    )
    expected = rfm.top_share(summaries([1] * len(amounts), monetary=amounts)).value
    assert rfm.top_customers_share(fact).execute() == pytest.approx(expected)


# --- small inputs


@pytest.mark.parametrize("rows", [(), (("A", 0, 5.0),)])
def test_no_row_and_one_row_go_through(rows):
    frame = orders(*rows)
    summary = rfm.summary(frame, as_of="2025-02-01")
    segments = rfm.segment(rfm.score(summary))
    assert len(segments) == len(rfm.concentration(summary)) == len(rows)
    assert rfm.by_segment(segments).customers.sum() == len(rows)
    assert rfm.recency_frequency(segments).customers.sum() == len(rows)
    assert rfm.score_counts(segments).customers.sum() == 3 * len(rows)
    assert rfm.migration(segments, segments).customers.sum() == len(rows)


# --- engines


def messy_orders(seed=3, n=400):
    rng = np.random.default_rng(seed)
    frame = orders(
        *zip(
            rng.integers(0, 60, n).astype(str),
            rng.integers(0, 300, n),
            rng.choice([0.1, 0.2, 0.3, 19.99, 25.0, -3.0, 0.0, np.nan], n),
            strict=True,
        )
    )
    frame.loc[::17, "customer_id"] = None
    return frame.assign(
        status=rng.choice(["placed", "delivered", "cancelled", "fraud", None], n),
        is_test=rng.choice([True, False, False, False], n),
    )


def test_pandas_and_duckdb_give_the_same_rows():
    frame = messy_orders()
    table = ibis.duckdb.connect().create_table("orders", frame)
    lazy = rfm.segment(rfm.score(rfm.summary(table, as_of="2025-10-01")))
    assert isinstance(lazy, ibis.Table)
    assert lazy.schema()["monetary"].is_decimal()
    assert rfm.by_segment(lazy).schema()["net_sales"].is_decimal()
    eager = rfm.segment(rfm.score(rfm.summary(frame, as_of="2025-10-01")))
    run = lazy.to_pandas().sort_values("customer_id").reset_index(drop=True)
    assert_frame_equal(run.astype(eager.dtypes.to_dict()), eager)
    for made in (rfm.by_segment, rfm.recency_frequency, rfm.score_counts, rfm.concentration):
        left = made(eager)
        keys = list(left.columns)
        right = made(lazy).to_pandas()
        assert_frame_equal(
            left.sort_values(keys, ignore_index=True),
            right.astype(left.dtypes.to_dict()).sort_values(keys, ignore_index=True),
            check_exact=False,
            rtol=1e-9,
        )
    moved = rfm.migration(lazy, lazy).to_pandas()
    assert moved.customers.sum() == len(eager)
    assert rfm.top_share(lazy) == rfm.top_share(eager)


def test_a_table_with_native_nan_is_scored_like_one_with_nulls():
    given = pa.table(
        {"recency_days": [1, 2, 3], "frequency": [1, 2, 3], "monetary": [float("nan"), 5.0, 9.0]}
    )
    table = ibis.duckdb.connect().create_table("summaries", given)
    got = rfm.score(table).order_by("recency_days").to_pandas()
    assert pd.isna(got.m[0])
    assert got.m.tolist()[1:] == [2, 4]


# --- properties

AMOUNTS = st.integers(-500, 5000).map(lambda cents: float(Decimal(cents) / 100))
ROWS = st.lists(
    st.tuples(st.sampled_from("ABCDEFGH"), st.integers(0, 90), AMOUNTS), min_size=1, max_size=40
)


def scored(frame):
    return rfm.segment(rfm.score(rfm.summary(frame, as_of="2026-01-01")))


@FEW
@given(rows=ROWS, seed=st.integers(0, 99))
def test_the_order_of_the_rows_does_not_matter(rows, seed):
    frame = orders(*rows)
    assert_frame_equal(scored(frame), scored(frame.sample(frac=1, random_state=seed)))


@FEW
@given(rows=ROWS, factor=st.sampled_from([2, 10, 100]))
def test_the_currency_does_not_matter(rows, factor):
    frame = orders(*rows)
    kept = ["customer_id", "r", "f", "m", "rfm", "segment"]
    scaled = scored(frame.assign(amount=frame.amount * factor))
    assert_frame_equal(scored(frame)[kept], scaled[kept])


@FEW
@given(rows=ROWS)
def test_the_names_of_the_customers_do_not_matter(rows):
    frame = orders(*rows)
    renamed = frame.assign(customer_id=frame.customer_id.map(lambda c: chr(200 - ord(c))))
    got = scored(renamed).assign(
        customer_id=lambda t: t.customer_id.map(lambda c: chr(200 - ord(c)))
    )
    expected = scored(frame)
    assert_frame_equal(got.sort_values("customer_id", ignore_index=True), expected)


@FEW
@given(values=st.lists(st.integers(1, 6), min_size=1, max_size=60), classes=st.integers(2, 9))
def test_equal_values_share_a_class_and_larger_ones_are_not_below(values, classes):
    got = rfm.score(summaries(values), classes=classes)
    by_value = got.groupby("frequency").f.agg(["min", "max"]).sort_index()
    assert (by_value["min"] == by_value["max"]).all()
    assert by_value["min"].is_monotonic_increasing
    assert got.f.between(1, classes).all()


@FEW
@given(rows=ROWS)
def test_splitting_an_order_into_lines_changes_nothing(rows):
    frame = orders(*rows)
    halves = pd.concat([frame.assign(amount=frame.amount / 2)] * 2)
    assert_frame_equal(
        rfm.summary(frame, as_of="2026-01-01"), rfm.summary(halves, as_of="2026-01-01")
    )


def test_every_cell_of_the_grid_has_its_segment():
    # from the most recent fifth down; from the least to the most frequent
    grid = {
        5: "new potential_loyalist loyal champions champions",
        4: "promising potential_loyalist loyal loyal loyal",
        3: "about_to_sleep about_to_sleep need_attention loyal loyal",
        2: "hibernating hibernating at_risk at_risk cannot_lose",
        1: "lost lost at_risk at_risk cannot_lose",
    }
    cells = {(r, f): name for r, row in grid.items() for f, name in enumerate(row.split(), 1)}
    found = {cell: segment.id for segment in rfm.SEGMENTS for cell in segment.cells}
    assert found == cells


def test_what_no_customer_is_known_for_is_weighed():
    orders = pd.DataFrame(
        {
            "order_id": ["1", "2", "3", "4", "5"],
            "customer_id": ["A", None, None, "B", None],
            "amount": [30.0, 10.0, 20.0, 40.0, 99.0],
            "status": [None, None, "cancelled", None, None],
            "ordered_at": pd.to_datetime(["2025-01-01"] * 4 + ["2026-01-01"]),
        }
    )
    found = rfm.left_out(open_data({"orders": orders}), as_of="2026-01-01")
    # the third is cancelled, the fifth is on the day itself: 1 order of 3, 10 of 80
    assert found == rfm.LeftOut(1, pytest.approx(1 / 3), pytest.approx(10 / 80))
    bare = open_data({"orders": orders[["order_id", "ordered_at"]]})
    assert rfm.left_out(bare, as_of="2026-01-01") == rfm.LeftOut(4, 1.0, None)
    assert rfm.left_out(bare, as_of="2024-01-01") == rfm.LeftOut(0, None, None)


# --- two dates, shares and classes


def daily(*ranges, customers=("A", "B", None)):
    days = pd.DatetimeIndex([]).append([pd.date_range(*ends) for ends in ranges])
    who = [customers[n % len(customers)] for n in range(len(days))]
    ids = [str(n) for n in range(len(days))]
    return pd.DataFrame({"order_id": ids, "customer_id": who, "ordered_at": days, "amount": 1.0})


@pytest.mark.parametrize(
    ("ranges", "days", "reaches_end"),
    [
        ([("2022-01-01", "2025-12-31")], 730, True),
        ([("2024-10-01", "2025-12-31")], 92, True),
        ([("2025-02-01", "2025-12-31")], 1, True),
        ([("2022-01-01", "2025-09-30")], 730, False),
        ([("2022-01-01", "2025-09-30"), ("2026-02-01", "2026-02-03")], 730, False),
        ([("1900-01-01", "1900-01-03"), ("2024-10-01", "2025-12-31")], 92, True),
    ],
)
def test_the_window_of_two_dates_is_what_the_data_tell_of(ranges, days, reaches_end):
    with mk.open_data({"orders": daily(*ranges)}) as data:
        got = rfm.window(data, periods=mk.periods(as_of="2026-01-01"))
    assert (got.days, got.reaches_end) == (days, reaches_end)
    assert got.is_long_enough == (days >= rfm.SHORTEST_WINDOW_DAYS)


def test_orders_of_nobody_open_no_window():
    orders = daily(("2022-01-01", "2025-12-31")).drop(columns="customer_id")
    with mk.open_data({"orders": orders}) as data:
        got = rfm.window(data, periods=mk.periods(as_of="2026-01-01"))
    assert got == (1, None, False)


@pytest.mark.parametrize("amounts", [[10.0, -10.0], [5.0, -25.0], [-1.0, -3.0]])
def test_sales_that_are_not_above_0_have_no_shares(amounts):
    people = pd.DataFrame(
        {
            "segment": ["champions", "lost"], "box": ["best", "lost"], "recency_days": [1, 2],
            "frequency": [1, 1], "monetary": amounts,
        }
    )  # fmt: skip
    assert rfm.by_segment(people).net_sales_share.isna().all()
    assert rfm.concentration(people).net_sales_share.isna().all()
    orders = pd.DataFrame(
        {
            "order_id": ["1", "2"], "customer_id": ["A", None], "amount": amounts,
            "ordered_at": pd.to_datetime(["2025-03-01"] * 2),
        }
    )  # fmt: skip
    year = {"start": "2025-01-01", "end": "2026-01-01"}
    one = orders.assign(customer_id="A")  # credits alone would make no customer
    assert mk.compute("top_customers_share", one, **year).top_customers_share.isna().all()
    with mk.open_data({"orders": orders}) as data:
        assert rfm.left_out(data, as_of="2026-01-01").amount_share is None


@pytest.mark.parametrize("classes", range(2, 10))
def test_scores_say_how_many_classes_they_have(classes):
    """The best of three classes is not the middle of five."""
    scores = rfm.score(
        summaries(list(range(1, 21)), recency=list(range(20, 0, -1))), classes=classes
    )
    assert scores["classes"].eq(classes).all()
    got = rfm.segment(scores)
    for number, box in ((classes, "best"), (1, "lost")):
        assert set(got.loc[got.r.eq(number) & got.f.eq(number), "box"]) == {box}
    untold = rfm.segment(scores.drop(columns="classes"), classes=classes)
    pd.testing.assert_frame_equal(untold, got.drop(columns="classes"))
    lazy = rfm.segment(ibis.memtable(scores)).order_by("customer_id").to_pandas()
    assert lazy.segment.tolist() == got.segment.tolist()


def test_scores_made_with_another_number_of_classes_are_refused():
    scores = rfm.score(summaries([1, 2, 3]), classes=3)
    with pytest.raises(ComputeError, match="classes is 5, but the scores were made with 3"):
        rfm.segment(scores, classes=5)


def test_a_credit_is_no_order_and_lowers_the_amount():
    orders = pd.DataFrame(
        {
            "order_id": list("123456"),
            "customer_id": list("AABBCD"),
            "ordered_at": pd.to_datetime(
                ["2025-12-01", "2025-12-21", "2025-12-01", "2025-12-11", "2025-12-05", "2025-12-05"]
            ),
            "amount": [50.0, -50.0, 50.0, 30.0, -20.0, np.nan],
        }
    )
    found = rfm.summary(orders, as_of="2026-01-01").set_index("customer_id")
    assert found.index.tolist() == ["A", "B", "D"]
    assert found.frequency.tolist() == [1, 2, 1]
    assert found.recency_days.tolist() == [31, 21, 27]
    assert found.monetary.tolist()[:2] == [0, 80]
