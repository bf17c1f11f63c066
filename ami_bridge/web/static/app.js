/** The frame of the page: who is signed in, which screen is shown, and whether what it shows is live. */

import { Calls, TOPIC, callsScreen, sentence, ringsHere, windowTitle } from "./calls.js";
import { choose as useLanguage, language, preferred, remember, t, timeOfDay } from "./i18n.js";
import { ask, explain, signIn, signInScreen, signOut, whoAmI } from "./signin.js";
import { html, nothing, render } from "./vendor/lit.js";
import { Own, ownScreen } from "./own.js";
import { Link } from "./socket.js";
import { icon } from "./icons.js";
import { learn } from "./clock.js";

const PRODUCT = "ami_bridge";
const CLIENT = "page/1.0";
const LANGUAGES = [["de", "Deutsch"], ["en", "English"]];
const SPOKEN_TOGETHER_WITHIN = 150;
const SPOKEN_FOR = 10_000;
const TOLD_AFTER = 1_000; // a link that is back at once was not worth a word
const FIRST_RETRY = 1_000;
const LONGEST_RETRY = 30_000;
const SIGNED_OUT_CODES = [4500];

/** A later screen is one more line here. */
const SCREENS = [
  { id: "calls", show: callsScreen },
  { id: "own", show: ownScreen },
];

const page = {
  user: undefined, // undefined: not known yet; null: nobody
  screen: SCREENS[0],
  link: null,
  state: "connecting", // connecting, live, lost, stopped
  heard: null,
  stoppedBy: null,
  bridges: new Map(),
  calls: new Calls(),
  own: new Own(() => draw()),
  form: { busy: false, error: "", wrong: false },
  notice: "", // key of a text
};

// --- whether what is shown is live

const bridgesDown = () => [...page.bridges.values()].filter((bridge) => bridge.ami === "down");
const isLive = () => page.state === "live" && !bridgesDown().length;
const isStale = (call) => page.state !== "live" || page.bridges.get(call.pbx)?.ami === "down";

/** `is` names the state; all else is how it is shown. */
function badge() {
  if (page.state === "connecting") return { is: "connecting", kind: "waiting", drawing: "waiting", text: t("status.connecting") };
  if (page.state === "stopped") return { is: "stopped", kind: "bad", drawing: "cut", text: t("status.stopped") };
  if (page.state === "lost") {
    const text = page.heard ? t("status.lost", { time: timeOfDay(page.heard) }) : t("status.unreachable");
    return { is: "lost", kind: "bad", drawing: "cut", text };
  }
  const [down] = bridgesDown();
  if (!down) return { is: "live", kind: "good", drawing: "ok", text: t("status.live") };
  const key = page.bridges.size > 1 ? "status.named_pbx_down" : "status.pbx_down";
  return { is: "pbx", kind: "bad", drawing: "cut", text: t(key, { time: timeOfDay(down.since), pbx: down.pbx }) };
}

// --- saying things to people who hear the page

let toSay = [];
let sayLater = 0;

function say(text) {
  toSay.push(text);
  clearTimeout(sayLater);
  sayLater = setTimeout(() => {
    const region = document.getElementById("announcements");
    region.textContent = toSay.join(" ");
    toSay = [];
    sayLater = setTimeout(() => (region.textContent = ""), SPOKEN_FOR);
  }, SPOKEN_TOGETHER_WITHIN);
}

let told = "live";
let tellLater = 0;

/** That all is well is only worth saying after it was not. */
function tellBadge() {
  clearTimeout(tellLater);
  tellLater = setTimeout(() => {
    const { is, text } = badge();
    if (!page.user || is === "connecting" || is === told) return;
    told = is;
    say(text);
  }, TOLD_AFTER);
}

// --- the link

