/** The screen My address book: one's own contacts, read with one's own password, and where their names may stand. */

import { Refusal, ask } from "./signin.js";
import { html, nothing } from "./vendor/lit.js";
import { t } from "./i18n.js";

const LOOK_AGAIN = 2_000; // while the daemon has not looked at the books yet

/** How it stands with one's own books; every change calls `changed`. */
export class Own {
  books = null;
  settings = null;
  busy = false;
  error = "";
  #changed;
  #later = 0;

  constructor(changed) {
    this.#changed = changed;
  }

  load() {
    return this.#try(async () => {
      [this.books, this.settings] = await Promise.all([ask("GET", "books/private"), ask("GET", "settings")]);
    });
  }

  give(password) {
    return this.#try(async () => {
      this.books = await ask("PUT", "books/private", { password });
    });
  }

  remove() {
    return this.#try(async () => {
      await ask("DELETE", "books/private");
      this.books = await ask("GET", "books/private");
    });
  }

  showOnDisplay(wanted) {
    return this.#try(async () => {
      this.settings = await ask("PUT", "settings", { private_on_display: wanted });
    });
  }

  async #try(work) {
    if (this.busy) return;
    Object.assign(this, { busy: true, error: "" });
    this.#changed();
    try {
      await work();
    } catch (error) {
      this.error = inWords(error);
    }
    this.busy = false;
    this.#changed();
    clearTimeout(this.#later);
    if (this.books?.given && this.books.opens && this.books.books === null) {
      this.#later = setTimeout(() => document.querySelector("#own-books") && this.load(), LOOK_AGAIN);
    }
  }
}

function inWords(error) {
  if (!(error instanceof Refusal)) return t("signin.no_server");
  if (error.status === 429) return t("signin.too_often", { seconds: error.retryAfter ?? "60" });
  if (error.status === 400) return t("own.wrong");
  if (error.code === "unavailable") return t("signin.no_groupware");
  return t("own.failed", { why: error.message });
}

export function ownScreen({ own }) {
  const { books, settings, busy, error } = own;
  return html`
    <section aria-labelledby="own-books">
      <h2 id="own-books">${t("own.title")}</h2>
      <p class="muted">${t("own.hint")}</p>
      <div role="alert">
        ${error
          ? html`<p class="message message-danger"><span class="kern-icon kern-icon--danger" aria-hidden="true"></span>${error}</p>`
          : nothing}
      </div>
      ${books ? (books.given && books.opens ? given(own) : form(own)) : nothing}
      ${settings
        ? html`
            <p class="own-display">
              <label><input type="checkbox" id="on-display" .checked=${settings.private_on_display}
                aria-disabled=${busy ? "true" : nothing} aria-describedby="on-display-hint"
                @change=${(event) => own.showOnDisplay(event.target.checked)}> ${t("own.on_display")}</label>
            </p>
            <p class="muted" id="on-display-hint">${t("own.on_display_hint")}</p>`
        : nothing}
    </section>`;
}

function given(own) {
  const { books } = own.books;
  return html`
    ${books === null
      ? html`<p>${t("own.reading")}</p>`
      : books.length
        ? html`<p>${t("own.read")}</p>
            <ul>${books.map((name) => html`<li class="foreign" dir="auto">${name}</li>`)}</ul>`
        : html`<p>${t("own.none")}</p>`}
    <button type="button" class="kern-btn kern-btn--secondary" aria-disabled=${own.busy ? "true" : nothing}
      @click=${() => own.remove()}><span class="kern-label">${t("own.remove")}</span></button>`;
}

function form(own) {
  const submit = async (event) => {
    event.preventDefault();
    const field = event.target.elements.password;
    const password = field.value;
    field.value = "";
    await own.give(password);
  };
  return html`
    <form @submit=${submit} aria-busy=${own.busy ? "true" : "false"}>
      ${own.books.given ? html`<p>${t("own.again")}</p>` : nothing}
      <div class="kern-form-input">
        <label class="kern-label" for="app-password">${t("own.password")}</label>
        <input class="kern-form-input__input" id="app-password" name="password" type="password" required maxlength="1000"
          autocomplete="off" aria-describedby="app-password-hint">
        <p class="muted" id="app-password-hint">${t("own.password_hint")}</p>
      </div>
      <button class="kern-btn kern-btn--primary" type="submit" aria-disabled=${own.busy ? "true" : nothing}>
        <span class="kern-label">${t("own.give")}</span>
      </button>
    </form>`;
}
