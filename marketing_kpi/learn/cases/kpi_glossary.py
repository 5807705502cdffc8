"""Cases of lesson 01: return on investment, margin and markup, averages of averages."""

from __future__ import annotations

import numpy as np
import pandas as pd

from marketing_kpi.learn.exercises import Case, Quantity
from marketing_kpi.margins import roi


def roi_of_a_campaign(rng: np.random.Generator) -> Case:
    """ROI of a campaign whose buyers would not have come without it."""
    buyers, price = int(rng.integers(20, 41)) * 10, int(rng.integers(60, 101))
    unit_cost = round(price * rng.uniform(0.45, 0.6))
    gain = buyers * (price - unit_cost)
    cost = 100 * round(gain / rng.uniform(130, 220))
    return Case(
        answer=(gain - cost) / cost,
        mistakes={
            "revenue_for_margin": (buyers * price - cost) / cost,
            "cost_not_deducted": gain / cost,
            "divided_by_gain": (gain - cost) / gain,
        },
        values={
            "buyers": Quantity(buyers),
            "price": Quantity(price, "currency"),
            "unit_cost": Quantity(unit_cost, "currency"),
            "cost": Quantity(cost, "currency"),
        },
    )


def average_of_orders(rng: np.random.Generator) -> Case:
    """Average order value over three months of unequal size, cancelled orders left out."""
    months = {
        "2025-01": rng.integers(100, 160, size=rng.integers(2, 4)),
        "2025-02": rng.integers(20, 60, size=rng.integers(7, 10)),
        "2025-03": rng.integers(60, 90, size=rng.integers(4, 6)),
    }
    valid = pd.DataFrame(
        [(month, "delivered", int(amount)) for month, all in months.items() for amount in all],
        columns=["month", "status", "amount"],
    )
    cancelled = pd.DataFrame(
        {"month": list(months)[1:], "status": "cancelled", "amount": rng.integers(300, 600, size=2)}
    )
    orders = pd.concat([valid, cancelled]).sample(frac=1, random_state=rng)
    data = orders.sort_values("month", kind="stable", ignore_index=True)
    data.insert(0, "order_id", [f"O{n}" for n in range(1, len(data) + 1)])
    return Case(
        answer=valid.amount.mean(),
        data=data,
        mistakes={
            "cancelled_left_in": data.amount.mean(),
            "mean_of_months": valid.groupby("month").amount.mean().mean(),
            "cancelled_counted": valid.amount.sum() / len(data),
        },
    )


def margin_of_an_assortment(rng: np.random.Generator) -> Case:
    """Gross margin rate of several products together."""
    small, large = int(rng.integers(4, 6)), int(rng.integers(4, 6))
    prices = np.append(rng.integers(15, 31, size=small), rng.integers(120, 201, size=large))
    shares = np.append(rng.uniform(0.25, 0.35, size=small), rng.uniform(0.74, 0.8, size=large))
    data = pd.DataFrame({"product_id": [f"P{n}" for n in range(1, len(prices) + 1)]})
    data["quantity"] = np.append(rng.integers(1, 3, size=small), rng.integers(5, 9, size=large))
    data["unit_price"] = prices
    data["unit_cost"] = np.round(prices * shares).astype(int)
    profit, sales = data.unit_price - data.unit_cost, data.quantity * data.unit_price
    total = (data.quantity * profit).sum()
    return Case(
        answer=total / sales.sum(),
        data=data,
        mistakes={
            "markup_for_margin": total / (data.quantity * data.unit_cost).sum(),
            "mean_of_rates": (profit / data.unit_price).mean(),
            "quantity_ignored": profit.sum() / data.unit_price.sum(),
        },
    )


