/** The library, for files in subfolders: in the build, all files of the command become one, for which `../index.js` is the library. */
export * from "../index.js";
