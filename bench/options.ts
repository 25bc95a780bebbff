/** The options of `pedigrad bench`. Wrong options are refused here, before anything is measured. */
import { parseArgs } from "node:util";

export const HELP = `pedigrad bench [options]

Measures the time of ops, gradients, compiled programs and SVI steps on this machine.
Every row is compared with a yardstick; ratios are taken within one run. All rows together take many minutes.

  --filter <text>     only rows whose name contains the text: "mul n=1" also selects n=10 and n=1000; the whole name
                      "ops/mul n=1" selects only that row; "peers" runs other libraries, and "loops" or "loops/HMM"
                      NumPyro's compiled loop (both in a clone)
  --list              print the names of the rows and stop
  --quick             fewer rounds, and no long rows: about a minute for all of them
  --json              print a report as JSON (schema: docs/bench.md, beside README.md in this package)
  --compare <file>    print how rows have changed since an earlier --json report; exit code 1 if a row is slower
  --tolerance <x>     a row is slower if its median and its minimum are more than x times as long; 1.5 by default
  --version           print the version
  --help              print this text
`;

export interface Options {
  readonly filter: string;
  readonly list: boolean;
  readonly quick: boolean;
  readonly json: boolean;
  readonly compare: string | undefined;
  readonly tolerance: number;
  readonly version: boolean;
  readonly help: boolean;
}

/** A wrong call of the command. The message says what is wrong, and what to do instead. */
export class Misuse extends Error {}

export function optionsOf(args: readonly string[]): Options {
  const { values, positionals } = parsed(args.length === 0 ? ["--help"] : args);
  const [command = "bench", ...more] = positionals;
  if (command !== "bench") throw new Misuse(`unknown command "${command}". There is one: pedigrad bench.`);
  if (more.length > 0) throw new Misuse(`did not expect "${more.join(" ")}". To select rows: --filter "${more[0]}".`);
  const tolerance = Number(values.tolerance);
  if (values.tolerance.trim() === "" || !(tolerance > 0 && tolerance < Infinity))
    throw new Misuse(`--tolerance must be a positive number such as 1.5, got "${values.tolerance}".`);
  return { ...values, compare: values.compare, tolerance };
}

const parsed = (args: readonly string[]) => {
  try {
    const found = parseArgs({
      args: [...args],
      allowPositionals: true,
      tokens: true,
      options: {
        filter: { type: "string", default: "" },
        list: { type: "boolean", default: false },
        quick: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        compare: { type: "string" },
        tolerance: { type: "string", default: "1.5" },
        version: { type: "boolean", short: "v", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    const names = found.tokens.flatMap((token) => (token.kind === "option" ? [token.name] : []));
    const twice = names.find((name, i) => names.indexOf(name) < i);
    if (twice !== undefined) throw new Misuse(`--${twice} is given twice. Give it once.`);
    return found;
  } catch (error) {
    if (error instanceof Misuse) throw error;
    // Node's first sentence says what is wrong. Its other sentences explain how to pass a file whose name looks like an option.
    throw new Misuse(`${(error as Error).message.split(/\.\s/)[0]?.replace(/\.$/, "")}.`);
  }
};

/** The rows whose names contain the text; if a name equals the text, only the row with this name. */
export const matching = <T extends { readonly name: string }>(rows: readonly T[], text: string): T[] => {
  const exact = rows.filter(({ name }) => name === text);
  return exact.length > 0 ? exact : rows.filter(({ name }) => name.includes(text));
};
