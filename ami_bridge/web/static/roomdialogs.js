/** What is asked about conference rooms: what a new one shall be, whom to call or invite, whether it is meant. */

import { html, live, nothing } from "./vendor/lit.js";
import { keyring } from "./doing.js";
import { nameOf, titleOf } from "./roomwords.js";
import { Dialog } from "./dialog.js";
import { Finder } from "./finder.js";
import { icon } from "./icons.js";
import { plain } from "./words.js";
import { t } from "./i18n.js";

const HOUR = 3_600_000;
const KINDS = ["booked", "personal", "department"];
const LONGEST_TITLE = 200;
const MOST_PEOPLE = 200;
const LANGUAGES = ["de", "en"];

/** As a field for date and time has it, on the reader's clock. */
const local = (time) => new Date(time - new Date(time).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);

const timeOf = (text) => new Date(text).getTime();

/** `made(room)` shows it and returns where the focus goes. */
export function makeDialog(house, made) {
  const next = (Math.floor(Date.now() / HOUR) + 1) * HOUR;
  const wish = { title: "", kind: "booked", from: local(next), until: local(next + HOUR), waits: true };
  const guests = new Guests(house);
  const inOrder = () => wish.kind !== "booked" || timeOf(wish.until) > timeOf(wish.from);
  const set = (change) => {
    Object.assign(wish, change);
    house.draw();
  };
  /** The end moves with the beginning. */
  const begin = (from) => {
    const lasts = timeOf(wish.until) - timeOf(wish.from);
    set({ from, ...(from && lasts > 0 ? { until: local(timeOf(from) + lasts) } : {}) });
  };
  const field = (name, type, change, more = nothing) => html`
    <div class="kern-form-input">
      <label class="kern-label" for="room-${name}">${t(`conferences.${name}`)}</label>
      <input class="kern-form-input__input" id="room-${name}" type=${type} maxlength=${type === "text" ? LONGEST_TITLE : nothing} autocomplete="off" required
        ?autofocus=${name === "title"} .value=${live(wish[name])} @input=${(event) => change(event.target.value)}>
      ${more}
    </div>`;
  const dialog = new Dialog(house, {
    about: "room_make",
    title: () => t("conferences.new_title"),
    submit: () => t("conferences.make"),
    ready: () => wish.title.trim() !== "" && inOrder(),
    body: () => html`
      ${field("title", "text", (title) => set({ title }))}
      <fieldset class="plain-fieldset">
        <legend class="kern-label">${t("conferences.kind")}</legend>
        ${KINDS.filter((kind) => kind !== "department" || house.user.department).map((kind) => html`
          <label class="choice"><input type="radio" name="kind" value=${kind} .checked=${live(wish.kind === kind)} @change=${() => set({ kind })}>
            <span>${t(`conferences.choose.${kind}`)}</span></label>`)}
      </fieldset>
      ${wish.kind === "booked"
        ? html`<div class="room-times">
              ${field("from", "datetime-local", begin)}
              ${field("until", "datetime-local", (until) => set({ until }))}
            </div>
            <p class=${inOrder() ? "muted" : "message"} role="status">${t(inOrder() ? "conferences.times_hint" : "conferences.wrong_order")}</p>`
        : nothing}
      <label class="choice"><input type="checkbox" name="waits" .checked=${live(wish.waits)} @change=${(event) => set({ waits: event.target.checked })}>
        <span>${t("conferences.waits")}</span></label>
      ${guests.view()}`,
    run: async () => {
      const times = wish.kind === "booked" ? { starts: iso(wish.from), ends: iso(wish.until) } : {};
      const people = guests.all();
      const room = await house.room("room.make", { title: wish.title.trim(), kind: wish.kind, waits: wish.waits, ...times, ...(people.length ? { people } : {}) });
      dialog.back = [made(room), ...dialog.back];
    },
  });
  return dialog;
}

