/** The page: who is signed in, which screen is shown, and how news from the link come to the screens. */

import { choose as useLanguage, forget, language, preferred, remember, remembered, t } from "./i18n.js";
import { dialogNow, failure, raiseDialog } from "./dialog.js";
import { explain, learnWays, signIn, signInScreen, signOut, whoAmI } from "./signin.js";
import { PRODUCT, frame } from "./frame.js";
import { html, nothing, render } from "./vendor/lit.js";
import { AdminScreen } from "./admin.js";
import { AlarmsScreen } from "./alarms.js";
import { CallsScreen } from "./calls.js";
import { ConferencesScreen } from "./conferences.js";
import { ContactsScreen } from "./contacts.js";
import { Dialer } from "./dialer.js";
import { JournalScreen } from "./journal.js";
import { Cut, Link } from "./socket.js";
import { SettingsScreen } from "./settings.js";
import { SwitchboardScreen } from "./switchboard.js";
import { Status } from "./status.js";
import { ask } from "./ask.js";
import { carryOut } from "./doing.js";
import { keepingFocus } from "./focus.js";
import { learn } from "./clock.js";
import { say, warn } from "./say.js";

const CLIENT = "page/1.0";
const FIRST_RETRY = 1_000;
const LONGEST_RETRY = 30_000;
const SIGNED_OUT_CODES = [4500];
const VERSION_CODE = 4502;

/**
 * A later screen is one more line here. A screen is made anew for whoever signs in. It has an `id`, may follow
 * `topics(offers)` and hear their messages (`heard`), `enter(detail)` and `leave`, `settle` after drawing; `count` stands in the
 * navigation unless it is `hidden`, `title` on the window, `ticks` says whether a clock runs on it. `welcomed(topics)` tells
 * which topics the daemon has, `lost` that nothing is told any more. `view` draws it.
 */
const SCREENS = [CallsScreen, SwitchboardScreen, JournalScreen, ContactsScreen, ConferencesScreen, AlarmsScreen, SettingsScreen, AdminScreen];

const page = {
  user: undefined, // undefined: not known yet; null: nobody
  at: SCREENS[0].id,
  detail: undefined, // what to look at there, from the address
  screens: new Map(),
  status: new Status(),
  capabilities: [],
  topics: [], // what is followed
  offers: [], // what of groups and departments may be followed
  link: null,
  dialog: null,
  form: { busy: false, error: "", wrong: false },
  notice: "", // key of a text
  seq: null, // number of the last news
};

/** What the page lends to its screens. */
const house = {
  get user() { return page.user; },
  get live() { return page.status.live; },
  /** Whether news come by themselves. */
  get linked() { return page.status.state === "live"; },
  get heard() { return page.status.heard; },
  get capabilities() { return page.capabilities; },
  get offers() { return page.offers; },
  follow,
  get dialer() { return page.dialer; },
  get shown() { return page.dialog; },
  isStale: (call) => page.status.isStale(call),
  /** Whether it makes sense to offer something: the link may be cut, HTTP may still get through. */
  steerable: (call) => page.status.state !== "stopped" && !page.status.isDown(call.pbx),
  callNow: (call) => page.screens.get(CallsScreen.id).callNow(call),
  stateOf: (login) => page.screens.get(CallsScreen.id).stateOf(login),
  do: (op, params, key) => carryOut(() => page.link, op, params, key),
  room,
  act,
  alarm,
  choose,
  speak,
  say,
  warn,
  draw,
  show(dialog) {
    page.dialog = dialog;
    draw();
  },
};

const screenNow = () => page.screens.get(page.at);

// --- the link

const on = {
  welcome(message) {
    if (isAnother(message.user)) {
      begone();
      return enter(message.user);
    }
    page.user = message.user ?? page.user;
    page.capabilities = message.capabilities ?? [];
    Object.assign(page, { topics: message.topics, offers: message.offers ?? [] });
    page.status.become("live");
    page.screens.forEach((screen) => screen.welcomed?.(message.topics));
    draw();
    follow();
  },

  message(message) {
    if (message.ts) learn(message.ts);
    if (message.topic === "bridge") page.status.take(message);
    else if (message.topic) page.screens.forEach((screen) => screen.heard?.(message));
    if (typeof message.seq === "number") page.seq = message.seq;
    drawNews();
  },

  lost(heard) {
    page.status.become("lost", { heard });
    page.screens.forEach((screen) => screen.lost?.());
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
    page.status.become("stopped", { stoppedBy: code });
    draw();
  },
};

