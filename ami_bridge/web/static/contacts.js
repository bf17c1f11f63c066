/** The screen Contacts: people found while one types, their numbers to call, and who a number is where several have it. */

import { html, live, nothing, repeat } from "./vendor/lit.js";
import { knows, number, t } from "./i18n.js";
import { Part, smallButton } from "./part.js";
import { ask } from "./ask.js";
import { icon } from "./icons.js";
import { isNumber } from "./finder.js";
import { sayInPause } from "./say.js";

const ENOUGH = 2; // letters
const PAUSE = 200; // ms between two questions: the first letters ask at once
const MOST = 50;

export class ContactsScreen extends Part {
  static id = "contacts";
  #text = "";
  #hits = null;
  #turn = 0;
  #askedAt = -PAUSE;
  #later = 0;
  #whose = new Map(); // of a number of a hit: whose it is

  #type(text) {
    this.#text = text;
    this.#turn += 1;
    sayInPause();
    clearTimeout(this.#later);
    if (text.trim().length < ENOUGH) this.#hits = null;
    else this.#later = setTimeout(() => this.#search(), Math.max(0, this.#askedAt + PAUSE - performance.now()));
    this.house.draw();
  }

  async #search() {
    const turn = this.#turn;
    this.#askedAt = performance.now();
    let hits;
    let error = "";
    try {
      ({ contacts: hits } = await ask("GET", `contacts?limit=${MOST}&q=${encodeURIComponent(this.#text)}`));
    } catch {
      error = t("find.failed");
    }
    if (turn !== this.#turn) return;
    Object.assign(this, { error });
    this.#hits = hits ?? null;
    this.#whose.clear();
    this.house.draw();
    if (hits) sayInPause(told(hits));
  }

