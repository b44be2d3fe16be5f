// Videos go up in pieces (tus 1.0): a broken line, a pause or a closed tab loses nothing that has arrived.
import { hold } from "./kept.js";
import { earlier, forget, giveUp, markOf, nameOf, remember } from "./unfinished.js";

const RETRY_MS = [0, 1000, 3000, 8000, 15000, 30000];
const PIECE_BYTES = 4 * 1024 * 1024;
const RECEIPT_TRIES = 40;

export function submissionOf(form) {
  const field = (name) => form.elements[name]?.value.trim() || undefined;
  const some = (fields) => (Object.values(fields).some(Boolean) ? fields : undefined);
  return JSON.stringify({
    text: field("text"),
    kind: field("kind"),
    campaign_id: field("campaign_id"),
    collection_point_id: field("collection_point_id"),
    identity: field("identity"),
    on_behalf: form.elements.on_behalf.checked || undefined,
    place: some({ town: field("town"), text: field("place_text") }),
    contact: some({ name: field("name"), phone: field("phone"), email: field("email") }),
  });
}

// What the form says when nobody has filled it in: as after the page was opened again.
export function untouched(form) {
  const fresh = form.cloneNode(true);
  fresh.reset();
  return submissionOf(fresh);
}

const passing = (status) => status === 0 || status === 409 || status === 423 || status === 429 || status >= 500;

// The words of the first time go with what was sent then; other words now mean another suggestion.
async function known(file, { submission, blank }) {
  const before = earlier(file);
  if (!before?.url) return undefined;
  if (submission === blank || before.words === markOf(submission)) return before;
  await giveUp(before);
  return undefined;
}

export async function sendResumable(endpoint, file, about, report, pauseButton) {
  hold(nameOf(file)); // other tabs shall not offer to go on with what goes on here
  const before = await known(file, about);
  if (before) {
    const sent = await fetch(`${before.url}/receipt`).catch(() => null); // it may all have arrived
    if (sent?.ok) return received(file, await sent.json());
  }
  const { channel, submission, language, sha256 } = about;
  const metadata = { filename: file.name, filetype: file.type || "application/octet-stream", channel, submission, language };
  if (sha256) metadata.sha256 = sha256;
  let share = 0;
  const result = await new Promise((resolve) => {
    const upload = new window.tus.Upload(file, {
      endpoint,
      uploadUrl: before?.url,
      retryDelays: RETRY_MS,
      chunkSize: PIECE_BYTES,
      storeFingerprintForResuming: false, // it would keep the resident's words in the browser
      metadata,
      onUploadUrlAvailable: () => {
        const resumed = upload.url === before?.url;
        remember(file, { url: upload.url, size: file.size, words: resumed ? before.words : markOf(submission) });
      },
      onChunkComplete: (_, arrived) => remember(file, { arrived }),
      onProgress: (sent, total) => {
        share = (sent / total) * 100;
        if (pauseButton.dataset.paused !== "yes") report(share, "sending");
      },
      onAfterResponse: (request, answer) => {
        // Asked how far it is, a server that is busy must not be taken for one that knows nothing of the upload.
        if (request.getMethod() === "HEAD" && passing(answer.getStatus())) throw new Error("not known how far it is");
      },
      onShouldRetry: (error) => {
        const again = passing(error.originalResponse?.getStatus() ?? 0);
        if (again) report(share, "retrying");
        return again;
      },
      onError: (error) => {
        const answer = error.originalResponse;
        if (answer && !passing(answer.getStatus())) forget(nameOf(file)); // refused: the server keeps nothing of it
        resolve({ message: problem(answer?.getBody()) });
      },
      onSuccess: async () => {
        pauseButton.hidden = true;
        report(100, "waiting");
        resolve(await receipt(upload.url));
      },
    });
    turnsInto(pauseButton, "no");
    pauseButton.hidden = false;
    pauseButton.onclick = () => {
      const paused = pauseButton.dataset.paused === "yes";
      turnsInto(pauseButton, paused ? "no" : "yes");
      report(share, paused ? "sending" : "paused");
      if (paused) upload.start();
      else upload.abort();
    };
    upload.start();
  });
  pauseButton.hidden = true;
  return result.receipt ? received(file, result.receipt) : result;
}

function turnsInto(button, paused) {
  if ((button.dataset.paused ?? "no") === paused) return;
  button.dataset.paused = paused;
  [button.textContent, button.dataset.other] = [button.dataset.other, button.textContent];
}

function received(file, found) {
  forget(nameOf(file));
  return { receipt: found };
}

// The last piece is answered when the file is checked; a line that broke just then must not cost the receipt.
async function receipt(url) {
  for (let attempt = 0; attempt < RECEIPT_TRIES; attempt += 1) {
    const answer = await fetch(`${url}/receipt`).catch(() => null);
    if (answer?.ok) return { receipt: await answer.json() };
    if (answer && answer.status !== 404 && answer.status < 500 && answer.status !== 429) {
      return { message: problem(await answer.text()) };
    }
    await new Promise((wait) => setTimeout(wait, 1000));
  }
  return {};
}

function problem(text) {
  try {
    const body = JSON.parse(text);
    return body.errors?.map((error) => error.message).filter(Boolean).join(" ") || body.detail;
  } catch {
    return undefined;
  }
}
