/**
 * Saves a state as text and loads it bit for bit. The text is JSON with a version, a checksum and the state. Each tensor
 * is written as its shape and the hexadecimal bits of its numbers, so that NaN, infinities and the last digit are kept.
 * Loading does not run code from the text, and refuses a text that is truncated, altered or malformed.
 */

import { sizeOf } from "../../autodiff/core/shape.js";
import { emptyRecord, isContainer, PedigradError, Tensor, tensor } from "../../autodiff/index.js";
import { isRecord, MAX_DEPTH } from "../../provenance/base/records.js";
import { constraintsIn } from "./paramSpace.js";
import { runSaveCheck, type SVIState } from "./state.js";

// Version 1 kept the averages of baselines in `mutableState`, under names with the prefix `AVERAGE`.
const VERSION = 2;
const AVERAGE = "baseline/";
const RESERVED = ["__proto__", "constructor", "prototype"];

const PARTS = ["params", "optimState", "mutableState", "key"];

const refuse = (message: string, param?: string, op = "loadState"): never => {
  throw new PedigradError({ code: "bad-checkpoint", op, param, message: `${op}: ${message}` });
};

/** The key for a name in the text: names that JavaScript reserves, and names that begin with a tilde, get a tilde in front. */
const escapeName = (name: string): string => (RESERVED.includes(name) || name.startsWith("~") ? `~${name}` : name);

/** The state as text, from which `loadState` restores it bit for bit. */
export function saveState(state: SVIState): string {
  for (const part of PARTS)
    if (!isRecord(state) || state[part] === undefined)
      refuse(
        `the state has no ${part}. Give the whole state that svi.init, svi.update or svi.run returned, as it is.`,
        part,
        "saveState",
      );
  runSaveCheck(state);
  const { constraints, ...tensors } = state;
  const body = JSON.stringify({ ...(pack(tensors, "state") as object), constraints });
  return JSON.stringify({ pedigrad: VERSION, checksum: fnv1a(body), state: body });
}

function pack(node: unknown, path: string): unknown {
  if (node instanceof Tensor) return { shape: [...node.shape], bits: toBits(node.toFloat64Array()) };
  if (Array.isArray(node)) return node.map((item, i) => pack(item, `${path}.${i}`));
  if (!isContainer(node) || node instanceof Map)
    refuse(`"${path}" is not a tensor. A state may contain only tensors, in records and arrays.`, path, "saveState");
  const copy = emptyRecord<unknown>();
  for (const [name, item] of Object.entries(node as object)) copy[escapeName(name)] = pack(item, `${path}.${name}`);
  return copy;
}

/** The state that `saveState` wrote. */
export function loadState(text: string): SVIState {
  const outer = parse(text, "the text");
  if (!isRecord(outer) || !("pedigrad" in outer)) return refuse("the text is not a state that saveState wrote.");
  if (outer.pedigrad !== 1 && outer.pedigrad !== VERSION)
    return refuse(`version ${String(outer.pedigrad)} is not known; this library reads versions 1 and ${VERSION}.`);
  if (typeof outer.state !== "string") return refuse("the text contains no state.");
  if (fnv1a(outer.state) !== outer.checksum)
    return refuse("the checksum does not match: the text was truncated or altered.");
  const parsed = parse(outer.state, "the state");
  if (!isRecord(parsed) || !PARTS.every((part) => part in parsed))
    return refuse(`the state lacks one of ${PARTS.join(", ")}.`);
  const { constraints, ...tensors } = parsed;
  if (constraints !== undefined && constraintsIn(constraints) === null)
    return refuse("the constraints are not a list of names.", "constraints");
  const state = unpack(tensors, "") as unknown as SVIState;
  requireKeyWords(state.key);
  const completeState = constraints === undefined ? state : { ...state, constraints: constraints as string };
  return outer.pedigrad === 1 ? withAverages(completeState) : completeState;
}

/**
 * A state of version 1, with the averages copied from `mutableState` to `averages`. `mutableState` keeps them too, since a program may
 * have declared mutables with such names.
 */
function withAverages({ params, optimState, mutableState, ...otherParts }: SVIState): SVIState {
  const averages = emptyRecord<Tensor>();
  for (const [name, value] of Object.entries(mutableState))
    if (name.startsWith(AVERAGE)) averages[name.slice(AVERAGE.length)] = value;
  const hasAverages = Object.keys(averages).length > 0;
  return { params, optimState, mutableState, ...(hasAverages && { averages }), ...otherParts };
}

/** Refuse a random key that does not consist of two 32-bit words. */
function requireKeyWords(key: unknown): void {
  const words = key instanceof Tensor && key.shape.join() === "2" ? [...key.toFloat64Array()] : [];
  if (words.length !== 2 || words.some((word) => word >>> 0 !== word))
    refuse(`the key must be two whole numbers below 2^32, got ${words.join(" and ") || "something else"}.`, "key");
}

function parse(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return refuse(`${what} is not JSON: it was truncated or altered.`);
  }
}

function unpack(node: unknown, path: string, depth = 0): unknown {
  if (depth > MAX_DEPTH) return refuse(`the state is nested more than ${MAX_DEPTH} deep.`);
  if (Array.isArray(node)) return node.map((item, i) => unpack(item, `${path}.${i}`, depth + 1));
  if (!isRecord(node)) return refuse(`"${path}" is ${JSON.stringify(node)}, not a tensor or a record of them.`, path);
  const { shape, bits } = node;
  if (Array.isArray(shape) && typeof bits === "string") return fromPacked(shape, bits, path);
  const copy = emptyRecord<unknown>();
  for (const key of Object.keys(node)) {
    if (RESERVED.includes(key)) return refuse(`the state contains the reserved key "${key}".`, key);
    const name = key.replace(/^~/, "");
    copy[name] = unpack(node[key], path === "" ? name : `${path}.${name}`, depth + 1);
  }
  return copy;
}

function fromPacked(shape: number[], bits: string, path: string): Tensor {
  if (!shape.every((n) => Number.isInteger(n) && n >= 0))
    return refuse(`"${path}" has the impossible shape [${shape}].`, path);
  const size = sizeOf(shape);
  if (!/^[0-9a-f]*$/.test(bits) || bits.length !== 16 * size)
    return refuse(`"${path}": shape [${shape}] needs ${size} numbers, found ${bits.length / 16}.`, path);
  return tensor(fromBits(bits)).reshape(shape);
}

/** Sixteen hexadecimal digits for each number, least significant byte first. */
function toBits(numbers: Float64Array): string {
  const view = new DataView(new ArrayBuffer(8));
  let text = "";
  for (const x of numbers) {
    view.setFloat64(0, x, true);
    text += view.getBigUint64(0).toString(16).padStart(16, "0");
  }
  return text;
}

function fromBits(text: string): Float64Array {
  const view = new DataView(new ArrayBuffer(8));
  return Float64Array.from({ length: text.length / 16 }, (_, i) => {
    view.setBigUint64(0, BigInt(`0x${text.slice(16 * i, 16 * i + 16)}`));
    return view.getFloat64(0, true);
  });
}

/** The 32-bit FNV-1a hash, which detects accidental changes. */
function fnv1a(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}
