"""What a test could find, and what it would have taken to find a lift that matters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypedDict

import pandas as pd

from marketing_kpi.trials.comparison import Comparison, is_plain_rate
from marketing_kpi.trials.incremental import POWER, spread
from marketing_kpi.trials.power import (
    SampleSize,
    minimum_detectable_effect,
    power,
    power_table,
    sample_size,
)

WORTHWHILE_LIFT = 0.10
"""The relative lift that a test is planned on when nobody says which one would matter."""

USUAL_SHARES = (0.1, 0.2, 0.5)
"""Shares of control that plans are made with, beside that of the test."""

_CLOSE = 0.25  # relative difference of two shares that tell about the same

_PLANS = (
    "relative_lift",
    "control_share",
    "absolute_lift",
    "control_n",
    "treatment_n",
    "total",
    "power",
    "detectable_lift",
)


class _Options(TypedDict):
    """What every question about the size of a test takes."""

    sd: float | None
    alpha: float


class WouldTake(NamedTuple):
    """What a test could find, and what it would have taken to find a lift that matters.

    Attributes
    ----------
    relative_lift, absolute_lift
        The lift that would matter, as a fraction of the control and in the outcome's unit.
    power
        How probably this test would have found it.
    detectable, detectable_relative
        The smallest rise that this test finds with the power asked for; null where none is.
    same_share
        `SampleSize` that finds the lift with the same share of control.
    equal_halves
        The same with as many in the control as in the treatment.

    Where the outcome of the control is not above 0, or its spread is not known, all are null but
    `relative_lift`; where the lift would take a rate beyond 1, so are `power` and both sizes. Where
    stores, or customers of several rows, were drawn, sizes count the members of stores as large as
    those of the test.
    """

    relative_lift: float
    absolute_lift: float | None = None
    power: float | None = None
    detectable: float | None = None
    detectable_relative: float | None = None
    same_share: SampleSize | None = None
    equal_halves: SampleSize | None = None


def would_take(
    comparison: Comparison, *, relative_lift: float = WORTHWHILE_LIFT, chance: float = POWER
) -> WouldTake:
    """Say what a test could find, and what finding a lift that matters would have taken.

    Parameters
    ----------
    comparison
        What `compare` returns.
    relative_lift
        The smallest lift that would matter to you, as a fraction of the control's outcome, above
        0: fixed before the test, not read off its result.
    chance
        How probably it shall be found, between `comparison.alpha` and 1.

    Returns
    -------
    WouldTake

    Notes
    -----
    The power of a test at the very lift that it found says nothing more than its p-value does.
    What the control and the spread of the outcome teach, on the other hand, serves the next plan:
    these are taken from the test, and the lift from its reader.

    References
    ----------
    Hoenig, J. M. and Heisey, D. M. (2001). The abuse of power. The American Statistician 55(1),
    19-24.

    Examples
    --------
    >>> from marketing_kpi.trials.comparison import compare
    >>> members = pd.DataFrame({"arm": ["control"] * 1000 + ["treatment"] * 9000,
    ...     "bought": [1] * 50 + [0] * 950 + [1] * 460 + [0] * 8540})
    >>> found = would_take(compare(members, outcome="bought"), relative_lift=0.10)
    >>> round(found.power, 2), found.same_share.total, found.equal_halves.total
    (0.09, 175956, 62468)
    """
    base, sd = comparison.control_value, spread(comparison)
    if base is None or base <= 0 or min(comparison.control_n, comparison.treatment_n) < 2:
        return WouldTake(relative_lift)
    if sd is None and not is_plain_rate(comparison):
        return WouldTake(relative_lift)
    n0, n1, alpha = comparison.control_n, comparison.treatment_n, comparison.alpha
    detectable = minimum_detectable_effect(
        base, control_n=n0, treatment_n=n1, sd=sd, power=chance, alpha=alpha
    )
    known = None if pd.isna(detectable) else float(detectable)
    if known is not None and _is_beyond(comparison, base + known):
        known = None
    found = WouldTake(
        relative_lift,
        absolute_lift=base * relative_lift,
        detectable=known,
        detectable_relative=None if known is None else known / base,
    )
    aim = base * (1 + relative_lift)
    if _is_beyond(comparison, aim):
        return found
    options: _Options = {"sd": sd, "alpha": alpha}
    return found._replace(
        power=float(power(base, aim, control_n=n0, treatment_n=n1, **options)),
        same_share=sample_size(base, aim, control_share=n0 / (n0 + n1), power=chance, **options),
        equal_halves=sample_size(base, aim, control_share=0.5, power=chance, **options),
    )


def plans(
    comparison: Comparison,
    *,
    relative_lifts: Sequence[float],
    control_shares: Sequence[float] | None = None,
) -> pd.DataFrame:
    """Set out what other plans for the outcome of a test would find: see `power_table`.

    Parameters
    ----------
    comparison
        What `compare` returns: its control and the spread of its outcome are planned on.
    relative_lifts
        As in `power_table`.
    control_shares
        As in `power_table`; None: the share that the test had, and those of `USUAL_SHARES` that
        are not close to it.

    Returns
    -------
    pandas.DataFrame
        What `power_table` returns for as many customers; empty where the outcome of the control is
        not above 0, or its spread is not known.
    """
    base, sd = comparison.control_value, spread(comparison)
    members = comparison.control_n + comparison.treatment_n
    chosen = _shares(comparison) if control_shares is None else control_shares
    shares = [share for share in chosen if 1 < share * members < members - 1]
    if base is None or base <= 0 or (sd is None and not is_plain_rate(comparison)):
        return _no_plans()
    lifts = [lift for lift in relative_lifts if not _is_beyond(comparison, base * (1 + lift))]
    if not (shares and lifts):
        return _no_plans()
    return power_table(
        base,
        relative_lifts=lifts,
        control_shares=shares,
        customers=members,
        sd=sd,
        power=POWER,
        alpha=comparison.alpha,
    )


def _shares(comparison: Comparison) -> list[float]:
    """Return the share of control that a test had, among the usual ones."""
    own = comparison.control_n / (comparison.control_n + comparison.treatment_n)
    return sorted([own, *(share for share in USUAL_SHARES if abs(share / own - 1) > _CLOSE)])


def _no_plans() -> pd.DataFrame:
    return pd.DataFrame(columns=list(_PLANS))


def _is_beyond(comparison: Comparison, aim: float) -> bool:
    """Say whether an outcome cannot be: a rate of more than 1."""
    return comparison.kind == "rate" and aim > 1
