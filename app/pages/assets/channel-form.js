// The form of a channel: what its platform asks for, and which of its template's fields shows what.
import { actions, field, fold, h, incomplete, options, show } from "./dom.js";
import { TEMPLATES } from "./format.js";
import { admin } from "./staff.js";

const SOURCES = [["title", "标题"], ["time", "时间"], ["organisation", "组织名称"], ["note", "说明"], ["=", "固定文字"]];
const STATES = [["formal", "正式版"], ["trial", "体验版"], ["developer", "开发版"]];
const EMPTY = { name: "", account: "", config: { templates: {}, miniprogram_state: "formal", settings: {} } };

// As the API has it: thing1, time2, or the name of a variable of a short message.
const FIELD = /^[a-z_]{1,24}[0-9]{0,3}$/;

const text = (value, more = {}) => h("input", { type: "text", value, maxlength: "500", ...more });

/** Fields to fill in, and `read()` for what is in them; `kind` is one of /channel-kinds. */
function settingsOf(kind, config) {
  const controls = kind.settings.map((each) => {
    const value = config.settings[each.name] ?? "";
    const choice = [["", "不填（用默认）"], ...each.choices.map((one) => [one, one])];
    return [each, each.choices.length ? h("select", {}, options(choice, value)) : text(value)];
  });
  const known = new Set(kind.settings.map((each) => each.name));
  const others = Object.entries(config.settings).filter(([name]) => !known.has(name));
  return {
    element: controls.map(([each, control]) => field(each.required ? each.label : `${each.label}（可不填）`, control, each.hint)),
    read: () => Object.fromEntries([...others, ...controls.map(([each, control]) => [each.name, control.value.trim()]).filter(([, value]) => value)]),
  };
}

/** One field of a template and what fills it; `read()` gives both, nothing for an empty line, or throws what is wrong. */
function mapping(name, source) {
  const own = source?.startsWith("=") ?? false;
  const key = text(name, { maxlength: "27", placeholder: "thing1", "aria-label": "模板字段" });
  const what = h("select", { "aria-label": "填入什么" }, options(SOURCES, own ? "=" : (source ?? "title")));
  const words = text(own ? source.slice(1) : "", { maxlength: "100", placeholder: "要显示的文字", "aria-label": "固定文字" });
  const follow = () => (words.hidden = what.value !== "=");
  what.addEventListener("change", follow);
  follow();
  return {
    element: h("div", { class: "fields pair" }, key, what, words),
    read: () => {
      const given = key.value.trim();
      if (!given) return null;
      if (!FIELD.test(given)) incomplete(`模板字段“${given}”不对：照平台后台填英文字段名，例如 thing1。`);
      if (what.value !== "=") return [given, what.value];
      if (!words.value.trim()) incomplete(`模板字段“${given}”选了“固定文字”，请填写要显示的文字。`);
      return [given, `=${words.value.trim()}`];
    },
  };
}

const number = (name) => Number(/\d*$/.exec(name)[0] || 0);

function templateOf(kind, template) {
  const id = text(template?.template_id ?? "", { maxlength: "64", placeholder: "平台给的模板编号" });
  const sorted = Object.entries(template?.fields ?? {}).sort(([one], [other]) => number(one) - number(other));
  const rows = sorted.map(([name, source]) => mapping(name, source));
  const place = h("div", { class: "work" });
  const add = (row) => {
    rows.push(row);
    place.append(row.element);
  };
  show(place, rows.map((row) => row.element));
  if (!rows.length) add(mapping("", "title"));
  const set = template ? "已设置" : "未设置，这类通知不走这个渠道";
  return {
    element: fold(
      `${TEMPLATES[kind]}（${set}）`,
      field("模板编号", id, "清空编号就不再使用这个模板。"),
      h("p", { class: "hint" }, "照平台后台“模板详情”逐项填写：左边是字段名，右边是要显示的内容。"),
      place,
      h("div", { class: "row" }, h("button", { type: "button", class: "quiet small", onclick: () => add(mapping("", "title")) }, "再加一项")),
    ),
    read: () => id.value.trim() && [kind, { template_id: id.value.trim(), fields: Object.fromEntries(rows.map((row) => row.read()).filter(Boolean)) }],
  };
}

