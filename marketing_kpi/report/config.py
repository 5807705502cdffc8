"""Clients' configurations: YAML files, checked in full before anything runs.

`load` reads the files and returns a `ClientConfig` a client, or raises one `ConfigError` that names
every file, line and key that is wrong and what to write there.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal
from urllib.parse import parse_qsl, urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from marketing_kpi.errors import ConfigError, MarketingKpiError, unknown
from marketing_kpi.report.brand import COLOUR, Brand, brand_of
from marketing_kpi.text.locale import LANGUAGES, Reader, reader
from marketing_kpi.text.yaml12 import Document
from marketing_kpi.text.yaml12 import load as load_yaml

if TYPE_CHECKING:
    from marketing_kpi.kpis.periods import Periods

Language = Literal["fr", "en"]
Compare = Literal["previous_year", "previous_period", "none"]
Value = str | int | float | bool | None

MAX_CLIENT_CHARACTERS = 120
MAX_ID_CHARACTERS = 60
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LESSON = re.compile(r"[0-9]{2}")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_SAMPLE = "sample:"
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SECRET_WORDS = ("password", "passwd", "pwd", "token", "secret", "key", "credential")
# Windows opens these as devices, whatever the folder.
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul"} | {f"{n}{i}" for n in ("com", "lpt") for i in range(10)}
)
# Characters that reorder the text around them; a name has no need of them.
_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

_CLIENTS = "clients"
"""The key under which a file lists several clients."""

_WRITE = MappingProxyType(
    {
        "client": "client: Boréal",
        "lang": "lang: [fr, en]",
        "currency": "currency: CAD",
        "as_of": 'as_of: "2026-01-01"',
        "period": "period: 12 months",
        "compare": "compare: previous_year, previous_period or none",
        "locale": "locale: {fr: fr_CA, en: en_CA}",
        "id": "id: boreal",
        "data": "data: ../data/demo, data: demo or data: postgres://me:${PASSWORD}@host/shop",
        "mapping": "mapping: mapping.yml, or mapping: null",
        "notebooks": 'notebooks: ["00", "02"]',
        "parameters": 'parameters: {"02": {classes: 5}}',
        "brand": 'brand: {logo: logo.svg, colour: "#0b5c6b"}',
    }
)


_PLAINLY = MappingProxyType(
    {
        "missing": "missing",
        "too_short": "empty",
        "string_too_short": "empty",
        "string_type": "must be a text",
        "tuple_type": "must be a list",
        "dict_type": "must be names and their values",
    }
)


class CommonParameters(BaseModel):
    """The parameters that every lesson has; a client's configuration fills them in."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
    example: ClassVar[str] = ""

    lang: Language
    locale: str | None = None
    currency: str = "CAD"
    client: str = "Boréal"
    source: str = "demo"
    mapping: str | None = None
    as_of: str = "2026-01-01"
    period: str = "12 months"
    compare: Compare = "previous_year"


class OverviewParameters(CommonParameters):
    """The parameters of the overview: the KPIs of its scorecard (null: what says most of the data).

    Simple or derived KPIs, by their ids in the dictionary, in the order to show.
    """

    example: ClassVar[str] = "kpis: [net_sales, conversion_rate, stockout_rate]"

    kpis: list[str] | None = Field(default=None, min_length=1)

    @field_validator("kpis")
    @classmethod
    def _kpis_are_computed(cls, value: list[str] | None) -> list[str] | None:
        from marketing_kpi.kpis.dictionary import dictionary

        for id in value or ():
            try:
                kpi = dictionary().kpi(id)
            except MarketingKpiError as error:
                raise _problem(error.message) from error
            if kpi.type == "analysis":
                raise _problem(f"{id} is an analysis, which no scorecard computes")
            if value is not None and value.count(id) > 1:
                raise _problem(f"{id} is there twice")
        return value


