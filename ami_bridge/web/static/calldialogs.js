/** What is asked before something is done with a call: to whom, who else, which note. */

import { confirmDialog, mustBeConfirmed } from "./confirm.js";
import { html, nothing } from "./vendor/lit.js";
import { plain, titleOf } from "./words.js";
import { Dialog } from "./dialog.js";
import { Finder } from "./finder.js";
import { ask } from "./ask.js";
import { icon } from "./icons.js";
import { keyring } from "./doing.js";
import { t } from "./i18n.js";

const LONGEST_NOTE = 1000;

/** Redirect what rings, or transfer what one talks in: directly, or after a word with the other. */
export function sendDialog(house, call, verbs) {
  let verb = verbs[0];
  const finder = new Finder(house, { id: "send-to", label: () => t("find.label") });
  const word = () => (verb === "redirect" ? t("verb.redirect.do") : verb === "consult" ? t("verb.consult.do") : t("verb.transfer.do"));
  const keys = keyring();
  return callDialog(house, call, {
    about: verbs[0],
    title: () => t(verb === "redirect" ? "send.redirect" : "send.transfer", { who: plain(titleOf(call)) }),
    submit: word,
    ready: () => Boolean(finder.meant),
    run: () => reach(house, call, verb, { to: finder.meant.number }, finder.meant.display, keys),
    verbs: () => [verb],
    body: () => html`
      ${finder.view({ autofocus: true, hint: meant(finder) })}
      ${verbs.length > 1
        ? html`
            <fieldset class="plain-fieldset">
              <legend class="kern-label">${t("send.how")}</legend>
              ${verbs.map(
                (one) => html`
                  <label class="choice"><input type="radio" name="how" value=${one} .checked=${one === verb}
                    @change=${() => { verb = one; house.draw(); }}> <span>${t(`send.${one}.how`)}</span></label>`,
              )}
            </fieldset>`
        : nothing}`,
  });
}

/** Make it a conference and call others in. */
export function conferenceDialog(house, call) {
  const add = [];
  const finder = new Finder(house, {
    id: "conference-add",
    label: () => t("find.label"),
    took(option) {
      if (!add.some((one) => one.number === option.number)) add.push(option);
      finder.clear();
      house.draw();
      house.say(t("conference.added", { who: plain(option.name ?? option.display) }));
    },
  });
  const all = () => (finder.meant ? [...add, finder.meant] : add);
  const keys = keyring();
  const numbers = () => all().map((one) => one.number);
  const leave = (option) => {
    add.splice(add.indexOf(option), 1);
    house.draw();
    document.getElementById("conference-add").focus();
  };
  return callDialog(house, call, {
    about: "conference",
    title: () => t("conference.title"),
    submit: () => t("conference.do"),
    ready: () => all().length > 0 || !call.room, // alone it is a room into which others dial
    run: () => reach(house, call, "conference", { add: numbers() }, all().map((one) => one.display).join(", "), keys),
    verbs: () => ["conference"],
    body: () => html`
      <p class="muted">${t("conference.hint", { who: plain(titleOf(call)) })}</p>
      ${finder.view({ autofocus: true })}
      ${add.length
        ? html`<ul class="chips" role="list" aria-label=${t("conference.chosen")}>
            ${add.map((one) => html`
              <li class="chip"><span class="foreign" dir="auto">${one.name ?? one.display}</span>
                <button type="button" class="plain-button" @click=${() => leave(one)}>
                  ${icon("remove")}<span class="unseen">${t("conference.leave_out", { who: one.name ?? one.display })}</span>
                </button></li>`)}
          </ul>`
        : nothing}`,
  });
}

/** A few words about a call, for oneself; when it ends meanwhile, they go to its place in the journal. */
export function noteDialog(house, call) {
  return callDialog(house, call, {
    about: "note",
    title: () => t("note.title", { who: plain(titleOf(call)) }),
    submit: () => t("note.save"),
    run(fields) {
      const text = fields.note.value.trim();
      if (house.callNow(call)?.actions?.includes("note")) return house.act(call, "note", { text });
      return ask("PATCH", `journal/${call.id}`, { note: text || null });
    },
    verbs: () => [],
    body: () => noteField(call.note),
  });
}

export const noteField = (note) => html`
  <div class="kern-form-input">
    <label class="kern-label" for="note">${t("note.label")}</label>
    <textarea class="kern-form-input__input" id="note" name="note" rows="4" maxlength=${LONGEST_NOTE} autofocus
      aria-describedby="note-hint" .defaultValue=${note ?? ""}></textarea>
    <p class="muted" id="note-hint">${t("note.hint")}</p>
  </div>`;

/** Do what calls somebody, and ask once more where the daemon wants that. */
async function reach(house, call, verb, params, who, keys) {
  const act = (more) => house.act(call, verb, { ...params, ...more }, keys(JSON.stringify([verb, params, more])));
  try {
    await act({});
  } catch (error) {
    if (!mustBeConfirmed(error)) throw error;
    confirmDialog(house, { who, run: () => act({ confirmed: true }) }).open();
  }
}

/** A dialog about a call that goes on meanwhile: when the call cannot do it any more, the dialog says so. */
function callDialog(house, call, { body, ready = () => true, verbs, ...rest }) {
  const possible = () => verbs().every((verb) => house.callNow(call)?.actions?.includes(verb));
  return new Dialog(house, {
    ...rest,
    ready: () => ready() && possible(),
    body: () => html`${body()}${possible() ? nothing : html`<p class="message" role="status">${t("send.too_late")}</p>`}`,
  });
}

const meant = (finder) =>
  finder.picked?.name ? t("send.to", { who: plain(finder.picked.name), number: finder.picked.display }) : t("send.hint");
