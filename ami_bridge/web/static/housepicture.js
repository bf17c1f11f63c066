/** How many calls the whole house had in each hour of today; read when somebody opens it. */

import { Part } from "./part.js";
import { ask } from "./ask.js";
import { columns } from "./picture.js";
import { html, nothing } from "./vendor/lit.js";
import { t, timeOfDay } from "./i18n.js";

const SERIES = ["incoming", "missed", "outgoing", "internal"];

export class HousePicture extends Part {
  #day = null;

  #toggle(event) {
    if (event.target.open) this.attempt(async () => (this.#day = await ask("GET", "journal/hours")));
  }

  view() {
    return html`
      <details class="panel" data-house @toggle=${(event) => event.target === event.currentTarget && this.#toggle(event)}>
        <summary>${t("picture.house")}</summary>
        ${this.alert()}
        ${this.#day ? this.#shown(this.#day) : nothing}
      </details>`;
  }

  #shown({ hours, too_few }) {
    if (too_few) return html`<p>${t("picture.too_few")}</p>`;
    const some = hours.map(({ starts, ...counts }, at) => {
      const hour = new Date(starts).getHours();
      return { label: timeOfDay(starts), mark: at % 4 ? "" : String(hour), values: SERIES.map((one) => counts[one]) };
    });
    return html`${columns(t("picture.today"), t("picture.hour"), SERIES.map((one, kind) => [kind, t(`picture.${one}`)]), some)}
      <p class="muted">${t("picture.house_hint")}</p>`;
  }
}
