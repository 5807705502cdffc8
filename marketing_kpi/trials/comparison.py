"""Did the treatment do better than the control? One comparison, or several corrected together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeAlias

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

from marketing_kpi.errors import ComputeError, DataError, unknown
from marketing_kpi.kpis.frames import Frame, executed, same_kind
from marketing_kpi.text.messages import N_
from marketing_kpi.trials import means, rates, sums
from marketing_kpi.trials.adjustment import Columns, effective, values
from marketing_kpi.trials.checks import check_alpha, require_members
from marketing_kpi.trials.rates import Bounds
from marketing_kpi.trials.sums import Arm, Array, Moments

Verdict: TypeAlias = Literal["higher", "lower", "cannot_tell"]
Kind: TypeAlias = Literal["rate", "mean", "ratio"]
Correction: TypeAlias = Literal["holm", "benjamini_hochberg"]
Outcome: TypeAlias = "str | tuple[str, str]"

NO_VERDICT = frozenset(
    {
        "too_few_buyers", "too_few_members", "too_few_clusters", "constant_outcome", "no_spread",
        "no_denominator",
    }
)  # fmt: skip
"""Notes of `NOTES` beside which nothing is said."""

KINDS = ("rate", "mean", "ratio")
CORRECTIONS = ("holm", "benjamini_hochberg")

FEWEST_BUYERS = 30
"""Buyers of the smaller arm under which nothing is said of an outcome that is mostly 0.

They are counted in the control. A treatment may have few because it did harm: its own are those
to be expected from the share who buy in both arms.
"""

ENOUGH_BUYERS = 600
"""Buyers of the smaller arm from which the interval of such an outcome keeps its promise.

