"""Report cells on a client's data that lack much: they say it, and go on."""

import ast

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import pytest

from marketing_kpi import plots
from marketing_kpi.lessons import build

SOURCES = build.sources(build.notebooks_folder())
DAYS = pd.date_range("2024-01-05", periods=60, freq="12D")
ORDERS = pd.DataFrame(
    {
        "order_id": [f"O{n}" for n in range(60)],
        "ordered_at": DAYS,
        "customer_id": [f"C{n % 23}" for n in range(60)],
        "amount": [20.0 + n % 7 for n in range(60)],
    }
)
CLIENTS = {
    "orders only": ORDERS,
    "no customers": ORDERS.drop(columns="customer_id"),
    "no amounts": ORDERS.drop(columns="amount"),
    "dates alone": ORDERS[["order_id", "ordered_at"]],
    "no orders in the period": ORDERS[ORDERS.ordered_at < "2024-03-01"],
}


def shown_by_report_cells(source, *, lang, folder):
    """Run the report cells of a lesson, as a report does, and return what they show."""
    cells = build.notebook(source, lang=lang).cells
    own = [cell for cell in cells if "lesson" not in build.tags(cell)]
    return shown_by(own, source, {"source": str(folder)})


def shown_by(cells, source, parameters):
    names, shown = {}, []
    for cell in cells:
        if cell.cell_type != "code":
            continue
        if "parameters" in build.tags(cell):
            exec(cell.source, names)
            names.update(parameters)
            continue
        *body, last = ast.parse(cell.source).body
        exec(compile(ast.Module(body, []), source.name, "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), source.name, "eval"), names)
            show = getattr(value, "_repr_mimebundle_", None)
            shown.append(show()["text/plain"] if show else str(value))
        else:
            exec(compile(ast.Module([last], []), source.name, "exec"), names)
    return shown


@pytest.fixture(autouse=True)
def _no_window():
    with mpl.rc_context({"backend": "agg"}):
        yield
    plt.close("all")


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_report_cells_never_fail(source, client, tmp_path):
    CLIENTS[client].to_csv(tmp_path / "orders.csv", index=False)
    shown = shown_by_report_cells(source, lang="fr", folder=tmp_path)
    assert shown
    assert all(shown)


def test_what_is_missing_is_named(tmp_path):
    CLIENTS["dates alone"].to_csv(tmp_path / "orders.csv", index=False)
    [rfm] = [source for source in SOURCES if source.stem == "02_rfm_scoring"]
    shown = "\n".join(shown_by_report_cells(rfm, lang="en", folder=tmp_path))
    assert "orders.customer_id" in shown
    assert "orders.amount" in shown


def test_costs_that_are_missing_are_named_where_the_page_says_what_it_reads(tmp_path):
    CLIENTS["orders only"].to_csv(tmp_path / "orders.csv", index=False)
    [worth] = [source for source in SOURCES if source.stem == "03_cltv_from_attrition"]
    named = next(
        said for said in shown_by_report_cells(worth, lang="en", folder=tmp_path)
        if "What the data lack" in said
    )  # fmt: skip
    assert "shipments.transport_cost" in named
    assert named.count("order_lines.unit_cost") == 1


def test_what_is_missing_is_named_once_and_its_figures_draw_without_a_warning(tmp_path):
    CLIENTS["orders only"].to_csv(tmp_path / "orders.csv", index=False)
    [returns] = [source for source in SOURCES if source.stem == "09_retention_and_returns"]
    shown = shown_by_report_cells(returns, lang="fr", folder=tmp_path)
    figures = [plt.figure(number) for number in plt.get_fignums()]
    for figure in figures:
        figure.canvas.draw()  # as a notebook does, also where it shows a sentence in its place
    assert len(figures) > 5
    said = [*shown, *(getattr(figure, "message", "") for figure in figures)]
    assert sum("returns.returned_at" in one for one in said) == 1


CHANGED = {
    "no comparison": {"compare": "none", "as_of": "2025-06-01"},
    "the first weeks of the data": {"as_of": "2024-02-01"},
    "a quarter": {"period": "3 months", "compare": "previous_period"},
}


@pytest.mark.parametrize("changed", CHANGED)
@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_student_may_change_the_parameters(source, changed, tmp_path):
    assert _shown_to_a_student(source, tmp_path, **CHANGED[changed])


@pytest.mark.parametrize("classes", [2, 7])
def test_a_student_may_ask_for_other_classes(classes, tmp_path):
    [rfm] = [
        source
        for source in SOURCES
        for cell in build.read(source)
        if "parameters" in build.tags(cell) and "\nclasses = " in cell.source
    ]
    assert _shown_to_a_student(rfm, tmp_path, classes=classes, as_of="2025-06-01")


def _shown_to_a_student(source, folder, **parameters):
    ORDERS.to_csv(folder / "orders.csv", index=False)
    cells = build.notebook(source, lang="en").cells
    return shown_by(cells, source, {"source": str(folder), **parameters})


def test_the_order_counts_of_cdnow_are_those_of_the_sample():
    """Lesson 02 carries them, so that it runs without the sample."""
    from marketing_kpi import rfm
    from marketing_kpi.data.sources import open_data

    [lesson] = [source for source in SOURCES if source.stem == "02_rfm_scoring"]
    [cell] = [cell for cell in build.read(lesson) if cell.source.startswith("cdnow = ")]
    names = {"pd": pd}
    exec(cell.source, names)
    orders = open_data("sample:cdnow").orders
    frequency = rfm.summary(orders, as_of="1998-07-01").execute().frequency
    assert names["cdnow"].to_dict() == frequency.clip(upper=5).value_counts().to_dict()


def _drawn_by_chance(*arms):
    """Return members of a campaign, one in four of them in the control."""
    people = sorted({f"C{n % 23}" for n in range(60)})
    names = ["control" if n % 4 == 0 else arms[n % len(arms)] for n in range(len(people))]
    members = pd.DataFrame({"campaign_id": "mail", "customer_id": people, "arm": names})
    return members.assign(contacted_at="2024-06-03")


DRAWN = _drawn_by_chance("short", "long")
TESTS = {
    "no such campaign": (DRAWN, "spring_mail", "Campaigns with a control group: mail."),
    "several treatments": (DRAWN, "mail", "It has several treatments (long, short)"),
    "no control": (DRAWN[DRAWN.arm == "long"], "mail", "has one arm only"),
    "other names": (
        DRAWN.replace({"control": "left alone"}), "mail",
        "has the arms left alone, long, short, and none of them is called control",
    ),
    "other ids": (
        DRAWN.assign(customer_id=DRAWN.customer_id.str[1:]), "mail",
        "customer ids are probably written otherwise",
    ),
    "before the data": (
        DRAWN.assign(contacted_at="2020-05-10"), "mail",
        "The data have no order in the days of campaign mail (May 10, 2020 to June 6, 2020)",
    ),
    "in both arms": (
        pd.concat([DRAWN, DRAWN.assign(arm="control")]), "mail", "are listed in several arms",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TESTS)
def test_a_campaign_that_is_not_a_clean_test_is_said_to_be_so(case, tmp_path):
    members, campaign, words = TESTS[case]
    assert words in lesson_04(tmp_path, members, campaign=campaign)


def lesson_04(tmp_path, members=DRAWN, **parameters):
    """Return what the report cells of the lesson on tests show, of files by default."""
    ORDERS.to_csv(tmp_path / "orders.csv", index=False)
    members.to_csv(tmp_path / "campaign_members.csv", index=False)
    [lesson] = [source for source in SOURCES if source.stem == "04_control_group_tests"]
    cells = build.notebook(lesson, lang="en").cells
    own = [cell for cell in cells if "lesson" not in build.tags(cell)]
    given = {"source": str(tmp_path), "campaign": "mail", **parameters}
    return " ".join(shown_by(own, lesson, given))


@pytest.mark.parametrize("members", [DRAWN.assign(contacted_at="2020-05-10"), DRAWN.head(0)])
def test_a_campaign_outside_the_data_has_no_figures(members, tmp_path):
    assert "p = " not in lesson_04(tmp_path, members)


def test_segments_by_a_column_that_the_data_lack_are_said_to_be_missing(tmp_path):
    said = lesson_04(tmp_path, DRAWN.assign(town="Lyon"), by="twon")
    assert "has a column twon. The parameter by takes one of: town." in said


def test_lesson_04_runs_on_frames_in_hand(tmp_path):
    drawn = DRAWN.astype({"contacted_at": "datetime64[us]"})
    frames = {"orders": ORDERS, "campaign_members": drawn}
    assert "Conversion: " in lesson_04(tmp_path, source=frames)


def lesson(number):
    [found] = [source for source in SOURCES if source.stem.startswith(number)]
    return found


def test_the_page_of_subscribers_says_it_first_and_foretells_nothing(tmp_path):
    """Every customer buys on one day of the month, for 3 to 24 months."""
    rows = [
        (f"c{n}", pd.Timestamp("2023-01-05") + pd.DateOffset(months=k, days=7 * n))
        for n in range(120)
        for k in range(3 + n % 22)
    ]
    orders = pd.DataFrame(rows, columns=["customer_id", "ordered_at"])
    orders = orders[orders.ordered_at < "2026-01-01"].reset_index(drop=True)
    orders.assign(order_id=orders.index, amount=29.9).to_csv(tmp_path / "orders.csv", index=False)
    shown = shown_by_report_cells(lesson("03"), lang="en", folder=tmp_path)
    [fixed] = [place for place, text in enumerate(shown) if "buy on regular dates" in text][:1]
    assert fixed < min(place for place, text in enumerate(shown) if "attrition of" in text)
    told = "\n".join(shown)
    assert "Nothing could be foretold." in told
    assert "expected to bring" not in told
    assert "Held out:" not in told
    assert "foretells 1" not in told


def test_a_page_without_returns_has_no_figure_of_them(tmp_path, monkeypatch):
    def drawn(*_args, **_kwargs):
        pytest.fail("a figure of returns, of data without any")

    for figure in ("return_rates", "returns_by_month", "return_reasons"):
        monkeypatch.setattr(plots, figure, drawn)
    CLIENTS["orders only"].to_csv(tmp_path / "orders.csv", index=False)
    shown = shown_by_report_cells(lesson("09"), lang="en", folder=tmp_path)
    assert "returns.quantity" in "\n".join(shown)


@pytest.mark.parametrize(("since", "is_compared"), [("2024-12-01", False), ("2024-01-01", True)])
def test_prices_are_compared_only_with_a_period_that_the_data_cover(since, is_compared, tmp_path):
    days = pd.date_range(since, "2025-12-31", freq="3D")
    lines = pd.DataFrame({"order_id": [f"O{n}" for n in range(len(days))], "line_id": "1"})
    lines[["quantity", "list_price"]] = 1, 100.0
    lines["unit_price"] = 98.0 - 18.0 * (days < "2025-01-01")
    orders = lines[["order_id"]].assign(ordered_at=days)
    for name, table in {"orders": orders, "order_lines": lines}.items():
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    [baskets] = [source for source in SOURCES if source.stem == "11_baskets_and_lost_sales"]
    shown = "\n".join(shown_by_report_cells(baskets, lang="en", folder=tmp_path))
    assert "Customers pay 98.0% of the list price." in shown.replace("\u00a0", " ")
    assert ("price realisation moved by" in shown) is is_compared
