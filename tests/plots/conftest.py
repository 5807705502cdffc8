"""Figures are drawn without a screen, and closed after each test."""

import datetime as dt

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from marketing_kpi import rfm

mpl.use("Agg")


@pytest.fixture(autouse=True)
def _close_figures():
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


def make_orders(n=900, seed=2):
    rng = np.random.default_rng(seed)
    who = (rng.pareto(1.2, n) * 40).astype(int) % 250
    return pd.DataFrame(
        {
            "order_id": [f"O{i}" for i in range(n)],
            "customer_id": [f"C{i:03}" for i in who],
            "ordered_at": pd.Timestamp("2025-01-01")
            + pd.to_timedelta(rng.integers(0, 365, n), unit="D"),
            "amount": rng.lognormal(4, 0.7, n).round(2),
        }
    )


@pytest.fixture(scope="session")
def summary():
    return rfm.summary(make_orders(), as_of="2026-01-01")


@pytest.fixture(scope="session")
def segments(summary):
    return rfm.segment(rfm.score(summary))


@pytest.fixture(scope="session")
def earlier():
    return rfm.segment(rfm.score(rfm.summary(make_orders(), as_of="2025-07-01")))


@pytest.fixture(scope="session")
def by_segment(segments):
    return rfm.by_segment(segments)


@pytest.fixture(scope="session")
def scorecard():
    """What overview.scorecard returns, by hand: one row of each kind."""
    months = [100.0, None, 120.0, 90.0]
    higher = "higher_is_better"
    rows = [
        ("net_sales", "currency", higher, 1234.5, None, None, 1000.0, 0.2345, True),
        ("average_order_value", "currency", higher, 50.0, 48.0, 52.0, 55.0, -0.0909, True),
        ("repeat_purchase_rate", "fraction", higher, 0.25, 0.2, 0.3, 0.3, -0.05, True),
        ("gross_margin_rate", "fraction", higher, None, None, None, None, None, False),
    ]  # fmt: skip
    names = ["kpi", "unit", "direction", "value", "low", "high", "previous", "change", "available"]
    frame = pd.DataFrame(rows, columns=names)
    return frame.assign(
        previous_low=[None, 53.0, 0.25, None],
        previous_high=[None, 57.0, 0.35, None],
        change_low=[None, -0.14, -0.12, None],
        change_high=[None, -0.04, 0.02, None],
        trend=[months, months, [0.1, 0.2, 0.3, 0.25], None],
        domain=["sales", "sales", "customers", "margin"],
        reason=["", "", "", "missing"],
        missing=["", "", "", "order_lines.unit_cost"],
        last_order=dt.date(2025, 12, 31),
        gap_start=None,
        gap_end=None,
        unpriced_before=float("nan"),
        unpriced=float("nan"),
        unpriced_of=None,
    ).astype({"value": "float64", "previous": "float64", "change": "float64"})


@pytest.fixture
def months():
    return pd.DataFrame(
        {
            "period": pd.date_range("2025-01-01", periods=12, freq="MS"),
            "kpi": "net_sales",
            "unit": "currency",
            "value": [float(1000 * n) for n in range(1, 13)],
            "previous": pd.array([900.0 * n for n in range(1, 13)], dtype="Float64"),
            "whole": True,
        }
    )
