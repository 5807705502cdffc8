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
