/** What was missed, by who called: each caller once, until somebody has called back. */

import { dateAndTime, number, t } from "./i18n.js";
import { html, nothing, repeat } from "./vendor/lit.js";
import { Part, smallButton } from "./part.js";
import { ask } from "./ask.js";
import { icon } from "./icons.js";
import { numberOf } from "./words.js";

const COUNTED_AFTER = 300; // ms; several news together are counted once

export class Missed extends Part {
  open = 0;
  #groups = null;
  #of = ""; // whose they are
  #later = 0;

  /** How many callers wait for an answer. */
  count() {
    clearTimeout(this.#later);
    this.#later = setTimeout(async () => {
      const found = await ask("GET", "journal/missed?of=self").catch(() => null);
      this.open = found?.groups.length ?? this.open; // that nobody can be asked does not mean that nobody waits
      this.house.draw();
    }, COUNTED_AFTER);
  }

  load({ of }) {
    if (of !== this.#of) [this.#groups, this.#of] = [null, of];
    return this.latest(async () => {
      const { groups } = await ask("GET", `journal/missed?of=${of}`);
      if (of !== this.#of) return;
      this.#groups = groups;
      if (of === "self") this.open = this.#groups.length;
    }, "journal");
  }

  #done(group, of) {
    return this.attempt(async () => {
      for (const id of group.ids) await ask("POST", `journal/${id}/done`);
      if (of === this.#of) this.#groups = this.#groups?.filter((one) => one !== group) ?? null;
      if (of === "self") this.count();
      this.house.say(t("journal.done_said", { who: nameOf(group) }));
    }, "journal");
  }

  view({ of }) {
    const groups = this.#groups;
    return html`
      ${this.alert()}
      ${groups?.length
        ? html`<ul class="entries" role="list" aria-busy=${this.busy ? "true" : "false"}>
            ${repeat(groups, ({ ids }) => ids.at(-1), (group) => this.#row(group, of))}</ul>`
        : nothing}
      ${groups && !groups.length && !this.error
        ? html`<div class="empty">${icon("ok")}<p class="empty-title">${t("journal.nothing_missed")}</p>
            <p class="muted">${t("journal.nothing_missed_hint")}</p></div>`
        : nothing}`;
  }

  #row(group, of) {
    const title = nameOf(group);
    const digits = numberOf(group);
    return html`
      <li class="entry" data-missed="yes" data-number=${group.number ?? nothing}>
        <span class="entry-icon">${icon("missed")}</span>
        <div class="entry-main">
          <h2 class="entry-title foreign" dir="auto" tabindex="-1" data-refuge>${title}</h2>
          <p class="call-peer">
            ${group.org ? html`<span class="foreign" dir="auto">${group.org}</span>` : nothing}
            ${digits && digits !== title ? html`<span class="digits foreign" dir="ltr">${digits}</span>` : nothing}
          </p>
          <p class="muted">${t(group.count > 1 ? "journal.times" : "journal.once", { count: number(group.count) })}</p>
          <div class="control-line">
            ${group.number
              ? smallButton({
                  text: t("journal.call_back"), about: title, drawing: icon("dialing"),
                  click: () => this.house.dialer.dial({ number: group.number, display: digits, name: group.name }),
                })
              : nothing}
            ${smallButton({
              text: t("journal.done"), about: title, drawing: icon("ok"),
              click: () => this.#done(group, of), inert: this.inert,
            })}
          </div>
        </div>
        <p class="entry-time">${dateAndTime(group.last)}</p>
      </li>`;
  }
}

const nameOf = (group) => group.name || numberOf(group) || t("calls.withheld");
