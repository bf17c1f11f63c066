/** The screen Switchboard: who waits in which queue, who serves it just now, and what one's own hands can do there. */

import { LiveCalls, keyOf } from "./livecalls.js";
import { duration, number, t, timeOfDay } from "./i18n.js";
import { html, nothing, repeat } from "./vendor/lit.js";
import { numberOf, plain } from "./words.js";
import { Controls } from "./controls.js";
import { Places } from "./places.js";
import { callCard } from "./callcard.js";
import { failure } from "./dialog.js";
import { icon } from "./icons.js";
import { inWords } from "./ask.js";
import { newKey } from "./doing.js";
import { now } from "./clock.js";
import { underName } from "./party.js";

const FAMILY = "queue:";
const MINE = "calls.self";
const DEAD_WHEN_NEW = 1_000; // ms: a button that has just taken another's place
const DRAWING = { free: "ok", ringing: "ringing", talking: "answered", away: "leave", paused: "held" };
const VERBS = { take: "answered", login: "add", pause: "held", unpause: "answered", logout: "leave" };

export class SwitchboardScreen {
  static id = "switchboard";
  #house;
  #mine = new LiveCalls();
  #controls;
  #queues = new Map(); // topic: queue
  #places = new Places("[data-queue-verb]", ".queue");
  #running = ""; // key of the button
  #errors = new Map(); // topic: sentence
  #born = new Map(); // whose buttons: each verb with the time from which it counts
  #complete = new Set(); // topics that were told whole
  #shown = false;

  constructor(house) {
    this.#house = house;
    this.#controls = new Controls(house);
  }

  topics(offers) {
    return offers.filter((topic) => topic.startsWith(FAMILY));
  }

  get #offered() {
    return this.topics(this.#house.offers);
  }

  get hidden() {
    return !this.#offered.length && !this.#house.user?.roles?.includes("switchboard");
  }

  get count() {
    return this.#offered.reduce((sum, topic) => sum + (this.#queues.get(topic)?.waiting.length ?? 0), 0);
  }

  get ticks() {
    return this.#shown && (this.count > 0 || this.#mine.going.length > 0);
  }

  enter() {
    this.#shown = true;
  }

  leave() {
    this.#shown = false;
  }

  heard({ type, topic, calls, call, queues, queue }) {
    if (topic === MINE && type === "snapshot") this.#mine.replace(calls);
    else if (topic === MINE && call) this.#mine.change(call);
    else if (topic.startsWith(FAMILY) && type === "snapshot") this.#take(queues?.[0], topic, true);
    else if (topic.startsWith(FAMILY) && queue) this.#take(queue, topic);
  }

  /** A queue as it is now; an older `rev` changes nothing. Who begins to wait is said, where people look at it. */
  #take(queue, topic, whole = false) {
    const before = this.#queues.get(topic);
    if (whole) this.#complete.add(topic);
    if (!queue) this.#queues.delete(topic);
    if (!queue || (!whole && before?.rev > queue.rev)) return;
    this.#queues.set(topic, queue);
    const waits = new Set(queue.waiting.map(({ id }) => id));
    for (const group of this.#born.keys()) {
      const [name, caller] = group.split(" ");
      if (name === queue.name && caller && !waits.has(caller)) this.#born.delete(group);
    }
    if (!before || !this.#shown) return;
    const known = new Set(before.waiting.map(({ id }) => id));
    for (const one of queue.waiting.filter(({ id }) => !known.has(id))) {
      this.#house.say(t("switchboard.say_waits", { who: plain(nameOf(one)), queue: plain(queue.label) }));
    }
  }

  settle() {
    this.#controls.settle();
    this.#places.settle();
  }

  view() {
    const mine = this.#mine.going;
    this.#controls.forgetAllBut(mine);
    return html`
      ${mine.length ? this.#own(mine) : nothing}
      ${this.#offered.length
        ? repeat(this.#offered, (topic) => topic, (topic, at) => this.#queue(topic, at))
        : empty("switchboard.none")}`;
  }

