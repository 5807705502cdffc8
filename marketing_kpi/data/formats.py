"""What a file really is, and how its text is written: content, encoding, delimiter, lines."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import itertools
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal, TypeAlias

from marketing_kpi.errors import SourceError

if TYPE_CHECKING:
    from _csv import Reader as CsvReader

Kind: TypeAlias = Literal["text", "excel", "parquet", "duckdb"]

KINDS: dict[str, Kind] = {
    ".csv": "text",
    ".tsv": "text",
    ".tab": "text",
    ".txt": "text",
    ".xlsx": "excel",
    ".xlsm": "excel",
    ".xls": "excel",
    ".xlsb": "excel",
    ".ods": "excel",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".duckdb": "duckdb",
    ".ddb": "duckdb",
}
DELIMITERS = (",", ";", "\t", "|")
BLOCK = 1 << 22
SAMPLE_LINES = 200
MIN_COLUMNS = 2

_GZIP = b"\x1f\x8b"
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PARQUET = b"PAR1"
_DUCKDB = b"DUCK"  # from byte 8 on
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Text:
    """How the text of a file is written.

    Attributes
    ----------
    encoding
        Python name of the encoding.
    nul_bytes
        NUL bytes in it, which no text has.
    plain_lines
        Whether all its lines end the same way.
    is_utf8
        Whether every byte of it is valid UTF-8.
    lines
        How many lines it has; None where they were not counted.
    stray_bytes
        Bytes of CP1252 in a file that is UTF-8 elsewhere, as where two exports were joined.
    """

    encoding: str
    nul_bytes: int
    plain_lines: bool
    is_utf8: bool
    lines: int | None = None
    stray_bytes: int = 0

    @property
    def errors(self) -> str:
        """The handler that decodes the bytes which have no meaning in the encoding."""
        return _AS_CP1252 if self.stray_bytes else "strict"

    @property
    def readable_as_is(self) -> bool:
        """Whether DuckDB reads it without transcoding."""
        utf8 = self.encoding in ("utf-8", "utf-8-sig")
        return utf8 and self.is_utf8 and self.plain_lines and not self.nul_bytes


def suffix_of(path: Path) -> str:
    """Return the suffix that says the format, `.gz` set aside.

    >>> suffix_of(Path("orders.CSV.gz"))
    '.csv'
    """
    name = path.name.lower()
    return Path(name.removesuffix(".gz")).suffix


def kind_of(path: Path) -> Kind:
    """Return what the file is by its content; errors say what it is when it cannot be read."""
    start = _first_bytes(path)
    if not start:
        raise SourceError(
            f"{path.name} is empty (0 bytes)", hint="export it again; nothing was written to it"
        )
    if start.startswith(_PARQUET):
        return "parquet"
    if start[8:12] == _DUCKDB:
        return "duckdb"
    if start.startswith(_OLE):
        return "excel"
    if start.startswith(_ZIP):
        return _kind_of_zip(path)
    _refuse_other(path, start)
    return _kind_of_text(path, start)


def _kind_of_zip(path: Path) -> Kind:
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except zipfile.BadZipFile as error:
        raise SourceError(
            f"{path.name} is a truncated or damaged workbook or archive",
            hint="copy or export it again",
        ) from error
    if any(name.startswith("xl/") or name == "content.xml" for name in names):
        return "excel"
    listed = ", ".join(names[:3])
    raise SourceError(
        f"{path.name} is a ZIP archive (it holds {listed}), not a table",
        hint="unpack it and open the file or the folder inside",
    )


def _refuse_other(path: Path, start: bytes) -> None:
    head = start.lstrip(codecs.BOM_UTF8).lstrip().lower()
    if head.startswith((b"<!doctype html", b"<html", b"<table")):
        raise SourceError(
            f"{path.name} is a web page (HTML), not the table its name announces",
            hint="the export probably saved an error or login page; open it in a browser to see, "
            "then export again as CSV or .xlsx",
        )
    if head.startswith(b"%pdf"):
        raise SourceError(f"{path.name} is a PDF, not a table", hint="export it as CSV or .xlsx")
    if head.startswith(b"<?xml"):
        raise SourceError(f"{path.name} is an XML file", hint="save it as CSV or .xlsx")
    if suffix_of(path) in (".json", ".jsonl", ".ndjson"):
        raise SourceError(f"{path.name} is JSON", hint="save its rows as CSV, .xlsx or .parquet")
    if start.startswith(b"SQLite format 3\0"):
        raise SourceError(
            f"{path.name} is a SQLite database, which is opened by its URL",
            hint=f"give sqlite://{path.absolute().as_posix()} in place of the path",
        )


def _kind_of_text(path: Path, start: bytes) -> Kind:
    announced = KINDS.get(suffix_of(path))
    looks_like_text = b"\0" not in start or start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    if announced == "text":
        return "text"
    if looks_like_text and announced == "excel":
        return "text"
    if announced == "excel":
        raise SourceError(
            f"{path.name} is not an Excel workbook, nor anything else that can be read",
            hint="open it in a spreadsheet and save it again as .xlsx",
        )
    what = "is a text file" if looks_like_text else "has a format that cannot be read"
    expected = {
        "parquet": ", not Parquet (a Parquet file begins with PAR1)",
        "duckdb": ", not DuckDB",
    }.get(announced or "", "")
    raise SourceError(
        f"{path.name} {what}{expected}",
        hint="give it the suffix of what it is: .csv, .tsv, .xlsx, .parquet or .duckdb",
    )


def _first_bytes(path: Path, size: int = 4096) -> bytes:
    with opened(path) as stream:
        return stream.read(size)


class _Unpacked:
    """Context manager that opens a file, unpacked when it is gzip, and turns errors into ours."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stream: IO[bytes] | None = None

    def __enter__(self) -> IO[bytes]:
        try:
            raw = self._path.open("rb")
        except PermissionError as error:
            raise SourceError(
                f"{self._path.name} cannot be read: permission denied",
                hint="give your account the right to read it, or copy it elsewhere",
            ) from error
        if raw.read(2) == _GZIP:
            raw.seek(0)
            self._stream = _owning_gzip(raw)
        else:
            raw.seek(0)
            self._stream = raw
        return self._stream

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if self._stream is not None:
            self._stream.close()
        if isinstance(error, EOFError | gzip.BadGzipFile | zlib.error):
            raise SourceError(
                f"{self._path.name} is a truncated or damaged gzip file",
                hint="copy or download it again; its end is missing",
            ) from error


