// A recording made in the page is kept in this browser, second by second, until it is sent or thrown away; a day at most.
export const DAY_MS = 24 * 60 * 60 * 1000;
const ABOUT = "recordings";
const PIECES = "pieces";

function opened() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("minsheng", 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(ABOUT, { keyPath: "id" });
      request.result.createObjectStore(PIECES, { keyPath: ["id", "number"] });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

// One transaction; undefined where the browser keeps nothing (private window, no room): recording goes on without it.
async function within(mode, work) {
  let database;
  try {
    database = await opened();
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction([ABOUT, PIECES], mode);
      const asked = work(transaction.objectStore(ABOUT), transaction.objectStore(PIECES));
      transaction.oncomplete = () => resolve(asked?.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } catch {
    return undefined;
  } finally {
    database?.close();
  }
}

const piecesOf = (id) => IDBKeyRange.bound([id], [id, []]);

// `about`: id, channel, type, at, key (the Idempotency-Key that it was or will be sent with), seconds.
export const keep = (about, number, blob) => within("readwrite", (abouts, pieces) => {
  abouts.put(about);
  if (blob) pieces.put({ id: about.id, number, blob });
});

export const drop = (id) => within("readwrite", (abouts, pieces) => {
  abouts.delete(id);
  pieces.delete(piecesOf(id));
});

export async function expire() {
  const now = Date.now();
  const all = (await within("readonly", (abouts) => abouts.getAll())) ?? [];
  for (const { id, at } of all) if (Math.abs(now - at) > DAY_MS) await drop(id);
  return all.filter(({ at }) => Math.abs(now - at) <= DAY_MS);
}

// Whose tab is gone: a tab that records, plays or sends a recording holds a lock of its name.
export function hold(id) {
  return new Promise((resolve) => {
    if (!navigator.locks) resolve(true);
    else navigator.locks.request(`minsheng-${id}`, { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock && new Promise(() => {}); // until the tab is closed
    });
  });
}

// The newest recording of the channel that was not sent, with its `file`; nothing that another tab has in hand.
export async function unsent(channel) {
  const all = (await expire()).filter((about) => about.channel === channel).sort((one, other) => other.at - one.at);
  for (const about of all) {
    const pieces = await within("readonly", (_, store) => store.getAll(piecesOf(about.id)));
    if (!pieces?.length || !(await hold(about.id))) continue;
    return { about, file: fileOf(about, pieces.map(({ blob }) => blob)) };
  }
  return undefined;
}

// The same name, size and date each time, so that a broken upload of it is recognised.
export function fileOf({ type, at }, blobs) {
  return new File(blobs, `recording.${type.split("/")[1]}`, { type, lastModified: at });
}
