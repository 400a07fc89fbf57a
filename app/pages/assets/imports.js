// A roster is handed in: looked at first, applied as a whole, taken back as a whole.
import { actions, field, fileField, h, options, part, save, show, tag, told } from "./dom.js";
import { shortTime } from "./format.js";
import { STATES, report } from "./import-report.js";
import { admin } from "./staff.js";

const XLSX = ".xlsx,.xls,.csv";
const PAUSE = 700;
const LISTED = 5;
const LATEST = 200;

export async function imports(area, said) {
  const places = await admin.all("/organisations");
  const root = h("select", {}, options(places.filter((each) => each.kind !== "group").map((each) => [each.id, each.name])));
  const create = h("input", { type: "checkbox", id: "create-organisations" });
  const past = h("div");
  const refresh = () => earlier(past, opened);
  const result = desk(refresh);
  const opened = desk(refresh);
  const file = fileField("选择名册文件", XLSX, result.clear);
  [root, create].forEach((control) => control.addEventListener("change", result.clear));
  show(
    area,
    told(said),
    part(
      "导入名册",
      h("p", { class: "soft" }, "手头的花名册可以直接用：Excel（.xlsx、.xls）或 CSV；表头不在第一行、单元格合并、列名和列序不同都没关系。先检查，不改动任何数据；文件里没有的人不会被删除。"),
      h("div", { class: "fields" }, field("导入到", root, "按表中的支部名称，在这个组织和它的下级里找。表里没有支部这一列的，请在这里直接选那个支部。")),
      file.element,
      h("div", { class: "row" }, create, h("label", { for: create.id }, "系统里没有的党支部，按表中名称新建")),
      actions(
        {
          label: "上传并检查",
          run: async (tell) => {
            result.clear();
            const chosen = await file.read();
            if (!chosen) return tell("warn", "请先选择名册文件。");
            const form = new FormData();
            form.set("file", chosen);
            const query = `organisation_id=${root.value}&dry_run=true&create_organisations=${create.checked}`;
            await result.follow(await admin.call("POST", `/rosters/import?${query}`, { form, once: true }));
            return "";
          },
        },
        {
          label: "下载空白模板",
          quiet: true,
          run: async () => {
            const { blob, name } = await admin.call("GET", "/rosters/template.xlsx", { as: "file" });
            save(blob, name);
            return `已下载：${name}`;
          },
        },
      ),
      result.place,
    ),
    past,
    opened.place,
  );
  await refresh();
}

/** Where one import is shown; `refresh` is called when its state has changed. */
function desk(refresh) {
  const place = h("div", { class: "work" });
  let turn = 0; // what was cleared meanwhile is not shown any more
  const clear = () => {
    turn += 1;
    show(place);
  };
  /** Looks again until the file is read (or applied), then shows what came of it. */
  const follow = async (seen) => {
    const mine = (turn += 1);
    let now = seen;
    while (now.state === "reading" || now.state === "applying") {
      show(place, h("p", { class: "said", role: "status" }, `${STATES[now.state]}：${now.lines_done} / ${now.lines_total} 行`), h("progress", { max: String(now.lines_total || 1), value: String(now.lines_done) }));
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
      if (mine !== turn) return;
      now = await admin.call("GET", `/rosters/imports/${now.id}`);
    }
    const shown = await report(now, follow);
    if (mine !== turn) return;
    show(place, shown);
    await refresh();
  };
  return { place, clear, follow };
}

function row(each, result) {
  const tone = each.state === "applied" ? "good" : each.state === "failed" ? "warn" : "";
  return h(
    "li",
    { class: "item" },
    h("div", { class: "split" }, h("strong", {}, each.file_name || "名册"), tag(STATES[each.state], tone)),
    h("p", { class: "small soft" }, `${shortTime(each.created_at)} · 新增 ${each.added}，变更 ${each.changed}`),
    actions({
      label: each.state === "applied" ? "查看或撤销" : "查看",
      quiet: true,
      small: true,
      run: async () => {
        await result.follow(await admin.call("GET", `/rosters/imports/${each.id}`));
        result.place.scrollIntoView({ block: "start" });
      },
    }),
  );
}

/** Those that were applied come first: they are the ones that can be taken back. */
async function earlier(root, opened) {
  const { items } = await admin.call("GET", `/rosters/imports?limit=${LATEST}`);
  const applied = items.filter((each) => each.state === "applied");
  const sorted = [...applied, ...items.filter((each) => each.state !== "applied")];
  const rows = sorted.map((each) => row(each, opened));
  const seen = Math.max(LISTED, applied.length);
  show(
    root,
    rows.length > 0 &&
      part(
        "最近的导入",
        h("ul", { class: "items" }, rows.slice(0, seen)),
        rows.length > seen && h("details", {}, h("summary", {}, `更多（${rows.length - seen} 次检查）`), h("ul", { class: "items" }, rows.slice(seen))),
      ),
  );
}
