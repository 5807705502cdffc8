"""Pages on paper: what runs on each sheet, the size of the sheets, the PDF of a report."""

import os
import re
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

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


@pytest.fixture
def endless(tmp_path):
    """A program that takes an hour, in a process it waits for, and writes down which two it is."""
    program = tmp_path / "endless"
    program.write_text('#!/bin/sh\nsleep 3600 &\necho $$ $! >> "$0.log"\nwait\n', encoding="utf-8")
    program.chmod(0o700)
    log = tmp_path / "endless.log"
    yield program, log
    for number in log.read_text(encoding="utf-8").split():
        with suppress(ProcessLookupError):
            os.kill(int(number), signal.SIGKILL)


def is_running(number):
    try:
        stat = Path(f"/proc/{number}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


@pytest.mark.parametrize("is_stopped", [True, False])
def test_a_print_that_is_stopped_or_too_slow_leaves_nothing_running(
    endless, is_stopped, tmp_path, monkeypatch
):
    program, log = endless
    pages = [tmp_path / f"{n}.html" for n in range(4 if is_stopped else 2)]

    def stop():
        while not log.exists() or len(log.read_text(encoding="utf-8").splitlines()) < 2:
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    if is_stopped:
        threading.Thread(target=stop).start()
    else:
        monkeypatch.setattr(pdf, "TIMEOUT_SECONDS", 0.1)
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt if is_stopped else ReportError):
        pdf.print_all(pages, program=str(program))
    assert time.monotonic() - began < 5
    numbers = log.read_text(encoding="utf-8").split()
    assert len(numbers) == 4  # two at once; others never begin
    time.sleep(0.1)
    assert not [number for number in numbers if is_running(number)]


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
