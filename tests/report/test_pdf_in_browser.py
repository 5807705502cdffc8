"""Pages on paper: what runs on each sheet, the size of the sheets, the PDF of a report."""

import re

import pytest

from marketing_kpi.errors import ReportError
from marketing_kpi.report import pdf, run
from marketing_kpi.report.render import Cover, index_page, on_paper
from marketing_kpi.text.locale import reader

from .hostile import NAMES


@pytest.mark.parametrize(
    ("locale", "size"), [("fr_CA", "letter"), ("en_US", "letter"), ("fr_FR", "A4"), ("en_GB", "A4")]
)
def test_sheets_have_the_size_of_the_readers_country(locale, size):
    style = on_paper("Boréal", "Ventes", reader(locale[:2], locale=locale, currency="CAD"))
    assert re.findall(r"size: (\w+);", style) == [size]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_on_a_sheet_is_text(name):
    style = on_paper(name, name, reader("en", currency="CAD"))
    quoted = re.findall(r'content: "([^"]*)";', style)
    read = [
        re.sub(r"\\([0-9a-f]+) ", lambda match: chr(int(match[1], 16)), text) for text in quoted
    ]
    assert read == [name, name]
    assert not set("<>{}\n\u202e") & set("".join(quoted))


def test_a_browser_prints_tagged_sheets_of_its_readers_size(tmp_path):
    page = tmp_path / "index.html"
    for lang, currency, box in (("fr", "EUR", (594, 841)), ("en", "CAD", (612, 792))):
        who = reader(lang, currency=currency)
        html = index_page(cover=Cover("Boréal & Cie"), quality=None, lang=who)
        page.write_text(html, encoding="utf-8")
        (printed,) = pdf.print_all([page], program=pdf.browser())
        content = printed.read_bytes()
        (sheet,) = set(re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", content))
        assert tuple(int(float(side)) for side in sheet) == box
        assert b"/StructTreeRoot" in content
        assert b"/Lang (" + lang.encode() in content


def test_a_page_that_is_not_printed_says_so(tmp_path):
    page = tmp_path / "index.html"
    page.write_text("<p>x", encoding="utf-8")
    with pytest.raises(ReportError, match=r"index\.html was not printed"):
        pdf.print_all([page], program="false")


def test_a_report_has_its_pages_as_pdf(client, lessons, tmp_path):
    config, out = client(lang="en", notebooks='["05"]'), tmp_path / "build"
    assert run([config], out=out, folder=lessons, as_pdf=True) == 0
    folder = out / "boreal" / "en"
    printed = {path.stem for path in folder.glob("*.pdf")}
    assert (
        printed
        == {path.stem for path in folder.glob("*.html")}
        == {
            "05_plain",
            "index",
            "quality",
        }
    )
    assert 'href="05_plain.pdf"' in (folder / "index.html").read_text(encoding="utf-8")


def test_without_a_browser_the_report_is_there_and_says_why_it_has_no_pdf(
    client, lessons, tmp_path, monkeypatch, capsys
):
    config, out = client(lang="en", notebooks='["05"]'), tmp_path / "build"
    monkeypatch.setattr(pdf, "BROWSERS", ("no-such-browser",))
    assert run([config], out=out, folder=lessons, as_pdf=True) == 0
    assert "no PDF is written: no Chromium" in capsys.readouterr().err
    monkeypatch.setattr(pdf, "BROWSERS", ("false",))
    assert run([config], out=out, folder=lessons, as_pdf=True) == 1
    assert "no PDF: " in capsys.readouterr().err
    folder = out / "boreal" / "en"
    assert (folder / "index.html").exists()
    assert not list(folder.glob("*.pdf"))
