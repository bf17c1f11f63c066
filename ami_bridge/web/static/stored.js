/** What is stored about oneself: which kinds, how much, how long, who may see it. */

import { html, nothing } from "./vendor/lit.js";
import { knows, number, t } from "./i18n.js";
import { Part } from "./part.js";
import { ask } from "./ask.js";

export class Stored extends Part {
  #kinds = null;

  load() {
    return this.attempt(async () => ({ kinds: this.#kinds } = await ask("GET", "me/stored")));
  }

  view() {
    return html`
      <section class="panel" aria-labelledby="stored">
        <h2 id="stored" tabindex="-1" data-refuge>${t("stored.title")}</h2>
        <p class="muted">${t("stored.hint")}</p>
        ${this.alert()}
        ${this.#kinds ? this.#table(this.#kinds) : nothing}
      </section>`;
  }

  #table(kinds) {
    const word = (key, otherwise) => (knows(key) ? t(key) : otherwise);
    return html`
      <table class="stored">
        <thead><tr>${["what", "count", "kept", "who"].map((one) => html`<th scope="col">${t(`stored.${one}`)}</th>`)}</tr></thead>
        <tbody>
          ${kinds.map(
            ({ what, count, kept_days: days, for_whom: whom }) => html`
              <tr>
                <th scope="row">${word(`stored.kind.${what}`, what)}</th>
                <td data-label=${t("stored.count")}>${number(count)}</td>
                <td data-label=${t("stored.kept")}>${kept(days)}</td>
                <td data-label=${t("stored.who")}>${word(`stored.for.${whom}`, whom)}</td>
              </tr>`,
          )}
        </tbody>
      </table>`;
  }
}

/** How long, in words. */
export function kept(days) {
  if (days === null) return t("stored.as_long");
  return days === 1 ? t("stored.day") : t("stored.days", { count: number(days) });
}
