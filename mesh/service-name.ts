// What can be a service's name: it becomes a DNS name in hosts files, a path segment of a SPIFFE id and a name in Consul.

const SERVICE_NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** At most 63 lower-case letters, digits and inner hyphens. */
export function isServiceName(text: string): boolean {
  return SERVICE_NAME.test(text);
}

/** Compose allows "_", "." and upper case, DNS names and SPIFFE ids want neither. */
export function normaliseName(name: string): string {
  return name.toLowerCase().replaceAll(/[_.]/g, "-");
}
