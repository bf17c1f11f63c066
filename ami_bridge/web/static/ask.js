/** Questions to the daemon over HTTP, and why one was refused, in words a person can act on. */

import { knows, language, t } from "./i18n.js";
import { learn } from "./clock.js";

/** What is asked of the server and is neither a call nor a conference, which the usual words are about. */
const NO_CALL = ["", "admin", "alarm", "journal", "own", "seat", "sound", "test", "works"];
const USUAL_PAUSE = 60; // seconds, where a refusal for "too often" does not say how long

/** What the daemon said no to; `code` is stable, the message one sentence for people (in English). */
export class Refusal extends Error {
  constructor(status, { code, detail }, retryAfter) {
    super(detail || `HTTP ${status}`);
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

export const ask = (method, path, body, headers = {}) =>
  body === undefined ? asked(method, path, body, headers) : asked(method, path, JSON.stringify(body), { "Content-Type": "application/json", ...headers });

/** Send a file as it is; what is wrong with it is told in the reader's language. */
export const send = (method, path, file) =>
  asked(method, path, file, { "Content-Type": "application/octet-stream", "Accept-Language": language() });

async function asked(method, path, body, headers) {
  const answer = await fetch(`/api/v1/${path}`, { method, cache: "no-store", headers, body });
  learn(answer.headers.get("Date"));
  if (answer.status === 204) return null;
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refusal(answer.status, said, answer.headers.get("Retry-After"));
  return said;
}

/** One sentence about an error. What was tried (`about`) may have words of its own for a code. */
export function inWords(error, about = "") {
  if (!(error instanceof Refusal)) return t("error.no_server");
  const seconds = Math.ceil(error.retryAfter ?? USUAL_PAUSE);
  const page = NO_CALL.includes(about) ? [`error.page.${error.code}`] : [];
  const [key] = [`error.${about}.${error.code}`, ...page, `error.${error.code}`].filter(knows);
  return t(key ?? "error.other", { seconds, why: error.message });
}
