// Topics: lessons in an order of their own. An editor writes them, a reviewer shows them to members.
import { actions, field, h, part, show, tag, told } from "./dom.js";

/** The list; `role` is editor or reviewer. */
export async function topics(place, actor, role, organisation, said) {
  const [found, lessons] = await Promise.all([actor.all("/desk/topics"), role === "editor" ? actor.all(`/desk/lessons?organisation_id=${organisation}`) : []]);
  const again = (words) => topics(place, actor, role, organisation, words);
  const fresh = topicFields({ title: "", summary: "", lessons: [] }, lessons);
  show(
    place,
    told(said),
    h("p", { class: "soft" }, role === "editor" ? "把同一主题的资料编成专题，审核人公开后党员就能看到。" : "审核人公开别人编的专题；改过标题或摘要的，要再公开一次。"),
    found.length === 0 && h("p", {}, "还没有专题。"),
    h("ul", { class: "items" }, found.map((topic) => row(actor, role, topic, lessons, again))),
    role === "editor" && part(
      "新专题",
      fresh.element,
      actions({
        label: "建立专题",
        small: true,
        run: async () => {
          const made = await actor.call("POST", "/topics", { json: { organisation_id: organisation, ...fresh.read() }, once: true });
          await again(`专题《${made.title}》已建立，请审核人公开。`);
        },
      }),
    ),
  );
}

function row(actor, role, topic, lessons, again) {
  const opened = h("div", { class: "work" });
  const publish = (published, words) => async () => {
    await actor.call("PUT", `/topics/${topic.id}/publication`, { json: { published } });
    await again(words);
  };
  const look = async () => {
    const whole = await actor.call("GET", `/desk/topics/${topic.id}`);
    show(opened, whole.lessons.length ? h("ol", {}, whole.lessons.map((each) => h("li", {}, each.title))) : h("p", { class: "soft" }, "还没有放资料。"), role === "editor" && change(actor, whole, lessons, again));
  };
  return h(
    "li",
    { class: "item" },
    h("div", { class: "split" }, h("strong", {}, topic.title), tag(topic.published ? "已公开" : "未公开", topic.published ? "good" : "warn")),
    topic.summary && h("p", { class: "small soft" }, topic.summary),
    actions(
      { label: role === "editor" ? "打开、修改" : "看资料", quiet: true, small: true, run: look },
      role === "reviewer" && (topic.published
        ? { label: "不再公开", quiet: true, small: true, run: publish(false, "党员不再看到这个专题。") }
        : { label: "公开给党员", small: true, run: publish(true, "专题已公开。") }),
    ),
    opened,
  );
}

function change(actor, topic, lessons, again) {
  const fields = topicFields(topic, lessons);
  return [
    fields.element,
    actions({
      label: "保存专题",
      small: true,
      run: async () => {
        await actor.call("PATCH", `/topics/${topic.id}`, { json: fields.read() });
        await again("专题已保存；改了标题或摘要的，要请审核人再公开一次。");
      },
    }),
  ];
}

function topicFields(topic, lessons) {
  const title = h("input", { type: "text", maxlength: "100", value: topic.title });
  const summary = h("input", { type: "text", maxlength: "200", value: topic.summary });
  const chosen = topic.lessons.map((each) => each.id);
  const known = [...topic.lessons, ...lessons.filter((each) => !chosen.includes(each.id))];
  const boxes = known.map((each) => h("input", { type: "checkbox", value: each.id, checked: chosen.includes(each.id) }));
  return {
    element: [
      h("div", { class: "fields" }, field("专题名称", title), field("摘要（可不填）", summary)),
      h("fieldset", {}, h("legend", {}, "资料（按这里的顺序）"), known.map((each, at) => h("label", { class: "choice" }, boxes[at], h("span", {}, each.title)))),
    ],
    read: () => ({ title: title.value.trim(), summary: summary.value.trim(), lesson_ids: boxes.filter((box) => box.checked).map((box) => Number(box.value)) }),
  };
}
