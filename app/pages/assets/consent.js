// What comes before everything else on a phone: binding, where nobody is bound yet, and the word on the privacy notice.
import { call } from "./api.js";
import { actions, field, h, part, show } from "./dom.js";
import { textFrame } from "./lesson-frame.js";

/** Goes on to `next`; where the service says that something is missing first, shows that, and then goes on. */
export async function enter(root, me, phone, next) {
  try {
    await next();
  } catch (error) {
    if (error.code === "consent_needed") await ask(root, me, next);
    else if (error.code === "not_bound") bind(root, me, phone, () => enter(root, me, phone, next));
    else throw error;
  }
}

/** The notice with the two answers; `taken` where the member has agreed before and may take it back. */
export async function ask(root, me, next, { taken = false } = {}) {
  const notice = await me.call("GET", "/privacy-notice");
  const say = async (accepted) => {
    try {
      await me.call("PUT", "/me/consent", { json: { version: notice.version, accepted } });
    } catch (error) {
      if (error.code !== "notice_changed") throw error;
      await ask(root, me, next);
      return;
    }
    if (accepted) await next();
    else refused(root, me, next);
  };
  // Alike: the page does not choose for anybody.
  const choices = actions(
    { label: taken ? "继续同意" : "同意", quiet: true, run: () => say(true) },
    { label: taken ? "收回同意" : "不同意", quiet: true, run: () => say(false) },
  );
  const foot = [h("p", {}, "读完再选，两个都可以；以后随时能改。"), h("div", { class: "choices" }, choices)];
  const frame = textFrame({ title: notice.title, html: notice.html }, { foot, label: "告知书", large: true });
  show(root, h("div", { class: "reading" }, frame.element));
}

function refused(root, me, next) {
  show(
    root,
    h("p", { class: "said" }, "您选择了不同意。您的党员身份和名册登记不受影响；学习和通知先不提供，支部会用其他方式联系您。"),
    actions({ label: "改变主意，再读一遍告知书", quiet: true, run: () => ask(root, me, next) }),
  );
}

/** The digits as they are typed on any phone: in full width, with spaces or hyphens between them. */
function codeOf(typed) {
  return typed.normalize("NFKC").replace(/[\s\-‐-―−]/g, "");
}

function bind(root, me, phone, next) {
  const digits = h("input", { type: "text", inputmode: "numeric", autocomplete: "off", maxlength: "20", placeholder: "8 位数字" });
  const send = async (json) => {
    const { items, requests } = await me.call("POST", "/me/binding", { json });
    if (items.length) await next();
    else waiting(root, me, phone, next, requests);
  };
  show(
    root,
    part(
      "绑定党员身份",
      h("p", { class: "soft" }, "这部手机的微信还没有绑定。二选一即可。"),
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
        {
          label: "用微信手机号绑定",
          quiet: true,
          run: async () => {
            const { code } = await call("POST", `/demonstration/phones/${phone}/number`);
            await send({ phone_code: code });
          },
        },
      ),
    ),
  );
}

function waiting(root, me, phone, next, requests) {
  show(
    root,
    h("p", { class: "said" }, "这个手机号需要支部书记确认后才能绑定，已经替您提交申请："),
    h("ul", {}, requests.map((each) => h("li", {}, each.name_masked))),
    actions({ label: "书记确认后，再点这里", quiet: true, run: () => enter(root, me, phone, next) }),
  );
}
