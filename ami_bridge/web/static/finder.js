/** The field "name or number": finds colleagues, contacts and whom one has talked to while one types; takes a number as it is. */

import { html, live, nothing } from "./vendor/lit.js";
import { dateAndTime, knows, number, t } from "./i18n.js";
import { ask } from "./ask.js";
import { icon } from "./icons.js";
import { numberOf } from "./words.js";
import { sayInPause } from "./say.js";

const ENOUGH = 2; // letters
const PAUSE = 150; // ms between two questions: the first letters ask at once
const HITS = 8;
const CALLS = 20; // of the journal; many are with the same
const TALKED_TO = 4;
const NUMBER = /^[+\d(*#][\d\s()+\/.\-–*#]*$/u;

/** What can be dialled as it stands. */
export const isNumber = (text) => NUMBER.test(text.trim()) && /\d{2}|^\d$/.test(text.replace(/\D/g, ""));

/** `took(option)` is called with what was picked by Enter or a click: `number`, `display`, `name`. */
export class Finder {
  text = "";
  options = [];
  open = false;
  active = -1;
  picked = null;
  failed = false;
  #house;
  #id;
  #label;
  #floats;
  #took;
  #asked = 0;
  #askedAt = -PAUSE;
  #later = 0;
  #found = ""; // the text whose hits are shown

  /** `floats`: the list lies over what is below, so it may come and go; one that takes its place stays till it is used. */
  constructor(house, { id, label, floats = false, took = () => {} }) {
    this.#house = house;
    this.#id = id;
    this.#label = label;
    this.#floats = floats;
    this.#took = took;
  }

  /** What is meant now: what was picked, else the text where it is a number, else nobody. */
  get meant() {
    if (this.picked) return this.picked;
    return isNumber(this.text) ? { number: this.text.trim(), display: this.text.trim(), name: null } : null;
  }

  clear() {
    Object.assign(this, { text: "", options: [], open: false, active: -1, picked: null, failed: false });
    this.#found = "";
    this.#asked += 1;
    clearTimeout(this.#later);
  }

  #type(text) {
    Object.assign(this, { text, picked: null, active: -1, failed: false });
    sayInPause();
    clearTimeout(this.#later);
    if (text.trim().length < ENOUGH) {
      this.#asked += 1;
      Object.assign(this, { options: [], open: false });
    } else this.#later = setTimeout(() => this.#ask(), Math.max(0, this.#askedAt + PAUSE - performance.now()));
    this.#house.draw();
  }

  async #ask() {
    clearTimeout(this.#later);
    const [turn, text] = [(this.#asked += 1), this.text];
    this.#askedAt = performance.now();
    const journal = talkedTo(text);
    let contacts = [];
    let failed = false;
    try {
      ({ contacts } = await ask("GET", `contacts?limit=${HITS}&q=${encodeURIComponent(text)}`));
    } catch {
      failed = true;
    }
    if (turn !== this.#asked) return;
    const options = contacts.flatMap((hit) => hit.numbers.map((one) => ({ ...one, name: hit.name, org: hit.org, source: hit.source, login: hit.login })));
    const same = options.some((one) => one.display === text.trim() || one.number === text.trim());
    if (isNumber(text) && !same) options.unshift({ number: text.trim(), display: text.trim(), name: null });
    const chosen = this.options[this.active]; // by an arrow key, before these hits came: it stays the chosen one
    const active = chosen ? options.findIndex((one) => one.number === chosen.number && one.name === chosen.name) : -1;
    Object.assign(this, { options, failed, open: !this.picked, active });
    const added = this.#add(journal, { turn, text, failed });
    if (options.length) this.#show(text, failed); // and nobody waits for the journal who has found somebody
    else await added;
  }

  /** Put whom one has talked to at the end: what is there stays where it is. */
  async #add(journal, { turn, text, failed }) {
    const { options } = this;
    const known = new Set(options.map((one) => one.number));
    const more = (await journal).filter((one) => !known.has(one.number)).slice(0, TALKED_TO);
    if (turn !== this.#asked || (options.length && !more.length)) return;
    if (!this.picked && !options.length) this.open = true;
    this.options = [...options, ...more];
    this.#show(text, failed);
  }

  #show(text, failed) {
    this.#found = text;
    this.#house.draw();
    const { options } = this;
    sayInPause(failed ? t("find.failed") : t(options.length === 1 ? "find.one" : "find.count", { count: number(options.length) }));
  }

  async #enter() {
    const chosen = this.options[this.active] ?? this.meant;
    if (chosen) return this.#pick(chosen);
    if (this.text.trim().length < ENOUGH) return undefined;
    if (this.#found !== this.text) await this.#ask();
    if (this.options.length === 1) return this.#pick(this.options[0]);
    this.#move(0); // several: Enter shows which one it would be, and Enter again takes it
    return undefined;
  }

  #pick(option) {
    clearTimeout(this.#later);
    this.#asked += 1;
    Object.assign(this, { picked: option, text: option.name ?? option.display, open: false, active: -1 });
    this.#house.draw();
    this.#took(option);
  }

  #move(to) {
    if (!this.options.length) return;
    Object.assign(this, { open: true, active: (to + this.options.length) % this.options.length });
    this.#house.draw();
    document.getElementById(`${this.#id}-${this.active}`)?.scrollIntoView({ block: "nearest" });
  }

  #key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.isComposing) return;
    const keys = {
      ArrowDown: () => this.#move(this.active + 1),
      ArrowUp: () => this.#move(this.active < 0 ? -1 : this.active - 1),
      Enter: () => this.#enter(),
      Escape: this.open ? () => this.#shut() : null,
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    keys[event.key]();
  }

  #shut() {
    Object.assign(this, { open: false, active: -1 });
    this.#house.draw();
  }

  view({ hint = "", autofocus = false, button = nothing } = {}) {
    const list = `${this.#id}-list`;
    const open = this.open && this.options.length > 0;
    return html`
      <div class="kern-form-input finder">
        <label class="kern-label" for=${this.#id}>${this.#label()}</label>
        <div class="finder-line">
          <input class="kern-form-input__input" id=${this.#id} type="text" role="combobox" autocomplete="off" spellcheck="false"
            maxlength="100" aria-autocomplete="list" aria-expanded=${open ? "true" : "false"} aria-controls=${list}
            aria-activedescendant=${open && this.active >= 0 ? `${this.#id}-${this.active}` : nothing}
            aria-describedby=${hint ? `${this.#id}-hint` : nothing} ?autofocus=${autofocus} .value=${live(this.text)}
            @input=${(event) => this.#type(event.target.value)} @keydown=${(event) => this.#key(event)} @blur=${() => this.#floats && this.#shut()}>
          ${button}
        </div>
        ${hint ? html`<p class="muted" id="${this.#id}-hint">${hint}</p>` : nothing}
        <ul class=${this.#floats ? "finder-list finder-floats" : "finder-list"} id=${list} role="listbox" aria-label=${this.#label()} ?hidden=${!open}
          @mousedown=${(event) => event.preventDefault()}>
          ${open ? this.options.map((option, at) => this.#option(option, at)) : nothing}
        </ul>
        ${this.failed ? html`<p class="muted">${t("find.failed")}</p>` : nothing}
        ${!this.failed && this.#found && this.#found === this.text && !this.options.length ? html`<p class="muted">${t("find.nobody")}</p>` : nothing}
      </div>`;
  }

  #option(option, at) {
    const known = option.login && this.#house.stateOf(option.login);
    return html`
      <li class="finder-option" id="${this.#id}-${at}" role="option" aria-selected=${at === this.active ? "true" : "false"}
        @click=${() => this.#pick(option)}>
        ${icon(option.name ? "person" : "quiet")}
        <div>
          <p><span class="finder-name foreign" dir="auto">${option.name ?? t("find.number", { number: option.display })}</span>
            ${option.name ? html`<span class="digits foreign" dir="ltr">${option.display}</span>` : nothing}</p>
          <p class="muted">
            ${option.org ? html`<span class="foreign" dir="auto">${option.org}</span>` : nothing}
            ${known ? html`<span>${t(`colleagues.${known}`)}</span>` : nothing}
            ${option.talked ? html`<span>${t("find.journal", { when: dateAndTime(option.talked) })}</span>` : nothing}
            ${option.source && knows(`kind.${option.kind}`) ? html`<span>${t(`kind.${option.kind}`)}</span>` : nothing}
            ${option.source ? html`<span class="foreign" dir="auto">${t("calls.source", { source: option.source })}</span>` : nothing}
          </p>
        </div>
      </li>`;
  }
}

/** With whom one has talked lately, or has missed: each number once, the newest call first. None where that cannot be asked. */
async function talkedTo(text) {
  const { entries } = await ask("GET", `journal?limit=${CALLS}&q=${encodeURIComponent(text)}`).catch(() => ({ entries: [] }));
  const found = new Map();
  for (const { peer, started_at } of entries) {
    if (!peer.number || found.has(peer.number)) continue;
    found.set(peer.number, { number: peer.number, display: numberOf(peer), name: peer.name ?? null, org: peer.org, talked: started_at });
  }
  return [...found.values()];
}
