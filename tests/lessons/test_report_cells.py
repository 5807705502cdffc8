"""Report cells on a client's data that lack much: they say it, and go on."""

import ast

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import pytest

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
    names, shown = {}, []
    for cell in build.notebook(source, lang=lang).cells:
        if cell.cell_type != "code" or "lesson" in build.tags(cell):
            continue
        if "parameters" in build.tags(cell):
            exec(f"{cell.source}\nsource = {str(folder)!r}", names)
            continue
        *body, last = ast.parse(cell.source).body
        exec(compile(ast.Module(body, []), source.name, "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), source.name, "eval"), names)
            shown.append(value._repr_mimebundle_()["text/plain"])
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
