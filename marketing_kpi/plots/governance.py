"""Figures and tables of KPI governance: what `marketing_kpi.governance` returns, drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from marketing_kpi.governance import MISPLACED, SYSTEMS, Break, days_of
from marketing_kpi.kpis.dictionary import FILTERS, Kpi, dictionary
from marketing_kpi.plots import heat, style
from marketing_kpi.plots.entries import DOMAINS, STATUSES, SYSTEM_NAMES, window_name
from marketing_kpi.plots.sentences.base import Sentence
from marketing_kpi.plots.tables import Table, table
from marketing_kpi.text.locale import ABSENT, Reader, is_absent, rounded
from marketing_kpi.text.messages import N_

OWNERS: Mapping[str, str] = MappingProxyType(
    {
        "crm": N_("CRM team"),
        "customer_service": N_("Customer service"),
        "ecommerce": N_("E-commerce team"),
        "finance": N_("Finance"),
        "it": N_("IT"),
        "logistics": N_("Logistics"),
        "marketing": N_("Marketing"),
        "merchandising": N_("Merchandising"),
        "retail": N_("Stores"),
        "sales": N_("Sales"),
        "supply_chain": N_("Supply chain"),
        "warehouse": N_("Warehouse"),
    }
)
"""What the owners of KPIs and of data are called; another one is shown as it is."""

OTHER_SYSTEMS: Mapping[str, str] = MappingProxyType(
    {
        **SYSTEM_NAMES,
        "app": N_("mobile app"),
    }
)
"""Names of systems, of those too that no entry of the dictionary names."""

COMPONENTS: Mapping[str, str] = MappingProxyType(
    {
        "internal_records": N_("Internal records"),
        "intelligence": N_("Marketing intelligence"),
        "research": N_("Market research"),
    }
)
"""The parts of a marketing information system."""

STATES: Mapping[str, str] = MappingProxyType(
    {
        "in": N_("counted"),
        "out": N_("left out"),
        "read": N_("read, at their own date"),
        "not_read": N_("not read"),
    }
)
"""What a KPI does with orders and returns."""

MEASURE_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "customers": N_("Customers counted"),
        "repeat_rate": N_("Repeat purchase rate"),
        "orders_per_customer": N_("Orders per customer"),
        "sales_per_customer": N_("Sales per customer"),
        MISPLACED: N_("Sales on the wrong person"),
    }
)
"""Names of what matching moves."""

MEASURE_UNITS: Mapping[str, str] = MappingProxyType(
    {
        "customers": "count",
        "repeat_rate": "fraction",
        "orders_per_customer": "ratio",
        "sales_per_customer": "currency",
        MISPLACED: "fraction",
    }
)
"""Units of what matching moves."""

ERROR_NAMES: Mapping[str, str] = MappingProxyType(
    {"missed": N_("Missed match"), "mixed": N_("Wrong match")}
)
"""Names of the errors of matching."""

CHANGE_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "added": N_("new"),
        "removed": N_("removed"),
        "major": N_("major: the number changes"),
        "minor": N_("minor: something is added"),
        "patch": N_("patch: words made clearer"),
    }
)
"""What a change of the dictionary is."""

_MOST_FIELDS = 6
_MOST_SHOWN = 15  # rows; the tables of a report have all of them
_MARKERS = ("o", "s", "D")
_DRAWN = ("customers", "repeat_rate", "sales_per_customer")  # orders move as sales do


def owner_name(owner: str, *, lang: str | Reader) -> str:
    """Return what an owner is called.

    >>> owner_name("crm", lang="en"), owner_name("legal", lang="en")
    ('CRM team', 'legal')
    """
    return Reader.of(lang).translate(OWNERS[owner]) if owner in OWNERS else owner


def system_name(system: str, *, lang: str | Reader) -> str:
    """Return what a system is called; one that we do not know, as it is."""
    known = OTHER_SYSTEMS.get(system)
    return Reader.of(lang).translate(known) if known else system


def sources_of(kpi: Kpi, reader: Reader) -> Iterator[str]:
    """Yield what each source of a KPI is, who keeps it, how fine and how late."""
    _ = reader.translate
    for source in kpi.sources:
        yield _(
            "{system}: kept by {owner}, one row a {granularity}, {latency}",
            system=_(SYSTEM_NAMES[source.system]),
            owner=owner_name(source.owner, lang=reader),
            granularity=granularity_name(source.granularity, lang=reader),
            latency=latency(days_of(source.latency), lang=reader),
        )


def granularity_name(granularity: str, *, lang: str | Reader) -> str:
    """Return what one row of a source is, in the reader's language where we know the word."""
    known = GRANULARITIES.get(granularity)
    return Reader.of(lang).translate(known) if known else granularity


