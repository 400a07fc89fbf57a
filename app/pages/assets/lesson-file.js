// A file that is handed in as a lesson, or in the place of one.
export const ACCEPTED = ".docx,.pptx,.pdf,.html,.htm,.md,.png,.jpg,.jpeg,.webp,.gif,.bmp";

/** The form of a file and what stands beside it, without what is empty. */
export function formOf(fields, file) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) if (value !== "") form.set(name, String(value));
  form.set("file", file);
  return form;
}
