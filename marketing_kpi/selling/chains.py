"""The tree of revenue: factors whose product is net sales, and what each did to its change.

A *chain* of totals, each divided by the one before it, makes the factors: visitors, sessions per
visitor, orders per session, units per order, price per unit. The change of their product is shared
out by the logarithmic mean (LMDI-I): the effect of a factor is ``L x ln(factor / factor before)``,
with ``L = (V1 - V0) / ln(V1 / V0)``. The effects add up to the change, whatever their number and in
whatever order they are taken, and no remainder is left to explain.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Literal, NamedTuple

import numpy as np

from marketing_kpi.errors import ComputeError
from marketing_kpi.kpis.formulas import steady
from marketing_kpi.kpis.intervals import Z95, Interval
from marketing_kpi.selling.owners import Floats, Sums

CENT = Decimal("0.01")

HOLES = ("known_price_share", "known_amount_share")
"""Factors that tell of the data, not of the shop: shares of what is sold whose value is known."""

ALPHA = 0.05
"""How often the verdicts on the factors of a chain may be wrong where none of them moved."""

_TURN = np.linspace(0.0, 2 * math.pi, 721)
_NEAR = 1e-4  # below it the series is closer than the formula, which loses its digits


class Factor(NamedTuple):
    """One factor of a chain, in both periods, and what it did to net sales.

    Attributes
    ----------
    factor
        Its id; of the dictionary where there is one.
    before, after
        Its level in each period; null where it is not known.
    change
        after / before - 1.
    change_low, change_high
        95 % interval of the change, by itself; null where `changed` has none.
    effect
        What it added to net sales, to the cent, in the data's currency. Null where the levels of
        any factor are not above 0 in both periods.
    low, high
        95 % interval of the effect, by itself: it leaves 0 out exactly where that of the change
        does.
    verdict
        ``"rose"`` or ``"fell"`` where the factor moved beyond chance, even though all factors were
        looked at; else ``"cannot_tell"``, and so of `HOLES`, which are no cause to look for.
    """

    factor: str
    before: float | None
    after: float | None
    change: float | None = None
    change_low: float | None = None
    change_high: float | None = None
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    verdict: Literal["rose", "fell", "cannot_tell"] = "cannot_tell"


def logarithmic_mean(one: float, other: float) -> float:
    """Return the logarithmic mean of two amounts above 0: between their geometric and usual means.

    >>> round(logarithmic_mean(100.0, 121.0), 4), logarithmic_mean(5.0, 5.0)
    (110.1666, 5.0)
    """
    ratio = math.log(one / other)
    if abs(ratio) < _NEAR:
        return math.sqrt(one * other) * (1 + ratio**2 / 24)
    return (one - other) / ratio


def effects(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """Share out the change of a product among its factors, to the cent.

    Parameters
    ----------
    before, after
        The level of each factor in each period, above 0, by its name.

    Returns
    -------
    dict
        What each factor added to the product, in cents that add up to the change of the product
        rounded to cents in each period.

    Raises
    ------
    ComputeError
        When a level is not above 0: from nothing, and to nothing, no factor grows by a rate.

    References
    ----------
    Ang, B. W. (2005). The LMDI approach to decomposition analysis: a practical guide. Energy
    Policy 33(7), 867-871.

    Examples
    --------
    >>> effects({"orders": 100, "basket": 50.0}, {"orders": 110, "basket": 55.0})
    {'orders': 525.0, 'basket': 525.0}
    """
    for period, levels in (("before", before), ("after", after)):
        for name, level in levels.items():
            if not level > 0:
                raise ComputeError(f"{name} {period} == {level}, must be above 0")
    first, last = (math.prod(levels.values()) for levels in (before, after))
    ratios = {name: after[name] / before[name] for name in before}
    return shared_out(ratios, first=first, last=last)


def shared_out(ratios: Mapping[str, float], *, first: float, last: float) -> dict[str, float]:
    """Share out the change of an amount among ratios whose product is its own, to the cent.

    >>> shared_out({"price": 1.1, "mix": 1.0}, first=100.0, last=110.0)
    {'price': 10.0, 'mix': 0.0}
    """
    weight = logarithmic_mean(last, first)
    raw = {name: weight * math.log(ratio) for name, ratio in ratios.items()}
    return to_the_cent(raw, total=in_cents(last) - in_cents(first))


def to_the_cent(amounts: Mapping[str, float], *, total: Decimal) -> dict[str, float]:
    """Round amounts to cents that add up to a total in cents: the largest remainders round up.

    Parameters
    ----------
    amounts
        What to round, by name; they add up to the total but for less than a cent each.
    total
        Their sum, in whole cents.

    Examples
    --------
    >>> to_the_cent({"a": 1 / 3, "b": 1 / 3, "c": 1 / 3}, total=Decimal("1.00"))
    {'a': 0.34, 'b': 0.33, 'c': 0.33}
    """
    floors = {name: math.floor(100 * value) for name, value in amounts.items()}
    left = int(total * 100) - sum(floors.values())
    by_remainder = sorted(amounts, key=lambda name: floors[name] - 100 * amounts[name])
    share, extra = divmod(left, len(amounts)) if amounts else (0, 0)
    cents = {name: floor + share for name, floor in floors.items()}
    for name in by_remainder[:extra]:
        cents[name] += 1
    return {name: cent / 100 for name, cent in cents.items()}


def in_cents(value: float) -> Decimal:
    """Return an amount rounded to whole cents."""
    return Decimal(repr(float(value))).quantize(CENT, ROUND_HALF_EVEN)


def chained(sums: Sums, names: Sequence[str]) -> list[Factor]:
    """Return the factors of a chain whose totals were added up by owner.

    Parameters
    ----------
    sums
        The totals of the period before, then of the period: ``[a0, b0, …, a1, b1, …]``. The last
        of each is net sales; each factor but the first divides a total by the one before it.
    names
        Of the factors: as many as there are totals in a period.

    Notes
    -----
    Each interval is of a factor by itself: `changed`, and `around_effect` of its effect, which
    leaves 0 out exactly where that of the change does. A verdict allows for all factors being
    looked at: its interval misses ``0.05 / factors`` of the time (Bonferroni). `HOLES` are not.
    """
    count = len(names)
    alpha = ALPHA / sum(name not in HOLES for name in names)
    first, last = sums.totals[:count], sums.totals[count:]
    levels = [_levels(totals) for totals in (first, last)]
    if not ((first > 0).all() and (last > 0).all()):
        return [Factor(name, *pair) for name, *pair in zip(names, *levels, strict=True)]
    before, after = (dict(zip(names, side, strict=True)) for side in levels)
    ratios = {name: after[name] / before[name] for name in names}  # type: ignore[operator]
    amounts = shared_out(ratios, first=first[-1], last=last[-1])
    found = []
    for place, name in enumerate(names):
        verdict = _verdict(changed(sums, place, alpha=alpha))
        known = before[name], after[name], steady(ratios[name] - 1)
        ends = *changed(sums, place), amounts[name], *around_effect(sums, place)
        found.append(Factor(name, *known, *ends, "cannot_tell" if name in HOLES else verdict))
    return found


def changed(sums: Sums, place: int, *, alpha: float = ALPHA) -> Interval:
    """Return the interval of a factor's relative change, of sums as `chained` takes.

    Parameters
    ----------
    sums
        The totals of the period before, then of the period.
    place
        Of the factor in the chain: 0 is the first total itself, the others are ratios of a total
        to the one before it.
    alpha
        How often the interval may miss.

    Returns
    -------
    Interval
        Of now / before - 1. None under `FEWEST_OWNERS` owners, or where one of the totals that the
        factor is made of is not above 0 by more than chance: its logarithm may be anything.

    Notes
    -----
    The interval is one of ``ln(now / before)``, linearised in the totals and taken back: an owner
    who is in both periods counts once, with all that they did in each. What months moved as a whole
    widens it, where the sums tell it (`owners.with_months`).
    """
    return _taken_back(_around_growth(sums, place, alpha=alpha))


def _around_growth(sums: Sums, place: int, *, alpha: float = ALPHA) -> Interval:
    """Return the interval of the logarithm of a factor's growth."""
    totals, count = sums.totals, len(sums.totals) // 2
    numbers = (place - 1, place) if place else (place,)
    if not sums.are_above_0([side + number for side in (0, count) for number in numbers]):
        return Interval()
    return sums.around(_growth(totals, place), _slope_of_growth(totals, place, count), alpha=alpha)


