// News of the suggestion as server-sent events; the server renders, we only put it in place.
const place = document.getElementById("timeline");
const live = document.getElementById("live");
let source;
let shown = place.innerHTML.trim(); // as the server wrote it; other scripts may have dressed it since
let waiting = null;

function editing() {
  return place.contains(document.activeElement) && document.activeElement.tagName === "TEXTAREA";
}

// How far a long recording is: asked of the media address, while the page says that it is being transcribed.
let asked;
async function progress() {
  clearTimeout(asked);
  const place = document.querySelector("[data-progress]");
  if (!place) return;
  try {
    const answer = await fetch(place.dataset.progress, { referrerPolicy: "no-referrer" });
    if (answer.ok) show(place, await answer.json());
  } catch { /* the network is away for a moment */ }
  asked = setTimeout(progress, 2000);
}

function show(place, { state, done, total }) {
  const bar = place.querySelector("progress");
  const percent = total ? Math.round((100 * done) / total) : 0;
  place.hidden = !(state === "waiting" || (state === "working" && total));
  if (state === "waiting") bar.removeAttribute("value");
  else bar.value = percent;
  const text = state === "waiting" ? place.dataset.waiting : place.dataset.working.replace("{percent}", percent);
  const line = place.querySelector("p");
  if (line.textContent !== text) line.textContent = text;
}

function follow() {
  source = new EventSource(place.dataset.events);
  source.addEventListener("open", () => { live.hidden = false; });
  source.addEventListener("timeline", (event) => put(event.data));
}

function put(html) {
  const media = document.getElementById("recording");
  waiting = html;
  if (editing() || (media && !media.paused)) return; // never take the pen out of a hand
  waiting = null;
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  if (fresh.innerHTML.trim() === shown) return;
  shown = fresh.innerHTML.trim();
  const next = fresh.content.getElementById("recording");
  if (media && next && next.getAttribute("src") === media.getAttribute("src")) next.replaceWith(media); // keeps its place
  place.replaceChildren(fresh.content);
  progress();
}

place.addEventListener("pause", () => { if (waiting) put(waiting); }, true);
place.addEventListener("focusout", () => setTimeout(() => { if (waiting) put(waiting); }, 0));
follow();
progress();
addEventListener("pagehide", () => { source.close(); clearTimeout(asked); });
addEventListener("pageshow", (event) => { if (event.persisted) { follow(); progress(); } });
