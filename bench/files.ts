/**
 * How straight a way the library goes: through how many files one eager SVI step of the coin passes, and how often it changes file.
 * Every function of a copy of the source tells when it is entered and left; a change is a call into another file (the way back is not
 * counted). `npx tsx bench/files.ts` prints the figures, in all and within infer; `--list` the files, by how often they were entered.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import ts from "typescript";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const copy = join(root, "node_modules/.cache/pedigrad-files");

const sources = (folder: string): string[] =>
  readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? sources(path) : path.endsWith(".ts") ? [path] : [];
  });

/** The calls that were made: the file of each function that was entered, and of the one that called it. */
const calls: [from: string, to: string][] = [];
let stack: string[] = [];
const tracer = {
  enter(file: string): void {
    calls.push([stack.at(-1) ?? "", file]);
    stack.push(file);
  },
  leave(): void {
    stack.pop();
  },
};

/** Wraps the body of every function that is not a generator, whose turns interleave, in enter and leave. */
const instrument =
  (file: string): ts.TransformerFactory<ts.SourceFile> =>
  ({ factory }) =>
  (source) => {
    const say = (what: string, ...args: ts.Expression[]) =>
      factory.createExpressionStatement(
        factory.createCallExpression(
          factory.createPropertyAccessExpression(factory.createIdentifier("__files"), what),
          undefined,
          args,
        ),
      );
    const wrapped = (body: ts.ConciseBody): ts.Block => {
      const block = ts.isBlock(body) ? body : factory.createBlock([factory.createReturnStatement(body)]);
      const enter = say("enter", factory.createStringLiteral(file));
      const leave = factory.createBlock([say("leave")]);
      return factory.createBlock([enter, factory.createTryStatement(block, undefined, leave)]);
    };
    const visit = (node: ts.Node): ts.Node => {
      const inner = ts.visitEachChild(node, visit, undefined);
      const isGenerator = "asteriskToken" in inner && inner.asteriskToken !== undefined;
      if (isGenerator) return inner;
      if (ts.isArrowFunction(inner)) {
        const { modifiers, typeParameters, parameters, type, equalsGreaterThanToken, body } = inner;
        return factory.updateArrowFunction(
          inner,
          modifiers,
          typeParameters,
          parameters,
          type,
          equalsGreaterThanToken,
          wrapped(body),
        );
      }
      if (ts.isFunctionDeclaration(inner) && inner.body) {
        const { modifiers, asteriskToken, name, typeParameters, parameters, type, body } = inner;
        return factory.updateFunctionDeclaration(
          inner,
          modifiers,
          asteriskToken,
          name,
          typeParameters,
          parameters,
          type,
          wrapped(body),
        );
      }
      if (ts.isMethodDeclaration(inner) && inner.body) {
        const { modifiers, asteriskToken, name, questionToken, typeParameters, parameters, type, body } = inner;
        return factory.updateMethodDeclaration(
          inner,
          modifiers,
          asteriskToken,
          name,
          questionToken,
          typeParameters,
          parameters,
          type,
          wrapped(body),
        );
      }
      if (ts.isGetAccessor(inner) && inner.body)
        return factory.updateGetAccessorDeclaration(
          inner,
          inner.modifiers,
          inner.name,
          inner.parameters,
          inner.type,
          wrapped(inner.body),
        );
      if (ts.isConstructorDeclaration(inner) && inner.body)
        return factory.updateConstructorDeclaration(inner, inner.modifiers, inner.parameters, wrapped(inner.body));
      return inner;
    };
    return ts.visitNode(source, visit) as ts.SourceFile;
  };

rmSync(copy, { recursive: true, force: true });
const options: ts.TranspileOptions = {
  compilerOptions: {
    target: ts.ScriptTarget.ESNext,
    useDefineForClassFields: true,
    module: ts.ModuleKind.ESNext,
    verbatimModuleSyntax: true,
  },
};
for (const path of ["index.ts", ...["provenance", "autodiff", "distributions", "infer"].flatMap(sources)]) {
  const text = readFileSync(join(root, path), "utf8");
  const file = relative(root, join(root, path));
  const { outputText } = ts.transpileModule(text, { ...options, transformers: { before: [instrument(file)] } });
  const to = join(copy, path.replace(/\.ts$/, ".js"));
  mkdirSync(dirname(to), { recursive: true });
  writeFileSync(to, outputText);
}
writeFileSync(join(copy, "package.json"), '{ "type": "module" }');

Object.assign(globalThis, { __files: tracer });
const P = (await import(pathToFileURL(join(copy, "index.js")).href)) as typeof import("../index.js");
const flips = P.tensor([1, 1, 1, 1, 1, 1, 0, 0, 0, 0]);
const model = (data: typeof flips) => {
  const fairness = P.sample("latent_fairness", new P.Beta(10, 10));
  P.plate("flips", data.length, () => P.sample("obs", new P.Bernoulli(fairness), { obs: data }));
};
const guide = () => {
  const alpha = P.param("alpha_q", 15, { constraint: P.constraints.positive });
  const beta = P.param("beta_q", 15, { constraint: P.constraints.positive });
  P.sample("latent_fairness", new P.Beta(alpha, beta));
};
const svi = new P.SVI(model, guide, P.adam(5e-4), new P.TraceELBO(), { jit: false });
let state = svi.init(P.random.key(0), flips);
for (let i = 0; i < 3; i++) {
  calls.length = 0;
  stack = [];
  [state] = svi.update(state, flips);
}

/** Files entered, and calls from one file into another, among those that `isIn` names. */
function count(isIn: (file: string) => boolean): { files: number; changes: number } {
  const inside = calls.filter(([, to]) => isIn(to));
  return {
    files: new Set(inside.map(([, to]) => to)).size,
    changes: calls.filter(([from, to]) => isIn(from) && isIn(to) && from !== to).length,
  };
}
const all = count((file) => file !== "");
const infer = count((file) => file.startsWith("infer/"));
console.log(`one eager SVI step of the coin: ${all.files} files, ${all.changes} changes of file`);
console.log(`within infer: ${infer.files} files, ${infer.changes} changes of file`);
if (process.argv.includes("--list")) {
  const entered = new Map<string, number>();
  for (const [, to] of calls) entered.set(to, (entered.get(to) ?? 0) + 1);
  for (const [file, times] of [...entered].sort((a, b) => b[1] - a[1])) console.log(`${times}`.padStart(6), file);
}