def roi_of_what_is_due(rng: np.random.Generator) -> Case:
    """ROI of a discount, when some would have bought anyway, at full price."""
    buyers, anyway = int(rng.integers(50, 71)) * 10, int(rng.integers(20, 27)) * 10
    full_price, unit_cost = int(rng.integers(75, 91)), int(rng.integers(25, 34))
    price = round(full_price * rng.uniform(0.68, 0.76))
    # Dearer than the reduction that those who would have bought anyway were given.
    cost = round(anyway * (full_price - price) + int(rng.integers(1_000, 2_500)), -2)
    gain = buyers * (price - unit_cost)
    return Case(
        answer=(gain - anyway * (full_price - unit_cost) - cost) / cost,
        mistakes={
            "anyway_counted": (gain - cost) / cost,
            "anyway_at_the_discount": (gain - anyway * (price - unit_cost) - cost) / cost,
            "cost_not_deducted": (gain - anyway * (full_price - unit_cost)) / cost,
        },
        values={
            "buyers": Quantity(buyers),
            "anyway": Quantity(anyway),
            "price": Quantity(price, "currency"),
            "full_price": Quantity(full_price, "currency"),
            "unit_cost": Quantity(unit_cost, "currency"),
            "cost": Quantity(cost, "currency"),
        },
    )


def offer_that_leaves_most(rng: np.random.Generator) -> Case:
    """Supplier who leaves the shop most on an item sold at one price."""
    best, boasting, cost_based, least = map(str, rng.permutation(["S1", "S2", "S3", "S4"]))
    offers = {
        best: (rng.integers(40, 45), "price"),
        boasting: (rng.integers(55, 64), "cost"),
        cost_based: (rng.integers(48, 53), "cost"),
        least: (rng.integers(26, 31), "price"),
    }
    rows = [(name, rate / 100, base) for name, (rate, base) in sorted(offers.items())]
    return Case(
        answer=best,
        data=pd.DataFrame(rows, columns=["supplier", "rate", "base"]),
        mistakes={
            "base_ignored": boasting,
            "cost_base_preferred": cost_based,
            "least_margin": least,
        },
        values={"price": Quantity(int(rng.integers(60, 121)), "currency")},
        choices=("S1", "S2", "S3", "S4"),
    )


def campaign_to_run_again(rng: np.random.Generator) -> Case:
    """Campaign with the highest ROI on the margin that is due to it."""
    names = ["A", "B", "C", "D"]
    due, discount, preaching, dear = map(str, rng.permutation(names))
    rows = {
        due: _campaign(rng, buyers=(380, 421), anyway=(60, 91), price=80, full=80, cost=36),
        discount: _campaign(rng, buyers=(620, 681), anyway=(60, 91), price=52, full=80, cost=36),
        # Sent to those who were about to buy: most would have come without it.
        preaching: _campaign(rng, buyers=(500, 541), anyway=(380, 421), price=80, full=80, cost=36),
        dear: _campaign(rng, buyers=(300, 341), anyway=(30, 61), price=200, full=200, cost=176),
    }
    data = pd.DataFrame([{"campaign": name, **rows[name]} for name in names])
    data["spend"] = 100 * int(rng.integers(40, 61))
    gain = data.buyers * (data.price - data.unit_cost)
    anyway = data.anyway * (data.full_price - data.unit_cost)
    true = pd.Series(map(_roi, gain - anyway, data.spend), index=data.campaign)
    return Case(
        answer=str(true.idxmax()),
        data=data,
        mistakes={
            "highest_purchase_rate": discount,
            "anyway_counted": preaching,
            "revenue_for_margin": dear,
        },
        choices=tuple(names),
    )


def _roi(gain: float, cost: float) -> float:
    value = roi(gain=gain, cost=cost)
    return float("nan") if value is None else float(value)


def _campaign(
    rng: np.random.Generator,
    *,
    buyers: tuple[int, int],
    anyway: tuple[int, int],
    price: int,
    full: int,
    cost: int,
) -> dict[str, int]:
    return {
        "contacts": 10_000,
        "buyers": int(rng.integers(*buyers)),
        "anyway": int(rng.integers(*anyway)),
        "price": price,
        "full_price": full,
        "unit_cost": cost,
    }
