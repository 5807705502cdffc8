"""Cases of lesson 07: conversion, the tree of revenue, the season, steps out of line."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from marketing_kpi.learn.exercises import Case, Quantity

STEPS = ("cart", "checkout", "order")
LEVEL = 0.05
MARGIN = 0.4


def conversion_by_visitor(rng: np.random.Generator) -> Case:
    """Share of visitors with a valid order, from their sessions; some orders were cancelled."""
    visitors = int(rng.integers(9, 12))
    visits = rng.integers(1, 4, visitors)
    visits[:3] = [3, 3, 2]
    buyers, cancelled = [0, 1, 3, 4], [2, 5]
    rows = []
    for number, count in enumerate(visits):
        statuses = ["none"] * int(count)
        if number in buyers:
            statuses[-1] = "delivered"
        if number == 0:
            statuses[0] = "delivered"
        if number in cancelled:
            statuses[-1] = "cancelled"
        rows += [(f"V{number + 11}", status) for status in statuses]
    data = pd.DataFrame(rows, columns=["visitor_id", "order_status"])
    data = data.sample(frac=1, random_state=rng, ignore_index=True)
    data.insert(0, "session_id", [f"S{n + 1}" for n in range(len(data))])
    valid = data.order_status == "delivered"
    placed = valid | (data.order_status == "cancelled")
    return Case(
        answer=len(buyers) / visitors,
        data=data,
        mistakes={
            "by_session": float(valid.mean()),
            "cancelled_left_in": data.visitor_id[placed].nunique() / visitors,
            "orders_for_buyers": float(valid.sum()) / visitors,
        },
    )


def step_that_fell(rng: np.random.Generator) -> Case:
    """The step of a funnel whose rate fell most on last year, wherever most are lost."""
    fallen = str(rng.choice(["checkout", "order"]))
    before = {"cart": 0.12, "checkout": 0.6, "order": 0.5}
    after = {name: rate * (0.72 if name == fallen else 0.99) for name, rate in before.items()}
    entered = np.array([20_000, 30_000]) + rng.integers(0, 900, 2)
    rows = []
    for year, sessions, rates in (("2024", entered[0], before), ("2025", entered[1], after)):
        count, row = int(sessions), {"year": year, "sessions": int(sessions)}
        for name, rate in rates.items():
            count = round(count * rate)
            row[name] = count
        rows.append(row)
    data = pd.DataFrame(rows)
    lower = "checkout" if fallen == "order" else "order"
    return Case(
        answer=fallen,
        data=data,
        mistakes={"most_lost": "cart", "lowest_later": lower},
        choices=STEPS,
    )


def effect_of_conversion(rng: np.random.Generator) -> Case:
    """What the conversion added to sales, by the logarithmic mean."""
    visitors = rng.integers(30, 50) * 100
    conversion, basket = float(rng.integers(20, 30)) / 1000, float(rng.integers(40, 70))
    growth = np.array([1.25, 1.2, 1.1]) + rng.integers(0, 4, 3) / 100
    before = np.array([visitors, conversion, basket])
    after = before * growth
    data = pd.DataFrame([before, after], columns=["visitors", "conversion", "basket"])
    data.insert(0, "period", ["before", "after"])
    first, last = float(before.prod()), float(after.prod())
    weight = (last - first) / math.log(last / first)
    rise = float(after[1] - before[1])
    return Case(
        answer=weight * math.log(after[1] / before[1]),
        data=data,
        mistakes={
            "others_before": rise * float(before[0] * before[2]),
            "others_after": rise * float(after[0] * after[2]),
            "whole_change": last - first,
            "visitors_effect": weight * math.log(after[0] / before[0]),
        },
    )


def price_at_constant_assortment(rng: np.random.Generator) -> Case:
    """The change of prices of the products sold in both years, weighted by their sales."""
    rises = np.array([0.02, 0.10, 0.04]) + rng.integers(0, 3, 3) / 100
    price = np.array([20.0, 60.0, 200.0])
    units = rng.integers(40, 60, 3) * np.array([4, 2, 1])
    later = np.round(units * np.array([0.8, 1.0, 1.5])).astype(int)
    data = pd.DataFrame(
        {
            "product": ["mug", "lamp", "tent", "rug"],
            "units_before": [*units, 0],
            "sales_before": [*(units * price), 0.0],
            "units_after": [*later, int(rng.integers(20, 30))],
        }
    )
    new_price = 320.0
    data["sales_after"] = [*(later * price * (1 + rises)), data.units_after[3] * new_price]
    both = data[data.units_before > 0]
    shares = [both[f"sales_{side}"] / both[f"sales_{side}"].sum() for side in ("before", "after")]
    own = (both.sales_after / both.units_after) / (both.sales_before / both.units_before)
    average = data.sales_after.sum() / data.units_after.sum()
    average /= data.sales_before.sum() / data.units_before.sum()
    kept = both.sales_after.sum() / both.units_after.sum()
    kept /= both.sales_before.sum() / both.units_before.sum()
    return Case(
        answer=math.exp(float(((shares[0] + shares[1]) / 2 * np.log(own)).sum())) - 1,
        data=data,
        mistakes={
            "average_price": float(average) - 1,
            "average_of_kept": float(kept) - 1,
            "sales_growth": float(both.sales_after.sum() / both.sales_before.sum()) - 1,
        },
    )


def growth_against_the_season(rng: np.random.Generator) -> Case:
    """The growth of January on January, in a shop whose December is high."""
    season = np.array([0.65, 0.8, 0.9, 1, 1, 1, 1, 0.9, 1, 1, 1.2, 1.5])
    growth = 1.06 + rng.integers(0, 7) / 100
    base = float(rng.integers(80, 120))
    months = pd.period_range("2024-01", "2025-01", freq="M")
    values = base * np.array([*season, season[0] * growth])
    values[1:12] *= 1 + rng.integers(-3, 4, 11) / 100
    data = pd.DataFrame({"month": months.astype(str), "net_sales": np.round(values, 1)})
    january, last = data.net_sales.iloc[0], data.net_sales.iloc[-1]
    return Case(
        answer=last / january - 1,
        data=data,
        mistakes={
            "on_month": last / data.net_sales.iloc[-2] - 1,
            "inverted": january / last - 1,
            "on_average": last / data.net_sales.iloc[:12].mean() - 1,
        },
    )


def apart_after_holm(rng: np.random.Generator) -> Case:
    """Comparisons that stand apart after Holm's correction, of ten p-values."""
    strong = [0.0004, 0.0048, 0.0058]  # Bonferroni at ten keeps the first two
    near = [0.012, 0.031, 0.046]
    chance = [0.11, 0.28, 0.47, 0.83]
    p = np.array([*strong, *near, *chance]) * (1 + rng.integers(-3, 4, 10) / 100)
    names = [f"{where} · {step}" for where in ("mobile", "desktop", "tablet") for step in STEPS]
    data = pd.DataFrame({"where": rng.permutation([*names, "app · order"]), "p": p.round(5)})
    ranked = data.sort_values("p", ignore_index=True)
    limits = LEVEL / np.arange(len(ranked), 0, -1)
    passed = (ranked.p < limits).cummin()
    shuffled = data.sample(frac=1, random_state=rng, ignore_index=True)
    return Case(
        answer=frozenset(ranked["where"][passed]),
        data=shuffled,
        mistakes={
            "uncorrected": frozenset(data["where"][data.p < LEVEL]),
            "bonferroni": frozenset(data["where"][data.p < LEVEL / len(data)]),
            "smallest_alone": frozenset(ranked["where"][:1]),
        },
        values={"level": Quantity(LEVEL, "fraction")},
        choices=tuple(sorted(data["where"])),
    )