def _owning_gzip(raw: IO[bytes]) -> IO[bytes]:
    stream = gzip.GzipFile(fileobj=raw)
    # GzipFile closes only the file objects that it opened itself.
    stream.myfileobj = raw  # type: ignore[assignment]
    return stream  # type: ignore[return-value]


def is_gzip(path: Path) -> bool:
    """Return whether a file is gzip by its first bytes."""
    with path.open("rb") as stream:
        return stream.read(len(_GZIP)) == _GZIP


def opened(path: Path) -> _Unpacked:
    """Open a file for reading bytes, unpacking gzip by content."""
    return _Unpacked(path)


def blocks(path: Path) -> Iterator[bytes]:
    """Yield the content of a file, unpacked, a few megabytes at a time."""
    with opened(path) as stream:
        while block := stream.read(BLOCK):
            yield block


def examine(path: Path, *, encoding: str | None = None) -> Text:
    """Read a text file once, in blocks, to know its encoding and its line ends.

    UTF-8 is what decodes as UTF-8 to the last byte, and what holds at least as many characters of
    UTF-8 beyond ASCII as stray bytes, which are read as CP1252 then. Anything else is CP1252, or
    Latin-1 where a byte has no meaning in CP1252. `encoding` settles it instead.
    """
    marked = _marked_encoding(path)
    given = _python_name(encoding, path) if encoding else None
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_utf8, nul_bytes, undefined = True, 0, False
    ends: Counter[bytes] = Counter()
    previous = b""
    for block in blocks(path):
        if is_utf8:
            is_utf8 = _decodes(decoder, block)
        nul_bytes += block.count(b"\0")
        undefined = undefined or any(byte in block for byte in _UNDEFINED_IN_CP1252)
        straddling = previous == b"\r" and block[:1] == b"\n"
        for end in (b"\r\n", b"\r", b"\n"):
            ends[end] += block.count(end)
        ends[b"\r\n"] += straddling
        previous = block[-1:]
    is_utf8 = is_utf8 and _finishes(decoder)
    stray = 0
    found = given or marked or "utf-8"
    if not given and found.startswith("utf-8") and not is_utf8:
        characters, stray = _beyond_ascii(path)
        if not marked and stray > characters:
            found, stray = _single_byte(undefined), 0
    if found.startswith("utf-16"):
        return Text(found, 0, plain_lines=False, is_utf8=False)
    lone_returns, lone_feeds = ends[b"\r"] - ends[b"\r\n"], ends[b"\n"] - ends[b"\r\n"]
    styles = sum(count > 0 for count in (ends[b"\r\n"], lone_returns, lone_feeds))
    lines = ends[b"\n"] + lone_returns + (previous not in (b"\r", b"\n", b""))
    return Text(found, nul_bytes, styles <= 1, is_utf8, lines, stray)


