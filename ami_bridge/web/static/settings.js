/** The screen Settings: one's telephones, programs, address books, language, and what is stored about one. */

import { OwnBooks } from "./own.js";
import { Part } from "./part.js";
import { Phones } from "./phones.js";
import { Stored } from "./stored.js";
import { Tokens } from "./tokens.js";
import { ask } from "./ask.js";
import { html } from "./vendor/lit.js";
import { t } from "./i18n.js";

const LANGUAGES = [["", "language.browser"], ["de", "language.de"], ["en", "language.en"]];

export class SettingsScreen {
  static id = "settings";
  static aliases = ["own"]; // its address before there were other settings
  #parts;

  constructor(house) {
    this.#parts = [new Phones(house), new Tokens(house), new OwnBooks(house), new Language(house), new Stored(house)];
  }

  enter() {
    this.#parts.forEach((part) => part.load());
  }

  leave() {
    this.#parts.forEach((part) => part.leave?.());
  }

  view() {
    return html`<div class="panels">${this.#parts.map((part) => part.view())}</div>`;
  }
}

/** The language of the page wherever one signs in. */
class Language extends Part {
  #wished = null;

  load() {
    return this.attempt(async () => ({ language: this.#wished = null } = await ask("GET", "settings")));
  }

  #wish(language) {
    return this.attempt(async () => {
      ({ language: this.#wished } = await ask("PUT", "settings", { language: language || null }));
      await this.house.speak(language);
    }, "", language);
  }

  view() {
    return html`
      <section class="panel" aria-labelledby="language">
        <h2 id="language" tabindex="-1" data-refuge>${t("language.title")}</h2>
        ${this.alert()}
        <fieldset class="plain-fieldset">
          <legend class="muted">${t("language.hint")}</legend>
          ${LANGUAGES.map(
            ([id, key]) => html`
              <label class="choice"><input type="radio" name="language" .checked=${this.isPicked(id, this.#wished ?? "")}
                aria-disabled=${this.inert} @change=${() => this.#wish(id)}> <span>${t(key)}</span></label>`,
          )}
        </fieldset>
      </section>`;
  }
}
