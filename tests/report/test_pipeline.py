"""From a configuration to a published folder, on small lessons that go well and that do not."""

import hashlib
import json
import re
import signal
import subprocess
import sys
import time
from functools import partial
from html import escape, unescape
from pathlib import Path

import pandas as pd
import pytest
from jsonschema import Draft202012Validator

from marketing_kpi.data.sources import open_data
from marketing_kpi.errors import ConfigError, LessonError, ReportError
from marketing_kpi.kpis.dictionary import dictionary
from marketing_kpi.kpis.periods import periods
from marketing_kpi.overview import scorecard
from marketing_kpi.report import execute as execute_module
from marketing_kpi.report import forks, keys, pipeline, render, run
from marketing_kpi.report.execute import (
    Failure,
    Job,
    execute,
    find_notebook,
    report_cells,
)
from marketing_kpi.report.inputs import inspect
from marketing_kpi.report.making import failed_task
from marketing_kpi.report.manifest import schema
from marketing_kpi.report.publish import publish
from marketing_kpi.report.render import (
    INDEX,
    Cover,
    Download,
    Fact,
    Headline,
    Link,
    body,
    failed_page,
    headlines,
    index_page,
    render_lesson,
)
from marketing_kpi.text.locale import Reader

from .hostile import NAMES

PAGES = ("index.html", "00_overview.html", "quality.html")


def text(path):
    return path.read_text(encoding="utf-8")


def job(folder, name, **options):
    return Job("boreal", name[:2], "en", folder / name, {"lang": "en"}, **options)


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_a_report_has_its_pages_its_tables_and_its_manifest(built, lang):
    assert sorted(path.name for path in (built / lang).iterdir()) == sorted(
        [*PAGES, "manifest.json", "tables", "tables.xlsx"]
    )
    assert sorted(path.name for path in (built / lang / "tables").iterdir()) == [
        "00_hostile.csv",
        "00_hostile.parquet",
    ]


@pytest.mark.parametrize("lang", ["fr", "en"])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_asks_nothing_of_a_network_and_allows_nothing(built, lang, page):
    html = text(built / lang / page)
    assert f'<html lang="{lang}">' in html
    assert html.count("<h1>") == 1
    assert "default-src 'none'" in unescape(html)
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", html)
    assert " style=" not in html
    assert not re.search(r"<[^>]* on\w+=", html)
    assert html.count("<script>") == 1
    assert len(html) < 1_500_000


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_what_comes_from_data_is_text(built, lang):
    html = text(built / lang / "00_overview.html")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "&lt;img src=x onerror=alert(1)&gt;" in html
    assert "{{ 7 * 7 }}{% raw %}${x}" in html
    assert "prices &lt;b&gt;look&lt;/b&gt; odd" in html
    assert "\u202e" not in html
    assert "é" * 1000 not in html


def test_a_page_is_in_the_language_of_its_reader(built):
    french, english = (text(built / lang / "00_overview.html") for lang in ("fr", "en"))
    assert "1\u00a0234,50\u00a0$" in french
    assert "$1,234.50" in english
    assert "Période" in french
    assert "Period" in english
    assert "du 1er janvier 2025 au 31 décembre 2025" in french


def test_names_of_kpis_open_definitions_and_the_page_ends_with_them(built):
    html = text(built / "fr" / "00_overview.html")
    assert 'popovertarget="def-net_sales"' in html
    assert 'id="def-net_sales" popover' in html
    assert 'class="mk-page-glossary"' not in html  # the page shows that entry itself


def test_ids_of_a_page_are_unique(built):
    for page in PAGES:
        ids = re.findall(r'\bid="([^"]+)"', text(built / "fr" / page))
        assert len(ids) == len(set(ids))


