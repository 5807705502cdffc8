"""Difference-in-differences on days before the action: how much does it find of nothing?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from marketing_kpi.errors import ConfigError, DataError
from marketing_kpi.kpis.frames import Frame, require
from marketing_kpi.quasi_experiments.collapse import Columns, answer, check_starts, rows
from marketing_kpi.quasi_experiments.differences import difference_in_differences
from marketing_kpi.trials.checks import check_alpha

_COMPARED = ("effect", "low", "high", "p_value", "verdict")
_LEARNED = 2  # a placebo keeps at least the first half of the history
_WINDOW = 4  # and lasts a quarter of it at most


class _Window(NamedTuple):
    """Periods of one analysis: those until `end`, the action beginning at `start`."""

    start: int
    end: int


def placebo_dates(
    panel: Frame,
    *,
    outcome: str,
    unit: str,
    period: str,
    treated: str = "treated",
    after: str = "after",
    dates: int = 10,
    alpha: float = 0.05,
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Repeat difference-in-differences as if the action had begun earlier, when nothing had.

    Parameters
    ----------
    panel
        A row a unit and period, as `panel` makes.
    outcome, unit, period, treated, after
        Its columns.
    dates
        How many earlier beginnings to try at most, spread over the periods before the action.
    alpha
        One less the level of the intervals.
    rng
        Draws the permutations where all are too many; a fixed seed by default.

    Returns
    -------
    pandas.DataFrame
        The period under its own name (the first one after), placebo (boolean), periods (how many
        come after), effect, low, high, p_value and verdict, as `difference_in_differences` gives
        them. The action itself first; then placebos from the earliest on, less those that the
        units cannot answer. Always pandas.

    Raises
    ------
    ConfigError
        When `dates` is under 1.
    DataError
        When there are fewer than two periods before the action, or no placebo can be answered.

    Notes
    -----
    Placebos read only what came before the action. Each learns from at least the first half of
    those periods, and lasts as long as the action, a quarter of them at most. Their windows
    overlap: several that find an effect may be one and the same event. Where they do, both arms
    did not move alike before, and the effect of the action is not to be believed on its word.

    Examples
    --------
    >>> shops = pd.DataFrame({"shop": np.repeat(list("abcdefgh"), 6), "week": [*range(6)] * 8})
    >>> shops = shops.assign(treated=shops["shop"] < "e", after=shops["week"] >= 4)
    >>> turn = shops.groupby("shop").ngroup()
    >>> shops["sales"] = 50.0 + turn + (turn * shops["week"]) % 3 + 9 * shops.treated * shops.after
    >>> found = placebo_dates(shops, outcome="sales", unit="shop", period="week", dates=2)
    >>> found[["week", "placebo", "verdict"]]
       week  placebo      verdict
    0     4    False       higher
    1     2     True  cannot_tell
    2     3     True  cannot_tell
    """
    check_alpha(alpha)
    if dates < 1:
        raise ConfigError(f"dates == {dates}, must be 1 or more")
    columns = Columns(outcome, treated, after, unit, period)
    require(panel, [name for name in columns if name is not None], "panel")
    check_starts(panel, columns)
    named = ["unit", "period", "treated", "after", "y"]
    held = answer(panel, lambda t: rows(t, columns)[named])
    held["y"] = held["y"].astype("float64")
    turns = np.sort(held["period"].unique())
    held["turn"] = np.searchsorted(turns, held["period"].to_numpy())
    before = int(held.loc[held["after"] == 1, "turn"].min())
    if before < _LEARNED:
        raise DataError(
            f"{before} periods come before the action, {_LEARNED} are needed",
            hint="take a longer history before the action",
        )
    tried = _Window(before, len(turns)), *_earlier(before, len(turns), dates)
    found = [
        {period: turns[window.start], "placebo": bool(place), "periods": window.end - window.start}
        | values
        for place, window in enumerate(tried)
        if (values := _answered(held, window, alpha, rng, is_placebo=place > 0))
    ]
    if len(found) == 1:
        raise DataError(
            f"none of {len(tried) - 1} placebos can be answered",
            hint="take a longer history before the action, of the same units",
        )
    return pd.DataFrame(found)


def _earlier(before: int, count: int, dates: int) -> Iterator[_Window]:
    """Yield the placebos, from the earliest on."""
    length = max(1, min(count - before, before // _WINDOW))
    places = np.linspace(-(-before // _LEARNED), before - length, dates).round()
    for place in sorted({int(place) for place in places}):
        yield _Window(place, min(place + length, before))


def _answered(
    held: pd.DataFrame,
    window: _Window,
    alpha: float,
    rng: np.random.Generator | None,
    *,
    is_placebo: bool,
) -> dict[str, Any]:
    """Return what is found in a window; nothing of a placebo that cannot be answered."""
    part = held[held["turn"] < window.end]
    part = part.assign(after=(part["turn"] >= window.start).astype("int64"))
    try:
        found = difference_in_differences(
            part, outcome="y", unit="unit", period="period", alpha=alpha, rng=rng
        )
    except DataError:
        if is_placebo:
            return {}
        raise
    return {name: getattr(found, name) for name in _COMPARED}
