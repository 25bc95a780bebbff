/**
 * Counts the files through which one eager SVI step of the coin passes, and how often the step changes file.
 *
 *     npx tsx bench/files.ts           the figures, in all and within infer
 *     npx tsx bench/files.ts --list    the files, by how often they were entered
 *     npx tsx bench/files.ts --trace   every call in order, with a star where it changes file
 *
 * In a copy of the source, every function reports when it is entered and left: declarations, arrow functions, methods, getters and
 * constructors, however small. Generators do not report, because their calls interleave, nor do functions generated from text. A *change*
 * is a call from a function of one file to a function of another; the return is not counted. Within infer, only calls from infer to infer
 * count, and callbacks from other folders do not. The step is the third after `init`, with one particle and a guide with a pathwise
 * gradient.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { transformSync } from "esbuild";
import ts from "typescript";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const copy = join(root, "node_modules/.cache/pedigrad-files");

const sources = (folder: string): string[] =>
  readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? sources(path) : path.endsWith(".ts") ? [path] : [];
  });

/**
 * One call. `from` is the file of the caller ("" for the program itself); `to` and `name` are the file and the name of the called function.
 */
export interface Call {
  readonly from: string;
  readonly to: string;
  readonly name: string;
  readonly depth: number;
}

/** The source of a file with `enter` and `leave` around the body of every function. */
function instrumented(file: string): string {
  const text = readFileSync(join(root, file), "utf8");
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, true);
  const pieces: { readonly at: number; readonly text: string }[] = [];
  const visit = (node: ts.Node): void => {
    const isGenerator = "asteriskToken" in node && node.asteriskToken !== undefined;
    const body = ts.isFunctionLike(node) && !isGenerator && "body" in node ? (node.body as ts.ConciseBody) : undefined;
    if (body === undefined) {
      ts.forEachChild(node, visit);
      return;
    }
    const enter = `__files.enter(${JSON.stringify(file)}, ${JSON.stringify(nameOf(node))}); try {`;
    const leave = "} finally { __files.leave(); }";
    const isBlock = ts.isBlock(body);
    pieces.push(
      isBlock ? { at: body.getStart() + 1, text: enter } : { at: body.getStart(), text: `{ ${enter} return (` },
    );
    ts.forEachChild(node, visit);
    pieces.push(isBlock ? { at: body.getEnd() - 1, text: leave } : { at: body.getEnd(), text: `); ${leave} }` });
  };
  visit(source);
  let result = "";
  let done = 0;
  for (const { at, text: piece } of pieces.sort((a, b) => a.at - b.at)) {
    result += text.slice(done, at) + piece;
    done = at;
  }
  return result + text.slice(done);
}

function nameOf(node: ts.Node): string {
  if (ts.isConstructorDeclaration(node)) return `new ${node.parent.name?.text ?? "class"}`;
  const { parent } = node;
  if (ts.isBinaryExpression(parent)) return parent.left.getText();
  const named = [node, parent].find((part) => "name" in part && part.name !== undefined) as ts.NamedDeclaration;
  return named?.name?.getText() ?? "=>";
}

/** The calls of one eager SVI step of the coin, in order. */
export async function callsOfOneStep(): Promise<readonly Call[]> {
  rmSync(copy, { recursive: true, force: true });
  for (const file of ["index.ts", ...["provenance", "autodiff", "distributions", "infer"].flatMap(sources)]) {
    const to = join(copy, file.replace(/\.ts$/, ".js"));
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(to, transformSync(instrumented(file), { loader: "ts", target: "esnext" }).code);
  }
  writeFileSync(join(copy, "package.json"), '{ "type": "module" }');

  const calls: Call[] = [];
  const stack: string[] = [];
  const enter = (to: string, name: string): void => {
    calls.push({ from: stack.at(-1) ?? "", to, name, depth: stack.push(to) - 1 });
  };
  Object.assign(globalThis, { __files: { enter, leave: () => stack.pop() } });
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
    [state] = svi.update(state, flips);
  }
  return calls;
}

/** How many files below `folder` are entered, and how many calls go from one of these files to another. "" means all files. */
export function count(calls: readonly Call[], folder = ""): { files: number; changes: number } {
  const isIn = (file: string): boolean => file !== "" && file.startsWith(folder);
  return {
    files: new Set(calls.map(({ to }) => to).filter(isIn)).size,
    changes: calls.filter(({ from, to }) => from !== to && isIn(from) && isIn(to)).length,
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const calls = await callsOfOneStep();
  const [all, infer] = [count(calls), count(calls, "infer/")];
  if (process.argv.includes("--trace"))
    for (const { from, to, name, depth } of calls)
      console.log(`${" ".repeat(depth)}${from === to ? " " : "*"} ${to} ${name}`);
  if (process.argv.includes("--list")) {
    const entered = new Map<string, number>();
    for (const { to } of calls) entered.set(to, (entered.get(to) ?? 0) + 1);
    for (const [file, times] of [...entered].sort((a, b) => b[1] - a[1])) console.log(`${times}`.padStart(6), file);
  }
  console.log(`one eager SVI step of the coin: ${all.files} files, ${all.changes} changes of file`);
  console.log(`within infer: ${infer.files} files, ${infer.changes} changes of file`);
}
