/** Where the comparison finds things, and puts what it makes. */
import { join } from "node:path";

export const root = join(import.meta.dirname!, "..", "..");
/** Where everything is put that the comparison installs, builds or writes. */
export const store = join(root, ".build", "bench");
