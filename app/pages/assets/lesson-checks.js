// What is still to be done with a lesson: pictures to put in, and words to look at.
import { actions, fileField, h, say, show } from "./dom.js";
import { editor } from "./staff.js";
import { uploadMedia } from "./upload.js";

/** The warnings of a draft, or nothing. */
export function warningsOf(lesson, tone = "warn") {
  if (!lesson.warnings.length) return null;
  const lines = lesson.warnings.map((each) => h("li", {}, each.to_confirm && h("strong", {}, "请核对　"), each.detail));
  return h("div", { class: `said ${tone}` }, `《${lesson.title}》有 ${lesson.warnings.length} 处提示：`, h("ul", {}, lines));
}

/** A place for a picture: a file is dropped on it or chosen, and goes up at once. */
function pictureField(lesson, number, filled) {
  const said = h("div", { class: "said", role: "status" });
  const place = h("div", { class: "item drop" });
  const take = async (file) => {
    try {
      const asset = await uploadMedia(editor, lesson.organisation_id, file, (received, size) => say(said, "", `正在上传 ${Math.round((100 * received) / size)}%`));
      const json = { asset_id: asset.id };
      filled(await editor.call("PUT", `/lessons/${lesson.id}/draft/pictures/${number}`, { json }));
    } catch (error) {
      say(said, "bad", error.detail ?? error.message);
    }
  };
  const field = fileField("选择图片", "image/png,image/jpeg,image/webp,image/gif", take);
  place.addEventListener("dragover", (event) => event.preventDefault());
  place.addEventListener("drop", (event) => {
    event.preventDefault();
    const [file] = event.dataTransfer.files;
    if (file) take(file);
  });
  return show(place, h("strong", {}, `图 ${number}`), h("p", { class: "soft small" }, "把图片拖到这里，或者选择文件。"), field.element, said);
}

/** What of a draft is still to be done; `changed(draft)` is told of each picture that was put in. */
export function checksOf(lesson, changed) {
  const open = lesson.open_pictures;
  return [
    warningsOf(lesson),
    open.length > 0 && h("p", { class: "said warn" }, `还缺 ${open.length} 张图片，正文中已标出位置；补齐后才能提交审核。`),
    open.length > 0 && h("div", { class: "drops" }, open.map((number) => pictureField(lesson, number, changed))),
  ].filter(Boolean);
}

/** Uploads a recording or a video with a bar that shows how far it is; `ready(asset)` is told at the end. */
export function mediaField(organisation, ready) {
  const bar = h("progress", { max: "1", value: "0", "aria-label": "上传进度" });
  const field = fileField("选择视频或音频", "video/mp4,audio/mpeg,audio/mp4,audio/x-m4a,audio/wav,.mp3,.m4a,.mp4,.wav");
  bar.hidden = true;
  const upload = async (tell) => {
    const file = await field.picked();
    if (!file) return tell("warn", "请先选择一个视频或音频文件。");
    bar.hidden = false;
    const asset = await uploadMedia(editor, organisation, file, (received, size) => {
      bar.value = received / size;
      tell("", `已上传 ${Math.round((100 * received) / size)}%，中断后再点一次会接着传。`);
    });
    ready(asset);
    return `已上传《${file.name}》，请填写下面的各项并保存。`;
  };
  return [field.element, bar, actions({ label: "上传（可断点续传）", quiet: true, small: true, run: upload })];
}
