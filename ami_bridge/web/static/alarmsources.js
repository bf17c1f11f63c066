/** The sources of alarms: whether they live, and whether work is done there. */

import { beginDialog, endDialog, worksNote } from "./alarmworks.js";
import { dateAndTime, number, t } from "./i18n.js";
import { html, nothing } from "./vendor/lit.js";
import { Part } from "./part.js";
import { ask } from "./ask.js";
import { icon } from "./icons.js";

const COLUMNS = ["name", "kind", "alive", "works"];

export class Sources extends Part {
  #sources = null;
  #manages;

  constructor(house, manages) {
    super(house);
    this.#manages = manages;
  }

  /** Those known, for who shows that work is done at some. */
  get known() {
    return this.#sources;
  }

  load() {
    return this.attempt(() => this.look());
  }

  async look() {
    ({ sources: this.#sources } = await ask("GET", "alarms/sources"));
    this.house.draw();
  }

  view() {
    return html`
      <section class="panel" aria-labelledby="alarm-sources">
        <h2 id="alarm-sources" tabindex="-1" data-refuge>${t("alarms.view.sources")}</h2>
        <p class="muted">${t("alarms.sources_hint")}</p>
        ${this.alert()}
        ${this.#sources?.length ? this.#table() : nothing}
      </section>`;
  }

  #table() {
    return html`
      <table class="stored">
        <thead><tr>${COLUMNS.map((key) => html`<th scope="col">${t(`alarms.source.${key}`)}</th>`)}</tr></thead>
        <tbody>
          ${this.#sources.map((source) => html`
            <tr data-source=${source.name}>
              <th scope="row"><span class="foreign" dir="auto">${source.label}</span>
                ${source.place ? html` <span class="muted foreign" dir="auto">${source.place}</span>` : nothing}</th>
              <td data-label=${t("alarms.source.kind")}>${t(`alarms.source.kind.${source.kind}`)}</td>
              <td data-label=${t("alarms.source.alive")}>${life(source)}</td>
              <td data-label=${t("alarms.source.works")}>${this.#works(source)}</td>
            </tr>`)}
        </tbody>
      </table>`;
  }

  #works(source) {
    const works = source.maintenance;
    const button = (word, dialog) => html`
      <button type="button" class="control" aria-haspopup="dialog" @click=${() => dialog(this.house, source, () => this.look()).open()}>
        <span>${t(`alarms.works.${word}`)}</span><span class="unseen"> ${source.label}</span></button>`;
    const buttons = works ? [button("end", endDialog), button("change", beginDialog)] : [button("begin", beginDialog)];
    return html`
      ${works ? worksNote(works) : html`<span class="muted">${t("alarms.works.none")}</span>`}
      ${this.#manages ? html`<div class="controls">${buttons}</div>` : nothing}`;
  }
}

function life({ heartbeat_every: every, beat_at: beat, missing_since: missing }) {
  if (missing) return html`<span class="bad">${icon("cut")}${t("alarms.silent", { time: dateAndTime(missing) })}</span>`;
  if (!every) return html`<span class="muted">${t("alarms.unwatched")}</span>`;
  if (!beat) return html`<span class="muted">${t("alarms.not_yet", { seconds: number(every) })}</span>`;
  return html`<span class="good">${icon("ok")}${t("alarms.lives", { time: dateAndTime(beat) })}</span>`;
}
