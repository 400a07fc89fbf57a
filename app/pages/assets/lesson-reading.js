// A lesson is read. What counts is what the server's clock saw.
import { randomKey } from "./api.js";
import { actions, done, h, say, show } from "./dom.js";
import { duration, time } from "./format.js";
import { lessonFrame } from "./lesson-frame.js";

const BEAT = 10_000;

let stopReading = () => {};

/** Ends the heartbeats of the lesson that was open. */
export function stop() {
  stopReading();
}

/** Opens a lesson; `reader` is as for `studyParts`. */
export async function read(me, reader, issue, listed) {
  const lesson = await me.call("GET", `/lessons/${listed.lesson_id}`);
  const bar = h("progress", { max: String(lesson.required_seconds), value: "0", "aria-label": "已计入的阅读时间" });
  const missing = h("p", { role: "status" }, "正在打开……");
  const beats = h("p", { class: "beats" });
  const next = issue.lessons[issue.lessons.findIndex((each) => each.lesson_id === listed.lesson_id) + 1];
  const back = () => reader.back().catch((error) => say(missing, "bad", error.detail ?? error.message));
  const frame = lessonFrame(lesson, { foot: [bar, missing, beats], onBack: back });
  const below = actions(
    { label: "返回列表", quiet: true, run: () => reader.back() },
    next && { label: `下一课：${next.title}`, run: () => read(me, reader, issue, next) },
  );
  stopReading();
  show(reader.root, h("div", { class: "reading" }, frame.element, below));
  reader.root.scrollIntoView({ block: "start" });
  stopReading = beat(me, reader, lesson, frame, { bar, missing, beats });
}

/** Sends a heartbeat at once and every ten seconds while the page is seen; gives what stops it. */
function beat(me, reader, lesson, frame, { bar, missing, beats }) {
  let timer = 0;
  let stopped = false;
  let pending = null; // a heartbeat whose answer never came is sent again under its own id

  async function once() {
    if (stopped || !bar.isConnected) return;
    if (document.hidden) {
      beats.textContent = "页面不在前台，暂停计时。";
    } else {
      pending ??= randomKey();
      try {
        const state = await me.call("PUT", `/lessons/${lesson.id}/progress`, {
          json: { position: frame.position(), heartbeat_id: pending },
        });
        pending = null;
        tell(state);
      } catch (error) {
        missing.textContent = error.detail ?? error.message;
      }
    }
    if (!stopped) timer = setTimeout(once, BEAT);
  }

  function tell(state) {
    bar.value = lesson.required_seconds - state.remaining_seconds;
    const at = `读到 ${Math.round(state.position * 100)}%`;
    if (state.completed_at) {
      bar.value = lesson.required_seconds;
      missing.textContent = "✓ 这一课已完成。";
      beats.textContent = `${at} · ${time(state.completed_at)} 完成`;
      stopped = true;
      done(reader.step);
      return;
    }
    missing.textContent = state.remaining_seconds
      ? `还需阅读 ${duration(state.remaining_seconds)}，并读到文末。`
      : "时间已够，请向下读到文末。";
    beats.textContent = `${at} · 已读 ${duration(state.credited_seconds)}`;
  }

  timer = setTimeout(once, 600);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
