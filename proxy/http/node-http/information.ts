// Interim (1xx) responses on their way to the caller.
import type { InformationEvent } from "node:http";
import { endToEndFields, fieldValues } from "../fields.ts";
import type { Transaction } from "./transaction.ts";

/** Passes on 100, 102 and 103. HTTP/1.0 knows no interim responses (RFC 9110 §15.2), and after the final one it is too late. */
export function relayInformation(
  { request, response, upgrade }: Transaction,
  information: InformationEvent,
): void {
  if (upgrade !== undefined || response.headersSent || request.httpVersion !== "1.1") return;
  if (information.statusCode === 100) response.writeContinue();
  if (information.statusCode === 102) response.writeProcessing();
  if (information.statusCode === 103) relayEarlyHints(response, information);
}

function relayEarlyHints(response: Transaction["response"], information: InformationEvent): void {
  const links = fieldValues(endToEndFields(information.rawHeaders), "link");
  if (links.length === 0) return;
  try {
    response.writeEarlyHints({ link: links });
  } catch {
    // Node accepts fewer forms of Link than there are; hints may be dropped, and the response still comes.
  }
}
