// The container's HEALTHCHECK: exits with 0 when the service beside it answers. The image needs no curl for it.
const port = process.env["PORT"] ?? "8080";
const response = await fetch(`http://127.0.0.1:${port}/health`, {
  signal: AbortSignal.timeout(1_500),
});
if (!response.ok) {
  console.error(`expected 200 from /health, got ${response.status}`);
  process.exitCode = 1;
}
