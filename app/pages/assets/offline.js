// What was read while there was no network: kept on the phone, and handed in when there is one.
const MOST = 200; // events a request takes
// Later is no better for these; whatever else was not taken waits on.
const NEVER = new Set(["ticket_invalid", "ticket_expired", "invalid_input"]);

// An entry for each event: two tabs that keep one at the same time do not overwrite each other's.
const keyOf = (memberId, id) => `reading:${memberId}:${id}`;

function kept(memberId) {
  const keys = Array.from({ length: localStorage.length }, (_, index) => localStorage.key(index));
  return keys.filter((key) => key.startsWith(keyOf(memberId, ""))).map((key) => JSON.parse(localStorage.getItem(key)));
}

/** Whether a call failed on its way, so that the same will do later. */
export function isAway(error) {
  return error.status === 0 || error.status >= 500;
}

/** Keeps an event {heartbeat_id, position, watched?} under its ticket; gives how many wait now, null where there is no room. */
export function keepEvent(memberId, ticket, event) {
  try {
    localStorage.setItem(keyOf(memberId, event.heartbeat_id), JSON.stringify({ ticket, event: { ...event, read_at: new Date().toISOString() } }));
  } catch {
    return null;
  }
  return kept(memberId).length;
}

/**
 * Hands in all that waits: gives {events, refused}, how many were taken, and why others were not. What could not be sent
 * waits on; what is sent twice counts once.
 */
export async function handIn(me, memberId) {
  const result = { events: 0, refused: new Set() };
  const waiting = kept(memberId);
  try {
    // Another tab may have put another member in use: their tickets are none of ours.
    if (!waiting.length || (await me.call("GET", "/sessions/current")).member_id !== memberId) return result;
    for (const ticket of new Set(waiting.map((each) => each.ticket))) {
      const events = waiting.filter((each) => each.ticket === ticket).map((each) => each.event);
      for (let start = 0; start < events.length; start += MOST) await send(me, memberId, ticket, events.slice(start, start + MOST), result);
    }
  } catch (error) {
    if (error.status !== 0) result.refused.add(error.detail);
  }
  return result;
}

/** Where one event is refused, the others are taken: a batch that cannot be read is sent by halves. Throws where there is no network. */
async function send(me, memberId, ticket, events, result) {
  try {
    await me.call("POST", "/me/reading", { json: { ticket, events } });
    result.events += events.length;
  } catch (error) {
    if (error.status === 0) throw error;
    if (error.code === "invalid_input" && events.length > 1) {
      const middle = events.length >> 1;
      await send(me, memberId, ticket, events.slice(0, middle), result);
      return send(me, memberId, ticket, events.slice(middle), result);
    }
    result.refused.add(error.detail);
    if (!NEVER.has(error.code)) return;
  }
  for (const { heartbeat_id: id } of events) localStorage.removeItem(keyOf(memberId, id));
}
