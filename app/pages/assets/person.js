// One person of the roster: what is known, who may see it, and what can be changed.
import { memberAddresses } from "./addresses.js";
import { actions, facts, field, fold, h, options, part, say, show, told } from "./dom.js";
import { ARCHIVED, ROLES, ROSTERS, STAGES, day } from "./format.js";
import { personForm } from "./person-form.js";

// Whose it is to untie a phone: those who meet the person.
const RESETTERS = new Set(["leader", "security_administrator"]);

/** Shows the member at `place`; `again` reads the list anew where the member leaves it. */
export async function person(place, actor, places, id, again, said) {
  try {
    await read(place, actor, places, id, again, said);
  } catch (error) {
    say(place, "bad", error.detail ?? error.message);
  }
}

async function read(place, actor, places, id, again, said) {
  const [member, placements, viewers, session] = await Promise.all([
    actor.call("GET", `/members/${id}`),
    actor.call("GET", `/members/${id}/placements`),
    actor.call("GET", `/members/${id}/viewers`),
    actor.open(),
  ]);
  const reread = (text) => person(place, actor, places, id, again, text);
  const addresses = member.archived_at ? null : await memberAddresses(actor, member, reread);
  place.className = "work";
  show(
    place,
    told(said),
    part(
      member.name,
      facts([["组织", member.organisation], ["类别", STAGES[member.stage]], ["名册", ROSTERS[member.roster]], ["出生年月", member.birth_month ?? "—"], ["入党时间", member.joined_on ?? "—"], ["手机", h("span", { class: "whole" }, member.phone_masked ?? "—")], ["微信", member.bound ? "已绑定" : "未绑定"]].concat(member.exempt ? [["免学", member.exempt_reason ?? "是"]] : []), "words"),
      member.archived_at ? restoring(actor, places, member, reread) : changing(actor, places, member, session, reread),
      addresses && fold("收件地址（企业微信、邮箱等）", addresses),
      h("h4", {}, "历次所在支部"),
      h("ul", {}, placements.items.map((each) => h("li", {}, `${each.organisation}：${day(each.from_at)}起${each.until_at ? `，至 ${day(each.until_at)}` : ""}`))),
      h("h4", {}, "谁能看到这位党员，为什么"),
      h("ul", {}, viewers.items.map((each) => h("li", {}, `${each.account}（${ROLES[each.role] ?? each.role}${each.acting ? "，代理" : ""}）：${each.why}`))),
    ),
  );
  place.scrollIntoView({ block: "nearest" });
}

function changing(actor, places, member, session, reread) {
  return [
    fold("修改资料", personForm(member, "保存", async (json) => {
      await actor.call("PATCH", `/members/${member.id}`, { json });
      await reread(`已保存：${member.name}。`);
    })),
    fold("调到别的组织", moving(actor, places, member, reread)),
    fold("归档（离开名册）", archiving(actor, member, reread)),
    member.bound &&
      session.posts.some((post) => RESETTERS.has(post.role)) &&
      actions({
        label: "解除微信绑定",
        quiet: true,
        small: true,
        confirm: `${member.name} 的手机马上退出登录，重新绑定要用新的绑定单。学习记录不受影响。`,
        run: async () => {
          await actor.call("DELETE", `/members/${member.id}/binding`);
          await reread(`已解除 ${member.name} 的微信绑定，请重新发绑定单。`);
        },
      }),
  ];
}

function choices(places, but) {
  return options(places.filter((each) => each.id !== but).map((each) => [each.id, each.name]));
}

function moving(actor, places, member, reread) {
  const to = h("select", {}, choices(places, member.organisation_id));
  const since = h("input", { type: "date" });
  const name = () => to.selectedOptions[0]?.textContent;
  return [
    h("div", { class: "fields" }, field("调到", to), field("从哪天起（可不填，默认今天）", since)),
    actions({
      label: "调动",
      small: true,
      confirm: () => `${member.name} 从 ${member.organisation} 调到 ${name()}。学习记录和微信绑定随人走，以前各周仍算在原支部。`,
      run: async () => {
        await actor.call("POST", `/members/${member.id}/moves`, { json: { organisation_id: Number(to.value), effective_on: since.value || null } });
        await reread(`已调到：${name()}。`);
      },
    }),
  ];
}

function archiving(actor, member, reread) {
  const reason = h("select", {}, options([["", "请选择"], ...Object.entries(ARCHIVED)]));
  const since = h("input", { type: "date" });
  return [
    h("div", { class: "fields" }, field("原因", reason), field("从哪天起（可不填，默认今天）", since)),
    actions({
      label: "归档",
      small: true,
      confirm: () => reason.value && `${member.name} 离开名册（${ARCHIVED[reason.value]}）：不能再登录，也不再收到通知；30 天内可以恢复。`,
      run: async (tell) => {
        if (!reason.value) return tell("warn", "请先选择原因。");
        await actor.call("POST", `/members/${member.id}/archive`, { json: { reason: reason.value, effective_on: since.value || null } });
        await reread(`已归档：${member.name}。30 天内可以恢复。`);
        return "";
      },
    }),
  ];
}

function restoring(actor, places, member, reread) {
  const to = h("select", {}, options([["", "原来的组织"], ...places.map((each) => [each.id, each.name])]));
  const over = new Date(member.restorable_until) <= Date.now();
  return [
    h("p", { class: "said warn" }, `${day(member.archived_at)}归档：${ARCHIVED[member.archive_reason] ?? "未写原因"}。${over ? "已过 30 天，不能恢复。" : `${day(member.restorable_until)}前可以恢复。`}`),
    !over && field("恢复到", to),
    !over &&
      actions({
        label: "恢复",
        small: true,
        confirm: () => `${member.name} 回到名册（${to.selectedOptions[0].textContent}），微信绑定和学习记录照旧。`,
        run: async () => {
          await actor.call("POST", `/members/${member.id}/restoration`, { json: { organisation_id: to.value ? Number(to.value) : null } });
          await reread(`已恢复：${member.name}。`);
        },
      }),
  ];
}