def latency(days: float, *, lang: str | Reader) -> str:
    """Return how late data are, in words.

    >>> latency(1.0, lang="en"), latency(1 / 24, lang="en"), latency(30.4375, lang="en")
    ('within a day', 'within the hour', 'after the month')
    """
    _ = Reader.of(lang).translate
    if days <= 1 / 24:
        return _("within the hour")
    if days <= 1:
        return _("within a day")
    if days <= _WEEK:
        return _("within a week")
    return _("after the month")


_WEEK = 7

GRANULARITIES: Mapping[str, str] = MappingProxyType(
    {
        "answer": N_("answer"),
        "candidate KPI": N_("candidate KPI"),
        "campaign and customer": N_("campaign and customer"),
        "campaign and day": N_("campaign and day"),
        "case": N_("case"),
        "contact": N_("contact"),
        "customer": N_("customer"),
        "day and location": N_("day and location"),
        "day, product and location": N_("day, product and location"),
        "interaction": N_("interaction"),
        "invoice line": N_("invoice line"),
        "line": N_("line"),
        "member and month": N_("panel member and month"),
        "month": N_("month"),
        "order": N_("order"),
        "order line": N_("order line"),
        "order line and campaign": N_("order line and campaign"),
        "parcel": N_("parcel"),
        "product": N_("product"),
        "promotion": N_("promotion"),
        "return": N_("return"),
        "return line": N_("return line"),
        "session": N_("session"),
        "shipment": N_("shipment"),
        "ticket": N_("receipt"),
        "ticket line": N_("receipt line"),
        "touch": N_("contact with an advertisement"),
        "transaction": N_("transaction"),
    }
)
"""What one row of a source is called; another one is shown as it is."""


# --- What the dictionary holds --------------------------------------------------------------


