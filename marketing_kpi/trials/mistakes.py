"""What goes wrong in tests, on simulated campaigns whose truth is known.

Each function repeats a test that should raise a false alarm in 5 % of campaigns, and shows what a
habit makes of it. They draw counts, not customers, so that thousands of campaigns take a moment;
every p-value is the one that `compare` gives for a rate.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketing_kpi.errors import ComputeError
from marketing_kpi.trials import rates
from marketing_kpi.trials.means import SEED

CAMPAIGNS = 2_000
"""Simulated campaigns: enough to tell 5 % from 7 %."""


def peeking(
    *,
    days: int = 28,
    customers_a_day: int = 200,
    rate: float = 0.10,
    control_share: float = 0.5,
    alpha: float = 0.05,
    campaigns: int = CAMPAIGNS,
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Look at a test every day, and stop at the first p under alpha: how often for no effect?

    Parameters
    ----------
    days
        How many looks, one a day.
    customers_a_day
        Customers who join both arms together each day.
    rate
        Share who buy, the same in both arms: the campaign does nothing.
    control_share
        Share of the customers in the control.
    alpha
        Level of each look.
    campaigns
        How many are simulated.
    rng
        Source of chance; by default one of a fixed seed, so that two runs show the same.

    Returns
    -------
    pandas.DataFrame
        A row a day: day; significant, the share of campaigns significant on that day alone (near
        alpha, as promised for one look); ever_significant, the share that were on that day or any
        day before: the false alarms of who looks daily.

    Examples
    --------
    >>> looks = peeking(campaigns=500)
    >>> looks.iloc[[0, 13, 27]].round(2)
        day  significant  ever_significant
    0     1         0.05              0.05
    13   14         0.05              0.25
    27   28         0.05              0.30
    """
    rng = _source(rng)
    _check_shares(rate=rate, control_share=control_share, alpha=alpha)
    n0, n1 = _arms("customers_a_day", customers_a_day, control_share)
    shape = (_at_least_one("campaigns", campaigns), _at_least_one("days", days))
    bought = [np.cumsum(rng.binomial(n, rate, size=shape), axis=1) for n in (n0, n1)]
    so_far = np.arange(1, days + 1)
    significant = rates.p_value(bought[1], n1 * so_far, bought[0], n0 * so_far) < alpha
    return pd.DataFrame(
        {
            "day": so_far,
            "significant": significant.mean(axis=0),
            "ever_significant": np.maximum.accumulate(significant, axis=1).mean(axis=0),
        }
    )


