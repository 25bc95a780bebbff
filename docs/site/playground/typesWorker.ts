/**
 * TypeScript beside the editor: errors, completions and notes on names, and the JavaScript of a program. The language service runs here
 * so that the page never waits for it.
 */
import { createSystem, createVirtualTypeScriptEnvironment } from "@typescript/vfs";
import blankSpace from "ts-blank-space";
import ts from "typescript";

export type Question =
  | { readonly id: number; readonly ask: "load"; readonly files: Record<string, string> }
  | { readonly id: number; readonly ask: "errors" | "javascript"; readonly text: string }
  | { readonly id: number; readonly ask: "completions" | "note"; readonly text: string; readonly at: number };

export interface Problem {
  readonly from: number;
  readonly to: number;
  readonly line: number;
  readonly text: string;
}

const FILE = "/program.ts";
const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  lib: ["lib.es2022.d.ts"],
  strict: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: true,
  types: [],
};

let environment: ReturnType<typeof createVirtualTypeScriptEnvironment> | undefined;

function service(text: string): ts.LanguageService | undefined {
  environment?.updateFile(FILE, text === "" ? " " : text);
  return environment?.languageService;
}

function errorsOf(text: string): Problem[] {
  const known = service(text);
  if (known === undefined) return [];
  return [...known.getSyntacticDiagnostics(FILE), ...known.getSemanticDiagnostics(FILE)].map((d) => ({
    from: d.start ?? 0,
    to: (d.start ?? 0) + (d.length ?? 1),
    line: text.slice(0, d.start ?? 0).split("\n").length,
    text: ts.flattenDiagnosticMessageText(d.messageText, "\n"),
  }));
}

/** A program as JavaScript, or the line and text of its first syntax error. */
export type Script = { readonly code: string } | { readonly line: number; readonly text: string };

function scriptOf(text: string): Script {
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
  const [first] = ts.transpileModule(text, { compilerOptions, reportDiagnostics: true }).diagnostics ?? [];
  if (first === undefined) return { code: javascriptOf(text) };
  const line = text.slice(0, first.start ?? 0).split("\n").length;
  return { line, text: ts.flattenDiagnosticMessageText(first.messageText, "\n") };
}

/** The program as JavaScript, with every statement on its line: types become spaces, and imports and exports become plain statements. */
function javascriptOf(text: string): string {
  const plain = blankSpace(text);
  const file = ts.createSourceFile(FILE, plain, ts.ScriptTarget.ES2022, true);
  const edits: { from: number; to: number; text: string }[] = [];
  const exported: string[] = [];
  for (const statement of file.statements) {
    const [from, to] = [statement.getStart(file), statement.end];
    const lines = "\n".repeat(plain.slice(from, to).split("\n").length - 1);
    if (ts.isImportDeclaration(statement)) {
      const module = statement.moduleSpecifier.getText(file);
      const clause = statement.importClause;
      const names = clause?.namedBindings;
      const left =
        names === undefined
          ? clause?.name === undefined
            ? ""
            : `const { default: ${clause.name.text} } = `
          : ts.isNamespaceImport(names)
            ? `const ${names.name.text} = `
            : `const { ${names.elements.map((e) => (e.propertyName ? `${e.propertyName.text}: ${e.name.text}` : e.name.text)).join(", ")} } = `;
      edits.push({ from, to, text: `${left}require(${module});${lines}` });
    } else if (
      ts.isExportDeclaration(statement) &&
      statement.exportClause &&
      ts.isNamedExports(statement.exportClause)
    ) {
      for (const e of statement.exportClause.elements)
        exported.push(`${e.name.text}: ${(e.propertyName ?? e.name).text}`);
      edits.push({ from, to, text: lines });
    } else if (ts.isVariableStatement(statement) || ts.isFunctionDeclaration(statement)) {
      const word = statement.modifiers?.find(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
      if (word === undefined) continue;
      edits.push({ from: word.getStart(file), to: word.end, text: "" });
      const named = ts.isFunctionDeclaration(statement) ? [statement] : statement.declarationList.declarations;
      for (const { name } of named) if (name !== undefined && ts.isIdentifier(name)) exported.push(name.text);
    }
  }
  let out = plain;
  for (const { from, to, text: instead } of edits.reverse()) out = out.slice(0, from) + instead + out.slice(to);
  return `${out}\nObject.assign(exports, { ${exported.join(", ")} });`;
}

function answer(question: Question): unknown {
  switch (question.ask) {
    case "load": {
      const files = new Map(Object.entries({ ...question.files, [FILE]: " " }));
      environment = createVirtualTypeScriptEnvironment(createSystem(files), [FILE, "/globals.d.ts"], ts, OPTIONS);
      return true;
    }
    case "errors":
      return errorsOf(question.text);
    case "javascript":
      return scriptOf(question.text);
    case "completions":
      return (
        service(question.text)
          ?.getCompletionsAtPosition(FILE, question.at, { includeCompletionsForModuleExports: false })
          ?.entries.slice(0, 300)
          .map(({ name, kind, sortText }) => ({ name, kind, sortText })) ?? []
      );
    case "note": {
      const info = service(question.text)?.getQuickInfoAtPosition(FILE, question.at);
      if (info === undefined) return null;
      return `${ts.displayPartsToString(info.displayParts)}\n${ts.displayPartsToString(info.documentation)}`.trim();
    }
  }
}

addEventListener("message", ({ data }: MessageEvent<Question>) => {
  try {
    postMessage({ id: data.id, answer: answer(data) });
  } catch (error) {
    postMessage({ id: data.id, error: String(error) });
  }
});
