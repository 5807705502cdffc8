"""Small shops to compute on: one worked by hand, and random ones where much goes wrong."""

from contextlib import ExitStack

import numpy as np
import pandas as pd
import pytest

import marketing_kpi as mk


@pytest.fixture(scope="session")
def by_hand():
    """A shop small enough to check every figure with a pencil."""
    orders = pd.DataFrame(
        [
            ("o1", "ann", "2024-01-08 09:00", "web", "s1", "delivered", False),
            ("o2", "bob", "2024-06-30 23:59", "store", "s2", "placed", False),
            ("o3", "ann", "2024-07-01 00:00", "store", "s2", None, None),
            ("o4", None, "2024-12-31 23:59", "store", "s1", "delivered", False),
            ("o5", "cat", "2025-01-01 00:00", "web", None, "delivered", False),
            ("o6", "ann", "2025-02-15 12:00", "web", None, "delivered", False),
            ("o7", "cat", "2025-02-16 12:00", "web", None, "cancelled", False),
            ("o8", "bob", "2025-02-17 12:00", "web", None, "fraud", False),
            ("o9", "bob", "2025-02-18 12:00", "web", None, "delivered", True),
            # no sales, but the data reach these days
            ("o12", "cat", "2025-01-28 12:00", "web", None, "cancelled", False),
            ("o11", "cat", "2025-02-24 12:00", "web", None, "cancelled", False),
            ("o10", "cat", "2025-06-26 12:00", "web", None, "cancelled", False),
        ],
        columns=[
            "order_id",
            "customer_id",
            "ordered_at",
            "channel",
            "store_id",
            "status",
            "is_test",
        ],
    ).astype({"ordered_at": "datetime64[us]"})
    lines = pd.DataFrame(
        [
            ("o1", "1", "mug", 2, 10.0, 10.0, 4.0, None),
            ("o1", "2", "tea", 1, 20.0, 15.0, 9.0, "sale"),
            ("o2", "1", "mug", 1, 10.0, 8.0, 4.0, "sale"),
            ("o3", "1", "tea", 4, 20.0, 20.0, None, None),
            ("o4", "1", "pot", 1, None, 37.0, None, None),
            ("o5", "1", "mug", 3, 10.0, 10.0, 4.0, None),
            ("o6", "1", "tea", 2, 20.0, 15.0, 9.0, "sale"),
            ("o7", "1", "tea", 100, 20.0, 20.0, 9.0, None),
            ("o8", "1", "tea", 100, 20.0, 20.0, 9.0, None),
            ("o9", "1", "tea", 100, 20.0, 20.0, 9.0, None),
        ],
        columns=[
            "order_id",
            "line_id",
            "product_id",
            "quantity",
            "list_price",
            "unit_price",
            "unit_cost",
            "promotion_id",
        ],
    )
    returns = pd.DataFrame(
        [
            ("r1", "o1", "1", "2024-01-20", "store", 1.0, 9.0, "return"),  # a mug paid 10
            ("r2", "o3", "1", "2025-01-05", None, 2.0, 30.0, "return"),  # two teas paid 20
            ("r3", None, None, "2025-02-01", "web", 1.0, 7.0, "return"),  # line unknown: 7
            ("r4", "o6", "1", "2025-02-20", "web", 1.0, 5.0, "allowance"),
            ("r5", "o7", "1", "2025-02-20", "web", 50.0, 1000.0, "return"),  # order cancelled
        ],
        columns=[
            "return_id",
            "order_id",
            "line_id",
            "returned_at",
            "channel",
            "quantity",
            "refund_amount",
            "kind",
        ],
    ).astype({"returned_at": "datetime64[us]"})
    contacts = pd.DataFrame(
        {"customer_id": ["ann", "bob"], "region": ["QC", "IDF"], "vip": ["y", "n"]}
    )
    products = pd.DataFrame(
        {
            "product_id": ["mug", "tea", "pot"],
            "category": ["ware", "food", "ware"],
            "brand": ["A", "B", "A"],
            "list_price": [10.0, 20.0, 40.0],
            "unit_cost": [np.nan, 10.0, np.nan],
        }
    )
    stores = pd.DataFrame(
        {"store_id": ["s1", "s2"], "region": ["QC", "ARA"], "store_type": ["a", "b"]}
    )
    with mk.open_data(
        {
            "orders": orders,
            "order_lines": lines,
            "returns": returns,
            "contacts": contacts,
            "products": products,
            "stores": stores,
        }
    ) as data:
        yield data


def random_shop(seed, *, customers=12, orders=60, days=800):
    """Return the frames of a random shop: nulls, cancellations, frauds, tests, unknown costs."""
    rng = np.random.default_rng(seed)
    pick = lambda values, size, nulls=0.15: np.where(  # noqa: E731
        rng.random(size) < nulls, None, rng.choice(values, size)
    )
    ids = [f"o{n}" for n in range(orders)]
    moments = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, days * 24, orders), "h")
    order = pd.DataFrame(
        {
            "order_id": ids,
            "customer_id": pick([f"c{n}" for n in range(customers)], orders),
            "ordered_at": moments.astype("datetime64[us]"),
            "channel": pick(["web", "store", "app"], orders, 0.05),
            "status": pick(["placed", "delivered", "cancelled", "fraud"], orders, 0.3),
            "is_test": pick([False, False, False, True], orders, 0.2),
            "source": pick(["a", "b"], orders, 0.3),
        }
    )
    size = orders * 2
    line = pd.DataFrame(
        {
            "order_id": rng.choice(ids, size),
            "line_id": [str(n) for n in range(size)],
            "product_id": rng.choice(["p1", "p2", "p3"], size),
            "quantity": rng.integers(1, 5, size).astype(float),
            "list_price": rng.integers(1, 5000, size) / 100,
            "unit_price": rng.integers(0, 4000, size) / 100,
            "unit_cost": np.where(
                rng.random(size) < 0.2, np.nan, rng.integers(1, 2000, size) / 100
            ),
        }
    )
    back = line.sample(size // 5, random_state=seed)
    returned = pd.DataFrame(
        {
            "return_id": [f"r{n}" for n in range(len(back))],
            "order_id": back["order_id"].to_numpy(),
            "line_id": back["line_id"].to_numpy(),
            "returned_at": (
                pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, days, len(back)), "D")
            ).astype("datetime64[us]"),
            "quantity": 1.0,
            "refund_amount": 1.0,
        }
    )
    return {"orders": order, "order_lines": line, "returns": returned}


@pytest.fixture(scope="session")
def shop():
    """Return the maker of random shops."""
    return random_shop


@pytest.fixture(scope="module", params=["pandas", "engine"])
def opened(request, tmp_path_factory):
    """Return what opens frames, first as they are, then from Parquet files."""
    with ExitStack() as stack:

        def open_frames(frames):
            if request.param == "pandas":
                return stack.enter_context(mk.open_data(frames))
            folder = tmp_path_factory.mktemp("shop")
            for name, frame in frames.items():
                frame.to_parquet(folder / f"{name}.parquet")
            return stack.enter_context(mk.open_data(folder))

        yield open_frames


@pytest.fixture(scope="session")
def table():
    """Return `mk.compute` whose result is pandas, whatever the data came as."""

    def computed(kpis, data, **question):
        found = mk.compute(kpis, data, **question)
        return found if isinstance(found, pd.DataFrame) else found.to_pandas()

    return computed
