/** The screen Calls: what goes on at one's own telephone and in the department, live, by name and in one's hands. */

import { LiveCalls, keyOf } from "./livecalls.js";
import { html, nothing, repeat } from "./vendor/lit.js";
import { locale, t } from "./i18n.js";
import { ringsHere, sentence, windowTitle } from "./words.js";
import { Colleagues } from "./colleagues.js";
import { Controls } from "./controls.js";
import { Finder } from "./finder.js";
import { callCard } from "./callcard.js";
import { icon } from "./icons.js";

const MINE = "calls.self";
const DEPARTMENT = "calls.dept:";
const MANY = 40; // calls: from then on those far outside the window are not drawn

export class CallsScreen {
  static id = "calls";
  #house;
  #mine = new LiveCalls();
  #groups = new Map(); // topic: calls that ring at others' telephones
  #colleagues;
  #controls;
  #finder;
  #wanted; // id of the call to look at

  constructor(house) {
    this.#house = house;
    this.#colleagues = new Colleagues(house);
    this.#controls = new Controls(house);
    this.#finder = new Finder(house, { id: "dial-to", label: () => t("find.label"), floats: true, took: (option) => this.#dial(option) });
  }

  topics(offers) {
    return [MINE, ...offers.filter((topic) => topic.startsWith(DEPARTMENT)), ...this.#colleagues.topics(offers)];
  }

  heard(message) {
    const { type, topic, calls, call } = message;
    if (this.#colleagues.heard(message)) return;
    if (topic === MINE && type === "snapshot") this.#replace(calls);
    else if (topic === MINE && call) this.#change(call);
    else if (topic.startsWith(DEPARTMENT) && type === "snapshot") this.#group(topic).replace(calls ?? []);
    else if (topic.startsWith(DEPARTMENT) && call) this.#group(topic).change(call);
  }

  #group(topic) {
    return this.#groups.get(topic) ?? this.#groups.set(topic, new LiveCalls()).get(topic);
  }

  #replace(calls) {
    this.#mine.replace(calls).filter(ringsHere).forEach((call) => this.#house.say(sentence(call)));
  }

  #change(call) {
    if (this.#mine.change(call)) this.#house.say(sentence(call));
    this.#house.dialer.heard(call);
  }

  /** The whole state as HTTP tells it, where there is no link. */
  take(calls) {
    this.#replace(calls);
  }

  /** A call as it is now; nothing when it is gone. */
  callNow(call) {
    return [this.#mine, ...this.#groups.values()].map((calls) => calls.get(keyOf(call))).find(Boolean);
  }

  stateOf(login) {
    return this.#colleagues.stateOf(login);
  }

  get count() {
    return this.#mine.going.length;
  }

  get title() {
    return windowTitle(this.#mine.going.filter((call) => !this.#house.isStale(call)));
  }

  /** Whether a clock runs on it. */
  get ticks() {
    return this.#mine.shown.length > 0 || this.#others().length > 0;
  }

  /** What rings at others' telephones, by group; each call once. */
  #others() {
    const seen = new Set();
    const fresh = (call) => !this.#mine.has(call.id) && !seen.has(call.id) && seen.add(call.id);
    return [...this.#groups]
      .filter(([topic]) => this.#house.offers.includes(topic))
      .map(([topic, calls]) => ({ name: topic.slice(DEPARTMENT.length), calls: calls.going.filter(fresh) }))
      .filter(({ calls }) => calls.length);
  }

  #dial(option) {
    this.#finder.clear();
    this.#house.dialer.dial(option);
  }

  #submit(event) {
    event.preventDefault();
    if (this.#finder.meant) this.#dial(this.#finder.meant);
    else document.getElementById("dial-to").focus();
  }

  /** A bubble's click leads to its call. */
  enter(call) {
    this.#wanted = call;
  }

  settle() {
    this.#controls.settle();
    const title = this.#wanted && document.querySelector(`[data-call="${CSS.escape(this.#wanted)}"] h3`);
    if (!title) return;
    this.#wanted = undefined;
    title.focus();
  }

  view() {
    const { user, live } = this.#house;
    this.#mine.expire();
    this.#groups.forEach((calls) => calls.expire());
    const [shown, others] = [this.#mine.shown, this.#others()];
    this.#controls.forgetAllBut([...shown, ...others.flatMap(({ calls }) => calls)]);
    return html`
      ${user.extensions.length ? this.#dialForm() : nothing}
      <section aria-labelledby="my-calls">
        <div class="section-head">
          <h2 id="my-calls" tabindex="-1" data-refuge>${t("calls.mine")}</h2>
          ${user.extensions.length ? html`<p class="muted">${extensions(user)}</p>` : nothing}
        </div>
        ${shown.length ? this.#list(shown) : empty({ complete: this.#mine.complete, live, user })}
      </section>
      ${repeat(others, ({ name }) => name, ({ name, calls }, at) => html`
        <section aria-labelledby="group-${at}">
          <div class="section-head">
            <h2 id="group-${at}" tabindex="-1" data-refuge>${t("calls.group", { name })}</h2>
          </div>
          ${this.#list(calls, true)}
        </section>`)}
      ${this.#colleagues.view()}`;
  }

  #dialForm() {
    const { busy } = this.#house.dialer;
    return html`
      <form class="dial" aria-label=${t("dial.form")} @submit=${(event) => this.#submit(event)}>
        ${this.#finder.view({
          button: html`
            <button type="submit" class="kern-btn kern-btn--primary" aria-disabled=${busy ? "true" : nothing}>
              <span class="kern-label">${t("dial.go")}</span>
            </button>`,
        })}
      </form>`;
  }

  #list(calls, others = false) {
    const { isStale, live, choose } = this.#house;
    const card = (call) => {
      const stale = isStale(call);
      return callCard(call, { stale, others, choose, controls: this.#house.steerable(call) ? this.#controls.view(call) : nothing });
    };
    return html`<ul class="calls" role="list" ?data-many=${calls.length > MANY} data-live=${live ? "yes" : "no"}>${repeat(calls, keyOf, card)}</ul>`;
  }
}

const extensions = (user) =>
  t(user.extensions.length > 1 ? "calls.extensions" : "calls.extension", {
    extension: new Intl.ListFormat(locale(), { type: "unit" }).format(user.extensions),
  });

/** An empty list says why it is empty and what to do. */
function empty({ complete, live, user }) {
  const [extension] = user.extensions;
  const about = !live ? "unknown" : !complete ? "loading" : extension ? "none" : "no_extension";
  return html`
    <div class="empty">
      ${icon(about === "none" ? "quiet" : about === "loading" ? "waiting" : "cut")}
      <p class="empty-title">${t(`calls.${about}`)}</p>
      <p class="muted">${t(`calls.${about}_hint`, { extension })}</p>
    </div>`;
}

