"""How long the demo retailer takes at a larger scale, and what estimates on it tend to.

python benchmarks/demo_scale.py                        # the figures asked of the simulation
python benchmarks/demo_scale.py --scale 10             # every table at one scale
python benchmarks/demo_scale.py --limits 100           # values for simulation/limits.py
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy import optimize
from scipy.special import betaln, gammaln

from marketing_kpi.data.demo import simulate
from marketing_kpi.data.simulation import assortment, calendar
from marketing_kpi.data.simulation import parameters as p
from marketing_kpi.data.simulation.orders import CAMPAIGN, OWN
from marketing_kpi.data.simulation.shop import Chunk, stream

LIMITS_SEED = 7  # not the seed of data/demo
CUSTOMER_TABLES = ["contacts", "orders", "order_lines"]


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float)
    parser.add_argument("--tables", help="comma-separated; every table by default")
    parser.add_argument("--limits", type=int, metavar="CHUNKS")
    options = parser.parse_args()
    if options.limits:
        print(json.dumps(limits(options.limits), indent=1))
    elif options.scale:
        print(timed(options.scale, options.tables.split(",") if options.tables else None))
    else:
        print(timed(10, None))
        print(timed(100, CUSTOMER_TABLES))
        print(timed(100, None))


def timed(scale: float, tables: list[str] | None) -> str:
    """Simulate once, and say how long it took, what it weighs and the most memory used so far."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        out = simulate(out=Path(folder), scale=scale, tables=tables)
        seconds = time.perf_counter() - start
        size = sum(path.stat().st_size for path in out.iterdir()) / 1e6
    # ru_maxrss is in bytes on macOS, in kilobytes elsewhere
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        1e9 if sys.platform == "darwin" else 1e6
    )
    names = ", ".join(tables) if tables else "every table"
    return f"scale {scale:g}, {names}: {seconds:.1f} s, {size:.0f} MB written, peak {peak:.2f} GB"


def limits(chunks: int) -> dict[str, object]:
    """Measure what the estimates named in `simulation/limits.py` tend to."""
    out = assortment.stock_outs(stream(LIMITS_SEED, "stock_outs"))
    cohort, kept, seen = [], np.zeros((2, 2)), np.zeros(2)
    amount, count = np.zeros(5), np.zeros(5)
    for number in range(chunks):
        chunk = Chunk(LIMITS_SEED, number, 1.0, out)
        contacts, orders = chunk.contacts, chunk.orders
        known = orders.valid & (orders.customer >= 0)
        who, day = orders.customer[known], orders.day[known]
        cohort.append(
            _summary(who[contacts.registered[who] >= 0], day[contacts.registered[who] >= 0])
        )
        for i, start in enumerate((365, 731)):
            end = calendar.DAYS if i else 731
            before = np.unique(who[(day >= start - 365) & (day < start)])
            after = np.unique(who[(day >= end - 365) & (day < end)])
            kept[i] += [np.isin(before, after).sum(), len(before)]
        own = orders.origin == OWN
        amount += np.bincount(orders.tier[own], chunk.amount[own], minlength=5) / 100
        count += np.bincount(orders.tier[own], minlength=5)
        extra = orders.origin == CAMPAIGN
        seen += [chunk.amount[extra].sum() / 100, extra.sum()]
    x, recency, age = np.concatenate(cohort, axis=1)
    attrition = 1 - kept[:, 0] / kept[:, 1]
    return {
        "bg_nbd": dict(
            zip(("r", "alpha", "a", "b"), np.round(fit(x, recency, age), 4), strict=True)
        ),
        "attrition_2024": round(attrition[0], 5),
        "attrition_2025": round(attrition[1], 5),
        "amount_by_tier": np.round(amount / count, 2).tolist(),
        "amount": round(amount.sum() / count.sum(), 2),
        "spring_amount": round(seen[0] / seen[1], 2),
    }


def _summary(who: np.ndarray, day: np.ndarray) -> np.ndarray:
    pairs = np.unique(np.stack([who, day]), axis=1)  # orders of one day are one purchase
    first = np.flatnonzero(np.r_[True, pairs[0, 1:] != pairs[0, :-1]])
    last = np.r_[first[1:], pairs.shape[1]] - 1
    began = pairs[1, first]
    return np.stack([last - first, pairs[1, last] - began, calendar.DAYS - 1 - began])


def fit(x: np.ndarray, recency: np.ndarray, age: np.ndarray) -> np.ndarray:
    """Return r, alpha, a, b of BG/NBD by maximum likelihood, in days."""
    rows, weight = np.unique(np.stack([x, recency, age]), axis=1, return_counts=True)
    x, recency, age = rows.astype(float)

    def loss(logs: np.ndarray) -> float:
        r, alpha, a, b = np.exp(logs)
        shared = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - betaln(a, b)
        alive = betaln(a, b + x) - (r + x) * np.log(alpha + age)
        gone = betaln(a + 1, b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + recency)
        likelihood = shared + np.where(x > 0, np.logaddexp(alive, gone), alive)
        return -(weight * likelihood).sum() / weight.sum()

    start = np.log([p.BG_NBD_R, p.BG_NBD_ALPHA, p.BG_NBD_A, p.BG_NBD_B])
    return np.exp(optimize.minimize(loss, start, method="BFGS").x)


if __name__ == "__main__":
    main()
