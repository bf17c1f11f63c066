/** The colleagues of one's department: who is free, rung, talking or away. Never with whom, and nothing is kept. */

import { html, nothing, repeat } from "./vendor/lit.js";
import { icon } from "./icons.js";
import { t } from "./i18n.js";

const FAMILY = "presence.dept:";
const DRAWING = { free: "ok", ringing: "ringing", talking: "answered", away: "leave" };

export class Colleagues {
  #house;
  #departments = new Map(); // topic: by login

  constructor(house) {
    this.#house = house;
  }

  topics(offers) {
    return offers.filter((topic) => topic.startsWith(FAMILY));
  }

  /** Takes what is told of presence; false for anything else. */
  heard({ type, topic, presences, presence }) {
    if (!topic?.startsWith(FAMILY)) return false;
    if (type === "snapshot") this.#departments.set(topic, new Map((presences ?? []).map((one) => [one.login, one])));
    else if (presence && presence.login !== this.#house.user.login) this.#change(topic, presence);
    return true;
  }

  /** What a colleague is just now; nothing where that is not known. */
  stateOf(login) {
    if (!this.#house.live) return undefined;
    return this.topics(this.#house.offers).map((topic) => this.#departments.get(topic)?.get(login)?.state).find(Boolean);
  }

  #change(topic, presence) {
    const department = this.#departments.get(topic);
    if (department && !(department.get(presence.login)?.rev > presence.rev)) department.set(presence.login, presence);
  }

  view() {
    const offered = this.topics(this.#house.offers).filter((topic) => this.#departments.get(topic)?.size);
    return repeat(offered, (topic) => topic, (topic, at) => html`
      <section aria-labelledby="colleagues-${at}">
        <div class="section-head">
          <h2 id="colleagues-${at}" tabindex="-1" data-refuge>${t("colleagues.title", { name: topic.slice(FAMILY.length) })}</h2>
        </div>
        <ul class="colleagues" role="list" data-live=${this.#house.live ? "yes" : "no"}>
          ${repeat(byName(this.#departments.get(topic)), ({ login }) => login, (one) => this.#line(one))}
        </ul>
      </section>`);
  }

  #line({ login, name, extension, state }) {
    const now = this.#house.live ? state : "unknown";
    const calls = this.#house.user.extensions.length > 0;
    return html`
      <li class="colleague" data-state=${now} data-colleague=${login}>
        <span class="colleague-state">${icon(DRAWING[now] ?? "cut")}<span>${t(`colleagues.${now}`)}</span></span>
        <span class="colleague-name">${name}</span>
        <span class="muted">${extension}</span>
        ${calls
          ? html`<button type="button" class="kern-btn kern-btn--secondary kern-btn--x-small" aria-label=${t("contacts.call", { who: name })}
              @click=${() => this.#house.dialer.dial({ number: extension, name })}><span class="kern-label">${t("dial.go")}</span></button>`
          : nothing}
      </li>`;
  }
}

const byName = (department) => [...department.values()].sort((a, b) => a.name.localeCompare(b.name));
