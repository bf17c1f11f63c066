/** One alarm: what it is, who is called about it, who takes care of it, and the buttons of what can be done now. */

import { clearDialog, escalateDialog, shelveDialog } from "./alarmdialogs.js";
import { callOf, doneBy, isCaredFor, nextOf, stateOf, titleOf } from "./alarmwords.js";
import { dateAndTime, duration, number, t, timeOfDay } from "./i18n.js";
import { html, nothing, repeat } from "./vendor/lit.js";
import { LogOf } from "./alarmlog.js";
import { Part } from "./part.js";
import { icon } from "./icons.js";
import { now } from "./clock.js";

const DEAD_WHEN_NEW = 1_000; // a button that has just taken another's place
const CALLS_SHOWN = 4;
const VALUES_SHOWN = 12;

/** In the order they stand; the first that is possible weighs most. */
const BUTTONS = [
  { id: "take-over", drawing: "person", leads: true },
  { id: "acknowledge", drawing: "ok", leads: true },
  { id: "reset", drawing: "private", leads: true },
  { id: "unshelve", drawing: "waiting", leads: true },
  { id: "clear", drawing: "returned", asks: clearDialog },
  { id: "escalate", drawing: "many", asks: escalateDialog },
  { id: "shelve", drawing: "held", asks: shelveDialog },
];

export class AlarmCard extends Part {
  #born = null; // its buttons, each with the time from which it counts
  #all = false; // whether every call about it is shown
  #log;
  #takes;

  /** `takes(event)` says whether a press counts: its button may just have slid there. */
  constructor(house, id, takes) {
    super(house);
    this.#log = new LogOf(house, id);
    this.#takes = takes;
  }

  #press(event, alarm, { id, asks }) {
    if (this.busy || Date.now() - this.#born.get(id) < DEAD_WHEN_NEW || !this.#takes(event)) return;
    if (asks) asks(this.house, alarm).open();
    else this.attempt(() => this.house.alarm(alarm, id), "alarm");
  }

  /** Another meaning is another button, dead for a moment. */
  #buttons(alarm) {
    const can = BUTTONS.filter(({ id }) => alarm.actions?.includes(id));
    const before = this.#born;
    this.#born = new Map(can.map(({ id }) => [id, before ? (before.get(id) ?? Date.now()) : 0]));
    if (before && can.some(({ id }) => !before.has(id))) setTimeout(() => this.house.draw(), DEAD_WHEN_NEW + 10);
    if (!can.length) return nothing;
    const leading = can.find(({ leads }) => leads)?.id;
    return html`
      <div class="control-line alarm-does">
        ${repeat(can, ({ id }) => id, (button) => {
          const dead = this.busy || Date.now() - this.#born.get(button.id) < DEAD_WHEN_NEW;
          return html`
            <button type="button" class="control ${button.id === leading ? "control-primary" : ""}" data-does=${button.id}
              aria-disabled=${dead ? "true" : nothing} aria-haspopup=${button.asks ? "dialog" : nothing}
              @click=${(event) => this.#press(event, alarm, button)}>
              ${icon(button.drawing)}<span>${t(`alarms.do.${button.id}`)}</span><span class="unseen"> ${titleOf(alarm)}</span>
            </button>`;
        })}
      </div>`;
  }

  view(alarm) {
    const { text, drawing, tone } = stateOf(alarm);
    return html`
      <li class="entry alarm" data-alarm=${alarm.id} data-tone=${tone} data-test=${alarm.test ? "yes" : nothing}>
        <span class="entry-icon">${icon(alarm.test ? "test" : drawing)}</span>
        <div class="entry-main">
          <p class="alarm-plant"><span class="foreign" dir="auto">${alarm.plant}</span></p>
          <h3 class="entry-title foreign" dir="auto" tabindex="-1" data-refuge>${alarm.text || alarm.point}</h3>
          <p class="alarm-tags">
            ${alarm.test ? html`<span class="tag tag-test">${icon("test")}${t("alarms.is_test")}</span>` : nothing}
            <span class="state">${icon(drawing)}${text}</span>
            <span class="tag" data-priority=${alarm.priority}>${t("alarms.priority", { priority: alarm.priority })}</span>
            ${alarm.last_resort && !isCaredFor(alarm) ? html`<span class="tag tag-danger">${icon("many")}${t("alarms.last_resort")}</span>` : nothing}
            ${alarm.flutters ? html`<span class="tag">${icon("waiting")}${t("alarms.flutters")}</span>` : nothing}
            ${alarm.bundled ? html`<span class="tag">${icon("many")}${t("alarms.bundled", { count: number(alarm.bundled) })}</span>` : nothing}
          </p>
          ${this.#facts(alarm)}
          ${this.#buttons(alarm)}
          ${this.alert()}
          ${this.#calls(alarm)}
          ${this.#log.view(titleOf(alarm))}
        </div>
      </li>`;
  }

