"""Cases of lesson 12: what is in stock, what it lacks, what it brings, and when to order."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from marketing_kpi.learn.exercises import Case, Quantity

PRODUCTS = ("candle", "cup", "kettle", "lamp", "rug", "tent")
LEVEL, Z = 0.95, 1.645


def stock_at_close(rng: np.random.Generator) -> Case:
    """Sellable units at the close of a month, from the stock of its days."""
    days = pd.date_range("2025-03-28", periods=4)
    rows = [(day, product) for day in days for product in PRODUCTS[:3]]
    data = pd.DataFrame(rows, columns=["day", "product"])
    data["on_hand"] = rng.integers(10, 30, len(data))
    data["reserved"] = rng.integers(1, 3, len(data))
    data["damaged"] = data.reserved + rng.integers(1, 3, len(data))
    left = data.on_hand - data.reserved - data.damaged
    closes = data.day == days[-1]
    return Case(
        answer=float(left[closes].sum()),
        data=data,
        mistakes={
            "added_over_time": float(left.sum()),
            "on_hand": float(data.on_hand[closes].sum()),
            "damaged_left": float((data.on_hand - data.reserved)[closes].sum()),
            "reserved_left": float((data.on_hand - data.damaged)[closes].sum()),
        },
    )


def out_of_stock(rng: np.random.Generator) -> Case:
    """The share of days of a product in a place that end with nothing to sell."""
    size = 10
    data = pd.DataFrame({"product": np.repeat(PRODUCTS[:4], size)})
    data["day"] = list(pd.date_range("2025-03-01", periods=size)) * 4
    data["damaged"] = 1
    data["on_hand"] = rng.integers(4, 12, 4 * size)
    empty = rng.permutation(3 * size)[: int(rng.integers(5, 8))]  # the fourth never lacks
    data.loc[empty, "on_hand"] = np.where(np.arange(len(empty)) < 3, 1, 0)
    data["sellable"] = (data.on_hand - data.damaged).clip(lower=0)
    out = data.sellable <= 0
    return Case(
        answer=float(out.mean()),
        data=data,
        mistakes={
            "on_hand": float((data.on_hand <= 0).mean()),
            "products": float(data["product"][out].nunique() / 4),
            "in_stock": float((~out).mean()),
        },
    )


def days_of_cover(rng: np.random.Generator) -> Case:
    """The days of inventory of a quarter, at cost."""
    months = ["2025-01", "2025-02", "2025-03"]
    data = pd.DataFrame({"month": months, "days": [31, 28, 31]})
    data["average_stock_at_cost"] = rng.integers(90, 130, 3) * 100
    data["net_sales"] = rng.integers(150, 190, 3) * 100
    data["cost_of_goods_sold"] = (data.net_sales * rng.uniform(0.45, 0.6)).round(-1)
    data["closing_stock_at_cost"] = data.average_stock_at_cost - np.array([0, 500, 3000])
    days = data.days.sum()
    stock = (data.average_stock_at_cost * data.days).sum() / days
    cost = data.cost_of_goods_sold.sum()
    return Case(
        answer=float(stock / cost * days),
        data=data,
        mistakes={
            "at_price": float(stock / data.net_sales.sum() * days),
            "last_close": float(data.closing_stock_at_cost.iloc[-1] / cost * days),
            "stock_added_up": float(data.average_stock_at_cost.sum() / cost * days),
            "as_of_a_year": float(stock / cost * 365),
        },
    )


def above_target(rng: np.random.Generator) -> Case:
    """The products whose cover exceeds their own target."""
    data = pd.DataFrame({"product": rng.permutation(PRODUCTS)})
    data["target_days"] = [30, 30, 45, 45, 60, 60]
    away = np.array([8, -6, 12, -9, 15, -11]) + rng.integers(-2, 3, 6)
    data["daily_cost"] = rng.integers(20, 60, 6)
    data["average_stock"] = data.daily_cost * (data.target_days + away)
    data["unit_price_over_cost"] = 2
    cover = data.average_stock / data.daily_cost
    whole = data.average_stock.sum() / data.daily_cost.sum()
    mean_target = data.target_days.mean()
    return Case(
        answer=frozenset(data["product"][cover > data.target_days]),
        data=data.sample(frac=1, random_state=rng, ignore_index=True),
        mistakes={
            "one_target": frozenset(data["product"][cover > mean_target]),
            "below": frozenset(data["product"][cover < data.target_days]),
            "one_cover": frozenset(data["product"][whole > data.target_days]),
        },
        choices=tuple(sorted(PRODUCTS)),
    )


def point_to_order(rng: np.random.Generator) -> Case:
    """The reorder point of 95 %, in whole units upwards, from days and lead times."""
    days = rng.permutation(np.repeat([0, 2, 4, 6, 8], [6, 9, 10, 9, 6]) + rng.integers(0, 3))
    leads = rng.permutation(np.array([5, 7, 7, 9, 9, 9, 11, 11, 13, 15]) + rng.integers(0, 3))
    data = pd.DataFrame({"units_of_the_day": days})
    data["lead_time"] = pd.Series(leads, dtype="float64")
    d, sd = days.mean(), days.std(ddof=1)
    lead, sd_lead = leads.mean(), leads.std(ddof=1)

    def point(spread: float) -> float:
        return float(math.ceil(d * lead + spread))

    safety = Z * math.sqrt(lead * sd**2 + (d * sd_lead) ** 2)
    return Case(
        answer=point(safety),
        data=data,
        mistakes={
            "safety_alone": float(math.ceil(safety)),
            "no_safety": point(0),
            "lead_time_certain": point(Z * math.sqrt(lead) * sd),
            "not_rooted": point(Z * lead * sd),
        },
        values={"level": Quantity(LEVEL, "fraction"), "z": Quantity(Z, "ratio")},
    )


def worth_its_stock(rng: np.random.Generator) -> Case:
    """The family to give room to: the highest gross profit a year for its stock."""
    families = rng.permutation(["bedding", "camping", "kitchen", "luggage"])
    stock = np.array([20_000, 30_000, 18_000, 26_000]) + rng.integers(0, 10, 4) * 100
    turns = np.array([3.0, 6.0, 5.0, 8.0]) + rng.uniform(0, 0.4, 4)
    markup = np.array([1.6, 0.8, 1.5, 0.55]) + rng.uniform(0, 0.05, 4)
    data = pd.DataFrame({"family": families, "average_stock_at_cost": stock})
    data["cost_of_goods_sold"] = (stock * turns).round(-1)
    data["gross_profit"] = (data.cost_of_goods_sold * markup).round(-1)
    named = data.set_index("family")
    best = named.gross_profit / named.average_stock_at_cost
    return Case(
        answer=str(best.idxmax()),
        data=data.sample(frac=1, random_state=rng, ignore_index=True),
        mistakes={
            "turnover_alone": str(
                (named.cost_of_goods_sold / named.average_stock_at_cost).idxmax()
            ),
            "markup_alone": str((named.gross_profit / named.cost_of_goods_sold).idxmax()),
            "least_stock": str(named.average_stock_at_cost.idxmax()),
        },
        choices=tuple(sorted(named.index)),
    )
