/** Alarms that are over, newest first, and more of them on wish. */

import { html, nothing, repeat } from "./vendor/lit.js";
import { Part } from "./part.js";
import { ask } from "./ask.js";
import { icon } from "./icons.js";
import { dateAndTime, duration, t } from "./i18n.js";
import { plain } from "./words.js";
import { spans } from "./picture.js";

const AT_ONCE = 20;

export class ClosedAlarms extends Part {
  #alarms = null;
  #next = null;
  #card;

  /** `card(id)` gives what draws one. */
  constructor(house, card) {
    super(house);
    this.#card = card;
  }

  load() {
    return this.attempt(async () => {
      const page = await ask("GET", `alarms?state=closed&limit=${AT_ONCE}`);
      [this.#alarms, this.#next] = [page.alarms, page.next];
    });
  }

  async #more() {
    const first = this.#alarms.length;
    await this.attempt(async () => {
      const page = await ask("GET", `alarms?state=closed&limit=${AT_ONCE}&after=${this.#next}`);
      [this.#alarms, this.#next] = [[...this.#alarms, ...page.alarms], page.next];
    });
    document.querySelectorAll(".alarms h3")[first]?.focus();
  }

  view() {
    return html`
      <section aria-labelledby="alarms-closed">
        <div class="section-head"><h2 id="alarms-closed" tabindex="-1" data-refuge>${t("alarms.view.closed")}</h2></div>
        ${this.alert()}
        ${this.#alarms?.length ? timeline(this.#alarms) : nothing}
        ${this.#alarms?.length
          ? html`<ul class="entries alarms" role="list" aria-busy=${this.busy ? "true" : "false"}>
              ${repeat(this.#alarms, ({ id }) => id, (one) => this.#card(one.id).view(one))}</ul>`
          : this.#alarms
            ? html`<div class="empty">${icon("ok")}<p class="empty-title">${t("alarms.closed_none")}</p></div>`
            : nothing}
        ${this.#next
          ? html`<p class="more"><button type="button" class="kern-btn kern-btn--secondary" aria-disabled=${this.inert} @click=${() => this.#more()}>
              <span class="kern-label">${t("journal.more")}</span></button></p>`
          : nothing}
      </section>`;
  }
}

/** When each was there, and how long nobody had taken over. */
function timeline(alarms) {
  const rows = alarms.map((one) => {
    const [came, over] = [Date.parse(one.raised_at), Date.parse(one.closed_at)];
    const taken = Math.min(over, ...[one.taken_over, one.acknowledged].filter(Boolean).map(({ at }) => Date.parse(at)));
    return { label: plain(one.text), parts: [[1, came, taken], [0, taken, over]], cells: [dateAndTime(came), duration(taken - came), duration(over - came)] };
  });
  const all = alarms.flatMap((one) => [Date.parse(one.raised_at), Date.parse(one.closed_at)]);
  const kinds = [[1, t("picture.nobody_yet")], [0, t("picture.cared_for")]];
  const heads = ["alarm", "came", "until_taken", "lasted"].map((one) => t(`picture.${one}`));
  return html`<details class="panel" data-timeline><summary>${t("picture.timeline")}</summary>
    ${spans(t("picture.timeline_of"), heads, kinds, rows, [Math.min(...all), Math.max(...all)], dateAndTime)}</details>`;
}
