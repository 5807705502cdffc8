"""Settings of the customer lifecycle: every threshold, window, tier, weight and word shown."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeAlias, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from marketing_kpi.errors import ConfigError, unknown
from marketing_kpi.text.locale import LANGUAGES, Reader
from marketing_kpi.text.messages import N_
from marketing_kpi.text.yaml12 import Document
from marketing_kpi.text.yaml12 import load as load_yaml

LEAD_STAGES = ("lead_new", "lead_active", "lead_cold", "lead_inactive")
"""Stages of contacts without a purchase."""

CUSTOMER_STAGES = ("first_time", "active", "defecting", "inactive")
"""Stages of contacts with a purchase."""

STAGES = (*LEAD_STAGES, *CUSTOMER_STAGES)
"""The stages, in the order in which they are shown; they partition the contacts."""

ABSENT = "absent"
"""Name, in the flows, of the stage of those who are not contacts yet."""

FIRST_PURCHASE = "first_purchase"
"""Name, in the views of revenue, of the stage of those who had not bought before that day."""

UNIDENTIFIED = "unidentified"
"""Name, in the views of revenue, of the stage of purchases that no known contact made."""

WORDS: Mapping[str, str] = MappingProxyType(
    {
        "lead_new": N_("New lead"),
        "lead_active": N_("Active lead"),
        "lead_cold": N_("Cold lead"),
        "lead_inactive": N_("Inactive lead"),
        "first_time": N_("First-time buyer"),
        "active": N_("Active customer"),
        "defecting": N_("Defecting customer"),
        "inactive": N_("Inactive customer"),
        "low": N_("Low spender"),
        "normal": N_("Normal spender"),
        "silver": N_("Silver"),
        "gold": N_("Gold"),
        "platinum": N_("Platinum"),
        ABSENT: N_("Not a contact yet"),
        FIRST_PURCHASE: N_("First purchase"),
        UNIDENTIFIED: N_("Unidentified purchase"),
    }
)
"""The English words of stages and tiers (message ids)."""

Days: TypeAlias = Annotated[int, Field(ge=1, le=36_500)]
_LIMIT = Field(gt=0, max_digits=18, decimal_places=4, allow_inf_nan=False)
Limit: TypeAlias = Annotated[Decimal, _LIMIT]
Weight: TypeAlias = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
Kind: TypeAlias = Literal["open", "click", "visit", "review", "app", "service", "session"]
Rate: TypeAlias = Literal[
    "lead_conversion_rate",
    "repurchase_rate",
    "loyalty_rate",
    "defecting_winback_rate",
    "inactive_winback_rate",
]
RATES: tuple[Rate, ...] = get_args(Rate)
"""The conversion rates: ids of the dictionary, which has their words."""

WEIGHTS: Mapping[Kind, float] = MappingProxyType(
    {"open": 1, "click": 3, "visit": 2, "review": 5, "app": 2, "service": 1, "session": 1}
)
"""The default weights of engagement; a convention: what costs the contact more counts more."""

_ID = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def _problem(message: str) -> PydanticCustomError:
    # Braces in the message would be read as fields of a template, so it is passed as a value.
    return PydanticCustomError("marketing_kpi", "{problem}", {"problem": message})


def _tier_id(value: str) -> str:
    if not _ID.fullmatch(value):
        raise _problem(f"{value!r} must be lower-case letters, digits and single underscores")
    taken = (*STAGES, *RATES, ABSENT, FIRST_PURCHASE, UNIDENTIFIED)
    if value in taken:
        raise _problem(f"{value!r} is the id of something else: choose another")
    return value


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Leads(_Part):
    """Borders of the stages of leads, in days before the day of the analysis.

    Attributes
    ----------
    new_days
        A lead registered in so many last days, without a response since, is new.
    active_days
        A lead with a response in so many last days is active.
    cold_days
        Any other lead is cold up to so many days after the later of its registration and its
        last response, and inactive after.
    """

    new_days: Days = 90
    active_days: Days = 90
    cold_days: Days = 180

    @model_validator(mode="after")
    def _cold_comes_after(self) -> Leads:
        latest = max(self.new_days, self.active_days)
        if self.cold_days <= latest:
            raise _problem(
                f"cold_days is {self.cold_days}, must be above new_days and active_days ({latest})"
            )
        return self


class Customers(_Part):
    """Borders of the stages of customers, in days since the last purchase.

    Attributes
    ----------
    active_days
        Up to so many days a customer is active, or first-time when that purchase is the only one.
    defecting_days
        Above `active_days` and up to so many days a customer is defecting, and inactive after.
    """

    active_days: Days = 90
    defecting_days: Days = 365

    @model_validator(mode="after")
    def _defecting_comes_after(self) -> Customers:
        if self.defecting_days <= self.active_days:
            raise _problem(
                f"defecting_days is {self.defecting_days}, must be above active_days "
                f"({self.active_days})"
            )
        return self


class Tier(_Part):
    """A tier of buyers by what they spent.

    Attributes
    ----------
    id
        Its stable name in data; what people read is `Settings.term`.
    up_to
        The most that its customers spent, included, in the data's currency; null for the last.
    """

    id: Annotated[str, AfterValidator(_tier_id)]
    up_to: Limit | None


TIERS = (
    Tier(id="low", up_to=Decimal(50)),
    Tier(id="normal", up_to=Decimal(200)),
    Tier(id="silver", up_to=Decimal(500)),
    Tier(id="gold", up_to=Decimal(1000)),
    Tier(id="platinum", up_to=None),
)
"""The default tiers, from the lowest to the highest."""


class Status(_Part):
    """Buyer status: tiers of what customers spent in a window.

    Attributes
    ----------
    window_days
        The spending of so many last days counts; 730 is two years.
    tiers
        From the lowest to the highest; the last has no limit. A limit belongs to the lower tier.
    """

    window_days: Days = 730
    tiers: tuple[Tier, ...] = Field(default=TIERS, min_length=1)

    @model_validator(mode="after")
    def _limits_rise(self) -> Status:
        *below, last = self.tiers
        if last.up_to is not None:
            raise _problem(f"tiers: the last tier, '{last.id}', must have no limit (up_to: null)")
        limits = [tier.up_to for tier in below]
        known = [limit for limit in limits if limit is not None]
        if len(known) < len(limits):
            raise _problem("tiers: only the last tier may have no limit (up_to: null)")
        if any(low >= high for low, high in pairwise(known)):
            shown = ", ".join(f"{limit:f}" for limit in known)
            raise _problem(f"tiers: limits must rise from one tier to the next, found {shown}")
        ids = [tier.id for tier in self.tiers]
        repeated = sorted({id for id in ids if ids.count(id) > 1})
        if repeated:
            raise _problem(f"tiers: given twice: {', '.join(repeated)}")
        return self


class Engagement(_Part):
    """How much responses and sessions say of a contact's interest.

    Attributes
    ----------
    window_days
        Those of so many last days count.
    half_life_days
        One that is so many days older than another counts half as much.
    weights
        What one of each kind counts for, before its age; those not given keep their default. The
        kinds are those of responses, and ``session``; 0 leaves a kind out.
    """

    window_days: Days = 365
    half_life_days: Days = 30
    weights: dict[Kind, Weight] = Field(default_factory=lambda: {**WEIGHTS})

    @field_validator("weights")
    @classmethod
    def _others_keep_their_default(cls, given: dict[Kind, float]) -> dict[Kind, float]:
        return {**WEIGHTS, **given}


class Rates(_Part):
    """Windows of the conversion rates, in days before the day of the analysis.

    Attributes
    ----------
    lead_days
        Lead conversion looks at the contacts registered in so many last days.
    repurchase_days
        Repurchase looks at the buyers whose first purchase was in so many last days.
    loyalty_days
        Loyalty looks at the customers who ordered so many days ago, on that day.
    defecting_days
        Win-back looks at the customers who became defecting in so many last days.
    inactive_days
        Win-back looks at the customers who became inactive in so many last days.
    history_days
        The daily history shown covers so many last days; 730 is two years.
    recent_days
        The mean of so many last days is held against that of as many before.
    """

    lead_days: Days = 180
    repurchase_days: Days = 90
    loyalty_days: Days = 90
    defecting_days: Days = 90
    inactive_days: Days = 275
    history_days: Days = 730
    recent_days: Days = 30


class Settings(_Part):
    """Every threshold, window, tier and word of the customer lifecycle.

    Attributes
    ----------
    leads, customers
        The borders of the stages; see `Leads` and `Customers`.
    status
        The tiers of buyers; see `Status`.
    engagement
        The weights of responses and sessions; see `Engagement`.
    classes
        How many classes each letter of the eRFM score has, from 2 to 9.
    rates
        The windows of the conversion rates; see `Rates`.
    count_fully_refunded
        Whether a purchase counts whose goods all came back, or whose whole amount was refunded.
    unidentified
        Whether purchases of nobody known are ``"in"`` the revenue and its shares, under a name of
        their own, or ``"out"``. They are counted and shown in any case, and never make a contact.
    currency
        ISO 4217 code of the limits, which are compared with the amounts as they stand: nothing is
        converted. Null: the reader's own.
    words
        Words shown in place of the package's own: ``{"en": {"low": "Small spender"}}``.

    Examples
    --------
    >>> settings = Settings(words={"en": {"low": "Small spender"}})
    >>> settings.term("low", "en"), settings.term("gold", "en")
    ('Small spender', 'Gold')
    >>> settings.customers.defecting_days
    365
    """

    leads: Leads = Leads()
    customers: Customers = Customers()
    status: Status = Status()
    engagement: Engagement = Engagement()
    classes: int = Field(default=5, ge=2, le=9)
    rates: Rates = Rates()
    count_fully_refunded: bool = True
    unidentified: Literal["in", "out"] = "in"
    currency: str | None = None
    words: dict[str, dict[str, str]] = Field(default_factory=dict)

    @field_validator("currency")
    @classmethod
    def _currency_is_iso(cls, value: str | None) -> str | None:
        from babel.numbers import is_currency

        if value is not None and not is_currency(value):
            meant = f"; did you mean {value.upper()!r}?" if is_currency(value.upper()) else ""
            raise _problem(f"{value!r} is not an ISO 4217 code{meant}")
        return value

    @model_validator(mode="after")
    def _words_are_of_something(self) -> Settings:
        for lang, words in self.words.items():
            if lang not in LANGUAGES:
                message, hint = unknown("language", lang, LANGUAGES)
                raise _problem(f"words: {message} ({hint})")
            for id, text in words.items():
                if id not in self._ids:
                    message, hint = unknown("id", id, self._ids)
                    raise _problem(f"words.{lang}: {message} ({hint})")
                if not text.strip():
                    raise _problem(f"words.{lang}.{id}: empty")
        return self

    @property
    def tiers(self) -> tuple[str, ...]:
        """The ids of the tiers, from the lowest to the highest."""
        return tuple(tier.id for tier in self.status.tiers)

    @property
    def _ids(self) -> tuple[str, ...]:
        return (*STAGES, *self.tiers, *RATES, ABSENT, FIRST_PURCHASE, UNIDENTIFIED)

    def term(self, id: str, lang: str | Reader) -> str:
        """Return the word shown for a stage, a tier or a rate, in a language.

        The words of these settings come first, then the package's; what neither has, such as a
        tier of the client's own, is shown as it is.
        """
        reader = Reader.of(lang)
        own = self.words.get(reader.lang, {})
        if id in own:
            return own[id]
        if id in RATES:
            from marketing_kpi.kpis.dictionary import dictionary

            return str(dictionary()[id].name[reader.lang])
        return reader.translate(WORDS[id]) if id in WORDS else id

    def tier_range(self, id: str, lang: str | Reader) -> str:
        """Return what the customers of a tier spent, as a text.

        Examples
        --------
        >>> [Settings().tier_range(id, "en") for id in ("low", "normal", "platinum")]
        ['up to $50', 'over $50, up to $200', 'over $1,000']
        """
        reader = Reader.of(lang)
        if self.currency is not None:
            reader = replace(reader, currency=self.currency)
        if id not in self.tiers:
            message, hint = unknown("tier", id, self.tiers)
            raise ConfigError(message, hint=hint)
        place = self.tiers.index(id)
        up_to = self.status.tiers[place].up_to
        above = self.status.tiers[place - 1].up_to if place else None
        return _range(above, up_to, reader)

    @classmethod
    def load(cls, path: str | Path) -> Settings:
        """Read settings from a YAML file that names only what differs from the defaults.

        Parameters
        ----------
        path
            A file such as ``customers: {defecting_days: 540}``.

        Raises
        ------
        ConfigError
            When the file cannot be read, or a key or value is not one; the message names the
            file, the line and the key of each problem.
        """
        path = Path(path)
        document = load_yaml(path, error=ConfigError)
        try:
            return cls.model_validate(document.value)
        except ValidationError as error:
            problems = (_line(path, document, item) for item in error.errors(include_url=False))
            raise ConfigError("\n".join(dict.fromkeys(problems))) from error

    @classmethod
    def of(cls, given: Mapping[str, Any] | None) -> Settings:
        """Return settings of what differs from the defaults; None: these.

        Raises
        ------
        ConfigError
            When a key or value is not one; the message names the key of each problem.

        Examples
        --------
        >>> Settings.of({"customers": {"defecting_days": 540}}).customers
        Customers(active_days=90, defecting_days=540)
        """
        problems = cls.problems(given or {})
        if problems:
            raise ConfigError("\n".join(f"settings: {problem}" for problem in problems))
        return cls.model_validate(given or {})

    @classmethod
    def problems(cls, given: Mapping[str, Any]) -> list[str]:
        """Return what is wrong in settings, a text a problem that names its key; none if nothing.

        Examples
        --------
        >>> Settings.problems({"customers": {"active_days": 0}})
        ['customers.active_days: 0: input should be greater than or equal to 1']
        """
        try:
            cls.model_validate(given)
        except ValidationError as error:
            return list(dict.fromkeys(map(_told, error.errors(include_url=False))))
        return []


DEFAULTS = Settings()
"""The settings of functions that are given none."""


def _range(above: Decimal | None, up_to: Decimal | None, reader: Reader) -> str:
    _ = reader.translate
    low, high = (_shown(limit, reader) for limit in (above, up_to))
    if above is None and up_to is None:
        return _("any amount")
    if above is None:
        return _("up to {high}", high=high)
    if up_to is None:
        return _("over {low}", low=low)
    return _("over {low}, up to {high}", low=low, high=high)


def _shown(limit: Decimal | None, reader: Reader) -> str:
    whole = limit is None or limit == limit.to_integral_value()
    return reader.money(limit, decimals=0 if whole else 2)


def _line(path: Path, document: Document, error: Any) -> str:
    """Return one problem as `file, line N: key: what is wrong`."""
    keys = _keys(error)
    place = f"{path.name}, line {document.line(tuple(keys))}" if keys else path.name
    return f"{place}: {_told(error)}"


def _told(error: Any) -> str:
    """Return one problem as `key: what is wrong`; that of the whole has no key."""
    keys, reason = _keys(error), _reason(error)
    if error["type"] == "extra_forbidden":
        *keys, key = keys
        message, hint = unknown("key", str(key), _known_keys(keys))
        reason = f"{message} ({hint})"
    return f"{'.'.join(map(str, keys))}: {reason}" if keys else reason


def _keys(error: Any) -> list[str | int]:
    return [part for part in error["loc"] if part != "[key]"]


def _known_keys(path: Sequence[str | int]) -> list[str]:
    """Return the keys that the part of the settings at a path may have."""
    part: type[BaseModel] = Settings
    for key in path:
        if isinstance(key, int):
            part = Tier
        elif key in part.model_fields:
            kind = part.model_fields[key].annotation
            part = kind if isinstance(kind, type) and issubclass(kind, BaseModel) else part
    return list(part.model_fields)


def _reason(error: Any) -> str:
    if error["type"] == "missing":
        return "missing"
    message, given = str(error["msg"]), error.get("input")
    if error["type"] != "marketing_kpi" and isinstance(given, str | int | float):
        return f"{given!r}: {message[0].lower()}{message[1:]}"
    return message
