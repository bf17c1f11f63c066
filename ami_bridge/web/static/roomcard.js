/** One conference room: how one gets in, who is there, and the buttons of who moderates it. */

import { callInDialog, changeDialog, copyDialog, endDialog, inviteDialog, removeDialog, revokeDialog } from "./roomdialogs.js";
import { html, nothing, repeat } from "./vendor/lit.js";
import { inThrees, invitationOf, nameOf, titleOf, whenOf } from "./roomwords.js";
import { number, t, timeOfDay } from "./i18n.js";
import { Part, smallButton } from "./part.js";
import { icon } from "./icons.js";

export class RoomCard extends Part {
  #now;
  #copied = ""; // the text that was copied last
  #open = false; // whether all PINs are shown

  /** `now(room)` gives it as it is by now, or nothing. */
  constructor(house, now) {
    super(house);
    this.#now = now;
  }

  #do(verb, params, said = "") {
    return this.attempt(async () => {
      await this.house.room(`room.${verb}`, params);
      if (said) this.house.say(said);
    }, "room");
  }

  async #copy(room, pin = null) {
    const text = invitationOf(room, pin);
    try {
      await navigator.clipboard.writeText(text); // there is none on pages without TLS
      this.house.say(t("conferences.copied"));
      this.#copied = text;
      this.house.draw();
    } catch {
      copyDialog(this.house, room, text).open();
    }
  }

  #isCopied(room, pin = null) {
    return this.#copied !== "" && this.#copied === invitationOf(room, pin);
  }

  view(room) {
    const live = Boolean(room.since);
    return html`
      <li class="entry room" data-room=${room.number} data-live=${live ? "yes" : nothing}>
        <span class="entry-icon">${icon("conference")}</span>
        <div class="entry-main">
          <h3 class="entry-title foreign" dir="auto" tabindex="-1" data-refuge>${room.title}</h3>
          ${this.#facts(room)}
          ${room.guessed
            ? html`<p class="message message-danger"><span class="kern-icon kern-icon--danger" aria-hidden="true"></span>
                <span>${t("conferences.guessed")}</span></p>`
            : nothing}
          ${room.lines_short
            ? html`<p class="message"><span class="kern-icon kern-icon--warning" aria-hidden="true"></span>
                <span>${t("conferences.lines_short")}</span></p>`
            : nothing}
          ${ways(room)}
          <div class="control-line">${this.#buttons(room, live)}</div>
          ${this.alert()}
          ${live ? this.#people(room) : nothing}
          ${room.moderates ? this.#pins(room) : nothing}
        </div>
      </li>`;
  }

  #facts(room) {
    return html`
      <p class="dotted entry-facts">
        ${room.since ? html`<span class="state">${t("conferences.since", { time: timeOfDay(room.since) })}</span>` : nothing}
        ${room.starts ? html`<span>${whenOf(room)}</span>` : html`<span>${t(`conferences.kind.${room.kind}`)}</span>`}
        ${room.owner ? html`<span class="muted">${t("conferences.by")} <bdi>${room.owner}</bdi></span>` : nothing}
        ${room.recording && !room.since ? html`<span class="muted">${t("conferences.recording_short")}</span>` : nothing}
        ${room.waits && !room.since ? html`<span class="muted">${t("conferences.waits_short")}</span>` : nothing}
      </p>
      ${room.locked || room.recorded
        ? html`<p class="room-tags">
            ${room.locked ? html`<span class="tag">${icon("private")}${t("conferences.is_locked")}</span>` : nothing}
            ${room.recorded ? html`<span class="tag" data-is="recorded">${icon("record")}${t("conferences.is_recorded")}</span>` : nothing}</p>`
        : nothing}`;
  }

  #buttons(room, live) {
    const about = titleOf(room);
    const button = (key, drawing, click, more = {}) =>
      smallButton({ text: t(`conferences.${key}`), about, drawing: icon(drawing), click, inert: this.inert, id: key, ...more });
    const params = { room: room.number };
    const now = () => this.#now(room) ?? room;
    return html`
      ${Object.keys(room.invitation).length ? button(this.#isCopied(room) ? "copied_short" : "copy", this.#isCopied(room) ? "ok" : "copy", () => this.#copy(room), { id: "copy" }) : nothing}
      ${room.moderates
        ? html`
            ${button("call_in", "dialing", () => callInDialog(this.house, room).open())}
            ${live ? button("mute_all", "held", () => this.#do("mute_all", params, t("conferences.say.all_muted"))) : nothing}
            ${live ? button("unmute_all", "answered", () => this.#do("unmute_all", params, t("conferences.say.all_heard"))) : nothing}
            ${live ? button(room.locked ? "unlock" : "lock", "private", () => this.#do(room.locked ? "unlock" : "lock", params)) : nothing}
            ${live && room.can_record
              ? room.recorded
                ? button("stop", "stop", () => this.#do("stop", params, t("conferences.say.recording_over")))
                : button("record", "record", () => this.#do("record", params, t("conferences.say.recorded")))
              : nothing}
            ${room.kind === "adhoc" ? nothing : button("change", "note", () => changeDialog(this.house, now()).open())}
            <button type="button" class="control control-danger" data-id="end" aria-haspopup="dialog" aria-disabled=${this.inert}
              @click=${() => endDialog(this.house, now()).open()}>${icon("ended")}<span>${t("conferences.end")}</span><span class="unseen"> ${about}</span></button>`
        : nothing}`;
  }

  #people(room) {
    return html`
      <h4>${t("conferences.people", { count: number(room.participants.length), most: number(room.most) })}</h4>
      <ul class="rows room-people" role="list">${repeat(room.participants, ({ id }) => id, (one) => this.#person(room, one))}</ul>`;
  }

  #person(room, one) {
    const who = nameOf(one);
    const params = { room: room.number, participant: one.id };
    const tag = (is, key, drawing) => (is ? html`<span class="tag" data-is=${key}>${icon(drawing)}${t(`conferences.is.${key}`)}</span>` : nothing);
    const [verb, said] = one.muted ? ["unmute", "heard"] : ["mute", "muted"];
    return html`
      <li class="row" data-participant=${one.id}>
        <div class="row-main">
          <h5 class="foreign" dir="auto" tabindex="-1" data-refuge>${one.name ?? one.display ?? one.number ?? t("conferences.somebody")}</h5>
          <p class="dotted muted">
            ${one.name && one.number ? html`<span class="digits foreign" dir="ltr">${one.display ?? one.number}</span>` : nothing}
            <span>${t("conferences.there_since", { time: timeOfDay(one.since) })}</span>
          </p>
        </div>
        <p class="room-tags">
          ${tag(one.role === "mod", "mod", "person")}${tag(one.talking, "talking", "answered")}${tag(one.muted, "muted", "held")}${tag(one.waiting, "waiting", "queued")}
        </p>
        ${room.moderates || one.me
          ? html`<div class="control-line">
              ${smallButton({ text: t(`conferences.${verb}`), about: who, id: "mute", inert: this.inert, click: () => this.#do(verb, params, t(`conferences.say.${said}`, { who })) })}
              ${!room.moderates || one.me ? nothing : smallButton({ text: t("conferences.remove"), about: who, id: "remove", inert: this.inert, click: () => removeDialog(this.house, room, one).open() })}
            </div>`
          : nothing}
      </li>`;
  }

  #pins(room) {
    return html`
      <p class="room-more"><button type="button" class="plain-button" aria-expanded=${this.#open ? "true" : "false"} @click=${() => {
        this.#open = !this.#open;
        this.house.draw();
      }}>${t("conferences.pins")}<span class="unseen"> ${titleOf(room)}</span></button></p>
      ${this.#open
        ? html`
            <ul class="rows room-pins" role="list">${repeat(room.pins.filter(({ revoked }) => !revoked), ({ id }) => id, (pin) => this.#pin(room, pin))}</ul>
            <p>${smallButton({ text: t("conferences.invite"), about: titleOf(room), drawing: icon("add"), id: "invite", click: () => inviteDialog(this.house, room).open() })}</p>`
        : nothing}`;
  }

  #pin(room, pin) {
    const who = pin.role === "guest" ? t("conferences.guests") : pin.name;
    const own = pin.digits !== null && pin.digits === room.my_pin;
    return html`
      <li class="row" data-pin=${pin.id}>
        <div class="row-main">
          <h4 class="foreign" dir="auto" tabindex="-1" data-refuge>${who}</h4>
          <p class="dotted">${pin.digits ? html`<span class="digits" dir="ltr">${inThrees(pin.digits)}</span>` : nothing}
            ${pin.role === "mod" ? html`<span class="muted">${t("conferences.is.mod")}</span>` : nothing}</p>
        </div>
        <div class="control-line">
          ${pin.role !== "guest" && !own && pin.digits && room.guest_pin
            ? smallButton({ text: t(this.#isCopied(room, pin.digits) ? "conferences.copied_short" : "conferences.copy"), about: plainFor(who), click: () => this.#copy(room, pin.digits) })
            : nothing}
          ${own ? nothing : smallButton({ text: t("conferences.revoke"), about: plainFor(who), id: "revoke", click: () => revokeDialog(this.house, room, pin, plainFor(who)).open() })}
        </div>
      </li>`;
  }
}

const plainFor = (who) => nameOf({ name: who });

/** How one gets in: numbers and PINs, as they are dialled. */
const ways = (room) => html`
  <dl class="room-ways">
    ${[["dial_in", room.dial_in], ["number", room.number], ["my_pin", room.my_pin && inThrees(room.my_pin)], ["guest_pin", room.guest_pin && inThrees(room.guest_pin)]]
      .filter(([, digits]) => digits)
      .map(([key, digits]) => html`<div><dt>${t(`conferences.${key}`)}</dt><dd class="digits" dir="ltr">${digits}</dd></div>`)}
  </dl>`;
