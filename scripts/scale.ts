// `npm run scale`: what one agent takes in a mesh of 100 nodes and 1,000 services whose other 99 nodes are simulated.
import { measureScale, USAGE } from "../test/scale/scale.ts";
import { main } from "./main.ts";

const parameters = process.argv.slice(2);

await main(async () => {
  if (parameters.includes("--help")) console.log(USAGE);
  else await measureScale(parameters, (text) => console.log(text));
});
