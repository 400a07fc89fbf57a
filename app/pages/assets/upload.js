// A media file goes up in pieces, and goes on where it stopped: also after the page was closed.
import { Problem } from "./api.js";

const PIECE = 4 * 1024 * 1024;
const TRIES = 5;
const WAIT = 1500;

const later = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const keyOf = (organisation, file) => `upload:${organisation}:${file.name}:${file.size}:${file.lastModified}`;

async function begun(actor, organisation, file) {
  const key = keyOf(organisation, file);
  const known = sessionStorage.getItem(key);
  if (known) {
    try {
      return await actor.call("GET", `/assets/${known}`);
    } catch (error) {
      if (error.status !== 404) throw error;
    }
  }
  const json = { organisation_id: organisation, file_name: file.name, size: file.size };
  const asset = await actor.call("POST", "/assets", { json, once: true });
  sessionStorage.setItem(key, String(asset.id));
  return asset;
}

/** The next piece; where the way was cut, or another one was first, the asset says where to go on. */
async function next(actor, asset, file, failed) {
  const piece = file.slice(asset.received, asset.received + PIECE);
  const headers = { "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(asset.received) };
  try {
    return await actor.call("PATCH", `/assets/${asset.id}/content`, { piece, headers });
  } catch (error) {
    if (!(error instanceof Problem) || !(error.status === 0 || error.status === 409 || error.status >= 500) || failed() > TRIES) throw error;
    await later(WAIT);
    return actor.call("GET", `/assets/${asset.id}`).catch(() => asset);
  }
}

/** Uploads a file; `progress(received, size)` is told after each piece. Gives the asset that is ready. */
export async function uploadMedia(actor, organisation, file, progress) {
  let asset = await begun(actor, organisation, file);
  let failures = 0;
  progress(asset.received, file.size);
  while (asset.state !== "ready") {
    const before = asset.received;
    asset = await next(actor, asset, file, () => (failures += 1));
    if (asset.received > before) failures = 0;
    progress(asset.received, file.size);
  }
  sessionStorage.removeItem(keyOf(organisation, file));
  return asset;
}