def _taken_back(logarithms: Interval) -> Interval:
    """Return the interval of a growth rate from that of the logarithm of 1 + growth."""
    return Interval(*(None if end is None else steady(math.expm1(end)) for end in logarithms))


def shifted(sums: Sums) -> Interval:
    """Return the interval of the difference of a ratio, now - before: see `changed`.

    Parameters
    ----------
    sums
        Two totals a period: what divides, then what is divided.
    """
    x_before, y_before, x_now, y_now = sums.totals
    if not (x_before > 0 and x_now > 0):
        return Interval()
    before, now = y_before / x_before, y_now / x_now
    slope = np.array([before / x_before, -1 / x_before, -now / x_now, 1 / x_now])
    return sums.around(now - before, slope)


def around_effect(sums: Sums, place: int) -> Interval:
    """Return the 95 % interval of a factor's effect, of sums as `chained` takes.

    Notes
    -----
    An effect is ``L g``, g being the logarithm of the factor's growth. Its ends are the least and
    the most of ``L g`` among the pairs ``(ln L, g)`` of the ellipse around the estimate whose
    shadow on g is the interval of `changed`: the interval of a likelihood profile. As L is above 0,
    it leaves 0 out exactly where that of the change does. What moves months as a whole comes to an
    effect through g alone: a December that sells much in both periods is a season, not chance.
    """
    totals, count = sums.totals, len(sums.totals) // 2
    first, last = totals[count - 1], totals[-1]
    low, high = _around_growth(sums, place)
    if low is None or high is None or not sums.are_above_0([count - 1, 2 * count - 1]):
        return Interval()
    weight, growth = logarithmic_mean(last, first), _growth(totals, place)
    slope = _slope_of_growth(totals, place, count)
    half = (high - low) / 2
    pull = _slope_of_weight(first, last, count) / weight
    shared = Z95**2 * float(slope @ sums.products @ pull) / half
    own = math.sqrt(max(Z95**2 * float(pull @ sums.products @ pull) - shared**2, 0.0))
    along, across = np.cos(_TURN), np.sin(_TURN)
    effects = weight * np.exp(shared * along + own * across) * (growth + half * along)
    return Interval(steady(float(effects.min())), steady(float(effects.max())))


