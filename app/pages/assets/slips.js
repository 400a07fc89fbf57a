// Binding slips of a branch: printed, and who has one.
import { actions, facts, h, part, save, show, table, tag } from "./dom.js";
import { day } from "./format.js";

const SLIPS = { bound: ["已绑定", "good"], slip_out: ["绑定单已发出", "warn"], expired: ["绑定单已过期", ""], none: ["未发", ""] };
const DAY = 86_400_000;

export function slipsPart(leader, post) {
  const path = `/organisations/${post.organisation_id}/binding-slips`;
  const result = h("div", { class: "work" });
  const print = async (body) => {
    const { blob, name } = await leader.call("POST", `${path}.pdf`, { json: body, as: "file" });
    save(blob, name);
    await states(Boolean(body.member_ids));
    return `已下载：${name}，打印后裁开发放。14 天有效，一人一码，用后作废。`;
  };
  const states = async (open) => show(result, slipStates(await leader.call("GET", `${path}?limit=200`), print, open));
  const out = async () => {
    const { counts } = await leader.call("GET", `${path}?limit=1`);
    return `${counts.slip_out} 张已发出、还没用的绑定单马上作废，要全部收回重发；另给 ${counts.none + counts.expired} 人打印。已绑定的人不受影响。`;
  };
  return part(
    "绑定单",
    h("p", { class: "soft" }, "A4 纸，每页十张，有姓名、8 位数字和二维码。只发给还没有绑定、手里也没有绑定单的党员；已发出的不会作废。只补一个人的，请在“看谁还没有绑定”里那个人旁边重新打印。"),
    actions(
      { label: "打印绑定单（PDF）", run: () => print({}) },
      { label: "全部重新打印，旧的作废", quiet: true, confirm: out, run: () => print({ reprint: true }) },
      { label: "看谁还没有绑定", quiet: true, run: () => states(true) },
    ),
    result,
  );
}

/** The last day that a slip is good for, as the paper says it: the day before the one at whose beginning it ends. */
function lastDay(moment) {
  return day(new Date(moment).getTime() - DAY);
}

function slipStates(page, print, open) {
  const again = (row) => ({
    label: row.state === "none" ? "打印" : "重新打印",
    quiet: true,
    small: true,
    confirm: row.state === "slip_out" && `${row.name} 手里的绑定单马上作废，改用新的这一张。`,
    run: () => print({ member_ids: [row.member_id], reprint: true }),
  });
  return [
    facts(Object.entries(SLIPS).map(([state, [text]]) => [text, `${page.counts[state] ?? 0} 人`])),
    h(
      "details",
      { open },
      h("summary", {}, page.next ? `逐人情况（前 ${page.items.length} 人）` : "逐人情况"),
      table("绑定单不显示号码", [
        ["姓名", (row) => row.name],
        ["状态", (row) => tag(...SLIPS[row.state])],
        ["有效期至", (row) => (row.expires_at ? lastDay(row.expires_at) : "—")],
        ["补发", (row) => (row.state === "bound" ? "—" : actions(again(row)))],
      ], page.items),
    ),
  ];
}
