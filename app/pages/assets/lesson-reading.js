// A lesson is read. What counts is what the server's clock saw; without network it is kept and handed in later.
import { randomKey } from "./api.js";
import { actions, done, h, say, show } from "./dom.js";
import { duration, time } from "./format.js";
import { lessonFrame } from "./lesson-frame.js";
import { favourite, notesPart } from "./notes.js";
import { handIn, isAway, keepEvent } from "./offline.js";

const BEAT = 10_000;
const MOST_INTERVALS = 100;

let stopReading = () => {};

/** Ends the heartbeats of the lesson that was open. */
export function stop() {
  stopReading();
}

/** Opens a lesson where it was left off, on whatever device; `reader` is as for `studyParts`. */
export async function read(me, reader, issue, listed) {
  const path = `/lessons/${listed.lesson_id}`;
  const [{ lesson, ticket }, progress] = await Promise.all([me.call("GET", path, { as: "lesson" }), me.call("GET", `${path}/progress`)]);
  const bar = h("progress", { max: String(lesson.required_seconds), value: "0", "aria-label": "已计入的学习时间" });
  const missing = h("p", { role: "status" }, "正在打开……");
  const beats = h("p", { class: "beats" });
  const next = issue.lessons[issue.lessons.findIndex((each) => each.lesson_id === listed.lesson_id) + 1];
  const back = () => reader.back().catch((error) => say(missing, "bad", error.detail ?? error.message));
  const media = lesson.rule.kind === "media";
  const frame = lessonFrame(lesson, { foot: [bar, missing, beats], onBack: back, start: media ? 0 : progress.position });
  const below = actions(
    { label: "返回列表", quiet: true, run: () => reader.back() },
    next && { label: `下一课：${next.title}`, run: () => read(me, reader, issue, next) },
  );
  stopReading();
  show(reader.root, h("div", { class: "reading" }, frame.element, h("p", { class: "small soft" }, ruleText(lesson)), below, await favourite(me, lesson.id), notesPart(me, lesson.id)));
  reader.root.scrollIntoView({ block: "start" });
  if (media) resume(frame, progress);
  stopReading = beat(me, reader, { lesson, ticket, progress }, frame, { bar, missing, beats });
}

function ruleText({ rule, required_seconds: seconds }) {
  const kept = `没有网络时照常学习，${rule.handed_in_within_days} 天内联网就会计入。`;
  if (rule.kind === "media") {
    return `完成要求：全长 ${duration(rule.media_seconds)}，看（听）满 ${Math.round(rule.complete_at_watched * 100)}% 即完成，还没看的补上即可；重复看、快进、倍速都不多算。${kept}`;
  }
  return `完成要求：阅读 ${duration(seconds)}，并读到文末。时间以服务器为准，离开页面不计时。${kept}`;
}

/** Goes on where the recording was stopped, once its length is known. */
function resume(frame, progress) {
  const begin = () => {
    const player = frame.player();
    if (!player) return;
    const go = () => (player.currentTime = progress.position < 0.98 ? progress.position * player.duration : 0);
    if (player.readyState > 0) go();
    else player.addEventListener("loadedmetadata", go, { once: true });
  };
  frame.element.querySelector("iframe").addEventListener("load", () => setTimeout(begin, 0));
}

/** Where the reader is: of a recording where it stands, and the whole seconds that were played. */
function whereabouts(lesson, frame, progress) {
  if (lesson.rule.kind !== "media") return { position: frame.position() };
  const player = frame.player();
  if (!player?.duration) return { position: progress.position };
  const { played } = player;
  const watched = Array.from({ length: Math.min(played.length, MOST_INTERVALS) }, (_, index) => [
    Math.max(0, Math.ceil(played.start(index) - 0.3)),
    Math.floor(played.end(index) + 0.3),
  ]);
  return { position: Math.min(1, player.currentTime / player.duration), watched };
}

/** Sends a heartbeat at once and every ten seconds while the page is seen; gives what stops it. */
function beat(me, reader, { lesson, ticket, progress }, frame, { bar, missing, beats }) {
  let timer = 0;
  let stopped = false;
  let waiting = 0;

  async function once() {
    if (stopped || !bar.isConnected) return;
    if (document.hidden) {
      beats.textContent = "页面不在前台，暂停计时。";
    } else {
      // An answer that never came leaves the event to be handed in under the same id: it counts once.
      const event = { heartbeat_id: randomKey(), ...whereabouts(lesson, frame, progress) };
      try {
        let state = await me.call("PUT", `/lessons/${lesson.id}/progress`, { json: event });
        if (waiting) {
          await handIn(me, reader.memberId);
          waiting = 0;
          state = await me.call("GET", `/lessons/${lesson.id}/progress`);
        }
        tell(state);
      } catch (error) {
        if (isAway(error)) away(event);
        else missing.textContent = error.detail ?? error.message;
      }
    }
    if (!stopped) timer = setTimeout(once, BEAT);
  }

  function away(event) {
    const kept = keepEvent(reader.memberId, ticket, event);
    waiting = kept ?? waiting;
    missing.textContent = kept ? "现在没有网络，可以继续学习。" : "现在没有网络，手机存储空间也不够，这段学习记不下来。请清理空间，或联网后再学。";
    beats.textContent = `已在手机里记下 ${waiting} 条，联网后自动提交。`;
  }

  function tell(state) {
    const media = lesson.rule.kind === "media";
    bar.value = lesson.required_seconds - state.remaining_seconds;
    const at = `${media ? "播放到" : "读到"} ${Math.round(state.position * 100)}%`;
    if (state.completed_at) {
      bar.value = lesson.required_seconds;
      missing.textContent = "✓ 这一课已完成。";
      beats.textContent = `${at} · ${time(state.completed_at)} 完成`;
      // Of a recording, where it stands is told on.
      stopped = !media;
      done(reader.step);
      return;
    }
    if (media) missing.textContent = `还差 ${duration(state.remaining_seconds)}没有看（听）。`;
    else missing.textContent = state.remaining_seconds ? `还需阅读 ${duration(state.remaining_seconds)}，并读到文末。` : "时间已够，请向下读到文末。";
    beats.textContent = `${at} · 已计入 ${duration(state.credited_seconds)}`;
  }

  timer = setTimeout(once, 600);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