def _verdict(growth: Interval) -> Literal["rose", "fell", "cannot_tell"]:
    low, high = growth
    if low is None or high is None or low <= 0 <= high:
        return "cannot_tell"
    return "rose" if low > 0 else "fell"


def growth(sums: Sums) -> tuple[float | None, Interval]:
    """Return how much the last total grew, with its interval, of sums as `chained` takes.

    The growth is null where either total is not above 0; the interval is that of the logarithm of
    their ratio, and none where one of them is not above 0 by more than chance.
    """
    count = len(sums.totals) // 2
    first, last = sums.totals[count - 1], sums.totals[-1]
    if not (first > 0 and last > 0):
        return None, Interval()
    ends = Interval()
    if sums.are_above_0([count - 1, 2 * count - 1]):
        ends = sums.around(math.log(last / first), slope_of_sales(sums))
    return steady(last / first - 1), _taken_back(ends)


def slope_of_sales(sums: Sums) -> Floats:
    """Return how the logarithm of the growth of net sales moves with each total."""
    count = len(sums.totals) // 2
    slope = np.zeros(2 * count)
    slope[count - 1], slope[-1] = -1 / sums.totals[count - 1], 1 / sums.totals[-1]
    return slope


def _growth(totals: Floats, place: int) -> float:
    """Return the logarithm of a factor's growth."""
    count = len(totals) // 2
    grown = math.log(totals[count + place] / totals[place])
    return grown - math.log(totals[count + place - 1] / totals[place - 1]) if place else grown


def _levels(totals: Floats) -> list[float | None]:
    levels: list[float | None] = [float(totals[0])]
    for above, below in zip(totals[1:], totals[:-1], strict=True):
        levels.append(float(above / below) if below else None)
    return levels


def _slope_of_growth(totals: Floats, place: int, count: int) -> Floats:
    """Return how the logarithm of a factor's growth moves with each total."""
    slope = np.zeros(2 * count)
    slope[place], slope[count + place] = -1 / totals[place], 1 / totals[count + place]
    if place:
        slope[place - 1] = 1 / totals[place - 1]
        slope[count + place - 1] = -1 / totals[count + place - 1]
    return slope


def _slope_of_weight(first: float, last: float, count: int) -> Floats:
    """Return how the logarithmic mean of net sales moves with each total."""
    slope = np.zeros(2 * count)
    slope[count - 1], slope[-1] = _pull(first, last), _pull(last, first)
    return slope


def _pull(one: float, other: float) -> float:
    """Return how the logarithmic mean moves with its first amount."""
    ratio = math.log(one / other)
    if abs(ratio) < _NEAR:
        return 0.5 - ratio / 6
    return (ratio - 1 + math.exp(-ratio)) / ratio**2
