// The own password, for everybody of staff.
import { setOwnPassword } from "./api.js";
import { actions, field, fold, h } from "./dom.js";

const LEAST = 10;

export function ownPassword(actor) {
  const secret = (autocomplete) => h("input", { type: "password", maxlength: "256", autocomplete });
  const [current, chosen, again] = [secret("current-password"), secret("new-password"), secret("new-password")];
  return fold(
    "修改自己的密码",
    h("div", { class: "fields" }, field("现在的密码", current), field("新密码", chosen, `至少 ${LEAST} 个字`), field("再输一遍新密码", again)),
    actions({
      label: "修改密码",
      small: true,
      run: async (tell) => {
        if (!current.value || !chosen.value) return tell("warn", "请填写现在的密码和新密码。");
        if (chosen.value.length < LEAST) return tell("warn", `新密码太短，至少 ${LEAST} 个字。`);
        if (chosen.value !== again.value) return tell("warn", "两次输入的新密码不一样，请重新输入。");
        await setOwnPassword(actor, current.value.trim(), chosen.value);
        [current, chosen, again].forEach((each) => (each.value = ""));
        return "密码已修改，这个账号在别处的登录都已退出。";
      },
    }),
  );
}