@style.styled
def data_flow(flow: pd.DataFrame, *, lang: str | Reader, ax: Axes | None = None) -> Axes:
    """Draw the way of data: from source systems to domains of KPIs, and on to the report.

    Parameters
    ----------
    flow
        What `governance.flow` returns.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("From systems to the report")
    left = [name for name in SYSTEMS if name in set(flow["system"])]
    right = [name for name in DOMAINS if name in set(flow["domain"])]
    axis = style.axes(ax, height=1.4 + 0.34 * max(len(left), len(right), 4))
    if flow.empty:
        return style.empty(axis, title=title, message=_("No KPI names a source."))
    most = float(flow["kpis"].max())
    rows = {name: float(at) for name, at in zip(left, _spread(len(left)), strict=True)}
    ends = {name: float(at) for name, at in zip(right, _spread(len(right)), strict=True)}
    for row in flow.to_dict("records"):
        width = 0.6 + 5 * row["kpis"] / most
        axis.plot(
            [1.0, 2.0], [rows[row["system"]], ends[row["domain"]]], color=style.ACCENT,
            linewidth=width, alpha=0.28, solid_capstyle="butt",
        )  # fmt: skip
    for name, height in ends.items():
        axis.plot([3.06, 3.5], [height, 0.5], color=style.REFERENCE, linewidth=0.8)
        axis.text(2.03, height, _(DOMAINS[name]), va="center", fontsize=8.5)
    for name, height in rows.items():
        axis.text(0.97, height, _(SYSTEM_NAMES[name]), va="center", ha="right", fontsize=8.5)
    axis.text(
        3.53, 0.5, _("Report"), va="center", fontsize=9, fontweight="bold",
        bbox={"boxstyle": "round", "facecolor": "white", "edgecolor": style.ACCENT},
    )  # fmt: skip
    axis.set_xlim(0.0, 4.05)
    axis.set_ylim(-0.06, 1.06)
    axis.set_axis_off()
    said = [_flow_words(name, flow, reader) for name in left]
    return style.finish(
        axis,
        title=title,
        alt=_("Source systems, joined to the domains that read them: {parts}.",
              parts=_("; ").join(said)),
        caption=_("The wider a line, the more KPIs of the domain read that system."),
    )  # fmt: skip


def _spread(count: int) -> np.ndarray[Any, Any]:
    """Return heights from the top down."""
    return np.linspace(1.0, 0.0, count) if count > 1 else np.array([0.5])


def _flow_words(system: str, flow: pd.DataFrame, reader: Reader) -> str:
    _ = reader.translate
    rows = flow[flow["system"] == system].sort_values("kpis", ascending=False)
    names = [_(DOMAINS[domain]) for domain in rows["domain"]]
    return _(
        "{system}: {count}, of {domains}",
        system=_(SYSTEM_NAMES[system]),
        count=_.n("{n} KPI", "{n} KPIs", int(rows["kpis"].sum())),
        domains=", ".join(names),
    )


@style.styled
def source_grid(flow: pd.DataFrame, *, lang: str | Reader, ax: Axes | None = None) -> Axes:
    """Draw how many KPIs of each domain read each system.

    Parameters
    ----------
    flow
        What `governance.flow` returns.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("KPIs by domain and source system")
    counts = flow.pivot_table(index="domain", columns="system", values="kpis", aggfunc="sum")
    rows = [name for name in reversed(list(DOMAINS)) if name in counts.index]
    columns = [name for name in SYSTEMS if name in counts.columns]
    axis = style.axes(ax, height=1.3 + 0.32 * max(len(rows), 3))
    if flow.empty:
        return style.empty(axis, title=title, message=_("No KPI names a source."))
    grid = counts.reindex(index=rows, columns=columns)
    shown = grid.set_axis([_(DOMAINS[name]) for name in rows], axis=0)
    shown = shown.set_axis([_(SYSTEM_NAMES[name]) for name in columns], axis=1)
    heat.draw(axis, shown, lambda count: reader.integer(int(count)))
    axis.set_xticks(axis.get_xticks(), shown.columns, rotation=35, ha="right", fontsize=8)
    said = [_flow_words(name, flow, reader) for name in columns]
    return style.finish(
        axis,
        title=title,
        alt=_("Grid of KPIs: {parts}.", parts=_("; ").join(said)),
        caption=_("A KPI that reads several systems counts in each."),
    )


