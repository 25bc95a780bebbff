/**
 * The instructions of WebAssembly that kernels use, by the type of their operands. Every name in a kernel has one of five
 * types: `i`, a 32-bit integer (addresses, counts); `d`, one float64; `v`, two float64, or the two masks of a comparison;
 * `l`, two 64-bit integers; `w`, four 32-bit words. Codes: WebAssembly Core Specification 2.0, chapter 5.4.
 */
export type Type = "i" | "d" | "v" | "l" | "w";
/** The code of each type in a module. */
export const ENCODED: Record<Type, number> = { i: 0x7f, d: 0x7c, v: 0x7b, l: 0x7b, w: 0x7b };

const bytesOf = (hex: string): number[] => (hex.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16));
const rows = (text: string): string[][] =>
  text
    .trim()
    .split("\n")
    .map((row) => row.trim().split(" "));

/** In each line: a type, then operators with their codes. */
const OPERATORS = `
  i +6a -6b *6c &71 <<74 >>>76 ===46 !==47 <48 >4a
  d +a0 -a1 *a2 /a3 !==62 <=65
  v +fdf001 -fdf101 *fdf201 /fdf301 &fd4e |fd50 &&fd4e ||fd50 ===fd47 !==fd48 <fd49 >fd4a <=fd4b >=fd4c
  l +fdce01 &fd4e <<fdcb01 >>>fdcd01
  w +fdae01 |fd50 <<fdab01 >>>fdad01`;

/** The code of each operator, by type and operator. */
const readOperators = (): Map<string, number[]> =>
  new Map(
    rows(OPERATORS).flatMap(([type, ...operators]) =>
      operators.map((text) => {
        const [, operator, code] = /(\W+)(\w+)/.exec(text) as unknown as [string, string, string];
        return [`${type}${operator}`, bytesOf(code)] as const;
      }),
    ),
  );

/** A function that is one instruction. */
export interface Builtin {
  readonly operandTypes: readonly Type[];
  readonly resultType: Type | null;
  readonly code: readonly number[];
  /** For an access to memory: the lane, which is encoded after the offset; empty if the access is to all lanes. Else null. */
  readonly lane: readonly number[] | null;
}

/**
 * In each line: the name, the types of the operands, the type of the result, the code. The code of an access to memory ends with the
 * alignment, and is followed by @ and the lane. `same` puts one number into both lanes. `firsts` takes the first lanes of its two
 * operands, and `seconds` the second lanes. `four` puts one word into all four places; `joined` and `uppers` take the first and the
 * second pairs of words.
 */
const BUILTINS = `
  whole d i fc02
  word d i fc03
  float i d b7
  get i d 2b03 @
  put id - 3903 @
  load i v fd0003 @
  loadOne i v fd5d03 @
  loadSame i v fd0a03 @
  store iv - fd0b03 @
  storeOne iv - fd5b03 @00
  first v d fd2100
  second v d fd2101
  same d v fd14
  sqrt v v fdef01
  abs v v fdec01
  floor v v fd75
  ceil v v fd74
  nearest v v fd9401
  min vv v fdf401
  max vv v fdf501
  lesser vv v fdf601
  larger vv v fdf701
  firsts vv v fd0d00010203040506071011121314151617
  seconds vv v fd0d08090a0b0c0d0e0f18191a1b1c1d1e1f
  any v i fd53
  bits v l
  number l v
  four i w fd11
  lanes - w fd0c00000000010000000200000003000000
  xor ww w fd51
  signs w w 411ffdac01
  joined ww w fd0d00010203040506071011121314151617
  uppers ww w fd0d08090a0b0c0d0e0f18191a1b1c1d1e1f
  words v w fdfd01
  numbers w v fdff01`;

const readBuiltins = (): Map<string, Builtin> =>
  new Map(
    rows(BUILTINS).map(([name, operandTypes, resultType, code = "", lane]) => [
      name as string,
      {
        operandTypes: [...(operandTypes as string).replace("-", "")] as Type[],
        resultType: resultType === "-" ? null : (resultType as Type),
        code: bytesOf(code),
        lane: lane === undefined ? null : bytesOf(lane.slice(1)),
      },
    ]),
  );

interface Instructions {
  readonly operators: ReadonlyMap<string, readonly number[]>;
  readonly builtins: ReadonlyMap<string, Builtin>;
}
let tables: Instructions | null = null;
/** Both tables, read when a module is first assembled. */
export const instructions = (): Instructions => (tables ??= { operators: readOperators(), builtins: readBuiltins() });

/** The LEB128 encoding of a count, and of an integer. */
export const unsigned = (n: number): number[] => (n < 0x80 ? [n] : [(n & 0x7f) | 0x80, ...unsigned(n >>> 7)]);
const signed = (n: number): number[] => (n >= -64 && n < 64 ? [n & 0x7f] : [(n & 0x7f) | 0x80, ...signed(n >> 7)]);

/** The instruction for a constant of the given type. */
export function literal(x: number, type: Type): number[] {
  if (type === "i") return [0x41, ...signed(x)];
  const half = [...new Uint8Array((type === "l" ? BigInt64Array.of(BigInt(x)) : Float64Array.of(x)).buffer)];
  return type === "d" ? [0x44, ...half] : [0xfd, 0x0c, ...half, ...half];
}
