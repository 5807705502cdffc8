// Makes the quizzes of a page work: each finds its own words, numbers and feedback in its HTML.
// The rules are those of grading.py and answers.py; nothing is global, nothing is stored.
(() => {
  "use strict";
  const ALMOST = 1e-9;
  const DECIMALS = 6;
  const RATES = ["fraction", "points", "ratio"];
  const PERCENT = ["%", "pour cent", "pourcent", "p. 100", "p.100", "percent", "per cent"];
  const POINTS = [
    "points de pourcentage", "point de pourcentage", "percentage points", "percentage point",
    "points", "point", "pts", "pt",
  ];
  const UNIT_WORDS = {
    currency: [
      "$ ca", "ca$", "c$", "us$", "$ us", "$", "€", "£", "¥",
      "cad", "eur", "usd", "gbp", "chf", "dollars", "dollar", "euros", "euro",
    ],
    days: ["jours", "jour", "j", "days", "day", "d"],
    hours: ["heures", "heure", "h", "hours", "hour"],
    months: ["mois", "months", "month"],
  };
  const GROUPED = /^[0-9]{1,3}(?:[ '][0-9]{3})+(?:[.,][0-9]*)?$/;
  const BY_COMMA = /^(?:[0-9]{1,3}(?:,[0-9]{3}){2,}(?:\.[0-9]*)?|[0-9]{1,3},[0-9]{3}\.[0-9]*)$/;
  const BY_POINT = /^(?:[0-9]{1,3}(?:\.[0-9]{3}){2,}(?:,[0-9]*)?|[0-9]{1,3}\.[0-9]{3},[0-9]*)$/;
  const PLAIN = /^(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)$/;
  const EITHER = /^[1-9][0-9]{0,2}[.,][0-9]{3}$/;

  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const squeezed = (text) => text.replace(/\s+/g, " ").trim();
  const element = (name, ...content) => {
    const made = document.createElement(name);
    made.append(...content);
    return made;
  };

  // In JupyterLab, keys pressed here would else move about the notebook, or change it.
  const keepKeys = (control) => control.setAttribute("data-lm-suppress-shortcuts", "true");

  const signOf = (text) =>
    text.startsWith("+") || text.startsWith("-") ? [text[0], text.slice(1).trimStart()] : ["", text];

  function withoutWords(text, unit) {
    if (RATES.includes(unit)) {
      for (const ending of unit === "points" ? [...PERCENT, ...POINTS] : PERCENT) {
        if (text.endsWith(ending)) return [text.slice(0, -ending.length).trimEnd(), true];
      }
    }
    for (const word of UNIT_WORDS[unit] ?? []) {
      if (text.endsWith(word)) return [text.slice(0, -word.length).trimEnd(), false];
      if (unit === "currency" && text.startsWith(word)) {
        return [text.slice(word.length).trimStart(), false];
      }
    }
    return [text, false];
  }

  function pointed(text, lang) {
    if (GROUPED.test(text)) return text.replace(/[ ']/g, "").replace(",", ".");
    if (BY_COMMA.test(text)) return text.replaceAll(",", "");
    if (BY_POINT.test(text)) return text.replaceAll(".", "").replace(",", ".");
    if (!PLAIN.test(text)) return null;
    return text.replace(",", lang === "en" && EITHER.test(text) ? "" : ".");
  }

  /** Return what a fraction like 7/17 is; null when it is no number. */
  function quotient(text) {
    const parts = text.split(/ ?\/ ?/);
    const isPlain = (part) => PLAIN.test(part) && !EITHER.test(part);
    if (parts.length !== 2 || !parts.every(isPlain)) return null;
    const [above, below] = parts.map((part) => Number(part.replace(",", ".")));
    return below ? above / below : null;
  }

  function size(text, lang) {
    const digits = pointed(text, lang);
    return digits === null ? null : Number(digits);
  }

  function read(text, lang, unit) {
    const words = squeezed(text).toLowerCase().replace(/[\u2212\u2013]/g, "-").replaceAll("\u2019", "'");
    let [sign, rest] = signOf(words);
    let [bare, percent] = withoutWords(rest, unit);
    if (!sign) [sign, bare] = signOf(bare);
    const isQuotient = bare.includes("/") && !percent && RATES.includes(unit);
    const found = isQuotient ? quotient(bare) : size(bare, lang);
    if (found === null) return null;
    const value = (sign === "-" ? -1 : 1) * found;
    const ambiguous = EITHER.test(bare) && (bare.includes(",") || lang === "fr");
    return { value: percent ? value / 100 : value, percent, ambiguous };
  }

  const same = (value, other, tolerance) =>
    Math.abs(value - other) <= tolerance + ALMOST * Math.max(1, Math.abs(other));

  function repeated(value, words) {
    let [whole, rest] = Math.abs(value).toFixed(DECIMALS).split(".");
    whole = whole.replace(/\B(?=(?:[0-9]{3})+$)/g, words.group);
    rest = rest.replace(/0+$/, "");
    const sign = value < 0 && (rest || whole !== "0") ? "\u2212" : "";
    return `${sign}${whole}${rest ? words.decimal : ""}${rest}`;
  }

  // A grader returns the verdict and what is said after it: texts, and elements of the key.
  const grade = {
    choice({ controls, key }) {
      const chosen = controls.find((control) => control.checked);
      if (!chosen) return ["unanswered", []];
      const told = key.querySelector(`[data-mk-place="${chosen.value}"]`);
      return [told.dataset.mkRight === "yes" ? "right" : "wrong", [[told]]];
    },
    choices({ controls, key, words }) {
      if (!controls.some((control) => control.checked)) return ["unanswered", []];
      const options = controls.map(({ checked, value }) => {
        const told = key.querySelector(`[data-mk-place="${value}"]`);
        return { checked, told, right: told.dataset.mkRight === "yes" };
      });
      const wrong = options.filter(({ checked, right }) => checked !== right);
      if (!wrong.length) {
        return ["right", options.filter(({ right }) => right).map(({ told }) => [told])];
      }
      return ["wrong", wrong.map(({ right, told }) => [right ? words.missed : words.ticked, told])];
    },
    number({ root, controls: [field], key, words, lang }) {
      const { mkAnswer, mkTolerance, mkUnit: unit, mkExample } = root.dataset;
      if (!field.value.trim()) return ["unanswered", []];
      const written = read(field.value, lang, unit);
      if (!written) return ["unreadable", [[fill(words.unreadable, { example: mkExample })]]];
      const [answer, tolerance] = [Number(mkAnswer), Number(mkTolerance)];
      const mistakes = [...key.querySelectorAll("[data-mk-value]")];
      const valueOf = (mistake) => Number(mistake.dataset.mkValue);
      let { value, percent } = written;
      // Where points are asked for, a bare 2 that is known is 2 points.
      const known = [answer, ...mistakes.map(valueOf)];
      if (unit === "points" && !percent && known.some((one) => same(value / 100, one, tolerance))) {
        [value, percent] = [value / 100, true];
      }
      if (same(value, answer, tolerance)) return ["right", [[key.querySelector("[data-mk-right]")]]];
      const shown = repeated(value, words);
      const said = [];
      if (written.ambiguous || shown.replace(/\s/g, "") !== field.value.replace(/\s/g, "")) {
        said.push([fill(words.understood, { value: shown })]);
      }
      if (written.ambiguous) said.push([words.ambiguous]);
      const factor = percent ? 0.01 : 100;
      const isRate = RATES.includes(unit) && !same(answer, 0, tolerance);
      if (isRate && same(value, answer * factor, tolerance * factor)) {
        return ["form", [...said, [percent ? words.percent_twice : words.percent]]];
      }
      const mistake = mistakes.find((each) => same(value, valueOf(each), tolerance));
      return ["wrong", [...said, [mistake ?? words.other]]];
    },
    matching({ controls, key }) {
      if (controls.some((control) => control.value === "")) return ["unanswered", []];
      const wrong = controls.flatMap((control, place) =>
        control.value === String(place) ? [] : [[key.querySelector(`[data-mk-place="${place}"]`)]],
      );
      return [wrong.length ? "wrong" : "right", wrong];
    },
  };

  const copied = (part) =>
    typeof part === "string" ? [`${part} `] : [...part.cloneNode(true).childNodes];

  /** Return a link to a heading of this page or notebook; its words alone where there is none. */
  function linkTo(heading, quiz) {
    // JupyterLab ends each heading with a sign that links to it.
    const textOf = (node) => squeezed(node.textContent.replace(/¶\s*$/, ""));
    const page = quiz.closest(".jp-Notebook") ?? document;
    const found = [...page.querySelectorAll("h1, h2, h3, h4, h5, h6")].find(
      (node) => textOf(node) === squeezed(heading),
    );
    if (!found) return element("strong", heading);
    const link = element("a", heading);
    link.href = `#${found.id}`;
    keepKeys(link);
    link.addEventListener("click", (event) => {
      found.tabIndex = -1;
      // The address of a page leads there, and back; a notebook's headings have none.
      if (page === document && found.id) return;
      event.preventDefault();
      found.focus({ preventScroll: true });
      found.scrollIntoView({ block: "start" });
    });
    return link;
  }

  function show(item, verdict, said) {
    const { root, kind, words, quiz, heading } = item;
    root.dataset.mkVerdict = verdict;
    const lead = verdict === "unanswered" ? words[`unanswered_${kind}`] : words[verdict];
    const lines = said.map((parts) => element("p", ...parts.flatMap(copied)));
    if (verdict !== "unreadable") lines.unshift(element("p", element("strong", lead)));
    if (verdict === "wrong" && heading) {
      lines.push(element("p", `${words.read} `, linkTo(heading, quiz)));
    }
    root.querySelector(".mk-quiz-said").replaceChildren(...lines);
  }

  /** Return the headings to read again, that of most wrong answers first. */
  function headingsToRead(items) {
    const counts = new Map();
    for (const { first, heading } of items) {
      if (first === false && heading) counts.set(heading, (counts.get(heading) ?? 0) + 1);
    }
    return [...counts].sort(([, one], [, other]) => other - one);
  }

  /** Return the items that are there to answer: not those that were not asked for. */
  const asked = (quiz, items) =>
    items.filter(({ root }) => !("mkFirst" in quiz.dataset && root.closest(".mk-quiz-others")));

  function tally(quiz, every, words) {
    const items = asked(quiz, every);
    const done = items.filter(({ first }) => first !== undefined).length;
    const total = items.length;
    const lines = [];
    if (done && done < total) lines.push(element("p", fill(words.answered, { done, total })));
    if (done === total) {
      const right = items.filter(({ first }) => first).length;
      const now = items.filter(({ now }) => now).length;
      const toRead = headingsToRead(items);
      lines.push(element("p", element("strong", fill(words.first, { right, total }))));
      if (now > right) lines.push(element("p", fill(words.now, { right: now, total })));
      if (right === total) lines.push(element("p", words.nothing));
      if (toRead.length) {
        const entries = toRead.map(([heading, n]) => {
          const count = fill(n === 1 ? words.question : words.questions, { n });
          return element("li", linkTo(heading, quiz), ` (${count})`);
        });
        lines.push(element("p", words.reread), element("ol", ...entries));
      }
    }
    quiz.querySelector(".mk-quiz-result").replaceChildren(...lines);
    quiz.querySelector(".mk-quiz-end").hidden = !done;
  }

  function setUp(quiz) {
    quiz.dataset.mkReady = "";
    quiz.querySelector(".mk-quiz-off").hidden = true;
    const words = JSON.parse(quiz.dataset.mkQuiz);
    const items = [...quiz.querySelectorAll(".mk-quiz-item")].map((root) => ({
      quiz,
      root,
      words,
      lang: quiz.lang,
      kind: root.dataset.mkKind,
      key: root.querySelector(".mk-quiz-key"),
      heading: root.querySelector("[data-mk-read]")?.textContent,
      controls: [...root.querySelectorAll("input, select")],
    }));
    quiz.querySelectorAll("input, select, button").forEach(keepKeys);
    for (const item of items) {
      const group = `mk-quiz-${Math.random().toString(36).slice(2)}`;
      const check = () => {
        const [verdict, said] = grade[item.kind](item);
        show(item, verdict, said);
        if (verdict === "right" || verdict === "wrong") {
          item.now = verdict === "right";
          item.first ??= item.now;
        }
        tally(quiz, items, words);
      };
      for (const control of item.controls) {
        if (control.type === "radio") control.name = group;
        if (control.matches("input")) {
          control.addEventListener("keydown", (event) => event.key === "Enter" && check());
        }
      }
      item.root.querySelector(".mk-quiz-check").addEventListener("click", check);
      item.root.querySelector("fieldset").disabled = false;
    }
    const more = quiz.querySelector(".mk-quiz-more");
    if (more) {
      // The others stay on paper: only the style hides them.
      quiz.dataset.mkFirst = "";
      more.hidden = false;
      more.querySelector("button").addEventListener("click", () => {
        delete quiz.dataset.mkFirst;
        more.hidden = true;
        tally(quiz, items, words);
        items.find(({ root }) => root.closest(".mk-quiz-others")).controls[0].focus();
      });
    }
    quiz.querySelector(".mk-quiz-again").addEventListener("click", () => {
      for (const item of items) {
        item.first = item.now = undefined;
        delete item.root.dataset.mkVerdict;
        item.root.querySelector(".mk-quiz-said").replaceChildren();
        for (const control of item.controls) {
          if (control.matches("[type=radio], [type=checkbox]")) control.checked = false;
          else control.value = "";
        }
      }
      tally(quiz, items, words);
      items[0].controls[0].focus();
    });
  }

  for (const quiz of document.querySelectorAll(".mk-quiz:not([data-mk-ready])")) setUp(quiz);
})();
