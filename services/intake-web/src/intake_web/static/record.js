// Records in the page where the browser can, and sends recording or file with progress, retries and one key.
import { drop, fileOf, hold, keep } from "./kept.js";
import { Meter } from "./meter.js";
import { offerBrokenOff, offerUnsent } from "./offers.js";
import { sendResumable, submissionOf, untouched } from "./resumable.js";
import { giveUpOf } from "./unfinished.js";
import { send } from "./upload.js";

const form = document.getElementById("record-form");
const $ = (id) => document.getElementById(id);
const words = form.dataset;
const video = words.channel === "video";
const TYPES = video
  ? ["video/webm;codecs=vp8,opus", "video/webm", "video/mp4;codecs=avc1.42E01E,mp4a.40.2", "video/mp4"]
  : ["audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mp4", "audio/webm"];

const HASHED_BYTES = 64 * 1024 * 1024; // a longer file is not held in a telephone's memory for its hash

let recorder, stream, meter, wakeLock, recorded, ticking;
let kept; // what this browser keeps of the recording in hand
let chunks = [];
let elapsed = 0; // milliseconds recorded, pauses left out
let since = 0;

const seconds = () => Math.floor((elapsed + (recorder?.state === "recording" ? performance.now() - since : 0)) / 1000);

function clock(total) {
  return `${Math.floor(total / 60)}:${String(total % 60).padStart(2, "0")}`;
}

// Eighteen random bytes; crypto.randomUUID is missing where the page came over plain http.
function newKey() {
  return btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(18))));
}

async function hashOf(file) {
  if (!crypto.subtle || file.size > HASHED_BYTES) return undefined;
  const digest = await file.arrayBuffer().then((bytes) => crypto.subtle.digest("SHA-256", bytes)).catch(() => null);
  return digest && [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function show(...visible) {
  for (const id of ["start", "pause", "stop", "review"]) $(id).hidden = !visible.includes(id);
  $("recorder").classList.toggle("recording", recorder?.state === "recording");
}

function complain(message) {
  $("problem").textContent = message;
  $("problem").hidden = !message;
  if (message) $("problem").scrollIntoView({ block: "center" });
}

async function start() {
  complain("");
  const idle = $("status").dataset.idle ?? $("status").textContent;
  $("status").dataset.idle = idle;
  try {
    stream = await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
      video: video && { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } },
    });
  } catch {
    complain(words.denied);
    return;
  }
  const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
  recorder = new MediaRecorder(stream, { mimeType, audioBitsPerSecond: 48_000, videoBitsPerSecond: 1_500_000 });
  chunks = [];
  elapsed = 0;
  $("unsent").hidden = true;
  if (kept) drop(kept.id);
  const type = recorder.mimeType.split(";")[0] || mimeType.split(";")[0];
  const key = form.elements.idempotency_key.value;
  const mine = { id: newKey(), channel: words.channel, type, at: Date.now(), key, seconds: 0 };
  kept = mine;
  hold(mine.id);
  recorder.addEventListener("dataavailable", (event) => {
    if (!event.data.size) return;
    chunks.push(event.data);
    mine.seconds = seconds();
    if (kept === mine) keep(mine, chunks.length, event.data);
  });
  recorder.addEventListener("stop", finished);
  if (video) {
    $("preview").hidden = false;
    $("preview").srcObject = stream;
    $("preview").play();
  }
  meter = new Meter(stream, $("level"), (quiet) => { $("status").textContent = quiet ? words.quiet : ""; });
  $("level").hidden = false;
  recorder.start(1000);
  since = performance.now();
  wakeLock = await navigator.wakeLock?.request("screen").catch(() => null);
  ticking = setInterval(tick, 200);
  $("status").textContent = "";
  show("pause", "stop");
  $("stop").focus();
}

function tick() {
  $("timer").textContent = clock(seconds());
  if (seconds() >= Number(words.max)) stop();
}

