"""What a campaign was worth: what it added beyond the control, against what it cost."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeAlias

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

from marketing_kpi.data.keeping import keeping
from marketing_kpi.errors import ComputeError, DataError
from marketing_kpi.kpis.frames import Frame, executed, same_kind
from marketing_kpi.kpis.intervals import normal_score
from marketing_kpi.text.messages import N_
from marketing_kpi.trials.checks import require_members
from marketing_kpi.trials.comparison import NO_VERDICT, Comparison, compare, is_plain_rate
from marketing_kpi.trials.power import SampleSize, sample_size

Worth: TypeAlias = Literal["paid", "lost", "cannot_tell"]
MarginSource: TypeAlias = Literal["margin", "margin_rate"]

POWER = 0.8
"""How probably the tests of `Incremental.needed_…` would find their effect."""

NOTES: Mapping[str, str] = MappingProxyType(
    {
        "no_margin": N_(
            "The gross profit on what members bought is not known, and no margin rate was given: "
            "what the campaign returned cannot be told."
        ),
        "margin_incomplete": N_(
            "The margin of some members is not known, though whether they bought is: the margins "
            "of the others are not used, since these are not members taken by chance."
        ),
        "assumed_margin_rate": N_("The margin is revenue times a rate that was given."),
        "no_cost": N_("The campaign cost nothing: there is no return on a cost of 0."),
        "orders_may_be_none": N_(
            "The campaign may have brought no order at all: their cost has no upper limit."
        ),
        "no_verdict": N_(
            "The comparison of the margins allows no verdict: what it returned cannot be told."
        ),
    }
)
"""What `incremental` may note, by id, beside what its comparisons do."""


class Amount(NamedTuple):
    """What a campaign added in all.

    Attributes
    ----------
    value
        The difference of the arms a head, times the treated; null where it is not known.
    low, high
        Its interval; null where there is none.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None


class Incremental(NamedTuple):
    """What a campaign added, and whether it repaid its cost.

    Attributes
    ----------
    control_n, treated
        Members of the control; treated members, for whom everything is counted.
    customers, orders, revenue, margin
        `Amount` of buyers, orders, net sales and gross profit that would not have been without the
        campaign; its three fields null where the members have no such column.
    cost
        What the campaign cost, in the currency of revenue.
    roi
        `Amount` of (incremental margin - cost) / cost, a fraction: 0 repays the cost. Null without
        margin or cost, and where the comparison of the margins allows no verdict.
    cost_per_order
        `Amount` of cost / incremental orders; `value` null when none was added, `high` null when
        none may have been, all null when orders can only have been lost.
    paid_probability
        Probability that the margin added exceeds the cost; null without margin, and where nothing
        is said. See `incremental` for what it rests on, and how far from the ends it may be taken.
    verdict
        ``"paid"`` when the whole interval of `margin` is above the cost, ``"lost"`` when it is
        below, else ``"cannot_tell"``.
    needed_for_conversion, needed_for_revenue
        `SampleSize` it would take to find the lift of buyers, or of revenue a head, that was seen,
        four times in five, with the same share of control; null when none was seen.
    needed_for_break_even
        The same for a campaign that adds just its cost in margin; null without margin or cost.
    margin_source
        ``"margin"`` (as the members have it), ``"margin_rate"`` (revenue times the rate given);
        null without either.
    alpha
        One less the confidence of the intervals.
    comparisons
        Outcome to its `Comparison`, a head.
    notes
        Ids of `NOTES`.
    """

    control_n: int
    treated: int
    customers: Amount
    orders: Amount
    revenue: Amount
    margin: Amount
    cost: float
    roi: Amount
    cost_per_order: Amount
    paid_probability: float | None
    verdict: Worth
    needed_for_conversion: SampleSize | None
    needed_for_revenue: SampleSize | None
    needed_for_break_even: SampleSize | None
    margin_source: MarginSource | None
    alpha: float
    comparisons: Mapping[str, Comparison]
    notes: tuple[str, ...]


