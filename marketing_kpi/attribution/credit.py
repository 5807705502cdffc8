"""Credit: what each model says that each channel brought, and how sure the count is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

from marketing_kpi.attribution.journeys import (
    AMOUNTS,
    DIRECT,
    OUTCOMES,
    Held,
    Journeys,
    held,
)
from marketing_kpi.attribution.markov import (
    Counted,
    chain,
    columns_of,
    markov_credits,
    removal,
    steps,
)
from marketing_kpi.attribution.rules import RULES, rule_credits
from marketing_kpi.attribution.shapley import WORTHS, sets, shapley_credits
from marketing_kpi.errors import ComputeError, suggest
from marketing_kpi.kpis.frames import records

MODELS = (*RULES, "markov", "shapley")
"""Models of attribution, from the simplest on."""

HALF_LIFE_DAYS = 7.0
"""Days in which the weight of a touch halves, unless told."""

POSITION = (0.4, 0.2, 0.4)
"""Shares of the first touch, those between and the last, unless told."""

PARTS = 100
"""Groups of persons, each left out once, that intervals are made from."""

LEAST_PERSONS = 30
"""Persons with an order below which no interval is given."""

_ENDS = ("low", "high")


class Counts(NamedTuple):
    """What a model's credits are made from: it adds up over groups of persons."""

    table: Counted  # part, and what was counted
    credited: Callable[[Counted], npt.NDArray[np.float64]]  # a row a channel


