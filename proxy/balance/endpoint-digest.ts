// How a sticky cookie names an endpoint.
import { hashText } from "./hash32.ts";

/** 16 hexadecimal digits of an instance id: enough to tell endpoints apart, and nothing that would have to be kept secret. */
export function endpointDigest(id: string): string {
  return hexadecimal(hashText(id)) + hexadecimal(hashText(id, 1));
}

function hexadecimal(hash: number): string {
  return hash.toString(16).padStart(8, "0");
}
