/** Who looked at what of others, for auditors. Reading it is an entry, too. */

import { dateAndTime, knows, t } from "./i18n.js";
import { html, nothing } from "./vendor/lit.js";
import { Part, moreButton } from "./part.js";
import { ask } from "./ask.js";
import { table } from "./admintable.js";

const AT_ONCE = 50;

export class AuditLog extends Part {
  #entries = null;
  #next = null;

  load() {
    return this.attempt(async () => {
      ({ entries: this.#entries, next: this.#next } = await ask("GET", `audit?limit=${AT_ONCE}`));
    }, "admin");
  }

  #more() {
    return this.attempt(async () => {
      const { entries, next } = await ask("GET", `audit?limit=${AT_ONCE}&after=${encodeURIComponent(this.#next)}`);
      [this.#entries, this.#next] = [[...this.#entries, ...entries], next];
    }, "admin");
  }

  view() {
    return html`
      <section class="panel" aria-labelledby="audit">
        <h2 id="audit" tabindex="-1" data-refuge>${t("audit.title")}</h2>
        <p class="muted">${t("audit.hint")}</p>
        ${this.alert()}
        ${this.#entries?.length
          ? table("audit.title", ["when", "who", "did", "whose", "how"], this.#entries, (one) => [
              dateAndTime(one.at),
              one.who,
              word(`audit.did.${one.did}`, one.did),
              whose(one.whose),
              word(`audit.how.${one.how}`, one.how),
            ], { quiet: true })
          : nothing}
        ${this.#entries && !this.#entries.length ? html`<p>${t("audit.none")}</p>` : nothing}
        ${this.#next ? moreButton(t("admin.more"), () => this.#more(), this.inert) : nothing}
      </section>`;
  }
}

const word = (key, otherwise) => (knows(key) ? t(key) : otherwise);

/** Somebody's login, a department, a conference by its number, or what belongs to nobody. */
function whose(said) {
  const [, number] = said.match(/^conference (\d+)$/) ?? [];
  return number ? t("audit.whose.conference", { number }) : word(`audit.whose.${said}`, said);
}