/** Only what is another than before is asked for. */
export function changeDialog(house, room) {
  const first = {
    title: room.title, language: room.language, most: String(room.most), waits: room.waits, recording: room.recording,
    from: room.starts ? local(new Date(room.starts).getTime()) : "", until: room.ends ? local(new Date(room.ends).getTime()) : "",
  };
  const wish = { ...first };
  const invited = room.pins.filter((pin) => pin.role !== "guest" && pin.digits !== room.my_pin && pin.name !== room.owner);
  const moderates = new Map(invited.map((pin) => [pin.id, pin.role === "mod"]));
  const mostOf = () => Number(wish.most);
  const fits = () => Number.isInteger(mostOf()) && mostOf() >= 1 && mostOf() <= MOST_PEOPLE;
  const inOrder = () => !room.starts || timeOf(wish.until) > timeOf(wish.from);
  const set = (change) => {
    Object.assign(wish, change);
    house.draw();
  };
  const field = (name, type, more = nothing) => html`
    <div class="kern-form-input">
      <label class="kern-label" for="room-${name}">${t(`conferences.${name}`)}</label>
      <input class="kern-form-input__input" id="room-${name}" type=${type} maxlength=${type === "text" ? LONGEST_TITLE : nothing} autocomplete="off" required
        min=${type === "number" ? 1 : nothing} max=${type === "number" ? MOST_PEOPLE : nothing}
        ?autofocus=${name === "title"} .value=${live(wish[name])} @input=${(event) => set({ [name]: event.target.value })}>
      ${more}
    </div>`;
  const tick = (name, is, change, text) => html`
    <label class="choice"><input type="checkbox" name=${name} .checked=${live(is)} @change=${(event) => change(event.target.checked)}><span>${text}</span></label>`;
  const changes = () => {
    const other = (name) => wish[name] !== first[name];
    return {
      ...(wish.title.trim() === room.title ? {} : { title: wish.title.trim() }),
      ...(other("from") || other("until") ? { starts: iso(wish.from), ends: iso(wish.until) } : {}),
      ...(other("language") ? { language: wish.language } : {}),
      ...(other("most") ? { most: mostOf() } : {}),
      ...(other("waits") ? { waits: wish.waits } : {}),
      ...(other("recording") ? { recording: wish.recording } : {}),
    };
  };
  return new Dialog(house, {
    about: "room_make",
    title: () => t("conferences.change_title", { room: titleOf(room) }),
    submit: () => t("conferences.change_do"),
    ready: () => wish.title.trim() !== "" && inOrder() && fits(),
    body: () => html`
      ${field("title", "text")}
      ${room.starts
        ? html`<div class="room-times">${field("from", "datetime-local")}${field("until", "datetime-local")}</div>
            <p class=${inOrder() ? "muted" : "message"} role="status">${t(inOrder() ? "conferences.times_hint" : "conferences.wrong_order")}</p>`
        : nothing}
      <div class="room-times">
        <div class="kern-form-input">
          <label class="kern-label" for="room-language">${t("conferences.language")}</label>
          <div class="kern-form-input__select-wrapper"><select class="kern-form-input__select" id="room-language" .value=${live(wish.language)} @change=${(event) => set({ language: event.target.value })}>
            ${LANGUAGES.map((one) => html`<option value=${one} .selected=${live(one === wish.language)}>${t(`conferences.language.${one}`)}</option>`)}
          </select></div>
        </div>
        ${field("most", "number", fits() ? nothing : html`<p class="message" role="status">${t("conferences.wrong_most", { most: MOST_PEOPLE })}</p>`)}
      </div>
      ${tick("waits", wish.waits, (waits) => set({ waits }), t("conferences.waits"))}
      ${room.can_record
        ? html`${tick("recording", wish.recording, (recording) => set({ recording }), t("conferences.recording"))}
            ${wish.recording ? html`<p class="muted" role="status">${t("conferences.recording_hint")}</p>` : nothing}`
        : nothing}
      ${invited.length
        ? html`<fieldset class="plain-fieldset"><legend class="kern-label">${t("conferences.who_moderates")}</legend>
            ${invited.map((pin) => tick("moderates", moderates.get(pin.id), (is) => {
              moderates.set(pin.id, is);
              house.draw();
            }, html`<span class="foreign" dir="auto">${pin.name}</span>`))}</fieldset>`
        : nothing}`,
    run: async () => {
      const change = changes();
      if (Object.keys(change).length) await house.room("room.change", { room: room.number, change });
      for (const pin of invited) {
        const is = moderates.get(pin.id);
        if (is !== (pin.role === "mod")) await house.room("room.let_moderate", { room: room.number, pin: pin.id, moderates: is });
      }
      house.say(t("conferences.say.changed", { room: titleOf(room) }));
    },
  });
}

const iso = (text) => new Date(text).toISOString();

/** Who gets a PIN: people of the house are found, anybody else is a name. */
class Guests {
  #house;
  #people = [];
  #finder;

  constructor(house) {
    this.#house = house;
    this.#finder = new Finder(house, { id: "room-people", label: () => t("conferences.invite_whom"), took: (option) => this.#add(option) });
  }

  #add({ name, display, login }) {
    const who = { name: name ?? display, login };
    if (!this.#people.some((one) => one.login === login && one.name === who.name)) this.#people.push(who);
    this.#finder.clear();
    this.#house.draw();
    this.#house.say(t("conference.added", { who: plain(who.name) }));
  }

