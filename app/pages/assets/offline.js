// What was read while there was no network: kept on the phone, and handed in when there is one.
const KEY = "reading:";
const MOST = 200; // events a request takes

const gone = (error) => error.status === 404 || error.status === 409 || error.status === 422;

function kept(memberId) {
  try {
    return JSON.parse(localStorage.getItem(KEY + memberId) ?? "[]");
  } catch {
    return [];
  }
}

function keep(memberId, all) {
  if (all.length) localStorage.setItem(KEY + memberId, JSON.stringify(all));
  else localStorage.removeItem(KEY + memberId);
}

/** Whether a call failed on its way, so that the same will do later. */
export function isAway(error) {
  return error.status === 0 || error.status >= 500;
}

/** Keeps an event {heartbeat_id, position, watched?} under its ticket; gives how many wait now. */
export function keepEvent(memberId, ticket, event) {
  const all = [...kept(memberId), { ticket, event: { ...event, read_at: new Date().toISOString() } }];
  keep(memberId, all);
  return all.length;
}

/**
 * Hands in all that waits: gives {events, refused}, how many were taken, and why some never will be. What could not be
 * sent waits on; what is sent twice counts once.
 */
export async function handIn(me, memberId) {
  const result = { events: 0, refused: [] };
  for (;;) {
    const [first] = kept(memberId);
    if (!first) return result;
    const batch = kept(memberId).filter((each) => each.ticket === first.ticket).slice(0, MOST);
    try {
      await me.call("POST", "/me/reading", { json: { ticket: first.ticket, events: batch.map((each) => each.event) } });
      result.events += batch.length;
    } catch (error) {
      if (!gone(error)) return result;
      result.refused.push(error.detail);
    }
    const sent = new Set(batch.map((each) => each.event.heartbeat_id));
    keep(memberId, kept(memberId).filter((each) => !sent.has(each.event.heartbeat_id)));
  }
}