def test_a_manifest_says_what_made_the_report(built):
    manifest = json.loads(text(built / "fr" / "manifest.json"))
    orders = built.parents[1] / "orders.csv"
    assert manifest["config"]["data"] == "orders.csv"
    assert manifest["inputs"] == [
        {
            "name": "orders.csv",
            "bytes": orders.stat().st_size,
            "sha256": hashlib.sha256(orders.read_bytes()).hexdigest(),
        }
    ]
    assert re.fullmatch(r"\d+\.\d+\.\d+", manifest["kpis"]["net_sales"])
    assert [page["status"] for page in manifest["pages"]] == ["ok"]
    assert manifest["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert str(built.parents[1]) not in text(built / "fr" / "manifest.json")


def test_a_manifest_is_as_its_published_schema_says(built, broken):
    published = Path(__file__).parents[2] / "reports" / "manifest.schema.json"
    form = json.loads(text(published))
    assert form == schema()
    check = Draft202012Validator(form)
    for folder in (built / "fr", broken / "fr.failed"):
        content = json.loads(text(folder / "manifest.json"))
        assert not list(check.iter_errors(content))
        assert list(check.iter_errors({**content, "pages": [{"notebook": "00"}]}))


def test_the_quality_page_says_what_was_found(built):
    html = text(built / "fr" / "quality.html")
    assert "orders.customer_id" in html
    assert str(built.parents[1]) not in html


def test_a_failed_report_is_beside_and_the_others_pages_are_there(broken):
    assert [path.name for path in broken.iterdir()] == ["fr.failed"]
    index = text(broken / "fr.failed" / "index.html")
    badges = index.count('<span class="mk-badge">indisponible</span>')
    assert badges == 2 * 3  # among the answers and among the chapters
    statuses = {
        page["notebook"]: page["status"]
        for page in json.loads(text(broken / "fr.failed" / "manifest.json"))["pages"]
    }
    assert statuses == {"00": "ok", "01": "failed", "03": "failed", "04": "failed"}


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("01_broken.html", ["no Boréal", "ValueError", "broken", "Ventes", "orders.csv"]),
        ("03_mute.html", ["a figure has no alternative text"]),
        ("04_dead.html", ["DeadKernelError", "le processus Python de ce carnet s'est arrêté"]),
    ],
)
def test_the_page_of_a_failure_says_where_why_and_what_to_do(broken, page, words):
    html = text(broken / "fr.failed" / page)
    assert [word for word in words if word not in unescape(html)] == []
    assert f"notebooks/fr/{page.replace('html', 'ipynb')}" in html
    assert "Que faire" in html
    assert "12 months" in html
    assert str(broken.parents[1]) not in html
    assert "<figure" not in html


def test_a_failure_keeps_the_last_good_report_and_a_success_removes_the_failure(
    client, lessons, tmp_path, capsys
):
    out = tmp_path / "build"
    published = out / "boreal" / "en"
    publish(published, lambda folder: (folder / "index.html").write_text("good", "utf-8"))
    assert run([client(lang="en", notebooks='["01"]')], out=out, folder=lessons) == 1
    assert text(published / "index.html") == "good"
    assert f"the last good report is still {published}" in capsys.readouterr().err
    assert run([client(lang="en", notebooks='["05"]')], out=out, folder=lessons) == 0
    assert [path.name for path in (out / "boreal").iterdir()] == ["en"]
    assert text(published / "index.html") != "good"
    assert str(published / "index.html") in capsys.readouterr().out


def test_the_english_of_an_error_is_said_to_be_english_on_a_french_page(broken):
    raised, ours = (
        text(broken / "fr.failed" / page) for page in ("01_broken.html", "04_dead.html")
    )
    assert '<bdi lang="en">no Boréal</bdi>' in raised
    assert "en anglais" in raised
    assert "en anglais" not in ours
    assert "memory is the usual cause" not in ours


def test_the_cover_says_how_far_the_data_go_and_what_they_cannot_be_compared_with(built):
    french = text(built / "fr" / "index.html")
    assert "<dt>Dernière commande</dt><dd>1er juin 2025</dd>" in french
    assert "<dt>Comparée à</dt><dd>rien" in french
    assert "<dd>CAD, tels que dans les données</dd>" in french


