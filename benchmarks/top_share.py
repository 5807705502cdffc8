"""How often the 95 % interval of `rfm.top_share` covers the true share of the top 20 %.

Lognormal spend, whose share is known: Phi(sigma - Phi^-1(0.8)). Run it with
``python benchmarks/top_share.py``; it takes a few minutes.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import norm

from marketing_kpi import rfm

SAMPLES = {50: 2000, 200: 2000, 1000: 800, 5000: 1500}


def main() -> None:
    """Print the coverage for each tail and number of customers."""
    rng = np.random.default_rng(2026)
    print("sigma  customers  covered  interval too low  too high")
    for sigma in (1.0, 1.5):
        true = norm.cdf(sigma - norm.ppf(0.8))
        for customers, samples in SAMPLES.items():
            found = [
                rfm.top_share(
                    pd.DataFrame({"monetary": rng.lognormal(0, sigma, customers)}), rng=rng
                )
                for _ in range(samples)
            ]
            low = sum(result.high < true for result in found) / samples
            high = sum(result.low > true for result in found) / samples
            print(f"{sigma:5}  {customers:9}  {1 - low - high:7.3f}  {low:16.3f}  {high:8.3f}")


if __name__ == "__main__":
    main()
