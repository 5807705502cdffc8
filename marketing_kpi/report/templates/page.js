"use strict";
// A search field filters the elements that its data-mk-filter selects, by the beginnings of the
// words of their data-mk-text. Whatever is no letter or digit parts words: an apostrophe of any
// form, a no-break space.
const plain = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
const wordsOf = (text) => plain(text).match(/[\p{L}\p{N}]+/gu) ?? [];
for (const input of document.querySelectorAll("input[data-mk-filter]")) {
  const items = [...document.querySelectorAll(input.dataset.mkFilter)];
  const status = document.createElement("output");
  input.closest("label").after(" ", status);
  input.closest("[hidden]")?.removeAttribute("hidden");
  input.addEventListener("input", () => {
    const beginnings = wordsOf(input.value);
    for (const item of items) {
      const words = wordsOf(item.dataset.mkText ?? item.textContent);
      item.hidden = !beginnings.every((sought) => words.some((word) => word.startsWith(sought)));
    }
    status.textContent = `${items.filter((item) => !item.hidden).length} / ${items.length}`;
  });
}

// The header of a column sorts the rows of its table: one way, the other, then as they were. What
// is not known stays last. A column of pictures, a table of few rows, one of paragraphs: left alone.
const FEWEST_ROWS = 4;
const orders = { none: "descending", descending: "ascending", ascending: "none" };
const words = { none: "ascending", ascending: "descending", descending: "none" };
const known = (value) => value !== undefined && value !== "";
function compared(first, second) {
  const difference = Number(first) - Number(second);
  return Number.isNaN(difference) ? first.localeCompare(second) : difference;
}
function sorter(label) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "mk-sort";
  button.title = label;
  return button;
}
function sortable(table, label) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const heads = [...(table.tHead?.rows[0]?.cells ?? [])];
  if (rows.length < FEWEST_ROWS || rows.some((row) => row.cells.length !== heads.length)) return;
  heads.forEach((head, place) => {
    const cells = rows.map((row) => row.cells[place]);
    if (cells.some((cell) => cell.querySelector("svg"))) return;
    const hasValues = cells.some((cell) => known(cell.dataset.mkValue));
    const valueOf = (row) => {
      const cell = row.cells[place];
      return hasValues ? cell.dataset.mkValue : cell.textContent;
    };
    const button = sorter(label);
    if (head.querySelector("button")) {
      button.setAttribute("aria-label", `${label}: ${head.textContent}`);
      button.textContent = "\u2195";
      head.append(" ", button);
    } else {
      button.append(...head.childNodes);
      head.append(button);
    }
    button.addEventListener("click", () => {
      const next = (hasValues ? orders : words)[head.getAttribute("aria-sort") ?? "none"];
      for (const one of heads) one.removeAttribute("aria-sort");
      const told = rows.filter((row) => known(valueOf(row)));
      if (next !== "none") {
        head.setAttribute("aria-sort", next);
        const way = next === "ascending" ? 1 : -1;
        told.sort((one, other) => way * compared(valueOf(one), valueOf(other)));
      }
      const untold = rows.filter((row) => !known(valueOf(row)));
      body.append(...(next === "none" ? rows : [...told, ...untold]));
    });
  });
}
const sortLabel = document.querySelector("main")?.dataset.mkSort;
if (sortLabel) {
  for (const table of document.querySelectorAll(".mk-table > table:not(.mk-prose)")) {
    sortable(table, sortLabel);
  }
}