class RfmParameters(CommonParameters):
    """The parameters of the RFM lesson: how many classes, and fixed bounds instead of quantiles."""

    example: ClassVar[str] = "classes: 5"

    classes: int = Field(default=5, ge=2, le=9)
    thresholds: dict[Literal["recency_days", "frequency", "monetary"], list[float]] | None = None

    @model_validator(mode="after")
    def _bounds_part_the_classes(self) -> RfmParameters:
        # `rfm.score` refuses these too, but only once the data have been read.
        for name, bounds in (self.thresholds or {}).items():
            if len(bounds) != self.classes - 1:
                raise _problem(
                    f"thresholds.{name} has {len(bounds)} bounds, must have {self.classes - 1} "
                    f"(one less than classes)"
                )
            if any(low >= high for low, high in pairwise(bounds)):
                raise _problem(f"thresholds.{name} must rise from one bound to the next")
        return self


class CltvParameters(CommonParameters):
    """The parameters of the lesson on customer lifetime value.

    The days after an order for which a customer counts as active, what money a year later is worth
    less, how far ahead to look, the gross margin rate where the data tell no costs, and the last
    part of the period on which a forecast is put to the test.
    """

    example: ClassVar[str] = "activity_days: 365"

    activity_days: int = Field(default=365, ge=1)
    discount_rate: float = Field(default=0.10, ge=0, le=1)
    horizon_months: int = Field(default=36, ge=1, le=120)
    margin_rate: float | None = Field(default=None, gt=0, le=1)
    holdout: str = "6 months"

    @field_validator("holdout")
    @classmethod
    def _holdout_is_a_length(cls, value: str) -> str:
        from marketing_kpi.kpis.periods import length

        try:
            length(value, name="holdout")
        except MarketingKpiError as error:
            raise _problem(error.message.removeprefix("holdout == ")) from error
        return value


class ControlGroupParameters(CommonParameters):
    """The parameters of the lesson on control-group tests.

    The campaign (null: the last with a control whose window is over) and, of several treatments,
    the one looked at; the days in which purchases count; the share of the control that was meant
    (null: not known, so not tested); what contacting that treatment cost and the gross margin
    rate, where the data do not tell; the smallest relative lift that would matter; the column of
    contacts that parts the segments.
    """

    example: ClassVar[str] = "campaign: spring_mail, expected_control_share: 0.1"

    campaign: str | None = Field(default=None, min_length=1)
    treatment: str | None = Field(default=None, min_length=1)
    window_days: int = Field(default=28, ge=1)
    expected_control_share: float | None = Field(default=None, gt=0, lt=1)
    cost: float | None = Field(default=None, ge=0)
    margin_rate: float | None = Field(default=None, gt=0, le=1)
    worthwhile_lift: float = Field(default=0.10, gt=0)
    by: str = Field(default="region", min_length=1)


class PrepostParameters(CommonParameters):
    """The parameters of the lesson on before–after analysis.

    The day the action began; the units it touched (an empty list: it touched everything) and those
    it left alone (null: all the others; an empty list: none), by the names that the column `unit`
    gives them; the KPI looked at, which must add up; the periods, and how many weeks to compare on
    each side (null: as many as the data have, a year at most); whose holidays to look up (null:
    nobody's).
    """

    example: ClassVar[str] = 'action: "2025-06-02", treated: [S01], control: null'

    action: str | None = None
    treated: list[str] | None = None
    control: list[str] | None = None
    unit: str = Field(default="store_id", min_length=1)
    outcome: str = "net_sales"
    grain: Literal["day", "week"] = "week"
    weeks: int | None = Field(default=None, ge=1, le=52)
    country: str | None = None
    subdivision: str | None = None

    @field_validator("treated", "control", mode="before")
    @classmethod
    def _numbers_are_names(cls, value: object) -> object:
        if not isinstance(value, list):
            return value
        return [str(one) if type(one) is int else one for one in value]

    @field_validator("action")
    @classmethod
    def _action_is_a_day(cls, value: str | None) -> str | None:
        if value is None:
            return None
        from marketing_kpi.kpis.periods import day

        try:
            return day(value, name="action").isoformat()
        except MarketingKpiError as error:
            raise _problem(error.message.removeprefix("action == ")) from error

    @field_validator("outcome")
    @classmethod
    def _outcome_adds_up(cls, value: str) -> str:
        from marketing_kpi.prepost import adds_up

        try:
            known = adds_up(value)
        except MarketingKpiError as error:
            raise _problem(error.message) from error
        if not known:
            raise _problem(f"{value!r} does not add up over stores and weeks, as net_sales does")
        return value

    @model_validator(mode="after")
    def _arms_are_apart(self) -> PrepostParameters:
        if both := sorted(set(self.treated or ()) & set(self.control or ())):
            raise _problem(f"in treated and in control: {', '.join(both)}")
        return self

    @model_validator(mode="after")
    def _holidays_are_known(self) -> PrepostParameters:
        from marketing_kpi.quasi_experiments.periods import check_place

        try:
            check_place(self.country, self.subdivision)
        except MarketingKpiError as error:
            raise _problem(f"{error.message} ({error.hint})") from error
        return self


