"""The command line: parses and calls, nothing more."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

try:
    import click
except ImportError as missing:  # nothing can be parsed, but what to do can be said
    sys.exit(f"error: {missing}\nhint: install the packages: pip install -r requirements.lock")

from marketing_kpi import __version__
from marketing_kpi.errors import MarketingKpiError

Command = TypeVar("Command", bound=Callable[..., Any])

USAGE_ERROR = 2
"""Exit code of a command that could not do its work: its arguments, its configuration, its data, or
an engine, a connection or a disk that failed."""

INTERRUPTED = 130
"""Exit code of a command stopped with Ctrl-C, as shells have it."""

_INSTALL_AGAIN = "install the packages again: make report, or pip install -r requirements.lock"

_lang = click.option(
    "--lang", type=click.Choice(["fr", "en"]), default="fr", show_default=True, help="Language."
)


def _says_what_is_wrong(command: Command) -> Command:
    """Show an error of ours as two lines that its reader can act on, without a traceback."""

    @wraps(command)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except MarketingKpiError as error:
            click.echo(f"error: {error.message}", err=True)
            if error.hint:
                click.echo(f"hint: {error.hint}", err=True)
            sys.exit(USAGE_ERROR)
        except BrokenPipeError:  # who read what is printed stopped reading
            raise
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            click.echo(f"error: {place}{error.strerror or error}", err=True)
            click.echo("hint: make room on that disk, or give another place to write to", err=True)
            sys.exit(USAGE_ERROR)
        except KeyboardInterrupt:
            click.echo("stopped", err=True)
            sys.exit(INTERRUPTED)

    return guarded  # type: ignore[return-value]


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="marketing-kpi")
def main() -> None:
    """Marketing KPIs: lessons, a dictionary that computes, and client reports.

    Exit code 0: done; 1: done, and what was looked at or made is not all right; 2: not done, for
    arguments, a configuration, data, an engine, a connection or a disk; 130: stopped. What is
    wrong is told in two lines: the error, and what to do.
    """


@main.command()
@click.argument("configs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("reports/build"),
    show_default=True,
    help="Folder in which each client has its own.",
)
@click.option(
    "--notebooks", multiple=True, help="Only these, as in 00,02; by default those of the YAML."
)
@click.option(
    "--lang", multiple=True, help="Only this language, fr or en; by default those of the YAML."
)
@click.option("--jobs", type=click.IntRange(min=1), default=2, show_default=True)
@click.option("--force", is_flag=True, help="Make again what has not changed since the last run.")
@click.option(
    "--dry-run", is_flag=True, help="Say what would be made, of which data; make nothing."
)
@click.option(
    "--pdf", "as_pdf", is_flag=True, help="Print each page too, with this machine's Chromium."
)
@_says_what_is_wrong
def report(
    configs: tuple[Path, ...],
    out: Path,
    notebooks: tuple[str, ...],
    lang: tuple[str, ...],
    jobs: int,
    force: bool,
    dry_run: bool,
    as_pdf: bool,
) -> None:
    """Make the reports that the YAML files CONFIGS describe.

    Exit code 0: all made; 1: some failed or were left out; 2: nothing ran, the message says why.
    """
    from marketing_kpi.report import run

    chosen = [item.strip() for each in notebooks for item in each.split(",")]
    code = run(
        configs,
        out=out,
        notebooks=chosen or None,
        jobs=jobs,
        lang=lang or None,
        force=force,
        dry_run=dry_run,
        as_pdf=as_pdf,
    )
    sys.exit(code)


@main.command()
@click.argument("source", metavar="DATA")
@click.option("--mapping", type=click.Path(path_type=Path), help="Mapping of a flat extract.")
@click.option("--as-of", help="Day (YYYY-MM-DD) from which orders count as in the future.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("reports/build/check"),
    show_default=True,
)
@_lang
@_says_what_is_wrong
def check(source: str, mapping: Path | None, as_of: str | None, out: Path, lang: str) -> None:
    """Read DATA and write what was read, dropped, repaired and suspicious: a page and a JSON.

    DATA is a file, a folder, a DuckDB file, a URL, or demo, sample:cdnow,
    sample:complete_journey. Exit code 0: usable; 1: a finding is an error; 2: not readable.
    """
    from marketing_kpi.data.quality import check as audit
    from marketing_kpi.data.sources import open_data
    from marketing_kpi.report.publish import write
    from marketing_kpi.report.render import quality_page

    quality = audit(open_data(source, mapping=mapping), as_of=as_of)
    out.mkdir(parents=True, exist_ok=True)
    page = out / "quality.html"
    write({out / "quality.json": quality.to_json(), page: quality_page(quality, lang=lang)})
    for finding in quality.findings:
        click.echo(f"{finding.level:<10}  {finding.text(lang)}")
    click.echo(str(page))
    sys.exit(1 if quality.worst == "error" else 0)


@main.command()
@click.option("--scale", type=click.FloatRange(min=0.01), default=1, show_default=True)
@click.option("--seed", type=int, default=None, help="By default the seed of data/demo.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True)
@click.option("--tables", help="Only these, as in orders,order_lines.")
@_says_what_is_wrong
def demo(scale: float, seed: int | None, out: Path, tables: str | None) -> None:
    """Simulate the demo retailer, with its truth beside the data."""
    from marketing_kpi.data.demo import simulate
    from marketing_kpi.data.simulation.parameters import SEED

    chosen = [item.strip() for item in tables.split(",")] if tables else None
    folder = simulate(scale=scale, seed=SEED if seed is None else seed, out=out, tables=chosen)
    click.echo(str(folder))


@main.group()
def dictionary() -> None:
    """The KPI dictionary."""


@dictionary.command("check")
@_says_what_is_wrong
def dictionary_check() -> None:
    """Validate every entry, callable and example, and the bank of items and exercises."""
    from marketing_kpi.kpis.dictionary import dictionary as load_dictionary
    from marketing_kpi.learn.bank import checked

    entries = load_dictionary()
    items, exercises, in_bank = checked()
    problems = [*entries.check(), *in_bank]
    for problem in problems:
        click.echo(f"error: {problem}", err=True)
    errors = f"{len(problems)} error{'' if len(problems) == 1 else 's'}"
    click.echo(f"{items} items and {exercises} exercises read")
    click.echo(f"{len(entries.kpis)} KPIs and {len(entries.concepts)} concepts checked: {errors}")
    sys.exit(1 if problems else 0)


@dictionary.command("export")
@click.option(
    "--format",
    "form",
    type=click.Choice(["html", "xlsx", "json", "dbt"]),
    required=True,
    help="A page, a workbook, JSON with its schema, or a dbt semantic layer for MetricFlow.",
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True)
@_lang
@_says_what_is_wrong
def dictionary_export(form: str, out: Path, lang: str) -> None:
    """Write the dictionary to a file that people or other tools read."""
    from marketing_kpi.report.dictionary import export

    for path in export(out, format=form, lang=lang):
        click.echo(str(path))


@main.command()
@_lang
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="kpi.apkg for Anki, kpi.csv for other programs, kpi.html to print on both sides.",
)
@_says_what_is_wrong
def cards(lang: str, out: Path) -> None:
    """Write the flashcards of the dictionary to a file, of the kind that its ending says."""
    from marketing_kpi.learn.cards import cards as made
    from marketing_kpi.learn.decks import write

    found = made(lang)
    write(found, out, lang=lang)
    click.echo(f"{out} ({len(found)} cards)")


@main.command()
@_lang
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="By default kpi-<lang>.html."
)
@_says_what_is_wrong
def sheet(lang: str, out: Path | None) -> None:
    """Write the sheet of formulas: a page that prints on two sides of A4."""
    from marketing_kpi.learn.sheet import sheet as made
    from marketing_kpi.report.publish import write

    path = out or Path(f"kpi-{lang}.html")
    path.parent.mkdir(parents=True, exist_ok=True)
    write({path: made(lang)})
    click.echo(str(path))


@main.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("build/site"),
    show_default=True,
    help="Folder of the site; what it held is replaced.",
)
@_says_what_is_wrong
def site(out: Path) -> None:
    """Build the course as pages: lessons, dictionary, cards, formulas, functions, search.

    The folder opens in a browser as it is, without a network; nothing is executed.
    """
    from marketing_kpi.learn.site.build import build

    click.echo(str(build(out)))


@main.command()
@_lang
@_says_what_is_wrong
def doctor(lang: str) -> None:
    """Say whether this machine can run the lessons, and what to do where it cannot.

    Exit code 0: it can; 1: something is to be done first.
    """
    try:
        from marketing_kpi.learn.doctor import checks, lines
    except ImportError as error:  # without its packages, it has no French either
        click.echo(f"error: {error}", err=True)
        click.echo(f"hint: {_INSTALL_AGAIN}", err=True)
        sys.exit(1)

    is_well = True
    for check in checks(lang):
        is_well = is_well and check.good
        click.echo("\n".join(lines(check, lang=lang)))
    sys.exit(0 if is_well else 1)


@main.group()
def lessons() -> None:
    """The lessons' notebooks."""


@lessons.command("build")
@click.argument("numbers", nargs=-1)
@click.option("--check", is_flag=True, help="Change nothing; fail if a notebook is not current.")
@_says_what_is_wrong
def lessons_build(numbers: tuple[str, ...], check: bool) -> None:
    """Build notebooks/fr and notebooks/en from notebooks/src, all of them or NUMBERS."""
    from marketing_kpi.lessons.build import build, notebooks_folder
    from marketing_kpi.lessons.check import check as problems_of

    folder = notebooks_folder()
    if not check:
        build(folder, numbers=numbers, done=lambda built: click.echo(str(built)))
        return
    problems = problems_of(folder, numbers=numbers)
    for problem in problems:
        click.echo(f"error: {problem}", err=True)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
