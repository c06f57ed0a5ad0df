// What a reviewer decides on each flag: kept in the browser where it keeps anything, exported and imported as a file.
const FORMAT = "aigc-eval decisions";
const CHOICES = ["confirmed", "false_positive", "needs_fix"];
const now = () => new Date().toISOString().replace(/\.\d+Z$/, "Z");

class Decisions {
  constructor() {
    this.run = section.dataset.run;
    this.made = new Map(); // "sample scorer" -> decision as in the file
    this.unsaved = false;
    this.box = section.querySelector(".review");
    this.name = this.box.querySelector("[name=reviewer]");
    this.scorers = Array.from(section.querySelector("template.scorers").content.children, (name) => name.textContent);
  }

  start(items) {
    this.flagged = items.filter((item) => item.f.length);
    this.items = new Map(this.flagged.map((item) => [item.key, item]));
    this.total = this.flagged.reduce((sum, item) => sum + item.f.length, 0);
    this.restore();
    this.count();
    this.name.addEventListener("change", () => this.keep());
    this.box.querySelector("[name=export]").addEventListener("click", () => this.save());
    this.box.querySelector("[type=file]").addEventListener("change", (event) => this.load(event.target));
    window.addEventListener("beforeunload", (event) => this.unsaved && event.preventDefault());
    this.box.hidden = false;
  }

  id(item, flag) {
    return `${item.key} ${this.scorers[flag]}`;
  }

  of(item) {
    return item.f.map((flag) => this.made.get(this.id(item, flag))?.decision ?? "");
  }

  matches(item, wanted) {
    const all = this.of(item);
    if (wanted === "decided") return all.length > 0 && all.every(Boolean);
    return all.includes(wanted === "undecided" ? "" : wanted);
  }

  count() {
    const done = this.flagged.reduce((sum, item) => sum + this.of(item).filter(Boolean).length, 0);
    fill(said("count"), { done, total: this.total });
  }

  tell(key, figures = {}) {
    const words = section.querySelector("template.words").content.querySelector(`[data-key=${key}]`).cloneNode(true);
    fill(words, figures);
    said("told").replaceChildren(...words.childNodes);
  }

  // Fields for each flag of an output, below what is to be read first; made when it is first shown.
  attach(item) {
    if (item.element.querySelector("fieldset")) return;
    const lines = item.element.querySelectorAll(".flags > li");
    item.element.append(...item.f.map((flag, i) => this.fields(item, flag, lines[i])));
  }

  fields(item, flag, line) {
    const fields = section.querySelector("template.decide").content.firstElementChild.cloneNode(true);
    fields.firstElementChild.append(...line.querySelector("b").cloneNode(true).childNodes);
    const known = this.made.get(this.id(item, flag));
    const note = fields.querySelector(".remark input");
    for (const radio of fields.querySelectorAll("[type=radio]")) {
      radio.name = `${item.key}-${flag}`;
      radio.checked = radio.value === (known?.decision ?? "");
    }
    note.value = known?.note ?? "";
    fields.addEventListener("change", () => this.decide(item, flag, fields.querySelector(":checked").value, note.value));
    return fields;
  }

  decide(item, flag, decision, note) {
    const entry = { sample: item.key, seen: item.seen, scorer: this.scorers[flag], decision, note, at: now() };
    if (decision) this.made.set(this.id(item, flag), entry);
    else this.made.delete(this.id(item, flag));
    this.unsaved = true;
    this.count();
    this.keep();
  }

  get slot() {
    return `${FORMAT} ${this.run} ${section.dataset.edition}`;
  }

  keep() {
    const kept = { reviewer: this.name.value, unsaved: this.unsaved, decisions: [...this.made.values()] };
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
      this.name.value = kept?.reviewer ?? "";
      this.take(kept?.decisions ?? []);
      this.unsaved = kept?.unsaved ?? false;
      localStorage.setItem(`${FORMAT}?`, "");
      localStorage.removeItem(`${FORMAT}?`);
      this.keeps(true);
    } catch {
      this.keeps(false);
    }
  }

  // Decisions from a file or from the browser; those on outputs that look different now are left out.
  take(decisions) {
    const found = { n: 0, elsewhere: 0, stale: 0 };
    for (const each of decisions) {
      const { sample, seen, scorer, decision, note, at } = each;
      const item = this.items.get(sample);
      if (!CHOICES.includes(decision) || [sample, seen, scorer, note, at].some((value) => typeof value !== "string")) continue;
      if (item && (item.seen !== seen || !item.f.some((flag) => this.scorers[flag] === scorer))) found.stale += 1;
      else {
        this.made.set(`${sample} ${scorer}`, { sample, seen, scorer, decision, note, at });
        found[item ? "n" : "elsewhere"] += 1;
      }
    }
    return found;
  }

  save() {
    if (!this.name.value.trim()) {
      this.tell("name_missing");
      this.name.focus();
      return;
    }
    const place = (entry) => this.items.get(entry.sample)?.place ?? Infinity;
    const decisions = [...this.made.values()].sort((a, b) => (place(a) < place(b) ? -1 : place(a) > place(b) ? 1 : 0));
    const { run, name, edition } = section.dataset;
    const file = { format: FORMAT, version: 1, run, name, edition, reviewer: this.name.value.trim(), exported: now(), decisions };
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([JSON.stringify(file, null, 1), "\n"], { type: "application/json" }));
    link.download = `decisions-${run.slice(0, 8) || "run"}.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    this.unsaved = false;
    this.keep();
    this.tell("exported", { n: decisions.length });
  }

  async load(input) {
    let file = null;
    try {
      file = JSON.parse(await input.files[0].text());
    } catch { /* told below */ }
    input.value = "";
    if (file?.format !== FORMAT || file.version !== 1 || !Array.isArray(file.decisions)) return this.tell("unreadable");
    if (file.run !== this.run || file.edition !== section.dataset.edition) return this.tell("other_run");
    const found = this.take(file.decisions.filter((each) => each && typeof each === "object"));
    if (!this.name.value && typeof file.reviewer === "string") this.name.value = file.reviewer;
    for (const item of this.flagged) {
      for (const old of item.element.querySelectorAll("fieldset")) old.remove();
      if (item.element.isConnected) this.attach(item);
    }
    this.count();
    this.keep();
    return this.tell("imported", found);
  }
}

document.addEventListener("DOMContentLoaded", () => {
  const decisions = new Decisions();
  const list = new List(decisions);
  decisions.start(list.items);
  list.start();
});
