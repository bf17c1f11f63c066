// Makes links of the telephone numbers on listed pages. Sends nothing, keeps nothing.
"use strict";

(() => {
  const EVERY = 300; // ms
  const LONGEST = 10_000; // letters of one piece of text
  const AT_ONCE = 2_000; // pieces of text per turn
  const LEAVE =
    "a, area, button, input, textarea, select, option, label, script, style, noscript, template, title, code, pre, kbd," +
    " samp, var, svg, math, canvas, object, iframe, [contenteditable]:not([contenteditable='false'])," +
    " [role='button'], [role='link'], [role='textbox'], [role='combobox'], [role='option'], [role='menuitem']";

  const waiting = new Set();
  let timer = null;

  const isListed = (hosts) =>
    Array.isArray(hosts) &&
    hosts.some(
      (host) =>
        typeof host === "string" &&
        (host === location.host ||
          host === location.hostname ||
          (host.startsWith("*.") && location.hostname.endsWith(host.slice(1)))),
    );

  const mayChange = (text) => {
    const parent = text.parentElement;
    return (
      parent !== null &&
      text.data.length <= LONGEST &&
      /\d{2}/u.test(text.data) &&
      parent.closest(LEAVE) === null &&
      !parent.isContentEditable
    );
  };

  const change = (text) => {
    for (const { begin, end, number } of numbers.find(text.data).reverse()) {
      text.splitText(end);
      const inside = text.splitText(begin);
      const link = document.createElement("a");
      link.href = `tel:${number}`;
      link.title = browser.i18n.getMessage("call_this", number);
      inside.replaceWith(link);
      link.append(inside);
    }
  };

  const texts = function* (root) {
    if (root.nodeType === Node.TEXT_NODE) yield root;
    else if (root.nodeType === Node.ELEMENT_NODE) {
      const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
      while (walker.nextNode()) yield walker.currentNode;
    }
  };

  const work = () => {
    timer = null;
    const found = [];
    for (const root of waiting) {
      if (found.length >= AT_ONCE) break;
      waiting.delete(root);
      if (root.isConnected) for (const text of texts(root)) if (mayChange(text)) found.push(text);
    }
    for (const text of found) change(text);
    if (waiting.size > 0) later();
  };

  const later = () => {
    timer ??= setTimeout(work, EVERY);
  };

  const watch = () => {
    new MutationObserver((changes) => {
      for (const one of changes) {
        if (one.type === "characterData") waiting.add(one.target);
        for (const node of one.addedNodes) waiting.add(node);
      }
      later();
    }).observe(document.body, { childList: true, characterData: true, subtree: true });
    waiting.add(document.body);
    work();
  };

  browser.storage.managed.get("hosts").then(
    ({ hosts }) => {
      if (document.body && document.designMode !== "on" && isListed(hosts)) watch();
    },
    () => {}, // no administrator has listed anything
  );
})();
