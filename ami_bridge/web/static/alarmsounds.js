/** The sounds of alarms: to listen to, and for who manages alarms to try at the telephone, to add and to remove. */

import { ask, send } from "./ask.js";
import { html, live, nothing, repeat } from "./vendor/lit.js";
import { number, t } from "./i18n.js";
import { Dialog } from "./dialog.js";
import { Part, smallButton } from "./part.js";
import { icon } from "./icons.js";

const NOT_A_NAME = /[^a-z0-9]+/g;
const LONGEST_NAME = 40;

/** What a file could be called as a sound: small letters, digits and hyphens. */
const named = (text) => text.toLowerCase().replace(/ä/g, "ae").replace(/ö/g, "oe").replace(/ü/g, "ue").replace(/ß/g, "ss")
  .replace(NOT_A_NAME, "-").slice(0, LONGEST_NAME).replace(/^-+|-+$/g, "");

export class AlarmSounds extends Part {
  #sounds = null;
  #manages;

  constructor(house, manages) {
    super(house);
    this.#manages = manages;
  }

  load() {
    return this.attempt(async () => ({ sounds: this.#sounds } = await ask("GET", "sounds")));
  }

  view() {
    return html`
      <section class="panel" aria-labelledby="alarm-sounds">
        <div class="section-head"><h2 id="alarm-sounds" tabindex="-1" data-refuge>${t("alarms.view.sounds")}</h2>
          ${this.#manages ? html`<button type="button" class="control" aria-haspopup="dialog" @click=${() => this.#add()}>${t("alarms.sound.add")}</button>` : nothing}</div>
        <p class="muted">${t("alarms.sound.hint")}</p>
        ${this.alert()}
        <ul class="rows" role="list">${repeat(this.#sounds ?? [], ({ name }) => name, (one) => this.#row(one))}</ul>
      </section>`;
  }

  #row(one) {
    const [mine] = this.house.user?.extensions ?? [];
    return html`
      <li class="row" data-sound=${one.name}>
        <div class="row-main"><h3>${one.name}</h3>
          <p class="dotted muted"><span>${t("alarms.sound.seconds", { seconds: number(one.seconds) })}</span>
            <span>${t("alarms.sound.loudness", { lufs: number(one.loudness) })}</span>
            ${one.own ? html`<span>${t("alarms.sound.own")}</span>` : nothing}
            ${one.used.length ? html`<bdi class="foreign">${one.used.join(", ")}</bdi>` : nothing}</p></div>
        <audio controls preload="none" src=${`/api/v1/sounds/${one.name}`} aria-label=${one.name}></audio>
        ${this.#manages && mine ? smallButton({ text: t("alarms.sound.play"), about: one.name, inert: this.inert, click: () => this.#play(one.name, mine) }) : nothing}
        ${this.#manages && one.own ? smallButton({ text: t("alarms.sound.remove"), about: one.name, click: () => this.#remove(one.name), plain: true }) : nothing}
      </li>`;
  }

  async #play(name, to) {
    if (await this.attempt(() => ask("POST", `sounds/${name}/play`, { to }), "sound")) this.house.say(t("alarms.sound.rings", { name, to }));
  }

  #add() {
    const wish = { file: null, name: "" };
    const set = (change) => {
      Object.assign(wish, change);
      this.house.draw();
    };
    new Dialog(this.house, {
      about: "sound",
      title: () => t("alarms.sound.add"),
      submit: () => t("alarms.sound.add_do"),
      ready: () => wish.file && named(wish.name) !== "",
      body: () => html`
        <p class="muted" id="sound-hint">${t("alarms.sound.add_hint")}</p>
        <div class="kern-form-input"><label class="kern-label" for="sound-file">${t("alarms.sound.file")}</label>
          <input class="kern-form-input__input" id="sound-file" type="file" accept="audio/*" autofocus aria-describedby="sound-hint"
            @change=${({ target: { files: [file = null] } }) => set({ file, name: wish.name || named(file?.name.replace(/\.[^.]*$/, "") ?? "") })}></div>
        <div class="kern-form-input"><label class="kern-label" for="sound-name">${t("alarms.sound.name")}</label>
          <input class="kern-form-input__input" id="sound-name" type="text" maxlength=${LONGEST_NAME} autocomplete="off"
            .value=${live(wish.name)} @input=${({ target }) => set({ name: target.value })}></div>`,
      run: async () => {
        const { name } = await send("PUT", `sounds/${named(wish.name)}`, wish.file);
        await this.load();
        this.house.say(t("alarms.sound.added", { name }));
      },
    }).open();
  }

  #remove(name) {
    new Dialog(this.house, {
      about: "sound",
      danger: true,
      title: () => t("alarms.sound.remove_sure", { name }),
      submit: () => t("alarms.sound.remove"),
      body: () => html`<p>${icon("cut")} ${t("alarms.sound.remove_hint")}</p>`,
      run: async () => {
        await ask("DELETE", `sounds/${name}`);
        await this.load();
      },
    }).open();
  }
}
