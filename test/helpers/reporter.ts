// The reporter of every run: mocha's own "spec" listing, closed by the one line that machines read.
import Mocha from "mocha";

export default class ClosingLineReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options?: Mocha.MochaOptions) {
    super(runner, options);
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      console.log(`\n${this.stats.passes} passed, ${this.stats.failures} failed`);
    });
  }
}