function pause() {
  if (recorder.state === "recording") {
    elapsed += performance.now() - since;
    recorder.pause();
  } else {
    since = performance.now();
    recorder.resume();
  }
  const label = $("pause").textContent;
  $("pause").textContent = $("pause").dataset.resume;
  $("pause").dataset.resume = label;
  show("pause", "stop");
}

function stop() {
  if (recorder.state === "recording") elapsed += performance.now() - since;
  recorder.stop();
}

function finished() {
  clearInterval(ticking);
  for (const track of stream.getTracks()) track.stop();
  meter.stop();
  wakeLock?.release();
  if (video) $("preview").hidden = true;
  review(fileOf(kept, chunks), seconds());
}

function review(file, length) {
  recorded = file;
  $("playback").src = URL.createObjectURL(recorded);
  $("file").required = false;
  $("file-part").hidden = true;
  $("level").hidden = true;
  $("status").textContent = "";
  $("timer").textContent = clock(length);
  show("review");
}

function again() {
  URL.revokeObjectURL($("playback").src);
  giveUpOf(recorded);
  recorded = undefined;
  letGo();
  $("playback").removeAttribute("src");
  $("file").required = true;
  $("file-part").hidden = false;
  $("timer").textContent = "0:00";
  $("status").textContent = $("status").dataset.idle;
  form.elements.idempotency_key.value = newKey();
  show("start");
}

async function letGo() {
  const id = kept?.id;
  kept = undefined;
  if (id) await drop(id);
}

function take(about, file) {
  kept = about;
  form.elements.idempotency_key.value = about.key;
  review(file, about.seconds);
  $("playback").scrollIntoView({ block: "center" });
}

function sendVideo(body, sha256, report) {
  const submission = submissionOf(form);
  const about = { channel: words.channel, submission, blank: untouched(form), language: body.get("lang"), sha256 };
  return sendResumable(words.uploads, body.get("file"), about, report, $("pause-upload"));
}

async function sendWhole(body, sha256, report) {
  if (sha256) body.set("sha256", sha256);
  const result = await send(form.action, body, form.elements.idempotency_key.value, report);
  if (result.code !== "idempotency-key-reused") return result;
  // It arrived before, its answer did not, and other words go with it now: it counts as another.
  form.elements.idempotency_key.value = newKey();
  body.set("idempotency_key", form.elements.idempotency_key.value);
  return send(form.action, body, form.elements.idempotency_key.value, report);
}

async function submit(event) {
  event.preventDefault();
  complain("");
  const body = new FormData(form);
  if (recorded) body.set("file", recorded, recorded.name);
  if (!body.get("file")?.size) {
    complain(words.empty);
    return;
  }
  $("send").disabled = true;
  $("broken").hidden = true;
  $("progress").hidden = false;
  const report = (share, state) => {
    $("bar").value = share;
    const said = { waiting: words.checking, retrying: words.retrying, sending: words.sending, paused: words.paused };
    $("progress-text").textContent = said[state].replace("{percent}", Math.floor(share));
  };
  const sha256 = await hashOf(body.get("file"));
  const result = await (video && window.tus ? sendVideo : sendWhole)(body, sha256, report);
  if (result.receipt) {
    await letGo();
    const token = result.receipt.tracking_url.split("/").pop();
    location.assign(words.receipt.replace("/receipt/", `/receipt/${token}`));
    return;
  }
  $("send").disabled = false;
  $("progress").hidden = true;
  complain(result.message || words.failed);
}

const able = window.MediaRecorder && navigator.mediaDevices?.getUserMedia;
if (able) {
  $("recorder").hidden = false;
  if (video) $("preview").hidden = true;
  $("start").addEventListener("click", start);
  $("pause").addEventListener("click", pause);
  $("stop").addEventListener("click", stop);
  $("again").addEventListener("click", again);
} else {
  $("unable").textContent = window.isSecureContext ? words.unable : words.insecure;
  $("unable").hidden = false;
}
form.addEventListener("submit", submit);
offerUnsent(words.channel, clock, () => !recorder, take).then((file) => { if (video) offerBrokenOff(file); });
