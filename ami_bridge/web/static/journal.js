/** The screen Journal: finished calls of one's own or of the department, what was missed, and what is done about it. */

import { number, t } from "./i18n.js";
import { html, live, nothing, repeat } from "./vendor/lit.js";
import { HousePicture } from "./housepicture.js";
import { Missed } from "./missed.js";
import { Part } from "./part.js";
import { ask } from "./ask.js";
import { entryDialog, entryRow } from "./entry.js";
import { icon } from "./icons.js";

const OWN = "journal.self";
const DEPARTMENT = "journal.dept:";
const AT_ONCE = 30;
const PAUSE = 250; // ms without a key before it asks
const EMPTY = { of: "self", view: "all", direction: "", q: "", since: "", until: "", private: false };

export class JournalScreen {
  static id = "journal";
  #house;
  #list;
  #missed;
  #picture;
  #filter = { ...EMPTY };
  #later = 0;
  #shown = false;

  constructor(house) {
    this.#house = house;
    this.#list = new Entries(house);
    this.#missed = new Missed(house);
    this.#picture = new HousePicture(house);
  }

  /** The department's is followed while it is looked at: that is written down, as any look at others' calls. */
  topics(offers) {
    const others = this.#shown && this.#filter.of === "dept";
    return [OWN, ...offers.filter((topic) => others && topic.startsWith(DEPARTMENT))];
  }

  /** Signed in: how much was missed stands in the navigation before anybody looks here. */
  begin() {
    this.#missed.count();
  }

  enter() {
    this.#shown = true;
    this.#load();
    this.#house.follow();
  }

  leave() {
    this.#shown = false;
    clearTimeout(this.#later);
    this.#house.follow();
  }

  get count() {
    return this.#missed.open;
  }

  get #department() {
    return this.#house.offers.find((topic) => topic.startsWith(DEPARTMENT))?.slice(DEPARTMENT.length);
  }