def coverage_table(coverage: pd.DataFrame, *, lang: str | Reader) -> Table:
    """Show who answers for how many KPIs, and how many the data allow.

    Parameters
    ----------
    coverage
        What `governance.coverage` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    known = dictionary()
    lacking = [
        ", ".join(known[id].name[reader.lang] if id in known else id for id in ids) or ABSENT
        for ids in coverage["lacking"]
    ]
    frame = coverage[["owner", "kpis", "computable"]].assign(lacking=lacking)
    return table(
        frame,
        lang=reader,
        id="governance_owners",
        caption=_("KPIs by owner, and what these data allow"),
        units={"owner": "text", "kpis": "count", "computable": "count", "lacking": "long_text"},
        names={
            "owner": _("Owner"),
            "kpis": _("KPIs"),
            "computable": _("Computable here"),
            "lacking": _("Not with these data"),
        },
        row_labels={owner: owner_name(owner, lang=reader) for owner in frame["owner"]},
    )


def register_table(register: pd.DataFrame, *, lang: str | Reader) -> Table:
    """Show who answers for each KPI, its version, its rules and how late it is.

    Parameters
    ----------
    register
        What `governance.register` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    known = dictionary()
    rules = [
        ", ".join(FILTERS[name][reader.lang] for name in names) for names in register["filters"]
    ]
    windows = register["window"]
    frame = pd.DataFrame(
        {
            "kpi": register["kpi"],
            "domain": [_(DOMAINS[name]) for name in register["domain"]],
            "owner": [owner_name(name, lang=reader) for name in register["owner"]],
            "version": register["version"],
            "status": [_(STATUSES[name]) for name in register["status"]],
            "changed_on": register["changed_on"],
            "filters": [words or ABSENT for words in rules],
            "window": [ABSENT if is_absent(w) else window_name(w, lang=reader) for w in windows],
            "latency": [latency(days, lang=reader) for days in register["latency_days"]],
        }
    )
    names = {
        "kpi": _("KPI"),
        "domain": _("Domain"),
        "owner": _("Owner"),
        "version": _("Version"),
        "status": _("Status"),
        "changed_on": _("Changed on"),
        "filters": _("What is counted"),
        "window": _("Window"),
        "latency": _("Slowest data"),
    }
    ids = [id for id in register["kpi"] if id in known]
    return table(
        frame,
        lang=reader,
        id="governance_register",
        caption=_("The register: who answers for each KPI"),
        columns=list(names),
        names=names,
        units=dict.fromkeys(names, "text") | {"changed_on": "date", "filters": "long_text"},
        kpis={id: id for id in ids},
        shown=_MOST_SHOWN,
        row_labels={id: known[id].name[reader.lang] for id in ids},
    )


def treatment_table(treatment: pd.DataFrame, *, lang: str | Reader) -> Table:
    """Show what KPIs do with cancelled and fraudulent orders and with returns.

    Parameters
    ----------
    treatment
        What `governance.treatment` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    keys = ["cancelled", "fraud", "returns"]
    known = dictionary()
    grouped = treatment.groupby(keys, sort=False)["kpi"]
    rows = [
        {
            **{key: _(STATES[value]) for key, value in zip(keys, map(str, values), strict=True)},
            "kpis": len(ids),
            "examples": ", ".join(
                known[id].name[reader.lang] if id in known else id for id in [*ids][:3]
            ),
        }
        for values, ids in grouped
    ]
    frame = pd.DataFrame(rows, columns=[*keys, "kpis", "examples"])
    return table(
        frame.sort_values("kpis", ascending=False, kind="stable", ignore_index=True),
        lang=reader,
        id="governance_treatment",
        caption=_("What KPIs do with cancelled orders, fraud and returns"),
        units={**dict.fromkeys(keys, "text"), "kpis": "count", "examples": "long_text"},
        names={
            "cancelled": _("Cancelled orders"),
            "fraud": _("Fraud and tests"),
            "returns": _("Returns"),
            "kpis": _("KPIs"),
            "examples": _("For instance"),
        },
    )


def systems_table(systems: pd.DataFrame, *, lang: str | Reader) -> Table:
    """Show what each source system gives, who keeps it, how fine and how late.

    Parameters
    ----------
    systems
        What `governance.systems` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    frame = pd.DataFrame(
        {
            "system": [_(SYSTEM_NAMES[name]) for name in systems["system"]],
            "kpis": systems["kpis"],
            "only_source": systems["only_source"],
            "owners": _joined(systems["owners"], lambda name: owner_name(name, lang=reader)),
            "granularities": _joined(
                systems["granularities"], lambda name: granularity_name(name, lang=reader)
            ),
            "fields": _joined(systems["fields"], str),
            "latency": [latency(days, lang=reader) for days in systems["latency_days"]],
        }
    )
    return table(
        frame,
        lang=reader,
        id="governance_systems",
        caption=_("Source systems: fields, owner, granularity, latency"),
        units={
            **dict.fromkeys(["system", "owners", "latency"], "text"),
            **dict.fromkeys(["kpis", "only_source"], "count"),
            **dict.fromkeys(["granularities", "fields"], "long_text"),
        },
        names={
            "system": _("System"),
            "kpis": _("KPIs"),
            "only_source": _("That read nothing else"),
            "owners": _("Kept by"),
            "granularities": _("One row"),
            "fields": _("Fields read most"),
            "latency": _("Slowest data"),
        },
    )


