/** One's own address books: read with one's own password, and where their names may stand. */

import { html, nothing } from "./vendor/lit.js";
import { Part } from "./part.js";
import { ask } from "./ask.js";
import { t } from "./i18n.js";

const LOOK_AGAIN = 2_000; // while the daemon has not looked at the books yet

export class OwnBooks extends Part {
  #books = null;
  #settings = null;
  #later = 0;

  async load() {
    await this.attempt(async () => {
      [this.#books, this.#settings] = await Promise.all([ask("GET", "books/private"), ask("GET", "settings")]);
    });
    this.#lookAgain();
  }

  leave() {
    clearTimeout(this.#later);
  }

  async #give(event) {
    event.preventDefault();
    const field = event.target.elements.password;
    const password = field.value;
    field.value = "";
    await this.attempt(async () => (this.#books = await ask("PUT", "books/private", { password })), "own");
    this.#lookAgain();
  }

  #remove() {
    return this.attempt(async () => {
      await ask("DELETE", "books/private");
      this.#books = await ask("GET", "books/private");
    }, "own");
  }

  #showOnDisplay(wanted) {
    return this.attempt(async () => (this.#settings = await ask("PUT", "settings", { private_on_display: wanted })), "", wanted);
  }

  #lookAgain() {
    clearTimeout(this.#later);
    const { given, opens, books } = this.#books ?? {};
    if (given && opens && books === null) this.#later = setTimeout(() => this.load(), LOOK_AGAIN);
  }

  view() {
    const books = this.#books;
    return html`
      <section class="panel" aria-labelledby="own-books">
        <h2 id="own-books" tabindex="-1" data-refuge>${t("own.title")}</h2>
        <p class="muted">${t("own.hint")}</p>
        ${this.alert()}
        ${books ? (books.given && books.opens ? this.#given(books.books) : this.#form(books.given)) : nothing}
        ${this.#settings ? this.#display(this.#settings.private_on_display) : nothing}
      </section>`;
  }

  #given(books) {
    return html`
      ${books === null
        ? html`<p>${t("own.reading")}</p>`
        : books.length
          ? html`<p>${t("own.read")}</p>
              <ul class="plain-list">${books.map((name) => html`<li class="foreign" dir="auto">${name}</li>`)}</ul>`
          : html`<p>${t("own.none")}</p>`}
      <p><button type="button" class="control" aria-disabled=${this.inert} @click=${() => this.#remove()}>${t("own.remove")}</button></p>`;
  }

  #form(given) {
    return html`
      <form class="narrow" @submit=${(event) => this.#give(event)} aria-busy=${this.busy ? "true" : "false"}>
        ${given ? html`<p>${t("own.again")}</p>` : nothing}
        <div class="kern-form-input">
          <label class="kern-label" for="app-password">${t("own.password")}</label>
          <input class="kern-form-input__input" id="app-password" name="password" type="password" required maxlength="1000"
            autocomplete="off" aria-describedby="app-password-hint">
          <p class="muted" id="app-password-hint">${t("own.password_hint")}</p>
        </div>
        <p><button class="kern-btn kern-btn--secondary" type="submit" aria-disabled=${this.inert}>
          <span class="kern-label">${t("own.give")}</span>
        </button></p>
      </form>`;
  }

  #display(wished) {
    return html`
      <div>
        <label class="choice"><input type="checkbox" id="on-display" .checked=${this.isPicked(true, wished)} aria-disabled=${this.inert}
          aria-describedby="on-display-hint" @change=${(event) => this.#showOnDisplay(event.target.checked)}>
          <span>${t("own.on_display")}</span></label>
        <p class="muted choice-hint" id="on-display-hint">${t("own.on_display_hint")}</p>
      </div>`;
  }
}