  #addTyped() {
    const name = this.#finder.text.trim();
    if (name) this.#add(this.#finder.picked ?? { name });
    document.getElementById("room-people").focus();
  }

  #leave(who) {
    this.#people.splice(this.#people.indexOf(who), 1);
    this.#house.draw();
    document.getElementById("room-people").focus();
  }

  /** As the daemon takes them; what was typed and not added is meant too. */
  all() {
    const typed = this.#finder.text.trim();
    return [...this.#people, ...(typed ? [{ name: typed }] : [])].map(({ name, login }) => (login ? { login } : { name }));
  }

  view({ autofocus = false } = {}) {
    return html`
      ${this.#finder.view({
        autofocus,
        hint: t("conferences.invite_hint"),
        button: html`<button type="button" class="kern-btn kern-btn--secondary" @click=${() => this.#addTyped()}>
          <span class="kern-label">${t("conferences.add")}</span></button>`,
      })}
      ${this.#people.length
        ? html`<ul class="chips" role="list" aria-label=${t("conferences.invited")}>
            ${this.#people.map((one) => html`
              <li class="chip"><span class="foreign" dir="auto">${one.name}</span>
                <button type="button" class="plain-button" @click=${() => this.#leave(one)}>
                  ${icon("remove")}<span class="unseen">${t("conference.leave_out", { who: plain(one.name) })}</span>
                </button></li>`)}
          </ul>`
        : nothing}`;
  }
}

/** More people get a PIN. */
export function inviteDialog(house, room) {
  const guests = new Guests(house);
  return new Dialog(house, {
    about: "room",
    title: () => t("conferences.invite_title", { room: titleOf(room) }),
    submit: () => t("conferences.invite_do"),
    ready: () => guests.all().length > 0,
    body: () => guests.view({ autofocus: true }),
    run: () => house.room("room.invite", { room: room.number, people: guests.all() }),
  });
}

export function callInDialog(house, room) {
  const finder = new Finder(house, { id: "room-call", label: () => t("find.label") });
  const keys = keyring();
  return new Dialog(house, {
    about: "room_call",
    title: () => t("conferences.call_in_title", { room: titleOf(room) }),
    submit: () => t("conferences.call_in_do"),
    ready: () => Boolean(finder.meant),
    body: () => finder.view({ autofocus: true, hint: t("conferences.call_in_hint") }),
    run: async () => {
      const { number, display, name } = finder.meant;
      await house.room("room.call", { room: room.number, to: number }, keys(number));
      house.say(t("conferences.say.called", { who: plain(name ?? display) }));
    },
  });
}

const sure = (house, { title, hint, submit, run, about = "room" }) =>
  new Dialog(house, { title, body: () => html`<p>${hint()}</p>`, submit, run, about, danger: true });

export const removeDialog = (house, room, one) =>
  sure(house, {
    about: "room_remove",
    title: () => t("conferences.remove_sure", { who: nameOf(one) }),
    hint: () => t("conferences.remove_hint"),
    submit: () => t("conferences.remove"),
    run: () => house.room("room.remove", { room: room.number, participant: one.id }),
  });

export const endDialog = (house, room) =>
  sure(house, {
    title: () => t("conferences.end_sure", { room: titleOf(room) }),
    hint: () => t("conferences.end_hint"),
    submit: () => t("conferences.end_do"),
    run: () => house.room("room.end", { room: room.number }),
  });

export const revokeDialog = (house, room, pin, who) =>
  sure(house, {
    title: () => t("conferences.revoke_sure", { who }),
    hint: () => t(pin.role === "guest" ? "conferences.revoke_guest_hint" : "conferences.revoke_hint"),
    submit: () => t("conferences.revoke"),
    run: () => house.room("room.revoke", { room: room.number, pin: pin.id }),
  });

/** Where a page may not write to the clipboard by itself, the text is there to be taken. */
export function copyDialog(house, room, text) {
  const dialog = new Dialog(house, {
    title: () => t("conferences.copy_title", { room: titleOf(room) }),
    submit: () => t("conferences.copy_do"),
    body: () => html`
      <div class="kern-form-input">
        <label class="kern-label" for="invitation">${t("conferences.invitation")}</label>
        <textarea class="kern-form-input__input" id="invitation" name="invitation" rows="6" readonly autofocus
          @focus=${(event) => event.target.select()} .value=${text}></textarea>
      </div>`,
    run: (fields) => {
      fields.invitation.focus();
      fields.invitation.select();
      if (!document.execCommand("copy")) throw new Error("the browser does not copy");
      house.say(t("conferences.copied"));
    },
  });
  dialog.words = () => t("conferences.copy_by_hand");
  return dialog;
}