def _joined(lists: pd.Series[Any], name: Any) -> list[str]:
    return [
        ", ".join([*dict.fromkeys(name(each) for each in names)][:_MOST_FIELDS]) for names in lists
    ]


def kpi_sources_table(
    sources: pd.DataFrame, *, lang: str | Reader, kpi: str | None = None
) -> Table:
    """Show the matrix KPI × system, or the rows of one KPI.

    Parameters
    ----------
    sources
        What `governance.sources` returns.
    lang
        The reader, or a language.
    kpi
        Show this one only; by default all.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    rows = sources if kpi is None else sources[sources["kpi"] == kpi]
    known = dictionary()
    frame = pd.DataFrame(
        {
            "kpi": rows["kpi"],
            "system": [_(SYSTEM_NAMES[name]) for name in rows["system"]],
            "fields": [", ".join(names) for names in rows["fields"]],
            "owner": [owner_name(name, lang=reader) for name in rows["owner"]],
            "granularity": [granularity_name(name, lang=reader) for name in rows["granularity"]],
            "latency": [latency(days, lang=reader) for days in rows["latency_days"]],
        }
    )
    return table(
        frame,
        lang=reader,
        id="governance_sources" if kpi is None else f"governance_sources_{kpi}",
        caption=_("KPIs and source systems"),
        units=dict.fromkeys(["kpi", "system", "owner", "granularity", "latency"], "text")
        | {"fields": "long_text"},
        names={
            "kpi": _("KPI"),
            "system": _("System"),
            "fields": _("Fields"),
            "owner": _("Kept by"),
            "granularity": _("One row"),
            "latency": _("Latency"),
        },
        kpis={id: id for id in rows["kpi"].unique() if id in known},
        shown=_MOST_SHOWN,
        row_labels={id: known[id].name[reader.lang] for id in rows["kpi"].unique() if id in known},
    )


def information_table(tables: pd.DataFrame, *, lang: str | Reader) -> Table:
    """Show the tables as parts of a marketing information system.

    Parameters
    ----------
    tables
        What `governance.information_system` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    frame = pd.DataFrame(
        {
            "table": tables["table"],
            "component": [_(COMPONENTS[name]) for name in tables["component"]],
            "system": [system_name(name, lang=reader) for name in tables["system"]],
            "inside": [_("internal") if own else _("external") for own in tables["inside"]],
            "rows": tables["rows"],
        }
    )
    return table(
        frame,
        lang=reader,
        id="governance_information",
        caption=_("The tables, as parts of a marketing information system"),
        units=dict.fromkeys(["table", "component", "system", "inside"], "text") | {"rows": "count"},
        names={
            "table": _("Table"),
            "component": _("Part"),
            "system": _("Usual system"),
            "inside": _("Origin"),
            "rows": _("Rows"),
        },
        notes=[_("A dash: these data do not have the table.")]
        if tables["rows"].isna().any()
        else [],
    )


# --- A change of definition -----------------------------------------------------------------


