/** One finished call as the journal shows it. */

import { alone, both, underName } from "./party.js";
import { dateAndTime, duration, t, timeOfDay } from "./i18n.js";
import { html, nothing } from "./vendor/lit.js";
import { numberOf, plain, stateOf, titleOf } from "./words.js";
import { Dialog } from "./dialog.js";
import { ask } from "./ask.js";
import { icon } from "./icons.js";
import { noteField } from "./calldialogs.js";
import { smallButton } from "./part.js";

/** Whether somebody called and nobody was there. */
const unanswered = ({ role, result }) => role === "callee" && ["missed", "busy"].includes(result);

const iconOf = (entry) => (unanswered(entry) ? "missed" : entry.role === "caller" ? "dialing" : "answered");

/** `own`: it is the reader's own. `act` holds what its buttons do: `call`, `done`, `note`, `private`. */
export function entryRow(entry, { own, act }) {
  const title = titleOf({ peer: entry.peer });
  const who = plain(title);
  const open = unanswered(entry) && !entry.done_at;
  const lasted = entry.answered_at ? Date.parse(entry.ended_at) - Date.parse(entry.answered_at) : null;
  const button = (id, drawing, key = id, plain = false) =>
    smallButton({ id, text: t(`journal.${key}`), about: who, drawing: icon(drawing), click: act[id], plain });
  return html`
    <li class="entry" data-entry=${entry.id} data-missed=${unanswered(entry) ? "yes" : nothing} ?data-done=${Boolean(entry.done_at)}>
      <span class="entry-icon">${icon(iconOf(entry))}</span>
      <div class="entry-main">
        <h2 class="entry-title foreign" dir="auto" tabindex="-1" data-refuge>${title}</h2>
        ${underName(entry.peer, title)}
        <p class="dotted entry-facts">
          <span class="state">${stateOf({ state: "ended", result: entry.result, role: entry.role })}</span>
          <span>${t(`direction.${entry.direction}`)}</span>
          ${entry.line ? html`<span>${entry.line.label ? both(entry.line.label, entry.line.exten) : alone(entry.line.exten)}</span>` : nothing}
          ${own || !entry.extension ? nothing : html`<span>${t("calls.extension", { extension: entry.extension })}</span>`}
          ${entry.private ? html`<span class="tag">${icon("private")}${t("journal.is_private")}</span>` : nothing}
        </p>
        ${entry.done_at ? html`<p class="good">${icon("ok")}<span>${doneBy(entry)}</span></p>` : nothing}
        ${entry.note ? html`<p class="call-note foreign" dir="auto">${icon("note")}<span>${entry.note}</span></p>` : nothing}
        <div class="control-line">
          ${entry.peer.number ? button("call", "dialing", open ? "call_back" : "call") : nothing}
          ${open ? button("done", "ok") : nothing}
          ${own ? button("note", "note", "note", true) : nothing}
          ${own ? button("private", "private", entry.private ? "not_private" : "private", true) : nothing}
        </div>
      </div>
      <p class="entry-time">${dateAndTime(entry.started_at)}${lasted === null
        ? nothing
        : html`<time class="muted digits" datetime="PT${Math.round(lasted / 1000)}S">${duration(lasted)}</time>`}</p>
    </li>`;
}

function doneBy({ done_by: by, done_at: at }) {
  const day = dateAndTime(at);
  return by ? t("journal.done_by", { by: plain(by), when: day }) : t("journal.done_at", { when: day });
}

export function entryDialog(house, entry, took) {
  return new Dialog(house, {
    about: "journal",
    title: () => t("note.title", { who: plain(titleOf({ peer: entry.peer })) }),
    submit: () => t("note.save"),
    body: () => noteField(entry.note),
    run: async (fields) => took(await ask("PATCH", `journal/${entry.id}`, { note: fields.note.value.trim() || null })),
  });
}
