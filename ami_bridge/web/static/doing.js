/** What people have the daemon do: over the link, or over HTTP where there is none, with the same key. */

import { Cut } from "./socket.js";
import { ask } from "./ask.js";

/** An operation on calls, alarms or queues as a request over HTTP: method, path, body. */
function overHttp(op, { call, alarm, queue, ...rest }) {
  const [about, verb] = op.split(".");
  if (about === "alarm") return ["POST", `alarms/${alarm}/${verb}`, rest];
  if (about === "queue") return ["POST", `queues/${encodeURIComponent(queue)}/${verb}`, rest];
  return op === "call.originate" ? ["POST", "calls", rest] : ["POST", `calls/${call}/${verb}`, rest];
}

/** `link()` gives the link, or null. */
export async function carryOut(link, op, params, key = null) {
  const now = link();
  if (now?.isOpen) {
    try {
      return await now.request(op, params, key);
    } catch (error) {
      if (!(error instanceof Cut) || op === "alarm.escalate") throw error; // else nobody knows whether it was heard: the key makes it safe to repeat
    }
  }
  return ask(...overHttp(op, params), key === null ? {} : { "Idempotency-Key": key });
}

/** A key for one wish: whatever rings for it rings once. `randomUUID` is there only on pages over TLS. */
export function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The same wish has the same key, however often it is tried. */
export function keyring() {
  const keys = new Map();
  return (wish) => keys.get(wish) ?? keys.set(wish, newKey()).get(wish);
}
