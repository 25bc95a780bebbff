/** Where every value of a program is: at its own place in one arena, or as a view of the place of another value. */
import { copyInto } from "../../../core/copy.js";
import { type Shape, sizeOf } from "../../../core/shape.js";
import { rawNumber, rawView } from "../../../core/tensor.js";
import { contiguous, type View, viewOf } from "../../../core/view.js";
import { allocate, type Simd } from "../../../kernels/wasm/simd.js";
import type { OpValue, Program, Value } from "../program/program.js";
import { type InPlace, planArena } from "./arena.js";
import { isDrawn } from "./draws.js";
import { isLong, type Place } from "./loops/fusedLoop.js";
import type { Rows } from "./rows.js";
import { type Schedule, scheduleOf } from "./schedule.js";
import { simdKernel } from "./simd.js";
import { isOneNumber, Views } from "./views.js";

export class Layout {
  /** The arena. */
  readonly memory: Float64Array;
  /** The SIMD memory that contains the arena; null if no array or draw is long enough for SIMD code, or the platform has none. */
  readonly simd: Simd | null;
  readonly schedule: Schedule;
  /** Each value as a view of its owner, wherever the owner is. */
  readonly views: Views;
  readonly inPlace: InPlace;
  readonly #offsets: readonly number[];
  /** The views that `view` has returned. */
  readonly #inArena: (View | undefined)[] = [];

  /** `carryCount`: how many of the first outputs become the first inputs of the next run, in a loop that passes them back; else 0. */
  constructor(
    readonly program: Program,
    { simd = true, fused = true, carryCount = 0 } = {},
  ) {
    const { values } = program;
    this.views = new Views(program);
    const benefits = ({ op, shape }: OpValue): boolean =>
      isLong(sizeOf(shape)) || (isDrawn(op) && sizeOf(shape) >= MIN_DRAWS);
    const isSimd = simd && values.some((x) => x.kind === "op" && benefits(x));
    const planFor = (inBlocks: boolean) => {
      const schedule = scheduleOf(this.views, { fused, inBlocks, carryCount });
      return { schedule, ...planArena(this.views, schedule, carryCount) };
    };
    let plan = planFor(isSimd);
    this.simd = isSimd ? allocate(plan.size) : null;
    if (isSimd && this.simd === null) plan = planFor(false);
    const { offsets, size } = plan;
    this.schedule = plan.schedule;
    this.inPlace = plan.inPlace;
    this.#offsets = offsets;
    this.memory = this.simd?.numbers ?? new Float64Array(size);
    values.forEach((value, i) => {
      if (value.kind === "constant") this.#fill(value, offsets[i] as number);
    });
  }

  #fill({ tensor, shape }: Extract<Value, { kind: "constant" }>, offset: number): void {
    const from = rawView(tensor);
    if (isOneNumber(from)) this.memory[offset] = rawNumber(tensor);
    else copyInto(contiguous(this.memory, shape, offset), from);
  }

  /** Value i in the arena. */
  view(i: number): View {
    const cached = this.#inArena[i];
    if (cached !== undefined) return cached;
    const { shape, stride, offset } = this.views.view(i);
    const view = viewOf(this.memory, shape, stride, (this.#offsets[this.views.owner(i)] as number) + offset);
    this.#inArena[i] = view;
    return view;
  }
  offset(i: number): number {
    return this.view(i).offset;
  }
  /** Where the elements of value i are, for a loop over `shape`. If the loop runs on blocks of rows, `axis` is its row axis. */
  place(i: number, shape: Shape, rows: Rows | null = null, axis = -1): Place {
    const strides = this.views.strides(i, shape);
    const owner = this.views.owner(i);
    const start = this.#offsets[owner] as number;
    const { offset } = this.views.view(i);
    if (rows === null || !rows.inner.has(owner))
      return { offset: start + offset, strides, perRow: rows === null ? 0 : (strides[axis] ?? 0) };
    // The value has all rows, but its memory has room for the rows of one block only.
    const span = rowSpan(rows, owner, this.program);
    const inBlock = (distance: number): number =>
      (distance % span) + Math.floor(distance / span) * (span / rows.count) * rows.block;
    return { offset: start + inBlock(offset), strides: strides.map(inBlock), perRow: 0 };
  }

  /** The kernel of the op that makes value i, with its buffers bound. */
  boundKernel(i: number): () => void {
    const { op, params, inputs: from } = this.views.op(i);
    const out = this.view(i);
    const inputs = from.map((x) => this.view(x));
    const { data, offset, size } = out;
    return (
      simdKernel(op, params, out, inputs) ??
      op.prepare?.(params, out, inputs) ??
      (() => {
        // Kernels of factors, and kernels that a user wrote, may count on the zeros that they find outside of programs.
        if (op.scalar === undefined) data.fill(0, offset, offset + size);
        op.kernel(params, out, inputs);
      })
    );
  }
}

/** The distance in memory from the first row of a value to the end of the last row. */
const rowSpan = ({ axes }: Rows, owner: number, { values }: Program): number =>
  sizeOf((values[owner] as Value).shape.slice(axes.get(owner)));

/** A draw of at least this many numbers is a reason for SIMD code, even in a program that has no other use for it. */
const MIN_DRAWS = 16;
