"""How often the 95 % intervals of return rates and of Kaplan-Meier curves cover the truth.

Run it with ``python benchmarks/retention_coverage.py``; it takes a few minutes. Return rates: every
sample is a product of one shop, so that one call gives all its intervals. A buyer takes 1 + Poisson
(1.5) units, sent back with a probability that is their own (beta, of the correlation shown between
the units of one buyer). Survival: waits of BG/NBD customers, followed for 1 to 730 days.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from marketing_kpi import retention
from marketing_kpi.data.sources import open_data

SAMPLES = {30: 1500, 60: 1500, 200: 1000, 1000: 400}
CURVES = {30: 600, 100: 600, 400: 600}
HORIZONS = (30, 90, 365)
R, ALPHA = 0.8, 60.0


def shop(rng: np.random.Generator, *, buyers: int, samples: int, rate: float, within: float):
    """Return a shop in which each product is a sample of buyers."""
    size = buyers * samples
    units = 1 + rng.poisson(1.5, size)
    odds = (1 - within) / within if within else None
    own = rate if odds is None else rng.beta(rate * odds, (1 - rate) * odds, size)
    back = rng.binomial(units, own)
    ids, day = pd.Series(np.arange(size).astype(str)), pd.Timestamp("2025-01-01")
    lines = pd.DataFrame({"order_id": ids, "line_id": "1", "quantity": units, "unit_price": 1.0})
    lines["product_id"] = np.repeat(np.arange(samples).astype(str), buyers)
    returned = lines[["order_id", "line_id", "product_id"]].assign(
        return_id=ids, quantity=back, returned_at=day
    )
    orders = pd.DataFrame({"order_id": ids, "customer_id": ids, "ordered_at": day})
    tables = {"orders": orders, "order_lines": lines, "returns": returned[back > 0]}
    return open_data(tables)


def returns(rng: np.random.Generator) -> None:
    """Print the coverage of the return rate for each size, rate and correlation."""
    print("buyers  rate  correlation  covered")
    for buyers, samples in SAMPLES.items():
        for rate in (0.02, 0.08, 0.2):
            for within in (0.0, 0.3):
                made = shop(rng, buyers=buyers, samples=samples, rate=rate, within=within)
                with made as data:
                    rows = retention.returns_by(
                        data, by="product_id", start="2025-01-01", end="2025-01-02"
                    )
                covered = ((rows.low <= rate) & (rate <= rows.high)).mean()
                print(f"{buyers:6}  {rate:4.2f}  {within:11.1f}  {covered:7.3f}", flush=True)


def survival(rng: np.random.Generator) -> None:
    """Print the coverage of the band at some days, and of the interval of the median."""
    print("customers  " + "  ".join(f"day {day:3}" for day in HORIZONS) + "  median")
    half = np.ceil(ALPHA * (0.5 ** (-1 / R) - 1))
    for customers, samples in CURVES.items():
        inside: dict[object, list[bool]] = {day: [] for day in (*HORIZONS, "median")}
        for _ in range(samples):
            waited = np.ceil(ALPHA * (rng.random(customers) ** (-1 / R) - 1))
            followed = rng.integers(1, 731, customers)
            waits = pd.DataFrame(
                {
                    "days": np.minimum(waited, followed),
                    "bought": waited <= followed,
                    "customers": 1,
                }
            )
            found = retention.kaplan_meier(waits)
            for day in HORIZONS:
                _, low, high = found.at(day)
                if low is not None and high is not None:
                    inside[day].append(low <= (ALPHA / (ALPHA + day)) ** R <= high)
            if found.median_low is not None:
                upper = np.inf if found.median_high is None else found.median_high
                inside["median"].append(found.median_low <= half <= upper)
        shares = "  ".join(f"{np.mean(inside[day]):7.3f}" for day in inside)
        print(f"{customers:9}  {shares}", flush=True)


if __name__ == "__main__":
    returns(np.random.default_rng(2026))
    survival(np.random.default_rng(2026))