const on = {
  welcome(message) {
    page.state = "live";
    page.user = message.user ?? page.user;
    tellBadge();
    draw();
  },

  message(message) {
    if (message.ts) learn(message.ts);
    if (message.type === "snapshot") snapshot(message);
    else if (message.type === "event") happened(message);
    draw();
    if (typeof message.seq === "number") document.documentElement.dataset.seq = message.seq;
  },

  lost(heard) {
    page.state = "lost";
    page.heard = heard;
    tellBadge();
    draw();
  },

  /** A browser does not tell why a websocket was refused; the session may be over. */
  async refused() {
    const link = page.link;
    const user = await whoAmI().catch(() => undefined);
    if (user === null && link === page.link) leave("signin.expired");
  },

  stopped(code) {
    if (SIGNED_OUT_CODES.includes(code)) {
      leave("signin.revoked");
      return;
    }
    page.state = "stopped";
    page.stoppedBy = code;
    tellBadge();
    draw();
  },
};

function snapshot({ topic, calls, bridges }) {
  if (topic === TOPIC && calls) page.calls.replace(calls).filter(ringsHere).forEach((call) => say(sentence(call)));
  if (topic === "bridge" && bridges) {
    page.bridges = new Map(bridges.map((bridge) => [bridge.pbx, bridge]));
    tellBadge();
  }
}

function happened({ topic, call, bridge }) {
  if (topic === TOPIC && call && page.calls.change(call)) say(sentence(call));
  if (topic === "bridge" && bridge) {
    page.bridges.set(bridge.pbx, bridge);
    tellBadge();
  }
}

function enter(user) {
  const address = `${location.origin.replace(/^http/, "ws")}/api/v1/ws`;
  Object.assign(page, { user, state: "connecting", heard: null, stoppedBy: null, notice: "" });
  Object.assign(page, { bridges: new Map(), calls: new Calls(), own: new Own(() => draw()) });
  if (page.screen.id === "own") page.own.load();
  page.link = new Link({ address, client: CLIENT, topics: [TOPIC], on });
  page.link.open();
  draw();
}

function leave(notice) {
  page.link?.close();
  Object.assign(page, { user: null, link: null, notice });
  Object.assign(page, { bridges: new Map(), calls: new Calls() });
  page.form = { busy: false, error: "", wrong: false };
  delete document.documentElement.dataset.seq;
  draw();
  document.getElementById("user").focus();
}

// --- what people do

async function submit(event) {
  event.preventDefault();
  if (page.form.busy) return;
  const fields = event.target.elements;
  page.form = { busy: true, error: "", wrong: false };
  draw();
  let user;
  try {
    user = await signIn(fields.user.value.trim(), fields.password.value);
  } catch (error) {
    page.form = { busy: false, error: explain(error), wrong: error.status === 401 };
    draw();
    fields.password.select();
    return;
  }
  page.form = { busy: false, error: "", wrong: false };
  enter(user);
  document.querySelector("h1").focus();
}

async function goodbye() {
  try {
    await signOut();
    leave("signin.goodbye");
  } catch (error) {
    page.notice = "signout.failed";
    draw();
    say(t(page.notice));
  }
}

async function choose(peer, ref) {
  try {
    await ask("PUT", "contacts/choice", { number: peer.number, ref });
    page.notice = "";
  } catch {
    page.notice = "calls.choice_failed";
    say(t(page.notice));
  }
  draw();
}

async function speak(wanted) {
  await useLanguage(wanted);
  remember(wanted);
  draw();
}

function route() {
  const wanted = SCREENS.find((screen) => location.hash === `#/${screen.id}`);
  if (!wanted || wanted === page.screen) return;
  page.screen = wanted;
  if (wanted.id === "own" && page.user) page.own.load();
  draw();
  document.querySelector("h1").focus();
}

// --- drawing

