"""Every KPI and every chapter function on Spark, beside DuckDB: the same digits, and how long.

    python benchmarks/engines.py [--only rfm.] [--kept kept.jsonl] > benchmarks/engines.md

The questions are those of `tests/engines`, asked of the part of the demo that its tests take, in a
local Spark of one process with the settings of its tests. An answer is the same when the tests
would say so: equal texts and counts, numbers within 1e-9. The largest difference is a share of
DuckDB's number. Seconds are those of the processor, of Spark and of this process, as they tell on a
machine that others use too; the first question that needs what several start from (journeys, a
panel) pays for it. With `--kept`, answers are written to a file as they come, and those that are
there already are not asked again; `--table` asks nothing and prints those. Prints Markdown.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import ibis

import marketing_kpi as mk

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "engines"))

from questions import (
    DOMAINS,
    FUNCTIONS,
    KPIS,
    Asked,
    assert_same,
    largest_difference,
)
from shops import show_to_spark, spark_of_one_process, write_part

SAME = "yes"


class Row(NamedTuple):
    """What came of a question."""

    question: str
    same: str
    difference: float | None
    seconds: float


def questions() -> dict[str, Callable[[Asked, str], Any]]:
    """Return how each question is put to an engine, by what it is called."""
    found: dict[str, Callable[[Asked, str], Any]] = {}
    for domain in DOMAINS:
        ids = [kpi.id for kpi in KPIS if kpi.domain == domain]
        found[f"{len(ids)} KPIs of {domain}"] = lambda asked, engine, ids=ids: asked.kpis(
            engine, ids
        )
    for name in FUNCTIONS:
        found[name] = lambda asked, engine, name=name: asked.chapter(engine, name)
    return found


def spent(process: int) -> float:
    """Return the processor seconds of this process and of another, all threads."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    there = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return time.process_time() + there


def row(question: str, put: Callable[[Asked, str], Any], asked: Asked, process: int) -> Row:
    """Put a question to both engines, and hold one answer against the other."""
    expected = put(asked, "duckdb")
    begun = spent(process)
    try:
        found = put(asked, "spark")
        seconds = spent(process) - begun
        assert_same(found, expected)
    except AssertionError as error:
        return Row(question, f"no: {first_line(error)}", None, seconds)
    except Exception as error:  # noqa: BLE001 - whatever an engine says is the finding
        return Row(question, f"fails: {first_line(error)}", None, spent(process) - begun)
    return Row(question, SAME, largest_difference(found, expected), seconds)


def first_line(error: BaseException) -> str:
    """Return what an error says, short enough for a cell."""
    text = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__} {text}"[:120].replace("|", "/")


def answered(chosen: dict[str, Callable[[Asked, str], Any]]) -> Iterator[Row]:
    """Ask all of them on a Spark of their own."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        write_part(folder)
        session = spark_of_one_process()
        process = session.sparkContext._gateway.proc.pid
        show_to_spark(session, folder)
        shops = {
            "duckdb": mk.open_data(folder),
            "spark": mk.open_data(ibis.pyspark.connect(session)),
        }
        asked = Asked(shops.__getitem__)
        for question, put in chosen.items():
            yield row(question, put, asked, process)
        for shop in shops.values():
            shop.close()
        session.stop()


def main() -> None:
    """Ask what was not asked yet, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="what the questions begin with")
    parser.add_argument("--kept", type=Path, help="a file of answers, one a line")
    parser.add_argument("--table", action="store_true", help="print what is kept, ask nothing")
    given = parser.parse_args()
    kept = given.kept.read_text().splitlines() if given.kept and given.kept.exists() else []
    rows = {each.question: each for each in (Row(**json.loads(line)) for line in kept)}
    chosen = {name: put for name, put in questions().items() if name.startswith(given.only)}
    new = {name: put for name, put in chosen.items() if name not in rows}
    for found in answered(new) if new and not given.table else ():
        rows[found.question] = found
        if given.kept:
            with given.kept.open("a") as file:
                file.write(json.dumps(found._asdict()) + "\n")
    print_table([rows[name] for name in chosen if name in rows], len(questions()))


def print_table(rows: list[Row], all_of: int) -> None:
    """Print the rows, and how many answers are the same."""
    same = sum(each.same == SAME for each in rows)
    print("# Every KPI and chapter function on Spark, beside DuckDB\n")
    print(
        f"One run of `engines.py`: {len(rows)} of {all_of} questions asked, {same} with the same "
        f"digits, {sum(each.seconds for each in rows):.0f} processor seconds.\n"
    )
    print("| question | same digits | largest difference | seconds |\n|---|---|---|---|")
    for each in rows:
        difference = "" if each.difference is None else f"{each.difference:.0e}"
        print(f"| {each.question} | {each.same} | {difference} | {each.seconds:.1f} |")


if __name__ == "__main__":
    main()
