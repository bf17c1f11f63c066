/** A question in a window of its own, with the page behind it out of reach until it is answered. */

import { html, nothing, repeat } from "./vendor/lit.js";
import { focusFirst, refugesOf } from "./focus.js";
import { inWords } from "./ask.js";
import { t } from "./i18n.js";

let made = 0;

/**
 * `title()` and `body()` give what is shown, `submit()` the word on the button, `run()` does it and may throw;
 * `ready()` says whether it can be done now. `about` chooses the words for errors.
 */
export class Dialog {
  busy = false;
  error = "";
  back = []; // where the focus goes afterwards
  #house;

  constructor(house, { title, body, submit, run, ready = () => true, about = "", danger = false }) {
    this.#house = house;
    this.key = (made += 1);
    Object.assign(this, { title, body, submit, run, ready, about, danger });
  }

  open() {
    const opener = document.activeElement;
    this.back = this.#house.shown?.back ?? [opener, ...refugesOf(opener)];
    this.#house.show(this);
  }

  close() {
    this.#house.show(null);
    focusFirst(this.back.filter((one) => one !== document.body));
  }

  async #submit(event) {
    event.preventDefault();
    if (this.busy || !this.ready()) return;
    Object.assign(this, { busy: true, error: "" });
    this.#house.draw();
    try {
      await this.run(event.target.elements);
    } catch (error) {
      Object.assign(this, { busy: false, error: this.words?.(error) ?? inWords(error, this.about) });
      this.#house.draw();
      return;
    }
    this.busy = false;
    if (this.#house.shown === this) this.close(); // unless it led to another question
  }

  view() {
    const heading = `dialog-${this.key}`;
    const inert = this.busy || !this.ready() ? "true" : nothing;
    return html`
      <dialog class="kern-dialog" aria-labelledby=${heading} @close=${() => this.#house.shown === this && this.close()}>
        <form @submit=${(event) => this.#submit(event)} aria-busy=${this.busy ? "true" : "false"} novalidate>
          <div class="dialog-body">
            <h2 id=${heading} tabindex="-1" data-refuge>${this.title()}</h2>
            ${this.body()}
            <div role="alert">${this.error ? failure(this.error) : nothing}</div>
          </div>
          <div class="dialog-foot">
            <button type="button" class="kern-btn kern-btn--secondary" @click=${() => this.close()}>
              <span class="kern-label">${t("dialog.cancel")}</span>
            </button>
            <button type="submit" class="kern-btn kern-btn--primary ${this.danger ? "btn-danger" : ""}" aria-disabled=${inert}>
              <span class="kern-label">${this.submit()}</span>
            </button>
          </div>
        </form>
        <div class="announcements unseen" aria-live="polite"></div>
        <div class="warnings unseen" aria-live="assertive"></div>
      </dialog>`;
  }
}

/** The dialog that is open, each in an element of its own. */
export const dialogNow = (dialog) => repeat(dialog ? [dialog] : [], (one) => one.key, (one) => one.view());

/** After drawing: an element that is new becomes a window. */
export function raiseDialog() {
  const fresh = document.querySelector("dialog:not([open])");
  if (!fresh) return;
  fresh.showModal();
  (fresh.querySelector("[autofocus]") ?? fresh.querySelector("h2")).focus();
}

/** What went wrong, with its sign. */
export const failure = (text) => html`
  <p class="message message-danger"><span class="kern-icon kern-icon--danger" aria-hidden="true"></span><span>${text}</span></p>`;