class LifecycleParameters(CommonParameters):
    """The parameters of the lesson on the customer lifecycle.

    What differs from the default settings (see `marketing_kpi.stages.settings.Settings`), and the
    values to keep, by column.
    """

    example: ClassVar[str] = "settings: {customers: {defecting_days: 540}}, filters: {region: [QC]}"

    settings: dict[str, Any] | None = None
    filters: dict[str, Value | list[Value]] | None = None

    @model_validator(mode="after")
    def _settings_are_some(self) -> LifecycleParameters:
        _check_settings(self.settings)
        return self


def _check_settings(settings: Mapping[str, Any] | None) -> None:
    from marketing_kpi.stages.settings import Settings

    problems = Settings.problems(settings or {})
    if problems:
        raise _problem(f"settings: {problems[0]}")


class RetentionParameters(CommonParameters):
    """The parameters of the lesson on retention and returns.

    What cohorts are made by, and the days after a sale by which its returns have come.
    """

    example: ClassVar[str] = "grain: quarter"

    grain: Literal["month", "quarter"] = "month"
    return_days: int = Field(default=60, ge=1)


class ChannelParameters(CommonParameters):
    """The parameters of the lesson on channels and attribution.

    The days before an order in which a touch counts, and the campaign with a control group that
    credit is held against (null: the last whose window is over).
    """

    example: ClassVar[str] = "lookback_days: 30, campaign: spring_mail"

    lookback_days: int = Field(default=30, ge=1)
    campaign: str | None = Field(default=None, min_length=1)


class FulfilmentParameters(CommonParameters):
    """The parameters of the lesson on fulfilment.

    The share of parcels that an agreement asks to be on time (null: no agreement is known), and
    what speed, cost and quality are set side by: a dimension, a column of the shipments (a
    carrier), ``week`` or ``month``.
    """

    example: ClassVar[str] = "sla_target: 0.95, balance_by: region"

    sla_target: float | None = Field(default=None, ge=0, le=1)
    balance_by: str = "region"


class FinanceParameters(CommonParameters):
    """The parameters of the lesson on financial health.

    What it costs to fight one dispute, in the report's currency, and the days after an order by
    which its payment has been disputed.
    """

    example: ClassVar[str] = "dispute_cost: 25, ripe_days: 120"

    dispute_cost: float = Field(default=25.0, ge=0)
    ripe_days: int = Field(default=120, ge=0)


class VoiceParameters(CommonParameters):
    """The parameters of the lesson on the customer's voice.

    The column of contacts or surveys that parts the answers, the share of wallet aimed at (null:
    that of the best category), how many customers a panel member stands for, and what differs from
    the default settings of engagement (see `marketing_kpi.stages.settings.Engagement`).
    """

    example: ClassVar[str] = "settings: {engagement: {half_life_days: 60}}"

    by: str = Field(default="region", min_length=1)
    target: float | None = Field(default=None, ge=0, le=1)
    represents: float = Field(default=1, gt=0)
    settings: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _settings_are_some(self) -> VoiceParameters:
        _check_settings(self.settings)
        return self


