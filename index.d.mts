import * as smartM2m from './index.js';

export * from './index.js';
export default smartM2m;