def incremental(
    members: Frame,
    *,
    cost: float,
    margin_rate: float | None = None,
    arm: str = "arm",
    control: Any = "control",
    treatment: Any = None,
    alpha: float = 0.05,
    covariate: str | None = None,
    rng: np.random.Generator | None = None,
) -> Incremental:
    r"""Say what a campaign added, with intervals, and whether that repaid its cost.

    Parameters
    ----------
    members
        A row a member, as `members` makes them: bought, revenue, and where known orders and
        margin; pandas, or an Ibis table.
    cost
        What contacting the treated cost, 0 or more, in the currency of revenue: the messages and
        their preparation, not the discounts that are taken off revenue already.
    margin_rate
        Gross profit / net sales, a fraction, where the members have no margin, or some of them
        have none; what they have comes first.
    arm, control, treatment, alpha, rng
        As in `compare`.
    covariate
        A column known before, such as revenue_before, for orders, revenue and margin.

    Returns
    -------
    Incremental

    Raises
    ------
    ComputeError
        When the cost is negative or not a number, the margin rate over 1, or as `compare` says.
    ColumnError, DataError
        As `compare`; when the revenue of some members is not known, though whether they bought is.

    Notes
    -----
    Each amount is the difference of the arms a head times the treated, and its interval that of
    the difference times as many: the control tells what they would have done. ROI and cost per
    order are functions of one such amount, so that their intervals are its own, carried over: with
    :math:`M` the margin, :math:`(M - c) / c`; with :math:`n` orders, :math:`c / n`, which has no
    upper end once :math:`n` may be 0.

    The probability of having paid reads the test backwards: it is 1 - p of the one-sided test
    that the margin added is the cost at most, by the same skewness-corrected statistic as the
    interval (its confidence distribution; a Bayesian's posterior when nothing was known before).
    It is above :math:`1 - \alpha / 2` where the verdict is ``"paid"``, save for the degrees of
    freedom, which it takes as many. Where the control is the smaller arm and its buyers are few,
    the interval keeps its promise in all, but misses on one side more than on the other: at
    break-even the probability is over .95 in 1 test of 100 rather than 5, and under .025 in 4.

    A margin that is not known of some members is not used: `margin_rate` takes its place.

    References
    ----------
    Xie, M. and Singh, K. (2013). Confidence distribution, the frequentist distribution estimator
    of a parameter. International Statistical Review 81(1), 3-39.

    Examples
    --------
    >>> people = pd.DataFrame({"arm": ["control"] * 1000 + ["treatment"] * 1000,
    ...                        "bought": [1] * 100 + [0] * 900 + [1] * 150 + [0] * 850})
    >>> people = people.assign(orders=people.bought, revenue=people.bought * 40.0)
    >>> found = incremental(people, cost=250.0, margin_rate=0.5)
    >>> found.revenue.value, found.roi.value, round(found.customers.value, 6)
    (2000.0, 3.0, 50.0)
    >>> found.verdict, round(found.paid_probability, 3)
    ('paid', 0.994)
    """
    _check(cost, margin_rate)
    require_members(members, [arm, "bought", "revenue"])
    with _at_hand(members, (arm, *([covariate] if covariate else []))) as table:
        incomplete = _incomplete(table)
        if "revenue" in incomplete:
            raise DataError(
                "the revenue of some members is not known, though whether they bought is",
                hint="write 0 for who bought nothing",
            )
        comparisons = {
            name: compare(
                table,
                outcome=name,
                arm=arm,
                control=control,
                treatment=treatment,
                kind="rate" if name == "bought" else "mean",
                alpha=alpha,
                covariate=None if name == "bought" else covariate,
                rng=rng,
            )
            for name in _known(table)
            if name not in incomplete
        }
    of_margin = _of_margin(comparisons, margin_rate)
    first = comparisons["bought"]
    treated = first.treatment_n + first.treatment_missing
    amounts = {name: _in_all(found, treated) for name, found in comparisons.items()}
    margin = _scaled(amounts[of_margin.column], of_margin.rate) if of_margin else Amount()
    told = of_margin is not None and not NO_VERDICT & {*comparisons[of_margin.column].notes}
    orders = amounts.get("orders", Amount())
    per_order = _cost_per_order(orders, cost)
    holds = {
        "margin_incomplete": "margin" in incomplete,
        "no_margin": of_margin is None,
        "assumed_margin_rate": of_margin is not None and of_margin.source == "margin_rate",
        "no_cost": cost == 0,
        "orders_may_be_none": per_order.value is not None and per_order.high is None,
        "no_verdict": of_margin is not None and not told,
    }
    return Incremental(
        control_n=first.control_n + first.control_missing,
        treated=treated,
        customers=amounts["bought"],
        orders=orders,
        revenue=amounts["revenue"],
        margin=margin,
        cost=cost,
        roi=_roi(margin, cost) if told else Amount(),
        cost_per_order=per_order,
        paid_probability=_paid(comparisons, of_margin, cost / treated) if told else None,
        verdict=_verdict(margin, cost) if told else "cannot_tell",
        needed_for_conversion=_needed(first, first.absolute_lift),
        needed_for_revenue=_needed(comparisons["revenue"], comparisons["revenue"].absolute_lift),
        needed_for_break_even=_needed_for_break_even(comparisons, of_margin, cost / treated),
        margin_source=None if of_margin is None else of_margin.source,
        alpha=alpha,
        comparisons=MappingProxyType(comparisons),
        notes=tuple(name for name, so in holds.items() if so),
    )


