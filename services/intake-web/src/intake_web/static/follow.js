// News of the suggestion as server-sent events; the server renders, we only put it in place.
const place = document.getElementById("timeline");
const live = document.getElementById("live");
let source;

function editing() {
  return place.contains(document.activeElement) && document.activeElement.tagName === "TEXTAREA";
}

function follow() {
  source = new EventSource(place.dataset.events);
  source.addEventListener("open", () => { live.hidden = false; });
  source.addEventListener("timeline", (event) => {
    const media = place.querySelector("audio, video");
    if (editing() || (media && !media.paused)) return; // never take the pen out of a hand
    const fresh = document.createElement("template");
    fresh.innerHTML = event.data;
    if (place.innerHTML.trim() !== fresh.innerHTML.trim()) place.replaceChildren(fresh.content);
  });
}

follow();
addEventListener("pagehide", () => source.close());
addEventListener("pageshow", (event) => { if (event.persisted) follow(); });
