/** The screen Calls: what goes on at one's own telephone, live and by name. */

import { duration, knows, locale, number, t, timeOfDay } from "./i18n.js";
import { html, nothing, repeat } from "./vendor/lit.js";
import { icon } from "./icons.js";
import { now } from "./clock.js";

export const TOPIC = "calls.self";
const SHOWN_AFTER_END = 60_000;
const OTHERS_NAMED = 5;
const SAID_OF_A_NAME = 80; // characters; a name of four thousand is not read out

/** The calls of this page: the newest state of each, as the daemon told it. */
export class Calls {
  #byId = new Map();
  #complete = false;

  /** Whether the daemon has told everything, so that an empty list means: no call. */
  get complete() {
    return this.#complete;
  }

  /** Newest first. A call keeps its place for as long as it is shown. */
  get shown() {
    return [...this.#byId.values()].sort((a, b) => Date.parse(b.since) - Date.parse(a.since) || (a.id < b.id ? 1 : -1));
  }

  get going() {
    return this.shown.filter((call) => call.state !== "ended");
  }

  /** The whole state anew; gives back the calls that nobody has heard of yet. What has ended may fade in peace. */
  replace(calls) {
    const before = this.#byId;
    const faded = [...before.values()].filter((call) => call.state === "ended");
    this.#byId = new Map([...faded, ...calls].map((call) => [keyOf(call), call]));
    this.#complete = true;
    return calls.filter((call) => before.get(keyOf(call))?.state !== call.state);
  }

  /** One call as it is now; true when its state is another than before. An older `rev` changes nothing. */
  change(call) {
    const before = this.#byId.get(keyOf(call));
    if (before && before.rev > call.rev) return false;
    this.#byId.set(keyOf(call), call);
    return before?.state !== call.state;
  }

  /** Drop what ended a minute ago. */
  expire() {
    for (const call of this.#byId.values()) {
      if (call.state === "ended" && now() - Date.parse(call.ended_at ?? call.since) >= SHOWN_AFTER_END) {
        this.#byId.delete(keyOf(call));
      }
    }
  }
}

/** A person with two extensions has two views of one call, each with its own `rev`. */
const keyOf = (call) => `${call.id} ${call.extension}`;

/** Outside text without what could turn round or break the sentence it is put into. */
const plain = (text) => {
  const one = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ").replace(/\s+/gu, " ").trim();
  const letters = [...one];
  return letters.length > SAID_OF_A_NAME ? `${letters.slice(0, SAID_OF_A_NAME).join("")}…` : one;
};

const numberOf = (peer) => peer.display || peer.number || "";

/** What stands large on a call: the name, else the room, else the number, else that it is withheld. */
function titleOf({ peer, room, queue }) {
  if (peer.name || numberOf(peer)) return peer.name || numberOf(peer);
  if (room) return t("calls.room_title", { room });
  return queue ? t("calls.queue_title", { queue }) : t("calls.withheld");
}

/** A word for the state, or for the result, told from the reader's side. */
function inWords(call) {
  const what = call.state === "ended" ? `result.${call.result ?? "answered"}` : `state.${call.state}`;
  const fromMySide = `${what}.${call.role}`;
  return t(knows(fromMySide) ? fromMySide : what);
}

const iconOf = ({ state, result }) => (state !== "ended" ? state : result === "missed" ? "missed" : "ended");

export const ringsHere = (call) => call.state === "ringing" && call.role === "callee";

/** One sentence for people who hear the page. */
export function sentence(call) {
  const who = [titleOf(call), call.peer.name && call.peer.org].filter(Boolean).map(plain).join(", ");
  if (ringsHere(call)) {
    const line = call.line && plain(call.line.label ?? call.line.exten);
    return t(line ? "say.rings_for" : "say.rings", { who, line });
  }
  return t("say.state", { who, state: inWords(call) });
}

/** What the window is called while it rings, else nothing. */
export function windowTitle(calls) {
  const ringing = calls.filter(ringsHere);
  if (!ringing.length) return "";
  const who = plain(titleOf(ringing[0]));
  return t(ringing.length > 1 ? "title.several_ring" : "title.rings", { who, count: number(ringing.length - 1) });
}

/** `isStale(call)` says whether what is known of it may be out of date; `choose(peer, ref)` says who a number is. */
export function callsScreen({ calls, isStale, live, user, choose }) {
  const shown = calls.shown;
  return html`
    <section aria-labelledby="my-calls">
      <div class="section-head">
        <h2 id="my-calls">${t("calls.mine")}</h2>
        ${user.extensions.length ? html`<p class="muted">${extensions(user)}</p>` : nothing}
      </div>
      ${shown.length
        ? html`<ul class="calls" role="list">${repeat(shown, keyOf, (call) => card(call, isStale(call), choose))}</ul>`
        : empty({ complete: calls.complete, live, user })}
    </section>`;
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

function card(call, stale, choose) {
  const title = titleOf(call);
  const past = call.state === "ended";
  return html`
    <li class="call" data-call=${call.id} data-state=${call.state} data-result=${call.result ?? nothing}
      data-role=${call.role} ?data-stale=${stale && !past}>
      <span class="call-icon">${icon(iconOf(call))}</span>
      <div class="call-main">
        <p class="call-state">
          <span class="state">${stale && !past ? t("calls.last_known", { state: inWords(call) }) : inWords(call)}</span>
          <span class="direction">${t(`direction.${call.direction}`)}</span>
        </p>
        <h3 class="call-title foreign" dir="auto">${title}</h3>
        ${underTitle(call, title)}
        ${hits(call, past || stale ? null : choose)}
        ${facts(call)}
      </div>
      <p class="call-time">${time(call, stale)}</p>
    </li>`;
}

function underTitle({ peer }, title) {
  const digits = numberOf(peer);
  const parts = [
    peer.org && html`<span class="foreign" dir="auto">${peer.org}</span>`,
    digits && digits !== title && html`<span class="digits foreign" dir="ltr">${digits}</span>`,
    peer.name && digits && knows(`kind.${peer.kind}`) && html`<span>${t(`kind.${peer.kind}`)}</span>`,
    digits && !peer.name && html`<span>${t("calls.no_name")}</span>`,
    knows(`reason.${peer.reason}`) && html`<span class="reason">${t(`reason.${peer.reason}`)}</span>`,
    /^https?:/.test(peer.link) && html`<a href=${peer.link} target="_blank" rel="noreferrer">${t("calls.page")}</a>`,
    peer.source && html`<span class="foreign" dir="auto">${t("calls.source", { source: peer.source })}</span>`,
  ].filter(Boolean);
  return parts.length ? html`<p class="call-peer">${parts}</p>` : nothing;
}

/** Everybody who has the number; a click says who it is, and the daemon remembers it for this person. */
function hits({ peer }, choose) {
  if (!(peer.matches > 1)) return nothing;
  const names = peer.names ?? [];
  const more = peer.matches - names.length;
  return html`
    <div class="hits">
      <span>${t(names.length ? "calls.hits" : "calls.matches", { count: number(peer.matches) })}</span>
      ${names.map((name, at) => hit(name, peer, peer.refs?.[at], choose))}
      ${names.length && more > 0 ? html`<span>${t("calls.more", { count: number(more) })}</span>` : nothing}
      ${choose && peer.reason === "choice"
        ? html`<button type="button" class="plain-button" @click=${() => choose(peer, null)}>${t("calls.choose_again")}</button>`
        : nothing}
    </div>`;
}

function hit(name, peer, ref, choose) {
  const shown = html`<bdi>${name}</bdi>`;
  if (!choose || !ref) return html`<span class="hit">${shown}</span>`;
  const chosen = peer.reason === "choice" && peer.ref === ref;
  return html`<button type="button" class="plain-button hit" aria-pressed=${chosen ? "true" : "false"}
    @click=${() => choose(peer, ref)}>${shown}</button>`;
}

function facts(call) {
  const rows = [
    ["line", call.line && (call.line.label ? both(call.line.label, call.line.exten) : alone(call.line.exten))],
    ["forwarded_by", call.forwarded_by && withNumber(call.forwarded_by)],
    ["answered_by", call.answered_by && withNumber(call.answered_by)],
    ["queue", call.queue && alone(call.queue)],
    ["room", call.room && alone(call.room)],
    ["parked_at", call.parked_at && alone(call.parked_at)],
    ["others", call.others?.length && listed(call.others)],
  ].filter(([, value]) => value);
  if (!rows.length) return nothing;
  return html`
    <dl class="facts">
      ${rows.map(([key, value]) => html`<div><dt>${t(`fact.${key}`)}</dt><dd>${value}</dd></div>`)}
    </dl>`;
}

// Each piece from outside stands in a <bdi> of its own: a name cannot move the number that follows it.
const alone = (text) => html`<bdi>${text}</bdi>`;
const both = (name, digits) => html`<bdi>${name}</bdi> <span class="in-brackets">(<bdi>${digits}</bdi>)</span>`;

function withNumber(peer) {
  const digits = numberOf(peer);
  return peer.name && digits ? both(peer.name, digits) : alone(peer.name || digits || t("calls.withheld"));
}

function listed(peers) {
  const names = peers.slice(0, OTHERS_NAMED).map((peer) => peer.name || numberOf(peer) || t("calls.withheld"));
  const more = peers.length - names.length;
  if (more > 0) names.push(t("calls.more", { count: number(more) }));
  const list = new Intl.ListFormat(locale(), { type: more > 0 ? "unit" : "conjunction" });
  return list.formatToParts(names).map(({ type, value }) => (type === "element" ? alone(value) : value));
}

/** A running clock only where it is known to run; else the time of day it began. */
function time(call, stale) {
  const began = call.answered_at ?? call.since;
  const clock = html`<span class="since">${t("calls.since", { time: timeOfDay(began) })}</span>`;
  if (call.state === "ended") {
    const at = timeOfDay(call.ended_at ?? call.since);
    const lasted = Date.parse(call.ended_at) - Date.parse(call.answered_at);
    return html`
      ${Number.isNaN(lasted) ? nothing : ticking(lasted)}
      <span class="since">${t("calls.ended_at", { time: at })}</span>`;
  }
  return stale ? clock : html`${ticking(now() - Date.parse(began))}${clock}`;
}

function ticking(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  return html`<time class="duration" datetime="PT${seconds}S">${duration(milliseconds)}</time>`;
}