  #own(calls) {
    const { isStale, live, choose } = this.#house;
    const card = (call) => callCard(call, { stale: isStale(call), choose, controls: this.#house.steerable(call) ? this.#controls.view(call) : nothing });
    return html`
      <section aria-labelledby="switchboard-own">
        <div class="section-head"><h2 id="switchboard-own" tabindex="-1" data-refuge>${t("calls.mine")}</h2></div>
        <ul class="calls" role="list" data-live=${live ? "yes" : "no"}>${repeat(calls, keyOf, card)}</ul>
      </section>`;
  }

  #queue(topic, at) {
    const queue = this.#queues.get(topic);
    if (!queue) return empty(this.#complete.has(topic) ? "switchboard.gone" : "calls.loading");
    const error = this.#errors.get(topic);
    const { live } = this.#house;
    return html`
      <section class="queue" aria-labelledby="queue-${at}" data-queue=${queue.name} data-live=${live ? "yes" : "no"}>
        <div class="section-head">
          <h2 id="queue-${at}" class="foreign" dir="auto" tabindex="-1" data-refuge>${queue.label}</h2>
          <p class="muted">${summary(queue, live)}</p>
          ${this.#buttons(queue, queue.actions, {})}
        </div>
        <div role="alert">${error ? failure(error) : nothing}</div>
        <h3 class="unseen">${t("switchboard.waiting")}</h3>
        ${queue.waiting.length
          ? html`<ol class="calls" role="list">${repeat(queue.waiting, ({ id }) => id, (one, place) => this.#waiting(queue, one, place))}</ol>`
          : html`<p class="queue-empty muted">${icon("quiet")}<span>${t(live ? "switchboard.nobody" : "switchboard.unknown")}</span></p>`}
        <h3 class="queue-members">${t("switchboard.members")}</h3>
        ${queue.members.length ? nothing : html`<p class="muted">${t(queue.all_members ? "switchboard.no_members" : "switchboard.members_hidden")}</p>`}
        <ul class="colleagues" role="list">${repeat(queue.members, ({ id }) => id, (one) => this.#member(queue, one))}</ul>
        ${queue.members.length && !queue.all_members ? html`<p class="muted">${t("switchboard.members_hidden")}</p>` : nothing}
      </section>`;
  }

  #waiting(queue, one, place) {
    const name = nameOf(one);
    const waited = now() - Date.parse(one.since);
    const { live } = this.#house;
    return html`
      <li class="call" data-waiting=${one.id} data-state="queued" ?data-stale=${!live}>
        <span class="call-icon">${icon("queued")}</span>
        <div class="call-main">
          <p class="call-state"><span class="state">${t("switchboard.place", { place: number(place + 1) })}</span></p>
          <h4 class="call-title foreign" dir="auto" tabindex="-1" data-refuge>${name}</h4>
          ${underName(one.peer, name)}
          ${this.#buttons(queue, one.actions, { caller: one.id }, name, "primary")}
        </div>
        <p class="call-time">
          ${live ? html`<time class="duration" datetime="PT${Math.max(0, Math.floor(waited / 1000))}S">${duration(waited)}</time>` : nothing}
          <span class="since">${t("switchboard.since", { time: timeOfDay(one.since) })}</span>
        </p>
      </li>`;
  }

  #member(queue, one) {
    const state = this.#house.live ? one.state : "unknown";
    const rests = this.#house.live && one.paused;
    return html`
      <li class="colleague" data-state=${rests && state === "free" ? "paused" : state} data-member=${one.id}>
        <span class="colleague-state">${icon((rests && state === "free" ? DRAWING.paused : DRAWING[state]) ?? "cut")}
          <span>${rests ? t(state === "free" ? "switchboard.paused" : "switchboard.also_paused", { state: t(`colleagues.${state}`) }) : t(`colleagues.${state}`)}</span></span>
        <span class="colleague-name foreign" dir="auto">${one.name}${one.me ? html` <span class="muted">(${t("switchboard.me")})</span>` : nothing}</span>
        <span class="muted">${one.extension ?? nothing}</span>
        ${this.#buttons(queue, one.actions, one.me ? {} : { member: one.id }, one.me ? "" : one.name)}
      </li>`;
  }

  /** What can be done with one thing: another meaning is another button, which takes no press in its first second. */
  #buttons(queue, verbs, about, name = "", look = "") {
    if (!verbs?.length || !this.#house.steerable({})) return nothing;
    const group = [queue.name, about.caller, about.member].join(" ");
    const born = this.#bornNow(group, verbs);
    return html`
      <div class="control-line">
        ${repeat(verbs, (verb) => verb, (verb) => {
          const key = `${group} ${verb}`;
          const busy = this.#running === key;
          const dead = busy || Date.now() - born.get(verb) < DEAD_WHEN_NEW;
          return html`
            <button type="button" class="control ${look ? `control-${look}` : ""}" data-queue-verb=${verb} aria-disabled=${dead ? "true" : nothing}
              @click=${(event) => this.#press(event, queue, verb, about, { key, born: born.get(verb) })}>
              ${icon(busy ? "waiting" : VERBS[verb])}<span>${t(`switchboard.${verb}`)}</span>${name ? html`<span class="unseen"> ${name}</span>` : nothing}
            </button>`;
        })}
      </div>`;
  }

  /** Another meaning is another button; where there was one before, it is dead for a moment. */
  #bornNow(group, verbs) {
    const before = this.#born.get(group);
    const born = new Map(verbs.map((verb) => [verb, before ? (before.get(verb) ?? Date.now()) : 0]));
    if (before && verbs.some((verb) => !before.has(verb))) setTimeout(() => this.#house.draw(), DEAD_WHEN_NEW + 10);
    this.#born.set(group, born);
    return born;
  }

  #press(event, queue, verb, about, { key, born }) {
    if (this.#running || Date.now() - born < DEAD_WHEN_NEW || !this.#places.takes(event)) return;
    this.#run(queue, verb, about, key);
  }

  async #run({ name, label }, verb, about, key) {
    const topic = FAMILY + name;
    this.#running = key;
    this.#errors.delete(topic);
    this.#house.draw();
    try {
      this.#take(await this.#house.do(`queue.${verb}`, { queue: name, ...about }, verb === "take" ? newKey() : null), topic);
      this.#house.say(t(`switchboard.done_${verb}`, { queue: plain(label) }));
    } catch (error) {
      this.#errors.set(topic, inWords(error, "queue"));
    }
    this.#running = "";
    this.#house.draw();
  }
}

const nameOf = ({ peer }) => peer.name || numberOf(peer) || t("calls.withheld");

/** How many wait and how many are free, for who looks up for a second. */
function summary({ waiting, members, all_members }, live) {
  if (!live) return t("switchboard.unknown");
  const free = members.filter(({ state, paused }) => state === "free" && !paused).length;
  const values = { waiting: number(waiting.length), free: number(free), members: number(members.length) };
  return t(all_members && members.length ? "switchboard.summary" : "switchboard.summary_waiting", values);
}

const empty = (key) => html`
  <div class="empty">
    ${icon("quiet")}
    <p class="empty-title">${t(key)}</p>
    <p class="muted">${t(`${key}_hint`)}</p>
  </div>`;
