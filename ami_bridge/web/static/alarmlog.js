/** The log of alarms, in words: of one alarm from its beginning, or of all from the newest line back. */

import { dateAndTime, knows, t } from "./i18n.js";
import { html, nothing, repeat } from "./vendor/lit.js";
import { Part } from "./part.js";
import { ask } from "./ask.js";
import { icon } from "./icons.js";

const AT_ONCE = 50;
const OURSELVES = ["engine", "sweeper"];

/** What happened, and what belongs to it. */
function words({ kind, data = {} }) {
  const what = t(knows(`alarms.log.${kind}`) ? `alarms.log.${kind}` : "alarms.log.other", { kind });
  const outcome = data.outcome && knows(`alarms.call.${data.outcome}`) ? t(`alarms.call.${data.outcome}`) : "";
  return [what, data.name ?? data.person ?? data.by, data.destination, outcome, data.reason].filter((one) => one !== undefined && one !== null && one !== "");
}

const table = (lines, { whose }) => html`
  <table class="stored alarm-log">
    <thead><tr>${["at", "what", "who"].map((one) => html`<th scope="col">${t(`alarms.log_head.${one}`)}</th>`)}</tr></thead>
    <tbody>
      ${repeat(lines, ({ seq }) => seq, (line) => html`
        <tr data-line=${line.seq}>
          <th scope="row">${dateAndTime(line.at)}</th>
          <td data-label=${t("alarms.log_head.what")}><span class="dotted">${words(line).map((one) => html`<bdi class="foreign">${one}</bdi>`)}</span>
            ${whose && line.alarm ? html`<a class="alarm-link" href="#/alarms/${line.alarm}">${t("alarms.this_one")}<span class="unseen"> ${line.seq}</span></a>` : nothing}</td>
          <td data-label=${t("alarms.log_head.who")}><bdi class="foreign">${OURSELVES.includes(line.actor) ? t("alarms.by_itself") : line.actor}</bdi></td>
        </tr>`)}
    </tbody>
  </table>`;

/** What has happened to one alarm; asked for when somebody opens it. */
export class LogOf extends Part {
  #id;
  #lines = null;
  #open = false;

  constructor(house, id) {
    super(house);
    this.#id = id;
  }

  #toggle() {
    this.#open = !this.#open;
    this.house.draw();
    if (this.#open) this.attempt(async () => ({ lines: this.#lines } = await ask("GET", `alarms/log?alarm=${this.#id}`)));
  }

  view(about) {
    return html`
      <p class="alarm-more"><button type="button" class="plain-button" aria-expanded=${this.#open ? "true" : "false"} @click=${() => this.#toggle()}>
        ${icon("queued")}${t("alarms.history")}<span class="unseen"> ${about}</span></button></p>
      ${this.#open ? html`${this.alert()}${this.#lines ? table(this.#lines, { whose: false }) : nothing}` : nothing}`;
  }
}

/** The log of all, newest first. */
export class AlarmLog extends Part {
  #lines = null;
  #next = null;

  load() {
    return this.attempt(async () => {
      const page = await ask("GET", `alarms/log?before=0&limit=${AT_ONCE}`);
      [this.#lines, this.#next] = [page.lines, page.next];
    });
  }

  async #more() {
    const first = this.#next;
    await this.attempt(async () => {
      const page = await ask("GET", `alarms/log?before=${this.#next}&limit=${AT_ONCE}`);
      [this.#lines, this.#next] = [[...this.#lines, ...page.lines], page.next];
    });
    if (this.#next === null && first !== null) document.getElementById("alarm-log").focus();
  }

  view() {
    return html`
      <section class="panel" aria-labelledby="alarm-log">
        <div class="section-head"><h2 id="alarm-log" tabindex="-1" data-refuge>${t("alarms.view.log")}</h2>
          <a class="control" href="/api/v1/alarms/log.csv" download="alarms.csv">${icon("download")}<span>${t("alarms.csv")}</span></a></div>
        <p class="muted">${t("alarms.log_hint")}</p>
        ${this.alert()}
        ${this.#lines?.length ? table(this.#lines, { whose: true }) : this.#lines ? html`<p>${t("alarms.log_none")}</p>` : nothing}
        ${this.#next !== null
          ? html`<p class="more"><button type="button" class="kern-btn kern-btn--secondary" aria-disabled=${this.inert} @click=${() => this.#more()}>
              <span class="kern-label">${t("journal.more")}</span></button></p>`
          : nothing}
      </section>`;
  }
}