class GovernanceParameters(CommonParameters):
    """The parameters of the lesson on governance.

    The systems of `identities` in which a person has one account: two of them tell a wrong match.
    """

    example: ClassVar[str] = "one_account_systems: [pos, app]"

    one_account_systems: list[str] = Field(default_factory=lambda: ["pos", "app"])


PARAMETERS: Mapping[str, type[CommonParameters]] = MappingProxyType(
    {
        "00": OverviewParameters,
        "02": RfmParameters,
        "03": CltvParameters,
        "04": ControlGroupParameters,
        "05": PrepostParameters,
        "06": LifecycleParameters,
        "09": RetentionParameters,
        "10": ChannelParameters,
        "13": FulfilmentParameters,
        "15": FinanceParameters,
        "16": VoiceParameters,
        "17": GovernanceParameters,
    }
)
"""The model of a lesson's parameters; a lesson that is not here has the common ones only."""


def parameters_model(number: str) -> type[CommonParameters]:
    """Return the model of the parameters of lesson `number`.

    >>> parameters_model("02").__name__
    'RfmParameters'
    """
    return PARAMETERS.get(number, CommonParameters)


def own_parameters(number: str) -> tuple[str, ...]:
    """Return the names that ``parameters:`` may set for a lesson: all but the common ones.

    >>> own_parameters("02"), own_parameters("07")
    (('classes', 'thresholds'), ())
    """
    common = CommonParameters.model_fields
    return tuple(name for name in parameters_model(number).model_fields if name not in common)


def slug(text: str) -> str:
    """Return `text` as lower-case ASCII words joined by hyphens; empty when none is left.

    >>> slug("Épicerie Boréal & Cie"), slug("../../etc"), slug("株式会社")
    ('epicerie-boreal-cie', 'etc', '')
    """
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = "-".join(re.findall(r"[a-z0-9]+", ascii_text.lower()))
    return words[:MAX_ID_CHARACTERS].strip("-")


