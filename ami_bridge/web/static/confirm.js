/** The question before an emergency call or one that costs extra: nobody makes these by a slip of the hand. */

import { Dialog } from "./dialog.js";
import { html } from "./vendor/lit.js";
import { t } from "./i18n.js";

/** Whether the daemon wants to hear once more that it is meant. */
export const mustBeConfirmed = (error) => error.code === "unconfirmed";

export const confirmDialog = (house, { who, run }) =>
  new Dialog(house, {
    title: () => t("dial.sure", { who }),
    body: () => html`<p>${t("dial.sure_hint")}</p>`,
    submit: () => t("dial.sure_yes"),
    about: "dial",
    danger: true,
    run,
  });