class _Margin(NamedTuple):
    """Where the margin comes from: a column of the members, times a rate."""

    source: MarginSource
    column: str
    rate: float


def _of_margin(known: Mapping[str, Comparison], margin_rate: float | None) -> _Margin | None:
    if "margin" in known:
        return _Margin("margin", "margin", 1.0)
    return None if margin_rate is None else _Margin("margin_rate", "revenue", margin_rate)


_OUTCOMES = ("bought", "orders", "revenue", "margin")


@contextmanager
def _at_hand(members: Frame, columns: tuple[str, ...]) -> Iterator[Frame]:
    """Keep what is read of a lazy table in its engine: each comparison would make it anew."""
    wanted = [name for name in ("customer_id", *_OUTCOMES) if name in members.columns]
    names = list(dict.fromkeys([*columns, *wanted]))
    require_members(members, names)
    if isinstance(members, pd.DataFrame):
        yield members[names]
    else:
        with keeping(members.select(*names)) as table:
            yield table


def _known(members: Frame) -> list[str]:
    """Return the outcomes that the members have, and of which a value is known."""
    there = [name for name in _OUTCOMES if name in members.columns]
    if isinstance(members, pd.DataFrame):
        counts = {name: int(members[name].notna().sum()) for name in there}
    else:
        counted = members.aggregate(**{name: members[name].count() for name in there})
        (counts,) = counted.to_pyarrow().to_pylist()
    return [name for name in there if counts[name] or name in ("bought", "revenue")]


def _incomplete(members: Frame) -> set[str]:
    """Return which of revenue and margin is known of some, but not of all whose purchase is.

    Those who lack it are buyers alone, at an unknown cost, or those who bought nothing alone, whom
    a join left empty: without them, the arms are not those that were drawn.
    """
    names = [name for name in ("revenue", "margin") if name in members.columns]

    def query(rows: ir.Table) -> ir.Table:
        return rows.aggregate(
            **{f"{name}_known": rows[name].count() for name in names},
            **{
                f"{name}_lacking": (rows[name].isnull() & rows.bought.notnull()).sum()
                for name in names
            },
        )

    wanted = ["bought", *names]
    chosen = members[wanted] if isinstance(members, pd.DataFrame) else members.select(*wanted)
    counts = executed(same_kind(chosen, query)).fillna(0).iloc[0]
    return {name for name in names if counts[f"{name}_known"] and counts[f"{name}_lacking"]}


def _in_all(found: Comparison, treated: int) -> Amount:
    return _scaled(Amount(found.absolute_lift, found.absolute_low, found.absolute_high), treated)


def _scaled(amount: Amount, factor: float) -> Amount:
    """Multiply an amount; a negative factor turns its interval round."""
    value, low, high = (None if bound is None else bound * factor for bound in amount)
    return Amount(value, low, high) if factor >= 0 else Amount(value, high, low)