  #submit(event) {
    event.preventDefault();
    clearTimeout(this.#later);
    if (this.#text.trim().length >= ENOUGH) this.#search();
  }

  leave() {
    clearTimeout(this.#later);
  }

  view() {
    const hits = this.#hits;
    return html`
      <form class="search" role="search" @submit=${(event) => this.#submit(event)}>
        <div class="kern-form-input">
          <label class="kern-label" for="contact-search">${t("contacts.search")}</label>
          <input class="kern-form-input__input" id="contact-search" type="search" maxlength="100" autocomplete="off" spellcheck="false"
            aria-describedby="contact-hint" .value=${live(this.#text)} @input=${(event) => this.#type(event.target.value)}>
          <p class="muted" id="contact-hint">${t("contacts.hint")}</p>
        </div>
      </form>
      ${this.alert()}
      ${hits ? html`<p class="found">${told(hits)}</p>` : nothing}
      ${hits?.length ? html`<ul class="entries" role="list">${repeat(hits, keyOf, (hit) => this.#row(hit))}</ul>` : nothing}
      ${hits && !hits.length && isNumber(this.#text) ? this.#unknown(this.#text.trim()) : nothing}`;
  }

  #unknown(text) {
    return html`<p>${smallButton({
      text: t("contacts.call_number", { number: text }), drawing: icon("dialing"),
      click: () => this.house.dialer.dial({ number: text }),
    })}</p>`;
  }

  #row(hit) {
    return html`
      <li class="entry">
        <span class="entry-icon">${icon(hit.ref === null ? "colleague" : "person")}</span>
        <div class="entry-main">
          <h2 class="entry-title foreign" dir="auto" tabindex="-1" data-refuge>${hit.name}</h2>
          <p class="call-peer">
            ${hit.org && hit.org !== hit.name ? html`<span class="foreign" dir="auto">${hit.org}</span>` : nothing}
            <span class="tag foreign" dir="auto">${hit.source || t("contacts.ours")}</span>
          </p>
          ${hit.numbers.length
            ? html`<ul class="numbers" role="list">${hit.numbers.map((one) => html`
                <li class="number-line">
                  ${smallButton({
                    text: html`<span class="digits" dir="ltr">${one.display}</span>`, drawing: icon("dialing"),
                    about: t("contacts.call", { who: hit.name }),
                    click: () => this.house.dialer.dial({ ...one, name: hit.name }),
                  })}
                  ${knows(`kind.${one.kind}`) && hit.source ? html`<span class="muted">${t(`kind.${one.kind}`)}</span>` : nothing}
                  ${hit.ref === null ? nothing : this.#who(hit, one)}
                </li>`)}</ul>`
            : html`<p class="muted">${t("contacts.no_number")}</p>`}
        </div>
      </li>`;
  }

  /** Whose name a call from this number shows, and how to change that where several have it. */
  #who(hit, one) {
    const key = `${keyOf(hit)} ${one.number}`;
    const whose = this.#whose.get(key);
    return html`
      <button type="button" class="plain-button" aria-expanded=${whose ? "true" : "false"} @click=${() => this.#toggle(key, one.number)}>
        ${t("contacts.whose")}<span class="unseen"> ${t("contacts.whose_of", { number: one.display })}</span></button>
      ${whose ? html`<div class="whose">${whose.view()}</div>` : nothing}`;
  }

  #toggle(key, digits) {
    if (this.#whose.delete(key)) {
      this.house.draw();
      return;
    }
    const whose = new Whose(this.house, digits);
    this.#whose.set(key, whose);
    whose.load();
  }
}

/** Whose a number is, as calls will show it. */
class Whose extends Part {
  static made = 0;
  #number;
  #name; // of its radio buttons
  #found = null;

  constructor(house, digits) {
    super(house);
    this.#number = digits;
    this.#name = `whose-${(Whose.made += 1)}`;
  }

  load() {
    return this.attempt(async () => (this.#found = await ask("GET", `contacts/lookup?number=${encodeURIComponent(this.#number)}`)));
  }

  #choose(ref) {
    return this.attempt(async () => {
      await ask("PUT", "contacts/choice", { number: this.#number, ref });
      this.#found = await ask("GET", `contacts/lookup?number=${encodeURIComponent(this.#number)}`);
      this.house.say(t("contacts.shows", { who: this.#found.bubble?.name ?? t("calls.no_name") }));
    }, "", ref);
  }

  view() {
    const found = this.#found;
    if (!found) return html`${this.alert()}`;
    const names = new Map(found.asked.flatMap((place) => place.found).filter((one) => one.ref).map((one) => [one.ref, one]));
    const chosen = found.reason === "choice" ? found.bubble?.ref : null;
    return html`
      ${this.alert()}
      <p>${t("contacts.shows", { who: found.bubble?.name ?? t("calls.no_name") })}
        ${knows(`reason.${found.reason}`) ? html`<span class="muted">(${t(`reason.${found.reason}`)})</span>` : nothing}</p>
      ${names.size > 1
        ? html`
            <fieldset class="plain-fieldset">
              <legend>${t("contacts.who_is_it", { number: found.display })}</legend>
              ${[...names.values()].map((one) => html`
                <label class="choice"><input type="radio" name=${this.#name} .checked=${this.isPicked(one.ref, chosen)} aria-disabled=${this.inert}
                  @change=${() => this.#choose(one.ref)}> <span><bdi>${one.name}</bdi> <span class="muted">${t("calls.source", { source: one.source })}</span></span></label>`)}
              <label class="choice"><input type="radio" name=${this.#name} .checked=${this.isPicked(null, chosen)} aria-disabled=${this.inert}
                @change=${() => this.#choose(null)}> <span>${t("contacts.nobody_chosen")}</span></label>
            </fieldset>`
        : nothing}`;
  }
}

const keyOf = (hit) => hit.ref ?? `own ${hit.name} ${hit.numbers.map((one) => one.number).join()}`;

const told = (hits) =>
  hits.length === 0 ? t("contacts.nobody") : hits.length === 1 ? t("contacts.one") : t(hits.length < MOST ? "contacts.found" : "contacts.many", { count: number(hits.length) });
