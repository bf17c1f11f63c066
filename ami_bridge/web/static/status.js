/** Whether what is shown is live, and how that is said. */

import { t, timeOfDay } from "./i18n.js";
import { say } from "./say.js";

const TOLD_AFTER = 1_000; // a link that is back at once was not worth a word

export class Status {
  state = "connecting"; // connecting, live, lost, stopped
  heard = null;
  stoppedBy = null;
  #bridges = new Map();
  #told = "live";
  #later = 0;

  /** Take what the daemon tells about its PBXes. */
  take({ type, bridges, bridge }) {
    if (type === "snapshot" && bridges) this.#bridges = new Map(bridges.map((one) => [one.pbx, one]));
    else if (bridge) this.#bridges.set(bridge.pbx, bridge);
    this.tell();
  }

  become(state, details = {}) {
    Object.assign(this, { state, ...details });
    this.tell();
  }

  get #down() {
    return [...this.#bridges.values()].filter((bridge) => bridge.ami === "down");
  }

  get live() {
    return this.state === "live" && !this.#down.length;
  }

  isDown(pbx) {
    return this.#bridges.get(pbx)?.ami === "down";
  }

  /** Whether what is known of a call may be out of date. */
  isStale(call) {
    return this.state !== "live" || this.isDown(call.pbx);
  }

  /** `is` names the state; all else is how it is shown. */
  get badge() {
    if (this.state === "connecting") return { is: "connecting", kind: "waiting", drawing: "waiting", text: t("status.connecting") };
    if (this.state === "stopped") return { is: "stopped", kind: "bad", drawing: "cut", text: t("status.stopped") };
    if (this.state === "lost") {
      const text = this.heard ? t("status.lost", { time: timeOfDay(this.heard) }) : t("status.unreachable");
      return { is: "lost", kind: "bad", drawing: "cut", text };
    }
    const [down] = this.#down;
    if (!down) return { is: "live", kind: "good", drawing: "ok", text: t("status.live") };
    const key = this.#bridges.size > 1 ? "status.named_pbx_down" : "status.pbx_down";
    return { is: "pbx", kind: "bad", drawing: "cut", text: t(key, { time: timeOfDay(down.since), pbx: down.pbx }) };
  }

  /** That all is well is only worth saying after it was not. */
  tell() {
    clearTimeout(this.#later);
    this.#later = setTimeout(() => {
      const { is, text } = this.badge;
      if (is === "connecting" || is === this.#told) return;
      this.#told = is;
      say(text);
    }, TOLD_AFTER);
  }

  /** Nobody is signed in any more, so nobody is to be told. */
  end() {
    clearTimeout(this.#later);
  }
}
