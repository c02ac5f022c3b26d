import * as testing from './index.js';

export * from './index.js';
export default testing;