  /** Whose department it is no longer looks at their own again. */
  welcomed() {
    if (this.#filter.of === "self" || this.#department) return;
    if (this.#shown) this.#narrow({ of: "self" });
    else this.#filter = { ...this.#filter, of: "self" };
  }

  heard({ topic, entry }) {
    if (!entry || !(topic === OWN || topic.startsWith(DEPARTMENT))) return;
    this.#missed.count();
    if (!this.#shown || (topic === OWN) !== (this.#filter.of === "self")) return;
    if (this.#filter.view === "missed") this.#soon(() => this.#missed.load(this.#filter));
    else if (!this.#list.take(entry)) this.#soon(() => this.#list.refresh(this.#filter));
  }

  #soon(work) {
    clearTimeout(this.#later);
    this.#later = setTimeout(work, PAUSE);
  }

  #load() {
    return this.#filter.view === "missed" ? this.#missed.load(this.#filter) : this.#list.load(this.#filter);
  }

  #narrow(change, { soon = false } = {}) {
    this.#filter = { ...this.#filter, ...change };
    this.#house.draw();
    this.#house.follow();
    this.#soon(() => this.#load());
    if (!soon) {
      clearTimeout(this.#later);
      this.#load();
    }
  }

  view() {
    const filter = this.#filter;
    const department = this.#department;
    const radio = (name, value, text) => html`
      <label class="tab"><input type="radio" class="unseen" name="journal-${name}" value=${value} .checked=${filter[name] === value}
        @change=${() => this.#narrow({ [name]: value })}><span>${text}</span></label>`;
    return html`
      <div class="journal-head">
        ${department
          ? html`<fieldset class="tabs"><legend class="unseen">${t("journal.whose")}</legend>
              ${radio("of", "self", t("journal.mine"))}${radio("of", "dept", department)}</fieldset>`
          : nothing}
        <fieldset class="tabs"><legend class="unseen">${t("journal.which")}</legend>
          ${radio("view", "all", t("journal.all"))}${radio("view", "missed", t("journal.missed"))}</fieldset>
        ${filter.of === "self"
          ? html`<a class="control" href="/api/v1/journal.csv" download="journal.csv">${icon("download")}<span>${t("journal.csv")}</span></a>`
          : nothing}
      </div>
      ${filter.view === "missed" ? this.#missed.view(filter) : html`${this.#narrowing(filter)}${this.#list.view(filter)}`}
      ${this.#picture.view()}`;
  }

  #narrowing(filter) {
    const date = (name) => html`
      <label class="field"><span>${t(`journal.${name}`)}</span>
        <input type="date" name=${name} .value=${live(filter[name])} @change=${(event) => this.#narrow({ [name]: event.target.value })}></label>`;
    return html`
      <form class="narrowing" aria-label=${t("journal.narrow")} @submit=${(event) => event.preventDefault()}>
        <label class="field field-wide"><span>${t("journal.search")}</span>
          <input type="search" name="q" maxlength="100" spellcheck="false" autocomplete="off" .value=${live(filter.q)}
            @input=${(event) => this.#narrow({ q: event.target.value }, { soon: true })}></label>
        <label class="field"><span>${t("journal.direction")}</span>
          <select name="direction" @change=${(event) => this.#narrow({ direction: event.target.value })}>
            <option value="" ?selected=${!filter.direction}>${t("journal.any")}</option>
            ${["in", "out", "internal"].map((one) => html`
              <option value=${one} ?selected=${filter.direction === one}>${t(`direction.${one}`)}</option>`)}
          </select></label>
        ${date("since")}${date("until")}
        ${filter.of === "self"
          ? html`<label class="choice"><input type="checkbox" name="private" .checked=${live(filter.private)}
              @change=${(event) => this.#narrow({ private: event.target.checked })}> <span>${t("journal.private_too")}</span></label>`
          : nothing}
      </form>`;
  }
}

/** A piece of the journal, and more of it on wish. */
class Entries extends Part {
  #entries = null;
  #next = null;
  #filter = EMPTY;
  #turn = 0;

  load(filter) {
    if (filter.of !== this.#filter.of) [this.#entries, this.#next] = [null, null];
    this.#filter = filter;
    const turn = (this.#turn += 1);
    return this.latest(async () => {
      const page = await ask("GET", `journal?${query(filter)}`);
      if (turn !== this.#turn) return;
      [this.#entries, this.#next] = [page.entries, page.next];
      this.house.say(t(["journal.none", "journal.found_one"][page.entries.length] ?? "journal.found", { count: number(page.entries.length) }));
    }, "journal");
  }

  /** The newest once more, in silence; what was loaded of older ones stays. */
  async refresh(filter) {
    const turn = this.#turn;
    const page = await ask("GET", `journal?${query(filter)}`).catch(() => null);
    if (!page || turn !== this.#turn) return;
    const fresh = new Set(page.entries.map((one) => one.id));
    const last = page.entries.at(-1)?.started_at ?? "";
    const older = page.next === null ? [] : (this.#entries ?? []).filter((one) => !fresh.has(one.id) && one.started_at < last);
    this.#entries = [...page.entries, ...older];
    if (!older.length) this.#next = page.next;
    this.house.draw();
  }

  async #more() {
    const [first, turn] = [this.#entries.length, this.#turn];
    await this.attempt(async () => {
      const page = await ask("GET", `journal?${query(this.#filter)}&after=${encodeURIComponent(this.#next)}`);
      if (turn !== this.#turn) return; // somebody has wished for others meanwhile
      [this.#entries, this.#next] = [[...this.#entries, ...page.entries], page.next];
    }, "journal");
    if (turn === this.#turn) document.querySelectorAll(".entry h2, .entry h3")[first]?.focus();
  }

  /** An entry as it is now; false where it is not here. An older one changes nothing. */
  take(entry) {
    const at = this.#entries?.findIndex((one) => one.id === entry.id) ?? -1;
    if (at < 0) return false;
    if (entry.gone || (entry.private && !this.#filter.private)) this.#entries = this.#entries.filter((one) => one.id !== entry.id);
    else if (entry.rev >= this.#entries[at].rev) this.#entries = this.#entries.with(at, entry);
    return true;
  }

  #act(entry) {
    const change = (work) => this.attempt(async () => this.take(await work()), "journal");
    return {
      call: () => this.house.dialer.dial(entry.peer),
      done: () => change(() => ask("POST", `journal/${entry.id}/done`)),
      private: () => change(() => ask("PATCH", `journal/${entry.id}`, { private: !entry.private })),
      note: () => entryDialog(this.house, entry, (changed) => this.take(changed)).open(),
    };
  }

  view({ of }) {
    const entries = this.#entries;
    return html`
      ${this.alert()}
      ${entries?.length
        ? html`<ul class="entries" role="list" aria-busy=${this.busy ? "true" : "false"}>
            ${repeat(entries, ({ id }) => id, (entry) => entryRow(entry, { own: of === "self", act: this.#act(entry) }))}</ul>`
        : nothing}
      ${entries && !entries.length && !this.error
        ? html`<div class="empty">${icon("quiet")}<p class="empty-title">${t("journal.none")}</p><p class="muted">${t("journal.none_hint")}</p></div>`
        : nothing}
      ${this.#next
        ? html`<p class="more"><button type="button" class="kern-btn kern-btn--secondary" aria-disabled=${this.inert}
            @click=${() => this.#more()}><span class="kern-label">${t("journal.more")}</span></button></p>`
        : nothing}`;
  }
}

/** What the daemon is asked: whole days are the reader's days. */
function query({ of, direction, q, since, until, private: privateToo }) {
  const start = (day, later = 0) => {
    const [year, month, date] = day.split("-").map(Number);
    return new Date(year, month - 1, date + later).toISOString();
  };
  const wanted = { of, direction, q: q.trim(), since: since && start(since), until: until && start(until, 1), private: privateToo ? "1" : "" };
  return new URLSearchParams({ limit: AT_ONCE, ...Object.fromEntries(Object.entries(wanted).filter(([, value]) => value)) });
}
