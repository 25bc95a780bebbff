/** Prints the hashes: npx tsx test/engines/print.ts > test/engines/hashes.json */
import { allHashes } from "./numbers.js";

console.log(JSON.stringify(allHashes(), null, 2));
