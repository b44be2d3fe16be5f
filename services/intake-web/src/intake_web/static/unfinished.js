// Uploads that broke off, remembered in this browser for a day: where, how far, and nothing of what was said.
import { DAY_MS } from "./kept.js";

const OURS = "minsheng-upload-";
const LEFT_BY_EARLIER_PAGES = "tus::minsheng-"; // those held the resident's words

// Not secret, so it needs no crypto.subtle, which plain http does not have.
function mixed(text, seed) {
  let high = 0xdeadbeef ^ seed;
  let low = 0x41c6ce57 ^ seed;
  for (let place = 0; place < text.length; place += 1) {
    const code = text.charCodeAt(place);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return (low >>> 0).toString(16).padStart(8, "0") + (high >>> 0).toString(16).padStart(8, "0");
}

// Sixteen bits tell whether words are the same again, and are too few to find out what they were.
export const markOf = (words) => mixed(words, 1).slice(0, 4);
export const nameOf = (file) => OURS + mixed([file.name, file.size, file.lastModified].join("\n"), 0);

function read(key) {
  try {
    const found = JSON.parse(localStorage.getItem(key));
    return found && Math.abs(Date.now() - found.at) <= DAY_MS ? { ...found, key } : undefined;
  } catch {
    return undefined;
  }
}

export const earlier = (file) => read(nameOf(file));

export function remember(file, fields) {
  try {
    localStorage.setItem(nameOf(file), JSON.stringify({ at: Date.now(), ...read(nameOf(file)), ...fields }));
  } catch { /* nothing is kept where the browser keeps nothing */ }
}

export function forget(key) {
  try {
    localStorage.removeItem(key);
  } catch { /* as above */ }
}

function keys() {
  try {
    return Object.keys(localStorage);
  } catch {
    return [];
  }
}

// All that broke off within the day, the newest first; what is older is forgotten.
export function all() {
  for (const key of keys()) {
    if (key.startsWith(LEFT_BY_EARLIER_PAGES) || (key.startsWith(OURS) && !read(key))) forget(key);
  }
  return keys().filter((key) => key.startsWith(OURS)).map(read).sort((one, other) => other.at - one.at);
}

// The server forgets it too; where it can't be reached it does so by itself after two days.
export async function giveUp({ key, url }) {
  forget(key);
  if (url) await fetch(url, { method: "DELETE", headers: { "Tus-Resumable": "1.0.0" } }).catch(() => null);
}

export async function giveUpOf(file) {
  const before = earlier(file);
  if (before) await giveUp(before);
}