def _problem(message: str, *, write: str = "") -> PydanticCustomError:
    # Braces in the message would be read as fields of a template, so it is passed as a value.
    return PydanticCustomError("marketing_kpi", "{problem}", {"problem": message, "write": write})


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class BrandConfig(BaseModel):
    """A client's own picture and colour: ``{logo: logo.svg, colour: "#0b5c6b"}``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    logo: str | None = None
    colour: str | None = None

    @field_validator("colour")
    @classmethod
    def _is_a_colour(cls, value: str | None) -> str | None:
        if value is not None and not COLOUR.fullmatch(value):
            raise _problem(f"{value!r} is not a colour written as #0b5c6b, in quotes")
        return value


class ClientConfig(BaseModel):
    """What a report is made of: the client, the data, the dates, the lessons.

    The fields are the keys of the YAML file, as written there; `source_for_notebooks`,
    `mapping_for_notebooks` and `reader` give what they stand for.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    client: str
    lang: Annotated[tuple[Language, ...], BeforeValidator(_listed)] = Field(min_length=1)
    currency: str
    as_of: str
    period: str = "12 months"
    compare: Compare = "previous_year"
    locale: dict[Language, str] = Field(default_factory=dict)
    id: str = ""
    data: str = Field(min_length=1)
    mapping: str | None = None
    notebooks: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(min_length=1)
    parameters: dict[str, dict[str, Any]] = Field(default_factory=dict)
    brand: BrandConfig = BrandConfig()

    _folder: Path = PrivateAttr(default_factory=Path.cwd)
    _place: str = PrivateAttr(default="")

    @field_validator("client")
    @classmethod
    def _client_is_a_name(cls, value: str) -> str:
        name = unicodedata.normalize("NFC", value.strip())
        if not name:
            raise _problem("empty")
        if len(name) > MAX_CLIENT_CHARACTERS:
            raise _problem(f"{len(name):,} characters, must be at most {MAX_CLIENT_CHARACTERS}")
        if any(unicodedata.category(c) in {"Cc", "Cs"} or c in _REORDERING for c in name):
            raise _problem("contains a control character (a line break, a direction mark, …)")
        return name

    @field_validator("currency")
    @classmethod
    def _currency_is_iso(cls, value: str) -> str:
        from babel.numbers import is_currency

        if not is_currency(value):
            meant = f"; did you mean {value.upper()!r}?" if is_currency(value.upper()) else ""
            raise _problem(f"{value!r} is not an ISO 4217 code{meant}")
        return value

    @field_validator("as_of")
    @classmethod
    def _as_of_is_a_day(cls, value: str) -> str:
        try:
            if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
                return dt.date.fromisoformat(value).isoformat()
        except ValueError as error:
            raise _problem(f"{value!r} is not a day of the calendar") from error
        raise _problem(f"{value!r} is not a date written year-month-day")

    @field_validator("id")
    @classmethod
    def _id_is_a_slug(cls, value: str) -> str:
        if value and not (_ID.fullmatch(value) and len(value) <= MAX_ID_CHARACTERS):
            raise _problem(
                f"{value!r} is not made of lower-case letters, digits and single hyphens "
                f"(at most {MAX_ID_CHARACTERS})"
            )
        return value

    @field_validator("data")
    @classmethod
    def _data_is_known_and_has_no_secret(cls, value: str) -> str:
        if _URL.match(value):
            _refuse_secret(value)
        if value.startswith(_SAMPLE):
            _refuse_unknown_sample(value)
        return value

    @field_validator("lang", "notebooks")
    @classmethod
    def _no_repeat(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        repeated = sorted({value for value in values if values.count(value) > 1})
        if repeated:
            raise _problem(f"given twice: {', '.join(repeated)}")
        return values

    @field_validator("notebooks")
    @classmethod
    def _notebooks_are_numbers(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        wrong = [value for value in values if not _LESSON.fullmatch(value)]
        if wrong:
            raise _problem(f"{wrong[0]!r} is not the two digits of a lesson")
        return values

    @field_validator("parameters")
    @classmethod
    def _parameters_fit_their_lesson(
        cls, values: dict[str, dict[str, Any]]
    ) -> dict[str, dict[str, Any]]:
        return {number: _lesson_parameters(number, given) for number, given in values.items()}

    @model_validator(mode="after")
    def _complete(self) -> ClientConfig:
        if not self.id:
            object.__setattr__(self, "id", slug(self.client))
        if not self.id or self.id in _DEVICES:
            raise _problem(f"id: client {self.client!r} gives no usable folder name")
        _check_dates(self)
        _check_locales(self)
        _check_currency_of_settings(self)
        extra = sorted(set(self.parameters) - set(self.notebooks))
        if extra:
            raise _problem(f"parameters: lesson {extra[0]} is not in notebooks; add it there")
        return self

    @property
    def source_for_notebooks(self) -> str:
        """The data as notebooks open them: a name, a URL with ``${NAME}`` in it, a whole path."""
        return self.data if _is_name(self.data) else self._path(self.data)

    @property
    def data_name(self) -> str:
        """The data as a page names them: without the folders of the machine that made it."""
        return self.data if _is_name(self.data) else Path(self.source_for_notebooks).name

    @property
    def mapping_for_notebooks(self) -> str | None:
        """The mapping's whole path, or None."""
        return None if self.mapping is None else self._path(self.mapping)

    @property
    def shown_brand(self) -> Brand:
        """What pages show of the client: its logo and its colour, if it gave any."""
        return brand_of(logo=self._logo, colour=self.brand.colour)

    @property
    def _logo(self) -> Path | None:
        return Path(self._path(self.brand.logo)) if self.brand.logo else None

    @property
    def secrets(self) -> tuple[str, ...]:
        """Values that come from the environment and must never be shown."""
        names = _VARIABLE.findall(self.data)
        return tuple(value for name in names if (value := os.environ.get(name)))

    @property
    def dates(self) -> Periods:
        """The period of the report, and the one that it is compared with."""
        from marketing_kpi.kpis.periods import periods

        return periods(as_of=self.as_of, period=self.period, compare=self.compare)

    def reader(self, lang: str) -> Reader:
        """Return who reads the report in `lang`."""
        return reader(lang, locale=self.locale.get(lang), currency=self.currency)  # type: ignore[call-overload]

    def parameters_for(self, number: str, *, lang: str) -> dict[str, Any]:
        """Return what is injected into lesson `number`: names of its model only, JSON-safe."""
        model = parameters_model(number)(
            lang=lang,  # type: ignore[arg-type]
            locale=self.reader(lang).locale,
            currency=self.currency,
            client=self.client,
            source=self.source_for_notebooks,
            mapping=self.mapping_for_notebooks,
            as_of=self.as_of,
            period=self.period,
            compare=self.compare,
            **self.parameters.get(number, {}),
        )
        return model.model_dump(mode="json")

    def dump(self) -> dict[str, Any]:
        """Return the configuration as written, JSON-safe: names of secrets, not secrets."""
        return self.model_dump(mode="json")

    def _path(self, written: str) -> str:
        return str((self._folder / Path(written).expanduser()).resolve())


def _is_name(data: str) -> bool:
    return data == "demo" or data.startswith(_SAMPLE) or _URL.match(data) is not None


def _refuse_secret(url: str) -> None:
    parts = urlsplit(url)
    written = [parts.password or ""]
    written += [
        value
        for key, value in parse_qsl(parts.query)
        if any(word in key.lower() for word in _SECRET_WORDS)
    ]
    if any(value and not _VARIABLE.fullmatch(value) for value in written):
        raise _problem(
            "the address holds a password; keep it in an environment variable and write ${NAME}"
        )


def _refuse_unknown_sample(data: str) -> None:
    from marketing_kpi.data.samples import SAMPLES

    name = data.removeprefix(_SAMPLE)
    if name not in SAMPLES:
        message, hint = unknown("sample", name, SAMPLES)
        raise _problem(f"{message} ({hint})")


def _lesson_parameters(number: str, given: dict[str, Any]) -> dict[str, Any]:
    """Return the values of one lesson as its model reads them, under the names given."""
    own, model_of = own_parameters(number), parameters_model(number)
    write = f'parameters: {{"{number}": {{{model_of.example}}}}}' if own else ""
    for name in given:
        if name in CommonParameters.model_fields:
            raise _problem(f"{number}: '{name}' is set by the keys at the top of the file")
        if name not in own:
            message, hint = unknown("parameter", name, own, where=f"lesson {number}")
            said = f"{message} ({hint})" if own else f"lesson {number} has no parameter"
            raise _problem(said, write=write)
    try:
        model = model_of(lang="en", **given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join(str(part) for part in (number, *first["loc"]))
        raise _problem(f"{path}: {_reason(first)}", write=write) from error
    return model.model_dump(mode="json", include=set(given))


def _check_dates(config: ClientConfig) -> None:
    try:
        _ = config.dates
    except MarketingKpiError as error:
        hint = f" ({error.hint})" if error.hint else ""
        raise _problem(f"period: {error.message.removeprefix('period == ')}{hint}") from error
    except (ValueError, OverflowError) as error:
        raise _problem(f"period: {config.period!r} reaches before the calendar") from error


def _check_locales(config: ClientConfig) -> None:
    # A language that this report is not written in may keep its locale, for the day that it is.
    for lang in dict.fromkeys((*config.lang, *config.locale)):
        try:
            config.reader(lang)
        except ConfigError as error:
            raise _problem(f"locale: {error.message}") from error


def _check_currency_of_settings(config: ClientConfig) -> None:
    for number, given in config.parameters.items():
        currency = (given.get("settings") or {}).get("currency")
        if currency not in (None, config.currency):
            raise _problem(
                f"parameters: {number}.settings.currency is {currency}, must be {config.currency}, "
                f"as currency: is: limits are compared with amounts, and nothing is converted",
                write=f'parameters: {{"{number}": {{settings: {{currency: {config.currency}}}}}}}',
            )


def load(paths: Iterable[Path | str]) -> tuple[ClientConfig, ...]:
    """Read and check clients' configurations.

    Parameters
    ----------
    paths
        YAML files, of one client or of several (see `read_clients`).

    Returns
    -------
    tuple of ClientConfig
        In the order of `paths`.

    Raises
    ------
    ConfigError
        For any file that cannot be read or is not valid, and for two clients with one id.
    """
    configs, errors = read_clients(paths)
    if errors:
        raise together(errors)
    refuse_shared_ids(configs)
    return configs


def read_clients(
    paths: Iterable[Path | str],
) -> tuple[tuple[ClientConfig, ...], tuple[ConfigError, ...]]:
    """Read clients' configurations, and say of those that are not valid why.

    A file describes one client; or several, each an item under ``clients:`` that has its own keys
    and takes the others from the top of the file. A key of an item replaces the one at the top.

    Parameters
    ----------
    paths
        YAML files.

    Returns
    -------
    tuple
        The clients that are valid, in the order written, and an error for each that is not.
    """
    configs: list[ClientConfig] = []
    errors: list[ConfigError] = []
    for path in map(Path, paths):
        try:
            documents = _documents(path)
        except ConfigError as error:
            errors.append(error)
            continue
        for document in documents:
            try:
                configs.append(_client(path, document))
            except ConfigError as error:
                errors.append(error)
    return tuple(configs), tuple(errors)


def together(errors: Sequence[ConfigError]) -> ConfigError:
    """Return one error that says what several do, each thing once."""
    lines = dict.fromkeys(line for error in errors for line in error.message.splitlines())
    hints = dict.fromkeys(error.hint for error in errors if error.hint)
    return ConfigError("\n".join(lines), hint="; ".join(hints) or None)


def refuse_shared_ids(configs: Iterable[ClientConfig]) -> None:
    """Refuse two clients of one id: one report would overwrite the other."""
    places: dict[str, str] = {}
    for config in configs:
        if config.id in places:
            one, other = places[config.id], config._place
            both = f"{one} and {other}" if one and other and one != other else "two clients"
            raise ConfigError(
                f"{both} have the same id '{config.id}'",
                hint="their reports would overwrite each other: write another id: in one of them",
            )
        places[config.id] = config._place


def _documents(path: Path) -> list[Document]:
    """Return what a file says of each of its clients, with the lines where it does."""
    whole = load_yaml(path, error=ConfigError)
    if _CLIENTS not in whole.value:
        return [Document(whole.value, {keys: line for keys, line in whole.lines.items() if keys})]
    shared = {key: value for key, value in whole.value.items() if key != _CLIENTS}
    items = whole.value[_CLIENTS]
    if not isinstance(items, list) or not items or not all(isinstance(i, dict) for i in items):
        raise ConfigError(
            f"{path.name}, line {whole.lines[(_CLIENTS,)]}: {_CLIENTS}: expected a list of clients",
            hint="write each as '- client: …', its own keys below, those of all at the top",
        )
    return [_item(whole, shared, place, item) for place, item in enumerate(items)]


def _item(whole: Document, shared: Mapping[str, Any], place: int, item: dict[str, Any]) -> Document:
    lines = {keys: line for keys, line in whole.lines.items() if keys and keys[0] in shared}
    lines = {keys: line for keys, line in lines.items() if keys[0] not in item}
    start = (_CLIENTS, place)
    own = {keys[2:]: line for keys, line in whole.lines.items() if keys[:2] == start}
    return Document({**shared, **item}, {**lines, **own})


def _client(path: Path, document: Document) -> ClientConfig:
    try:
        config = ClientConfig.model_validate(document.value)
    except ValidationError as error:
        # One problem a key: what a wrong item makes of its list says nothing more.
        first = {item["loc"][:1]: item for item in reversed(error.errors(include_url=False))}
        problems = [_line(path, document, item) for item in reversed(first.values())]
        raise ConfigError("\n".join(problems)) from error
    config._folder = path.resolve().parent
    line = document.lines.get(())
    config._place = f"{path.name}, line {line}" if line else path.name
    _check_files(config, path, document)
    return config


def _line(path: Path, document: Document, error: Any) -> str:
    """Return one problem as `file, line N: key: what is wrong; write …`."""
    keys = tuple(str(part) for part in error["loc"] if part != "[key]")
    key = keys[0] if keys else str(error["ctx"]["problem"]).split(":")[0] if "ctx" in error else ""
    # The path () is one client among several; a file of one client has no line for it.
    found = (document.lines.get(place) for place in (keys[:2] or (key,), (key,), ()))
    number = next((line for line in found if line), None)
    place = f"{path.name}, line {number}" if number else path.name
    if error["type"] == "extra_forbidden":
        message, hint = unknown("key", keys[-1], ClientConfig.model_fields)
        return f"{place}: {message} ({hint})"
    shown = f"{'.'.join(keys)}: " if keys else ""
    write = error.get("ctx", {}).get("write") or _WRITE.get(key)
    return f"{place}: {shown}{_reason(error)}" + (f"; write {write}" if write else "")


def _reason(error: Any) -> str:
    plainly = _PLAINLY.get(error["type"])
    if plainly:
        return plainly
    message = str(error["msg"])
    given = error.get("input")
    is_short = isinstance(given, str | int | float) and len(str(given)) <= 60
    if error["type"] != "marketing_kpi" and is_short:
        return f"{given!r}: {message[0].lower()}{message[1:]}"
    return message


def _check_files(config: ClientConfig, path: Path, document: Document) -> None:
    for key, written in (("data", config.data), ("mapping", config.mapping)):
        if written is None or (key == "data" and _is_name(written)):
            continue
        if not Path(config._path(written)).exists():
            raise ConfigError(
                f"{path.name}, line {document.lines[(key,)]}: {key}: no file or folder {written!r}",
                hint="paths are relative to the folder of the YAML file",
            )
    try:
        brand_of(logo=config._logo, colour=None)
    except ConfigError as error:
        line = document.line(("brand", "logo"))
        raise ConfigError(
            f"{path.name}, line {line}: brand.logo: {error.message}", hint=error.hint
        ) from error
    for name in _VARIABLE.findall(config.data):
        if not os.environ.get(name):
            raise ConfigError(
                f"{path.name}, line {document.lines[('data',)]}: data: "
                f"the environment has no variable {name}",
                hint=f"set it before running, as in {name}=… marketing-kpi report {path.name}",
            )


def selected(config: ClientConfig, notebooks: Sequence[str] | None) -> tuple[str, ...]:
    """Return the lessons to run: the client's, or those of `notebooks` that it has."""
    if notebooks is None:
        return config.notebooks
    if not notebooks:
        raise ConfigError(f"no lesson asked for {config.id}", hint="name some, as in 00,02")
    for number in notebooks:
        if number not in config.notebooks:
            message, hint = unknown("lesson", number, config.notebooks, where=config.id)
            raise ConfigError(message, hint=hint)
    return tuple(number for number in config.notebooks if number in notebooks)


def languages(config: ClientConfig, lang: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the languages to write: the client's, or those asked for."""
    if lang is None:
        return config.lang
    asked = (lang,) if isinstance(lang, str) else tuple(dict.fromkeys(lang))
    for language in asked:
        if language not in LANGUAGES:
            message, hint = unknown("language", language, LANGUAGES)
            raise ConfigError(message, hint=hint)
    return asked
