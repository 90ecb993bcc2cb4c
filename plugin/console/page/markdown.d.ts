// Pages of the documentation are bundled as they are.
declare module "*.md" {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: what the bundler makes of a text file.
  export default text;
}
