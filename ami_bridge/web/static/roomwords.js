/** What a conference room and who is in it are called, and what is sent to people. */

import { dateAndTime, language, t, timeOfDay } from "./i18n.js";
import { plain } from "./words.js";

/** For sentences; on its own card a title stands as it is. */
export const titleOf = (room) => plain(room.title);

export const nameOf = (one) => plain(one.name ?? one.display ?? one.number ?? t("conferences.somebody"));

export const guestOf = (room) => room.guest_pin;

/** Today 10:00 to 11:00, or both days where they differ. */
export function whenOf({ starts, ends }) {
  const day = (when) => new Date(when).toDateString();
  const until = day(starts) === day(ends) ? timeOfDay(ends) : dateAndTime(ends);
  return t("conferences.when", { from: dateAndTime(starts), until });
}

/** The invitation in the room's language; with somebody's own PIN in place of the one for guests. */
export function invitationOf(room, pin = null) {
  const text = room.invitation[room.language] ?? room.invitation[language()] ?? "";
  const at = pin === null ? -1 : text.lastIndexOf(room.guest_pin);
  return at < 0 ? text : `${text.slice(0, at)}${pin}${text.slice(at + room.guest_pin.length)}`;
}

/** 482 913: how people read a PIN out. */
export const inThrees = (digits) => digits.replace(/(\d{3})(?=\d{3})/g, "$1\u00a0");
