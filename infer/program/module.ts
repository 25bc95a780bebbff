/** `module`: a network whose parameters are params of the program, named by their paths in the network. */
import { mapTree, type Tensor, type TensorLike, tensor } from "../../autodiff/index.js";
import * as random from "../../autodiff/ops/random/random.js";
import { isContainer } from "../../autodiff/transforms/tree.js";
import { refuseSite, requireKind } from "../checks.js";
import { type ModuleMessage, requestKey, send } from "./messages.js";
import { type ParamOptions, param } from "./primitives.js";

/** A network: `init` makes its parameters from a key, `apply` computes its output from parameters and inputs. */
export interface Net<P = unknown, R = Tensor> {
  init(key: Tensor): P;
  apply(params: P, ...inputs: Tensor[]): R;
}

// Parameters of a network have no axis for a plate around it: all their axes make up one element.
const NO_PLATE_AXES: ParamOptions = { eventDim: Infinity };

/** The network as a function of its inputs. Its parameters become params of the program, named `name/…`. */
export function module<P, R = Tensor>(name: string, net: Net<P, R>): (...inputs: TensorLike[]) => R {
  const isNet = (x: unknown) => typeof (x as Net | null)?.init === "function" && typeof (x as Net).apply === "function";
  requireKind(`module "${name}"`, "the second argument", net, [
    isNet,
    "a network with init and apply, such as nn.linear(2, 1)",
  ]);
  const { paths } = send<ModuleMessage>({ type: "module", name, paths: null });
  const declare = (path: string, init?: Tensor): Tensor => param(`${name}/${path}`, init, NO_PLATE_AXES);
  let params: unknown;
  if (paths !== null) params = fromPaths(paths, declare);
  else {
    const declared: string[] = [];
    params = mapTree(net.init(requestKey(name) ?? random.key(0)), (leaf, path) => {
      declared.push(path.replaceAll(".", "/"));
      return declare(declared.at(-1) as string, leaf as Tensor);
    });
    requireSameTree(
      name,
      params,
      fromPaths(declared, () => 0),
    );
  }
  return (...inputs) => net.apply(params as P, ...inputs.map(tensor));
}

/** The parameters of a network, as nested records and lists, from the paths of its params. */
function fromPaths(paths: readonly string[], declare: (path: string) => unknown, prefix = ""): unknown {
  const groups = new Map<string, string[]>();
  for (const path of paths) {
    if (path === "") return declare(prefix.slice(0, -1));
    const [head, ...tail] = path.split("/") as [string, ...string[]];
    groups.set(head, [...(groups.get(head) ?? []), tail.join("/")]);
  }
  const entries = [...groups].map(([head, tails]) => [head, fromPaths(tails, declare, `${prefix}${head}/`)] as const);
  if (entries.every(([head], i) => head === String(i))) return entries.map(([, item]) => item);
  return Object.fromEntries(entries);
}

/** Refuse a network whose later runs would get another structure from the names of its params than `init` made. */
function requireSameTree(name: string, made: unknown, rebuilt: unknown): void {
  const entriesOf = (x: unknown): unknown =>
    isContainer(x) ? Object.entries(x as object).map(([key, item]) => [key, entriesOf(item)]) : 0;
  if (JSON.stringify(entriesOf(made)) === JSON.stringify(entriesOf(rebuilt))) return;
  refuseSite(
    "bad-option",
    name,
    `module "${name}": init returned an empty list or record, a Map, or a key with "." or "/", which names of params cannot express. Leave out parts without parameters, and rename such keys.`,
  );
}