function draw() {
  const signedIn = Boolean(page.user);
  page.calls.expire();
  render(
    html`
      <a class="skip" href="#main">${t("frame.skip")}</a>
      <header class="top">
        <div class="column top-line">
          <p class="brand"><img src="/static/icon.svg" alt="" width="32" height="32">${PRODUCT}</p>
          ${languages()}
          ${signedIn ? person() : nothing}
        </div>
        ${signedIn ? html`<div class="bar"><div class="column bar-line">${navigation()}${connection()}</div></div>` : nothing}
      </header>
      <main id="main" class="column" tabindex="-1">${signedIn ? screen() : outside()}</main>`,
    document.getElementById("app"),
  );
  document.title = titleNow();
}

function titleNow() {
  if (!page.user) return `${t("signin.title")} · ${PRODUCT}`;
  const ringing = windowTitle(page.calls.going.filter((call) => !isStale(call)));
  return `${ringing || t(`nav.${page.screen.id}`)} · ${PRODUCT}`;
}

const languages = () => html`
  <div class="languages" role="group" aria-label=${t("frame.language")}>
    ${LANGUAGES.map(
      ([id, name]) => html`
        <button type="button" class="plain-button" lang=${id} aria-pressed=${language() === id ? "true" : "false"}
          @click=${() => speak(id)}>${name}</button>`,
    )}
  </div>`;

const person = () => html`
  <div class="person">
    <p class="person-name">${icon("person")}<span class="unseen">${t("frame.signed_in_as")}</span>
      <span class="foreign" dir="auto">${page.user.name}</span></p>
    <button type="button" class="plain-button" @click=${goodbye}>${icon("leave")}${t("frame.sign_out")}</button>
  </div>`;

const navigation = () => html`
  <nav aria-label=${t("frame.navigation")}>
    <ul role="list">
      ${SCREENS.map(
        ({ id }) => html`
          <li><a href="#/${id}" aria-current=${page.screen.id === id ? "page" : nothing}>${t(`nav.${id}`)}</a></li>`,
      )}
    </ul>
  </nav>`;

function connection() {
  const { kind, drawing, text } = badge();
  return html`<p class="badge badge-${kind}" id="badge">${icon(drawing)}<span>${text}</span></p>`;
}

function screen() {
  const { calls, user } = page;
  return html`
    <h1 tabindex="-1">${t(`nav.${page.screen.id}`)}</h1>
    ${page.notice ? html`<p class="message message-danger"><span class="kern-icon kern-icon--danger" aria-hidden="true"></span>${t(page.notice)}</p>` : nothing}
    ${page.state === "stopped" ? stopped() : nothing}
    ${page.screen.show({ calls, isStale, live: isLive(), user, choose, own: page.own })}`;
}

const stopped = () => html`
  <div class="message message-danger">
    <span class="kern-icon kern-icon--danger" aria-hidden="true"></span>
    <p>${t(page.stoppedBy === 4502 ? "stopped.version" : "stopped.other", { code: page.stoppedBy })}</p>
    <button type="button" class="kern-btn kern-btn--secondary" @click=${() => location.reload()}>
      <span class="kern-label">${t("stopped.reload")}</span>
    </button>
  </div>`;

function outside() {
  if (page.user === null) {
    return signInScreen({ form: page.form, notice: page.notice && t(page.notice), submit });
  }
  return html`
    <h1 tabindex="-1">${t(page.notice || "start.title")}</h1>
    ${page.notice ? html`<p class="muted">${t("start.no_server_hint")}</p>` : nothing}`;
}

// --- beginning

async function begin(answer, failures = 0) {
  try {
    const user = await answer;
    page.notice = "";
    if (user) enter(user);
    else {
      page.user = null;
      draw();
      document.getElementById("user").focus();
    }
  } catch {
    page.notice = "start.no_server";
    draw();
    setTimeout(() => begin(whoAmI(), failures + 1), Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** failures));
  }
}

const answer = whoAmI();
answer.catch(() => {}); // told in `begin`
await useLanguage(preferred());
addEventListener("hashchange", route);
route();
draw();
setInterval(() => page.calls.shown.length && draw(), 1000);
await begin(answer);
