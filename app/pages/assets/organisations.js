// The tree of organisations: added to, renamed, moved, merged, split, archived and brought back.
import { actions, field, fold, h, options, part, show, tag, told } from "./dom.js";
import { KINDS, day } from "./format.js";
import { admin } from "./staff.js";

const CLOSED = { dissolved: "撤销", other: "其他", merged: "并入其他组织" };
const WITHIN = { committee: ["committee"], general_branch: ["committee"], branch: ["committee", "general_branch"], group: ["branch"] };

function inTreeOrder(all) {
  const reached = new Set(all.map((each) => each.id));
  const walk = (each) => [each, ...all.filter((other) => other.parent_id === each.id).flatMap(walk)];
  return all.filter((each) => !reached.has(each.parent_id)).flatMap(walk);
}

export async function organisations(area, said) {
  const [all, closed] = await Promise.all([admin.all("/organisations"), admin.all("/organisations?archived=true")]);
  const sorted = inTreeOrder(all);
  const top = Math.min(...all.map((each) => each.path.split("/").length));
  const depth = (each) => Math.min(each.path.split("/").length - top, 4);
  const opened = h("div", { class: "work" });
  const again = (text) => organisations(area, text);
  const open = (each) => {
    show(opened, part(each.name, changing(each, sorted, again)));
    opened.scrollIntoView({ block: "nearest" });
  };
  show(
    area,
    told(said),
    part(
      "组织",
      h("p", { class: "soft small" }, "点名称可以改名、调整、合并、拆分或撤销。"),
      h("ul", { class: "tree" }, sorted.map((each) => h("li", { class: `depth-${depth(each)}` }, h("button", { type: "button", class: "plain-button", onclick: () => open(each) }, each.name), " ", tag(KINDS[each.kind])))),
      opened,
    ),
    fold("新建一个组织", adding(sorted, again)),
    closed.length > 0 && fold(`已撤销的 ${closed.length} 个组织`, h("ul", { class: "items" }, closed.map((each) => closedRow(each, again)))),
  );
}

function choice(places) {
  return h("select", {}, options(places.map((each) => [each.id, each.name])));
}

function adding(all, again) {
  const kind = h("select", {}, options(Object.entries(KINDS), "branch"));
  const parent = h("select");
  const fill = () => show(parent, options(all.filter((each) => WITHIN[kind.value].includes(each.kind)).map((each) => [each.id, each.name])));
  kind.addEventListener("change", fill);
  fill();
  const name = h("input", { type: "text", maxlength: "100", placeholder: "例如：新坪村党支部" });
  return [
    h("div", { class: "fields" }, field("类别", kind), field("上级", parent), field("名称", name)),
    actions({
      label: "新建",
      run: async (tell) => {
        if (!name.value.trim()) return tell("warn", "请先填写名称。");
        const made = await admin.call("POST", "/organisations", { json: { parent_id: Number(parent.value), name: name.value.trim(), kind: kind.value }, once: true });
        await again(`已新建：${made.name}`);
        return undefined;
      },
    }),
  ];
}

/** One change: fields, a button, the question before it; `run` gives back what to say above the tree. */
function change(title, label, fields, confirm, run, again) {
  return fold(title, h("div", { class: "fields" }, fields), actions({ label, small: true, confirm, run: async () => again(await run()) }));
}