They are counted in the control, and to be expected in the smaller arm with a margin for chance
(`LUCK`) from the share who buy in both: a control that has 600 by luck has too high a mean as well,
and cries wolf. What is not asked is a skewness: samples that show little of it are those that lack
the big spenders, and to spare them a warning would be worse.
"""

LUCK = 2.0
"""Standard deviations of a count, its square root: what it may owe to chance; a convention."""

FEWEST_VALUES = 10
"""Members of an arm under which nothing is said of a mean."""

FEWEST_CLUSTERS, ENOUGH_CLUSTERS = 5, 20
"""Clusters of an arm, of equal size, under which nothing is said, or with a warning."""

SKEWED = 0.3
"""Skewness of the mean of the smaller arm from which the interval of a mean is a warned one."""

NOTES: Mapping[str, str] = MappingProxyType(
    {
        "few_buyers": N_(
            "Fewer than 600 buyers in the smaller arm, or hardly more going by both: the interval "
            "allows for the big spenders that so small a group may lack, and finds real effects "
            "less often."
        ),
        "too_few_buyers": N_(
            "Fewer than 30 buyers in the smaller arm: too few for a verdict on amounts."
        ),
        "too_few_members": N_("Too few members in an arm for a verdict."),
        "skewed_outcome": N_(
            "The values are very unequal for so few members: take the interval as approximate."
        ),
        "few_events": N_(
            "So few events are expected in an arm that only a very large effect would show."
        ),
        "few_clusters": N_("Few units were drawn in an arm: take the interval as approximate."),
        "too_few_clusters": N_("Too few units were drawn in an arm for a verdict."),
        "constant_outcome": N_(
            "The outcome is the same for everyone: there is nothing to compare."
        ),
        "no_spread": N_(
            "The outcome does not vary within the arms: nothing tells how much of the difference "
            "is chance."
        ),
        "no_denominator": N_("The denominator adds up to 0 in an arm: its ratio is not defined."),
        "missing_outcomes": N_("Members without a known outcome were left out."),
        "missing_values": N_(
            "Members whose outcome, covariate or unit drawn is not known were left out."
        ),
        "unknown_arm": N_("Members without an arm were left out."),
        "repeated_customers": N_(
            "Some customers have several rows: values are a row, not a customer, and the interval "
            "allows for rows of a customer that are alike."
        ),
        "control_at_zero": N_("The control is at 0: the relative lift is not defined."),
        "control_below_zero": N_("The control is below 0: a relative lift has no meaning."),
        "relative_unbounded": N_(
            "The control may be at 0 for all that is known: the relative lift has no bound."
        ),
        "relative_disagrees": N_(
            "The interval of the relative lift, an approximate one, lies otherwise about 0 than "
            "that of the difference: the verdict is of the difference."
        ),
        "borderline": N_(
            "The p-value and the interval lie on either side of the limit: no verdict is given."
        ),
        "permutation_disagrees": N_(
            "Dealing the members to the arms again gives another answer than the interval."
        ),
        "several_comparisons": N_(
            "Several comparisons were made: p-values and intervals allow for their number."
        ),
        "uncorrected": N_(
            "Several comparisons were made without a correction: one in twenty finds an effect "
            "where there is none."
        ),
        "segments": N_(
            "A segment that stands out among several may do so by chance: try it again before "
            "acting on it."
        ),
        "arm_empty": N_("An arm has no member with a known outcome here."),
    }
)
"""What a comparison may note, by id."""


class Part(NamedTuple):
    """One of the two parts of an amount a head: the share who buy, or what buyers spend.

    Attributes
    ----------
    control_value, treatment_value
        The share of buyers, or the mean of the buyers; null without members, or buyers.
    lift
        Treatment less control.
    low, high
        Its interval; null where it cannot be had.
    p_value
        Of no difference, two-sided.

    Who buys is an outcome of the campaign: the buyers of two arms are no longer the same kind of
    people, so that the part of the basket describes more than it proves.
    """

    control_value: float | None
    treatment_value: float | None
    lift: float | None
    low: float | None
    high: float | None
    p_value: float | None


class Comparison(NamedTuple):
    """What a treatment changed, against the control.

    Attributes
    ----------
    control_n, treatment_n
        Members of both arms whose outcome is known.
    control_value, treatment_value
        Rate (fraction), mean or ratio of sums of each arm; adjusted, with a covariate.
    absolute_lift
        Treatment less control.
    absolute_low, absolute_high
        Its interval, of confidence 1 - `alpha`; null when it cannot be had.
    relative_lift
        Treatment / control - 1, a fraction; null when the control is not above 0.
    relative_low, relative_high
        Its interval; null with the lift, and on the side where it has no end.
    p_value
        Of no difference, two-sided; null when there is no interval.
    method
        ``newcombe_pooled_z`` or ``newcombe_mid_p`` (rates), ``hall`` (means), ``hall_ratio``; with
        ``_covariate`` and ``_clusters`` where the values are adjusted or summed to clusters.
    verdict
        ``"higher"`` or ``"lower"`` when p < alpha, the interval excludes 0 and there are enough
        data; else ``"cannot_tell"``.
    notes
        Ids of `NOTES`.
    kind
        ``"rate"``, ``"mean"`` or ``"ratio"``.
    outcome
        The column, or the pair of them, as text: ``"revenue"``, ``"revenue / orders"``.
    control, treatment
        The names of the arms.
    alpha
        One less the confidence of the intervals, and the limit of the p-value.
    control_missing, treatment_missing
        Members left out since their outcome is not known.
    control_buyers, treatment_buyers
        Members whose outcome is not 0.
    control_clusters, treatment_clusters
        Units drawn; null without `cluster`.
    standard_error
        Of the absolute lift, Welch's; null for a plain rate.
    welch_t, welch_low, welch_high, welch_p
        Welch's t test of the same values, for reference; null for a plain rate.
    permutation_p
        Studentised permutation p-value; null unless the outcome is mostly 0 and the smaller arm
        has fewer than 600 buyers.
    skew
        Skewness of the difference that the interval allows for; null for a plain rate.
    conversion, basket
        The two parts of an outcome that is mostly 0; else null.
    """

    control_n: int
    treatment_n: int
    control_value: float | None
    treatment_value: float | None
    absolute_lift: float | None
    absolute_low: float | None
    absolute_high: float | None
    relative_lift: float | None
    relative_low: float | None
    relative_high: float | None
    p_value: float | None
    method: str
    verdict: Verdict
    notes: tuple[str, ...]
    kind: Kind = "rate"
    outcome: str = ""
    control: Any = "control"
    treatment: Any = "treatment"
    alpha: float = 0.05
    control_missing: int = 0
    treatment_missing: int = 0
    control_buyers: int | None = None
    treatment_buyers: int | None = None
    control_clusters: int | None = None
    treatment_clusters: int | None = None
    welch_t: float | None = None
    welch_low: float | None = None
    welch_high: float | None = None
    welch_p: float | None = None
    permutation_p: float | None = None
    skew: float | None = None
    conversion: Part | None = None
    basket: Part | None = None
    standard_error: float | None = None


def is_plain_rate(found: Comparison) -> bool:
    """Say whether a rate of members was compared, not one of clusters or with a covariate."""
    return found.method.startswith("newcombe")


_ESTIMATES = (
    *Comparison._fields[2:10],
    "p_value",
    "p_adjusted",
    "welch_t",
    "welch_low",
    "welch_high",
    "welch_p",
    "permutation_p",
    "skew",
    "standard_error",
)


class _Question(NamedTuple):
    """What is compared, and how."""

    outcome: tuple[str, ...]
    arm: str
    control: Any
    kind: Kind | None
    covariate: str | None
    cluster: str | None
    by: tuple[str, ...] = ()

    @property
    def columns(self) -> list[str]:
        return [*self.outcome, *([self.covariate] if self.covariate else [])]

    @property
    def places(self) -> Columns:
        """Which of the columns of the moments is what."""
        own, held = len(self.outcome), len(self.columns)
        size = held if self.cluster else None
        return Columns(
            denominator=1 if own == 2 else size,
            covariate=own if self.covariate else None,
            size=size,
        )


def compare(
    members: Frame,
    *,
    outcome: Outcome,
    arm: str = "arm",
    control: Any = "control",
    treatment: Any = None,
    kind: Kind | None = None,
    alpha: float = 0.05,
    covariate: str | None = None,
    cluster: str | None = None,
    rng: np.random.Generator | None = None,
) -> Comparison:
    r"""Compare an outcome of the treatment with that of the control.

    Parameters
    ----------
    members
        A row a member of the test, whether or not anything came of it: pandas, or an Ibis table
        of any engine, where the sums are then made.
    outcome
        A column of booleans or of 0 and 1 (a rate), of numbers (a mean), or a pair of columns,
        numerator and denominator (a ratio of sums, such as revenue over orders).
    arm
        The column that names the arm.
    control, treatment
        The names of the arms compared; `treatment` may be left out when there is one other arm.
    kind
        ``"rate"``, ``"mean"`` or ``"ratio"``; None: by the values of the outcome.
    alpha
        One less the confidence, between 0 and 1.
    covariate
        A column known before the arms were drawn, such as the revenue of the months before: what
        it explains is taken out of the outcome.
    cluster
        The column of the unit that was drawn, a store or a household, when that is not the
        member.
    rng
        Source of chance of the permutations; by default one of a fixed seed.

    Returns
    -------
    Comparison
        Values, lifts with their intervals, p-value, verdict and notes.

    Raises
    ------
    ColumnError
        When a column is missing, or the outcome is text.
    ComputeError
        When `control` or `treatment` is no arm, `treatment` is needed to choose one of several,
        or an argument is not valid.
    DataError
        When there is one arm only, an arm has no known outcome, a value is infinite, a customer
        or a cluster is in both arms, or a rate has values other than 0 and 1.

    Notes
    -----
    Members whose outcome (or covariate, or cluster, or arm) is null are left out, and noted. With
    a column customer_id, customers who have several rows are taken as the unit drawn: values and
    counts then stay those of a row (an order, a visit), so that a customer of four rows weighs
    four times, and only the intervals allow for it. For values a customer, sum the rows first.

    Rates: the z test with the pooled rate, mid-p where a count under 27 is expected, and
    Newcombe's interval (`rates`). Means and ratios of sums: `means.hall` on the moments of the
    values, linearised for a ratio. An outcome that is 0 for most members is judged by the buyers
    of the smaller arm: a warning under 600, no verdict under 30. The relative lift is significant
    when the absolute one is: it has an interval, but no test of its own.

    Examples
    --------
    >>> members = pd.DataFrame({"arm": ["control"] * 1000 + ["treatment"] * 9000,
    ...     "bought": [1] * 50 + [0] * 950 + [1] * 720 + [0] * 8280})
    >>> found = compare(members, outcome="bought")
    >>> round(found.absolute_lift, 3), found.verdict, found.method
    (0.03, 'higher', 'newcombe_pooled_z')
    """
    check_alpha(alpha)
    question = _question(members, outcome, arm, control, kind, covariate, cluster)
    question, notes = _units_drawn(members, question)
    arms = sums.moments(members, arm=arm, columns=question.columns, cluster=question.cluster)
    pair = _pair(arms, control, treatment)
    _usable(pair)
    notes += _of_nobody(arms)
    return _compared(_case(members, pair, question, rng, notes), alpha)


COMPARED = (*Comparison._fields, "p_adjusted")
"""Names that columns of what `compare_all` returns may have: a segment has none of them."""


def compare_all(
    members: Frame,
    *,
    outcomes: Sequence[Outcome],
    arm: str = "arm",
    control: Any = "control",
    by: str | Sequence[str] = (),
    correction: Correction | None = "holm",
    alpha: float = 0.05,
    covariate: str | None = None,
    cluster: str | None = None,
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    r"""Compare several outcomes, treatments or segments, and correct for their number.

    Parameters
    ----------
    members, arm, control, covariate, cluster, rng
        As in `compare`.
    outcomes
        Columns, or pairs of them, as in `compare`.
    by
        Columns that part the members into segments, known before the arms were drawn; null is a
        segment of its own.
    correction
        ``"holm"``: no false finding at all, but with probability alpha;
        ``"benjamini_hochberg"``: a share alpha of the findings false, on average; None: as if each
        were the only one, with a note.
    alpha
        One less the confidence, for all comparisons together.

    Returns
    -------
    pandas.DataFrame
        A row an outcome, treatment and segment: treatment, outcome, the columns of `by`, the
        fields of `Comparison` but its parts, and p_adjusted (null where p_value is). Here alpha is
        the level that the row was held to, the one of its interval, and so is the verdict.

    Raises
    ------
    ColumnError, ComputeError, DataError
        As in `compare`; when `by` names the arm, or a column that the result has. A segment in
        which an arm has no known outcome has a row with nulls and the note ``arm_empty``.

    Notes
    -----
    Holm: with :math:`m` comparisons, the k-th smallest p-value is held to
    :math:`\alpha / (m - k + 1)`, until one fails; the others are held to its level. Benjamini and
    Hochberg: with :math:`R` findings, these are held to :math:`R \alpha / m` (the intervals of
    Benjamini and Yekutieli), the others to :math:`(R + 1) \alpha / m`. Each interval has the level
    that its p-value is held to, so that none contradicts its verdict.

    References
    ----------
    Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal
    of Statistics 6(2), 65-70.

    Benjamini, Y. and Hochberg, Y. (1995). Controlling the false discovery rate. Journal of the
    Royal Statistical Society, Series B 57(1), 289-300.

    Benjamini, Y. and Yekutieli, D. (2005). False discovery rate-adjusted multiple confidence
    intervals for selected parameters. Journal of the American Statistical Association 100(469).

    Examples
    --------
    >>> members = pd.DataFrame({"arm": ["control"] * 1000 + ["treatment"] * 9000,
    ...     "bought": [1] * 50 + [0] * 950 + [1] * 720 + [0] * 8280, "visited": [0, 1] * 5000})
    >>> found = compare_all(members, outcomes=["bought", "visited"])
    >>> found[["outcome", "alpha", "verdict"]]
       outcome  alpha      verdict
    0   bought  0.025       higher
    1  visited  0.050  cannot_tell
    """
    check_alpha(alpha)
    if correction is not None and correction not in CORRECTIONS:
        message, hint = unknown("correction", str(correction), CORRECTIONS)
        raise ComputeError(message, hint=hint)
    segments = list(dict.fromkeys([by] if isinstance(by, str) else by))
    _check_segments(segments, arm)
    questions = [
        _question(members, outcome, arm, control, None, covariate, cluster)
        for outcome in ([outcomes] if isinstance(outcomes, str) else outcomes)
    ]
    if not questions:
        raise ComputeError("outcomes is empty, must name a column or more")
    cases = _cases(members, questions, segments, rng)
    p_values = np.array([_or_nan(_compared(case, alpha).p_value) for case in cases])
    adjusted, levels = corrected(p_values, correction=correction, alpha=alpha)
    several = _several(len(cases), segments, correction)
    rows = []
    for case, p_adjusted, level in zip(cases, adjusted, levels, strict=True):
        found = _compared(case, float(level))._asdict()
        found["notes"] += several
        group = dict(zip(segments, case.pair[1].group, strict=True))
        rows.append({**group, **found, "p_adjusted": p_adjusted})
    first = ["outcome", "treatment", *segments]
    fields = [name for name in Comparison._fields if name not in (*first, "conversion", "basket")]
    fields.insert(fields.index("p_value") + 1, "p_adjusted")
    columns = {name: [row[name] for row in rows] for name in first + fields}
    estimates = {name: np.array(columns[name], "float64") for name in fields if name in _ESTIMATES}
    return pd.DataFrame(columns | estimates)


def corrected(
    p_values: Array, *, correction: Correction | None, alpha: float
) -> tuple[Array, Array]:
    """Correct p-values for their number, and say which level each is held to.

    Parameters
    ----------
    p_values
        NaN: no test, which does not count.
    correction, alpha
        As in `compare_all`.

    Returns
    -------
    tuple of numpy.ndarray
        Adjusted p-values, and levels: an adjusted p-value is under `alpha` just when the p-value
        is under its level.

    Examples
    --------
    >>> adjusted, levels = corrected(np.array([0.01, 0.04, 0.03]), correction="holm", alpha=0.05)
    >>> adjusted.round(4).tolist(), levels.round(4).tolist()
    ([0.03, 0.06, 0.06], [0.0167, 0.025, 0.025])
    """
    adjusted, levels = p_values.copy(), np.full(len(p_values), alpha)
    known = ~np.isnan(p_values)
    count, p = int(known.sum()), p_values[known]
    if correction is None or not count:
        return adjusted, levels
    order = np.argsort(p, kind="stable")
    back = np.argsort(order, kind="stable")
    ordered = p[order]
    if correction == "holm":
        # Equal p-values are held to the level of the first of them.
        remaining = count - np.searchsorted(ordered, ordered)
        stepped = np.maximum.accumulate(remaining * ordered)
        failed = stepped >= alpha
        last = remaining[failed].max(initial=0)
        held = alpha / np.where(failed, last, remaining)
    else:
        ranks = np.arange(1, count + 1)
        stepped = np.minimum.accumulate((count / ranks * ordered)[::-1])[::-1]
        failed = stepped >= alpha
        findings = count - int(failed.sum())
        held = alpha / count * np.where(failed, findings + 1, findings)
    adjusted[known], levels[known] = np.minimum(stepped, 1.0)[back], held[back]
    return adjusted, levels


def _several(count: int, by: Sequence[str], correction: Correction | None) -> tuple[str, ...]:
    """Return the notes that rows of several comparisons need."""
    notes = ("segments",) if by else ()
    if count < 2:
        return notes
    return (*notes, "several_comparisons" if correction else "uncorrected")


# --- What is asked --------------------------------------------------------------------------


def _check_segments(by: Sequence[str], arm: str) -> None:
    for name in by:
        if name in (arm, *COMPARED):
            kind = "the arm" if name == arm else "a column of the result"
            raise ComputeError(
                f"by names '{name}', which is {kind}",
                hint=f"rename it, for instance members.rename(columns={{'{name}': 'segment'}})"
                if name != arm
                else "segments part the members of both arms",
            )


def _question(
    members: Frame,
    outcome: Outcome,
    arm: str,
    control: Any,
    kind: Kind | None,
    covariate: str | None,
    cluster: str | None,
) -> _Question:
    names = (outcome,) if isinstance(outcome, str) else tuple(outcome)
    if len(names) > 2:
        raise ComputeError(
            f"outcome has {len(names)} columns, must be one, or a numerator and a denominator"
        )
    if kind is not None and kind not in KINDS:
        message, hint = unknown("kind", str(kind), KINDS)
        raise ComputeError(message, hint=hint)
    if kind is not None and (kind == "ratio") != (len(names) == 2):
        raise ComputeError(
            f"kind == '{kind}' with outcome {outcome!r}",
            hint="a ratio takes outcome=('numerator', 'denominator'), a rate or a mean one column",
        )
    _check_parts(arm, names, covariate=covariate, cluster=cluster)
    optional = [name for name in (covariate, cluster) if name is not None]
    require_members(members, [arm, *names, *optional])
    kind = "ratio" if len(names) == 2 else kind
    return _Question(names, arm, control, kind, covariate, cluster)


def _check_parts(arm: str, outcome: Sequence[str], **others: str | None) -> None:
    """Refuse a column that is asked to be two things at once."""
    if arm in outcome:
        raise ComputeError(f"outcome == '{arm}', which is the arm")
    for part, name in others.items():
        if name is not None and name in (arm, *outcome):
            kind = "the arm" if name == arm else "the outcome"
            hint = (
                "what is known before the arms are drawn, such as the revenue of the months before"
                if part == "covariate"
                else "the unit that was drawn, such as a store or a household"
            )
            raise ComputeError(f"{part} == '{name}', which is {kind}", hint=hint)


def _units_drawn(members: Frame, question: _Question) -> tuple[_Question, tuple[str, ...]]:
    """Refuse units that are in several arms; take customers with several rows as the unit."""
    units = dict.fromkeys(name for name in (question.cluster, "customer_id") if name)
    several = [unit for unit in units if unit in members.columns and not _each_once(members, unit)]
    for unit in several:  # the others are in one arm
        _refuse_shared(members, unit, question.arm)
    if question.cluster is None and several:
        return question._replace(cluster=several[0]), ("repeated_customers",)
    return question, ()


def _refuse_shared(members: Frame, unit: str, arm: str) -> None:
    """Refuse units that are in several arms."""

    def shared(table: ir.Table) -> ir.Table:
        known = table.filter(table[unit].notnull(), table[arm].notnull())
        units = known.group_by(unit).aggregate(arms=known[arm].nunique())
        return units.aggregate(shared=(units.arms > 1).sum())

    chosen = (
        members[[unit, arm]] if isinstance(members, pd.DataFrame) else members.select(unit, arm)
    )
    several = int(executed(same_kind(chosen, shared))["shared"].fillna(0).sum())
    if several:
        raise DataError(
            f"{several} values of '{unit}' are in several arms",
            hint=f"a test needs each '{unit}' in one arm: leave out those in both, and find out "
            "how they came there",
        )


def _each_once(members: Frame, unit: str) -> bool:
    """Say whether no known unit has several rows."""
    if isinstance(members, pd.DataFrame):
        return bool(members[unit].dropna().is_unique)
    ids = members[unit]
    rows, units = executed(members.aggregate(rows=ids.count(), units=ids.nunique())).iloc[0]
    return bool(rows == units)


def _pair(arms: Sequence[Arm], control: Any, treatment: Any) -> tuple[Arm, Arm]:
    """Return the control and the treatment."""
    by_name = {arm.name: arm for arm in arms if arm.name is not None}
    for name in (control, treatment):
        if name is not None and name not in by_name:
            raise _unknown_arm(name, by_name)
    others = [name for name in by_name if name != control]
    if treatment is None and len(others) > 1:
        listed = ", ".join(repr(name) for name in others)
        raise ComputeError(
            f"{len(others)} arms beside the control: {listed}",
            hint=f"compare one with treatment={others[0]!r}, or all with compare_all, which "
            "corrects for their number",
        )
    if not others:
        raise DataError(
            f"the members have one arm only, {control!r}",
            hint="a comparison needs the members of both arms, also those who did nothing",
        )
    chosen = others[0] if treatment is None else treatment
    if chosen == control:
        raise ComputeError(f"treatment == {treatment!r}, must be another arm than the control")
    return by_name[control], by_name[chosen]


def _unknown_arm(name: Any, known: Iterable[Any]) -> ComputeError:
    for other in known:
        if str(other) == str(name):  # 0 and "0"
            return ComputeError(
                f"arm {name!r} not found: it is {other!r} there, not text"
                if isinstance(name, str)
                else f"arm {name!r} not found: it is the text {other!r} there"
            )
    message, hint = unknown("arm", str(name), [str(other) for other in known])
    return ComputeError(message, hint=hint)


def _usable(pair: tuple[Arm, Arm]) -> None:
    for arm in pair:
        if arm.infinite:
            raise DataError(
                f"{arm.infinite} values of arm {arm.name!r} are infinite, must be numbers",
                hint="an infinite value often comes of a division by 0: make it null, or 0",
            )
        if not arm.members:
            raise DataError(
                f"no member of arm {arm.name!r} has a known outcome ({arm.missing} are missing)",
                hint="who did nothing has an outcome of 0, not a missing one",
            )


def _kind(pair: tuple[Arm, Arm], question: _Question) -> Kind:
    between = any(arm.between for arm in pair)
    if question.kind == "rate" and between and question.cluster is None:
        raise DataError(
            f"outcome '{question.outcome[0]}' has values other than 0 and 1, must be a rate",
            hint="kind='mean' compares the means of numbers",
        )
    return question.kind or ("mean" if between else "rate")


# --- The comparison -------------------------------------------------------------------------


class _Found(NamedTuple):
    """An estimate of a pair of arms, as arrays without dimensions."""

    control: Any
    treatment: Any
    absolute: Bounds
    relative: Bounds
    p_value: Any
    method: str
    notes: tuple[str, ...]
    enough: bool


_NOTHING = Bounds(*map(np.asarray, (np.nan,) * 3))
_EMPTY = _Found(np.nan, np.nan, _NOTHING, _NOTHING, np.nan, "none", ("arm_empty",), enough=False)


class _Case(NamedTuple):
    """One comparison to be made: control and treatment, in sums, and what was noted of them."""

    pair: tuple[Arm, Arm]
    question: _Question
    kind: Kind
    permutation_p: float | None
    notes: tuple[str, ...]

    @property
    def plain(self) -> bool:
        """Whether members are compared, by their own values."""
        return not (self.question.covariate or self.question.cluster)

    @property
    def empty(self) -> bool:
        """Whether an arm has no member with a known outcome."""
        return not all(arm.members for arm in self.pair)

    @property
    def mostly_zero(self) -> bool:
        """Whether most members have an outcome of 0."""
        return 2 * sum(arm.nonzero for arm in self.pair) < sum(arm.members for arm in self.pair)

    @property
    def in_parts(self) -> bool:
        """Whether the outcome is an amount a head, that few members bring."""
        return self.kind == "mean" and self.plain and self.mostly_zero


def _of_nobody(arms: Sequence[Arm]) -> tuple[str, ...]:
    """Return the note that members without an arm need."""
    return ("unknown_arm",) if any(arm.name is None for arm in arms) else ()


def _case(
    members: Frame,
    pair: tuple[Arm, Arm],
    question: _Question,
    rng: np.random.Generator | None,
    notes: tuple[str, ...],
) -> _Case:
    if any(arm.missing for arm in pair):
        is_alone = not (question.covariate or question.cluster)
        notes += ("missing_outcomes" if is_alone else "missing_values",)
    case = _Case(pair, question, _kind(pair, question), None, notes)
    counts = [count for arm in pair for count in (arm.nonzero, arm.members)]
    if not case.in_parts or case.empty or not few_buyers(*counts):
        return case
    return case._replace(permutation_p=_permuted(members, pair, question, rng))


def _cases(
    members: Frame,
    questions: Sequence[_Question],
    by: Sequence[str],
    rng: np.random.Generator | None,
) -> list[_Case]:
    """Return the comparisons of several outcomes, otherwise asked alike, from one set of sums."""
    require_members(members, by)
    drawn, notes = _units_drawn(members, questions[0])
    questions = [each._replace(by=tuple(by), cluster=drawn.cluster) for each in questions]
    found = sums.several(
        members,
        arm=drawn.arm,
        sets=[each.columns for each in questions],
        by=by,
        cluster=drawn.cluster,
    )
    return [
        case
        for question, arms in zip(questions, found, strict=True)
        for case in _cases_of(members, question, arms, rng, notes)
    ]


def _cases_of(
    members: Frame,
    question: _Question,
    arms: Sequence[Arm],
    rng: np.random.Generator | None,
    notes: tuple[str, ...],
) -> Iterator[_Case]:
    """Yield the comparisons of an outcome: each treatment with the control, in each segment."""
    notes += _of_nobody(arms)
    control = question.control
    arms = [part for part in arms if part.name is not None]
    names = list(dict.fromkeys(found.name for found in arms))
    treatments = sorted((name for name in names if name != control), key=str)
    _pair(arms, control, treatments[0] if treatments else None)
    found = {(part.group, part.name): part for part in arms}
    for name in treatments:
        for group in dict.fromkeys(part.group for part in arms):
            empty = sums.nobody(group, len(question.columns) + (question.cluster is not None))
            pair = (
                found.get((group, control), empty._replace(name=control)),
                found.get((group, name), empty._replace(name=name)),
            )
            if (
                not question.by
                or all(part.members for part in pair)
                or any(part.infinite for part in pair)
            ):
                _usable(pair)
            yield _case(members, pair, question, rng, notes)


def _compared(case: _Case, alpha: float) -> Comparison:
    control, treatment = case.pair
    base: dict[str, Any] = {
        "kind": case.kind,
        "outcome": " / ".join(case.question.outcome),
        "control": control.name,
        "treatment": treatment.name,
        "alpha": alpha,
        "control_missing": control.missing,
        "treatment_missing": treatment.missing,
        "control_buyers": control.nonzero,
        "treatment_buyers": treatment.nonzero,
        "permutation_p": case.permutation_p,
    }
    if case.empty:
        return _result(case, _EMPTY, base)
    if case.kind == "rate" and case.plain:
        return _result(case, _rates(case.pair, alpha), base)
    moments = values([arm.joint for arm in case.pair], case.question.places)
    base |= _reference(moments, alpha)
    if case.question.cluster:
        base |= {"control_clusters": control.joint.n, "treatment_clusters": treatment.joint.n}
    if case.in_parts:
        base |= _parts(case.pair, moments, alpha)
    return _result(case, _means(case, moments, alpha), base)


def _result(case: _Case, found: _Found, base: dict[str, Any]) -> Comparison:
    alpha, pair = base["alpha"], case.pair
    low, high, p = (float(value) for value in (*found.absolute[1:], found.p_value))
    outside, significant = low > 0 or high < 0, p < alpha
    told = found.enough and outside and significant
    verdict: Verdict = ("higher" if low > 0 else "lower") if told else "cannot_tell"
    notes = [*case.notes, *found.notes]
    if outside != significant:
        notes.append("borderline")
    if case.permutation_p is not None and (case.permutation_p < alpha) != significant:
        notes.append("permutation_disagrees")
    ends = [float(end) for end in found.relative[1:]]
    if not np.isnan(found.absolute.value) and np.isnan(found.relative.value):
        notes.append("control_below_zero" if found.control < 0 else "control_at_zero")
    elif not np.isnan(p) and np.isnan(ends).any():
        notes.append("relative_unbounded")
    elif (ends[0] > 0 or ends[1] < 0) != outside:
        notes.append("relative_disagrees")
    absolute, relative = ([_null(end) for end in bounds] for bounds in found[2:4])
    return Comparison(
        control_n=pair[0].members,
        treatment_n=pair[1].members,
        control_value=_null(found.control),
        treatment_value=_null(found.treatment),
        absolute_lift=absolute[0],
        absolute_low=absolute[1],
        absolute_high=absolute[2],
        relative_lift=relative[0],
        relative_low=relative[1],
        relative_high=relative[2],
        p_value=_null(found.p_value),
        method=found.method,
        verdict=verdict,
        notes=tuple(notes),
        **base,
    )


def _rates(pair: tuple[Arm, Arm], alpha: float) -> _Found:
    control, treatment = pair
    counts = (treatment.nonzero, treatment.members, control.nonzero, control.members)
    expected = float(rates.expected(*counts))
    method = "mid_p" if expected < rates.FEW_EXPECTED else "pooled_z"
    notes: tuple[str, ...] = ()
    if control.nonzero + treatment.nonzero in (0, control.members + treatment.members):
        notes = ("constant_outcome",)
    elif expected < rates.FEW_EXPECTED:
        notes = ("few_events",)
    return _Found(
        control.nonzero / control.members,
        treatment.nonzero / treatment.members,
        rates.newcombe(*counts, alpha=alpha),
        rates.relative(*counts, alpha=alpha),
        rates.p_value(*counts),
        f"newcombe_{method}",
        notes,
        enough=True,
    )


def _means(case: _Case, moments: Sequence[Moments], alpha: float) -> _Found:
    question = case.question
    difference = means.hall(*moments, alpha=alpha)
    notes, enough = _enough(case, moments)
    suffix = "_ratio" if len(question.outcome) == 2 else ""
    suffix += "_covariate" if question.covariate else ""
    suffix += "_clusters" if question.cluster else ""
    return _Found(
        moments[0].mean,
        moments[1].mean,
        Bounds(*difference[:3]),
        means.relative(*moments, alpha=alpha),
        difference.p_value,
        f"hall{suffix}",
        notes,
        enough,
    )


def _enough(case: _Case, moments: Sequence[Moments]) -> tuple[tuple[str, ...], bool]:
    """Say whether there are data enough for a verdict, and for one without a warning."""
    if len(case.question.outcome) == 2 and any(np.isnan(arm.mean) for arm in moments):
        return ("no_denominator",), False
    notes = [_no_spread(case, moments)]
    if not notes[0]:
        notes = [_few_clusters(case), _few_values(case, moments)]
    return tuple(filter(None, notes)), not NO_VERDICT & {*notes}


def _no_spread(case: _Case, moments: Sequence[Moments]) -> str:
    if any(float(arm.m2) for arm in moments):
        return ""
    if min(float(arm.n) for arm in moments) < 2:
        return "too_few_clusters" if case.question.cluster else "too_few_members"
    control, treatment = (float(arm.mean) for arm in moments)
    return "constant_outcome" if control == treatment else "no_spread"


def _few_clusters(case: _Case) -> str:
    if not case.question.cluster:
        return ""
    # A few large clusters weigh as few: what counts is how many equal ones would be as good.
    fewest = min(float(effective(arm.joint, -1)) for arm in case.pair)
    if fewest < FEWEST_CLUSTERS:
        return "too_few_clusters"
    return "few_clusters" if fewest < ENOUGH_CLUSTERS else ""


def _few_values(case: _Case, moments: Sequence[Moments]) -> str:
    control, treatment = case.pair
    if case.kind != "rate" and case.mostly_zero:
        sides = (control.nonzero, control.members, treatment.nonzero, treatment.members)
        expected = treatment.members * float(_share_of_buyers(*sides))
        if min(control.nonzero, expected) < FEWEST_BUYERS:
            return "too_few_buyers"
        return "few_buyers" if few_buyers(*sides) else ""
    if min(control.members, treatment.members) < FEWEST_VALUES:
        return "too_few_members"
    if case.kind == "rate" and _expected(case, moments) < rates.FEW_EXPECTED:
        return "few_events"
    fewest = min(float(arm.n) for arm in moments)
    skew = abs(float(means.skewness(*moments))) / np.sqrt(fewest)
    return "skewed_outcome" if skew > SKEWED else ""


def few_buyers(
    control_buyers: npt.ArrayLike,
    control_n: npt.ArrayLike,
    treatment_buyers: npt.ArrayLike,
    treatment_n: npt.ArrayLike,
) -> npt.NDArray[np.bool_]:
    """Return where the control has, or by the share who buy in both an arm should have, too few."""
    shared = _share_of_buyers(control_buyers, control_n, treatment_buyers, treatment_n)
    expected = np.minimum(control_n, treatment_n) * shared
    by_luck = expected < ENOUGH_BUYERS + LUCK * np.sqrt(ENOUGH_BUYERS)
    found: npt.NDArray[np.bool_] = (np.asarray(control_buyers) < ENOUGH_BUYERS) | by_luck
    return found


def _share_of_buyers(
    control_buyers: npt.ArrayLike,
    control_n: npt.ArrayLike,
    treatment_buyers: npt.ArrayLike,
    treatment_n: npt.ArrayLike,
) -> Array:
    """Return the share who buy in both arms together."""
    own, members, others, all_others = (
        np.asarray(count, dtype=np.float64)
        for count in (control_buyers, control_n, treatment_buyers, treatment_n)
    )
    return (own + others) / (members + all_others)


def _expected(case: _Case, moments: Sequence[Moments]) -> float:
    """Return the smallest count that is expected, of events as good as those of members drawn."""
    control, treatment = case.pair
    counts = (treatment.nonzero, treatment.members, control.nonzero, control.members)
    return float(rates.effective(*counts, error=means.standard_error(*moments)))


def _reference(moments: Sequence[Moments], alpha: float) -> dict[str, float | None]:
    """Return Welch's test, and the skewness that it leaves out."""
    welch = means.welch(*moments, alpha=alpha)
    return {
        "standard_error": _null(means.standard_error(*moments)),
        "welch_t": _null(welch.statistic),
        "welch_low": _null(welch.low),
        "welch_high": _null(welch.high),
        "welch_p": _null(welch.p_value),
        "skew": _null(means.skew_of_difference(*moments)),
    }