/** The fields of a channel; `read()` gives name, account, secret and config, the secret only where one was typed. */
function fields(kind, channel) {
  const fixed = Boolean(channel.id);
  const name = text(channel.name, { maxlength: "100", placeholder: "例如：镇党委企业微信" });
  const account = text(channel.account, { maxlength: "64", disabled: fixed });
  const secret = h("input", { type: "password", autocomplete: "new-password", maxlength: "256" });
  const settings = settingsOf(kind, channel.config);
  const templates = kind.templates ? Object.keys(TEMPLATES).map((each) => templateOf(each, channel.config.templates[each])) : [];
  const state = kind.adapter === "wechat_miniprogram" && h("select", {}, options(STATES, channel.config.miniprogram_state));
  const rate = h("input", { type: "number", min: "0.01", max: "10000", step: "any", value: channel.config.rate ?? "" });
  const kept = channel.has_secret ? "已设置，不能读出；不更换就留空。" : "保存后不能读出，只能更换。";
  return {
    element: [
      h(
        "div",
        { class: "fields" },
        field("名称", name, "给管理员看的名字。"),
        kind.account && field(kind.account, account, fixed ? "账号不能改；换账号请新建渠道。" : null),
        kind.secret && field(kind.secret, secret, kept),
        settings.element,
        state && field("点开消息进入", state),
        field("每秒最多发送（可不填）", rate, "平台给这个账号的限额低于一般规定时填写。"),
      ),
      templates.length > 0 && h("p", { class: "hint" }, "消息模板：每一类通知用哪个模板。"),
      templates.map((each) => each.element),
    ],
    read: () => ({
      name: name.value.trim(),
      account: kind.account ? account.value.trim() : "",
      ...(secret.value ? { secret: secret.value } : {}),
      config: {
        ...channel.config,
        templates: Object.fromEntries(templates.map((each) => each.read()).filter(Boolean)),
        miniprogram_state: state ? state.value : channel.config.miniprogram_state,
        rate: rate.value ? Number(rate.value) : null,
        settings: settings.read(),
      },
    }),
  };
}

export function changing(channel, kind, again) {
  const form = fields(kind, channel);
  return [
    form.element,
    actions({
      label: "保存修改",
      run: async () => {
        const { name, secret, config } = form.read();
        await admin.call("PATCH", `/channels/${channel.id}`, { json: { name, config, ...(secret ? { secret } : {}) } });
        await again(channel, `已保存：${name}`);
      },
    }),
  ];
}

export function adding(kinds, places, again) {
  const what = h("select", {}, options(kinds.map((each) => [each.adapter, each.label])));
  const place = h("select", {}, options(places.map((each) => [each.id, each.name])));
  const body = h("div", { class: "work" });
  const fill = () => {
    const form = fields(kinds.find((each) => each.adapter === what.value), EMPTY);
    show(body, form.element, actions({ label: "新建渠道", run: (tell) => create(form, tell) }));
  };
  const create = async (form, tell) => {
    const { name, ...rest } = form.read();
    if (!name) return tell("warn", "请先填写名称。");
    const json = { organisation_id: Number(place.value), adapter: what.value, name, ...rest };
    const made = await admin.call("POST", "/channels", { json, once: true });
    await again(made, `已新建：${made.name}`);
    return undefined;
  };
  what.addEventListener("change", fill);
  fill();
  return [
    h("div", { class: "fields" }, field("渠道种类", what), field("用于组织", place, "这个组织和它的所有下级都可以用。")),
    body,
  ];
}
