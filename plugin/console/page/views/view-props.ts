// What every view is given.
import type { ConsoleView } from "../../view.ts";
import type { Codes } from "../model/codes.ts";
import type { Place } from "../model/place.ts";

export interface ViewProps {
  readonly place: Place;
  readonly view: ConsoleView;
  readonly codes: Codes;
}
