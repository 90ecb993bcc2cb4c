// `npm run scale`: what one agent takes in a mesh of 100 nodes and 1,000 services whose other 99 nodes are simulated.
import { measureScale } from "../test/scale/scale.ts";
import { main } from "./main.ts";

await main(async () => await measureScale(process.argv.slice(2)));
