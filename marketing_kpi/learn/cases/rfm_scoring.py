"""Cases of lesson 02: recency, frequency, monetary value, and what they decide."""

from __future__ import annotations

import numpy as np
import pandas as pd

from marketing_kpi.learn.exercises import Case, Quantity

AS_OF = pd.Timestamp("2026-01-01")
CLASSES = 5


def recency_of_one_customer(rng: np.random.Generator) -> Case:
    """Days from a customer's last order to the day of the analysis."""
    asked, others = "B", ["A", "C", "D"]
    last, first = int(rng.integers(20, 61)), int(rng.integers(200, 331))
    last_of_shop = int(rng.integers(2, 8))
    days_ago = {asked: [last, first, *rng.integers(last + 5, first, size=2)]}
    days_ago |= {other: list(rng.integers(65, 350, size=3)) for other in others}
    days_ago[str(rng.choice(others))].append(last_of_shop)
    orders = pd.Series(days_ago).explode().astype(int).sample(frac=1, random_state=rng)
    data = pd.DataFrame({"customer_id": orders.index, "amount": rng.integers(20, 120, len(orders))})
    data.insert(1, "ordered_at", (AS_OF - pd.to_timedelta(orders, unit="D")).to_numpy())
    return Case(
        answer=last,
        data=data,
        mistakes={
            "first_order": first,
            "between_orders": first - last,
            "any_customer": last_of_shop,
        },
        values={"customer": Quantity(asked, "label"), "as_of": Quantity("2026-01-01", "date")},
    )


def share_of_one_order(rng: np.random.Generator) -> Case:
    """Share of the customers who ordered once, among those who ordered."""
    once = int(rng.integers(5, 8))
    several = once + int(rng.integers(2, 4))
    orders = np.concatenate([np.ones(once, dtype=int), rng.integers(2, 5, size=several)])
    customers = [f"C{n}" for n in range(101, 101 + len(orders))]
    data = pd.DataFrame({"customer_id": rng.permutation(np.repeat(customers, orders))})
    data.insert(0, "order_id", [f"O{n}" for n in range(1, len(data) + 1)])
    return Case(
        answer=once / len(customers),
        data=data,
        mistakes={"wrong_denominator": once / len(data), "other_group": several / len(customers)},
    )


def monetary_by_customer(rng: np.random.Generator) -> Case:
    """What each customer spent, on valid orders."""
    owners = ["A", "B", "C", "D"] * 4
    data = pd.DataFrame({"order_id": [f"O{n}" for n in range(1, len(owners) + 1)]})
    data["customer_id"] = rng.permutation(owners)
    data["amount"] = rng.integers(20, 200, len(data)) + 0.5
    data["status"] = "delivered"
    cancelled = data.groupby("customer_id").sample(1, random_state=rng).index
    data.loc[cancelled[1:], "status"] = "cancelled"
    valid = data[data.status != "cancelled"].groupby("customer_id").amount
    return Case(
        answer=valid.sum(),
        data=data,
        mistakes={
            "cancelled_left_in": data.groupby("customer_id").amount.sum(),
            "mean_for_sum": valid.mean(),
            "count_for_sum": valid.count().astype(float),
        },
    )


def recency_scores(rng: np.random.Generator) -> Case:
    """Recency class of ten customers, two of whom tie where one class meets the next."""
    days = np.cumsum(rng.integers(3, 30, size=10))
    last_of_a_class = 2 * int(rng.integers(1, CLASSES)) - 1
    days[last_of_a_class + 1] = days[last_of_a_class]
    data = pd.DataFrame({"customer_id": list("ABCDEFGHIJ"), "recency_days": rng.permutation(days)})
    recency = data.set_index("customer_id").recency_days
    return Case(
        answer=_classes((-recency).rank()),
        data=data,
        mistakes={
            "not_reversed": _classes(recency.rank()),
            "ties_by_row": _classes((-recency).rank(method="first")),
        },
        values={"classes": Quantity(CLASSES)},
    )


