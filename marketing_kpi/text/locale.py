"""Numbers, money and dates as the reader of a page writes them.

A `Reader` is who reads: a language, a locale (``fr_CA``, ``en_GB``, …) and the currency of the
data. It only formats; values stay fractions, counts and plain numbers until they are shown.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, localcontext
from functools import cache
from typing import Any

from babel import Locale, UnknownLocaleError
from babel import dates as babel_dates
from babel import numbers as babel_numbers

from marketing_kpi.errors import ConfigError
from marketing_kpi.text.messages import N_, Translator, translator

LANGUAGES = ("fr", "en")
"""Languages in which every word of the product exists."""

ABSENT = "–"
"""What is shown where there is no value."""

_FEW_DECIMALS = {"fraction": 1, "points": 1, "days": 0, "hours": 1, "months": 1, "index": 1}

# The territory whose habits go with a currency, by language; the first is the default.
_LOCALE_OF_CURRENCY = {
    "CAD": {"fr": "fr_CA", "en": "en_CA"},
    "EUR": {"fr": "fr_FR", "en": "en_IE"},
    "USD": {"fr": "fr_CA", "en": "en_US"},
    "GBP": {"fr": "fr_FR", "en": "en_GB"},
    "CHF": {"fr": "fr_CH", "en": "en_CH"},
}
_DEFAULT_LOCALE = {"fr": "fr_FR", "en": "en_US"}


@cache
def _locale(name: str) -> Locale:
    try:
        return Locale.parse(name.replace("-", "_"))
    except (UnknownLocaleError, ValueError) as error:
        raise ConfigError(
            f"locale {name!r} is not known",
            hint="write a language and a territory, as in fr_CA, fr_FR, en_CA or en_US",
        ) from error


@cache
def _currency(code: str) -> str:
    if not babel_numbers.is_currency(code):
        raise ConfigError(
            f"currency {code!r} is not an ISO 4217 code", hint="write three letters, as in CAD"
        )
    return code


def _decimal(value: Any) -> Decimal | None:
    """Return a finite decimal, or None for null, NaN and infinities."""
    if value is None:
        return None
    try:
        exact = value if isinstance(value, Decimal) else Decimal(repr(float(value)))
    except (TypeError, ValueError, InvalidOperation):
        return None
    return exact if exact.is_finite() else None


def _rounded(value: Decimal, decimals: int) -> Decimal:
    """Round half away from zero, as a person does, and never show a negative zero."""
    with localcontext() as context:
        context.prec = 60
        result = value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    return abs(result) if result.is_zero() else result


def rounded(value: float, decimals: int) -> float:
    """Round as a shown number is: half away from zero.

    >>> rounded(0.125, 2), rounded(-2.5, 0)
    (0.13, -3.0)
    """
    exact = _decimal(value)
    return value if exact is None else float(_rounded(exact, decimals))


def _day(value: Any) -> dt.date | None:
    if value is None or value != value:  # NaT is the value that differs from itself
        return None
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    return dt.date.fromisoformat(str(value)[:10])


@dataclass(frozen=True)
class Reader:
    """Who reads: language, locale and the currency of the data.

    Parameters
    ----------
    lang
        ``"fr"`` or ``"en"``.
    locale
        A Babel locale whose language is `lang`.
    currency
        ISO 4217 code; the data's own, nothing is converted.
    """

    lang: str
    locale: str
    currency: str

    @classmethod
    def of(cls, lang: str | Reader) -> Reader:
        """Return `lang` itself when it is a reader, else the default reader of that language."""
        return lang if isinstance(lang, Reader) else reader(lang)

    @property
    def translate(self) -> Translator:
        """The translator of this reader's language."""
        return translator(self.lang)

    def _pattern(self, decimals: int, suffix: str = "") -> str:
        return "#,##0" + ("." + "0" * decimals if decimals else "") + suffix

    def integer(self, value: Any) -> str:
        """Format a count: ``12 345``, ``12,345``.

        >>> reader("en").integer(12345)
        '12,345'
        """
        return self.number(value, decimals=0)

    def number(self, value: Any, decimals: int = 1) -> str:
        """Format a number with a fixed count of decimals; null gives a dash.

        >>> reader("en").number(1234.55), reader("en").number(None)
        ('1,234.6', '–')
        """
        exact = _decimal(value)
        if exact is None:
            return ABSENT
        text = babel_numbers.format_decimal(
            _rounded(exact, decimals),
            format=self._pattern(decimals),
            locale=_locale(self.locale),
            decimal_quantization=False,
        )
        return _with_minus(text)

    def percent(self, value: Any, decimals: int = 1) -> str:
        """Format a fraction as a percentage: 0.125 is ``12,5 %`` or ``12.5%``.

        >>> reader("en").percent(0.125)
        '12.5%'
        """
        exact = _decimal(value)
        if exact is None:
            return ABSENT
        pattern = _locale(self.locale).percent_formats[None].pattern
        suffix = pattern[pattern.rindex("0") + 1 :] if "0" in pattern else "%"
        text = babel_numbers.format_percent(
            _rounded(exact, decimals + 2),
            format=self._pattern(decimals, suffix),
            locale=_locale(self.locale),
            decimal_quantization=False,
        )
        return _with_minus(text)

    def points(self, value: Any, decimals: int = 1) -> str:
        r"""Format a difference of two fractions in percentage points, with its sign.

        >>> reader("en").points(0.021).replace("\xa0", " ")
        '+2.1 pts'
        """
        exact = _decimal(value)
        if exact is None:
            return ABSENT
        shown = _rounded(exact * 100, decimals)
        unit = "pt" if abs(shown) < 2 and self.lang == "fr" else "pts"
        return f"{self._signed(shown, decimals)}\u00a0{unit}"

    def change(self, value: Any, decimals: int = 1) -> str:
        """Format a relative change with its sign: 0.05 is ``+5,0 %``.

        >>> reader("en").change(0.05)
        '+5.0%'
        """
        exact = _decimal(value)
        if exact is None:
            return ABSENT
        sign = "+" if _rounded(exact, decimals + 2) > 0 else ""
        return sign + self.percent(exact, decimals)

    def difference(self, value: Any, decimals: int = 1) -> str:
        """Format a difference of two scores with its sign.

        >>> reader("fr").difference(1.43)
        '+1,4'
        """
        exact = _decimal(value)
        return ABSENT if exact is None else self._signed(_rounded(exact, decimals), decimals)

    def _signed(self, value: Decimal, decimals: int) -> str:
        return ("+" if value > 0 else "") + self.number(value, decimals)

    def money(self, value: Any, decimals: int = 2, *, compact: bool = False) -> str:
        """Format an amount in the data's currency: ``1 234,56 €``, ``$1,234.56``.

        `compact` shortens millions and thousands, for axes and tiles; `decimals` are then the
        most that it shows.

        >>> us = reader("en", currency="USD")
        >>> us.money(1234.5), us.money(2_850_000, 3, compact=True)
        ('$1,234.50', '$2.85M')
        """
        exact = _decimal(value)
        if exact is None:
            return ABSENT
        locale = _locale(self.locale)
        if compact:
            text = babel_numbers.format_compact_currency(
                _rounded(exact, decimals), self.currency, locale=locale, fraction_digits=decimals
            )
            return _with_minus(text)
        text = babel_numbers.format_currency(
            _rounded(exact, decimals),
            self.currency,
            format=_money_pattern(locale, decimals),
            locale=locale,
            currency_digits=False,
            decimal_quantization=False,
        )
        return _with_minus(text)

    def signed_money(self, value: Any, decimals: int = 0) -> str:
        """Format an amount that is added or taken off, with its sign: ``+1 200 €``, ``+$1,200``.

        What rounds to 0 has no sign.

        >>> us = reader("en", currency="USD")
        >>> us.signed_money(1200), us.signed_money(-1200), us.signed_money(0.4)
        ('+$1,200', '−$1,200', '$0')
        """
        exact = _decimal(value)
        sign = "+" if exact is not None and _rounded(exact, decimals) > 0 else ""
        return sign + self.money(value, decimals)

    def date(self, value: Any) -> str:
        """Format a day in full: ``1 janvier 2026``, ``January 1, 2026``.

        >>> reader("en", locale="en_US").date("2026-01-01")
        'January 1, 2026'
        """
        day = _day(value)
        if day is None:
            return ABSENT
        text = babel_dates.format_date(day, format="long", locale=_locale(self.locale))
        # French writes the first of the month as an ordinal.
        return f"1er{text[1:]}" if self.lang == "fr" and text.startswith("1 ") else text

    def month(self, value: Any, *, short: bool = False) -> str:
        """Format a month and its year: ``janvier 2026``; `short` gives ``janv. 2026``."""
        day = _day(value)
        if day is None:
            return ABSENT
        skeleton = "yMMM" if short else "yMMMM"
        return babel_dates.format_skeleton(skeleton, day, locale=_locale(self.locale))

    def date_range(self, start: Any, end: Any) -> str:
        """Format the days from `start` to the eve of `end` (end exclusive, as everywhere).

        >>> reader("en", locale="en_US").date_range("2025-01-01", "2026-01-01")
        'January 1, 2025 to December 31, 2025'
        """
        last = _day(end)
        _ = self.translate
        shown = self.date(None if last is None else last - dt.timedelta(days=1))
        return _("{start} to {end}", start=self.date(start), end=shown)

    def days(self, value: Any, decimals: int = 0) -> str:
        """Format a duration in days: ``12 jours``, ``12 days``."""
        return self._duration(value, decimals, N_("{n} day"), N_("{n} days"))

    def hours(self, value: Any, decimals: int = 1) -> str:
        """Format a duration in hours: ``1,5 heure``, ``1.5 hours``."""
        return self._duration(value, decimals, N_("{n} hour"), N_("{n} hours"))

    def months(self, value: Any, decimals: int = 1) -> str:
        """Format a duration in months; whole numbers of months lose their decimals."""
        exact = _decimal(value)
        whole = exact is not None and exact == exact.to_integral_value()
        return self._duration(value, 0 if whole else decimals, N_("{n} month"), N_("{n} months"))

    def counted(self, value: Any, one: str, many: str, *, decimals: int = 0) -> str:
        """Format how many of something: `one` and `many` are its messages, with ``{n}``.

        >>> from marketing_kpi.text.messages import N_
        >>> reader("fr").counted(1.5, N_("{n} day"), N_("{n} days"), decimals=1)
        '1,5 jour'
        """
        return self._duration(value, decimals, one, many)

    def _duration(self, value: Any, decimals: int, one: str, many: str) -> str:
        exact = _decimal(value)
        if exact is None:
            return ABSENT
        shown = _rounded(exact, decimals)
        return self.translate.n(one, many, shown, n=self.number(shown, decimals))

    def apart(self, first: Any, second: Any, unit: str) -> int | None:
        """Return the decimals at which two values that differ look different.

        None where the usual ones do, where not even three more would, and for amounts, counts
        and ratios, which keep theirs.

        >>> reader("en").apart(0.00141, 0.00142, "fraction")
        3
        >>> reader("en").apart(0.1, 0.2, "fraction")
        """
        if unit not in _FEW_DECIMALS or is_absent(first) or is_absent(second) or first == second:
            return None
        usual = _FEW_DECIMALS[unit]
        for decimals in range(usual, usual + 4):
            one, other = (self.unit(each, unit, decimals=decimals) for each in (first, second))
            if one != other:
                return None if decimals == usual else decimals
        return None

    def unit(self, value: Any, unit: str, *, decimals: int | None = None) -> str:
        """Format a value by the unit that the KPI dictionary gives it.

        Parameters
        ----------
        value
            A number; fractions stay fractions.
        unit
            fraction, points, count, currency, ratio, days, hours, months or index.
        decimals
            How many; by default what suits the unit.

        >>> reader("en").unit(0.5, "fraction"), reader("en").unit(3.14159, "ratio")
        ('50.0%', '3.14')
        """
        formatters: dict[str, tuple[Callable[..., str], int | None]] = {
            "fraction": (self.percent, 1),
            "points": (self.points, 1),
            "count": (self.number, 0),
            "currency": (self.money, 2),
            "ratio": (self.number, 2),
            "days": (self.days, 0),
            "hours": (self.hours, 1),
            "months": (self.months, 1),
            "index": (self.number, 1),
        }
        try:
            formatter, usual = formatters[unit]
        except KeyError:
            raise ConfigError(f"unit {unit!r} is not one of {', '.join(formatters)}") from None
        return formatter(value, usual if decimals is None else decimals)


