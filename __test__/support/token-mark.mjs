/** Every token that a hostile server of the tests gives away has this in it: no message may. */
export const TOKEN_MARK = 'T0KEN-of-a-test';