_UNDEFINED_IN_CP1252 = (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d")


def _single_byte(undefined: bool) -> str:
    return "latin-1" if undefined else "cp1252"


def _beyond_ascii(path: Path) -> tuple[int, int]:
    """Return the characters of UTF-8 beyond ASCII in a file, and the bytes that are not UTF-8.

    In CP1252 an accented letter hardly ever comes before the one sign that would make it UTF-8.
    """
    decoder = codecs.getincrementaldecoder("utf-8")(errors="ignore")
    characters = stray = 0
    for block in itertools.chain(blocks(path), [b""]):
        beyond = decoder.decode(block, final=not block).translate(_WITHOUT_ASCII)
        characters += len(beyond)
        stray += len(block.translate(None, _ASCII)) - len(beyond.encode())
    return characters, stray


_ASCII = bytes(range(0x80))
_WITHOUT_ASCII = dict.fromkeys(_ASCII)
_AS_CP1252 = "marketing_kpi.cp1252"


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    """Decode as CP1252 what is not UTF-8, or as Latin-1 what is not CP1252 either."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    undefined = any(byte in bad for byte in _UNDEFINED_IN_CP1252)
    return bad.decode(_single_byte(undefined)), error.end


codecs.register_error(_AS_CP1252, _as_cp1252)


def _python_name(encoding: str, path: Path) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError as error:
        raise SourceError(
            f"encoding '{encoding}', given for {path.name}, is not known",
            hint="the usual ones are utf-8, cp1252, latin-1 and utf-16",
        ) from error


def _marked_encoding(path: Path) -> str | None:
    start = _first_bytes(path)
    for mark, encoding in _BOMS:
        if start.startswith(mark):
            return encoding
    # UTF-16 without a mark: one byte of two is NUL in western text.
    even, odd = start[0::2].count(b"\0"), start[1::2].count(b"\0")
    if odd > len(start) / 4 and odd > 4 * even:
        return "utf-16-le"
    if even > len(start) / 4 and even > 4 * odd:
        return "utf-16-be"
    return None


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes) -> bool:
    try:
        decoder.decode(block)
    except UnicodeDecodeError:
        return False
    return True


def _finishes(decoder: codecs.IncrementalDecoder) -> bool:
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def transcode(path: Path, text: Text, target: Path, *, skip: int) -> None:
    """Write a file again as UTF-8 with plain line ends and no NUL, in blocks.

    The first `skip` lines are left out. DuckDB would need an extension, fetched from a network,
    to read other encodings.
    """
    decoder = codecs.getincrementaldecoder(text.encoding)(errors=text.errors)
    newlines = io.IncrementalNewlineDecoder(decoder, translate=True)
    with target.open("wb") as written:
        try:
            decoded = (newlines.decode(block) for block in blocks(path))
            for part in _without_lines(decoded, skip):
                written.write(part.replace("\0", "").encode())
            written.write(newlines.decode(b"", final=True).replace("\0", "").encode())
        except UnicodeDecodeError as error:
            byte = f"{error.object[error.start]:#04x}"
            raise SourceError(
                f"{path.name} is not written in {text.encoding}: byte {byte} has no meaning there",
                hint="leave the encoding out of the mapping to have it detected, or give another",
            ) from error


def _without_lines(parts: Iterable[str], skip: int) -> Iterator[str]:
    """Yield a text in parts without its first `skip` lines."""
    for part in parts:
        kept = part
        while skip and "\n" in kept:
            kept = kept.partition("\n")[2]
            skip -= 1
        if not skip:
            yield kept


def first_lines(path: Path, text: Text) -> list[str]:
    """Return the first lines of a file, decoded, line ends kept."""
    lines: list[str] = []
    errors = _AS_CP1252 if text.stray_bytes else "replace"
    # A reader of codecs would also end lines at separators that are text in a CSV file.
    with (
        opened(path) as stream,
        io.TextIOWrapper(stream, text.encoding, errors, newline="") as reader,
    ):
        for line in reader:
            lines.append(line.replace("\0", ""))
            if len(lines) == SAMPLE_LINES:
                break
    return lines


def delimiter_of(lines: Sequence[str]) -> str:
    """Return the delimiter that splits the lines in the most regular way.

    >>> delimiter_of(["a;b", "1,5;2", "2,5;3"])
    ';'
    """
    scores = {delimiter: _regularity(lines, delimiter) for delimiter in DELIMITERS}
    return max(DELIMITERS, key=lambda delimiter: scores[delimiter])


def _regularity(lines: Sequence[str], delimiter: str) -> tuple[float, int]:
    try:
        widths = [len(row) for row in csv_reader(lines, delimiter, '"') if row]
    except csv.Error:
        # A field longer than any value is: the quotation marks are not what they seem with this
        # delimiter, or one is never closed, which reading the file reports with its line.
        return (0.0, 0)
    if not widths or widths[0] < MIN_COLUMNS:
        return (0.0, 0)
    alike = sum(width == widths[0] for width in widths)
    return (alike / len(widths), widths[0])


def csv_reader(
    lines: Sequence[str], delimiter: str, quote: str, *, strict: bool = False
) -> CsvReader:
    """Return a reader of the records of lines; an empty `quote` makes quotation marks text.

    When `strict`, a quotation mark that is never closed raises `csv.Error`.
    """
    if not quote:
        return csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    return csv.reader(lines, delimiter=delimiter, quotechar=quote, strict=strict)
