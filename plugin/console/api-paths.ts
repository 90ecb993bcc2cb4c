// What of the agent's API is open through the console: what looks at the mesh, and policies. A route that the API gets later is
// closed until it stands here; letting a whole node leave the mesh stays with whoever may use the engine.

const NAME = "[^/]+";
const OPEN: readonly RegExp[] = [
  /^\/v1\/(?:health|status|plan|certificates|intentions|explain|check|tap)$/,
  new RegExp(`^/v1/services/${NAME}/(?:policy|policy/history|policy/rollback|endpoints)$`),
  /^\/metrics$/,
];

export function isOpenPath(path: string): boolean {
  return OPEN.some((pattern) => pattern.test(path));
}
