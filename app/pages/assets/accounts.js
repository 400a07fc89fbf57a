// Accounts of staff: opened, given a new password, disabled, signed out.
import { actions, field, fold, h, options, part, show, tag, told } from "./dom.js";
import { day } from "./format.js";
import { ownPassword } from "./own-password.js";
import { admin } from "./staff.js";

export async function accounts(area, said) {
  const [all, places] = await Promise.all([admin.all("/accounts"), admin.all("/organisations")]);
  const names = new Map(places.map((each) => [each.id, each.name]));
  const again = (text) => accounts(area, text);
  show(
    area,
    told(said),
    part(
      "账号",
      h("p", { class: "soft" }, "账号只用来登录；能做什么，看“职务”。"),
      h("ul", { class: "items" }, all.map((each) => row(each, names, again))),
      fold("开通一个账号", opening(places, again)),
      ownPassword(admin),
    ),
  );
}

function row(account, names, again) {
  const password = h("input", { type: "text", maxlength: "256", autocomplete: "off" });
  const change = async (json, text) => {
    await admin.call("PATCH", `/accounts/${account.id}`, { json });
    await again(text);
  };
  return h(
    "li",
    { class: "item" },
    h("div", { class: "split" }, h("strong", {}, account.name), account.disabled_at ? tag("已停用", "warn") : tag("使用中", "good")),
    h("p", { class: "small soft" }, `登录名 ${account.login} · ${names.get(account.organisation_id) ?? ""} · ${day(account.created_at)}开通`),
    fold(
      "办理",
      field("新密码", password, "至少 10 个字，当面告诉本人，请本人登录后自己再改。"),
      actions(
        {
          label: "重置密码",
          small: true,
          confirm: () => password.value && `${account.name} 改用新密码，已有的登录马上全部退出。`,
          run: (tell) => (password.value ? change({ password: password.value }, `已重置 ${account.name} 的密码。`) : tell("warn", "请先填写新密码。")),
        },
        {
          label: "退出全部登录",
          quiet: true,
          small: true,
          confirm: `${account.name} 在所有电脑上的登录马上退出，可以重新登录。`,
          run: async () => {
            await admin.call("DELETE", `/accounts/${account.id}/sessions`);
            await again(`已退出 ${account.name} 的全部登录。`);
          },
        },
        {
          label: account.disabled_at ? "恢复使用" : "停用账号",
          quiet: true,
          small: true,
          confirm: account.disabled_at ? null : `${account.name} 马上退出，不能再登录；任职不变，可以恢复使用。`,
          run: () => change({ disabled: !account.disabled_at }, `${account.name}：${account.disabled_at ? "已恢复使用" : "已停用"}。`),
        },
      ),
    ),
  );
}

function opening(places, again) {
  const place = h("select", {}, options(places.map((each) => [each.id, each.name])));
  const login = h("input", { type: "text", maxlength: "64", autocomplete: "off", autocapitalize: "off" });
  const name = h("input", { type: "text", maxlength: "100", autocomplete: "off" });
  const password = h("input", { type: "text", maxlength: "256", autocomplete: "off" });
  return [
    h("div", { class: "fields" }, field("由哪个组织管理", place), field("登录名", login, "字母、数字和 . _ @ -，至少 3 个"), field("姓名", name), field("初始密码", password, "至少 10 个字")),
    actions({
      label: "开通",
      run: async () => {
        const json = { organisation_id: Number(place.value), login: login.value.trim(), name: name.value.trim(), password: password.value };
        const made = await admin.call("POST", "/accounts", { json, once: true });
        await again(`已开通：${made.name}（${made.login}）。请到“职务”里任职。`);
      },
    }),
  ];
}