@pytest.mark.parametrize(
    ("days", "junk", "compared"),
    [
        (("2023-06-01", "2025-12-31"), "2025-12-31", True),
        (("2023-06-01", "2025-07-30"), "2027-05-05", False),
        (("2025-07-01", "2025-12-31"), "1900-01-01", False),
    ],
)
def test_the_cover_compares_where_the_scorecard_does(tmp_path, days, junk, compared):
    at = [*pd.date_range(*days), pd.Timestamp(junk)]
    ids = [str(number) for number in range(len(at))]
    path = tmp_path / "orders.csv"
    pd.DataFrame({"order_id": ids, "ordered_at": at, "amount": 1.0}).to_csv(path, index=False)
    dates = periods(as_of="2026-01-01")
    inspection = inspect(str(path), mapping=None, dates=dates, secrets=())
    said = pipeline._compared(dates, Reader.of("en"), inspection)
    assert said.startswith("January 1, 2024" if compared else "nothing:")
    with open_data(path) as data:
        card = scorecard(data, periods=dates, kpis=["orders"], by_month=False)
    assert card.previous.notna().all() == compared


def test_some_of_the_notebooks_make_an_extract_beside_the_whole_report(
    client, lessons, tmp_path, capsys
):
    out = tmp_path / "build"
    whole = out / "boreal" / "en"
    publish(whole, lambda folder: (folder / "index.html").write_text("whole", "utf-8"))
    config = client(lang="en", notebooks='["01", "05"]')
    assert run([config], out=out, folder=lessons, notebooks=["05"]) == 0
    extract = out / "boreal" / "en.partial"
    assert capsys.readouterr().out.strip() == str(extract / "index.html")
    assert text(whole / "index.html") == "whole"
    assert "1 of 2: this is an extract" in text(extract / "index.html")
    assert json.loads(text(extract / "manifest.json"))["selected"] == ["05"]
    assert run([config], out=out, folder=lessons, notebooks=["01"]) == 1
    assert sorted(path.name for path in out.joinpath("boreal").iterdir()) == [
        "en",
        "en.partial",
        "en.partial.failed",
    ]


def test_a_whole_report_removes_the_extracts_that_it_outdates(client, lessons, tmp_path):
    boreal = tmp_path / "build" / "boreal"
    for name in ("en.partial", "en.partial.failed", "fr.partial"):
        (boreal / name).mkdir(parents=True)
    assert run([client(lang="en", notebooks='["05"]')], out=boreal.parent, folder=lessons) == 0
    assert sorted(path.name for path in boreal.iterdir()) == ["en", "fr.partial"]


def test_a_folder_that_cannot_be_written_is_refused_before_anything_runs(
    client, lessons, tmp_path, monkeypatch
):
    (tmp_path / "build").write_text("in the way", encoding="utf-8")
    monkeypatch.setattr(pipeline, "plan", lambda *_, **__: pytest.fail("it ran"))
    with pytest.raises(ReportError, match="no report can be written in"):
        run([client()], out=tmp_path / "build", folder=lessons)


def test_a_client_that_cannot_be_published_does_not_cost_the_others(
    client, lessons, tmp_path, monkeypatch, capsys
):
    first = client(lang="en", notebooks='["05"]')
    second = client(lang="en", notebooks='["05"]', id="other")

    def full(target, build):
        if "boreal" in target.parts:
            raise OSError("no space left on device")
        return publish(target, build)

    monkeypatch.setattr(pipeline, "publish", full)
    out = tmp_path / "build"
    assert run([first, second], out=out, folder=lessons) == 1
    assert (out / "other" / "en" / "index.html").exists()
    assert "failed: boreal en: no space left on device" in capsys.readouterr().err


