import * as P from "../../../index.js";
import { exactLoss, exactMean } from "./exactMean.js";
import { randomProgram } from "./randomModels.js";

const [from, to] = process.argv.slice(2).map(Number);
console.warn = () => {};
const table: Record<string, { make: (o: any) => P.Elbo; guide?: (g: P.Model) => P.Model }> = {
  TraceELBO: { make: (o) => new P.TraceELBO(o) },
  "TraceELBO stl": { make: (o) => new P.TraceELBO({ ...o, stickingTheLanding: true }) },
  "TraceELBO 2": { make: (o) => new P.TraceELBO({ ...o, order: 2 }) },
  TraceGraphELBO: { make: (o) => new P.TraceGraphELBO(o) },
  "TraceGraphELBO 2": { make: (o) => new P.TraceGraphELBO({ ...o, order: 2 }) },
  TraceMeanFieldELBO: { make: (o) => new P.TraceMeanFieldELBO(o) },
  TraceEnumELBO: { make: (o) => new P.TraceEnumELBO(o) },
  "Enum guide": { make: (o) => new P.TraceEnumELBO(o), guide: (g) => P.configEnumerate(g) },
  "Enum half": {
    make: (o) => new P.TraceEnumELBO(o),
    guide: (g) =>
      P.inferConfig(g, (s: any) => (/[02]/.test(s.name) && s.fn.hasEnumerateSupport ? { enumerate: "parallel" } : {})),
  },
  "Enum other half": {
    make: (o) => new P.TraceEnumELBO(o),
    guide: (g) =>
      P.inferConfig(g, (s: any) =>
        /[13]|aux/.test(s.name) && s.fn.hasEnumerateSupport ? { enumerate: "parallel" } : {},
      ),
  },
};
let ok = 0,
  refusedN = 0,
  bad = 0,
  skipped = 0,
  mixed = 0;
const refusals: Record<string, number> = {};
const t0 = process.cpuUsage();
for (let seed = from!; seed < to!; seed++) {
  const program = randomProgram(seed);
  if (program.isMixed) {
    mixed++;
    continue;
  }
  let exact;
  try {
    exact = exactLoss(program.exact);
  } catch (e: any) {
    console.log(seed, "ORACLE", program.description, e.message);
    bad++;
    continue;
  }
  for (const [name, { make, guide = (g: P.Model) => g }] of Object.entries(table)) {
    try {
      const got = exactMean(make, { ...program, guide: guide(program.guide) });
      if (got === null) {
        skipped++;
        continue;
      }
      for (const k of Object.keys(exact)) {
        const g = got[k]!,
          w = exact[k]!;
        const off = [...w].findIndex((x, i) => !(Math.abs(g[i]! - x) <= 1e-9 * (1 + Math.abs(x))));
        if (off >= 0 || g.length !== w.length) {
          bad++;
          if (bad < 12)
            console.log(
              "BAD",
              name,
              k,
              [...g].map((x) => +x.toFixed(5)),
              [...w].map((x) => +x.toFixed(5)),
              "\n    ",
              program.description,
            );
          break;
        }
      }
      ok++;
    } catch (e: any) {
      if (!(e instanceof P.PedigradError)) {
        console.log("CRASH", name, program.description, e.stack.slice(0, 500));
        bad++;
        continue;
      }
      refusedN++;
      const w = `${name}: ${e.code} ${e.message.replace(/"[^"]*"/g, "_").slice(0, 110)}`;
      refusals[w] = (refusals[w] ?? 0) + 1;
    }
  }
}
const t = process.cpuUsage(t0);
console.log({ ok, refusedN, bad, skipped, mixed, cpu: (t.user + t.system) / 1e6 });
for (const [k, v] of Object.entries(refusals).sort((a, b) => b[1] - a[1])) console.log(v, k);
