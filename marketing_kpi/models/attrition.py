"""What BG/NBD and Pareto/NBD share: how a fit is held, and what is read from it.

Both say that customers buy at a rate of their own until they leave, unseen, for good; they differ
in when people can leave. A model gives functions of a point (logarithms of its parameters) and of
histories; predictions, their intervals and the engine are here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
import pandas as pd

from marketing_kpi.errors import ComputeError
from marketing_kpi.kpis.frames import Frame
from marketing_kpi.models.clock import Clock
from marketing_kpi.models.estimation import (
    Estimate,
    Floats,
    Maximum,
    by_group,
    delta,
    logistic,
)
from marketing_kpi.models.purchases import REGULAR, Counts, unit_days
from marketing_kpi.text.messages import translator


class Prediction(NamedTuple):
    """A quantity and its 95 % interval.

    Attributes
    ----------
    estimate
        The quantity; null without a fit.
    low, high
        Ends of the interval; null when the data tell none (see `diagnosis` of the fit).
    """

    estimate: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class AttritionFit(ABC):
    """A fitted model of purchases and attrition.

    Attributes
    ----------
    unit
        Unit of time of the data it was fitted on: "day", "week" or "month"; None when not said.
    clock
        The season's clock that recency and T of these data were measured on; None: the calendar.
    log_likelihood
        Of the data, at the estimates; null without a fit.
    standard_errors
        Of the parameters, by name; null when the data tell none.
    covariance
        Of the parameters, rows and columns named; null when the data tell none.
    customers, groups
        Customers, and distinct histories among them.
    iterations
        Steps of the maximiser.
    converged
        Whether the estimates are a maximum.
    diagnosis
        None, or the id of what is wrong; `advice` says what to do.
    diagnoses
        All that is wrong; `diagnosis` is the first.
    point, log_covariance
        Logarithms of the parameters, and their covariance or None: what intervals are made of.
    """

    usable: ClassVar[frozenset[str]] = frozenset({"same_dropout", "same_rate"})
    names: ClassVar[tuple[str, ...]]
    words: ClassVar[Mapping[str, str]]  # of the diagnoses, message ids

    unit: str | None
    clock: Clock | None
    log_likelihood: float | None
    standard_errors: Mapping[str, float | None]
    covariance: pd.DataFrame
    customers: int
    groups: int
    iterations: int
    converged: bool
    diagnosis: str | None
    diagnoses: tuple[str, ...]
    point: Floats
    log_covariance: Floats | None

    @property
    def is_fitted(self) -> bool:
        """Whether there was something to fit, well or badly; else `diagnosis` says what lacks."""
        return self.log_likelihood is not None

    @property
    def foretells(self) -> bool:
        """Whether amounts may rest on it: nothing is wrong, or averages can still be used."""
        return self.usable.issuperset(self.diagnoses)

    @classmethod
    def of(
        cls,
        maximum: Maximum | None,
        counts: Counts,
        *,
        unit: str | None,
        clock: Clock | None = None,
        diagnoses: tuple[str, ...],
        unknown: Collection[str] = (),
        **more: Any,
    ) -> Self:
        """Hold a maximum, or the lack of one, as a fit.

        `unknown` names parameters without a standard error; `more` are fields of the model's own.
        """
        nothing = np.full(len(cls.names), np.nan)
        point = nothing if maximum is None else maximum.point
        logs = None if maximum is None else maximum.covariance
        values = np.exp(point)
        covariance = np.outer(values, values) * (np.nan if logs is None else logs)
        known: dict[str, Any] = {
            name: None if np.isnan(value) else float(value)
            for name, value in zip(cls.names, values, strict=True)
        }
        errors = {
            name: None if name in unknown or np.isnan(variance) else float(np.sqrt(variance))
            for name, variance in zip(cls.names, np.diag(covariance), strict=True)
        }
        return cls(
            **known,
            **more,
            unit=unit,
            clock=clock,
            log_likelihood=None if maximum is None else maximum.log_likelihood,
            standard_errors=MappingProxyType(errors),
            covariance=pd.DataFrame(covariance, index=cls.names, columns=cls.names),
            customers=round(counts.customers),
            groups=len(counts.weight),
            iterations=0 if maximum is None else maximum.iterations,
            converged=maximum is not None and maximum.converged,
            diagnosis=diagnoses[0] if diagnoses else None,
            diagnoses=diagnoses,
            point=point,
            log_covariance=logs,
        )

    def advice(self, lang: str) -> str | None:
        """Say in words what is wrong with the data and what to do; None when nothing is.

        >>> from marketing_kpi.models.bg_nbd import fit_bg_nbd
        >>> empty = pd.DataFrame({"frequency": [], "recency": [], "T": []})
        >>> fit_bg_nbd(empty).advice("en")
        'There is no customer whose first order is in the data: check the dates and the filters. \
If all registered before the data begin, take a longer history.'
        """
        _ = translator(lang)
        return " ".join(_(self.words[one]) for one in self.diagnoses) or None

    # --- What a model says ------------------------------------------------------------------

    @abstractmethod
    def log_expected_alive(self, point: Floats, history: Counts, periods: float) -> Floats:
        """Return the log of the purchases expected in the next periods of who is still there."""

    @abstractmethod
    def log_odds_alive(self, point: Floats, history: Counts) -> Floats:
        """Return the log odds that each history's customer is still one; infinite when sure."""

    @abstractmethod
    def log_expected_new(self, point: Floats, periods: Floats) -> Floats:
        """Return the logarithm of the repeat purchases expected of a new customer."""

    @abstractmethod
    def log_probability_of(self, point: Floats, n: Floats, periods: float) -> Floats:
        """Return the logarithm of the probability that a new customer repeats n times."""

    @abstractmethod
    def purchases_variance(self, history: Counts, periods: float) -> Floats:
        """Return the variance of the purchases of each history's customer in the next `periods`."""

    def log_alive(self, point: Floats, history: Counts) -> Floats:
        """Return the logarithm of the probability that each history's customer is still one."""
        from scipy.special import log_expit

        return np.asarray(log_expit(self.log_odds_alive(point, history)), dtype=np.float64)

    def log_expected(self, point: Floats, history: Counts, periods: float) -> Floats:
        """Return the logarithm of the purchases expected of each history in the next `periods`."""
        alive = self.log_alive(point, history)
        return alive + self.log_expected_alive(point, history, periods)

    # --- What is read from it ---------------------------------------------------------------

    def ahead(self, periods: float) -> float:
        """Return how long the next periods of the calendar are on the clock of the fit."""
        if self.clock is None or self.unit is None:
            return periods
        days = unit_days(self.unit)
        return float(self.clock.ahead(periods * days)) / days

    def expected_purchases(self, summary: Frame, *, periods: float) -> Frame:
        """Predict how many times each customer buys in the next periods.

        Parameters
        ----------
        summary
            What `summary` returns, in the unit and on the clock of the fit: customer_id, frequency,
            recency, T.
        periods
            Length of the future on the calendar, in that unit; 0 or more.

        Returns
        -------
        pandas.DataFrame or ibis.Table
            customer_id, estimate, low, high: an expectation and the 95 % interval of it, null
            where the data tell none. It is the interval of the mean of such customers: what one
            of them does varies far more.

        Raises
        ------
        ColumnError
            When a column is missing.
        ComputeError
            When periods is negative.
        """
        _check_periods(periods)
        length = self.ahead(periods)

        def answer(history: Counts) -> Mapping[str, Floats]:
            return self._delta(lambda at: self.log_expected(at, history, length))._asdict()

        return by_group(summary, answer)

    def p_alive(self, summary: Frame) -> Frame:
        """Say how likely each customer still is one.

        Parameters
        ----------
        summary
            What `summary` returns, in the unit and on the clock of the fit: customer_id, frequency,
            recency, T.

        Returns
        -------
        pandas.DataFrame or ibis.Table
            customer_id, estimate, low, high: a probability and its 95 % interval, null where the
            data tell none.
        """

        def answer(history: Counts) -> Mapping[str, Floats]:
            odds = lambda at: self.log_odds_alive(at, history)  # noqa: E731
            return delta(odds, self.point, self.log_covariance, logistic)._asdict()

        return by_group(summary, answer)

    def expected_purchases_new(self, periods: float) -> Prediction:
        """Predict how many repeat purchases a customer makes in the periods after the first.

        On a clock, that is a customer who begins on the day from which it looks ahead.
        """
        _check_periods(periods)
        times = np.array([self.ahead(periods)], dtype=np.float64)
        return _prediction(self._delta(lambda at: self.log_expected_new(at, times)))

    def probability_of(self, n: int, periods: float) -> Prediction:
        """Say how likely a new customer makes n repeat purchases in the periods after the first."""
        _check_periods(periods)
        length, number = self.ahead(periods), np.array([n], dtype=np.float64)
        return _prediction(self._delta(lambda at: self.log_probability_of(at, number, length)))

    def _delta(self, of: Callable[[Floats], Floats]) -> Estimate:
        return delta(of, self.point, self.log_covariance)


def nothing_to_fit(counts: Counts, regularity: float | None) -> str | None:
    """Return why no model can be fitted to histories, the id of a diagnosis, or None."""
    if len(counts.weight) == 0:
        return "no_customers"
    if not counts.age.any():
        return "no_time"
    if not counts.frequency.any():
        return "no_repeat_purchases"
    if regularity is not None and regularity < REGULAR:
        return "fixed_dates"
    return None


def check_clock(clock: Clock | None, unit: str | None) -> None:
    """Refuse a unit that is none, and a clock without one."""
    if unit is not None:
        unit_days(unit)
    elif clock is not None:
        raise ComputeError("a fit on a clock needs its unit", hint="unit='week', as in `summary`")


def _check_periods(periods: float) -> None:
    if not 0 <= periods < float("inf"):
        raise ComputeError(f"periods is {periods!r}, must be 0 or more")


def _prediction(estimate: Estimate) -> Prediction:
    parts = (float(part[0]) for part in estimate)
    return Prediction(*(None if np.isnan(part) else part for part in parts))
