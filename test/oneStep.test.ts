/**
 * The path of one eager step of the coin through the source, as bench/files.ts counts it: a budget of files, and of calls from one file
 * into another.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { callsOfOneStep, count } from "../bench/files.js";

test("an eager step of the coin keeps its budget of files and of calls from one file to another", async () => {
  const calls = await callsOfOneStep();
  const [all, infer] = [count(calls), count(calls, "infer/")];
  const hint = "npx tsx bench/files.ts --trace shows the calls in order";
  assert.ok(
    infer.files <= 12 && infer.changes <= 76,
    `within infer ${infer.files} files of 12, ${infer.changes} calls of 76: ${hint}`,
  );
  assert.ok(
    all.files <= 63 && all.changes <= 1_145,
    `in all ${all.files} files of 63, ${all.changes} calls of 1,145: ${hint}`,
  );
});

test.run();
