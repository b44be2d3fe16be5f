// One POST with progress; a repeat after a broken line carries the same key, so that it is one recording.
const PAUSES_MS = [1000, 3000, 8000, 15000];
const AGAIN = new Set([0, 429, 502, 503, 504]);

export async function send(url, body, key, report) {
  for (let attempt = 0; ; attempt += 1) {
    const answer = await post(url, body, key, report);
    if (answer.status === 202) return { receipt: answer.body };
    if (!AGAIN.has(answer.status) || attempt === PAUSES_MS.length) return { message: problem(answer.body), code: answer.body?.type?.split(":").pop() };
    report(0, "retrying");
    await new Promise((resolve) => setTimeout(resolve, Math.max(PAUSES_MS[attempt], answer.after * 1000)));
  }
}

function post(url, body, key, report) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.responseType = "json";
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("Idempotency-Key", key);
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) report((event.loaded / event.total) * 100, "sending");
    });
    request.upload.addEventListener("load", () => report(100, "waiting"));
    request.addEventListener("loadend", () => resolve({
      status: request.status,
      body: request.response,
      after: Number(/^retry-after: *(\d+)/im.exec(request.getAllResponseHeaders())?.[1] ?? 0),
    }));
    request.send(body);
  });
}

function problem(body) {
  const said = body?.errors?.map((error) => error.message).filter(Boolean) ?? [];
  return said.length ? said.join(" ") : body?.detail;
}
