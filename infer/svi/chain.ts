/**
 * Optimisers with the interface of optax: `init(params)` returns a state, and `update(grads, state, params)` returns the
 * updates to add to the parameters and the next state. Both compute with ops on tensors, so that steps can be compiled.
 * Any object with `init` and `update` is an optimiser. The optimisers in this file change gradients, or consist of other optimisers.
 */
import { leavesOf, type Tensor, type Tree, tensor } from "../../autodiff/index.js";
import { zipTrees } from "../../autodiff/transforms/tree.js";
import * as kinds from "../../provenance/base/kinds.js";
import { mergeRecords } from "../../provenance/base/records.js";
import { type Kind, requireKind } from "../checks.js";

/** An optimiser. Parameters, gradients and updates are nested records of tensors with the same structure. */
export interface Optimizer {
  init(params: Tree): Tree;
  update(grads: Tree, state: Tree, params: Tree): [updates: Tree, state: Tree];
}

const optimiser: Kind = [
  (x) => typeof (x as Optimizer | null)?.init === "function" && typeof (x as Optimizer).update === "function",
  "an optimiser with init and update, such as adam(1e-3)",
];

/** Optimisers in sequence: the updates of each optimiser are the gradients of the next. */
export function chain(...parts: Optimizer[]): Optimizer {
  for (const part of parts) requireKind("chain", "each part", part, optimiser);
  return {
    init: (params) => parts.map((part) => part.init(params)),
    update: (grads, states, params) => {
      let updates = grads;
      const next = parts.map((part, i) => {
        const [u, s] = part.update(updates, states[i], params);
        updates = u;
        return s;
      });
      return [updates, next];
    },
  };
}

const stateless = (f: (grads: Tree) => Tree): Optimizer => ({
  init: () => ({}),
  update: (grads, state) => [f(grads), state],
});

/** Clip every element to [-limit, limit]. */
export function clipByValue(limit: number): Optimizer {
  requireKind("clipByValue", "limit", limit, kinds.positive);
  return stateless((grads) => zipTrees((g) => g.clip(-limit, limit), grads));
}

/** Scale all elements down by one factor if the Euclidean norm of all parameters' gradients exceeds `limit`. */
export function clipByGlobalNorm(limit: number): Optimizer {
  requireKind("clipByGlobalNorm", "limit", limit, kinds.positive);
  return stateless((grads) => {
    const norm = (leavesOf(grads) as Tensor[])
      .map((g) => g.square().sum())
      .reduce((a, b) => a.add(b), tensor(0))
      .sqrt();
    const by = tensor(limit).div(norm.maximum(limit));
    return zipTrees((g) => g.mul(by), grads);
  });
}

/** Multiply every element by `by`. */
export function scaleBy(by: number): Optimizer {
  requireKind("scaleBy", "by", by, kinds.number);
  return stateless((grads) => zipTrees((g) => g.mul(by), grads));
}

/** A separate optimiser for every parameter; `choose` returns the optimiser for a parameter's name. */
export function perParam(choose: (name: string) => Optimizer): Optimizer {
  requireKind("perParam", "the first argument", choose, [kinds.function[0], "a function of the param's name"]);
  const chosen = new Map<string, Optimizer>();
  const optimizerOf = (name: string): Optimizer => {
    const optimizer = chosen.get(name) ?? choose(name);
    requireKind("perParam", `the optimiser for "${name}"`, optimizer, optimiser);
    chosen.set(name, optimizer);
    return optimizer;
  };
  const record = (entries: [string, Tree][]): Tree => mergeRecords(Object.fromEntries(entries));
  return {
    init: (params) => record(Object.keys(params).map((name) => [name, optimizerOf(name).init(params[name])])),
    update: (grads, state, params) => {
      const results = Object.keys(grads).map(
        (name) => [name, optimizerOf(name).update(grads[name], state[name], params[name])] as const,
      );
      return [record(results.map(([name, [u]]) => [name, u])), record(results.map(([name, [, s]]) => [name, s]))];
    },
  };
}
