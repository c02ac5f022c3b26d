/** Compiles only where both types are the same, optional and readonly members included. */
export function expectType<Expected>() {
  return <Actual>(_actual: Actual, ..._same: Same<Actual, Expected> extends true ? [] : [never]): void => {};
}

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
