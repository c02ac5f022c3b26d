import { testRows } from '../support/leak-tests.mjs';
import { ROWS } from './leaks-of-calls.rows.mjs';

testRows(ROWS);
