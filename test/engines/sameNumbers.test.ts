/** The results of the library have, bit for bit, the hashes in hashes.json; everywhere.ts compares other engines. */
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { allHashes } from "./numbers.js";

const expected = JSON.parse(readFileSync(new URL("hashes.json", import.meta.url), "utf8"));

test("every op, reduction, draw, density and fit has its known bits (print.ts writes them anew where a change is meant)", () => {
  const hashes = allHashes();
  const unknown = Object.keys(hashes).filter((name) => !(name in expected));
  const gone = Object.keys(expected).filter((name) => !(name in hashes));
  const how = "if that is meant, write the hashes anew: npx tsx test/engines/print.ts > test/engines/hashes.json";
  assert.equal(unknown, [], `no hash of ${unknown.join(", ")} is known: ${how}`);
  assert.equal(gone, [], `a hash of ${gone.join(", ")} is known, and it is gone: ${how}`);
  for (const name of Object.keys(hashes)) assert.is(hashes[name], expected[name], name);
});

test("compiled results have the bits of eager ones", () => {
  for (const name of Object.keys(expected).filter((other) => `${other}, compiled` in expected))
    assert.is(expected[`${name}, compiled`], expected[name], name);
});

test.run();