/** Somebody else, who has signed in by another tab, or somebody with other roles: what is here is not theirs to see. */
const isAnother = (user) => user && ["login", "roles"].some((one) => String(user[one]) !== String(page.user[one]));

const topics = () => [...new Set([...page.screens.values()].flatMap((screen) => screen.topics?.(page.offers) ?? []))];

let following = Promise.resolve();

/** Follow what the screens want; one thing after the other, since what is wanted may have changed before the answer. */
function follow() {
  return (following = following.then(followNow));
}

/** Follow what they want now. What fails with the link is asked for at the next hello. */
async function followNow() {
  const wanted = topics();
  const without = page.topics.filter((topic) => topic !== "bridge" && !wanted.includes(topic));
  const more = wanted.filter((topic) => !page.topics.includes(topic));
  for (const [op, changed] of [["unsubscribe", without], ["subscribe", more]]) {
    if (!changed.length || !page.link?.isOpen) continue;
    const answer = await page.link.request(op, { topics: changed }).catch(() => null);
    if (answer) page.topics = answer.topics;
  }
}

function enter(user) {
  const address = `${location.origin.replace(/^http/, "ws")}/api/v1/ws`;
  Object.assign(page, { user, status: new Status(), capabilities: [], topics: [], offers: [], notice: "", dialog: null, dialer: new Dialer(house) });
  page.screens = new Map(SCREENS.map((Screen) => [Screen.id, new Screen(house)]));
  page.link = new Link({ address, client: CLIENT, topics, on });
  page.link.open();
  page.screens.forEach((screen) => screen.begin?.());
  screenNow().enter?.(page.detail);
  draw();
  useWishedLanguage();
}

/** What somebody wished for wherever they sign in, unless this browser was told otherwise. */
async function useWishedLanguage() {
  const { language: wished } = await ask("GET", "settings").catch(() => ({}));
  if (!wished || remembered() || wished === language()) return;
  await useLanguage(wished).catch(() => {}); // the page stays in the other one
  draw();
}

/** End what goes on for whoever is signed in. */
function begone() {
  page.link?.close();
  page.status.end();
  screenNow()?.leave?.();
}

function leave(notice) {
  begone();
  Object.assign(page, { user: null, link: null, notice, screens: new Map(), dialog: null, seq: null });
  page.form = { busy: false, error: "", wrong: false };
  delete document.documentElement.dataset.seq;
  draw();
  learnWays().then(draw);
  document.getElementById("user").focus();
}

// --- what people do

/** Do something with a call. Without a link nobody tells what came of it, so it is asked. */
async function act(call, verb, params, key) {
  await house.do(`call.${verb}`, { call: call.id, ...(call.extension ? { extension: call.extension } : {}), ...params }, key);
  if (page.link?.isOpen) return;
  const { calls } = await ask("GET", "calls");
  page.screens.get(CallsScreen.id)?.take(calls);
}

/** Do something with a conference room. Only over the link: what was cut off may have happened, and the link tells. */
async function room(op, params, key) {
  if (!page.link?.isOpen) throw new Cut();
  return page.link.request(op, params, key);
}

/** Do something about an alarm, over the link or without; what it is then is shown at once. Gives its heading. */
async function alarm(about, verb, params = {}) {
  return page.screens.get(AlarmsScreen.id)?.take(await house.do(`alarm.${verb}`, { alarm: about.id, ...params }));
}

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
  } catch {
    notify("signout.failed");
  }
}

async function choose(peer, ref) {
  try {
    await ask("PUT", "contacts/choice", { number: peer.number, ref });
    page.notice = "";
    draw();
  } catch {
    notify("calls.choice_failed");
  }
}

function notify(key) {
  page.notice = key;
  draw();
  say(t(key));
}

