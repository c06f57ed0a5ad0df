"use strict";
// One output at a time or all in a list; labels are kept in the browser where it keeps anything, and exported as a file.
const FORMAT = "aigc-eval labels";
const ANSWERS = new Map([["1", true], ["0", false], ["u", null]]);
const LOOKS = new Map([[true, "yes"], [false, "no"], [null, "unsure"]]);
const section = document.currentScript.closest("section");
section.classList.add("scripted", "single"); // at once: what is not shown is then never laid out

const now = () => new Date().toISOString().replace(/\.\d+Z$/, "Z");
const said = (key) => section.querySelector(`[data-say="${key}"]`);

// Put figures into a phrase, in every language it is there in.
const phrases = new WeakMap();
function fill(element, figures) {
  for (const phrase of element.querySelectorAll("[lang]")) {
    if (!phrases.has(phrase)) phrases.set(phrase, phrase.textContent);
    phrase.textContent = phrases.get(phrase).replace(/\{(\w+)\}/g, (_, name) => figures[name].toLocaleString("en-US"));
  }
}

class Sheet {
  constructor() {
    this.labels = new Map(); // item -> label as in the file
    this.notes = new Map(); // item -> note, also before there is a label
    this.unsaved = false;
    this.at = 0;
    this.articles = Array.from(section.querySelectorAll(".items > article"));
    this.places = new Map(this.articles.map((article, place) => [article.id, place]));
    this.desk = section.querySelector(".desk");
    this.turn = section.querySelector(".turn");
    this.rater = this.desk.querySelector("[name=rater]");
  }

  start() {
    const fields = section.querySelector("template.choices").content.firstElementChild;
    for (const article of this.articles) this.attach(article, fields.cloneNode(true));
    const moves = { previous: () => this.show(this.at - 1), next: () => this.show(this.at + 1), open: () => this.open(), mode: () => this.mode() };
    for (const [name, move] of Object.entries(moves)) this.turn.querySelector(`[name=${name}]`).addEventListener("click", move);
    this.rater.addEventListener("change", () => this.keep());
    this.desk.querySelector("[name=export]").addEventListener("click", () => this.save());
    this.desk.querySelector("[type=file]").addEventListener("change", (event) => this.load(event.target));
    for (const input of document.querySelectorAll(".switch")) input.addEventListener("change", () => this.speak());
    document.addEventListener("keydown", (event) => this.press(event));
    window.addEventListener("beforeunload", (event) => this.unsaved && event.preventDefault());
    this.restore();
    this.speak();
    this.desk.hidden = this.turn.hidden = false;
    this.show(Math.max(0, this.articles.findIndex((article) => !this.labels.has(article.id))), false);
    section.classList.add("ready");
  }

  speak() {
    document.documentElement.lang = document.querySelector(".switch:checked")?.id.slice(3) ?? document.documentElement.lang;
  }

  attach(article, fields) {
    fields.setAttribute("aria-labelledby", `h-${article.id}`);
    for (const button of fields.querySelectorAll("button")) button.addEventListener("click", () => this.answer(article, button.value));
    fields.querySelector("[name=note]").addEventListener("change", (event) => this.remark(article, event.target.value));
    article.append(fields);
  }

