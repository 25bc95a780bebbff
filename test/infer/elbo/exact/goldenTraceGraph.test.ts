/** TraceGraphELBO has the exact mean on every golden model. */
import { test } from "uvu";
import { TraceGraphELBO } from "../../../../index.js";
import { testMeans } from "./goldenMeans.js";

testMeans(new TraceGraphELBO());

test.run();
