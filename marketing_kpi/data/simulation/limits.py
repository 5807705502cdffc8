"""What estimates tend to as the shop grows, where no parameter says it.

Measured by `benchmarks/demo_scale.py --limits 100`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Estimates on a shop a hundred times larger than `data/demo`.

    Attributes
    ----------
    bg_nbd
        Maximum likelihood in days: r, alpha, a, b.
    attrition_2024, attrition_2025
        The KPI `attrition_rate` of the calendar years.
    amount
        Mean amount of the customers' own orders, CAD.
    amount_by_tier
        The same for each tier of taste.
    spring_amount
        Mean amount of the orders that the spring e-mail adds, CAD.
    """

    bg_nbd: Mapping[str, float]
    attrition_2024: float
    attrition_2025: float
    amount: float
    amount_by_tier: tuple[float, ...]
    spring_amount: float


LIMITS = Limits(
    bg_nbd={"r": 0.828, "alpha": 59.6168, "a": 0.9192, "b": 3.9183},
    attrition_2024=0.44088,
    attrition_2025=0.41152,
    amount=206.62,
    amount_by_tier=(114.23, 148.75, 188.78, 243.35, 336.81),
    spring_amount=196.76,
)
