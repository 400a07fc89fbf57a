// A lesson, or another text, in a phone-like frame. Its HTML was sanitised by the server; here it stands in a sandbox where no script
// runs, and the policy of the page, which the frame inherits, loads nothing from elsewhere.
import { h } from "./dom.js";
import { duration } from "./format.js";

const SHELL =
  '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><link rel="stylesheet" href="/assets/lesson.css"></head><body></body></html>';

function bodyOf(html) {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  for (const cell of parsed.querySelectorAll("[style]")) {
    // The policy allows no inline style; the one that the server lets through is the alignment of a column.
    const align = /^text-align: ?(center|right);?$/.exec(cell.getAttribute("style"));
    cell.removeAttribute("style");
    if (align) cell.className = `align-${align[1]}`;
  }
  for (const link of parsed.querySelectorAll("a[href]")) {
    link.target = "_blank";
    link.rel = "noopener noreferrer";
  }
  return [...parsed.body.childNodes];
}

function sourceOf(lesson) {
  const text = `出处：${lesson.source}${lesson.article ? ` ${lesson.article}` : ""}`;
  const link = /^https?:\/\/\S+$/.test(lesson.source_url)
    ? h("a", { href: lesson.source_url, target: "_blank", rel: "noopener noreferrer" }, "原文")
    : null;
  return h("p", { class: "source" }, text, link ? " · " : null, link);
}

/** What plays the recording or video of a lesson, or nothing. */
function playerOf({ media, title }) {
  if (!media) return null;
  const player = h(media.kind, { controls: true, preload: "metadata", src: media.address, "aria-label": `播放：${title}` });
  const length = h("p", { class: "soft small" }, `${media.kind === "video" ? "视频" : "音频"} · ${duration(media.seconds)}`);
  return h("div", { class: "phone-player" }, player, length);
}

/** The frame of a lesson; see `textFrame`. */
export function lessonFrame(lesson, more = {}) {
  return textFrame({ ...lesson, end: sourceOf(lesson) }, { label: "资料", player: playerOf(lesson), ...more });
}

/**
 * The frame of a text {title, summary?, html, end?}: `player` stands above it and `foot` below; `position()` is how far down it was
 * scrolled, 0..1, and `start` how far it is when it opens. `player()` is the recording in it, if any. `large` is for what everybody has to be able to read.
 */
export function textFrame(text, { foot = [], onBack, label, player = null, large = false, start = 0 } = {}) {
  const frame = h("iframe", {
    title: `${label}：${text.title}`,
    sandbox: "allow-same-origin allow-popups allow-popups-to-escape-sandbox",
    srcdoc: SHELL,
    tabindex: "0",
  });
  let furthest = 0;
  const measure = () => {
    const page = frame.contentDocument?.scrollingElement;
    if (page?.scrollHeight) furthest = Math.max(furthest, Math.min(1, (page.scrollTop + page.clientHeight) / page.scrollHeight));
  };
  frame.addEventListener("load", () => {
    const inside = frame.contentDocument;
    inside.body.classList.toggle("large", large);
    inside.body.append(
      h("h1", {}, text.title),
      text.summary ? h("p", { class: "summary" }, text.summary) : "",
      ...bodyOf(text.html),
      text.end ?? "",
    );
    inside.addEventListener("scroll", measure, { passive: true });
    requestAnimationFrame(() => {
      const page = inside.scrollingElement;
      // Somebody who had read to the end begins at the top again.
      if (start < 0.98) page.scrollTop = start * page.scrollHeight - page.clientHeight;
      measure();
    });
  });
  const back = onBack
    ? h("button", { type: "button", "aria-label": "返回列表", title: "返回列表", onclick: onBack }, "‹")
    : h("span");
  const element = h(
    "div",
    { class: "phone" },
    h(
      "div",
      { class: "phone-screen" },
      h("div", { class: "phone-bar" }, back, h("strong", {}, "指尖课堂"), h("span")),
      player,
      frame,
      foot.length ? h("div", { class: "phone-foot" }, foot) : null,
    ),
  );
  return {
    element,
    player: () => element.querySelector("video, audio"),
    position() {
      measure();
      return furthest;
    },
  };
}
