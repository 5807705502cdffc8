
// The site's own: a field that leads to the search page, that page, entries, the pile of cards.
{
  const joined = (text) => wordsOf(text).join(" ");
  const begin = (sought, text) => sought.every((word) => ` ${text}`.includes(` ${word}`));
  const element = (name, content) => {
    const made = document.createElement(name);
    made.append(...[content].flat());
    return made;
  };

  for (const form of document.querySelectorAll("form[data-mk-find]")) {
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      location.href = `${form.dataset.mkFind}#${encodeURIComponent(form.elements.q.value)}`;
    });
  }

  // Who comes to an entry by its address wants all of it.
  const unfold = () => document.getElementById(location.hash.slice(1))
    ?.querySelector(":scope > details")?.setAttribute("open", "");
  addEventListener("hashchange", unfold);
  unfold();

  const index = document.getElementById("mk-index");
  if (index) {
    const SHORT = 10;
    const EXCERPT = 200;
    const entries = JSON.parse(index.textContent).map(([kind, address, title, names, text, more]) => {
      const named = [title, ...names].map(joined);
      const near = joined(text);
      const all = [...named, near, joined(more)].join(" ");
      return { kind, address, title, names, text, more, named, near, all, called: named.join(" ") };
    });
    // As mk.dictionary().search ranks: a name that is just these words, then how far one must
    // read to find them.
    const rank = (entry, sought) => {
      if (entry.named.includes(sought.join(" "))) return 0;
      const texts = [entry.called, entry.near, entry.all];
      const found = texts.findIndex((text) => begin(sought, text));
      return found < 0 ? Infinity : found + 1;
    };
    const excerpt = (entry, sought) => {
      const text = `${entry.text} ${entry.more}`.trim();
      const words = [...text.matchAll(/[^ ]+/g)];
      const hit = begin(sought, entry.called)
        ? undefined
        : words.find((word) => wordsOf(word[0]).some((one) => sought.some((s) => one.startsWith(s))));
      const from = !hit || hit.index < EXCERPT ? 0 : hit.index - EXCERPT / 3;
      const some = words.filter((word) => word.index >= from && word.index < from + EXCERPT);
      const ends = some.at(-1) === words.at(-1);
      return `${from ? "… " : ""}${some.map(([word]) => word).join(" ")}${ends ? "" : " …"}`;
    };
    // The synonym that was found, where it is not the title that was.
    const synonym = (entry, sought) => {
      if (entry.kind !== "entry" || begin(sought, entry.named[0])) return "";
      const place = entry.named.findIndex((name, at) => at > 1 && begin(sought, name));
      return place < 0 ? "" : ` · ${entry.names[place - 1]}`;
    };
    const shown = (entry, sought) => {
      const link = element("a", entry.title);
      link.href = entry.address;
      const also = element("small", synonym(entry, sought));
      return element("li", [link, also, element("p", excerpt(entry, sought))]);
    };
    const input = document.querySelector("main form[data-mk-find] input");
    const count = document.getElementById("mk-count");
    const groups = [...document.querySelectorAll(".mk-found")];
    const show = () => {
      const sought = wordsOf(input.value);
      const ranked = sought.length ? entries.map((entry) => [rank(entry, sought), entry]) : [];
      const found = ranked.filter(([place]) => place < Infinity).sort((a, b) => a[0] - b[0]);
      for (const group of groups) {
        const list = group.querySelector("ol");
        const all = group.querySelector("button");
        const own = found.map(([, entry]) => entry).filter((entry) => entry.kind === group.dataset.mkKind);
        const draw = (some) => list.replaceChildren(...some.map((entry) => shown(entry, sought)));
        draw(own.slice(0, SHORT));
        group.hidden = own.length === 0;
        all.hidden = own.length <= SHORT;
        all.onclick = () => {
          draw(own);
          all.hidden = true;
          list.children[SHORT].querySelector("a").focus();
        };
      }
      const { mkNone, mkSome } = count.dataset;
      count.textContent = sought.length ? (found.length ? `${mkSome} ${found.length}` : mkNone) : "";
    };
    const fromAddress = () => {
      input.value = decodeURIComponent(location.hash.slice(1));
      show();
    };
    input.addEventListener("input", () => {
      history.replaceState(null, "", `#${encodeURIComponent(input.value)}`);
      show();
    });
    addEventListener("hashchange", fromAddress);
    fromAddress();
    input.focus();
  }

  const deck = document.querySelector(".mk-deck");
  if (deck) {
    const cards = [...deck.querySelectorAll(".mk-card")];
    const settings = document.querySelector(".mk-deck-settings");
    const answer = document.querySelector(".mk-deck-answer");
    const state = document.querySelector(".mk-deck-state");
    const told = state.querySelector("output");
    const answers = [...answer.querySelectorAll("button")];
    const AGAIN_AFTER = 4;
    let pile = [];
    let known = 0;
    const show = () => {
      const [top] = pile;
      for (const card of cards) {
        card.hidden = card !== top;
        card.open = false;
      }
      for (const button of answers) button.disabled = true;
      answer.hidden = !top;
      const { mkLeft, mkKnown, mkDone } = told.dataset;
      told.textContent = top ? `${mkLeft} ${pile.length}, ${mkKnown} ${known}` : mkDone;
    };
    const restart = (order = (some) => some) => {
      const { lesson, asks } = settings.elements;
      for (const card of cards) {
        const chosen = (!lesson.value || card.dataset.mkLesson === lesson.value)
          && (!asks.value || card.dataset.mkAsks === asks.value);
        card.toggleAttribute("data-mk-out", !chosen);
      }
      pile = order(cards.filter((card) => !card.hasAttribute("data-mk-out")));
      known = 0;
      show();
    };
    const shuffled = (some) => some
      .map((card) => [Math.random(), card])
      .sort((a, b) => a[0] - b[0])
      .map(([, card]) => card);
    const reply = (kind) => {
      const [top] = pile;
      if (!top?.open) return;
      pile.shift();
      if (kind === "known") known += 1;
      else pile.splice(AGAIN_AFTER, 0, top);
      show();
      pile[0]?.querySelector("summary").focus();
    };
    for (const card of cards) {
      card.addEventListener("toggle", () => {
        if (card === pile[0]) for (const button of answers) button.disabled = !card.open;
      });
    }
    for (const button of answers) button.addEventListener("click", () => reply(button.dataset.mkAnswer));
    addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.target.matches("select, input")) return;
      if (event.key === "1") reply("again");
      if (event.key === "2") reply("known");
    });
    settings.addEventListener("change", () => restart());
    settings.querySelector("[data-mk-shuffle]").addEventListener("click", () => restart(shuffled));
    state.querySelector("[data-mk-restart]").addEventListener("click", () => restart());
    for (const hidden of [settings, answer, state, document.querySelector(".mk-deck-keys")]) hidden.hidden = false;
    deck.classList.add("mk-playing");
    restart();
  }
}
