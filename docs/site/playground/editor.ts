/** The editor: CodeMirror with the library's types. The page fetches this file when the program gets the focus. */
import { autocompletion, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { javascript } from "@codemirror/lang-javascript";
import { type Diagnostic, linter, lintGutter, setDiagnostics } from "@codemirror/lint";
import { Annotation, Prec } from "@codemirror/state";
import { hoverTooltip, keymap } from "@codemirror/view";
import { basicSetup, EditorView } from "codemirror";
import { completionsAt, errorsOf, loadTypes, noteAt } from "./types.js";
import type { Problem } from "./typesWorker.js";

const KINDS: Readonly<Record<string, string>> = {
  const: "constant",
  let: "variable",
  method: "method",
  property: "property",
};

async function complete(context: CompletionContext): Promise<CompletionResult | null> {
  const word = context.matchBefore(/[\w$]*/);
  const before = context.state.sliceDoc(Math.max(0, (word?.from ?? context.pos) - 1), word?.from ?? context.pos);
  if (!context.explicit && before !== "." && (word === null || word.from === word.to)) return null;
  await loadTypes();
  const found = await completionsAt(context.state.doc.toString(), context.pos);
  return {
    from: word?.from ?? context.pos,
    options: found.map(({ name, kind }) => ({ label: name, type: KINDS[kind] ?? kind })),
    validFor: /^[\w$]*$/,
  };
}

const check =
  (found: (problems: readonly Problem[]) => void) =>
  async (view: EditorView): Promise<Diagnostic[]> => {
    await loadTypes();
    const problems = await errorsOf(view.state.doc.toString());
    found(problems);
    const end = view.state.doc.length;
    return problems.map(({ from, to, text }) => ({
      from: Math.min(from, end),
      to: Math.min(to, end),
      message: text,
      severity: "error",
    }));
  };

const note = hoverTooltip(async (view, pos) => {
  await loadTypes();
  const text = await noteAt(view.state.doc.toString(), pos);
  if (text === null) return null;
  return {
    pos,
    create: () => {
      const dom = document.createElement("div");
      dom.className = "note";
      dom.textContent = text;
      return { dom };
    },
  };
});

/** Marks a change that the page itself makes, so that `listener` is not called. */
const byThePage = Annotation.define<true>();

export interface Editor {
  text(): string;
  replace(text: string): void;
  /** Show a message at a line, or none. */
  mark(line: number | null, message: string): void;
  focus(): void;
}

/** The functions that the editor calls. */
export interface Listener {
  changed(): void;
  found(problems: readonly Problem[]): void;
  run(): void;
}

/** An editor in `host` with this text. */
export function openEditor(host: HTMLElement, text: string, listener: Listener): Editor {
  const view = new EditorView({
    parent: host,
    doc: text,
    extensions: [
      Prec.highest(
        keymap.of([
          {
            key: "Mod-Enter",
            run: () => {
              listener.run();
              return true;
            },
          },
        ]),
      ),
      basicSetup,
      lintGutter(),
      javascript({ typescript: true }),
      autocompletion({ override: [complete] }),
      linter(check(listener.found), { delay: 500 }),
      note,
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ "aria-label": "The program" }),
      EditorView.updateListener.of((update) => {
        const isOurs = update.transactions.some((transaction) => transaction.annotation(byThePage));
        if (update.docChanged && !isOurs) listener.changed();
      }),
    ],
  });
  return {
    text: () => view.state.doc.toString(),
    replace: (next) =>
      view.dispatch({
        changes: { from: 0, to: view.state.doc.length, insert: next },
        annotations: byThePage.of(true),
      }),
    mark: (line, message) => {
      const at = line === null || line < 1 || line > view.state.doc.lines ? null : view.state.doc.line(line);
      const diagnostics: Diagnostic[] = at === null ? [] : [{ from: at.from, to: at.to, severity: "error", message }];
      view.dispatch(setDiagnostics(view.state, diagnostics));
      if (at !== null) view.dispatch({ effects: EditorView.scrollIntoView(at.from) });
    },
    focus: () => view.focus(),
  };
}