def test_one_cause_that_breaks_every_page_is_told_once_with_its_hint(
    client, lessons, tmp_path, capsys
):
    orders = tmp_path / "sales.csv"
    orders.write_text("order_id,ordered_at,ammount\n1,2025-01-01,5\n", encoding="utf-8")
    mapping = (
        "kind: orders\ncolumns: {order_id: order_id, ordered_at: ordered_at, amount: amount}\n"
    )
    (tmp_path / "mapping.yml").write_text(mapping, encoding="utf-8")
    config = client(lang="en", notebooks='["00"]', data=str(orders), mapping="mapping.yml")
    assert run([config], out=tmp_path / "build", folder=lessons) == 1
    told = capsys.readouterr().err
    assert told.count("has no column 'amount'") == 1
    assert "en 00, data: " in told
    assert "hint: its columns: order_id, ordered_at, ammount" in told


SLOW_RUN = """
import sys
from pathlib import Path
from marketing_kpi.report import run
if __name__ == "__main__":
    *configs, out, folder = map(Path, sys.argv[1:])
    sys.exit(run(configs, out=out, folder=folder, jobs=2))
"""


def is_running(process):
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False
    return "State:\tZ" not in status


def waited(condition, *, seconds=40):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
    return condition()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_no_process_outlives_a_run_that_is_stopped(client, sleeping, tmp_path, number, code):
    folder, started = sleeping
    client(lang="en", notebooks='["05"]')
    script = tmp_path / "slow_run.py"
    script.write_text(SLOW_RUN, encoding="utf-8")
    command = [sys.executable, script, tmp_path / "client.yml", tmp_path / "b", folder]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as stopped:
        assert waited(started.exists)
        processes = started.read_text(encoding="utf-8").split()
        stopped.send_signal(number)
        assert stopped.wait(30) == code
    assert waited(lambda: not any(map(is_running, processes)))
    assert not (tmp_path / "b" / "boreal" / "en").exists()


def test_an_exit_and_an_error_without_words_have_a_reason(lessons, tmp_path):
    import nbformat

    lesson = nbformat.read(find_notebook("01", lang="en", folder=lessons), as_version=4)
    reasons = []
    for source in ("raise SystemExit(3)", "assert False"):
        lesson.cells[-1].source = source
        nbformat.write(lesson, tmp_path / "05_stops.ipynb")
        reasons.append(execute(job(tmp_path, "05_stops.ipynb")).failure.reason)
    assert reasons == ["the cell ended the notebook before its end", "the error has no message"]


def test_a_secret_is_not_in_what_a_driver_says(monkeypatch):
    def refuse(*_, **__):
        raise RuntimeError("cannot reach me:hunter2@host")

    monkeypatch.setattr("marketing_kpi.data.sources.open_data", refuse)
    dates = periods(as_of="2026-01-01")
    failure = inspect("x", mapping=None, dates=dates, secrets=("hunter2",)).failure
    assert (failure.error, failure.reason) == ("RuntimeError", "cannot reach me:•••@host")
    broke = failed_task(("a",), OSError("hunter2"), secrets={"a": ("hunter2",)})
    assert broke.failure.reason == "•••"


@pytest.mark.parametrize(("in_doubt", "times"), [(True, 1), (False, 0)])
def test_every_page_warns_when_the_check_of_the_data_found_errors(in_doubt, times):
    html = index_page(cover=Cover("Boréal", in_doubt=in_doubt), quality=None, lang="en")
    assert html.count('<a href="quality.html">') == times
    assert html.count("figures may be wrong") == times


def test_data_that_cannot_be_read_are_said_on_the_index(client, lessons, tmp_path):
    config = client(lang="en", notebooks='["05"]')
    (tmp_path / "orders.csv").write_text("colour\nred\n", encoding="utf-8")
    assert run([config], out=tmp_path / "build", folder=lessons) == 1
    index = text(tmp_path / "build" / "boreal" / "en.failed" / "index.html")
    assert "The data could not be checked." in index