def attribute(
    journeys: Journeys | pd.DataFrame,
    *,
    model: str | Sequence[str] = "last",
    half_life_days: float = HALF_LIFE_DAYS,
    position: Sequence[float] = POSITION,
    worth: str = "conversions",
    direct: str = DIRECT,
    intervals: bool = False,
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Share the orders that ended journeys among the channels of these journeys.

    Parameters
    ----------
    journeys
        What `journeys` returns; or paths in hand: path (a tuple of channels in order of time) and
        conversions, with, if known, revenue and margin (in the data's currency), journeys (with an
        order and without; else as many as conversions, one where there is none) and days_before (a
        tuple of the days from each touch to the order), which ``time_decay`` needs.
    model
        One of `MODELS`, several of them, or ``"all"``.
    half_life_days
        Days in which the weight of a touch halves, for ``time_decay``; above 0.
    position
        Shares of the first touch, of those between together, and of the last, for ``position``.
    worth
        What a set of channels is worth to ``shapley``: ``"conversions"`` of the journeys that met
        no other channel, or their ``"rate"``, conversions a journey.
    direct
        The channel of those who came by themselves, of paths in hand; `Journeys` has its own.
    intervals
        Whether to add 95 % intervals; they need `Journeys`, whose persons are known.
    rng
        Draws the groups of persons for the intervals.

    Returns
    -------
    pandas.DataFrame
        A row a model and channel: model, channel (None: not known), conversions, revenue (null
        where no amount is told), margin (of the lines whose cost is known; null where none is),
        share (of the conversions; null without any). With intervals, also each of these four with
        _low and _high: null under `LEAST_PERSONS` persons with an order.

    Raises
    ------
    DataError
        When paths in hand are no paths.
    ComputeError
        When a model or a parameter is none, or ``time_decay`` lacks the days of touches.

    Notes
    -----
    Of each model, conversions, revenue and margin add up to those of the journeys; ``markov`` has
    no margin where gains of some channels and losses of others nearly cancel. ``first`` and
    ``last`` give all to one touch; ``last_non_direct`` to the last of another channel than direct
    (or the last, when all are direct); ``linear`` shares equally among touches; ``time_decay`` by
    ``2^(-days before the order / half-life)``; ``position`` by `position`: one touch gets all, two
    share as first to last. ``markov`` and ``shapley`` look at all journeys together, see
    `marketing_kpi.attribution.markov` and `marketing_kpi.attribution.shapley`.

    None of them knows what would have been without a channel: they share out all orders, those too
    that would have come anyway. The intervals carry the error of sampling alone, as if other
    customers had come and done alike: how far another such year would differ, not how far the model
    is from the truth. Persons are put at random into `PARTS` groups, each of which is left out once
    (delete-a-group jackknife): so all orders of a person, their amounts and their days stay
    together.

    References
    ----------
    Anderl, E., Becker, I., von Wangenheim, F. and Schumann, J. H. (2016). Mapping the customer
    journey. International Journal of Research in Marketing 33(3).
    Zhao, K., Mahboobi, S. H. and Bagheri, S. R. (2018). Shapley value methods for attribution
    modeling in online advertising. arXiv:1804.05327.
    Kott, P. S. (2001). The delete-a-group jackknife. Journal of Official Statistics 17(4).

    Examples
    --------
    >>> paths = pd.DataFrame({"path": [("display", "email"), ("email",)], "conversions": [2, 1]})
    >>> found = attribute(paths, model=["last", "linear"])
    >>> found[["model", "channel", "conversions"]]
        model  channel  conversions
    0    last  display          0.0
    1    last    email          3.0
    2  linear  display          1.0
    3  linear    email          2.0
    """
    if intervals and not isinstance(journeys, Journeys):
        raise ComputeError(
            "intervals need to know whose journeys they are",
            hint="pass what channels.journeys(data, …) returns",
        )
    how = Settings.of(model, half_life_days, position, worth)
    with held(journeys, direct=direct) as known:
        rows = _in_parts(known.touches, rng) if intervals else in_one(known.touches)
        return share_out(known, rows, how, intervals=intervals)


class Settings(NamedTuple):
    """What models are asked for, and how; checked by `of`."""

    models: tuple[str, ...]
    half_life_days: float
    position: Sequence[float]
    worth: str

    @classmethod
    def of(
        cls,
        model: str | Sequence[str],
        half_life_days: float,
        position: Sequence[float],
        worth: str = "conversions",
    ) -> Settings:
        """Return the settings; refuse what is none."""
        _check(half_life_days, position, worth)
        return cls(_models(model), half_life_days, tuple(position), worth)


def share_out(
    known: Held, rows: ir.Table, how: Settings, *, intervals: bool = False
) -> pd.DataFrame:
    """Return what `attribute` does, of touches that have a `part`."""
    counts = counted(known, rows, how)
    untold, persons = _told(known)
    tables = []
    for name in how.models:
        credits = counts[name].credited(counts[name].table)
        table = _as_table(name, known, credits)
        if intervals:
            ends = jackknife(counts[name], credits, persons)
            table = table.assign(**ends)
        unknown = [f"{what}{end}" for what in untold for end in ("", "_low", "_high")]
        table[[name for name in unknown if name in table]] = np.nan
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def removal_effects(journeys: Journeys | pd.DataFrame, *, direct: str = DIRECT) -> pd.DataFrame:
    """Say which share of orders falls in a Markov chain when each channel is taken away.

    What ``attribute(…, model="markov")`` scales until it adds up to all orders. The shares add up
    to more than 1 where journeys meet several channels, since the same order falls with each.

    Parameters
    ----------
    journeys, direct
        As for `attribute`.

    Returns
    -------
    pandas.DataFrame
        A row a channel: channel, removal_effect (of conversions), revenue_removal_effect; null
        where nothing is to fall.

    Examples
    --------
    >>> paths = pd.DataFrame({"path": [("a", "b"), ("b",), ("a",)], "conversions": [1, 1, 0]})
    >>> removal_effects(paths)[["channel", "removal_effect"]]
      channel  removal_effect
    0       a             0.5
    1       b             1.0
    """
    with held(journeys, direct=direct) as known:
        taken = columns_of(steps(in_one(known.touches)))
        untold, _ = _told(known)
    fallen = removal(chain(taken, channels=len(known.channels)))
    table = pd.DataFrame({"channel": pd.Series(known.channels, dtype="object")})
    table["removal_effect"] = fallen[:, 0]
    table["revenue_removal_effect"] = np.nan if "revenue" in untold else fallen[:, 1]
    return table


def _models(model: str | Sequence[str]) -> tuple[str, ...]:
    asked = MODELS if model == "all" else (model,) if isinstance(model, str) else tuple(model)
    for name in asked:
        if name not in MODELS:
            close = suggest(str(name), MODELS)
            question = f"; did you mean '{close}'?" if close else ""
            raise ComputeError(
                f"model == {name!r}, must be 'all' or among {', '.join(MODELS)}{question}"
            )
    if not asked:
        raise ComputeError("no model is asked for", hint=f"the models are {', '.join(MODELS)}")
    return tuple(dict.fromkeys(asked))


def _check(half_life_days: float, position: Sequence[float], worth: str) -> None:
    if not (half_life_days > 0 and np.isfinite(half_life_days)):
        raise ComputeError(f"half_life_days == {half_life_days}, must be above 0")
    if len(position) != 3 or min(position) < 0 or not np.isclose(sum(position), 1, atol=1e-12):
        raise ComputeError(
            f"position == {tuple(position)}, must be three shares that add up to 1",
            hint="of the first touch, those between, the last: (0.4, 0.2, 0.4)",
        )
    if worth not in WORTHS:
        raise ComputeError(f"worth == {worth!r}, must be one of {', '.join(WORTHS)}")


def in_one(touches: ir.Table) -> ir.Table:
    """Add `part`: one group of all, where nothing is left out."""
    return touches.mutate(part=ibis.literal(0, "int16"))


def _in_parts(touches: ir.Table, rng: np.random.Generator | None) -> ir.Table:
    """Add `part`, the group of each person: drawn anew with each `rng`."""
    seed = int((rng or np.random.default_rng()).integers(1 << 31))
    drawn = (touches.person + ibis.literal(f" {seed}")).hash()
    part = ((drawn % PARTS) + PARTS) % PARTS  # a hash may be below 0
    return touches.mutate(part=part.cast("int16"))


def counted(known: Held, rows: ir.Table, how: Settings) -> dict[str, Counts]:
    """Count in the engine what the credits of each model are made from."""
    channels = len(known.channels)
    counts = {}
    if rules := [name for name in how.models if name in RULES]:
        table = columns_of(
            rule_credits(
                known, rows, rules=rules, half_life_days=how.half_life_days, position=how.position
            )
        )
        for name in rules:
            own = {what: table[f"{name}__{what}"] for what in OUTCOMES}
            own |= {key: table[key] for key in ("part", "channel")}
            counts[name] = Counts(own, partial(_summed, channels=channels))
    if "markov" in how.models:
        table = columns_of(steps(rows))
        counts["markov"] = Counts(table, partial(markov_credits, channels=channels))
    if "shapley" in how.models:
        table = columns_of(sets(rows, channels=channels))
        credited = partial(shapley_credits, channels=channels, worth=how.worth)
        counts["shapley"] = Counts(table, credited)
    return counts


def _summed(counted: Counted, *, channels: int) -> npt.NDArray[np.float64]:
    credits = np.zeros((channels, len(OUTCOMES)))
    for place, name in enumerate(OUTCOMES):
        np.add.at(credits[:, place], counted["channel"].astype("int64"), counted[name])
    return credits


def _told(known: Held) -> tuple[list[str], int]:
    """Return which amounts nobody tells, and how many persons ordered."""
    rows = known.touches
    persons = (rows.person if known.by_person else rows.journey).nunique(where=rows.conversions > 0)
    counts = {name: rows[name].count() for name in AMOUNTS}
    (found,) = records(rows.aggregate(persons=persons, **counts))
    return [name for name in AMOUNTS if not found[name]], found["persons"]


def _as_table(model: str, known: Held, credits: npt.NDArray[np.float64]) -> pd.DataFrame:
    table = pd.DataFrame({"channel": pd.Series(known.channels, dtype="object")})
    table.insert(0, "model", pd.Series([model] * len(table), dtype="str"))
    table[[*OUTCOMES]] = credits
    table["share"] = _shares(credits)[:, 0]
    return table


def _shares(credits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    total = credits.sum(axis=0)
    unknown = np.full_like(credits, np.nan)
    shares: npt.NDArray[np.float64] = np.divide(credits, total, out=unknown, where=total != 0)
    return shares


def jackknife(
    counts: Counts, credits: npt.NDArray[np.float64], persons: int
) -> dict[str, npt.NDArray[np.float64]]:
    """Return both ends of the 95 % intervals, by the delete-a-group jackknife."""
    names = [f"{what}_{end}" for what in (*OUTCOMES, "share") for end in _ENDS]
    if persons < LEAST_PERSONS:
        return {name: np.full(len(credits), np.nan) for name in names}
    from scipy.special import stdtrit

    without = [counts.credited(_without(counts.table, part)) for part in range(PARTS)]
    # without a group there are fewer orders: scaled up, what is left stands for all
    whole = np.stack(without) * PARTS / (PARTS - 1)
    shares = np.stack([_shares(one)[:, :1] for one in without])
    drawn = np.concatenate([whole, shares], axis=2)
    value = np.column_stack([credits, _shares(credits)[:, 0]])
    spread = np.sqrt((PARTS - 1) / PARTS * ((drawn - drawn.mean(axis=0)) ** 2).sum(axis=0))
    reach = stdtrit(PARTS - 1, 0.975) * spread
    low, high = value - reach, value + reach
    can_lose = np.array([name == "margin" for name in (*OUTCOMES, "share")])
    low = np.where((value >= 0) & ~can_lose, np.maximum(low, 0.0), low)
    ends = np.stack([low, high], axis=2).reshape(len(credits), -1)
    return dict(zip(names, ends.T, strict=True))


def _without(counted: Counted, part: int) -> Counted:
    """Return what was counted of all groups but one."""
    kept = counted["part"] != part
    return {name: column[kept] for name, column in counted.items()}
