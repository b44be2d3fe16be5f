// Wherever on the site: what this browser kept for a day is deleted when the day is over.
import { expire } from "./kept.js";
import { all } from "./unfinished.js";

expire();
all();