def _parts(
    pair: tuple[Arm, Arm], moments: Sequence[Moments], alpha: float
) -> dict[str, Part | None]:
    """Return the share who buy and what buyers spend, apart."""
    found = _rates(pair, alpha)
    buyers = [
        sums.without_zeros(part, arm.nonzero) for part, arm in zip(moments, pair, strict=True)
    ]
    basket = means.hall(*buyers, alpha=alpha)
    return {
        "conversion": _part(found.control, found.treatment, *found.absolute, found.p_value),
        "basket": _part(buyers[0].mean, buyers[1].mean, *basket[:4]),
    }


def _part(*found: Any) -> Part:
    return Part(*(_null(value) for value in found))


def _permuted(
    members: Frame, pair: tuple[Arm, Arm], question: _Question, rng: np.random.Generator | None
) -> float | None:
    """Deal the members again: the values of the buyers are all that it takes."""
    name, arm = question.outcome[0], question.arm
    group = dict(zip(question.by, pair[0].group, strict=True))

    def buyers(table: ir.Table) -> ir.Table:
        here = table.filter(table[arm].isin([side.name for side in pair]))
        for column, value in group.items():
            told = sums.told(here[column])
            here = here.filter(told.isnull() if value is None else told == value)
        rows = here.select(arm=here[arm], value=here[name].cast("float64"))
        return rows.filter(rows.value.notnull(), rows.value != 0)

    used = list(dict.fromkeys([arm, name, *question.by]))
    chosen = members[used] if isinstance(members, pd.DataFrame) else members.select(*used)
    frame = executed(same_kind(chosen, buyers)).dropna()
    control, treatment = (frame.loc[frame["arm"] == side.name, "value"].to_numpy() for side in pair)
    return _null(means.permutation_p(control, pair[0].members, treatment, pair[1].members, rng=rng))


def _null(value: Any) -> float | None:
    number = float(value)
    return None if np.isnan(number) else number


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value