def best_segment(
    *,
    segments: int = 20,
    customers: int = 10_000,
    rate: float = 0.10,
    control_share: float = 0.10,
    alpha: float = 0.05,
    campaigns: int = CAMPAIGNS,
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Look for a segment in which the campaign worked: how often is one found for no effect?

    Parameters
    ----------
    segments
        Into how many of equal size the customers are cut, at most.
    customers
        How many there are, in both arms and all segments.
    rate
        Share who buy, the same everywhere: the campaign does nothing.
    control_share, alpha, campaigns, rng
        As in `peeking`.

    Returns
    -------
    pandas.DataFrame
        A row a number of segments, 1, 2, 5, 10, … up to `segments`: segments; any_significant, the
        share of campaigns with a significant segment; any_after_holm, the same once p is corrected
        for their number; largest_lift, the mean lift of the best segment, as a fraction: what the
        winner's slide would show.

    Examples
    --------
    >>> best_segment(segments=10, campaigns=500).round(2)
       segments  any_significant  any_after_holm  largest_lift
    0         1             0.05            0.05          0.00
    1         2             0.07            0.04          0.01
    2         5             0.25            0.05          0.03
    3        10             0.39            0.04          0.05
    """
    rng = _source(rng)
    _check_shares(rate=rate, control_share=control_share, alpha=alpha)
    _at_least_one("campaigns", campaigns)
    counts = _round_numbers(_at_least_one("segments", segments))
    sizes = [_arms("customers", round(customers / count), control_share) for count in counts]
    rows = []
    for count, (n0, n1) in zip(counts, sizes, strict=True):
        bought = [rng.binomial(n, rate, size=(campaigns, count)) for n in (n0, n1)]
        smallest = rates.p_value(bought[1], n1, bought[0], n0).min(axis=1)
        rows.append(
            {
                "segments": count,
                "any_significant": (smallest < alpha).mean(),
                # Holm finds something just when the smallest p does, times their number.
                "any_after_holm": (smallest * count < alpha).mean(),
                "largest_lift": (bought[1] / n1 - bought[0] / n0).max(axis=1).mean(),
            }
        )
    return pd.DataFrame(rows)


def contacted_control(
    *,
    contacted: Sequence[float] = (0.0, 0.1, 0.2, 0.5),
    rate: float = 0.10,
    lift: float = 0.03,
    customers: int = 10_000,
    control_share: float = 0.10,
    alpha: float = 0.05,
    campaigns: int = CAMPAIGNS,
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Contact a part of the control by mistake: what is left of the effect?

    Parameters
    ----------
    contacted
        Shares of the control that are contacted all the same.
    rate, lift
        Share who buy without the campaign, and what a contact adds to it.
    customers, control_share, alpha, campaigns, rng
        As in `best_segment`.

    Returns
    -------
    pandas.DataFrame
        A row a share: contacted; true_lift; measured_lift, the mean over campaigns, which is the
        true one times the share that was *not* contacted; found, the share of campaigns whose lift
        is significant.

    Examples
    --------
    >>> contacted_control(contacted=[0.0, 0.5], campaigns=500)["measured_lift"].round(2).tolist()
    [0.03, 0.01]
    """
    rng = _source(rng)
    _check_shares(rate=rate, treated_rate=rate + lift, control_share=control_share, alpha=alpha)
    n0, n1 = _arms("customers", customers, control_share)
    shares = np.asarray(contacted, dtype="float64")
    if not bool(np.all((shares >= 0) & (shares <= 1))):
        raise ComputeError(f"contacted == {list(contacted)}, must be shares in 0-1")
    spoilt = np.round(n0 * shares).astype("int64")
    shape = (_at_least_one("campaigns", campaigns), len(shares))
    bought0 = rng.binomial(n0 - spoilt, rate, size=shape) + rng.binomial(
        spoilt, rate + lift, size=shape
    )
    bought1 = rng.binomial(n1, rate + lift, size=shape)
    return pd.DataFrame(
        {
            "contacted": shares,
            "true_lift": np.full(len(shares), lift),
            "measured_lift": (bought1 / n1 - bought0 / n0).mean(axis=0),
            "found": (rates.p_value(bought1, n1, bought0, n0) < alpha).mean(axis=0),
        }
    )


def responders_only(
    *,
    keen: float = 0.20,
    keen_rate: float = 0.30,
    other_rate: float = 0.05,
    keen_response: float = 0.40,
    other_response: float = 0.05,
    customers: int = 10_000,
    control_share: float = 0.10,
    alpha: float = 0.05,
    campaigns: int = CAMPAIGNS,
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Compare those who responded with the control: what does a campaign without effect seem to do?

    Parameters
    ----------
    keen
        Share of the customers who are keen on the brand.
    keen_rate, other_rate
        Share of keen and other customers who buy, contacted or not: the campaign does nothing.
    keen_response, other_response
        Share of them who respond to it, when contacted.
    customers, control_share, alpha, campaigns, rng
        As in `best_segment`.

    Returns
    -------
    pandas.DataFrame
        Two rows, compared (``"all_treated"``, ``"responders"``) with the whole control: true_lift,
        0; measured_lift, the mean over campaigns; significant, the share of campaigns whose lift
        is: the false alarms.

    Examples
    --------
    >>> responders_only(campaigns=500).round(2)
          compared  true_lift  measured_lift  significant
    0  all_treated        0.0           0.00         0.03
    1   responders        0.0           0.12         1.00
    """
    rng = _source(rng)
    _check_shares(
        keen=keen, keen_rate=keen_rate, other_rate=other_rate, keen_response=keen_response,
        other_response=other_response, control_share=control_share, alpha=alpha,
    )  # fmt: skip
    n0, n1 = _arms("customers", customers, control_share)
    size = _at_least_one("campaigns", campaigns)
    responses, purchase = (keen_response, other_response), (keen_rate, other_rate)
    answered, silent = (np.zeros((2, size), dtype="int64") for _ in range(2))  # buyers, members
    bought0 = np.zeros(size, dtype="int64")
    keen1, keen0 = (rng.binomial(n, keen, size=size) for n in (n1, n0))
    for treated, untreated, responding, buying in zip(
        (keen1, n1 - keen1), (keen0, n0 - keen0), responses, purchase, strict=True
    ):
        reacted = rng.binomial(treated, responding)
        for group, members in ((answered, reacted), (silent, treated - reacted)):
            group += np.array([rng.binomial(members, buying), members])
        bought0 += rng.binomial(untreated, buying)
    return pd.DataFrame(
        [
            {"compared": name, "true_lift": 0.0, **_seen(bought, members, bought0, n0, alpha)}
            for name, (bought, members) in (
                ("all_treated", answered + silent),
                ("responders", answered),
            )
        ]
    )


def _seen(
    x1: npt.NDArray[np.int64],
    n1: npt.NDArray[np.int64],
    x0: npt.NDArray[np.int64],
    n0: int,
    alpha: float,
) -> dict[str, float]:
    """Return the mean lift over campaigns, and how many of them it is significant in."""
    lift = x1 / np.where(n1 > 0, n1, np.nan) - x0 / n0
    return {
        "measured_lift": float(np.nanmean(lift)),
        "significant": float((rates.p_value(x1, n1, x0, n0) < alpha).mean()),
    }


def _round_numbers(largest: int) -> list[int]:
    """Return 1, 2, 5, 10, 20, 50, … up to a number, and that number."""
    digits = len(str(largest))
    steps = {step * 10**power for power in range(digits) for step in (1, 2, 5)}
    return sorted({step for step in steps if step < largest} | {largest})


def _source(rng: np.random.Generator | None) -> np.random.Generator:
    return np.random.default_rng(SEED) if rng is None else rng


def _check_shares(**shares: float) -> None:
    for name, share in shares.items():
        if not 0 < share < 1:
            raise ComputeError(f"{name} == {share}, must be between 0 and 1")


def _arms(name: str, members: int, control_share: float) -> tuple[int, int]:
    """Return the members of the control and of the treatment; none may be empty."""
    control = _at_least_one(name, round(members * control_share))
    return control, _at_least_one(name, members - control)


def _at_least_one(name: str, count: int) -> int:
    if count < 1:
        raise ComputeError(f"{name} leaves {count} in an arm or a run, must leave 1 or more")
    return count
