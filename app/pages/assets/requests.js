// What a machine should not decide: the applicant's phone number is right, but the member is bound or shares it.
import { actions, h, part, show, tag, told } from "./dom.js";
import { time } from "./format.js";

const REASONS = { already_bound: "该党员已绑定其他微信，本人可能换了手机或微信号", shared_phone: "名册上几位党员用同一个手机号" };
const EFFECTS = { already_bound: "原来的微信马上解除绑定、退出登录。", shared_phone: "" };

export function requestsPart(leader) {
  const result = h("div", { class: "work" });
  const refresh = async (said) => {
    const { items } = await leader.call("GET", "/binding-requests");
    show(
      result,
      told(said),
      items.length === 0 && h("p", { class: "soft" }, "没有等待处理的申请。"),
      items.map((each) => item(each, decide)),
    );
  };
  const decide = async (each, approve) => {
    await leader.call("PUT", `/binding-requests/${each.id}/decision`, { json: { approve } });
    await refresh(approve ? `已同意：${each.name} 现在可以用那部手机学习。` : `已不同意 ${each.name} 的申请。`);
  };
  return part("等待处理的绑定申请", actions({ label: "查看", quiet: true, run: () => refresh() }), result);
}

function item(each, decide) {
  return h(
    "div",
    { class: "item" },
    h("div", { class: "split" }, h("strong", {}, each.name), tag(each.organisation)),
    h("p", { class: "small soft" }, `${time(each.created_at)} 用微信手机号申请绑定。${REASONS[each.reason] ?? ""}`),
    actions(
      {
        label: "核实是本人，同意",
        small: true,
        confirm: `请先当面或打电话核实是 ${each.name} 本人。同意后，申请的微信就能以 ${each.name} 的身份学习。${EFFECTS[each.reason] ?? ""}`,
        run: () => decide(each, true),
      },
      { label: "不同意", quiet: true, small: true, run: () => decide(each, false) },
    ),
  );
}
