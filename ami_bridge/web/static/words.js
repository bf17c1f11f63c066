/** What a call is called: its party, its state, a sentence for the ear, a title for the window. */

import { knows, number, t } from "./i18n.js";

const SAID_OF_A_NAME = 80; // characters; a name of four thousand is not read out

/** Outside text without what could turn round or break the sentence it is put into. */
export const plain = (text) => {
  const one = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ").replace(/\s+/gu, " ").trim();
  const letters = [...one];
  return letters.length > SAID_OF_A_NAME ? `${letters.slice(0, SAID_OF_A_NAME).join("")}…` : one;
};

export const numberOf = (peer) => peer.display || peer.number || "";

/** What stands large on a call: the name, else the room, else the number, else that it is withheld. */
export function titleOf({ peer, room, queue }) {
  if (peer.name || numberOf(peer)) return peer.name || numberOf(peer);
  if (room) return t("calls.room_title", { room });
  return queue ? t("calls.queue_title", { queue }) : t("calls.withheld");
}

/** A word for the state, or for the result, told from the reader's side. */
export function stateOf(call) {
  const what = call.state === "ended" ? `result.${call.result ?? "answered"}` : `state.${call.state}`;
  const fromMySide = `${what}.${call.role}`;
  return t(knows(fromMySide) ? fromMySide : what);
}

export const ringsHere = (call) => call.state === "ringing" && call.role === "callee";

/** One sentence for people who hear the page. */
export function sentence(call) {
  const who = [titleOf(call), call.peer.name && call.peer.org].filter(Boolean).map(plain).join(", ");
  if (ringsHere(call)) {
    const line = call.line && plain(call.line.label ?? call.line.exten);
    return t(line ? "say.rings_for" : "say.rings", { who, line });
  }
  return t("say.state", { who, state: stateOf(call) });
}

/** What the window is called while it rings, else nothing. */
export function windowTitle(calls) {
  const ringing = calls.filter(ringsHere);
  if (!ringing.length) return "";
  const who = plain(titleOf(ringing[0]));
  return t(ringing.length > 1 ? "title.several_ring" : "title.rings", { who, count: number(ringing.length - 1) });
}
