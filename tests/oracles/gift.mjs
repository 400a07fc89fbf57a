// Reads a JSON list of GIFT texts from stdin; says what gift-pegjs makes of each: {"questions": [...]} or {"error": "..."}.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const { parse } = createRequire(import.meta.url)('gift-pegjs');

const answers = JSON.parse(readFileSync(0, 'utf8')).map((text) => {
  try {
    return { questions: parse(text) };
  } catch (error) {
    return { error: String(error.message) };
  }
});
process.stdout.write(JSON.stringify(answers));
