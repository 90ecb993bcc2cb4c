// The console's page. The agent serves it, and everything it shows comes from the agent.
import { render } from "preact";
import errors from "../../../docs/errors.md";
import { App } from "./app.tsx";
import { applyTheme, readTheme } from "./client/theme.ts";
import { parseCodes } from "./model/codes.ts";

applyTheme(readTheme());
const page = document.getElementById("page");
if (page !== null) {
  page.replaceChildren();
  render(<App codes={parseCodes(errors)} />, page);
}
