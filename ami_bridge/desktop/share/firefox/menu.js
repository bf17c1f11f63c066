// The menu on a selection: what is marked becomes a `tel:` link, and whoever handles those asks and calls.
"use strict";

// Where we see no number there may be one all the same, such as an extension; the handler knows, and says so. But no other
// text leaves the browser: on a terminal server, others can see what a program is started with.
const PLAIN = /^[\d\s()+/.\-]{2,40}$/u;

const linkTo = (marked) => {
  const [first] = numbers.find(marked);
  return `tel:${first ? first.number : PLAIN.test(marked) ? marked.replace(/\s+/gu, "") : ""}`;
};

browser.runtime.onInstalled.addListener(() => {
  browser.menus.create({ id: "call", contexts: ["selection"], title: browser.i18n.getMessage("call") });
});

browser.menus.onClicked.addListener((info, tab) => {
  browser.tabs.update(tab.id, { url: linkTo((info.selectionText ?? "").trim()) });
});