  #facts(alarm) {
    const over = alarm.closed_at ?? null;
    const lasts = duration((over ? Date.parse(over) : now()) - Date.parse(alarm.raised_at));
    const values = Object.entries(alarm.values ?? {}).slice(0, VALUES_SHOWN);
    const facts = [
      ["since", t(over ? "alarms.lasted" : "alarms.since_for", { when: dateAndTime(alarm.raised_at), lasts })],
      ["count", (alarm.count ?? 1) > 1 && t("alarms.times", { count: number(alarm.count) })],
      ["returned", alarm.returned_at && !alarm.active && timeOfDay(alarm.returned_at)],
      ["taken_over", alarm.taken_over && doneBy(alarm.taken_over)],
      ["acknowledged", alarm.acknowledged && doneBy(alarm.acknowledged)],
      ["reset", alarm.reset && doneBy(alarm.reset)],
      ["shelved", alarm.overlay && alarm.shelved_until && t("alarms.shelved_until", {
        time: dateAndTime(alarm.shelved_until), name: alarm.shelved_by?.name ?? t("alarms.somebody") })],
      ["closed", over && dateAndTime(over)],
      ["next", nextOf(alarm)],
    ].filter(([, text]) => text);
    return html`
      <dl class="alarm-facts">
        ${facts.map(([key, text]) => html`<div data-fact=${key}><dt>${t(`alarms.fact.${key}`)}</dt><dd><bdi>${text}</bdi></dd></div>`)}
        ${alarm.overlay && alarm.shelve_reason
          ? html`<div><dt>${t("alarms.fact.reason")}</dt><dd class="foreign" dir="auto">${alarm.shelve_reason}</dd></div>`
          : nothing}
        <div><dt>${t("alarms.fact.point")}</dt><dd class="foreign" dir="auto">${alarm.point}</dd></div>
        ${values.map(([name, value]) => html`<div><dt class="foreign" dir="auto">${name}</dt><dd class="foreign" dir="auto">${value}</dd></div>`)}
      </dl>`;
  }

  /** Who is called: what goes on first, then the newest. */
  #calls(alarm) {
    const attempts = alarm.attempts ?? [];
    if (!attempts.length) return nothing;
    const which = new Map([...attempts].reverse().map((one, at, all) => [one.id, all.slice(0, at).filter((other) => other.person === one.person).length + 1]));
    const sorted = [...attempts].sort((a, b) => Number(callOf(b).live) - Number(callOf(a).live));
    const few = isCaredFor(alarm) && !sorted.some((one) => callOf(one).live) ? 0 : CALLS_SHOWN; // what is settled needs no list
    const shown = this.#all ? sorted : sorted.slice(0, few);
    const more = sorted.length - few;
    return html`
      ${shown.length ? html`<h4>${t("alarms.calls")}</h4>` : nothing}
      ${!shown.length ? nothing : html`<ul class="alarm-calls" role="list">
        ${repeat(shown, ({ id }) => id, (one) => {
          const { text, drawing, live } = callOf(one);
          return html`
            <li data-attempt=${one.id} data-live=${live ? "yes" : nothing} data-outcome=${one.outcome ?? nothing}>
              ${icon(drawing)}
              <p class="dotted"><span class="alarm-who foreign" dir="auto">${one.person}</span>
                <span class="digits" dir="ltr">${one.number}</span>
                <span class="alarm-call-state">${text}</span>
                ${which.get(one.id) > 1 ? html`<span class="muted">${t("alarms.again", { count: number(which.get(one.id)) })}</span>` : nothing}
                ${one.path ? html`<span class="muted">${t("alarms.path", { path: one.path })}</span>` : nothing}
                <span class="muted">${timeOfDay(one.started_at)}</span></p>
            </li>`;
        })}
      </ul>`}
      ${more > 0
        ? html`<p class="alarm-more"><button type="button" class="plain-button" aria-expanded=${this.#all ? "true" : "false"} @click=${() => {
            this.#all = !this.#all;
            this.house.draw();
          }}>${t(this.#all ? "alarms.fewer_calls" : few ? "alarms.more_calls" : "alarms.all_calls", { count: number(more) })}<span class="unseen"> ${titleOf(alarm)}</span></button></p>`
        : nothing}`;
  }
}
