/** One's telephones: which there are, which rings first when one dials, and where one sits today. */

import { html, nothing, repeat } from "./vendor/lit.js";
import { knows, t, timeOfDay } from "./i18n.js";
import { Dialog } from "./dialog.js";
import { Part } from "./part.js";
import { ask } from "./ask.js";
import { icon } from "./icons.js";

export class Phones extends Part {
  #devices = null;
  #seats = null;

  load() {
    return this.attempt(() => this.#read());
  }

  async #read() {
    const [{ devices }, { seats }] = await Promise.all([ask("GET", "devices"), ask("GET", "seats")]);
    [this.#devices, this.#seats] = [devices, seats];
  }

  #choose(device) {
    return this.attempt(async () => {
      await ask("PUT", "devices/chosen", { device });
      ({ devices: this.#devices } = await ask("GET", "devices"));
    }, "", device);
  }

  #sit(seat) {
    return this.attempt(async () => {
      await ask("PUT", "seat", { seat });
      await this.#read();
      const mine = this.#seats.find((one) => one.mine);
      this.house.say(mine ? t("seat.sits", mine) : t("seat.left"));
    }, "seat");
  }

  view() {
    return html`
      <section class="panel" aria-labelledby="phones">
        <h2 id="phones" tabindex="-1" data-refuge>${t("phones.title")}</h2>
        ${this.alert()}
        ${this.#devices ? this.#phones(this.#devices) : nothing}
        ${this.#seats?.length ? this.#places(this.#seats) : nothing}
      </section>`;
  }

  #phones(devices) {
    if (!devices.length) return html`<p>${t("phones.none")}</p>`;
    const several = devices.length > 1;
    const chosen = devices.find((one) => one.chosen)?.id ?? null;
    return html`
      <fieldset class="plain-fieldset">
        <legend>${t(several ? "phones.first" : "phones.one")}</legend>
        <ul class="rows" role="list">
          ${several
            ? html`<li class="row">
                <label class="choice"><input type="radio" name="device" .checked=${this.isPicked(null, chosen)} aria-disabled=${this.inert}
                  @change=${() => this.#choose(null)}> <span>${t("phones.any")}</span></label></li>`
            : nothing}
          ${repeat(devices, ({ id }) => id, (one) => html`<li class="row">${several ? this.#choice(one, chosen) : this.#phone(one)}</li>`)}
        </ul>
      </fieldset>`;
  }

  #choice(device, chosen) {
    return html`
      <label class="choice"><input type="radio" name="device" .checked=${this.isPicked(device.id, chosen)} aria-disabled=${this.inert}
        @change=${() => this.#choose(device.id)}> ${this.#phone(device)}</label>`;
  }

  #phone({ id, label, extension, model, registered, capabilities }) {
    const can = capabilities.filter((one) => knows(`phone.can.${one}`)).map((one) => t(`phone.can.${one}`));
    return html`
      <span class="row-main">
        <span class="phone-name foreign" dir="auto">${label ?? model ?? id}</span>
        <span class="muted dotted">
          <span>${t("calls.extension", { extension })}</span>
          ${label && model ? html`<span class="foreign" dir="auto">${model}</span>` : nothing}
          <span class=${registered ? "good" : "bad"}>${icon(registered ? "ok" : "cut")}${t(registered ? "phone.there" : "phone.away")}</span>
        </span>
        ${can.length ? html`<span class="muted">${t("phone.can", { what: can.join(", ") })}</span>` : nothing}
      </span>`;
  }

  /** Somebody sits there, or has forgotten to get up: who, nobody is told. */
  #insist(seat) {
    new Dialog(this.house, {
      title: () => t("seat.sure", seat),
      body: () => html`<p>${t("seat.sure_hint")}</p>`,
      submit: () => t("seat.go"),
      run: () => void this.#sit(seat.id),
    }).open();
  }

  #places(seats) {
    const mine = seats.find((one) => one.mine);
    const submit = (event) => {
      event.preventDefault();
      const wanted = seats.find((one) => one.id === event.target.elements.seat.value);
      if (wanted?.taken && !wanted.mine) this.#insist(wanted);
      else this.#sit(wanted?.id ?? null);
    };
    return html`
      <form class="seat" @submit=${submit}>
        <div class="kern-form-input">
          <label class="kern-label" for="seat">${t("seat.label")}</label>
          <div class="kern-form-input__select-wrapper">
            <select class="kern-form-input__select" id="seat" name="seat" aria-describedby="seat-hint">
              <option value="" ?selected=${!mine}>${t("seat.none")}</option>
              ${seats.map(
                (one) => html`
                  <option value=${one.id} ?selected=${one.mine}>${t(one.taken && !one.mine ? "seat.taken" : "seat.free", one)}</option>`,
              )}
            </select>
          </div>
          <p class="muted" id="seat-hint">${mine?.until ? t("seat.until", { time: timeOfDay(mine.until) }) : t("seat.hint")}</p>
        </div>
        <p><button type="submit" class="kern-btn kern-btn--secondary" aria-disabled=${this.inert}>
          <span class="kern-label">${t("seat.go")}</span></button></p>
      </form>`;
  }
}
