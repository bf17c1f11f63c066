/** The link to the daemon: says hello, follows the numbering, carries requests, and comes back when it was cut. */

import { Refusal } from "./ask.js";

const SUBPROTOCOL = "ami-bridge.v1";
const PROTOCOL = 1;
const WELCOME_WITHIN = 10_000;
const LONGEST_PAUSE = 30_000;
const FIRST_PAUSE = 500;
const PAUSE_AFTER_RESTART = 5_000;
const SETTLED_AFTER = 10_000; // a link that held this long starts counting its failures anew
const MISSED_BEATS = 2.4; // 60 s of silence at the usual heartbeat of 25 s

const GOING_AWAY = 1001;
const CUT = 1006;
const RESTART = 4000;
const RESYNC = 4010;
const VERSION = 4502;

/** The link broke before the answer came: nobody knows whether it was done. */
export class Cut extends Error {}

/**
 * `topics()` gives what to follow, at every hello anew. `on` has five functions: `welcome(message)`, `message(message)` for everything else in its order, `lost(heard)`
 * with the time of the last sign of life, `refused()` when the daemon did not let us in, `stopped(code)` when there
 * is no use in trying again.
 */
export class Link {
  #address;
  #client;
  #topics;
  #on;
  #random;
  #socket = null;
  #epoch = null;
  #seq = null;
  #heard = null;
  #welcomedAt = null;
  #patience = WELCOME_WITHIN;
  #failures = 0;
  #retry = 0;
  #watch = 0;
  #asked = new Map(); // id of a request: the two ends of its promise
  #lastId = 0;
  #hurry = () => this.#retry && this.#connect();

  constructor({ address, client, topics, on, random = Math.random }) {
    this.#address = address;
    this.#client = client;
    this.#topics = topics;
    this.#on = on;
    this.#random = random;
  }

  open() {
    window.addEventListener("online", this.#hurry);
    this.#connect();
  }

  close() {
    window.removeEventListener("online", this.#hurry);
    clearTimeout(this.#retry);
    this.#retry = 0;
    this.#leave(1000);
  }

  /** Whether requests can be sent now. */
  get isOpen() {
    return this.#welcomedAt !== null && this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Ask for an operation; gives its result, throws a Refusal, or Cut where the link broke meanwhile. */
  request(op, params, key = null) {
    const id = String((this.#lastId += 1));
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ type: "request", id, op, params, ...(key === null ? {} : { key }) }));
    });
  }

  #connect() {
    clearTimeout(this.#retry);
    this.#retry = 0;
    this.#welcomedAt = null;
    this.#patience = WELCOME_WITHIN;
    const socket = new WebSocket(this.#address, SUBPROTOCOL);
    this.#socket = socket;
    socket.onopen = () => socket === this.#socket && this.#hello(socket);
    socket.onmessage = ({ data }) => socket === this.#socket && this.#receive(data);
    socket.onclose = ({ code }) => socket === this.#socket && this.#closed(code);
    this.#beat();
  }

  #hello(socket) {
    const resume = this.#epoch === null ? {} : { resume: { epoch: this.#epoch, seq: this.#seq } };
    const lang = document.documentElement.lang;
    socket.send(JSON.stringify({ type: "hello", client: this.#client, lang, topics: this.#topics(), ...resume }));
  }

  #receive(data) {
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      this.#resync();
      return;
    }
    this.#heard = Date.now();
    if (message.type === "welcome") this.#welcome(message);
    else if (message.type === "response") this.#answered(message);
    else if (typeof message.seq !== "number") this.#on.message(message);
    else if (this.#welcomedAt === null || message.prev !== this.#seq) this.#resync();
    else {
      this.#seq = message.seq;
      this.#on.message(message);
    }
    if (this.#socket) this.#beat();
  }

  #answered({ id, ok, result, error }) {
    const { resolve, reject } = this.#asked.get(id) ?? {};
    this.#asked.delete(id);
    if (ok) resolve?.(result);
    else reject?.(new Refusal(0, { code: error?.code, detail: error?.message }, error?.retry_after));
  }

  #welcome(message) {
    if (message.protocol !== PROTOCOL) {
      this.#closed(VERSION);
      return;
    }
    this.#welcomedAt = Date.now();
    this.#patience = message.heartbeat * 1000 * MISSED_BEATS;
    if (!message.recovered) {
      this.#epoch = message.epoch;
      this.#seq = message.seq;
    }
    this.#on.welcome(message);
  }

  /** Something was missed: forget where we were and have everything told anew. */
  #resync() {
    this.#epoch = null;
    this.#seq = null;
    this.#leave(RESYNC);
    this.#again(RESYNC);
  }

  #closed(code) {
    this.#leave(code === VERSION ? VERSION : 1000);
    if (code >= 4500 && code <= 4999) {
      window.removeEventListener("online", this.#hurry);
      this.#on.stopped(code);
    } else this.#again(code);
  }

  #again(code) {
    if (this.#welcomedAt !== null && Date.now() - this.#welcomedAt > SETTLED_AFTER) this.#failures = 0;
    const letIn = this.#welcomedAt !== null;
    this.#retry = setTimeout(() => this.#connect(), this.#pause(code));
    this.#failures += 1;
    this.#on.lost(this.#heard);
    if (!letIn) this.#on.refused();
  }

  /** Full jitter, so that a hundred pages do not come back in the same instant. */
  #pause(code) {
    if (this.#failures === 0) {
      if (code === RESYNC) return 0;
      if (code === GOING_AWAY || code === RESTART) return this.#random() * PAUSE_AFTER_RESTART;
    }
    return this.#random() * Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** this.#failures);
  }

  #beat() {
    clearTimeout(this.#watch);
    this.#watch = setTimeout(() => this.#closed(CUT), this.#patience);
  }

  #leave(code) {
    clearTimeout(this.#watch);
    const socket = this.#socket;
    this.#socket = null; // from here on nothing it still says counts
    for (const { reject } of this.#asked.values()) reject(new Cut());
    this.#asked.clear();
    if (socket && socket.readyState < WebSocket.CLOSING) socket.close(code);
  }
}
