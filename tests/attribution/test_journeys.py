"""Journeys made from data: by hand, against plain Python, on poor data."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

import marketing_kpi as mk
from marketing_kpi import channels
from marketing_kpi.errors import ComputeError, MissingDataError

YEAR = {"start": "2025-01-01", "end": "2026-01-01"}


def opened(touches, orders=(), *, sessions=None, identities=None, **columns):
    """Open touches as (customer, visitor, at, channel, kind) and orders as (customer, at, €)."""
    seen = pd.DataFrame(
        touches, columns=["customer_id", "visitor_id", "at", "marketing_channel", "kind"]
    )
    seen["touchpoint_id"] = [f"t{n}" for n in range(len(seen))]
    placed = pd.DataFrame(orders, columns=["customer_id", "ordered_at", "amount"])
    placed["order_id"] = [f"o{n}" for n in range(len(placed))]
    tables = {"touchpoints": seen, "orders": placed.assign(**columns)}
    tables["touchpoints"]["at"] = pd.to_datetime(seen["at"], format="mixed")
    tables["orders"]["ordered_at"] = pd.to_datetime(placed["ordered_at"], format="mixed")
    for name, table in (("sessions", sessions), ("identities", identities)):
        if table is not None:
            tables[name] = pd.DataFrame(table)
    return mk.open_data(tables)


def told(found):
    """Return paths with their journeys, conversions and revenue."""
    columns = found.paths[["journeys", "conversions", "revenue"]]
    return dict(zip(found.paths["path"], map(tuple, columns.to_numpy().tolist()), strict=True))


def test_a_touch_belongs_to_the_next_order_alone():
    data = opened(
        [
            ("a", "v", "2025-03-01", "display", "impression"),
            ("a", "v", "2025-03-02", "email", "click"),
            ("a", "v", "2025-03-05", "search", "click"),
            ("a", "v", "2025-03-09", "direct", "visit"),
            ("b", "w", "2025-03-09", "direct", "visit"),
        ],
        [("a", "2025-03-02 12:00", 10.0), ("a", "2025-03-05", 20.0), ("c", "2025-03-05", 5.0)],
    )
    found = channels.journeys(data, **YEAR)
    assert told(found) == {
        ("display", "email"): (1, 1, 10.0),
        ("search",): (1, 1, 20.0),  # of the same moment as the order
        ("direct",): (2, 0, 0.0),
    }
    assert found.paths["is_direct"].tolist() == [True, False, False]
    assert (found.journeys, found.conversions, found.revenue) == (4, 2, 30.0)
    assert (found.without_touch, found.revenue_without_touch) == (1, 5.0)
    assert found.channels == ("direct", "display", "email", "search")


def test_the_look_back_cuts_journeys_with_an_order_and_without_alike():
    days = ("2025-03-01", "2025-03-11", "2025-03-11 00:01", "2025-03-20")
    touches = [("a", None, at, name, None) for at, name in zip(days, "xyzx", strict=True)]
    bought = channels.journeys(
        opened(touches, [("a", "2025-03-21", 1.0)]), lookback_days=10, **YEAR
    )
    # a touch of exactly ten days before is before the look-back, one of twenty before that again
    assert told(bought) == {("z", "x"): (1, 1, 1.0), ("x",): (1, 0, 0.0), ("y",): (1, 0, 0.0)}
    never = channels.journeys(opened(touches, [("b", "2025-03-21", 1.0)]), lookback_days=10, **YEAR)
    assert {path: row[:2] for path, row in told(never).items()} == {
        ("y", "z", "x"): (1, 0),
        ("x",): (1, 0),
    }


def test_touches_of_one_moment_stand_by_kind_then_by_name():
    at = "2025-03-01"
    touches = [
        ("a", None, at, "b", "click"),
        ("a", None, at, "a", "click"),
        ("a", None, at, "z", "impression"),
        ("a", None, at, "y", "visit"),
        ("a", None, at, "x", "open"),
        ("a", None, at, "w", None),
    ]
    for rows in (touches, touches[::-1]):
        found = channels.journeys(opened(rows, [("a", at, 1.0)]), **YEAR)
        assert found.paths["path"].tolist() == [("z", "x", "a", "b", "y", "w")]


def test_orders_of_one_moment_end_one_journey():
    data = opened(
        [("a", None, "2025-03-01", "email", "click")],
        [("a", "2025-03-02", 10.0), ("a", "2025-03-02", 5.0)],
    )
    assert told(channels.journeys(data, **YEAR)) == {("email",): (1, 2, 15.0)}


def test_a_touch_recorded_twice_is_one():
    row = ("a", "v", "2025-03-01", "email", "click")
    data = opened([row, row, ("a", "v", "2025-03-01", "email", "open")], [("a", "2025-03-02", 1.0)])
    assert channels.journeys(data, **YEAR).paths["path"].tolist() == [("email", "email")]


def test_a_visitor_is_the_one_customer_that_was_seen():
    touches = [
        (None, "v", "2025-03-01", "display", "impression"),  # before v was known
        ("a", "v", "2025-03-02", "email", "click"),
        ("b", "shared", "2025-03-01", "x", "click"),
        ("c", "shared", "2025-03-01", "y", "click"),
        (None, "shared", "2025-03-01", "z", "click"),
        (None, "told", "2025-03-01", "search", "click"),
        (None, "till", "2025-03-01", "social", "click"),
        (None, None, "2025-03-01", "nobody", "click"),
    ]
    identities = {
        "source_system": ["web_analytics", "pos"],
        "source_id": ["told", "till"],
        "customer_id": ["d", "d"],
    }
    orders = [(name, "2025-03-03", 1.0) for name in "abcd"]
    found = channels.journeys(opened(touches, orders, identities=identities), **YEAR)
    assert told(found) == {
        ("display", "email"): (1, 1, 1.0),
        ("x",): (1, 1, 1.0),
        ("y",): (1, 1, 1.0),
        ("search",): (1, 1, 1.0),
        ("z",): (1, 0, 0.0),
        ("social",): (1, 0, 0.0),
    }


def test_an_order_without_a_customer_is_its_visitors():
    sessions = {
        "session_id": ["s"],
        "visitor_id": ["v"],
        "started_at": pd.to_datetime(["2025-03-02"]),
        "order_id": ["o0"],
    }
    data = opened(
        [(None, "v", "2025-03-01", "email", "click")], [(None, "2025-03-02", 4.0)],
        sessions=sessions,
    )  # fmt: skip
    assert told(channels.journeys(data, **YEAR)) == {("email",): (1, 1, 4.0)}


def test_which_orders_count():
    touches = [(name, None, "2025-03-01", name, "click") for name in "abcdefgh"]
    data = opened(
        touches,
        [(name, "2025-03-02", 1.0 if name != "f" else -1.0) for name in "abcdefgh"],
        channel=["web", "store", "marketplace", None, "app", "web", "phone", "app"],
        status=["delivered", "delivered", "delivered", "placed", "cancelled", *["delivered"] * 3],
    )

    def ended(**given):
        found = channels.journeys(data, **YEAR, **given)
        return {path[0] for path, row in told(found).items() if row[1]}

    assert ended() == {"a", "d", "h"}
    assert ended(conversions="all") == {"a", "b", "c", "d", "g", "h"}
    assert ended(conversions=["store"]) == {"b"}
    assert ended(conversions=["phone"]) == {"g"}


def test_kinds_that_count():
    touches = [
        ("a", None, "2025-03-01", "x", "impression"),
        ("a", None, "2025-03-02", "y", "click"),
    ]
    data = opened(touches, [("a", "2025-03-03", 1.0)])
    found = channels.journeys(data, kinds=["click"], **YEAR)
    assert told(found) == {("y",): (1, 1, 1.0)}


def test_sessions_stand_in_for_touches():
    sessions = pd.DataFrame(
        {
            "session_id": ["s", "t"],
            "customer_id": ["a", "a"],
            "started_at": pd.to_datetime(["2025-03-01", "2025-03-02"]),
            "marketing_channel": ["email", None],
        }
    )
    orders = pd.DataFrame({"order_id": ["1"], "customer_id": ["a"]})
    orders["ordered_at"] = pd.to_datetime(["2025-03-03"])
    found = channels.journeys(mk.open_data({"sessions": sessions, "orders": orders}), **YEAR)
    assert found.source == "sessions"
    assert found.paths["path"].tolist() == [("email", None)]
    assert found.revenue is None
    assert found.revenue_without_touch is None
    credited = channels.attribute(found, model="all")
    assert credited["channel"].tolist()[:2] == ["email", None]
    assert credited["revenue"].isna().all()


def test_the_period_takes_the_journeys_that_end_in_it():
    touches = [
        ("a", None, "2024-12-20", "x", None),  # of an order in the period
        ("b", None, "2024-12-20", "y", None),  # of an order before it
        ("b", None, "2025-01-02", "z", None),
        ("c", None, "2025-12-31", "w", None),
        ("d", None, "2026-01-01", "v", None),
    ]
    orders = [
        ("a", "2025-01-01", 1.0),
        ("b", "2024-12-31 23:59", 1.0),
        ("c", "2026-01-01", 1.0),  # nobody knows of it at the end of the period
    ]
    found = channels.journeys(opened(touches, orders), **YEAR)
    assert {path: row[:2] for path, row in told(found).items()} == {
        ("x",): (1, 1),
        ("z",): (1, 0),
        ("w",): (1, 0),
    }
    dates = mk.periods(as_of="2026-01-01", period="12 months", compare="none")
    again = channels.journeys(opened(touches, orders), periods=dates)
    pd.testing.assert_frame_equal(found.paths, again.paths)


# --- Against plain Python -------------------------------------------------------------------


def naive(touches, orders, lookback_days, start, end):
    """Make the journeys of customers in a loop, as the docstring says."""
    reach = dt.timedelta(days=lookback_days)
    paths = {}
    for person in sorted({row[0] for row in touches}):
        ends = sorted({at for who, at, _ in orders if who == person})
        rows = sorted({(at, name) for who, _, at, name, _ in touches if who == person})
        stretches = {}
        for at, name in rows:
            following = next((moment for moment in ends if moment >= at), None)
            stretches.setdefault(following, []).append((at, name))
        for following, stretch in stretches.items():
            anchor = following or max(at for at, _ in stretch)
            blocks = {}
            for at, name in stretch:
                blocks.setdefault((anchor - at) // reach, []).append((at, name))
            for block, inside in blocks.items():
                ordered = following is not None and block == 0
                ended = following if ordered else inside[-1][0]
                if not start <= ended < end:
                    continue
                amounts = [cash for who, at, cash in orders if (who, at) == (person, following)]
                row = paths.setdefault(tuple(name for _, name in inside), [0, 0, 0.0])
                row[0] += 1
                row[1] += len(amounts) if ordered else 0
                row[2] += sum(amounts) if ordered else 0.0
    return {path: tuple(row) for path, row in paths.items()}


def drawn(seed, customers=25, touches=160, orders=40):
    rng = np.random.default_rng(seed)
    first = pd.Timestamp("2025-01-01")
    people = [f"c{n}" for n in range(customers)]
    seen = [
        (
            rng.choice(people),
            None,
            first + pd.Timedelta(hours=int(hour)),
            rng.choice([*"abc"]),
            None,
        )
        for hour in rng.integers(0, 24 * 120, touches)
    ]
    placed = [
        (rng.choice(people), first + pd.Timedelta(hours=int(hour)), float(rng.integers(1, 90)))
        for hour in rng.integers(0, 24 * 120, orders)
    ]
    return seen, placed


@pytest.mark.parametrize(("seed", "lookback_days"), [(1, 30), (2, 7), (3, 1), (4, 200)])
def test_journeys_are_those_of_plain_python(seed, lookback_days):
    touches, orders = drawn(seed)
    start, end = pd.Timestamp("2025-01-15"), pd.Timestamp("2025-04-15")
    expected = naive(
        [row for row in touches if row[2] < end], [row for row in orders if row[1] < end],
        lookback_days, start, end,
    )  # fmt: skip
    # the reader sees two look-backs before the period, the loop all: long stretches are the same
    found = channels.journeys(
        opened(touches, orders), start="2025-01-15", end="2025-04-15", lookback_days=lookback_days
    )
    assert told(found) == expected


def test_rows_ids_and_engine_do_not_count(tmp_path):
    touches, orders = drawn(7)
    data = opened(touches, orders)
    first = channels.journeys(data, **YEAR)
    shuffled = channels.journeys(opened(touches[::-1], orders[::-1]), **YEAR)
    turned = {f"c{n}": f"x{97 - n}" for n in range(25)}
    renamed = channels.journeys(
        opened(*([(turned[row[0]], *row[1:]) for row in rows] for rows in (touches, orders))),
        **YEAR,
    )
    for name in ("touchpoints", "orders"):
        data.table(name).to_parquet(tmp_path / f"{name}.parquet")
    with mk.open_data(tmp_path) as of_files:
        filed = channels.journeys(of_files, **YEAR)
        credits = [
            channels.attribute(found, model="all") for found in (first, shuffled, renamed, filed)
        ]
    for other in (shuffled, renamed, filed):
        pd.testing.assert_frame_equal(first.paths, other.paths)
    for other in credits[1:]:
        pd.testing.assert_frame_equal(credits[0], other, rtol=1e-9, atol=1e-9)


def test_credits_of_journeys_are_those_of_their_paths():
    touches, orders = drawn(9)
    found = channels.journeys(opened(touches, orders), **YEAR)
    models = [name for name in channels.MODELS if name != "time_decay"]
    for worth in ("conversions", "rate"):
        pd.testing.assert_frame_equal(
            channels.attribute(found, model=models, worth=worth),
            channels.attribute(found.paths, model=models, worth=worth),
            rtol=1e-9,
            atol=1e-9,
        )
    pd.testing.assert_frame_equal(
        channels.removal_effects(found), channels.removal_effects(found.paths)
    )


def test_time_decay_counts_hours():
    data = opened(
        [("a", None, "2025-03-01 12:00", "x", None), ("a", None, "2025-03-02 00:00", "y", None)],
        [("a", "2025-03-02 12:00", 30.0)],
    )
    found = channels.attribute(
        channels.journeys(data, **YEAR), model="time_decay", half_life_days=0.5
    )
    assert found["conversions"].tolist() == pytest.approx([1 / 3, 2 / 3])
    assert found["revenue"].tolist() == pytest.approx([10, 20])


# --- Intervals ------------------------------------------------------------------------------


def test_intervals_hold_the_credit_and_follow_rng():
    touches, orders = drawn(11, customers=120, touches=900, orders=200)
    found = channels.journeys(opened(touches, orders), **YEAR)
    one, same, other = (
        channels.attribute(found, model="all", intervals=True, rng=np.random.default_rng(seed))
        for seed in (1, 1, 2)
    )
    pd.testing.assert_frame_equal(one, same)
    assert not one.equals(other)
    for what in ("conversions", "revenue", "share"):
        assert (one[f"{what}_low"] < one[what]).all()
        assert (one[what] < one[f"{what}_high"]).all()
        assert (one[f"{what}_low"] >= 0).all()
    plain = channels.attribute(found, model="all")
    pd.testing.assert_frame_equal(one[list(plain)], plain, rtol=1e-12)


def test_few_persons_have_no_interval():
    touches, orders = drawn(12, customers=20)
    found = channels.attribute(
        channels.journeys(opened(touches, orders), **YEAR), model="last", intervals=True
    )
    assert found.filter(regex="_(low|high)$").isna().all(axis=None)
    assert found["conversions"].notna().all()


# --- Poor data ------------------------------------------------------------------------------


def test_data_without_touches_say_what_they_lack():
    orders = pd.DataFrame({"order_id": ["1"], "ordered_at": pd.to_datetime(["2025-03-03"])})
    data = mk.open_data({"orders": orders})
    assert channels.lacking_for_journeys(data) == [
        "touchpoints.at with touchpoints.marketing_channel"
    ]
    with pytest.raises(MissingDataError, match=r"touchpoints\.at"):
        channels.journeys(data, **YEAR)
    seen = pd.DataFrame({"at": pd.to_datetime(["2025-03-01"]), "marketing_channel": ["email"]})
    data = mk.open_data({"orders": orders, "touchpoints": seen})
    assert channels.lacking_for_journeys(data) == [
        "touchpoints.customer_id or touchpoints.visitor_id"
    ]
    data = mk.open_data({"orders": orders, "touchpoints": seen.assign(visitor_id="v")})
    (absent,) = channels.lacking_for_journeys(data)
    assert absent.startswith("orders.customer_id or sessions.order_id")


def test_nothing_in_the_period():
    data = opened([("a", None, "2024-03-01", "x", None)], [("a", "2024-03-02", 1.0)])
    found = channels.journeys(data, **YEAR)
    assert (found.journeys, found.conversions, found.without_touch) == (0, 0, 0)
    assert found.paths.empty
    assert (channels.attribute(found, model="all", intervals=True)["conversions"] == 0).all()


def test_one_touch_whose_channel_nobody_knows():
    data = opened([("a", None, "2025-03-01", None, None)], [("a", "2025-03-02", None)])
    found = channels.journeys(data, **YEAR)
    assert found.paths["path"].tolist() == [(None,)]
    credited = channels.attribute(found, model="all")
    assert (credited["conversions"] == 1).all()
    assert credited["revenue"].isna().all()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "need a period"),
        ({"start": "2025-01-01"}, "both start and end"),
        ({"start": "2025-02-01", "end": "2025-01-01"}, "must be before"),
        ({**YEAR, "lookback_days": 0}, "lookback_days == 0"),
        ({**YEAR, "lookback_days": 1.5}, "lookback_days == 1.5"),
        ({**YEAR, "conversions": "web"}, r"\['web'\]"),
    ],
)
def test_what_is_refused(given, words):
    data = opened([("a", None, "2025-03-01", "x", None)], [("a", "2025-03-02", 1.0)], channel="web")
    with pytest.raises(ComputeError, match=words):
        channels.journeys(data, **given)
