// A template's text taken apart: what stands outside of `{{…}}`, and what stands inside. `{{- ` and ` -}}` take the blanks
// beside them away; comments vanish.
import { TemplateError } from "./value.ts";

export interface Part {
  readonly kind: "text" | "action";
  readonly text: string;
}

const COMMENT = /\{\{(?:-\s)?\s*\/\*[\s\S]*?\*\/(?:\s+-)?\}\}/y;
/** What is quoted may hold anything. */
const ACTION = /\{\{(?:"(?:\\.|[^"\\])*"|`[^`]*`|(?!\}\})[^"`])*\}\}/y;

/** Throws TemplateError for an action that does not end. */
export function splitTemplate(template: string): readonly Part[] {
  const parts: Part[] = [];
  let trimsNext = false;
  for (let at = 0; at < template.length; ) {
    const found = template.indexOf("{{", at);
    const start = found === -1 ? template.length : found;
    const action = start === template.length ? "" : actionAt(template, start);
    const text = template.slice(at, start);
    const kept = trimsNext ? text.trimStart() : text;
    parts.push({ kind: "text", text: /^\{\{-\s/.test(action) ? kept.trimEnd() : kept });
    trimsNext = /\s-\}\}$/.test(action);
    const body = action.slice(2, -2).replace(/^-(?=\s)/, "");
    const inside = body.replace(/\s-$/, "").trim();
    if (action !== "" && !inside.startsWith("/*")) parts.push({ kind: "action", text: inside });
    at = start + action.length;
  }
  return parts.filter(({ kind, text }) => kind === "action" || text !== "");
}

function actionAt(template: string, start: number): string {
  for (const pattern of [COMMENT, ACTION]) {
    pattern.lastIndex = start;
    const [found] = pattern.exec(template) ?? [];
    if (found !== undefined) return found;
  }
  throw new TemplateError(`expected }} after ${template.slice(start, start + 40)}`);
}
