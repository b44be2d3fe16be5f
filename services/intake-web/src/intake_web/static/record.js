// Records in the page where the browser can, and sends recording or file with progress, retries and one key.
import { Meter } from "./meter.js";
import { sendResumable, submissionOf } from "./resumable.js";
import { send } from "./upload.js";

const form = document.getElementById("record-form");
const $ = (id) => document.getElementById(id);
const words = form.dataset;
const video = words.channel === "video";
const TYPES = video
  ? ["video/webm;codecs=vp8,opus", "video/webm", "video/mp4;codecs=avc1.42E01E,mp4a.40.2", "video/mp4"]
  : ["audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mp4", "audio/webm"];

let recorder, stream, meter, wakeLock, recorded, ticking;
let chunks = [];
let elapsed = 0; // milliseconds recorded, pauses left out
let since = 0;

const seconds = () => Math.floor((elapsed + (recorder?.state === "recording" ? performance.now() - since : 0)) / 1000);

function clock(total) {
  return `${Math.floor(total / 60)}:${String(total % 60).padStart(2, "0")}`;
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
  recorder.addEventListener("dataavailable", (event) => { if (event.data.size) chunks.push(event.data); });
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
  const type = recorder.mimeType.split(";")[0];
  recorded = new File(chunks, `recording.${type.split("/")[1]}`, { type });
  $("playback").src = URL.createObjectURL(recorded);
  if (video) $("preview").hidden = true;
  $("file").required = false;
  $("file-part").hidden = true;
  $("level").hidden = true;
  $("status").textContent = "";
  $("timer").textContent = clock(seconds());
  show("review");
}

function again() {
  URL.revokeObjectURL($("playback").src);
  recorded = undefined;
  $("playback").removeAttribute("src");
  $("file").required = true;
  $("file-part").hidden = false;
  $("timer").textContent = "0:00";
  $("status").textContent = $("status").dataset.idle;
  form.elements.idempotency_key.value = crypto.randomUUID();
  show("start");
}

function about(body) {
  return { channel: words.channel, submission: submissionOf(form), language: body.get("lang") };
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
  $("progress").hidden = false;
  const report = (share, state) => {
    $("bar").value = share;
    const said = { sending: words.sending.replace("{percent}", Math.round(share)), waiting: words.checking };
    $("progress-text").textContent = said[state] ?? words.retrying;
  };
  const result = video && window.tus
    ? await sendResumable(words.uploads, body.get("file"), about(body), report, $("pause-upload"))
    : await send(form.action, body, form.elements.idempotency_key.value, report);
  if (result.receipt) {
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
} else if (!window.isSecureContext) {
  complain(words.insecure);
}
form.addEventListener("submit", submit);
