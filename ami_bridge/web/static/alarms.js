/** The screen Alarm: what is open and who takes care of it, and on wish what was, who is on duty, and who watches. */

import { html, nothing, repeat } from "./vendor/lit.js";
import { isCaredFor, isNobodys, sentence, titleOf } from "./alarmwords.js";
import { number, t, timeOfDay } from "./i18n.js";
import { AlarmCard } from "./alarmcard.js";
import { AlarmLog } from "./alarmlog.js";
import { AlarmSounds } from "./alarmsounds.js";
import { AlarmTests } from "./alarmtests.js";
import { ClosedAlarms } from "./alarmsclosed.js";
import { Part } from "./part.js";
import { Places } from "./places.js";
import { Rota } from "./alarmrota.js";
import { Sources } from "./alarmsources.js";
import { ask } from "./ask.js";
import { icon } from "./icons.js";
import { plain } from "./words.js";
import { raiseButton } from "./alarmraise.js";
import { worksBanner } from "./alarmworks.js";

const ALARMS = "alarms";
const OPERATES = ["plant", "alarm-manager", "admin"];
const MANAGES = ["alarm-manager", "admin"];
const LOOK_EVERY = 10_000; // while nothing comes by itself
const SAID_AT_ONCE = 3; // alarms of one moment that are each read out

const GROUPS = [
  ["nobody", (alarm) => isNobodys(alarm)],
  ["cared", (alarm) => !alarm.test && !alarm.overlay && alarm.state !== "closed" && isCaredFor(alarm)],
  ["aside", (alarm) => !alarm.test && alarm.overlay && alarm.state !== "closed"],
  ["test", (alarm) => alarm.test && alarm.state !== "closed"],
  ["over", (alarm) => alarm.state === "closed"],
];

export class AlarmsScreen extends Part {
  static id = "alarms";
  #alarms = null; // by id; null: not told yet
  #cards = new Map();
  #refused = false;
  #shown = false;
  #view = "open";
  #unfolded = false; // whether those told with another one are shown
  #wanted; // id of the alarm to look at
  #had; // the alarm and button with the focus before drawing
  #lookedAt = null;
  #later = 0;
  #raised = []; // sentences that are about to be said
  #places = new Places("[data-does]", ".alarms");
  #views;

  constructor(house) {
    super(house);
    const manages = house.user?.roles?.some((role) => MANAGES.includes(role)) ?? false;
    this.#views = {
      closed: new ClosedAlarms(house, (id) => this.#cardOf(id)),
      log: new AlarmLog(house),
      rota: new Rota(house),
      sources: new Sources(house, manages),
      sounds: new AlarmSounds(house, manages),
      ...(manages ? { tests: new AlarmTests(house) } : {}),
    };
  }

