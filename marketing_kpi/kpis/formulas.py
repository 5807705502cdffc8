"""What the chapters' formulas are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import ibis.expr.types as ir

    Fact: TypeAlias = ir.Table
    """A fact's rows; a formula reads its columns as attributes: ``sales.net_sales``."""

    Scalar: TypeAlias = ir.NumericScalar
    """One value a cell of the result."""

    Values: TypeAlias = Any
    """The KPIs that a derived one depends on, as attributes: ``k.attrition_rate``."""


def ratio(numerator: Any, denominator: Any) -> Any:
    """Divide, giving null where the denominator is zero or either side is null.

    A bare division is infinite on one engine and an error on another.

    Parameters
    ----------
    numerator, denominator
        Numeric Ibis expressions of the same shape.

    Returns
    -------
    ibis.expr.types.FloatingValue
        The quotient as float64.

    Examples
    --------
    >>> import ibis
    >>> ratio(ibis.literal(1), ibis.literal(4)).execute()
    0.25
    >>> ratio(ibis.literal(1), ibis.literal(0)).to_pyarrow().as_py() is None
    True
    """
    return numerator.cast("float64") / denominator.cast("float64").nullif(0)


def steady(value: float) -> float:
    """Keep 9 significant digits: engines add floats in parallel, in another order each time.

    >>> steady(0.1 + 0.2)
    0.3
    """
    return float(f"{value:.9g}")


def nearest(value: ir.NumericValue) -> ir.IntegerValue:
    """Return the whole number nearest to a value that is not below 0, halves upwards.

    What engines call rounding takes halves to the even number on some.

    Examples
    --------
    >>> import ibis
    >>> [int(nearest(ibis.literal(value)).execute()) for value in (0.4, 0.5, 2.5)]
    [0, 1, 3]
    """
    return (value + 0.5).floor().cast("int64")


def terms(quotient: Any) -> tuple[Any, Any]:
    """Return the numerator and the denominator of what `ratio` made, as float64.

    The error of a ratio needs both: divided by anything else than its own denominator, it would
    be that of another ratio.

    Examples
    --------
    >>> import ibis
    >>> [term.execute() for term in terms(ratio(ibis.literal(1), ibis.literal(0)))]
    [1.0, 0.0]
    """
    division = quotient.op()
    return division.left.to_expr(), division.right.arg.to_expr()