def test_nothing_runs_when_a_lesson_is_not_built(client, lessons, tmp_path):
    with pytest.raises(LessonError, match="no notebook for lesson 09 in fr"):
        run([client(notebooks='["09"]')], out=tmp_path / "build", folder=lessons)
    assert not (tmp_path / "build").exists()


def test_a_bad_configuration_stops_everything(client, lessons, tmp_path):
    with pytest.raises(ConfigError):
        run([tmp_path / "absent.yml"], out=tmp_path / "build", folder=lessons)
    assert not (tmp_path / "build").exists()


SEVERAL = """\
currency: CAD
as_of: "2026-01-01"
lang: en
data: orders.csv
notebooks: ["05"]
clients:
- client: Nord
- client: Sud
  data: absent.csv
- client: Est
  notebooks: ["01"]
- client: Ouest
"""


@pytest.fixture
def several(client, tmp_path):
    """A file of four clients: the data of one are not there, the lesson of another fails."""
    client()
    path = tmp_path / "clients.yml"
    path.write_text(SEVERAL, encoding="utf-8")
    return path


def test_a_client_that_fails_or_is_not_valid_costs_no_other(several, lessons, tmp_path, capsys):
    out = tmp_path / "build"
    assert run([several], out=out, folder=lessons) == 1
    told = capsys.readouterr()
    assert sorted(told.out.splitlines()) == [
        str(out / name / "en" / "index.html") for name in ("nord", "ouest")
    ]
    left_out = "left out: clients.yml, line 9: data: no file or folder 'absent.csv'"
    assert told.err.count(left_out) == 2  # before anything runs, and with what became of the others
    *_, head, nord, est, ouest = told.err.split(left_out)[1].splitlines()
    assert head.split() == ["client", "lang", "pages", "reused", "seconds", "report"]
    assert nord.split()[:4] == ["nord", "en", "1", "0"]
    assert est.split()[-3:] == ["failed:", "01", str(out / "est" / "en.failed" / "index.html")]
    assert ouest.endswith(str(out / "ouest" / "en" / "index.html"))


def test_what_a_run_would_do_is_told_and_nothing_is_made(several, lessons, tmp_path, capsys):
    out = tmp_path / "build"
    assert run([several], out=out, folder=lessons, dry_run=True) == 1
    assert not out.exists()
    _, nord, *_ = capsys.readouterr().out.splitlines()
    size = (tmp_path / "orders.csv").stat().st_size
    assert nord.endswith(f"all      never made  orders.csv (1 file, {size} bytes)")