def customers_at_risk(rng: np.random.Generator) -> Case:
    """Customers of the box "at risk": once frequent, no longer recent."""
    low, high = [1, 2], [4, 5]
    cells = [
        *_cells(rng, low, high, times=2), *_cells(rng, low, [3], times=1),  # at risk
        *_cells(rng, high, high, times=2), *_cells(rng, [3], high, times=2),  # best
        *_cells(rng, high, low, times=3), *_cells(rng, low, low, times=2),  # new, lost
    ]  # fmt: skip
    data = pd.DataFrame(rng.permutation(cells), columns=["r", "f"])
    data["m"] = rng.integers(1, CLASSES + 1, len(data))
    data.insert(0, "customer_id", list("ABCDEFGHIJKL"))
    recent, frequent = data.r >= 3, data.f >= 3

    def chosen(rows: pd.Series[bool]) -> frozenset[str]:
        return frozenset(data.customer_id[rows])

    return Case(
        answer=chosen(~recent & frequent),
        data=data,
        mistakes={
            "not_reversed": chosen(recent & frequent),
            "axes_exchanged": chosen(recent & ~frequent),
            "middle_as_low": chosen((data.r <= 3) & (data.f > 3)),
            "lost": chosen(~recent & ~frequent),
            "frequency_alone": chosen(frequent),
        },
    )


def segment_to_call(rng: np.random.Generator) -> Case:
    """Segment where a call earns most: above what those who were not called brought."""
    loyal = str(rng.choice(["champions", "loyal"]))
    earning, large, few = rng.permutation(["at_risk", "need_attention", "potential_loyalist"])
    basket = int(rng.integers(60, 90))
    # Customers in each arm, those called who bought, those not called who bought, the basket.
    plan = {
        loyal: (60, 45, 39, basket + 30),
        str(earning): (60, 27, 9, basket + 20),
        str(large): (240, 96, 84, basket),
        str(few): (60, 9, 6, 2 * basket + 60),
    }
    arms = [
        _arm(rng, segment, called, customers, buyers, size)
        for segment, (customers, with_call, without, size) in plan.items()
        for called, buyers in ((True, with_call), (False, without))
    ]
    data = pd.concat(arms).sample(frac=1, random_state=rng, ignore_index=True)
    data.insert(0, "customer_id", [f"C{n}" for n in range(1001, 1001 + len(data))])
    by_arm = data.groupby(["segment", "called"]).amount.mean().unstack()
    bought = data[data.amount > 0].groupby("segment").amount
    return Case(
        answer=str((by_arm[True] - by_arm[False]).idxmax()),
        data=data,
        mistakes={
            "bought_anyway": str(by_arm[True].idxmax()),
            "total_for_each": str(data[data.called].groupby("segment").amount.sum().idxmax()),
            "buyers_alone": str(bought.mean().idxmax()),
        },
        values={
            "calls": Quantity(50),
            "call_cost": Quantity(4, "currency"),
            "margin": Quantity(0.4, "fraction"),
        },
        choices=tuple(sorted(plan)),
    )


def _classes(rank: pd.Series[float]) -> pd.Series[int]:
    return ((2 * rank - 1) * CLASSES // (2 * len(rank)) + 1).astype(int)


def _cells(
    rng: np.random.Generator, r: list[int], f: list[int], *, times: int
) -> list[tuple[int, int]]:
    return [(int(rng.choice(r)), int(rng.choice(f))) for _ in range(times)]


def _arm(
    rng: np.random.Generator, segment: str, called: bool, customers: int, buyers: int, basket: int
) -> pd.DataFrame:
    """Return the customers of one segment who were called, or who were not."""
    amount = np.zeros(customers)
    amount[:buyers] = basket + rng.integers(-10, 11, size=buyers)
    return pd.DataFrame({"segment": segment, "called": called, "amount": amount})