/** Speak a language from now on in this browser; none: the browser's own. */
async function speak(wanted) {
  if (!wanted) forget();
  try {
    await useLanguage(wanted || preferred());
  } catch {
    if (page.user !== undefined) notify("language.failed");
    return;
  }
  if (wanted) remember(wanted);
  if (page.notice === "language.failed") page.notice = "";
  draw();
}

/** `#/calls` names a screen, `#/calls/01KAH…` also what to look at there; the bare address, where one goes back to, the first. */
function route() {
  const [, name, detail] = (location.hash || `#/${SCREENS[0].id}`).match(/^#\/(\w+)(?:\/(.+))?$/) ?? [];
  const wanted = SCREENS.find(({ id, aliases = [] }) => [id, ...aliases].includes(name));
  if (!wanted) return;
  const other = wanted.id !== page.at;
  if (other) screenNow()?.leave?.();
  Object.assign(page, { at: wanted.id, detail, notice: other ? "" : page.notice });
  if (other || detail) screenNow()?.enter?.(detail);
  draw();
  const found = detail && document.activeElement.matches("main section [data-refuge], main li [data-refuge]"); // what to look at has the focus
  if (other && !found) document.querySelector("h1").focus();
}

// --- drawing

const PAUSE = 40; // ms between two drawings of news

let drawing = false;
let again = false;
let drawn = { at: -Infinity, took: 0 };
let soon = 0;

/** Draw news: the first at once, a storm of them together, so that the page has two thirds of its time for people. */
function drawNews() {
  if (soon) return;
  const wait = drawn.at + Math.max(PAUSE, 2 * drawn.took) - performance.now();
  if (wait <= 0) draw();
  else soon = setTimeout(draw, wait);
}

/** Draw everything as it is now. What happens while it draws (a field loses the focus) is drawn right after. */
function draw() {
  again = drawing;
  if (drawing) return;
  clearTimeout(soon);
  soon = 0;
  const began = performance.now();
  drawing = true;
  keepingFocus(() => render(whole(), document.getElementById("app")));
  drawing = false;
  if (again) {
    draw();
    return;
  }
  raiseDialog();
  screenNow()?.settle?.();
  document.title = `${titleNow()} · ${PRODUCT}`;
  if (page.seq !== null) document.documentElement.dataset.seq = page.seq;
  drawn = { at: performance.now(), took: performance.now() - began };
}

function whole() {
  const user = page.user ?? null;
  const screens = [...page.screens].filter(([, screen]) => !screen.hidden).map(([id, screen]) => ({ id, screen }));
  const around = { user, screens, current: page.at, badge: page.status.badge, speak, goodbye };
  return html`${frame({ ...around, main: user ? inside() : outside() })}${dialogNow(page.dialog)}`;
}

function titleNow() {
  if (!page.user) return t("signin.title");
  const urgent = [...page.screens.values()].map((screen) => screen.title).find(Boolean);
  return urgent || t(`nav.${page.at}`);
}

function inside() {
  return html`
    <h1 tabindex="-1" data-refuge>${t(`nav.${page.at}`)}</h1>
    ${page.notice ? failure(t(page.notice)) : nothing}
    ${page.status.state === "stopped" ? stopped() : nothing}
    ${page.dialer.view()}
    ${screenNow().view()}`;
}

const stopped = () => html`
  <div class="message message-danger">
    <span class="kern-icon kern-icon--danger" aria-hidden="true"></span>
    <p>${t(page.status.stoppedBy === VERSION_CODE ? "stopped.version" : "stopped.other", { code: page.status.stoppedBy })}</p>
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
  let user;
  try {
    user = await answer;
  } catch {
    page.notice = "start.no_server";
    draw();
    setTimeout(() => begin(whoAmI(), failures + 1), Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** failures));
    return;
  }
  page.notice = "";
  if (user) enter(user);
  else {
    page.user = null;
    draw();
    learnWays().then(draw);
    document.getElementById("user").focus();
  }
}

const answer = whoAmI();
answer.catch(() => {}); // told in `begin`
await useLanguage(preferred());
addEventListener("hashchange", route);
route();
draw();
setInterval(() => [...page.screens.values()].some((screen) => screen.ticks) && draw(), 1000);
await begin(answer);