def _roi(margin: Amount, cost: float) -> Amount:
    if cost == 0:
        return Amount()
    return Amount(*(None if bound is None else (bound - cost) / cost for bound in margin))


def _cost_per_order(orders: Amount, cost: float) -> Amount:
    """Return the cost of an incremental order; the fewest orders make it dearest."""
    if orders.high is not None and orders.high <= 0:
        return Amount()
    value, dearest, cheapest = (
        cost / count if count is not None and count > 0 else None for count in orders
    )
    return Amount(value, cheapest, dearest)


def _verdict(margin: Amount, cost: float) -> Worth:
    if margin.low is None or margin.high is None or margin.low <= cost <= margin.high:
        return "cannot_tell"
    return "paid" if margin.low > cost else "lost"


def probability_above(
    value: npt.ArrayLike, *, lift: npt.ArrayLike, error: npt.ArrayLike, skew: npt.ArrayLike
) -> npt.NDArray[np.float64]:
    """Return the probability that a true difference of means exceeds a value; arrays broadcast.

    Parameters
    ----------
    value
        What it shall exceed.
    lift, error, skew
        The difference seen, its standard error, and its skewness as `means.hall` allows for it.

    Examples
    --------
    >>> float(probability_above(3.0, lift=3.0, error=2.0, skew=0.0))
    0.5
    """
    from scipy.special import ndtr

    beyond = (np.asarray(lift, dtype="float64") - value) / np.asarray(error, dtype="float64")
    return np.asarray(ndtr(normal_score(beyond, skew)))


def _paid(
    comparisons: Mapping[str, Comparison], margin: _Margin | None, cost_a_head: float
) -> float | None:
    """Return the probability that the margin added a head exceeds its cost."""
    if margin is None:
        return None
    if not margin.rate:
        return 0.0 if cost_a_head else None  # a margin of 0 repays no cost
    found = comparisons[margin.column]
    error = found.standard_error
    if error is None or found.absolute_lift is None:
        return None
    needed = cost_a_head / margin.rate
    above = probability_above(needed, lift=found.absolute_lift, error=error, skew=found.skew or 0.0)
    return float(above if margin.rate > 0 else 1 - above)


# --- What it would have taken ---------------------------------------------------------------


def spread(found: Comparison) -> float | None:
    """Return the standard deviation of a member's outcome that a plan rests on.

    Where customers or stores were drawn, or a covariate narrows the interval, it is the one that
    makes the error of the difference what it is, of a rate too. Null where it is not known, and for
    a plain rate, whose spread is in the rate itself.
    """
    if found.standard_error is None:
        return None
    return found.standard_error / math.sqrt(1 / found.control_n + 1 / found.treatment_n)


def _needed(found: Comparison, lift: float | None) -> SampleSize | None:
    """Return the sizes that find a lift, with the same share of control."""
    if lift is None or found.control_value is None or lift == 0:
        return None
    sd = spread(found)
    if sd is None and not is_plain_rate(found):
        return None
    size = sample_size(
        found.control_value,
        found.control_value + lift,
        control_share=found.control_n / (found.control_n + found.treatment_n),
        sd=sd,
        power=POWER,
        alpha=found.alpha,
    )
    return None if math.isnan(size.exact) else size


def _needed_for_break_even(
    comparisons: Mapping[str, Comparison], margin: _Margin | None, cost_a_head: float
) -> SampleSize | None:
    if margin is None or not margin.rate > 0:
        return None
    return _needed(comparisons[margin.column], cost_a_head / margin.rate)


# --- What is refused ------------------------------------------------------------------------


def _check(cost: float, margin_rate: float | None) -> None:
    if not (cost >= 0 and math.isfinite(cost)):
        raise ComputeError(f"cost == {cost}, must be 0 or more, in the currency of revenue")
    if margin_rate is not None and not margin_rate <= 1:
        raise ComputeError(
            f"margin_rate == {margin_rate}, must be at most 1", hint="40 % is written 0.40"
        )