@style.styled
def definitions(
    sides: pd.DataFrame,
    *,
    kpi: str,
    lang: str | Reader,
    on: Any = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a KPI by its old and by its new definition, with the day on which the page changes.

    Parameters
    ----------
    sides
        What `governance.side_by_side` returns by month.
    kpi
        The KPI, for its name and unit.
    lang
        The reader, or a language.
    on
        The day from which the new definition is published; None: no break is drawn.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    entry = dictionary().kpi(kpi)
    title = _("Both definitions: {kpi}", kpi=entry.name[reader.lang])
    axis = style.axes(ax, height=3.4)
    rows = sides.dropna(subset=["old", "new"]).reset_index(drop=True)
    if rows.empty:
        return style.empty(axis, title=title, message=_("No month can be computed both ways."))
    places = np.arange(len(rows))
    months = pd.to_datetime(rows["period"])
    later = np.zeros(len(rows), bool) if on is None else (months >= pd.Timestamp(on)).to_numpy()
    axis.plot(places, rows["old"], color=style.ACCENT, linewidth=1.2, linestyle="--",
              label=_("Old definition"))  # fmt: skip
    axis.plot(places, rows["new"], color=style.BAD, linewidth=1.2, linestyle=":",
              label=_("New definition"))  # fmt: skip
    if later.any() and not later.all():
        published = rows["old"].where(~later, rows["new"])
        for part in (~later, later):
            axis.plot(places[part], published[part], color=style.INK, linewidth=2.4,
                      label=_("Published") if part is later else None)  # fmt: skip
        axis.axvline(places[later][0] - 0.5, color=style.REFERENCE, linewidth=1)
    labels = [
        style.short_month(day, reader, first=place == 0) for place, day in enumerate(rows["period"])
    ]
    step = max(1, -(-len(labels) // 9))
    axis.set_xticks(list(places)[::step], labels[::step], fontsize=8.5)
    style.value_axis(axis.yaxis, unit=entry.unit, reader=reader)
    axis.grid(axis="y")
    axis.legend(
        loc="upper left", bbox_to_anchor=(-0.02, -0.16), ncols=3, fontsize=8.5, columnspacing=1.0,
        handlelength=1.6,
    )  # fmt: skip
    gap = rows["relative_gap"]
    return style.finish(
        axis,
        title=title,
        alt=_(
            "Two lines over {months} months: the new definition is {low} to {high} off the old "
            "one.",
            months=reader.integer(len(rows)),
            low=reader.change(float(gap.min())),
            high=reader.change(float(gap.max())),
        ),
        caption=_("The thick line is what a page shows that changes definition on that day.")
        if later.any() and not later.all()
        else "",
    )


def definitions_table(sides: pd.DataFrame, *, kpi: str, lang: str | Reader) -> Table:
    """Show a KPI by both definitions, month by month.

    Parameters
    ----------
    sides
        What `governance.side_by_side` returns by month.
    kpi
        The KPI, for its name and unit.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    entry = dictionary().kpi(kpi)
    return table(
        sides[["period", "old", "new", "relative_gap"]],
        lang=reader,
        id=f"governance_definitions_{kpi}",
        caption=_("Both definitions: {kpi}", kpi=entry.name[reader.lang]),
        units={
            "period": "month", "old": entry.unit, "new": entry.unit, "relative_gap": "change",
        },
        names={
            "period": _("Month"),
            "old": _("Old definition"),
            "new": _("New definition"),
            "relative_gap": _("Gap"),
        },
        kpis={"old": kpi},
    )  # fmt: skip


def break_table(breaks: Mapping[str, Any], *, lang: str | Reader) -> Table:
    """Show what each change of definition would do to the year's comparison.

    Parameters
    ----------
    breaks
        By proposal: the KPI and what `governance.break_between` returns, as a pair.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    known = dictionary()
    rows = []
    for name, (kpi, found) in breaks.items():
        unit = known.kpi(kpi).unit
        rows.append(
            {
                "change": _(PROPOSAL_NAMES[name]),
                "kpi": known[kpi].name[reader.lang],
                "old_now": reader.unit(found.old_now, unit),
                "new_now": reader.unit(found.new_now, unit),
                **dict(zip(_MOVES, moves(found, unit, reader), strict=True)),
            }
        )
    names = {
        "change": _("Change of definition"),
        "kpi": _("KPI"),
        "old_now": _("Old definition, now"),
        "new_now": _("New definition, now"),
        "published": _("Change that would be published"),
        "happened": _("Of which happened"),
        "redefined": _("Of which the definition"),
    }
    return table(
        pd.DataFrame(rows, columns=list(names)),
        lang=reader,
        id="governance_breaks",
        caption=_("What a change of definition would do to the comparison"),
        units=dict.fromkeys(names, "text"),
        names=names,
    )


_MOVES = ("published", "happened", "redefined")

PROPOSAL_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "cancelled_in": N_("Cancelled orders counted"),
        "returns_off": N_("Returns taken off"),
        "trailing_year": N_("Twelve months back instead of the period"),
    }
)
"""Names of the changes of `governance.PROPOSALS`."""


def moves(found: Break, unit: str, reader: Reader) -> tuple[str, str, str]:
    """Return what is published, what happened and what was redefined, as they are shown.

    All are differences of the values as they are shown, so that the last two make the first.

    >>> moves(Break(80.004, 85.446, 80.0, 81.53), "currency", Reader.of("en"))
    ('+$1.53', '+$5.45', '\u2212$3.92')
    """
    shown = Break(*(_as_shown(value, unit) for value in found))
    return (
        moved(shown.published, unit, reader),
        moved(shown.happened, unit, reader),
        moved(shown.redefined, unit, reader),
    )


_DECIMALS: Mapping[str, int] = MappingProxyType(
    {"fraction": 3, "points": 3, "count": 0, "days": 0, "currency": 2, "ratio": 2}
)
"""Decimals that are left of a value when it is shown; 1 of the others."""


def _as_shown(value: float, unit: str) -> float:
    return value if is_absent(value) else rounded(value, _DECIMALS.get(unit, 1))


def moved(change: float, unit: str, reader: Reader) -> str:
    """Return a change of a KPI with its sign, in the unit of its changes.

    >>> moved(4.5, "currency", Reader.of("en"))
    '+$4.50'
    """
    if is_absent(change):
        return ABSENT
    if unit == "fraction":
        return reader.points(change)
    if unit == "currency":
        return reader.signed_money(change, decimals=2)
    shown = reader.unit(change, unit)
    return f"+{shown}" if change > 0 else shown


def changes_table(changes: pd.DataFrame, *, lang: str | Reader) -> Table:
    """Show what differs between two states of the dictionary, and whether versions follow.

    Parameters
    ----------
    changes
        What `governance.changes` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    frame = changes.assign(
        change=[_(CHANGE_NAMES[change]) for change in changes["change"]],
        fields=[", ".join(names) or ABSENT for names in changes["fields"]],
    )
    texts = ["kpi", "change", "was", "now", "expected"]
    return table(
        frame,
        lang=reader,
        id="governance_changes",
        caption=_("What changed in the dictionary"),
        units=dict.fromkeys(texts, "text") | {"fields": "long_text", "in_order": "yes_no"},
        names={
            "kpi": _("KPI"),
            "change": _("Change"),
            "fields": _("Fields"),
            "was": _("Version before"),
            "now": _("Version now"),
            "expected": _("Version expected"),
            "in_order": _("In order"),
        },
    )


def deprecation_table(leaving: pd.DataFrame, *, lang: str | Reader) -> Table:
    """Show which KPIs leave, what replaces them, and when.

    Parameters
    ----------
    leaving
        What `governance.deprecations` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    return table(
        leaving,
        lang=reader,
        id="governance_leaving",
        caption=_("KPIs that are leaving"),
        units={"kpi": "text", "replaced_by": "text", "retires_on": "date", "days_left": "days"},
        names={
            "kpi": _("KPI"),
            "replaced_by": _("Replaced by"),
            "retires_on": _("Leaves on"),
            "days_left": _("Days left"),
        },
    )


# --- One person across systems --------------------------------------------------------------


def identities_table(systems: pd.DataFrame, *, lang: str | Reader) -> Table:
    """Show accounts and persons of each system.

    Parameters
    ----------
    systems
        What `governance.by_system` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    names = {
        "system": _("System"),
        "accounts": _("Accounts"),
        "people": _("Persons"),
        "extra": _("Beyond a person's first"),
        "unmatched": _("Without a person"),
    }
    if systems["shared"].any():
        names["shared"] = _("Persons beyond an account's first")
    return table(
        systems,
        lang=reader,
        id="governance_identities",
        caption=_("Accounts and persons, system by system"),
        columns=list(names),
        units=dict.fromkeys(names, "count") | {"system": "text"},
        names=names,
        row_labels={name: system_name(name, lang=reader) for name in systems["system"]},
    )


FEWEST_CUSTOMERS = 30
"""Customers from which it is told what errors of matching would do."""

TOO_FEW_CUSTOMERS = N_("Too few customers bought to try what wrong matches cost.")


def too_few_customers(errors: pd.DataFrame) -> bool:
    """Say whether errors were tried on fewer than `FEWEST_CUSTOMERS` customers."""
    return bool(len(errors)) and bool(errors["true"].iloc[0] < FEWEST_CUSTOMERS)


@style.styled
def matching_moves(
    errors: pd.DataFrame, *, lang: str | Reader, error: str = "missed", ax: Axes | None = None
) -> Axes:
    """Draw how counts and averages move with the share of matches that err.

    Parameters
    ----------
    errors
        What `governance.errors_of_matching` returns.
    lang
        The reader, or a language.
    error
        ``missed`` or ``mixed``.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    names = {"missed": _("What missed matches move"), "mixed": _("What wrong matches move")}
    title = names[error]
    axis = style.axes(ax, height=3.5)
    rows = errors[(errors["error"] == error) & errors["change"].notna()]
    rows = rows[rows["measure"].isin(_DRAWN)]
    if rows.empty:
        return style.empty(axis, title=title, message=_("No accounts to try it on."))
    if too_few_customers(errors):
        return style.empty(axis, title=title, message=_(TOO_FEW_CUSTOMERS), is_said=True)
    if error == "missed" and not rows["change"].any():
        nobody = _("Nobody bought through two channels: missed matches would not show.")
        return style.empty(axis, title=title, message=nobody, is_said=True)
    axis.axhline(0, color=style.REFERENCE, linewidth=0.8)
    said = []
    colours = (style.ACCENT, style.BAD, style.INK)
    measures = list(dict.fromkeys(rows["measure"]))
    for measure, marker, colour in zip(measures, _MARKERS, colours, strict=False):
        part = rows[rows["measure"] == measure]
        axis.plot(part["share"], part["change"], marker=marker, color=colour, linewidth=1.2,
                  label=_(MEASURE_NAMES[measure]))  # fmt: skip
        said.append(
            _(
                "{measure} {change} at {share}",
                measure=_(MEASURE_NAMES[measure]),
                change=reader.change(float(part["change"].iloc[-1])),
                share=reader.percent(float(part["share"].iloc[-1]), decimals=0),
            )
        )
    style.value_axis(axis.xaxis, unit="fraction", reader=reader)
    style.value_axis(axis.yaxis, unit="change", reader=reader)
    axis.set_xlabel(
        _("Share of matches missed")
        if error == "missed"
        else _("Share of accounts on the wrong person")
    )
    axis.grid(axis="y")
    axis.legend(loc="upper left", bbox_to_anchor=(-0.02, -0.2), ncols=2, fontsize=8.5)
    return style.finish(
        axis,
        title=title,
        alt=_("Change of each measure: {parts}.", parts=_("; ").join(said)),
        caption=_("Against the customers as these data have them, taken for true."),
    )


def matching_table(errors: pd.DataFrame, *, lang: str | Reader) -> Table | Sentence:
    """Show what errors of matching do to counts, averages and sales.

    Parameters
    ----------
    errors
        What `governance.errors_of_matching` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if too_few_customers(errors):
        return Sentence(_(TOO_FEW_CUSTOMERS))
    rows = []
    for (error, share), part in errors.groupby(["error", "share"], sort=False):
        values = part.set_index("measure")
        row: dict[str, Any] = {"error": _(ERROR_NAMES[str(error)]), "share": share}
        for measure, unit in MEASURE_UNITS.items():
            row[measure] = reader.unit(values["seen"].get(measure), unit)
        rows.append(row)
    return table(
        pd.DataFrame(rows, columns=["error", "share", *MEASURE_UNITS]),
        lang=reader,
        id="governance_matching",
        caption=_("What errors of matching do"),
        units={"error": "text", "share": "fraction"} | dict.fromkeys(MEASURE_UNITS, "text"),
        names={
            "error": _("Error"),
            "share": _("Share"),
            **{measure: _(name) for measure, name in MEASURE_NAMES.items()},
        },
        notes=[_("Means of draws at random of which accounts err.")],
    )
