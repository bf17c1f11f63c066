/** Recordings of conferences that one moderates, or did: what there is, and to listen to. */

import { dateAndTime, duration, t } from "./i18n.js";
import { html, nothing, repeat } from "./vendor/lit.js";
import { Part } from "./part.js";
import { ask } from "./ask.js";
import { icon } from "./icons.js";
import { plain } from "./words.js";

export class Recordings extends Part {
  #all = null; // null: not asked for yet

  /** Ask again: there may be one more. */
  load() {
    this.#all ??= [];
    this.attempt(async () => {
      this.#all = (await ask("GET", "recordings")).recordings;
    });
  }

  view() {
    if (!this.#all) queueMicrotask(() => this.#all ?? this.load());
    if (!this.#all?.length) return nothing;
    return html`
      <section aria-labelledby="recordings">
        <div class="section-head"><h2 id="recordings" tabindex="-1">${t("conferences.recordings")}</h2></div>
        <p class="muted">${t("conferences.recordings_hint")}</p>
        <ul class="rows" role="list">${repeat(this.#all, ({ id }) => id, (one) => html`
          <li class="row" data-recording=${one.id}>
            <div class="row-main"><a class="control" href="/api/v1/recordings/${one.id}" download>${icon("download")}
              <span class="foreign" dir="auto">${t("conferences.recording_of", { title: plain(one.title), when: dateAndTime(one.started) })}</span></a>
              <p class="muted">${duration(one.seconds * 1000)}</p></div>
          </li>`)}</ul>
        ${this.alert()}
      </section>`;
  }
}