  press(event) {
    const typing = event.target.closest("input:not(.switch), textarea, select");
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing) return;
    const key = event.key.toLowerCase();
    const single = section.classList.contains("single");
    const article = single ? this.articles[this.at] : document.activeElement.closest("article");
    if (ANSWERS.has(key) && article) this.answer(article, key);
    else if (single && key === "arrowleft" && !event.target.closest(".switch")) this.show(this.at - 1);
    else if (single && key === "arrowright" && !event.target.closest(".switch")) this.show(this.at + 1);
    else if (key === "n") this.open();
    else if (key === "l") this.mode();
    else return;
    event.preventDefault();
  }

  show(place, focus = true) {
    this.at = Math.min(Math.max(place, 0), this.articles.length - 1);
    for (const article of section.querySelectorAll("article.now")) article.classList.remove("now");
    const article = this.articles[this.at];
    article.classList.add("now");
    this.turn.querySelector("[name=previous]").setAttribute("aria-disabled", String(this.at === 0));
    this.turn.querySelector("[name=next]").setAttribute("aria-disabled", String(this.at === this.articles.length - 1));
    if (focus) article.focus();
  }

  open() {
    const order = [...this.articles.slice(this.at + 1), ...this.articles.slice(0, this.at + 1)];
    const article = order.find((each) => !this.labels.has(each.id));
    if (article) this.show(this.places.get(article.id));
  }

  mode() {
    const focused = document.activeElement.closest("article");
    section.classList.toggle("single");
    this.show(focused ? this.places.get(focused.id) : this.at);
  }

  answer(article, value) {
    if (value === "") this.labels.delete(article.id);
    else this.set(article, ANSWERS.get(value));
    this.changed(article);
    if (value !== "" && section.classList.contains("single") && this.at < this.articles.length - 1) this.show(this.at + 1);
  }

  set(article, label) {
    const entry = { item: article.id, seen: article.dataset.seen, label, note: this.notes.get(article.id) ?? "", at: now() };
    this.labels.set(article.id, entry);
  }

  remark(article, note) {
    this.notes.set(article.id, note);
    if (this.labels.has(article.id)) this.set(article, this.labels.get(article.id).label);
    this.changed(article);
  }

  changed(article) {
    this.unsaved = true;
    this.paint(article);
    this.count();
    this.keep();
  }

  paint(article) {
    const known = this.labels.get(article.id);
    const fields = article.querySelector(".fields");
    for (const button of fields.querySelectorAll("button[aria-pressed]")) {
      button.setAttribute("aria-pressed", String(known !== undefined && known.label === ANSWERS.get(button.value)));
    }
    fields.classList.toggle("labelled", known !== undefined);
    for (const [label, look] of LOOKS) article.classList.toggle(look, known !== undefined && known.label === label);
    fields.querySelector("[name=note]").value = this.notes.get(article.id) ?? "";
  }

  count() {
    fill(said("progress"), { done: this.labels.size, total: this.articles.length });
    this.desk.querySelector("progress").value = this.labels.size;
  }

  tell(key, figures = {}) {
    const words = section.querySelector("template.words").content.querySelector(`[data-key=${key}]`).cloneNode(true);
    fill(words, figures);
    said("told").replaceChildren(...words.childNodes);
  }

  get slot() {
    return `${FORMAT} ${section.dataset.run} ${section.dataset.sheet}`;
  }

  keep() {
    const kept = { rater: this.rater.value, unsaved: this.unsaved, labels: [...this.labels.values()], notes: [...this.notes] };
    try {
      localStorage.setItem(this.slot, JSON.stringify(kept));
      this.keeps(localStorage.getItem(this.slot) !== null);
    } catch {
      this.keeps(false);
    }
  }

  keeps(well) {
    said("kept").hidden = !well;
    said("not_kept").hidden = well;
  }

  restore() {
    try {
      const kept = JSON.parse(localStorage.getItem(this.slot) ?? "null");
      for (const [item, note] of kept?.notes ?? []) if (typeof note === "string") this.notes.set(item, note);
      this.rater.value = kept?.rater ?? "";
      this.take(kept?.labels ?? []);
      this.unsaved = kept?.unsaved ?? false;
      localStorage.setItem(`${FORMAT}?`, "");
      localStorage.removeItem(`${FORMAT}?`);
      this.keeps(true);
    } catch {
      this.keeps(false);
    }
    for (const article of this.articles) this.paint(article);
    this.count();
  }

  // Labels from a file or from the browser; those of outputs that look different here are left out.
  take(labels) {
    let taken = 0;
    for (const each of labels) {
      const { item, seen, label, note, at } = each ?? {};
      const article = this.articles[this.places.get(item)];
      if (!article || article.dataset.seen !== seen || !LOOKS.has(label) || typeof note !== "string" || typeof at !== "string") continue;
      this.labels.set(item, { item, seen, label, note, at });
      this.notes.set(item, note);
      taken += 1;
    }
    return taken;
  }

  save() {
    if (!this.rater.value.trim()) {
      this.tell("name_missing");
      this.rater.focus();
      return;
    }
    if (!this.labels.size) return this.tell("none_yet");
    const labels = this.articles.map((article) => this.labels.get(article.id)).filter(Boolean);
    const { run, sheet } = section.dataset;
    const file = { format: FORMAT, version: 1, run, sheet, rater: this.rater.value.trim(), exported: now(), labels };
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([JSON.stringify(file, null, 1), "\n"], { type: "application/json" }));
    link.download = `labels-${sheet.slice(0, 8)}.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    this.unsaved = false;
    this.keep();
    this.tell("exported", { n: labels.length });
  }

  async load(input) {
    let file = null;
    try {
      file = JSON.parse(await input.files[0].text());
    } catch { /* told below */ }
    input.value = "";
    if (file?.format !== FORMAT || file.version !== 1 || !Array.isArray(file.labels)) return this.tell("unreadable");
    if (file.run !== section.dataset.run || file.sheet !== section.dataset.sheet) return this.tell("other_sheet");
    const n = this.take(file.labels);
    if (!this.rater.value && typeof file.rater === "string") this.rater.value = file.rater;
    for (const article of this.articles) this.paint(article);
    this.count();
    this.keep();
    this.tell("imported", { n });
  }
}

document.addEventListener("DOMContentLoaded", () => new Sheet().start());
