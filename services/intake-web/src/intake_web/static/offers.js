// What was left behind when a tab was closed, offered when the page is opened again: to be sent or to be thrown away.
import { drop, hold, unsent } from "./kept.js";
import { all, giveUp, giveUpOf, nameOf } from "./unfinished.js";

const $ = (id) => document.getElementById(id);

function say(place, values) {
  let said = place.dataset.says;
  for (const [name, value] of Object.entries(values)) said = said.replace(`{${name}}`, value);
  place.textContent = said;
}

const when = (at) =>
  new Date(at).toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });

// A recording made in the page; its file, so that its broken upload is not offered once more.
export async function offerUnsent(channel, clock, wanted, take) {
  const found = await unsent(channel);
  if (!found || !wanted()) return undefined;
  const { about, file } = found;
  say($("unsent-text"), { when: when(about.at), length: clock(about.seconds) });
  $("take").onclick = () => {
    $("unsent").hidden = true;
    take(about, file);
  };
  $("throw").onclick = () => {
    $("unsent").hidden = true;
    drop(about.id);
    giveUpOf(file);
  };
  $("unsent").hidden = false;
  return file;
}

// A chosen file whose upload broke off: the browser no longer has it, so that it must be chosen again.
export async function offerBrokenOff(file) {
  for (const one of all()) {
    if (!one.url || (file && one.key === nameOf(file)) || !(await hold(one.key))) continue;
    const percent = Math.floor((100 * (one.arrived ?? 0)) / one.size);
    say($("broken-text"), { when: when(one.at), size: (one.size / 1_000_000).toFixed(1), percent });
    $("give-up").onclick = () => {
      $("broken").hidden = true;
      giveUp(one);
    };
    $("broken").hidden = false;
    return;
  }
}
