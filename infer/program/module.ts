/** `module`: a network whose parameters are params of the program, named by their paths in the network. */
import { mapTree, type Tensor, type TensorLike, tensor } from "../../autodiff/index.js";
import * as random from "../../autodiff/ops/random/random.js";
import { requireKind } from "../checks.js";
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
  const { paths } = send<ModuleMessage>({ type: "module", name, paths: null, stop: false });
  const params =
    paths === null
      ? mapTree(net.init(requestKey(name) ?? random.key(0)), (leaf, path) =>
          param(`${name}/${path.replaceAll(".", "/")}`, leaf as Tensor, NO_PLATE_AXES),
        )
      : fromPaths(name, paths);
  return (...inputs) => net.apply(params as P, ...inputs.map(tensor));
}

/** The parameters of a network, as nested records and lists, from the names of its params. */
function fromPaths(name: string, paths: readonly string[]): unknown {
  const groups = new Map<string, string[]>();
  for (const path of paths) {
    if (path === "") return param(name, undefined, NO_PLATE_AXES);
    const [head, ...tail] = path.split("/") as [string, ...string[]];
    groups.set(head, [...(groups.get(head) ?? []), tail.join("/")]);
  }
  const entries = [...groups].map(([head, tails]) => [head, fromPaths(`${name}/${head}`, tails)] as const);
  if (entries.every(([head], i) => head === String(i))) return entries.map(([, item]) => item);
  return Object.fromEntries(entries);
}
