/** The library, for the files of folders below: the command is built into one file, beside which `../index.js` lies. */
export * from "../index.js";
