// Telephone numbers in a page's text. Pure. Careful rather than complete: what is missed can still be marked and called.
"use strict";

const numbers = (() => {
  const SHORTEST = 7; // digits
  const LONGEST = 15; // without the outside's 00
  const DASHES = "\\-\u2010-\u2015\u2212";
  const BETWEEN = `[ \u00a0\u202f/().${DASHES}]`;
  const CANDIDATE = new RegExp(`(?:\\+|\\(?0)(?:${BETWEEN}{0,4}\\d){5,18}`, "gu");

  // What is made of digits and is no telephone number.
  const OTHER = [
    /(?<![0-9A-Za-z])[A-Z]{2}\d\d(?:[\s\u00a0]?[0-9A-Z]){11,30}(?![0-9A-Za-z])/giu, // IBAN
    /(?:[a-z][a-z0-9+.-]*:\/\/|www\.)\S+|\S+@\S+/giu, // addresses
  ];
  const LABELLED = new RegExp(
    "(?:(?<![\\p{L}])(?:konto|kto|blz|iban|isbn|az|gz|aktenzeichen|geschäftszeichen|kassenzeichen|buchungszeichen)" +
      "(?:[-\\s]*(?:nummer|nr|no))?" +
      "|(?:rechnungs?|rg|kunden|bestell|auftrags?|vertrags?|steuer|mitglieds?|vorgangs?|beleg|ticket|zähler|inventar)" +
      "[-\\s]*(?:nummer|nr|no|id))[\\s.:#-]*$",
    "iu",
  );
  const DATE = new RegExp(`^\\d{1,2}[.${DASHES}/]\\d{1,2}[.${DASHES}/](?:19|20)?\\d\\d(?!\\d)`, "u");
  const POSTCODES = new RegExp(`^0\\d{4} ?[${DASHES}/] ?0?\\d{4}$`, "u");
  const RANGE = new RegExp(`^(.*\\d) ?/ ?[${DASHES}]?\\d{1,2}$`, "u");
  const FILE = /^\d+ ?\/ ?\d\d$/u;
  const DECIMAL = /^\d+\.\d+$/u;

  const digits = (text) => text.replace(/\D/gu, "");

  // What `tel:` takes: "+49…" or "0…".
  const dialled = (raw) => {
    const abroad = raw.startsWith("+") || raw.startsWith("00");
    const written = abroad ? raw.replace(/\( ?0 ?\)/u, "") : raw;
    const bare = digits(written);
    return raw.startsWith("+") ? `+${bare}` : bare.startsWith("00") ? `+${bare.slice(2)}` : bare;
  };

  const isWhole = (text, begin, end) =>
    !/[\p{L}\p{N}_+*#@=]$|\d[.,:/-]$/u.test(text.slice(0, begin)) && !/^(?:[\p{L}\p{N}_@#*=]|[.,:/-]\d)/u.test(text.slice(end));

  const read = (raw) => {
    if (DATE.test(raw) || POSTCODES.test(raw) || FILE.test(raw) || DECIMAL.test(raw)) return null;
    const number = dialled(raw);
    const count = digits(number).length;
    return count >= SHORTEST && count <= LONGEST && /^(?:\+|0)[1-9]/u.test(number) ? number : null;
  };

  // Returns [{begin, end, number}], in their order.
  const find = (text) => {
    let masked = text;
    for (const other of OTHER) masked = masked.replace(other, (found) => "|".repeat(found.length));
    const found = [];
    for (const match of masked.matchAll(CANDIDATE)) {
      const begin = match.index + (/^\([^)]*$/u.test(match[0]) ? 1 : 0); // a bracket around more than the area code
      let raw = match[0].slice(begin - match.index);
      if (!isWhole(masked, begin, begin + raw.length) || LABELLED.test(masked.slice(0, begin))) continue;
      const range = RANGE.exec(raw);
      if (range && read(range[1])) {
        if (RANGE.test(range[1]) && read(RANGE.exec(range[1])[1])) continue; // three: nobody knows which
        raw = range[1];
      }
      const number = read(raw);
      if (number) found.push({ begin, end: begin + raw.length, number });
    }
    return found;
  };

  return { find };
})();
