import { KEPT } from '../support/kept-rows.mjs';
import { testRows, testThatIsFound } from '../support/leak-tests.mjs';
import { ROWS } from './leaks.rows.mjs';

testRows(ROWS);
testThatIsFound(KEPT);
