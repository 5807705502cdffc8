"""Several arms at once: do any of them differ at all?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np

from marketing_kpi.errors import DataError
from marketing_kpi.kpis.frames import Frame
from marketing_kpi.trials import rates, sums
from marketing_kpi.trials.checks import check_alpha


class Homogeneity(NamedTuple):
    """Whether the rates of several arms may all be the same.

    Attributes
    ----------
    rates
        Arm to its rate, by name; the arms without a known outcome are left out.
    statistic, degrees_of_freedom
        Pearson's chi-squared and one fewer than arms; the statistic is null where every member or
        none has the event.
    p_value
        Of rates that are all the same; null with the statistic.
    verdict
        ``differ`` when p is under alpha, else ``cannot_tell``. It says of no arm that it differs:
        that is what `compare_all` is for.
    notes
        Ids of `comparison.NOTES`: ``constant_outcome``, ``few_events``, ``missing_outcomes``,
        ``unknown_arm``.
    alpha
        Level of the verdict.
    """

    rates: Mapping[object, float]
    statistic: float | None
    degrees_of_freedom: int
    p_value: float | None
    verdict: Literal["differ", "cannot_tell"]
    notes: tuple[str, ...]
    alpha: float


def homogeneity(
    members: Frame, *, outcome: str, arm: str = "arm", alpha: float = 0.05
) -> Homogeneity:
    """Test whether a rate is the same in all arms of a test, in one question.

    With four variants of a message, six pairs of them could be compared; this asks once whether
    there is any difference at all.

    Parameters
    ----------
    members
        A row a member: pandas, or an Ibis table of any engine.
    outcome
        A column of 0 and 1, or booleans. Members of whom it is null are left out.
    arm
        The column that names the arm.
    alpha
        Level of the verdict, between 0 and 1.

    Returns
    -------
    Homogeneity

    Raises
    ------
    ColumnError
        When a column is missing, or the outcome is neither numbers nor booleans.
    DataError
        When the outcome has values other than 0 and 1, or fewer than two arms have one.
    ComputeError
        When alpha is not between 0 and 1.

    Notes
    -----
    Pearson's chi-squared of an arms-by-two table (`rates.homogeneity`). Where a cell of it is
    expected to hold fewer than `rates.FEW_EXPECTED`, the p-value is approximate and a note says so.

    Examples
    --------
    >>> import pandas as pd
    >>> members = pd.DataFrame({"arm": list("aabbcc") * 100, "bought": [0, 1, 1, 1, 0, 1] * 100})
    >>> found = homogeneity(members, outcome="bought")
    >>> found.rates, found.degrees_of_freedom, found.verdict
    ({'a': 0.5, 'b': 1.0, 'c': 0.5}, 2, 'differ')
    """
    check_alpha(alpha)
    arms = sums.moments(members, arm=arm, columns=[outcome])
    named = [each for each in arms if each.name is not None and each.members]
    if any(each.between or each.infinite for each in named):
        raise DataError(
            f"outcome '{outcome}' has values other than 0 and 1, must be a rate",
            hint="compare_all compares means, each treatment with the control",
        )
    if len(named) < 2:
        raise DataError(
            f"arms with a known outcome: {len(named)}, must be two or more",
            hint="a comparison needs the members of all arms, also those who did nothing",
        )
    events, sizes = (np.array([getattr(each, name) for each in named], dtype=float)
                     for name in ("nonzero", "members"))  # fmt: skip
    found = rates.homogeneity(events, sizes)
    is_constant = bool(np.isnan(found.p_value))
    rarest = min(events.sum(), sizes.sum() - events.sum()) / sizes.sum()
    notes = {
        "constant_outcome": is_constant,
        "few_events": not is_constant and sizes.min() * rarest < rates.FEW_EXPECTED,
        "missing_outcomes": any(each.missing for each in arms if each.name is not None),
        "unknown_arm": any(each.name is None for each in arms),
    }
    return Homogeneity(
        rates={each.name: each.nonzero / each.members for each in named},
        statistic=None if is_constant else found.statistic,
        degrees_of_freedom=found.degrees_of_freedom,
        p_value=None if is_constant else found.p_value,
        verdict="differ" if found.p_value < alpha else "cannot_tell",
        notes=tuple(name for name, holds in notes.items() if holds),
        alpha=alpha,
    )
