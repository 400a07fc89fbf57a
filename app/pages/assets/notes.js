// Notes (心得) and favourites: a member's own, and what the branch shares.
import { actions, field, fold, h, part, show, tag, told } from "./dom.js";
import { time } from "./format.js";

const STATES = {
  private: ["只有我能看", ""],
  awaiting: ["等待审核", "warn"],
  shared: ["支部可见", "good"],
  returned: ["退回", "bad"],
};

/** The button that keeps a lesson, or keeps it no longer. */
export async function favourite(me, lessonId) {
  const place = h("div");
  let on = (await me.all("/me/favourites")).some((each) => each.lesson_id === lessonId);
  const draw = () =>
    show(
      place,
      actions({
        label: on ? "★ 已收藏，点此取消" : "☆ 收藏",
        quiet: true,
        small: true,
        run: async () => {
          await me.call(on ? "DELETE" : "PUT", `/lessons/${lessonId}/favourite`);
          on = !on;
          draw();
        },
      }),
    );
  draw();
  return place;
}

/** The notes on a lesson. */
export function notesPart(me, lessonId) {
  const place = h("div", { class: "work" });
  const refresh = async (said) => {
    const [mine, shared] = await Promise.all([me.all(`/me/notes?lesson_id=${lessonId}`), me.all(`/lessons/${lessonId}/notes`)]);
    show(place, told(said), writing(me, lessonId, refresh), mine.map((note) => ownNote(me, note, refresh)), others(shared));
  };
  return part("心得", h("p", { class: "small soft" }, "写给自己的，不评比、不计数。愿意时可以分享给本支部。"), actions({ label: "写心得，看支部分享", quiet: true, small: true, run: () => refresh() }), place);
}

function writing(me, lessonId, refresh) {
  const text = h("textarea", { rows: "4", maxlength: "2000" });
  return h(
    "div",
    {},
    field("写一条心得", text, "保存后只有您自己能看到。请勿写入国家秘密。"),
    actions({
      label: "保存",
      small: true,
      run: async () => {
        await me.call("POST", `/lessons/${lessonId}/notes`, { json: { body: text.value } });
        await refresh("已保存，只有您自己能看到。");
      },
    }),
  );
}

// One of the member's own notes, with what can be done with it.
function ownNote(me, note, refresh) {
  const path = `/me/notes/${note.id}`;
  const text = h("textarea", { rows: "4", maxlength: "2000", value: note.body });
  const share = (shared, said) => async () => {
    await me.call("PUT", `${path}/sharing`, { json: { shared } });
    await refresh(said);
  };
  const open = note.state === "awaiting" || note.state === "shared";
  return h(
    "div",
    { class: "item" },
    h("div", { class: "split" }, h("span", { class: "small soft" }, time(note.created_at)), tag(...STATES[note.state])),
    h("p", { class: "lines" }, note.body),
    note.remark && h("p", { class: "said warn" }, `退回意见：${note.remark}`),
    actions(
      open
        ? { label: "收回，不再分享", quiet: true, small: true, run: share(false, "已收回，支部里马上看不到了。") }
        : {
            label: "分享给本支部",
            quiet: true,
            small: true,
            confirm: "经书记或审核人看过后，本支部的同志会看到您的姓名和这条心得。您随时可以收回。",
            run: share(true, "已提交，审核通过后支部可见。"),
          },
      {
        label: "删除",
        quiet: true,
        small: true,
        confirm: "删除后不能恢复。",
        run: async () => {
          await me.call("DELETE", path);
          await refresh("已删除。");
        },
      },
    ),
    fold("修改", field("内容", text, open ? "修改后要重新分享。" : ""), actions({
      label: "保存修改",
      small: true,
      run: async () => {
        await me.call("PUT", path, { json: { body: text.value } });
        await refresh("已保存修改。");
      },
    })),
  );
}

function others(shared) {
  return h(
    "div",
    {},
    h("h4", {}, "本支部分享的心得"),
    shared.length === 0 && h("p", { class: "soft" }, "还没有人分享。"),
    shared.map((note) => h("div", { class: "item" }, h("strong", {}, note.mine ? `${note.name}（我）` : note.name), h("p", { class: "lines" }, note.body))),
  );
}

/** All notes of the member, for their own page. */
export async function ownNotes(me) {
  const place = h("div");
  const refresh = async (said) => {
    const notes = await me.all("/me/notes");
    show(
      place,
      told(said),
      notes.length === 0 && h("p", { class: "soft" }, "还没有写过心得。打开一篇资料，在下面就能写。"),
      notes.map((note) => [h("h4", {}, note.title ?? "（资料已撤下）"), ownNote(me, note, refresh)]),
    );
  };
  await refresh();
  return place;
}

/** What awaits a review, for a leader or a reviewer. */
export function reviewNotesPart(staff) {
  const place = h("div", { class: "work" });
  const refresh = async (said) => {
    const notes = await staff.all("/notes/awaiting");
    show(place, told(said), notes.length === 0 && h("p", { class: "soft" }, "没有等待审核的心得。"), notes.map((note) => awaiting(staff, note, refresh)));
  };
  return part("党员要分享的心得", h("p", { class: "small soft" }, "通过后只有本支部的同志能看到。"), actions({ label: "查看", quiet: true, run: () => refresh() }), place);
}

function awaiting(staff, note, refresh) {
  const remark = h("input", { type: "text", maxlength: "200" });
  const decide = (approved, said) => async () => {
    await staff.call("PUT", `/notes/${note.id}/review`, { json: { approved, remark: approved ? "" : remark.value, updated_at: note.updated_at } });
    await refresh(said);
  };
  return h(
    "div",
    { class: "item" },
    h("div", { class: "split" }, h("strong", {}, note.name ?? "（审核人看不到姓名）"), tag(note.organisation)),
    h("p", { class: "small soft" }, `读《${note.title}》`),
    h("p", { class: "lines" }, note.body),
    note.secrecy_words.length > 0 && h("p", { class: "said warn" }, `文中有“${note.secrecy_words.join("”“")}”，请确认不涉密。`),
    actions({ label: "通过", small: true, run: decide(true, "已通过，支部可见。") }),
    fold("退回", field("退回意见（本人看得到）", remark), actions({ label: "退回给本人", quiet: true, small: true, run: decide(false, "已退回给本人。") })),
  );
}
