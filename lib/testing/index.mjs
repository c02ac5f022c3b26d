import testing from './index.js';

export const { startSmartServer } = testing;

export default testing;
