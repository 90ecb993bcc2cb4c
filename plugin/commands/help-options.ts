// What a verb's help says of its flags and arguments, which is what completion and tests go by: there is one list of them.

export interface HelpOption {
  readonly name: string;
  readonly short: string | undefined;
  /** Undefined for a switch. */
  readonly type: string | undefined;
  /** The first line of it. */
  readonly meaning: string;
}

const OPTION = /^ {2}(?:-(\w), | {4})--([a-z-]+)(?: (\w+))? {2,}(\S.*)$/;

/** The options of a help text, in its order. */
export function optionsOf(help: string): readonly HelpOption[] {
  return help.split("\n").flatMap((line) => {
    const [, short, name, type, meaning = ""] = OPTION.exec(line) ?? [];
    return name === undefined ? [] : [{ name, short, type, meaning }];
  });
}

/** The words for arguments in its line of usage, such as `SERVICE`; brackets and dots are taken away. */
export function argumentsOf(help: string): readonly string[] {
  const [usage = ""] = help.split("\n");
  return usage
    .replace(/^Usage: +docker mesh [a-z ]*/, "")
    .split(" ")
    .map((word) => word.replaceAll(/[[\].]/g, ""))
    .filter((word) => word !== "" && word !== "OPTIONS" && word !== "COMMAND");
}
