/** What is said of an alarm: its state with a drawing, who is called, what comes next, a sentence for the ear. */

import { duration, knows, t, timeOfDay } from "./i18n.js";
import { now } from "./clock.js";
import { plain } from "./words.js";

const DRAWINGS = {
  unacknowledged: "alarm", acknowledged: "person", returned: "returned", "latched-unacknowledged": "private", latched: "private", closed: "ok",
};
/** Reasons whose time is when something happens; at all others somebody only looks again. */
const TIMED = ["step", "new_round", "busy_again", "reminder", "shelved", "acknowledged", "taken_over"];
const SOURCE_TEXT = 200; // characters of an alarm that are read out

/** Somebody takes care of it. */
export const isCaredFor = (alarm) => Boolean(alarm.taken_over || alarm.acknowledged) || ["acknowledged", "latched", "closed"].includes(alarm.state);

/** It needs somebody now. */
export const isNobodys = (alarm) => !alarm.test && !alarm.overlay && !isCaredFor(alarm);

/** How the state looks: a word, a drawing, and a tone that says no more than these. */
export function stateOf({ state, overlay, test }) {
  if (overlay && state !== "closed") return { text: t(`alarms.overlay.${overlay}`), drawing: "held", tone: "aside" };
  const tone = { unacknowledged: "danger", returned: "danger", "latched-unacknowledged": "danger", closed: "over" }[state] ?? "known";
  return { text: t(`alarms.state.${state}`), drawing: DRAWINGS[state], tone: test && tone === "danger" ? "test" : tone };
}

export const titleOf = (alarm) => plain(alarm.text || alarm.point || alarm.plant);

/** One sentence for people who hear the page. */
export function sentence(alarm) {
  const about = { plant: plain(alarm.plant), text: titleOf(alarm).slice(0, SOURCE_TEXT), priority: alarm.priority };
  return t(alarm.test ? "alarms.say.test" : "alarms.say.raised", about);
}

/** How far a call is, and how it looks; of one that is over, how it ended. */
export function callOf({ state, outcome }) {
  const key = `alarms.call.${state === "done" ? (outcome ?? "over") : state}`;
  const live = { claimed: "waiting", ringing: "ringing", talking: "answered" }[state];
  return { text: t(knows(key) ? key : "alarms.call.over"), drawing: live ?? (outcome === "acked" ? "ok" : "ended"), live: Boolean(live) };
}

/** Who did it, when, and how. */
export const doneBy = ({ name, at, how }) =>
  t("alarms.done_by", { name: plain(name), time: timeOfDay(at), how: t(knows(`alarms.how.${how}`) ? `alarms.how.${how}` : "alarms.how.api") });

/** What comes next, when, and for whom; nothing where nothing comes. */
export function nextOf({ state, why, next_at: at, next = [], active }) {
  const key = `alarms.why.${why}`;
  if (state === "closed" || !why || !knows(key)) return "";
  const who = next.length ? plain(next.slice(0, 3).join(", ")) + (next.length > 3 ? " …" : "") : "";
  const cared = ["acknowledged", "taken_over"].includes(why);
  if (cared && !active) return "";
  const what = t(key);
  const timed = at && TIMED.includes(why) ? t("alarms.next_at", { what, time: timeOfDay(at), left: duration(Math.max(0, Date.parse(at) - now())) }) : what;
  return who && !cared ? t("alarms.next_who", { what: timed, who }) : timed;
}
