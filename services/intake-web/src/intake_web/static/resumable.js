// Videos go up in pieces (tus 1.0): a broken line, a pause or a closed tab loses nothing that has arrived.
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

// Recognises the same file with the same words again; only a digest is kept in the browser.
async function fingerprint(file, submission) {
  const words = new TextEncoder().encode([file.name, file.size, file.lastModified, submission].join("\n"));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", words));
  return "minsheng-" + [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function sendResumable(endpoint, file, { channel, submission, language }, report, pauseButton) {
  return new Promise((resolve) => {
    const upload = new window.tus.Upload(file, {
      endpoint,
      retryDelays: RETRY_MS,
      chunkSize: PIECE_BYTES,
      removeFingerprintOnSuccess: true,
      fingerprint: () => fingerprint(file, submission),
      metadata: { filename: file.name, filetype: file.type || "application/octet-stream", channel, submission, language },
      onProgress: (sent, total) => report((sent / total) * 100, "sending"),
      onShouldRetry: (error) => {
        const status = error.originalResponse?.getStatus() ?? 0;
        const again = status === 0 || status === 409 || status === 423 || status === 429 || status >= 500;
        if (again) report(0, "retrying");
        return again;
      },
      onError: (error) => resolve({ message: problem(error.originalResponse?.getBody()) }),
      onSuccess: async () => {
        report(100, "waiting");
        resolve(await receipt(upload.url));
      },
    });
    pauseButton.hidden = false;
    pauseButton.onclick = () => {
      const paused = pauseButton.dataset.paused === "yes";
      pauseButton.dataset.paused = paused ? "no" : "yes";
      [pauseButton.textContent, pauseButton.dataset.other] = [pauseButton.dataset.other, pauseButton.textContent];
      if (paused) upload.start();
      else upload.abort();
    };
    upload.findPreviousUploads().then((earlier) => {
      if (earlier.length) upload.resumeFromPreviousUpload(earlier[0]);
      upload.start();
    });
  });
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
