/** One call as it is shown: who, since when, which line, and what can be done with it. */

import { duration, locale, number, t, timeOfDay } from "./i18n.js";
import { alone, both, hits, underName, withNumber } from "./party.js";
import { html, nothing } from "./vendor/lit.js";
import { numberOf, stateOf, titleOf } from "./words.js";
import { icon } from "./icons.js";
import { now } from "./clock.js";

const OTHERS_NAMED = 5;

const iconOf = ({ state, result }) => (state !== "ended" ? state : result === "missed" ? "missed" : "ended");

/**
 * `stale`: what is known may be out of date. `others`: it is a call of somebody else in the department.
 * `choose(peer, ref)` says who a number is, `controls` are the buttons.
 */
export function callCard(call, { stale, others, choose, controls }) {
  const title = others ? titleOfOthers(call) : titleOf(call);
  const past = call.state === "ended";
  return html`
    <li class="call" data-call=${call.id} data-state=${call.state} data-result=${call.result ?? nothing}
      data-role=${call.role} ?data-stale=${stale && !past} ?data-others=${others}>
      <span class="call-icon">${icon(iconOf(call))}</span>
      <div class="call-main">
        <p class="call-state">
          <span class="state">${stale && !past ? t("calls.last_known", { state: stateOf(call) }) : stateOf(call)}</span>
          <span class="direction">${t(`direction.${call.direction}`)}</span>
        </p>
        <h3 class="call-title foreign" dir="auto" tabindex="-1" data-refuge>${title}</h3>
        ${underName(call.peer, title)}
        ${hits(call.peer, past || stale || others ? null : choose)}
        ${facts(call)}
        ${call.note ? html`<p class="call-note foreign" dir="auto">${icon("note")}<span>${call.note}</span></p>` : nothing}
        ${controls}
      </div>
      <p class="call-time">${time(call, stale)}</p>
    </li>`;
}

/** The other party of somebody else's call is told only to those who may know it. */
function titleOfOthers(call) {
  if (call.peer.name || numberOf(call.peer)) return titleOf(call);
  const line = call.line?.label ?? call.line?.exten ?? call.extension;
  return line ? t("calls.for", { line }) : t("calls.for_somebody");
}

function facts(call) {
  const rows = [
    ["line", call.line && (call.line.label ? both(call.line.label, call.line.exten) : alone(call.line.exten))],
    ["waits", call.waits && withNumber(call.waits)],
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