def _with_minus(text: str) -> str:
    """Show a true minus sign, which no line break and no reader takes for a hyphen."""
    return text.replace("-", "\u2212")


@cache
def _money_pattern(locale: Locale, decimals: int) -> str:
    pattern = locale.currency_formats["standard"].pattern
    digits = "#,##0" + ("." + "0" * decimals if decimals else "")
    head = pattern[: pattern.index("#")]
    tail = pattern[pattern.rindex("0") + 1 :].split(";")[0]
    return f"{head}{digits}{tail}"


def reader(lang: str, *, locale: str | None = None, currency: str = "CAD") -> Reader:
    """Return the reader of a language, in the locale that goes with the currency by default.

    Parameters
    ----------
    lang
        ``"fr"`` or ``"en"``.
    locale
        For instance ``"fr_FR"``; by default the currency's (CAD gives fr_CA, en_CA).
    currency
        ISO 4217 code of the amounts in the data.

    Raises
    ------
    ConfigError
        For another language, an unknown locale or currency, or a locale of another language.

    Examples
    --------
    >>> reader("fr", currency="EUR").locale
    'fr_FR'
    """
    if lang not in LANGUAGES:
        raise ConfigError(f"language {lang!r} is not one of {', '.join(LANGUAGES)}")
    code = _currency(currency)
    name = locale or _LOCALE_OF_CURRENCY.get(code, _DEFAULT_LOCALE)[lang]
    parsed = _locale(name)
    if parsed.language != lang:
        raise ConfigError(f"locale {name!r} is not of language {lang!r}")
    return Reader(lang=lang, locale=str(parsed), currency=code)


def is_absent(value: Any) -> bool:
    """Say whether a value is null for a reader: None, NaN, NaT or infinite.

    >>> is_absent(float("nan")), is_absent(0)
    (True, False)
    """
    try:
        is_itself = bool(value == value)
    except TypeError:  # pandas' NA, which cannot say whether it equals anything
        return True
    return value is None or not is_itself or (isinstance(value, float) and math.isinf(value))
