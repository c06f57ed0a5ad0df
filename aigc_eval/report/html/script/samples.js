"use strict";
// The list of outputs: filter, search, sort, pages, addresses. Without this script the page shows all of them in full.
const section = document.currentScript.closest("section");
const PER_PAGE = 50;
section.classList.add("scripted"); // at once: outputs that are on no page are then never laid out

const language = () => document.querySelector(".switch:checked")?.id.slice(3) ?? document.documentElement.lang;
const plain = (text) => text.normalize("NFKC").toLowerCase().replace(/\s+/g, " ");
const said = (key) => section.querySelector(`[data-say="${key}"]`);

// Put figures into a phrase, in every language it is there in.
const phrases = new WeakMap();
function fill(element, figures) {
  for (const phrase of element.querySelectorAll("[lang]")) {
    if (!phrases.has(phrase)) phrases.set(phrase, phrase.textContent);
    const value = (_, name) => typeof figures[name] === "number" ? figures[name].toLocaleString("en-US") : figures[name];
    phrase.textContent = phrases.get(phrase).replace(/\{(\w+)\}/g, value);
  }
}

class Item {
  constructor(element, place) {
    const data = element.dataset;
    this.element = element;
    this.place = place;
    this.key = element.id.slice("sample-".length);
    this.c = data.c;
    this.o = data.o;
    this.t = data.t.split(" ");
    this.s = data.s.split(" ").map((score) => score === "-" ? null : Number(score));
    this.f = data.f ? data.f.split(" ") : [];
    this.seen = data.seen;
    this.texts = {};
  }

  get prompt() {
    return this.element.querySelector("a").textContent;
  }

  // What a reader of this language sees, folded texts too.
  text(lang) {
    return this.texts[lang] ??= plain(words(this.element, lang).join(" "));
  }
}

function words(element, lang, found = []) {
  for (const node of element.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) found.push(node.data);
    else if ((!node.lang || node.lang === lang) && node.localName !== "fieldset") words(node, lang, found);
  }
  return found;
}

class List {
  constructor(decisions) {
    this.box = section.querySelector(".list");
    this.items = Array.from(this.box.children, (element, place) => new Item(element, place));
    this.form = section.querySelector(".controls");
    this.pages = section.querySelector(".pages");
    this.decisions = decisions;
    this.page = 0;
    this.shown = this.items;
  }

  start() {
    let waiting;
    this.form.addEventListener("input", (event) => {
      clearTimeout(waiting);
      waiting = setTimeout(() => this.apply(), event.target.type === "search" ? 200 : 0);
    });
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.querySelector("[name=clear]").addEventListener("click", () => this.clear());
    const last = () => this.last;
    const moves = { first: () => 0, previous: () => this.page - 1, next: () => this.page + 1, last };
    for (const [name, move] of Object.entries(moves)) {
      this.pages.querySelector(`[name=${name}]`).addEventListener("click", () => this.turn(move()));
    }
    for (const input of document.querySelectorAll(".switch")) input.addEventListener("change", () => this.speak());
    window.addEventListener("hashchange", () => this.follow());
    this.speak();
    this.apply();
    for (const part of section.querySelectorAll(".controls, .pages")) part.hidden = false;
    section.classList.add("ready");
    this.follow();
  }

  // Options cannot hold both languages: they are told in the page's own, and what was searched for is searched again.
  speak() {
    const lang = language();
    for (const option of this.form.querySelectorAll("option")) {
      if (option.dataset[lang]) option.textContent = option.dataset[lang];
    }
    const box = this.form.elements.q;
    if (box.value) this.apply();
  }

  clear() {
    this.form.reset();
    this.apply();
  }

  apply() {
    const terms = plain(this.form.elements.q.value).split(" ").filter(Boolean);
    const lang = language();
    const tests = Array.from(this.form.querySelectorAll("select[data-at]"), (select) => this.test(select)).filter(Boolean);
    if (terms.length) tests.push((item) => terms.every((term) => item.text(lang).includes(term)));
    this.shown = this.sorted(this.items.filter((item) => tests.every((test) => test(item))));
    section.classList.toggle("untouched", this.shown.length === this.items.length);
    this.turn(0, false);
  }

  test({ name, value, dataset }) {
    if (!value) return null;
    if (name === "t") return (item) => item.t[dataset.at] === value;
    if (name === "decision") return (item) => this.decisions.matches(item, value);
    if (name !== "f") return (item) => item[name] === value;
    if (value === "any") return (item) => item.f.length > 0;
    return value === "none" ? (item) => !item.f.length : (item) => item.f.includes(value);
  }

  sorted(items) {
    const { value, selectedOptions } = this.form.elements.sort;
    if (value === "worst") return items;
    if (value === "prompt") {
      const { compare } = new Intl.Collator("en", { numeric: true });
      const named = items.map((item) => [item.prompt, item]);
      return named.sort((a, b) => compare(a[0], b[0]) || a[1].place - b[1].place).map((pair) => pair[1]);
    }
    const sign = selectedOptions[0].dataset.better === "higher" ? 1 : -1;
    const rank = (item) => item.s[value] === null ? Infinity : sign * item.s[value];
    return items.slice().sort((a, b) => (rank(a) === rank(b) ? a.place - b.place : rank(a) < rank(b) ? -1 : 1));
  }

  get last() {
    return Math.max(0, Math.ceil(this.shown.length / PER_PAGE) - 1);
  }

  turn(page, move = true) {
    this.page = Math.min(Math.max(page, 0), this.last);
    const here = this.shown.slice(this.page * PER_PAGE, (this.page + 1) * PER_PAGE);
    for (const item of here) this.decisions.attach(item);
    this.box.replaceChildren(...here.map((item) => item.element));
    fill(said("hits"), { hits: this.shown.length, total: this.items.length });
    fill(said("page"), { page: this.page + 1, pages: this.last + 1 });
    const ends = { first: this.page === 0, previous: this.page === 0, next: this.page === this.last, last: this.page === this.last };
    for (const [name, end] of Object.entries(ends)) this.pages.querySelector(`[name=${name}]`).setAttribute("aria-disabled", end);
    if (move) this.pages.scrollIntoView({ block: "start" });
  }

  // Open the page that holds the output which the address names.
  follow() {
    const key = location.hash.startsWith("#sample-") ? location.hash.slice("#sample-".length) : "";
    const item = key && this.items.find((each) => each.key === key);
    if (key && !item) {
      this.decisions.tell("not_here");
      const other = said("told").querySelector("a");
      if (other) other.hash = location.hash;
    }
    if (!item) return;
    if (!this.shown.includes(item)) this.clear();
    const page = Math.floor(this.shown.indexOf(item) / PER_PAGE);
    if (page !== this.page || !item.element.isConnected) this.turn(page, false);
    item.element.scrollIntoView({ block: "start" });
    item.element.focus({ preventScroll: true });
  }
}
