/** TraceELBO has the exact mean on every golden model. */
import { test } from "uvu";
import { TraceELBO } from "../../../../index.js";
import { testMeans } from "./goldenMeans.js";

testMeans(new TraceELBO());

test.run();
