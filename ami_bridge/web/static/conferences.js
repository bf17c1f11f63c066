/** The screen Conferences: rooms that one has, who is in them, and what moderators do. */

import { html, nothing, repeat } from "./vendor/lit.js";
import { Part } from "./part.js";
import { Recordings } from "./recordings.js";
import { RoomCard } from "./roomcard.js";
import { guestOf, nameOf, titleOf } from "./roomwords.js";
import { icon } from "./icons.js";
import { spans } from "./picture.js";
import { makeDialog } from "./roomdialogs.js";
import { dateAndTime, number, t, timeOfDay } from "./i18n.js";
import { now } from "./clock.js";

const ROOMS = "rooms";
const GROUPS = [
  ["live", (room) => Boolean(room.since)],
  ["planned", (room) => !room.since && Boolean(room.starts)],
  ["standing", (room) => !room.since && !room.starts],
];

export class ConferencesScreen extends Part {
  static id = "conferences";
  #rooms = null; // by number; null: not told yet
  #cards = new Map();
  #refused = false;
  #shown = false;
  #recordings = new Recordings(this.house);
  #wanted; // number of the room to look at

  topics() {
    return [ROOMS];
  }

  welcomed(topics) {
    this.#refused = !topics.includes(ROOMS);
  }

  /** Where the daemon has no rooms, nobody is led here. */
  get hidden() {
    return this.#refused;
  }

  get count() {
    return this.#all().filter(({ since }) => since).length;
  }

  enter(number) {
    this.#shown = true;
    this.#wanted = number;
  }

  leave() {
    this.#shown = false;
  }

  heard({ type, topic, rooms, room }) {
    if (topic !== ROOMS) return;
    if (type === "snapshot") {
      this.#rooms = new Map((rooms ?? []).map((one) => [one.number, one]));
      for (const number of this.#cards.keys()) if (!this.#rooms.has(number)) this.#cards.delete(number);
    } else if (room && this.#rooms) this.#change(room);
  }

  /** One room as it is now; an older `rev` changes nothing. */
  #change(room) {
    const before = this.#rooms.get(room.number);
    if (before && before.rev > room.rev) return;
    news(before, room, this.#shown).forEach((text) => this.house.say(text));
    if (before?.recorded && (room.ended || !room.recorded)) this.#recordings.load();
    if (room.ended) {
      this.#rooms.delete(room.number);
      this.#cards.delete(room.number);
    } else this.#rooms.set(room.number, room);
  }

  #all() {
    return [...(this.#rooms?.values() ?? [])].sort((a, b) => key(a).localeCompare(key(b)) || a.number.localeCompare(b.number));
  }

  #card(room) {
    return this.#cards.get(room.number) ?? this.#cards.set(room.number, new RoomCard(this.house, (one) => this.#rooms?.get(one.number))).get(room.number);
  }

  #make() {
    makeDialog(this.house, (room) => {
      if (!this.#rooms?.has(room.number)) this.heard({ topic: ROOMS, room });
      this.house.draw();
      this.house.say(t("conferences.made", { number: room.number }));
      return headingOf(room.number);
    }).open();
  }

  settle() {
    const heading = this.#wanted && headingOf(this.#wanted);
    if (!heading) return;
    this.#wanted = undefined;
    heading.focus();
  }

  view() {
    if (this.#refused) return empty("refused", "cut");
    const rooms = this.#all();
    const groups = GROUPS.map(([id, has]) => [id, rooms.filter(has)]).filter(([, some]) => some.length);
    return html`
      <p class="rooms-head">
        <button type="button" class="kern-btn kern-btn--primary" aria-haspopup="dialog" @click=${() => this.#make()}>
          <span class="kern-label">${t("conferences.new")}</span>
        </button>
      </p>
      ${repeat(groups, ([id]) => id, ([id, some]) => html`
        <section aria-labelledby="rooms-${id}">
          <div class="section-head"><h2 id="rooms-${id}" tabindex="-1" data-refuge>${t(`conferences.group.${id}`)}</h2></div>
          <ul class="entries" role="list">${repeat(some, ({ number }) => number, (room) => this.#card(room).view(room))}</ul>
        </section>`)}
      ${occupancy(rooms)}
      ${rooms.some((one) => one.can_record) ? this.#recordings.view() : nothing}
      ${rooms.length ? nothing : this.#rooms ? empty("none", "conference") : empty("loading", "waiting")}`;
  }
}

const AHEAD = 24 * 3_600_000;

/** When which of the rooms that one has are in use, from now on. */
function occupancy(rooms) {
  const [from, to] = [now(), now() + AHEAD];
  const used = rooms.filter(({ since, starts, ends }) => since || (starts && Date.parse(starts) < to && Date.parse(ends) > from));
  if (!used.length) return nothing;
  const rows = used.map((room) => ({
    label: titleOf(room),
    parts: [room.since ? [0, from, Date.parse(room.ends ?? "") || to] : [2, Date.parse(room.starts), Date.parse(room.ends)]],
    cells: [dateAndTime(room.since ?? room.starts), room.ends ? dateAndTime(room.ends) : "–", `${number(room.participants.length)} / ${number(room.most)}`],
  }));
  const kinds = [[0, t("picture.in_use")], [2, t("picture.planned")]];
  const heads = ["room", "from", "to", "people"].map((one) => t(`picture.${one}`));
  return html`<details class="panel" data-occupancy><summary>${t("picture.occupancy")}</summary>
    ${spans(t("picture.next_day"), heads, kinds, rows, [from, to], timeOfDay)}</details>`;
}

const key = ({ since, starts }) => since ?? starts ?? "";

const headingOf = (number) => document.querySelector(`[data-room="${CSS.escape(number)}"] h3`);

const empty = (about, drawing) => html`
  <div class="empty">${icon(drawing)}<p class="empty-title">${t(`conferences.${about}`)}</p>
    <p class="muted">${t(`conferences.${about}_hint`)}</p></div>`;

/** What is said of a change: danger always, the coming and going of people where one looks. */
function news(before, now, shown) {
  const room = titleOf(now);
  const said = now.guessed && !before?.guessed ? [t("conferences.say.guessed", { room })] : [];
  if (!shown || !before) return said;
  if (now.ended) return [...said, t("conferences.say.ended", { room })];
  const [was, is] = [before, now].map(({ participants }) => new Map(participants.map((one) => [one.id, one])));
  const came = now.participants.filter(({ id }) => !was.has(id)).map((one) => t("conferences.say.came", { who: nameOf(one), room }));
  const left = before.participants.filter(({ id }) => !is.has(id)).map((one) => t("conferences.say.left", { who: nameOf(one), room }));
  const lock = now.since && before.locked !== now.locked ? [t(now.locked ? "conferences.say.locked" : "conferences.say.unlocked", { room })] : [];
  const pin = now.moderates && guestOf(before) && guestOf(before) !== guestOf(now) ? [t("conferences.say.new_pin", { room })] : [];
  return [...said, ...came, ...left, ...lock, ...pin];
}
