// The recording beside its transcript: a sentence's time seeks, and what plays is marked. Without scripts it just plays.
// One delegated listener each, since a live page replaces the transcript while it is open.

function recording() {
  return document.getElementById("recording");
}

function enhance(root) {
  if (!recording()) return;
  for (const time of root.querySelectorAll("span[data-seek]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "seek";
    button.dataset.seek = time.dataset.seek;
    button.textContent = time.textContent;
    time.replaceWith(button);
  }
}

function mark() {
  const player = recording();
  const now = player ? player.currentTime : -1;
  for (const part of document.querySelectorAll("[data-from]")) {
    const here = now > 0 && now >= Number(part.dataset.from) && now < Number(part.dataset.to);
    part.classList.toggle("playing", here);
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button.seek");
  const player = recording();
  if (!button || !player) return;
  player.currentTime = Number(button.dataset.seek) + 0.01; // inside the sentence, not at the end of the one before
  player.play().catch(() => {}); // a browser may want another touch first; the place is set all the same
});
// Media events do not bubble: they are caught on the way down.
for (const name of ["timeupdate", "seeked", "ended"]) document.addEventListener(name, mark, true);
document.addEventListener("error", (event) => {
  if (event.target !== recording()) return;
  const note = document.querySelector("[data-player-note]");
  if (note) note.hidden = false;
}, true);

enhance(document);
new MutationObserver(() => enhance(document)).observe(document.body, { childList: true, subtree: true });
