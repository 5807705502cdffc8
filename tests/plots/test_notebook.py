"""What a notebook shows: one picture a figure, with its alt text, and nothing else's changed."""

import nbformat
import pytest
from nbclient import NotebookClient

FRAME = """
import pandas as pd
from marketing_kpi import plots
by = pd.DataFrame({"segment": ["loyal", "lost"], "box": ["best", "lost"],
                   "customers": [3, 1], "customers_share": [.75, .25]})
"""
CELLS = [
    FRAME,
    'ax = plots.treemap(by, lang="fr")',
    'ax = plots.treemap(by, lang="en")\nax2 = plots.treemap(by, lang="fr")',
    "import matplotlib.pyplot as plt\nline = plt.plot([1, 2])",
    'plots.table(by, lang="fr", id="t", caption="Segments")',
    "from marketing_kpi.plots import style\nax = style.axes()",
]


def run(monkeypatch, kind):
    monkeypatch.setenv("MARKETING_KPI_FIGURES", kind)
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in CELLS],
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python", "language": "python"}
        },
    )
    NotebookClient(notebook, timeout=600).execute()
    return [cell.outputs for cell in notebook.cells]


@pytest.mark.parametrize(("kind", "media"), [("svg", "image/svg+xml"), ("png", "image/png")])
def test_a_notebook_shows_each_figure_once_with_its_alt(monkeypatch, kind, media):
    imports, one, two, foreign, shown, unfinished = run(monkeypatch, kind)
    assert imports == []
    for output in [*one, *two]:
        assert set(output.data) == {media, "text/plain"}
        assert output.data["text/plain"] == output.metadata["alt"]
        assert output.metadata["caption"]
    assert [len(one), len(two)] == [1, 2]
    assert one[0].metadata["alt"].startswith("Carte proportionnelle. Clients par segment")
    # Another library's figure keeps its own ways.
    assert set(foreign[0].data) == {"image/png", "text/plain"}
    assert "alt" not in foreign[0].metadata
    assert set(shown[0].data) == {
        "text/plain",
        "text/html",
        "application/vnd.marketing-kpi.table+json",
    }
    assert "alt" not in unfinished[0].metadata
