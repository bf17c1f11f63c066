/** The sources of alarms, and whether they live. */

import { dateAndTime, number, t } from "./i18n.js";
import { html, nothing } from "./vendor/lit.js";
import { Part } from "./part.js";
import { ask } from "./ask.js";
import { icon } from "./icons.js";

export class Sources extends Part {
  #sources = null;

  load() {
    return this.attempt(async () => ({ sources: this.#sources } = await ask("GET", "alarms/sources")));
  }

  view() {
    return html`
      <section class="panel" aria-labelledby="alarm-sources">
        <h2 id="alarm-sources" tabindex="-1" data-refuge>${t("alarms.view.sources")}</h2>
        <p class="muted">${t("alarms.sources_hint")}</p>
        ${this.alert()}
        ${this.#sources?.length ? table(this.#sources) : nothing}
      </section>`;
  }
}

const table = (sources) => html`
  <table class="stored">
    <thead><tr>${["name", "kind", "alive"].map((key) => html`<th scope="col">${t(`alarms.source.${key}`)}</th>`)}</tr></thead>
    <tbody>
      ${sources.map((source) => html`
        <tr data-source=${source.name}>
          <th scope="row"><span class="foreign" dir="auto">${source.label}</span>
            ${source.place ? html` <span class="muted foreign" dir="auto">${source.place}</span>` : nothing}</th>
          <td data-label=${t("alarms.source.kind")}>${t(`alarms.source.kind.${source.kind}`)}</td>
          <td data-label=${t("alarms.source.alive")}>${life(source)}</td>
        </tr>`)}
    </tbody>
  </table>`;

function life({ heartbeat_every: every, beat_at: beat, missing_since: missing }) {
  if (missing) return html`<span class="bad">${icon("cut")}${t("alarms.silent", { time: dateAndTime(missing) })}</span>`;
  if (!every) return html`<span class="muted">${t("alarms.unwatched")}</span>`;
  if (!beat) return html`<span class="muted">${t("alarms.not_yet", { seconds: number(every) })}</span>`;
  return html`<span class="good">${icon("ok")}${t("alarms.lives", { time: dateAndTime(beat) })}</span>`;
}
