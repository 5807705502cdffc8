"""One person across systems: counts by hand, what errors do, and the demo's truth."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import marketing_kpi as mk
from marketing_kpi import governance
from marketing_kpi.errors import ComputeError
from marketing_kpi.matching import people

YEAR = {"start": "2025-01-01", "end": "2026-01-01"}


@pytest.fixture(scope="module")
def demo():
    with mk.demo() as data:
        yield data


@pytest.fixture(scope="module")
def bought(demo):
    return governance.accounts(demo, **YEAR)


@pytest.fixture
def rows():
    """Three persons: one of two channels, one who came twice to one, one who came once."""
    frame = pd.DataFrame({"customer_id": ["a", "a", "b", "c"]})
    frame["channel"] = ["web", "store", "web", "store"]
    frame["orders"], frame["net_sales"] = [1, 1, 2, 1], [50.0, 70.0, 90.0, 30.0]
    return frame


def test_by_hand(rows):
    assert governance.people(rows).tolist() == [3, 2 / 3, 5 / 3, 80]
    apart = governance.people(rows, range(4))
    assert apart.tolist() == [4, 1 / 4, 5 / 4, 60]
    one = governance.people(rows, ["p"] * 4)
    assert one.tolist() == [1, 1, 5, 240]


def test_an_account_of_unknown_sales_leaves_out_its_person_only(rows):
    rows.loc[0, "net_sales"] = None
    found = governance.people(rows)
    assert found[["customers", "repeat_rate", "orders_per_customer"]].tolist() == [3, 2 / 3, 5 / 3]
    assert found["sales_per_customer"] == (90 + 30) / 2
    errors = governance.errors_of_matching(rows, mixed=[0.5], rng=np.random.default_rng(1))
    assert errors[["true", "seen"]].notna().all(axis=None)
    assert 0 < errors.set_index("measure").seen["misplaced_sales"] < 1
    unknown = governance.people(rows.assign(net_sales=np.nan))
    assert np.isnan(unknown["sales_per_customer"])


def test_nobody_has_no_averages(rows):
    found = governance.people(rows.iloc[:0])
    assert found["customers"] == 0
    assert found.drop("customers").isna().all()


def test_it_agrees_with_the_kpis(demo, bought):
    kpis = ["buyers", "repeat_purchase_rate", "purchase_frequency"]
    row = mk.compute(kpis, demo, **YEAR).execute().iloc[0]
    found = governance.people(bought)
    assert found["customers"] == row["buyers"]
    assert found["repeat_rate"] == pytest.approx(row["repeat_purchase_rate"], rel=1e-12)
    assert found["orders_per_customer"] == pytest.approx(row["purchase_frequency"], rel=1e-12)


@given(st.permutations(range(4)))
@settings(max_examples=10)
def test_order_and_names_do_not_matter(order):
    frame = pd.DataFrame({"customer_id": ["a", "a", "b", "c"], "orders": [1, 1, 2, 1]})
    frame["net_sales"] = [50.0, 70.0, 90.0, 30.0]
    renamed = frame.assign(customer_id=frame["customer_id"].map({"a": "z", "b": "y", "c": "x"}))
    first, second = governance.people(frame), governance.people(renamed.iloc[list(order)])
    pd.testing.assert_series_equal(first, second)


# --- Errors ---------------------------------------------------------------------------------


def tried(rows, **how):
    found = governance.errors_of_matching(rows, rng=np.random.default_rng(1), **how)
    return found.set_index(["error", "share", "measure"])


def test_no_error_changes_nothing(rows):
    found = tried(rows, missed=[0.0], mixed=[0.0])
    assert (found["seen"] == found["true"]).all()


def test_all_matches_missed_are_systems_apart(rows):
    found = tried(rows, missed=[1.0])["seen"].droplevel(["error", "share"])
    assert found[list(governance.MEASURES)].tolist() == governance.people(rows, range(4)).tolist()
    # Of the two accounts of `a` one stays who she is; the other's sales are elsewhere.
    assert found[governance.MISPLACED] in (50 / 240, 70 / 240)


def test_missed_matches_raise_counts_and_lower_averages(bought):
    found = tried(bought, missed=[0.1, 0.5], draws=5)["change"]
    for share in (0.1, 0.5):
        assert found["missed", share, "customers"] > 0
        assert found["missed", share, "repeat_rate"] < 0
        assert found["missed", share, "sales_per_customer"] < 0
    assert found["missed", 0.5, "customers"] > found["missed", 0.1, "customers"]


def test_accounts_of_several_persons_are_wrong_for_all_but_one():
    """Four cards: one of three persons, one of two; 3 of 7 matches are wrong at least."""
    cards = [("pos", "k1", "a"), ("pos", "k1", "b"), ("pos", "k1", "c"), ("pos", "k2", "d"),
             ("pos", "k2", "e"), ("pos", "k3", "f"), ("pos", "k4", "g"), ("web", "k3", "a"),
             ("web", "k3", "b")]  # fmt: skip
    found = governance.wrong_share(identities(cards))
    assert (found.accounts, found.extra, found.shared) == (7, 0, 2)
    assert found.least == 3 / 7


def test_accounts_of_several_persons_are_counted_in_systems_of_several_accounts_too():
    """CRM: 2 of 3 links of the shared account too many; ERP: 1 of 3; a visitor is no account."""
    rows = [("crm", "1", "a"), ("crm", "1", "b"), ("crm", "1", "c"), ("erp", "7", "a"),
            ("erp", "7", "b"), ("erp", "8", "c"), ("wms", "5", "a"), ("web_analytics", "v", "a"),
            ("web_analytics", "v", "b"), ("wms", "6", "a")]  # fmt: skip
    found = governance.wrong_share(identities(rows))
    assert (found.share, found.shared, found.systems) == (None, 0, ())
    assert {*found.elsewhere} == {"crm", "erp"}
    assert (found.shared_elsewhere, found.least_elsewhere) == (2, 3 / 6)
    beside = governance.wrong_share(identities([*rows, ("pos", "k", "a")]))
    assert (beside.share, beside.shared) == (0.0, 0)
    assert (beside.shared_elsewhere, beside.least_elsewhere) == (2, 3 / 6)
    clean = governance.wrong_share(identities([("crm", "1", "a"), ("erp", "7", "a")]))
    assert (clean.elsewhere, clean.shared_elsewhere) == ((), 0)


def test_wrong_matches_misplace_sales_at_their_share(bought):
    found = tried(bought, mixed=[0.1], draws=20)["seen"]
    assert found["mixed", 0.1, governance.MISPLACED] == pytest.approx(0.1, abs=0.01)


def test_a_mixed_up_account_is_always_on_somebody_else():
    person = np.arange(6) // 2
    found = people._with_mixed(person, 3, 1.0, np.random.default_rng(1))
    assert (found != person).all()
    assert set(found) <= {0, 1, 2}
    assert (people._with_mixed(np.zeros(3, int), 1, 1.0, np.random.default_rng(1)) == 0).all()


def test_shares_are_shares_and_nothing_gives_nothing(rows):
    with pytest.raises(ComputeError, match=r"missed == 1.5, must be in \[0, 1\]"):
        tried(rows, missed=[1.5])
    assert tried(rows.iloc[:0], missed=[0.5]).empty


# --- Identities -----------------------------------------------------------------------------


def identities(pairs):
    frame = pd.DataFrame(pairs, columns=["source_system", "source_id", "customer_id"])
    orders = pd.DataFrame({"order_id": ["o"], "ordered_at": [pd.Timestamp("2025-01-01")]})
    return mk.open_data({"orders": orders, "identities": frame})


def test_systems_are_counted():
    data = identities(
        [
            ("pos", "1", "a"),
            ("pos", "2", "a"),
            ("pos", "3", "b"),
            ("crm", "1", "a"),
            ("crm", "9", None),
            (None, "5", "a"),
        ]
    )
    found = governance.by_system(data).set_index("system")
    names = ["accounts", "people", "extra", "unmatched", "shared"]
    assert found.loc["pos", names].tolist() == [3, 2, 1, 0, 0]
    assert found.loc["crm", names].tolist() == [2, 1, 0, 1, 0]
    assert [*found.index] == ["pos", "crm"]


def test_where_no_system_tells_there_is_no_share():
    found = governance.wrong_share(identities([("web", "1", "a")]))
    assert found[:3] == (None, None, None)
    assert found.systems == ()
    shared = [("pos", "k1", "a"), ("pos", "k2", "b"), ("pos", "k2", "c"), ("pos", "k3", "c")]
    row = governance.by_system(identities(shared)).iloc[0]
    assert row[["accounts", "people", "extra", "shared"]].tolist() == [3, 3, 1, 1]
    homes = [("pos", f"k{n // 2}", f"c{n}") for n in range(10)]  # a card a household
    found = governance.wrong_share(identities(homes))
    assert (found.share, found.extra, found.accounts) == (0, 0, 10)
    assert governance.lacks_identities(mk.open_data({"orders": pd.DataFrame(
        {"order_id": ["o"], "ordered_at": [pd.Timestamp("2025-01-01")]})})) == (
        "identities.source_system", "identities.source_id", "identities.customer_id")  # fmt: skip


def test_nobody_twice_is_a_share_of_0_with_a_high_end():
    rows = [("pos", str(n), f"p{n}") for n in range(200)]
    found = governance.wrong_share(identities(rows))
    assert found.share == found.low == 0
    assert 0 < found.high < 0.05


def test_it_undoes_what_was_done_to_a_large_shop():
    """10 000 persons, half with a card, 4 % of the cards on somebody at random."""
    rng = np.random.default_rng(5)
    holders = np.flatnonzero(rng.random(10_000) < 0.5)
    seen = np.where(rng.random(len(holders)) < 0.04, rng.integers(0, 10_000, len(holders)), holders)
    rows = [("crm", str(n), f"p{n}") for n in range(10_000)]
    rows += [("pos", str(n), f"p{one}") for n, one in enumerate(seen)]
    found = governance.wrong_share(identities(rows))
    assert found.low < 0.04 < found.high
    assert found.share == pytest.approx(0.04, abs=0.01)
    assert found.people == 10_000


def test_the_demos_truth_is_within(demo):
    found = governance.wrong_share(demo)
    assert found.low < mk.truth()["identities"]["wrong_match_share"] < found.high


def test_accounts_are_of_customers_who_bought():
    orders = pd.DataFrame({"order_id": list("abcd"), "customer_id": ["x", "x", None, "y"]})
    orders["ordered_at"] = pd.Timestamp("2025-03-03")
    orders["channel"], orders["amount"] = ["web", "web", "store", "web"], [10.0, 20.0, 5.0, -8.0]
    data = mk.open_data({"orders": orders})
    found = governance.accounts(data, **YEAR)
    assert found.to_dict("records") == [
        {"customer_id": "x", "channel": "web", "orders": 2, "net_sales": 30.0}
    ]
    assert governance.lacks_accounts(mk.open_data({"orders": orders.drop(columns="channel")})) == (
        "orders.channel",
    )