def repair_of_a_step(rng: np.random.Generator) -> Case:
    """What mending the payment on mobile would earn in a year, less what it costs."""
    checkouts = {
        "mobile": int(rng.integers(60, 80)) * 100,
        "desktop": int(rng.integers(30, 40)) * 100,
    }
    rates = {"mobile": 0.36 + rng.integers(0, 3) / 100, "desktop": 0.45 + rng.integers(0, 3) / 100}
    carts = {name: count * 2 for name, count in checkouts.items()}
    basket = {"mobile": 70.0, "desktop": 90.0}
    rows = [
        (name, carts[name], checkouts[name], round(checkouts[name] * rates[name]), basket[name])
        for name in checkouts
    ]
    data = pd.DataFrame(rows, columns=["device", "carts", "checkouts", "orders", "basket"])
    of = data.set_index("device")
    rate = of.orders / of.checkouts
    gap = float(rate["desktop"] - rate["mobile"])
    cost = int(rng.integers(6, 9)) * 1000
    orders = gap * float(of.checkouts["mobile"])
    earned = orders * float(of.basket["mobile"]) * MARGIN
    return Case(
        answer=earned - cost,
        data=data,
        mistakes={
            "sales_for_margin": orders * float(of.basket["mobile"]) - cost,
            "cost_forgotten": earned,
            "wrong_base": gap * float(of.carts["mobile"] * of.basket["mobile"]) * MARGIN - cost,
            "other_basket": orders * float(of.basket["desktop"]) * MARGIN - cost,
        },
        values={"margin": Quantity(MARGIN, "fraction"), "cost": Quantity(cost, "currency")},
    )