def test_what_was_made_is_told_with_the_time_it_took(
    client, lessons, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(keys, "PACKAGE", lessons)  # one that nobody edits meanwhile
    config, out = client(lang="en", notebooks='["05", "00"]'), tmp_path / "build"
    assert run([config], out=out, folder=lessons) == 0
    manifest = json.loads(text(out / "boreal" / "en" / "manifest.json"))
    seconds = sum(page["seconds"] for page in manifest["pages"])
    capsys.readouterr()
    for notebooks, pages in ((None, 2), (["05"], 1)):
        assert run([config], out=out, folder=lessons, notebooks=notebooks, dry_run=True) == 0
        _, told = capsys.readouterr().out.splitlines()
        assert told.split()[:4] == ["boreal", "en", str(pages), "none"]
        assert (f"{seconds:.1f} s ({manifest['made_at'][:10]})" in told) == (pages == 2)


def test_a_report_is_published_when_its_last_part_is_there(client, sleeping, lessons, tmp_path):
    folder, started = sleeping
    for path in (lessons / "en").iterdir():
        if not path.name.startswith("05"):
            (folder / "en" / path.name).write_bytes(path.read_bytes())
    client(lang="en", notebooks='["00"]')
    slow = tmp_path / "slow.yml"
    slow.write_text(
        text(tmp_path / "client.yml").replace("Boréal", "Slow").replace("00", "05"), "utf-8"
    )
    script = tmp_path / "slow_run.py"
    script.write_text(SLOW_RUN, encoding="utf-8")
    quick = tmp_path / "b" / "boreal" / "en" / "index.html"
    command = [sys.executable, script, tmp_path / "client.yml", slow, tmp_path / "b", folder]
    with subprocess.Popen(command, stderr=subprocess.PIPE, encoding="utf-8") as stopped:
        assert waited(lambda: started.exists() and quick.exists())
        stopped.send_signal(signal.SIGINT)
        _, told = stopped.communicate(timeout=30)
    assert "1 of 2 reports are done; run the same command again to go on" in told


def test_one_client_given_twice_is_refused(client, lessons, tmp_path):
    with pytest.raises(ConfigError, match="two clients have the same id 'boreal'"):
        run([client(), tmp_path / "client.yml"], out=tmp_path / "build", folder=lessons)


def test_students_cells_are_left_out_and_the_lesson_is_unchanged(lessons):
    import nbformat

    lesson = nbformat.read(find_notebook("00", lang="fr", folder=lessons), as_version=4)
    kept = [cell.id for cell in report_cells(lesson).cells]
    assert "student" not in kept
    assert "exercise" not in kept
    assert "student" in [cell.id for cell in lesson.cells]


def test_a_lesson_shows_its_code(lessons):
    import nbformat

    lesson = nbformat.read(find_notebook("00", lang="fr", folder=lessons), as_version=4)
    html = render_lesson(lesson, lang="fr")
    assert "import marketing_kpi as mk" in html
    assert "a lesson cell ran" in html


def test_a_cell_that_takes_too_long_is_stopped_and_named(lessons, tmp_path):
    import nbformat

    slow = nbformat.read(find_notebook("01", lang="en", folder=lessons), as_version=4)
    slow.cells[-1].source = "import time\ntime.sleep(60)"
    nbformat.write(slow, tmp_path / "05_slow.ipynb")
    failure = execute(job(tmp_path, "05_slow.ipynb", cell_timeout=1)).failure
    assert (failure.error, failure.cell_id, failure.heading) == (
        "CellTimeoutError",
        "broken",
        "Sales",
    )


def test_a_kernel_is_this_interpreter_without_the_users_profile(lessons, tmp_path, monkeypatch):
    import nbformat

    profile = tmp_path / "profile_default" / "startup"
    profile.mkdir(parents=True)
    (profile / "a.py").write_text("surprise = 1", encoding="utf-8")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    seen = nbformat.read(find_notebook("01", lang="en", folder=lessons), as_version=4)
    seen.cells[
        -1
    ].source = (
        "import os, sys\nprint(sys.executable)\nprint('surprise' in globals())\nprint(os.listdir())"
    )
    nbformat.write(seen, tmp_path / "06_seen.ipynb")
    executed = execute(job(tmp_path, "06_seen.ipynb"))
    printed = json.loads(executed.notebook)["cells"][-1]["outputs"][0]["text"]
    assert "".join(printed).split("\n")[:3] == [sys.executable, "False", "[]"]


def test_figures_are_drawn_whatever_backend_the_shell_asks_for(lessons, tmp_path, monkeypatch):
    import nbformat

    monkeypatch.setenv("MPLBACKEND", "Agg")
    drawn = nbformat.read(find_notebook("01", lang="en", folder=lessons), as_version=4)
    drawn.cells[-1].source = "import matplotlib.pyplot as plt\n_ = plt.plot([1, 2])"
    nbformat.write(drawn, tmp_path / "06_drawn.ipynb")
    outputs = json.loads(execute(job(tmp_path, "06_drawn.ipynb")).notebook)["cells"][-1]["outputs"]
    assert any("image/" in kind for output in outputs for kind in output.get("data", {}))


def test_a_value_cannot_leave_the_cell_that_papermill_writes(lessons, tmp_path):
    import nbformat

    hostile = 'x"\nimport os; raise SystemError("out")\n#\\'
    seen = nbformat.read(find_notebook("01", lang="en", folder=lessons), as_version=4)
    seen.cells[-1].source = "print(ascii(client))"
    nbformat.write(seen, tmp_path / "07_seen.ipynb")
    work = Job("b", "07", "en", tmp_path / "07_seen.ipynb", {"client": hostile})
    printed = json.loads(execute(work).notebook)["cells"][-1]["outputs"][0]["text"]
    assert "".join(printed).strip() == ascii(hostile)


def test_a_secret_is_not_in_a_failure(lessons, tmp_path):
    import nbformat

    leak = nbformat.read(find_notebook("01", lang="en", folder=lessons), as_version=4)
    leak.cells[-1].source = "raise OSError('cannot reach me:hunter2@host\\nhunter2 is wrong')"
    nbformat.write(leak, tmp_path / "08_leak.ipynb")
    executed = execute(job(tmp_path, "08_leak.ipynb", secrets=("hunter2",)))
    assert executed.failure.reason == "cannot reach me:•••@host"
    assert "hunter2" not in repr(executed)
    assert "hunter2" not in repr(job(tmp_path, "08_leak.ipynb", secrets=("hunter2",)))


def die():
    import os

    os._exit(1)


def raising():
    raise ValueError("broken")


@pytest.mark.parametrize(
    "run_all",
    [execute_module.run_all, *([forks.run_all] if forks.can_fork() else [])],
    ids=["pool", "forks"][: 1 + forks.can_fork()],
)
def test_a_worker_that_dies_costs_its_task_only(run_all):
    done = []
    results = run_all(
        {"dies": die, "raises": raising, "works": partial(Path, "a")},
        jobs=2,
        failed=lambda key, error: f"{key}: {type(error).__name__}",
        done=lambda key, _: done.append(key),
    )
    assert results == {
        "dies": "dies: BrokenProcessPool",
        "raises": "raises: ValueError",
        "works": Path("a"),
    }
    assert sorted(done) == ["dies", "raises", "works"]


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_client_is_shown_as_text(name):
    cover = Cover(name, (Fact(name, name),), (Link(INDEX, name, name, "failed"),))
    downloads = [Download((("tables.xlsx", "Excel"),), name)]
    html = index_page(cover=cover, downloads=downloads, quality=None, lang="fr")
    assert escape(name) in html.replace("&#34;", "&quot;").replace("&#39;", "&#x27;")
    assert html.count("<script>") == 1
    assert "onerror=alert(1)>" not in html
    assert "49" not in html.split("</style>")[1].split("<script>")[0]


def test_the_index_opens_on_the_scorecards_first_known_figures():
    names = ("kpi", "value", "previous", "change")
    scorecard = {
        "id": "scorecard",
        "columns": [{"name": name} for name in names],
        "rows": [
            ["net_sales", 2_940_619.51, 2_599_517.03, 0.131],
            ["gross_margin_rate", None, None, None],
            ["average_order_value", 209.79, None, None],
            ["repeat_purchase_rate", 0.627, 0.628, -0.001],
        ],
        "row_units": ["currency", "fraction", "currency", "fraction"],
    }
    assert headlines([{"id": "other"}], lang="en") == []
    assert headlines([{"id": "other"}, scorecard], lang="en") == [
        Headline("net_sales", "Net sales", "$2,940,620", "+13.1%"),
        Headline("average_order_value", "Average order value", "$209.79", "–"),
        Headline("repeat_purchase_rate", "Repeat purchase rate", "62.7%", "−0.1\u00a0pts"),
    ]


def test_rates_of_the_index_that_differ_look_different():
    names = ("kpi", "value", "previous", "change")
    card = {
        "id": "scorecard",
        "columns": [{"name": name} for name in names],
        "rows": [["chargeback_rate", 0.00142, 0.0014, 0.00002], ["retention_rate", 0.5, 0.4, 0.1]],
        "row_units": ["fraction", "fraction"],
    }
    found = headlines([card], lang="en")
    assert [(one.value, one.change) for one in found] == [
        ("0.142%", "+0.002\u00a0pts"),
        ("50.0%", "+10.0\u00a0pts"),
    ]


@pytest.mark.parametrize(
    ("rows", "shown"),
    [
        (
            [("Sales", "net_sales"), ("Sales", "orders"), ("Sales", "average_order_value"),
             ("Visits", "conversion_rate"), ("Margin", None), ("Margin", "discount_rate"),
             ("Customers", "buyers")],
            ["net_sales", "conversion_rate", "discount_rate", "buyers"],
        ),
        (
            [("Sales", "net_sales"), ("Sales", "orders"), ("Margin", "discount_rate"),
             ("Sales", "average_order_value"), ("Margin", "gross_margin_rate")],
            ["net_sales", "discount_rate", "orders", "average_order_value"],
        ),
        (
            [(None, "net_sales"), (None, "orders"), (None, "buyers")],
            ["net_sales", "orders", "buyers"],
        ),
    ],
)  # fmt: skip
def test_the_index_opens_on_one_figure_of_each_domain_then_on_others(rows, shown):
    card = {
        "id": "scorecard",
        "columns": [{"name": name} for name in ("kpi", "domain", "value", "change")],
        "rows": [[id or "returns", domain, 0.5 if id else None, None] for domain, id in rows],
        "row_units": ["ratio"] * len(rows),
    }
    names = [dictionary()[id].name["en"].partition(" (")[0] for id in shown]
    assert [one.label for one in headlines([card], lang="en")] == names


@pytest.mark.parametrize(
    ("others", "are_said"),
    [((), False), (("ok",), True), (("ok", "ok"), True), (("failed",), False),
     (("ok", "failed"), False)],
)  # fmt: skip
@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_page_of_a_failure_speaks_of_pages_that_are_there(others, are_said, lang):
    links = [Link(INDEX, "I"), Link("a.html", "A", "", "failed")]
    links += [Link(f"{n}.html", "P", "", status) for n, status in enumerate(others)]
    says = {
        "fr": ("Les autres pages ne sont pas touchées", "la page sur la qualité"),
        "en": ("The other pages are not affected", "the page on data quality"),
    }[lang]

    def page(links):
        cover = Cover("c", (), tuple(links))
        return failed_page(
            Failure("E", "r"), title="A", notebook="n", parameters={}, cover=cover,
            file="a.html", lang=lang,
        )  # fmt: skip

    html = page(links)
    assert (says[0] in html) == are_said
    assert says[1] not in html
    assert "marketing-kpi check" in html
    assert says[1] in page([*links, Link("quality.html", "Q")])


def test_titles_keep_the_spaces_that_do_not_break():
    import nbformat

    title = "Segmentation RFM\u00a0: à qui parler\u202f?"
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell(f"# {title}\n\nVos  clients\u202f?\n")]
    )
    content = body(notebook, lang="fr")
    assert content.title == title
    assert content.summary == "Vos clients\u202f?"
    cover = Cover("c", (), (Link(INDEX, "I"), Link("a.html", content.title, content.summary)))
    html = render.page(content, cover=cover, file="a.html", lang="fr")
    assert f">{title}</h1>" in html
    assert title in re.search(r"<title>(.*?)</title>", html)[1]
    index = index_page(cover=cover, quality=None, lang="fr")
    assert ">Segmentation RFM</a>" in index
    assert "<p>Vos clients\u202f?</p>" in index


def test_nothing_of_a_failure_is_markup():
    failure = Failure("E", "<script>x</script>", "<b>", "# <i>", "<u>")
    html = failed_page(
        failure,
        title="<h1>",
        notebook="<n>",
        parameters={"<p>": "<v>"},
        cover=Cover("<client>"),
        file="a.html",
        lang="fr",
    )
    for piece in ("<script>x", "<b>", "<i>", "<u>", "<h1><", "<n>", "<p>&", "<v>", "<client>"):
        assert piece not in html
