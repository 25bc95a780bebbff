/** Words that comments, errors, pages and code no longer use, each with the words to use instead. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";

const root = fileURLToPath(new URL("..", import.meta.url));
const allFiles = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
}).split("\n");
const tests = allFiles.filter((name) => /^test\/.*\.test\.ts$/.test(name));
const files = allFiles
  .filter((name) =>
    /^(provenance|autodiff|distributions|infer|docs|examples|bench|test\/golden|README|CONTRIBUTING|CHANGELOG)/.test(
      name,
    ),
  )
  .filter((name) => /\.(ts|md|py)$/.test(name));

const ROOMS = /^(?:provenance|autodiff|distributions|infer)\/.*\.ts$/;
const BANNED: readonly [pattern: RegExp, instead: string, where?: RegExp][] = [
  [/(?<!\b[Tt]here )\b(?:is|are|was|were) no (?!longer\b|more\b|such\b|less\b|other\b)[a-z]+/, 'say "is not a …"'],
  [/\bContinues [a-zA-Z]+\.ts\b/, "the room's README gives the order of its files"],
  [/\b[Mm]essengers?\b/, "say handler"],
  [/\bwithReadsScored\b|\binTheNameOf\b|\bwholeNumber\b|\bcarrier\b|\bENDLESS\b/, "a name that says what it does"],
  [/(?:\/\*\*|^ \*) What [a-z]+ (?:is|are|does|has)\b/m, 'begin the definition with the thing, not with "What"'],
  [/\bhand on the brake\b|\bbills?\b/, "say it without a metaphor"],
  [/\b(?:TODO|FIXME|XXX)\b|^(?:<{7}|>{7}) /m, "finish it"],
  [/\b[Cc]osts?\*? (?:is|are) (?:a |the )?terms? of the loss\b/, "a cost is a term of the ELBO, +log p or -log q"],
  [/\bbeneath\b|\b[Tt]urned about\b|\bHere stands?\b/, "say below or too small, reversed, this file has", ROOMS],
  [/\blaws?\b|\btaken away\b/, "say distribution, subtracted", ROOMS],
  [/(?:\/\*\*|^ *\*|\/\/) As `/m, "say Like `…`"],
  [
    /^After [A-Z][a-z]+'s |\bhere as there\b|\bby the option\b|\b[Aa]nything else than\b|\bequally many\b/m,
    "say This page follows, in both, with the option, anything other than, the same number of",
  ],
  [
    /\b(?:that|those) of\b|\bthose (?:that|which)\b|\b[Tt]he (?:former|latter)\b|\bpays? off\b/,
    "repeat the noun, say what is faster",
    /^(?:provenance|autodiff|bench)\//,
  ],
  [/\b(?:that|those) of\b|\b[Tt]he ones? (?:before|after|that|of)\b/, "repeat the noun", ROOMS],
  [/\b[Gg]ive (?:it|one|them) another\b/, "name the thing to change, and to what", ROOMS],
  [
    /\bvisit(?:s|ed)? whole\b|\band the like\b|\bgo(?:es)? on\b|\bone's own\b|\bwithout a word\b|(?:\/\*\*|^ \*) As `/m,
    "say all elements are visited, name the things, continue, your own, without an error, Like `…`",
    /^(?:provenance|infer|docs\/(?:guide|elements|subsampling|errors|heart))/,
  ],
];

// Past participles as nouns, and words whose object one would have to guess.
const NAMES =
  "Way Look Gated needs took taken seen unseen kept held settled settle gone met said moved turned turnOf shut carried apart stranger made noted parted placed Placed listed stretched handedOn goesOn isStill asItLies inFront behind there ours twin traffic Found Finder roomFor rooms bare theirs known found made given own around";
const ALTERNATIVES = NAMES.replaceAll(" ", "|");
const DECLARATION = new RegExp(
  `\\b(?:const|let|function\\*?|interface|class|type|readonly) #?(?:${ALTERNATIVES})(?= ?[=:(<{]| extends)|^ +#(?:${ALTERNATIVES})[(<]`,
  "m",
);

test("no declaration has a name that a reader would have to look up", () => {
  for (const file of files.filter((name) =>
    /^(?:provenance|autodiff|distributions|infer|examples)\/.*\.ts$/.test(name),
  )) {
    const found = DECLARATION.exec(readFileSync(join(root, file), "utf8"));
    assert.is(found, null, `${file}: "${found?.[0]}": name it by what it is or does`);
  }
});

test("every test has a sentence as its name", () => {
  for (const file of tests) {
    const text = readFileSync(join(root, file), "utf8");
    for (const [, quoted = ""] of text.matchAll(/(?<!\.)\btest\(\s*("[^"\n]*"|`[^`]*`)/g))
      assert.ok(
        quoted.split(" ").length > 3 && !/^.what\b/i.test(quoted),
        `${file}: ${quoted}: say what the library does, such as "the meet of two relations is commutative"`,
      );
  }
});

for (const [pattern, instead, where = /./] of BANNED)
  test(`no file matches ${pattern}: ${instead}`, () => {
    for (const file of files.filter((name) => where.test(name))) {
      const text = readFileSync(join(root, file), "utf8");
      const found = pattern.exec(text);
      if (found === null) continue;
      const line = text.slice(0, found.index).split("\n").length;
      assert.unreachable(`${file}:${line}: "${found[0].trim()}": ${instead}`);
    }
  });

test.run();