function changing(each, all, again) {
  const path = `/organisations/${each.id}`;
  const name = h("input", { type: "text", maxlength: "100", value: each.name });
  const superiors = all.filter((other) => other.id !== each.id && !other.path.startsWith(each.path) && WITHIN[each.kind].includes(other.kind));
  const parent = choice(superiors);
  const into = choice(all.filter((other) => other.id !== each.id && other.kind === each.kind && !other.path.startsWith(each.path)));
  const reason = h("select", {}, options([["dissolved", "撤销"], ["other", "其他"]]));
  const picked = (select) => select.selectedOptions[0]?.textContent ?? "";
  return [
    change("改名", "改名", [field("新名称", name)], null, async () => {
      const changed = await admin.call("PATCH", path, { json: { name: name.value.trim() } });
      return `已改名：${changed.name}`;
    }, again),
    superiors.length > 0 &&
      change("调整上级", "调整", [field("新的上级", parent)], () => `${each.name} 连同它的下级和党员，改由 ${picked(parent)} 管理。以前各周的统计不变。`, async () => {
        await admin.call("POST", `${path}/move`, { json: { parent_id: Number(parent.value) } });
        return `${each.name} 已调到 ${picked(parent)} 之下。`;
      }, again),
    into.options.length > 0 &&
      change("并入另一个组织", "合并", [field("并入", into)], () => `${each.name} 的党员和下级全部转到 ${picked(into)}，${each.name} 撤销，它的任职同时结束。`, async () => {
        await admin.call("POST", `${path}/merger`, { json: { into_id: Number(into.value) }, once: true });
        return `${each.name} 已并入 ${picked(into)}。`;
      }, again),
    each.parent_id && splitting(each, again),
    change("撤销", "撤销", [field("原因", reason)], `${each.name} 撤销，它的任职同时结束；30 天内可以恢复。还有党员或下级的，要先转出。`, async () => {
      await admin.call("POST", `${path}/archive`, { json: { reason: reason.value }, once: true });
      return `已撤销：${each.name}。30 天内可以恢复。`;
    }, again),
  ];
}

function splitting(each, again) {
  const list = h("div", { class: "work" });
  const name = h("input", { type: "text", maxlength: "100", placeholder: "新组织的名称" });
  const show_ = async () => {
    const members = await admin.all(`/organisations/${each.id}/members`);
    const boxes = members.filter((one) => one.organisation_id === each.id).map((one) => ({ id: one.id, name: one.name, box: h("input", { type: "checkbox" }) }));
    const chosen = () => boxes.filter(({ box }) => box.checked);
    show(
      list,
      h("fieldset", {}, h("legend", {}, "哪些人到新组织"), h("div", { class: "choices-grid" }, boxes.map((one) => h("label", { class: "choice" }, one.box, one.name)))),
      actions({
        label: "拆分",
        small: true,
        confirm: () => name.value.trim() && chosen().length > 0 && `从 ${each.name} 拆出 ${name.value.trim()}，${chosen().length} 人过去。以前各周的统计不变。`,
        run: async (tell) => {
          if (!name.value.trim() || !chosen().length) return tell("warn", "请填写新组织的名称，并选出过去的人。");
          const made = await admin.call("POST", `/organisations/${each.id}/split`, { json: { name: name.value.trim(), member_ids: chosen().map(({ id }) => id) }, once: true });
          await again(`已拆出：${made.name}。`);
          return undefined;
        },
      }),
    );
  };
  return fold("拆出一个新组织", field("名称", name), actions({ label: "选择过去的人", quiet: true, small: true, run: show_ }), list);
}

function closedRow(each, again) {
  const over = new Date(each.restorable_until) <= Date.now();
  return h(
    "li",
    { class: "item" },
    h("div", { class: "split" }, h("strong", {}, each.name), tag(KINDS[each.kind])),
    h("p", { class: "small soft" }, `${day(each.archived_at)} · ${CLOSED[each.archive_reason] ?? "撤销"} · ${over ? "已过 30 天，不能恢复" : `${day(each.restorable_until)}前可以恢复`}`),
    !over &&
      actions({
        label: "恢复",
        quiet: true,
        small: true,
        confirm: `${each.name} 恢复为空的组织：党员、下级不会自动回来，职务要重新任命。`,
        run: async () => {
          const back = await admin.call("POST", `/organisations/${each.id}/restoration`, { once: true });
          await again(`${back.name}：${back.detail}`);
        },
      }),
  );
}
