// What comes before everything else on a phone: binding, where nobody is bound yet, and the word on the privacy notice.
import { call } from "./api.js";
import { actions, field, h, part, show, told } from "./dom.js";
import { textFrame } from "./lesson-frame.js";

/**
 * Goes on to `next(said)`; where the service says that something is missing first, shows that, and then goes on.
 * `said` is what came of the step before.
 */
export async function enter(root, me, phone, next, said = "") {
  try {
    await next(said);
  } catch (error) {
    if (error.code === "consent_needed") await ask(root, me, phone, next, { said });
    else if (error.code === "not_bound") bind(root, me, phone, next, said);
    else throw error;
  }
}

/** The notice with the two answers; `taken` where the member has agreed before and may take it back. */
export async function ask(root, me, phone, next, { taken = false, said = "" } = {}) {
  const notice = await me.call("GET", "/privacy-notice");
  const say = async (accepted) => {
    try {
      await me.call("PUT", "/me/consent", { json: { version: notice.version, accepted } });
    } catch (error) {
      if (error.code !== "notice_changed") throw error;
      await ask(root, me, phone, next, { said: "告知书刚刚更新，请看新的一份。" });
      return;
    }
    if (accepted) await enter(root, me, phone, next);
    else await refused(root, me, phone, next);
  };
  // Alike: the page does not choose for anybody.
  const choices = actions(
    { label: taken ? "继续同意" : "同意", quiet: true, run: () => say(true) },
    { label: taken ? "收回同意" : "不同意", quiet: true, run: () => say(false) },
  );
  const foot = [h("p", {}, "读完再选，两个都可以；以后随时能改。"), h("div", { class: "choices" }, choices)];
  const frame = textFrame({ title: notice.title, html: notice.html }, { foot, label: "告知书", large: true });
  show(root, told(said), h("div", { class: "reading" }, frame.element));
  root.scrollIntoView({ block: "start" });
}

/** Without a consent there is little more than this: another member of the phone, or leaving. */
async function refused(root, me, phone, next) {
  const { member_id: mine, members } = await me.call("GET", "/sessions/current");
  const other = (each) => ({
    label: `换成 ${each.name}`,
    quiet: true,
    run: async () => {
      await me.call("PUT", "/sessions/current/member", { json: { member_id: each.member_id } });
      await enter(root, me, phone, next, `已换成 ${each.name}，${each.organisation}。`);
    },
  });
  show(
    root,
    h("p", { class: "said" }, "您选择了不同意。党员身份和名册登记不受影响；这里先不能学习，也不再给您发微信通知。组织生活的安排，请问支部书记。"),
    actions(
      { label: "再读一遍告知书", quiet: true, run: () => ask(root, me, phone, next) },
      ...members.filter((each) => each.member_id !== mine).map(other),
      {
        label: "解除绑定",
        quiet: true,
        confirm: "这个微信与您的党员身份不再相连；以后要用，再向支部书记领绑定单。",
        run: async () => {
          await me.call("DELETE", "/me/binding");
          await enter(root, me, phone, next, "已解除绑定。");
        },
      },
    ),
  );
}

/** The digits as they are typed on any phone: in full width, with spaces or hyphens between them. */
function codeOf(typed) {
  return typed.normalize("NFKC").replace(/[\s\-‐-―−]/g, "");
}

/** Binding by code or number; `another` where somebody is bound on this phone already, who may go back. */
export function bind(root, me, phone, next, said, another = false) {
  const digits = h("input", { type: "text", inputmode: "numeric", autocomplete: "off", maxlength: "20", placeholder: "8 位数字" });
  const send = async (json) => {
    const { items, requests } = await me.call("POST", "/me/binding", { json });
    if (!items.length) return waiting(root, me, phone, next, requests);
    return enter(root, me, phone, next, `这部手机已绑定：${items.map((each) => `${each.name}（${each.organisation}）`).join("、")}。`);
  };
  const number = (query) => async () => {
    const { code } = await call("POST", `/demonstration/phones/${phone}/number${query}`);
    await send({ phone_code: code });
  };
  show(
    root,
    told(said),
    part(
      "绑定党员身份",
      h("p", { class: "soft" }, another ? "家里几位党员共用一部手机时，每人绑一次，随时可以换。" : "这部手机的微信还没有绑定。绑定码和微信手机号，二选一即可。"),
      field("绑定码", digits, "在支部书记发的绑定单上；演示中可到第 5 步打印。"),
      actions(
        {
          label: "绑定",
          run: async (tell) => {
            const code = codeOf(digits.value);
            if (!/^\d{8}$/.test(code)) return tell("warn", "请输入绑定单上的 8 位数字。");
            return send({ invite_code: code });
          },
        },
        { label: "用微信手机号绑定", quiet: true, run: number("") },
        { label: "试试已被别的微信绑定的手机号", quiet: true, run: number("?bound=true") },
        another && { label: "不绑了，返回", quiet: true, run: () => next() },
      ),
    ),
  );
}

function waiting(root, me, phone, next, requests) {
  show(
    root,
    h("p", { class: "said" }, "这个手机号需要支部书记确认后才能绑定，已经替您提交申请："),
    h("ul", {}, requests.map((each) => h("li", {}, each.name_masked))),
    h("p", { class: "soft" }, "演示中可到第 5 步，在“等待处理的绑定申请”里处理。"),
    actions(
      { label: "书记确认后，再点这里", quiet: true, run: () => enter(root, me, phone, next) },
      { label: "改用绑定码", quiet: true, run: () => bind(root, me, phone, next, "") },
    ),
  );
}
