// Who acts for the staff side: the accounts of the demonstration, and the one question for their password.
import { staff } from "./api.js";
import { CANCELLED } from "./dom.js";

const NAMES = { editor: "内容编辑", reviewer: "审核人", admin: "管理员", "leader-east": "支部书记甲", "leader-west": "支部书记乙" };

function askPassword(login) {
  document.getElementById("password-title").textContent = `${NAMES[login]}（${login}）的密码`;
  const dialog = document.getElementById("password");
  const input = document.getElementById("password-field");
  input.value = "";
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve, reject) => {
    dialog.addEventListener(
      "close",
      () => {
        const given = input.value;
        input.value = "";
        if (dialog.returnValue === "ok" && given) resolve(given.trim());
        else reject(CANCELLED);
      },
      { once: true },
    );
  });
}

document.getElementById("password-cancel").addEventListener("click", () => document.getElementById("password").close("cancel"));

const account = (login) => staff(login, () => askPassword(login));

export const editor = account("editor");
export const reviewer = account("reviewer");
export const admin = account("admin");
export const east = account("leader-east");
export const west = account("leader-west");