  get #mine() {
    return this.house.user?.roles?.some((role) => OPERATES.includes(role)) ?? false;
  }

  topics() {
    return this.#mine ? [ALARMS] : [];
  }

  welcomed(topics) {
    this.#refused = !topics.includes(ALARMS);
    clearTimeout(this.#later);
  }

  /** Nobody is led here who has no plant to look after, nor where there are none. */
  get hidden() {
    return this.#refused || !this.#mine;
  }

  get count() {
    return this.#all().filter((alarm) => !alarm.test && alarm.state !== "closed" && !alarm.bundle).length;
  }

  get title() {
    const [first, ...more] = this.#all().filter(isNobodys);
    if (!first) return "";
    return t(more.length ? "alarms.title_several" : "alarms.title", { what: titleOf(first), plant: plain(first.plant), count: number(more.length) });
  }

  get ticks() {
    return this.#shown && this.#view === "open" && this.#all().length > 0;
  }

  enter(id) {
    this.#shown = true;
    if (id) this.#show(id);
    else this.#load();
    if (!this.house.linked) this.#look();
  }

  leave() {
    this.#shown = false;
    this.#views[this.#view]?.leave?.();
    clearTimeout(this.#later);
  }

  lost() {
    if (this.#shown) this.#lookSoon();
  }

  heard({ type, topic, alarms, alarm }) {
    if (topic !== ALARMS) return;
    this.#lookedAt = null;
    if (this.#shown && [alarm, ...(alarms ?? [])].some((one) => one?.overlay === "suppressed" || this.#alarms?.get(one?.id)?.overlay)) this.#lookAtWorks();
    if (type === "snapshot") this.#replace(alarms ?? []);
    else if (alarm) this.#change(alarm);
  }

  #replace(alarms) {
    const before = this.#alarms;
    this.#alarms = new Map(alarms.map((one) => [one.id, one]));
    for (const id of this.#cards.keys()) if (!this.#alarms.has(id)) this.#cards.delete(id);
    alarms.filter((one) => !before?.has(one.id)).forEach((one) => this.#announce(one));
  }

  /** One alarm as it is now; an older `rev` changes nothing. */
  #change(alarm) {
    this.#alarms ??= new Map();
    const before = this.#alarms.get(alarm.id);
    if (before && before.rev > alarm.rev) return;
    this.#alarms.set(alarm.id, alarm);
    if (!before || (isNobodys(alarm) && !isNobodys(before))) this.#announce(alarm);
    else this.#tell(before, alarm);
  }

  /** A new alarm interrupts; a test does not. */
  #announce(alarm) {
    if (alarm.state === "closed" || alarm.bundle || alarm.overlay) return;
    if (alarm.test) {
      this.house.say(sentence(alarm));
      return;
    }
    if (isCaredFor(alarm)) return;
    if (!this.#raised.length) setTimeout(() => this.#sayRaised());
    this.#raised.push(sentence(alarm));
  }

  #sayRaised() {
    const more = this.#raised.length - SAID_AT_ONCE;
    this.#raised.slice(0, SAID_AT_ONCE).forEach((one) => this.house.warn(one));
    if (more > 0) this.house.warn(t("alarms.say.more", { count: number(more) }));
    this.#raised = [];
  }

  /** What became of one: said calmly. */
  #tell(before, alarm) {
    const about = { what: titleOf(alarm) };
    const [key, by] = ["acknowledged", "taken_over"].map((one) => [one, !before[one] && alarm[one]]).find(([, who]) => who) ?? [];
    if (alarm.state === "closed" && before.state !== "closed") this.house.say(t("alarms.say.closed", about));
    else if (key) this.house.say(t(`alarms.say.${key}`, { ...about, who: plain(by.name) }));
    else if (before.active && !alarm.active) this.house.say(t("alarms.say.returned", about));
    else if (alarm.overlay && !before.overlay) this.house.say(t("alarms.say.shelved", about));
  }

  /** What somebody did is shown at once, before it is told; gives the heading. */
  take(alarm) {
    this.#change(alarm);
    this.house.draw();
    return headingOf(alarm.id);
  }

  #all() {
    const urgency = (one) => [one.priority, -Date.parse(one.raised_at)];
    return [...(this.#alarms?.values() ?? [])].sort((a, b) => {
      const [[p, at], [q, bt]] = [urgency(a), urgency(b)];
      return a.state === "closed" && b.state === "closed" ? Date.parse(b.closed_at) - Date.parse(a.closed_at) : p - q || at - bt;
    });
  }

  #cardOf(id) {
    return this.#cards.get(id) ?? this.#cards.set(id, new AlarmCard(this.house, id, (event) => this.#places.takes(event))).get(id);
  }

  /** A bubble, or a line of the log, leads to its alarm. */
  async #show(id) {
    this.#view = "open";
    this.#wanted = id;
    if (!this.#alarms?.has(id)) await this.attempt(async () => this.take(await ask("GET", `alarms/${encodeURIComponent(id)}`)), "alarm");
    this.house.draw();
  }

  settle() {
    this.#places.settle();
    this.#keepFocus();
    const heading = this.#wanted && headingOf(this.#wanted);
    if (!heading) return;
    this.#wanted = undefined;
    heading.focus();
  }

  /** An alarm in another state stands in another group: the focus goes with it, to the same button or to its heading. */
  #keepFocus() {
    const { id, does } = this.#had ?? {};
    this.#had = null;
    if (!id || !document.activeElement.matches("body, [data-refuge]") || document.activeElement.closest(`[data-alarm="${CSS.escape(id)}"]`)) return;
    const there = does && document.querySelector(`[data-alarm="${CSS.escape(id)}"] [data-does="${does}"]`);
    (there || headingOf(id))?.focus({ preventScroll: true });
  }

  // --- without a link

  #lookSoon() {
    clearTimeout(this.#later);
    this.#later = setTimeout(() => this.#shown && !this.house.linked && this.#look(), LOOK_EVERY);
  }

  async #look() {
    const closed = this.#all().filter(({ state }) => state === "closed");
    const page = await ask("GET", "alarms?state=open").catch(() => null);
    if (page) {
      const open = new Set(page.alarms.map(({ id }) => id));
      this.#replace([...page.alarms, ...closed.filter(({ id }) => !open.has(id))]);
      this.#lookedAt = Date.now();
      this.house.draw();
    }
    if (this.#shown && !this.house.linked) this.#lookSoon();
    return Boolean(page);
  }

  async #refresh() {
    this.house.say(t((await this.#look()) ? "alarms.refreshed" : "error.no_server"));
  }

  // --- what is seen

  #load() {
    if (this.#view === "open") this.#lookAtWorks();
    else this.#views[this.#view].load();
  }

  /** Where work is done; that it cannot be asked is told by the badge already. */
  #lookAtWorks() {
    this.#views.sources.look().catch(() => {});
  }

  #turn(view) {
    this.#views[this.#view]?.leave?.();
    this.#view = view;
    this.#load();
    this.house.draw();
  }

  view() {
    if (this.hidden) return empty("refused", "cut");
    const focused = document.activeElement?.closest("[data-alarm]");
    this.#had = focused && { id: focused.dataset.alarm, does: document.activeElement.dataset.does };
    const open = this.#all().filter(({ state }) => state !== "closed").length;
    return html`
      <fieldset class="tabs alarm-tabs"><legend class="unseen">${t("alarms.which")}</legend>
        ${["open", ...Object.keys(this.#views)].map((one) => html`
          <label class="tab"><input type="radio" class="unseen" name="alarms-view" value=${one} .checked=${this.#view === one} @change=${() => this.#turn(one)}>
            <span>${t(`alarms.view.${one}`)}${one === "open" && open ? ` (${number(open)})` : ""}</span></label>`)}
      </fieldset>
      ${this.house.linked ? nothing : this.#cut()}
      ${this.alert()}
      ${this.#view === "open" ? worksBanner(this.#views.sources.known) : nothing}
      ${this.#view === "open" ? raiseButton(this.house, (alarm) => this.take(alarm)) : nothing}
      ${this.#view === "open" ? this.#open() : this.#views[this.#view].view()}`;
  }

  #cut() {
    return html`
      <div class="message" data-cut>
        <span class="kern-icon kern-icon--info" aria-hidden="true"></span>
        <p>${t(this.#lookedAt ? "alarms.cut_looked" : "alarms.cut", { time: this.#lookedAt ? timeOfDay(this.#lookedAt) : "" })}
          <a class="kern-link" href="/alarms">${t("alarms.plain_page")}</a></p>
        <button type="button" class="control" @click=${() => this.#refresh()}>${icon("waiting")}<span>${t("alarms.refresh")}</span></button>
      </div>`;
  }

  #open() {
    const all = this.#all();
    const alone = all.filter((one) => !one.bundle || one.state === "closed");
    const together = all.filter((one) => one.bundle && one.state !== "closed");
    const groups = GROUPS.map(([id, has]) => [id, alone.filter(has)]).filter(([, some]) => some.length);
    const list = (alarms) => html`
      <ul class="entries alarms" role="list">${repeat(alarms, ({ id }) => id, (one) => this.#cardOf(one.id).view(one))}</ul>`;
    return html`
      ${this.#alarms && !alone.some(({ state, test }) => state !== "closed" && !test) && !together.length ? empty("none", "ok") : nothing}
      ${this.#alarms ? nothing : empty("loading", "waiting")}
      ${repeat(groups, ([id]) => id, ([id, some]) => html`
        <section aria-labelledby="alarms-${id}">
          <div class="section-head"><h2 id="alarms-${id}" tabindex="-1" data-refuge>${t(`alarms.group.${id}`)}</h2></div>
          ${list(some)}
        </section>`)}
      ${together.length
        ? html`<section aria-labelledby="alarms-together">
            <div class="section-head"><h2 id="alarms-together" tabindex="-1" data-refuge>${t("alarms.group.together", { count: number(together.length) })}</h2></div>
            <p class="muted">${t("alarms.together_hint")}</p>
            <p><button type="button" class="plain-button" aria-expanded=${this.#unfolded ? "true" : "false"} @click=${() => {
              this.#unfolded = !this.#unfolded;
              this.house.draw();
            }}>${t(this.#unfolded ? "alarms.fold" : "alarms.unfold")}</button></p>
            ${this.#unfolded ? list(together) : nothing}
          </section>`
        : nothing}`;
  }
}

const headingOf = (id) => document.querySelector(`[data-alarm="${CSS.escape(id)}"] h3`);

const empty = (about, drawing) => html`
  <div class="empty">${icon(drawing)}<p class="empty-title">${t(`alarms.${about}`)}</p>
    <p class="muted">${t(`alarms.${about}_hint`)}</p></div>`;
