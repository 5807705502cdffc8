"use strict";
// A search field filters the elements that its data-mk-filter selects, by their data-mk-text.
const plain = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
for (const input of document.querySelectorAll("input[data-mk-filter]")) {
  const items = [...document.querySelectorAll(input.dataset.mkFilter)];
  const status = document.createElement("output");
  input.closest("label").after(" ", status);
  input.closest("[hidden]")?.removeAttribute("hidden");
  input.addEventListener("input", () => {
    const words = plain(input.value).split(/\s+/).filter(Boolean);
    for (const item of items) {
      const text = plain(item.dataset.mkText ?? item.textContent);
      item.hidden = !words.every((word) => text.includes(word));
    }
    status.textContent = `${items.filter((item) => !item.hidden).length} / ${items.length}`;
  });
}
