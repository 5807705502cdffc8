"""Cases of lesson 00: reading a scorecard, and what it asks for."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from marketing_kpi.kpis.intervals import wilson
from marketing_kpi.learn.exercises import Case, Quantity

_HIGHER = ("repeat_purchase_rate", "retention_rate", "gross_margin_rate", "purchase_frequency")
_LOWER = ("return_rate_value", "customer_acquisition_cost")
_NEITHER = ("discount_rate", "top_customers_share")
_CHANNELS = ("web", "store", "app", "marketplace")


def change_of_a_rate(rng: np.random.Generator) -> Case:
    """How much a rate rises, in percent of where it was."""
    before = int(rng.integers(5, 21))
    after = before + max(1, round(before * rng.uniform(0.2, 0.6)))
    return Case(
        answer=after / before - 1,
        mistakes={
            "in_points": (after - before) / 100,
            "from_the_end": 1 - before / after,
        },
        values={
            "before": Quantity(before / 100, "fraction"),
            "after": Quantity(after / 100, "fraction"),
        },
    )


def same_month_last_year(rng: np.random.Generator) -> Case:
    """Change of the last month from the same month of the year before."""
    months = pd.date_range("2024-01-01", "2025-12-01", freq="MS")
    season = rng.uniform(0.8, 1.1, size=12)
    season[-1] = season[-2] * rng.uniform(1.3, 1.6)
    # The month goes one way and the rest of the year the other, so that no total stands for it.
    growth = np.append(np.full(11, rng.uniform(0.08, 0.16)), -rng.uniform(0.08, 0.16))
    growth *= rng.choice([-1, 1])
    sales = pd.Series(np.append(season, season * (1 + growth)) * 10_000).round(-1)
    data = pd.DataFrame({"month": months, "net_sales": sales})
    last, year_ago = sales.iloc[-1], sales.iloc[-13]
    return Case(
        answer=last / year_ago - 1,
        data=data,
        mistakes={
            "neighbouring_month": last / sales.iloc[-2] - 1,
            "from_the_end": 1 - year_ago / last,
            "whole_year": sales.iloc[12:].sum() / sales.iloc[:12].sum() - 1,
        },
    )


def low_end_of_a_share(rng: np.random.Generator) -> Case:
    """Low end of the interval of the share of buyers who ordered again."""
    once, several = int(rng.integers(20, 27)), int(rng.integers(12, 17))
    orders = [1] * once + list(rng.integers(4, 7, size=several))
    customers = [f"C{n}" for n in range(101, 101 + len(orders))]
    owners = rng.permutation(np.repeat(customers, orders))
    data = pd.DataFrame({"order_id": [f"O{n}" for n in range(1, len(owners) + 1)]})
    data["customer_id"] = owners
    share = several / len(orders)
    low, high = wilson(share, len(orders))
    of_orders = 1 - once / len(data)
    return Case(
        answer=low or 0.0,
        data=data,
        mistakes={
            "orders_for_customers": wilson(of_orders, len(data)).low or 0.0,
            "orders_as_sample": wilson(share, len(data)).low or 0.0,
            "high_end": high or 1.0,
            "no_interval": share,
        },
    )


def clearly_worse(rng: np.random.Generator) -> Case:
    """KPIs of a scorecard that moved the wrong way, beyond chance."""
    fallen, undecided, better, steady = map(str, rng.permutation(_HIGHER))
    risen, fallen_cost = map(str, rng.permutation(_LOWER))
    moves = {  # which way each moves, and whether its interval stays clear of 0
        fallen: (-1, True),
        risen: (1, True),
        undecided: (-1, False),
        steady: (1, False),
        better: (1, True),
        fallen_cost: (-1, True),
        _NEITHER[0]: (-1, True),
        _NEITHER[1]: (1, True),
    }
    data = pd.DataFrame([_row(kpi, *move, rng) for kpi, move in moves.items()])
    clear = data[(data.low > 0) | (data.high < 0)]
    wrong_way = {"higher_is_better": data.change < 0, "lower_is_better": data.change > 0}
    bad = pd.concat([data.kpi[(data.direction == way) & moved] for way, moved in wrong_way.items()])
    return Case(
        answer=frozenset((fallen, risen)),
        data=data.sample(frac=1, random_state=rng, ignore_index=True),
        mistakes={
            "zero_inside": frozenset(bad),
            "every_fall": frozenset(clear.kpi[clear.change < 0]),
            "every_clear_change": frozenset(clear.kpi),
            "clearly_better": frozenset((better, fallen_cost)),
        },
    )


def _row(kpi: str, sign: int, clear: bool, rng: np.random.Generator) -> dict[str, str | float]:
    directions = dict.fromkeys(_HIGHER, "higher_is_better") | dict.fromkeys(
        _LOWER, "lower_is_better"
    )
    change = sign * rng.uniform(0.02, 0.06)
    half = abs(change) * (rng.uniform(0.3, 0.8) if clear else rng.uniform(1.2, 2.0))
    return {
        "kpi": kpi,
        "direction": directions.get(kpi, "contextual"),
        "change": round(change, 4),
        "low": round(change - half, 4),
        "high": round(change + half, 4),
    }


def channel_to_look_at(rng: np.random.Generator) -> Case:
    """Sales channel that explains most of a fall in net sales."""
    losing, small, annulled, growing = map(str, rng.permutation(_CHANNELS))
    orders = [
        *_orders(losing, 4_000, 3_300, rng),
        *_orders(small, 600, 350, rng),
        *_orders(annulled, 3_000, 3_100, rng),
        *_orders(growing, 1_500, 1_650, rng),
        *_orders(annulled, 1_200, 0, rng, status="cancelled"),
    ]
    data = pd.DataFrame(orders).sort_values("ordered_at", kind="stable", ignore_index=True)
    data.insert(0, "order_id", [f"O{n}" for n in range(1, len(data) + 1)])
    return Case(
        answer=losing,
        data=data,
        mistakes={
            "largest_percent": small,
            "cancelled_left_in": annulled,
            "largest_rise": growing,
        },
        choices=_CHANNELS,
    )


def _orders(
    channel: str, before: int, after: int, rng: np.random.Generator, *, status: str = "delivered"
) -> Iterator[dict[str, object]]:
    """Yield orders of a channel in two years, worth about what is given in each."""
    for year, total in {2024: before, 2025: after}.items():
        for amount in _parts(total, rng):
            day = pd.Timestamp(f"{year}-01-01") + pd.Timedelta(days=int(rng.integers(365)))
            yield {"ordered_at": day, "channel": channel, "status": status, "amount": int(amount)}


def _parts(total: int, rng: np.random.Generator) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Cut a total into orders of about 200, and move it a little."""
    parts = rng.uniform(0.5, 1.5, size=round(total / 200))
    return np.round(parts / parts.sum() * total * rng.uniform(0.99, 1.01)) if total else parts
